"""The translator: engines, routes, shield, verification and memory as one, off the event loop."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from assistant.translation import tags
from assistant.translation.delivery import choose_source
from assistant.translation.engine import TranslationEngine
from assistant.translation.errors import (
    TranslationError,
    TranslationPairError,
    TranslationUnsafeError,
)
from assistant.translation.glossary import EMPTY, Glossary
from assistant.translation.installed import Installed, installed
from assistant.translation.memory import Remembered, Status, TranslationKey, TranslationMemory
from assistant.translation.recollection import Translated, recollected, sendable, serving
from assistant.translation.routes import Route, all_routes, find_route
from assistant.translation.shield import translate_around
from assistant.translation.verification import verify
from assistant.translation.workers import Workers, closed, waited
from knowledge.article import Article, Text
from knowledge.database import DatabaseError
from knowledge.glossary import GlossaryStore
from knowledge.translations import MAX_ENGINE_LENGTH, Field, source_digest

TIME_BUDGET = 2.0  # seconds a customer waits for a translation before the original is shown
UNSAFE_LIMIT = 1_000  # texts remembered as failing where nothing is remembered of them otherwise
LETTER = 2_000  # characters; a longer text is no question, and takes an engine tens of seconds
FRESH = 2.0  # seconds for which a look at packages, glossary and memory is trusted
LOOK_AFTER = 1.0  # seconds after which a busy translator looks again, so that nobody waits for it
READ_WAIT = 0.5  # seconds a customer waits for the disk; a database that hangs must not keep an answer

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A text of an article on its way into a language, by a route; ``key`` is what it is remembered under."""

    key: TranslationKey
    route: Route
    text: str
    glossary: Glossary


