"""The report as programs read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from assistant.evaluation import MEASURES, Asked, Comparison, Evaluation, Share, recommendation
from assistant.evaluation.confusion import FAULTS
from assistant.report.report import FATES, Group, Report, fate_counts

EXAMPLES = 3  # questions of one pair of articles
_CONFUSIONS = 100  # pairs of articles
_WORST = 100  # questions of one fault
_CHANGED = 100  # questions that come off worse with the other one, and as many that come off better


def document(report: Report) -> dict[str, Any]:
    """Return the report ready for JSON. Lists of questions are cut at a hundred; beside them stands how many there are.

    A figure has ``count``, ``of``, ``share``, and with 95 % confidence ``low`` and ``high``, which are null of nothing.
    """
    evaluation = report.evaluation
    faults = {fault: [one.asked for one in report.worst if one.fault == fault] for fault in FAULTS}
    return {
        "headline": report.headline,
        "notes": report.notes,
        **_side(report.name, evaluation),
        "day": report.day.isoformat(),
        "questions": len(evaluation.asked),
        "in_scope": sum(one.is_in_scope for one in evaluation.asked),
        "target": report.target,
        "by_language": [_group(group) for group in report.by_language],
        "by_channel": [_group(group) for group in report.by_channel],
        "risk_coverage": [
            {"threshold": point.threshold, "answered": figure(point.answered), "wrong": figure(point.wrong)}
            for point in report.risk_coverage
        ],
        "reliability": {
            "calibration_error": report.reliability.error,
            "bins": [
                {"low": one.low, "high": one.high, "confidence": one.confidence, "right": figure(one.right)}
                for one in report.reliability.bins
            ],
        },
        "what_if": [
            {
                "threshold": one.threshold,
                "is_present": one.is_present,
                "coverage": figure(one.coverage),
                "precision": figure(one.precision),
                "right": one.right,
                "wrong": one.wrong,
                "asked_back": one.asked_back,
                "ticketed": one.ticketed,
            }
            for one in report.alternatives
        ],
        "proposed_thresholds": [
            {
                "target": one.target,
                "threshold": one.threshold,
                "coverage": None if one.coverage is None else figure(one.coverage),
                "precision": None if one.precision is None else figure(one.precision),
                "fewest_answers": one.fewest,
            }
            for one in report.proposals
        ],
        "confusions": {
            "count": len(report.confusions),
            "items": [
                {
                    "articles": one.articles,
                    "count": len(one.asked),
                    "answered": one.answered,
                    "examples": [_question(asked) for asked in one.asked[:EXAMPLES]],
                }
                for one in report.confusions[:_CONFUSIONS]
            ],
        },
        "worst": {
            fault: {"count": len(asked), "items": [_question(one) for one in asked[:_WORST]]}
            for fault, asked in faults.items()
        },
        "comparison": None if report.comparison is None else _comparison(report, report.comparison),
    }


def figure(share: Share) -> dict[str, Any]:
    """Return a share with its bounds."""
    bounds = share.interval
    return {
        "count": share.count,
        "of": share.of,
        "share": share.value,
        "low": None if bounds is None else bounds.low,
        "high": None if bounds is None else bounds.high,
    }


def _side(name: str, evaluation: Evaluation) -> dict[str, Any]:
    counts = fate_counts(evaluation.asked)
    return {
        "name": name,
        "generation": evaluation.generation,
        "encoder": evaluation.encoder,
        "basis": evaluation.basis,
        "thresholds": None if evaluation.thresholds is None else asdict(evaluation.thresholds),
        "customers": [
            {
                "name": fate.name,
                "title": fate.many,
                **figure(Share(count=counts[fate.name], of=len(evaluation.asked))),
            }
            for fate in FATES
        ],
        "measures": {
            measure.name: {"title": measure.title, **figure(evaluation.share(measure))} for measure in MEASURES.values()
        },
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "name": group.name,
        "questions": group.questions,
        "accuracy": figure(group.accuracy),
        "coverage": figure(group.coverage),
        "precision": figure(group.precision),
    }


def _comparison(report: Report, comparison: Comparison) -> dict[str, Any]:
    other = report.other or ""
    return {
        **_side(other, comparison.after),
        "verdict": comparison.verdict,
        "recommendation": recommendation(report.name, other, comparison),
        "better": comparison.better,
        "worse": comparison.worse,
        "differences": _differences(comparison),
        "broken": _changed(comparison.broken),
        "mended": _changed(comparison.mended),
    }


def _differences(comparison: Comparison) -> Mapping[str, Any]:
    return {
        name: None
        if found is None
        else {
            "value": found.value,
            "low": found.low,
            "high": found.high,
            "is_beyond_noise": found.is_rise or found.is_fall,
        }
        for name, found in comparison.differences.items()
    }


def _changed(pairs: Sequence[tuple[Asked, Asked]]) -> dict[str, Any]:
    return {
        "count": len(pairs),
        "items": [
            {**asdict(before.golden), "before": _fate(before), "after": _fate(after)}
            for before, after in pairs[:_CHANGED]
        ],
    }


def _question(one: Asked) -> dict[str, Any]:
    return {**asdict(one.golden), **_fate(one)}


def _fate(one: Asked) -> dict[str, Any]:
    return {
        "outcome": one.outcome,
        "reason": one.reason,
        "best": one.best,
        "confidence": one.confidence,
        "detected_language": one.detected,
    }
