"""Answering: an article's text in the customer's language, by a person, a machine, or honestly in another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from assistant.translation import Choice, TranslationError, Translator, choose_source, choose_text
from index.analysis import normal_form
from knowledge.article import Article, Text

_REMEMBERED = 20_000  # choices of a text
_BEGINNING = 60  # characters of an answer that tell two articles with one question apart

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivered:
    """What a customer is given of an article; ``kind`` is ``none`` when it is not in their language."""

    question: str
    text: str
    language: str
    kind: Literal["human", "machine", "none"]
    translated_from: str | None = None
    engine: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Title:
    """An article's question as a customer is shown it among others."""

    question: str
    language: str


class Answering:
    """Chooses and, where need be, translates an article's text."""

    def __init__(self, translator: Translator, *, default_language: str) -> None:
        self._translator = translator
        self._default_language = default_language
        self._choices: dict[tuple[str, int, str], Choice] = {}

    async def deliver(self, article: Article, language: str) -> Delivered:
        """Return the best there is for a customer of this language; never fails.

        A person's text in the language; else a translation, if an engine knows a way and is quick enough;
        else the text the customer most probably reads.
        """
        choice = self._choice(article, language)
        text = choice.text
        if choice.is_in_language:
            return Delivered(
                question=text.question,
                text=text.answer,
                language=text.language,
                kind=text.origin,
            )
        source = choose_source(article, language, default_language=self._default_language, route=self._translator.route)
        if source is not None:
            try:
                translated = await self._translator.answer_text(article, source, language)
            except TranslationError as error:
                log.warning("article %s goes out in %s, not in %s: %s", article.id, text.language, language, error)
            else:
                return Delivered(
                    question=source.question,
                    text=translated.text,
                    language=language,
                    kind="machine",
                    translated_from=source.language,
                    engine=translated.engine,
                )
        return Delivered(question=text.question, text=text.answer, language=text.language, kind="none")

    async def titles(self, articles: Sequence[Article], language: str) -> list[Title]:
        """Return the articles' questions as ``deliver`` would word their answers; never fails.

        Where two articles have one question, each is followed by the beginning of its answer.
        """
        titles = await asyncio.gather(*(self._title(article, language) for article in articles))
        forms = [normal_form(title.question) for title in titles]
        return [
            title
            if forms.count(form) == 1
            else replace(title, question=f"{title.question} – {_beginning(self.text(article, language).answer)}")
            for article, title, form in zip(articles, titles, forms, strict=True)
        ]

    async def _title(self, article: Article, language: str) -> Title:
        choice = self._choice(article, language)
        source = None
        if not choice.is_in_language:
            source = choose_source(
                article, language, default_language=self._default_language, route=self._translator.route
            )
        if source is not None:
            try:
                translated = await self._translator.question_text(article, source, language)
            except TranslationError as error:
                log.warning("the title of article %s goes out untranslated, not in %s: %s", article.id, language, error)
            else:
                return Title(question=translated.text, language=language)
        return Title(question=choice.text.question, language=choice.text.language)

    def text(self, article: Article, language: str) -> Text:
        """Return the article's own text in the language, or in the one the customer most probably reads."""
        return self._choice(article, language).text

    def _choice(self, article: Article, language: str) -> Choice:
        key = (article.id, article.revision, language)
        choice = self._choices.get(key)
        if choice is None or choice.text not in article.texts:
            choice = choose_text(article, language, default_language=self._default_language)
            if len(self._choices) >= _REMEMBERED:
                self._choices.clear()
            self._choices[key] = choice
        return choice


def _beginning(answer: str) -> str:
    """Return the first words of an answer on one line."""
    line = " ".join(answer.split())
    if len(line) <= _BEGINNING:
        return line
    cut = line[:_BEGINNING]
    return f"{cut.rsplit(' ', 1)[0] if ' ' in cut else cut}…"
