"""``faq import`` and ``faq export``: articles in and out as files."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.files import STANDARD, read_file
from api.cli.session import Session, command
from knowledge.errors import UnavailableError

if TYPE_CHECKING:
    from knowledge.import_report import ImportReport


class ExportError(UnavailableError):
    """A file cannot be written."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "import")(import_file)
    command(app)(export)


def import_file(
    session: Session,
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV, TSV or JSON Lines; - reads standard input.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")] = False,
    language: Annotated[
        str | None, typer.Option(help="Language of rows that name none (FAQ_DEFAULT_LANGUAGE).")
    ] = None,
) -> int:
    """Import articles from a file.

    Every row that is rejected is named with its line and the reason, and makes the exit status 1; the good
    ones are stored all the same. A file that cannot be read changes nothing.
    """
    data = read_file(file, expected="a CSV, TSV or JSON Lines file")
    importer = session.product.importer
    report = importer.preview(
        data,
        filename=None if file == STANDARD else Path(file).name,
        default_language=language or session.settings.default_language,
        by=session.user,
    )
    if not dry_run:
        report = importer.apply(report.id, by=session.user)
    if session.output.as_json:
        session.output.document(report)
    else:
        _show(session, report, dry_run=dry_run)
    return 1 if report.rejected else 0


def export(
    session: Session,
    format: Annotated[
        str | None, typer.Option(help="csv or jsonl; by the file's name, and csv, where it is not given.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="File to write; standard output otherwise.")
    ] = None,
) -> None:
    """Export all articles.

    Importing the file again gives the same articles.
    """
    from knowledge.formats import choose_writer

    as_json = session.output.as_json
    suffix = output.suffix.removeprefix(".").lower() if output else ""
    chosen = format or ("jsonl" if suffix in ("jsonl", "ndjson") or (as_json and output is None) else "csv")
    if as_json and output is None and chosen != "jsonl":
        raise typer.BadParameter(f"--json prints JSON Lines, not {chosen}; leave one of the two out")
    writer = choose_writer(chosen)
    pieces = writer.write(session.product.store.all())
    if output is None:
        stream = sys.stdout.buffer
        for piece in pieces:
            stream.write(piece)
        stream.flush()
        return
    size = _write(output, pieces)
    count = session.product.store.count()
    if as_json:
        session.output.document({"file": output, "format": chosen, "articles": count, "bytes": size})
    else:
        session.output.note(f"Wrote {count:,} articles ({size:,} bytes) to {output}.")


def _show(session: Session, report: ImportReport, *, dry_run: bool) -> None:
    output = session.output
    output.table(
        ["created", "changed", "unchanged", "rejected"],
        [[str(report.created), str(report.changed), str(report.unchanged), str(report.rejected)]],
    )
    rejected = [row for row in report.rows if row.outcome == "rejected"]
    if rejected:
        output.text("")
        output.table(
            ["line", "article", "reason"], [[str(row.line), row.article_id or "", row.reason or ""] for row in rejected]
        )
    for warning in report.warnings:
        output.warning(warning)
    changes = report.created + report.changed
    if dry_run:
        output.note("Nothing was stored: this was a dry run.")
    elif not changes:
        output.note("Nothing was stored: there was nothing new.")
    elif rejected:
        output.note(
            f"The {len(report.rows) - len(rejected):,} good rows are stored; correct the others and import them again."
        )
    if changes and not dry_run:
        output.note("Run `faq build`, so that customers get what is new.")


def _write(path: Path, pieces: Iterable[bytes]) -> int:
    """Write a file as a whole or not at all, and return its size; raises ExportError."""
    draft = None
    try:
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
        descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        os.chmod(draft, mode)
        os.replace(draft, path)
    except BaseException as error:
        if draft is not None:
            with suppress(OSError):
                os.unlink(draft)
        if isinstance(error, OSError):
            raise ExportError(
                f"The file {str(path)!r} cannot be written ({error.strerror}); name one in a folder that exists, "
                "is writable and has space."
            ) from error
        raise
    return size


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
