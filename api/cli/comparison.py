"""Two encoders beside each other: a table, the questions that went another way, and a plain word on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from api.cli.shares import share_text

if TYPE_CHECKING:
    from api.cli.output import Output
    from assistant.evaluation import Asked, Comparison, Difference, Evaluation, Share
    from index.encoder_facts import Speed

_SHOWN = 10  # questions that broke, and as many that were mended
_LANGUAGE_QUESTIONS = 10  # from which on a language has a row of its own


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """One encoder with what it costs, and what became of the golden questions with it."""

    name: str
    dimensions: int
    size: int  # bytes on disk
    load_seconds: float
    speed: Speed
    build_seconds: float
    encoded: int  # passages that this build encoded; the others came from the one before
    evaluation: Evaluation


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """Two encoders, and what differs."""

    before: Subject
    after: Subject
    comparison: Comparison

    @property
    def verdict(self) -> Literal["better", "even", "worse"]:
        """What the golden questions say of the second."""
        return self.comparison.verdict


def compared(before: Subject, after: Subject) -> Compared:
    """Compare what became of the golden questions with both."""
    from assistant.evaluation import compare

    return Compared(before=before, after=after, comparison=compare(before.evaluation, after.evaluation))


def show(output: Output, found: Compared) -> None:
    """Print the comparison for a person."""
    costs = [_costs(subject) for subject in (found.before, found.after)]
    rows = [[title, value, costs[1][title], "", "", ""] for title, value in costs[0].items()]
    show_comparison(output, found.before.name, found.after.name, found.comparison, more=rows)


def show_comparison(
    output: Output, before: str, after: str, comparison: Comparison, *, more: Sequence[Sequence[str]] = ()
) -> None:
    """Print what differs between two sides by their names, and ``more`` rows of the table."""
    from assistant.evaluation import recommendation

    output.table(["", before, after, "difference", "95 % from", "to"], [*_rows(comparison), *more])
    _show_pairs(output, "Worse now", comparison.broken)
    _show_pairs(output, "Better now", comparison.mended)
    output.text("")
    output.text(recommendation(before, after, comparison))


def document(found: Compared) -> dict[str, Any]:
    """Return the comparison for a machine."""
    from assistant.evaluation import recommendation

    comparison = found.comparison
    return {
        "questions": len(comparison.after.asked),
        "verdict": comparison.verdict,
        "recommendation": recommendation(found.before.name, found.after.name, comparison),
        "better": comparison.better,
        "worse": comparison.worse,
        "before": _subject(found.before),
        "after": _subject(found.after),
        "differences": {
            name: None if difference is None else asdict(difference)
            for name, difference in comparison.differences.items()
        },
        "broken": [_pair(*pair) for pair in comparison.broken],
        "mended": [_pair(*pair) for pair in comparison.mended],
    }


def document_of_none(said: str) -> dict[str, Any]:
    """Return what stands in the place of a comparison where both are the same encoder."""
    return {
        **{"questions": 0, "verdict": "even", "recommendation": said, "better": [], "worse": []},
        **{"before": None, "after": None, "differences": {}, "broken": [], "mended": []},
    }


def _rows(comparison: Comparison) -> list[list[str]]:
    from assistant.evaluation import MEASURES

    before, after = comparison.before, comparison.after
    rows = [
        [
            measure.title,
            share_text(before.share(measure)),
            share_text(after.share(measure)),
            *_interval(comparison.differences[name]),
        ]
        for name, measure in MEASURES.items()
    ]
    sides = [side.accuracy_by_language() for side in (before, after)]
    return rows + [
        [f"accuracy@1, {language or 'language not said'}", *map(share_text, (share, sides[1][language])), "", "", ""]
        for language, share in sides[0].items()
        if share.of >= _LANGUAGE_QUESTIONS
    ]


def _costs(subject: Subject) -> dict[str, str]:
    return {
        "dimensions": f"{subject.dimensions:,}",
        "size on disk": megabytes(subject.size),
        "load": f"{subject.load_seconds:.2f} s",
        "one question": brief(subject.speed.question_seconds),
        "build": f"{subject.build_seconds:.1f} s, {subject.encoded:,} passages encoded",
    }


def _show_pairs(output: Output, title: str, pairs: Sequence[tuple[Asked, Asked]]) -> None:
    from assistant.evaluation import OUTCOMES

    if not pairs:
        return
    output.text("")
    first = f", the first {_SHOWN}" if len(pairs) > _SHOWN else ""
    output.text(f"{title} ({len(pairs):,}{first}):")
    output.table(
        ["question", "article that answers", "before", "now", "first article now"],
        [
            [
                now.golden.question,
                now.golden.article_id or "none",
                OUTCOMES[before.outcome],
                OUTCOMES[now.outcome],
                now.best or "none",
            ]
            for before, now in pairs[:_SHOWN]
        ],
    )


def _subject(subject: Subject) -> dict[str, Any]:
    from assistant.evaluation import MEASURES

    evaluation = subject.evaluation
    return {
        "encoder": subject.name,
        "measures": {name: _share_fields(evaluation.share(measure)) for name, measure in MEASURES.items()},
        "outcomes": dict(evaluation.outcomes()),
        "accuracy_by_language": {
            language or "": _share_fields(share) for language, share in evaluation.accuracy_by_language().items()
        },
        "dimensions": subject.dimensions,
        "bytes": subject.size,
        "load_seconds": subject.load_seconds,
        "question_seconds": subject.speed.question_seconds,
        "texts_per_second": subject.speed.texts_per_second,
        "build_seconds": subject.build_seconds,
        "encoded": subject.encoded,
    }


def _pair(before: Asked, after: Asked) -> dict[str, Any]:
    return {
        **asdict(after.golden),
        "before": {"outcome": before.outcome, "best": before.best},
        "after": {"outcome": after.outcome, "best": after.best},
    }


def _share_fields(share: Share) -> dict[str, Any]:
    return {"count": share.count, "of": share.of, "share": share.value}


def _interval(difference: Difference | None) -> list[str]:
    from assistant.evaluation import points

    if difference is None:
        return ["", "", ""]
    return [points(difference.value), points(difference.low), points(difference.high)]


def megabytes(size: int) -> str:
    """Return bytes as a person reads them."""
    return f"{size / 1e6:,.1f} MB"


def brief(seconds: float) -> str:
    """Return a short time as a person reads it."""
    return f"{1e6 * seconds:,.0f} µs" if seconds < 1e-3 else f"{1e3 * seconds:,.1f} ms"
