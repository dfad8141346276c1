"""The facade: which language a message is written in, and how sure that is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from math import exp
from typing import Final

from assistant.detection.ideographs import is_japanese, is_traditional
from assistant.detection.langdetect_voter import LangdetectVoter
from assistant.detection.linear import LinearModel, ScriptModel, load_model
from assistant.detection.scripts import LANGUAGE_OF_SCRIPT, script_and_purity
from assistant.detection.words import significant_words, words_in_script
from knowledge.errors import ConfigurationError

TRUSTED_PROBABILITY: Final = 0.7
"""From here on a detection may speak for the customer; below, the next step of the ladder should."""

_SCRIPT_PROBABILITY: Final = 0.99
_FOREIGN_PROBABILITY: Final = 0.9
_LONE_ENGLISH_CEILING: Final = 0.45
_INTERNATIONAL_CEILING: Final = 0.3
_FEW_LETTERS_CEILING: Final = 0.45
_LONE_IDEOGRAPH_CEILING: Final = 0.45
_MIXED_SHARE: Final = 0.85
_MIXED_CEILING: Final = 0.6
_TOP: Final = 5
_UNUSUAL: Final = frozenset({("zh", "Hant"), ("sr", "Latn")})
_LARGEST_EXPONENT: Final = 80.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Detection:
    """The language of a text, as a BCP 47 code.

    ``language`` is None when the text says nothing about language, or nothing about a served one.
    ``probability`` is calibrated; ``ranked`` holds up to five languages with probabilities, best
    first; ``by`` names what decided: ``nothing``, ``script``, ``ngrams`` or ``ngrams+langdetect``.
    ``script`` is the ISO 15924 code of letters that are not every language's usual ones: ``Latn``,
    ``Hant``; None of all others. ``ceiling`` is the most that may be stated of a text that says so
    little ("refund", "ok"), whatever else speaks for a language.
    """

    language: str | None
    probability: float
    ranked: tuple[tuple[str, float], ...]
    by: str
    script: str | None = None
    ceiling: float = 1.0

    @property
    def tag(self) -> str | None:
        """``language``, with the script where the text is not in the language's usual one: ``zh-Hant``, ``sr-Latn``."""
        return f"{self.language}-{self.script}" if (self.language, self.script) in _UNUSUAL else self.language

    @property
    def is_trusted(self) -> bool:
        """Whether this may decide the language of the reply without a further sign."""
        return self.language is not None and self.probability >= TRUSTED_PROBABILITY


_NOTHING: Final = Detection(language=None, probability=0.0, ranked=(), by="nothing")


