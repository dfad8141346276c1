"""A trial: a folder of generations beside the real one, which nobody answers from and which goes away."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from index.generations import Generations, IndexStorageError
from knowledge.errors import ConflictError

_FOLDER = "trial"
_LOCK = ".trial.lock"


class TrialRunningError(ConflictError):
    """A trial is under way; there is one at a time."""


@contextmanager
def trial(data: Path) -> Iterator[Generations]:
    """Yield an empty folder of generations under ``data``, and remove it afterwards, whatever happens.

    What a killed trial left behind goes when the next one begins; builds do not see it. Raises
    TrialRunningError or IndexStorageError.
    """
    folder, lock = data / _FOLDER, FileLock(data / _LOCK)
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise TrialRunningError("Another encoder is being tried; wait until that is done.") from error
    except OSError as error:
        raise IndexStorageError(
            f"Cannot write to {data} ({error.strerror or error}). Make the folder writable and free some space."
        ) from error
    try:
        shutil.rmtree(folder, ignore_errors=True)
        yield Generations(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()
