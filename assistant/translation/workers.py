"""Workers: the threads that engines run on, a bounded queue before them, and customers who wait only so long."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from assistant.translation.errors import TranslationBusyError, TranslationError, TranslationTimeoutError

QUEUE_LIMIT = 64  # texts being translated or waiting; more would be shown too late to anyone

Result = TypeVar("Result")

log = logging.getLogger(__name__)


class _Lane:
    """Threads, and what is running or waiting on them by its key."""

    def __init__(self, count: int, name: str) -> None:
        self.pool = ThreadPoolExecutor(count, thread_name_prefix=name)
        self.running: dict[Hashable, Future[str]] = {}


class Workers:
    """A few threads, and one for what can wait; what is asked for twice at once is done once."""

    def __init__(self, count: int) -> None:
        self._lock = threading.Lock()
        self._lane = _Lane(count, "translation")
        # A letter of 50,000 characters takes minutes: customers must not stand behind it.
        self._slow_lane = _Lane(1, "translation-patient")

    async def run(
        self,
        key: Hashable,
        work: Callable[[], str],
        *,
        budget: float,
        name: str,
        is_patient: bool = False,
        is_kept: bool = True,
    ) -> str:
        """Return what the work gives, within ``budget`` seconds; after that it goes on without anyone waiting.

        ``is_patient`` work keeps nobody else waiting but its like; what ``is_kept`` is there the next time. Raises
        TranslationTimeoutError after that time, TranslationBusyError where too many wait, and what the work raises.
        """
        running = self._submit(self._slow_lane if is_patient else self._lane, key, work)
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
                f"Translating {name} takes longer than {budget:g} seconds; show the original now"
                + (": the translation goes on and is remembered." if is_kept else ".")
            ) from None
        if running.cancelled():
            raise closed()
        return running.result()

    def close(self) -> None:
        """Drop what waits; what runs is finished in the background."""
        for lane in (self._lane, self._slow_lane):
            lane.pool.shutdown(wait=False, cancel_futures=True)

    def _submit(self, lane: _Lane, key: Hashable, work: Callable[[], str]) -> Future[str]:
        with self._lock:
            running = lane.running.get(key)
            if running is not None:
                return running
            if len(lane.running) >= QUEUE_LIMIT:
                raise TranslationBusyError(f"{QUEUE_LIMIT} texts wait to be translated already; ask again in a moment.")
            try:
                running = lane.running[key] = lane.pool.submit(work)
            except RuntimeError as error:
                raise closed() from error
        running.add_done_callback(lambda finished: self._finish(lane, key, finished))
        return running

    def _finish(self, lane: _Lane, key: Hashable, running: Future[str]) -> None:
        with self._lock:
            lane.running.pop(key, None)
        if not running.cancelled() and (error := running.exception()) is not None:
            log.warning("a translation failed: %s", error)  # its caller may have left


async def waited(reading: Future[Result], seconds: float) -> Result | None:
    """Return what is read, None where that takes longer; it goes on, and a caller who leaves stops nobody else's."""
    wrapped = asyncio.wrap_future(reading)
    wrapped.add_done_callback(lambda done: done.cancelled() or done.exception())  # there may be nobody to hear of it
    done, _ = await asyncio.wait({wrapped}, timeout=seconds)
    return wrapped.result() if done else None


def closed() -> TranslationError:
    """Return the error of a translator that was closed."""
    return TranslationError("The translator was closed; ask again when the server is up.")
