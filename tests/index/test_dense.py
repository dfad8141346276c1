from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from index import dense
from index.dense import FLAT_LIMIT, DenseIndex

Floats = NDArray[np.float32]


def unit(vectors: NDArray[np.floating]) -> Floats:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def clustered(rows: int, *, seed: int, dimensions: int = 32, clusters: int = 200) -> Floats:
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(99).standard_normal((clusters, dimensions))
    return unit(centres[random.integers(0, clusters, rows)] + 0.35 * random.standard_normal((rows, dimensions)))


def bitmap(rows: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return np.packbits(rows, bitorder="little")


@pytest.fixture(scope="module")
def many() -> Floats:
    return clustered(24_000, seed=1)


@pytest.fixture(scope="module")
def many_index(many: Floats) -> DenseIndex:
    return DenseIndex.build(many)


def recall(index: DenseIndex, embeddings: Floats, questions: Floats, allowed: NDArray[np.bool_] | None = None) -> float:
    found = 0
    for question in questions:
        cosines = embeddings @ question
        if allowed is not None:
            cosines[~allowed] = -2
        best = set(np.argsort(-cosines)[:10].tolist())
        rows, _ = index.search(question, 10, None if allowed is None else bitmap(allowed))
        found += len(best & set(rows.tolist()))
    return found / (10 * len(questions))


def test_few_passages_are_compared_exactly() -> None:
    embeddings = unit(np.random.default_rng(0).standard_normal((500, 32)))
    index = DenseIndex.build(embeddings)
    assert index.is_exact
    for question in unit(np.random.default_rng(1).standard_normal((20, 32))):
        rows, scores = index.search(question, 7)
        cosines = embeddings @ question
        assert rows.tolist() == np.argsort(-cosines)[:7].tolist()
        np.testing.assert_allclose(scores, cosines[rows], atol=1e-6)


def test_a_passage_finds_itself_with_a_cosine_of_one() -> None:
    embeddings = unit(np.random.default_rng(0).standard_normal((50, 32)))
    rows, scores = DenseIndex.build(embeddings).search(embeddings[17], 1)
    assert rows.tolist() == [17]
    assert scores[0] == pytest.approx(1.0, abs=1e-6)


def test_there_are_no_more_results_than_passages() -> None:
    index = DenseIndex.build(unit(np.ones((3, 32))))
    assert sorted(index.search(unit(np.ones((1, 32)))[0], 10)[0].tolist()) == [0, 1, 2]


def test_an_index_of_nothing_finds_nothing(tmp_path: Path) -> None:
    index = DenseIndex.build(np.empty((0, 32), np.float32))
    index.write(tmp_path / "a.faiss")
    for empty in (index, DenseIndex.read(tmp_path / "a.faiss", 0)):
        rows, scores = empty.search(np.ones(32, np.float32), 5)
        assert rows.tolist() == scores.tolist() == []
        assert empty.embeddings(np.empty(0, np.int64)) is None


def test_a_question_of_zeros_has_scores_of_zero_and_no_nan(many_index: DenseIndex) -> None:
    _, scores = many_index.search(np.zeros(32, np.float32), 5)
    assert scores.tolist() == [0.0] * 5


@pytest.mark.parametrize("rows", [1, 7, 8, 9, 500])
def test_only_allowed_rows_are_found_and_none_of_them_is_missed(rows: int) -> None:
    embeddings = unit(np.random.default_rng(rows).standard_normal((rows, 32)))
    index = DenseIndex.build(embeddings)
    allowed = np.arange(rows) % 3 == rows % 3
    found, _ = index.search(embeddings[0], rows, bitmap(allowed))
    assert sorted(found.tolist()) == np.flatnonzero(allowed).tolist()
    assert index.search(embeddings[0], rows, bitmap(np.zeros(rows, bool)))[0].tolist() == []


def test_many_passages_are_found_nearly_as_by_comparing_all(many: Floats, many_index: DenseIndex) -> None:
    assert len(many) > FLAT_LIMIT
    assert not many_index.is_exact
    assert many_index.embeddings(np.array([3])) is None
    assert recall(many_index, many, clustered(60, seed=2)) > 0.95
    rows, scores = many_index.search(many[3], 1)
    assert rows.tolist() == [3]
    assert scores[0] == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("share", [0.5, 0.05, 0.002])
def test_a_filter_costs_no_recall_however_little_it_leaves(many: Floats, many_index: DenseIndex, share: float) -> None:
    allowed = np.random.default_rng(3).random(len(many)) < share
    assert recall(many_index, many, clustered(40, seed=4), allowed) > 0.95
    found, _ = many_index.search(many[0], 100, bitmap(allowed))
    assert allowed[found].all()


def test_a_filter_that_allows_nothing_finds_nothing(many_index: DenseIndex) -> None:
    nothing = np.zeros(many_index.row_count, bool)
    assert many_index.search(clustered(1, seed=5)[0], 10, bitmap(nothing))[0].tolist() == []


def test_the_same_rows_give_the_same_files(many: Floats, many_index: DenseIndex, tmp_path: Path) -> None:
    many_index.write(tmp_path / "one.faiss")
    DenseIndex.build(many).write(tmp_path / "two.faiss")
    assert (tmp_path / "one.faiss").read_bytes() == (tmp_path / "two.faiss").read_bytes()


def test_what_is_read_finds_what_was_written(many: Floats, many_index: DenseIndex, tmp_path: Path) -> None:
    many_index.write(tmp_path / "a.faiss")
    read = DenseIndex.read(tmp_path / "a.faiss", len(many))
    assert not read.is_exact
    for question in clustered(20, seed=6):
        for one, other in zip(many_index.search(question, 10), read.search(question, 10), strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_file_with_another_number_of_rows_or_of_another_kind_is_refused(tmp_path: Path) -> None:
    DenseIndex.build(unit(np.ones((3, 32)))).write(tmp_path / "a.faiss")
    with pytest.raises(RuntimeError, match=r"a\.faiss holds 3 rows, expected 4"):
        DenseIndex.read(tmp_path / "a.faiss", 4)
    (tmp_path / "b.faiss").write_bytes(b"no index")
    with pytest.raises(RuntimeError):
        DenseIndex.read(tmp_path / "b.faiss", 3)


def test_a_small_index_gives_its_embeddings_back_also_when_it_is_gone_itself() -> None:
    embeddings = unit(np.random.default_rng(0).standard_normal((20, 32)))
    given_back = DenseIndex.build(embeddings).embeddings(np.array([3, 19, 3]))
    assert given_back is not None
    np.testing.assert_array_equal(given_back, embeddings[[3, 19, 3]])


def test_all_cosines_come_in_the_order_of_rows(many_index: DenseIndex) -> None:
    embeddings = unit(np.random.default_rng(0).standard_normal((500, 32)))
    index = DenseIndex.build(embeddings)
    wide = np.random.default_rng(1).standard_normal((32, 2)).astype(np.float32)
    for question in (embeddings[7], wide[:, 0], wide[:, 1].astype(np.float64)):
        cosines = index.cosines(question)
        assert cosines is not None
        np.testing.assert_allclose(cosines, embeddings @ question, atol=1e-6)
    assert DenseIndex.build(embeddings[:0]).cosines(embeddings[0]) is not None
    assert many_index.cosines(embeddings[0]) is None


class TestExtending:
    @staticmethod
    def edited(many: Floats) -> tuple[NDArray[np.int64], Floats]:
        """Return rows of which some were removed, moved, changed and added, and where they came from."""
        sources = np.concatenate([np.arange(500, 24_000)[::-1], np.full(300, -1)])
        return sources, np.concatenate([many[sources[:-300]], clustered(300, seed=8)])

    def test_keeps_rows_in_their_lists_and_finds_the_new_ones(self, many: Floats, many_index: DenseIndex) -> None:
        sources, embeddings = self.edited(many)
        extended = many_index.extended(sources, embeddings)
        assert extended is not None
        assert recall(extended, embeddings, clustered(40, seed=9)) > 0.95
        rows, scores = extended.search(embeddings[-1], 1)
        assert rows.tolist() == [len(embeddings) - 1]
        assert scores[0] == pytest.approx(1.0, abs=0.01)

    def test_puts_the_same_rows_where_a_whole_build_with_these_lists_would(
        self, many: Floats, many_index: DenseIndex, tmp_path: Path
    ) -> None:
        extended = many_index.extended(np.arange(len(many)), many)
        assert extended is not None
        many_index.write(tmp_path / "one.faiss")
        extended.write(tmp_path / "two.faiss")
        assert (tmp_path / "one.faiss").read_bytes() == (tmp_path / "two.faiss").read_bytes()

    def test_leaves_the_old_index_as_it_was(self, many: Floats, many_index: DenseIndex) -> None:
        before = many_index.search(many[0], 10)[0]
        many_index.extended(*self.edited(many))
        np.testing.assert_array_equal(many_index.search(many[0], 10)[0], before)

    def test_is_refused_where_new_lists_are_better(self, many: Floats, many_index: DenseIndex) -> None:
        mostly_new = np.where(np.arange(len(many)) < 8_000, -1, np.arange(len(many)))
        assert many_index.extended(mostly_new, many) is None
        assert many_index.extended(np.arange(13_000), many[:13_000]) is None
        small = DenseIndex.build(many[:100])
        assert small.extended(np.arange(100), many[:100]) is None
        assert many_index.extended(np.arange(100), many[:100]) is None

    def test_is_refused_once_the_number_of_lists_has_drifted(
        self, many: Floats, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dense, "_LISTS_PER_ROOT", 0.5)
        coarse = DenseIndex.build(many)
        monkeypatch.undo()
        assert coarse.extended(np.arange(len(many)), many) is None
