"""Articles are cleaned and checked when they are made, and say exactly what is wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings

from knowledge.article import Article, ArticleError, language_tag, make_article, restore_article
from tests.knowledge.articles import RETURNS, articles


def make(**changes: Any) -> Article:
    text = {"question": "Q?", "answer": "A."}
    return make_article(**({"id": "a", "texts": {"en": text}} | changes))


def make_text(**changes: Any) -> Article:
    return make(texts={"en": {"question": "Q?", "answer": "A."} | changes})


def test_texts_are_trimmed_composed_and_have_unix_line_ends() -> None:
    text = make_text(question="  Cafe\u0301?\t", answer="one\r\ntwo\rthree\n").texts[0]
    assert (text.question, text.answer) == ("Café?", "one\ntwo\nthree")


def test_alternates_and_tags_are_single_lines_without_repetitions() -> None:
    article = make(
        tags=[" x ", "x", "y \n z"],
        texts={
            "en": {"question": "Q?", "answer": "A", "alternate_questions": ["Q?", "one\r\n two", "one two", "three"]}
        },
    )
    assert article.tags == ("x", "y z")
    assert article.texts[0].alternate_questions == ("one two", "three")


def test_text_is_found_in_its_language_or_the_base_one() -> None:
    article = make(texts={"pt": {"question": "P?", "answer": "P"}, "pt-br": {"question": "B?", "answer": "B"}})
    found = [article.text(language) for language in ("pt-BR", "pt-PT", "pt", "en")]
    assert [text.question if text else None for text in found] == ["B?", "P?", "P?", None]


@pytest.mark.parametrize(
    ("given", "tag"),
    [
        ("EN", "en"),
        (" be ", "be"),
        ("pt_br", "pt-BR"),
        ("zh-hANT-tw", "zh-Hant-TW"),
        ("sr-latn", "sr-Latn"),
        ("en-us-u-ca-buddhist", "en-US-u-ca-buddhist"),
        ("en-X-a", "en-x-a"),
        ("de-1996", "de-1996"),
    ],
)
def test_language_tags_get_their_usual_case(given: str, tag: str) -> None:
    assert language_tag(given) == tag


@pytest.mark.parametrize(
    "tag",
    [
        "",
        "e",
        "en-",
        "en_x",
        "en-u",
        "en-u-x-a",
        "en--us",
        "english",
        "en\n-us",
        "ен",
        "\x00",
        "\ud800",
        "en" + "-ab" * 30,
    ],
)
def test_what_is_no_language_tag_is_refused(tag: str) -> None:
    with pytest.raises(ArticleError, match="expected a BCP 47 tag") as caught:
        language_tag(tag)
    str(caught.value).encode()


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"id": ""}, "id", "id is ''; expected 1 to 128 letters"),
        ({"id": "-a"}, "id", "beginning with a letter or digit"),
        ({"id": "a" * 129}, "id", "expected 1 to 128"),
        ({"id": "a\n"}, "id", "expected 1 to 128"),
        ({"id": "а"}, "id", "expected 1 to 128"),
        ({"texts": {}}, "texts", "at least one language"),
        ({"url": "javascript:alert(1)"}, "url", "begins with https:// or http://"),
        ({"url": "https://a b"}, "url", "begins with https:// or http://"),
        ({"url": "https://" + "a" * 3_000}, "url", "at most 2,000"),
        ({"tags": [f"t{number}" for number in range(51)]}, "tags", "51 entries; at most 50"),
        ({"tags": ["x" * 101]}, "tags", "101 characters"),
        ({"tags": ["!"]}, "tags", "only signs"),
        (
            {"valid_from": date(2026, 2, 1), "valid_until": date(2026, 1, 1)},
            "valid_until",
            r"\(2026-01-01\) lies before valid_from \(2026-02-01\)",
        ),
    ],
)
def test_broken_article_is_refused_by_field(changes: dict[str, Any], field: str, message: str) -> None:
    with pytest.raises(ArticleError, match=message) as caught:
        make(**changes)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"question": ""}, "question", "nothing came"),
        ({"question": None}, "question", "nothing came"),
        ({"question": "?!🙂"}, "question", "only signs"),
        ({"question": "q" * 1_001}, "question", "1,001 characters; at most 1,000"),
        ({"answer": "\u202e "}, "answer", "only signs"),
        ({"answer": "a\x00"}, "answer", "NUL"),
        ({"answer": "a\udc00"}, "answer", "surrogate pair at character 1"),
        ({"alternate_questions": [""]}, "alternate_questions", "nothing came"),
        ({"alternate_questions": [f"q{number}" for number in range(501)]}, "alternate_questions", "501 entries"),
        ({"origin": "robot"}, "origin", "'robot'; expected 'human' or 'machine'"),
    ],
)
def test_broken_text_is_refused_by_field(changes: dict[str, Any], field: str, message: str) -> None:
    with pytest.raises(ArticleError, match=message) as caught:
        make_text(**changes)
    assert caught.value.field == f"texts.en.{field}"


@pytest.mark.parametrize(
    ("day", "valid"), [(date(2025, 12, 31), False), (date(2026, 1, 1), True), (date(2026, 2, 1), False)]
)
def test_validity_includes_both_ends(day: date, valid: bool) -> None:
    assert make(valid_from=date(2026, 1, 1), valid_until=date(2026, 1, 31)).is_valid_on(day) is valid
    assert make(valid_from=date(2026, 1, 1), valid_until=date(2026, 1, 1)).is_valid_on(day) is (day == date(2026, 1, 1))
    assert make().is_valid_on(day)


def test_merging_keeps_the_languages_the_newer_one_lacks() -> None:
    newer = make(
        id="returns", texts={"en": {"question": "New?", "answer": "N"}, "de": {"question": "D?", "answer": "D"}}
    )
    merged = RETURNS.merged_with(newer)
    assert [(text.language, text.question) for text in merged.texts] == [
        ("be", "Як вярнуць тавар?"),
        ("de", "D?"),
        ("en", "New?"),
    ]
    assert merged.tags == ()


def test_digest_is_of_the_content_alone() -> None:
    assert replace(RETURNS, revision=9).digest() == RETURNS.digest()
    for changed in (replace(RETURNS, tags=()), replace(RETURNS, texts=RETURNS.texts[:1]), replace(RETURNS, id="b")):
        assert changed.digest() != RETURNS.digest()


@given(article=articles())
@settings(max_examples=40, deadline=None)
def test_making_is_idempotent_and_content_restores(article: Article) -> None:
    content = article.content()
    assert restore_article(content) == article
    again = make_article(
        id=content["id"],
        texts=content["texts"],
        tags=content["tags"],
        url=content["url"],
        valid_from=article.valid_from,
        valid_until=article.valid_until,
        review_by=article.review_by,
    )
    assert again == article
    assert again.digest() == article.digest()
