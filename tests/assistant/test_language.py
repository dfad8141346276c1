"""The ladder: requested > conversation > customer > channel > detected > default."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from assistant.detection import Detection, Detector
from assistant.language import LanguageVerdict, Turn, at_home, identify, identify_read
from index.readings import Reading

LONG = "wie lange dauert die Lieferung nach Minsk"


def detection(code: str | None, probability: float, *others: tuple[str, float]) -> Detection:
    first = () if code is None else ((code, probability),)
    return Detection(language=code, probability=probability, ranked=(*first, *others), by="test")


def turn(language: str, detected: str | None = None, probability: float = 0.0) -> Turn:
    return Turn(language=language, detected=detected, probability=probability)


@pytest.mark.parametrize(
    ("rungs", "expected"),
    [
        (
            {"requested": "fr", "history": [turn("be")], "locale": "es", "channel": "it"},
            ("fr", "requested"),
        ),
        ({"history": [turn("be")], "locale": "es", "channel": "it"}, ("be", "conversation")),
        ({"locale": "es-MX", "channel": "it"}, ("es-MX", "customer")),
        ({"channel": "it"}, ("it", "channel")),
        ({}, ("ru", "detected")),
    ],
)
def test_the_highest_rung_that_holds_decides(rungs: dict[str, Any], expected: tuple[str, str]) -> None:
    verdict = identify("где заказ", detection("ru", 0.85), default="en", **rungs)
    assert (verdict.code, verdict.source) == expected


@pytest.mark.parametrize("tag", ["und", "mul", "zxx", "mis", "und-Latn", "UND-RU"])
def test_a_tag_that_names_no_language_is_no_rung(tag: str) -> None:
    for locale, requested in ((tag, None), (None, tag), (tag, tag)):
        verdict = identify("где заказ", detection("ru", 0.9), locale=locale, requested=requested, default="en")
        assert (verdict.code, verdict.source) == ("ru", "detected")


@pytest.mark.parametrize("found", [detection(None, 0.0), detection("nl", 0.3)])
def test_what_says_nothing_about_language_falls_to_the_default(found: Detection) -> None:
    verdict = identify("ok", found, default="de")
    assert (verdict.code, verdict.source) == ("de", "default")


def test_one_short_foreign_message_does_not_flip_a_conversation() -> None:
    verdict = identify("thanks, ok", detection("en", 0.99), history=[turn("ru", "ru", 0.99)], default="en")
    assert (verdict.code, verdict.source) == ("ru", "conversation")


def test_one_long_sure_message_changes_the_language() -> None:
    verdict = identify(LONG, detection("de", 0.99), history=[turn("ru", "ru", 0.99)], default="en")
    assert (verdict.code, verdict.source) == ("de", "detected")


def test_a_long_message_that_is_not_sure_does_not() -> None:
    assert identify(LONG, detection("de", 0.8), history=[turn("ru", "ru", 0.99)], default="en").code == "ru"


def test_two_agreeing_messages_change_the_language() -> None:
    verdict = identify("und wann", detection("de", 0.7), history=[turn("ru", "de", 0.8)], default="en")
    assert verdict.code == "de"


def test_two_doubtful_messages_do_not() -> None:
    assert identify("und", detection("de", 0.4), history=[turn("ru", "de", 0.8)], default="en").code == "ru"


def test_a_regional_variant_is_no_change() -> None:
    verdict = identify("quero devolver o meu pedido hoje", detection("pt", 0.99), history=[turn("pt-BR")], default="en")
    assert (verdict.code, verdict.source) == ("pt-BR", "conversation")


def test_a_question_is_read_in_every_language_it_may_be_in() -> None:
    found = detection("uk", 0.6, ("ru", 0.25), ("be", 0.14), ("bg", 0.01))
    assert identify("замовлення", found, locale="be", default="en").languages_to_read == ("uk", "ru", "be")
    assert identify("?", detection(None, 0.0), default="en").languages_to_read == ("en",)


def test_a_word_of_several_languages_is_in_the_one_the_articles_have() -> None:
    found = at_home(detection("bg", 0.5, ("ru", 0.23), ("mk", 0.12), ("uk", 0.1)), ["ru", "en"])
    assert found.language == "ru"
    assert found.probability == pytest.approx(5 * 0.23 / (0.5 + 5 * 0.23 + 0.12 + 0.1 + 0.05))
    assert [code for code, _ in found.ranked] == ["ru", "bg", "mk", "uk"]


def test_a_clear_foreign_language_stays_what_it_is() -> None:
    assert at_home(detection("bg", 0.97, ("ru", 0.02)), ["ru"]).language == "bg"


def test_what_was_held_back_as_saying_little_stays_held_back() -> None:
    ok = Detection(language="hu", probability=0.3, ranked=(("hu", 0.3), ("en", 0.28)), by="test", ceiling=0.3)
    found = at_home(ok, ["en"])
    assert (found.language, found.probability) == ("en", 0.3)
    assert identify("okey", found, default="ru").source == "default"
    assert at_home(detection(None, 0.0), ["en"]) == detection(None, 0.0)


@pytest.mark.parametrize("text", ["refund", "ok", "404 error", "PIN", "delivery"])
def test_one_english_looking_word_is_no_english_customer_of_a_russian_desk(text: str) -> None:
    verdict = identify(text, at_home(Detector().detect(text), ["ru", "en"]), default="ru")
    assert (verdict.code, verdict.source) == ("ru", "default")


def test_languages_that_are_nearly_one_are_likely_together() -> None:
    found = at_home(
        Detection(language="hr", probability=0.46, ranked=(("hr", 0.46), ("bs", 0.43), ("sr", 0.11)), by="test"), ["en"]
    )
    assert (found.language, found.probability) == ("hr", pytest.approx(1.0))
    assert identify("kako mogu vratiti proizvod", found, default="en").code == "hr"
    cyrillic = at_home(Detection(language="sr", probability=0.6, ranked=(("sr", 0.6), ("hr", 0.4)), by="test"), ["en"])
    assert cyrillic.probability == pytest.approx(0.6)


def test_croatian_is_not_left_for_serbian_by_a_message_that_may_be_either() -> None:
    ranked = (("sr", 0.6), ("hr", 0.39))
    found = at_home(Detection(language="sr", probability=0.6, ranked=ranked, by="test", script="Latn"), ["en"])
    history = [turn("hr", "hr", 0.9)]
    assert identify("mogu li platiti karticom kod dostave", found, history=history, default="en").code == "hr"
    assert identify("mogu li", found, history=[turn("hr", "sr-Latn", 0.9)], default="en").code == "hr"
    assert identify("mogu li", found, history=[turn("en", "hr", 0.9)], default="en").code == "sr-Latn"
    sure = at_home(Detection(language="sr", probability=0.97, ranked=(("sr", 0.97),), by="test", script="Latn"), ["en"])
    assert identify("gde je moja pošiljka sada", sure, history=history, default="en").code == "sr-Latn"


def test_letters_the_default_language_has_not_speak_for_the_likeliest_other() -> None:
    assert identify("оператор", detection("ru", 0.4, ("bg", 0.37)), default="en").code == "ru"
    assert identify("hola", detection("es", 0.3, ("ca", 0.2)), default="ru").code == "ru"
    assert identify("доставка", detection("bg", 0.4, ("ru", 0.37)), default="ru").code == "ru"


def test_a_doubtful_language_nobody_speaks_here_gives_way_to_a_near_one_that_is_spoken() -> None:
    found = at_home(detection("bg", 0.5, ("ru", 0.4)), ["en"], ["en", "ru"])
    assert (found.language, found.probability) == ("ru", pytest.approx(0.4))
    assert at_home(detection("bg", 0.6, ("ru", 0.2)), ["en"], ["en", "ru"]).language == "bg"
    assert at_home(detection("bg", 0.95, ("ru", 0.04)), ["en"], ["en", "ru"]).language == "bg"


class Known:
    """A detector and readings that know a few texts."""

    def __init__(self, meant: dict[str, str], **detections: Detection) -> None:
        self.meant = meant
        self.detections = detections
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def detect(self, text: str) -> Detection:
        return self.detections.get(text.split()[0], detection(None, 0.0)) if text else detection(None, 0.0)

    def read(self, question: str, languages: Sequence[str] = ()) -> Reading:
        self.asked.append((question, tuple(languages)))
        return Reading(text=self.meant.get(question, question))


def heard(known: Known, text: str, **rungs: Any) -> LanguageVerdict:
    return identify_read(text, detector=known, readings=known, home=("ru", "en"), default="en", **rungs)


def test_the_language_is_that_of_the_question_as_it_is_read() -> None:
    known = Known({"kak vernut": "как вернуть"}, kak=detection("sl", 0.4), как=detection("ru", 0.97))
    verdict = heard(known, "kak vernut")
    assert (verdict.code, verdict.source) == ("ru", "detected")
    assert verdict.languages_to_read[0] == "ru"
    assert known.asked == [("kak vernut", ("sl", "en"))]


def test_a_question_that_is_read_as_it_was_typed_is_detected_once() -> None:
    known = Known({}, where=detection("en", 0.9))
    assert heard(known, "where is it").code == "en"
    assert heard(known, "").source == "default"


def test_what_was_requested_holds_whatever_is_read() -> None:
    known = Known({"kak vernut": "как вернуть"}, kak=detection("sl", 0.4), как=detection("ru", 0.97))
    assert heard(known, "kak vernut", requested="de").code == "de"


def test_a_conversation_is_changed_by_what_was_meant() -> None:
    typed, meant = "kogda pridet moja posylka", "когда придёт моя посылка"
    known = Known({typed: meant}, kogda=detection("sl", 0.9), когда=detection("ru", 0.98))
    assert heard(known, typed, history=[turn("en", "en", 0.9)]).code == "ru"


def test_without_a_generation_questions_are_taken_as_typed() -> None:
    known = Known({"kak vernut": "как вернуть"}, kak=detection("sl", 0.6))
    verdict = identify_read("kak vernut", detector=known, readings=None, home=(), default="en")
    assert verdict.code == "sl"
