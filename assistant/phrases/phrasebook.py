"""The phrasebook: the files of this folder, read once, and spoken in the customer's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Literal

from assistant.phrases import locales, writing
from assistant.phrases.recogniser import Recogniser
from assistant.phrases.speech import ReplyVocabulary, Speech, WishVocabulary, speeches
from assistant.phrases.template import PhraseError, Plural
from assistant.phrases.writing import Direction
from assistant.translation import tags
from knowledge.article import ArticleError

DEFAULT_LANGUAGE = "en"

PhraseKey = Literal[
    "answer_other_language",
    "answer_machine_translated",
    "answer_more",
    "did_you_mean",
    "none_of_these",
    "ticket_opened",
    "ticket_person",
    "ticket_out_of_scope",
    "ticket_unclear",
    "ticket_not_helpful",
    "ticket_translation_unsafe",
    "ticket_email",
    "ticket_overdue",
    "ticket_replied",
    "ticket_solved",
    "ask_phone",
    "check_understood",
    "cannot_but",
    "fault_admitted",
    "feedback_thanks",
    "feedback_reported",
    "faq_link",
    "language_changed",
]


@cache
def _recogniser() -> Recogniser:
    return Recogniser(speech.vocabulary for speech in speeches().values() if speech.vocabulary is not None)


@lru_cache(maxsize=4096)
def _resolved(language: str) -> str:
    known = speeches()
    try:
        chain = tags.fallbacks(language)
    except ArticleError:  # what is no language tag may still begin with one
        chain = ()
    first = writing.subtags(language)[0]
    return next((tag for tag in (*chain, first) if tag in known), DEFAULT_LANGUAGE)


@dataclass(frozen=True, slots=True)
class Phrasebook:
    """What the product says and hears in each language; immutable, and safe to share between threads.

    Wherever a language is taken, any BCP 47 tag may be given: it is spoken in the nearest phrase
    language (``resolve``). Dates and language names follow it, so that one message has one language.
    """

    _speech: Mapping[str, Speech] = field(default_factory=speeches, init=False, repr=False, compare=False)

    @property
    def languages(self) -> tuple[str, ...]:
        """The phrase languages, in the order of their tags."""
        return tuple(self._speech)

    @property
    def replies(self) -> Mapping[str, ReplyVocabulary]:
        """How customers of each phrase language choose, and thank."""
        return MappingProxyType({tag: each.replies for tag, each in self._speech.items() if each.replies is not None})

    @property
    def wishes(self) -> Mapping[str, WishVocabulary]:
        """How customers of each phrase language ask for a language."""
        return MappingProxyType({tag: each.wish for tag, each in self._speech.items() if each.wish is not None})

    def resolve(self, language: str) -> str:
        """Return the phrase language that serves a BCP 47 tag: itself, the nearest its reader reads, else English.

        ``pt-BR`` → ``pt-BR``, ``pt-AO`` → ``pt``, ``zh-TW`` → ``zh-Hant``, ``no`` and ``nn`` → ``nb``, ``bs`` → ``hr``.
        """
        # A tag has a handful of subtags; more is noise, and is not worth remembering.
        return _resolved(language[:64].strip().replace("_", "-"))

    def say(self, key: PhraseKey, language: str, *, count: int | None = None, **values: str) -> str:
        """Return the phrase with its values put in literally; isolated where phrase or value runs right to left.

        A phrase that has plural forms is said for ``count`` things, and needs it; no other may have it.
        Raises ``PhraseError`` on an unknown key and on a value missing or too many.
        """
        spoken = self.resolve(language)
        phrase = self._speech[spoken].phrases.get(key)
        if phrase is None:
            known = ", ".join(self._speech[spoken].phrases)
            raise PhraseError(f"expected a phrase key of {spoken}.toml ({known}), got {key!r}; name one of these")
        isolated = writing.direction(spoken) == "rtl"
        if not isinstance(phrase, Plural):
            if count is not None:
                raise PhraseError(f"phrase {key!r}: expected no count, got {count}; leave it out: it has no plurals")
            return phrase.fill(values, isolated=isolated)
        if count is None:
            raise PhraseError(f"phrase {key!r}: expected the count of its things, got none; pass count=…")
        shown = locales.number(count, spoken, language)
        return phrase.fill(values, count=count, shown=shown, category=locales.plural_rule(spoken), isolated=isolated)

    def status_name(self, status: str, language: str) -> str:
        """Return what a customer reads for a ticket's status; raise ``PhraseError`` on an unknown one."""
        names = self._speech[self.resolve(language)].status_names
        name = names.get(status)
        if name is None:
            raise PhraseError(f"expected a status ({', '.join(names)}), got {status!r}")
        return name

    def widget(self, language: str) -> Mapping[str, str]:
        """Return the chat page's strings, read-only."""
        return self._speech[self.resolve(language)].widget

    def direction(self, language: str) -> Direction:
        """Return which way the language itself is written, phrase language or not."""
        return writing.direction(language)

    def set_apart(self, text: str, text_language: str, *, language: str) -> str:
        """Return a text to stand in a message of ``language``; isolated by lines where either runs right to left."""
        spoken = writing.direction(self.resolve(language))
        return writing.isolate(text) if "rtl" in (spoken, writing.direction(text_language)) else text

    def numbered(self, texts: Sequence[tuple[str, str]], *, language: str) -> str:
        """Return a numbered list of texts, each given with its language, to stand in a message of ``language``.

        Where the message runs right to left every line does, so that its number stands to the right of it.
        """
        mark = writing.RIGHT_TO_LEFT_MARK if writing.direction(self.resolve(language)) == "rtl" else ""
        return "\n".join(
            f"{mark}{number}. {self.set_apart(text, text_language, language=language)}"
            for number, (text, text_language) in enumerate(texts, 1)
        )

    def moment(self, at: datetime, language: str, *, timezone: str, now: datetime) -> str:
        """Return weekday, date and time of ``at`` in the IANA ``timezone``, with the year only where it differs.

        The region of the tag counts: 5:00 PM for ``en``, 17:00 for ``en-GB``. Raises ``ValueError`` on a
        datetime without a zone and on an unknown ``timezone``.
        """
        return locales.moment(at, self.resolve(language), language, timezone=timezone, now=now)

    def language_name(self, code: str, *, in_language: str) -> str:
        """Return the name of the language ``code``; the code itself where no name is known."""
        return locales.language_name(code, self.resolve(in_language))

    def is_person_request(self, text: str) -> bool:
        """Return whether the text asks, in any phrase language, for a human being, and for nothing else."""
        return _recogniser().is_person_request(text)

    def is_none_of_these(self, text: str) -> bool:
        """Return whether the text says, in any phrase language, that none of the choices fits."""
        return _recogniser().is_none_of_these(text)
