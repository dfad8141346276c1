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
from index.encoding import Encoder
from index.errors import EncoderMismatchError
from index.generation import Generation
from index.lexical import LexicalIndex, best_rows
from knowledge.article import Article

_CANDIDATES = 96  # passages taken from each arm of the questions
_ANSWER_CANDIDATES = 24  # and from each arm of the answers


@dataclass(frozen=True, kw_only=True, slots=True)
class Fusion:
    """Weights of the arms in an article's fused score; chosen by ``benchmarks/fit_confidence.py``."""

    dense: float = 1.0  # best cosine among questions and alternates
    lexical: float = 0.6  # best BM25 among questions and alternates, 0..1
    dense_answer: float = 0.15  # best cosine among pieces of the answer
    lexical_answer: float = 0.2  # best BM25 among pieces of the answer, 0..1
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
        """Return the ``top_k`` best articles for a question.

        ``languages`` are those the question may be in, the likeliest first; ``tags`` must all be carried by
        an article; ``day`` (today, UTC) must lie in its validity.
        """
        generation = self.generation
        clock = time.perf_counter
        started = clock()
        embedding = self.encoder.encode([question], kind="question")[0]
        encoded = clock()
        allowed = generation.allowed(tags, day or datetime.now(UTC).date())
        questions = _Arm(generation.parts.question_dense, generation.article_of_question, allowed)
        answers = _Arm(generation.parts.answer_dense, generation.article_of_answer, allowed)
        question_dense = questions.dense(embedding, _CANDIDATES)
        answer_dense = answers.dense(embedding, _ANSWER_CANDIDATES)
        found = clock()
        terms = query_terms(question, languages)
        question_lexical = questions.lexical(generation.question_lexical, terms, _CANDIDATES)
        answer_lexical = answers.lexical(generation.answer_lexical, terms, _ANSWER_CANDIDATES)
        matched = clock()
        hits = self._fused(
            question, embedding, question_dense, answer_dense, question_lexical, answer_lexical, allowed, top_k
        )
        known = sum(term in generation.parts.vocabulary.numbers for term in terms)
        return SearchResult(
            hits=hits,
            generation=generation.number,
            encoder=self.encoder.id,
            terms=len(terms),
            known_share=known / len(terms) if terms else 0.0,
            unseen_share=self.encoder.unseen_share(question),
            seconds={
                "encode": encoded - started,
                "dense": found - encoded,
                "lexical": matched - found,
                "fuse": clock() - matched,
            },
        )

    def _fused(
        self,
        question: str,
        embedding: NDArray[np.float32],
        question_dense: _Found,
        answer_dense: _Found,
        question_lexical: _Found,
        answer_lexical: _Found,
        allowed: NDArray[np.bool_] | None,
        top_k: int,
    ) -> tuple[Hit, ...]:
        generation, weights = self.generation, self.fusion
        exact = [article for article in generation.exact(normal_form(question)) if allowed is None or allowed[article]]
        # Every candidate passage gets both of its scores, whichever arm brought it.
        rows = np.union1d(question_dense.rows, question_lexical.rows)
        if exact:
            rows = np.union1d(rows, np.flatnonzero(np.isin(generation.article_of_question, exact)))
        embeddings = generation.parts.embeddings[generation.question_rows[rows]].astype(np.float32)
        dense, lexical = embeddings @ embedding, question_lexical.scores[rows]
        articles, place = np.unique(
            np.concatenate(
                [
                    generation.article_of_question[rows],
                    generation.article_of_answer[answer_dense.rows],
                    generation.article_of_answer[answer_lexical.rows],
                ]
            ),
            return_inverse=True,
        )
        if not len(articles):
            return ()
        scores = np.zeros((4, len(articles)), np.float32)
        best = np.full(len(articles), -1)
        in_questions = place[: len(rows)]
        order = np.argsort(weights.dense * dense + weights.lexical * lexical, kind="stable")
        best[in_questions[order]] = rows[order]  # the last one written is the best
        np.maximum.at(scores[0], in_questions, dense)
        np.maximum.at(scores[1], in_questions, lexical)
        middle = len(rows) + len(answer_dense.rows)
        np.maximum.at(scores[2], place[len(rows) : middle], answer_dense.scores)
        np.maximum.at(scores[3], place[middle:], answer_lexical.scores[answer_lexical.rows])
        fused = np.array([weights.dense, weights.lexical, weights.dense_answer, weights.lexical_answer]) @ scores
        is_exact = np.isin(articles, exact)
        fused = fused + weights.exact * is_exact
        return tuple(
            self._hit(int(articles[n]), scores[:, n].tolist(), float(fused[n]), bool(is_exact[n]), int(best[n]))
            for n in np.argsort(-fused, kind="stable")[:top_k].tolist()
        )

    def _hit(self, ordinal: int, scores: list[float], fused: float, is_exact: bool, best: int) -> Hit:
        article = self.generation.article(ordinal)
        matched, language = (
            self._passage(ordinal, best) if best >= 0 else (article.texts[0].question, article.texts[0].language)
        )
        dense, lexical, dense_answer, lexical_answer = scores
        return Hit(
            article=article,
            score=fused,
            dense=dense,
            lexical=lexical,
            dense_answer=dense_answer,
            lexical_answer=lexical_answer,
            is_exact=is_exact,
            matched=matched,
            matched_language=language,
        )

    def _passage(self, ordinal: int, question_row: int) -> tuple[str, str]:
        """Return content and language of a question passage, by its place among the article's own."""
        generation = self.generation
        row = int(generation.question_rows[question_row])
        place = row - int(generation.parts.article_starts[ordinal])
        kinds = generation.parts.kinds[generation.parts.article_starts[ordinal] : row + 1]
        languages = generation.parts.passage_languages[generation.parts.article_starts[ordinal] : row + 1]
        language = generation.parts.languages[languages[place]]
        text = generation.article(ordinal).text(language)
        assert text is not None
        own = int(((languages == languages[place]) & (kinds != 2)).sum()) - 1
        return (text.question, *text.alternate_questions)[own], language


@dataclass(frozen=True, slots=True)
class _Found:
    rows: NDArray[np.int64]  # candidates
    scores: NDArray[np.float32]  # of the candidates (dense), or of every row (lexical)


class _Arm:
    """The passages of one kind, as both arms see them, with what the filters allow."""

    def __init__(self, dense: DenseIndex, article_of: NDArray[np.int32], allowed: NDArray[np.bool_] | None) -> None:
        self._dense = dense
        self._allowed = None if allowed is None else allowed[article_of]

    def dense(self, embedding: NDArray[np.float32], count: int) -> _Found:
        bitmap = None if self._allowed is None else np.packbits(self._allowed, bitorder="little")
        rows, scores = self._dense.search(embedding, count, bitmap)
        return _Found(rows, scores)

    def lexical(self, index: LexicalIndex, terms: Sequence[str], count: int) -> _Found:
        scores = index.scores(terms)
        if self._allowed is not None:
            scores = scores * self._allowed
        return _Found(best_rows(scores, count), scores)
