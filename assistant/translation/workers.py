"""Workers: the threads that engines run on, a bounded queue before them, and customers who wait only so long."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor

from assistant.translation.errors import TranslationBusyError, TranslationError, TranslationTimeoutError

QUEUE_LIMIT = 64  # texts being translated or waiting; more would be shown too late to anyone

log = logging.getLogger(__name__)


class Workers:
    """A few threads; what is asked for twice at once is done once."""

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="translation")
        self._lock = threading.Lock()
        self._running: dict[Hashable, Future[str]] = {}

    async def run(self, key: Hashable, work: Callable[[], str], *, budget: float, name: str) -> str:
        """Return what the work gives, within ``budget`` seconds; after that it goes on without anyone waiting.

        Raises TranslationTimeoutError then, TranslationBusyError where too many wait, and what the work raises.
        """
        running = self._submit(key, work)
        loop = asyncio.get_running_loop()
        finished = asyncio.Event()

        def wake(_running: Future[str]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop may have been closed since
                loop.call_soon_threadsafe(finished.set)

        running.add_done_callback(wake)
        try:
            await asyncio.wait_for(finished.wait(), budget)
        except TimeoutError:
            raise TranslationTimeoutError(
                f"Translating {name} takes longer than {budget:g} seconds; "
                "show the original now: the translation goes on and is remembered."
            ) from None
        if running.cancelled():
            raise closed()
        return running.result()

    def close(self) -> None:
        """Drop what waits; what runs is finished in the background."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _submit(self, key: Hashable, work: Callable[[], str]) -> Future[str]:
        with self._lock:
            running = self._running.get(key)
            if running is not None:
                return running
            if len(self._running) >= QUEUE_LIMIT:
                raise TranslationBusyError(f"{QUEUE_LIMIT} texts wait to be translated already; ask again in a moment.")
            try:
                running = self._running[key] = self._pool.submit(work)
            except RuntimeError as error:
                raise closed() from error
        running.add_done_callback(lambda finished: self._finish(key, finished))
        return running

    def _finish(self, key: Hashable, running: Future[str]) -> None:
        with self._lock:
            self._running.pop(key, None)
        if not running.cancelled() and (error := running.exception()) is not None:
            log.warning("a translation failed: %s", error)  # its caller may have left


def closed() -> TranslationError:
    """Return the error of a translator that was closed."""
    return TranslationError("The translator was closed; ask again when the server is up.")
