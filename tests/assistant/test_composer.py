"""The words around an answer, a question repeated back, and a promise."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.answering import Title
from assistant.composer import Composer
from assistant.phrases import Phrasebook
from assistant.tickets.ticket import Customer, TicketReceiptRef

DUE = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
TICKET = TicketReceiptRef(id="T-0000001", status="new", due_at=DUE)


def titles(*questions: str, language: str = "en") -> list[Title]:
    return [Title(question=question, language=language) for question in questions]


def composer(timezone: str = "UTC") -> Composer:
    return Composer(phrases=Phrasebook(), timezone=timezone, faq_url="https://vilora.example/help")


@pytest.mark.parametrize(
    ("timezone", "expected"),
    [
        ("UTC", "Monday, November 23, 2:00 PM (UTC)"),
        ("Europe/Minsk", "Monday, November 23, 5:00 PM (UTC+3)"),
        ("Asia/Kolkata", "Monday, November 23, 7:30 PM (UTC+5:30)"),
        ("America/St_Johns", "Monday, November 23, 10:30 AM (UTC−3:30)"),
    ],
)
def test_a_promised_time_says_whose_clock_it_is(timezone: str, expected: str) -> None:
    message = composer(timezone).promise(TICKET, reason="low_confidence", language="en", channel="chat", now=DUE)
    assert expected in message.replace("\u202f", " ")  # the narrow space that English times have
    assert "T-0000001" in message


@pytest.mark.parametrize(
    "reason",
    ["person_requested", "out_of_scope", "unclear_after_clarify", "not_helpful", "translation_unsafe", "no_match"],
)
def test_every_reason_promises_the_time_and_names_the_ticket_in_every_language(reason: str) -> None:
    spoken = Phrasebook()
    said = set()
    for language in spoken.languages:
        message = composer().promise(TICKET, reason=reason, language=language, channel="chat", now=DUE)  # type: ignore[arg-type]
        assert "T-0000001" in message
        assert any(day in message for day in ("23", "۲۳"))
        said.add(message)
    assert len(said) == len(spoken.languages)


def test_a_mail_is_acknowledged_with_the_faq_and_a_request_for_a_number() -> None:
    message = composer().promise(TICKET, reason="low_confidence", language="de", channel="email", now=DUE)
    assert "https://vilora.example/help" in message
    assert "Telefon" in message


def test_a_text_in_the_customers_language_goes_out_alone() -> None:
    assert composer().answer("Text.", language="pt-BR", text_language="pt", translated_from=None) == "Text."


def test_a_machines_text_says_so() -> None:
    message = composer().answer("Текст.", language="be", text_language="be", translated_from="ru")
    assert message.startswith("Текст.\n\n")
    assert "руск" in message


def test_a_text_in_another_language_comes_with_an_apology_first() -> None:
    message = composer().answer("Text.", language="fr", text_language="en", translated_from=None)
    apology, text = message.split("\n\n")
    assert "anglais" in apology
    assert text == "Text."


def test_a_long_question_is_repeated_back_in_short() -> None:
    message = composer().clarify(
        "x" * 5000,
        language="en",
        choices=titles("One?", "Two?"),
    )
    assert "x" * 199 + "…" in message
    assert message.endswith("1. One?\n2. Two?")
    assert len(message) < 400


def test_braces_of_a_customer_stay_braces() -> None:
    assert "{due} {0} %s" in composer().clarify("{due} {0} %s", language="en", choices=[])


def test_what_may_run_the_other_way_is_set_apart_in_arabic() -> None:
    message = composer().clarify("where", language="ar", choices=titles("Where is my order?"))
    assert "\u2068Where is my order?\u2069" in message
    answer = composer().answer("In English.", language="ar-EG", text_language="en", translated_from=None)
    assert answer.endswith("\n\n\u2068In English.\u2069")
    assert "\u2068" not in composer().clarify("where", language="yi", choices=titles("Where?"))  # spoken in English


def test_each_line_of_a_message_from_right_to_left_stands_by_itself() -> None:
    answer = composer().answer("One (1).\n\nTwo.", language="fa", text_language="en", translated_from=None)
    assert answer.endswith("\n\n\u2068One (1).\u2069\n\n\u2068Two.\u2069")
    message = composer().clarify("where", language="he", choices=titles("Where?", "When?"))
    # A number alone has no direction: without the mark its line would run as the reader's screen does.
    assert message.endswith("\u200f1. \u2068Where?\u2069\n\u200f2. \u2068When?\u2069")


def test_a_text_from_right_to_left_is_set_apart_in_a_message_from_left_to_right() -> None:
    message = composer().clarify("כמה?", language="en", choices=titles("כמה זה עולה (USD)?", language="he"))
    assert "“\u2068כמה?\u2069”" in message
    assert message.endswith("1. \u2068כמה זה עולה (USD)?\u2069")


@pytest.mark.parametrize("language", [tag for tag in Phrasebook().languages if Phrasebook().direction(tag) == "rtl"])
@settings(max_examples=50)
@given(question=st.text(max_size=40), text=st.text(max_size=60), title=st.text(max_size=40))
def test_no_text_breaks_out_of_its_line(language: str, question: str, text: str, title: str) -> None:
    for message in (
        composer().clarify(question, language=language, choices=titles(title, "Where?")),
        composer().answer(text, language=language, text_language="en", translated_from=None),
    ):
        for line in message.split("\n"):
            depth = 0
            for character in line:
                depth += {"\u2068": 1, "\u2069": -1}.get(character, 0)
                assert depth in (0, 1)
            assert depth == 0
            assert not set(line) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067")


@pytest.mark.parametrize(
    ("text_language", "language", "is_foreign"),
    [("hr", "bs", False), ("nb", "nn", False), ("pt", "pt-BR", False), ("sr", "sr-Latn", False), ("ru", "be", True)],
)
def test_of_a_sister_standard_nobody_is_warned(text_language: str, language: str, is_foreign: bool) -> None:
    message = composer().answer("Text.", language=language, text_language=text_language, translated_from=None)
    assert (message != "Text.") is is_foreign


@pytest.mark.parametrize(
    ("count", "expected"), [(1, "did you mean this?"), (2, "did you mean one of these 2?"), (0, "understood correctly")]
)
def test_choices_are_counted(count: int, expected: str) -> None:
    assert expected in composer().clarify("where", language="en", choices=titles(*["Where?"] * count))


def test_a_question_of_many_lines_is_repeated_back_in_one() -> None:
    assert "“where is it”" in composer().clarify("where\n\n is\tit ", language="en", choices=[])


def test_a_changed_language_is_confirmed_in_it_with_a_question() -> None:
    spoken = Phrasebook()
    said = {composer().language_changed(language) for language in spoken.languages}
    assert len(said) == len(spoken.languages)
    assert "English" in composer().language_changed("en-GB")
    assert "Norwegian" not in composer().language_changed("nn")


def test_a_mail_is_not_asked_for_what_is_known_nor_pointed_to_what_there_is_not() -> None:
    bare = Composer(phrases=Phrasebook(), timezone="UTC", faq_url="")
    for spoken, has_phone, asks in ((bare, False, True), (bare, True, False), (composer(), True, False)):
        message = spoken.promise(
            TICKET,
            reason="no_match",
            language="en",
            channel="email",
            now=DUE,
            customer=Customer(phone="+375 29 1234567" if has_phone else None),
        )
        assert ("telephone number" in message) is asks
        assert ("https://vilora.example/help" in message) is (spoken.faq_url != "")
        assert "T-0000001" in message


def test_no_word_follows_a_promised_time_that_its_zone_has_closed() -> None:
    for language, word in (("de", "Uhr"), ("nl", "uur")):
        message = composer().promise(TICKET, reason="no_match", language=language, channel="chat", now=DUE)
        assert f"(UTC) {word}" not in message
