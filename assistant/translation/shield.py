"""The shield: translates the words of a text around its protected parts, which the engine never sees.

Each protected part becomes one private character, so that line and sentence ends are seen clearly. A sentence
then goes to the engine in one of two ways. First *masked*: a number, code or term inside the sentence is
replaced by a short token (``XQ1``) and the engine keeps the whole sentence in view; this gives the
better wording, but engines squeeze, re-case, double or drop such tokens, differently for each pair
of languages (LibreTranslate's issue 944 shows it). So the result counts only when every token came
back once, whole, and those of one kind in order: an amount may change places with a date, two hours may not.
Otherwise the sentence is *cut* at its parts and the fragments are translated one by one: clumsier, and safe by
construction. Mark-up is always cut at, and so keeps its order and its nesting.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator

from assistant.translation import sentences
from assistant.translation.errors import TranslationUnsafeError
from assistant.translation.glossary import EMPTY, UNSPACED, Glossary
from assistant.translation.protection import Protected, protect
from assistant.translation.spans import find_spans

_FIRST = 0xF0000  # plane 15 is for private use; a private character of the text itself is a span
_MAX_SPANS = 0xFFFD
_SENTINEL = re.compile("([\U000f0000-\U000ffffd])")
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]")
_LINE_ENDS = re.compile(r"(\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])")
_LINE_HEAD = re.compile("[\\s>#+•·–—-]*(?:\\(?[\U000f0000-\U000ffffd][.)]\\s+)?(?:\\[[ xX]?\\]\\s+)?")
_MASK = re.compile(r"[XxＸ][QqＱ][ ]?(\d{1,5})")  # in any case and width, and with a space in it, it is still ours
_FULL_STOPS = ".。．।"


def translate_around(
    text: str, translate: Callable[[str], str], *, glossary: Glossary = EMPTY, target_language: str | None = None
) -> str:
    """Return the text with its words translated; protected parts, line breaks and list marks stay as they are.

    Terms of the glossary stay, or go out in their rendering for the target language. ``translate`` gets one
    sentence or fragment at a time, without outer white space, and may raise TranslationError. Raises
    TranslationUnsafeError when it gives nothing back for words. What comes out is still to be verified: an engine may
    make up numbers and links of its own.
    """
    parts = protect(text, glossary=glossary, target_language=target_language)
    if len(parts) > _MAX_SPANS:
        raise TranslationUnsafeError(
            f"The text holds {len(parts):,} links, numbers and marks; expected at most {_MAX_SPANS:,}: split it."
        )
    return _Shield(parts, translate).translate(text)


class _Shield:
    def __init__(self, parts: tuple[Protected, ...], translate: Callable[[str], str]) -> None:
        self._parts = parts
        self._translate = translate
        self._known: dict[str, str] = {}  # the same fragment is translated once

    def translate(self, text: str) -> str:
        shielded: list[str] = []
        done = 0
        for index, part in enumerate(self._parts):
            shielded += [text[done : part.start], chr(_FIRST + index)]
            done = part.end
        shielded.append(text[done:])
        lines = _LINE_ENDS.split("".join(shielded))
        lines[::2] = [self._line(line) for line in lines[::2]]
        return self._restore("".join(lines))

    def _line(self, line: str) -> str:
        found = _LINE_HEAD.match(line)
        head = found.group() if found else ""
        translated = [self._sentence(sentence.text) + sentence.gap for sentence in sentences.split(line[len(head) :])]
        return head + "".join(translated)

    def _sentence(self, sentence: str) -> str:
        """Cut at mark-up, and translate what lies between."""
        pieces: list[str] = [""]
        for piece in _SENTINEL.split(sentence):
            if _is_sentinel(piece) and not self._part(piece).is_wordlike:
                pieces += [piece, ""]
            else:
                pieces[-1] += piece
        return "".join(piece if _is_sentinel(piece) else self._clause(piece) for piece in pieces)

    def _clause(self, clause: str) -> str:
        """Translate words with parts among them, but no mark-up."""
        if not _SENTINEL.search(clause):
            return self._fragment(clause)
        masked = self._masked(clause)
        if masked is not None:
            return masked
        pieces = (piece if _is_sentinel(piece) else self._fragment(piece) for piece in _SENTINEL.split(clause))
        return "".join(_spaced(pieces))

    def _masked(self, clause: str) -> str | None:
        """Return the clause translated with tokens for its parts; None when the tokens did not survive."""
        start, end = _edges(clause)
        core = clause[start:end]
        order = _SENTINEL.findall(core)
        words = _SENTINEL.sub("", core)
        if not order or not any(character.isalpha() for character in words) or _touches_letter(core):
            return None
        numbers = {sentinel: number for number, sentinel in enumerate(order, start=1)}
        translated = self._ask(_SENTINEL.sub(lambda found: f"XQ{numbers[found.group()]}", core))
        came = [int(found[1]) for found in _MASK.finditer(translated)]
        if sorted(came) != list(numbers.values()) or self._is_reordered(order, came):
            return None
        unmasked = _MASK.sub(lambda found: order[int(found[1]) - 1], translated)
        if _touches_letter(unmasked) or not self._is_intact(order, unmasked):
            return None
        return clause[:start] + unmasked + clause[end:]

    def _is_reordered(self, order: list[str], came: list[int]) -> bool:
        """Tell whether tokens of one kind changed places."""
        last: dict[str, int] = {}
        for number in came:
            kind = self._part(order[number - 1]).order
            if number < last.get(kind, 0):
                return True
            last[kind] = number
        return False

    def _is_intact(self, order: list[str], unmasked: str) -> bool:
        """Tell whether no part grew together with what the engine wrote beside it, and nothing was made up."""
        literal = {sentinel for sentinel in order if self._part(sentinel).order == "term"}
        shown = _SENTINEL.sub(
            lambda found: found.group() if found.group() in literal else self._part(found.group()).rendering, unmasked
        )
        expected = Counter(sentinel if sentinel in literal else self._part(sentinel).rendering for sentinel in order)
        return Counter(span.text for span in find_spans(shown, with_quotes=False)) == expected

    def _fragment(self, fragment: str) -> str:
        """Translate a fragment without spans; white space and punctuation at its edges stay."""
        start, end = _edges(fragment)
        core = fragment[start:end]
        if not any(character.isalpha() for character in core):
            return fragment
        return fragment[:start] + self._ask(core) + fragment[end:]

    def _ask(self, core: str) -> str:
        known = self._known.get(core)
        if known is not None:
            return known
        translated = _PRIVATE.sub("", " ".join(self._translate(core).split()))
        translated = _without_loose_edges(unicodedata.normalize("NFC", translated))
        if core[-1] not in _FULL_STOPS:
            translated = translated.rstrip(_FULL_STOPS + " ")
        if not translated:
            raise TranslationUnsafeError(
                f"The engine gave nothing back for {core[:40]!r}; show the original, or let a person answer.",
                faults=("empty",),
            )
        self._known[core] = translated
        return translated

    def _part(self, sentinel: str) -> Protected:
        return self._parts[ord(sentinel) - _FIRST]

    def _restore(self, text: str) -> str:
        return _SENTINEL.sub(lambda found: self._part(found.group()).rendering, text)


def _is_sentinel(piece: str) -> bool:
    return len(piece) == 1 and _SENTINEL.fullmatch(piece) is not None


def _edges(piece: str) -> tuple[int, int]:
    """Return where the words of a piece begin and end; a sentence's own end mark belongs to it."""
    start, end = 0, len(piece)
    while start < end and not (piece[start].isalnum() or _is_sentinel(piece[start]) or piece[start] in '([«"“„¿¡'):
        start += 1
    while end > start and piece[end - 1].isspace():
        end -= 1
    return start, end


