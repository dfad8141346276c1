"""The ledger on both databases: together or not at all, one's trouble not the others', and nothing lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from assistant import ledger as ledger_module
from assistant import tables
from assistant.ledger import AnswerNotFoundError, BacklogError, Entry, Ledger, MessageConflictError
from assistant.tickets import Customer, ServiceTargets, Ticket, TicketQueue
from assistant.tickets.ticket import TicketIdTakenError
from knowledge.database import Database, DatabaseError

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def queue(database: Database) -> TicketQueue:
    return TicketQueue(database, ServiceTargets())


@pytest.fixture
def ledger(database: Database, queue: TicketQueue) -> Iterator[Ledger]:
    """Yield a ledger whose thread is ended with the test."""
    made = Ledger(database, queue)
    yield made
    made.stop()


def entry(number: int = 1, *, ticket: Ticket | None = None, **changes: Any) -> Entry:
    """Return a decision on a message; equal numbers are equal messages."""
    row = {
        "id": f"ans_{number}",
        "created_at": START + timedelta(seconds=number),
        "channel": "chat",
        "message_id": f"m-{number}",
        "request_digest": f"digest {number}",
        "conversation_id": "c",
        "customer_id": None,
        "question": f"question {number}",
        "language": "en",
        "detected_language": "en",
        "detected_probability": 0.9,
        "decision": "ticketed" if ticket else "answered",
        "reason": "no_match" if ticket else "exact",
        "confidence": None,
        "article_id": None,
        "generation": 1,
        "ticket_id": ticket.id if ticket else None,
        "response": f'{{"id": "ans_{number}"}}',
        "receipt": "{}",
    }
    return Entry(row=row | changes, ticket=ticket)


def draft(queue: TicketQueue) -> Ticket:
    return queue.draft(question="?", customer=Customer(), channel="chat", language="en", reason="no_match")


def record(ledger: Ledger, *entries: Entry) -> list[str | BaseException]:
    """Record at once, so that the entries share a batch; return the outcomes in order."""

    async def together() -> list[str | BaseException]:
        return await asyncio.gather(*map(ledger.record, entries), return_exceptions=True)

    return asyncio.run(together())


def stored(database: Database) -> list[str]:
    with database.read() as connection:
        return sorted(connection.scalars(sa.select(tables.answers.c.id)))


def test_what_was_recorded_is_there_with_its_ticket(ledger: Ledger, queue: TicketQueue) -> None:
    ticket = draft(queue)
    assert record(ledger, entry(1, ticket=ticket)) == ['{"id": "ans_1"}']
    assert ledger.row("ans_1")["ticket_id"] == ticket.id
    assert queue.get(ticket.id).question == "?"


def test_what_waits_together_is_written_in_one_transaction(
    ledger: Ledger, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    store = ledger._store
    monkeypatch.setattr(ledger, "_store", lambda batch: (batches.append(len(batch)), store(batch)))
    monkeypatch.setattr(ledger_module, "_BATCH", 10)
    monkeypatch.setattr(ledger, "start", lambda: None)  # until all wait

    async def together() -> list[str]:
        waiting = [asyncio.ensure_future(ledger.record(entry(n))) for n in range(25)]
        await asyncio.sleep(0)
        Ledger.start(ledger)
        return await asyncio.gather(*waiting)

    assert asyncio.run(together()) == [f'{{"id": "ans_{n}"}}' for n in range(25)]
    assert batches == [10, 10, 5]
    assert len(stored(database)) == 25


def test_equal_messages_in_one_batch_and_later_get_one_response(ledger: Ledger, database: Database) -> None:
    first = entry(1)
    again = entry(1, id="ans_2", response='{"id": "ans_2"}')
    assert record(ledger, first, again) == [first.row["response"]] * 2
    assert record(ledger, again) == [first.row["response"]]
    assert stored(database) == ["ans_1"]


def test_one_id_for_two_messages_is_a_conflict_for_the_second_alone(ledger: Ledger, database: Database) -> None:
    other = entry(2, message_id="m-1")
    outcomes = record(ledger, entry(1), other, entry(3))
    assert isinstance(outcomes[1], MessageConflictError)
    assert (outcomes[0], outcomes[2]) == ('{"id": "ans_1"}', '{"id": "ans_3"}')
    assert record(ledger, entry(2, message_id="m-1", channel="email")) == ['{"id": "ans_2"}']
    assert stored(database) == ["ans_1", "ans_2", "ans_3"]


def test_messages_without_an_id_are_all_different(ledger: Ledger, database: Database) -> None:
    record(ledger, *(entry(1, id=f"ans_{n}", message_id=None) for n in range(3)))
    assert stored(database) == ["ans_0", "ans_1", "ans_2"]


def test_a_ticket_id_that_is_taken_hurts_its_own_entry_alone(
    ledger: Ledger, queue: TicketQueue, database: Database
) -> None:
    taken = draft(queue)
    queue.create(taken, actor="test")
    fresh = draft(queue)
    outcomes = record(ledger, entry(1), entry(2, ticket=taken), entry(3, ticket=fresh))
    assert isinstance(outcomes[1], TicketIdTakenError)
    assert (outcomes[0], outcomes[2]) == ('{"id": "ans_1"}', '{"id": "ans_3"}')
    assert stored(database) == ["ans_1", "ans_3"]
    assert queue.get(fresh.id).id == fresh.id


@pytest.mark.parametrize(
    "broken",
    [
        {"id": "ans_taken"},  # breaks the primary key
        {"question": None},  # breaks NOT NULL
        {"question": "half a surrogate \ud800"},  # no driver can encode it
        {"question": "a\x00b"},
        {"confidence": "much"},
        {"created_at": "yesterday"},
    ],
)
def test_an_entry_that_cannot_be_stored_hurts_no_other(
    ledger: Ledger, queue: TicketQueue, database: Database, broken: dict[str, Any]
) -> None:
    record(ledger, entry(0, id="ans_taken"))
    ticket = draft(queue)
    outcomes = record(ledger, entry(1), entry(2, **broken), entry(3, ticket=ticket), entry(4))
    if "\x00" in str(broken.get("question")) and database.engine.dialect.name == "sqlite":
        assert outcomes[1] == '{"id": "ans_2"}'  # SQLite keeps a NUL, PostgreSQL cannot
    else:
        assert isinstance(outcomes[1], Exception)
    assert [outcomes[0], outcomes[2], outcomes[3]] == [f'{{"id": "ans_{n}"}}' for n in (1, 3, 4)]
    assert {"ans_1", "ans_3", "ans_4"} <= set(stored(database))
    assert queue.get(ticket.id).id == ticket.id


def test_a_database_that_is_gone_fails_all_that_wait_and_is_used_again_once_it_is_back(
    ledger: Ledger, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0

    def gone() -> Any:
        nonlocal tries
        tries += 1
        raise DatabaseError("The database did not do as asked: it is gone.")

    with monkeypatch.context() as patch:
        patch.setattr(database, "write", gone)
        outcomes = record(ledger, *map(entry, range(20)))
    assert all(isinstance(outcome, DatabaseError) for outcome in outcomes)
    assert tries < 20, "each waited for a database that was known to be gone"
    assert record(ledger, entry(1)) == ['{"id": "ans_1"}']
    assert stored(database) == ["ans_1"]


def test_two_ledgers_on_one_database_store_one_of_two_equal_messages(
    ledger: Ledger, database: Database, queue: TicketQueue
) -> None:
    other = Ledger(database, queue)
    outcomes: list[str | BaseException] = []
    begin = threading.Barrier(2)

    def run(mine: Ledger, number: int) -> None:
        begin.wait(5)
        same = [entry(n, id=f"ans_{n}_{number}", response=f'"{n} {number}"') for n in range(30)]
        outcomes.extend(record(mine, *same))

    threads = [threading.Thread(target=run, args=(mine, n)) for n, mine in enumerate((ledger, other))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    other.stop()
    assert len(outcomes) == 60
    assert len(set(map(str, outcomes))) == 30
    assert len(stored(database)) == 30


def test_a_full_backlog_turns_callers_away_and_keeps_the_others(
    database: Database, queue: TicketQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "_BACKLOG", 3)
    made = Ledger(database, queue)
    monkeypatch.setattr(made, "start", lambda: None)

    async def together() -> list[str | BaseException]:
        waiting = [asyncio.ensure_future(made.record(entry(n))) for n in range(5)]
        await asyncio.sleep(0)
        Ledger.start(made)
        return await asyncio.gather(*waiting, return_exceptions=True)

    outcomes = asyncio.run(together())
    made.stop()
    assert outcomes[:3] == [f'{{"id": "ans_{n}"}}' for n in range(3)]
    assert all(isinstance(outcome, BacklogError) for outcome in outcomes[3:])
    assert "try again" in str(outcomes[3])


def test_stopping_writes_what_waits(database: Database, queue: TicketQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Ledger(database, queue)
    monkeypatch.setattr(made, "start", lambda: None)

    async def together() -> list[str]:
        waiting = [asyncio.ensure_future(made.record(entry(n))) for n in range(600)]
        await asyncio.sleep(0)
        Ledger.start(made)
        await asyncio.to_thread(made.stop)
        assert len(stored(database)) == 600
        return await asyncio.gather(*waiting)

    assert len(asyncio.run(together())) == 600


def test_a_stopped_ledger_starts_again_when_it_is_needed(ledger: Ledger, database: Database) -> None:
    record(ledger, entry(1))
    ledger.stop()
    ledger.stop()
    assert record(ledger, entry(2)) == ['{"id": "ans_2"}']


def test_several_event_loops_are_served_and_one_that_is_gone_stops_nobody(ledger: Ledger, database: Database) -> None:
    async def give_up() -> None:
        waiting = asyncio.ensure_future(ledger.record(entry(0)))
        await asyncio.sleep(0)
        waiting.cancel()

    asyncio.run(give_up())
    outcomes: list[str | BaseException] = []
    threads = [
        threading.Thread(target=lambda n=n: outcomes.extend(record(ledger, *(entry(10 * n + k) for k in range(10)))))  # type: ignore[misc]
        for n in range(1, 5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(outcomes) == 40
    assert not [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    ledger.stop()
    assert len(stored(database)) == 41  # what a caller gave up on was decided all the same


def test_an_earlier_message_is_found_by_all_that_it_was(ledger: Ledger) -> None:
    record(ledger, entry(1))
    assert ledger.earlier("chat", "m-1", "digest 1") == '{"id": "ans_1"}'
    assert ledger.earlier("email", "m-1", "digest 1") is None
    assert ledger.earlier("chat", "m-2", "digest 1") is None
    with pytest.raises(MessageConflictError):
        ledger.earlier("chat", "m-1", "another")


def test_a_conversation_is_the_latest_messages_of_one_channel(ledger: Ledger) -> None:
    record(ledger, *map(entry, range(30)), entry(40, channel="email"), entry(41, conversation_id="d"))
    history = ledger.conversation("chat", "c")
    assert [past.question for past in history] == [f"question {n}" for n in range(29, 9, -1)]
    assert ledger.conversation("chat", "none") == []
    earlier = ledger.conversation("chat", "c", before=START + timedelta(seconds=5), limit=3)
    assert [past.id for past in earlier] == ["ans_4", "ans_3", "ans_2"]


def test_feedback_opens_one_ticket_however_many_give_it(ledger: Ledger, queue: TicketQueue) -> None:
    record(ledger, entry(1))
    ids: list[str | None] = []

    def give() -> None:
        ids.append(ledger.give_feedback("ans_1", helpful=False, comment=None, ticket=draft(queue)))

    threads = [threading.Thread(target=give) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(ids) == 4
    assert len(set(ids)) == 1
    assert sum(queue.counts().by_status.values()) == 1


def test_feedback_on_an_answer_that_has_a_ticket_opens_none(ledger: Ledger, queue: TicketQueue) -> None:
    ticket = draft(queue)
    record(ledger, entry(1, ticket=ticket))
    assert ledger.give_feedback("ans_1", helpful=False, comment="x", ticket=draft(queue)) == ticket.id
    assert sum(queue.counts().by_status.values()) == 1


def test_feedback_on_no_answer_is_refused(ledger: Ledger, queue: TicketQueue) -> None:
    with pytest.raises(AnswerNotFoundError):
        ledger.give_feedback("ans_none", helpful=False, comment=None, ticket=draft(queue))
    assert sum(queue.counts().by_status.values()) == 0


def test_receipts_are_forgotten_when_their_days_are_over_and_tickets_are_not(
    ledger: Ledger, queue: TicketQueue, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "_FORGET_BATCH", 3)
    now = datetime.now(UTC)
    ticket = draft(queue)
    old = [entry(n, created_at=now - timedelta(days=31 + n)) for n in range(7)]
    record(ledger, *old, entry(8, created_at=now - timedelta(days=31), ticket=ticket), entry(9, created_at=now))
    ledger.give_feedback("ans_3", helpful=True, comment="thanks", ticket=None)
    ledger.give_feedback("ans_9", helpful=True, comment=None, ticket=None)
    assert ledger.forget(older_than=timedelta(days=30)) == 8
    assert ledger.forget(older_than=timedelta(days=30)) == 0
    assert stored(database) == ["ans_9"]
    assert ledger.feedback("ans_3") is None
    assert ledger.feedback("ans_9") is not None
    assert queue.get(ticket.id).id == ticket.id
