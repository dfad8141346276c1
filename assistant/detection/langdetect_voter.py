"""langdetect as a second opinion on Cyrillic words: own factories, seeded, only the served languages.

Profiles of five languages it lacks are there. Of these Belarusian votes; letters tell Armenian and Georgian, and Kazakh
and Serbian made it worse (figures in ``training/README.md``).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from langdetect.detector_factory import DetectorFactory

OWN_PROFILES: Final = Path(__file__).parent / "profiles"
"""Profiles of languages that langdetect comes without, made by ``assistant.detection.training``."""
_SEED: Final = 20_000
_FLOOR: Final = 0.01
"""langdetect leaves out what it holds for less likely than 0.1; that is no proof of impossibility."""

_ITERATIONS: Final = 40
"""Draws of an n-gram in each of its seven trials, of a thousand by default: as exact here, six times faster."""

_PROFILES: Final[dict[str, frozenset[str]]] = {"cyrillic": frozenset({"be", "bg", "mk", "ru", "uk"})}
"""Languages voted on, by script. On Latin and Arabic script every weight tried gained nothing or did
harm (figures in ``training/README.md``), so there it is not asked."""


class LangdetectVoter:
    """Probabilities by langdetect; profiles are read at the first vote, one factory a script."""

    def __init__(self, languages: Sequence[str]) -> None:
        self._known = {script: sorted(known.intersection(languages)) for script, known in _PROFILES.items()}
        self._factories: dict[str, DetectorFactory] = {}
        self._lock = Lock()

    def probabilities(self, words: Sequence[str], script: str, candidates: Sequence[str]) -> list[float | None] | None:
        """Vote: one probability for each candidate, None where langdetect has no profile of it.

        None for all when fewer than two candidates have one, or when langdetect finds nothing it knows.
        """
        known = self._known.get(script, ())
        if sum(code in known for code in candidates) < 2:
            return None
        from langdetect.lang_detect_exception import LangDetectException

        detector = self._factory(script).create()
        detector.ITERATION_LIMIT = _ITERATIONS
        detector.append(" ".join(words))
        try:
            found = {vote.lang: vote.prob for vote in detector.get_probabilities()}
        except LangDetectException:
            return None
        return [max(_FLOOR, found.get(code, 0.0)) if code in known else None for code in candidates]

    def _factory(self, script: str) -> DetectorFactory:
        with self._lock:
            factory = self._factories.get(script)
            if factory is None:
                factory = self._factories[script] = load_factory(self._known[script])
        return factory


def load_factory(languages: Sequence[str]) -> DetectorFactory:
    """Read langdetect's and our profiles of ``languages`` into a factory of its own, seeded.

    Profiles count folded words, so what is asked must be folded too: of words in capitals
    langdetect would look at single letters only. Raises FileNotFoundError for a language without profile.
    """
    from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory

    own = {path.stem: path for path in OWN_PROFILES.glob("*.json")}
    paths = [own.get(code, Path(PROFILES_DIRECTORY) / code) for code in languages]
    factory = DetectorFactory()
    # On the instance: the class attribute would seed every other user of langdetect in the process.
    factory.seed = _SEED
    factory.load_json_profile([path.read_text(encoding="utf-8") for path in paths])
    return factory
