"""The language ladder: in which language a customer is answered.

requested > conversation > customer > channel > detected > default. What is detected is the language of the
question as it is read: ``kak vernut tovar`` is Russian.

A conversation keeps its language until the customer clearly changes it: by one long message that is surely in
another, or by two that agree with nothing said in between; "ok", "да", thanks and "PIN 1234" say nothing. As long as
it was answered in the default language for want of anything better, it has none to keep: after "Hello" the first
question decides.
What the customer asks for holds until they ask for something else: who wished for English and goes on in
Russian is answered in English. Asked for it is in a message ("English please", ``assistant.wish``), or by the
channel on the customer's behalf: ``language`` of the request, which is obeyed first and to the letter, and
whose value ``und`` lets go of what was asked for before.

Languages are BCP 47 tags. A text seldom shows the region, and not always the script; where the conversation
or the customer's settings have one of the same language, it is kept: ``pt`` of a customer with ``pt-BR`` is
``pt-BR``. And no change of language is what cannot be told apart: ``nb`` where ``nn`` is spoken, ``hr`` for ``bs``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, Self

from assistant.detection import Detection
from assistant.short_replies import short_replies
from assistant.translation import tags
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
_FEWEST = 4  # letters with which a message says anything about language
_NO_LANGUAGE = frozenset({"und", "mul", "mis", "zxx"})  # tags of BCP 47 that name none

# Decisions on messages that the customer did not write, or not a second time; the response says which.
_UNHEARD = ('"reason":"automatic_message"', '"reason":"duplicate"')

# Languages of which detection cannot tell one from the other, besides those whose texts serve for each other.
_TWINS = frozenset({("ms", "id"), ("id", "ms")})

# Languages that a short message seldom tells apart; Serbian where it is in Latin letters.
_FAMILIES = (frozenset({"bs", "hr", "sr"}), frozenset({"id", "ms"}))

# Scripts without spaces, and how many letters make up a word in them, roughly.
_PACKED = (
    (re.compile("[\u3041-\u30ff\u3400-\u9fff]"), 2),
    (re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]"), 4),
)
_NOT_LATIN = re.compile(r"[^\W\d_\u0000-\u024f\u1e00-\u1eff]")
_SPACED = re.compile(r"[^\W\d_]")
_CODE = re.compile(r"[\d@_/\\]|\w\.\w")  # makes a code, a link or an address of a word


class Detects(Protocol):
    """What ``assistant.detection.Detector`` does."""

    def detect(self, text: str) -> Detection:
        """Identify the language of a text."""


class Reads(Protocol):
    """What ``index.readings.Readings`` does."""

    def read(self, question: str, languages: Sequence[str] = ()) -> Reading:
        """Return how a question is best read."""


class Answered(Protocol):
    """What ``assistant.ledger.Past`` has of an earlier message."""

    @property
    def question(self) -> str:
        """The customer's words; empty for a tap on a choice."""

    @property
    def language(self) -> str:
        """The language of the reply."""

    @property
    def detected_language(self) -> str | None:
        """The language of the question, with or without its script."""

    @property
    def detected_probability(self) -> float:
        """How likely that is."""

    @property
    def response(self) -> str:
        """The response as JSON, as it was sent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """What an earlier message of the conversation said about language."""

    language: str  # it was answered in
    detected: str | None
    probability: float
    wished: bool = False  # the customer had asked for that language, then or before
    text: str | None = None  # of the message; None where it is not known
    is_default: bool = False  # nothing had said yet in which language to answer

    @classmethod
    def all_of(cls, history: Iterable[Answered]) -> list[Self]:
        """Return what the messages of a conversation say, without those of a mail program and those sent twice."""
        return [cls.of(past) for past in history if not any(mark in past.response for mark in _UNHEARD)]

    @classmethod
    def of(cls, past: Answered) -> Self:
        """Return what a stored answer says: it was wished for if its ``language`` is ``requested`` or ``wished``."""
        # Looked for in the text, since a conversation is read with every message, and no value can hold a bare quote.
        response = past.response
        return cls(
            language=past.language,
            detected=past.detected_language,
            probability=past.detected_probability,
            wished='"wished":true' in response or '"source":"requested"' in response,
            text=past.question,
            is_default='"source":"default"' in response,
        )

    @property
    def is_silent(self) -> bool:
        """Whether the message said nothing about language."""
        return self.detected is None or (self.text is not None and says_little(self.text, self.detected))


def at_home(detection: Detection, languages: Collection[str], spoken: Collection[str] = ()) -> Detection:
    """Return the detection as it is for a desk whose articles are in these languages.

    A short word may be Bulgarian as well as Russian; where the articles are Russian, it probably is. And a
    doubtful language in which nothing could be said gives way to one that is ``spoken`` and nearly as likely.
    The probability is that of the language and those that can hardly be told from it, and never above the ceiling.
    """
    home = {_base(language) for language in languages}
    weighed = [(code, share * (HOME_WEIGHT if code in home else 1.0)) for code, share in detection.ranked]
    rest = max(0.0, 1.0 - sum(share for _, share in detection.ranked))
    total = sum(share for _, share in weighed) + rest
    if detection.language is None or total <= 0.0:
        return detection
    ranked = tuple(sorted(((code, share / total) for code, share in weighed), key=lambda pair: -pair[1]))
    known = home | {_base(language) for language in spoken}
    near = [pair for pair in ranked if pair[0] in known and pair[1] >= NEAR * ranked[0][1]]
    code, share = near[0] if near and ranked[0][1] < SURE else ranked[0]
    found = replace(detection, language=code, ranked=ranked)
    # Of three that are nearly one none may be likely alone, and yet it is one of them.
    family = _family(found.tag or code)
    together = share + sum(other for each, other in ranked if each != code and each in family)
    return replace(found, probability=min(detection.ceiling, together))


@dataclass(frozen=True, kw_only=True, slots=True)
class LanguageVerdict:
    """The language of the reply, the rung of the ladder that gave it, and how sure it is."""

    code: str  # BCP 47
    source: Source
    confidence: float
    detection: Detection
    is_wished: bool = False  # the customer has asked for it, now or earlier

    @property
    def languages_to_read(self) -> tuple[str, ...]:
        """The languages the question may be written in, the likeliest first."""
        ranked = [code for code, probability in self.detection.ranked if probability >= _POSSIBLE]
        home = [] if _base(self.code) in map(_base, ranked) else [self.code]
        return tuple(dict.fromkeys([*ranked, *home]))[:_READ_IN]


def identify_read(
    text: str,
    *,
    detector: Detects,
    readings: Reads | None,
    home: Collection[str],
    spoken: Collection[str] = (),
    requested: str | None = None,
    wish: str | None = None,
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
            wish=wish,
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
    wish: str | None = None,
    history: Sequence[Turn] = (),
    locale: str | None = None,
    channel: str | None = None,
    default: str,
) -> LanguageVerdict:
    """Go down the ladder; ``history`` is the conversation so far, the latest turn first.

    ``text`` is the question without the ``wish`` that it was sent with; ``requested`` is what the channel sent
    as the customer's choice. Tags are well-formed BCP 47; the verdict's is canonical.
    """

    def verdict(code: str, source: Source, confidence: float = 1.0, *, is_wished: bool = False) -> LanguageVerdict:
        return LanguageVerdict(
            code=code, source=source, confidence=confidence, detection=detection, is_wished=is_wished
        )

    if locale is not None and _base(locale) in _NO_LANGUAGE:
        locale = None
    known = [turn.language for turn in history] + ([] if locale is None else [locale])
    is_released = requested is not None and _base(requested) in _NO_LANGUAGE
    if requested is not None and not is_released:
        return verdict(tags.canonical(requested), "requested", is_wished=True)
    if wish is not None:
        shown = [] if detection.tag is None else [detection.tag]
        return verdict(_in_variant(wish, [*shown, *known], of_itself=True), "requested", is_wished=True)
    is_likely = detection.language is not None and detection.probability >= LIKELY
    if history and not history[0].is_default:
        last = history[0]
        if last.wished and not is_released:
            return verdict(tags.canonical(last.language), "conversation", is_wished=True)
        if _changes(text, detection, history):
            assert detection.tag is not None
            return verdict(_in_variant(detection.tag, known), "detected", detection.probability)
        return verdict(_in_variant(last.language, known), "conversation")
    if locale is not None:
        return verdict(tags.canonical(locale), "customer")
    if channel is not None:
        return verdict(tags.canonical(channel), "channel")
    is_foreign = detection.probability >= FOREIGN_SCRIPT and _is_unreadable_as(default, text, detection)
    if detection.tag is not None and (is_likely or is_foreign):
        return verdict(_in_variant(detection.tag, ()), "detected", detection.probability)
    is_default = detection.language is not None and _base(detection.language) == _base(default)
    return verdict(tags.canonical(default), "default", detection.probability if is_default else 0.0)


def says_little(text: str, language: str | None = None) -> bool:
    """Tell whether a message is too short to say which language its writer speaks: "ok", "да", "danke", "PIN 1234"."""
    if _letters(text) < _FEWEST:
        return True
    replies = short_replies()
    return replies.is_thanks(text) or replies.ordinal(text, language or "en") is not None


def _changes(text: str, detection: Detection, history: Sequence[Turn]) -> bool:
    """Tell whether a message changes the language of a conversation that nobody's wish holds."""
    if detection.tag is None or not _is_other(detection.tag, history[0].language):
        return False
    if _is_quoting(text, detection.tag, history[0].language):
        return False
    is_near = _base(history[0].language) in _family(detection.tag)
    probability = detection.probability
    if is_near:  # ... its own, without that of the family
        probability = dict(detection.ranked).get(_base(detection.tag), probability)
    if probability >= SURE and _words(text) >= LONG:
        return True
    if is_near and _base(detection.tag) != _base(history[0].language):
        return False
    before = next((turn for turn in history if not turn.is_silent), None)
    if before is None or before.detected is None or before.probability < LIKELY or detection.probability < LIKELY:
        return False
    is_script = _base(detection.tag) == _base(history[0].language)
    agree = before.detected == detection.tag if is_script else _base(before.detected) in _family(detection.tag)
    return agree and not says_little(text, detection.language)


