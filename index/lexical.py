"""The lexical arm: BM25 over passages, as postings in a few flat arrays.

Scores are Robertson and Zaragoza (2009), "The Probabilistic Relevance Framework: BM25 and Beyond",
equation 3.15, with the idf of Lucene (never negative), divided by what a passage made of just the
question's terms could reach at most. So they lie in 0..1 and mean the same in a knowledge base of
60 articles and one of 10,000: about the share of the question, by weight, that the passage repeats.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

K1 = 1.2  # how soon repeats of a term stop counting
B = 0.5  # how much long passages are held back; questions are short, so less than the usual 0.75

_FREQUENT = 8  # a term that one passage in so many holds is frequent
_BLOCKS = 4  # blocks of rows per row that is wanted

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


@dataclass(frozen=True, kw_only=True, slots=True)
class Postings:
    """An inverted index: the passages of term t are ``rows[starts[t]:starts[t + 1]]``, ascending."""

    starts: NDArray[np.int64]  # (terms + 1,)
    rows: Ints  # (postings,)
    impacts: Floats  # (postings,) what the term adds to the score of that row
    idf: Floats  # (terms,)


@dataclass(frozen=True, kw_only=True, slots=True)
class TermRows:
    """The terms of every passage: those of row r are ``ids[starts[r]:starts[r + 1]]``, repeats kept."""

    starts: NDArray[np.int64]  # (rows + 1,)
    ids: Ints  # (terms of all rows,)

    def take(self, rows: NDArray[np.int64]) -> TermRows:
        """Return the terms of the given rows, in their order."""
        lengths = self.starts[rows + 1] - self.starts[rows]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        source = np.repeat(self.starts[rows] - starts[:-1], lengths) + np.arange(starts[-1])
        return TermRows(starts=starts, ids=self.ids[source])


class Vocabulary:
    """Numbers for terms, given in the order of first use."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self.numbers: dict[str, int] = {term: number for number, term in enumerate(known)}

    def __len__(self) -> int:
        return len(self.numbers)

    def row(self, terms: Sequence[str]) -> list[int]:
        """Return the numbers of the terms, new ones for terms not seen before."""
        numbers = self.numbers
        return [numbers.setdefault(term, len(numbers)) for term in terms]


def invert(rows: TermRows, term_count: int) -> Postings:
    """Build the inverted index of passages; ``term_count`` is the size of the vocabulary."""
    lengths = np.diff(rows.starts)
    count = len(lengths)
    row_of = np.repeat(np.arange(count, dtype=np.int64), lengths)
    pairs, frequency = np.unique(rows.ids.astype(np.int64) * max(count, 1) + row_of, return_counts=True)
    terms, posting_rows = np.divmod(pairs, max(count, 1))
    document_frequency = np.bincount(terms, minlength=term_count)
    idf = np.log1p((count - document_frequency + 0.5) / (document_frequency + 0.5))
    mean = max(float(lengths.mean()), 1.0) if count else 1.0
    norm = K1 * (1 - B + B * lengths[posting_rows] / mean)
    impacts = idf[terms] * frequency * (K1 + 1) / (frequency + norm)
    return Postings(
        starts=np.concatenate([[0], np.cumsum(document_frequency)]).astype(np.int64),
        rows=posting_rows.astype(np.int32),
        impacts=impacts.astype(np.float32),
        idf=idf.astype(np.float32),
    )


class LexicalIndex:
    """BM25 scores of one set of passages for a question's terms."""

    def __init__(self, postings: Postings, vocabulary: Mapping[str, int], row_count: int) -> None:
        self._postings = postings
        self._vocabulary = vocabulary
        self._row_count = row_count
        self._starts: list[int] = postings.starts.tolist()
        self._idf: list[float] = postings.idf.tolist()
        # A word no passage holds weighs as much as the rarest word could.
        self._unseen_idf = float(np.log1p((row_count + 0.5) / 0.5))
        self._columns = self._frequent()

    def _frequent(self) -> dict[int, Floats]:
        """Return the impacts of frequent terms, one for every row: adding whole columns is quicker than picking."""
        frequent = np.flatnonzero(np.diff(self._postings.starts) * _FREQUENT > self._row_count).tolist()
        columns = np.zeros((len(frequent), self._row_count), np.float32)
        for column, number in zip(columns, frequent, strict=True):
            start, end = self._starts[number : number + 2]
            column[self._postings.rows[start:end]] = self._postings.impacts[start:end]
        return dict(zip(frequent, columns, strict=True))

    def has(self, term: str, *, without: Sequence[int] = ()) -> bool:
        """Tell whether some passage holds the term, other than those at the rows ``without``."""
        number = self._vocabulary.get(term)
        if number is None:
            return False
        start, end = self._starts[number : number + 2]
        if without and end - start <= len(without):
            return not set(self._postings.rows[start:end].tolist()) <= set(without)
        return start < end

    def scores(self, terms: Iterable[str]) -> Floats:
        """Return the score of every passage, (rows,) float32 in 0..1, for distinct terms."""
        scores = np.zeros(self._row_count, np.float32)
        bound = 0.0
        for term in terms:
            number = self._vocabulary.get(term)
            start, end = (0, 0) if number is None else self._starts[number : number + 2]
            if number is None or start == end:
                bound += self._unseen_idf
                continue
            bound += self._idf[number]
            column = self._columns.get(number)
            if column is None:
                scores[self._postings.rows[start:end]] += self._postings.impacts[start:end]
            else:
                scores += column
        if bound > 0.0:
            scores /= np.float32(bound * (K1 + 1) / (1 + K1 * (1 - B)))
        return np.minimum(scores, np.float32(1.0), out=scores)


def best_rows(scores: Floats, count: int) -> NDArray[np.int64]:
    """Return the rows of the ``count`` highest scores above zero, highest first, ties by row."""
    width = len(scores) // (_BLOCKS * count)
    if width > 1:
        # The count-th highest of the blocks' maxima is reached by at least ``count`` rows.
        blocks = scores[: _BLOCKS * count * width].reshape(width, -1).max(axis=0)
        floor = np.sort(blocks)[-count]
        rows = np.flatnonzero(scores >= floor) if floor > 0 else np.flatnonzero(scores > 0)
    else:
        rows = np.flatnonzero(scores > 0)
    return rows[np.argsort(-scores[rows], kind="stable")[:count]]
