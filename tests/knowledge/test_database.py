"""Databases open, refuse and fail with words that say the mend."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa

from knowledge.database import Database, DatabaseError, now, open_database
from knowledge.errors import ConfigurationError, UnavailableError
from knowledge.store import ArticleStore
from knowledge.tables import articles
from tests.knowledge.articles import PAYMENT, RETURNS


@pytest.mark.parametrize("url", ["", "nonsense", "sqlite://", "sqlite:///:memory:", "oracle9://x", "postgresql+no://x"])
def test_unusable_url_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"sqlite:///path/to/faq\.db"):
        open_database(url)


def test_directory_that_is_not_there_is_reported_with_the_mend(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'no' / 'faq.db'}")
    with pytest.raises(DatabaseError, match="Make the data directory exist and be writable"):
        ArticleStore(database).count()
    database.close()


def test_file_that_is_no_database_is_reported_with_the_mend(tmp_path: Path) -> None:
    path = tmp_path / "faq.db"
    path.write_bytes(b"This is a letter, not a database. " * 100)
    database = open_database(f"sqlite:///{path}")
    with pytest.raises(DatabaseError, match="restore it from a backup"):
        database.migrate()
    assert path.read_bytes().startswith(b"This is a letter")
    database.close()


def test_database_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    database = open_database(f"postgresql://nobody@/faq?host={tmp_path}")
    with pytest.raises(UnavailableError, match="did not do as asked"):
        database.check()
    database.close()


def test_failure_inside_a_transaction_undoes_it(database: Database) -> None:
    store = ArticleStore(database)
    seen: list[int | None] = []

    def write_and_fail() -> None:
        with store.writing() as connection:
            store.put_many([RETURNS, PAYMENT], by="anna", within=connection)
            seen.append(connection.scalar(sa.select(sa.func.count()).select_from(articles)))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert seen == [2]
    assert store.count() == 0


def test_broken_constraint_is_left_to_the_caller(database: Database) -> None:
    ArticleStore(database).put(PAYMENT, by="anna")
    row = {"id": "payment", "revision": 1, "digest": "", "updated_at": now()}
    with pytest.raises(sa.exc.IntegrityError), database.write() as connection:
        connection.execute(sa.insert(articles).values(row))


def test_reader_sees_one_state_while_others_write(database: Database) -> None:
    store = ArticleStore(database)
    count = sa.select(sa.func.count()).select_from(articles)
    with database.read() as connection:
        assert connection.scalar(count) == 0
        store.put(PAYMENT, by="anna")
        assert connection.scalar(count) == 0
    assert store.count() == 1


def test_times_are_aware_utc_whatever_zone_they_came_in(database: Database) -> None:
    moment = datetime(2026, 3, 1, 1, 30, 0, 123456, tzinfo=timezone(timedelta(hours=3)))
    with database.write() as connection:
        connection.execute(sa.insert(articles).values(id="a", revision=1, digest="", updated_at=moment))
    with database.read() as connection:
        stored = connection.scalar(sa.select(articles.c.updated_at))
    assert stored == datetime(2026, 2, 28, 22, 30, 0, 123456, tzinfo=UTC)
    assert stored.tzinfo is UTC


def test_naive_times_are_refused(database: Database) -> None:
    row = {"id": "a", "revision": 1, "digest": "", "updated_at": datetime(2026, 3, 1)}
    with pytest.raises(sa.exc.StatementError, match="time zone"), database.write() as connection:
        connection.execute(sa.insert(articles).values(row))
