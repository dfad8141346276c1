"""``faq golden``: questions whose article is known; encoders and builds are measured with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.files import read_file
from api.cli.index import GATED, outcome_document, show_outcome
from api.cli.progress import build_progress
from api.cli.session import Session, command, default_command
from knowledge.errors import FaqError

if TYPE_CHECKING:
    from assistant.building import BuildOutcome
    from knowledge.golden import GoldenQuestion

_SHOWN = 10  # rows of a list
_NAMED = 10  # unknown articles in a warning

File = Annotated[
    str,
    typer.Argument(metavar="FILE", help="CSV or TSV: question, article_id, language, channel; - reads standard input."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="List the golden questions, or replace them.")
    default_command(group)(golden)
    command(group, "import")(import_file)
    command(group)(export)
    app.add_typer(group, name="golden")


def golden(session: Session) -> None:
    """List the golden questions, or replace them.

    A golden question is one whose article is known, or known to be none.
    """
    questions = session.product.golden.all()
    if session.output.as_json:
        session.output.document({"items": [asdict(question) for question in questions], "next_cursor": None})
        return
    if not questions:
        session.output.note("There are no golden questions. Import some: faq golden import FILE")
        return
    session.output.table(
        ["question", "article", "language", "channel"],
        [[one.question, one.article_id or "none", one.language or "", one.channel or ""] for one in questions[:_SHOWN]],
    )
    shown = "" if len(questions) <= _SHOWN else f"; the first {_SHOWN} are shown (all: faq golden export)"
    session.output.note(f"{_counted(questions)}{shown}.")
    warn_of_unknown(session, questions)


def import_file(
    session: Session,
    file: File,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")] = False,
    no_calibrate: Annotated[
        bool, typer.Option("--no-calibrate", help="Only keep them; the next build calibrates with them.")
    ] = False,
) -> int:
    """Replace the golden questions by those of a file, and calibrate the index that answers with them.

    A file with a line that cannot be read changes nothing. The articles stay as they were indexed. Where the new
    calibration misses FAQ_GATE_PRECISION or FAQ_GATE_COVERAGE, the old one answers on, and the exit status is 1.
    """
    warnings: list[str] = []
    questions = read_questions(file, warnings.append)
    store = session.product.golden
    before = store.count()
    if not dry_run:
        store.replace(questions)
    is_calibrating = not (dry_run or no_calibrate) and session.product.generations.signature() is not None
    done = _calibrated(session) if is_calibrating else None
    status = 0 if done is None or done.is_active else GATED
    if session.output.as_json:
        session.output.document(
            {
                "count": len(questions),
                "replaced": before,
                "unknown_articles": store.unknown_articles(questions),
                "warnings": warnings,
                "is_stored": not dry_run,
                "build": None if done is None else outcome_document(done),
            }
        )
        return status
    for warning in warnings:
        session.output.warning(warning)
    session.output.text(f"{_counted(questions)}, in place of {before:,}.")
    warn_of_unknown(session, questions)
    if dry_run:
        session.output.note("Nothing was stored: this was a dry run.")
    if done is not None and done.is_new:
        show_outcome(session, done)
    return status


def _calibrated(session: Session) -> BuildOutcome | None:
    """Calibrate with the stored questions; a warning says why where that cannot be done now."""
    try:
        with build_progress() as report:
            return session.product.calibrate_now(report=report)
    except FaqError as error:
        session.output.warning(f"The questions are kept, and nothing was calibrated: {error}")
        return None


def export(session: Session) -> None:
    """Print the golden questions as CSV.

    Importing the file again gives the same golden questions.
    """
    from knowledge.golden import write_golden

    questions = session.product.golden.all()
    if session.output.as_json:
        session.output.document({"items": [asdict(question) for question in questions], "next_cursor": None})
    else:
        session.output.raw(write_golden(questions))


def read_questions(file: str, warn: Callable[[str], object]) -> Sequence[GoldenQuestion]:
    """Return the golden questions of a file, each once; ``warn`` is told what was not read. Raises InputError."""
    from knowledge.golden import read_golden
    from knowledge.golden_store import distinct_questions

    data = read_file(file, expected="a CSV or TSV file with the column 'question'")
    return distinct_questions(read_golden(data, warn=warn))


def _counted(questions: Sequence[GoldenQuestion]) -> str:
    outside = sum(one.article_id is None for one in questions)
    languages = Counter(one.language for one in questions if one.language is not None)
    listed = ", ".join(f"{language} {count}" for language, count in sorted(languages.items()))
    return (
        f"{len(questions):,} golden question{'' if len(questions) == 1 else 's'}{f' ({listed})' if listed else ''}: "
        f"{len(questions) - outside:,} that an article answers, {outside:,} that none does"
    )


def warn_of_unknown(session: Session, questions: Sequence[GoldenQuestion]) -> None:
    """Name the articles that golden questions name and nobody has."""
    unknown = session.product.golden.unknown_articles(questions)
    if unknown:
        more = f" and {len(unknown) - _NAMED:,} more" if len(unknown) > _NAMED else ""
        session.output.warning(
            f"Golden questions name {len(unknown):,} articles that do not exist: {', '.join(unknown[:_NAMED])}{more}. "
            "They count as not found; correct them, or import the articles."
        )
