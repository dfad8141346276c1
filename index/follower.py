"""Follows the pointer: keeps the active generation in memory, whoever activates it."""

from __future__ import annotations

import logging
import threading
import time

from index.encoders import Encoders
from index.errors import GenerationDamagedError, NoGenerationError
from index.generation import Generation
from index.generations import Generations
from index.searcher import Searcher
from knowledge.errors import FaqError

POLL_INTERVAL = 0.5  # seconds; a new generation answers within about two of these
RETRY_INTERVAL = 30.0  # seconds until what could not be loaded is tried again; somebody may have mended it

log = logging.getLogger(__name__)


class Follower:
    """Gives the searcher of the active generation; swaps it whole, so that a search never sees half of each.

    A generation of another encoder is taken when that encoder is loaded; the one before answers meanwhile.
    """

    def __init__(self, generations: Generations, encoders: Encoders) -> None:
        """Load nothing yet."""
        self._generations = generations
        self._encoders = encoders
        self._searcher: Searcher | None = None
        self._cold: Searcher | None = None  # which answers without having been warmed
        self._seen: tuple[int, int] | None = None
        self._problem: str | None = None
        self._retry_at = 0.0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._is_serving = False
        self._thread: threading.Thread | None = None

    @property
    def searcher(self) -> Searcher:
        """The searcher that answers now; raises NoGenerationError when there is none."""
        searcher = self._searcher
        if searcher is None:
            raise NoGenerationError(
                self._problem or "Nothing has been indexed yet. Import articles and run `faq build`."
            )
        return searcher

    @property
    def problem(self) -> str | None:
        """What keeps the generation that should answer from answering, or None."""
        return self._problem

    def refresh(self) -> bool:
        """Load what the pointer names, if it changed; tells whether another generation answers now.

        A generation that cannot be loaded leaves the one that answers in place; when there is none, the
        latest intact one before it is taken. ``problem`` says what is wrong.
        """
        with self._lock:
            signature = self._generations.signature()
            is_waiting = self._problem is None or time.monotonic() < self._retry_at
            if signature is not None and signature == self._seen and is_waiting:
                return False
            before = self._searcher
            try:
                generation = self._generations.load_active()
                if before is None or generation.manifest != before.generation.manifest:
                    self._searcher = self._taken(self._encoders.searcher(generation), is_first=before is None)
                self._problem = None
            except NoGenerationError:
                self._problem = None
            except FaqError as error:
                self._problem = str(error)
                self._retry_at = time.monotonic() + RETRY_INTERVAL
                log.error("%s", error)
                if before is None:
                    self._searcher = self._earlier()
            self._seen = signature
            after = self._searcher
        if after is None or after is before:
            return False
        log.info("generation %d answers (%d articles)", after.generation.number, after.generation.manifest.articles)
        return True

    def start(self) -> None:
        """Look at the pointer now, and go on looking in a thread of its own; no question waits for words any more."""
        self._is_serving = True
        if self._searcher is not None:
            self._searcher.readings.hurry()
        self.refresh()
        self._thread = threading.Thread(target=self._poll, name="follower", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _poll(self) -> None:
        interval = 0.0
        while not self._stop.wait(interval):
            interval = POLL_INTERVAL
            try:
                self.refresh()
                cold, self._cold = self._cold, None
                if cold is not None:
                    _warm(cold)
            except Exception:  # the thread must outlive whatever a disk can do
                log.exception("looking for a new generation failed; trying again")

    def _taken(self, searcher: Searcher, *, is_first: bool) -> Searcher:
        """Return a searcher that is to answer, made ready, unless it is the first, for which customers wait."""
        if self._is_serving:
            searcher.readings.hurry()
        if is_first:
            self._cold = searcher
        else:
            _warm(searcher)
        return searcher

    def _earlier(self) -> Searcher | None:
        try:
            pointer = self._generations.pointer()
        except GenerationDamagedError:
            pointer = None
        candidates = pointer.previous if pointer else tuple(m.number for m in self._generations.manifests())
        for number in candidates:
            try:
                searcher = self._encoders.searcher(Generation.load(self._generations.path(number)))
            except FaqError as error:
                log.error("%s", error)
                continue
            log.error("generation %d answers instead", number)
            return self._taken(searcher, is_first=True)
        return None


def _warm(searcher: Searcher) -> None:
    try:
        searcher.readings.warm()
    except Exception:  # a generation answers whatever becomes of the mending of misspelt questions
        log.exception("generation %d could not be made ready for misspelt questions", searcher.generation.number)
