"""The glossary at work: which terms a text holds, and what stands for them in a language."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from assistant.translation import tags
from knowledge.glossary import GlossaryTerm, folded, plain

_SCRIPT_STARTS = (0x370, 0x400, 0x530, 0x590, 0x600)  # of Greek, Cyrillic, Armenian, Hebrew, Arabic
_KEY = 3  # characters by which terms are looked up first
_MATCHERS = 256  # languages whose terms are kept at hand
# Scripts without spaces between words: a term is found anywhere in them.
UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uff66-\uff9f\U00020000-\U0003ffff]"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class TermSpan:
    """``text[start:end]`` of the text it was found in, and what goes out in its place."""

    start: int
    end: int
    text: str
    rendering: str


class Glossary:
    """Terms, ready to be found in texts of any language; does not change, and may be shared between threads.

    A term is found as a whole word or words, anywhere in scripts without spaces; where several begin at one place
    the longest counts. Case does not matter unless the term says so. Inflected forms are not found: a term for each
    of them may share a rendering. Words must be on one line, with one space between them.
    """

    def __init__(self, terms: Iterable[GlossaryTerm]) -> None:
        self.terms = tuple(terms)
        self._matchers: dict[str | None, _Matcher] = {}

    def __bool__(self) -> bool:
        """Tell whether there are terms at all."""
        return bool(self.terms)

    def find(self, text: str, target: str | None) -> tuple[TermSpan, ...]:
        """Return what the glossary settles in a text that goes into a language, in order, without overlaps.

        Terms with renderings count where one of them serves a reader of that language (``pt`` for ``pt-BR``); without
        a language only those count that stay as they are.
        """
        if not self.terms:
            return ()
        matcher = self._matchers.get(target)
        if matcher is None:
            if len(self._matchers) >= _MATCHERS:
                self._matchers.clear()
            matcher = self._matchers[target] = _Matcher(_applying(self.terms, target))
        return tuple(matcher.find(text))

    def digest(self, text: str, target: str | None) -> str:
        """Return 16 hexadecimal digits of what the glossary settles in the text; empty when it settles nothing.

        Whatever else of the glossary changes, a translation of the text with the same digest is still right.
        """
        found = dict.fromkeys((span.text, span.rendering) for span in self.find(text, target))
        if not found:
            return ""
        return hashlib.sha256("\n".join(f"{term}\t{rendering}" for term, rendering in found).encode()).hexdigest()[:16]


EMPTY = Glossary(())


class _Matcher:
    """Looks slices of a text up in a dictionary, at the places where a term may begin and in the lengths there are."""

    def __init__(self, terms: Iterable[tuple[GlossaryTerm, str | None]]) -> None:
        self._found: dict[str, list[tuple[str | None, str | None]]] = {}  # folded → (exact letters, rendering)
        lengths: dict[str, set[int]] = {}
        for term, rendering in terms:
            key = folded(term.term)
            self._found.setdefault(key, []).append((plain(term.term) if term.case_sensitive else None, rendering))
            lengths.setdefault(key[:_KEY], set()).add(len(key))
        self._lengths = {key: sorted(those, reverse=True) for key, those in lengths.items()}
        firsts = sorted({key[0] for key in lengths})
        self._starts = re.compile(f"[{re.escape(''.join(firsts))}]") if firsts else None

    def find(self, text: str) -> Iterator[TermSpan]:
        if self._starts is None:
            return
        places: list[int] | None = None
        composed = text
        if not text.isascii() and not unicodedata.is_normalized("NFC", text):
            composed, places = _composed(text)
        lowered, letters = folded(composed), plain(composed)
        done = 0
        for start in self._starts.finditer(lowered):
            at = start.start()
            if at < done or not is_edge(lowered, at):
                continue
            found = self._at(lowered, letters, at)
            if found is None:
                continue
            done, rendering = found
            first, last = (at, done) if places is None else (places[at], places[done])
            slice_ = text[first:last]
            yield TermSpan(start=first, end=last, text=slice_, rendering=slice_ if rendering is None else rendering)

    def _at(self, lowered: str, letters: str, at: int) -> tuple[int, str | None] | None:
        for width in range(_KEY, 0, -1):
            for length in self._lengths.get(lowered[at : at + width], ()):
                end = at + length
                for exact, rendering in self._found.get(lowered[at:end], ()):
                    if (exact is None or exact == letters[at:end]) and is_edge(lowered, end):
                        return end, rendering
        return None


def _applying(terms: Iterable[GlossaryTerm], target: str | None) -> Iterator[tuple[GlossaryTerm, str | None]]:
    """Yield the terms that count for a language, each with its rendering; None stands for the term itself."""
    serving = tags.fallbacks(target) if target else ()
    for term in terms:
        if not term.renderings:
            yield term, None
        elif target:
            by_tag = {tags.canonical(tag): rendering for tag, rendering in term.renderings.items()}
            tag = next((tag for tag in serving if tag in by_tag), None) or tags.match(target, by_tag)
            if tag is not None:
                yield term, by_tag[tag]


def is_edge(text: str, at: int) -> bool:
    """Tell whether no word of a script with spaces goes on across a place; a word does not go on in another script."""
    if at <= 0 or at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if _goes_on(after):
        return False
    if not (_is_of_word(before) and _is_of_word(after)):
        return True
    return 0 <= _script(before) != _script(after) >= 0


def _script(character: str) -> int:
    """Return a number that one script's characters share, -1 for a digit or an accent, which belong to every script."""
    code = ord(character)
    if 0x300 <= code < 0x370 or character.isdigit():
        return -1
    if 0x1E00 <= code < 0x2000:
        return int(code >= 0x1F00)
    return bisect_right(_SCRIPT_STARTS, code) if code < 0x900 else code >> 7


def _is_of_word(character: str) -> bool:
    if character.isascii():
        return character.isalnum()  # an underscore is mark-up, or part of a code, in which terms are not looked for
    if character.isalnum():
        return UNSPACED.match(character) is None
    return unicodedata.category(character) in ("Mn", "Mc")


def _composed(text: str) -> tuple[str, list[int]]:
    """Return the text in NFC, and where in the text each of its characters begins; the last entry is its end."""
    parts: list[str] = []
    places: list[int] = []
    start = 0
    for end in range(1, len(text) + 1):
        if end < len(text) and _goes_on(text[end]):
            continue
        parts.append(unicodedata.normalize("NFC", text[start:end]))
        places += [start] * len(parts[-1])
        start = end
    return "".join(parts), [*places, len(text)]


def _goes_on(character: str) -> bool:
    """Tell whether a character is combined with the one before: an accent, or a vowel or tail of Hangul."""
    return unicodedata.category(character).startswith("M") or "\u1160" <= character <= "\u11ff"
