"""The shield: translates the words of a text around its spans, which the engine never sees.

Each span becomes one private character, so that line and sentence ends are seen clearly. A sentence
then goes to the engine in one of two ways. First *masked*: a number or code inside the sentence is
replaced by a short token (``XQ1``) and the engine keeps the whole sentence in view; this gives the
better wording, but engines squeeze, re-case, double or drop such tokens, differently for each pair
of languages (LibreTranslate's issue 944 shows it). So the result counts only when every token came
back once, whole, in order. Otherwise the sentence is *cut* at its spans and the fragments are
translated one by one: clumsier, and safe by construction. Mark-up is always cut at.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from assistant.translation import sentences
from assistant.translation.errors import TranslationUnsafeError
from assistant.translation.glossary import EMPTY, Glossary
from assistant.translation.spans import Span, find_spans

_FIRST = 0xF0000  # plane 15 is for private use; a private character of the text itself is a span
_MAX_SPANS = 0xFFFD
_SENTINEL = re.compile("([\U000f0000-\U000ffffd])")
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]")
_LINE_ENDS = re.compile(r"(\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])")
_LINE_HEAD = re.compile("[\\s>#+•·–—-]*(?:\\(?[\U000f0000-\U000ffffd][.)]\\s+)?(?:\\[[ xX]?\\]\\s+)?")
_MASK = re.compile(r"XQ(\d+)")
_MASKED_KINDS = frozenset({"number", "amount", "date", "phone", "identifier", "handle", "domain", "email", "url"})
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af]")  # scripts without spaces
_FULL_STOPS = ".。．।"


def translate_around(
    text: str, translate: Callable[[str], str], *, glossary: Glossary = EMPTY, target_language: str | None = None
) -> str:
    """Return the text with its words translated; spans, line breaks and list marks stay as they are.

    ``translate`` gets one sentence or fragment at a time, without outer white space, and may raise
    TranslationError. Raises TranslationUnsafeError when it gives nothing back for words.
    """
    spans = find_spans(text)
    if len(spans) > _MAX_SPANS:
        raise TranslationUnsafeError(
            f"The text holds {len(spans):,} links, numbers and marks; expected at most {_MAX_SPANS:,}: split it."
        )
    return _Shield(spans, translate).translate(text)


class _Shield:
    def __init__(self, spans: tuple[Span, ...], translate: Callable[[str], str]) -> None:
        self._spans = spans
        self._translate = translate
        self._known: dict[str, str] = {}  # the same fragment is translated once

    def translate(self, text: str) -> str:
        shielded: list[str] = []
        done = 0
        for index, span in enumerate(self._spans):
            shielded += [text[done : span.start], chr(_FIRST + index)]
            done = span.end
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
        parts: list[str] = [""]
        for piece in _SENTINEL.split(sentence):
            if _is_sentinel(piece) and self._span(piece).kind not in _MASKED_KINDS:
                parts += [piece, ""]
            else:
                parts[-1] += piece
        return "".join(part if _is_sentinel(part) else self._part(part) for part in parts)

    def _part(self, part: str) -> str:
        masked = self._masked(part) if _SENTINEL.search(part) else None
        if masked is not None:
            return masked
        return "".join(piece if _is_sentinel(piece) else self._fragment(piece) for piece in _SENTINEL.split(part))

    def _masked(self, part: str) -> str | None:
        """Return the part translated with tokens for its spans; None when the tokens did not survive."""
        start, end = _edges(part)
        core = part[start:end]
        order = _SENTINEL.findall(core)
        words = _SENTINEL.sub("", core)
        if not order or not any(character.isalpha() for character in words) or _touches_letter(core):
            return None
        masks = {sentinel: f"XQ{number}" for number, sentinel in enumerate(order, start=1)}
        translated = self._ask(_SENTINEL.sub(lambda found: masks[found.group()], core))
        if [found.group() for found in _MASK.finditer(translated)] != list(masks.values()):
            return None
        back = {mask: sentinel for sentinel, mask in masks.items()}
        unmasked = _MASK.sub(lambda found: back[found.group()], translated)
        if _touches_letter(unmasked) or self._texts(unmasked) != self._texts(core):
            return None
        return part[:start] + unmasked + part[end:]

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
        if core[-1] not in _FULL_STOPS:
            translated = translated.rstrip(_FULL_STOPS + " ")
        if not translated:
            raise TranslationUnsafeError(
                f"The engine gave nothing back for {core[:40]!r}; show the original, or let a person answer.",
                faults=("empty",),
            )
        self._known[core] = translated
        return translated

    def _span(self, sentinel: str) -> Span:
        return self._spans[ord(sentinel) - _FIRST]

    def _restore(self, text: str) -> str:
        return _SENTINEL.sub(lambda found: self._span(found.group()).text, text)

    def _texts(self, text: str) -> Counter[str]:
        return Counter(span.text for span in find_spans(self._restore(text)))


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


def _touches_letter(text: str) -> bool:
    """Tell whether a sentinel is glued to a letter or digit, so that its token would be part of a word."""
    for found in _SENTINEL.finditer(text):
        for neighbour in (text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]):
            if neighbour and (neighbour.isalnum() or _is_sentinel(neighbour)) and not _UNSPACED.match(neighbour):
                return True
    return False
