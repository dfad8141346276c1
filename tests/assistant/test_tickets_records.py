"""Tickets without a database: ids, statuses, due times, and what may be written into them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.tickets import (
    PRIORITIES,
    SETTLED,
    STATUSES,
    TRANSITIONS,
    Customer,
    Priority,
    ServiceTargets,
    Status,
    Target,
    Ticket,
    TicketQueue,
    TicketStateError,
    TranslatedText,
    new_ticket_id,
    read_ticket_id,
)
from assistant.tickets.text import subject_of
from knowledge.database import open_database
from knowledge.errors import ConfigurationError, InputError
from tests.assistant.tickets import START

LATER = START + timedelta(hours=1)


@pytest.fixture(scope="module")
def queue() -> TicketQueue:
    # Drafts touch no database: this one is never opened.
    return TicketQueue(open_database("sqlite:////nowhere/faq.db"), ServiceTargets(), clock=lambda: START)


def _draft(queue: TicketQueue, **changes: Any) -> Ticket:
    asked: dict[str, Any] = {
        "question": "Wo ist mein Paket?",
        "customer": Customer(),
        "channel": "email",
        "language": "de",
        "reason": "no_match",
    }
    return queue.draft(**asked | changes)


def test_new_ids_are_short_distinct_and_without_letters_that_are_misread() -> None:
    ids = {new_ticket_id() for _ in range(2_000)}
    assert len(ids) >= 1_999
    assert {len(id) for id in ids} == {9}
    assert {id[:2] for id in ids} == {"T-"}
    assert {sign for id in ids for sign in id[2:]} == set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("T-7K3QX9M", "T-7K3QX9M"),
        (" t-7k3qx9m\n", "T-7K3QX9M"),
        ("T-OIL0000", "T-0110000"),
        ("T-7K3QX9", None),
        ("T-7K3QX9MM", None),
        ("T-7K3QX9U", None),
        ("T-7K3QX9M' OR 1=1", None),
        ("Т-7K3QX9M", None),  # a Cyrillic Т
        ("T-７K3QX9M", None),  # a wide 7
        ("T-7K3\x00X9M", None),
        ("\ud800", None),
        ("", None),
        ("T-7K3QX9M" * 100_000, None),
    ],
)
def test_an_id_is_read_as_it_was_meant(written: str, meant: str | None) -> None:
    assert read_ticket_id(written) == meant


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("wanted", STATUSES)
def test_a_ticket_moves_exactly_where_the_table_says(queue: TicketQueue, status: Status, wanted: Status) -> None:
    ticket = replace(_draft(queue), status=status, solved_at=START if status in SETTLED else None)
    if status == wanted:
        assert ticket.moved_to(wanted, at=LATER) is ticket
    elif wanted in TRANSITIONS[status]:
        moved = ticket.moved_to(wanted, at=LATER)
        solved_at = {"solved": LATER, "closed": START}.get(wanted)
        assert moved == replace(ticket, status=wanted, solved_at=solved_at)
    else:
        with pytest.raises(TicketStateError, match=f"is {status} and cannot become {wanted}; "):
            ticket.moved_to(wanted, at=LATER)


def test_every_status_is_in_the_table_closed_is_final_and_new_never_returns() -> None:
    assert tuple(TRANSITIONS) == STATUSES == get_args(Status)
    assert TRANSITIONS["closed"] == frozenset()
    assert all("new" not in ways and status not in ways for status, ways in TRANSITIONS.items())
    assert {status for status, ways in TRANSITIONS.items() if "closed" in ways} == {"solved"}
    assert all("solved" in TRANSITIONS[status] for status in STATUSES if status not in SETTLED)


@pytest.mark.parametrize(
    ("priority", "first_response", "solve"),
    [("urgent", 1, 4), ("high", 4, 8), ("normal", 8, 24), ("low", 24, 72)],
)
def test_a_draft_promises_what_its_priority_has_as_target(
    queue: TicketQueue, priority: Priority, first_response: int, solve: int
) -> None:
    ticket = _draft(queue, priority=priority)
    assert ticket.first_response_due_at == START + timedelta(hours=first_response)
    assert ticket.due_at == START + timedelta(hours=solve)


def test_targets_of_ones_own_are_used_and_impossible_ones_refused() -> None:
    targets = ServiceTargets(high=Target(first_response=10, solve=90))
    assert targets.first_response_due(START, "high") == START + timedelta(minutes=10)
    assert targets.due(START, "high") == START + timedelta(minutes=90)
    assert targets.due(START, "low") == START + timedelta(days=3)
    for first_response, solve in [(0, 5), (-1, 5), (6, 5), (5, 10**9)]:
        with pytest.raises(ConfigurationError, match="for urgent tickets"):
            ServiceTargets(urgent=Target(first_response=first_response, solve=solve))


def test_a_ticket_is_overdue_just_after_the_moment_that_was_promised(queue: TicketQueue) -> None:
    tick = timedelta(microseconds=1)
    ticket = _draft(queue)
    assert not ticket.is_overdue(ticket.first_response_due_at)
    assert ticket.is_overdue(ticket.first_response_due_at + tick)

    answered = ticket.responded(LATER)
    assert answered.first_responded_at == LATER
    assert answered.responded(LATER + tick) is answered
    assert not answered.is_overdue(ticket.first_response_due_at + tick)
    assert not answered.is_overdue(ticket.due_at)
    assert answered.is_overdue(ticket.due_at + tick)
    for status in STATUSES:
        assert replace(answered, status=status).is_overdue(ticket.due_at + tick) == (status not in SETTLED)


def test_a_draft_is_new_and_nobodys(queue: TicketQueue) -> None:
    ticket = _draft(queue, priority="high", tags=["shop", "vip", "shop"], answer_id="ans_1", conversation_id="8812")
    assert (ticket.status, ticket.version, ticket.assignee, ticket.etag) == ("new", 1, None, '"1"')
    assert (ticket.created_at, ticket.updated_at, ticket.first_responded_at, ticket.solved_at) == (
        START,
        START,
        None,
        None,
    )
    assert (ticket.tags, ticket.answer_id, ticket.conversation_id) == (("shop", "vip"), "ans_1", "8812")
    assert ticket.receipt_ref.id == ticket.id
    assert ticket.receipt_ref.due_at == ticket.due_at
    assert _draft(queue, at=LATER).created_at == LATER


@pytest.mark.parametrize(
    ("question", "subject"),
    [
        ("Wo ist mein Paket?", "Wo ist mein Paket?"),
        ("\n\n  Hello\tthere  \r\nsecond line", "Hello there"),
        ("👍", "👍"),
        ("слова " * 30, "слова " * 19 + "слова…"),
        ("x" * 121, "x" * 119 + "…"),
        ("x" * 120, "x" * 120),
        ("a" * 118 + "👩‍🚀" * 10, "a" * 118 + "…"),
        ("a" * 118 + "q\u0323\u0302" + "b" * 9, "a" * 118 + "…"),
        ("؟" * 130, "؟" * 119 + "…"),
    ],
)
def test_the_subject_is_the_first_line_cut_where_it_can_be(queue: TicketQueue, question: str, subject: str) -> None:
    assert _draft(queue, question=question).subject == subject


def test_a_given_subject_is_kept_as_one_line(queue: TicketQueue) -> None:
    assert _draft(queue, subject="Refund\r\nBcc: everybody@example.org").subject == "Refund Bcc: everybody@example.org"
    assert _draft(queue, subject="  ").subject == "Wo ist mein Paket?"


@given(st.text(min_size=1).filter(lambda text: bool(text.strip())))
def test_any_text_has_a_subject_of_one_line(question: str) -> None:
    subject = subject_of(question.strip())
    assert 1 <= len(subject) <= 120
    assert subject.splitlines() == [subject]


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("question", {"question": ""}),
        ("question", {"question": " \n\t\u2003"}),
        ("question", {"question": "a\x00b"}),
        ("question", {"question": "half \ud83d pair"}),
        ("question", {"question": "x" * 50_001}),
        ("subject", {"subject": "x" * 301}),
        ("subject", {"subject": "\x00"}),
        ("channel", {"channel": ""}),
        ("channel", {"channel": "x" * 61}),
        ("language", {"language": "Belarusian!"}),
        ("language", {"language": ""}),
        ("language", {"language": "be\x00"}),
        ("reason", {"reason": ""}),
        ("priority", {"priority": "asap"}),
        ("tags", {"tags": [""]}),
        ("tags", {"tags": ["x" * 101]}),
        ("tags", {"tags": [str(number) for number in range(51)]}),
        ("conversation_id", {"conversation_id": "x" * 201}),
        ("answer_id", {"answer_id": "x" * 41}),
        ("customer.id", {"customer": Customer(id="x" * 201)}),
        ("customer.name", {"customer": Customer(name="a\x00")}),
        ("customer.email", {"customer": Customer(email="\udfff@example.org")}),
        ("customer.phone", {"customer": Customer(phone="1" * 61)}),
        ("customer.locale", {"customer": Customer(locale="x" * 36)}),
        (
            "question_translation.text",
            {"question_translation": TranslatedText(language="en", text="", engine="argos")},
        ),
        (
            "question_translation.language",
            {"question_translation": TranslatedText(language="?", text="Hi", engine="argos")},
        ),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_field(queue: TicketQueue, field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        _draft(queue, **changes)
    assert caught.value.field == field
    assert str(caught.value).startswith(field.split(".")[0])
    assert len(str(caught.value)) < 300


def test_texts_are_cleaned_and_a_customers_names_are_single_lines(queue: TicketQueue) -> None:
    ticket = _draft(
        queue,
        question=" re\u0301sume\u0301\r\nline two\r",
        language="PT_br",
        customer=Customer(id=" ", name="Ann\n\tLee ", email="a@example.org\r\nBcc: b@example.org"),
    )
    assert ticket.question == "résumé\nline two"
    assert ticket.language == "pt-BR"
    assert ticket.customer == Customer(name="Ann Lee", email="a@example.org Bcc: b@example.org")


def test_all_priorities_have_a_target_that_grows_with_patience() -> None:
    targets = ServiceTargets()
    dues = [targets.due(START, priority) for priority in PRIORITIES]
    assert dues == sorted(dues, reverse=True)
    assert len(set(dues)) == 4
