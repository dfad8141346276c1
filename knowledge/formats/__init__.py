"""File formats in which articles come in and go out; a further format is one more entry below."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePath

from knowledge.article import Article
from knowledge.errors import InputError
from knowledge.formats.csv_ import CsvReader, CsvWriter
from knowledge.formats.jsonl import JsonlReader, JsonlWriter
from knowledge.formats.reading import FormatReader, FormatWriter, Reading, Row

__all__ = [
    "READERS",
    "WRITERS",
    "FormatReader",
    "FormatWriter",
    "Reading",
    "Row",
    "choose_reader",
    "choose_writer",
    "export_articles",
]

READERS: tuple[FormatReader, ...] = (CsvReader(), JsonlReader())
WRITERS: tuple[FormatWriter, ...] = (CsvWriter(), JsonlWriter())

_ANY_TEXT = frozenset({"", ".txt"})  # suffixes that say nothing


def choose_reader(filename: str | None, data: bytes) -> FormatReader:
    """Return the reader for a file, by its name, or by its content where the name says nothing.

    Raises InputError for a format that is not known.
    """
    suffix = PurePath(filename or "").suffix.lower()
    for reader in READERS:
        if suffix in reader.suffixes or (suffix in _ANY_TEXT and reader.recognises(data)):
            return reader
    known = ", ".join(suffix for reader in READERS for suffix in reader.suffixes)
    came = "The content is of no known format" if suffix in _ANY_TEXT else f"Files {suffix[:20]!r} are not known"
    raise InputError(f"{came}; expected one of {known}: convert the file, or give it the right name.", field="file")


def choose_writer(format: str) -> FormatWriter:
    """Return the writer of a format; raise InputError for one that is not known."""
    for writer in WRITERS:
        if writer.name == format:
            return writer
    known = ", ".join(repr(writer.name) for writer in WRITERS)
    raise InputError(f"format is {format[:40]!r}; expected one of {known}.", field="format")


def export_articles(articles: Iterable[Article], format: str) -> Iterator[bytes]:
    """Return the pieces of a file with the articles; importing it gives the same articles.

    Raises InputError, before the first piece, for a format that is not known.
    """
    return choose_writer(format).write(articles)
