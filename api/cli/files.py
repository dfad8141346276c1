"""Files that commands read."""

from __future__ import annotations

import sys
from pathlib import Path

from knowledge.errors import InputError

STANDARD = "-"
"""The file name that means standard input."""


class FileError(InputError):
    """A file cannot be read."""


def read_file(name: str, *, expected: str) -> bytes:
    """Return a file's bytes, or standard input's; raises FileError, which says what was expected.

    Of a file longer than any that is taken, one byte more than the longest is read: enough to refuse it.
    """
    from knowledge.importer import MAX_FILE_SIZE

    try:
        if name == STANDARD:
            return sys.stdin.buffer.read(MAX_FILE_SIZE + 1)
        with Path(name).open("rb") as file:
            return file.read(MAX_FILE_SIZE + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FileError(f"The file {name!r} cannot be read ({reason}); expected {expected}.", field="file") from error
