"""Filling the memory ahead: every article into some languages, so that no customer waits for a machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from assistant.translation.delivery import choose_source, choose_text
from assistant.translation.errors import TranslationError
from assistant.translation.memory import TranslationMemory
from assistant.translation.translator import Translator
from knowledge.article import Article, Text
from knowledge.translations import Field

FIELDS: tuple[Field, Field] = ("question", "answer")


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A text that could not be translated so that it may be sent, and why."""

    article_id: str
    field: Field
    faults: tuple[str, ...]


@dataclass(kw_only=True, slots=True)
class Filled:
    """What became of the articles' texts in one language; the numbers are of texts, two for an article."""

    language: str
    translated: int = 0
    remembered: int = 0
    human: int = 0  # a person wrote them, or an article holds a machine's
    held: int = 0  # for review, now or before
    no_route: int = 0
    failed: list[Fault] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether every text can be had in the language, now or once it is approved."""
        return not (self.no_route or self.failed)


def fill(
    articles: Sequence[Article],
    languages: Sequence[str],
    *,
    translator: Translator,
    memory: TranslationMemory,
    default_language: str,
    source: Callable[[Article], Text | None] | None = None,
    is_held: bool = False,
    again: bool = False,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Filled, ...]:
    """Translate questions and answers on this thread, and remember each as soon as it is done.

    What is remembered is left alone, what failed too, unless ``again``. ``source`` names the text to
    translate of an article, None for none; the best one by default. With ``is_held`` the texts wait for a
    person's approval. ``report`` is told how many texts are done, of how many. Raises DatabaseError.
    """
    translator.look()
    known = memory.states()
    total, done = len(articles) * len(languages) * len(FIELDS), 0
    tallies = tuple(Filled(language=language) for language in languages)
    report(done, total)
    for tally in tallies:
        for article in articles:
            if choose_text(article, tally.language, default_language=default_language).is_in_language:
                tally.human += len(FIELDS)
            else:
                text = (
                    choose_source(article, tally.language, default_language=default_language, route=translator.route)
                    if source is None
                    else source(article)
                )
                for each in FIELDS:
                    _fill(tally, article, text, each, translator, known, is_held=is_held, again=again)
            done += len(FIELDS)
            report(done, total)
    return tallies


def _fill(
    tally: Filled,
    article: Article,
    source: Text | None,
    each: Field,
    translator: Translator,
    known: dict[str, tuple[str, tuple[str, ...]]],
    *,
    is_held: bool,
    again: bool,
) -> None:
    if source is None or translator.route(source.language, tally.language) is None:
        tally.no_route += 1
        return
    job = translator.job(article, source, each, tally.language)
    status, faults = known.get(job.key.id, (None, ()))
    if status is None or (status == "failed" and again):
        try:
            made = translator.do(job, is_held=is_held)
        except TranslationError as error:
            tally.failed.append(Fault(article_id=article.id, field=each, faults=(str(error),)))
            return
        status, faults = made.status, made.faults
        known[made.id] = (status, faults)
        tally.translated += status == "ready"
    else:
        tally.remembered += status == "ready"
    tally.held += status == "review"
    if status == "failed":
        tally.failed.append(Fault(article_id=article.id, field=each, faults=faults))
