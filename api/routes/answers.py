"""Questions in, decisions out."""

from __future__ import annotations

import asyncio
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Response

from api.auth import AskKey, KnowledgeKey
from api.dependencies import InspectionsDep, MetricsDep, ProductDep
from api.keys import Key
from api.models import (
    AnswerModel,
    AnswerRequest,
    FeedbackReplyModel,
    FeedbackRequest,
    ReceiptModel,
    ReplayModel,
    ReplayRequest,
)
from api.responses import ERRORS, json_response
from assistant.ledger import AnswerNotFoundError
from assistant.question import Question, make_question
from assistant.tickets.ticket import Customer
from knowledge.errors import ForbiddenError, InputError

router = APIRouter(prefix="/v1/answers", tags=["ask"], responses=ERRORS)


@router.post("", response_model=AnswerModel, summary="Ask a question, or take a choice")
async def ask(
    body: AnswerRequest,
    product: ProductDep,
    metrics: MetricsDep,
    key: AskKey,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> Response:
    """Find the article that answers, and reply in the customer's language; or ask back; or open a ticket."""
    question = _question(body, idempotency_key, _channel(body, key), product.settings.max_question_length)
    content = await product.assistant.ask(question)
    decided = orjson.loads(content)
    language = decided["language"]["code"].split("-")[0]
    known = language if language in product.detector.languages else "other"  # callers may wish for any tag
    metrics.decisions.labels(decided["decision"], decided["reason"], known).inc()
    return Response(content, media_type="application/json")


@router.get("/{id}", response_model=ReceiptModel, summary="The receipt: why it was decided so")
async def receipt(id: str, product: ProductDep, key: AskKey) -> Response:
    """Return why in a sentence; every hit with its scores, the thresholds, the generation, the detector's verdict."""
    found = await asyncio.to_thread(product.assistant.receipt, id)
    _check_channel(id, found["channel"], key)
    return json_response(found)


@router.post("/{id}/replay", response_model=ReplayModel, summary="What another generation would decide")
async def replay(
    id: str,
    product: ProductDep,
    inspections: InspectionsDep,
    key: AskKey,
    knowledge_key: KnowledgeKey,
    body: ReplayRequest | None = None,
) -> Response:
    """Judge the stored question again, as it was asked then, with a kept generation, its encoder and its calibration.

    Nothing is stored, opened or sent. A generation that was not asked lately is loaded first, which takes a
    moment. Needs the scopes ``ask`` and ``knowledge``: a receipt holds a customer's words. Few replays are done at a
    time, and 503 (`inspections-busy`) where too many wait.
    """
    _check_channel(id, (await asyncio.to_thread(product.ledger.row, id))["channel"], key)
    generation = None if body is None else body.generation
    return json_response(await asyncio.wrap_future(inspections.submit(product.replayer.replay, id, generation)))


@router.post("/{id}/feedback", response_model=FeedbackReplyModel, summary="Whether the answer helped")
async def give_feedback(id: str, body: FeedbackRequest, product: ProductDep, key: AskKey) -> Response:
    """Store the customer's verdict; an answer that did not help opens a ticket, once."""
    if key.channel is not None:
        _check_channel(id, (await asyncio.to_thread(product.ledger.row, id))["channel"], key)
    reply = await asyncio.to_thread(product.assistant.give_feedback, id, helpful=body.helpful, comment=body.comment)
    return json_response(reply)


def _check_channel(id: str, channel: str, key: Key) -> None:
    """Raise AnswerNotFoundError where the answer went out on another channel than the key's own."""
    if key.channel not in (None, channel):
        raise AnswerNotFoundError(f"There is no answer {id[:60]!r} on the channel {key.channel!r}.")


def _question(body: AnswerRequest, idempotency_key: str | None, channel: str, max_length: int) -> Question:
    if body.message_id is not None and idempotency_key is not None and body.message_id != idempotency_key:
        raise InputError(
            f"message_id is {body.message_id[:60]!r} and Idempotency-Key {idempotency_key[:60]!r}; "
            "expected one of them, or both the same.",
            field="message_id",
        )
    return make_question(
        body.question,
        language=body.language,
        channel=channel,
        message_id=body.message_id or idempotency_key,
        conversation_id=body.conversation_id,
        customer=None if body.customer is None else Customer(**body.customer.model_dump()),
        tags=tuple(body.tags),
        top_k=body.top_k,
        choice=body.choice,
        max_length=max_length,
    )


def _channel(body: AnswerRequest, key: Key) -> str:
    if key.channel is None:
        return body.channel
    if "channel" in body.model_fields_set and body.channel != key.channel:
        raise ForbiddenError(f"The key {key.name!r} is bound to the channel {key.channel!r}; {body.channel!r} came.")
    return key.channel
