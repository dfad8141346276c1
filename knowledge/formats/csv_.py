"""CSV and TSV: one row per text of an article."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from knowledge.article import Article
from knowledge.formats.cells import COLUMNS, REQUIRED, cells_of, row_of
from knowledge.formats.decoding import UTF_MARKS
from knowledge.formats.reading import Reading, Row, rejected
from knowledge.formats.table import Table, read_table


class CsvReader:
    """Reads CSV with commas, semicolons or tabs, in any encoding."""

    name = "csv"
    suffixes = (".csv", ".tsv", ".tab")
    expectation = (
        "a header with at least the columns 'question' and 'answer', and below it one row per article and language"
    )

    def recognises(self, data: bytes) -> bool:
        """Tell whether both required columns stand in the beginning, which is no JSON or mark-up."""
        beginning = data[:4_000].lstrip(UTF_MARKS).replace(b"\x00", b"").lower().lstrip()
        return not beginning.startswith((b"{", b"[", b"<")) and all(name.encode() in beginning for name in REQUIRED)

    def read(self, data: bytes, *, default_language: str) -> Reading:
        """Begin to read; raise InputError for a file without the required columns."""
        table = read_table(data, known=COLUMNS, required=REQUIRED)
        return Reading(
            format="tsv" if table.delimiter == "\t" else "csv",
            encoding=table.encoding,
            rows=_rows(table, default_language),
            warnings=table.warnings,
        )


def _rows(table: Table, default_language: str) -> Iterator[Row]:
    for record in table.records:
        if record.problem is None:
            yield row_of(record.line, record.cells, default_language=default_language)
        else:
            id, language = (record.cells.get(name, "").strip() or None for name in ("id", "language"))
            yield rejected(record.line, record.problem, article_id=id, language=language)


class CsvWriter:
    """Writes CSV by RFC 4180, in UTF-8 with the mark by which spreadsheets recognise it."""

    name = "csv"
    media_type = "text/csv; charset=utf-8"

    def write(self, articles: Iterable[Article]) -> Iterator[bytes]:
        """Yield the header, then the rows of one article at a time."""
        yield b"\xef\xbb\xbf" + _line(COLUMNS)
        for article in articles:
            yield b"".join(_line(cells_of(article, text).values()) for text in article.texts)


def _line(cells: Iterable[str]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue().encode()
