"""Golden questions as requests bring them: a JSON document of some model, or a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from api.models import GoldenModel
from knowledge.article import ArticleError
from knowledge.errors import InputError, TooLargeError
from knowledge.golden import MAX_FILE_SIZE, GoldenQuestion, make_golden

CSV = "text/csv"
TABLES = (CSV, "text/tab-separated-values")

Model = TypeVar("Model", bound=BaseModel)


def media_type(request: Request) -> str:
    """Return what the body is said to be, without parameters."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


def body_schema(model: type[BaseModel], *, required: bool) -> dict[str, Any]:
    """Return the body for the OpenAPI document, complete in itself: FastAPI does not see what is read by hand."""
    schema = model.model_json_schema(ref_template="{model}")
    part = schema.pop("$defs")[GoldenModel.__name__]
    return {
        "requestBody": {
            "required": required,
            "content": {
                "application/json": {"schema": _filled(schema, part)},
                CSV: {
                    "schema": {
                        "type": "string",
                        "description": "With the columns question, article_id, language and channel, in any encoding; "
                        "only question is required. text/tab-separated-values is taken too.",
                    }
                },
            },
        }
    }


def read_json(body: bytes, model: type[Model]) -> Model:
    """Return a JSON body; raises RequestValidationError, InputError or TooLargeError."""
    if len(body) > MAX_FILE_SIZE:
        raise TooLargeError(f"The body has more than {MAX_FILE_SIZE:,} bytes: leave some questions out.", field="body")
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        if errors[0]["type"] == "json_invalid":
            raise InputError(
                f"The body is no JSON ({errors[0]['ctx']['error']}); "
                f'expected {{"items": […]}}, or CSV with Content-Type: {CSV}.',
                field="body",
            ) from error
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in errors]) from error


def golden_of(items: Sequence[GoldenModel]) -> list[GoldenQuestion]:
    """Return the questions of items, checked and cleaned; raises InputError that names the first wrong one."""
    questions = []
    for place, item in enumerate(items):
        try:
            questions.append(make_golden(item.question, item.article_id, item.language, item.channel))
        except ArticleError as error:
            raise InputError(f"items.{place}: {error}", field=f"items.{place}.{error.field}") from error
    return questions


def _filled(schema: Any, part: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Return a schema with the part in the place of every reference to it."""
    if isinstance(schema, dict):
        return part if schema.get("$ref") == GoldenModel.__name__ else {k: _filled(v, part) for k, v in schema.items()}
    return [_filled(one, part) for one in schema] if isinstance(schema, list) else schema
