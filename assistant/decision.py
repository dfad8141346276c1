"""The decision: answer, ask back, hand over to a person, or keep silent. A pure function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.contrast import Contrast

Decision = Literal["answered", "clarify", "ticketed", "suppressed"]
Reason = Literal[
    "confident", "exact",
    "near_tie", "unsure", "language_changed",
    "low_confidence", "no_match", "out_of_scope", "person_requested", "unclear_after_clarify",
    "translation_unsafe", "not_helpful",
    "automatic_message", "loop", "empty", "duplicate",
]  # fmt: skip

MAX_CHOICES = 3
_FAR = 0.18  # fused score behind the best, beyond which a third choice is seldom the one that was meant


@dataclass(frozen=True, kw_only=True, slots=True)
class Thresholds:
    """Where confidence becomes an answer; all but ``tie_margin`` are probabilities."""

    answer: float
    clarify: float  # of the right article being among the choices
    out_of_scope: float = 0.2  # of the same; below it the question is about something else altogether
    tie_margin: float = 0.03  # fused score by which the best article must lead to be the one meant


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """One hit, as the decision sees it."""

    article_id: str
    confidence: float  # that this one answers
    score: float  # fused
    is_exact: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What to do, why, and the articles it is about: the answer's one, or the choices, best first."""

    decision: Decision
    reason: Reason
    article_ids: tuple[str, ...] = ()


def decide(
    candidates: Sequence[Candidate],
    choices_confidence: float,
    thresholds: Thresholds,
    *,
    contrast: Contrast | None = None,
    is_second_round: bool = False,
    max_choices: int = MAX_CHOICES,
) -> Verdict:
    """Decide on the candidates, best first.

    ``choices_confidence`` is the probability that the right article is among the best three. ``contrast``
    says that the best candidate's wording may ask for the opposite: then it is at most offered.
    ``is_second_round`` says that the customer was asked back just before: then it is an answer or a
    person, never a second question in a row.
    """
    if not candidates:
        return _unclear("no_match", is_second_round)
    best = candidates[0]
    exact = [candidate for candidate in candidates if candidate.is_exact]
    if len(exact) == 1 and best.is_exact:
        return Verdict(decision="answered", reason="exact", article_ids=(best.article_id,))
    tied = exact or [candidate for candidate in candidates if best.score - candidate.score < thresholds.tie_margin]
    is_sure = best.confidence >= thresholds.answer and len(tied) == 1
    if is_sure and contrast is None:
        return Verdict(decision="answered", reason="confident", article_ids=(best.article_id,))
    if choices_confidence < thresholds.clarify and not exact and not is_sure:
        return _unclear(
            "out_of_scope" if choices_confidence < thresholds.out_of_scope else "low_confidence", is_second_round
        )
    if is_second_round:
        return _unclear("unclear_after_clarify", is_second_round)
    offered = tied if len(tied) > 1 else _worth_offering(candidates)
    return Verdict(
        decision="clarify",
        reason="near_tie" if len(tied) > 1 else "unsure",
        article_ids=tuple(candidate.article_id for candidate in offered[:max_choices]),
    )


def _worth_offering(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the best two, and those that are not far behind: a far-fetched choice looks foolish."""
    best = candidates[0].score
    return [candidate for place, candidate in enumerate(candidates) if place < 2 or best - candidate.score <= _FAR]


def _unclear(reason: Reason, is_second_round: bool) -> Verdict:
    return Verdict(decision="ticketed", reason="unclear_after_clarify" if is_second_round else reason)
