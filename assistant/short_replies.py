"""Short replies: "the second one, please" to choices that were offered, and thanks, to which nothing need be said.

They are read only as a whole: every word of the message must be one of the listed ones, so that "second
parcel lost" chooses nothing and "thanks, but where is it" is a question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from assistant.phrases import Phrasebook, ReplyVocabulary
from assistant.phrases.recogniser import CLAUSE_MARKS, fold, lexicon, tokens

LAST = -1  # the place of the last choice
_LONGEST = 200  # characters; a longer message says more than that
_QUESTION_MARKS = "?？؟՞"
_ENGLISH = "en"  # is understood from everybody

_Words = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Language:
    ordinals: Mapping[_Words, int]  # place from 1, or LAST
    around: frozenset[_Words]
    words: frozenset[str]  # of these


class ShortReplies:
    """What all languages list; immutable, and safe to share between threads."""

    def __init__(self, listed: Mapping[str, ReplyVocabulary]) -> None:
        """Take each phrase language's words."""
        self._lexicon = lexicon(text for each in listed.values() for text in _texts(each))
        self._languages: dict[str, _Language] = {}
        thanks: set[_Words] = set()
        for language, each in listed.items():
            places = (1, 2, 3, LAST)
            ordinals = {
                self._words(text): place for place, ways in zip(places, each.ordinals, strict=True) for text in ways
            }
            around = frozenset(map(self._words, each.around))
            words = frozenset(word for way in (*ordinals, *around) for word in way)
            self._languages[language] = _Language(ordinals=ordinals, around=around, words=words)
            thanks.update(map(self._words, each.thanks))
        self._thanks = frozenset(thanks)

    def ordinal(self, text: str, language: str) -> int | None:
        """Return the place of the choice that a message names ("the second", "option 2"), ``LAST`` for the last.

        Read in the customer's language and in English; None where it says anything else, too.
        """
        words = self._heard(text)
        if not words:
            return None
        for spoken in dict.fromkeys((Phrasebook().resolve(language), _ENGLISH)):
            listed = self._languages.get(spoken)
            if listed is not None and (place := _named(words, listed)) is not None:
                return place
        return None

    def is_thanks(self, text: str) -> bool:
        """Tell whether a message thanks, agrees or says goodbye, in any language, and does nothing else."""
        if any(mark in text for mark in _QUESTION_MARKS):
            return False
        return _is_made_of(self._heard(text), self._thanks)

    def _heard(self, text: str) -> _Words:
        return self._words(text) if len(text) <= _LONGEST else ()

    def _words(self, text: str) -> _Words:
        return tuple(word for word in tokens(fold(text), self._lexicon) if word not in CLAUSE_MARKS)


@cache
def short_replies() -> ShortReplies:
    """Return those of the phrase files."""
    return ShortReplies(Phrasebook().replies)


def _texts(listed: ReplyVocabulary) -> tuple[str, ...]:
    return (*(way for ways in listed.ordinals for way in ways), *listed.around, *listed.thanks)


def _named(words: _Words, listed: _Language) -> int | None:
    """Return the place that is named by one ordinal or one digit, with nothing but words that stand around it."""
    if not all(word in listed.words or word.isdecimal() for word in words):
        return None
    for start in range(len(words)):
        for end in range(start + 1, len(words) + 1):
            place = listed.ordinals.get(words[start:end])
            if place is None and end == start + 1 and len(words[start]) == 1 and words[start].isdecimal():
                place = int(words[start]) or None
            if (
                place is not None
                and _is_made_of(words[:start], listed.around, or_nothing=True)
                and _is_made_of(words[end:], listed.around, or_nothing=True)
            ):
                return place
    return None


def _is_made_of(words: _Words, listed: frozenset[_Words], *, or_nothing: bool = False) -> bool:
    """Tell whether the words are some of the listed ones, one after another."""
    reached = {0}
    for start in range(len(words)):
        if start in reached:
            reached.update(end for end in range(start + 1, len(words) + 1) if words[start:end] in listed)
    return len(words) in reached and (or_nothing or bool(words))
