"""Golden questions: what every encoder and every build is measured with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from api.auth import KnowledgeKey
from api.dependencies import ProductDep
from api.models import GoldenModel, GoldenSetModel, GoldenSetRequest, Page
from api.responses import ERRORS, json_response
from knowledge.article import ArticleError
from knowledge.errors import InputError
from knowledge.golden import GoldenQuestion, make_golden, read_golden

router = APIRouter(prefix="/v1", tags=["knowledge"], responses=ERRORS)

_CSV = "text/csv"


def _schema() -> dict[str, Any]:
    """Return the schema of a JSON body, complete in itself: FastAPI does not see what is read by hand."""
    schema = GoldenSetRequest.model_json_schema()
    schema["properties"]["items"]["items"] = schema.pop("$defs")[GoldenModel.__name__]
    return schema


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": _schema()},
            _CSV: {
                "schema": {
                    "type": "string",
                    "description": "With the columns question, article_id and language, in any encoding; "
                    "only question is required.",
                }
            },
        },
    }
}


async def _body(request: Request) -> bytes:
    return await request.body()


@router.get("/golden-questions", response_model=Page[GoldenModel], summary="The golden questions")
def golden_questions(product: ProductDep, key: KnowledgeKey) -> Response:
    """Return all of them, in the order they were given in."""
    return json_response({"items": product.golden.all(), "next_cursor": None})


@router.put(
    "/golden-questions", response_model=GoldenSetModel, openapi_extra=_BODY, summary="Replace the golden questions"
)
def replace(
    request: Request, body: Annotated[bytes, Depends(_body)], product: ProductDep, key: KnowledgeKey
) -> Response:
    """Keep these golden questions and no others, all of them or none.

    Ids that no article has are allowed, and named in the response.
    """
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    questions = read_golden(body) if media_type == _CSV else _questions(body)
    count = product.golden.replace(questions)
    return json_response({"count": count, "unknown_articles": list(product.golden.unknown_articles(questions))})


def _questions(body: bytes) -> Sequence[GoldenQuestion]:
    """Return the questions of a JSON body; raises RequestValidationError or InputError."""
    try:
        sent = GoldenSetRequest.model_validate(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        raise InputError(
            f'The body is no JSON ({error}); expected {{"items": […]}}, or CSV with Content-Type: {_CSV}.',
            field="body",
        ) from error
    except ValidationError as error:
        found = [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
        raise RequestValidationError(found) from error
    questions = []
    for place, item in enumerate(sent.items):
        try:
            questions.append(make_golden(item.question, item.article_id, item.language))
        except ArticleError as error:
            raise InputError(f"items.{place}: {error}", field=f"items.{place}.{error.field}") from error
    return questions
