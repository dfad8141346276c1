"""Finds the articles that may answer a question: both arms, fused per article.

Articles are ranked, not texts: an article is as good as its best passage in whatever language, so that
a German question finds what exists only in Russian, and nothing is found twice.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from index.analysis import normal_form, query_terms
from index.dense import DenseIndex
from index.encoding import MAX_CHARACTERS, Encoder
from index.errors import EncoderMismatchError
from index.generation import Allowed, Generation
from index.lexical import best_rows
from knowledge.article import Article

_CANDIDATES = 96  # passages taken from each arm of the questions
_ANSWER_CANDIDATES = 24  # and from each arm of the answers
_ANSWER_ARTICLES = 5  # articles these should belong to; answers are the weaker sign
_WIDER = 4  # times as many, where the candidates belong to too few articles
_TIE = 1e-6  # less than any difference of scores that means something

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fusion:
    """Weights of the arms in an article's fused score; good on the development sets, with and without alternates."""

    dense: float = 1.0  # best cosine among questions and alternates
    lexical: float = 0.4  # best BM25 among questions and alternates, 0..1
    dense_answer: float = 0.1  # best cosine among pieces of the answer
    lexical_answer: float = 0.3  # best BM25 among pieces of the answer, 0..1
    exact: float = 1.0  # added for the very question


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """An article found for a question, with its scores; higher is better."""

    article: Article
    score: float  # fused
    dense: float  # cosine of the best question or alternate
    lexical: float  # BM25 of the best question or alternate, 0..1
    dense_answer: float
    lexical_answer: float
    is_exact: bool  # the question is one of the article's own, but for case and signs
    matched: str  # the question or alternate nearest to what was asked
    matched_language: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchResult:
    """What was found, best first, and what else is known of the question."""

    hits: tuple[Hit, ...]
    generation: int
    encoder: str
    terms: int  # distinct terms of the question
    known_share: float  # of those terms, by count, that some passage has
    unseen_share: float  # of the question's letters that the encoder has no piece for
    seconds: dict[str, float]  # encode, dense, lexical, fuse


class Searcher:
    """One generation with its encoder; immutable, safe to share between threads."""

    def __init__(self, generation: Generation, encoder: Encoder, fusion: Fusion = Fusion()) -> None:
        """Raise EncoderMismatchError unless the generation was built with this encoder."""
        manifest = generation.manifest
        if (manifest.encoder_digest, manifest.dimensions) != (encoder.digest, encoder.dimensions):
            raise EncoderMismatchError(
                f"Generation {manifest.number} was built with the encoder {manifest.encoder!r} "
                f"({manifest.dimensions} dimensions, digest {manifest.encoder_digest[:12]}), but {encoder.id!r} "
                f"({encoder.dimensions} dimensions, digest {encoder.digest[:12]}) is in use. "
                f"Run `faq build` to index with {encoder.id!r}, or set FAQ_ENCODER={manifest.encoder}."
            )
        self.generation = generation
        self.encoder = encoder
        self.fusion = fusion

    def search(
        self,
        question: str,
        *,
        languages: Sequence[str] = (),
        tags: frozenset[str] = frozenset(),
        top_k: int = 10,
        day: date | None = None,
    ) -> SearchResult:
        """Return the ``top_k`` best articles for a question, all with a score above zero.

        ``languages`` are those the question may be in, the likeliest first; ``tags`` must all be carried by
        an article; ``day`` (today, UTC) must lie in its validity. The first ``MAX_CHARACTERS`` characters of
        a question are read.
        """
        generation, parts = self.generation, self.generation.parts
        few = min(top_k, _ANSWER_ARTICLES)
        clock = time.perf_counter
        question = question[:MAX_CHARACTERS]
        started = clock()
        embedding = self.encoder.encode([question], kind="question")[0]
        unseen_share = self.encoder.unseen_share(question)
        encoded = clock()
        only = generation.filter(tags, day or datetime.now(UTC).date())
        questions = _Arm(generation.article_of_question, only.questions if only else None)
        answers = _Arm(generation.article_of_answer, only.answers if only else None)
        dense = questions.dense(parts.question_dense, embedding, _CANDIDATES, top_k)
        dense_answer = answers.dense(parts.answer_dense, embedding, _ANSWER_CANDIDATES, few)
        found = clock()
        terms = query_terms(question, languages)
        lexical_scores = generation.question_lexical.scores(terms)
        lexical = questions.lexical(lexical_scores, _CANDIDATES, top_k)
        lexical_answer = answers.lexical(generation.answer_lexical.scores(terms), _ANSWER_CANDIDATES, few)
        known = sum(generation.question_lexical.has(term) or generation.answer_lexical.has(term) for term in terms)
        matched = clock()
        exact = generation.exact(normal_form(question))
        if only is not None:
            exact = exact[only.questions.rows[exact]]
        # Every candidate passage gets both of its scores, whichever arm brought it.
        rows = np.concatenate([dense.rows, lexical.rows, exact])
        cosines = np.einsum("ij,j->i", generation.question_embeddings(rows), embedding)
        candidates = _Candidates(
            rows=rows,
            dense=cosines,
            lexical=lexical_scores[rows],
            is_exact=np.arange(len(rows)) >= len(rows) - len(exact),
            dense_answer=dense_answer,
            lexical_answer=lexical_answer,
        )
        return SearchResult(
            hits=self._fused(candidates, languages, top_k),
            generation=generation.number,
            encoder=self.encoder.id,
            terms=len(terms),
            known_share=known / len(terms) if terms else 0.0,
            unseen_share=unseen_share,
            seconds={
                "encode": encoded - started,
                "dense": found - encoded,
                "lexical": matched - found,
                "fuse": clock() - matched,
            },
        )

    def _fused(self, found: _Candidates, languages: Sequence[str], top_k: int) -> tuple[Hit, ...]:
        generation, weights = self.generation, self.fusion
        pieces = np.concatenate([found.dense_answer.rows, found.lexical_answer.rows])
        piece_scores = np.concatenate([found.dense_answer.scores, found.lexical_answer.scores])
        articles, place = np.unique(
            np.concatenate([generation.article_of_question[found.rows], generation.article_of_answer[pieces]]),
            return_inverse=True,
        )
        of_row, of_piece = place[: len(found.rows)], place[len(found.rows) :]
        middle = len(found.dense_answer.rows)
        scores = np.zeros((5, len(articles)), np.float32)
        np.maximum.at(scores[0], of_row, found.dense)
        np.maximum.at(scores[1], of_row, found.lexical)
        np.maximum.at(scores[2], of_piece[:middle], piece_scores[:middle])
        np.maximum.at(scores[3], of_piece[middle:], piece_scores[middle:])
        scores[4, of_row[found.is_exact]] = 1.0
        factors = (weights.dense, weights.lexical, weights.dense_answer, weights.lexical_answer, weights.exact)
        fused = np.array(factors, np.float32) @ scores

        order = np.argsort(-fused, kind="stable")[:top_k]
        order = order[fused[order] > 0.0]
        likeness = weights.dense * found.dense + weights.lexical * found.lexical + found.is_exact
        preference = self._preference(languages)
        texts, places = generation.language_of_question[found.rows], generation.place_of_question[found.rows]
        best = _best(of_row, likeness + preference[texts], len(articles))[order]
        if (best < 0).any():  # found by an answer alone: what is shown is the question of that answer's text
            piece_texts = generation.language_of_answer[pieces]
            best_piece = _best(of_piece, piece_scores + preference[piece_texts], len(articles))[order]
            best = np.where(best < 0, len(found.rows) + best_piece, best)
            texts = np.concatenate([texts, piece_texts])
            places = np.concatenate([places, np.zeros(len(pieces), np.int64)])
        return tuple(
            self._hit(*fields)
            for fields in zip(
                articles[order].tolist(),
                fused[order].tolist(),
                scores.T[order].tolist(),
                texts[best].tolist(),
                places[best].tolist(),
                strict=True,
            )
        )

    def _hit(self, ordinal: int, score: float, scores: list[float], language_number: int, place: int) -> Hit:
        dense, lexical, dense_answer, lexical_answer, is_exact = scores
        article = self.generation.article(ordinal)
        language = self.generation.parts.languages[language_number]
        text = article.text(language)
        assert text is not None
        return Hit(
            article=article,
            score=score,
            dense=dense,
            lexical=lexical,
            dense_answer=dense_answer,
            lexical_answer=lexical_answer,
            is_exact=is_exact > 0.0,
            matched=text.alternate_questions[place - 1] if place else text.question,
            matched_language=language,
        )

    def _preference(self, languages: Sequence[str]) -> Floats:
        """Return what decides between equally good passages, by number of their language: the likeliest language."""
        bases = [language.split("-")[0] for language in languages]
        return np.array(
            [
                _TIE * (len(bases) - bases.index(base)) if (base := language.split("-")[0]) in bases else 0.0
                for language in self.generation.parts.languages
            ],
            np.float32,
        )


