"""When nothing is answered: nothing was asked, a machine wrote, or it goes round in circles."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from assistant.ledger import Past
from assistant.question import make_question
from assistant.silence import silence_reason

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def past(text: str, *, seconds: float = 60.0, decision: str = "answered") -> Past:
    """Return an earlier message of the conversation, written so many seconds ago."""
    return Past(
        id=f"ans_{seconds}",
        created_at=NOW - timedelta(seconds=seconds),
        question=text,
        language="en",
        detected_language="en",
        detected_probability=0.9,
        decision=decision,
        response="{}",
        ticket_id=None,
    )


def reason(text: str, *history: Past, channel: str = "chat", message_id: str | None = None) -> str | None:
    return silence_reason(make_question(text, channel=channel, message_id=message_id), history, NOW)


@pytest.mark.parametrize(
    "text", ["", " ", "\n\n", "?", "…!?", "🙂", "👍🏽", "\u200b\u200b", "\u202e", "___", "¿?", "《》", "---\n***", "٪"]
)
def test_signs_alone_ask_nothing(text: str) -> None:
    assert reason(text) == "empty"


@pytest.mark.parametrize("text", ["a", "7", "да", "是", "ไทย", "שלום", "مرحبا", "🙂 help", "١٢٣", "ß", "e\u0301"])
def test_a_single_letter_or_digit_of_any_script_is_a_message(text: str) -> None:
    assert reason(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "Automatic reply: I am away",
        "AUTO-REPLY",
        "Auto Response: thank you",
        "automated response",
        "  Out of Office until Monday",
        "out of the office",
        "Undeliverable: your mail",
        "Undelivered Mail Returned to Sender",
        "Delivery Status Notification (Failure)",
        "Mail delivery failed: returning message to sender",
        "Returned mail: see transcript",
        "Abwesenheitsnotiz: Urlaub",
        "Automatische Antwort: im Urlaub",
        "Respuesta automática: fuera",
        "Réponse automatique : absent",
        "Автоответ: я в отпуске",
        "Автоматический ответ: отпуск",
        "Автоматична відповідь: відпустка",
        "Аўтаматычны адказ: адпачынак",
        "自动回复：我不在",
    ],
)
def test_mail_that_a_machine_wrote_is_not_answered(text: str) -> None:
    assert reason(text, channel="email") == "automatic_message"
    assert reason(text, channel="chat") is None


@pytest.mark.parametrize(
    "text",
    [
        "I got an automatic reply and no answer",
        "Do you have automatic watches?",
        "My parcel was undeliverable, what now?",
        "My office is out of paper",
        "Autobatterie kaputt",
        "Where is the delivery?",
    ],
)
def test_mail_that_only_mentions_machines_is(text: str) -> None:
    assert reason(text, channel="email") is None


def test_the_same_words_within_seconds_were_sent_once() -> None:
    assert reason("Where is my order?", past("where is my ORDER", seconds=2)) == "duplicate"
    assert reason("Where is my order?", past("Where is my order?", seconds=5.1)) is None
    assert reason("Where is my order?", past("Where is my refund?", seconds=2)) is None


def test_a_third_and_a_fourth_tap_are_no_more_than_the_second() -> None:
    taps = [past("Where is my order?", seconds=n, decision="suppressed") for n in (1, 2)]
    assert reason("Where is my order?", *taps, past("Where is my order?", seconds=3)) == "duplicate"


def test_messages_with_ids_of_their_own_are_not_taken_for_one() -> None:
    assert reason("yes", past("yes", seconds=1), message_id="m-2") is None


def test_the_fourth_time_in_a_row_is_a_loop_and_stays_one() -> None:
    said = [past("Thank you for your message", seconds=60.0 * n) for n in (1, 2, 3)]
    assert reason("Thank you for your message", *said[:2]) is None
    assert reason("Thank you for your message!", *said, message_id="m") == "loop"
    silenced = past("Thank you for your message", seconds=30, decision="suppressed")
    assert reason("Thank you for your message", silenced, *said, message_id="n") == "loop"


def test_other_words_end_a_loop() -> None:
    said = [past("Thank you", seconds=60.0 * n, decision="suppressed") for n in (1, 2, 3, 4)]
    assert reason("Where is my order?", *said) is None
    assert reason("Thank you", past("Where is my order?", seconds=30), *said) is None


def test_twenty_messages_in_a_minute_are_no_persons() -> None:
    flood = [past(f"question {n}", seconds=n + 0.5) for n in range(20)]
    assert reason("question 20", *flood) == "loop"
    assert reason("question 20", *flood[:19]) is None
    slow = [past(f"question {n}", seconds=4.0 * n) for n in range(20)]
    assert reason("question 20", *slow) is None
