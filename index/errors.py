"""What can go wrong in finding; branches of the tree in ``knowledge.errors``."""

from __future__ import annotations

from knowledge.errors import ConflictError, NotFoundError, UnavailableError


class NoGenerationError(UnavailableError):
    """Nothing has been built yet, so there is nothing to search."""


class GenerationDamagedError(UnavailableError):
    """A generation's folder is not as its manifest says."""


class EncoderMismatchError(UnavailableError):
    """A generation was built with another encoder, or with other weights of it."""


class GenerationNotFoundError(NotFoundError):
    """There is no such generation."""


class BuildNotFoundError(NotFoundError):
    """There is no such build."""


class BuildRunningError(ConflictError):
    """A build is under way; there is one at a time."""


class NothingToRollBackError(ConflictError):
    """No earlier generation is kept."""


class NothingToBuildError(ConflictError):
    """There is no article to index."""


class BuildFailedError(UnavailableError):
    """A build could not be finished; the active generation is untouched."""


class BuildCancelledError(ConflictError):
    """A build was cancelled on request."""
