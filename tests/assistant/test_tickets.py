"""The ticket queue as a desk uses it, on every database."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa

from assistant.tables import ticket_events, ticket_messages, tickets
from assistant.tickets import (
    SETTLED,
    STATUSES,
    TRANSITIONS,
    Customer,
    Status,
    Ticket,
    TicketClaimedError,
    TicketIdTakenError,
    TicketNotFoundError,
    TicketQueue,
    TicketStateError,
    TranslatedText,
)
from assistant.tickets import queue as queue_module
from knowledge.database import Database
from knowledge.errors import InputError, StaleError
from knowledge.page import CursorError
from tests.assistant.tickets import START, Clock, open_queue, open_ticket

ENGLISH = TranslatedText(language="en", text="How do I return goods?", engine="argos")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(database: Database, clock: Clock) -> TicketQueue:
    return open_queue(database, clock)


def _bring(queue: TicketQueue, status: Status, **asked: Any) -> Ticket:
    """Open a ticket and bring it to a status by the ways there are."""
    ticket = open_ticket(queue, **asked)
    for step in {"new": (), "closed": ("solved", "closed")}.get(status, (status,)):
        ticket = queue.update(ticket.id, actor="anna", status=step)  # type: ignore[arg-type]
    return ticket


def _ids(queue: TicketQueue, **filters: Any) -> list[str]:
    return [ticket.id for ticket in queue.page(limit=500, **filters).items]


# --- opening


def test_an_opened_ticket_is_read_back_as_it_was_drafted(queue: TicketQueue) -> None:
    opened = open_ticket(
        queue, question="𝒴 👩‍🚀 שלום \u202eabc", tags=["a", "б"], question_translation=ENGLISH, priority="urgent"
    )
    assert queue.get(opened.id) == opened
    assert queue.get(opened.id.lower()) == opened


def test_the_question_is_the_first_message_and_opening_the_first_event(queue: TicketQueue) -> None:
    opened = open_ticket(queue, question_translation=ENGLISH)
    (message,) = queue.messages(opened.id).items
    assert (message.author_kind, message.author, message.visibility) == ("customer", "Алеся Коўш", "public")
    assert (message.body, message.language, message.translation) == ("Як вярнуць тавар?", "be", ENGLISH)
    assert message.created_at == START
    (event,) = queue.events(opened.id).items
    assert (event.kind, event.actor, event.at) == ("created", "assistant", START)
    assert event.changes["status"] == (None, "new")
    assert event.changes["due_at"] == (None, "2026-03-03T09:30:15.123456Z")


def test_a_ticket_lands_with_its_callers_transaction_or_not_at_all(queue: TicketQueue) -> None:
    draft = queue.draft(question="?", customer=Customer(), channel="chat", language="en", reason="no_match")

    def write_and_fail() -> None:
        with queue.database.write() as connection:
            queue.insert(connection, draft, actor="assistant")
            raise RuntimeError("the receipt could not be written")

    with pytest.raises(RuntimeError):
        write_and_fail()
    with pytest.raises(TicketNotFoundError):
        queue.get(draft.id)
    with queue.database.write() as connection:
        queue.insert(connection, draft, actor="assistant")
    assert queue.get(draft.id) == draft


def test_a_taken_id_leaves_the_callers_transaction_usable(queue: TicketQueue) -> None:
    taken = open_ticket(queue)
    other = queue.draft(question="Other", customer=Customer(), channel="chat", language="en", reason="no_match")
    with queue.database.write() as connection:
        with pytest.raises(TicketIdTakenError, match=taken.id):
            queue.insert(connection, replace(other, id=taken.id), actor="assistant")
        queue.insert(connection, other, actor="assistant")
    assert queue.get(taken.id) == taken
    assert queue.get(other.id).question == "Other"


def test_a_taken_id_is_drawn_again_when_a_ticket_is_created(
    queue: TicketQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = open_ticket(queue)
    draws = iter([taken.id, "T-7K3QX9M"])
    draft = replace(queue.draft(question="?", customer=Customer(), channel="c", language="en", reason="r"), id=taken.id)
    with monkeypatch.context() as patch:
        patch.setattr(queue_module, "new_ticket_id", lambda: next(draws))
        created = queue.create(draft, actor="assistant")
        assert created == replace(draft, id="T-7K3QX9M")
        patch.setattr(queue_module, "new_ticket_id", lambda: taken.id)
        with pytest.raises(TicketIdTakenError):
            queue.create(draft, actor="assistant")
    assert len(_ids(queue)) == 2


UNKNOWN = ["T-0000000", "", "nonsense", "\x00", "\ud800", "T-" * 50_000, "' OR 1=1 --", "Т-0000000"]


def test_an_unknown_ticket_is_not_found_whatever_is_asked_of_it(queue: TicketQueue) -> None:
    open_ticket(queue)
    asked: list[Callable[[str], object]] = [
        lambda id: queue.get(id),
        lambda id: queue.update(id, actor="anna", status="open"),
        lambda id: queue.claim(id, agent="anna"),
        lambda id: queue.release(id, agent="anna"),
        lambda id: queue.solve(id, agent="anna"),
        lambda id: queue.reply(id, agent="anna", body="Hi"),
        lambda id: queue.customer_reply(id, body="Hi"),
        lambda id: queue.messages(id),
        lambda id: queue.events(id),
    ]
    for id in UNKNOWN:
        for ask in asked:
            with pytest.raises(TicketNotFoundError, match="There is no ticket"):
                ask(id)


# --- changing


def test_a_change_raises_the_version_and_is_explained(queue: TicketQueue, clock: Clock) -> None:
    opened = open_ticket(queue)
    later = clock.turn(minutes=5)
    changed = queue.update(
        opened.id, actor="anna", status="hold", tags=["vip"], subject="Вяртанне", language="ru", assignee="boris"
    )
    assert changed == queue.get(opened.id)
    assert changed == replace(
        opened,
        version=2,
        updated_at=later,
        status="hold",
        tags=("vip",),
        subject="Вяртанне",
        language="ru",
        assignee="boris",
    )
    event = queue.events(opened.id).items[-1]
    assert (event.kind, event.actor, event.at) == ("changed", "anna", later)
    assert event.changes == {
        "status": ("new", "hold"),
        "tags": ([], ["vip"]),
        "subject": ("Як вярнуць тавар?", "Вяртанне"),
        "language": ("be", "ru"),
        "assignee": (None, "boris"),
    }


def test_a_change_that_changes_nothing_writes_nothing(queue: TicketQueue, clock: Clock) -> None:
    opened = open_ticket(queue, tags=["a"])
    clock.turn(minutes=5)
    assert queue.update(opened.id, actor="anna") == opened
    assert queue.update(opened.id, actor="anna", status="new", priority="normal", tags=["a"], assignee=None) == opened
    assert queue.release(opened.id, agent="anna") == opened
    closed = _bring(queue, "closed")
    assert queue.update(closed.id, actor="anna", status="closed") == closed
    assert len(queue.events(opened.id).items) == 1


def test_a_change_of_another_version_is_stale_and_changes_nothing(queue: TicketQueue) -> None:
    seen = open_ticket(queue)
    now = queue.update(seen.id, actor="anna", tags=["first"], expected_version=seen.version)
    stale: list[Callable[[], object]] = [
        lambda: queue.update(seen.id, actor="boris", tags=["second"], expected_version=1),
        lambda: queue.claim(seen.id, agent="boris", expected_version=1),
        lambda: queue.release(seen.id, agent="boris", expected_version=1),
        lambda: queue.solve(seen.id, agent="boris", expected_version=1),
        lambda: queue.reply(seen.id, agent="boris", body="Hi", expected_version=1),
        lambda: queue.update(seen.id, actor="boris", tags=["second"], expected_version=3),
        lambda: queue.update(seen.id, actor="boris", expected_version=-1),
    ]
    for change in stale:
        with pytest.raises(StaleError, match=f"{seen.id} has version 2; version -?\\d was expected: read it again"):
            change()
    assert queue.get(seen.id) == now
    assert len(queue.messages(seen.id).items) == 1


def test_statuses_are_changed_exactly_as_the_table_says(queue: TicketQueue) -> None:
    for status, wanted in product(STATUSES, STATUSES):
        ticket = _bring(queue, status)
        assert ticket.status == status
        if wanted in TRANSITIONS[status]:
            moved = queue.update(ticket.id, actor="anna", status=wanted)
            assert moved == queue.get(ticket.id)
            assert (moved.status, moved.version) == (wanted, ticket.version + 1)
            assert (moved.solved_at is not None) == (wanted in SETTLED)
            event = queue.events(ticket.id).items[-1]
            assert event.kind == ("solved" if wanted == "solved" else "changed")
            assert event.changes["status"] == (status, wanted)
        elif wanted != status:
            with pytest.raises(TicketStateError, match=f"{ticket.id} is {status} and cannot become {wanted}"):
                queue.update(ticket.id, actor="anna", status=wanted, tags=["lost"])
            assert queue.get(ticket.id) == ticket


def test_a_closed_ticket_takes_no_change_and_no_word(queue: TicketQueue) -> None:
    closed = _bring(queue, "closed")
    refused: list[Callable[[], object]] = [
        lambda: queue.update(closed.id, actor="anna", tags=["x"]),
        lambda: queue.update(closed.id, actor="anna", assignee="anna"),
        lambda: queue.claim(closed.id, agent="anna"),
        lambda: queue.solve(closed.id, agent="anna"),
        lambda: queue.solve(closed.id, agent="anna", message="Bye"),
        lambda: queue.reply(closed.id, agent="anna", body="Hi"),
        lambda: queue.reply(closed.id, agent="anna", body="Hi", visibility="internal"),
        lambda: queue.customer_reply(closed.id, body="Hello?"),
    ]
    for change in refused:
        with pytest.raises(TicketStateError, match="closed"):
            change()
    assert queue.get(closed.id) == closed
    assert len(queue.messages(closed.id).items) == 1
    assert len(queue.events(closed.id).items) == 3


def test_a_raised_priority_brings_the_promises_nearer_and_a_lowered_one_keeps_them(
    queue: TicketQueue, clock: Clock
) -> None:
    opened = open_ticket(queue)
    later = clock.turn(hours=1)
    urgent = queue.update(opened.id, actor="anna", priority="urgent")
    assert urgent.first_response_due_at == later + timedelta(hours=1)
    assert urgent.due_at == later + timedelta(hours=4)
    low = queue.update(opened.id, actor="anna", priority="low")
    assert (low.priority, low.first_response_due_at, low.due_at) == (
        "low",
        urgent.first_response_due_at,
        urgent.due_at,
    )
    assert queue.events(opened.id).items[1].changes["due_at"] == (
        "2026-03-03T09:30:15.123456Z",
        "2026-03-02T14:30:15.123456Z",
    )


HOSTILE: list[tuple[str, Callable[[Any, str], object]]] = [
    ("body", lambda queue, id: queue.reply(id, agent="anna", body="")),
    ("body", lambda queue, id: queue.reply(id, agent="anna", body=" \n ")),
    ("body", lambda queue, id: queue.reply(id, agent="anna", body="a\x00")),
    ("body", lambda queue, id: queue.customer_reply(id, body="\ud800")),
    ("body", lambda queue, id: queue.customer_reply(id, body="x" * 50_001)),
    ("body", lambda queue, id: queue.solve(id, agent="anna", message="")),
    ("language", lambda queue, id: queue.reply(id, agent="anna", body="Hi", language="12")),
    (
        "translation.text",
        lambda queue, id: queue.reply(
            id, agent="anna", body="Hi", translation=TranslatedText(language="be", text="\x00")
        ),
    ),
    ("visibility", lambda queue, id: queue.reply(id, agent="anna", body="Hi", visibility="secret")),
    ("status", lambda queue, id: queue.reply(id, agent="anna", body="Hi", status="done")),
    ("status", lambda queue, id: queue.update(id, actor="anna", status="")),
    ("priority", lambda queue, id: queue.update(id, actor="anna", priority="\x00")),
    ("subject", lambda queue, id: queue.update(id, actor="anna", subject=" ")),
    ("tags", lambda queue, id: queue.update(id, actor="anna", tags=["\ud800"])),
    ("assignee", lambda queue, id: queue.update(id, actor="anna", assignee="x" * 201)),
    ("actor", lambda queue, id: queue.update(id, actor="", subject="x")),
    ("agent", lambda queue, id: queue.claim(id, agent="\x00")),
    ("agent", lambda queue, id: queue.claim_next(agent=" ")),
    ("agent", lambda queue, id: queue.release(id, agent="x" * 201)),
    ("language", lambda queue, id: queue.claim_next(agent="anna", languages=["%"])),
    ("channels", lambda queue, id: queue.claim_next(agent="anna", channels=["\x00"])),
    ("visibility", lambda queue, id: queue.messages(id, visibility="all")),
    ("limit", lambda queue, id: queue.page(limit=0)),
    ("limit", lambda queue, id: queue.recent_solved(501)),
    ("status", lambda queue, id: queue.page(status="waiting")),
    ("status", lambda queue, id: queue.page(status=["new", "\x00"])),
    ("language", lambda queue, id: queue.page(language="\x00")),
    ("channel", lambda queue, id: queue.page(channel="")),
    ("assignee", lambda queue, id: queue.page(assignee="\ud800")),
    ("query", lambda queue, id: queue.page(query="x" * 501)),
    ("query", lambda queue, id: queue.page(query="a\x00b")),
]


def test_hostile_input_is_refused_with_its_field_and_changes_nothing(queue: TicketQueue) -> None:
    opened = open_ticket(queue)
    for number, (field, change) in enumerate(HOSTILE):
        with pytest.raises(InputError) as caught:
            change(queue, opened.id)
        assert (number, caught.value.field) == (number, field)
    assert queue.get(opened.id) == opened
    assert len(queue.messages(opened.id).items) == 1


# --- claiming


def test_a_claimed_ticket_is_open_and_refuses_others_by_name(queue: TicketQueue, clock: Clock) -> None:
    opened = open_ticket(queue)
    clock.turn(minutes=1)
    claimed = queue.claim(opened.id, agent="anna", expected_version=1)
    assert (claimed.assignee, claimed.status, claimed.version) == ("anna", "open", 2)
    assert queue.claim(opened.id, agent="anna") == claimed
    with pytest.raises(TicketClaimedError, match=f"{opened.id} was claimed by anna; ask them") as caught:
        queue.claim(opened.id, agent="boris")
    assert caught.value.assignee == "anna"
    assert queue.get(opened.id) == claimed
    event = queue.events(opened.id).items[-1]
    assert (event.kind, event.changes) == ("claimed", {"status": ("new", "open"), "assignee": (None, "anna")})


def test_a_released_ticket_may_be_claimed_by_another(queue: TicketQueue) -> None:
    opened = open_ticket(queue)
    queue.claim(opened.id, agent="anna")
    released = queue.release(opened.id, agent="anna")
    assert (released.assignee, released.status) == (None, "open")
    assert queue.events(opened.id).items[-1].changes == {"assignee": ("anna", None)}
    assert queue.claim(opened.id, agent="boris").assignee == "boris"


def test_claiming_a_waiting_ticket_leaves_it_waiting_and_a_solved_one_is_refused(queue: TicketQueue) -> None:
    for status in ("pending", "hold"):
        assert queue.claim(_bring(queue, status).id, agent="anna").status == status
    with pytest.raises(TicketStateError, match="is solved; only an unsettled one can be claimed"):
        queue.claim(_bring(queue, "solved").id, agent="anna")


def test_the_ticket_whose_next_promise_is_due_first_is_claimed_next(queue: TicketQueue, clock: Clock) -> None:
    low = open_ticket(queue, priority="low")
    normal = open_ticket(queue, priority="normal")
    clock.turn(minutes=1)
    urgent = open_ticket(queue, priority="urgent")
    answered = open_ticket(queue, priority="urgent")
    queue.reply(answered.id, agent="anna", body="On it", status="open")  # next due in 4 hours, no more in 1
    for status in ("pending", "hold", "solved", "closed"):
        _bring(queue, status, priority="urgent")
    queue.update(open_ticket(queue, priority="urgent").id, actor="anna", assignee="boris")
    claimed = [queue.claim_next(agent="anna") for _ in range(5)]
    assert [ticket and ticket.id for ticket in claimed] == [urgent.id, answered.id, normal.id, low.id, None]
    assert all(ticket is None or (ticket == queue.get(ticket.id) and ticket.assignee == "anna") for ticket in claimed)
    assert queue.events(urgent.id).items[-1].kind == "claimed"


def test_claiming_next_keeps_to_the_languages_and_channels_of_the_agent(queue: TicketQueue) -> None:
    belarusian = open_ticket(queue)
    brazilian = open_ticket(queue, language="pt-BR", channel="email")
    filipino = open_ticket(queue, language="fil", channel="email")
    finnish = open_ticket(queue, language="fi", channel="chat")
    assert queue.claim_next(agent="a", languages=["fr", "de"]) is None
    assert queue.claim_next(agent="a", channels=["phone"]) is None
    assert queue.claim_next(agent="a", languages=["pt"], channels=["chat"]) is None

    def claim(**wanted: Any) -> str:
        ticket = queue.claim_next(agent="a", **wanted)
        assert ticket is not None
        return ticket.id

    assert claim(languages=["fr", "FI"]) == finnish.id
    assert claim(languages=["pt"], channels=["phone", "email"]) == brazilian.id
    assert claim(channels=["email"]) == filipino.id
    assert claim() == belarusian.id


# --- answering


def test_a_public_reply_is_the_first_response_once_and_waits_for_the_customer(queue: TicketQueue, clock: Clock) -> None:
    opened = open_ticket(queue)
    first = clock.turn(minutes=10)
    translation = TranslatedText(language="be", text="У 14 дзён.", engine="argos")
    message = queue.reply(opened.id, agent="anna", body="Within 14 days.", language="en", translation=translation)
    ticket = queue.get(opened.id)
    assert (ticket.status, ticket.first_responded_at, ticket.updated_at, ticket.version) == ("pending", first, first, 2)
    clock.turn(minutes=10)
    queue.reply(opened.id, agent="boris", body="And keep the box.")
    assert queue.get(opened.id).first_responded_at == first

    said = queue.messages(opened.id).items
    assert said[1] == message
    assert (message.author_kind, message.author, message.visibility) == ("agent", "anna", "public")
    assert (message.body, message.language, message.translation) == ("Within 14 days.", "en", translation)
    assert [one.body for one in said] == ["Як вярнуць тавар?", "Within 14 days.", "And keep the box."]
    assert said[2].language == "be"
    event = queue.events(opened.id).items[1]
    assert event.kind == "replied"
    assert event.changes == {
        "status": ("new", "pending"),
        "first_responded_at": (None, "2026-03-02T09:40:15.123456Z"),
        "message": (None, message.id),
    }


def test_a_reply_may_say_which_status_follows(queue: TicketQueue) -> None:
    opened = open_ticket(queue)
    queue.reply(opened.id, agent="anna", body="I ask the warehouse.", status="hold")
    assert queue.get(opened.id).status == "hold"
    queue.reply(opened.id, agent="anna", body="Found it.", status="solved")
    assert queue.get(opened.id).status == "solved"
    assert queue.events(opened.id).items[-1].kind == "solved"
    with pytest.raises(TicketStateError):
        queue.reply(opened.id, agent="anna", body="Wait", status="hold")
    assert len(queue.messages(opened.id).items) == 3
    queue.reply(opened.id, agent="anna", body="You are welcome.")
    assert queue.get(opened.id).status == "solved"


def test_a_note_is_internal_and_no_response(queue: TicketQueue) -> None:
    opened = open_ticket(queue)
    note = queue.reply(opened.id, agent="anna", body="Seems angry", visibility="internal")
    ticket = queue.get(opened.id)
    assert (ticket.status, ticket.first_responded_at, ticket.version) == ("new", None, 2)
    assert queue.messages(opened.id, visibility="internal").items == (note,)
    assert [one.body for one in queue.messages(opened.id, visibility="public").items] == [opened.question]
    assert queue.events(opened.id).items[-1].kind == "noted"


def test_solving_notes_when_and_says_the_last_word_where_there_is_one(queue: TicketQueue, clock: Clock) -> None:
    silent, told = open_ticket(queue), open_ticket(queue)
    at = clock.turn(hours=2)
    solved = queue.solve(silent.id, agent="anna")
    assert (solved.status, solved.solved_at, solved.first_responded_at) == ("solved", at, None)
    assert len(queue.messages(silent.id).items) == 1
    assert queue.solve(silent.id, agent="boris") == solved

    solved = queue.solve(told.id, agent="anna", message="Done!", language="en")
    assert solved == queue.get(told.id)
    assert (solved.status, solved.solved_at, solved.first_responded_at, solved.version) == ("solved", at, at, 2)
    assert queue.messages(told.id).items[-1].body == "Done!"
    event = queue.events(told.id).items[-1]
    assert (event.kind, event.actor) == ("solved", "anna")
    assert set(event.changes) == {"status", "solved_at", "first_responded_at", "message"}


def test_a_customers_reply_brings_a_waiting_or_solved_ticket_back(queue: TicketQueue, clock: Clock) -> None:
    for status in STATUSES[:-1]:
        _check_customers_reply(queue, clock, status)


def _check_customers_reply(queue: TicketQueue, clock: Clock, status: Status) -> None:
    ticket = _bring(queue, status)
    at = clock.turn(days=3)
    message = queue.customer_reply(ticket.id, body="Дзякуй, але…", language="be")
    now = queue.get(ticket.id)
    assert now.status == ("new" if status == "new" else "open")
    assert (now.solved_at, now.updated_at, now.version) == (None, at, ticket.version + 1)
    assert (message.author_kind, message.author, message.visibility) == ("customer", "Алеся Коўш", "public")
    assert queue.messages(ticket.id).items[-1] == message
    assert queue.events(ticket.id).items[-1].kind == "customer_replied"
    # The three days were the customer's, or they were the desk's and the promise stays broken.
    waited = status in ("pending", "solved")
    assert now.due_at == (at + timedelta(days=1) if waited else ticket.due_at)
    assert now.first_response_due_at == (at + timedelta(hours=8) if waited else ticket.first_response_due_at)
    assert now.is_overdue(at) != waited


def test_a_quick_customer_does_not_move_a_promise_to_earlier_or_a_kept_first_response(
    queue: TicketQueue, clock: Clock
) -> None:
    opened = open_ticket(queue)
    queue.update(opened.id, actor="anna", priority="low")
    queue.reply(opened.id, agent="anna", body="Which order?")
    clock.turn(minutes=1)
    queue.customer_reply(opened.id, body="Order 12")
    now = queue.get(opened.id)
    assert now.first_response_due_at == opened.first_response_due_at
    assert now.due_at == clock.at + timedelta(days=3)


def test_times_never_run_backwards_when_a_clock_does(queue: TicketQueue, clock: Clock) -> None:
    opened = open_ticket(queue)
    clock.turn(minutes=-10)
    claimed = queue.claim(opened.id, agent="anna")
    assert claimed.updated_at == opened.updated_at
    assert [event.kind for event in queue.events(opened.id).items] == ["created", "claimed"]


# --- lists


def test_the_desk_sees_the_next_promise_first_and_what_was_settled_last_after_that(
    queue: TicketQueue, clock: Clock
) -> None:
    solved_first = _bring(queue, "solved")
    low = open_ticket(queue, priority="low")
    clock.turn(minutes=1)
    closed_later = _bring(queue, "closed")
    clock.turn(minutes=1)
    urgent = open_ticket(queue, priority="urgent")
    normal = open_ticket(queue)
    assert _ids(queue) == [urgent.id, normal.id, low.id, closed_later.id, solved_first.id]
    assert [ticket.id for ticket in queue.recent_solved(5)] == [closed_later.id, solved_first.id]
    assert [ticket.id for ticket in queue.recent_solved(1)] == [closed_later.id]
    assert list(queue.page().items) == [queue.get(id) for id in _ids(queue)]


def test_tickets_due_at_the_same_moment_are_paged_once_each(queue: TicketQueue) -> None:
    opened = sorted(open_ticket(queue).id for _ in range(9))
    seen: list[str] = []
    cursor: str | None = None
    for page_number in range(5):
        page = queue.page(limit=2, cursor=cursor)
        seen += [ticket.id for ticket in page.items]
        cursor = page.next_cursor
        assert (cursor is None) == (page_number == 4)
    assert seen == opened
    assert queue.page(limit=9).next_cursor is None


def test_paging_is_stable_while_tickets_are_added(queue: TicketQueue, clock: Clock) -> None:
    chance = random.Random(7)
    there = []
    for number in range(60):
        clock.turn(seconds=chance.randint(-300, 300))
        ticket = open_ticket(queue, priority=chance.choice(["low", "normal", "high", "urgent"]))
        there.append(queue.solve(ticket.id, agent="anna").id if number % 3 == 0 else ticket.id)
    expected = _ids(queue)
    assert sorted(expected) == sorted(there)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = queue.page(limit=7, cursor=cursor)
        seen += [ticket.id for ticket in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
        for _ in range(3):
            clock.turn(seconds=chance.randint(-300, 300))
            open_ticket(queue, priority=chance.choice(["low", "normal", "high", "urgent"]))
    assert [id for id in seen if id in set(there)] == expected
    assert len(seen) == len(set(seen))


def test_filters_choose_what_they_name(queue: TicketQueue, clock: Clock) -> None:
    chat = open_ticket(queue)
    mail = open_ticket(queue, language="pt-BR", channel="email")
    claimed = queue.claim(open_ticket(queue, language="pt", channel="email").id, agent="Anna Lee")
    solved = _bring(queue, "solved", language="fil")

    def found(**filters: Any) -> set[str]:
        return set(_ids(queue, **filters))

    assert found(status="new") == {chat.id, mail.id}
    assert found(status=["open", "solved"]) == {claimed.id, solved.id}
    assert found(status=[]) == set()
    assert found(language="pt") == {mail.id, claimed.id}
    assert found(language="pt_br") == {mail.id}
    assert found(language="fi") == set()
    assert found(channel="email") == {mail.id, claimed.id}
    assert found(assignee="Anna Lee") == {claimed.id}
    assert found(assignee="anna lee") == set()
    assert found(assignee="") == {chat.id, mail.id, solved.id}
    assert found(status="new", language="pt", channel="email", assignee="") == {mail.id}


def test_overdue_is_told_alike_by_record_list_and_count_to_the_tick(queue: TicketQueue, clock: Clock) -> None:
    opened = open_ticket(queue)
    answered = open_ticket(queue)
    queue.reply(answered.id, agent="anna", body="Soon", status="hold")
    _bring(queue, "solved")
    _bring(queue, "closed")
    moments = {
        opened.first_response_due_at - timedelta(seconds=1): set(),
        opened.first_response_due_at: set(),
        opened.first_response_due_at + timedelta(microseconds=1): {opened.id},
        opened.first_response_due_at + timedelta(seconds=1): {opened.id},
        opened.due_at: {opened.id},
        opened.due_at + timedelta(microseconds=1): {opened.id, answered.id},
        opened.due_at + timedelta(days=20_000): {opened.id, answered.id},
    }
    everything = set(_ids(queue))
    assert len(everything) == 4
    for moment, late in moments.items():
        clock.at = moment
        assert {ticket.id for ticket in queue.page().items if ticket.is_overdue(moment)} == late
        assert set(_ids(queue, overdue=True)) == late
        assert set(_ids(queue, overdue=False)) == everything - late
        assert queue.counts().overdue == len(late)


FOUND = [
    "вярнуць",
    "ТАВАР вярн",
    "return GOODS",
    "коўш",
    "КОЎШ",
    "alesia@EXAMPLE",
    "+375 29",
    "100%",
    "c-77",
    "%",
    "",
    "  ",
]
NOT_FOUND = ["тавар refund", "1000", "100_", "_", "\\", "'; DROP TABLE tickets; --", "👍"]


def test_a_search_finds_words_in_any_case_and_signs_as_they_are(queue: TicketQueue) -> None:
    customer = Customer(id="c-77", name="Алеся Коўш", email="alesia@example.org", phone="+375 29 123")
    ticket = open_ticket(
        queue, question="Як вярнуць 100% тавару?\nДзякуй", customer=customer, question_translation=ENGLISH
    )
    open_ticket(queue, question="Zzz", customer=Customer())
    assert [query for query in FOUND if ticket.id not in _ids(queue, query=query)] == []
    assert [query for query in NOT_FOUND if ticket.id in _ids(queue, query=query)] == []


def test_a_search_follows_the_subject_and_finds_the_id(queue: TicketQueue) -> None:
    ticket = open_ticket(queue)
    queue.update(ticket.id, actor="anna", subject="Ўзнагарода")
    assert _ids(queue, query="ўЗНАГ") == [ticket.id]
    assert _ids(queue, query=ticket.id.lower()) == [ticket.id]


def test_a_cursor_of_another_list_is_refused(queue: TicketQueue) -> None:
    ticket = open_ticket(queue)
    for cursor in ("", "x", "W10", "\x00", "\ud800", "WzEsMl0", "é" * 3_000):
        with pytest.raises(CursorError):
            queue.page(cursor=cursor)
        with pytest.raises(CursorError):
            queue.messages(ticket.id, cursor=cursor)
        with pytest.raises(CursorError):
            queue.events(ticket.id, cursor=cursor)


def test_messages_and_events_are_paged_in_the_order_they_came(queue: TicketQueue) -> None:
    ticket, other = open_ticket(queue), open_ticket(queue)
    for number in range(12):
        queue.customer_reply(ticket.id, body=f"Message {number}")
        queue.customer_reply(other.id, body="Another ticket's")
    bodies: list[str] = []
    kinds: list[str] = []
    cursor = None
    while True:
        page = queue.messages(ticket.id, limit=5, cursor=cursor)
        bodies += [message.body for message in page.items]
        if (cursor := page.next_cursor) is None:
            break
    while True:
        history = queue.events(ticket.id, limit=5, cursor=cursor)
        kinds += [event.kind for event in history.items]
        if (cursor := history.next_cursor) is None:
            break
    assert bodies == [ticket.question, *(f"Message {number}" for number in range(12))]
    assert kinds == ["created"] + ["customer_replied"] * 12


def test_counts_cover_every_status(queue: TicketQueue) -> None:
    nothing = queue.counts()
    assert nothing.by_status == dict.fromkeys(STATUSES, 0)
    assert (nothing.overdue, nothing.unclaimed) == (0, 0)
    for number, status in enumerate(STATUSES, start=1):
        for _ in range(number):
            _bring(queue, status)
    queue.claim(queue.page(status="new").items[0].id, agent="anna")
    counts = queue.counts()
    assert counts.by_status == {"new": 0, "open": 3, "pending": 3, "hold": 4, "solved": 5, "closed": 6}
    assert (counts.overdue, counts.unclaimed) == (0, 2)


def test_every_change_leaves_exactly_one_event_for_its_version(queue: TicketQueue) -> None:
    ticket = open_ticket(queue)
    queue.claim(ticket.id, agent="anna")
    queue.reply(ticket.id, agent="anna", body="Which order?")
    queue.customer_reply(ticket.id, body="12")
    queue.reply(ticket.id, agent="anna", body="odd one", visibility="internal")
    queue.update(ticket.id, actor="anna", priority="high", tags=["a"])
    queue.release(ticket.id, agent="lead")
    queue.solve(ticket.id, agent="anna", message="Done")
    queue.update(ticket.id, actor="lead", status="closed")
    events = queue.events(ticket.id).items
    assert [event.kind for event in events] == [
        "created",
        "claimed",
        "replied",
        "customer_replied",
        "noted",
        "changed",
        "released",
        "solved",
        "changed",
    ]
    assert queue.get(ticket.id).version == len(events)
    with queue.database.read() as connection:
        for table, rows in ((tickets, 1), (ticket_messages, 5), (ticket_events, 9)):
            assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == rows
