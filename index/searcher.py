"""Finds the articles that may answer a question: both arms, fused per article.

Articles are ranked, not texts: an article is as good as its best passage in whatever language, so that
a German question finds what exists only in Russian, and nothing is found twice.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from index.analysis import normal_form, query_terms
from index.dense import DenseIndex
from index.encoding import MAX_CHARACTERS, Encoder
from index.errors import EncoderMismatchError
from index.generation import Allowed, Filter, Generation
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
    """Weights of the arms in an article's fused score.

    Picked with the development sets and the sample's golden questions in view: smaller weights of
    the answers are half a point better on the former, these are nearly four points better on the latter.
    """

    dense: float = 1.0  # best cosine among questions and alternates
    lexical: float = 0.4  # best BM25 among questions and alternates, 0..1
    dense_answer: float = 0.1  # best cosine among pieces of the answer
    lexical_answer: float = 0.3  # best BM25 among pieces of the answer, 0..1
    exact: float = 1.0  # added for the very question

    @property
    def factors(self) -> Floats:
        """The weights in the order of an article's five scores, (5,) float32."""
        return np.array([self.dense, self.lexical, self.dense_answer, self.lexical_answer, self.exact], np.float32)


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
            given = "which has other weights now" if encoder.id == manifest.encoder else f"not with {encoder.id!r}"
            raise EncoderMismatchError(
                f"Generation {manifest.number} was built with the encoder {manifest.encoder!r} "
                f"({manifest.dimensions} dimensions, digest {manifest.encoder_digest[:12]}), {given} "
                f"({encoder.dimensions} dimensions, digest {encoder.digest[:12]}). "
                "Run `faq build` to index with the encoder as it is."
            )
        self.generation = generation
        self.encoder = encoder
        self.fusion = fusion
        self._factors = fusion.factors

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
        generation = self.generation
        question = question[:MAX_CHARACTERS]
        clock = _Clock()
        embedding = self.encoder.encode([question], kind="question")[0]
        unseen_share = self.encoder.unseen_share(question)
        clock.note("encode")
        only = generation.filter(tags, day or datetime.now(UTC).date())
        exact = generation.exact(normal_form(question))
        if only is not None:
            exact = exact[only.questions.rows[exact]]
        terms = query_terms(question, languages)
        asked = _Asked(
            embedding=embedding, terms=terms, exact=exact, only=only, languages=tuple(languages), top_k=top_k
        )
        hits = self._scanned(asked, clock)
        if hits is None:
            hits = self._collected(asked, clock)
        known = sum(generation.question_lexical.has(term) or generation.answer_lexical.has(term) for term in terms)
        clock.note("fuse")
        return SearchResult(
            hits=hits,
            generation=generation.number,
            encoder=self.encoder.id,
            terms=len(terms),
            known_share=known / len(terms) if terms else 0.0,
            unseen_share=unseen_share,
            seconds=clock.seconds,
        )

    def _scanned(self, asked: _Asked, clock: _Clock) -> tuple[Hit, ...] | None:
        """Score every passage, and every article by its best; None where there are too many for that."""
        generation, weights, only = self.generation, self.fusion, asked.only
        dense = generation.parts.question_dense.cosines(asked.embedding)
        dense_answer = generation.parts.answer_dense.cosines(asked.embedding)
        if dense is None or dense_answer is None:
            return None
        clock.note("dense")
        lexical = generation.question_lexical.scores(asked.terms)
        lexical_answer = generation.answer_lexical.scores(asked.terms)
        clock.note("lexical")
        if only is not None:
            dense, lexical = dense * only.questions.rows, lexical * only.questions.rows
            dense_answer, lexical_answer = dense_answer * only.answers.rows, lexical_answer * only.answers.rows
        # A long answer is a little like everything: only the few best pieces of all speak for their articles.
        _keep_best(dense_answer, _ANSWER_CANDIDATES)
        _keep_best(lexical_answer, _ANSWER_CANDIDATES)
        scores = np.zeros((5, len(generation.question_starts)), np.float32)
        np.maximum.reduceat(dense, generation.question_starts, out=scores[0])
        np.maximum.reduceat(lexical, generation.question_starts, out=scores[1])
        np.maximum.reduceat(dense_answer, generation.answer_starts, out=scores[2])
        np.maximum.reduceat(lexical_answer, generation.answer_starts, out=scores[3])
        np.maximum(scores, 0.0, out=scores)
        scores[4, generation.article_of_question[asked.exact]] = 1.0
        fused = self._factors @ scores
        order = np.argsort(-fused, kind="stable")[: asked.top_k]
        order = order[fused[order] > 0.0]
        preference = _preference(asked.languages, generation.parts.languages)
        likeness = weights.dense * dense + weights.lexical * lexical + preference[generation.language_of_question]
        likeness[asked.exact] += 1.0
        hits = []
        for ordinal in order.tolist():
            if scores[:2, ordinal].any():
                row = _best_of(likeness, generation.question_starts, ordinal)
                text, place = generation.language_of_question[row], generation.place_of_question[row]
            else:  # found by its answer alone: what is shown is the question of that answer's text
                row = _best_of(dense_answer + lexical_answer, generation.answer_starts, ordinal)
                text, place = generation.language_of_answer[row], 0
            hits.append(self._hit(ordinal, float(fused[ordinal]), scores[:, ordinal].tolist(), int(text), int(place)))
        return tuple(hits)

    def _collected(self, asked: _Asked, clock: _Clock) -> tuple[Hit, ...]:
        """Score the passages that either arm brings."""
        generation, parts, only, top_k = self.generation, self.generation.parts, asked.only, asked.top_k
        few = min(top_k, _ANSWER_ARTICLES)
        questions = _Arm(generation.article_of_question, only.questions if only else None)
        answers = _Arm(generation.article_of_answer, only.answers if only else None)
        dense = questions.dense(parts.question_dense, asked.embedding, _CANDIDATES, top_k)
        dense_answer = answers.dense(parts.answer_dense, asked.embedding, _ANSWER_CANDIDATES, few)
        clock.note("dense")
        lexical_scores = generation.question_lexical.scores(asked.terms)
        lexical = questions.lexical(lexical_scores, _CANDIDATES, top_k)
        lexical_answer = answers.lexical(generation.answer_lexical.scores(asked.terms), _ANSWER_CANDIDATES, few)
        clock.note("lexical")
        # Every candidate passage gets both of its scores, whichever arm brought it.
        rows = np.concatenate([dense.rows, lexical.rows, asked.exact])
        candidates = _Candidates(
            rows=rows,
            dense=np.einsum("ij,j->i", generation.question_embeddings(rows), asked.embedding),
            lexical=lexical_scores[rows],
            is_exact=np.arange(len(rows)) >= len(rows) - len(asked.exact),
            dense_answer=dense_answer,
            lexical_answer=lexical_answer,
        )
        return self._fused(candidates, asked.languages, top_k)

    def _fused(self, found: _Candidates, languages: tuple[str, ...], top_k: int) -> tuple[Hit, ...]:
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
        fused = self._factors @ scores

        order = np.argsort(-fused, kind="stable")[:top_k]
        order = order[fused[order] > 0.0]
        likeness = weights.dense * found.dense + weights.lexical * found.lexical + found.is_exact
        preference = _preference(languages, generation.parts.languages)
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


