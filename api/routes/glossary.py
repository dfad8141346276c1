"""The glossary: what translation keeps as it is, or renders in a fixed way."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.auth import KnowledgeKey
from api.dependencies import ProductDep
from api.etags import IfMatch, etag, expected_version
from api.golden_bodies import CSV, TABLES, media_type, read_json
from api.models import GlossaryModel, GlossaryRequest, RenderingsRequest, TermModel
from api.responses import ERRORS, STALE, json_response
from knowledge.article import ArticleError
from knowledge.errors import InputError
from knowledge.glossary import GlossaryState, GlossaryTerm, make_term
from knowledge.glossary_file import read_glossary, write_glossary

router = APIRouter(prefix="/v1", tags=["knowledge"], responses=ERRORS)

_TABLE = {
    "schema": {
        "type": "string",
        "description": "With the columns term, language, rendering and case_sensitive, one row for each term and "
        "language, in any encoding; only term is required. text/tab-separated-values is taken too.",
    }
}

Term = Annotated[str, Path(max_length=1_000, description="The letters of the term.")]


async def _body(request: Request) -> bytes:
    return await request.body()


@router.get(
    "/glossary",
    response_model=GlossaryModel,
    responses={200: {"content": {CSV: {"schema": {"type": "string"}}}}},
    summary="The glossary",
)
def glossary(
    product: ProductDep, key: KnowledgeKey, format: Annotated[Literal["json", "csv"], Query()] = "json"
) -> Response:
    """Return all terms, as JSON or as a file whose import gives the same glossary."""
    state = product.glossary.state()
    if format == "json":
        return _response(state)
    headers = {"ETag": etag(state.version), "Content-Disposition": 'attachment; filename="glossary.csv"'}
    return Response(write_glossary(state.terms), media_type=f"{CSV}; charset=utf-8", headers=headers)


@router.put(
    "/glossary",
    response_model=GlossaryModel,
    responses=STALE,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["items"],
                        "additionalProperties": False,
                        "properties": {
                            "items": {
                                "type": "array",
                                "description": "At most 5,000.",
                                "items": {"$ref": "#/components/schemas/TermModel"},
                            }
                        },
                    }
                },
                CSV: _TABLE,
            },
        }
    },
    summary="Replace the glossary",
)
def replace(
    request: Request,
    key: KnowledgeKey,
    product: ProductDep,
    body: Annotated[bytes, Depends(_body)],
    if_match: IfMatch = None,
) -> Response:
    """Keep these terms and no others, all of them or none; ``If-Match`` guards what somebody else changed meanwhile.

    Answers heed them at once, other processes' within seconds; remembered translations of texts with terms that
    changed are made anew.
    """
    warnings: list[str] = []
    try:
        if media_type(request) in TABLES:
            terms = read_glossary(body, warn=warnings.append)
        else:
            terms = _terms(read_json(body, GlossaryRequest).items)
        state = product.glossary.replace(terms, expected_version=expected_version(if_match))
    except InputError as error:
        error.field = error.field or "body"  # what cannot be used as a whole
        raise
    product.translator.look()
    return _response(state, warnings)


@router.put("/glossary/{id:path}", response_model=TermModel, responses=STALE, summary="Write a term")
def write(
    id: Term, body: RenderingsRequest, product: ProductDep, key: KnowledgeKey, if_match: IfMatch = None
) -> Response:
    """Keep this term, in place of one with the same letters; the ETag is that of the glossary."""
    made = make_term(id, body.renderings, case_sensitive=body.case_sensitive)
    state = product.glossary.put(made, expected_version=expected_version(if_match))
    product.translator.look()
    return json_response(made, headers={"ETag": etag(state.version)})


@router.delete("/glossary/{id:path}", status_code=204, responses=STALE, summary="Delete a term")
def delete(id: Term, product: ProductDep, key: KnowledgeKey, if_match: IfMatch = None) -> Response:
    """Give a term up; from now on engines translate it."""
    state = product.glossary.remove(id, expected_version=expected_version(if_match))
    product.translator.look()
    return Response(status_code=204, headers={"ETag": etag(state.version)})


def _terms(items: list[TermModel]) -> tuple[GlossaryTerm, ...]:
    terms = []
    for place, item in enumerate(items):
        try:
            terms.append(make_term(item.term, item.renderings, case_sensitive=item.case_sensitive))
        except ArticleError as error:
            raise InputError(f"items.{place}: {error}", field=f"items.{place}.{error.field}") from error
    return tuple(terms)


def _response(state: GlossaryState, warnings: list[str] | None = None) -> Response:
    return json_response(
        {"items": state.terms, "version": state.version, "warnings": warnings or []},
        headers={"ETag": etag(state.version)},
    )
