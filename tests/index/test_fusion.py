"""Fused scores become probabilities that do not depend on how many articles there happen to be."""

from __future__ import annotations

import math

import pytest

from index.fusion import NEIGHBOUR, SHARPNESS, STRANGER, Fusion, posteriors


def test_odds_follow_the_difference_of_scores() -> None:
    first, second, third = posteriors([0.9, 0.8, 0.3], articles=100)
    assert first / second == pytest.approx(math.exp(SHARPNESS * 0.1))
    assert second / third == pytest.approx(math.exp(SHARPNESS * 0.5))
    assert 0.99 < first + second + third < 1.0


def test_the_only_article_is_not_certain_for_being_alone() -> None:
    assert posteriors([STRANGER], articles=100) == (pytest.approx(0.5),)
    assert posteriors([NEIGHBOUR], articles=1)[0] < 0.52
    assert posteriors([0.2], articles=1)[0] < 0.05
    assert posteriors([0.9], articles=1)[0] > 0.99


def test_the_fewer_articles_the_more_doubt() -> None:
    doubts = [1 - posteriors([0.45, 0.1], articles=count)[0] for count in (1, 2, 10, 39, 40, 10_000)]
    assert doubts == sorted(doubts, reverse=True)
    assert doubts[-1] == doubts[-2]


@pytest.mark.parametrize("scores", [[], [-50.0], [1e6, -1e6], [0.0] * 10])
def test_any_scores_give_probabilities(scores: list[float]) -> None:
    found = posteriors(scores, articles=3)
    assert len(found) == len(scores)
    assert all(0.0 <= one <= 1.0 for one in found)
    assert sum(found) <= 1.0 + 1e-9


def test_an_exact_match_outweighs_everything_else() -> None:
    weights = Fusion()
    most = 1 / (8 * 0.05) * weights.centroid + weights.lexical + weights.dense_answer + weights.lexical_answer
    assert weights.exact > most + weights.foreign
