"""Tickets, their messages and suggestions as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from api.models.answers import CustomerModel
from api.models.base import Request
from assistant.tickets.ticket import Priority, Status, Visibility


class TranslatedModel(BaseModel):
    """The same words in another language."""

    language: str
    text: str
    engine: str | None


class TicketModel(BaseModel):
    """A question that a person must answer."""

    id: str
    version: int
    status: Status
    status_name: str = Field(description="As a customer reads it, in the asked language.")
    priority: Priority
    subject: str
    question: str
    question_translation: TranslatedModel | None = Field(
        description="The question in the desk's language, where it was asked in another and an engine knows the way."
    )
    customer: dict[str, str | None]
    channel: str
    language: str
    conversation_id: str | None
    answer_id: str | None
    reason: str
    assignee: str | None
    tags: list[str]
    created_at: datetime
    updated_at: datetime
    first_response_due_at: datetime
    due_at: datetime
    first_responded_at: datetime | None
    solved_at: datetime | None
    overdue: bool


class EventModel(BaseModel):
    """A change of a ticket."""

    id: str
    at: datetime
    actor: str
    kind: str
    changes: dict[str, tuple[Any, Any]]


class TicketDetailModel(TicketModel):
    """A ticket with its history."""

    history: list[EventModel]


class TicketRequest(Request):
    """A ticket made by a channel or an agent."""

    question: str = Field(min_length=1, max_length=50_000)
    subject: str | None = Field(None, max_length=300)
    customer: CustomerModel | None = None
    channel: str = Field("phone", min_length=1, max_length=60)
    language: str | None = Field(None, description="Detected when it is not given.")
    priority: Priority = "normal"
    tags: list[str] = Field([], max_length=50)
    conversation_id: str | None = Field(None, min_length=1, max_length=200)


class TicketChange(Request):
    """Fields to change; those not sent stay."""

    status: Status | None = None
    priority: Priority | None = None
    assignee: str | None = Field(None, max_length=200)
    subject: str | None = Field(None, max_length=300)
    tags: list[str] | None = Field(None, max_length=50)
    language: str | None = Field(None, max_length=40, description="Of the customer: agents' replies go out in it.")


class AgentRequest(Request):
    """Who acts; the key's name when not given."""

    agent: str | None = Field(None, min_length=1, max_length=200)


class ClaimNextRequest(AgentRequest):
    """Which tickets may be taken; all when empty."""

    languages: list[str] = Field([], max_length=50)
    channels: list[str] = Field([], max_length=50)


class SolveRequest(AgentRequest):
    """Last words to the customer, if any."""

    message: str | None = Field(None, max_length=50_000)


class MessageRequest(AgentRequest):
    """Something said about a ticket; public messages reach the customer."""

    body: str = Field(min_length=1, max_length=50_000)
    visibility: Visibility = "public"
    language: str | None = Field(None, description="Of the body; detected when it is not given.")
    author_kind: Literal["agent", "customer"] = "agent"


class SolvedModel(TicketModel):
    """A ticket that is solved, and how its last words went out."""

    translation_problem: str | None = Field(
        None, description="Why the last words are not kept in the customer's language, where they should be."
    )


class MessageModel(BaseModel):
    """Something said about a ticket."""

    id: str
    ticket_id: str
    created_at: datetime
    author_kind: str
    author: str | None
    visibility: Visibility
    body: str
    language: str
    translation: TranslatedModel | None


class SaidModel(MessageModel):
    """What was said just now."""

    translation_problem: str | None = Field(
        None, description="Why it is not kept in the other side's language, where it should be."
    )


class SuggestedArticle(BaseModel):
    """An article that may answer a ticket."""

    article_id: str
    question: str
    text: str
    language: str
    url: str | None
    confidence: float


class SuggestedTicket(BaseModel):
    """An earlier ticket that was much like this one."""

    id: str
    subject: str
    question: str
    language: str
    similarity: float
    answer: str | None


class SuggestionsModel(BaseModel):
    """What may help to answer a ticket, best first."""

    articles: list[SuggestedArticle]
    tickets: list[SuggestedTicket]
