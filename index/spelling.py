"""Mending misspelt words: the likeliest word that was meant, or the words that run together.

A noisy channel (Kernighan, Church and Gale 1990, "A spelling correction program based on a noisy channel
model"): of the words near what was typed, the one whose probability, less what the slips cost, is
highest; and what was typed itself stays where that is likelier as a word nobody listed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from index.alphabets import BORROWING, borrowed
from index.analysis import stemmed_languages, terms
from index.words import WordList

SLIP = 4.0  # nats that an insertion, deletion, replacement or swap costs
NEW_WORD = 6.0  # nats of a word that no list has, whatever its length
NEW_LETTER = 2.1  # and for each of its first letters
LONG_FROM = 8  # letters from which each further one costs more: few words are so long, run-together ones are
LONG_LETTER = 2.8
SPACE = 1.0  # nats that a missing space costs
LONE_LETTER = 2.0  # nats that a word of one letter costs where it was split off
LEFTOVER = 4.0  # nats that letters cost which no list explains, between words that run together

_TWO_SLIPS = 6  # letters of a word that may hold two slips
_ONE_SLIP = 3
_LONGEST_WORD = 24  # letters of a word that may run together with others
LONGEST_RUN = 160  # letters that are split; more is no sentence
_STEMMED = stemmed_languages()
_LEAST_STEM = 3
_ENDING_FROM = 5  # letters that words of a language without a stemmer must share
_ENDING = 2  # letters that inflection may change
_UNMARKED = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe"})
_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "å": "aa", "ø": "oe", "æ": "ae"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A word list of a lexicon; ``language`` None for words of any."""

    words: WordList
    language: str | None
    cost: float  # nats
    is_mending: bool = True  # whether misspelt words are taken for words of this list


class Lexicon:
    """The word lists that a question is read with."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = tuple(sources)
        self._logs = [(source.words.logs, source.cost) for source in sources]

    def log(self, word: str) -> float | None:
        """Return the log-probability of a word; None where no list has it."""
        best = None
        for logs, cost in self._logs:
            found = logs.get(word)
            if found is not None and (best is None or found - cost > best):
                best = found - cost
        return best

    def can_mend(self, word: str) -> bool:
        """Tell whether some language's list, of those that mend, is written as this word is.

        Words of a knowledge base alone are too few to mend with: what is not among them is mostly another word,
        and where nothing stands between words, another sentence.
        """
        return any(
            2 * sum(letter in source.words.letters for letter in word) > len(word)
            for source in self.sources
            if source.language is not None and source.is_mending
        )

    def is_inflected(self, word: str) -> bool:
        """Tell whether a listed word differs from this one by its ending alone."""
        listed = [(source.words, source.language) for source in self.sources if source.language is not None]
        return any(_has_other_form(words, word, language) for words, language in listed)

    def marked(self, word: str) -> str | None:
        """Return the likeliest word that this one is without its marks; None where there is none."""
        found = []
        for source in self.sources:
            if source.is_mending:
                forms = source.words.by_form(_BORROWED.get(source.language, _typed_forms))
                form = forms.get(bare(word, source.language))
                if form is not None:
                    found.append((source.words.logs[form] - source.cost, form))
        return max(found)[1] if found else None

    def nearest(self, word: str) -> tuple[float, str] | None:
        """Return the likeliest word that was meant, with its score; None where that is the word itself."""
        best, meant = new_word(len(word)), word
        distance = 2 if len(word) >= _TWO_SLIPS else 1 if len(word) >= _ONE_SLIP else 0
        for source in self.sources:
            if distance and source.is_mending:
                logs = source.words.logs
                for found, slips in source.words.near(word, distance):
                    score = logs[found] - source.cost - SLIP * slips
                    if score > best:
                        best, meant = score, found
        return None if meant == word else (best, meant)

    def split(self, run: str) -> tuple[float, list[str]] | None:
        """Return the likeliest words that run together, with their score; None where it is no such run."""
        if len(run) > LONGEST_RUN:
            return None
        best = [0.0, *[float("-inf")] * len(run)]
        back = [0] * (len(run) + 1)
        for end in range(1, len(run) + 1):
            for start in range(max(0, end - _LONGEST_WORD), end):
                score = self.log(run[start:end])
                if score is None:
                    score = new_word(end - start) - LEFTOVER
                elif end - start == 1:
                    score -= LONE_LETTER
                score += best[start] - (SPACE if start else 0.0)
                if score > best[end]:
                    best[end], back[end] = score, start
        words: list[str] = []
        end = len(run)
        while end:
            words.append(run[back[end] : end])
            end = back[end]
        return (best[-1], words[::-1]) if len(words) > 1 else None


def new_word(letters: int) -> float:
    """Return the log-probability of a word that no list has."""
    return -NEW_WORD - NEW_LETTER * min(letters, LONG_FROM) - LONG_LETTER * max(0, letters - LONG_FROM)


def bare(word: str, language: str | None) -> str:
    """Return what is left of a word without marks, and where letters fall together on a neighbour's keyboard."""
    if language in BORROWING:
        return borrowed(word, language)
    return word


def _typed_forms(word: str) -> Iterator[str]:
    """Yield what is typed for a word without its marks, and with ae for ä."""
    if not word.isascii() and word < "\u0250":
        for form in (_without_marks(word), word.translate(_WRITTEN_OUT)):
            if form != word:
                yield form


def _borrowed_forms(word: str, *, language: str) -> Iterator[str]:
    yield borrowed(word, language)


# Word lists keep what they are asked for by the function, so that there must be but one for each language.
_BORROWED: Mapping[str | None, Callable[[str], Iterator[str]]] = {
    language: partial(_borrowed_forms, language=language) for language in BORROWING
}


def _without_marks(word: str) -> str:
    parts = unicodedata.normalize("NFD", word)
    kept = "".join(character for character in parts if not "\u0300" <= character <= "\u036f")
    return unicodedata.normalize("NFC", kept).translate(_UNMARKED)


def _has_other_form(words: WordList, word: str, language: str) -> bool:
    """Tell whether a list has a word of the same stem; for want of a stemmer, of the same beginning."""
    if language in _STEMMED:
        stem = terms(word, language)
        beginning = word[: max(_LEAST_STEM, len("".join(stem)) - _ENDING)]
        return any(terms(other, language) == stem for other in words.beginning(beginning))
    beginning = word[: max(_ENDING_FROM, len(word) - _ENDING)]
    return any(abs(len(other) - len(word)) <= _ENDING for other in words.beginning(beginning))
