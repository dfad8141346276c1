"""Replays and evaluations have threads of their own: customers do not wait for them, and too many are refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.inspections import THREADS, WAITING, Inspections, InspectionsBusyError
from index.generation import Generation
from index.generations import Generations
from tests.api.test_answers import ask
from tests.api.test_index_builds import until
from tests.api.test_replays import generation as generation

BUSY = "urn:faq-assistant:problem:inspections-busy"
PLACES = THREADS + WAITING
PATIENCE = 20.0  # seconds; what has to wait for a thread that is parked never comes


@pytest.fixture
def inspections() -> Iterator[Inspections]:
    made = Inspections(threads=1, waiting=2)
    yield made
    made.close()


@contextmanager
def parked(client: TestClient, number: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Future[int]]]:
    """Send as many replays of a generation that is not loaded as there are places; it loads until the end."""
    reply, load = ask(client, "How do I return an item?"), Generations.load
    begun, go_on = threading.Event(), threading.Event()

    def held(self: Generations, wanted: int) -> Generation:
        begun.set()
        assert go_on.wait(3 * PATIENCE)
        return load(self, wanted)

    def replay() -> int:
        return client.post(f"/v1/answers/{reply['id']}/replay", json={"generation": number}).status_code

    inspections: Any = client.app.state.inspections  # type: ignore[attr-defined]
    with ThreadPoolExecutor(PLACES) as pool:
        monkeypatch.setattr(Generations, "load", held)
        try:
            sent = [pool.submit(replay) for _ in range(PLACES)]
            assert begun.wait(PATIENCE)
            until(lambda: inspections._count == PLACES, seconds=PATIENCE)
            yield sent
        finally:
            go_on.set()


def test_questions_of_a_conversation_are_answered_while_replays_load(
    generation: int, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = {"question": "How do I return an item?", "conversation_id": "c-1", "channel": "chat"}
    with ThreadPoolExecutor(1) as pool, parked(client, generation, monkeypatch) as replays:
        answered = pool.submit(client.post, "/v1/answers", json=question)
        assert answered.result(PATIENCE).status_code == 200
        assert not any(replay.done() for replay in replays)
    assert {replay.result() for replay in replays} == {200}


def test_more_than_can_wait_are_refused_until_there_is_room(
    generation: int, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = ask(client, "How do I return an item?")
    evaluation = {"items": [{"question": "How do I return an item?", "article_id": "returns"}]}
    with parked(client, generation, monkeypatch) as replays:
        for path, body in ((f"/v1/answers/{reply['id']}/replay", {}), ("/v1/evaluations", evaluation)):
            refused = client.post(path, json=body)
            assert (refused.status_code, refused.json()["type"]) == (503, BUSY), path
            assert "Try again" in refused.json()["detail"]
            assert int(refused.headers["retry-after"]) >= 1
    wait(replays)
    assert client.post("/v1/evaluations", json=evaluation).status_code == 200, "the one that was refused blocks it"
    assert client.post(f"/v1/answers/{reply['id']}/replay", json={}).status_code == 200


def test_a_place_is_free_again_whatever_became_of_the_work(inspections: Inspections) -> None:
    go_on = threading.Event()
    first = inspections.submit(go_on.wait, PATIENCE)
    given_up, failing = inspections.submit(int, "1"), inspections.submit(int, "no number")
    with pytest.raises(InspectionsBusyError, match="Try again"):
        inspections.submit(int, "1")
    assert given_up.cancel()
    last = inspections.submit(int, "7")
    go_on.set()
    assert (first.result(PATIENCE), last.result(PATIENCE)) == (True, 7)
    with pytest.raises(ValueError, match="no number"):
        failing.result(PATIENCE)
    assert [inspections.submit(int, str(number)).result(PATIENCE) for number in range(9)] == list(range(9))


def test_work_knows_the_context_of_its_caller(inspections: Inspections) -> None:
    name = ContextVar("name", default="nobody")
    name.set("anna")
    assert inspections.submit(name.get).result(PATIENCE) == "anna"
