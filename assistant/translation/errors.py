"""What can go wrong in translating; branches of the tree in ``knowledge.errors``.

::

    UnavailableError
    └── TranslationError              the text cannot be had in that language now
        ├── TranslationPairError      no engine leads from this language to that one
        ├── TranslationTimeoutError   it takes longer than one should wait; an article's is remembered when done
        ├── TranslationUnsafeError    what the engine made must not be shown
        ├── TranslationHeldError      it waits for a person's approval
        ├── TranslationBusyError      too many texts wait already
        └── PackageError              an engine's package is damaged or no package at all
"""

from __future__ import annotations

from collections.abc import Sequence

from knowledge.errors import UnavailableError


class TranslationError(UnavailableError):
    """The text cannot be had in that language at present."""


class TranslationPairError(TranslationError):
    """No installed engine leads from the one language to the other."""


class TranslationTimeoutError(TranslationError):
    """The time budget is spent; the work goes on, and an article's text is remembered for the next time."""


class TranslationUnsafeError(TranslationError):
    """What the engine made must not be shown; ``faults`` names each reason, ``text`` is what it made, if anything."""

    def __init__(self, message: str, *, faults: Sequence[str] = (), text: str = "") -> None:
        """Keep the sentence and the single faults it is made of."""
        super().__init__(message)
        self.faults = tuple(faults)
        self.text = text


class TranslationHeldError(TranslationError):
    """The translation is there, and is held until a person approves it."""


class TranslationBusyError(TranslationError):
    """Too many texts wait to be translated."""


class PackageError(TranslationError):
    """An engine's package is damaged, or the file is no package at all."""
