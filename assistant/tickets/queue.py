"""The queue of tickets: opening, listing, claiming, answering and settling them.

A change is one transaction: the ticket's row is locked, its version rises by one, and an event says
who changed what from what to what. A call that changes nothing writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from enum import Enum
from typing import Any, Final

import sqlalchemy as sa

from assistant.tables import ticket_events, ticket_messages
from assistant.tickets import listing, rows
from assistant.tickets.change import Change, Said, changing, find
from assistant.tickets.listing import TicketCounts
from assistant.tickets.targets import ServiceTargets
from assistant.tickets.text import (
    MAX_CHANNEL_LENGTH,
    MAX_SUBJECT_LENGTH,
    choice,
    language_tag,
    line,
    optional_line,
    person,
    subject_of,
    tag_list,
    text,
    translated,
)
from assistant.tickets.ticket import (
    PRIORITIES,
    STATUSES,
    VISIBILITIES,
    Customer,
    Event,
    EventKind,
    Message,
    Priority,
    Status,
    Ticket,
    TicketClaimedError,
    TicketIdTakenError,
    TicketStateError,
    TranslatedText,
    Visibility,
    new_ticket_id,
)
from knowledge.database import Database, now
from knowledge.page import Page, check_limit, decode_cursor, encode_cursor


class Keep(Enum):
    """Marks an assignee that stays, where None means nobody."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP


