"""What every test gets: no network, and a database of each kind that this machine can run."""

from __future__ import annotations

import gc
import os
import shutil
import socket
from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from knowledge.database import Database, open_database
from tests.postgresql import Cluster, find_binaries, running_cluster


def _is_local(host: object) -> bool:
    if host in (None, "", "localhost", b"localhost"):
        return True
    name = host.decode() if isinstance(host, bytes) else str(host)
    try:
        return ip_address(name.split("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Refuse every connection and look-up but loopback and UNIX sockets."""
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def check(family: int, address: Any) -> None:
        if family in (socket.AF_INET, socket.AF_INET6) and not _is_local(address[0]):
            raise RuntimeError(f"a test tried to reach {address!r}; tests have no network but loopback")

    def local_connect(self: socket.socket, address: Any) -> None:
        check(self.family, address)
        connect(self, address)

    def local_connect_ex(self: socket.socket, address: Any) -> int:
        check(self.family, address)
        return connect_ex(self, address)

    def local_look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        check(socket.AF_INET, (host,))
        return look_up(host, *args, **kwargs)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", local_connect)
    patch.setattr(socket.socket, "connect_ex", local_connect_ex)
    patch.setattr(socket, "getaddrinfo", local_look_up)
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="session")
def no_apertium() -> Iterator[None]:
    """Leave the system's Apertium alone, whose pairs would be tried in the background of every product."""
    patch = pytest.MonkeyPatch()
    patch.setenv("FAQ_APERTIUM", "off")
    yield
    patch.undo()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test an id of its own: schemathesis gives those of all operations one, and workers go by ids.

    Without it all but one of them would be left out, and nobody told.
    """
    ids = Counter(item.nodeid for item in items)
    for item in items:
        if ids[item.nodeid] > 1:
            assert item.parent is not None
            item._id = item.parent.id.child(item.name)
    repeated = [id for id, count in Counter(item.nodeid for item in items).items() if count > 1]
    assert not repeated, f"several tests have the id {repeated[0]}"


@pytest.fixture(autouse=True, scope="module")
def tidied() -> Iterator[None]:
    """Give back what a module's applications held: they refer to themselves, and each holds an index."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """Yield a running throw-away PostgreSQL cluster; skip, or fail under CI, where it is not installed."""
    binaries = find_binaries()
    if binaries is None:
        reason = "PostgreSQL's initdb and pg_ctl are not installed"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}; CI must test both databases")
        pytest.skip(reason)
    with running_cluster(binaries) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an SQLite file with the whole schema, to copy instead of migrating again."""
    path = tmp_path_factory.mktemp("template") / "faq.db"
    database = open_database(f"sqlite:///{path}")
    database.migrate()
    database.close()  # the last connection folds the WAL into the file
    return path


@pytest.fixture(scope="session")
def migrated_name(postgresql: Cluster) -> str:
    """Return the name of a PostgreSQL database with the whole schema; each test leaves it empty."""
    name = postgresql.create()
    database = open_database(postgresql.url(name))
    database.migrate()
    database.close()
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Yield the URL of a database without any schema, of each kind in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'faq.db'}"
        return
    cluster = request.getfixturevalue("postgresql")
    name = cluster.create()
    yield cluster.url(name)
    cluster.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Yield the URL of a migrated, otherwise empty database of each kind in turn.

    PostgreSQL's is emptied afterwards and used again: a test that changes the schema must migrate
    one of its own from ``empty_database_url``.
    """
    if request.param == "sqlite":
        path = tmp_path / "faq.db"
        shutil.copyfile(request.getfixturevalue("migrated_file"), path)
        yield f"sqlite:///{path}"
        return
    cluster = request.getfixturevalue("postgresql")
    name = request.getfixturevalue("migrated_name")
    yield cluster.url(name)
    cluster.empty(name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Yield a migrated, otherwise empty database of each kind in turn."""
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_database(migrated_file: Path, tmp_path: Path) -> Iterator[Database]:
    """Yield a migrated, otherwise empty SQLite database, where the kind does not matter."""
    path = tmp_path / "faq.db"
    shutil.copyfile(migrated_file, path)
    opened = open_database(f"sqlite:///{path}")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def sample_template(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with the sample shop imported and indexed, to copy."""
    from api.product import Product
    from api.settings import Settings
    from index.builder import build
    from knowledge.sample import sample_articles

    folder = tmp_path_factory.mktemp("sample")
    shutil.copyfile(migrated_file, folder / "faq.db")
    product = Product(Settings(data_dir=folder))
    product.importer.run(sample_articles(), filename="articles.jsonl", by="tests")
    build(product.generations, product.store, product.encoder)
    product.close()
    return folder


@pytest.fixture
def sample_data(sample_template: Path, tmp_path: Path) -> Path:
    """Return a data folder of the test's own with the sample shop imported and indexed."""
    return shutil.copytree(sample_template, tmp_path / "data")
