"""Builds and generations over HTTP, with real build processes, while customers go on asking."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from api.product import Product
from api.settings import Settings
from assistant import build_process as process_module
from index.builder import build
from index.encoding import Encoder
from knowledge.article import make_article
from tests.api.conftest import Serve

PATIENCE = 60.0  # seconds; a build of the sample takes two, on a busy machine ten
QUESTION = "Do you sell left-handed teapots?"
ARTICLE = {"texts": {"en": {"question": QUESTION, "answer": "Every Thursday."}}}


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Return the build processes as they are started; none outlives its test."""
    started: list[subprocess.Popen[bytes]] = []

    class Watched(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            started.append(self)

    monkeypatch.setattr(process_module.subprocess, "Popen", Watched)
    yield started
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait(10)


def until(condition: Callable[[], Any], *, seconds: float = PATIENCE, pause: float = 0.02) -> Any:
    """Return what the condition gives once that is true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"nothing came within {seconds} seconds"
        time.sleep(pause)
    return found


def start(client: TestClient) -> str:
    """Ask for a build; return where it can be followed."""
    response = client.post("/v1/index-builds")
    assert response.status_code == 202, response.text
    assert response.headers["location"] == f"/v1/index-builds/{response.json()['id']}"
    return response.headers["location"]


def finished(client: TestClient, location: str) -> dict[str, Any]:
    def state() -> dict[str, Any] | None:
        found: dict[str, Any] = client.get(location).json()
        return found if found["finished_at"] is not None else None

    found: dict[str, Any] = until(state, pause=0.1)
    return found


def answer(client: TestClient, question: str = "How do I return an item?") -> dict[str, Any]:
    response = client.post("/v1/answers", json={"question": question})
    assert response.status_code == 200, response.text
    reply: dict[str, Any] = response.json()
    return reply


@contextmanager
def hammering(client: TestClient) -> Iterator[list[dict[str, Any]]]:
    """Ask without a pause from two threads; yield the replies, each with the seconds it took."""
    replies: list[dict[str, Any]] = []
    failures: list[str] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            began = time.perf_counter()
            response = client.post("/v1/answers", json={"question": "How do I return an item?"})
            if response.status_code == 200:
                replies.append({**response.json(), "seconds": time.perf_counter() - began})
            else:
                failures.append(response.text)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield replies
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)
    assert failures == []


class OtherEncoder:
    """An encoder of the same size and another making."""

    digest = "0" * 64

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)


def second_generation(data: Path, *, disguise: Callable[[Encoder], Any] = lambda encoder: encoder) -> None:
    """Build another generation that knows one more article, by other hands than the server's."""
    product = Product(Settings(data_dir=data))
    product.store.put(make_article(id="teapots", **ARTICLE), by="test")  # type: ignore[arg-type]
    build(product.generations, product.store, disguise(product.encoder))
    product.close()


def test_a_build_is_followed_to_its_end_while_customers_are_answered(
    client: TestClient, processes: list[subprocess.Popen[bytes]]
) -> None:
    assert client.put("/v1/articles/teapots", json=ARTICLE).status_code == 201
    assert answer(client, QUESTION)["reason"] != "exact", "an article answers before it is indexed"
    with hammering(client) as replies:
        location = start(client)
        with ThreadPoolExecutor(1) as pool:
            events = pool.submit(client.get, f"{location}/events")
            second = client.post("/v1/index-builds")
            assert (second.status_code, second.json()["type"]) == (409, "urn:faq-assistant:problem:build-running")
            done = finished(client, location)
            streamed = events.result(PATIENCE)
        until(lambda: any(reply["generation"] == 2 for reply in list(replies)))
    assert (done["state"], done["generation"], done["error"]) == ("active", 2, None)
    assert done["counts"]["articles"] == 69
    assert done["counts"]["encoded"] == 2, "what did not change was encoded again"
    assert done["created_at"] <= done["started_at"] <= done["finished_at"]
    assert [process.wait(10) for process in processes] == [0]

    assert streamed.headers["content-type"].startswith("text/event-stream")
    told = [orjson.loads(block.split("data: ", 1)[1]) for block in streamed.text.split("\n\n") if block]
    assert all(block.startswith("event: build\n") for block in streamed.text.split("\n\n") if block)
    assert told[-1]["state"] == "active"
    assert {one["id"] for one in told} == {done["id"]}

    assert len(replies) > 20
    assert {(reply["decision"], reply["answer"]["article_id"]) for reply in replies} == {("answered", "returns")}
    generations = [reply["generation"] for reply in replies]
    assert set(generations) == {1, 2}
    assert max(reply["seconds"] for reply in replies) < 5, "a customer waited for the build"
    assert answer(client, QUESTION)["answer"]["text"] == "Every Thursday."
    assert [build["id"] for build in client.get("/v1/index-builds").json()["items"]] == [done["id"]]
    assert client.get(f"{location}/events").text.count("event: build") == 1
    assert client.post(f"{location}/cancel").json() == done


def test_a_build_that_is_cancelled_leaves_nothing_behind(
    client: TestClient, sample_data: Path, processes: list[subprocess.Popen[bytes]]
) -> None:
    client.put("/v1/articles/teapots", json=ARTICLE)
    location = start(client)
    asked = client.post(f"{location}/cancel")
    assert (asked.status_code, asked.json()["cancel_requested"]) == (200, True)
    done = finished(client, location)
    assert (done["state"], done["generation"]) == ("cancelled", None)
    assert answer(client)["generation"] == 1
    assert [path.name for path in (sample_data / "generations").iterdir() if path.is_dir()] == ["000001"]
    assert [process.wait(10) for process in processes] == [1]


def test_a_build_of_nothing_fails_with_the_mend(
    serve: Serve, tmp_path: Path, processes: list[subprocess.Popen[bytes]]
) -> None:
    client = serve(data_dir=tmp_path / "empty")
    done = finished(client, start(client))
    assert (done["state"], done["generation"]) == ("failed", None)
    assert "Import some first" in done["error"]
    assert client.get("/v1/generations").json()["items"] == []


def test_a_build_process_that_is_killed_is_seen_as_failed_and_the_old_generation_answers(
    client: TestClient, processes: list[subprocess.Popen[bytes]]
) -> None:
    rows = "".join(
        f"k{n},What about the number {n} of many?,It is number {n}. {'And so on. ' * 40}\n" for n in range(3_000)
    )
    client.post("/v1/imports", files={"file": ("a.csv", f"id,question,answer\n{rows}".encode())})
    location = start(client)
    until(lambda: client.get(location).json()["state"] == "running", pause=0.005)
    os.kill(processes[0].pid, signal.SIGKILL)
    processes[0].wait(10)
    done = finished(client, location)
    assert (done["state"], done["generation"]) == ("failed", None)
    assert "start the build again" in done["error"]
    assert answer(client)["generation"] == 1
    again = finished(client, start(client))
    assert (again["state"], again["counts"]["articles"]) == ("active", 3_068)


def test_a_generation_that_another_process_activates_answers_within_two_seconds(
    client: TestClient, sample_data: Path
) -> None:
    second_generation(sample_data)
    until(lambda: answer(client, QUESTION)["reason"] == "exact", seconds=2)
    code = (
        "import sys; from pathlib import Path; from index.generations import Generations; "
        "Generations(Path(sys.argv[1])).activate(1)"
    )
    subprocess.run([sys.executable, "-c", code, str(sample_data / "generations")], check=True, timeout=PATIENCE)
    until(lambda: answer(client)["generation"] == 1, seconds=2)


def test_generations_are_listed_activated_and_rolled_back(client: TestClient, sample_data: Path) -> None:
    second_generation(sample_data)
    until(lambda: answer(client)["generation"] == 2, seconds=2)
    listed = client.get("/v1/generations").json()["items"]
    assert [(one["number"], one["is_active"], one["articles"]) for one in listed] == [(2, True, 69), (1, False, 68)]
    back = client.post("/v1/generations/rollback")
    assert (back.status_code, back.json()["generation"]) == (200, 1)
    assert answer(client)["generation"] == 1, "the server that rolled back must answer with it at once"
    assert client.post("/v1/generations/rollback").status_code == 409
    forward = client.post("/v1/generations/2/activate").json()
    assert (forward["generation"], forward["previous"]) == (2, [1])
    assert client.post("/v1/generations/2/activate").json() == forward
    assert answer(client)["generation"] == 2
    assert client.post("/v1/generations/3/activate").status_code == 404
    assert answer(client)["generation"] == 2


def spoil(folder: Path) -> None:
    """Change one byte in the middle of a generation's largest file."""
    file = max(
        (path for path in folder.iterdir() if path.name != "manifest.json"), key=lambda path: path.stat().st_size
    )
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)


