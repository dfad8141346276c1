"""The ledger: decisions with their receipts, and the tickets they open, written together or not at all.

One thread writes, and takes everything that waits into one transaction: the disk is asked to hold on to
data (fsync) once for many answers, and an answer goes out only when it would survive a power cut.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa

from assistant import tables
from assistant.tickets.queue import TicketQueue
from assistant.tickets.ticket import Ticket
from knowledge.database import Database, DatabaseError, now
from knowledge.errors import ConflictError, NotFoundError, UnavailableError

_BATCH = 256  # decisions in one transaction at most
_BACKLOG = 10_000  # decisions that may wait before callers are turned away
_LAST_WRITES = 30.0  # seconds that what waits at the end is given
_FORGET_BATCH = 1_000  # receipts deleted in one transaction, so that answers need not wait long for the next


class AnswerNotFoundError(NotFoundError):
    """There is no receipt with this id."""


class MessageConflictError(ConflictError):
    """A message id was used before, for another message."""


class BacklogError(UnavailableError):
    """The database is too slow for what comes in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A decision as it is stored: the columns of ``answers``, and the ticket to open with it.

    ``wish`` is the language that the customer asked for with this message.
    """

    row: dict[str, Any]
    ticket: Ticket | None = None
    wish: str | None = None

    @property
    def key(self) -> tuple[str, str] | None:
        """What makes the call idempotent: channel and message id."""
        message_id = self.row["message_id"]
        return None if message_id is None else (self.row["channel"], message_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """One earlier message of a conversation."""

    id: str
    created_at: datetime
    question: str
    language: str
    detected_language: str | None
    detected_probability: float
    decision: str
    response: str
    ticket_id: str | None


@dataclass(slots=True)
class _Waiting:
    entry: Entry
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[str]
    outcome: str | BaseException = field(default="")


class Ledger:
    """Writes and reads receipts; one per process."""

    def __init__(self, database: Database, tickets: TicketQueue) -> None:
        """Start nothing yet; ``start`` begins the writing thread."""
        self._database = database
        self._tickets = tickets
        self._waiting: queue.Queue[_Waiting | None] = queue.Queue(maxsize=_BACKLOG)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def start(self) -> None:
        """Start the writing thread, once."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._write_all, name="ledger", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Write what waits and end the thread."""
        with self._starting:
            if self._thread is not None:
                self._waiting.put(None)
                self._thread.join(timeout=_LAST_WRITES)
                self._thread = None

    async def record(self, entry: Entry) -> str:
        """Store a decision and return the response that counts: its own, or an earlier equal message's.

        Raises MessageConflictError, DatabaseError or BacklogError.
        """
        self.start()
        loop = asyncio.get_running_loop()
        waiting = _Waiting(entry, loop, loop.create_future())
        try:
            self._waiting.put_nowait(waiting)
        except queue.Full as error:
            raise BacklogError(
                f"{_BACKLOG:,} decisions wait for the database; expected it to keep up: try again in a moment."
            ) from error
        return await waiting.future

    def earlier(self, channel: str, message_id: str, digest: str) -> str | None:
        """Return the response to this very message, None if it never came; raises MessageConflictError."""
        key = (channel, message_id)
        with self._database.read() as connection:
            known = _known(connection, [key])
        return _checked(key, digest, *known[key]) if key in known else None

    def conversation(
        self, channel: str, conversation_id: str, *, before: datetime | None = None, limit: int = 20
    ) -> list[Past]:
        """Return the latest messages of a conversation, the latest first; or the latest ``before`` a moment."""
        columns = tables.answers.c
        query = (
            sa.select(
                columns.id, columns.created_at, columns.question, columns.language, columns.detected_language,
                columns.detected_probability, columns.decision, columns.response, columns.ticket_id,
            )
            .where(
                columns.channel == channel,
                columns.conversation_id == conversation_id,
                *(() if before is None else (columns.created_at < before,)),
            )
            .order_by(columns.created_at.desc(), columns.id.desc())
            .limit(limit)
        )  # fmt: skip
        with self._database.read() as connection:
            return [
                Past(**{**row._mapping, "detected_probability": row.detected_probability or 0.0})
                for row in connection.execute(query)
            ]

    def row(self, answer_id: str) -> sa.RowMapping:
        """Return a stored decision, all columns; raises AnswerNotFoundError."""
        with self._database.read() as connection:
            row = connection.execute(sa.select(tables.answers).where(tables.answers.c.id == answer_id)).one_or_none()
        if row is None:
            raise _missing(answer_id)
        return row._mapping

    def give_feedback(self, answer_id: str, *, helpful: bool, comment: str | None, ticket: Ticket | None) -> str | None:
        """Store what the customer thought; opens ``ticket`` unless the answer has one already.

        What was said again in another language is one answer: two tickets would be answered twice. The last word
        counts, and a ticket once opened stays. Returns the id of the answer's ticket.
        Raises AnswerNotFoundError, and TicketIdTakenError: draft the ticket again.
        """
        stored = tables.feedback
        with self._database.write() as connection:
            same = _said_again(connection, answer_id)
            columns = tables.answers.c
            wanted = sa.select(columns.ticket_id).where(columns.id.in_(same)).order_by(columns.id).with_for_update()
            opened = list(connection.scalars(wanted))
            if not opened:
                raise _missing(answer_id)
            of_same = sa.select(stored).where(stored.c.answer_id.in_(same))
            given = {row.answer_id: row for row in connection.execute(of_same)}
            before = given.get(answer_id)
            known = [row.ticket_id for row in (*([before] if before else ()), *given.values())]
            ticket_id: str | None = next(filter(None, [*opened, *known]), None)
            if ticket is not None and ticket_id is None:
                self._tickets.insert(connection, ticket, actor="assistant")
                ticket_id = ticket.id
            comment = comment or (before.comment if before and before.helpful == helpful else None)
            values = {"helpful": helpful, "comment": comment, "ticket_id": ticket_id, "created_at": now()}
            if before is None:
                connection.execute(stored.insert().values(answer_id=answer_id, **values))
            else:
                connection.execute(stored.update().where(stored.c.answer_id == answer_id).values(values))
        return ticket_id

    def feedback(self, answer_id: str) -> sa.RowMapping | None:
        """Return the feedback on an answer, or None."""
        with self._database.read() as connection:
            query = sa.select(tables.feedback).where(tables.feedback.c.answer_id == answer_id)
            row = connection.execute(query).one_or_none()
        return None if row is None else row._mapping

    def forget(self, *, older_than: timedelta) -> int:
        """Delete receipts, and feedback on them, past their time; tickets stay. Returns how many."""
        id, created_at = tables.answers.c.id, tables.answers.c.created_at
        oldest = sa.select(id).where(created_at < now() - older_than).order_by(created_at).limit(_FORGET_BATCH)
        forgotten = 0
        while True:
            with self._database.write() as connection:
                ids = list(connection.scalars(oldest.with_for_update()))
                connection.execute(tables.feedback.delete().where(tables.feedback.c.answer_id.in_(ids)))
                connection.execute(tables.answers.delete().where(id.in_(ids)))
            forgotten += len(ids)
            if len(ids) < _FORGET_BATCH:
                return forgotten

    def _write_all(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch = [first]
            is_last = False
            while len(batch) < _BATCH:
                try:
                    waiting = self._waiting.get_nowait()
                except queue.Empty:
                    break
                if waiting is None:
                    is_last = True
                    break
                batch.append(waiting)
            self._write(batch)
            _deliver(batch)
            if is_last:
                return

    def _write(self, batch: list[_Waiting]) -> None:
        """Give every waiting entry its outcome."""
        try:
            self._store(batch)
        except DatabaseError as error:
            if isinstance(error.__cause__, sa.exc.DataError):
                self._store_each(batch)
            else:  # locked, full or gone: it would be no other for each of them
                for waiting in batch:
                    waiting.outcome = error
        except BaseException:
            # Another process stored one of these messages at this very moment, or one cannot be stored.
            self._store_each(batch)

    def _store_each(self, batch: Sequence[_Waiting]) -> None:
        for waiting in batch:
            self._store_alone(waiting)

    def _store_alone(self, waiting: _Waiting) -> None:
        for _ in range(2):  # the second look finds what the other process stored
            try:
                self._store([waiting])
            except sa.exc.IntegrityError as error:
                waiting.outcome = error
            except BaseException as error:
                waiting.outcome = error
                return
            else:
                return

    def _store(self, batch: Sequence[_Waiting]) -> None:
        with self._database.write() as connection:
            known = _known(connection, [waiting.entry.key for waiting in batch if waiting.entry.key is not None])
            rows, drafts = [], []
            for waiting in batch:
                entry = waiting.entry
                if entry.key is not None and entry.key in known:
                    try:
                        waiting.outcome = _checked(entry.key, entry.row["request_digest"], *known[entry.key])
                    except MessageConflictError as error:
                        waiting.outcome = error
                    continue
                if entry.key is not None:
                    known[entry.key] = (entry.row["request_digest"], entry.row["response"])
                if entry.ticket is not None:
                    drafts.append(entry.ticket)
                rows.append(entry.row)
                waiting.outcome = entry.row["response"]
            if len(drafts) == 1:
                self._tickets.insert(connection, drafts[0], actor="assistant")  # says whether its id is taken
            elif drafts:
                self._tickets.insert_many(connection, drafts, actor="assistant")
            if rows:
                connection.execute(tables.answers.insert(), rows)


def _said_again(connection: sa.Connection, answer_id: str) -> list[str]:
    """Return the ids of an answer, of the one that it says again in another language, and of all that say that again.

    The answer's own id comes back for one that is not there, too.
    """
    columns = tables.answers.c
    place = connection.execute(
        sa.select(columns.channel, columns.conversation_id).where(columns.id == answer_id)
    ).one_or_none()
    if place is None or place.conversation_id is None:
        return [answer_id]
    repeating = sa.select(columns.id, columns.receipt).where(
        columns.channel == place.channel,
        columns.conversation_id == place.conversation_id,
        columns.receipt.contains('"repeats":"', autoescape=True),
    )
    repeats = {row.id: orjson.loads(row.receipt).get("repeats") for row in connection.execute(repeating)}

    def first(id: str) -> str:
        seen = {id}
        while (earlier := repeats.get(id)) is not None and earlier not in seen:
            seen.add(id := earlier)
        return id

    root = first(answer_id)
    return sorted({answer_id, root, *(id for id in repeats if first(id) == root)})


def _missing(answer_id: str) -> AnswerNotFoundError:
    return AnswerNotFoundError(f"There is no answer {answer_id[:60]!r}.")


def _known(connection: sa.Connection, keys: list[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, str]]:
    if not keys:
        return {}
    columns = tables.answers.c
    query = sa.select(columns.channel, columns.message_id, columns.request_digest, columns.response).where(
        sa.or_(*(sa.and_(columns.channel == channel, columns.message_id == message) for channel, message in keys))
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in connection.execute(query)}


def _checked(key: tuple[str, str], digest: str, known_digest: str, response: str) -> str:
    if digest == known_digest:
        return response
    channel, message_id = key
    raise MessageConflictError(
        f"message_id {message_id[:60]!r} on channel {channel!r} was used before for another "
        "message; expected the same body with the same id: give every message an id of its own."
    )


def _deliver(batch: Sequence[_Waiting]) -> None:
    """Hand the outcomes to their event loops, with one call for each loop."""
    for loop in {waiting.loop for waiting in batch}:
        mine = [waiting for waiting in batch if waiting.loop is loop]
        try:
            loop.call_soon_threadsafe(_resolve, mine)
        except RuntimeError:  # the loop is closed: nobody waits any more
            continue


def _resolve(batch: Sequence[_Waiting]) -> None:
    for waiting in batch:
        if waiting.future.done():
            continue
        if isinstance(waiting.outcome, BaseException):
            waiting.future.set_exception(waiting.outcome)
        else:
            waiting.future.set_result(waiting.outcome)
