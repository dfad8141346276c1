"""Sentences of a line of text, by punctuation alone: no model, no download, any script.

Engines translate sentence by sentence and come with splitters that fetch models from the network;
this one does not. Too few cuts only make a sentence longer, so it cuts where it is sure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MAX_LENGTH = 400  # characters; OpenNMT models were trained on sentences of up to about 200 tokens

_END = re.compile(r"(?:[.!?…؟।॥።]+[\"'»”’)\]]*(?=\s)|[。！？｡]+[」』”’）]*)\s*")
_ABBREVIATIONS = (  # with the dots inside, without the last one; lower case
    "e.g i.e mr mrs ms dr st vs approx dept inc ltd tel fig "
    "т.е т.д т.п т.к т.н г гг ул стр руб коп им др см напр ст тыс млн млрд тел обл р-н д кв корп "
    "вул напрыклад г.зн і.г грн буд "
    "z.b bzw ca nr str u.a d.h ggf evtl inkl zzgl p.ej sr sra núm art av m mme p.ex env n° "
    "np tj ul tzn ok godz wg"
)
_BEFORE_NUMBER = frozenset(("no", "nos"))  # words of their own otherwise
_KNOWN_ABBREVIATIONS = frozenset(_ABBREVIATIONS.split())
_SOFT_BREAK = re.compile(r"[;,:，、；：]\s*|\s+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """A sentence without outer white space, and the white space up to the next one."""

    text: str
    gap: str


def translate_each(text: str, translate: Callable[[list[str]], Sequence[str]]) -> str:
    """Return the text with its sentences translated, as many and in the same order, and its white space kept."""
    lines = [split(line) for line in text.split("\n")]
    translated = iter(translate([sentence.text for line in lines for sentence in line if sentence.text]))
    return "\n".join(
        "".join((next(translated) if sentence.text else "") + sentence.gap for sentence in line) for line in lines
    )


def split(line: str, *, limit: int = MAX_LENGTH) -> list[Sentence]:
    """Return the sentences of a line, none longer than ``limit`` characters; texts and gaps join to the line.

    White space at the line's beginning is the gap of an empty first sentence.
    """
    start = len(line) - len(line.lstrip())
    sentences = [Sentence(text="", gap=line[:start])] if start else []
    pieces: list[str] = []
    for end in _END.finditer(line):
        if end.end() < len(line) and _is_end(line, start, end):
            pieces.append(line[start : end.end()])
            start = end.end()
    pieces.append(line[start:])
    for piece in pieces:
        for part in _shorten(piece, limit):
            text = part.rstrip()
            sentences.append(Sentence(text=text, gap=part[len(text) :]))
    return sentences


def _is_end(line: str, start: int, end: re.Match[str]) -> bool:
    if not end.group().startswith(".") or end.group().startswith(".."):
        return True
    word = line[max(start, end.start() - 20) : end.start()].split(" ")[-1].lstrip("(\"'«„“").lower()
    following = line[end.end()]
    is_initial = len(word) == 1 and word.isalpha()
    is_abbreviation = word in _KNOWN_ABBREVIATIONS or (word in _BEFORE_NUMBER and not following.isalpha())
    return not is_initial and not is_abbreviation and not following.islower()


def _shorten(piece: str, limit: int) -> list[str]:
    parts: list[str] = []
    while len(piece) > limit:
        breaks = [found.end() for found in _SOFT_BREAK.finditer(piece, 0, limit) if found.end() >= limit // 2]
        cut = breaks[-1] if breaks else limit
        parts.append(piece[:cut])
        piece = piece[cut:]
    return [*parts, piece]
