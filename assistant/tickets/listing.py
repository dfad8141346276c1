"""Lists of tickets in the one order of the desk, and their counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from assistant.tables import tickets
from assistant.tickets import rows
from assistant.tickets.text import MAX_CHANNEL_LENGTH, choice, language_tag, line, optional_line
from assistant.tickets.ticket import STATUSES, Status
from knowledge.rows import fold

_CLAIMABLE: tuple[Status, ...] = ("new", "open")  # the others wait for somebody, or for nobody
_MAX_QUERY_LENGTH = 500  # characters
_MAX_QUERY_WORDS = 20

_IN_ORDER = sa.select(*rows.TICKET_COLUMNS).order_by(tickets.c.desk_order, tickets.c.id)


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketCounts:
    """How many tickets there are: by status (all six), overdue, and waiting for somebody to claim them."""

    by_status: Mapping[Status, int]
    overdue: int
    unclaimed: int


def select_tickets(
    *,
    status: Status | Collection[Status] | None,
    language: str | None,
    channel: str | None,
    assignee: str | None,
    overdue: bool | None,
    query: str | None,
    at: datetime,
) -> sa.Select[Any]:
    """Return the query of the tickets that pass every filter given; see ``TicketQueue.page``. Raises InputError."""
    wanted = _IN_ORDER
    if status is not None:
        statuses = (status,) if isinstance(status, str) else tuple(status)
        wanted = wanted.where(tickets.c.status.in_([choice(one, STATUSES, field="status") for one in statuses]))
    if language is not None:
        wanted = wanted.where(_in_language(language))
    if channel is not None:
        wanted = wanted.where(tickets.c.channel == line(channel, field="channel", limit=MAX_CHANNEL_LENGTH))
    if assignee is not None:
        name = optional_line(assignee, field="assignee")
        wanted = wanted.where(tickets.c.assignee.is_(None) if name is None else tickets.c.assignee == name)
    if overdue is not None:
        moment = rows.microseconds(at)
        wanted = wanted.where(tickets.c.desk_order < moment if overdue else tickets.c.desk_order >= moment)
    words = fold(optional_line(query, field="query", limit=_MAX_QUERY_LENGTH) or "").split()
    return wanted.where(*(tickets.c.search_text.contains(word, autoescape=True) for word in words[:_MAX_QUERY_WORDS]))


def is_after(desk_order: str | int, id: str | int) -> sa.ColumnElement[bool]:
    """Return the condition that a ticket comes after this place of the order."""
    # The first half is implied by the second; it is what an index can be entered with.
    return sa.and_(tickets.c.desk_order >= desk_order, sa.or_(tickets.c.desk_order > desk_order, tickets.c.id > id))


def select_claimable(*, languages: Collection[str], channels: Collection[str]) -> sa.Select[Any]:
    """Return the query that locks the ticket to claim next, passing over those locked; raise InputError."""
    wanted = _IN_ORDER.where(tickets.c.assignee.is_(None), tickets.c.status.in_(_CLAIMABLE))
    if languages:
        wanted = wanted.where(sa.or_(*(_in_language(language) for language in languages)))
    if channels:
        names = [line(channel, field="channels", limit=MAX_CHANNEL_LENGTH) for channel in channels]
        wanted = wanted.where(tickets.c.channel.in_(names))
    return wanted.limit(1).with_for_update(skip_locked=True)


def select_solved() -> sa.Select[Any]:
    """Return the query of the solved and closed tickets, the latest first."""
    return _IN_ORDER.where(rows.IS_SETTLED)


def count(connection: sa.Connection, *, at: datetime) -> TicketCounts:
    """Count the tickets; overdue as of the moment given."""
    # Three questions that an index answers each, rather than one over whole rows.
    by_status = sa.select(tickets.c.status, sa.func.count()).group_by(tickets.c.status)
    overdue = sa.select(sa.func.count()).where(tickets.c.desk_order < rows.microseconds(at))
    # That a claimable ticket is unsettled keeps the many settled ones of nobody out of the range.
    unclaimed = sa.select(sa.func.count()).where(
        tickets.c.assignee.is_(None), ~rows.IS_SETTLED, tickets.c.status.in_(_CLAIMABLE)
    )
    found = {row[0]: row[1] for row in connection.execute(by_status)}
    return TicketCounts(
        by_status={status: found.get(status, 0) for status in STATUSES},
        overdue=connection.scalar(overdue) or 0,
        unclaimed=connection.scalar(unclaimed) or 0,
    )


def _in_language(language: str) -> sa.ColumnElement[bool]:
    tag = language_tag(language)
    return sa.or_(tickets.c.language == tag, tickets.c.language.startswith(f"{tag}-", autoescape=True))
