"""Tickets: their records, the statuses they move through, and their ids."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, get_args

from knowledge.errors import ConflictError, NotFoundError

Status = Literal["new", "open", "pending", "hold", "solved", "closed"]
Priority = Literal["low", "normal", "high", "urgent"]
Visibility = Literal["public", "internal"]
AuthorKind = Literal["customer", "agent", "assistant"]
EventKind = Literal["created", "claimed", "released", "replied", "noted", "customer_replied", "changed", "solved"]

STATUSES: tuple[Status, ...] = get_args(Status)
PRIORITIES: tuple[Priority, ...] = get_args(Priority)
VISIBILITIES: tuple[Visibility, ...] = get_args(Visibility)
SETTLED: frozenset[Status] = frozenset({"solved", "closed"})  # nothing is due any more

# Where a ticket may go from each status. ``new`` is the one before anybody looked, so nothing leads
# back to it; ``pending`` waits for the customer, ``hold`` for somebody else; a solved ticket comes
# back to ``open`` when its customer or an agent is not content; ``closed`` is final, and a customer
# who writes again gets another ticket.
TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    "new": frozenset({"open", "pending", "hold", "solved"}),
    "open": frozenset({"pending", "hold", "solved"}),
    "pending": frozenset({"open", "hold", "solved"}),
    "hold": frozenset({"open", "pending", "solved"}),
    "solved": frozenset({"open", "closed"}),
    "closed": frozenset(),
}

# https://www.crockford.com/base32.html: no I, L, O or U, which are misread and misheard.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ID_LENGTH = 7  # 35 bits: with 100,000 tickets, one id in 340,000 is taken already
_ID = re.compile(rf"T-[{_ALPHABET}]{{{_ID_LENGTH}}}")
_MISREAD = str.maketrans("OIL", "011")


class TicketNotFoundError(NotFoundError):
    """There is no ticket with this id."""


class TicketStateError(ConflictError):
    """The ticket's status does not allow this."""


class TicketClaimedError(ConflictError):
    """Somebody else has claimed the ticket; ``assignee`` is who."""

    def __init__(self, message: str, *, assignee: str) -> None:
        """Keep the message and the name."""
        super().__init__(message)
        self.assignee = assignee


class TicketIdTakenError(ConflictError):
    """The random id of a draft belongs to another ticket already; draft it again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Customer:
    """Who asks; whatever their channel knows of them. ``timezone`` is an IANA name."""

    id: str | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    locale: str | None = None
    timezone: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TranslatedText:
    """The same words in another language; ``engine`` is None when a person translated them."""

    language: str
    text: str
    engine: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketReceiptRef:
    """What the receipt of an answer, and its customer, are told of a ticket."""

    id: str
    status: Status
    due_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticket:
    """A question that a person must answer; ``version`` counts its changes from 1. Times are aware UTC.

    ``answer_id`` is the receipt that opened it. The due times are promises: of a first answer by a
    person, and of a solution.
    """

    id: str
    version: int
    created_at: datetime
    updated_at: datetime
    status: Status
    priority: Priority
    channel: str
    language: str
    subject: str
    question: str
    question_translation: TranslatedText | None
    customer: Customer
    conversation_id: str | None
    answer_id: str | None
    reason: str
    assignee: str | None
    tags: tuple[str, ...]
    first_response_due_at: datetime
    due_at: datetime
    first_responded_at: datetime | None
    solved_at: datetime | None

    @property
    def etag(self) -> str:
        """The version as a strong entity tag, RFC 9110 section 8.8.3."""
        return f'"{self.version}"'

    @property
    def is_settled(self) -> bool:
        """Whether nothing is due any more."""
        return self.status in SETTLED

    @property
    def next_due_at(self) -> datetime | None:
        """The next promise to keep; None once settled."""
        if self.is_settled:
            return None
        if self.first_responded_at is None:
            return min(self.first_response_due_at, self.due_at)
        return self.due_at

    @property
    def receipt_ref(self) -> TicketReceiptRef:
        """The short form for receipts."""
        return TicketReceiptRef(id=self.id, status=self.status, due_at=self.due_at)

    def is_overdue(self, now: datetime) -> bool:
        """Tell whether a promise is broken; at the very moment that was promised it is not yet."""
        due = self.next_due_at
        return due is not None and due < now

    def moved_to(self, status: Status, *, at: datetime) -> Ticket:
        """Return the ticket in this status; raise TicketStateError where TRANSITIONS has no way there."""
        if status == self.status:
            return self
        allowed = TRANSITIONS[self.status]
        if status not in allowed:
            ways = f"it may become {', '.join(sorted(allowed))}" if allowed else "nothing follows: open a new ticket"
            raise TicketStateError(f"Ticket {self.id} is {self.status} and cannot become {status}; {ways}.")
        solved_at = self.solved_at if status == "closed" else at if status == "solved" else None
        return replace(self, status=status, solved_at=solved_at)

    def responded(self, at: datetime) -> Ticket:
        """Return the ticket with its first response noted, which only the first one is."""
        return self if self.first_responded_at is not None else replace(self, first_responded_at=at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """Something said about a ticket; internal ones never reach the customer. Ids sort as written."""

    id: str
    ticket_id: str
    created_at: datetime
    author_kind: AuthorKind
    author: str | None
    visibility: Visibility
    body: str
    language: str
    translation: TranslatedText | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One change of a ticket: who, when, and ``{field: (before, after)}`` in JSON's types; ids sort by time."""

    id: str
    ticket_id: str
    at: datetime
    actor: str
    kind: EventKind
    changes: Mapping[str, tuple[Any, Any]]


def new_ticket_id() -> str:
    """Return a random id that can be spelt out on the telephone, such as ``T-7K3QX9M``."""
    return "T-" + "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))


def read_ticket_id(value: str) -> str | None:
    """Return the id a person meant, whatever case and with O, I and L for 0 and 1; None if it is none."""
    if len(value) > 2 * _ID_LENGTH or not value.isascii():
        return None
    id = value.strip().upper().translate(_MISREAD)
    return id if _ID.fullmatch(id) else None