@lru_cache(maxsize=4_096)
def _preference(likely: tuple[str, ...], languages: tuple[str, ...]) -> Floats:
    """Return what decides between equally good passages, by number of their language: the likeliest language."""
    bases = [language.split("-")[0] for language in likely]
    return np.array(
        [
            _TIE * (len(bases) - bases.index(base)) if (base := language.split("-")[0]) in bases else 0.0
            for language in languages
        ],
        np.float32,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """A question as the arms take it."""

    embedding: Floats
    terms: Sequence[str]
    exact: Rows  # rows among the questions that are this very one
    only: Filter | None
    languages: tuple[str, ...]
    top_k: int


class _Clock:
    """Seconds that the stages took, each since the one before."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def note(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = now - self._last
        self._last = now


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


def _keep_best(scores: Floats, count: int) -> None:
    """Set all scores to zero that are lower than the ``count`` highest."""
    if len(scores) > count:
        scores[scores < np.partition(scores, len(scores) - count)[len(scores) - count]] = 0.0


def _best_of(likeness: Floats, starts: Rows, ordinal: int) -> int:
    """Return the row of an article's best passage."""
    start = int(starts[ordinal])
    end = int(starts[ordinal + 1]) if ordinal + 1 < len(starts) else len(likeness)
    return start + int(likeness[start:end].argmax())


def _best(place: Rows, likeness: Floats, count: int) -> Rows:
    """Return for each of ``count`` articles the number of its best candidate, -1 without one."""
    best = np.full(count, -1)
    order = np.argsort(-likeness, kind="stable")[::-1]
    best[place[order]] = order  # the last one written is the best
    return best
