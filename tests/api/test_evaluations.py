"""Evaluations over HTTP: of what is sent or stored, as JSON or as a page, one at a time, beside customers."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from starlette.testclient import TestClient

from api import evaluating
from api.models import EvaluationModel
from api.product import Product
from api.routes import evaluations
from index.builder import build
from knowledge.golden import MAX_FILE_SIZE
from knowledge.sample import golden_questions
from tests.api.conftest import Serve

PATH = "/v1/evaluations"
ITEMS: list[dict[str, Any]] = [
    {"question": "How do I return an item?", "article_id": "returns", "language": "en", "channel": "email"},
    {"question": "Як вярнуць тавар?", "article_id": "returns"},
    {"question": "are you on mars"},
]


def test_sent_questions_are_asked_and_nothing_is_stored(shared: TestClient) -> None:
    before = len(shared.get("/v1/tickets").json()["items"])
    response = shared.post(PATH, json={"items": ITEMS})
    assert response.status_code == 200
    told = response.json()
    EvaluationModel.model_validate(told)
    assert (told["questions"], told["in_scope"], told["generation"]) == (3, 2, 1)
    assert told["measures"]["accuracy"]["count"] == 2
    assert [group["name"] for group in told["by_language"]][:2] == ["en", "be"]
    assert {group["name"] for group in told["by_channel"]} == {"email", None}
    assert shared.get("/v1/golden-questions").json()["items"] == []
    assert len(shared.get("/v1/tickets").json()["items"]) == before


def test_a_table_and_the_query_say_the_same(shared: TestClient) -> None:
    rows = ["How do I return an item?,returns,en,email", "Як вярнуць тавар?,returns,,", "are you on mars,,,"]
    table = "\n".join(["question,article_id,language,channel", *rows]).encode()
    headers = {"Content-Type": "text/csv"}
    of_table = shared.post(PATH, params={"target": 0.9}, content=table, headers=headers).json()
    assert of_table == shared.post(PATH, json={"items": ITEMS, "target": 0.9}).json()
    assert of_table["target"] == 0.9


def test_columns_that_were_not_read_are_noted(shared: TestClient) -> None:
    response = shared.post(PATH, content=b"question,article\nHow?,returns\n", headers={"Content-Type": "text/csv"})
    assert "Column 'article' is not known and was not read" in response.json()["notes"][0]


def test_an_empty_body_asks_the_stored_questions(client: TestClient) -> None:
    response = client.post(PATH)
    assert (response.status_code, response.json()["type"]) == (409, "urn:faq-assistant:problem:no-questions")
    client.app.state.product.golden.replace(golden_questions()[:20])  # type: ignore[attr-defined]
    assert client.post(PATH).json()["questions"] == 20
    assert client.post(PATH, json={}).json()["questions"] == 20
    assert client.post(PATH, json={"items": []}).status_code == 409


def test_a_page_is_given_to_those_who_wish_it(shared: TestClient) -> None:
    response = shared.post(PATH, json={"items": ITEMS}, headers={"Accept": "text/html"})
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    assert response.text.startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("accept", "is_page"),
    [
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("text/html", True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("text/html;q=0.5, application/json", False),
        ("text/html, application/*;q=0.1", True),
        ("text/html;q=0.1, */*", False),
        ("text/html;q=nonsense, ;;,", False),
        ("text/html;q=nan", False),
        ("TEXT/HTML ; Q=0.7", True),
    ],
)
def test_wishes_are_weighed(accept: str, is_page: bool) -> None:
    assert evaluations._prefers_html(accept) is is_page


def test_generations_are_compared(client: TestClient) -> None:
    product: Product = client.app.state.product  # type: ignore[attr-defined]
    product.store.delete("returns", by="tests")
    build(product.generations, product.store, product.encoder, activate=False)
    told = client.post(PATH, json={"items": ITEMS, "compare": 2}).json()
    assert (told["generation"], told["comparison"]["generation"]) == (1, 2)
    assert told["comparison"]["broken"]["count"] == 2
    EvaluationModel.model_validate(told)
    turned = client.post(PATH, json={"items": ITEMS, "generation": 2, "compare": 1}).json()
    assert (turned["generation"], turned["comparison"]["mended"]["count"]) == (2, 2)


@pytest.mark.parametrize("body", [{"generation": 7}, {"compare": 7}])
def test_a_generation_that_is_not_kept_is_not_found(shared: TestClient, body: dict[str, int]) -> None:
    response = shared.post(PATH, json={"items": ITEMS, **body})
    assert (response.status_code, response.json()["type"]) == (404, "urn:faq-assistant:problem:generation-not-found")
    assert shared.post(PATH, json={"items": ITEMS}).status_code == 200  # nothing is left locked


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"{", 422, "body"),
        (b"[]", 422, "body"),
        (b"null", 422, "body"),
        (b"\xff\xfe", 422, "body"),
        (b'{"items": [{"question": ""}]}', 422, "items.0.question"),
        (b'{"items": [{"question": "a\\u0000"}]}', 422, "items.0.question"),
        (b'{"items": [{"question": "a", "language": "x!"}]}', 422, "items.0.language"),
        (b'{"items": [{"question": "a"}, {"question": "a", "article_id": "b"}]}', 422, "body"),
        (b'{"items": [{"question": "a", "more": 1}]}', 422, "items.0.more"),
        (b'{"generation": 0}', 422, "generation"),
        (b'{"compare": 1.5}', 422, "compare"),
        (b'{"target": 1}', 422, "target"),
        (b'{"target": 0.1}', 422, "target"),
        (b'{"compare": "embedded"}', 422, "compare"),
        (b"x" * (MAX_FILE_SIZE + 1), 413, "body"),
    ],
)
def test_what_cannot_be_used_is_named(shared: TestClient, body: bytes, status: int, field: str) -> None:
    response = shared.post(PATH, content=body)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (status, field), response.text[:500]


def test_a_table_that_cannot_be_used_is_named(shared: TestClient) -> None:
    response = shared.post(PATH, content=b"text\nHow?\n", headers={"Content-Type": "text/csv"})
    assert response.status_code == 422
    assert "column 'question' is missing" in response.json()["detail"]
    assert shared.post(PATH, params={"generation": "x"}).status_code == 422


def test_there_is_one_at_a_time_and_customers_are_answered_meanwhile(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    report_on = evaluating.report_on

    def held(*args: Any, **kwargs: Any) -> Any:
        begun.set()
        assert go_on.wait(30)
        return report_on(*args, **kwargs)

    monkeypatch.setattr(evaluating, "report_on", held)
    responses: list[int] = []
    thread = threading.Thread(target=lambda: responses.append(client.post(PATH, json={"items": ITEMS}).status_code))
    thread.start()
    assert begun.wait(30)
    second = client.post(PATH, json={"items": ITEMS})
    assert (second.status_code, second.json()["type"]) == (409, "urn:faq-assistant:problem:evaluation-running")
    assert client.post("/v1/answers", json={"question": "How do I return an item?"}).status_code == 200
    go_on.set()
    thread.join(30)
    assert responses == [200]
    assert client.post(PATH, json={"items": ITEMS}).status_code == 200


def test_it_ends_when_nobody_waits_any_more(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluations, "_LOOK", 0.01)
    asked = threading.Event()
    evaluate = evaluating.evaluate

    def endless(searcher: Any, detector: Any, questions: Any, *, report: Any, **kwargs: Any) -> Any:
        while True:
            evaluate(searcher, detector, questions[:1], report=report, **kwargs)
            asked.set()

    monkeypatch.setattr(evaluating, "evaluate", endless)
    body = b'{"items": [{"question": "How?"}]}'
    sent: list[Any] = []
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Any:
        message = next(messages, None)
        if message is not None:
            return message
        while not asked.is_set():  # whoever looks does not wait for the answer, and looks again
            await asyncio.sleep(1)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http"},
        **{"path": PATH, "raw_path": PATH.encode(), "query_string": b"", "root_path": ""},
        **{"headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")]},
        **{"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)},
    }
    asyncio.run(asyncio.wait_for(client.app(scope, receive, send), 30))  # type: ignore[arg-type]
    assert sent[0]["status"] == 499
    monkeypatch.setattr(evaluating, "evaluate", evaluate)
    assert client.post(PATH, json={"items": ITEMS}).status_code == 200


def test_the_whole_sample_over_http_is_what_the_command_line_tells(client: TestClient) -> None:
    client.app.state.product.golden.replace(golden_questions())  # type: ignore[attr-defined]
    told = client.post(PATH).json()
    assert told["questions"] == 448
    assert sum(one["count"] for one in told["customers"]) == 448
    EvaluationModel.model_validate(told)


def test_they_are_for_those_who_keep_the_knowledge(serve: Serve) -> None:
    client = serve()
    keys = {
        scope: client.app.state.product.keys.create(name=scope, scopes=[scope])  # type: ignore[attr-defined]
        for scope in ("ask", "knowledge")
    }
    for scope, status in (("ask", 403), ("knowledge", 200)):
        headers = {"Authorization": f"Bearer {keys[scope].secret}"}
        assert client.post(PATH, json={"items": ITEMS}, headers=headers).status_code == status
    assert client.post(PATH, content=b"{").status_code == 401


def test_both_answers_and_both_bodies_are_documented(shared: TestClient) -> None:
    operation = shared.get("/openapi.json").json()["paths"][PATH]["post"]
    assert set(operation["responses"]["200"]["content"]) == {"application/json", "text/html"}
    content = operation["requestBody"]["content"]
    assert set(content) == {"application/json", "text/csv"}
    assert "$ref" not in str(content)
    assert set(content["application/json"]["schema"]["properties"]) == {"items", "generation", "compare", "target"}