def _is_quoting(text: str, tag: str, language: str) -> bool:
    """Tell whether a text seems Latin for a title or a product that somebody names who writes in other letters."""
    is_at_home = tags.script(language) not in (None, "Latn")
    return is_at_home and tags.script(tag) == "Latn" and _NOT_LATIN.search(text) is not None


def _is_other(tag: str, language: str) -> bool:
    """Tell whether a text that shows ``tag`` is in another language, or surely in another script, than ``language``."""
    if _base(tag) != _base(language):
        return tag not in tags.fallbacks(language) and (_base(tag), _base(language)) not in _TWINS
    # Much of Chinese is written the same in both scripts; Serbian shows which one it is in.
    return tags.base(tag) != tags.base(language) and ("-" in tag or _base(tag) == "sr")


def _in_variant(tag: str, known: Iterable[str], *, of_itself: bool = False) -> str:
    """Return the tag with the region or script that one of the known tags adds to it, the first that adds any.

    What passes for the same language counts, too (``nb`` is ``nn`` to one who has that), unless only ``of_itself``.
    """
    tag = tags.canonical(tag)
    for other in map(tags.canonical, known):
        if other == tag or (of_itself and _base(other) != _base(tag)):
            continue
        # A text that shows no script may be in either, but where it shows one (Serbian) it is that one.
        if tag in tags.fallbacks(other) or (tag == "zh" and _base(other) == "zh"):
            return other
    return tag


