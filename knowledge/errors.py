"""The one exception tree.

Every error this product raises on purpose is a leaf of it; rooms add leaves of their own::

    FaqError
    ├── InputError             what was sent cannot be used as it is           422
    │   └── TooLargeError      … because there is too much of it               413
    ├── NotFoundError          no such article, answer, ticket, generation     404
    ├── ConflictError          the present state does not allow it             409
    │   └── StaleError         it was changed meanwhile (If-Match)             412
    ├── AccessError
    │   ├── UnauthenticatedError   no key, or one we do not know               401
    │   ├── ForbiddenError         the key lacks the scope                     403
    │   └── RateLimitError         too many requests                           429
    ├── UnavailableError       a part this needs is missing or broken now      503
    └── ConfigurationError     a setting cannot be used; found at start        503

The numbers are the HTTP statuses that ``api.errors`` gives them. A message says what was
expected, what came, and the mend.
"""

from __future__ import annotations

import re


class FaqError(Exception):
    """Root of the tree; ``str(error)`` is one sentence or two for the person who can mend it."""


class InputError(FaqError):
    """What was sent cannot be used as it is."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        """Keep the message, and the field it is about where there is one."""
        super().__init__(message)
        self.field = field


class TooLargeError(InputError):
    """There is too much of what was sent."""


class NotFoundError(FaqError):
    """There is no such thing."""


class ConflictError(FaqError):
    """The present state does not allow it."""


class StaleError(ConflictError):
    """It was changed by somebody else meanwhile."""


class AccessError(FaqError):
    """The caller may not do this."""


class UnauthenticatedError(AccessError):
    """No key was given, or one that is not known."""


class ForbiddenError(AccessError):
    """The key is known and lacks the scope."""


class RateLimitError(AccessError):
    """Too many requests; ``retry_after`` is in seconds."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        """Keep the seconds after which the next request is welcome."""
        super().__init__(message)
        self.retry_after = retry_after


class UnavailableError(FaqError):
    """A part that this needs is missing or broken at present."""


class ConfigurationError(FaqError):
    """A setting cannot be used."""


def error_name(error: type[FaqError]) -> str:
    """Return the stable name by which programs know an error: ``ArticleNotFoundError`` is ``article-not-found``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", error.__name__.removesuffix("Error")).lower()
