"""The arms: the passages of one kind, questions or answers, as vectors and as words bring them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.dense import DenseIndex
from index.generation import Allowed
from index.lexical import best_rows

_WIDER = 4  # times as many, where the candidates belong to too few articles

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Found:
    """Passages that one arm found."""

    rows: Rows
    scores: Floats


class Arm:
    """The passages of one kind, as both arms see them, with what a filter leaves of them."""

    def __init__(self, article_of: NDArray[np.int32], allowed: Allowed | None) -> None:
        self._article_of = article_of
        self._allowed = allowed

    def dense(self, index: DenseIndex, embedding: Floats, count: int, top_k: int) -> Found:
        """Return the nearest passages; none for a question in which the encoder knows nothing."""
        if not embedding.any():
            return Found(np.empty(0, np.int64), np.empty(0, np.float32))
        while True:
            rows, scores = index.search(embedding, count, self._allowed.bitmap if self._allowed else None)
            if self._is_enough(rows, count, top_k):
                return Found(rows, scores)
            count *= _WIDER

    def lexical(self, scores: Floats, count: int, top_k: int) -> Found:
        """Return the passages with the best of the scores, (rows,), that all passages have."""
        if self._allowed is not None:
            scores = scores * self._allowed.rows
        while True:
            rows = best_rows(scores, count)
            if self._is_enough(rows, count, top_k):
                return Found(rows, scores[rows])
            count *= _WIDER

    def _is_enough(self, rows: Rows, count: int, top_k: int) -> bool:
        # One article with hundreds of passages must not crowd out the others.
        return len(rows) < count or len(set(self._article_of[rows].tolist())) >= top_k
