"""The demonstration shop's articles and golden questions are whole and fit each other."""

from __future__ import annotations

import unicodedata
from collections import Counter

import pytest

from knowledge.article import Article
from knowledge.formats.jsonl import JsonlReader
from knowledge.golden import GoldenQuestion
from knowledge.sample import golden_questions, sample_articles

LANGUAGES = {"en", "be", "ru", "uk"}


@pytest.fixture(scope="module")
def articles() -> list[Article]:
    rows = list(JsonlReader().read(sample_articles(), default_language="en").rows)
    assert [(row.line, row.problem) for row in rows if row.article is None] == []
    return [row.article for row in rows if row.article is not None]


@pytest.fixture(scope="module")
def golden() -> tuple[GoldenQuestion, ...]:
    return golden_questions()


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(sign if sign.isalnum() else " " for sign in folded).split())


def test_sample_has_sixty_articles_in_the_same_six_languages(articles: list[Article]) -> None:
    assert len(articles) >= 60
    languages = {tuple(text.language for text in article.texts) for article in articles}
    assert len(languages) == 1
    assert len(languages.pop()) == 6
    assert {text.language for text in articles[0].texts} > LANGUAGES


def test_every_sample_text_has_three_to_six_alternates(articles: list[Article]) -> None:
    counts = {
        (article.id, text.language): len(text.alternate_questions) for article in articles for text in article.texts
    }
    assert {where: count for where, count in counts.items() if not 3 <= count <= 6} == {}


def test_no_two_sample_articles_ask_the_same(articles: list[Article]) -> None:
    asked = Counter(
        (text.language, _plain(question))
        for article in articles
        for text in article.texts
        for question in {text.question, *text.alternate_questions}
    )
    assert [question for question, times in asked.items() if times > 1] == []


def test_golden_questions_cover_many_languages_and_the_unanswerable(golden: tuple[GoldenQuestion, ...]) -> None:
    assert len(golden) >= 300
    assert len({question.language for question in golden}) >= 16
    assert None not in {question.language for question in golden}
    assert sum(question.article_id is None for question in golden) >= 60


def test_golden_questions_name_articles_that_exist(articles: list[Article], golden: tuple[GoldenQuestion, ...]) -> None:
    ids = {article.id for article in articles}
    assert {question.article_id for question in golden} - ids == {None}


def test_golden_questions_are_not_the_articles_own(articles: list[Article], golden: tuple[GoldenQuestion, ...]) -> None:
    own = {
        _plain(question)
        for article in articles
        for text in article.texts
        for question in (text.question, *text.alternate_questions)
    }
    assert [question.question for question in golden if _plain(question.question) in own] == []
