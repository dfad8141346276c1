"""Measures of an evaluation: shares of questions, and what one costs against another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.certify import Interval, interval
from assistant.evaluation.asked import Asked, Outcome

COST = 19
"""Right answers that one wrong answer costs. Answers of which 95 in 100 are right, as the thresholds aim at, are then
worth as much as none; whoever answers more has to keep that up, and who hardly answers has no advantage by it."""

FEW = 30
"""Questions below which an evaluation shows little."""

IN_SCOPE: frozenset[Outcome] = frozenset({"right", "wrong", "offered", "missed", "ticketed", "silent"})
OUT_OF_SCOPE: frozenset[Outcome] = frozenset({"none_answered", "none_offered", "none_ticketed", "none_silent"})
MISTAKES: frozenset[Outcome] = frozenset({"wrong", "none_answered"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """A share: questions that count, less what others cost, among those that matter."""

    name: str
    title: str
    counts: frozenset[Outcome] | None  # None: the right article was found first
    among: frozenset[Outcome]
    costs: frozenset[Outcome] = frozenset()  # COST each


def _share(name: str, title: str, counts: set[Outcome] | None, among: frozenset[Outcome] = IN_SCOPE) -> Measure:
    return Measure(name=name, title=title, counts=None if counts is None else frozenset(counts), among=among)


MEASURES: Mapping[str, Measure] = {
    measure.name: measure
    for measure in (
        _share("accuracy", "right article found first (accuracy@1)", None),
        _share("coverage", "answered rightly (coverage)", {"right"}),
        _share("wrong", "answered wrongly", {"wrong"}),
        _share("offered", "asked back with the right choice", {"offered"}),
        _share("missed", "asked back without the right choice", {"missed"}),
        _share("ticketed", "ticketed", {"ticketed"}),
        _share("out_of_scope_answered", "answered where no article does", {"none_answered"}, OUT_OF_SCOPE),
        _share("precision", "answers that are right (precision)", {"right"}, MISTAKES | {"right"}),
        _share("mistakes", "wrong answers of both kinds", set(MISTAKES), IN_SCOPE | OUT_OF_SCOPE),
        Measure(
            name="worth",
            title=f"right answers less {COST} for each wrong one (worth)",
            counts=frozenset({"right"}),
            among=IN_SCOPE | OUT_OF_SCOPE,
            costs=MISTAKES,
        ),
    )
}

GATES = ("accuracy", "coverage", "worth")
"""Measures that a change must not lower."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """So many of so many; below zero where others cost more."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """The share, at most 1; None of nothing."""
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> Interval | None:
        """Between what bounds it lies with 95 % confidence; None of nothing, and for what is no count."""
        return interval(self.count, self.of) if self.of and self.count >= 0 else None


def marks(asked: Sequence[Asked], measure: Measure) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how much each question counts, and whether it matters, (questions,) each."""
    outcomes = [one.outcome for one in asked]
    among = np.array([outcome in measure.among for outcome in outcomes], np.float64)
    if measure.counts is None:
        return np.array([one.is_found for one in asked], np.float64) * among, among
    counted = np.array([outcome in measure.counts for outcome in outcomes], np.float64)
    costs = np.array([outcome in measure.costs for outcome in outcomes], np.float64)
    return counted - COST * costs, among


def share(asked: Sequence[Asked], measure: Measure) -> Share:
    """Return one measure."""
    counted, among = marks(asked, measure)
    return Share(count=int(counted.sum()), of=int(among.sum()))
