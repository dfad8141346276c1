"""Wicked and slow clients: bytes that are no request, bodies that trickle, strings that want to be more."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.api.servers import LiveServer, live_server

ASKED = "How do I return an item?"


@pytest.fixture(scope="module")
def live(sample_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Yield one server in a process of its own for all tests that only talk to it."""
    data = shutil.copytree(sample_template, tmp_path_factory.mktemp("live") / "data")
    with live_server(data) as server:
        yield server


def speak(port: int, data: bytes, *, timeout: float = 10.0) -> bytes:
    """Send bytes and return what comes back until the server closes, or a second of silence."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        connection.sendall(data)
        connection.settimeout(1)
        heard = b""
        try:
            while part := connection.recv(65_536):
                heard += part
        except TimeoutError:
            pass
    return heard


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\r\n\r\n",
        b"GARBAGE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET http://evil.example/v1/keys HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"POST /v1/answers HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/answers HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"POST /v1/answers HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/answers HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET /v1/tickets HTTP/1.1\r\nHost: x\r\nX-Request-ID: a\r\n Set-Cookie: b=1\r\n\r\n",
        b"GET /v1/articles/a%0d%0aSet-Cookie:%20b=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /%0d%0aLocation:%20http://evil.example/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 20_000 + b"Connection: close\r\n\r\n",
    ],
)
def test_bytes_that_are_no_proper_request_harm_nobody(live: LiveServer, request_bytes: bytes) -> None:
    heard = speak(live.port, request_bytes)
    assert not heard.startswith(b"HTTP/1.1 5"), heard[:200]
    head = heard.partition(b"\r\n\r\n")[0].lower()
    assert b"set-cookie" not in head
    assert b"location" not in head
    assert live.client.get("/livez").status_code == 200


def test_bodies_that_trickle_keep_nobody_waiting(live: LiveServer) -> None:
    head = b"POST /v1/answers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
    upload = head.replace(b"/v1/answers", b"/v1/imports").replace(
        b"application/json", b"multipart/form-data; boundary=x"
    )
    slow = [socket.create_connection(("127.0.0.1", live.port)) for _ in range(120)]
    try:
        for n, connection in enumerate(slow):
            connection.sendall(upload if n % 3 == 0 else head)
        seconds = []
        for _ in range(20):
            began = time.perf_counter()
            assert live.client.post("/v1/answers", json={"question": ASKED}).status_code == 200
            seconds.append(time.perf_counter() - began)
        assert live.client.get("/v1/tickets").status_code == 200
        assert sorted(seconds)[10] < 1.0
    finally:
        for connection in slow:
            connection.close()
    assert live.client.get("/livez").status_code == 200


def test_readers_who_take_their_time_hold_nothing_that_others_need(live: LiveServer) -> None:
    rows = b"".join(b"big-%d,Question %d?,%s\n" % (n, n, b"a long answer " * 3_000) for n in range(150))
    imported = live.client.post("/v1/imports", files={"file": ("a.csv", b"id,question,answer\n" + rows)})
    assert imported.json()["created"] == 150
    slow = [socket.socket() for _ in range(20)]
    try:
        for connection in slow:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            connection.connect(("127.0.0.1", live.port))
            connection.sendall(b"GET /v1/exports HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.recv(100)
        began = time.perf_counter()
        assert live.client.post("/v1/answers", json={"question": ASKED}).status_code == 200
        assert live.client.get("/v1/tickets").status_code == 200
        assert live.client.put(
            "/v1/articles/big-1", json={"texts": {"en": {"question": "a", "answer": "b"}}}
        ).is_success
        assert time.perf_counter() - began < 5
    finally:
        for connection in slow:
            connection.close()


SQL = [
    "'; DROP TABLE tickets; --",
    '" OR ""="',
    "1) UNION SELECT secret FROM api_keys --",
    "%' ESCAPE '\\' --",
    "\\'; SELECT pg_sleep(10); --",
    "{{7*7}}${7*7}#{7*7}%s%n%(x)s{question}",
    "../../../etc/passwd",
    "<script>alert(1)</script>",
    "=cmd|'/c calc'!A1",
    "\u202eevil\u2066",
    "a" * 200,
]


@pytest.mark.parametrize("text", SQL)
def test_strings_are_only_strings(shared: TestClient, text: str) -> None:
    name = text[:60]
    body = {
        "question": text,
        "channel": name,
        "message_id": f"{name}",
        "conversation_id": text,
        "customer": {"id": text, "name": text, "email": text},
        "tags": [text[:100]],
    }
    first = shared.post("/v1/answers", json=body)
    assert first.status_code == 200, first.text
    assert shared.post("/v1/answers", json=body).content == first.content
    reply = first.json()
    receipt = shared.get(f"/v1/answers/{reply['id']}").json()
    assert receipt["conversation_id"] == text
    assert receipt["customer"]["id"] == text
    assert (
        shared.post(f"/v1/answers/{reply['id']}/feedback", json={"helpful": False, "comment": text}).status_code == 200
    )
    made = shared.post("/v1/tickets", json={"question": text, "subject": text, "tags": [name], "channel": name}).json()
    assert (made["subject"], made["question"], made["tags"]) == (text, text, [name])
    found = shared.get("/v1/tickets", params={"q": text, "channel": name, "limit": 500}).json()["items"]
    assert made["id"] in [item["id"] for item in found]
    claimed = shared.post(f"/v1/tickets/{made['id']}/claim", json={"agent": name}).json()
    assert shared.get("/v1/tickets", params={"assignee": name}).json()["items"][0]["assignee"] == claimed["assignee"]
    for path in ("/v1/articles", "/v1/tickets"):
        assert shared.get(path, params={"cursor": text}).status_code == 422
    assert shared.get("/v1/articles", params={"tag": name, "q": text}).json()["items"] == []
    assert shared.get(f"/v1/phrases/{name.replace('/', '')}").json()["language"] == "en"
    assert shared.get("/v1/keys").json()["items"] == []
