"""Centroids: an article's questions together tell it from others better than the nearest one does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from index.centroids import Centroids

DIMENSIONS = 32

Floats = NDArray[np.float32]


def unit(rows: NDArray[np.floating]) -> Floats:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def asked(counts: list[int], *, seed: int = 1, noise: float = 1.0) -> tuple[Floats, NDArray[np.int64]]:
    """Return questions of articles, so many of each, and where each article begins.

    Questions of one article differ most in the first dimensions, as wordings do, which say nothing of the article.
    """
    random = np.random.default_rng(seed)
    meanings = random.normal(size=(len(counts), DIMENSIONS))
    spread = np.full(DIMENSIONS, 0.3 * noise)
    spread[: DIMENSIONS // 2] = 2.0 * noise
    rows = np.repeat(meanings, counts, axis=0) + random.normal(size=(sum(counts), DIMENSIONS)) * spread
    # As generations keep them, in half precision.
    return unit(rows).astype(np.float16).astype(np.float32), np.concatenate([[0], np.cumsum(counts)[:-1]])


def without(counts: list[int], article: int, gone: int) -> list[int]:
    return [count - gone if number == article else count for number, count in enumerate(counts)]


def test_a_new_wording_is_nearer_to_its_centroid_than_to_any_single_question() -> None:
    counts = [12] * 20
    rows, starts = asked(counts)
    centroids = Centroids.of(rows, starts)
    fresh, _ = asked([32] * 20)  # the same seed: the same meanings
    owners, known = np.repeat(np.arange(20), 32), np.repeat(np.arange(20), 12)
    by_centroid = np.array([centroids.scores(row).argmax() for row in fresh])
    by_nearest = known[(fresh @ rows.T).argmax(axis=1)]
    assert (by_centroid == owners).mean() > (by_nearest == owners).mean() + 0.1
    assert centroids.trust == pytest.approx(220 / (220 + DIMENSIONS))


def test_without_alternates_it_is_the_cosine_about_the_mean() -> None:
    rows, starts = asked([1] * 15)
    centroids = Centroids.of(rows, starts)
    question = asked([1], seed=2)[0][0]
    mean = rows.mean(axis=0) * 15 / (15 + 5)  # of few articles, part of it
    expected = unit(rows - mean) @ unit(question - mean)
    assert centroids.trust == 0.0
    assert centroids.scores(question) == pytest.approx(expected / (8 * centroids.spread), abs=5e-3)


def test_some_articles_get_the_same_cosines_as_all() -> None:
    rows, starts = asked([3, 1, 5, 2])
    centroids = Centroids.of(rows, starts)
    assert centroids.scores(rows[0], np.array([2, 0])) == pytest.approx(centroids.scores(rows[0])[[2, 0]])


@pytest.mark.parametrize("gone", [1, 3])
def test_leaving_questions_out_is_as_if_they_had_never_been_there(gone: int) -> None:
    counts = [8] * 25
    rows, starts = asked(counts)
    first = starts[7]
    left_out = rows[first : first + gone]
    kept = np.delete(rows, np.arange(first, first + gone), axis=0)
    expected = Centroids.of(kept, np.concatenate([[0], np.cumsum(without(counts, 7, gone))[:-1]])).scores(left_out[0])
    centroids = Centroids.of(rows, starts)
    found = centroids.scores_without(left_out[0], left_out, 7)
    assert found == pytest.approx(expected, abs=0.03 / (8 * centroids.spread))
    # Its own question pulls the centroid towards it: leaving that in would be self-praise.
    assert centroids.scores(left_out[0])[7] > found[7] + 0.05


def test_an_article_that_loses_its_only_question_is_not_found() -> None:
    rows, starts = asked([1, 4, 4])
    found = Centroids.of(rows, starts).scores_without(rows[0], rows[:1], 0)
    assert found[0] == 0.0
    assert np.abs(found[1:]).max() > 0.0


@pytest.mark.parametrize("counts", [[1], [5], [1, 1]])
def test_few_articles_are_enough(counts: list[int]) -> None:
    rows, starts = asked(counts)
    centroids = Centroids.of(rows, starts)
    assert np.isfinite(centroids.scores(rows[0])).all()
    assert centroids.spread == 0.125  # too few to measure it


def test_a_score_means_the_same_however_far_apart_strangers_lie() -> None:
    spreads, scores = [], []
    for alternates in (1, 30):
        counts = [alternates] * 30
        rows, starts = asked(counts, noise=0.5)
        centroids = Centroids.of(rows, starts)
        fresh, _ = asked([1] * 30, seed=7)  # of other meanings
        spreads.append(centroids.spread)
        scores.append(np.concatenate([centroids.scores(row) for row in fresh]).std())
    assert spreads[0] != pytest.approx(spreads[1], rel=0.05)
    assert scores == pytest.approx([0.125, 0.125], rel=0.25)


def test_equal_questions_give_finite_numbers() -> None:
    rows = np.tile(asked([1])[0], (6, 1))
    centroids = Centroids.of(rows, np.array([0, 3]))
    assert np.isfinite(centroids.scores(rows[0])).all()
    assert np.isfinite(centroids.scores_without(rows[0], rows[:2], 0)).all()


def test_they_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    rows, starts = asked([3, 1, 5, 2])
    centroids = Centroids.of(rows.astype(np.float16), starts)
    centroids.write(tmp_path / "centroids.npz")
    again = Centroids.read(tmp_path / "centroids.npz", 4)
    assert (again.scores(rows[3]) == centroids.scores(rows[3])).all()
    assert (again.counts == [3, 1, 5, 2]).all()
    with pytest.raises(ValueError, match="holds 4 articles, expected 5"):
        Centroids.read(tmp_path / "centroids.npz", 5)
