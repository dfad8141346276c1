"""The API as its callers meet it: HTTP requests to the application on the sample shop."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings

Serve = Callable[..., TestClient]

LOOPBACK = ("127.0.0.1", 50_000)


@pytest.fixture
def serve(sample_data: Path) -> Iterator[Serve]:
    """Return a function that starts the application with settings and gives a client on this machine."""
    clients: list[TestClient] = []

    def started(*, caller: str = LOOPBACK[0], **settings: object) -> TestClient:
        app = create_app(Settings(**{"data_dir": sample_data, **settings}))  # type: ignore[arg-type]
        client = TestClient(
            app, base_url="http://127.0.0.1", client=(caller, LOOPBACK[1]), raise_server_exceptions=False
        )
        client.__enter__()
        clients.append(client)
        return client

    yield started
    for client in clients:
        client.__exit__()


@pytest.fixture
def client(serve: Serve) -> TestClient:
    """Return a client of a running application with the sample shop and the default settings."""
    return serve()


@pytest.fixture(scope="module")
def shared(sample_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Yield a client of one application for all tests of a module that do not mind what others left."""
    data = shutil.copytree(sample_template, tmp_path_factory.mktemp("shared") / "data")
    app = create_app(Settings(data_dir=data))
    with TestClient(app, base_url="http://127.0.0.1", client=LOOPBACK, raise_server_exceptions=False) as client:
        yield client
