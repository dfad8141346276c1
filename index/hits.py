"""Hits: what a search found, and what it was told to leave out."""

from __future__ import annotations

from dataclasses import dataclass

from knowledge.article import Article


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """An article found for a question, with its scores; higher is better."""

    article: Article
    score: float  # fused
    centroid: float  # nearness of the article's centroid; strangers are about 0
    dense: float  # cosine of the best question or alternate
    lexical: float  # BM25 of the best question or alternate, 0..1; held back in an article of foreign languages
    dense_answer: float
    lexical_answer: float
    is_foreign: bool  # the article has no text in a language the question may be in
    is_exact: bool  # the question is one of the article's own, but for case and signs
    matched: str  # the question or alternate nearest to what was asked
    matched_language: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchResult:
    """What was found, best first, and what else is known of the question."""

    hits: tuple[Hit, ...]
    reading: str  # the question as it was read, mended where it was misspelt
    generation: int
    encoder: str
    posteriors: tuple[float, ...]  # of the hits: softmax of their fused scores, 0..1
    terms: int  # distinct terms of the question
    known_share: float  # of those terms, by count, that some passage has
    unseen_share: float  # of the question's letters that the encoder has no piece for
    seconds: dict[str, float]  # read, encode, dense, lexical, fuse


@dataclass(frozen=True, kw_only=True, slots=True)
class Without:
    """What a search leaves out, to see how a question fares that is not written anywhere yet."""

    rows: tuple[int, ...]  # among the generation's questions, at least one, all of one article
    whole_article: bool = False  # with everything else of that article
