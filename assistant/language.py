"""The language ladder: in which language a customer is answered.

requested > conversation > customer > channel > detected > default. A conversation keeps its language
until the customer clearly changes it: by one long message that is surely in another, or by two in a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.detection import Detection

Source = Literal["requested", "conversation", "customer", "channel", "detected", "default"]

SURE = 0.9  # probability from which one long message changes a conversation's language
LONG = 4  # words of such a message
LIKELY = 0.5  # probability from which a message counts as one of two in a row, or speaks for a new customer
_POSSIBLE = 0.1  # probability from which a question is also read in that language

_READ_IN = 3  # languages at most; neighbours such as uk and be share words that are stemmed differently


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """What an earlier message of the conversation said about language."""

    language: str  # it was answered in
    detected: str | None
    probability: float


@dataclass(frozen=True, kw_only=True, slots=True)
class LanguageVerdict:
    """The language of the reply, the rung of the ladder that gave it, and how sure it is."""

    code: str
    source: Source
    confidence: float
    detection: Detection

    @property
    def languages_to_read(self) -> tuple[str, ...]:
        """The languages the question may be written in, the likeliest first."""
        ranked = [code for code, probability in self.detection.ranked if probability >= _POSSIBLE]
        return tuple(dict.fromkeys([*ranked, self.code]))[:_READ_IN]


def identify(
    text: str,
    detection: Detection,
    *,
    requested: str | None = None,
    history: Sequence[Turn] = (),
    locale: str | None = None,
    channel: str | None = None,
    default: str,
) -> LanguageVerdict:
    """Go down the ladder; ``history`` is the conversation so far, the latest turn first."""

    def verdict(code: str, source: Source, confidence: float = 1.0) -> LanguageVerdict:
        return LanguageVerdict(code=code, source=source, confidence=confidence, detection=detection)

    if requested is not None:
        return verdict(requested, "requested")
    is_likely = detection.language is not None and detection.probability >= LIKELY
    if history:
        last = history[0]
        if detection.language is not None and _base(detection.language) != _base(last.language):
            is_sure = detection.probability >= SURE and len(text.split()) >= LONG
            is_second = is_likely and last.detected == detection.language and last.probability >= LIKELY
            if is_sure or is_second:
                return verdict(detection.language, "detected", detection.probability)
        return verdict(last.language, "conversation")
    if locale is not None:
        return verdict(locale, "customer")
    if channel is not None:
        return verdict(channel, "channel")
    if detection.language is not None and is_likely:
        return verdict(detection.language, "detected", detection.probability)
    return verdict(default, "default", detection.probability if detection.language == default else 0.0)


def _base(code: str) -> str:
    return code.split("-")[0]
