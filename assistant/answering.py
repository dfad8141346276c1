"""Answering: an article's text in the customer's language, by a person, a machine, or honestly in another."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from assistant.translation import (
    Choice,
    Translated,
    TranslationBusyError,
    TranslationError,
    TranslationHeldError,
    TranslationPairError,
    TranslationTimeoutError,
    TranslationUnsafeError,
    Translator,
    choose_text,
)
from assistant.translation.tags import canonical
from index.analysis import normal_form
from knowledge.article import Article, Text

Problem = Literal["no_route", "timeout", "unsafe", "held_for_review", "busy", "engine_failed"]

_REMEMBERED = 20_000  # choices of a text, and what was delivered
_BEGINNING = 60  # characters of an answer that tell two articles with one question apart

# Until something is changed, asking again would give the same.
_LASTING: dict[type[TranslationError], Problem] = {
    TranslationPairError: "no_route",
    TranslationUnsafeError: "unsafe",
    TranslationHeldError: "held_for_review",
}
_PASSING: dict[type[TranslationError], Problem] = {
    TranslationTimeoutError: "timeout",
    TranslationBusyError: "busy",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivered:
    """What a customer is given of an article; ``kind`` is ``none`` when it is not in their language.

    ``problem`` is why it is not, and ``detail`` says it in a sentence for the one who runs the shop.
    """

    question: str
    text: str
    language: str
    kind: Literal["human", "machine", "none"]
    translated_from: str | None = None
    engine: str | None = None
    problem: Problem | None = None
    detail: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Title:
    """An article's question as a customer is shown it among others."""

    question: str
    language: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """What was delivered of an article; it holds while the translator's stamp is this one, for ever where None."""

    article: Article
    delivered: Delivered
    outcome: str
    stamp: int | None


class Answering:
    """Chooses and, where need be, translates an article's text."""

    def __init__(self, translator: Translator, *, default_language: str) -> None:
        self.outcomes: Counter[str] = Counter()  # human, remembered, translated, or the problem there was
        self._translator = translator
        self._default_language = default_language
        self._choices: dict[tuple[str, int, str], Choice] = {}
        self._known: dict[tuple[str, str], _Known] = {}

    async def deliver(self, article: Article, language: str, *, budget: float | None = None) -> Delivered:
        """Return the best there is for a customer of this language; never fails.

        A person's text in the language; else what is remembered of an engine's; else an engine's, if one
        knows a way and is quick enough; else the text the customer most probably reads. ``budget`` is the seconds
        that are left for an engine, the translator's own by default.
        """
        known = self._known.get((article.id, language))
        if (
            known is None
            or known.article is not article
            or not (known.stamp is None or (known.stamp == self._translator.stamp and self._translator.is_fresh()))
        ):
            known = await self._delivered(article, language, budget)
        self.outcomes[known.outcome] += 1
        return known.delivered

    async def _delivered(self, article: Article, language: str, budget: float | None) -> _Known:
        choice = self._choice(article, language)
        text = choice.text
        if choice.is_in_language:
            given = Delivered(question=text.question, text=text.answer, language=text.language, kind=text.origin)
            known = _Known(article=article, delivered=given, outcome=text.origin, stamp=None)
            return self._keep(language, known)
        # Now, so that the answer comes to an engine before the question, for which nobody waits much.
        with suppress(TranslationError):
            await self._translator.prepare(article, language, default_language=self._default_language)
        stamp = self._translator.stamp
        asking = asyncio.ensure_future(
            self._translated_question(article, language, budget)
        )  # runs while the answer waits
        try:
            answer = await self._translator.article_text(
                article, "answer", language, default_language=self._default_language, budget=budget
            )
        except TranslationError as error:
            asking.cancel()
            problem = _problem(error)
            if problem != "no_route":  # which is how things are, and nothing went wrong
                log.warning("article %s goes out in %s, not in %s: %s", article.id, text.language, language, error)
            given = Delivered(
                question=text.question,
                text=text.answer,
                language=text.language,
                kind="none",
                problem=problem,
                detail=str(error),
            )
            known = _Known(article=article, delivered=given, outcome=problem, stamp=stamp)
            return self._keep(language, known) if type(error) in _LASTING else known
        except BaseException:
            asking.cancel()
            raise
        question = await asking
        given = Delivered(
            question=question.text if isinstance(question, Translated) else _question_of(article, answer),
            text=answer.text,
            language=answer.target_language if answer.kind == "human" else language,
            kind=answer.kind,
            translated_from=answer.source_language if answer.kind == "machine" else None,
            engine=answer.engine if answer.kind == "machine" else None,
        )
        is_settled = question.is_remembered if isinstance(question, Translated) else question in _LASTING.values()
        outcome = "human" if answer.kind == "human" else "remembered" if answer.is_remembered else "translated"
        known = _Known(article=article, delivered=given, outcome=outcome, stamp=stamp)
        return self._keep(language, known) if answer.is_remembered and is_settled else known

    async def _translated_question(self, article: Article, language: str, budget: float | None) -> Translated | Problem:
        try:
            return await self._translator.article_text(
                article, "question", language, default_language=self._default_language, budget=budget
            )
        except TranslationError as error:
            problem = _problem(error)
            if problem != "no_route":
                log.warning("the title of article %s goes out untranslated, not in %s: %s", article.id, language, error)
            return problem

    async def titles(self, articles: Sequence[Article], language: str, *, budget: float | None = None) -> list[Title]:
        """Return the articles' questions as ``deliver`` would word their answers, ``budget`` as there; never fails.

        Where two articles have one question, each is followed by the beginning of its answer.
        """
        titles = await asyncio.gather(*(self._title(article, language, budget) for article in articles))
        forms = [normal_form(title.question) for title in titles]
        return [
            title
            if forms.count(form) == 1
            else replace(title, question=f"{title.question} – {_beginning(self.text(article, language).answer)}")
            for article, title, form in zip(articles, titles, forms, strict=True)
        ]

    async def _title(self, article: Article, language: str, budget: float | None) -> Title:
        choice = self._choice(article, language)
        if not choice.is_in_language:
            translated = await self._translated_question(article, language, budget)
            if isinstance(translated, Translated):
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

    def _keep(self, language: str, known: _Known) -> _Known:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[known.article.id, language] = known
        return known


def _problem(error: TranslationError) -> Problem:
    return next(
        (problem for kind, problem in {**_LASTING, **_PASSING}.items() if isinstance(error, kind)), "engine_failed"
    )


def _question_of(article: Article, answer: Translated) -> str:
    """Return the question in the language that the answer was translated from."""
    sources = [text for text in article.texts if canonical(text.language) == answer.source_language]
    return (sources or list(article.texts))[0].question


def _beginning(answer: str) -> str:
    """Return the first words of an answer on one line."""
    line = " ".join(answer.split())
    if len(line) <= _BEGINNING:
        return line
    cut = line[:_BEGINNING]
    return f"{cut.rsplit(' ', 1)[0] if ' ' in cut else cut}…"
