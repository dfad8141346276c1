"""Pages of a list, and the opaque cursors that lead from one to the next."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import orjson

from knowledge.errors import InputError

MAX_PAGE_SIZE = 500
_MAX_CURSOR_LENGTH = 2_000  # characters
_BIGGEST = 2**63

T_co = TypeVar("T_co", covariant=True)


class CursorError(InputError):
    """A cursor was not made by this list."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[T_co]):
    """Some items of a list in its order; ``next_cursor`` asks for those after them, None at the end."""

    items: tuple[T_co, ...]
    next_cursor: str | None = None


def check_limit(limit: int) -> int:
    """Return the page size; raise InputError unless it lies in 1 to MAX_PAGE_SIZE."""
    if not 1 <= limit <= MAX_PAGE_SIZE:
        raise InputError(f"limit is {limit}; expected 1 to {MAX_PAGE_SIZE}.", field="limit")
    return limit


def encode_cursor(*position: str | int) -> str:
    """Return a URL-safe string for the sort key of a page's last item."""
    return base64.urlsafe_b64encode(orjson.dumps(position)).rstrip(b"=").decode()


def decode_cursor(cursor: str, kinds: Sequence[type[str] | type[int]]) -> tuple[str | int, ...]:
    """Return the sort key that ``encode_cursor`` was given.

    ``kinds`` are the types of its parts. Raises CursorError for anything else, so that what comes
    back is safe to hand to a database: no NUL characters, no numbers beyond 64 bits.
    """
    try:
        if len(cursor) > _MAX_CURSOR_LENGTH:
            raise ValueError("too long")
        packed = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        position = orjson.loads(packed)
        if not isinstance(position, list) or [type(part) for part in position] != list(kinds):
            raise ValueError("other parts")
        if any("\x00" in part if isinstance(part, str) else abs(part) >= _BIGGEST for part in position):
            raise ValueError("out of range")
    except (ValueError, binascii.Error) as error:
        raise CursorError(
            f"cursor {cursor[:40]!r} was not made by this list; expected the next_cursor of a page, unchanged: "
            "begin again without one.",
            field="cursor",
        ) from error
    return tuple(position)
