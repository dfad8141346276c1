"""Evaluations: how well golden questions are answered."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from api.auth import KnowledgeKey
from api.dependencies import InspectionsDep, ProductDep
from api.golden_bodies import TABLES, body_schema, golden_of, media_type, read_json
from api.models import EvaluationModel, EvaluationRequest
from api.product import Product
from api.responses import ERRORS, json_response
from knowledge.errors import ConflictError, InputError
from knowledge.golden import GoldenQuestion, read_golden
from knowledge.golden_store import distinct_questions

router = APIRouter(prefix="/v1", tags=["knowledge"], responses=ERRORS)

_HTML = "text/html"
_LOOK = 0.5  # seconds between two looks at whether the caller still waits

Number = Annotated[int | None, Query(ge=1, le=999_999_999)]


class EvaluationRunningError(ConflictError):
    """An evaluation is under way; there is one at a time."""


class _Stopped(Exception):
    """Nobody waits for the evaluation any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sent:
    """What a request asks for."""

    asked: EvaluationRequest
    golden: Sequence[GoldenQuestion] | None = None  # None: those that are stored
    warnings: tuple[str, ...] = ()


async def _body(request: Request) -> bytes:
    return await request.body()


async def _lock(request: Request) -> threading.Lock:
    lock: threading.Lock = request.app.state.evaluating
    return lock


@router.post(
    "/evaluations",
    response_model=EvaluationModel,
    openapi_extra=body_schema(EvaluationRequest, required=False),
    responses={200: {"content": {_HTML: {"schema": {"type": "string"}}}}},
    summary="How well golden questions are answered",
)
async def evaluate(
    request: Request,
    key: KnowledgeKey,
    product: ProductDep,
    inspections: InspectionsDep,
    lock: Annotated[threading.Lock, Depends(_lock)],
    body: Annotated[bytes, Depends(_body)],
    generation: Number = None,
    compare: Number = None,
    target: Annotated[float | None, Query(ge=0.5, le=0.9999)] = None,
) -> Response:
    """Ask golden questions as customers would, store nothing, and report what became of them.

    The questions are those of the body, or without one those that are stored. What a body that is no JSON cannot say
    is said in the query. With `Accept: text/html` the report is a page with pictures. One evaluation at a time: 409
    while another is under way. A thousand questions take a few seconds with the embedded encoder, and as long
    again for a generation to compare with; it ends when the caller goes away.
    """
    asked = EvaluationRequest(items=None, generation=generation, compare=compare, target=target)
    questions = await asyncio.to_thread(_read, media_type(request), body, asked)
    if not lock.acquire(blocking=False):
        raise EvaluationRunningError("Another evaluation is under way, and there is one at a time; try again later.")
    stop = threading.Event()
    as_html = _prefers_html(request.headers.get("accept", ""))
    try:
        work = asyncio.wrap_future(inspections.submit(_report, product, questions, stop, lock, as_html=as_html))
    except BaseException:
        lock.release()
        raise
    try:
        while not work.done():
            await asyncio.wait({work}, timeout=_LOOK)
            if not work.done() and await request.is_disconnected():
                stop.set()
        return work.result()
    except _Stopped:
        return Response(status_code=499)  # to nobody
    finally:
        stop.set()
        work.add_done_callback(lambda done: done.cancelled() or done.exception())  # heard, if nobody waits any more


def _read(media_type: str, body: bytes, asked: EvaluationRequest) -> _Sent:
    """Return what a body says, above what the query does; raises InputError."""
    try:
        if media_type in TABLES:
            warnings: list[str] = []
            golden = distinct_questions(read_golden(body, warn=warnings.append))
            return _Sent(asked=asked, golden=golden, warnings=tuple(warnings))
        if not body.strip():
            return _Sent(asked=asked)
        sent = read_json(body, EvaluationRequest)
        wished = asked.model_copy(update=sent.model_dump(exclude_none=True, exclude={"items"}))
        return _Sent(asked=wished, golden=None if sent.items is None else distinct_questions(golden_of(sent.items)))
    except InputError as error:
        error.field = error.field or "body"  # what cannot be used as a whole
        raise


def _report(
    product: Product,
    sent: _Sent,
    stop: threading.Event,
    lock: threading.Lock,
    *,
    as_html: bool,
) -> Response:
    """Evaluate, and release the lock that the caller has acquired."""
    from api.evaluating import report_on
    from assistant.report import MEDIA_TYPE, POLICY, document, page

    asked = sent.asked

    def tell(done: int, total: int) -> None:
        if stop.is_set():
            raise _Stopped
        time.sleep(0)  # customers go first: another thread that waits for the interpreter gets it now

    try:
        report = report_on(
            product,
            product.golden.all() if sent.golden is None else sent.golden,
            product.shelf.searcher(asked.generation),
            other=None if asked.compare is None else product.shelf.searcher(asked.compare),
            target=asked.target,
            notes=sent.warnings,
            report=tell,
        )
        if as_html:
            return Response(page(report), media_type=MEDIA_TYPE, headers={"Content-Security-Policy": POLICY})
        return json_response(document(report))
    finally:
        lock.release()


def _prefers_html(accept: str) -> bool:
    """Tell whether a page is wished for rather than JSON (RFC 9110, section 12.5.1)."""
    weights: dict[str, float] = {}
    for part in accept.lower().split(","):
        name, *parameters = (one.strip() for one in part.split(";"))
        weight = next((one[2:] for one in parameters if one.startswith("q=")), "1")
        try:
            weights[name] = float(weight)
        except ValueError:
            continue
    html = weights.get(_HTML, weights.get("text/*", 0.0))
    json = weights.get("application/json", weights.get("application/*"))
    return html > json if json is not None else html > 0 and html >= weights.get("*/*", 0.0)
