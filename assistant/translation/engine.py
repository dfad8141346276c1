"""The protocol every machine-translation engine follows."""

from __future__ import annotations

from typing import Protocol


class TranslationEngine(Protocol):
    """Translates plain sentences; it never sees what must not be altered (``assistant.translation.shield``).

    Languages are BCP 47 tags in their canonical form (``assistant.translation.tags.canonical``); an
    engine's own codes are mapped at its border. Every method may be called from several threads at once.
    """

    @property
    def name(self) -> str:
        """The engine's name as receipts and the API show it, such as ``argos``."""
        ...

    @property
    def version(self) -> str:
        """The version of the engine's program."""
        ...

    def pairs(self) -> frozenset[tuple[str, str]]:
        """Return the pairs (source, target) it translates directly; cheap, loads no model."""
        ...

    def pair_version(self, source: str, target: str) -> str:
        """Return what changes whenever this pair's translations may: the program's and the model's versions.

        Raises TranslationPairError when the pair is not installed.
        """
        ...

    def translate(self, text: str, source: str, target: str) -> str:
        """Return the text in the target language; may take seconds, and load a model at first use.

        Raises TranslationError.
        """
        ...
