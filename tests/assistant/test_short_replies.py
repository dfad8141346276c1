"""Short replies: what names a choice, what only thanks, and what says anything else as well."""

from __future__ import annotations

import time

import pytest

from assistant.phrases import Phrasebook
from assistant.short_replies import LAST, ShortReplies, short_replies

LISTED = Phrasebook().replies
PLACES = (1, 2, 3, LAST)


@pytest.fixture(scope="module")
def replies() -> ShortReplies:
    return short_replies()


def test_every_phrase_language_has_its_own() -> None:
    assert tuple(LISTED) == Phrasebook().languages


@pytest.mark.parametrize("language", LISTED)
def test_every_listed_way_is_heard_and_means_nothing_else(replies: ShortReplies, language: str) -> None:
    book = Phrasebook()
    for place, ways in zip(PLACES, LISTED[language].ordinals, strict=True):
        for way in ways:
            for text in (way, f" {way.upper()}! ", f"{way}, {LISTED[language].around[0]}"):
                assert replies.ordinal(text, language) == place, text
            assert not book.is_none_of_these(way), way
            assert not book.is_person_request(way), way
    for way in LISTED[language].thanks:
        for text in (way, f"{way.upper()}!!", f"{way}, {way}"):
            assert replies.is_thanks(text), text
        assert not replies.is_thanks(f"{way}?"), way
        assert not book.is_person_request(way), way
        assert not book.is_none_of_these(way), way


@pytest.mark.parametrize(
    ("text", "language", "place"),
    [
        ("option 2", "en", 2),
        ("option ２", "en", 2),
        ("номер 3", "ru", 3),
        ("nummar 3", "tlh", None),
        ("第二个", "zh-CN", 2),
        ("drugi", "sh", 2),
        ("the last one", "pl", LAST),
        ("prima", "it", 1),
        ("prima", "de", None),  # "great!"
        ("the 4", "en", 4),
        ("option 0", "en", None),
        ("option 22", "en", None),
        ("the first or the second", "en", None),
        ("first second", "en", None),
        ("second parcel lost", "en", None),
        ("my second order", "en", None),
        ("die zweite Lieferung", "de", None),
        ("the", "en", None),
        ("", "en", None),
        ("second", "", 2),
        ("second", "\ud800", 2),
    ],
)
def test_only_what_names_one_choice_and_nothing_else_does(
    replies: ShortReplies, text: str, language: str, place: int | None
) -> None:
    assert replies.ordinal(text, language) == place


@pytest.mark.parametrize(
    "text",
    [
        "hello", "thanks but where is my order", "thank you for your message", "have you got it", "have you got it?",
        "ok?", "no thanks I want a refund", "not ok", "дзякуй, а дзе мая пасылка", "спасибо за доставку",
        "", "?", "👍", "\x00", "\ud800",
    ],
)  # fmt: skip
def test_what_says_anything_else_is_no_thanks(replies: ShortReplies, text: str) -> None:
    assert not replies.is_thanks(text)


@pytest.mark.parametrize("text", ["the " * 500_000, "ok " * 60, "好" * 200, "第" * 10_000, "1 " * 100, "\u202e" * 200])
def test_hostile_text_costs_little(replies: ShortReplies, text: str) -> None:
    started = time.perf_counter()
    replies.ordinal(text, "en")
    replies.is_thanks(text)
    assert time.perf_counter() - started < 0.5
