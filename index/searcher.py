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
from index.arms import Arm, Found
from index.encoding import MAX_CHARACTERS, Encoder
from index.errors import EncoderMismatchError
from index.fusion import (
    CENTROID,
    DENSE,
    DENSE_ANSWER,
    EXACT,
    LEXICAL,
    LEXICAL_ANSWER,
    SCORES,
    Fusion,
    posteriors,
)
from index.generation import Filter, Generation
from index.hits import Hit, SearchResult, Without
from index.readings import Reading, Readings

_CANDIDATES = 96  # passages taken from each arm of the questions
_ANSWER_CANDIDATES = 24  # and from each arm of the answers
_ANSWER_ARTICLES = 5  # articles these should belong to; answers are the weaker sign
_TIE = 1e-6  # less than any difference of scores that means something
_LEXICAL_LIKENESS = 0.4  # of a passage, beside its cosine
Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


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
        self.readings = Readings(generation)

    def search(
        self,
        question: str,
        *,
        languages: Sequence[str] = (),
        tags: frozenset[str] = frozenset(),
        top_k: int = 10,
        day: date | None = None,
        reading: Reading | None = None,
        without: Without | None = None,
    ) -> SearchResult:
        """Return the ``top_k`` best articles for a question, all of which share something with it.

        ``languages`` are those the question may be in, the likeliest first; ``tags`` must all be carried by
        an article; ``day`` (today, UTC) must lie in its validity. The first ``MAX_CHARACTERS`` characters of
        a question are read. ``reading`` is how it is read, where that is known already; ``without`` tells
        what to search as if it had never been written.
        """
        generation = self.generation
        question = question[:MAX_CHARACTERS]
        clock = _Clock()
        if reading is None and without is None:  # what is written in an article is read as it is
            reading = self.readings.read(question, languages)
        text = question if reading is None else reading.text
        clock.note("read")
        if reading is not None and reading.language is not None:
            languages = [reading.language]
        embedding = self._embedding(question, reading)
        unseen_share = self.encoder.unseen_share(text)
        clock.note("encode")
        only = generation.filter(tags, day or datetime.now(UTC).date())
        exact = generation.exact(normal_form(question))
        if text != question and not len(exact):
            exact = generation.exact(normal_form(text))
        if only is not None:
            exact = exact[only.questions.rows[exact]]
        terms = query_terms(text, languages)
        asked = _Asked(
            embedding=embedding,
            terms=terms,
            exact=exact if without is None else exact[~np.isin(exact, without.rows)],
            only=only,
            languages=tuple(languages),
            top_k=top_k,
            without=without,
        )
        hits = self._scanned(asked, clock)
        if hits is None:
            hits = self._collected(asked, clock)
        known_share = self._known_share(asked)
        clock.note("fuse")
        return SearchResult(
            hits=hits,
            posteriors=posteriors([hit.score for hit in hits], generation.count if only is None else only.count),
            reading=text,
            generation=generation.number,
            encoder=self.encoder.id,
            terms=len(terms),
            known_share=known_share,
            unseen_share=unseen_share,
            seconds=clock.seconds,
        )

    def _embedding(self, question: str, reading: Reading | None) -> Floats:
        """Return the embedding of a question as it is read, (dimensions,), of unit length or zeros."""
        text, share = (question, 1.0) if reading is None else (reading.text, reading.share)
        embedding: Floats = self.encoder.encode([text], kind="question")[0]
        if share < 1.0:
            mixed = share * embedding + (1.0 - share) * self.encoder.encode([question], kind="question")[0]
            embedding = (mixed / max(float(np.linalg.norm(mixed)), _TIE)).astype(np.float32, copy=False)
        return embedding

    def _known_share(self, asked: _Asked) -> float:
        questions, answers = self.generation.question_lexical, self.generation.answer_lexical
        without = () if asked.without is None else asked.without.rows
        known = sum(questions.has(term, without=without) or answers.has(term) for term in asked.terms)
        return known / len(asked.terms) if asked.terms else 0.0

    def _scanned(self, asked: _Asked, clock: _Clock) -> tuple[Hit, ...] | None:
        """Score every passage, and every article by its best; None where there are too many for that."""
        generation, only = self.generation, asked.only
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
        if asked.without is not None:
            dense[list(asked.without.rows)] = lexical[list(asked.without.rows)] = 0.0
        # A long answer is a little like everything: only the few best pieces of all speak for their articles.
        _keep_best(dense_answer, _ANSWER_CANDIDATES)
        _keep_best(lexical_answer, _ANSWER_CANDIDATES)
        scores = np.zeros((len(SCORES), len(generation.question_starts)), np.float32)
        scores[CENTROID] = self._centroid_scores(asked)
        np.maximum.reduceat(dense, generation.question_starts, out=scores[DENSE])
        np.maximum.reduceat(lexical, generation.question_starts, out=scores[LEXICAL])
        np.maximum.reduceat(dense_answer, generation.answer_starts, out=scores[DENSE_ANSWER])
        np.maximum.reduceat(lexical_answer, generation.answer_starts, out=scores[LEXICAL_ANSWER])
        scores[EXACT, generation.article_of_question[asked.exact]] = 1.0
        if only is not None:
            scores[:, ~only.articles] = 0.0
        if asked.without is not None and asked.without.whole_article:
            scores[:, generation.article_of_question[asked.without.rows[0]]] = 0.0
        order, fused = self.fusion.rank(scores, generation.is_foreign(asked.languages), asked.top_k)
        likeness = self._likeness(dense, lexical, generation.language_of_question, asked.languages)
        likeness[asked.exact] += 1.0
        hits = []
        for ordinal, score in zip(order.tolist(), fused.tolist(), strict=True):
            if (scores[DENSE : LEXICAL + 1, ordinal] > 0.0).any():
                row = _best_of(likeness, generation.question_starts, ordinal)
                text, place = generation.language_of_question[row], generation.place_of_question[row]
            else:  # found by its answer alone: what is shown is the question of that answer's text
                row = _best_of(dense_answer + lexical_answer, generation.answer_starts, ordinal)
                text, place = generation.language_of_answer[row], 0
            hits.append(self._hit(ordinal, score, scores[:, ordinal].tolist(), int(text), int(place)))
        return tuple(hits)

    def _centroid_scores(self, asked: _Asked, articles: Rows | None = None) -> Floats:
        """Return the score of every centroid, or of some articles' ones; zeros where a question has no embedding."""
        generation, without = self.generation, asked.without
        centroids = generation.parts.centroids
        if not asked.embedding.any():
            return np.zeros(len(generation.question_starts) if articles is None else len(articles), np.float32)
        if without is None:
            return centroids.scores(asked.embedding, articles)
        left_out = generation.question_embeddings(np.array(without.rows))
        article = int(generation.article_of_question[without.rows[0]])
        return centroids.scores_without(asked.embedding, left_out, article, articles)

    def _likeness(
        self, dense: Floats, lexical: Floats, language_numbers: NDArray[np.uint16], languages: tuple[str, ...]
    ) -> Floats:
        """Return by what the passage is chosen that is shown of an article, (passages,)."""
        preference = _preference(languages, self.generation.parts.languages)
        return dense + _LEXICAL_LIKENESS * lexical + preference[language_numbers]

    def _collected(self, asked: _Asked, clock: _Clock) -> tuple[Hit, ...]:
        """Score the passages that either arm brings."""
        generation, parts, only, top_k = self.generation, self.generation.parts, asked.only, asked.top_k
        few = min(top_k, _ANSWER_ARTICLES)
        questions = Arm(generation.article_of_question, only.questions if only else None)
        answers = Arm(generation.article_of_answer, only.answers if only else None)
        dense = questions.dense(parts.question_dense, asked.embedding, _CANDIDATES, top_k)
        dense_answer = answers.dense(parts.answer_dense, asked.embedding, _ANSWER_CANDIDATES, few)
        clock.note("dense")
        lexical_scores = generation.question_lexical.scores(asked.terms)
        lexical = questions.lexical(lexical_scores, _CANDIDATES, top_k)
        lexical_answer = answers.lexical(generation.answer_lexical.scores(asked.terms), _ANSWER_CANDIDATES, few)
        clock.note("lexical")
        # Every candidate passage gets both of its scores, whichever arm brought it.
        rows = np.unique(np.concatenate([dense.rows, lexical.rows, asked.exact]))
        if asked.without is not None:
            rows = rows[~np.isin(rows, asked.without.rows)]
        cosines = np.einsum("ij,j->i", generation.question_embeddings(rows), asked.embedding)
        is_exact = np.isin(rows, asked.exact)
        alike = (cosines > 0.0) | (lexical_scores[rows] > 0.0) | is_exact
        return self._fused(
            _Candidates(
                rows=rows[alike],
                dense=cosines[alike],
                lexical=lexical_scores[rows[alike]],
                is_exact=is_exact[alike],
                dense_answer=dense_answer,
                lexical_answer=lexical_answer,
            ),
            asked,
        )

    def _fused(self, found: _Candidates, asked: _Asked) -> tuple[Hit, ...]:
        generation, languages = self.generation, asked.languages
        pieces = np.concatenate([found.dense_answer.rows, found.lexical_answer.rows])
        piece_scores = np.concatenate([found.dense_answer.scores, found.lexical_answer.scores])
        articles, place = np.unique(
            np.concatenate([generation.article_of_question[found.rows], generation.article_of_answer[pieces]]),
            return_inverse=True,
        )
        of_row, of_piece = place[: len(found.rows)], place[len(found.rows) :]
        middle = len(found.dense_answer.rows)
        scores = np.zeros((len(SCORES), len(articles)), np.float32)
        scores[CENTROID] = self._centroid_scores(asked, articles)
        np.maximum.at(scores[DENSE], of_row, found.dense)
        np.maximum.at(scores[LEXICAL], of_row, found.lexical)
        np.maximum.at(scores[DENSE_ANSWER], of_piece[:middle], piece_scores[:middle])
        np.maximum.at(scores[LEXICAL_ANSWER], of_piece[middle:], piece_scores[middle:])
        scores[EXACT, of_row[found.is_exact]] = 1.0
        if asked.without is not None and asked.without.whole_article:
            scores[:, articles == generation.article_of_question[asked.without.rows[0]]] = 0.0
        order, fused = self.fusion.rank(scores, generation.is_foreign(languages)[articles], asked.top_k)

        texts, places = generation.language_of_question[found.rows], generation.place_of_question[found.rows]
        likeness = self._likeness(found.dense, found.lexical, texts, languages) + found.is_exact
        best = _best(of_row, likeness, len(articles))[order]
        if (best < 0).any():  # found by an answer alone: what is shown is the question of that answer's text
            preference = _preference(languages, generation.parts.languages)
            piece_texts = generation.language_of_answer[pieces]
            best_piece = _best(of_piece, piece_scores + preference[piece_texts], len(articles))[order]
            best = np.where(best < 0, len(found.rows) + best_piece, best)
            texts = np.concatenate([texts, piece_texts])
            places = np.concatenate([places, np.zeros(len(pieces), np.int64)])
        return tuple(
            self._hit(*fields)
            for fields in zip(
                articles[order].tolist(),
                fused.tolist(),
                scores.T[order].tolist(),
                texts[best].tolist(),
                places[best].tolist(),
                strict=True,
            )
        )

    def _hit(self, ordinal: int, score: float, scores: list[float], language_number: int, place: int) -> Hit:
        centroid, dense, lexical, dense_answer, lexical_answer, is_exact, is_foreign = scores
        article = self.generation.article(ordinal)
        language = self.generation.parts.languages[language_number]
        text = article.text(language)
        assert text is not None
        return Hit(
            article=article,
            score=score,
            centroid=centroid,
            dense=dense,
            lexical=lexical,
            dense_answer=dense_answer,
            lexical_answer=lexical_answer,
            is_foreign=is_foreign > 0.0,
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
    without: Without | None


class _Clock:
    """Seconds that the stages took, each since the one before."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def note(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = now - self._last
        self._last = now


@dataclass(frozen=True, kw_only=True, slots=True)
class _Candidates:
    """What is fused: questions with all their scores, and pieces of answers as each arm found them."""

    rows: Rows  # among the questions, ascending
    dense: Floats
    lexical: Floats
    is_exact: NDArray[np.bool_]
    dense_answer: Found
    lexical_answer: Found


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
