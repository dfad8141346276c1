"""The shelf: kept generations that were looked into last, in memory beside the one that answers."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from index.encoders import Encoders
from index.errors import GenerationDamagedError, NoGenerationError
from index.follower import Follower
from index.generation import Manifest
from index.generations import Generations
from index.searcher import Searcher

CAPACITY = 2  # generations; each may take gigabytes
IDLE = 600.0  # seconds that one is held since it was last asked for


class Shelf:
    """Gives the searcher of any kept generation; safe to share between threads.

    A generation is loaded when it is first asked for, one at a time, and the one not asked for the longest
    makes room before the next is loaded; ``tidy``, called now and then, gives up what nobody asks for any more.
    Loading takes seconds: never ask on an event loop.
    """

    def __init__(
        self,
        generations: Generations,
        encoders: Encoders,
        follower: Follower,
        *,
        capacity: int = CAPACITY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Load nothing yet; the generation that answers is the follower's, and is not loaded twice.

        ``clock`` gives seconds.
        """
        self._generations = generations
        self._encoders = encoders
        self._follower = follower
        self._capacity = capacity
        self._clock = clock
        self._held: OrderedDict[int, Searcher] = OrderedDict()
        self._asked_at: dict[int, float] = {}
        self._lock = threading.Lock()

    def searcher(self, number: int | None = None) -> Searcher:
        """Return what searches a generation, with its own encoder; None means the one that answers.

        Raises NoGenerationError, GenerationNotFoundError (which names those that are kept),
        GenerationDamagedError, EncoderError, EncoderMismatchError.
        """
        if number is None:
            return self._follower.searcher
        answering = self._answering(number)
        with self._lock:
            if answering is not None:
                self._held.pop(number, None)
                return answering
            held = self._held.get(number)
            if held is not None and held.generation.manifest == self._manifest(number):
                self._held.move_to_end(number)
                self._asked_at[number] = self._clock()
                return held
            self._held.pop(number, None)
            while len(self._held) >= self._capacity:
                self._held.popitem(last=False)
            del held
            searcher = self._encoders.searcher(self._generations.load(number))
            self._held[number] = searcher
            self._asked_at[number] = self._clock()
            return searcher

    def tidy(self) -> None:
        """Give up those that nobody has asked for lately, that are not kept any more, or that answer now.

        Waits for nobody: while one is loaded, nothing is given up.
        """
        if not self._lock.acquire(blocking=False):
            return
        try:
            least = self._clock() - IDLE
            for number, searcher in list(self._held.items()):
                is_kept = searcher.generation.manifest == self._manifest(number)
                if not is_kept or self._asked_at[number] < least or self._answering(number) is not None:
                    del self._held[number]
            self._asked_at = {number: at for number, at in self._asked_at.items() if number in self._held}
        finally:
            self._lock.release()

    def _answering(self, number: int) -> Searcher | None:
        try:
            searcher = self._follower.searcher
        except NoGenerationError:
            return None
        return searcher if searcher.generation.number == number else None

    def _manifest(self, number: int) -> Manifest | None:
        try:
            return Manifest.read(self._generations.path(number))
        except GenerationDamagedError:
            return None  # loading says what is wrong with it, or that it is not kept any more
