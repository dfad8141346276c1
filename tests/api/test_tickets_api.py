"""An agent's day over HTTP: the list, claiming, answering, settling, and what is refused on the way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from assistant.tables import tickets as tickets_table

FIELDS = {
    "id", "version", "status", "status_name", "priority", "subject", "question", "question_translation", "customer",
    "channel", "language", "conversation_id", "answer_id", "reason", "assignee", "tags", "created_at", "updated_at",
    "first_response_due_at", "due_at", "first_responded_at", "solved_at", "overdue",
}  # fmt: skip


def open_ticket(client: TestClient, question: str = "Where is the missing glove?", **fields: Any) -> dict[str, Any]:
    response = client.post("/v1/tickets", json={"question": question, **fields})
    assert response.status_code == 201, response.text
    assert response.headers["location"] == f"/v1/tickets/{response.json()['id']}"
    made: dict[str, Any] = response.json()
    return made


def act(client: TestClient, id: str, action: str = "", body: Any = None, method: str = "POST", **headers: str) -> Any:
    return client.request(method, f"/v1/tickets/{id}{action}", json=body, headers=headers)


def listed(client: TestClient, **filters: Any) -> list[str]:
    response = client.get("/v1/tickets", params={"limit": 500, **filters})
    assert response.status_code == 200, response.text
    return [item["id"] for item in response.json()["items"]]


def test_a_ticket_has_every_field_of_the_contract(shared: TestClient) -> None:
    made = open_ticket(
        shared,
        "Дзе мая пальчатка?\nЯна была зялёная.",
        customer={"name": "Алесь", "email": "ales@example.org", "phone": "+375 29 1", "locale": "be-BY"},
        tags=["lost"],
        priority="high",
        conversation_id="c-1",
    )
    assert set(made) == FIELDS
    assert (made["version"], made["status"], made["status_name"]) == (1, "new", "У апрацоўцы")
    assert (made["subject"], made["language"], made["channel"]) == ("Дзе мая пальчатка?", "be", "phone")
    assert made["customer"] == {
        "id": None, "name": "Алесь", "email": "ales@example.org", "phone": "+375 29 1",
        "locale": "be-BY", "timezone": None,
    }  # fmt: skip
    assert (made["assignee"], made["tags"], made["overdue"], made["solved_at"]) == (None, ["lost"], False, None)
    created, first, due = (
        datetime.fromisoformat(made[name]) for name in ("created_at", "first_response_due_at", "due_at")
    )
    assert (first - created, due - created) == (timedelta(hours=4), timedelta(hours=8))
    assert all(made[name].endswith("Z") for name in ("created_at", "updated_at", "first_response_due_at", "due_at"))
    read = shared.get(f"/v1/tickets/{made['id']}")
    assert read.headers["etag"] == '"1"'
    detail = read.json()
    history = detail.pop("history")
    assert detail == made
    assert [(event["kind"], event["changes"]["status"]) for event in history] == [("created", [None, "new"])]


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("ru", "В обработке"),
        ("be-BY", "У апрацоўцы"),
        *((language, "In progress") for language in ("en", "zz", "no such thing", "\u202e")),
    ],
)
def test_statuses_are_named_in_the_language_that_is_asked_for(shared: TestClient, language: str, name: str) -> None:
    made = open_ticket(shared, language="de")
    shown = shared.get(f"/v1/tickets/{made['id']}", params={"names_in": language}).json()["status_name"]
    assert shown == name
    items = shared.get("/v1/tickets", params={"names_in": language, "status": "new"}).json()["items"]
    assert {item["status_name"] for item in items} == {shown}


def test_the_names_a_russian_desk_reads(shared: TestClient) -> None:
    made = open_ticket(shared, language="ru")
    names = {}
    for status in ("open", "pending", "solved"):
        names[status] = act(shared, made["id"], body={"status": status}, method="PATCH").json()["status_name"]
    assert names == {"open": "В обработке", "pending": "В ожидании ответа", "solved": "Завершено"}


def test_an_agents_day(client: TestClient) -> None:
    asked = client.post(
        "/v1/answers", json={"question": "qwzx plörf vnnk", "language": "en", "customer": {"name": "Ann"}}
    )
    id = asked.json()["ticket"]["id"]
    claimed = act(client, "claim-next", body={"agent": "Olga"})
    assert (claimed.json()["id"], claimed.json()["status"], claimed.json()["assignee"]) == (id, "open", "Olga")
    assert claimed.json()["answer_id"] == asked.json()["id"]
    suggested = client.get(f"/v1/tickets/{id}/suggestions").json()
    assert set(suggested) == {"articles", "tickets"}
    assert all(0 <= article["confidence"] <= 1 for article in suggested["articles"])
    note = act(client, id, "/messages", {"agent": "Olga", "body": "Strange.", "visibility": "internal"}).json()
    reply = act(client, id, "/messages", {"agent": "Olga", "body": "Could you say it in other words?"}).json()
    assert (note["visibility"], note["author_kind"]) == ("internal", "agent")
    assert (reply["author"], reply["language"], reply["translation"]) == ("Olga", "en", None)
    assert client.get(f"/v1/tickets/{id}").json()["status"] == "pending"
    act(client, id, "/messages", {"author_kind": "customer", "body": "I want my glove."})
    assert client.get(f"/v1/tickets/{id}").json()["status"] == "open"
    solved = act(client, id, "/solve", {"agent": "Olga", "message": "It was in the drawer."})
    assert (solved.json()["status"], solved.json()["solved_at"] is None) == ("solved", False)
    assert [
        (message["author_kind"], message["body"])
        for message in client.get(f"/v1/tickets/{id}/messages").json()["items"]
        if message["visibility"] == "public"
    ] == [
        ("customer", "qwzx plörf vnnk"),
        ("agent", "Could you say it in other words?"),
        ("customer", "I want my glove."),
        ("agent", "It was in the drawer."),
    ]
    reopened = act(client, id, body={"status": "open"}, method="PATCH")
    assert (reopened.json()["status"], reopened.json()["solved_at"]) == ("open", None)
    assert datetime.fromisoformat(reopened.json()["due_at"]) > datetime.now(UTC)
    act(client, id, "/solve")
    history = client.get(f"/v1/tickets/{id}").json()["history"]
    assert [event["kind"] for event in history] == [
        "created", "claimed", "noted", "replied", "customer_replied", "solved", "changed", "solved",
    ]  # fmt: skip
    assert act(client, "claim-next", body={"agent": "Olga"}).status_code == 204


def test_a_new_ticket_is_helped_by_what_was_said_to_one_like_it(client: TestClient) -> None:
    old = open_ticket(client, "Do you repair zips of winter coats?", language="en")
    act(client, old["id"], "/solve", {"agent": "Olga", "message": "Yes, in every shop."})
    other = open_ticket(client, "Can you repair the zip of my winter coat?", language="en")
    similar = client.get(f"/v1/tickets/{other['id']}/suggestions").json()["tickets"]
    assert [(one["id"], one["answer"]) for one in similar] == [(old["id"], "Yes, in every shop.")]
    assert 0.5 <= similar[0]["similarity"] <= 1


def test_nothing_indexed_leaves_suggestions_empty(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.app.state.product.follower, "_searcher", None)  # type: ignore[attr-defined]
    made = open_ticket(client)
    assert client.get(f"/v1/tickets/{made['id']}/suggestions").json() == {"articles": [], "tickets": []}


def test_two_agents_never_claim_the_same_ticket(client: TestClient) -> None:
    ids = {open_ticket(client, f"Question {n}?")["id"] for n in range(12)}
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda n: act(client, "claim-next", body={"agent": f"agent {n % 3}"}), range(16)))
    claimed = [reply.json()["id"] for reply in replies if reply.status_code == 200]
    assert sorted(claimed) == sorted(ids)
    assert sum(reply.status_code == 204 for reply in replies) == 4
    assert all(reply.content == b"" for reply in replies if reply.status_code == 204)


def test_a_ticket_is_claimed_by_one_of_many_at_once_and_can_be_given_back(shared: TestClient) -> None:
    id = open_ticket(shared)["id"]
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda n: act(shared, id, "/claim", {"agent": f"agent {n}"}), range(6)))
    assert sorted(reply.status_code for reply in replies) == [200, *[409] * 5]
    refused = next(reply for reply in replies if reply.status_code == 409)
    assert refused.json()["type"] == "urn:faq-assistant:problem:ticket-claimed"
    mine = next(reply.json()["assignee"] for reply in replies if reply.status_code == 200)
    assert mine in refused.json()["detail"]
    assert act(shared, id, "/claim", {"agent": mine}).status_code == 200
    assert act(shared, id, "/release").json()["assignee"] is None
    assert act(shared, id, "/claim").json()["assignee"] == "loopback caller"


def test_claim_next_keeps_to_the_languages_and_channels_of_the_agent(client: TestClient) -> None:
    french = open_ticket(client, "Où est mon gant ?", language="fr-CA", channel="chat")["id"]
    open_ticket(client, "Wo ist mein Handschuh?", language="de", channel="email")
    assert act(client, "claim-next", body={"languages": ["be"]}).status_code == 204
    assert act(client, "claim-next", body={"languages": ["fr"], "channels": ["phone"]}).status_code == 204
    assert act(client, "claim-next", body={"languages": ["fr"], "channels": ["chat"]}).json()["id"] == french
    refused = act(client, "claim-next", body={"languages": ["no language"]})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "language")


def test_the_list_is_filtered_and_paged(client: TestClient) -> None:
    made = [
        open_ticket(
            client, f"Glove {'abcdefghi'[n] * 4}?", language=("en", "be", "ru")[n % 3], channel=("phone", "chat")[n % 2]
        )
        for n in range(9)
    ]
    ids = [ticket["id"] for ticket in made]
    act(client, ids[0], "/claim", {"agent": "Olga"})
    act(client, ids[1], "/solve")
    assert listed(client) == [ids[0], *ids[2:], ids[1]]
    assert listed(client, status=["solved", "open"]) == [ids[0], ids[1]]
    assert listed(client, assignee="Olga") == [ids[0]]
    assert ids[0] not in listed(client, assignee="")
    assert listed(client, language="be") == [ids[4], ids[7], ids[1]]
    assert listed(client, channel="chat", language="ru") == [ids[5]]
    assert listed(client, q="GLOVE DDDD") == [ids[3]]
    assert listed(client, q=ids[3].lower()) == [ids[3]]
    assert listed(client, q="' OR 1=1 --") == listed(client, q="%") == listed(client, channel="_____") == []
    seen: list[str] = []
    cursor = None
    while True:
        page = client.get("/v1/tickets", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [item["id"] for item in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == listed(client)


def test_a_broken_promise_is_seen_first(client: TestClient) -> None:
    kept, broken = open_ticket(client, "Kept?"), open_ticket(client, "Broken?")
    product = client.app.state.product  # type: ignore[attr-defined]
    past = datetime.now(UTC) - timedelta(minutes=5)
    with product.database.write() as connection:
        values = {"first_response_due_at": past, "desk_order": int(past.timestamp() * 1_000_000)}
        connection.execute(sa.update(tickets_table).where(tickets_table.c.id == broken["id"]).values(values))
    items = client.get("/v1/tickets").json()["items"]
    assert [(item["id"], item["overdue"]) for item in items] == [(broken["id"], True), (kept["id"], False)]
    assert listed(client, overdue=True) == [broken["id"]]
    assert listed(client, overdue=False) == [kept["id"]]
    assert "faq_tickets_overdue 1.0" in client.get("/metrics").text
    act(client, broken["id"], "/messages", {"body": "Sorry for the delay."})
    assert listed(client, overdue=True) == []


def test_only_the_fields_that_are_sent_change(shared: TestClient) -> None:
    made = open_ticket(shared, tags=["a"], subject="Glove")
    path = made["id"]
    changed = act(shared, path, body={"priority": "urgent"}, method="PATCH").json()
    assert {name for name in FIELDS if changed[name] != made[name]} == {
        "version", "priority", "updated_at", "first_response_due_at", "due_at",
    }  # fmt: skip
    fields = {"assignee": "Olga", "tags": ["b", "b"], "subject": "Mitten"}
    changed = act(shared, path, body=fields, method="PATCH").json()
    assert {name: changed[name] for name in fields} == fields | {"tags": ["b"]}
    assert act(shared, path, body={"subject": None, "tags": None}, method="PATCH").json()["subject"] == "Mitten"
    assert act(shared, path, body={"assignee": None}, method="PATCH").json()["assignee"] is None
    version = shared.get(f"/v1/tickets/{path}").json()["version"]
    assert act(shared, path, body={}, method="PATCH").json()["version"] == version
    assert act(shared, path, body={"language": "pt-br"}, method="PATCH").json()["language"] == "pt-BR"
    assert act(shared, path, body={"language": "no tag"}, method="PATCH").status_code == 422


@pytest.mark.parametrize(
    ("action", "body", "method"),
    [
        ("", {"priority": "low"}, "PATCH"),
        ("/claim", {"agent": "x"}, "POST"),
        ("/release", None, "POST"),
        ("/solve", None, "POST"),
        ("/messages", {"body": "x"}, "POST"),
    ],
)
def test_every_change_can_be_guarded_by_its_entity_tag(shared: TestClient, action: str, body: Any, method: str) -> None:
    id = open_ticket(shared)["id"]
    act(shared, id, "/claim", {"agent": "Olga"})
    stale = act(shared, id, action, body, method, **{"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["type"]) == (412, "urn:faq-assistant:problem:stale")
    assert act(shared, id, action, body, method, **{"If-Match": "x"}).status_code == 422
    assert shared.get(f"/v1/tickets/{id}").json()["version"] == 2
    act(shared, id, "/release", **{"If-Match": '"2"'})
    assert act(shared, id, action, body, method, **{"If-Match": '"3"'}).status_code in (200, 201)


def test_the_entity_tag_of_a_change_guards_the_next(shared: TestClient) -> None:
    id = open_ticket(shared)["id"]
    tag = act(shared, id, "/claim", {"agent": "Olga"}).headers["etag"]
    tag = act(shared, id, body={"priority": "low"}, method="PATCH", **{"If-Match": tag}).headers["etag"]
    assert act(shared, id, "/solve", **{"If-Match": tag}).status_code == 200


def test_statuses_follow_their_ways(shared: TestClient) -> None:
    id = open_ticket(shared)["id"]
    act(shared, id, "/solve")
    backwards = act(shared, id, body={"status": "new"}, method="PATCH")
    assert (backwards.status_code, backwards.json()["type"]) == (409, "urn:faq-assistant:problem:ticket-state")
    assert act(shared, id, "/claim").status_code == 409
    assert act(shared, id, body={"status": "closed"}, method="PATCH").status_code == 200
    for action, body, method in (
        ("", {"status": "open"}, "PATCH"),
        ("/solve", None, "POST"),
        ("/messages", {"body": "x"}, "POST"),
    ):
        assert act(shared, id, action, body, method).status_code == 409
    assert act(shared, id, "/messages", {"body": "x", "author_kind": "customer"}).status_code == 409


@pytest.mark.parametrize(
    "id", ["T-0000000", "none", "t-", "é", "%01", "' OR 1=1 --", "x" * 3_000, "T-0000000%20", "T-000000O0"]
)
def test_a_ticket_that_does_not_exist_is_a_404_everywhere(shared: TestClient, id: str) -> None:
    for action, body, method in (
        ("", None, "GET"),
        ("", {"priority": "low"}, "PATCH"),
        ("/claim", None, "POST"),
        ("/release", None, "POST"),
        ("/solve", {"message": "x"}, "POST"),
        ("/messages", None, "GET"),
        ("/messages", {"body": "x"}, "POST"),
        ("/suggestions", None, "GET"),
    ):
        assert act(shared, id, action, body, method).status_code == 404, (method, action)


def test_an_id_is_understood_as_it_is_spelt_on_the_telephone(shared: TestClient) -> None:
    id = open_ticket(shared)["id"]
    assert shared.get(f"/v1/tickets/{id.lower().replace('0', 'o').replace('1', 'l')}").json()["id"] == id


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "question"),
        ({"question": ""}, "question"),
        ({"question": " \n"}, "question"),
        ({"question": "a\x00"}, "question"),
        ({"question": "x" * 50_001}, "question"),
        ({"question": "a", "priority": "asap"}, "priority"),
        ({"question": "a", "language": "no language"}, "language"),
        ({"question": "a", "channel": ""}, "channel"),
        ({"question": "a", "channel": " "}, "channel"),
        ({"question": "a", "subject": "x" * 301}, "subject"),
        ({"question": "a", "tags": [""]}, "tags"),
        ({"question": "a", "tags": ["x"] * 51}, "tags"),
        ({"question": "a", "customer": {"name": "\x00"}}, "customer.name"),
        ({"question": "a", "customer": {"phone": "1" * 61}}, "customer.phone"),
        ({"question": "a", "status": "solved"}, "status"),
    ],
)
def test_a_ticket_that_cannot_be_one_is_refused_with_the_field(shared: TestClient, body: Any, field: str) -> None:
    response = shared.post("/v1/tickets", json=body)
    assert response.status_code == 422, response.text
    assert [error["field"] for error in response.json()["errors"]] == [field]


@pytest.mark.parametrize(
    ("action", "body", "method", "field"),
    [
        ("", {"status": "lost"}, "PATCH", "status"),
        ("", {"priority": 5}, "PATCH", "priority"),
        ("", {"assignee": "\x00"}, "PATCH", "assignee"),
        ("", {"subject": ""}, "PATCH", "subject"),
        ("", {"question": "other"}, "PATCH", "question"),
        ("/claim", {"agent": ""}, "POST", "agent"),
        ("/claim", {"agent": " "}, "POST", "agent"),
        ("/claim", {"agent": "\x00"}, "POST", "agent"),
        ("/solve", {"message": "\x00"}, "POST", "body"),
        ("/messages", {}, "POST", "body"),
        ("/messages", {"body": " "}, "POST", "body"),
        ("/messages", {"body": "a\x00"}, "POST", "body"),
        ("/messages", {"body": "a", "visibility": "secret"}, "POST", "visibility"),
        ("/messages", {"body": "a", "author_kind": "ghost"}, "POST", "author_kind"),
        ("/messages", {"body": "a", "language": "no language"}, "POST", "language"),
    ],
)
def test_a_change_that_cannot_be_one_is_refused_with_the_field(
    shared: TestClient, action: str, body: Any, method: str, field: str
) -> None:
    id = open_ticket(shared)["id"]
    response = act(shared, id, action, body, method)
    assert response.status_code == 422, response.text
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert shared.get(f"/v1/tickets/{id}").json()["version"] == 1


@pytest.mark.parametrize(
    "query",
    [
        "status=lost",
        "language=no+language",
        "channel=" + "x" * 61,
        "q=" + "x" * 501,
        "limit=0",
        "cursor=x",
        "overdue=perhaps",
    ],
)
def test_a_filter_that_cannot_be_one_is_refused(shared: TestClient, query: str) -> None:
    response = shared.get(f"/v1/tickets?{query}")
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"].removesuffix(".0") == query.partition("=")[0]


def test_messages_are_paged_and_cursors_of_other_lists_refused(shared: TestClient) -> None:
    id = open_ticket(shared)["id"]
    for n in range(4):
        act(shared, id, "/messages", {"body": f"reply {n}"})
    page = shared.get(f"/v1/tickets/{id}/messages", params={"limit": 3}).json()
    rest = shared.get(f"/v1/tickets/{id}/messages", params={"limit": 3, "cursor": page["next_cursor"]}).json()
    assert [message["body"] for message in page["items"][1:] + rest["items"]] == [f"reply {n}" for n in range(4)]
    assert rest["next_cursor"] is None
    for n in range(2):
        open_ticket(shared, f"Page {n}?")
    other = shared.get("/v1/tickets", params={"limit": 1}).json()["next_cursor"]
    assert shared.get(f"/v1/tickets/{id}/messages", params={"cursor": other}).status_code == 422
    assert shared.get("/v1/tickets", params={"cursor": page["next_cursor"]}).status_code == 422
