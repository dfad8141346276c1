"""The shelf: kept generations that were looked into last, in memory beside the one that answers."""

from __future__ import annotations

import threading
from collections import OrderedDict

from index.encoders import Encoders
from index.errors import GenerationDamagedError, NoGenerationError
from index.follower import Follower
from index.generation import Manifest
from index.generations import Generations
from index.searcher import Searcher

CAPACITY = 2  # generations; each may take gigabytes


class Shelf:
    """Gives the searcher of any kept generation; safe to share between threads.

    A generation is loaded when it is first asked for, one at a time, and the one not asked for the longest
    makes room before the next is loaded. Loading takes seconds: never ask on an event loop.
    """

    def __init__(
        self, generations: Generations, encoders: Encoders, follower: Follower, *, capacity: int = CAPACITY
    ) -> None:
        """Load nothing yet; the generation that answers is the follower's, and is not loaded twice."""
        self._generations = generations
        self._encoders = encoders
        self._follower = follower
        self._capacity = capacity
        self._held: OrderedDict[int, Searcher] = OrderedDict()
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
                return held
            self._held.pop(number, None)
            while len(self._held) >= self._capacity:
                self._held.popitem(last=False)
            del held
            searcher = self._encoders.searcher(self._generations.load(number))
            self._held[number] = searcher
            return searcher

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
