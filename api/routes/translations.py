"""Translations of articles: what machines made, to be looked at, mended, approved or made anew."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.auth import KnowledgeKey
from api.dependencies import ProductDep
from api.etags import IfMatch, etag, expected_version
from api.models import ApprovalRequest, ArticleTranslationModel, Page, RememberedModel
from api.responses import ERRORS, STALE, json_response
from api.translation_fields import listed_fields, shown_fields
from assistant.translation.review import Filter, ShownTranslation

router = APIRouter(prefix="/v1", tags=["knowledge"], responses=ERRORS)


@router.get("/translations", response_model=Page[RememberedModel], summary="What machines translated")
def translations(
    product: ProductDep,
    key: KnowledgeKey,
    language: Annotated[str | None, Query(max_length=40)] = None,
    status: Annotated[
        Filter | None,
        Query(description="`stale`: made of words that the article has no more; the others leave these out."),
    ] = None,
    article_id: Annotated[str | None, Query(max_length=128)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[str | None, Query(max_length=2_000)] = None,
) -> Response:
    """Return a page of the translation memory, by article, language and field."""
    page = product.review.page(language=language, status=status, article_id=article_id, limit=limit, cursor=cursor)
    return json_response({"items": [listed_fields(one) for one in page.items], "next_cursor": page.next_cursor})


@router.get(
    "/articles/{id}/translations/{language}",
    response_model=ArticleTranslationModel,
    summary="An article in another language",
)
def translation(id: str, language: str, product: ProductDep, key: KnowledgeKey) -> Response:
    """Return question and answer as customers get them, the source beside them; nothing is translated for this."""
    return _shown_response(product.review.show(id, language))


@router.post(
    "/articles/{id}/translations/{language}/approve",
    response_model=ArticleTranslationModel,
    responses=STALE,
    summary="Make a machine's translation a person's",
)
def approve(
    id: str,
    language: str,
    product: ProductDep,
    key: KnowledgeKey,
    body: ApprovalRequest | None = None,
    if_match: IfMatch = None,
) -> Response:
    """Add the translation, as it is or in the words sent, to the article as a person's text; 409 if it has one.

    One that was approved before and is stale since is approved again, for the words that the article has now.
    Customers get it at once in place of the machine's. ``If-Match`` takes the article's revision.
    """
    wanted = body or ApprovalRequest()
    return _shown_response(
        product.review.approve(
            id,
            language,
            by=key.name,
            question=wanted.question,
            answer=wanted.answer,
            expected_revision=expected_version(if_match),
        )
    )


@router.delete("/articles/{id}/translations/{language}", status_code=204, summary="Forget a machine's translation")
def forget(id: str, language: str, product: ProductDep, key: KnowledgeKey) -> Response:
    """Forget what machines made of the article in this language: it is made anew when it is next needed.

    What a person wrote or approved stays; that is a text of the article.
    """
    product.review.forget(id, language)
    return Response(status_code=204)


def _shown_response(shown: ShownTranslation) -> Response:
    return json_response(shown_fields(shown), headers={"ETag": etag(shown.article.revision)})