class Detector:
    """Identifies the language of short texts among the served languages; deterministic, thread-safe."""

    def __init__(self, languages: Collection[str] | None = None) -> None:
        """Serve ``languages`` (BCP 47; all that are known when None).

        Codes are matched by their first subtag, ``no`` as ``nb``; unknown ones are left out.
        Raises `ConfigurationError` if none is left.
        """
        self._model = _shared_model()
        known = known_languages()
        wanted = known if languages is None else {_plain(code) for code in languages}
        self.languages: tuple[str, ...] = tuple(code for code in known if code in wanted)
        if not self.languages:
            raise ConfigurationError(
                f"expected at least one language that can be identified, got {sorted(languages or ())}; "
                f"choose from: {', '.join(known)}"
            )
        self._served = frozenset(self.languages)
        self._columns = {
            script: [column for column, code in enumerate(model.languages) if code in self._served]
            for script, model in self._model.scripts.items()
        }
        self._names = {
            script: [model.languages[column] for column in self._columns[script]]
            for script, model in self._model.scripts.items()
        }
        self._voter = LangdetectVoter(self.languages)

    def detect(self, text: str) -> Detection:
        """Identify the language of ``text``; any string is accepted and none raises."""
        words = significant_words(text)
        if not words:
            return _NOTHING
        script, pure = script_and_purity(" ".join(words))
        if script in LANGUAGE_OF_SCRIPT:
            return self._settled_by_script(LANGUAGE_OF_SCRIPT[script])
        model = self._model.scripts.get(script)
        if model is None or not self._columns[script]:
            return _NOTHING
        if pure:
            return self._weigh(words, script, model, 1.0)
        kept = words_in_script(words, script)
        if not kept:
            return _NOTHING
        # Latin names may outnumber the customer's own words; then neither side is a sure guess.
        mixed = script == "latin" and sum(map(len, kept)) < _MIXED_SHARE * sum(map(len, words))
        return self._weigh(kept, script, model, _MIXED_CEILING if mixed else 1.0)

    def _settled_by_script(self, language: str) -> Detection:
        if language not in self._served:
            return _NOTHING
        return Detection(
            language=language,
            probability=_SCRIPT_PROBABILITY,
            ranked=((language, _SCRIPT_PROBABILITY),),
            by="script",
        )

    def _weigh(self, words: list[str], script: str, model: ScriptModel, ceiling: float) -> Detection:
        international = self._model.international
        if not international.isdisjoint(words):
            telling = [word for word in words if word not in international]
            if telling:
                words = telling
            else:
                ceiling = min(ceiling, _INTERNATIONAL_CEILING)
        if script != "han" and len(words) < 3 and sum(map(len, words)) < 3:
            ceiling = min(ceiling, _FEW_LETTERS_CEILING)
        # Plain Python over a few dozen numbers: each numpy call costs as much as all of them.
        values: list[float] = model.scores(words).tolist()
        if script == "han":
            ceiling = _weigh_lone_ideograph("".join(words), model.languages, values, ceiling)
        columns = self._columns[script]
        names = self._names[script]
        best = max(map(values.__getitem__, columns))
        if max(values) - best < _LARGEST_EXPONENT:
            odds = [exp(value - best) for value in values]
        else:
            odds = [exp(min(value - best, _LARGEST_EXPONENT)) for value in values]
        served = odds if len(columns) == len(odds) else [odds[column] for column in columns]
        total = sum(served)
        # A text that is clearly in a language nobody serves here must not look like a sure guess.
        inside = total / sum(odds)
        if inside < 1 - _FOREIGN_PROBABILITY:
            ceiling *= inside
        probabilities = [odd / total for odd in served]
        order = sorted(range(len(names)), key=probabilities.__getitem__, reverse=True)
        by = "ngrams"
        if len(order) > 1 and probabilities[order[0]] < RATIO * probabilities[order[1]]:
            votes = self._voter.probabilities(words, script, names)
            if votes is not None:
                probabilities = _combine(probabilities, votes)
                order.sort(key=probabilities.__getitem__, reverse=True)
                by = "ngrams+langdetect"
        language = names[order[0]]
        if len(words) == 1 and script == "latin" and (language == "en" or words[0] in self._model.english):
            ceiling = min(ceiling, _LONE_ENGLISH_CEILING)
        ranked = tuple([(names[i], round(min(ceiling, probabilities[i]), 6)) for i in order[:_TOP]])
        written = None
        if script == "latin":
            written = "Latn"
        elif script == "han" and language == "zh" and is_traditional("".join(words)):
            written = "Hant"
        return Detection(
            language=language,
            probability=ranked[0][1],
            ranked=ranked,
            by=by,
            script=written,
            ceiling=round(ceiling, 6),
        )


RATIO: Final = 1.5
"""langdetect is asked as well when the best language is less than so many times likelier than the next."""
WEIGHT: Final = 0.2
"""What langdetect's log-probability counts beside the linear model's; measured, as is `RATIO`."""


def _weigh_lone_ideograph(text: str, languages: Sequence[str], values: list[float], ceiling: float) -> float:
    """Lift Chinese above Japanese for one ideograph that both write, in place; return what may be stated at most.

    A word of one ideograph is as common in either; but who writes Japanese hardly sends it without syllables.
    """
    if len(text) > 1 or is_japanese(text):
        return ceiling
    chinese, japanese = languages.index("zh"), languages.index("ja")
    values[chinese] = max(values[chinese], values[japanese] + 1.0)
    return min(ceiling, _LONE_IDEOGRAPH_CEILING)


@cache
def known_languages() -> tuple[str, ...]:
    """All languages that can be identified, in alphabetical order."""
    modelled = {code for script in _shared_model().scripts.values() for code in script.languages}
    return tuple(sorted(modelled | set(LANGUAGE_OF_SCRIPT.values())))


def unidentified(languages: Iterable[str]) -> tuple[str, ...]:
    """Return those of the languages (BCP 47) that cannot be identified."""
    known = known_languages()
    return tuple(code for code in languages if _plain(code) not in known)


@cache
def _shared_model() -> LinearModel:
    return load_model()


def _plain(code: str) -> str:
    first = code.replace("_", "-").split("-")[0].lower()
    return "nb" if first == "no" else first


def _combine(probabilities: list[float], votes: list[float | None]) -> list[float]:
    """Multiply by weighted votes among the languages voted on; their common share and all others stay as they were."""
    changed = [p if vote is None else p * vote**WEIGHT for p, vote in zip(probabilities, votes, strict=True)]
    share = sum(p for p, vote in zip(probabilities, votes, strict=True) if vote is not None)
    total = sum(p for p, vote in zip(changed, votes, strict=True) if vote is not None)
    if total == 0.0:
        return probabilities
    return [p if vote is None else p * share / total for p, vote in zip(changed, votes, strict=True)]
