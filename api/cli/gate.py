"""The report of a gate on the terminal: why an index does not answer, and which questions broke."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from api.cli.output import Output
from api.cli.shares import share_text

if TYPE_CHECKING:
    from assistant.gate import Changed, Figure, GateReport

_SHOWN = 10  # questions that broke, and as many that were mended


def show_report(output: Output, report: GateReport) -> None:
    """Print a report for a person."""
    for failure in report.failures:
        output.text(failure)
    for note in report.notes:
        output.warning(note)
    if report.measures:
        before = "before" if report.compared_with is None else f"generation {report.compared_with}"
        output.table(
            ["", before, "new", "difference", "95 % from", "to"],
            [_row(figure) for figure in report.measures.values()],
        )
    _show_questions(output, "Worse now", report.broken, report.broken_count)
    _show_questions(output, "Better now", report.mended, report.mended_count)


def _row(figure: Figure) -> list[str]:
    return [
        figure.title,
        "" if figure.before is None else share_text(figure.before),
        share_text(figure.after),
        *("" if value is None else f"{100 * value:+.1f}" for value in (figure.difference, figure.low, figure.high)),
    ]


def _show_questions(output: Output, title: str, questions: Sequence[Changed], count: int) -> None:
    if not questions:
        return
    output.text("")
    output.text(f"{title} ({count:,}{f', the first {_SHOWN}' if count > _SHOWN else ''}):")
    output.table(
        ["question", "article that answers", "before", "now", "in its place"],
        [
            [
                one.question,
                f"{one.article_id or 'none'}{' (gone)' if one.is_missing else ''}",
                one.before,
                one.after,
                "" if one.instead is None else f"{one.instead}: {one.instead_question or ''}",
            ]
            for one in questions[:_SHOWN]
        ],
    )
