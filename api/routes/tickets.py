"""The ticket queue, as agents' programs see it."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.auth import TicketsKey
from api.dependencies import ProductDep
from api.etags import IfMatch, expected_version
from api.keys import Key
from api.models import (
    AgentRequest,
    ClaimNextRequest,
    MessageModel,
    MessageRequest,
    Page,
    SaidModel,
    SolvedModel,
    SolveRequest,
    SuggestionsModel,
    TicketChange,
    TicketDetailModel,
    TicketModel,
    TicketRequest,
)
from api.product import Product
from api.responses import ERRORS, STALE, json_response
from assistant.desk import Wording
from assistant.tickets.queue import KEEP
from assistant.tickets.ticket import Customer, Status, Ticket
from knowledge.database import now

router = APIRouter(prefix="/v1/tickets", tags=["tickets"], responses=ERRORS)

_HISTORY = 200  # events shown with a ticket
Language = Annotated[str | None, Query(max_length=40, description="Of the statuses' names.")]


@router.get("", response_model=Page[TicketModel], summary="Tickets, the most urgent first")
def tickets(
    product: ProductDep,
    key: TicketsKey,
    status: Annotated[list[Status] | None, Query(description="One or several.")] = None,
    language: Annotated[str | None, Query(max_length=40)] = None,
    channel: Annotated[str | None, Query(max_length=60)] = None,
    assignee: Annotated[str | None, Query(max_length=200, description="Empty for nobody's.")] = None,
    overdue: bool | None = None,
    q: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[str | None, Query(max_length=2_000)] = None,
    names_in: Language = None,
) -> Response:
    """Return a page of tickets: what is due by its time, then what is settled, the latest first."""
    page = product.tickets.page(
        limit=limit, cursor=cursor, status=status, language=language, channel=channel, assignee=assignee,
        overdue=overdue, query=q,
    )  # fmt: skip
    items = [_fields(product, ticket, names_in) for ticket in page.items]
    return json_response({"items": items, "next_cursor": page.next_cursor})


@router.post("", status_code=201, response_model=TicketModel, summary="Open a ticket")
async def create(body: TicketRequest, product: ProductDep, key: TicketsKey) -> Response:
    """Open a ticket for what came by telephone, say."""
    draft = product.tickets.draft(
        question=body.question,
        subject=body.subject,
        customer=Customer(**body.customer.model_dump()) if body.customer else Customer(),
        channel=body.channel,
        language=body.language or _language_of(product, body.question),
        reason="person_requested",
        conversation_id=body.conversation_id,
        priority=body.priority,
        tags=body.tags,
    )
    ticket = await asyncio.to_thread(product.tickets.create, draft, actor=key.name)
    product.desk.understand_soon(ticket)
    return _ticket_response(product, ticket, status=201, headers={"Location": f"/v1/tickets/{ticket.id}"})


@router.post(
    "/claim-next",
    response_model=TicketModel,
    responses={204: {"description": "Nothing waits."}},
    summary="Take the most urgent ticket of nobody",
)
def claim_next(body: ClaimNextRequest, product: ProductDep, key: TicketsKey) -> Response:
    """Claim the ticket that is due first; two agents never get the same one."""
    ticket = product.tickets.claim_next(agent=_agent(body, key), languages=body.languages, channels=body.channels)
    return Response(status_code=204) if ticket is None else _ticket_response(product, ticket)


@router.get("/{id}", response_model=TicketDetailModel, summary="A ticket with its history")
async def ticket(id: str, product: ProductDep, key: TicketsKey, names_in: Language = None) -> Response:
    """Return a ticket, its question in the desk's language too where an engine knows the way."""
    found = await product.desk.understood(await asyncio.to_thread(product.tickets.get, id))
    events = await asyncio.to_thread(product.tickets.events, found.id, limit=_HISTORY)
    history = [asdict(event) for event in events.items]
    return json_response({**_fields(product, found, names_in), "history": history}, headers={"ETag": found.etag})


@router.patch("/{id}", response_model=TicketModel, responses=STALE, summary="Change a ticket")
def change(id: str, body: TicketChange, product: ProductDep, key: TicketsKey, if_match: IfMatch = None) -> Response:
    """Change the fields that are sent; ``If-Match`` guards what somebody else changed meanwhile."""
    changed = product.tickets.update(
        id,
        actor=key.name,
        expected_version=expected_version(if_match),
        status=body.status,
        priority=body.priority,
        assignee=body.assignee if "assignee" in body.model_fields_set else KEEP,
        tags=body.tags,
        subject=body.subject,
        language=body.language,
    )
    return _ticket_response(product, changed)


