"""What every format reader gives: rows with their lines, each an article or a reason why not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from knowledge.article import Article

# Parts of an article that a file may leave out; what it leaves out stays as it is stored.
HEAD_FIELDS = frozenset({"tags", "url", "valid_from", "valid_until", "review_by"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row of a file: an article, whole or in some of its languages, or the reason why it is none.

    ``line`` is the physical line it begins on, from 1. ``given`` names the HEAD_FIELDS that the file
    states, be it as empty; ``keeps_alternates`` the languages of which it does not state the
    alternate questions. Exactly one of ``article`` and ``problem`` is set; ``article_id`` and
    ``language`` (None for several) are what could be read of a rejected row.
    """

    line: int
    article: Article | None = None
    given: frozenset[str] = HEAD_FIELDS
    keeps_alternates: frozenset[str] = frozenset()
    problem: str | None = None
    article_id: str | None = None
    language: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """A file being read: what it is, and its rows, which are parsed as they are taken."""

    format: str
    encoding: str
    rows: Iterator[Row]
    warnings: tuple[str, ...] = ()


class FormatReader(Protocol):
    """Reads one kind of file."""

    @property
    def name(self) -> str:
        """The format's name."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Endings of file names, lower case, with the dot."""

    @property
    def expectation(self) -> str:
        """What a file of this kind holds, for messages."""

    def recognises(self, data: bytes) -> bool:
        """Tell whether the bytes look like this format; used when there is no file name."""

    def read(self, data: bytes, *, default_language: str) -> Reading:
        """Begin to read; raise InputError when the file as a whole cannot be read."""


class FormatWriter(Protocol):
    """Writes articles as one kind of file."""

    @property
    def name(self) -> str:
        """The format's name."""

    @property
    def media_type(self) -> str:
        """The type for the HTTP header."""

    def write(self, articles: Iterable[Article]) -> Iterator[bytes]:
        """Yield the file in pieces; reading it back gives the same articles."""


def rejected(line: int, problem: str, *, article_id: str | None = None, language: str | None = None) -> Row:
    """Return a row that is not an article."""
    return Row(
        line=line,
        problem=printable(problem, limit=1_000),
        article_id=printable(article_id),
        language=printable(language),
    )


def printable(text: str | None, limit: int = 128) -> str | None:
    """Return the text fit for any report: cut, and without NULs and lone surrogates."""
    if text is None:
        return None
    return text[:limit].encode(errors="replace").decode().replace("\x00", "\ufffd") or None
