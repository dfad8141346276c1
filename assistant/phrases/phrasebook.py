"""The phrasebook: the files of this folder, read once, and spoken in the customer's language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

from assistant.phrases import locales, writing
from assistant.phrases.recogniser import Recogniser, Vocabulary
from assistant.phrases.template import PhraseError, Template
from assistant.phrases.writing import Direction

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
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Speech:
    """One language's file."""

    templates: Mapping[str, Template]
    status_names: Mapping[str, str]
    widget: Mapping[str, str]
    vocabulary: Vocabulary


@cache
def _speeches() -> Mapping[str, _Speech]:
    folder = files(__package__)
    tags = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return MappingProxyType({tag: _read(folder.joinpath(f"{tag}.toml").read_text(encoding="utf-8")) for tag in tags})


def _read(text: str) -> _Speech:
    table = tomllib.loads(text)
    return _Speech(
        templates=MappingProxyType({key: Template.parse(key, text) for key, text in table["phrases"].items()}),
        status_names=MappingProxyType(table["status"]),
        widget=MappingProxyType(table["widget"]),
        vocabulary=Vocabulary(**{name: tuple(listed) for name, listed in table["recognise"].items()}),
    )


@cache
def _recogniser() -> Recogniser:
    return Recogniser(speech.vocabulary for speech in _speeches().values())


@dataclass(frozen=True, slots=True)
class Phrasebook:
    """What the product says and hears in each language; immutable, and safe to share between threads.

    Wherever a language is taken, any BCP 47 tag may be given: it is spoken in the nearest phrase
    language (``resolve``). Dates and language names follow it, so that one message has one language.
    """

    _speech: Mapping[str, _Speech] = field(default_factory=_speeches, init=False, repr=False, compare=False)

    @property
    def languages(self) -> tuple[str, ...]:
        """The phrase languages, in the order of their tags."""
        return tuple(self._speech)

    def resolve(self, language: str) -> str:
        """Return the phrase language of a BCP 47 tag: itself, else without its last subtags, else English."""
        tags = writing.subtags(language)
        # A tag has a handful of subtags; more is noise, and trying each would cost the square of its length.
        for length in range(min(len(tags), 8), 0, -1):
            candidate = "-".join(tags[:length])
            if candidate in self._speech:
                return candidate
        return DEFAULT_LANGUAGE

    def say(self, key: PhraseKey, language: str, **values: str) -> str:
        """Return the phrase with its values put in literally; isolated where the phrase runs right to left.

        Raises ``PhraseError`` on an unknown key and on a value missing or too many.
        """
        spoken = self.resolve(language)
        template = self._speech[spoken].templates.get(key)
        if template is None:
            known = ", ".join(self._speech[spoken].templates)
            raise PhraseError(f"expected a phrase key ({known}), got {key!r}")
        return template.fill(values, isolated=writing.direction(spoken) == "rtl")

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
