"""Threads of their own for replays and evaluations, so that customers never wait for what admins look into."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

from knowledge.errors import UnavailableError

THREADS = 2
WAITING = 16  # beyond those that are done

T = TypeVar("T")


class InspectionsBusyError(UnavailableError):
    """Too many replays and evaluations wait already."""


class Inspections:
    """Does replays and evaluations, few at a time, and refuses more than a few that wait.

    The first one of a generation loads it, which takes seconds and parks whoever wants the same: threads that
    questions need must not be among these.
    """

    def __init__(self, *, threads: int = THREADS, waiting: int = WAITING) -> None:
        """Start no thread yet."""
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="inspection")
        self._most = threads + waiting
        self._count = 0
        self._lock = threading.Lock()

    def submit(self, work: Callable[..., T], *args: Any, **kwargs: Any) -> Future[T]:  # noqa: ANN401
        """Do the work in one of the threads as soon as it is its turn; raises InspectionsBusyError."""
        with self._lock:
            if self._count >= self._most:
                raise InspectionsBusyError(
                    f"{self._count} replays and evaluations are under way or wait already, which is the most there "
                    "may be. Try again in a few seconds, and send a few at a time."
                )
            self._count += 1
        try:
            future = self._pool.submit(copy_context().run, work, *args, **kwargs)
        except BaseException:
            self._release()
            raise
        future.add_done_callback(lambda done: self._release())
        return future

    def close(self) -> None:
        """Give up what waits; what has begun ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _release(self) -> None:
        with self._lock:
            self._count -= 1
