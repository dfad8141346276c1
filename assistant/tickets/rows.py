"""Tickets, messages and events as rows of tables, inside a caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from assistant.tables import ticket_events, ticket_messages, tickets
from assistant.tickets.ticket import Customer, Event, EventKind, Message, Ticket, TicketIdTakenError, TranslatedText
from knowledge.rows import fold

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SETTLED_ORDER = 2**62  # beyond every due time in microseconds, within 64 bits
_NOT_CHANGES = frozenset({"version", "updated_at"})  # every change changes them
_NAMES = tuple(field.name for field in fields(Ticket))

TICKET_COLUMNS = tuple(tickets.c[name] for name in _NAMES)
IS_SETTLED = tickets.c.desk_order > _SETTLED_ORDER // 2


def microseconds(at: datetime) -> int:
    """Return the microseconds since 1970, in which ``desk_order`` counts."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def desk_order(ticket: Ticket) -> int:
    """Return the number by which the desk sorts: the next promise first, then what was settled last."""
    if ticket.next_due_at is not None:
        return microseconds(ticket.next_due_at)
    return _SETTLED_ORDER - microseconds(ticket.solved_at or ticket.updated_at)


def entry_id(ticket_id: str, version: int) -> str:
    """Return the id of the message and the event that made this version; they sort by version."""
    return f"{ticket_id}-{version:09}"


def read_ticket(row: sa.Row[Any]) -> Ticket:
    """Return the ticket of a row of TICKET_COLUMNS."""
    values = dict(zip(_NAMES, row, strict=True))
    values["customer"] = Customer(**values["customer"])
    values["question_translation"] = _read_translation(values["question_translation"])
    values["tags"] = tuple(values["tags"])
    return Ticket(**values)


def read_message(row: sa.Row[Any]) -> Message:
    """Return the message of a row of ``ticket_messages``."""
    values = dict(row._mapping)
    return Message(**values | {"translation": _read_translation(values["translation"])})


def read_event(row: sa.Row[Any]) -> Event:
    """Return the event of a row of ``ticket_events``."""
    values = dict(row._mapping)
    return Event(**values | {"changes": {name: tuple(pair) for name, pair in values["changes"].items()}})


def insert_ticket(connection: sa.Connection, ticket: Ticket, *, actor: str) -> None:
    """Write a new ticket, its question as the first message, and its first event.

    Raises TicketIdTakenError and leaves the transaction usable when the id exists already.
    """
    try:
        with connection.begin_nested():
            insert_tickets(connection, [ticket], actor=actor)
    except sa.exc.IntegrityError as error:
        raise TicketIdTakenError(
            f"There is a ticket {ticket.id} already; expected a new id: draft it again."
        ) from error


def insert_tickets(connection: sa.Connection, some: Sequence[Ticket], *, actor: str) -> None:
    """Write new tickets as ``insert_ticket`` does, with one statement a table.

    Raises IntegrityError, which ends the transaction, when an id exists already.
    """
    told = ("status", "priority", "reason", "first_response_due_at", "due_at")
    connection.execute(sa.insert(tickets), [_values(ticket) for ticket in some])
    connection.execute(sa.insert(ticket_messages), [_message_values(_first_message(ticket)) for ticket in some])
    connection.execute(
        sa.insert(ticket_events),
        [
            _event_values(
                ticket,
                actor=actor,
                kind="created",
                changes={name: (None, _plain(getattr(ticket, name))) for name in told},
            )
            for ticket in some
        ],
    )


def _first_message(ticket: Ticket) -> Message:
    return Message(
        id=entry_id(ticket.id, ticket.version),
        ticket_id=ticket.id,
        created_at=ticket.created_at,
        author_kind="customer",
        author=ticket.customer.name,
        visibility="public",
        body=ticket.question,
        language=ticket.language,
        translation=ticket.question_translation,
    )


def write_change(
    connection: sa.Connection, before: Ticket, after: Ticket, *, actor: str, kind: EventKind, message: Message | None
) -> None:
    """Write what differs between two versions of a ticket, the message if one was said, and the event."""
    old = _values(before)
    values = {name: value for name, value in _values(after).items() if value != old[name]}
    connection.execute(sa.update(tickets).where(tickets.c.id == before.id), values)
    changes = {
        name: (_plain(getattr(before, name)), _plain(getattr(after, name))) for name in changed_names(before, after)
    }
    if after.question_translation != before.question_translation:
        first = ticket_messages.c.id == entry_id(after.id, 1)
        connection.execute(sa.update(ticket_messages).where(first).values(translation=values["question_translation"]))
    if message is not None:
        connection.execute(sa.insert(ticket_messages), _message_values(message))
        changes["message"] = (None, message.id)
    event = _event_values(after, actor=actor, kind=kind, changes=changes)
    connection.execute(sa.insert(ticket_events), event)


def changed_names(before: Ticket, after: Ticket) -> list[str]:
    """Return the fields that differ, but for version and time of change."""
    return [name for name in _NAMES if name not in _NOT_CHANGES and getattr(before, name) != getattr(after, name)]


def _values(ticket: Ticket) -> dict[str, Any]:
    translation, customer = ticket.question_translation, ticket.customer
    words = (ticket.id, ticket.subject, ticket.question, translation and translation.text)
    known = (customer.id, customer.name, customer.email, customer.phone)
    return {
        **{name: getattr(ticket, name) for name in _NAMES},
        "customer": asdict(customer),
        "question_translation": translation and asdict(translation),
        "tags": list(ticket.tags),
        "desk_order": desk_order(ticket),
        "search_text": fold("\n".join(part for part in (*words, *known) if part)),
    }


def _message_values(message: Message) -> dict[str, Any]:
    translation = message.translation and asdict(message.translation)
    return {field.name: getattr(message, field.name) for field in fields(Message)} | {"translation": translation}


def _event_values(
    ticket: Ticket, *, actor: str, kind: EventKind, changes: Mapping[str, tuple[Any, Any]]
) -> dict[str, Any]:
    return {
        "id": entry_id(ticket.id, ticket.version),
        "ticket_id": ticket.id,
        "at": ticket.updated_at,
        "actor": actor,
        "kind": kind,
        "changes": {name: list(pair) for name, pair in changes.items()},
    }


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, TranslatedText):
        return asdict(value)
    return list(value) if isinstance(value, tuple) else value


def _read_translation(value: Mapping[str, Any] | None) -> TranslatedText | None:
    return None if value is None else TranslatedText(**value)
