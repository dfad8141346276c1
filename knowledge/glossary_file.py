"""The glossary as a table: one row for each term and language, in any encoding."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from knowledge.article import ArticleError, language_tag
from knowledge.errors import InputError, TooLargeError
from knowledge.formats.cells import protect, unprotect
from knowledge.formats.table import Record, read_table
from knowledge.glossary import GlossaryError, GlossaryTerm, make_term

COLUMNS = ("term", "language", "rendering", "case_sensitive")
MAX_FILE_SIZE = 16 * 2**20  # bytes; far more than the terms that are kept can fill

_SHOWN = 10  # problems in one message
_TRUTHS = {"": None, "true": True, "yes": True, "1": True, "x": True, "false": False, "no": False, "0": False}


@dataclass(slots=True)
class _Gathered:
    """What the rows of one term have said so far."""

    line: int
    renderings: dict[str, str] = field(default_factory=dict)
    case_sensitive: bool | None = None


def read_glossary(data: bytes, *, warn: Callable[[str], object] = lambda warning: None) -> tuple[GlossaryTerm, ...]:
    """Read terms from CSV or TSV; only the column ``term`` is required.

    A row without language and rendering keeps the term as it is; several rows with the same term are its renderings.
    ``warn`` is told of columns that are not known and were not read, and of a doubtful encoding. Raises InputError
    that names every line which cannot be read, up to ten of them, and TooLargeError.
    """
    if len(data) > MAX_FILE_SIZE:
        raise TooLargeError(f"The file has more than {MAX_FILE_SIZE:,} bytes: leave some terms out.", field="file")
    table = read_table(data, known=COLUMNS, required=COLUMNS[:1])
    for warning in table.warnings:
        warn(warning)
    gathered: dict[str, _Gathered] = {}
    problems: list[str] = []
    for record in table.records:
        try:
            _gather(gathered, record)
        except ArticleError as error:
            problems.append(f"line {record.line}: {error}")
    if problems:
        more = [f"and {len(problems) - _SHOWN:,} further lines"] if len(problems) > _SHOWN else []
        raise InputError("The glossary cannot be read:\n" + "\n".join(problems[:_SHOWN] + more))
    if not gathered:
        raise InputError("The file holds no terms; expected rows with 'term' and, for each language, a 'rendering'.")
    return tuple(
        GlossaryTerm(
            term=term, renderings=dict(sorted(one.renderings.items())), case_sensitive=one.case_sensitive or False
        )
        for term, one in gathered.items()
    )


def write_glossary(terms: Iterable[GlossaryTerm]) -> bytes:
    """Return terms as CSV (RFC 4180, UTF-8 with its mark) that ``read_glossary`` reads back as they are."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for term in terms:
        case = "true" if term.case_sensitive else "false"
        for language, rendering in term.renderings.items() or [("", "")]:
            writer.writerow([protect(term.term), language, protect(rendering), case])
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()


def _gather(gathered: dict[str, _Gathered], record: Record) -> None:
    if record.problem is not None:
        raise ArticleError(record.problem)
    cells = {name: unprotect(cell) for name, cell in record.cells.items()}
    language, rendering = cells.get("language", "").strip(), cells.get("rendering", "").strip()
    if bool(language) != bool(rendering):
        given, missing = ("language", "rendering") if language else ("rendering", "language")
        raise GlossaryError(
            f"{given} is given and {missing} is not; expected both, or neither where the term stays as it is.",
            field=missing,
        )
    made = make_term(cells["term"], {language: rendering} if language else {})
    known = gathered.get(made.term)
    if known is None:
        known = gathered[made.term] = _Gathered(line=record.line)
    elif not (known.renderings and language):
        raise GlossaryError(
            f"{made.term[:60]!r} comes again (line {known.line} has it); expected one row where it stays as it is, "
            "or one for each language.",
            field="term",
        )
    _add(known, language_tag(language) if language else "", made.renderings)
    case = _truth(cells)
    if case is not None and known.case_sensitive not in (None, case):
        raise GlossaryError(f"case_sensitive is not what line {known.line} says of the term.", field="case_sensitive")
    known.case_sensitive = known.case_sensitive if case is None else case


def _add(known: _Gathered, language: str, renderings: Mapping[str, str]) -> None:
    if language in known.renderings:
        raise GlossaryError(f"the term has a rendering in {language!r} already.", field="language")
    known.renderings.update(renderings)


def _truth(cells: Mapping[str, str]) -> bool | None:
    cell = cells.get("case_sensitive", "").strip().lower()
    if cell not in _TRUTHS:
        raise GlossaryError(f"case_sensitive is {cell[:20]!r}; expected true or false.", field="case_sensitive")
    return _TRUTHS[cell]