@router.post("/{id}/claim", response_model=TicketModel, responses=STALE, summary="Take a ticket")
def claim(
    id: str, product: ProductDep, key: TicketsKey, body: AgentRequest | None = None, if_match: IfMatch = None
) -> Response:
    """Give the ticket to the agent; 409 when somebody else has it."""
    agent = _agent(body, key)
    return _ticket_response(
        product, product.tickets.claim(id, agent=agent, expected_version=expected_version(if_match))
    )


@router.post("/{id}/release", response_model=TicketModel, responses=STALE, summary="Give a ticket back")
def release(
    id: str, product: ProductDep, key: TicketsKey, body: AgentRequest | None = None, if_match: IfMatch = None
) -> Response:
    """Let others claim the ticket."""
    agent = _agent(body, key)
    return _ticket_response(
        product, product.tickets.release(id, agent=agent, expected_version=expected_version(if_match))
    )


@router.post("/{id}/solve", response_model=SolvedModel, responses=STALE, summary="Solve a ticket")
async def solve(
    id: str, product: ProductDep, key: TicketsKey, body: SolveRequest | None = None, if_match: IfMatch = None
) -> Response:
    """Mark the ticket solved, with last words to the customer if there are any, kept in their language too."""
    message = body.message if body else None
    wording: Wording | None = None
    if message is not None:
        wording = await product.desk.from_agent(message, await asyncio.to_thread(product.tickets.get, id))
    solved = await asyncio.to_thread(
        product.tickets.solve,
        id,
        agent=_agent(body, key),
        message=message,
        language=None if wording is None else wording.language,
        translation=None if wording is None else wording.translation,
        expected_version=expected_version(if_match),
    )
    problem = None if wording is None or wording.problem is None else str(wording.problem)
    fields = {**_fields(product, solved, None), "translation_problem": problem}
    return json_response(fields, headers={"ETag": solved.etag})


@router.get("/{id}/messages", response_model=Page[MessageModel], summary="What was said, oldest first")
def messages(
    id: str,
    product: ProductDep,
    key: TicketsKey,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[str | None, Query(max_length=2_000)] = None,
) -> Response:
    """Return a page of the messages."""
    page = product.tickets.messages(id, limit=limit, cursor=cursor)
    return json_response({"items": [asdict(message) for message in page.items], "next_cursor": page.next_cursor})


@router.post("/{id}/messages", status_code=201, response_model=SaidModel, responses=STALE, summary="Reply, or note")
async def say(
    id: str, body: MessageRequest, product: ProductDep, key: TicketsKey, if_match: IfMatch = None
) -> Response:
    """Add a message, kept in the other side's language too where an engine knows the way.

    An agent's public one is kept in the customer's language, and a customer's in the desk's. Where it should be but
    could not be translated, ``translation_problem`` says why.
    """
    found = await asyncio.to_thread(product.tickets.get, id)
    wording = Wording(language=body.language or found.language)
    if body.author_kind == "customer":
        wording = await product.desk.from_customer(body.body, found, language=body.language)
        message = await asyncio.to_thread(
            product.tickets.customer_reply,
            id,
            body=body.body,
            language=wording.language,
            translation=wording.translation,
        )
    else:
        if body.visibility == "public":
            wording = await product.desk.from_agent(body.body, found, language=body.language)
        message = await asyncio.to_thread(
            product.tickets.reply,
            id,
            agent=_agent(body, key),
            body=body.body,
            visibility=body.visibility,
            language=body.language if body.visibility == "internal" else wording.language,
            translation=wording.translation,
            expected_version=expected_version(if_match),
        )
    problem = None if wording.problem is None else str(wording.problem)
    return json_response({**asdict(message), "translation_problem": problem}, status=201)


@router.get("/{id}/suggestions", response_model=SuggestionsModel, summary="What may help to answer")
async def suggestions(id: str, product: ProductDep, key: TicketsKey) -> Response:
    """Return articles that may answer, and solved tickets that were much like this one."""
    found = await asyncio.to_thread(product.tickets.get, id)
    return json_response(await asyncio.to_thread(product.suggestions.for_ticket, found))


def _language_of(product: Product, text: str) -> str:
    detection = product.detector.detect(text)
    if detection.language is not None and detection.is_trusted:
        return detection.language
    return product.settings.default_language


def _agent(body: AgentRequest | None, key: Key) -> str:
    return (body.agent if body else None) or key.name


def _ticket_response(
    product: Product, ticket: Ticket, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    return json_response(
        _fields(product, ticket, None), status=status, headers={"ETag": ticket.etag, **(headers or {})}
    )


def _fields(product: Product, ticket: Ticket, names_in: str | None) -> dict[str, object]:
    language = names_in or ticket.language
    return {
        **asdict(replace(ticket, tags=())),
        "tags": list(ticket.tags),
        "status_name": product.assistant.phrases.status_name(ticket.status, language),
        "overdue": ticket.is_overdue(now()),
    }
