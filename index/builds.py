"""Builds as the API shows them: asked for here, done in a process of their own, followed in the database.

A process of its own keeps the answers quick while a build computes, and leaves them unharmed when it
crashes. Its state survives in the table ``index_builds``; a build whose process died without a word is
seen as failed as soon as anybody looks.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

import sqlalchemy as sa

from index.builder import Progress
from index.errors import BuildCancelledError, BuildNotFoundError, BuildRunningError
from index.generation import Manifest
from index.generations import Generations, IndexStorageError
from knowledge.database import Database, UtcTime, metadata, now
from knowledge.errors import FaqError

State = Literal["queued", "running", "gated", "active", "failed", "cancelled"]
_ID = re.compile("bld_[0-9a-f]{32}")
UNFINISHED: tuple[State, ...] = ("queued", "running")

_REPORT_EVERY = 0.4  # seconds between two notes of progress
_START_GRACE = timedelta(seconds=30)  # a queued build whose process has not begun by then never will

log = logging.getLogger(__name__)

index_builds = sa.Table(
    "index_builds",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("requested_by", sa.String(200), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("started_at", UtcTime),
    sa.Column("finished_at", UtcTime),
    sa.Column("stage", sa.String(20), nullable=False),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("counts", sa.JSON, nullable=False),  # articles, passages, encoded
    sa.Column("generation", sa.Integer),
    sa.Column("cancel_requested", sa.Boolean, nullable=False),
    sa.Column("error", sa.Text),
    sa.Column("report", sa.JSON(none_as_null=True)),  # of the gate
    sa.Index(None, "state"),
    sa.Index(None, "created_at", "id"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """One build of the index: what was asked for, how far it is, what came of it."""

    id: str
    state: State
    requested_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    stage: str  # of the progress: waiting, reading, encoding, indexing, calibrating, asking, writing, done
    done: int
    total: int
    counts: dict[str, int]
    generation: int | None
    cancel_requested: bool
    error: str | None
    report: Mapping[str, Any] | None = None  # of the gate it went through; lists leave it out

    @property
    def is_finished(self) -> bool:
        """Tell whether nothing will change any more."""
        return self.state not in UNFINISHED


class Outcome(Protocol):
    """What came of a build, as the database notes it down."""

    @property
    def manifest(self) -> Manifest:
        """Of the generation that was made, or of the active one where there was nothing to do."""

    @property
    def is_new(self) -> bool:
        """Whether it was published now."""

    @property
    def is_active(self) -> bool:
        """Whether it answers; else its gate keeps it from it."""

    @property
    def gate(self) -> Mapping[str, Any] | None:
        """The report of the gate, where there was one."""


class Builds:
    """The builds of one database and one folder of generations."""

    def __init__(self, database: Database, generations: Generations) -> None:
        self._database = database
        self._generations = generations

    def request(self, *, by: str) -> Build:
        """Note down a new build; raises BuildRunningError while another is under way."""
        self._bury()
        with self._database.write() as connection:
            # On PostgreSQL two requests may pass this point together; the build lock then lets one go on.
            running = connection.scalar(sa.select(index_builds.c.id).where(index_builds.c.state.in_(UNFINISHED)))
            if running is not None or self._generations.is_building():
                raise BuildRunningError(
                    f"Build {running or 'started from the command line'} is under way; there is one at a time. "
                    "Wait for it, or cancel it."
                )
            build = Build(
                id=f"bld_{uuid.uuid4().hex}",
                state="queued",
                requested_by=by,
                created_at=now(),
                started_at=None,
                finished_at=None,
                stage="waiting",
                done=0,
                total=0,
                counts={},
                generation=None,
                cancel_requested=False,
                error=None,
            )
            connection.execute(index_builds.insert().values(_columns(build)))
        return build

    def get(self, id: str) -> Build:
        """Return a build; raises BuildNotFoundError."""
        self._bury()
        row = None
        if _ID.fullmatch(id):
            with self._database.read() as connection:
                row = connection.execute(sa.select(index_builds).where(index_builds.c.id == id)).one_or_none()
        if row is None:
            raise BuildNotFoundError(f"There is no build {id[:60]!r}.")
        return Build(**row._mapping)

    def latest(self, limit: int = 20) -> list[Build]:
        """Return the last builds, the newest first."""
        self._bury()
        brief = [column for column in index_builds.columns if column is not index_builds.c.report]
        newest = sa.select(*brief).order_by(index_builds.c.created_at.desc(), index_builds.c.id).limit(limit)
        with self._database.read() as connection:
            return [Build(**row._mapping) for row in connection.execute(newest)]

    def cancel(self, id: str) -> Build:
        """Ask a build to stop; it leaves nothing behind. A finished one stays as it is."""
        build = self.get(id)
        if not build.is_finished:
            self._set(id, cancel_requested=True)
        return self.get(id)

    def run(self, id: str, work: Callable[[Callable[[Progress], None]], Outcome]) -> Build:
        """Do a build that was asked for, in this process, noting its progress and its end.

        ``work`` is given what to report to. Whatever it raises ends in the
        build's ``error``; only what is no FaqError is raised again. A build that was given up meanwhile
        stays as it is.
        """
        last = 0.0

        def report(progress: Progress) -> None:
            nonlocal last
            if time.monotonic() - last < _REPORT_EVERY:
                return
            last = time.monotonic()
            if self._set(id, stage=progress.stage, done=progress.done, total=progress.total):
                raise BuildCancelledError("The build was cancelled on request.")

        try:
            # Whoever sees it running sees the lock held, or else knows that its process is gone.
            with self._generations.build_lock():
                if self._begin(id):
                    self._do(id, lambda: work(report))
        except (BuildRunningError, IndexStorageError) as error:
            if self._begin(id):
                self._end(id, "failed", error=str(error))
        return self.get(id)

    def _do(self, id: str, work: Callable[[], Outcome]) -> None:
        try:
            result = work()
        except BuildCancelledError as error:
            self._end(id, "cancelled", error=str(error))
        except FaqError as error:
            log.exception("build %s failed", id)
            self._end(id, "failed", error=str(error))
        except BaseException as error:
            self._end(id, "failed", error=f"The build broke off ({type(error).__name__}: {error}). See the log.")
            raise
        else:
            manifest = result.manifest
            counts = {
                "articles": manifest.articles,
                "passages": manifest.passages,
                "encoded": manifest.encoded if result.is_new else 0,
            }
            state: State = "active" if result.is_active else "gated"
            self._end(id, state, generation=manifest.number, counts=counts, report=result.gate)

    def _begin(self, id: str) -> bool:
        """Note that a queued build runs; returns whether it was still waiting for that."""
        with self._database.write() as connection:
            begun = connection.execute(
                index_builds.update()
                .where(index_builds.c.id == id, index_builds.c.state == "queued")
                .values(state="running", started_at=now())
            )
        return begun.rowcount == 1

    def _end(self, id: str, state: State, **values: object) -> None:
        self._set(id, state=state, stage="done", finished_at=now(), **values)

    def _set(self, id: str, **values: object) -> bool:
        """Change a build's row; returns whether somebody asked for it to stop."""
        with self._database.write() as connection:
            connection.execute(index_builds.update().where(index_builds.c.id == id).values(**values))
            asked = connection.scalar(sa.select(index_builds.c.cancel_requested).where(index_builds.c.id == id))
        return bool(asked)

    def _bury(self) -> None:
        """Declare builds failed whose process is gone: their lock is free though they should hold it."""
        with self._database.read() as connection:
            rows = list(connection.execute(sa.select(index_builds).where(index_builds.c.state.in_(UNFINISHED))))
        if not rows or self._generations.is_building():
            return
        for row in rows:
            if row.state == "queued" and now() - row.created_at < _START_GRACE:
                continue
            with self._database.write() as connection:
                connection.execute(
                    index_builds.update()
                    .where(index_builds.c.id == row.id, index_builds.c.state == row.state)
                    .values(
                        state="failed",
                        stage="done",
                        finished_at=now(),
                        error="The process that built it ended without a word (killed, or out of memory). "
                        "The active generation is untouched; start the build again.",
                    )
                )


def _columns(build: Build) -> dict[str, Any]:
    return {column.name: getattr(build, column.name) for column in index_builds.columns}