class Translator:
    """Translates by the first engine that leads there; remembers what it translated.

    Packages, glossary and memory may be changed by other processes: a look at them is trusted for FRESH
    seconds, and taken on a thread of its own.
    """

    def __init__(
        self,
        engines: Sequence[TranslationEngine],
        memory: TranslationMemory | None,
        *,
        time_budget: float = TIME_BUDGET,
        workers: int = 1,
        glossary: GlossaryStore | None = None,
    ) -> None:
        """Prefer engines in the order given. ``time_budget`` is in seconds; without memory nothing is kept."""
        self._engines = {engine.name: engine for engine in engines}
        self._memory = memory
        self._glossary = glossary
        self._time_budget = time_budget
        self._workers = Workers(workers)
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="translation-memory")  # never behind an engine
        self._lock = threading.Lock()
        self._unsafe: OrderedDict[Hashable, TranslationUnsafeError] = OrderedDict()
        self._look_lock = threading.Lock()
        self._looking: Future[None] | None = None
        self._looked_at = float("-inf")
        self._installed: Installed | None = None
        self._changes = 0
        self._routes: tuple[object, tuple[Route, ...]] = (None, ())

    @property
    def time_budget(self) -> float:
        """Seconds a customer waits for a translation."""
        return self._time_budget

    @property
    def stamp(self) -> int:
        """What grows whenever a text may be translated otherwise than before; cheap."""
        return self._changes + (0 if self._memory is None else self._memory.version)

    def is_fresh(self) -> bool:
        """Tell whether the last look can be trusted, and look again soon where it is getting old; cheap."""
        age = time.monotonic() - self._looked_at
        if age > LOOK_AFTER:
            with contextlib.suppress(TranslationError):
                self._look_soon()
        return age < FRESH

    async def freshen(self) -> None:
        """Look at packages, glossary and memory, unless that was done a moment ago; takes a millisecond or two.

        Where it takes READ_WAIT and more, what was seen before serves.
        """
        if not self.is_fresh():
            await waited(self._look_soon(), READ_WAIT)

    def look(self) -> None:
        """Look at packages, glossary and memory now, on this thread; what cannot be read is taken to be as it was."""
        with self._look_lock:
            at = time.monotonic()
            before = self._installed
            glossary = before.glossary if before else EMPTY
            version = before.glossary_version if before else None
            try:
                if self._glossary is not None and self._glossary.version() != version:
                    state = self._glossary.state()
                    glossary, version = Glossary(state.terms), state.version
                if self._memory is not None:
                    self._memory.look()
            except DatabaseError as error:
                log.warning("it cannot be seen whether glossary or translations were changed: %s", error)
            self._take(installed(self._engines.values(), glossary=glossary, glossary_version=version))
            self._looked_at = at

    def route(self, source: str, target: str) -> Route | None:
        """Return how the source language is translated into the target language; loads nothing."""
        return find_route(self._at_hand().pairs, source, target)

    def available(self, source: str, target: str) -> bool:
        """Tell whether there is a route; loads nothing."""
        return self.route(source, target) is not None

    def pairs(self) -> tuple[Route, ...]:
        """Return the route of every two languages that have one; loads nothing."""
        pairs = self._at_hand().pairs
        if pairs != self._routes[0]:
            self._routes = (pairs, all_routes(pairs))
        return self._routes[1]

    async def prepare(self, article: Article, target: str, *, default_language: str) -> None:
        """Have all at hand that the next texts of an article in a language are chosen from."""
        await self.freshen()
        await self._rows(article.id, self._job(article, "answer", target, default_language)[1])

    async def article_text(
        self, article: Article, field: Field, target: str, *, default_language: str, budget: float | None = None
    ) -> Translated:
        """Return the article's answer or question in a language that no person wrote it in.

        What a person approved, else what is remembered of any of its texts, else an engine's translation
        within ``budget`` seconds. Raises TranslationPairError, TranslationTimeoutError, TranslationUnsafeError,
        TranslationHeldError, TranslationBusyError, and TranslationError for an engine that fails.
        """
        await self.freshen()
        job, languages = self._job(article, field, target, default_language)
        known = recollected(
            await self._rows(article.id, languages),
            article,
            field,
            target,
            wanted=None if job is None else job.key,
            installed=self._at_hand(),
        )
        if known is not None:
            return sendable(known, target)
        if job is None:
            raise self._no_route(article, target)
        text = await self._workers.run(
            job.key.id,
            lambda: self._work(job),
            budget=self._time_budget if budget is None else budget,
            name=f"{job.route.source}→{job.route.target}",
        )
        return _translated(text, job.route, job.key.engine_version)

    async def free_text(self, text: str, source: str, target: str, *, budget: float | None = None) -> Translated:
        """Return any text, such as a customer's message, in the target language; it is not remembered.

        ``budget`` is in seconds, the translator's own by default. A letter, and whoever has more time than that, keeps
        nobody waiting who asked a question. Raises as ``article_text``.
        """
        await self.freshen()
        route = self.route(source, target)
        if route is None:
            raise _no_pair(source, target)
        at_hand = self._at_hand()
        key = (route, at_hand.version(route), at_hand.glossary_version, source_digest(text))
        with self._lock:
            unsafe = self._unsafe.get(key)
        if unsafe is not None:
            raise TranslationUnsafeError(str(unsafe), faults=unsafe.faults)
        made = await self._workers.run(
            key,
            lambda: self._made_freely(key, route, text, at_hand.glossary),
            budget=self._time_budget if budget is None else budget,
            name=f"{route.source}→{route.target}",
            is_patient=len(text) > LETTER or (budget is not None and budget > self._time_budget),
            is_kept=False,
        )
        return _translated(made, route, at_hand.version(route))

    def recall(self, article: Article, field: Field, target: str, *, default_language: str) -> Remembered | None:
        """Return what a machine made of the article, failed or held though it be; asks the table, no engine.

        Raises DatabaseError.
        """
        self.look()
        job, languages = self._job(article, field, target, default_language)
        rows = self._memory.load(article.id, languages) if self._memory is not None else ()
        made = [row for row in rows if row.status != "approved"]
        return recollected(
            made, article, field, target, wanted=None if job is None else job.key, installed=self._at_hand()
        )

    def job(self, article: Article, source: Text, field: Field, target: str) -> Job:
        """Return what there is to do to have a text in a language; raises TranslationPairError."""
        job = self._job_of(article, source, field, target)
        if job is None:
            raise _no_pair(source.language, target)
        return job

    def do(self, job: Job, *, is_held: bool = False) -> Remembered:
        """Translate on this thread, however long it takes, and remember; a text that fails verification, too.

        Raises TranslationError for an engine that fails, DatabaseError.
        """
        if self._memory is None:
            raise TranslationError("There is no memory to keep a translation in; make the translator with one.")
        try:
            text = self._made(job.route, job.text, job.glossary)
        except TranslationUnsafeError as error:
            return self._memory.put(job.key, error.text, status="failed", faults=error.faults or (str(error),))
        return self._memory.put(job.key, text, status="review" if is_held else "ready")

    def close(self) -> None:
        """Drop what waits; what runs is finished in the background and remembered."""
        self._workers.close()
        self._reading.shutdown(wait=False, cancel_futures=True)

    def _at_hand(self) -> Installed:
        """Return the last look, and have another taken where it is getting old; the first is at the engines alone."""
        if self._installed is not None:
            self.is_fresh()
            return self._installed
        with self._look_lock:
            return self._installed or self._take(
                installed(self._engines.values(), glossary=EMPTY, glossary_version=None)
            )

    def _take(self, now: Installed) -> Installed:
        if now != self._installed:
            self._installed = now
            self._changes += 1
        return now

    def _look_soon(self) -> Future[None]:
        with self._lock:
            if self._looking is None or self._looking.done():
                try:
                    self._looking = self._reading.submit(self.look)
                except RuntimeError as error:
                    raise closed() from error
            return self._looking

    def _job(
        self, article: Article, field: Field, target: str, default_language: str
    ) -> tuple[Job | None, tuple[str, ...]]:
        """Return what an engine would do, and the languages in which what is remembered serves as well."""
        source = choose_source(article, target, default_language=default_language, route=self.route)
        job = None if source is None else self._job_of(article, source, field, target)
        languages = serving(target)
        if job is not None and job.key.target_language not in languages:
            languages = (*languages, job.key.target_language)
        return job, languages

    def _job_of(self, article: Article, source: Text, field: Field, target: str) -> Job | None:
        at_hand = self._at_hand()
        route = find_route(at_hand.pairs, source.language, target)
        if route is None:
            return None
        text = source.answer if field == "answer" else source.question
        digest = source_digest(text)
        key = TranslationKey(
            article_id=article.id,
            article_revision=article.revision,
            field=field,
            source_language=source.language,
            # What the engine gives: one text for all regions that it does not tell apart.
            target_language=route.legs[-1].target,
            engine=route.engine[:MAX_ENGINE_LENGTH],
            engine_version=at_hand.version(route),
            source_digest=digest,
            glossary_digest=at_hand.glossary_digest(text, route.target, digest=digest),
        )
        return Job(key=key, route=route, text=text, glossary=at_hand.glossary)

    async def _rows(self, article_id: str, languages: tuple[str, ...]) -> tuple[Remembered, ...]:
        if self._memory is None:
            return ()
        known = self._memory.peek(article_id, languages)
        if known is not None:
            return known
        try:
            return await waited(self._reading.submit(self._memory.load, article_id, languages), READ_WAIT) or ()
        except RuntimeError as error:
            raise closed() from error
        except DatabaseError as error:
            log.warning("translation memory cannot be read, translating anew: %s", error)
            return ()

    def _no_route(self, article: Article, target: str) -> TranslationPairError:
        sources = sorted({tags.canonical(text.language) for text in article.texts})
        return _no_pair(sources[0] if len(sources) == 1 else f"any of {', '.join(sources)}", target)

    def _work(self, job: Job) -> str:
        """Return a text of an article, remembered by another process or translated now, and remember it."""
        if self._memory is not None:
            try:
                known = self._memory.find(job.key)
            except DatabaseError as error:
                log.warning("translation memory cannot be read, translating anew: %s", error)
            else:
                if known is not None:
                    return sendable(known, job.route.target).text
        try:
            translated = self._made(job.route, job.text, job.glossary)
        except TranslationUnsafeError as error:
            self._remember(job, error.text, status="failed", faults=error.faults or (str(error),))
            raise
        self._remember(job, translated)
        return translated

    def _made_freely(self, key: Hashable, route: Route, text: str, glossary: Glossary) -> str:
        try:
            return self._made(route, text, glossary)
        except TranslationUnsafeError as error:
            with self._lock:
                self._unsafe[key] = error
                if len(self._unsafe) > UNSAFE_LIMIT:
                    self._unsafe.popitem(last=False)
            raise

    def _made(self, route: Route, text: str, glossary: Glossary) -> str:
        """Return the text translated and verified; raises TranslationUnsafeError with what was made of it."""
        translated = ""
        try:
            translated = translate_around(
                text, lambda piece: self._through(route, piece), glossary=glossary, target_language=route.target
            )
            verify(text, translated, target_language=route.target, glossary=glossary)
        except TranslationUnsafeError as error:
            error.text = translated
            raise
        except TranslationError:
            raise
        except Exception as error:  # whatever a text does to us, its customer is given the original
            raise TranslationError(f"Translating {route.source}→{route.target} failed ({error!r}).") from error
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

    def _remember(self, job: Job, text: str, *, status: Status = "ready", faults: Sequence[str] = ()) -> None:
        if self._memory is not None:
            try:
                self._memory.put(job.key, text, status=status, faults=faults)
            except DatabaseError as error:
                log.warning("a translation is kept in memory only: %s", error)


def _translated(text: str, route: Route, version: str) -> Translated:
    return Translated(
        text=text,
        source_language=route.source,
        target_language=route.target,
        engine=route.engine,
        engine_version=version,
    )


def _no_pair(source: str, target: str) -> TranslationPairError:
    return TranslationPairError(
        f"No installed engine translates {source}→{tags.canonical(target)}. "
        f"Install one with: faq languages install {source.rpartition(' ')[2]} {target}"
    )
