"""A throw-away PostgreSQL cluster for the tests, on a UNIX socket in a temporary folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

_numbers = count(1)


def find_binaries() -> Path | None:
    """Return the folder that holds initdb and pg_ctl, the newest version's if there are several."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    packaged = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    return max(packaged, key=lambda path: float(path.parent.name), default=None)


class Cluster:
    """A running cluster that serves databases."""

    def __init__(self, socket: Path, user: str) -> None:
        self.socket = socket
        self.user = user

    def url(self, name: str) -> str:
        return f"postgresql://{self.user}@/{name}?host={self.socket}"

    def create(self) -> str:
        """Create an empty database and return its name."""
        name = f"faq_{next(_numbers)}"
        self._do(f'CREATE DATABASE "{name}" TEMPLATE template0')
        return name

    def drop(self, name: str) -> None:
        self._do(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def empty(self, name: str) -> None:
        """Take every row out of a migrated database and start its sequences again; far faster than a new copy.

        Connections that a test or a process it killed left open are ended first: they may hold locks.
        """
        with psycopg.connect(dbname=name, host=str(self.socket), user=self.user, autocommit=True) as connection:
            connection.execute("SET lock_timeout = '10s'")
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            tables = connection.execute(
                "SELECT quote_ident(tablename) FROM pg_tables "
                "WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
            ).fetchall()
            used = [
                table
                for (table,) in tables
                if connection.execute(f"SELECT 1 FROM {table} LIMIT 1".encode()).fetchone() is not None
            ]
            if used:
                connection.execute(f"TRUNCATE {', '.join(used)} CASCADE".encode())
            for (sequence,) in connection.execute(
                "SELECT quote_ident(sequencename) FROM pg_sequences "
                "WHERE schemaname = 'public' AND last_value IS NOT NULL"
            ).fetchall():
                connection.execute(f"ALTER SEQUENCE {sequence} RESTART".encode())

    def _do(self, statement: str) -> None:
        with psycopg.connect(dbname="postgres", host=str(self.socket), user=self.user, autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def running_cluster(binaries: Path) -> Iterator[Cluster]:
    """Start a cluster and yield it; it is stopped and removed at the end.

    PostgreSQL refuses to run as root; then everything is done as the user ``postgres``. The cluster
    sorts text by ICU's English rules, which differ from byte order: the harder case of the two.
    """
    as_root = os.getuid() == 0
    user = "postgres" if as_root else os.environ.get("USER", "faq")
    # A UNIX socket's path may have about 100 characters: pytest's own temporary folders are too deep.
    folder = Path(tempfile.mkdtemp(prefix="faqpg"))
    data = folder / "data"
    if as_root:
        shutil.chown(folder, user)
    try:
        sorting = ["--locale=C", "--locale-provider=icu", "--icu-locale=en"]
        _as_user(
            as_root,
            [str(binaries / "initdb"), "-D", str(data), "-U", user, "-A", "trust", "-E", "UTF8", "--no-sync", *sorting],
        )
        settings = (
            f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off -c full_page_writes=off "
            "-c shared_buffers=32MB -c max_connections=60 -c autovacuum=off"
        )
        _as_user(
            as_root,
            [str(binaries / "pg_ctl"), "-D", str(data), "-l", str(folder / "log"), "-o", settings, "-w", "start"],
        )
        try:
            yield Cluster(folder, user)
        finally:
            _as_user(as_root, [str(binaries / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_user(as_root: bool, command: Sequence[str]) -> None:
    prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if as_root else []
    done = subprocess.run(
        [*prefix, *command], capture_output=True, text=True, cwd="/", check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed with {done.returncode}:\n{done.stdout}\n{done.stderr}")
