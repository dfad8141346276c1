from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from index import builds as builds_module
from index.builder import Progress, build
from index.builds import Build, Builds, index_builds
from index.errors import BuildNotFoundError, BuildRunningError
from index.generation import Manifest
from index.generations import Generations
from knowledge.database import Database, now
from tests.index.finding import SHOP, Articles, TrigramEncoder, faq
from tests.index.test_generations import holding_process, names

PATIENCE = 60.0  # seconds that a process of its own may take on a busy machine


@pytest.fixture
def builds(sqlite_database: Database, generations: Generations) -> Builds:
    return Builds(sqlite_database, generations)


@pytest.fixture
def work(generations: Generations) -> Callable[..., Any]:
    """Return what a build does: all of it, in this process."""
    return lambda report: build(generations, Articles(*SHOP), TrigramEncoder(), report=report)


def change(database: Database, id: str, **values: object) -> None:
    with database.write() as connection:
        connection.execute(index_builds.update().where(index_builds.c.id == id).values(**values))


class TestRequest:
    def test_notes_a_build_down(self, database: Database, generations: Generations) -> None:
        builds = Builds(database, generations)
        requested = builds.request(by="anna")
        assert (requested.state, requested.requested_by, requested.stage) == ("queued", "anna", "waiting")
        assert requested.id.startswith("bld_")
        assert not requested.is_finished
        assert builds.get(requested.id) == requested
        assert builds.latest() == [requested]

    def test_is_refused_while_another_waits_or_runs(
        self, database: Database, generations: Generations, work: Callable[..., Any]
    ) -> None:
        builds = Builds(database, generations)
        first = builds.request(by="anna")
        with pytest.raises(BuildRunningError, match=rf"Build {first.id} is under way; there is one at a time"):
            builds.request(by="boris")

        def refused_meanwhile(report: Callable[[Progress], None]) -> Any:
            with pytest.raises(BuildRunningError, match=first.id):
                builds.request(by="boris")
            return work(report)

        assert builds.run(first.id, refused_meanwhile).state == "active"
        assert builds.request(by="boris").state == "queued"

    def test_is_refused_while_the_command_line_builds(self, builds: Builds, generations: Generations) -> None:
        with (
            generations.build_lock(),
            pytest.raises(BuildRunningError, match="Build started from the command line is under way"),
        ):
            builds.request(by="anna")

    def test_of_many_at_once_is_granted_once(self, builds: Builds) -> None:
        outcomes: list[str] = []

        def ask() -> None:
            try:
                outcomes.append(builds.request(by="anna").state)
            except BuildRunningError:
                outcomes.append("refused")

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["queued"] + ["refused"] * 5