def test_a_damaged_generation_is_not_activated(client: TestClient, sample_data: Path) -> None:
    second_generation(sample_data)
    client.post("/v1/generations/rollback")
    spoil(sample_data / "generations" / "000002")
    refused = client.post("/v1/generations/2/activate")
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:faq-assistant:problem:generation-damaged")
    assert answer(client)["generation"] == 1
    assert client.get("/readyz").json()["status"] == "ok"


def test_a_generation_of_another_encoder_is_not_activated(client: TestClient, sample_data: Path) -> None:
    second_generation(sample_data, disguise=OtherEncoder)
    until(lambda: client.get("/readyz").json()["status"] == "degraded", seconds=2)
    assert answer(client)["generation"] == 1, "what cannot be searched took the place of what can"
    client.post("/v1/generations/rollback")
    refused = client.post("/v1/generations/2/activate")
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:faq-assistant:problem:encoder-mismatch")
    assert client.get("/v1/generations").json()["items"][1]["is_active"]
    assert client.get("/readyz").json()["status"] == "ok"


def test_a_server_whose_active_generation_is_damaged_answers_with_the_one_before_and_says_so(
    serve: Serve, sample_data: Path
) -> None:
    second_generation(sample_data)
    spoil(sample_data / "generations" / "000002")
    client = serve()
    assert answer(client)["generation"] == 1
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    part = ready.json()["parts"]["generation"]
    assert (part["status"], part["number"]) == ("degraded", 1)
    assert "Generation 2 is damaged" in part["detail"]


def test_a_server_without_any_intact_generation_starts_and_says_so(serve: Serve, sample_data: Path) -> None:
    spoil(sample_data / "generations" / "000001")
    client = serve()
    refused = client.post("/v1/answers", json={"question": "How do I return an item?"})
    assert refused.status_code == 503
    assert client.post("/v1/answers", json={"question": "talk to a human"}).json()["reason"] == "person_requested"
    assert client.get("/readyz").status_code == 503
