"""The report as a page: one file with its pictures, that needs nothing from outside and runs nothing."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

from markupsafe import Markup

from assistant.evaluation import MEASURES, OUTCOMES, recommendation
from assistant.evaluation.curves import present, risk_coverage
from assistant.report import wording
from assistant.report.drawing import plain
from assistant.report.pictures import MOST_BARS, difference_bars, group_bars, reliability_diagram, risk_curve, squares
from assistant.report.report import FATES, Report, fate_counts, hundred

MEDIA_TYPE = "text/html; charset=utf-8"

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""Content-Security-Policy under which the page is whole: it holds its style, and nothing else to load or run."""

_CONFUSIONS = 20
_WORST = 20  # of each kind
_CHANGED = 15
_COMPARED = ("coverage", "accuracy", "wrong", "out_of_scope_answered", "precision", "offered", "ticketed")

_FAULTS = {
    "wrong": ("Wrong answers", "The customer was given the answer to another question. The surest first."),
    "out_of_scope_answered": (
        "Answers where there is none",
        "No article answers these questions, and one was given all the same. The surest first.",
    ),
    "held_back": (
        "Passed on to a person, though the right article was found",
        "The right article lay first, but the assistant was not sure enough. An alternate question in these words "
        "would help most.",
    ),
}


def page(report: Report) -> bytes:
    """Return the report as HTML; it prints, reads without pictures, and follows the reader's colours."""
    evaluation, comparison = report.evaluation, report.comparison
    other = None if comparison is None else comparison.after
    today = present(evaluation)
    pictures = {
        "squares": squares("customers", evaluation.asked),
        "risk": risk_curve(
            report.risk_coverage, today, report.target, other=() if other is None else risk_coverage(other)
        ),
        "reliability": reliability_diagram(report.reliability),
        "languages": group_bars("languages", report.by_language, kind="language"),
        "channels": group_bars("channels", report.by_channel, kind="channel"),
    }
    if comparison is not None and other is not None:
        pictures["other_squares"] = squares("other-customers", other.asked)
        pictures["differences"] = difference_bars(comparison, _COMPARED)
    html: str = _template().render(
        report=report,
        evaluation=evaluation,
        pictures=pictures,
        present=today,
        shares={name: evaluation.share(measure) for name, measure in MEASURES.items()},
        measures=MEASURES,
        fates=FATES,
        counts=fate_counts(evaluation.asked),
        hundred=hundred(evaluation.asked),
        other=other,
        other_hundred={} if other is None else hundred(other.asked),
        other_shares={} if other is None else {name: other.share(measure) for name, measure in MEASURES.items()},
        comparison=comparison,
        recommendation="" if comparison is None else recommendation(report.name, report.other or "", comparison),
        faults={fault: [one.asked for one in report.worst if one.fault == fault] for fault in _FAULTS},
        fault_words=_FAULTS,
        outcomes=OUTCOMES,
        limits={"confusions": _CONFUSIONS, "worst": _WORST, "changed": _CHANGED, "bars": MOST_BARS},
        has_channels=any(group.name is not None for group in report.by_channel),
    )
    return html.encode()


@cache
def _template() -> Any:  # noqa: ANN401 - jinja2 is imported only where a page is made
    from jinja2 import Environment, StrictUndefined

    folder = resources.files("assistant.report")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_printable
    )
    environment.filters |= {
        "percent": wording.percent,
        "in_words": wording.in_words,
        "bounds": wording.bounds_in_words,
        "group_name": wording.group_name,
        "threshold": wording.threshold,
        "signed": lambda value: f"{100 * value:+.1f}",
    }
    environment.globals["style"] = Markup((folder / "report.css").read_text(encoding="utf-8"))
    return environment.from_string((folder / "report.html").read_text(encoding="utf-8"))


def _printable(value: object) -> object:
    """Return what stands in the page for a value: texts of customers may hold what no page may."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value
