"""The translator: engines, routes, shield, verification and memory as one, off the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from assistant.translation import tags
from assistant.translation.engine import TranslationEngine
from assistant.translation.errors import (
    TranslationError,
    TranslationPairError,
    TranslationTimeoutError,
    TranslationUnsafeError,
)
from assistant.translation.memory import Field, TranslationKey, TranslationMemory, source_digest
from assistant.translation.routes import Route, all_routes, find_route
from assistant.translation.shield import translate_around
from assistant.translation.verification import verify
from knowledge.article import Article, Text
from knowledge.database import DatabaseError

TIME_BUDGET = 2.0  # seconds a customer waits for a translation before the original is shown
QUEUE_LIMIT = 64  # texts waiting for a worker; more would be shown too late to anyone
UNSAFE_LIMIT = 1_000  # texts remembered as failing, so that they are not translated again and again

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Translated:
    """A machine's translation that passed verification."""

    text: str
    source_language: str
    target_language: str
    engine: str
    engine_version: str
    kind: Literal["machine"] = "machine"


class Translator:
    """Translates by the first engine that leads there; remembers what it translated."""

    def __init__(
        self,
        engines: Sequence[TranslationEngine],
        memory: TranslationMemory | None,
        *,
        time_budget: float = TIME_BUDGET,
        workers: int = 1,
    ) -> None:
        """Prefer engines in the order given. ``time_budget`` is in seconds; without memory nothing is kept."""
        self._engines = {engine.name: engine for engine in engines}
        self._memory = memory
        self._time_budget = time_budget
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="translation")
        self._lock = threading.Lock()
        self._running: dict[Hashable, Future[str]] = {}
        self._unsafe: OrderedDict[Hashable, TranslationUnsafeError] = OrderedDict()
        self._routes: tuple[dict[str, frozenset[tuple[str, str]]], tuple[Route, ...]] = ({}, ())

    def route(self, source: str, target: str) -> Route | None:
        """Return how the source language is translated into the target language; loads nothing."""
        return find_route(self._pairs(), source, target)

    def available(self, source: str, target: str) -> bool:
        """Tell whether there is a route; loads nothing."""
        return self.route(source, target) is not None

    def pairs(self) -> tuple[Route, ...]:
        """Return the route of every two languages that have one; loads nothing."""
        pairs = self._pairs()
        if pairs != self._routes[0]:
            self._routes = (pairs, all_routes(pairs))
        return self._routes[1]

    async def answer_text(self, article: Article, text: Text, target: str) -> Translated:
        """Return the answer of one of the article's texts in the target language.

        Raises TranslationPairError, TranslationTimeoutError, TranslationUnsafeError, TranslationError.
        """
        return await self._field(article, text, "answer", target)

    async def question_text(self, article: Article, text: Text, target: str) -> Translated:
        """Return the question of one of the article's texts in the target language; raises as ``answer_text``."""
        return await self._field(article, text, "question", target)

    async def free_text(self, text: str, source: str, target: str, *, budget: float | None = None) -> Translated:
        """Return any text, such as a customer's message, in the target language; it is not remembered.

        ``budget`` is in seconds, the translator's own by default. Raises as ``answer_text``.
        """
        route, version = self._prepare(source, target)
        key = (route, version, source_digest(text))
        return _translated(await self._run(key, None, route, text, budget), route, version)

    def close(self) -> None:
        """Drop what waits; what runs is finished in the background and remembered."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _field(self, article: Article, text: Text, field: Field, target: str) -> Translated:
        route, version = self._prepare(text.language, target)
        original = text.answer if field == "answer" else text.question
        key = TranslationKey(
            article_id=article.id,
            article_revision=article.revision,
            field=field,
            source_language=route.source,
            target_language=route.target,
            engine=route.engine,
            engine_version=version,
            source_digest=source_digest(original),
        )
        known = self._memory.peek(key) if self._memory is not None else None
        if known is None:
            known = await self._run(key, key, route, original)
        return _translated(known, route, version)

    def _prepare(self, source: str, target: str) -> tuple[Route, str]:
        route = self.route(source, target)
        if route is None:
            raise TranslationPairError(
                f"No installed engine translates {tags.canonical(source)}→{tags.canonical(target)}. "
                f"Install one with: faq languages install {source} {target}"
            )
        versions = (self._engines[leg.engine].pair_version(leg.source, leg.target) for leg in route.legs)
        return route, "+".join(versions)

    async def _run(
        self,
        key: Hashable,
        remembered_as: TranslationKey | None,
        route: Route,
        text: str,
        budget: float | None = None,
    ) -> str:
        budget = self._time_budget if budget is None else budget
        job = self._submit(key, remembered_as, route, text)
        loop = asyncio.get_running_loop()
        finished = asyncio.Event()

        def wake(_job: Future[str]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop may have been closed since
                loop.call_soon_threadsafe(finished.set)

        job.add_done_callback(wake)
        try:
            await asyncio.wait_for(finished.wait(), budget)
        except TimeoutError:
            raise TranslationTimeoutError(
                f"Translating {route.source}→{route.target} takes longer than {budget:g} seconds; "
                "show the original now: the translation goes on and is remembered."
            ) from None
        if job.cancelled():
            raise TranslationError("The translator was closed; ask again when the server is up.")
        return job.result()

    def _submit(self, key: Hashable, remembered_as: TranslationKey | None, route: Route, text: str) -> Future[str]:
        with self._lock:
            unsafe = self._unsafe.get(key)
            if unsafe is not None:
                raise TranslationUnsafeError(str(unsafe), faults=unsafe.faults)
            running = self._running.get(key)
            if running is not None:
                return running
            if len(self._running) >= QUEUE_LIMIT:
                raise TranslationError(f"{QUEUE_LIMIT} texts wait to be translated already; ask again in a moment.")
            try:
                job = self._running[key] = self._pool.submit(self._work, key, remembered_as, route, text)
            except RuntimeError as error:
                raise TranslationError("The translator was closed; ask again when the server is up.") from error
        job.add_done_callback(lambda finished: self._finish(key, finished))
        return job

    def _finish(self, key: Hashable, job: Future[str]) -> None:
        with self._lock:
            self._running.pop(key, None)
        if not job.cancelled() and (error := job.exception()) is not None:
            log.warning("a translation failed: %s", error)  # its caller may have left

    def _work(self, key: Hashable, remembered_as: TranslationKey | None, route: Route, text: str) -> str:
        known = self._recall(remembered_as)
        if known is not None:
            return known
        try:
            translated = translate_around(text, lambda piece: self._through(route, piece))
            verify(text, translated, target_language=route.target)
        except TranslationUnsafeError as error:
            with self._lock:
                self._unsafe[key] = error
                if len(self._unsafe) > UNSAFE_LIMIT:
                    self._unsafe.popitem(last=False)
            raise
        self._remember(remembered_as, translated)
        return translated

    def _through(self, route: Route, piece: str) -> str:
        for leg in route.legs:
            try:
                piece = self._engines[leg.engine].translate(piece, leg.source, leg.target)
            except TranslationError:
                raise
            except Exception as error:  # an engine is a stranger's program
                raise TranslationError(
                    f"The engine {leg.engine} failed on {leg.source}→{leg.target} ({error}); run `faq doctor`."
                ) from error
        return piece

    def _recall(self, key: TranslationKey | None) -> str | None:
        if key is None or self._memory is None:
            return None
        try:
            return self._memory.get(key)
        except DatabaseError as error:
            log.warning("translation memory cannot be read, translating anew: %s", error)
            return None

    def _remember(self, key: TranslationKey | None, translated: str) -> None:
        if key is None or self._memory is None:
            return
        try:
            self._memory.put(key, translated)
        except DatabaseError as error:
            log.warning("a translation is kept in memory only: %s", error)

    def _pairs(self) -> dict[str, frozenset[tuple[str, str]]]:
        return {name: engine.pairs() for name, engine in self._engines.items()}


def _translated(text: str, route: Route, version: str) -> Translated:
    return Translated(
        text=text,
        source_language=route.source,
        target_language=route.target,
        engine=route.engine,
        engine_version=version,
    )
