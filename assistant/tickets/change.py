"""One change of a ticket: the row locked, the version raised, the message and the event written with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from assistant.tables import tickets
from assistant.tickets import rows
from assistant.tickets.text import language_tag, line, text, translated
from assistant.tickets.ticket import (
    AuthorKind,
    EventKind,
    Message,
    Ticket,
    TicketNotFoundError,
    TicketStateError,
    TranslatedText,
    Visibility,
    read_ticket_id,
)
from knowledge.database import Database
from knowledge.errors import StaleError


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """Words for a ticket, checked and clean; ``language`` is None for the ticket's own."""

    body: str
    language: str | None
    translation: TranslatedText | None

    @classmethod
    def checked(cls, body: str, language: str | None, translation: TranslatedText | None) -> Said:
        """Check and clean the words; raise InputError."""
        return cls(
            body=text(body, field="body"),
            language=None if language is None else language_tag(language),
            translation=translated(translation, field="translation"),
        )


class Change:
    """A ticket as it was and, once ``write`` is done, as it is in ``after``; assign to ``after`` what shall be."""

    def __init__(self, before: Ticket, *, actor: str, kind: EventKind, at: datetime) -> None:
        self.before = before
        self.after = before
        self.actor = actor
        self.kind = kind
        # Another machine's clock may be ahead; a history that runs backwards explains nothing.
        self.at = max(at, before.updated_at)
        self._message: Message | None = None

    def say(
        self, said: Said, *, author_kind: AuthorKind, author: str | None, visibility: Visibility = "public"
    ) -> Message:
        """Return the words as the message that will be written with this change."""
        self._message = Message(
            id=rows.entry_id(self.before.id, self.before.version + 1),
            ticket_id=self.before.id,
            created_at=self.at,
            author_kind=author_kind,
            author=author,
            visibility=visibility,
            body=said.body,
            language=said.language or self.before.language,
            translation=said.translation,
        )
        return self._message

    def write(self, connection: sa.Connection) -> None:
        """Write the change, if there is one; raise TicketStateError when the ticket is closed."""
        if self._message is None and not rows.changed_names(self.before, self.after):
            return
        if self.before.status == "closed":
            raise TicketStateError(f"Ticket {self.before.id} is closed and cannot be changed; open a new ticket.")
        became_solved = self.after.status == "solved" != self.before.status
        self.after = replace(self.after, version=self.before.version + 1, updated_at=self.at)
        rows.write_change(
            connection,
            self.before,
            self.after,
            actor=self.actor,
            kind="solved" if became_solved else self.kind,
            message=self._message,
        )


@contextmanager
def changing(
    database: Database,
    id: str,
    *,
    by: str,
    kind: EventKind,
    clock: Callable[[], datetime],
    expected_version: int | None = None,
) -> Iterator[Change]:
    """Yield the change of a ticket that nobody else can change meanwhile; it is written when the block ends.

    Raises TicketNotFoundError, StaleError for another version than expected, and what ``write`` does.
    """
    actor = line(by, field="agent" if kind != "changed" else "actor")
    with database.write() as connection:
        before = find(connection, id, locked=True)
        if expected_version is not None and before.version != expected_version:
            raise StaleError(
                f"Ticket {before.id} has version {before.version}; version {expected_version} was expected: "
                "read it again and repeat the change."
            )
        change = Change(before, actor=actor, kind=kind, at=clock())
        yield change
        change.write(connection)


def find(connection: sa.Connection, id: str, *, locked: bool = False) -> Ticket:
    """Return the ticket; ``locked`` makes others wait before they change it. Raises TicketNotFoundError."""
    known = read_ticket_id(id)
    row: sa.Row[Any] | None = None
    if known is not None:
        wanted = sa.select(*rows.TICKET_COLUMNS).where(tickets.c.id == known)
        row = connection.execute(wanted.with_for_update() if locked else wanted).first()
    if row is None:
        raise TicketNotFoundError(f"There is no ticket {id[:40]!r}; look for its id in the list of tickets.")
    return rows.read_ticket(row)
