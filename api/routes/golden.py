"""Golden questions: what every encoder and every build is measured with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from api.auth import KnowledgeKey
from api.dependencies import ProductDep
from api.models import GoldenModel, GoldenSetModel, GoldenSetRequest, Page
from api.product import Product
from api.responses import ERRORS, json_response
from index.errors import BuildRunningError
from knowledge.article import ArticleError
from knowledge.errors import InputError, TooLargeError
from knowledge.golden import MAX_FILE_SIZE, GoldenQuestion, make_golden, read_golden

router = APIRouter(prefix="/v1", tags=["knowledge"], responses=ERRORS)

_CSV = "text/csv"
_TABLES = (_CSV, "text/tab-separated-values")


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
                    "description": "With the columns question, article_id, language and channel, in any encoding; "
                    "only question is required. text/tab-separated-values is taken too.",
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
    request: Request,
    key: KnowledgeKey,
    product: ProductDep,
    body: Annotated[bytes, Depends(_body)],
    calibrate: Annotated[bool, Query(description="Start a build that calibrates with them.")] = True,
) -> Response:
    """Keep these golden questions and no others, all of them or none.

    Ids that no article has are allowed, and named in the response. A build is started that calibrates the index which
    answers with them; the articles stay as they were indexed.
    """
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    warnings: list[str] = []
    try:
        questions = read_golden(body, warn=warnings.append) if media_type in _TABLES else _questions(body)
        before = product.golden.all()
        count = product.golden.replace(questions)
    except InputError as error:
        error.field = error.field or "body"  # what cannot be used as a whole
        raise
    unknown = list(product.golden.unknown_articles(questions))
    build, note = (
        _calibrated(product, key.name, before) if calibrate else (None, "The next build calibrates with them.")
    )
    return json_response(
        {"count": count, "unknown_articles": unknown, "warnings": warnings, "build": build, "note": note}
    )


def _calibrated(product: Product, by: str, before: Sequence[GoldenQuestion]) -> tuple[str | None, str]:
    """Start a build that calibrates with the stored questions; return its id, or why there is none."""
    from assistant.build_process import BuildOptions

    if product.golden.all() == tuple(before):
        return None, "They are the same as before."
    if product.generations.signature() is None:
        return None, "Nothing is indexed yet; the first build calibrates with them."
    try:
        return product.start_build(by=by, options=BuildOptions(refit=True)).id, ""
    except BuildRunningError as error:
        return None, (
            f"{error} One that was started over HTTP calibrates with these questions when it is done; after one from "
            "the command line, start another: POST /v1/index-builds."
        )


def _questions(body: bytes) -> Sequence[GoldenQuestion]:
    """Return the questions of a JSON body; raises RequestValidationError, InputError or TooLargeError."""
    if len(body) > MAX_FILE_SIZE:
        raise TooLargeError(f"The body has more than {MAX_FILE_SIZE:,} bytes: leave some questions out.", field="body")
    try:
        sent = GoldenSetRequest.model_validate_json(body)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        if errors[0]["type"] == "json_invalid":
            raise InputError(
                f"The body is no JSON ({errors[0]['ctx']['error']}); "
                f'expected {{"items": […]}}, or CSV with Content-Type: {_CSV}.',
                field="body",
            ) from error
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in errors]) from error
    questions = []
    for place, item in enumerate(sent.items):
        try:
            questions.append(make_golden(item.question, item.article_id, item.language, item.channel))
        except ArticleError as error:
            raise InputError(f"items.{place}: {error}", field=f"items.{place}.{error.field}") from error
    return questions
