"""The database: one engine, its transactions, and the migrations that shape it.

SQLite runs in WAL mode with ``synchronous=FULL`` and takes its write lock at BEGIN, so that a
writer waits its turn instead of failing half-way; PostgreSQL needs none of this, but must be asked
for readers that see one state. Tables belong to the rooms that use them and register themselves in
``metadata``.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, cast

import orjson
import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect

from knowledge.errors import ConfigurationError, UnavailableError

_SWITCH_POLL = 0.01  # seconds between two tries to switch a new database to WAL
_LOCK_WAIT = 15.0  # seconds a writer waits for another before it gives up
_MIGRATIONS = Path(__file__).parent / "migrations"

log = logging.getLogger(__name__)

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


class DatabaseError(UnavailableError):
    """The database cannot be reached, written or brought up to date."""


class UtcTime(sa.types.TypeDecorator[datetime]):
    """A moment in time; aware UTC going in and coming out on every database."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware time into UTC; raise ValueError for a naive one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"expected a time with a time zone, got {value!r}")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the stored time its time zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """Transactions over one SQLAlchemy engine; safe to share between threads."""

    def __init__(self, engine: sa.Engine) -> None:
        """Use ``open_database`` unless the engine is already set up."""
        self.engine = engine
        self._writing = engine.execution_options(faq_write=True)
        # SQLite's readers have one snapshot by nature; PostgreSQL's only when asked.
        self._reading = (
            engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            if engine.dialect.name == "postgresql"
            else engine
        )

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Yield a connection that sees one state of the data throughout."""
        with _translated(), self._reading.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Yield a connection whose changes become durable together when the block ends, or not at all."""
        with _translated(), self._writing.connect() as connection, connection.begin():
            yield connection

    def migrate(self) -> None:
        """Bring the schema to this version's; the first of several processes does it, the others wait.

        Raises DatabaseError when the schema is newer than this program or cannot be changed.
        """
        if self._schema() == head():
            return
        from knowledge.migrations import upgrade  # Alembic takes a while to import, and is rarely needed

        with _translated(), _one_migrator(self.engine), self._writing.connect() as connection:
            upgrade(connection)

    def check(self) -> None:
        """Raise DatabaseError unless the database answers and has this version's schema."""
        current = self._schema()
        if current != head():
            raise DatabaseError(
                f"The database has schema {current!r}, expected {head()!r}: run `faq doctor --migrate`."
            )

    def _schema(self) -> str | None:
        with self.read() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return None
            version: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
            return version

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def open_database(url: str) -> Database:
    """Open the database at an SQLAlchemy URL; nothing is connected or created yet.

    Raises ConfigurationError for a URL that cannot be used.
    """
    try:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() == "postgresql" and parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        arguments: dict[str, Any] = {"pool_pre_ping": True}
        written_as: dict[str, Any] = {"json_serializer": _json_text, "json_deserializer": orjson.loads}
        if parsed.get_backend_name() == "sqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise ConfigurationError(
                    "database_url names an SQLite database in memory; expected a file: sqlite:///path/to/faq.db"
                )
            arguments = {"connect_args": {"timeout": _LOCK_WAIT, "check_same_thread": False}}
        engine = sa.create_engine(parsed, **arguments, **written_as)
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError) as error:
        raise ConfigurationError(
            f"database_url cannot be used ({error}); expected sqlite:///path/to/faq.db or postgresql://user@host/name."
        ) from error
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"database_url needs the Python package {error.name!r}. "
            "Install it with: pip install 'faq-assistant[postgresql]'"
        ) from error
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    return Database(engine)


@cache
def head() -> str:
    """Return the schema of this version: the number that the last migration's file begins with."""
    return max(path.name for path in (_MIGRATIONS / "versions").glob("[0-9]*.py")).split("_")[0]


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


def _json_text(value: object) -> str:
    return orjson.dumps(value).decode()


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    raw = cast("Any", connection)
    raw.isolation_level = None  # we say BEGIN ourselves; the driver's own guesses break savepoints
    cursor = connection.cursor()
    for pragma in ("busy_timeout=15000", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    _use_wal(cursor)
    cursor.close()


def _use_wal(cursor: Any) -> None:  # noqa: ANN401 - what a driver's cursor is, is the driver's
    """Switch a database to WAL, once; where others open it at this moment, SQLite gives up instead of waiting."""
    if cursor.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
        return
    deadline = time.monotonic() + _LOCK_WAIT
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(_SWITCH_POLL)
        else:
            return


def _begin_sqlite(connection: sa.Connection) -> None:
    writing = connection.get_execution_options().get("faq_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what a database driver raises into errors of ours, except broken constraints: callers mean those."""
    try:
        yield
    except sa.exc.IntegrityError:
        raise
    except sa.exc.DBAPIError as error:
        raise DatabaseError(f"The database did not do as asked: {error.orig}. {_mend(str(error.orig))}") from error
    except sa.exc.TimeoutError as error:
        raise DatabaseError("All database connections are busy; try again in a moment.") from error


def _mend(message: str) -> str:
    if "full" in message or "No space left" in message:
        return "Free some space on the disk; nothing was half-written."
    if "readonly" in message or "unable to open" in message:
        return "Make the data directory exist and be writable for this user."
    if "locked" in message:
        return "Another process is writing for a long time; try again."
    if "malformed" in message or "not a database" in message:
        return "The file is damaged: restore it from a backup."
    return "Run `faq doctor`."


@contextmanager
def _one_migrator(engine: sa.Engine) -> Iterator[None]:
    if engine.dialect.name == "sqlite":
        lock = FileLock(f"{engine.url.database}.migrate.lock", timeout=_LOCK_WAIT)
        try:
            with lock:
                yield
        except Timeout as error:
            raise DatabaseError(
                "Another process is changing the database's schema; try again when it is done."
            ) from error
        except OSError as error:
            raise DatabaseError(
                f"Cannot write beside the database ({error.strerror}: {error.filename}). {_mend('readonly')}"
            ) from error
        return
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT pg_advisory_lock(4711)"))
        try:
            yield
        finally:
            connection.execute(sa.text("SELECT pg_advisory_unlock(4711)"))
            connection.rollback()
