"""The migrations give exactly the declared schema, on both databases, whoever runs them and when."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from knowledge.database import Database, DatabaseError, metadata, open_database

ROOT = Path(__file__).parents[2]

# Every module of every room that declares a table, so that none is forgotten here.
for path in sorted(path for room in ("knowledge", "index", "assistant", "api") for path in (ROOT / room).rglob("*.py")):
    if "migrations" not in path.parts and re.search(r"= (sa\.)?Table\(", path.read_text(encoding="utf-8")):
        importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    """Yield a freshly migrated database whose schema may be spoilt."""
    with closing(open_database(empty_database_url)) as opened:
        opened.migrate()
        yield opened


def _differences(database: Database) -> list[object]:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, metadata))


def test_migrated_schema_is_the_declared_one(database: Database) -> None:
    assert _differences(database) == []
    with database.read() as connection:
        assert set(sa.inspect(connection).get_table_names()) == {*metadata.tables, "alembic_version"}


def test_comparison_would_see_a_missing_index(database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("DROP INDEX ix_article_tags_tag_article_id")
    assert len(_differences(database)) == 1


def test_primary_and_foreign_keys_are_the_declared_ones(database: Database) -> None:
    with database.read() as connection:
        inspector = sa.inspect(connection)
        for table in metadata.tables.values():
            stored = inspector.get_pk_constraint(table.name)
            assert stored["constrained_columns"] == [column.name for column in table.primary_key]
            assert stored["name"] == table.primary_key.name
            assert {key["name"] for key in inspector.get_foreign_keys(table.name)} == {
                key.name for key in table.foreign_key_constraints
            }


def test_migrating_again_changes_nothing(database: Database) -> None:
    database.migrate()
    database.check()
    assert _differences(database) == []


def test_unmigrated_database_fails_the_check_with_the_mend(empty_database_url: str) -> None:
    with (
        closing(open_database(empty_database_url)) as database,
        pytest.raises(DatabaseError, match=r"schema None, expected '\d+': run"),
    ):
        database.check()


def test_newer_schema_is_refused_with_the_mend(database: Database) -> None:
    with database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match=r"'9999'.*newer faq-assistant\. Install that version"):
        database.migrate()
    with pytest.raises(DatabaseError, match="9999"):
        database.check()


def test_reader_during_migration_sees_the_old_or_the_new_schema(empty_database_url: str) -> None:
    seen: list[str] = []
    done = threading.Event()

    def read() -> None:
        reader = open_database(empty_database_url)
        try:
            while True:
                last = done.is_set()
                with reader.read() as connection:
                    tables = set(sa.inspect(connection).get_table_names())
                seen.append("new" if set(metadata.tables) <= tables else "old" if not tables else f"torn: {tables}")
                if last:
                    return
        except DatabaseError as error:
            seen.append(f"error: {error}")
        finally:
            reader.close()

    thread = threading.Thread(target=read)
    thread.start()
    database = open_database(empty_database_url)
    try:
        database.migrate()
    finally:
        done.set()
        thread.join()
        database.close()
    assert seen[-1] == "new"
    assert set(seen) <= {"old", "new"}
    assert seen == sorted(seen, key=["old", "new"].index)


def test_processes_migrating_at_once_all_succeed(empty_database_url: str) -> None:
    program = (
        "import sys; from knowledge.database import open_database\n"
        "database = open_database(sys.argv[1]); sys.stdin.readline(); database.migrate(); database.check()"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, empty_database_url],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    with closing(open_database(empty_database_url)) as database:
        database.check()
        assert _differences(database) == []
