"""What the people on call look at: lives it, is it ready, what does it count, and is it documented."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from assistant.tables import answers
from knowledge.database import DatabaseError
from tests.api.conftest import Serve
from tests.assistant.apertium_programs import build_apertium


def test_a_process_that_answers_is_alive(shared: TestClient) -> None:
    response = shared.get("/livez")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_everything_in_place_is_ready(shared: TestClient) -> None:
    response = shared.get("/readyz")
    assert response.status_code == 200
    found = response.json()
    assert found["status"] == "ok"
    assert {name: part["status"] for name, part in found["parts"].items()} == {
        "database": "ok", "encoder": "ok", "generation": "ok", "translation": "ok",
    }  # fmt: skip
    assert found["parts"]["database"]["kind"] == "sqlite"
    assert (found["parts"]["generation"]["number"], found["parts"]["generation"]["articles"]) == (1, 68)
    assert found["parts"]["encoder"]["id"] == "embedded"


def test_translation_engines_are_counted_with_what_does_not_work(serve: Serve, tmp_path: Path) -> None:
    program = build_apertium(tmp_path / "system", {"bel-rus": "upper", "rus-ukr": "crash"})
    client = serve(apertium=str(program))
    client.app.state.product.settle_engines()  # type: ignore[attr-defined]
    found = client.get("/readyz").json()
    assert found["status"] == "ok"
    assert found["parts"]["translation"]["apertium"] == {"version": "9.9.9", "pairs": 1, "broken": 1, "untried": 0}
    assert found["parts"]["translation"]["argos"]["pairs"] == 0
    languages = client.get("/v1/languages").json()
    ru = next(item for item in languages["items"] if item["code"] == "ru")
    assert (ru["translated_from"], ru["engine"]) == (["be"], "apertium")
    assert ru["routes"] == [{"source": "be", "pivot": None, "engine": "apertium"}]
    assert languages["engines"][1]["broken"] == [
        {"source": "ru", "target": "uk", "detail": "fake-proc of rus-ukr crashes (SIGSEGV)"}
    ]


def test_an_engine_that_is_not_there_is_degraded_and_answers_go_on(serve: Serve, tmp_path: Path) -> None:
    client = serve(apertium=str(tmp_path / "missing"))
    response = client.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert "there is no program" in response.json()["parts"]["translation"]["detail"]
    assert client.post("/v1/answers", json={"question": "How do I return an item?"}).status_code == 200


def test_nothing_indexed_is_not_ready_and_the_mend_is_named(serve: Serve, tmp_path: Path) -> None:
    client = serve(data_dir=tmp_path / "empty")
    response = client.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (503, "unavailable")
    assert "faq build" in response.json()["parts"]["generation"]["detail"]
    assert client.get("/livez").status_code == 200


def broken(*_: object, **__: object) -> Any:
    raise DatabaseError("The database did not do as asked: it is gone.")


def test_a_database_that_is_gone_is_not_ready_while_the_process_lives_and_counts(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.post("/v1/answers", json={"question": "talk to a human"})
    assert 'faq_tickets{status="new"} 1.0' in client.get("/metrics").text
    database = client.app.state.product.database  # type: ignore[attr-defined]
    client.app.state.product.keys.refresh()  # type: ignore[attr-defined]
    monkeypatch.setattr(database, "read", broken)
    monkeypatch.setattr(database, "write", broken)
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (503, "unavailable")
    assert ready.json()["parts"]["database"]["status"] == "unavailable"
    assert ready.json()["parts"]["generation"]["status"] == "ok"
    assert client.get("/livez").status_code == 200
    client.app.state.product.keys._read_at = float("inf")  # type: ignore[attr-defined]  # as they were a moment ago
    metrics = client.get("/metrics")
    assert metrics.status_code == 200
    assert "faq_generation 1.0" in metrics.text
    assert "faq_tickets{" not in metrics.text
    assert "faq_tickets_overdue NaN" in metrics.text
    asked = client.post("/v1/answers", json={"question": "How do I return an item?"})
    assert (asked.status_code, asked.json()["type"]) == (503, "urn:faq-assistant:problem:database")
    monkeypatch.undo()
    assert client.get("/readyz").status_code == 200
    assert client.post("/v1/answers", json={"question": "How do I return an item?"}).status_code == 200


def test_metrics_count_and_say_nothing_about_anybody(client: TestClient) -> None:
    marks = [
        "Zyxwv",
        "zyxwv@example.org",
        "+375291112233",
        "unmistakable",
        "conv-4711",
        "msg-4711",
        "agent-4711",
        "tlh",
    ]
    name, email, phone, word, conversation, message, agent, wish = marks
    reply = client.post(
        "/v1/answers",
        json={
            "question": f"How do I return my {word} item?",
            "conversation_id": conversation,
            "message_id": message,
            "language": wish,
            "customer": {"id": name, "name": name, "email": email, "phone": phone},
            "channel": "zyxwv-channel",
        },
        headers={"X-Request-ID": "zyxwv-request"},
    )
    assert reply.status_code == 200
    ticket = client.post("/v1/answers", json={"question": "talk to a human", "customer": {"name": name}}).json()[
        "ticket"
    ]
    client.post(f"/v1/tickets/{ticket['id']}/claim", json={"agent": agent})
    client.get(f"/v1/articles/{word}")
    client.get(f"/{word}?q={email}")
    client.request(word.upper(), "/livez")
    metrics = client.get("/metrics")
    assert metrics.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    for mark in [*marks, ticket["id"], reply.json()["id"], "zyxwv", "127.0.0.1", "unmistakable".upper()]:
        assert mark not in metrics.text, mark
    counted = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(metrics.text)
        for sample in family.samples
    }
    asked = (("method", "POST"), ("route", "/v1/answers"), ("status", "200"))
    assert counted[("faq_http_requests_total", *asked)] == 2
    assert (
        counted[("faq_http_requests_total", ("method", "GET"), ("route", "/v1/articles/{id}"), ("status", "404"))] == 1
    )
    assert counted[("faq_http_request_seconds_count", ("route", "/v1/answers"))] == 2
    assert (
        counted[("faq_decisions_total", ("decision", "ticketed"), ("language", "en"), ("reason", "person_requested"))]
        == 1
    )
    assert counted[("faq_tickets", ("status", "open"))] == 1
    assert (counted[("faq_generation",)], counted[("faq_articles",)]) == (1, 68)
    assert sum(value for key, value in counted.items() if key[0] == "faq_decisions_total") == 2


def test_hostile_callers_cannot_fill_the_metrics(client: TestClient) -> None:
    before = len(client.get("/metrics").text.splitlines())
    for n in range(30):
        client.get(f"/scan/{n}")
        client.request(f"X{n}", "/livez")
        client.post(
            "/v1/answers",
            json={"question": "How do I return an item?", "language": f"q{chr(97 + n % 26)}{chr(97 + n // 26)}"},
        )
    after = len(client.get("/metrics").text.splitlines())
    assert after - before < 120


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/", "/livez", "/readyz"])
def test_what_needs_no_key_is_open_when_there_are_keys(serve: Serve, path: str) -> None:
    client = serve(caller="192.0.2.7")
    product = client.app.state.product  # type: ignore[attr-defined]
    product.keys.create(name="one", scopes=["ask"])
    assert client.get(path).status_code == 200
    assert client.get("/metrics").status_code == 401


def test_every_response_has_the_headers_that_keep_browsers_from_guessing(shared: TestClient) -> None:
    for path in ("/", "/livez", "/none", "/web/chat.js", "/docs"):
        headers = shared.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert re.fullmatch("[0-9a-f]{32}", headers["x-request-id"])


def test_the_page_lets_no_foreign_script_in_and_is_asked_for_anew(shared: TestClient) -> None:
    page = shared.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-cache"
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert policy["base-uri"] == "'none'"
    assert "unsafe-inline" not in page.headers["content-security-policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|style=|https?://", page.text)
    assert shared.get("/web/chat.js").headers["cache-control"] == "no-cache"


def test_other_origins_are_let_in_only_where_that_is_set(serve: Serve) -> None:
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    closed = serve()
    assert "access-control-allow-origin" not in closed.get("/livez", headers=asked).headers
    assert closed.options("/v1/answers", headers=asked).status_code == 405
    opened = serve(cors_origins=["https://shop.example"])
    assert opened.options("/v1/answers", headers=asked).headers["access-control-allow-origin"] == "https://shop.example"
    other = opened.get("/livez", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers


def test_old_receipts_are_deleted_while_the_server_runs(serve: Serve) -> None:
    first = serve()
    old, young = (
        first.post("/v1/answers", json={"question": "How do I return an item?"}).json()["id"] for _ in range(2)
    )
    with first.app.state.product.database.write() as connection:  # type: ignore[attr-defined]
        connection.execute(
            sa.update(answers).where(answers.c.id == old).values(created_at=datetime.now(UTC) - timedelta(days=8))
        )
    later = serve(receipt_days=7)
    deadline = time.monotonic() + 10
    while later.get(f"/v1/answers/{old}").status_code != 404:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert later.get(f"/v1/answers/{young}").status_code == 200


def test_the_documentation_needs_nothing_from_outside(client: TestClient) -> None:
    page = client.get("/docs").text
    assert "//" not in "".join(re.findall(r'(?:src|href)="([^"]+)"', page))
    for path in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert client.get(f"/{path}").status_code == 200


@pytest.mark.parametrize("path", ["/", "/docs", "/livez", "/readyz"])
def test_monitors_may_ask_for_the_head_alone(client: TestClient, path: str) -> None:
    response = client.head(path)
    assert (response.status_code, response.content) == (200, b"")
