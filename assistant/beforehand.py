"""What is decided before anything is searched for: silence, a person asked for, signs without a word."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from assistant.decision import Verdict
from assistant.ledger import Past
from assistant.phrases import Phrasebook
from assistant.question import Question
from assistant.silence import silence_reason


def decided_beforehand(
    question: Question, phrases: Phrasebook, *, at: datetime, history: Sequence[Past] = ()
) -> Verdict | None:
    """Return the verdict on a question that no search is needed for, or None; ``history`` is the latest first."""
    if (silence := silence_reason(question, list(history), at)) is not None:
        return Verdict(decision="suppressed", reason=silence)
    if phrases.is_person_request(question.text):
        return Verdict(decision="ticketed", reason="person_requested")
    if not any(character.isalpha() for character in question.text):
        return Verdict(decision="ticketed", reason="no_match")  # a number alone may be anything
    return None
