"""A question judged under given conditions, and the facts of it that a receipt keeps, so that it can be replayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from assistant.confidence import Calibration, calibration_of
from assistant.judgement import Judgement, judge
from assistant.policy import Policy
from assistant.scores import ARMS, hit_scores
from index.fusion import Fusion
from index.hits import Hit
from index.searcher import Searcher


@dataclass(frozen=True, kw_only=True, slots=True)
class Conditions:
    """What a question is judged under, besides its words, its tags and the day."""

    languages: tuple[str, ...]  # it may be in, the likeliest first
    is_second_round: bool  # the customer had been asked back just before
    max_choices: int
    answer_threshold: float | None  # that people have set; None is the calibration's own
    clarify_threshold: float | None

    def judge(self, searcher: Searcher, text: str, *, policy: Policy, tags: frozenset[str], day: date) -> Judged:
        """Judge a question; the thresholds are these, whatever the policy says."""
        thresholds = replace(policy, answer_threshold=self.answer_threshold, clarify_threshold=self.clarify_threshold)
        judgement = judge(
            searcher,
            text,
            policy=thresholds,
            languages=self.languages,
            tags=tags,
            day=day,
            max_choices=self.max_choices,
            is_second_round=self.is_second_round,
        )
        return Judged(
            judgement=judgement, conditions=self, calibration=calibration_of(searcher), fusion=searcher.fusion
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A judgement, and all that it came of."""

    judgement: Judgement
    conditions: Conditions
    calibration: Calibration
    fusion: Fusion

    @property
    def hits(self) -> Sequence[Hit]:
        """What was found, best first."""
        return self.judgement.result.hits

    @property
    def offered(self) -> list[tuple[Hit, float]]:
        """The choices to offer, each with the probability that it answers, the likeliest first."""
        wanted = self.judgement.verdict.article_ids
        rated = zip(self.hits, self.judgement.confidences, strict=False)
        return sorted(((hit, rating) for hit, rating in rated if hit.article.id in wanted), key=lambda pair: -pair[1])

    @property
    def confidence(self) -> float | None:
        """The probability that the best hit answers; None where nothing was found."""
        return self.judgement.confidences[0] if self.judgement.confidences else None

    def facts(self) -> dict[str, Any]:
        """Return what a receipt keeps of it."""
        judgement, result = self.judgement, self.judgement.result
        return {
            "judged_with": self.conditions,
            "reading": result.reading,
            "encoder": result.encoder,
            "calibration": {
                "encoder": self.calibration.encoder,
                "fitted_on": self.calibration.fitted_on,
                "target_precision": judgement.basis.promised,
                "is_certified": judgement.basis.is_certified,
                "basis": judgement.basis.text,
            },
            "thresholds": judgement.thresholds,
            "known_share": result.known_share,
            "unseen_share": result.unseen_share,
            "choices_confidence": judgement.choices_confidence,
            "contrast": judgement.contrast,
            "fusion": {arm: getattr(self.fusion, arm) for arm in ARMS},
            "hits": [_hit(hit, place, judgement.confidences) for place, hit in enumerate(result.hits)],
        }


# What a receipt keeps where nothing was searched for.
NO_FACTS: dict[str, Any] = {
    **dict.fromkeys(("judged_with", "reading", "encoder", "calibration", "thresholds", "known_share", "unseen_share")),
    **dict.fromkeys(("choices_confidence", "contrast", "fusion")),
    "hits": [],
}


def _hit(hit: Hit, place: int, confidences: Sequence[float]) -> dict[str, Any]:
    return {
        "article_id": hit.article.id,
        "revision": hit.article.revision,
        "fused": hit.score,
        **hit_scores(hit),
        "matched": hit.matched,
        "matched_language": hit.matched_language,
        "confidence": confidences[place] if place < len(confidences) else None,
    }