@dataclass(frozen=True, slots=True)
class _Found:
    """Passages that one arm found."""

    rows: Rows
    scores: Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class _Candidates:
    """What is fused: questions with all their scores, and pieces of answers as each arm found them."""

    rows: Rows  # among the questions, some of them twice
    dense: Floats
    lexical: Floats
    is_exact: NDArray[np.bool_]
    dense_answer: _Found
    lexical_answer: _Found


class _Arm:
    """The passages of one kind, as both arms see them, with what a filter leaves of them."""

    def __init__(self, article_of: NDArray[np.int32], allowed: Allowed | None) -> None:
        self._article_of = article_of
        self._allowed = allowed

    def dense(self, index: DenseIndex, embedding: Floats, count: int, top_k: int) -> _Found:
        """Return the nearest passages; none for a question in which the encoder knows nothing."""
        if not embedding.any():
            return _Found(np.empty(0, np.int64), np.empty(0, np.float32))
        while True:
            rows, scores = index.search(embedding, count, self._allowed.bitmap if self._allowed else None)
            if self._is_enough(rows, count, top_k):
                return _Found(rows, scores)
            count *= _WIDER

    def lexical(self, scores: Floats, count: int, top_k: int) -> _Found:
        """Return the passages with the best of the scores, (rows,), that all passages have."""
        if self._allowed is not None:
            scores = scores * self._allowed.rows
        while True:
            rows = best_rows(scores, count)
            if self._is_enough(rows, count, top_k):
                return _Found(rows, scores[rows])
            count *= _WIDER

    def _is_enough(self, rows: Rows, count: int, top_k: int) -> bool:
        # One article with hundreds of passages must not crowd out the others.
        return len(rows) < count or len(set(self._article_of[rows].tolist())) >= top_k


def _best(place: Rows, likeness: Floats, count: int) -> Rows:
    """Return for each of ``count`` articles the number of its best candidate, -1 without one."""
    best = np.full(count, -1)
    order = np.argsort(-likeness, kind="stable")[::-1]
    best[place[order]] = order  # the last one written is the best
    return best
