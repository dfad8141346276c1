"""Fusion: the scores of an article become one, and the scores of several probabilities of one over another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SHARPNESS = 16.0
"""Log-odds of one article over another per unit of fused score, as the fit of Fusion gives them."""
STRANGER = 0.2
"""Fused score of a stranger that is always among the hits, so that the best of many bad ones is not certain."""
NEIGHBOUR = 0.4
"""Fused score of an article on a near subject: what a small knowledge base would have if it were a large one."""
_LARGE = 40  # articles, from which on such neighbours are there by themselves
# What a term proves of an article that has no text in the customer's language: a name, or an accident.
_FOREIGN_LEXICAL = 0.25
_FOREIGN_LEXICAL_ANSWER = 0.75

SCORES = ("centroid", "dense", "lexical", "dense_answer", "lexical_answer", "exact", "foreign")
"""The scores of an article in the order in which ``rank`` takes them."""

CENTROID, DENSE, LEXICAL, DENSE_ANSWER, LEXICAL_ANSWER, EXACT, FOREIGN = range(len(SCORES))

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fusion:
    """Weights of an article's scores in its fused score.

    Fitted as a conditional logit (the right article among all) on the development sets, each source held
    out in turn, and rounded. An article without a text in the customer's language is further from any
    question in it than others are, whatever it is about: ``foreign`` makes up for that. The fields are the
    scores of a Hit.
    """

    centroid: float = 1.0  # nearness of the article's centroid, see ``index.centroids``
    dense: float = 0.0  # best cosine among questions and alternates
    lexical: float = 0.2  # best BM25 among questions and alternates, 0..1
    dense_answer: float = 0.1  # best cosine among pieces of the answer
    lexical_answer: float = 0.2  # best BM25 among pieces of the answer, 0..1
    exact: float = 4.0  # added for the very question; more than all the others together
    foreign: float = 0.14  # added for an article without a text in the customer's language

    @property
    def factors(self) -> Floats:
        """The weights in the order of an article's scores, (7,) float32."""
        return _factors(self)

    def rank(self, scores: Floats, is_foreign: NDArray[np.bool_], top_k: int) -> tuple[Rows, Floats]:
        """Return the places of the best of the articles, best first, and their fused scores.

        ``scores`` are (scores, articles); what is known of the customer's language is worked into them.
        Articles with which the question shares nothing are left out.
        """
        np.maximum(scores[DENSE:], 0.0, out=scores[DENSE:])
        is_alike = scores[DENSE:].max(axis=0) > 0.0
        scores[LEXICAL, is_foreign] *= _FOREIGN_LEXICAL
        scores[LEXICAL_ANSWER, is_foreign] *= _FOREIGN_LEXICAL_ANSWER
        scores[FOREIGN] = is_foreign
        fused = self.factors @ scores
        fused[~is_alike] = -np.inf
        order = np.argsort(-fused, kind="stable")[:top_k]
        order = order[is_alike[order]]
        return order, fused[order]


@lru_cache(maxsize=16)
def _factors(fusion: Fusion) -> Floats:
    return np.array([getattr(fusion, name) for name in SCORES], np.float32)


def posteriors(scores: Sequence[float], articles: int) -> tuple[float, ...]:
    """Return the softmax of fused scores, best first, at their sharpness; ``articles`` are those that were searched.

    Beside what was found stand a stranger and, in a small knowledge base, or of a brand with few articles, a
    neighbour: the only article there is would else be certain to answer anything.
    """
    if not scores:
        return ()
    best = max(scores[0], NEIGHBOUR)  # so that no exponent is above zero
    shares = [math.exp(SHARPNESS * (score - best)) for score in scores]
    missing = max(0.0, 1.0 - articles / _LARGE)
    total = sum(shares) + math.exp(SHARPNESS * (STRANGER - best)) + missing * math.exp(SHARPNESS * (NEIGHBOUR - best))
    return tuple(share / total for share in shares)
