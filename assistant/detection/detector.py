"""The facade: which language a message is written in, and how sure that is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from math import log
from typing import Final

import numpy as np
import numpy.typing as npt

from assistant.detection.langdetect_voter import LangdetectVoter
from assistant.detection.linear import LinearModel, ScriptModel, load_model
from assistant.detection.scripts import LANGUAGE_OF_SCRIPT, script_and_purity
from assistant.detection.words import significant_words, words_in_script
from knowledge.errors import ConfigurationError

TRUSTED_PROBABILITY: Final = 0.7
"""From here on a detection may speak for the customer; below, the next step of the ladder should."""

_SCRIPT_PROBABILITY: Final = 0.99
_FOREIGN_PROBABILITY: Final = 0.9
_LONE_ENGLISH_CEILING: Final = 0.6
_INTERNATIONAL_CEILING: Final = 0.3
_FEW_LETTERS_CEILING: Final = 0.5
_TOP: Final = 5
_LARGEST_EXPONENT: Final = 80.0  # exp() of more overflows float32


@dataclass(frozen=True, kw_only=True, slots=True)
class Detection:
    """The language of a text, as a BCP 47 code.

    ``language`` is None when the text says nothing about language, or nothing about a served one.
    ``probability`` is calibrated; ``ranked`` holds up to five languages with probabilities, best
    first; ``by`` names what decided: ``nothing``, ``script``, ``ngrams`` or ``ngrams+langdetect``.
    """

    language: str | None
    probability: float
    ranked: tuple[tuple[str, float], ...]
    by: str

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
        self._columns: dict[str, npt.NDArray[np.intp]] = {
            script: np.array([i for i, code in enumerate(model.languages) if code in self._served], dtype=np.intp)
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
        if model is None or not len(self._columns[script]):
            return _NOTHING
        if not pure:
            words = words_in_script(words, script)
        return self._weigh(words, script, model) if words else _NOTHING

    def _settled_by_script(self, language: str) -> Detection:
        if language not in self._served:
            return _NOTHING
        return Detection(
            language=language,
            probability=_SCRIPT_PROBABILITY,
            ranked=((language, _SCRIPT_PROBABILITY),),
            by="script",
        )

    def _weigh(self, words: list[str], script: str, model: ScriptModel) -> Detection:
        ceiling = 1.0
        telling = [word for word in words if word not in self._model.international]
        if telling:
            words = telling
        else:
            ceiling = _INTERNATIONAL_CEILING
        if script != "han" and sum(map(len, words)) < 3:
            ceiling = min(ceiling, _FEW_LETTERS_CEILING)
        scores = model.scores(words)
        columns = self._columns[script]
        names = self._names[script]
        served = scores[columns]
        best = served.max()
        odds = np.exp(served - best)
        total = float(odds.sum())
        # A text that is clearly in a language nobody serves here must not look like a sure guess.
        inside = total / float(np.exp(np.minimum(scores - best, _LARGEST_EXPONENT)).sum())
        if inside < 1 - _FOREIGN_PROBABILITY:
            ceiling *= inside
        probabilities = (odds / total).tolist()
        by = "ngrams"
        if _margin_is_low(probabilities):
            votes = self._voter.log_probabilities(words, script, names)
            if votes is not None:
                probabilities = np.exp(_combine(served - best - log(total), votes)).tolist()
                by = "ngrams+langdetect"
        order = sorted(range(len(names)), key=probabilities.__getitem__, reverse=True)[:_TOP]
        language = names[order[0]]
        if len(words) == 1 and script == "latin" and (language == "en" or words[0] in self._model.english):
            ceiling = min(ceiling, _LONE_ENGLISH_CEILING)
        ranked = tuple((names[i], round(min(ceiling, probabilities[i]), 6)) for i in order)
        return Detection(language=language, probability=ranked[0][1], ranked=ranked, by=by)


RATIO: Final = 3.0
"""langdetect is asked as well when the best language is less than so many times likelier than the next."""
WEIGHT: Final = 0.3
"""What langdetect's log-probability counts beside the linear model's."""


def _margin_is_low(probabilities: list[float]) -> bool:
    if len(probabilities) < 2:
        return False
    first = max(probabilities)
    return sum(RATIO * probability > first for probability in probabilities) > 1


@cache
def known_languages() -> tuple[str, ...]:
    """All languages that can be identified, in alphabetical order."""
    modelled = {code for script in _shared_model().scripts.values() for code in script.languages}
    return tuple(sorted(modelled | set(LANGUAGE_OF_SCRIPT.values())))


@cache
def _shared_model() -> LinearModel:
    return load_model()


def _plain(code: str) -> str:
    first = code.replace("_", "-").split("-")[0].lower()
    return "nb" if first == "no" else first


def _combine(logs: npt.NDArray[np.float32], votes: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Add weighted votes among the languages voted on; their common share and all others stay as they were."""
    voted = ~np.isnan(votes)
    share = np.logaddexp.reduce(logs[voted])
    combined = logs.copy()
    combined[voted] = share + _log_softmax(logs[voted] + WEIGHT * votes[voted])
    return combined


def _log_softmax(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    shifted = scores - scores.max()
    result: npt.NDArray[np.float32] = shifted - np.log(np.exp(shifted).sum())
    return result
