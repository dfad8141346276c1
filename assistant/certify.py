"""Certificates: bounds on a share that was counted, and thresholds whose precision is certain enough to be promised.

Bounds are exact (Clopper & Pearson, The use of confidence or fiducial limits illustrated in the case of the
binomial, Biometrika 26, 1934): 59 right answers without a wrong one show that 95 in 100 are right, and 93 with one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95

# Each look is at a tenth more answers than the one before. Looks closer together find little more.
_GROWTH = 1.1
# Times the fewest answers that can certify anything, of which fewer questions bear one look at a time only: shared
# among many looks, none of them could succeed. Sharing did better from 150 to 200 questions on in simulations.
_MANY = 3
_HALVINGS = 12  # of the interval in which the level of each of several looks is sought
_TAIL = 8.0  # standard deviations of a binomial number that are reckoned with


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """Between what bounds a share lies."""

    low: float
    high: float


def interval(count: int, of: int, *, confidence: float = CONFIDENCE) -> Interval:
    """Return between what bounds the share lies of which ``count`` of ``of`` were seen; of nothing, from 0 to 1."""
    from scipy.special import betaincinv

    tail = (1 - confidence) / 2
    low = float(betaincinv(count, of - count + 1, tail)) if count else 0.0
    high = float(betaincinv(count + 1, of - count, 1 - tail)) if count < of else 1.0
    return Interval(low=low, high=high)


def fewest(target: float, *, confidence: float = CONFIDENCE) -> int:
    """Return how many answers, all of them right, show a precision of ``target``."""
    return math.ceil(math.log(1 - confidence) / math.log(target) - 1e-9)


def certified_threshold(
    confidences: Sequence[float], is_right: Sequence[bool], *, target: float, confidence: float = CONFIDENCE
) -> float | None:
    """Return the lowest threshold whose answers are certified to be right in ``target`` of all cases; None for none.

    ``confidences`` are those of labelled questions, in scope and out of it, that would be answered if the
    threshold were low enough; ``is_right`` says whether the answer would be right. Who answers from the returned
    confidence on, which is one of those given, keeps the promise. Raises ValueError for lists of different lengths
    and for a target or confidence that is not between 0 and 1.

    Guaranteed is: of many sets of questions, drawn as customers' are, a threshold whose precision among all
    customers is below the target is returned for at most ``1 - confidence`` of them. This holds exactly where a
    lower confidence is never right more often than a higher one, and no two are the same; where confidence ranks
    badly it is no theorem, but simulations (of confidence that is worst at the top, or worth nothing) broke the
    promise in at most 5 in 100 sets all the same. It holds for customers who ask like these questions, and for no
    others.

    To take the lowest threshold whose own bound holds is not enough: one of many comes out well by luck. It broke the
    promise in up to 25 of 100 simulated sets. So thresholds are tested from strict to loose (fixed-sequence testing;
    Angelopoulos, Bates, Candès, Jordan & Lei, Learn then Test, 2021, section 3) at numbers of answers fixed beforehand,
    and one is certified if it and every stricter one is shown not to be where precision begins to be too low. Many
    questions share the error among all looser looks in each of these tests (closed testing; Marcus, Peritz & Gabriel,
    On closed testing procedures, Biometrika 63, 1976; one level for all looks: Pocock, Group sequential methods,
    Biometrika 64, 1977), so that a mistake among the first answers does not end it; few questions cannot share.
    """
    _check(confidences, is_right, target, confidence)
    order = np.argsort(-np.asarray(confidences, np.float64), kind="stable")
    ranked = np.asarray(confidences, np.float64)[order]
    wrong = np.cumsum(~np.asarray(is_right, np.bool_)[order])
    least = fewest(target, confidence=confidence)
    looks = _looks(ranked, least)
    together = 1 if len(ranked) < _MANY * least else max(1, len(looks))
    found, place = None, 0
    while place < len(looks):
        tested = looks[place : place + together]
        bounds = _most_wrong(tested, target, confidence)
        passed = [answers for answers, most in zip(tested, bounds, strict=True) if wrong[answers - 1] <= most]
        if not passed:
            break
        # Tests that begin at any look before the last that passed share the error among fewer looks: they pass too.
        found = float(ranked[passed[-1] - 1])
        place = looks.index(passed[-1]) + 1
    return found


def _check(confidences: Sequence[float], is_right: Sequence[bool], target: float, confidence: float) -> None:
    if len(confidences) != len(is_right):
        raise ValueError(
            f"there are {len(confidences)} confidences and {len(is_right)} labels; expected one label for each"
        )
    for name, value in (("target", target), ("confidence", confidence)):
        if not 0 < value < 1:
            raise ValueError(f"{name} is {value}; expected a number between 0 and 1, such as 0.95")


def _looks(ranked: NDArray[np.float64], least: int) -> tuple[int, ...]:
    """Return at how many answers a threshold is tested; they depend on no label, and part no equal confidences."""
    ends = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]) + 1, len(ranked))  # answers down to each confidence
    wanted, answers = [], least
    while answers < len(ranked):
        wanted.append(answers)
        answers = max(answers + 1, round(answers * _GROWTH))
    if len(ranked) >= least:
        wanted.append(len(ranked))
    return tuple(sorted({int(ends[np.searchsorted(ends, answers)]) for answers in wanted}))


@lru_cache(maxsize=1_024)
def _most_wrong(looks: tuple[int, ...], target: float, confidence: float) -> tuple[int, ...]:
    """Return how many answers may be wrong at each look; -1 where even none would be too many.

    Answers of which just ``target`` are right pass any of the looks with a probability of at most ``1 - confidence``.
    """
    error = 1 - confidence
    bounds = _bounds(looks, target, error)
    if _passing(looks, bounds, target) <= error:
        return bounds
    low, high = error / len(looks), error  # Bonferroni's level is low enough
    for _ in range(_HALVINGS):
        level = math.sqrt(low * high)
        if _passing(looks, _bounds(looks, target, level), target) <= error:
            low = level
        else:
            high = level
    return _bounds(looks, target, low)


def _bounds(looks: tuple[int, ...], target: float, level: float) -> tuple[int, ...]:
    """Return the most wrong answers of each look that are as improbable as the level, or more."""
    from scipy.special import bdtr

    bounds = []
    for answers in looks:
        most = math.ceil(answers * (1 - target))
        few = np.arange(most + 1)
        bounds.append(int(np.searchsorted(bdtr(few, answers, 1 - target), level, side="right")) - 1)
    return tuple(bounds)


def _passing(looks: tuple[int, ...], bounds: tuple[int, ...], target: float) -> float:
    """Return the probability that answers of which ``target`` are right have no more wrong ones than any bound says."""
    size = max(bounds) + 2
    running = np.zeros(max(1, size))  # by the number of wrong answers so far, of what has not passed; more cannot
    running[0] = 1.0
    passed, before = 0.0, 0
    for answers, most in zip(looks, bounds, strict=True):
        running = np.convolve(running, _binomial(answers - before, 1 - target))[:size]
        passed += float(running[: most + 1].sum())
        running[: most + 1] = 0.0
        before = answers
    return passed


def _binomial(number: int, share: float) -> NDArray[np.float64]:
    """Return the probabilities of 0, 1, … of ``number``, as far as any is worth reckoning with."""
    from scipy.special import gammaln

    furthest = math.ceil(number * share + _TAIL * math.sqrt(number * share * (1 - share)) + _TAIL)
    counts: NDArray[np.float64] = np.arange(min(number, furthest) + 1, dtype=np.float64)
    ways = np.asarray(gammaln(number + 1.0) - gammaln(counts + 1) - gammaln(number - counts + 1), np.float64)
    return np.asarray(np.exp(ways + counts * math.log(share) + (number - counts) * math.log1p(-share)), np.float64)