class TicketQueue:
    """Tickets in a database; safe to share between threads, processes and machines.

    Every method that takes an id raises TicketNotFoundError, every one that takes text InputError, and
    every one that takes ``expected_version`` StaleError when the ticket has another version.
    """

    def __init__(self, database: Database, targets: ServiceTargets, *, clock: Callable[[], datetime] = now) -> None:
        self.database = database
        self.targets = targets
        self._clock = clock

    def draft(
        self,
        *,
        question: str,
        customer: Customer,
        channel: str,
        language: str,
        reason: str,
        subject: str | None = None,
        conversation_id: str | None = None,
        answer_id: str | None = None,
        priority: Priority = "normal",
        tags: Iterable[str] = (),
        question_translation: TranslatedText | None = None,
        at: datetime | None = None,
    ) -> Ticket:
        """Return a new ticket with its id and due times; nothing is stored yet.

        The subject is the question's first line, at most 120 characters of it, unless given.
        """
        at = self._clock() if at is None else at
        question = text(question, field="question")
        priority = choice(priority, PRIORITIES, field="priority")
        given_subject = optional_line(subject, field="subject", limit=MAX_SUBJECT_LENGTH)
        return Ticket(
            id=new_ticket_id(),
            version=1,
            created_at=at,
            updated_at=at,
            status="new",
            priority=priority,
            channel=line(channel, field="channel", limit=MAX_CHANNEL_LENGTH),
            language=language_tag(language),
            subject=given_subject or subject_of(question),
            question=question,
            question_translation=translated(question_translation, field="question_translation"),
            customer=person(customer),
            conversation_id=optional_line(conversation_id, field="conversation_id"),
            answer_id=optional_line(answer_id, field="answer_id", limit=40),
            reason=line(reason, field="reason", limit=40),
            assignee=None,
            tags=tag_list(tags),
            first_response_due_at=self.targets.first_response_due(at, priority),
            due_at=self.targets.due(at, priority),
            first_responded_at=None,
            solved_at=None,
        )

    def insert(self, connection: sa.Connection, ticket: Ticket, *, actor: str) -> None:
        """Write a draft, its question as the first message and its ``created`` event in an open transaction.

        Raises TicketIdTakenError, about once in 340,000 times when there are 100,000 tickets; the
        transaction stays usable, for another draft.
        """
        rows.insert_ticket(connection, ticket, actor=line(actor, field="actor"))

    def insert_many(self, connection: sa.Connection, drafts: Sequence[Ticket], *, actor: str) -> None:
        """Write drafts as ``insert`` does, with one statement a table.

        Raises IntegrityError, which ends the transaction, when an id is taken.
        """
        rows.insert_tickets(connection, drafts, actor=line(actor, field="actor"))

    def create(self, draft: Ticket, *, actor: str) -> Ticket:
        """Write a draft in a transaction of its own and return the ticket, under another id if its own is taken."""
        for _ in range(10):
            try:
                with self.database.write() as connection:
                    self.insert(connection, draft, actor=actor)
            except TicketIdTakenError:
                draft = replace(draft, id=new_ticket_id())
            else:
                return draft
        raise TicketIdTakenError("Ten random ticket ids in a row were taken; settle and archive old tickets.")

    def get(self, id: str) -> Ticket:
        """Return the ticket; its id may be written in any case and with O, I and L for 0 and 1."""
        with self.database.read() as connection:
            return find(connection, id)

    def page(
        self,
        *,
        limit: int = 50,
        cursor: str | None = None,
        status: Status | Collection[Status] | None = None,
        language: str | None = None,
        channel: str | None = None,
        assignee: str | None = None,
        overdue: bool | None = None,
        query: str | None = None,
    ) -> Page[Ticket]:
        """Return a page of tickets: unsettled ones by their next due time, then settled ones, the latest first.

        ``language`` finds its regional variants too; ``assignee=""`` finds tickets that nobody has.
        ``query`` is found word by word, in any case, in id, subject, question, its translation and the
        customer's id, name, address and number. A ticket that moves in the order while somebody pages
        may be seen twice or not at all; others are seen once, whatever is added. Raises CursorError.
        """
        check_limit(limit)
        wanted = listing.select_tickets(
            status=status,
            language=language,
            channel=channel,
            assignee=assignee,
            overdue=overdue,
            query=query,
            at=self._clock(),
        )
        if cursor is not None:
            wanted = wanted.where(listing.is_after(*decode_cursor(cursor, (int, str))))
        with self.database.read() as connection:
            found = [rows.read_ticket(row) for row in connection.execute(wanted.limit(limit + 1))]
        items = tuple(found[:limit])
        is_last = len(found) <= limit
        return Page(
            items=items, next_cursor=None if is_last else encode_cursor(rows.desk_order(items[-1]), items[-1].id)
        )

    def update(
        self,
        id: str,
        *,
        actor: str,
        expected_version: int | None = None,
        status: Status | None = None,
        priority: Priority | None = None,
        assignee: str | Keep | None = KEEP,
        tags: Iterable[str] | None = None,
        subject: str | None = None,
        language: str | None = None,
    ) -> Ticket:
        """Change what is given and return the ticket as it is now; ``assignee=None`` means nobody.

        A solved ticket that is opened again gets new promises. Another priority counts its targets
        from now on, but never moves a promise to later. Raises TicketStateError for a status that
        TRANSITIONS does not allow.
        """
        _check_status(status)
        values: dict[str, Any] = {}
        if priority is not None:
            values["priority"] = choice(priority, PRIORITIES, field="priority")
        if assignee is not KEEP:
            values["assignee"] = optional_line(assignee, field="assignee")
        if tags is not None:
            values["tags"] = tag_list(tags)
        if subject is not None:
            values["subject"] = line(subject, field="subject", limit=MAX_SUBJECT_LENGTH)
        if language is not None:
            values["language"] = language_tag(language)
        with self._changing(id, by=actor, expected_version=expected_version) as change:
            ticket = replace(change.before, **values)
            if ticket.priority != change.before.priority:
                ticket = self.targets.hurried(ticket, change.at)
            change.after = ticket if status is None else self._moved(ticket, status, change.at)
        return change.after

    def understand(self, id: str, translation: TranslatedText) -> Ticket:
        """Store the question in the desk's language, and return the ticket; one that has it already stays as it is.

        Raises TicketStateError when the ticket is closed.
        """
        checked = translated(translation, field="question_translation")
        with self._changing(id, by="assistant") as change:
            if change.before.question_translation is None:
                change.after = replace(change.before, question_translation=checked)
        return change.after

    def claim(self, id: str, *, agent: str, expected_version: int | None = None) -> Ticket:
        """Give the ticket to the agent, and open it if it is new; nothing changes if the agent has it already.

        Raises TicketClaimedError when somebody else has it, and TicketStateError when it is settled.
        """
        with self._changing(id, by=agent, kind="claimed", expected_version=expected_version) as change:
            change.after = _claimed(change)
        return change.after

    def claim_next(
        self, *, agent: str, languages: Collection[str] = (), channels: Collection[str] = ()
    ) -> Ticket | None:
        """Give the agent the new or open ticket of nobody whose next promise is due first; None if there is none.

        Only tickets in one of the languages (or their regional variants) and from one of the channels,
        where any are named. A ticket that somebody else is changing at this moment is passed over.
        """
        agent = line(agent, field="agent")
        wanted = listing.select_claimable(languages=languages, channels=channels)
        with self.database.write() as connection:
            row = connection.execute(wanted).first()
            if row is None:
                return None
            change = Change(rows.read_ticket(row), actor=agent, kind="claimed", at=self._clock())
            change.after = _claimed(change)
            change.write(connection)
            return change.after

    def release(self, id: str, *, agent: str, expected_version: int | None = None) -> Ticket:
        """Take the ticket from whoever has it, so that others may claim it; its status stays."""
        with self._changing(id, by=agent, kind="released", expected_version=expected_version) as change:
            change.after = replace(change.before, assignee=None)
        return change.after

    def solve(
        self,
        id: str,
        *,
        agent: str,
        message: str | None = None,
        language: str | None = None,
        translation: TranslatedText | None = None,
        expected_version: int | None = None,
    ) -> Ticket:
        """Mark the ticket solved, with a last public message if there is one."""
        said = None if message is None else Said.checked(message, language, translation)
        with self._changing(id, by=agent, kind="replied", expected_version=expected_version) as change:
            if said is not None:
                change.say(said, author_kind="agent", author=change.actor)
                change.after = change.after.responded(change.at)
            change.after = self._moved(change.after, "solved", change.at)
        return change.after

    def reply(
        self,
        id: str,
        *,
        agent: str,
        body: str,
        visibility: Visibility = "public",
        language: str | None = None,
        translation: TranslatedText | None = None,
        status: Status | None = None,
        expected_version: int | None = None,
    ) -> Message:
        """Add an agent's answer or, with ``visibility="internal"``, a note, and return it.

        ``language`` is that of the body, the ticket's unless given. A public answer is the first
        response if there was none, and leaves an unsettled ticket pending unless ``status`` says
        otherwise; a note leaves the status alone.
        """
        _check_status(status)
        is_public = choice(visibility, VISIBILITIES, field="visibility") == "public"
        said = Said.checked(body, language, translation)
        kind: EventKind = "replied" if is_public else "noted"
        with self._changing(id, by=agent, kind=kind, expected_version=expected_version) as change:
            message = change.say(said, author_kind="agent", author=change.actor, visibility=visibility)
            if is_public:
                change.after = change.after.responded(change.at)
            if status is None and is_public and not change.before.is_settled:
                status = "pending"
            if status is not None:
                change.after = self._moved(change.after, status, change.at)
        return message

    def customer_reply(
        self, id: str, *, body: str, language: str | None = None, translation: TranslatedText | None = None
    ) -> Message:
        """Add what the customer wrote, and return it; a ticket that is pending, on hold or solved is open again.

        Time that was the customer's is not the desk's: from pending and solved, the promises count
        from this message where that is later. Raises TicketStateError when the ticket is closed; the
        message then needs a new one.
        """
        said = Said.checked(body, language, translation)
        with self._changing(id, by="customer", kind="customer_replied") as change:
            ticket = change.before
            message = change.say(said, author_kind="customer", author=ticket.customer.name)
            if ticket.status == "pending":
                change.after = self.targets.promised_anew(change.after, change.at)
            if ticket.status in ("pending", "hold", "solved"):
                change.after = self._moved(change.after, "open", change.at)
        return message

    def messages(
        self, id: str, *, limit: int = 50, cursor: str | None = None, visibility: Visibility | None = None
    ) -> Page[Message]:
        """Return a page of what was said, oldest first, the question being the first; raise CursorError."""
        wanted = sa.select(ticket_messages)
        if visibility is not None:
            wanted = wanted.where(ticket_messages.c.visibility == choice(visibility, VISIBILITIES, field="visibility"))
        found, next_cursor = self._entries(wanted, ticket_messages, id, limit, cursor)
        return Page(items=tuple(rows.read_message(row) for row in found), next_cursor=next_cursor)

    def events(self, id: str, *, limit: int = 50, cursor: str | None = None) -> Page[Event]:
        """Return a page of the ticket's history, oldest first; raise CursorError."""
        found, next_cursor = self._entries(sa.select(ticket_events), ticket_events, id, limit, cursor)
        return Page(items=tuple(rows.read_event(row) for row in found), next_cursor=next_cursor)

    def recent_solved(self, limit: int = 100) -> tuple[Ticket, ...]:
        """Return the tickets that were solved last, closed ones too, the latest first; at most 500."""
        wanted = listing.select_solved().limit(check_limit(limit))
        with self.database.read() as connection:
            return tuple(rows.read_ticket(row) for row in connection.execute(wanted))

    def counts(self) -> TicketCounts:
        """Count the tickets, as of one moment."""
        with self.database.read() as connection:
            return listing.count(connection, at=self._clock())

    def _changing(
        self, id: str, *, by: str, kind: EventKind = "changed", expected_version: int | None = None
    ) -> AbstractContextManager[Change]:
        return changing(self.database, id, by=by, kind=kind, clock=self._clock, expected_version=expected_version)

    def _moved(self, ticket: Ticket, status: Status, at: datetime) -> Ticket:
        moved = ticket.moved_to(status, at=at)
        return self.targets.promised_anew(moved, at) if ticket.status == "solved" and status == "open" else moved

    def _entries(
        self, wanted: sa.Select[Any], table: sa.Table, id: str, limit: int, cursor: str | None
    ) -> tuple[list[sa.Row[Any]], str | None]:
        wanted = wanted.order_by(table.c.id).limit(check_limit(limit) + 1)
        if cursor is not None:
            wanted = wanted.where(table.c.id > decode_cursor(cursor, (str,))[0])
        with self.database.read() as connection:
            ticket = find(connection, id)
            found = list(connection.execute(wanted.where(table.c.ticket_id == ticket.id)))
        return found[:limit], encode_cursor(found[limit - 1].id) if len(found) > limit else None


def _check_status(status: Status | None) -> None:
    if status is not None:
        choice(status, STATUSES, field="status")


def _claimed(change: Change) -> Ticket:
    """Return the ticket as it is once the actor of the change has it."""
    ticket = change.before
    if ticket.assignee == change.actor:
        return ticket
    if ticket.is_settled:
        raise TicketStateError(
            f"Ticket {ticket.id} is {ticket.status}; only an unsettled one can be claimed: reopen it."
        )
    if ticket.assignee is not None:
        raise TicketClaimedError(
            f"Ticket {ticket.id} was claimed by {ticket.assignee}; ask them to release it.", assignee=ticket.assignee
        )
    opened = ticket.moved_to("open", at=change.at) if ticket.status == "new" else ticket
    return replace(opened, assignee=change.actor)
