"""The OpenAPI document: what FastAPI makes of the code, with errors in the media type that they have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

_PROBLEM = "application/problem+json"
_SCHEMA = {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}


def describe(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """Return what ``app.openapi`` shall be: made once, when it is first asked for."""
    made = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            for methods in made()["paths"].values():
                for operation in methods.values():
                    for response in operation["responses"].values():
                        # FastAPI puts a response's model under the route's own media type, whatever is said.
                        if _PROBLEM in response.get("content", {}):
                            response["content"] = {_PROBLEM: _SCHEMA}
        return made()

    return document
