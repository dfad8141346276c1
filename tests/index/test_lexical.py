from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.lexical import K1, B, LexicalIndex, TermRows, Vocabulary, best_rows, invert

Passages = list[list[str]]


def lexical_index(passages: Passages) -> LexicalIndex:
    vocabulary = Vocabulary()
    rows = [vocabulary.row(terms) for terms in passages]
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    ids = np.array([number for row in rows for number in row], np.int32)
    postings = invert(TermRows(starts=starts, ids=ids), len(vocabulary))
    return LexicalIndex(postings, vocabulary.numbers, len(passages))


def reference(passages: Passages, question: list[str]) -> list[float]:
    """Return BM25 of every passage the plain way, as a share of the most that one-term-each could reach."""
    count = len(passages)
    mean = max(sum(map(len, passages)) / count, 1.0)

    def idf(term: str) -> float:
        holding = sum(term in passage for passage in passages)
        return math.log(1 + (count - holding + 0.5) / (holding + 0.5))

    def score(passage: list[str]) -> float:
        times = Counter(passage)
        norm = K1 * (1 - B + B * len(passage) / mean)
        return sum(idf(term) * times[term] * (K1 + 1) / (times[term] + norm) for term in question)

    most = sum(map(idf, question)) * (K1 + 1) / (1 + K1 * (1 - B))
    return [min(1.0, score(passage) / most) if most else 0.0 for passage in passages]


_terms = st.sampled_from("abcdefgh")
_passages = st.lists(st.lists(_terms, max_size=8), min_size=1, max_size=30)
_question = st.lists(st.sampled_from("abcdefghxyz"), max_size=6, unique=True)


@given(_passages, _question)
def test_scores_are_those_of_a_plain_bm25(passages: Passages, question: list[str]) -> None:
    np.testing.assert_allclose(
        lexical_index(passages).scores(question), reference(passages, question), rtol=1e-5, atol=1e-6
    )


def test_scores_of_many_passages_with_rare_and_frequent_terms_are_those_of_a_plain_bm25() -> None:
    random = np.random.default_rng(5)
    words = [f"w{n}" for n in range(300)]
    shares = 1 / np.arange(1, 301)
    passages = [random.choice(words, size=random.integers(1, 25), p=shares / shares.sum()).tolist() for _ in range(500)]
    index = lexical_index(passages)
    for question in (["w0", "w1", "w290"], ["w0"], ["w5", "nowhere", "w100", "w17"], ["nowhere"], []):
        np.testing.assert_allclose(index.scores(question), reference(passages, question), rtol=1e-4, atol=1e-6)


def test_a_question_repeated_word_for_word_scores_above_every_other_passage() -> None:
    index = lexical_index([["how", "pay"], ["how", "pay", "by", "card"], ["how", "return"], ["when"]])
    scores = index.scores(["how", "pay"])
    assert scores.argmax() == 0
    assert 0 < scores[2] < scores[1] < scores[0] <= 1
    assert scores[3] == 0


def test_a_word_that_no_passage_holds_weighs_like_the_rarest_there_could_be() -> None:
    index = lexical_index([["a"]] * 9 + [["b"]])
    assert index.scores(["b", "nowhere"])[9] == pytest.approx(
        index.scores(["b"])[9] * math.log1p(9.5 / 1.5) / (math.log1p(9.5 / 1.5) + math.log1p(10.5 / 0.5)), rel=1e-5
    )


def test_scores_do_not_depend_on_the_order_in_which_terms_were_numbered() -> None:
    passages = [["a", "b"], ["c"], ["b", "c", "c"]]
    backwards = lexical_index(passages[::-1]).scores(["b", "c"])[::-1]
    np.testing.assert_array_equal(lexical_index(passages).scores(["b", "c"]), backwards)


def test_without_passages_or_terms_there_are_scores_of_zero_and_no_nan() -> None:
    assert lexical_index([]).scores(["a"]).tolist() == []
    assert lexical_index([[], []]).scores(["a"]).tolist() == [0.0, 0.0]
    assert lexical_index([["a"]]).scores([]).tolist() == [0.0]


def test_known_terms_are_those_some_passage_holds() -> None:
    vocabulary = Vocabulary(["gone", "here"])
    rows = TermRows(starts=np.array([0, 1]), ids=np.array([1], np.int32))
    index = LexicalIndex(invert(rows, 2), vocabulary.numbers, 1)
    assert [index.has(term) for term in ("gone", "here", "never")] == [False, True, False]


def test_postings_name_ascending_rows_of_every_term() -> None:
    vocabulary = Vocabulary()
    ids = np.array([*vocabulary.row(["b", "a", "b"]), *vocabulary.row(["a"])], np.int32)
    postings = invert(TermRows(starts=np.array([0, 3, 3, 4]), ids=ids), len(vocabulary))
    assert vocabulary.numbers == {"b": 0, "a": 1}
    assert [postings.rows[start:end].tolist() for start, end in pairwise(postings.starts)] == [[0], [0, 2]]


def test_rows_can_be_taken_in_any_order_and_twice() -> None:
    rows = TermRows(starts=np.array([0, 2, 2, 3]), ids=np.array([7, 8, 9], np.int32))
    taken = rows.take(np.array([2, 0, 1, 0]))
    assert taken.starts.tolist() == [0, 1, 3, 3, 5]
    assert taken.ids.tolist() == [9, 7, 8, 7, 8]
    assert rows.take(np.array([], np.int64)).ids.tolist() == []


@given(
    st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), max_size=400),
    st.integers(1, 12),
)
def test_the_best_rows_are_the_first_of_a_full_sort(values: list[float], count: int) -> None:
    expected = sorted((row for row, value in enumerate(values) if value > 0), key=lambda row: (-values[row], row))
    assert best_rows(np.array(values, np.float32), count).tolist() == expected[:count]


def test_many_equal_scores_do_not_hide_a_better_one_behind_them() -> None:
    scores = np.full(10_000, 0.5, np.float32)
    scores[9_990] = 0.9
    scores[9_999] = 0.8
    assert best_rows(scores, 4).tolist() == [9_990, 9_999, 0, 1]
