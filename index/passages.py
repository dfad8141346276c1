"""Passages: the units of an article that are embedded and indexed."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import IntEnum

from knowledge.article import Article, Text

PIECE_LENGTH = 400  # characters; about what one embedding can say without blurring

_SENTENCE_END = re.compile(r"(?<=[.!?…。！？؟।])\s+|\n+|(?<=[。！？])")


class PassageKind(IntEnum):
    """What part of a text a passage is."""

    QUESTION = 0
    ALTERNATE = 1
    ANSWER = 2


@dataclass(frozen=True, slots=True)
class Passage:
    """One question, alternate question or piece of an answer, in one language."""

    kind: PassageKind
    language: str
    content: str

    def digest(self) -> bytes:
        """Return 16 bytes that are equal for what is encoded alike: language, content, asked or answered."""
        side = "answer" if self.kind is PassageKind.ANSWER else "question"
        return hashlib.blake2b(f"{side}\0{self.language}\0{self.content}".encode(), digest_size=16).digest()


def passages(article: Article) -> list[Passage]:
    """Return the passages of an article, always in the same order for the same content."""
    return [passage for text in article.texts for passage in _text_passages(text)]


def _text_passages(text: Text) -> list[Passage]:
    return [
        Passage(PassageKind.QUESTION, text.language, text.question),
        *(Passage(PassageKind.ALTERNATE, text.language, alternate) for alternate in text.alternate_questions),
        *(Passage(PassageKind.ANSWER, text.language, piece) for piece in pieces(text.answer)),
    ]


def pieces(answer: str, *, length: int = PIECE_LENGTH) -> list[str]:
    """Cut an answer at sentence ends into pieces of at most ``length`` characters, none empty."""
    cut: list[str] = []
    current = ""
    for sentence in _SENTENCE_END.split(answer):
        for part in _hard_cut(sentence.strip(), length):
            if current and len(current) + 1 + len(part) > length:
                cut.append(current)
                current = part
            else:
                current = f"{current} {part}".strip()
    if current:
        cut.append(current)
    return cut


def _hard_cut(sentence: str, length: int) -> list[str]:
    if len(sentence) <= length:
        return [sentence] if sentence else []
    parts: list[str] = []
    rest = sentence
    while len(rest) > length:
        at = rest.rfind(" ", length // 2, length + 1)
        at = at if at > 0 else length
        parts.append(rest[:at].strip())
        rest = rest[at:].strip()
    return [part for part in (*parts, rest) if part]
