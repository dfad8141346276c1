"""Delimited text as records: finding the delimiter and the header, and reporting each broken record.

Quotes are read strictly. A quote that is never closed would otherwise swallow the rest of the file
without a word; here it costs its own line, and reading goes on below it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from knowledge.errors import InputError
from knowledge.formats.decoding import decode

_DELIMITERS = (",", ";", "\t")
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab"}
# The csv module refuses cells above 131,072 characters by a process-wide setting; files are limited
# as a whole, and texts by the article.
csv.field_size_limit(2**31 - 1)
_MAX_RESTARTS = 3  # each reads the rest of the file again; a file made to need many must not take minutes
_MAX_WARNINGS = 20
_MAX_COLUMNS = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One record: the physical line it begins on, and its cells by column, or what is wrong with it."""

    line: int
    cells: Mapping[str, str]
    problem: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Delimited text with a header; ``records`` are parsed as they are taken."""

    delimiter: str
    encoding: str
    columns: tuple[str, ...]  # the known ones that are there
    warnings: tuple[str, ...]
    records: Iterator[Record]


def column_name(header: str) -> str:
    """Return a column's name as we know it: ``" Alternate Questions"`` is ``alternate_questions``."""
    return re.sub(r"[\s_-]+", "_", header.strip().lower())


def read_table(data: bytes, *, known: tuple[str, ...], required: tuple[str, ...]) -> Table:
    """Read delimited text in any encoding; empty records are skipped.

    Raises InputError when there is no header with the required columns, or a column is there twice.
    """
    decoded = decode(data)
    lines = list(io.StringIO(decoded.text, newline=""))
    first, delimiter = _skip_separator_line(lines)
    while first < len(lines) and not lines[first].strip():
        first += 1
    if first == len(lines):
        noun = "the columns" if len(required) > 1 else "the column"
        raise InputError(f"The file is empty; expected a header with {noun} {_listed(required)}, then rows.")
    delimiter = delimiter or _sniff(lines[first:], known)
    header, start = _header(lines, first, delimiter)
    columns, warnings = _columns(header, known=known, required=required, delimiter=delimiter, line=first + 1)
    return Table(
        delimiter=delimiter,
        encoding=decoded.encoding,
        columns=tuple(name for name in columns if name is not None),
        warnings=(*decoded.warnings, *warnings),
        records=_records(lines, start, delimiter, columns),
    )


def _skip_separator_line(lines: list[str]) -> tuple[int, str | None]:
    """Recognise the line ``sep=;`` with which spreadsheets announce the delimiter."""
    match = re.fullmatch(r'"?sep=([,;\t])"?\s*', lines[0], re.IGNORECASE) if lines else None
    return (1, match[1]) if match else (0, None)


def _sniff(lines: list[str], known: tuple[str, ...]) -> str:
    """Return the delimiter that finds most known columns in the header."""

    def found(delimiter: str) -> int:
        try:
            header = next(csv.reader(lines, delimiter=delimiter), [])
        except csv.Error:
            return 0
        return len({column_name(cell) for cell in header[:_MAX_COLUMNS]} & set(known))

    return max(_DELIMITERS, key=found)


def _header(lines: list[str], first: int, delimiter: str) -> tuple[list[str], int]:
    reader = csv.reader(lines[first:], delimiter=delimiter, strict=True, skipinitialspace=True)
    try:
        return next(reader), first + reader.line_num
    except csv.Error as error:
        raise InputError(f"The header in line {first + 1} cannot be read: {_in_words(error)}") from error


def _columns(
    header: list[str], *, known: tuple[str, ...], required: tuple[str, ...], delimiter: str, line: int
) -> tuple[list[str | None], list[str]]:
    if len(header) > _MAX_COLUMNS:
        raise InputError(
            f"The header in line {line} has {len(header):,} columns; at most {_MAX_COLUMNS:,} are allowed: "
            f"remove all but {_listed(known)}."
        )
    names = [column_name(cell) for cell in header]
    missing = [name for name in required if name not in names]
    if missing:
        shown = ", ".join(repr(cell[:40]) for cell in header[:12])
        raise InputError(
            f"The column {_listed(missing)} is missing: line {line} has {shown} (read with the delimiter "
            f"{_NAMES[delimiter]}). Expected a header with {_listed(required)}; {_listed(known)} are known."
        )
    twice = [name for name in known if names.count(name) > 1]
    if twice:
        raise InputError(f"The column {_listed(twice)} is there twice in line {line}: remove or rename one.")
    warnings = [
        f"Column {number} has no name and was not read."
        if not name
        else f"Column {header[number - 1].strip()[:60]!r} is not known and was not read; known are {_listed(known)}."
        for number, name in enumerate(names, start=1)
        if name not in known
    ]
    if len(warnings) > _MAX_WARNINGS:
        warnings[_MAX_WARNINGS:] = [f"{len(warnings) - _MAX_WARNINGS:,} further columns are not known either."]
    return [name if name in known else None for name in names], warnings


def _records(lines: list[str], start: int, delimiter: str, columns: list[str | None]) -> Iterator[Record]:
    for attempt in range(_MAX_RESTARTS + 1):
        reader = csv.reader(lines[start:], delimiter=delimiter, strict=True, skipinitialspace=True)
        while True:
            problem: str | None = None
            line = start + reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                problem = _in_words(error)
                if "end of data" not in str(error):
                    yield Record(line=line, cells={}, problem=problem)
                    continue
                # A quote opened here is never closed: only its own line is lost, and reading goes on below it.
                if attempt == _MAX_RESTARTS:
                    problem += " It is one of many such cells: nothing from here to the end of the file was read."
                yield Record(line=line, cells={}, problem=problem)
                start = line
                break
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(columns):
                problem = (
                    f"expected {len(columns)} cells as in the header, found {len(cells)}: "
                    f"put cells that hold a {_NAMES[delimiter]} or a line break in double quotes."
                )
            named = {name: cell for name, cell in zip(columns, cells, strict=False) if name is not None}
            yield Record(line=line, cells=named, problem=problem)


def _in_words(error: csv.Error) -> str:
    if "end of data" in str(error):
        return 'a cell that begins with a double quote (") is never closed: add the closing quote, or double the sign.'
    if "expected after" in str(error):
        return 'a double quote (") stands inside a quoted cell: double it ("").'
    return f"the cells cannot be told apart ({error})."


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(repr(name) for name in names)
