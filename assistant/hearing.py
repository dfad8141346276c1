"""Hearing: what a message asks, and in which language its writer wants the answer."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.detection import Detector
from assistant.phrases import Phrasebook
from assistant.wish import language_wish
from index.analysis import normal_form
from index.generation import Generation


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """The question in a message, empty where there is none, and the language that its writer asks for."""

    text: str
    wish: str | None = None


class Hearing:
    """Hears what customers ask, and which language they ask for; immutable, and safe to share between threads."""

    def __init__(self, phrases: Phrasebook, detector: Detector) -> None:
        """Take the languages that a wish may name, and among them those that it is granted for: the detector's."""
        self._spoken = tuple(sorted({*detector.languages, *phrases.languages}))
        self._served = frozenset(detector.languages)

    def warm(self) -> None:
        """Read what the first message would have to wait for."""
        self.heard("English please")

    def heard(self, message: str, generation: Generation | None = None) -> Heard:
        """Return what a message asks, without the customer's wish for a language, and the wish.

        A question that stands in an article of the generation is no wish: "Do you speak German?". A wish for a
        language that is not served is none that could be granted, and no question either.
        """
        wish = language_wish(message, spoken=self._spoken)
        if wish is None or (generation is not None and len(generation.exact(normal_form(message)))):
            return Heard(text=message)
        return Heard(text=wish.rest, wish=wish.language if wish.language.split("-")[0] in self._served else None)

    def asked_in(self, message: str) -> str:
        """Return a message without the customer's wish for a language."""
        return self.heard(message).text
