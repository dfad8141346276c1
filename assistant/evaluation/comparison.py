"""Two evaluations of the same questions, and how sure their differences are.

Differences carry a paired bootstrap interval (Efron & Tibshirani, An Introduction to the Bootstrap, 1993,
chapter 13), so that noise is not taken for news.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.asked import Asked
from assistant.evaluation.evaluation import Evaluation
from assistant.evaluation.measures import FEW, GATES, MEASURES, marks

RESAMPLES = 2_000
_SEED = 1
# Questions that must differ before it can be no accident: of so many events in a large sample, a resample has
# none at all with a probability of e⁻⁴, less than the 2.5 % that an interval leaves out on a side. Resamples of a
# small sample know nothing of such accidents.
_LEAST = 4
_AT_ONCE = 4_000_000  # weights of questions in memory at a time


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """How much a share changed, and between what bounds with 95 % confidence."""

    value: float
    low: float
    high: float
    changed: int  # questions that count otherwise

    @property
    def is_rise(self) -> bool:
        """Whether the share rose beyond noise."""
        return self.changed >= _LEAST and self.low > 0

    @property
    def is_fall(self) -> bool:
        """Whether the share fell beyond noise."""
        return self.changed >= _LEAST and self.high < 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Two evaluations of the same questions; differences are after less before."""

    before: Evaluation
    after: Evaluation
    differences: Mapping[str, Difference | None]  # by the name of the measure; None where a share is of nothing

    @property
    def worse(self) -> tuple[str, ...]:
        """The measures of GATES that became worse beyond noise."""
        return tuple(name for name in GATES if (found := self.differences[name]) is not None and found.is_fall)

    @property
    def better(self) -> tuple[str, ...]:
        """The measures of GATES that became better beyond noise."""
        return tuple(name for name in GATES if (found := self.differences[name]) is not None and found.is_rise)

    @property
    def verdict(self) -> Literal["better", "even", "worse"]:
        """Worse where anything became worse; even where these questions can show no difference."""
        return "worse" if self.worse else "better" if self.better else "even"

    @property
    def broken(self) -> tuple[tuple[Asked, Asked], ...]:
        """Questions that come off worse, before and after: new wrong answers first, then the deepest falls."""
        pairs = [pair for pair in self._pairs() if pair[1].merit < pair[0].merit]
        return tuple(sorted(pairs, key=lambda pair: (pair[1].merit[0] > 0, pair[1].merit[0] - pair[0].merit[0])))

    @property
    def mended(self) -> tuple[tuple[Asked, Asked], ...]:
        """Questions that come off better, before and after: wrong answers that went first, then the highest rises."""
        pairs = [pair for pair in self._pairs() if pair[1].merit > pair[0].merit]
        return tuple(sorted(pairs, key=lambda pair: (pair[0].merit[0] > 0, pair[0].merit[0] - pair[1].merit[0])))

    def _pairs(self) -> list[tuple[Asked, Asked]]:
        return list(zip(self.before.asked, self.after.asked, strict=True))


def compare(before: Evaluation, after: Evaluation) -> Comparison:
    """Compare two evaluations; raises ValueError unless they asked the same questions in the same order."""
    if [one.golden for one in before.asked] != [one.golden for one in after.asked]:
        raise ValueError("the evaluations asked different questions; expected the same ones in the same order")
    return Comparison(
        before=before,
        after=after,
        differences=dict(zip(MEASURES, _differences(before.asked, after.asked), strict=True)),
    )


def recommendation(before: str, after: str, comparison: Comparison) -> str:
    """Return what follows from the intervals, in plain words, of two sides by their names."""
    count = len(comparison.after.asked)
    shown = f"{count:,} golden question{'' if count == 1 else 's'}"
    if comparison.verdict == "worse":
        but = f" – though better in: {_moved(comparison, comparison.better)}" if comparison.better else ""
        said = f"{after} is worse than {before} beyond noise in: {_moved(comparison, comparison.worse)}{but}."
    elif comparison.verdict == "better":
        said = f"{after} is better than {before} beyond noise in: {_moved(comparison, comparison.better)}."
    else:
        said = f"There is no difference between {before} and {after} that {shown} can show."
    if count < FEW:
        said += f" But {shown} show{'s' if count == 1 else ''} little: collect {FEW} at least, better some hundreds."
    return said


def points(value: float) -> str:
    """Return a difference of shares in percentage points, with its sign."""
    return f"{100 * value:+.1f}"


def _moved(comparison: Comparison, names: Sequence[str]) -> str:
    moved = []
    for name in names:
        difference = comparison.differences[name]
        assert difference is not None
        moved.append(
            f"{MEASURES[name].title} {points(difference.value)} points "
            f"(95 %: {points(difference.low)} to {points(difference.high)})"
        )
    return "; ".join(moved)


def _differences(before: Sequence[Asked], after: Sequence[Asked]) -> list[Difference | None]:
    """Return the difference of every measure; questions in and out of scope are drawn apart, as many as there are."""
    marked = np.array(
        [[*marks(before, measure), *marks(after, measure)] for measure in MEASURES.values()],
        np.float64,
    )  # (measures, 4, questions)
    sides = [_ratio(marked[:, side].sum(axis=-1), marked[:, side + 1].sum(axis=-1)) for side in (0, 2)]
    values = sides[1] - sides[0]
    changed = (marked[:, :2] != marked[:, 2:]).any(axis=1).sum(axis=-1)
    drawn = _drawn_ratios(marked, np.array([one.is_in_scope for one in before], np.bool_))
    return [
        None if np.isnan(value) else Difference(value=float(value), low=low, high=high, changed=int(count))
        for value, (low, high), count in zip(values, _intervals(drawn), changed, strict=True)
    ]


def _drawn_ratios(marked: NDArray[np.float64], in_scope: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the measures' differences in resamples, (measures, RESAMPLES); NaN where a share is of nothing."""
    random = np.random.default_rng(_SEED)
    measures, _, questions = marked.shape
    flat = marked.reshape(measures * 4, questions)
    drawn = []
    step = max(1, _AT_ONCE // max(1, questions))
    for start in range(0, RESAMPLES, step):
        count = min(step, RESAMPLES - start)
        weights = np.zeros((count, questions))
        for scope in (in_scope, ~in_scope):
            size = int(scope.sum())
            if size:
                weights[:, scope] = random.multinomial(size, np.full(size, 1 / size), size=count)
        sums = (flat @ weights.T).reshape(measures, 4, count)
        drawn.append(_ratio(sums[:, 2], sums[:, 3]) - _ratio(sums[:, 0], sums[:, 1]))
    return np.concatenate(drawn, axis=1)


def _intervals(drawn: NDArray[np.float64]) -> list[tuple[float, float]]:
    intervals = []
    for row in drawn:
        sound = row[~np.isnan(row)]
        low, high = np.quantile(sound, [0.025, 0.975]) if len(sound) else (np.nan, np.nan)
        intervals.append((float(low), float(high)))
    return intervals


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)
