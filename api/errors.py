"""Errors as callers see them: one table from the exception tree to HTTP statuses, and RFC 9457 bodies."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from knowledge.errors import (
    ConfigurationError,
    ConflictError,
    FaqError,
    ForbiddenError,
    InputError,
    NotFoundError,
    RateLimitError,
    StaleError,
    TooLargeError,
    UnauthenticatedError,
    UnavailableError,
    error_name,
)

log = logging.getLogger(__name__)

# The nearest class of an error's ancestry decides.
STATUSES: Mapping[type[FaqError], int] = {
    InputError: 422,
    TooLargeError: 413,
    NotFoundError: 404,
    ConflictError: 409,
    StaleError: 412,
    UnauthenticatedError: 401,
    ForbiddenError: 403,
    RateLimitError: 429,
    UnavailableError: 503,
    ConfigurationError: 503,
}

# Types of what the web framework refuses; its phrases change between versions of Python, these do not.
HTTP_TYPES: Mapping[int, str] = {
    400: "bad-request",
    404: "not-found",
    405: "method-not-allowed",
    413: "content-too-large",
}

_RETRY_UNAVAILABLE = 5  # seconds
_MOST = 100  # errors in one response; a long list of wrong items would make one of hundreds of megabytes


class Problem(Response):
    """An ``application/problem+json`` response."""

    media_type = "application/problem+json"

    def __init__(
        self,
        status: int,
        *,
        type: str,
        title: str,
        detail: str,
        request_id: str,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Put the body together; ``type`` is a stable name such as ``article-not-found``."""
        body = {
            "type": f"urn:faq-assistant:problem:{type}",
            "title": title,
            "status": status,
            "detail": detail,
            "errors": list(errors),
            "request_id": request_id,
        }
        super().__init__(orjson.dumps(body), status, headers=dict(headers or {}), media_type=self.media_type)


def status_of(error: type[FaqError]) -> int:
    """Return the HTTP status of an error; every class of the tree but its abstract roots has one."""
    for ancestor in error.__mro__:
        if ancestor in STATUSES:
            return STATUSES[ancestor]
    raise LookupError(f"{error.__name__} has no status; derive it from one of the branches in knowledge.errors")


def faq_problem(error: FaqError, request_id: str) -> Problem:
    """Return the response to an error of ours."""
    status = status_of(type(error))
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="faq-assistant"'
    if isinstance(error, RateLimitError):
        headers["Retry-After"] = str(max(1, round(error.retry_after + 0.5)))
    if status == 503:
        headers["Retry-After"] = str(_RETRY_UNAVAILABLE)
        log.error("%s: %s", type(error).__name__, error)
    field = getattr(error, "field", None)
    errors = [{"field": field, "message": str(error)}] if field else []
    return Problem(
        status,
        type=error_name(type(error)),
        title=HTTPStatus(status).phrase,
        detail=str(error),
        errors=errors,
        request_id=request_id,
        headers=headers,
    )


def install(app: FastAPI) -> None:
    """Make every error of the application a problem document."""

    async def of_ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, FaqError)
        return faq_problem(error, _request_id(request))

    async def of_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        errors = [_field_error(found) for found in error.errors()[:_MOST]]
        detail = "; ".join(f"{found['field']}: {found['message']}" for found in errors[:3])
        return Problem(
            422,
            type="validation",
            title=HTTPStatus(422).phrase,
            detail=f"The request does not fit: {detail}.",
            errors=errors,
            request_id=_request_id(request),
        )

    async def of_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        phrase = HTTPStatus(error.status_code).phrase
        details = {
            404: f"There is nothing at {request.url.path[:100]}; see /docs.",
            405: f"{request.method} is not allowed at {request.url.path[:100]}; see /docs.",
        }
        return Problem(
            error.status_code,
            type=HTTP_TYPES.get(error.status_code, f"http-{error.status_code}"),
            title=phrase,
            detail=details.get(error.status_code, str(error.detail)),
            request_id=_request_id(request),
            headers=error.headers,
        )

    app.add_exception_handler(FaqError, of_ours)
    app.add_exception_handler(RequestValidationError, of_validation)
    app.add_exception_handler(HTTPException, of_http)


def _field_error(found: Mapping[str, Any]) -> dict[str, str]:
    place = [str(part) for part in found["loc"] if part not in ("body", "query", "path", "header")]
    came = found.get("input")
    shown = "" if came is None or isinstance(came, dict | list | bytes) else f", got {str(came)[:60]!r}"
    return {
        "field": ".".join(place) or str(found["loc"][0]),
        "message": f"{found['msg']}{shown}".encode(errors="replace").decode(),
    }


def _request_id(request: Request) -> str:
    return str(request.scope.get("state", {}).get("request_id", ""))
