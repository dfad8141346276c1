"""Curves of an evaluation: what other thresholds would give, and whether confidence means what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.certify import CONFIDENCE, certified_threshold, fewest
from assistant.evaluation.asked import Asked
from assistant.evaluation.evaluation import Evaluation
from assistant.evaluation.measures import MEASURES, MISTAKES, Share, share

BINS = 10
"""Of equal width, that confidence is put into."""

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99)
"""Answer thresholds that a reader may wonder about."""

TARGETS = (0.9, 0.95, 0.98, 0.99)
"""Precisions that a reader may wish to promise."""

_ALIKE = 0.005  # thresholds that would be read as the same
_POINTS = 200  # of a curve, as many as an eye can tell apart


@dataclass(frozen=True, kw_only=True, slots=True)
class RiskPoint:
    """What an answer threshold would give: so many answers, and so many of them wrong."""

    threshold: float  # infinite: only an article's own questions are answered
    answered: Share  # of all questions
    wrong: Share  # of the answers


@dataclass(frozen=True, kw_only=True, slots=True)
class Bin:
    """Questions of about the same confidence."""

    low: float
    high: float
    confidence: float  # mean
    right: Share  # whose best article was the right one


@dataclass(frozen=True, kw_only=True, slots=True)
class Reliability:
    """How often the best article was right, by how sure that was."""

    bins: tuple[Bin, ...]  # those that have questions
    error: float | None  # expected calibration error; None of nothing


@dataclass(frozen=True, kw_only=True, slots=True)
class Alternative:
    """What would have become of the questions at another answer threshold."""

    threshold: float
    is_present: bool
    coverage: Share
    precision: Share
    right: int
    wrong: int  # of both kinds
    asked_back: int
    ticketed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """The lowest threshold at which a precision can be promised; None where none can."""

    target: float
    threshold: float | None
    coverage: Share | None
    precision: Share | None
    fewest: int  # answers, all of them right, that can show it


def risk_coverage(evaluation: Evaluation) -> tuple[RiskPoint, ...]:
    """Return the risk–coverage curve, from the strictest threshold that answers anything to the loosest.

    El-Yaniv & Wiener, On the foundations of noise-free selective classification, 2010. Near ties and contrasts are
    asked back at every threshold, as they are for customers. At most 200 points; both ends are among them.
    """
    levels = _levels(evaluation)
    total, points, wrong = len(evaluation.asked), [], 0
    for place, (level, one) in enumerate(levels):
        wrong += not one.is_found
        if place + 1 == len(levels) or levels[place + 1][0] != level:
            answers = place + 1
            points.append(
                RiskPoint(
                    threshold=level,
                    answered=Share(count=answers, of=total),
                    wrong=Share(count=wrong, of=answers),
                )
            )
    if len(points) <= _POINTS:
        return tuple(points)
    step = (len(points) - 1) / (_POINTS - 1)
    return tuple(points[round(step * place)] for place in range(_POINTS))


def present(evaluation: Evaluation) -> RiskPoint | None:
    """Return what the threshold in force gives; None where it is not known, or nothing was asked."""
    if evaluation.thresholds is None or not evaluation.asked:
        return None
    answers = [one.outcome for one in evaluation.asked if one.decision == "answered"]
    return RiskPoint(
        threshold=evaluation.thresholds.answer,
        answered=Share(count=len(answers), of=len(evaluation.asked)),
        wrong=Share(count=sum(outcome in MISTAKES for outcome in answers), of=len(answers)),
    )


def reliability(evaluation: Evaluation) -> Reliability:
    """Return how often the best article was right, in bins of confidence, and the expected calibration error.

    Naeini, Cooper & Hauskrecht, Obtaining well calibrated probabilities using Bayesian binning, 2015. Of all
    questions for which anything was found, whatever was decided.
    """
    bins: dict[int, list[Asked]] = {}
    for one in evaluation.asked:
        if one.best is not None:
            bins.setdefault(min(BINS - 1, int(one.confidence * BINS)), []).append(one)
    found = tuple(_bin(number, members) for number, members in sorted(bins.items()))
    total = sum(one.right.of for one in found)
    gaps = sum(abs(one.confidence * one.right.of - one.right.count) for one in found)
    return Reliability(bins=found, error=gaps / total if total else None)


def alternatives(evaluation: Evaluation, thresholds: Sequence[float] = THRESHOLDS) -> tuple[Alternative, ...]:
    """Return what other answer thresholds would have given, and the present one among them, the lowest first.

    Nothing is searched for again. None where the thresholds in force are not known.
    """
    if evaluation.thresholds is None:
        return ()
    now = evaluation.thresholds.answer
    others = [value for value in thresholds if abs(value - now) >= _ALIKE]
    found = [_alternative([one.at(value) for one in evaluation.asked], value, is_present=False) for value in others]
    present = _alternative(evaluation.asked, now, is_present=True)
    return tuple(sorted([*found, present], key=lambda one: one.threshold))


def proposals(evaluation: Evaluation, targets: Sequence[float] = TARGETS) -> tuple[Proposal, ...]:
    """Return the lowest answer thresholds that keep promises of precision; see ``certified_threshold``.

    Promised is the precision of answers that a threshold decides on; an article's own questions are answered anyhow.
    """
    levels = [(level, one) for level, one in _levels(evaluation) if level <= 1]
    confidences, is_right = [level for level, _ in levels], [one.is_found for _, one in levels]
    found = []
    for target in sorted(set(targets)):
        threshold = certified_threshold(confidences, is_right, target=target)
        asked: list[Asked] = []
        if threshold is not None:
            asked = [one.at(threshold) for one in evaluation.asked]
        found.append(
            Proposal(
                target=target,
                threshold=threshold,
                coverage=None if threshold is None else share(asked, MEASURES["coverage"]),
                precision=None if threshold is None else share(asked, MEASURES["precision"]),
                fewest=fewest(target, confidence=CONFIDENCE),
            )
        )
    return tuple(found)


def _levels(evaluation: Evaluation) -> list[tuple[float, Asked]]:
    """Return the questions that some threshold answers, with the highest that does, the highest first."""
    levels = [(one.answered_from, one) for one in evaluation.asked]
    return sorted(((level, one) for level, one in levels if level is not None), key=lambda pair: -pair[0])


def _bin(number: int, members: Sequence[Asked]) -> Bin:
    return Bin(
        low=number / BINS,
        high=(number + 1) / BINS,
        confidence=sum(one.confidence for one in members) / len(members),
        right=Share(count=sum(one.is_found for one in members), of=len(members)),
    )


def _alternative(decided: Sequence[Asked], threshold: float, *, is_present: bool) -> Alternative:
    outcomes = [one.outcome for one in decided]
    return Alternative(
        threshold=threshold,
        is_present=is_present,
        coverage=share(decided, MEASURES["coverage"]),
        precision=share(decided, MEASURES["precision"]),
        right=outcomes.count("right"),
        wrong=sum(outcome in MISTAKES for outcome in outcomes),
        asked_back=sum(one.decision == "clarify" for one in decided),
        ticketed=sum(one.decision == "ticketed" for one in decided),
    )
