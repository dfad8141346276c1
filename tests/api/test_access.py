"""Keys, scopes, rates, and what callers without a key may do."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.testclient import TestClient

from tests.api.conftest import Serve

ROUTES = [
    ("POST", "/v1/answers", "ask"),
    ("GET", "/v1/answers/x", "ask"),
    ("POST", "/v1/answers/x/feedback", "ask"),
    ("POST", "/v1/answers/x/replay", "ask"),
    ("POST", "/v1/answers/x/replay", "knowledge"),
    ("GET", "/v1/tickets", "tickets"),
    ("POST", "/v1/tickets", "tickets"),
    ("GET", "/v1/tickets/x", "tickets"),
    ("PATCH", "/v1/tickets/x", "tickets"),
    ("POST", "/v1/tickets/x/claim", "tickets"),
    ("POST", "/v1/tickets/x/release", "tickets"),
    ("POST", "/v1/tickets/x/solve", "tickets"),
    ("POST", "/v1/tickets/claim-next", "tickets"),
    ("GET", "/v1/tickets/x/messages", "tickets"),
    ("POST", "/v1/tickets/x/messages", "tickets"),
    ("GET", "/v1/tickets/x/suggestions", "tickets"),
    ("GET", "/v1/articles", "knowledge"),
    ("GET", "/v1/articles/x", "knowledge"),
    ("PUT", "/v1/articles/x", "knowledge"),
    ("DELETE", "/v1/articles/x", "knowledge"),
    ("GET", "/v1/translations", "knowledge"),
    ("GET", "/v1/articles/x/translations/{language}", "knowledge"),
    ("DELETE", "/v1/articles/x/translations/{language}", "knowledge"),
    ("POST", "/v1/articles/x/translations/{language}/approve", "knowledge"),
    ("POST", "/v1/imports", "knowledge"),
    ("GET", "/v1/imports/x", "knowledge"),
    ("POST", "/v1/imports/x/apply", "knowledge"),
    ("GET", "/v1/exports", "knowledge"),
    ("GET", "/v1/golden-questions", "knowledge"),
    ("PUT", "/v1/golden-questions", "knowledge"),
    ("GET", "/v1/glossary", "knowledge"),
    ("PUT", "/v1/glossary", "knowledge"),
    ("PUT", "/v1/glossary/x", "knowledge"),
    ("DELETE", "/v1/glossary/x", "knowledge"),
    ("POST", "/v1/evaluations", "knowledge"),
    ("POST", "/v1/index-builds", "knowledge"),
    ("GET", "/v1/index-builds", "knowledge"),
    ("GET", "/v1/index-builds/x", "knowledge"),
    ("GET", "/v1/index-builds/x/events", "knowledge"),
    ("POST", "/v1/index-builds/x/cancel", "knowledge"),
    ("GET", "/v1/generations", "knowledge"),
    ("POST", "/v1/generations/rollback", "knowledge"),
    ("POST", "/v1/generations/1/activate", "knowledge"),
    ("GET", "/v1/generations/1/report", "knowledge"),
    ("GET", "/v1/keys", "admin"),
    ("POST", "/v1/keys", "admin"),
    ("DELETE", "/v1/keys/x", "admin"),
    ("POST", "/v1/keys/x/rotate", "admin"),
    ("GET", "/metrics", "admin"),
]
OPEN = {"/livez", "/readyz", "/v1/phrases/{language}"}
ANY_KEY = {"/v1/languages"}


def make_key(client: TestClient, *scopes: str, **fields: object) -> dict[str, str]:
    created = client.post("/v1/keys", json={"scopes": list(scopes), "name": "test", **fields})
    assert created.status_code == 201, created.text
    return {"Authorization": f"Bearer {created.json()['secret']}"}


def test_every_route_is_listed_here(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    found = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    listed = {(method, path.replace("/x", "/{id}").replace("/1/", "/{number}/")) for method, path, _ in ROUTES} | {
        ("GET", path) for path in OPEN | ANY_KEY
    }
    assert found == listed


@pytest.fixture(scope="module")
def keys(shared: TestClient) -> dict[str, dict[str, str]]:
    """Return headers of an admin, and of keys that lack one scope; from the first key on everybody needs one."""
    admin = make_key(shared, "admin")
    made = {"admin": admin}
    for lacking in ("ask", "tickets", "knowledge", "admin"):
        scopes = [scope for scope in ("ask", "tickets", "knowledge") if scope != lacking]
        created = shared.post("/v1/keys", json={"scopes": scopes}, headers=admin).json()
        made[f"without {lacking}"] = {"Authorization": f"Bearer {created['secret']}"}
    return made


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES)
def test_a_route_opens_to_its_scope_alone(
    shared: TestClient, keys: dict[str, dict[str, str]], method: str, path: str, scope: str
) -> None:
    lacking = shared.request(method, path, headers=keys[f"without {scope}"])
    assert lacking.status_code == 403
    assert repr(scope) in lacking.json()["detail"]
    assert shared.request(method, path).status_code == 401
    assert shared.request(method, path, headers=keys["admin"]).status_code not in (401, 403)


@pytest.mark.parametrize("path", sorted(OPEN | ANY_KEY))
def test_what_is_open_is_open(shared: TestClient, keys: dict[str, dict[str, str]], path: str) -> None:
    path = path.format(language="be")
    assert shared.get(path).status_code == (401 if path in ANY_KEY else 200)
    assert shared.get(path, headers=keys["without ask"]).status_code == 200


def test_without_a_key_callers_on_this_machine_have_every_scope(client: TestClient) -> None:
    for path in ("/v1/tickets", "/v1/articles", "/v1/keys", "/metrics"):
        assert client.get(path).status_code == 200


@pytest.mark.parametrize("caller", ["192.0.2.7", "2001:db8::1", "not an address"])
def test_without_a_key_nobody_else_has_any(serve: Serve, caller: str) -> None:
    response = serve(caller=caller).get("/v1/tickets")
    assert response.status_code == 401
    assert "faq keys create" in response.json()["detail"]


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_without_a_key_a_proxy_on_this_machine_passes_nobody_through(client: TestClient, header: str) -> None:
    assert client.get("/v1/tickets", headers={header: "192.0.2.7"}).status_code == 401


def test_once_there_is_a_key_everybody_needs_one(client: TestClient) -> None:
    key = make_key(client, "ask")
    assert client.get("/v1/tickets").status_code == 401
    assert client.get("/v1/tickets", headers=key).status_code == 403
    assert client.post("/v1/answers", json={"question": "Where is my order?"}, headers=key).status_code == 200


@pytest.mark.parametrize(
    "value",
    ["Bearer", "Bearer x", "Bearer faq_x_y", "Basic abc", "Bearer faq_" + "0" * 12 + "_" + "0" * 64, "Bearer é"],
)
def test_a_key_that_is_none_is_refused(shared: TestClient, keys: dict[str, dict[str, str]], value: str) -> None:
    response = shared.get("/v1/languages", headers={"Authorization": value.encode()})  # type: ignore[dict-item]
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")


def test_a_rotated_key_ends_and_its_successor_works(client: TestClient) -> None:
    admin = make_key(client, "admin")
    made = client.post("/v1/keys", json={"scopes": ["ask"]}, headers=admin).json()
    new = client.post(f"/v1/keys/{made['id']}/rotate", headers=admin).json()
    ask = {"question": "Where is my order?"}
    assert (
        client.post("/v1/answers", json=ask, headers={"Authorization": f"Bearer {made['secret']}"}).status_code == 401
    )
    assert client.post("/v1/answers", json=ask, headers={"Authorization": f"Bearer {new['secret']}"}).status_code == 200
    client.delete(f"/v1/keys/{made['id']}", headers=admin)
    assert client.post("/v1/answers", json=ask, headers={"Authorization": f"Bearer {new['secret']}"}).status_code == 401


def test_secrets_are_shown_once_and_stored_as_hashes(client: TestClient, sample_data: object) -> None:
    from pathlib import Path

    admin = make_key(client, "admin")
    secret = admin["Authorization"].removeprefix("Bearer ").encode()
    listed = client.get("/v1/keys", headers=admin)
    assert secret not in listed.content
    assert isinstance(sample_data, Path)
    assert all(secret not in path.read_bytes() for path in sample_data.glob("faq.db*"))


def test_a_key_bound_to_a_channel_asks_for_no_other(client: TestClient) -> None:
    key = make_key(client, "ask", channel="email")
    asked = client.post("/v1/answers", json={"question": "talk to a human"}, headers=key).json()
    assert "phone" in asked["message"]  # the words of an e-mail's acknowledgement
    other = client.post("/v1/answers", json={"question": "hi", "channel": "chat"}, headers=key)
    assert other.status_code == 403


def test_a_key_bound_to_a_channel_reads_no_other_ones_receipts(client: TestClient) -> None:
    admin = make_key(client, "admin")
    created = client.post("/v1/keys", json={"scopes": ["ask"], "channel": "email"}, headers=admin).json()
    mail = {"Authorization": f"Bearer {created['secret']}"}
    ask = {"question": "talk to a human"}
    chat = client.post("/v1/answers", json={**ask, "channel": "chat"}, headers=admin).json()["id"]
    own = client.post("/v1/answers", json=ask, headers=mail).json()["id"]
    assert client.get(f"/v1/answers/{own}", headers=mail).status_code == 200
    assert client.get(f"/v1/answers/{chat}", headers=mail).status_code == 404
    assert client.post(f"/v1/answers/{chat}/feedback", json={"helpful": True}, headers=mail).status_code == 404
    assert client.post(f"/v1/answers/{own}/feedback", json={"helpful": True}, headers=mail).status_code == 200


def test_a_rate_is_kept_and_announced(client: TestClient) -> None:
    key = make_key(client, "ask", requests_per_minute=3)
    replies = [client.post("/v1/answers", json={"question": "Where is my order?"}, headers=key) for _ in range(4)]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 429]
    assert [reply.headers["ratelimit-remaining"] for reply in replies[:3]] == ["2", "1", "0"]
    assert 1 <= int(replies[3].headers["retry-after"]) <= 61
    assert replies[3].headers["content-type"] == "application/problem+json"
    assert replies[3].headers["ratelimit-limit"] == "3"
    assert 0 <= int(replies[3].headers["ratelimit-reset"]) <= 60


def test_a_rate_is_announced_by_every_route(client: TestClient) -> None:
    admin = make_key(client, "admin", requests_per_minute=20)
    assert client.get("/v1/languages", headers=admin).headers["ratelimit-remaining"] == "19"
    assert client.get("/v1/tickets/none", headers=admin).headers["ratelimit-remaining"] == "18"


def test_a_default_rate_holds_for_keys_without_one_of_their_own(serve: Serve) -> None:
    client = serve(requests_per_minute=2)
    admin = make_key(client, "admin", requests_per_minute=100)
    created = client.post("/v1/keys", json={"scopes": ["tickets"]}, headers=admin).json()
    key = {"Authorization": f"Bearer {created['secret']}"}
    assert [client.get("/v1/tickets", headers=key).status_code for _ in range(3)] == [200, 200, 429]
    assert client.get("/v1/tickets", headers=admin).status_code == 200


def test_other_requests_go_on_while_keys_are_read_from_a_slow_database(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = client.app.state.product.keys  # type: ignore[attr-defined]
    is_reading, may_end = threading.Event(), threading.Event()
    refresh = keys.refresh

    def slow() -> None:
        is_reading.set()
        assert may_end.wait(10)
        refresh()

    monkeypatch.setattr(keys, "refresh", slow)
    keys._forget()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.get, "/v1/languages")
        assert is_reading.wait(10)
        assert client.get("/livez").status_code == 200
        assert not waiting.done()
        may_end.set()
        assert waiting.result(10).status_code == 200


def test_no_rate_is_set_unless_configured(client: TestClient) -> None:
    reply = client.post("/v1/answers", json={"question": "Where is my order?"})
    assert not [name for name in reply.headers if name.startswith("ratelimit")]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example", "Origin": "http://evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Host": ""},
    ],
)
def test_without_a_key_a_page_of_another_site_reaches_nothing_through_this_machines_browser(
    client: TestClient, headers: dict[str, str]
) -> None:
    assert client.get("/v1/tickets", headers=headers).status_code == 401
    assert client.post("/v1/index-builds", headers=headers).status_code == 401


def test_without_a_key_the_chat_page_of_this_machine_asks(client: TestClient) -> None:
    for host in ("127.0.0.1:8080", "localhost:8080", "[::1]:8080"):
        headers = {"Host": host, "Origin": f"http://{host}"}
        assert client.post("/v1/answers", json={"question": "talk to a human"}, headers=headers).status_code == 200
