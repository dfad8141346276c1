"""Imports: a file is previewed row by row, then applied as a whole, once."""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

import orjson
import sqlalchemy as sa

from knowledge.article import Article, ArticleError, clean, language_tag, restore_article
from knowledge.database import Database, now
from knowledge.errors import ConflictError, InputError, NotFoundError, StaleError, TooLargeError
from knowledge.formats import FormatReader, Reading, choose_reader
from knowledge.formats.reading import Row, printable
from knowledge.import_report import ImportReport, RowOutcome, RowReport, count, pack_rows, unpack_rows
from knowledge.merging import Draft, outcome_of
from knowledge.store import ArticleStore
from knowledge.tables import imports

MAX_FILE_SIZE = 64 * 2**20  # bytes
MAX_ROWS = 200_000
PREVIEW_LIFE = timedelta(hours=24)
REPORT_LIFE = timedelta(days=30)  # of an applied import


class ImportNotFoundError(NotFoundError):
    """There is no such import (any more)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plan:
    """What a file would do to the store as it is now."""

    rows: tuple[RowReport, ...]
    changes: tuple[tuple[Article, int], ...]  # what to store, and the revision it replaces, 0 for none


class Importer:
    """Brings files into the store: nothing is lost, and no row goes unreported."""

    def __init__(self, database: Database, store: ArticleStore) -> None:
        self.database = database
        self.store = store

    def preview(
        self, data: bytes, *, filename: str | None = None, default_language: str = "en", by: str
    ) -> ImportReport:
        """Report what the file would do, and keep it for ``apply`` for PREVIEW_LIFE.

        Raises InputError when the file as a whole cannot be read, and TooLargeError.
        """
        by = clean(by, field="by", limit=200)
        default_language = language_tag(default_language, field="default_language")
        if len(data) > MAX_FILE_SIZE:
            raise TooLargeError(
                f"The file has {len(data):,} bytes; at most {MAX_FILE_SIZE:,} are allowed: split it.", field="file"
            )
        reader = choose_reader(filename, data)
        reading = reader.read(data, default_language=default_language)
        rows = _take_rows(reading, reader)
        plan = self._plan(rows)
        created_at = now()
        report = ImportReport(
            id=f"imp_{secrets.token_urlsafe(12)}",
            state="previewed",
            filename=printable(filename, limit=255),
            format=reading.format,
            encoding=reading.encoding,
            rows=plan.rows,
            warnings=tuple(printable(warning, limit=1_000) or "" for warning in reading.warnings),
            **count(plan.rows),
        )
        with self.database.write() as connection:
            connection.execute(sa.delete(imports).where(imports.c.expires_at <= created_at))
            connection.execute(
                sa.insert(imports).values(
                    id=report.id,
                    state=report.state,
                    filename=report.filename,
                    format=report.format,
                    encoding=report.encoding,
                    created_at=created_at,
                    created_by=by,
                    expires_at=created_at + PREVIEW_LIFE,
                    report=pack_rows(report.rows, report.warnings),
                    payload=_pack(plan.changes),
                )
            )
        return report

    def report(self, import_id: str) -> ImportReport:
        """Return the report of an import; raise ImportNotFoundError."""
        with self.database.read() as connection:
            return _report(_find(connection, import_id))

    def apply(self, import_id: str, *, by: str) -> ImportReport:
        """Store what was previewed, all of it or nothing; done already, return the same report again.

        Raises ImportNotFoundError, and ConflictError when an article that it would change was changed
        since the preview.
        """
        by = clean(by, field="by", limit=200)
        with self.store.writing() as connection:
            row = _find(connection, import_id)
            report = _report(row)
            if report.state == "applied":
                return report
            changes = _unpack(row.payload)
            try:
                self.store.put_many(
                    [article for article, _ in changes],
                    by=by,
                    expected_revisions={article.id: revision for article, revision in changes},
                    within=connection,
                )
            except StaleError as error:
                raise ConflictError(
                    f"The import {import_id!r} was previewed before this change: {error} Import the file again."
                ) from error
            applied_at = now()
            connection.execute(
                sa.update(imports)
                .where(imports.c.id == import_id)
                .values(
                    state="applied",
                    applied_at=applied_at,
                    applied_by=by,
                    expires_at=applied_at + REPORT_LIFE,
                    payload=None,
                )
            )
        return replace(report, state="applied")

    def run(self, data: bytes, *, filename: str | None = None, default_language: str = "en", by: str) -> ImportReport:
        """Preview and apply at once; raises what the two raise."""
        preview = self.preview(data, filename=filename, default_language=default_language, by=by)
        return self.apply(preview.id, by=by)

    def _plan(self, rows: list[Row]) -> _Plan:
        drafts: dict[str, Draft] = {}
        verdicts: list[Draft | str] = []  # per row: the draft that took it in, or why none did
        for row in rows:
            if row.article is None:
                verdicts.append(row.problem or "the row cannot be read.")
                continue
            draft = drafts.setdefault(row.article.id, Draft(row.article.id))
            verdicts.append(draft.add(row, row.article) or draft)
        stored = self.store.get_many(drafts)
        merged: dict[str, Article] = {}
        reports: list[RowReport] = []
        for row, verdict in zip(rows, verdicts, strict=True):
            problem = verdict if isinstance(verdict, str) else None
            outcome: RowOutcome = "rejected"
            if isinstance(verdict, Draft) and row.article is not None:
                before = stored.get(verdict.id)
                try:
                    if verdict.id not in merged:
                        merged[verdict.id] = verdict.merged_with(before)
                    outcome = outcome_of(row.article, stored=before, merged=merged[verdict.id])
                except ArticleError as error:
                    problem = f"together with what is stored: {error}"
            reports.append(
                RowReport(
                    line=row.line, outcome=outcome, article_id=row.article_id, language=row.language, reason=problem
                )
            )
        changes = tuple(
            (whole, stored[id].revision if id in stored else 0)
            for id, whole in merged.items()
            if id not in stored or stored[id].content() != whole.content()
        )
        return _Plan(rows=tuple(reports), changes=changes)


def _take_rows(reading: Reading, reader: FormatReader) -> list[Row]:
    rows: list[Row] = []
    for row in reading.rows:
        if len(rows) == MAX_ROWS:
            raise TooLargeError(f"The file has more than {MAX_ROWS:,} rows: split it.", field="file")
        rows.append(row)
    if not rows:
        raise InputError(f"The file holds no rows; expected {reader.expectation}.", field="file")
    return rows


def _find(connection: sa.Connection, import_id: str) -> sa.Row[tuple[object, ...]]:
    row = None
    if import_id.isascii() and "\x00" not in import_id:
        row = connection.execute(
            sa.select(imports).where(imports.c.id == import_id, imports.c.expires_at > now())
        ).one_or_none()
    if row is None:
        raise ImportNotFoundError(
            f"There is no import {import_id[:60]!r}; previews are kept for 24 hours: import the file again."
        )
    return row


def _report(row: sa.Row[tuple[object, ...]]) -> ImportReport:
    rows, warnings = unpack_rows(row.report)
    return ImportReport(
        id=row.id,
        state=row.state,
        filename=row.filename,
        format=row.format,
        encoding=row.encoding,
        rows=rows,
        warnings=warnings,
        **count(rows),
    )


def _pack(changes: Iterable[tuple[Article, int]]) -> bytes:
    return zlib.compress(orjson.dumps([(article.content(), revision) for article, revision in changes]), 1)


def _unpack(payload: bytes) -> list[tuple[Article, int]]:
    return [(restore_article(content), revision) for content, revision in orjson.loads(zlib.decompress(payload))]
