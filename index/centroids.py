"""The centroid of every article, in a space where the ways of asking for one thing lie close together.

An article with alternates is more than its nearest question: what its questions have in common tells it
from the others. So the space is first stretched where the questions of one article differ little and
pressed together where they differ much: whitened by the covariance within articles, drawn towards a
multiple of the identity as far as there are few questions to estimate it by (Friedman 1989, "Regularized
Discriminant Analysis"; Ledoit & Wolf 2004). The cosine of a question and an article's centroid there is
the nearest class mean of linear discriminant analysis (Hastie, Tibshirani & Friedman 2009, 4.3), without
the lengths, which say little of questions. Where no article has an alternate, the space is only centred,
and the centroid is the question itself.

How far apart strangers lie differs between knowledge bases, most of all with the number of questions an
article has; so a score is a cosine in units of that spread (as scores of speakers are normalised by those of
impostors; Auckenthaler, Carey & Lloyd-Thomas 2000).

On the development sets with alternates this finds 0.83 of the articles first where the nearest question
finds 0.77; ``docs/decisions/0012-centroids.md`` has what else was tried.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_PRIOR = 0.5  # of the variance that a question shares with none: what is assumed within an article
_FEW_ARTICLES = 5
_SAMPLE = 20_000  # questions that the covariance is estimated by; more would not change it
_ASKED = 400  # questions that the spread between strangers is measured with
_UNIT = 8.0  # standard deviations of strangers' cosines that make a score of 1
_USUAL_SPREAD = 1 / _UNIT  # standard deviation; that of most knowledge bases lies between 0.06 and 0.2
_LEAST_SPREAD = 0.05  # of what is measured: a score must not be more than an exact match
_FEW_SPREAD = 10  # articles by which the usual spread weighs against the measured one
_FEWEST_COSINES = 50  # by which a spread is measured
_TINY = 1e-9

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Centroids:
    """The space of one generation, and the centroids of its articles."""

    mean: Floats  # (dimensions,) of all questions
    transform: Floats  # (dimensions, dimensions): (embedding - mean) @ transform is white within articles
    rows: Floats  # (articles, dimensions) in the white space, not of unit length
    counts: NDArray[np.int32]  # (articles,) questions of each article
    trust: float  # 0..1, of the estimated covariance; 0 without alternates
    spread: float  # standard deviation of the cosines of questions and other articles' centroids

    @classmethod
    def of(cls, embeddings: NDArray[np.float16] | Floats, article_starts: Rows) -> Centroids:
        """Make the centroids of questions, (questions, dimensions) of unit length, ascending by article.

        ``article_starts`` are the first rows of the articles, (articles,), each of which has at least one.
        """
        total, dimensions = embeddings.shape
        counts = np.diff(np.append(article_starts, total)).astype(np.int32)
        # Of a few articles the mean is mostly what they are about, which must not be taken away.
        mean = embeddings.mean(axis=0, dtype=np.float32) * np.float32(len(counts) / (len(counts) + _FEW_ARTICLES))
        sums = np.add.reduceat(embeddings, article_starts, axis=0, dtype=np.float32)
        centred = sums / counts[:, None].astype(np.float32) - mean
        rows, degrees = _sampled(counts)
        sample = embeddings[rows].astype(np.float32) - mean
        spread = float(np.square(sample).mean())
        differences = sample - centred[np.repeat(np.arange(len(counts)), counts)[rows]]
        trust = degrees / (degrees + dimensions)
        covariance = differences.T @ differences * np.float32(trust / max(degrees, 1))
        covariance[np.diag_indices(dimensions)] += (1 - trust) * _PRIOR * spread + 1e-6
        values, vectors = np.linalg.eigh(covariance.astype(np.float64))
        transform = (vectors / np.sqrt(np.maximum(values, _TINY))).astype(np.float32)
        kept = (centred @ transform).astype(np.float16)  # as it is written, so that it is the same before and after
        made = cls(
            mean=mean,
            transform=transform,
            rows=kept.astype(np.float32),
            counts=counts,
            trust=float(trust),
            spread=_USUAL_SPREAD,
        )
        return replace(made, spread=made._measured_spread(embeddings))

    def write(self, path: Path) -> None:
        """Write them to a file; raises OSError."""
        np.savez(
            path, mean=self.mean, transform=self.transform, rows=self.rows.astype(np.float16), counts=self.counts,
            trust=np.float64(self.trust), spread=np.float64(self.spread),
        )  # fmt: skip

    @classmethod
    def read(cls, path: Path, article_count: int) -> Centroids:
        """Read what ``write`` wrote; raises OSError, KeyError, or ValueError when it is for other articles."""
        with np.load(path) as archive:
            rows = archive["rows"].astype(np.float32)
            if len(rows) != article_count:
                raise ValueError(f"{path.name} holds {len(rows)} articles, expected {article_count}")
            return cls(
                mean=archive["mean"],
                transform=archive["transform"],
                rows=rows,
                counts=archive["counts"],
                trust=float(archive["trust"]),
                spread=float(archive["spread"]),
            )

    @cached_property
    def lengths(self) -> Floats:
        """The lengths of the rows, (articles,), none of them zero."""
        lengths: Floats = np.maximum(np.sqrt(np.einsum("ij,ij->i", self.rows, self.rows)), np.float32(_TINY))
        return lengths

    @cached_property
    def directions(self) -> Floats:
        """The rows with unit length, (articles, dimensions)."""
        return self.rows / self.lengths[:, None]

    def scores(self, embedding: Floats, articles: Rows | None = None) -> Floats:
        """Return how near a question is to every centroid, or to those of some articles; strangers are about 0."""
        asked = self._white(embedding) * np.float32(1 / (_UNIT * self.spread))
        return (self.directions if articles is None else self.directions[articles]) @ asked

    def scores_without(self, embedding: Floats, left_out: Floats, article: int, articles: Rows | None = None) -> Floats:
        """Return the scores of every centroid, or of some articles', as if ``article`` lacked some of its questions.

        ``embedding`` is that of what is asked, ``left_out`` those of the questions left out, (n, dimensions).
        The covariance is corrected by them too (Woodbury 1950), but for its trust. An article that would
        have no question left gets 0.
        """
        asked = (embedding - self.mean) @ self.transform
        own = (left_out - self.mean) @ self.transform
        chosen = np.arange(len(self.rows)) if articles is None else articles
        rows, squares = self.rows[chosen], np.square(self.lengths[chosen])
        place = np.flatnonzero(chosen == article)
        count, gone = int(self.counts[article]), len(own)
        if gone >= count:
            products = rows @ asked
            products[place] = 0.0
            return self._scaled(products / (np.sqrt(squares) * max(float(np.linalg.norm(asked)), _TINY)))
        kept = (self.rows[article] * count - own.sum(axis=0)) / (count - gone)
        rows[place], squares[place] = kept, kept @ kept
        # What the scatter within the article loses: theirs about the old mean, and the shift of that mean.
        residuals = own - self.rows[article]
        lost = np.vstack([residuals, residuals.mean(axis=0) * gone / np.sqrt(count - gone)]).astype(np.float64)
        share = self.trust / max(int(self.counts.sum()) - len(self.counts), 1)
        values, vectors = np.linalg.eigh(np.eye(gone + 1) - share * (lost @ lost.T))
        correction = share * (vectors / np.maximum(values, 1e-2)) @ vectors.T
        along, along_asked = rows @ lost.T, lost @ asked
        products = rows @ asked + along @ (correction @ along_asked)
        lengths = squares + np.einsum("ij,jk,ik->i", along, correction, along)
        length = float(asked @ asked) + float(along_asked @ correction @ along_asked)
        return self._scaled(products / np.sqrt(np.maximum(lengths * length, _TINY)))

    def _scaled(self, cosines: NDArray[np.floating]) -> Floats:
        scores: Floats = (cosines / (_UNIT * self.spread)).astype(np.float32)
        return scores

    def _measured_spread(self, embeddings: NDArray[np.float16] | Floats) -> float:
        """Return the standard deviation of questions' cosines with the centroids of other articles."""
        step = -(-len(embeddings) // _ASKED)
        rows = np.arange(0, len(embeddings), step)
        white = (embeddings[rows].astype(np.float32) - self.mean) @ self.transform
        white /= np.maximum(np.linalg.norm(white, axis=1, keepdims=True), _TINY)
        articles = np.arange(0, len(self.rows), -(-len(self.rows) // _ASKED))
        owners = np.repeat(np.arange(len(self.counts)), self.counts)[rows]
        strangers = (white @ self.directions[articles].T)[owners[:, None] != articles]
        if len(strangers) < _FEWEST_COSINES:
            return _USUAL_SPREAD
        # Few articles are neighbours or strangers by accident.
        measured, count = float(strangers.var()), len(self.counts)
        variance = (count * measured + _FEW_SPREAD * _USUAL_SPREAD**2) / (count + _FEW_SPREAD)
        return max(float(np.sqrt(variance)), _LEAST_SPREAD)

    def _white(self, embedding: Floats) -> Floats:
        """Return an embedding in the white space, of unit length."""
        white = (embedding - self.mean) @ self.transform
        unit: Floats = (white / max(float(np.sqrt(white @ white)), _TINY)).astype(np.float32, copy=False)
        return unit


def _sampled(counts: NDArray[np.int32]) -> tuple[Rows, int]:
    """Return rows of whole articles, evenly spread, and the degrees of freedom within them."""
    total = int(counts.sum())
    step = -(-total // _SAMPLE)
    chosen = np.zeros(len(counts), np.bool_)
    chosen[::step] = True
    rows = np.flatnonzero(np.repeat(chosen, counts))
    return rows, len(rows) - int(chosen.sum())
