"""A promised precision holds, and is promised as soon as the figures allow."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from assistant import certify
from assistant.certify import certified_threshold, fewest, interval

TARGET = 0.95


def lower_bound(count: int, of: int) -> float:
    """Return what a share is at least, with 95 % confidence."""
    return float(binomtest(count, of, alternative="greater").proportion_ci(method="exact").low)


def descending(count: int) -> list[float]:
    return np.linspace(0.9, 0.5, count).tolist()


def test_fifty_nine_right_answers_are_enough_and_fifty_eight_are_not() -> None:
    assert fewest(TARGET) == 59
    assert certified_threshold(descending(59), [True] * 59, target=TARGET) == 0.5
    assert certified_threshold(descending(58), [True] * 58, target=TARGET) is None
    assert lower_bound(59, 59) > TARGET > lower_bound(58, 58)


def test_ninety_three_with_a_wrong_one_are_enough_and_ninety_two_are_not() -> None:
    for count, found in ((93, 0.9), (92, None)):
        assert certified_threshold([0.9] * count, [False] + [True] * (count - 1), target=TARGET) == found
    assert lower_bound(92, 93) > TARGET > lower_bound(91, 92)
    assert certified_threshold(descending(93), [True] * 92 + [False], target=TARGET) == 0.5
    assert certified_threshold(descending(92), [True] * 91 + [False], target=TARGET) == pytest.approx(0.5, abs=0.04)


def test_fewer_answers_show_a_lower_precision() -> None:
    assert [fewest(target) for target in (0.5, 0.9, 0.99)] == [5, 29, 299]
    assert certified_threshold([0.9] * 29, [True] * 29, target=0.9) == 0.9
    assert certified_threshold([0.9] * 45, [True] * 45, target=0.95, confidence=0.9) == 0.9


def test_what_is_wrong_below_the_threshold_is_left_out() -> None:
    found = certified_threshold([*descending(200), *[0.3] * 40], [True] * 200 + [False] * 40, target=TARGET)
    assert found is not None
    assert 0.5 <= found < 0.53


def test_many_questions_forgive_a_wrong_answer_at_the_top() -> None:
    labels = [True] * 1_000
    labels[3] = labels[40] = False
    assert certified_threshold(descending(1_000), labels, target=TARGET) == 0.5


def test_equal_confidences_stand_and_fall_together() -> None:
    confidences = [0.9] * 100 + [0.8] * 100
    assert certified_threshold(confidences, [True] * 100 + [True, False] * 50, target=TARGET) == 0.9
    assert certified_threshold([0.9] * 200, [True] * 100 + [True, False] * 50, target=TARGET) is None


def test_the_order_of_the_questions_is_no_matter() -> None:
    random = np.random.default_rng(2)
    confidences = random.random(500)
    right = random.random(500) < 0.9 + 0.1 * confidences
    shuffled = random.permutation(500)
    assert certified_threshold(confidences.tolist(), right.tolist(), target=TARGET) == certified_threshold(
        confidences[shuffled].tolist(), right[shuffled].tolist(), target=TARGET
    )


@pytest.mark.parametrize("confidences", [[], [0.5] * 10])
def test_too_few_answers_certify_nothing(confidences: list[float]) -> None:
    assert certified_threshold(confidences, [True] * len(confidences), target=TARGET) is None


def test_what_cannot_be_meant_is_refused() -> None:
    with pytest.raises(ValueError, match="1 confidences and 2 labels"):
        certified_threshold([0.5], [True, False], target=TARGET)
    with pytest.raises(ValueError, match="target is 1"):
        certified_threshold([0.5], [True], target=1)
    with pytest.raises(ValueError, match="confidence is 0"):
        certified_threshold([0.5], [True], target=0.5, confidence=0)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=400))
def test_the_certified_answers_bear_their_own_bound(labelled: list[tuple[float, bool]]) -> None:
    found = certified_threshold([one[0] for one in labelled], [one[1] for one in labelled], target=0.8)
    if found is not None:
        assert found in {confidence for confidence, _ in labelled}
        answered = [is_right for confidence, is_right in labelled if confidence >= found]
        assert lower_bound(sum(answered), len(answered)) >= 0.8


def flat(random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    confidences = random.random(count)
    return confidences, np.full(count, 0.949)  # a hair below what is promised, everywhere


def worst_at_the_top(random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    confidences = random.random(count)
    return confidences, np.where(confidences > 0.9, 0.85, np.where(confidences > 0.4, 0.97, 0.6))


def ranking(random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    confidences = random.random(count)
    return confidences, 0.9 + 0.08 * confidences


@pytest.mark.parametrize("count", [120, 800])
@pytest.mark.parametrize("customers", [flat, worst_at_the_top, ranking])
def test_a_promise_is_broken_no_more_often_than_is_said(
    customers: Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]], count: int
) -> None:
    random = np.random.default_rng(7)
    everybody, chances = customers(random, 100_000)
    broken, trials = 0, 200
    for _ in range(trials):
        confidences, right = customers(random, count)
        found = certified_threshold(confidences.tolist(), (random.random(count) < right).tolist(), target=TARGET)
        broken += found is not None and chances[everybody >= found].mean() < TARGET - 2e-4
    assert broken / trials < 0.1  # 5 % are promised; 10 % would be more than three standard errors above


def test_what_ranks_well_is_certified() -> None:
    random = np.random.default_rng(8)
    found = []
    for _ in range(30):
        confidences = random.random(1_000)
        right = random.random(1_000) < np.where(confidences > 0.4, 0.985, 0.6)
        found.append(certified_threshold(confidences.tolist(), right.tolist(), target=TARGET))
    assert sum(one is not None and one < 0.5 for one in found) > 25


def test_the_level_of_many_looks_is_exact() -> None:
    looks = (59, 80, 120, 200)
    bounds = certify._most_wrong(looks, TARGET, 0.95)
    wrong = np.random.default_rng(9).random((40_000, 200)) > TARGET
    counts = wrong.cumsum(axis=1)[:, [answers - 1 for answers in looks]]
    passing = certify._passing(looks, bounds, TARGET)
    assert passing <= 0.05
    assert (counts <= np.array(bounds)).any(axis=1).mean() == pytest.approx(passing, abs=0.004)


@pytest.mark.parametrize(("count", "of"), [(0, 1), (1, 1), (0, 20), (7, 20), (20, 20), (9_950, 10_000)])
def test_bounds_are_those_of_clopper_and_pearson(count: int, of: int) -> None:
    exact = binomtest(count, of).proportion_ci(method="exact")
    assert (interval(count, of).low, interval(count, of).high) == pytest.approx((exact.low, exact.high))


def test_of_nothing_nothing_is_known() -> None:
    assert (interval(0, 0).low, interval(0, 0).high) == (0, 1)