class TestRun:
    def test_ends_active_with_its_generation_and_counts(
        self, database: Database, generations: Generations, work: Callable[..., Any]
    ) -> None:
        builds = Builds(database, generations)
        done = builds.run(builds.request(by="anna").id, work)
        assert (done.state, done.generation, done.error, done.stage) == ("active", 1, None, "done")
        assert done.counts == {"articles": 4, "passages": 19, "encoded": 19}
        assert done.is_finished
        assert done.started_at is not None
        assert done.finished_at is not None
        assert done.created_at <= done.started_at <= done.finished_at
        assert builds.get(done.id) == done

    def test_ends_gated_where_its_gate_says_so_and_keeps_the_report(
        self, database: Database, generations: Generations, work: Callable[..., Any]
    ) -> None:
        @dataclass(frozen=True)
        class Gated:
            manifest: Manifest
            is_new: bool = True
            is_active: bool = False
            gate: Mapping[str, Any] = field(default_factory=lambda: {"verdict": "failed", "failures": ["Шкада 🙂"]})

        builds = Builds(database, generations)
        id = builds.request(by="anna").id
        done = builds.run(id, lambda report: Gated(work(report).manifest))
        assert (done.state, done.generation, done.is_finished) == ("gated", 1, True)
        assert done.report == {"verdict": "failed", "failures": ["Шкада 🙂"]}
        assert builds.get(id) == done
        assert builds.latest() == [replace(done, report=None)], "a list of builds would be long with all reports"
        assert builds.request(by="boris").state == "queued"

    def test_of_unchanged_knowledge_names_the_generation_that_answers(
        self, builds: Builds, generations: Generations
    ) -> None:
        articles = Articles(*SHOP)
        for _ in range(2):
            done = builds.run(
                builds.request(by="anna").id,
                lambda report: build(generations, articles, TrigramEncoder(), report=report),
            )
        assert (done.state, done.generation, done.counts["encoded"]) == ("active", 1, 0)

    def test_notes_its_progress(
        self, builds: Builds, work: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(builds_module, "_REPORT_EVERY", 0.0)
        seen: list[Build] = []
        id = builds.request(by="anna").id

        def watched(report: Callable[[Progress], None]) -> Any:
            def both(progress: Progress) -> None:
                report(progress)
                seen.append(builds.get(id))

            return work(both)

        builds.run(id, watched)
        assert {one.state for one in seen} == {"running"}
        assert list(dict.fromkeys(one.stage for one in seen)) == ["reading", "encoding", "indexing", "writing"]
        assert (seen[0].done, seen[0].total) == (0, 4)

    def test_that_fails_says_why(self, builds: Builds, generations: Generations) -> None:
        done = builds.run(
            builds.request(by="anna").id,
            lambda report: build(generations, Articles(), TrigramEncoder(), report=report),
        )
        assert (done.state, done.generation) == ("failed", None)
        assert done.error is not None
        assert "Import some first" in done.error
        assert builds.request(by="anna").state == "queued"

    def test_that_breaks_off_is_failed_and_raises(self, builds: Builds) -> None:
        id = builds.request(by="anna").id

        def broken(report: Callable[[Progress], None]) -> Any:
            raise ZeroDivisionError("by nought")

        with pytest.raises(ZeroDivisionError):
            builds.run(id, broken)
        done = builds.get(id)
        assert (done.state, done.error) == (
            "failed",
            "The build broke off (ZeroDivisionError: by nought). See the log.",
        )

    def test_fails_where_another_process_builds(
        self, builds: Builds, generations: Generations, work: Callable[..., Any]
    ) -> None:
        id = builds.request(by="anna").id
        with holding_process(generations.folder):
            done = builds.run(id, work)
        assert done.state == "failed"
        assert done.error is not None
        assert "one at a time" in done.error

    def test_fails_where_nothing_can_be_written(self, sqlite_database: Database, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        builds = Builds(sqlite_database, Generations(tmp_path / "file" / "generations"))
        done = builds.run(builds.request(by="anna").id, lambda report: None)
        assert done.state == "failed"
        assert done.error is not None
        assert "Cannot write generations" in done.error

    @pytest.mark.parametrize("state", ["failed", "cancelled", "active"])
    def test_leaves_a_finished_build_as_it_is(self, builds: Builds, sqlite_database: Database, state: str) -> None:
        id = builds.request(by="anna").id
        change(sqlite_database, id, state=state)
        assert builds.run(id, lambda report: pytest.fail("it was given up")).state == state


class TestCancel:
    def test_stops_a_running_build_and_leaves_nothing(
        self, builds: Builds, generations: Generations, work: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(builds_module, "_REPORT_EVERY", 0.0)
        id = builds.request(by="anna").id

        def cancelled_meanwhile(report: Callable[[Progress], None]) -> Any:
            def both(progress: Progress) -> None:
                if progress.stage == "encoding":
                    builds.cancel(id)
                report(progress)

            return work(both)

        done = builds.run(id, cancelled_meanwhile)
        assert (done.state, done.error) == ("cancelled", "The build was cancelled on request.")
        assert names(generations) == []
        assert builds.request(by="anna").state == "queued"

    def test_stops_a_build_that_waits_as_soon_as_it_begins(self, builds: Builds, work: Callable[..., Any]) -> None:
        id = builds.request(by="anna").id
        assert builds.cancel(id).cancel_requested
        assert builds.run(id, work).state == "cancelled"

    def test_leaves_a_finished_build_as_it_is(self, builds: Builds, work: Callable[..., Any]) -> None:
        id = builds.request(by="anna").id
        done = builds.run(id, work)
        assert builds.cancel(id) == done

    def test_after_the_last_report_comes_too_late(
        self, builds: Builds, generations: Generations, work: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(builds_module, "_REPORT_EVERY", 0.0)
        id = builds.request(by="anna").id
        activate = Generations.activate

        def cancelling(self: Generations, number: int) -> Any:
            builds.cancel(id)
            return activate(self, number)

        monkeypatch.setattr(Generations, "activate", cancelling)
        assert builds.run(id, work).state == "active"
        assert generations.load_active().number == 1

    @pytest.mark.parametrize("id", ["bld_" + "0" * 32, "", "x" * 10_000, "' OR 1=1 --", "\x00", "\ud800"])
    def test_of_no_build_is_not_found(self, database: Database, generations: Generations, id: str) -> None:
        with pytest.raises(BuildNotFoundError, match="There is no build"):
            Builds(database, generations).cancel(id)


class TestDeadBuilds:
    def test_a_running_one_without_the_lock_has_failed(self, database: Database, generations: Generations) -> None:
        builds = Builds(database, generations)
        id = builds.request(by="anna").id
        change(database, id, state="running", started_at=now())
        done = builds.get(id)
        assert (done.state, done.stage) == ("failed", "done")
        assert done.error is not None
        assert "ended without a word" in done.error
        assert done.finished_at is not None

    def test_a_running_one_with_the_lock_lives(
        self, builds: Builds, sqlite_database: Database, generations: Generations
    ) -> None:
        id = builds.request(by="anna").id
        change(sqlite_database, id, state="running", started_at=now() - timedelta(hours=3))
        with generations.build_lock():
            assert builds.get(id).state == "running"
        assert builds.get(id).state == "failed"

    def test_a_build_that_is_still_loading_its_encoder_lives(self, builds: Builds, generations: Generations) -> None:
        id = builds.request(by="anna").id

        def slow_start(report: Callable[[Progress], None]) -> Any:
            change(builds._database, id, started_at=now() - timedelta(minutes=5))
            assert builds.get(id).state == "running"
            return build(generations, Articles(*SHOP), TrigramEncoder(), report=report)

        assert builds.run(id, slow_start).state == "active"

    def test_a_queued_one_fails_once_its_process_should_have_begun(
        self, builds: Builds, sqlite_database: Database
    ) -> None:
        id = builds.request(by="anna").id
        change(sqlite_database, id, created_at=now() - timedelta(seconds=20))
        assert builds.get(id).state == "queued"
        change(sqlite_database, id, created_at=now() - timedelta(seconds=31))
        assert builds.latest()[0].state == "failed"
        assert builds.request(by="anna").state == "queued"


def test_the_latest_builds_come_newest_first(builds: Builds, sqlite_database: Database) -> None:
    made = []
    for number in range(5):
        id = builds.request(by=f"user{number}").id
        change(sqlite_database, id, state="failed", created_at=now() + timedelta(seconds=number))
        made.append(id)
    assert [one.id for one in builds.latest(3)] == made[:1:-1]


KILLED = """
import sys, time
from pathlib import Path
from index import generations as module
from index.builder import build
from index.builds import Builds
from index.generations import Generations
from knowledge.database import open_database
from tests.index.finding import SHOP, Articles, TrigramEncoder, faq

def half_written(folder, parts):
    (folder / "embeddings.npy").write_bytes(b"half")
    print("writing", flush=True)
    time.sleep(600)

module.write_parts = half_written
generations = Generations(Path(sys.argv[2]))
articles = Articles(*SHOP, faq("new", en=("New?", "Yes.")))
Builds(open_database(sys.argv[1]), generations).run(
    sys.argv[3], lambda report: build(generations, articles, TrigramEncoder(), report=report)
)
"""


def test_a_build_killed_while_writing_leaves_what_answers_and_is_seen_and_swept_away(
    database: Database, database_url: str, generations: Generations
) -> None:
    build(generations, Articles(*SHOP), TrigramEncoder())
    builds = Builds(database, generations)
    id = builds.request(by="anna").id
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, database_url, str(generations.folder), id], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "writing\n"
            assert builds.get(id).state == "running"
            assert generations.is_building()
        finally:
            process.kill()
    assert not generations.is_building()
    assert generations.load_active().number == 1
    assert any(name.startswith(".building-") for name in names(generations))
    done = builds.get(id)
    assert done.state == "failed"
    assert done.error is not None
    assert "killed, or out of memory" in done.error
    next_id = builds.request(by="anna").id
    again = Articles(*SHOP, faq("new", en=("New?", "Yes.")))
    done = builds.run(next_id, lambda report: build(generations, again, TrigramEncoder(), report=report))
    assert (done.state, done.generation) == ("active", 2)
    assert names(generations) == ["000001", "000002", "active.json"]


def test_the_table_is_the_one_that_migrations_make(database: Database) -> None:
    columns = {column["name"] for column in sa.inspect(database.engine).get_columns("index_builds")}
    assert columns == set(index_builds.columns.keys())
