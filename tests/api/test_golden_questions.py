"""Golden questions over HTTP: replaced as a whole, as JSON or as a file, and hostile in every way."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from knowledge.golden import MAX_FILE_SIZE
from knowledge.golden_store import MAX_QUESTIONS
from tests.api.conftest import Serve

PATH = "/v1/golden-questions"
PUT = f"{PATH}?calibrate=false"  # without a build, which is a process of its own; see test_gated_builds
STORED = {"build": None, "note": "The next build calibrates with them."}
CSV = {"Content-Type": "text/csv; charset=utf-8"}


@pytest.fixture(autouse=True)
def one_question(shared: TestClient) -> None:
    """Begin every test with the same set."""
    assert shared.put(PUT, json={"items": [{"question": "the set before"}]}).status_code == 200


def kept(client: TestClient) -> list[dict[str, Any]]:
    response = client.get(PATH)
    assert response.status_code == 200
    assert response.json()["next_cursor"] is None
    items: list[dict[str, Any]] = response.json()["items"]
    return items


def test_a_set_replaces_the_one_before_and_comes_back_as_it_was(shared: TestClient) -> None:
    items = [
        {"question": "can i send it back", "article_id": "returns", "language": "en", "channel": None},
        {"question": "Дзе мой заказ?", "article_id": "order-status", "language": "be", "channel": "email"},
        {"question": "👍", "article_id": None, "language": None, "channel": "Phone desk ☎"},
    ]
    response = shared.put(PUT, json={"items": items})
    assert (response.status_code, response.json()) == (
        200,
        {"count": 3, "unknown_articles": [], "warnings": [], **STORED},
    )
    assert kept(shared) == items
    assert shared.put(PUT, json={"items": kept(shared)}).json()["count"] == 3
    assert kept(shared) == items


def test_articles_that_do_not_exist_are_named(shared: TestClient) -> None:
    items = [{"question": "a", "article_id": "zebra"}, {"question": "b", "article_id": "returns"}, {"question": "c"}]
    assert shared.put(PUT, json={"items": items}).json() == {
        "count": 3, "unknown_articles": ["zebra"], "warnings": [], **STORED,
    }  # fmt: skip


def test_columns_that_were_not_read_are_named(shared: TestClient) -> None:
    tabs = {"Content-Type": "text/tab-separated-values"}
    [warning] = shared.put(PUT, content=b"question\tarticle\nHow?\treturns\n", headers=tabs).json()["warnings"]
    assert "Column 'article' is not known and was not read" in warning


def test_a_file_is_taken_in_any_encoding(shared: TestClient) -> None:
    text = "question;article_id\nКак вернуть товар и получить деньги?;returns\nКто вы такие и где находитесь?;\n"
    for encoding in ("utf-8-sig", "utf-16", "cp1251"):
        response = shared.put(PUT, content=text.encode(encoding), headers=CSV)
        assert (response.status_code, response.json()["count"]) == (200, 2), response.text
        assert [item["question"] for item in kept(shared)] == [
            "Как вернуть товар и получить деньги?",
            "Кто вы такие и где находитесь?",
        ]


def test_an_empty_set_is_a_set(shared: TestClient) -> None:
    assert shared.put(PUT, json={"items": []}).json()["count"] == 0
    assert kept(shared) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"[" * 100_000, "body"),
        (b'{"items": [{"question": "\xff"}]}', "body"),
        (b"question\nHow?\n", "body"),
        (b"[]", "body"),
        (b"null", "body"),
        (b'{"items": {}}', "items"),
        (b'{"items": [{}]}', "items.0.question"),
        (b'{"items": [{"question": "a", "articel": "b"}]}', "items.0.articel"),
        (b'{"items": [{"question": 7}]}', "items.0.question"),
        (b'{"items": [{"question": "a"}, {"question": " "}]}', "items.1.question"),
        (b'{"items": [{"question": "a", "article_id": "b c"}]}', "items.0.article_id"),
        (b'{"items": [{"question": "a", "language": "\\u0000"}]}', "items.0.language"),
        (b'{"items": [{"question": "a\\u0000"}]}', "items.0.question"),
        (b'{"items": [{"question": "\\udc00"}]}', "body"),
        (orjson.dumps({"items": [{"question": "x" * 1_001}]}), "items.0.question"),
    ],
)
def test_what_cannot_be_used_is_named_and_changes_nothing(shared: TestClient, body: bytes, field: str) -> None:
    response = shared.put(PUT, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in response.json()["errors"]] == [field], response.text
    assert [item["question"] for item in kept(shared)] == ["the set before"]


@pytest.mark.parametrize(
    "body", [b"", b"\x00" * 50, b"id,answer\na,b\n", b"question,article_id\na,b c\n", b"question\n"]
)
def test_a_file_that_cannot_be_used_changes_nothing(shared: TestClient, body: bytes) -> None:
    response = shared.put(PUT, content=body, headers=CSV)
    assert response.status_code == 422, response.text
    assert [error["field"] for error in response.json()["errors"]] == ["body"]
    assert [item["question"] for item in kept(shared)] == ["the set before"]


def test_a_question_with_two_articles_is_refused(shared: TestClient) -> None:
    items = [{"question": "a", "article_id": "returns"}, {"question": "a", "article_id": "order-status"}]
    response = shared.put(PUT, json={"items": items})
    assert response.status_code == 422
    assert "'a' (returns, order-status)" in response.json()["detail"]
    assert [item["question"] for item in kept(shared)] == ["the set before"]


def test_they_are_for_those_who_keep_the_knowledge(serve: Serve) -> None:
    client = serve()
    keys = {
        scope: client.app.state.product.keys.create(name=scope, scopes=[scope])  # type: ignore[attr-defined]
        for scope in ("ask", "knowledge")
    }
    for scope, status in (("ask", 403), ("knowledge", 200)):
        headers = {"Authorization": f"Bearer {keys[scope].secret}"}
        assert client.get(PATH, headers=headers).status_code == status
        assert client.put(PUT, json={"items": []}, headers=headers).status_code == status
    assert client.get(PATH).status_code == 401
    assert client.put(PUT, json={"items": []}).status_code == 401


def test_the_body_of_those_who_may_not_send_one_is_not_read(serve: Serve) -> None:
    client = serve()
    client.app.state.product.keys.create(name="k", scopes=["knowledge"])  # type: ignore[attr-defined]
    sent: list[Any] = []

    async def receive() -> Any:
        raise AssertionError("the body was read")

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "PUT", "scheme": "http"},
        **{"path": PATH, "raw_path": PATH.encode(), "query_string": b"", "root_path": "", "headers": []},
        **{"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)},
    }
    asyncio.run(client.app(scope, receive, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 401


def test_as_many_as_are_kept_can_be_sent_and_sent_back(shared: TestClient) -> None:
    items = [
        {"question": f"Як мне вярнуць тавар нумар {number} і калі я атрымаю назад свае грошы?", "language": "be"}
        for number in range(MAX_QUESTIONS)
    ]
    body = orjson.dumps({"items": items})
    assert len(body) > 2_000_000
    assert shared.put(PUT, content=body).json()["count"] == MAX_QUESTIONS
    assert shared.put(PUT, json={"items": kept(shared)}).json()["count"] == MAX_QUESTIONS
    items.append({"question": "one more"})
    response = shared.put(PUT, json={"items": items})
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "items")
    assert "at most 20000 items" in response.json()["detail"]


@pytest.mark.parametrize("item", [b"1", b'{"question":""}', b'{"question":7}'])
def test_a_long_list_of_wrong_items_is_refused_in_few_words(shared: TestClient, item: bytes) -> None:
    for count in (MAX_QUESTIONS, MAX_FILE_SIZE // (len(item) + 1) - 10):
        response = shared.put(PUT, content=b'{"items":[' + b",".join([item] * count) + b"]}")
        assert response.status_code == 422
        assert len(response.content) < 50_000
    assert [one["question"] for one in kept(shared)] == ["the set before"]


@pytest.mark.parametrize("headers", [CSV, {"Content-Type": "application/json"}])
def test_a_body_that_is_larger_than_any_set_is_refused(shared: TestClient, headers: dict[str, str]) -> None:
    response = shared.put(PUT, content=b"q" * (MAX_FILE_SIZE + 1), headers=headers)
    assert response.status_code == 413
    assert "leave some questions out" in response.json()["detail"]


def test_a_set_that_is_too_long_is_refused(serve: Serve) -> None:
    client = serve(max_upload_bytes=2_000)
    items = [{"question": f"question {n}"} for n in range(100)]
    response = client.put(PUT, json={"items": items})
    assert response.status_code == 413
    assert "FAQ_MAX_UPLOAD_BYTES" in response.json()["detail"]
    assert kept(client) == []


def test_both_kinds_of_body_are_documented(shared: TestClient) -> None:
    document = shared.get("/openapi.json").json()
    content = document["paths"][PATH]["put"]["requestBody"]["content"]
    assert set(content) == {"application/json", "text/csv"}
    item = content["application/json"]["schema"]["properties"]["items"]["items"]
    assert (item["required"], item["additionalProperties"]) == (["question"], False)
