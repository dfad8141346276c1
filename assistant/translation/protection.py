"""Protection: all that an engine must not see of a text, and finding it again in the translation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from assistant.translation.glossary import EMPTY, Glossary, is_edge
from assistant.translation.spans import WORDLIKE, Span, find_spans

TERM = "term"
_LITERAL = (TERM, "quote")  # kinds that are found again by their letters alone

_BLANK = "\ufffc"  # no span holds it


@dataclass(frozen=True, kw_only=True, slots=True)
class Protected:
    """``text[start:end]`` of a text, and what goes out for it; ``kind`` is a span's, or ``term``."""

    kind: str
    start: int
    end: int
    text: str
    rendering: str

    @property
    def is_wordlike(self) -> bool:
        """Tell whether it is part of a sentence; if not it is mark-up, which stays where it is."""
        return self.kind == TERM or self.kind in WORDLIKE

    @property
    def order(self) -> str:
        """Return a name that it shares with all parts among which it keeps its place."""
        if not self.is_wordlike:
            return "mark-up"
        return TERM if self.kind in _LITERAL else self.kind


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What a translation holds of the parts that were protected, and all that is left of both texts beside them."""

    lost: tuple[str, ...]
    made_up: tuple[str, ...]
    is_reordered: bool
    source_words: str
    translated_words: str
    source_spans: tuple[Protected, ...]
    translated_spans: tuple[Protected, ...]


def protect(text: str, *, glossary: Glossary = EMPTY, target_language: str | None = None) -> tuple[Protected, ...]:
    """Return the parts of a text that stay as they are or have a fixed rendering, in order, without overlaps.

    A term that holds whole spans takes their place (``iPhone 15``), and so does one that is all a quotation holds;
    inside a link, a code or a longer name the term is part of that.
    """
    terms = (
        Protected(kind=TERM, start=term.start, end=term.end, text=term.text, rendering=term.rendering)
        for term in glossary.find(text, target_language)
    )
    return _merged(text, tuple(terms), with_quotes=True)


def find_again(
    source: str, translated: str, *, glossary: Glossary = EMPTY, target_language: str | None = None
) -> Found:
    """Return what became of the protected parts.

    Each must be there as often as in the source, and no other; a fixed rendering may be there more often, for engines
    translate inflected forms of a term, which the glossary does not hold, into the same word. Parts of one kind keep
    their order, and mark-up keeps its order as a whole. New quotations are words like others.
    """
    before = protect(source, glossary=glossary, target_language=target_language)
    expected = Counter(part.rendering for part in before if part.kind in _LITERAL)
    fixed = {part.text for part in before if part.kind in _LITERAL and part.rendering == part.text}
    after: list[Protected] = []
    surplus: list[str] = []
    left = Counter(expected)
    for part in _merged(translated, tuple(_literals(translated, expected)), with_quotes=False):
        if part.kind == TERM:
            left[part.text] -= 1
            if left[part.text] < 0:
                if part.text in fixed:
                    surplus.append(part.text)
                continue
        after.append(part)
    had, has = Counter(part.rendering for part in before), Counter(part.rendering for part in after)
    lost, made_up = tuple((had - has).elements()), (*(has - had).elements(), *surplus)
    return Found(
        lost=lost,
        made_up=made_up,
        is_reordered=not (lost or made_up) and _is_reordered(before, after),
        source_words=_words(source, before),
        translated_words=_words(translated, after),
        source_spans=before,
        translated_spans=tuple(after),
    )


def _merged(text: str, terms: Sequence[Protected], *, with_quotes: bool) -> tuple[Protected, ...]:
    """Return the spans of a text and those of the terms that are no part of one, in order."""
    spans = find_spans(text, with_quotes=with_quotes)
    kept: list[Protected] = []
    first = 0
    for term in terms:
        while first < len(spans) and spans[first].end <= term.start:
            first += 1
        if not (first < len(spans) and _holds(spans[first], term)):
            kept.append(term)
    if kept:  # what a term takes part of is another span without it
        pieces: list[str] = []
        done = 0
        for term in kept:
            pieces += [text[done : term.start], _BLANK * (term.end - term.start)]
            done = term.end
        spans = find_spans("".join([*pieces, text[done:]]), with_quotes=with_quotes)
    parts = [
        Protected(kind=span.kind, start=span.start, end=span.end, text=span.text, rendering=span.text) for span in spans
    ]
    return tuple(sorted([*parts, *kept], key=lambda part: part.start))


def _holds(span: Span, term: Protected) -> bool:
    """Tell whether a term is part of a longer span; all that a quotation holds is a term of its own."""
    if not (span.start <= term.start and term.end <= span.end):
        return False
    is_whole = (span.start, span.end) == (term.start, term.end)
    return not is_whole and not (span.kind == "quote" and span.text[1:-1].strip(" \u00a0\u202f") == term.text)


def _literals(translated: str, expected: Iterable[str]) -> Iterator[Protected]:
    """Yield where renderings and names stand in the translation on their own, of two that overlap the longer."""
    places: list[tuple[int, int]] = []
    for literal in expected:
        at = translated.find(literal)
        while at >= 0:
            if is_edge(translated, at) and is_edge(translated, at + len(literal)):
                places.append((at, -len(literal)))
            at = translated.find(literal, at + 1)
    done = 0
    for at, length in sorted(places):
        if at >= done:
            done = at - length
            text = translated[at:done]
            yield Protected(kind=TERM, start=at, end=done, text=text, rendering=text)


def _is_reordered(before: Sequence[Protected], after: Sequence[Protected]) -> bool:
    orders = {part.rendering: part.order for part in before}
    old: dict[str, list[str]] = {}
    new: dict[str, list[str]] = {}
    for sequences, parts in ((old, before), (new, after)):
        for part in parts:
            sequences.setdefault(orders[part.rendering], []).append(part.rendering)
    return old != new


def _words(text: str, parts: Sequence[Protected]) -> str:
    kept: list[str] = []
    done = 0
    for part in parts:
        kept.append(text[done : part.start])
        done = part.end
    return " ".join([*kept, text[done:]])
