"""A judgement: what is found for a question, how sure that is, and what to do about it; nothing is stored.

The assistant judges customers' questions with it, and the evaluation golden ones: what is measured is what
customers meet.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from assistant.confidence import CHOICES, SEARCHED, Calibration, calibration_of, features
from assistant.contrast import Contrast, contrast
from assistant.decision import Candidate, Thresholds, Verdict, decide
from assistant.policy import Policy
from index.hits import SearchResult
from index.readings import Reading
from index.searcher import Searcher


@dataclass(frozen=True, kw_only=True, slots=True)
class Basis:
    """What the answer threshold in force rests on."""

    text: str
    promised: float | None  # share of answers that are to be right; None where people have set the threshold
    is_certified: bool  # whether labelled questions of this knowledge base show that the promise is kept


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What was found for a question, and the verdict on it."""

    result: SearchResult
    thresholds: Thresholds
    basis: Basis
    confidences: tuple[float, ...]  # of the best hits, as many as could be offered
    candidates: tuple[Candidate, ...]  # the best hits, as the decision sees them
    choices_confidence: float  # that the right article is among these
    contrast: Contrast | None  # between the question and the best hit's wording
    verdict: Verdict
    seconds: float  # that judging took, after the search


def thresholds_for(calibration: Calibration, policy: Policy, language: str | None = None) -> Thresholds:
    """Return the thresholds in force for a question's language: those that people set, else the calibration's."""
    answer, clarify = policy.answer_threshold, policy.clarify_threshold
    return Thresholds(
        answer=calibration.threshold(language) if answer is None else answer,
        clarify=calibration.clarify_threshold if clarify is None else clarify,
    )


def basis_for(calibration: Calibration, policy: Policy) -> Basis:
    """Return what the answer threshold of ``thresholds_for`` rests on; one that people set promises nothing."""
    if policy.answer_threshold is not None:
        return Basis(text="set by hand", promised=None, is_certified=False)
    return Basis(text=calibration.basis, promised=calibration.target_precision, is_certified=calibration.is_certified)


def judge(
    searcher: Searcher,
    text: str,
    *,
    policy: Policy = Policy(),
    languages: Sequence[str] = (),
    tags: frozenset[str] = frozenset(),
    day: date | None = None,
    max_choices: int = CHOICES,
    is_second_round: bool = False,
    reading: Reading | None = None,
) -> Judgement:
    """Search for a question and decide on it, with the calibration of the generation that is searched.

    ``languages`` are those it may be in, the likeliest first; ``tags``, ``day`` as for ``Searcher.search``;
    ``is_second_round`` and ``max_choices`` as for ``decide``; ``reading`` as for ``Searcher.search``.
    """
    result = searcher.search(text, languages=languages, tags=tags, top_k=SEARCHED, day=day, reading=reading)
    return judge_found(
        result,
        calibration_of(searcher),
        policy=policy,
        language=languages[0] if languages else None,
        max_choices=max_choices,
        is_second_round=is_second_round,
    )


def judge_found(
    result: SearchResult,
    calibration: Calibration,
    *,
    policy: Policy = Policy(),
    language: str | None = None,
    max_choices: int = CHOICES,
    is_second_round: bool = False,
) -> Judgement:
    """Decide on what was found with a calibration; ``language`` is the likeliest one of the question."""
    started = time.perf_counter()
    thresholds = thresholds_for(calibration, policy, language)
    of_hits = [features(result, place) for place in range(min(len(result.hits), CHOICES))]
    choices_confidence = calibration.choice_probability(of_hits[0]) if of_hits else 0.0
    confidences = tuple(map(calibration.probability, of_hits))
    candidates = tuple(
        Candidate(article_id=hit.article.id, confidence=confidence, score=hit.score, is_exact=hit.is_exact)
        for hit, confidence in zip(result.hits, confidences, strict=False)
    )
    difference = None
    if result.hits and not result.hits[0].is_exact:
        difference = contrast(result.reading, result.hits[0].matched, result.hits[0].matched_language)
    verdict = decide(
        candidates,
        choices_confidence,
        thresholds,
        contrast=difference,
        is_second_round=is_second_round,
        max_choices=max_choices,
    )
    return Judgement(
        result=result,
        thresholds=thresholds,
        basis=basis_for(calibration, policy),
        confidences=confidences,
        candidates=candidates,
        choices_confidence=choices_confidence,
        contrast=difference,
        verdict=verdict,
        seconds=time.perf_counter() - started,
    )