def _letters(text: str) -> int:
    """Return how many letters are in words that are no codes; one of a script without spaces counts twice."""
    packed = sum(len(script.findall(text)) for script, _ in _PACKED)
    return packed + sum(len(_SPACED.findall(chunk)) for chunk in text.split() if packed or not _CODE.search(chunk))


def _words(text: str) -> int:
    """Return how many words a text has, not counting numbers, codes and links."""
    packed = sum(len(script.findall(text)) // letters for script, letters in _PACKED)
    if packed:
        return packed
    return sum(1 for chunk in text.split() if _SPACED.search(chunk) and not _CODE.search(chunk))


def _family(tag: str) -> frozenset[str]:
    """Return the languages that a text showing this tag may be in as well, its own among them."""
    language = _base(tag)
    alone = frozenset({language})
    return alone if tag == "sr" else next((family for family in _FAMILIES if language in family), alone)


def _is_unreadable_as(language: str, text: str, detection: Detection) -> bool:
    """Tell whether a text in other than Latin letters cannot be in the language; Latin ones are typed everywhere."""
    return _NOT_LATIN.search(text) is not None and all(code != _base(language) for code, _ in detection.ranked)


def _base(code: str) -> str:
    """Return the language of a tag, without script and region; ``no`` is ``nb``."""
    base = code.split("-")[0].lower()
    return "nb" if base == "no" else base
