"""What became of one golden question, and what would have become of it at other thresholds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from assistant.contrast import Contrast
from assistant.decision import Candidate, Decision, Reason, Thresholds, decide
from knowledge.golden import GoldenQuestion

Outcome = Literal[
    "right", "wrong", "offered", "missed", "ticketed", "silent",  # where an article answers
    "none_answered", "none_offered", "none_ticketed", "none_silent",  # where none does
]  # fmt: skip

OUTCOMES: Mapping[Outcome, str] = {
    "right": "answered rightly",
    "wrong": "answered wrongly",
    "offered": "asked back, offered",
    "missed": "asked back, not offered",
    "ticketed": "ticketed",
    "silent": "silent",
    "none_answered": "answered",
    "none_offered": "asked back",
    "none_ticketed": "ticketed",
    "none_silent": "silent",
}
"""What a customer met, in few words."""

_OUT_OF_SCOPE: Mapping[Decision, Outcome] = {
    "answered": "none_answered", "clarify": "none_offered", "ticketed": "none_ticketed", "suppressed": "none_silent",
}  # fmt: skip
_BY_A_PERSON = 1  # sooner or later
_SERVED: Mapping[Outcome, int] = {"right": 3, "offered": 2, "wrong": 0, "none_answered": 0}


@dataclass(frozen=True, kw_only=True, slots=True)
class Searched:
    """What a decision was made of."""

    candidates: tuple[Candidate, ...]
    choices_confidence: float  # that the right article is among them
    thresholds: Thresholds  # that were in force for this question
    contrast: Contrast | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One golden question, and what the assistant would do about it."""

    golden: GoldenQuestion
    decision: Decision
    reason: Reason
    article_ids: tuple[str, ...]  # answered with, or offered
    best: str | None  # the article found first, whatever was decided
    confidence: float  # that this one answers
    language: str  # of the reply
    detected: str | None = None  # language of the question, by its words
    searched: Searched | None = None  # None where no threshold was asked: nothing was, or a person was asked for

    @property
    def is_in_scope(self) -> bool:
        """Whether an article answers."""
        return self.golden.article_id is not None

    @property
    def is_found(self) -> bool:
        """Whether the article that answers was found first."""
        return self.is_in_scope and self.best == self.golden.article_id

    @property
    def question_language(self) -> str | None:
        """The language of the question: as it was given, else as it was found out."""
        return self.golden.language or self.detected

    @property
    def outcome(self) -> Outcome:
        """What a customer would have met."""
        if not self.is_in_scope:
            return _OUT_OF_SCOPE[self.decision]
        has_article = self.golden.article_id in self.article_ids
        if self.decision == "answered":
            return "right" if has_article else "wrong"
        if self.decision == "clarify":
            return "offered" if has_article else "missed"
        return "ticketed" if self.decision == "ticketed" else "silent"

    @property
    def merit(self) -> tuple[int, bool]:
        """How well the customer was served, and then whether the right article was found first; more is better."""
        return _SERVED.get(self.outcome, _BY_A_PERSON), self.is_found

    def at(self, answer: float) -> Asked:
        """Return the same question as it is decided on at another answer threshold, by the same search."""
        if self.searched is None:
            return self
        found = self.searched
        thresholds = replace(found.thresholds, answer=answer)
        verdict = decide(found.candidates, found.choices_confidence, thresholds, contrast=found.contrast)
        return replace(self, decision=verdict.decision, reason=verdict.reason, article_ids=verdict.article_ids)

    @property
    def answered_from(self) -> float | None:
        """The highest answer threshold at which it is answered; None where it is at none, infinite where at all.

        Near ties and contrasts are asked back however sure the best article is; an article's own question is always
        answered.
        """
        lowest = self.at(0.0)
        if lowest.searched is None or lowest.decision != "answered":
            return None
        return math.inf if lowest.reason == "exact" else self.confidence
