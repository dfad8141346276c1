"""Builds as the API shows them: asked for here, done in a process of their own, followed in the database.

A process of its own keeps the answers quick while a build computes, and leaves them unharmed when it
crashes. Its state survives in the table ``index_builds``; a build whose process died without a word is
seen as failed as soon as anybody looks.
"""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from index.builder import Progress
from index.errors import BuildCancelledError, BuildNotFoundError, BuildRunningError
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
    stage: str  # of the progress: waiting, reading, encoding, indexing, writing, done
    done: int
    total: int
    counts: dict[str, int]
    generation: int | None
    cancel_requested: bool
    error: str | None

    @property
    def is_finished(self) -> bool:
        """Tell whether nothing will change any more."""
        return self.state not in UNFINISHED


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
        newest = sa.select(index_builds).order_by(index_builds.c.created_at.desc(), index_builds.c.id).limit(limit)
        with self._database.read() as connection:
            return [Build(**row._mapping) for row in connection.execute(newest)]

    def cancel(self, id: str) -> Build:
        """Ask a build to stop; it leaves nothing behind. A finished one stays as it is."""
        build = self.get(id)
        if not build.is_finished:
            self._set(id, cancel_requested=True)
        return self.get(id)

    def run(self, id: str, work: Callable[[Callable[[Progress], None]], Any]) -> Build:
        """Do a build that was asked for, in this process, noting its progress and its end.

        ``work`` is given what to report to, and returns a BuildResult. Whatever it raises ends in the
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

    def _do(self, id: str, work: Callable[[], Any]) -> None:
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
            self._end(id, "active", generation=manifest.number, counts=counts)

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


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildSettings:
    """What a process needs to know to do a build."""

    database_url: str
    generations_folder: Path
    encoder: str


def start_process(settings: BuildSettings, id: str) -> None:
    """Do a noted build in a process of its own; returns at once. Its output goes to this process's own."""
    arguments = json.dumps(
        {
            "database_url": settings.database_url,
            "generations_folder": str(settings.generations_folder),
            "encoder": settings.encoder,
            "build": id,
        }
    )
    # The arguments hold a database password perhaps, so they go through a pipe, not the command line.
    process = subprocess.Popen(
        [sys.executable, "-m", "index.build_process"], stdin=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert process.stdin is not None
    # A process that died at once is seen as failed after a while, as any other.
    with suppress(BrokenPipeError), process.stdin as pipe:
        pipe.write(arguments.encode())
    threading.Thread(target=process.wait, name=f"build {id}", daemon=True).start()  # so that no zombie stays


def _columns(build: Build) -> dict[str, Any]:
    return {column.name: getattr(build, column.name) for column in index_builds.columns}
