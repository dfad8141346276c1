"""Replay: what another generation would have decided on a question that was asked; nothing is stored or sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from assistant.answering import Answering
from assistant.confidence import CHOICES
from assistant.conversation import Conversation
from assistant.detection import Detection
from assistant.explanation import explained, is_searched
from assistant.judged import Conditions, Judged
from assistant.language import LanguageVerdict
from assistant.ledger import Ledger
from assistant.policy import Policy
from index.searcher import Searcher
from index.shelf import Shelf

# What is told of a decision, before and after.
_SIDE = (
    "decision", "reason", "confidence", "article_id", "choices", "generation", "reading", "encoder", "calibration",
    "thresholds", "checks", "choices_confidence", "contrast", "known_share", "unseen_share", "fusion", "hits",
    "explanation",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """What is another in the decision after than in the one before."""

    decision: bool
    reason: bool
    article: bool  # that answers
    choices: bool  # that are offered, or their order
    best: bool  # article found


@dataclass(frozen=True, kw_only=True, slots=True)
class Replay:
    """A decision as it was taken, and as another generation takes it."""

    answer_id: str
    question: str
    asked_at: datetime
    language: str  # of the reply
    generation: int  # that was asked now
    is_searched: bool  # False where the decision did not depend on what a search finds
    judged_with: Conditions | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    changed: Changed
    notes: tuple[str, ...]  # what the replay had to assume
    explanation: str


class Replayer:
    """Judges stored questions again, as they were asked then, with any kept generation."""

    def __init__(self, *, shelf: Shelf, ledger: Ledger, answering: Answering, policy: Policy) -> None:
        """Load nothing yet."""
        self._shelf = shelf
        self._ledger = ledger
        self._answering = answering
        self._policy = policy

    def replay(self, answer_id: str, generation: int | None = None) -> Replay:
        """Return what a generation (the one that answers, unless named) decides on a stored question.

        The question is judged in the languages it was read in, on the day and in the round it was asked,
        with the thresholds that people had set then; the encoder and the calibration are the generation's.
        Reads, and changes nothing; may load a generation and its encoder, which takes seconds. Raises
        AnswerNotFoundError, and as ``Shelf.searcher``.
        """
        row = self._ledger.row(answer_id)
        receipt = explained({**orjson.loads(row["response"]), **orjson.loads(row["receipt"])})
        searcher = self._shelf.searcher(generation)
        asked_at: datetime = row["created_at"]
        conditions: Conditions | None = None
        notes: list[str] = []
        if is_searched(receipt):
            conditions, notes = self._conditions(receipt, asked_at)
            judged = conditions.judge(
                searcher,
                _searched_text(receipt),
                policy=self._policy,
                tags=frozenset(receipt["tags"]),
                day=asked_at.date(),
            )
            after = self._after(receipt, judged)
        else:
            after = _unsearched(receipt, asked_at, searcher)
        sides = _side(receipt), _side(explained(after))
        changed = _changed(*sides)
        return Replay(
            answer_id=answer_id,
            question=receipt["question"],
            asked_at=asked_at,
            language=receipt["language"]["code"],
            generation=searcher.generation.number,
            is_searched=conditions is not None,
            judged_with=conditions,
            before=sides[0],
            after=sides[1],
            changed=changed,
            notes=tuple(notes),
            explanation=_told(*sides, changed, is_searched=conditions is not None),
        )

    def _conditions(self, receipt: Mapping[str, Any], asked_at: datetime) -> tuple[Conditions, list[str]]:
        """Return what the question was judged under, and what of it had to be assumed."""
        stored, policy = receipt["judged_with"], self._policy
        if stored is not None:
            conditions = Conditions(**{**stored, "languages": tuple(stored["languages"])})
            then = (conditions.answer_threshold, conditions.clarify_threshold)
            if then != (policy.answer_threshold, policy.clarify_threshold):
                return conditions, ["The settings have other thresholds now; those of then were applied."]
            return conditions, []
        notes = [
            "The receipt is an older one, which does not say everything: that "
            f"{CHOICES} choices could be shown, and that the settings' thresholds were those of now, is assumed."
        ]
        is_second_round = receipt["reason"] == "unclear_after_clarify"
        if not is_second_round and receipt["conversation_id"] is not None:
            history = self._ledger.conversation(receipt["channel"], receipt["conversation_id"], before=asked_at)
            is_second_round = bool(Conversation(history, asked_at).offered)
        detector = receipt["detector"]
        language = LanguageVerdict(
            code=receipt["language"]["code"],
            source=receipt["language"]["source"],
            confidence=receipt["language"]["confidence"],
            detection=Detection(**{**detector, "ranked": tuple(map(tuple, detector["ranked"]))}),
        )
        conditions = Conditions(
            languages=language.languages_to_read,
            is_second_round=is_second_round,
            max_choices=CHOICES,
            answer_threshold=policy.answer_threshold,
            clarify_threshold=policy.clarify_threshold,
        )
        return conditions, notes

    def _after(self, receipt: Mapping[str, Any], judged: Judged) -> dict[str, Any]:
        """Return the new decision in the shape of a receipt."""
        verdict, language = judged.judgement.verdict, receipt["language"]["code"]
        choices = [
            {
                "article_id": hit.article.id,
                "question": (text := self._answering.text(hit.article, language)).question,
                "language": text.language,
                "confidence": round(confidence, 4),
            }
            for hit, confidence in judged.offered
        ]
        is_answered = verdict.decision == "answered"
        return {
            **receipt,
            **orjson.loads(orjson.dumps(judged.facts())),
            "decision": verdict.decision,
            "reason": verdict.reason,
            "confidence": None if judged.confidence is None else round(judged.confidence, 4),
            "answer": {"article_id": verdict.article_ids[0]} if is_answered else None,
            "choices": choices if verdict.decision == "clarify" else [],
            "generation": judged.judgement.result.generation,
        }


def _searched_text(receipt: Mapping[str, Any]) -> str:
    """Return what was searched for: the question, or what a machine made of it."""
    translation = receipt["question_translation"]
    text: str | None = None if translation is None else translation["text"]
    return text or receipt["asked"] or receipt["question"]


def _unsearched(receipt: Mapping[str, Any], asked_at: datetime, searcher: Searcher) -> dict[str, Any]:
    """Return the same decision, or where a choice was taken, what became of its article in the generation."""
    after = {**receipt, "generation": searcher.generation.number}
    chosen = receipt["chosen"] or (receipt["answer"] or {}).get("article_id") or receipt["choice"]
    if chosen is None or receipt["reason"] == "unclear_after_clarify" or receipt["repeats"] is not None:
        return after
    article = searcher.generation.find(chosen)
    if article is None or not article.is_valid_on(asked_at.date()):
        gone = {"decision": "ticketed", "reason": "no_match", "confidence": None, "answer": None, "chosen": chosen}
        return {**after, **gone}
    taken = {"decision": "answered", "reason": "confident", "confidence": 1.0, "chosen": chosen}
    return {**after, **taken, "answer": {"article_id": chosen}}


def _side(receipt: Mapping[str, Any]) -> dict[str, Any]:
    answer = receipt["answer"]
    whole = {**receipt, "article_id": None if answer is None else answer["article_id"]}
    return {name: whole[name] for name in _SIDE}


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Changed:
    offered = [[choice["article_id"] for choice in side["choices"]] for side in (before, after)]
    best = [side["hits"][0]["article_id"] if side["hits"] else None for side in (before, after)]
    return Changed(
        decision=before["decision"] != after["decision"],
        reason=before["reason"] != after["reason"],
        article=before["article_id"] != after["article_id"],
        choices=offered[0] != offered[1],
        best=best[0] != best[1],
    )


def _told(before: Mapping[str, Any], after: Mapping[str, Any], changed: Changed, *, is_searched: bool) -> str:
    number = after["generation"]
    if changed.decision or changed.article or changed.choices:
        return f"Generation {number} decides otherwise: {_short(after)}, not {_short(before)}. {after['explanation']}"
    if not is_searched:
        return f"Generation {number} decides the same: nothing was searched for. {after['explanation']}"
    return f"Generation {number} decides the same: {_short(after)}. {after['explanation']}"


def _short(side: Mapping[str, Any]) -> str:
    if side["decision"] == "answered":
        return f"the answer {side['article_id']}"
    if side["decision"] == "clarify":
        return f"asking back with {', '.join(choice['article_id'] for choice in side['choices'])}"
    return "a ticket" if side["decision"] == "ticketed" else "silence"
