"""Words by which two questions may ask for opposite things, language by language, from ``assistant/contrast.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal, NamedTuple

from index.analysis import normal_form

ARABIC = "والبكف"  # letters that an article, glued on, may begin with

_EAST_ASIAN = "\u3040"  # from here on a character is a word or a syllable
_REPLACED = 2  # last letters of an opposite for which another form may have others, unless the table says so
_WHOLE = 4  # letters that all its forms share, or all it has
_ENDING = 6  # letters by which a form may be longer, though not more than the word itself has
_BEGINNING = 3  # letters by which opposites are looked up; shorter words have no other forms
_ARTICLE = re.compile("^(?:وال|بال|كال|فال|لل|ال)(?=..)")


class Listed(NamedTuple):
    """A word of the table, for all its forms: they begin with ``stem`` and have at most ``longest`` letters."""

    stem: str
    longest: int

    def has(self, word: str) -> bool:
        """Tell whether a word is one of the forms."""
        word = bare(word)
        return word.startswith(self.stem) and len(word) <= self.longest


class Pair(NamedTuple):
    """Two words, or phrases, of opposite meaning, seen from one of them; ``shared`` are the words that both have."""

    ours: tuple[Listed, ...]
    theirs: tuple[Listed, ...]
    shared: tuple[Listed, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """The table of one language, its words folded as those of texts are."""

    order: Literal["strict", "cased", "free"] | None  # None: nothing is known of the language
    negators: frozenset[str]
    negated: dict[str, str]
    fused: dict[str, list[str]]
    prefix: str
    polite: tuple[str, ...]
    marks: frozenset[str]
    joins: frozenset[str]
    light: frozenset[str]
    opposites: dict[str, list[Pair]]  # by the beginning of the first word of ours
    apart: frozenset[tuple[str, str]]  # opposites of one word each: never two forms of the same


@cache
def words_of(language: str) -> Words:
    """Return the table of a language, an empty one where nothing is known of it."""
    fields = _table().get(language, {})
    lists = {name: list(map(normal_form, words)) for name, words in fields.items() if isinstance(words, list)}
    sets = {name: frozenset(lists.get(name, ())) for name in ("negators", "marks", "joins", "light")}
    replaced = fields.get("replaced", _REPLACED)
    opposites, apart = _opposites(fields.get("opposites", ()), sets["marks"], replaced)
    return Words(
        order=fields.get("order"),
        negated={normal_form(word): normal_form(stem) for word, stem in fields.get("negated", {}).items()},
        fused={normal_form(word): normal_form(parts).split() for word, parts in fields.get("fused", {}).items()},
        prefix=fields.get("prefix", ""),
        # Found in whole words only, where words have spaces between them.
        polite=tuple(text if text[0] >= _EAST_ASIAN else f" {text} " for text in lists.get("polite", ())),
        opposites=opposites,
        apart=apart,
        **sets,
    )


def parted(folded: str) -> list[str]:
    """Return the words of a folded text; of East Asian ones, the characters."""
    if folded.isascii() or max(folded) < _EAST_ASIAN:
        return folded.split()
    return [part for run in folded.split() for part in (run if run[0] >= _EAST_ASIAN else (run,))]


def without(words: Sequence[str], others: Sequence[str]) -> list[str]:
    """Return the words that are left when others are crossed out, each once."""
    rest = list(words)
    for word in others:
        if word in rest:
            rest.remove(word)
    return rest


def bare(word: str) -> str:
    """Return a word without an Arabic article."""
    return _ARTICLE.sub("", word) if word[0] in ARABIC else word


def beginning(word: str) -> str:
    """Return the letters of a word by which its opposites are looked up."""
    return bare(word)[:_BEGINNING]


def are_forms(words: Sequence[str], listed: Sequence[Listed]) -> bool:
    """Tell whether words are forms of as many listed ones, in the same order."""
    return len(words) == len(listed) and all(one.has(word) for one, word in zip(listed, words, strict=True))


def _opposites(
    written: Iterable[str], marks: Collection[str], replaced: int
) -> tuple[dict[str, list[Pair]], frozenset[tuple[str, str]]]:
    """Return the opposites by the beginning of the first word, and those that are a single word on either side."""
    pairs: dict[str, list[Pair]] = {}
    words: set[tuple[str, str]] = set()
    for pair in written:
        one, other = (parted(normal_form(side)) for side in pair.split("/"))
        ours, theirs = without(one, other), without(other, one)
        sides = [tuple(_listed(word, marks, replaced) for word in some) for some in (ours, theirs, without(one, ours))]
        pairs.setdefault(beginning(ours[0]), []).append(Pair(sides[0], sides[1], sides[2]))
        pairs.setdefault(beginning(theirs[0]), []).append(Pair(sides[1], sides[0], sides[2]))
        if len(ours) == len(theirs) == 1:
            words |= {(ours[0], theirs[0]), (theirs[0], ours[0])}
    return pairs, frozenset(words)


def _listed(written: str, marks: Collection[str], replaced: int) -> Listed:
    word = bare(written)
    if written in marks or len(word) < _BEGINNING:
        return Listed(stem=word, longest=len(word))
    kept = max(min(len(word), _WHOLE), len(word) - replaced)
    return Listed(stem=word[:kept], longest=len(word) + min(len(word), _ENDING))


@cache
def _table() -> dict[str, dict[str, Any]]:
    return tomllib.loads((resources.files("assistant") / "contrast.toml").read_text(encoding="utf-8"))
