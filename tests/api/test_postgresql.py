"""The API on PostgreSQL: the same answers, and nothing that only SQLite forgives."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from knowledge.sample import sample_articles
from tests.postgresql import Cluster


@pytest.fixture(scope="module")
def on_postgresql(
    postgresql: Cluster, sample_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[TestClient]]:
    """Yield clients of two applications on one PostgreSQL database with the sample shop."""
    name = postgresql.create()
    data = tmp_path_factory.mktemp("data")
    shutil.copytree(sample_template / "generations", data / "generations")
    settings = Settings(data_dir=data, database_url=postgresql.url(name))
    address = ("127.0.0.1", 1)
    with (
        TestClient(
            create_app(settings), base_url="http://127.0.0.1", client=address, raise_server_exceptions=False
        ) as one,
        TestClient(
            create_app(settings), base_url="http://127.0.0.1", client=address, raise_server_exceptions=False
        ) as other,
    ):
        files = {"file": ("sample.jsonl", sample_articles())}
        assert one.post("/v1/imports", files=files).json()["created"] > 0
        yield [one, other]
    postgresql.drop(name)


def test_it_is_ready_and_says_what_it_runs_on(on_postgresql: list[TestClient]) -> None:
    found = on_postgresql[0].get("/readyz").json()
    assert (found["status"], found["parts"]["database"]["kind"]) == ("ok", "postgresql")


def test_equal_messages_at_two_servers_make_one_ticket(on_postgresql: list[TestClient]) -> None:
    def ask(n: int) -> bytes:
        body = {"question": "qwzx plörf vnnk", "message_id": f"m-{n // 6}", "channel": "twice"}
        response = on_postgresql[n % 2].post("/v1/answers", json=body)
        assert response.status_code == 200, response.text
        return response.content

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(60)))) == 10
    listed = on_postgresql[0].get("/v1/tickets", params={"channel": "twice", "limit": 500}).json()["items"]
    assert len(listed) == 10

    def claim(n: int) -> str:
        body = {"agent": f"agent {n}", "channels": ["twice"]}
        return str(on_postgresql[n % 2].post("/v1/tickets/claim-next", json=body).json()["id"])

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(claim, range(10)))) == 10


def test_a_conversation_is_asked_back_on_once_and_its_decisions_replayed(on_postgresql: list[TestClient]) -> None:
    one, other = on_postgresql
    asked = one.post("/v1/answers", json={"question": "refund", "conversation_id": "back", "language": "en"}).json()
    assert asked["decision"] == "clarify"
    tap = {"choice": asked["choices"][0]["article_id"], "conversation_id": "back"}
    chosen = other.post("/v1/answers", json=tap).json()
    assert chosen["decision"] == "answered"
    assert one.post("/v1/answers", json=tap).status_code == 422
    for reply in (asked, chosen):
        replay = other.post(f"/v1/answers/{reply['id']}/replay").json()
        assert replay["before"]["decision"] == replay["after"]["decision"] == reply["decision"]


def test_an_agents_day(on_postgresql: list[TestClient]) -> None:
    one, other = on_postgresql
    reply = one.post("/v1/answers", json={"question": "How do I return an item?", "conversation_id": "c"}).json()
    assert reply["decision"] == "answered"
    told = other.post(f"/v1/answers/{reply['id']}/feedback", json={"helpful": False, "comment": "no"}).json()
    path = f"/v1/tickets/{told['ticket']['id']}"
    tag = one.post(f"{path}/claim", json={"agent": "Olga"}).headers["etag"]
    assert other.patch(path, json={"priority": "high"}, headers={"If-Match": '"1"'}).status_code == 412
    assert other.patch(path, json={"priority": "high"}, headers={"If-Match": tag}).status_code == 200
    assert one.post(f"{path}/messages", json={"body": "Like this."}).status_code == 201
    assert one.post(f"{path}/solve").json()["status"] == "solved"
    assert one.get(f"{path}/suggestions").status_code == 200
    assert other.get(f"/v1/answers/{reply['id']}").json()["feedback"]["comment"] == "no"
    assert one.get("/metrics").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/answers", {"question": "a\x00b \x00"}),
        ("POST", "/v1/answers", {"question": "a", "customer": {"name": "\x00"}}),
        ("POST", "/v1/answers", {"question": "a", "conversation_id": "\x00"}),
        ("POST", "/v1/answers", {"question": "a", "message_id": "a\x00"}),
        ("POST", "/v1/answers", {"question": "a", "channel": "a\x00"}),
        ("POST", "/v1/answers", {"question": "a", "tags": ["a\x00"]}),
        ("POST", "/v1/answers", {"choice": "a\x00", "conversation_id": "c"}),
        ("POST", "/v1/tickets", {"question": "a\x00"}),
        ("POST", "/v1/tickets", {"question": "a", "conversation_id": "a\x00"}),
        ("POST", "/v1/tickets", {"question": "a", "tags": ["a\x00"]}),
        ("POST", "/v1/tickets/claim-next", {"agent": "a\x00"}),
        ("POST", "/v1/tickets/claim-next", {"channels": ["a\x00"]}),
        ("PUT", "/v1/articles/a", {"texts": {"en": {"question": "a\x00", "answer": "b"}}}),
        ("PUT", "/v1/articles/a", {"texts": {"en\x00": {"question": "a", "answer": "b"}}}),
        ("PUT", "/v1/articles/a", {"texts": {"en": {"question": "a", "answer": "b"}}, "url": "https://a\x00"}),
        ("POST", "/v1/keys", {"scopes": ["ask"], "name": "a\x00"}),
        ("POST", "/v1/keys", {"scopes": ["ask"], "channel": "a\x00"}),
        ("GET", "/v1/answers/%00", None),
        ("GET", "/v1/tickets?q=%00", None),
        ("GET", "/v1/tickets?assignee=%00", None),
        ("GET", "/v1/articles?tag=%00", None),
        ("GET", "/v1/articles?cursor=WyJcdTAwMDAiXQ", None),
        ("GET", "/v1/imports/%00", None),
        ("GET", "/v1/index-builds/%00", None),
        ("DELETE", "/v1/keys/%00", None),
        ("GET", "/v1/answers/" + "x" * 5_000, None),
        ("GET", "/v1/index-builds/" + "é" * 500, None),
    ],
)
def test_what_postgresql_cannot_store_is_never_a_failure_of_the_server(
    on_postgresql: list[TestClient], method: str, path: str, body: Any
) -> None:
    response = on_postgresql[0].request(method, path, json=body)
    assert response.status_code < 500, response.text


def test_what_is_exported_is_imported_as_the_same(on_postgresql: list[TestClient]) -> None:
    exported = on_postgresql[0].get("/v1/exports", params={"format": "csv"}).content
    report = on_postgresql[1].post("/v1/imports", files={"file": ("a.csv", exported)}).json()
    assert (report["created"], report["changed"], report["rejected"]) == (0, 0, 0)
