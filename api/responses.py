"""What responses have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Response

from api.models import ProblemDocument

_PROBLEM = {"model": ProblemDocument, "content": {"application/problem+json": {}}}

ERRORS: dict[int | str, dict[str, Any]] = {
    status: {**_PROBLEM, "description": description}
    for status, description in {
        400: "The body cannot be read.",
        401: "No key, or one that is not known.",
        403: "The key lacks the scope.",
        404: "There is no such thing.",
        409: "The present state does not allow it.",
        413: "Too much was sent.",
        422: "What was sent cannot be used; `errors` names the fields.",
        429: "Too many requests; see `Retry-After`.",
        503: "A part that this needs is missing or broken now; see `Retry-After`.",
    }.items()
}

STALE: dict[int | str, dict[str, Any]] = {412: {**_PROBLEM, "description": "It was changed meanwhile (`If-Match`)."}}


def json_response(content: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return content (dataclasses, dates and mappings included) as JSON."""
    body = orjson.dumps(content, default=_plain, option=orjson.OPT_UTC_Z)
    return Response(body, status, media_type="application/json", headers=dict(headers or {}))


def _plain(value: object) -> object:
    if isinstance(value, frozenset | set | tuple):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
