"""The language ladder: in which language a customer is answered.

requested > conversation > customer > channel > detected > default. A conversation keeps its language
until the customer clearly changes it: by one long message that is surely in another, or by two in a row.
What is detected is the language of the question as it is read: ``kak vernut tovar`` is Russian.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from assistant.detection import Detection
from index.readings import Reading

Source = Literal["requested", "conversation", "customer", "channel", "detected", "default"]

SURE = 0.9  # probability from which one long message changes a conversation's language
LONG = 4  # words of such a message
LIKELY = 0.5  # probability from which a message counts as one of two in a row, or speaks for a new customer
FOREIGN_SCRIPT = 0.2  # probability that speaks for a language where the default one is not written in such letters
NEAR = 0.5  # of the likeliest language's share, from which one that is spoken here is taken instead
HOME_WEIGHT = 5.0  # how much likelier than others a desk's customers write in a language its articles have
_POSSIBLE = 0.1  # probability from which a question is also read in that language

_READ_IN = 3  # languages at most; neighbours such as uk and be share words that are stemmed differently


class Detects(Protocol):
    """What ``assistant.detection.Detector`` does."""

    def detect(self, text: str) -> Detection:
        """Identify the language of a text."""


class Reads(Protocol):
    """What ``index.readings.Readings`` does."""

    def read(self, question: str, languages: Sequence[str] = ()) -> Reading:
        """Return how a question is best read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """What an earlier message of the conversation said about language."""

    language: str  # it was answered in
    detected: str | None
    probability: float


def at_home(detection: Detection, languages: Collection[str], spoken: Collection[str] = ()) -> Detection:
    """Return the detection as it is for a desk whose articles are in these languages.

    A short word may be Bulgarian as well as Russian; where the articles are Russian, it probably is. And a
    doubtful language in which nothing could be said gives way to one that is ``spoken`` and nearly as likely.
    """
    home = {_base(language) for language in languages}
    weighed = [(code, share * (HOME_WEIGHT if code in home else 1.0)) for code, share in detection.ranked]
    rest = max(0.0, 1.0 - sum(share for _, share in detection.ranked))
    total = sum(share for _, share in weighed) + rest
    if detection.language is None or total <= 0.0:
        return detection
    # What is stated below the first rank's share was held back on purpose, for words that say little.
    held_back = detection.probability / detection.ranked[0][1] if detection.ranked[0][1] else 1.0
    ranked = tuple(sorted(((code, share / total) for code, share in weighed), key=lambda pair: -pair[1]))
    known = home | {_base(language) for language in spoken}
    near = [pair for pair in ranked if pair[0] in known and pair[1] >= NEAR * ranked[0][1]]
    code, share = near[0] if near and ranked[0][1] < SURE else ranked[0]
    return replace(detection, language=code, probability=min(1.0, held_back) * share, ranked=ranked)


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


def identify_read(
    text: str,
    *,
    detector: Detects,
    readings: Reads | None,
    home: Collection[str],
    spoken: Collection[str] = (),
    requested: str | None = None,
    history: Sequence[Turn] = (),
    locale: str | None = None,
    channel: str | None = None,
    default: str,
) -> LanguageVerdict:
    """Go down the ladder with what the text says, and where it was mistyped, with what was meant.

    ``readings`` are those of the generation that is searched, None before there is one; ``home`` and
    ``spoken`` as for ``at_home``, the rest as for ``identify``.
    """

    def verdict(read: str) -> LanguageVerdict:
        return identify(
            read,
            at_home(detector.detect(read), home, spoken),
            requested=requested,
            history=history,
            locale=locale,
            channel=channel,
            default=default,
        )

    typed = verdict(text)
    if readings is None:
        return typed
    reading = readings.read(text, typed.languages_to_read)
    return typed if reading.text == text else verdict(reading.text)


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
    is_foreign = detection.probability >= FOREIGN_SCRIPT and _is_unreadable_as(default, text, detection)
    if detection.language is not None and (is_likely or is_foreign):
        return verdict(detection.language, "detected", detection.probability)
    return verdict(default, "default", detection.probability if detection.language == default else 0.0)


def _is_unreadable_as(language: str, text: str, detection: Detection) -> bool:
    """Tell whether a text in other than Latin letters cannot be in the language; Latin ones are typed everywhere."""
    in_latin = all(character < "\u0250" for character in text if character.isalpha())
    return not in_latin and all(code != _base(language) for code, _ in detection.ranked)


def _base(code: str) -> str:
    return code.split("-")[0]
