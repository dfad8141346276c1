"""What an import does, or did: one report per row, counts, and warnings."""

from __future__ import annotations

import zlib
from collections import Counter
from dataclasses import dataclass
from typing import Literal

import orjson

RowOutcome = Literal["created", "changed", "unchanged", "rejected"]
ImportState = Literal["previewed", "applied"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RowReport:
    """What becomes of one row.

    ``line`` is the physical line on which it begins, from 1. ``article_id`` is None when a rejected row
    has none that can be read; ``language`` is None for a row with texts in several. ``reason`` is set
    for rejected rows.
    """

    line: int
    outcome: RowOutcome
    article_id: str | None = None
    language: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportReport:
    """An import of one file; ``rows`` has one entry for every row that is not empty, in the file's order."""

    id: str
    state: ImportState
    filename: str | None
    format: str
    encoding: str
    rows: tuple[RowReport, ...]
    created: int
    changed: int
    unchanged: int
    rejected: int
    warnings: tuple[str, ...] = ()


def count(rows: tuple[RowReport, ...]) -> dict[RowOutcome, int]:
    """Return the number of rows of every outcome."""
    counted = Counter(row.outcome for row in rows)
    outcomes: tuple[RowOutcome, ...] = ("created", "changed", "unchanged", "rejected")
    return {outcome: counted[outcome] for outcome in outcomes}


def pack_rows(rows: tuple[RowReport, ...], warnings: tuple[str, ...]) -> bytes:
    """Return rows and warnings as compressed JSON, the rows without repeating their keys."""
    listed = [(row.line, row.outcome, row.article_id, row.language, row.reason) for row in rows]
    return zlib.compress(orjson.dumps({"rows": listed, "warnings": warnings}), 1)


def unpack_rows(packed: bytes) -> tuple[tuple[RowReport, ...], tuple[str, ...]]:
    """Undo ``pack_rows``."""
    found = orjson.loads(zlib.decompress(packed))
    rows = tuple(
        RowReport(line=line, outcome=outcome, article_id=article_id, language=language, reason=reason)
        for line, outcome, article_id, language, reason in found["rows"]
    )
    return rows, tuple(found["warnings"])
