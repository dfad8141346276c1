"""langdetect as a second opinion: own factories, seeded, only the served languages, and Belarusian."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from langdetect.detector_factory import DetectorFactory

BELARUSIAN_PROFILE: Final = Path(__file__).parent / "belarusian.json"
_SEED: Final = 20_000
_FLOOR: Final = 0.01
"""langdetect leaves out what it holds for less likely than 0.1; that is no proof of impossibility."""

_PROFILES: Final[dict[str, dict[str, str]]] = {
    "latin": {
        **{code: code for code in ("ca", "cs", "da", "de", "en", "es", "et", "fi", "fr", "hr", "hu", "id", "it", "lt")},
        **{code: code for code in ("lv", "nl", "pl", "pt", "ro", "sk", "sl", "sq", "sv", "tr", "vi")},
        "nb": "no",
    },
    "cyrillic": {code: code for code in ("be", "bg", "mk", "ru", "uk")},
    "arabic": {code: code for code in ("ar", "fa", "ur")},
}
"""Language to langdetect's name for it, by script; a language in two scripts is left to the linear model."""


class LangdetectVoter:
    """Log-probabilities by langdetect; profiles are read at the first vote, one factory a script."""

    def __init__(self, languages: Sequence[str]) -> None:
        self._names = {
            script: {code: name for code, name in names.items() if code in languages}
            for script, names in _PROFILES.items()
        }
        self._factories: dict[str, DetectorFactory] = {}
        self._lock = Lock()

    def log_probabilities(
        self, words: Sequence[str], script: str, candidates: Sequence[str]
    ) -> npt.NDArray[np.float32] | None:
        """One log-probability for each candidate, NaN where langdetect has no profile of it.

        None when fewer than two candidates have one, or when langdetect finds nothing it knows.
        """
        names = self._names.get(script, {})
        if sum(code in names for code in candidates) < 2:
            return None
        from langdetect.lang_detect_exception import LangDetectException

        detector = self._factory(script).create()
        detector.append(" ".join(words))
        try:
            found = {vote.lang: vote.prob for vote in detector.get_probabilities()}
        except LangDetectException:
            return None
        return np.log(
            np.array([max(_FLOOR, found.get(names[c], 0.0)) if c in names else np.nan for c in candidates], np.float32)
        )

    def _factory(self, script: str) -> DetectorFactory:
        with self._lock:
            factory = self._factories.get(script)
            if factory is None:
                factory = self._factories[script] = _load_factory(tuple(self._names[script].values()))
        return factory


def _load_factory(names: Sequence[str]) -> DetectorFactory:
    from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory

    paths = [BELARUSIAN_PROFILE if name == "be" else Path(PROFILES_DIRECTORY) / name for name in names]
    factory = DetectorFactory()
    # On the instance: the class attribute would seed every other user of langdetect in the process.
    factory.seed = _SEED
    factory.load_json_profile([path.read_text(encoding="utf-8") for path in paths])
    return factory
