"""What surrounds every request: its id, its size limit, its security headers, and its place in the metrics."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable, Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import HTTP_TYPES, Problem

log = logging.getLogger(__name__)

_REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,128}")
_LENGTH_DIGITS = 20  # of a declared length that are looked at; more is too long whatever they say
_UPLOADS = ("/v1/imports", "/v1/golden-questions", "/v1/glossary", "/v1/evaluations")
_SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"SAMEORIGIN"),
]


class TooLong(HTTPException):
    """The body is longer than allowed; FastAPI passes on HTTP errors that come up while it reads a body."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            413,
            f"The request is longer than {limit:,} bytes; send less, or split it. The limit is a setting "
            "(FAQ_MAX_BODY_BYTES, for files FAQ_MAX_UPLOAD_BYTES).",
            headers={"Connection": "close"},
        )


class Surroundings:
    """Pure ASGI, so that it costs a request microseconds."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_body_bytes: int,
        max_upload_bytes: int,
        observe: Callable[[Scope, int, float], None],
    ) -> None:
        """``observe`` is told scope, status and seconds of every finished request."""
        self._app = app
        self._max_body = max_body_bytes
        self._max_upload = max_upload_bytes
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        limit = self._max_upload if scope["path"].startswith(_UPLOADS) else self._max_body
        received = 0
        status = 0

        async def receive_limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise TooLong(limit)
            return message

        async def send_labelled(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                rate_headers: Mapping[str, str] = scope["state"].get("rate_headers", {})
                message["headers"] = [
                    *message.get("headers", []),
                    *((name.lower().encode(), value.encode()) for name, value in rate_headers.items()),
                    (b"x-request-id", request_id.encode()),
                    *_SECURITY,
                ]
            await send(message)

        try:
            if _declared_length(scope) > limit:
                raise TooLong(limit)
            if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
                await _nul(request_id)(scope, receive, send_labelled)
                return
            await self._app(scope, receive_limited, send_labelled)
        except TooLong as error:
            if not status:
                await _too_long(error, request_id)(scope, receive, send_labelled)
        except Exception:
            log.exception("request %s failed", request_id)
            if status:
                raise
            await _broken(request_id)(scope, receive, send_labelled)
        finally:
            self._observe(scope, status, time.perf_counter() - started)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return str(value.decode())
    return uuid.uuid4().hex


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:_LENGTH_DIGITS])
    return 0


def _nul(request_id: str) -> Problem:
    return Problem(
        400,
        type=HTTP_TYPES[400],
        title=HTTPStatus(400).phrase,
        detail="The address holds a NUL character (%00); no id and no word has one: leave it out.",
        request_id=request_id,
    )


def _too_long(error: TooLong, request_id: str) -> Problem:
    return Problem(
        413,
        type=HTTP_TYPES[413],
        title=HTTPStatus(413).phrase,
        detail=error.detail,
        request_id=request_id,
        headers=error.headers,
    )


def _broken(request_id: str) -> Problem:
    return Problem(
        503,
        type="internal",
        title="Service Unavailable",
        detail="Something broke that should not; it is in the server's log under this request id. Try again.",
        request_id=request_id,
        headers={"Retry-After": "5"},
    )
