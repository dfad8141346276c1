"""What happens when everything goes wrong at once: power cuts, full disks, two servers, everybody together."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from filelock import FileLock
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from assistant import ledger
from knowledge.errors import ConfigurationError
from tests.api.conftest import Serve
from tests.api.servers import LiveServer, fill, live_server, small_disk

ASKED = ["How do I return an item?", "Як вярнуць тавар?", "talk to a human", "qwzx plörf vnnk", "🙂"]


def storm(server: LiveServer, *, acknowledged: dict[str, tuple[dict[str, str], bytes]], stop: threading.Event) -> None:
    """Ask until the server is gone, noting what it acknowledged."""
    lane = threading.get_ident()
    number = 0
    with httpx.Client(base_url=server.client.base_url, timeout=30, trust_env=False) as client:
        while not stop.is_set():
            number += 1
            message_id = f"{lane}-{number}"
            body = {
                "question": ASKED[number % len(ASKED)],
                "message_id": message_id,
                "conversation_id": f"{lane}-{number // 7}",
            }
            try:
                response = client.post("/v1/answers", json=body)
            except httpx.HTTPError:
                return
            assert response.status_code == 200, response.text
            acknowledged[message_id] = (body, response.content)


def check_whole(data: Path) -> None:
    """Assert that answers and tickets belong together and that the database is sound."""
    with sqlite3.connect(data / "faq.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        lone_tickets = "SELECT id FROM tickets WHERE answer_id NOT IN (SELECT id FROM answers)"
        lone_answers = (
            "SELECT id FROM answers WHERE ticket_id IS NOT NULL AND ticket_id NOT IN (SELECT id FROM tickets)"
        )
        silent = "SELECT id FROM tickets WHERE id NOT IN (SELECT ticket_id FROM ticket_messages)"
        unexplained = "SELECT id FROM tickets WHERE id NOT IN (SELECT ticket_id FROM ticket_events)"
        for query in (lone_tickets, lone_answers, silent, unexplained):
            assert database.execute(query).fetchall() == [], query
    database.close()


def test_nothing_that_was_acknowledged_is_lost_when_the_process_is_killed(sample_data: Path) -> None:
    cut = 100  # answers
    acknowledged: dict[str, tuple[dict[str, str], bytes]] = {}
    stop = threading.Event()
    with live_server(sample_data) as server, ThreadPoolExecutor(8) as pool:
        lanes = [pool.submit(storm, server, acknowledged=acknowledged, stop=stop) for _ in range(8)]
        while len(acknowledged) < cut and not any(lane.done() for lane in lanes):
            time.sleep(0.001)
        server.kill()
        stop.set()
        for lane in lanes:
            lane.result(30)
    assert len(acknowledged) >= cut
    check_whole(sample_data)
    with live_server(sample_data) as server:
        tickets: set[str] = set()
        for body, content in acknowledged.values():
            retried = server.client.post("/v1/answers", json=body)
            assert (retried.status_code, retried.content) == (200, content)
            reply = json.loads(content)
            assert server.client.get(f"/v1/answers/{reply['id']}").json()["message_id"] == body["message_id"]
            if reply["ticket"] is not None:
                tickets.add(reply["ticket"]["id"])
        for id in tickets:
            assert server.client.get(f"/v1/tickets/{id}").status_code == 200
        assert server.stop() == 0
    check_whole(sample_data)


def test_a_server_that_is_asked_to_stop_finishes_what_it_began(sample_data: Path) -> None:
    acknowledged: dict[str, tuple[dict[str, str], bytes]] = {}
    stop = threading.Event()
    with live_server(sample_data) as server, ThreadPoolExecutor(4) as pool:
        lanes = [pool.submit(storm, server, acknowledged=acknowledged, stop=stop) for _ in range(4)]
        while len(acknowledged) < 20:
            time.sleep(0.001)
        assert server.stop() == 0
        stop.set()
        for lane in lanes:
            lane.result(30)
    check_whole(sample_data)


def test_two_servers_share_one_data_folder(sample_data: Path) -> None:
    with live_server(sample_data) as one, live_server(sample_data) as other:
        servers = [one, other]

        def ask(n: int) -> tuple[int, bytes]:
            body = {"question": ASKED[3], "message_id": f"m-{n // 4}"}
            response = servers[n % 2].client.post("/v1/answers", json=body)
            assert response.status_code == 200, response.text
            return n // 4, response.content

        with ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(ask, range(80)))
        assert len(set(replies)) == 20
        assert len(one.client.get("/v1/tickets", params={"limit": 500}).json()["items"]) == 20

        def claim(n: int) -> str:
            return str(servers[n % 2].client.post("/v1/tickets/claim-next", json={"agent": f"a{n % 4}"}).json()["id"])

        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(claim, range(20)))) == 20
        # A key made at one server closes the other's door to those without, soon.
        secret = one.client.post("/v1/keys", json={"scopes": ["admin"]}).json()["secret"]
        key = {"Authorization": f"Bearer {secret}"}
        deadline = time.monotonic() + 5
        while other.client.get("/v1/tickets").status_code != 401:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert other.client.get("/v1/tickets", headers=key).status_code == 200
    check_whole(sample_data)


def test_a_full_disk_is_a_503_with_the_mend_and_nothing_is_half_written(tmp_path: Path, sample_template: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=40) as disk:
        data = shutil.copytree(sample_template, disk / "data")
        settings = Settings(data_dir=data)
        with TestClient(
            create_app(settings), base_url="http://127.0.0.1", client=("127.0.0.1", 1), raise_server_exceptions=False
        ) as client:
            body = {"question": "qwzx plörf vnnk", "message_id": "before"}
            before = client.post("/v1/answers", json=body)
            assert before.status_code == 200
            filler = fill(disk)
            refused = []
            for n in range(300):
                response = client.post("/v1/answers", json={"question": f"qwzx plörf {n}", "message_id": f"m-{n}"})
                assert response.status_code in (200, 503), response.text
                if response.status_code == 503:
                    refused.append(f"m-{n}")
                    assert "Free some space" in response.json()["detail"]
                    assert response.headers["retry-after"]
                if len(refused) == 3:
                    break
            assert len(refused) == 3, "a disk without space took everything"
            file = {"file": ("a.csv", b"question,answer\n" + b"".join(b"q%d,a\n" % n for n in range(2_000)))}
            assert client.post("/v1/imports", files=file).status_code == 503
            assert client.post("/v1/answers", json=body).content == before.content, "reading needs no space"
            assert client.get("/livez").status_code == 200
            filler.unlink()
            for id in refused:
                response = client.post("/v1/answers", json={"question": f"qwzx plörf {id[2:]}", "message_id": id})
                assert response.status_code == 200, response.text
            assert client.post("/v1/answers", json=body).content == before.content
        check_whole(data)


def test_a_build_on_a_full_disk_fails_and_leaves_the_old_generation(tmp_path: Path, sample_template: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=40) as disk:
        data = shutil.copytree(sample_template, disk / "data")
        with TestClient(
            create_app(Settings(data_dir=data)), base_url="http://127.0.0.1", client=("127.0.0.1", 1)
        ) as client:
            text = {"en": {"question": "New?", "answer": "New."}}
            assert client.put("/v1/articles/new", json={"texts": text}).status_code == 201
            filler = fill(disk)
            with filler.open("r+b") as file:  # room for the build's own notes in the database
                file.truncate(filler.stat().st_size - 200_000)
            location = client.post("/v1/index-builds").headers["location"]
            deadline = time.monotonic() + 60
            while (state := client.get(location).json())["finished_at"] is None:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            assert state["state"] == "failed"
            assert "free some space" in state["error"].lower()
            assert client.post("/v1/answers", json={"question": "🙂"}).status_code == 200
            filler.unlink()
            assert client.post("/v1/answers", json={"question": ASKED[0]}).json()["generation"] == 1
        assert [path.name for path in (data / "generations").iterdir() if path.is_dir()] == ["000001"]


def test_a_data_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ConfigurationError, match=r"FAQ_DATA_DIR is .*file/data.*, which cannot be made"):
        start_and_stop(tmp_path / "file" / "data")


def test_a_data_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path, sample_template: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=40) as disk:
        data = shutil.copytree(sample_template, disk / "data")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(ConfigurationError, match=r"FAQ_DATA_DIR is .*, which this user may not write to"):
            start_and_stop(data)


def start_and_stop(data: Path) -> None:
    with TestClient(create_app(Settings(data_dir=data))):
        raise AssertionError("it started")


def test_a_database_file_that_is_none_is_one_clear_error(sample_data: Path) -> None:
    for path in sample_data.glob("faq.db*"):
        path.write_bytes(b"not a database " * 1_000)
    with pytest.raises(Exception, match=r"not a database\. The file is damaged: restore it from a backup"):
        start_and_stop(sample_data)


def test_answers_go_on_while_another_process_migrates_or_writes(client: TestClient, sample_data: Path) -> None:
    with FileLock(f"{sample_data / 'faq.db'}.migrate.lock"):
        assert client.post("/v1/answers", json={"question": ASKED[0]}).status_code == 200
    writer = sqlite3.connect(sample_data / "faq.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(client.post, "/v1/answers", json={"question": question}) for question in ASKED[:3]]
        assert client.get("/v1/tickets").status_code == 200, "a reader waited for a writer"
        assert client.get("/livez").status_code == 200
        time.sleep(0.3)
        assert not any(answer.done() for answer in waiting), "an answer went out before it was stored"
        writer.execute("COMMIT")
        assert [answer.result(20).status_code for answer in waiting] == [200] * 3
    writer.close()


def test_everything_at_once_breaks_nothing(client: TestClient, sample_data: Path) -> None:
    statuses: list[tuple[str, int]] = []
    chance = random.Random(7)
    plan = [chance.randrange(8) for _ in range(160)]

    def act(step: tuple[int, int]) -> None:
        n, kind = step
        tickets = [item["id"] for item in client.get("/v1/tickets", params={"limit": 5}).json()["items"]]
        id = tickets[n % len(tickets)] if tickets else "none"
        calls: list[tuple[str, str, Any]] = [
            (
                "POST",
                "/v1/answers",
                {"question": ASKED[n % 5], "message_id": f"m-{n // 2}", "conversation_id": f"c-{n % 3}"},
            ),
            ("POST", "/v1/answers", {"question": ASKED[3]}),
            ("POST", f"/v1/tickets/{id}/claim", {"agent": f"agent {n % 3}"}),
            ("POST", f"/v1/tickets/{id}/messages", {"body": "Hello."}),
            ("POST", f"/v1/tickets/{id}/solve", None),
            ("PATCH", f"/v1/tickets/{id}", {"status": "open"}),
            ("PUT", f"/v1/articles/a{n % 4}", {"texts": {"en": {"question": "Q?", "answer": f"Answer {n}."}}}),
            ("GET", "/v1/exports", None),
        ]
        method, path, body = calls[kind]
        response = client.request(method, path, json=body)
        statuses.append((f"{method} {path}: {response.text[:200]}", response.status_code))

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(act, enumerate(plan)))
    assert [status for status in statuses if status[1] >= 500] == []
    assert {status for _, status in statuses} <= {200, 201, 404, 409}
    check_whole(sample_data)


def test_a_backlog_that_is_full_turns_away_with_a_time_to_return(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "_BACKLOG", 1)
    client = serve()
    product = client.app.state.product  # type: ignore[attr-defined]
    with ThreadPoolExecutor(6) as pool:
        with product.database.write():  # nobody else can write meanwhile
            waiting = [pool.submit(client.post, "/v1/answers", json={"question": ASKED[0]}) for _ in range(6)]
            deadline = time.monotonic() + 10
            while sum(answer.done() for answer in waiting) < 4:
                assert time.monotonic() < deadline
                time.sleep(0.01)
        found = [answer.result(20) for answer in waiting]
    assert sorted(response.status_code for response in found) == [200, 200, 503, 503, 503, 503]
    refused = next(response for response in found if response.status_code == 503)
    assert refused.json()["type"] == "urn:faq-assistant:problem:backlog"
    assert refused.headers["retry-after"]