def _without_loose_edges(translated: str) -> str:
    """Drop what would change the look of a neighbour: accents, joiners and direction marks at either end."""
    start, end = 0, len(translated)
    while start < end and unicodedata.category(translated[start]) in ("Mn", "Mc", "Me", "Cf", "Zs"):
        start += 1
    while end > start and unicodedata.category(translated[end - 1]) in ("Cf", "Zs"):
        end -= 1
    return translated[start:end]


def _spaced(pieces: Iterator[str]) -> Iterator[str]:
    """Yield the pieces, with a space where a letter of the translation would grow together with a part."""
    before = ""
    for piece in pieces:
        if before and piece and _is_sentinel(before[-1]) != _is_sentinel(piece[0]):
            letter = piece[0] if _is_sentinel(before[-1]) else before[-1]
            if _grows_on(letter):
                yield " "
        yield piece
        before = piece or before


def _grows_on(neighbour: str) -> bool:
    if neighbour.isalnum():
        return UNSPACED.match(neighbour) is None
    return unicodedata.category(neighbour) in ("Mn", "Mc", "Me", "Cf")


def _touches_letter(text: str) -> bool:
    """Tell whether a sentinel is glued to a letter or digit, so that its token would be part of a word."""
    for found in _SENTINEL.finditer(text):
        for neighbour in (text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]):
            if neighbour and (_is_sentinel(neighbour) or _grows_on(neighbour)):
                return True
    return False
