"""POST /v1/answers and what belongs to it, as a channel's program calls it."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.conftest import Serve


def ask(client: TestClient, question: str | None = None, **fields: Any) -> dict[str, Any]:
    body = fields if question is None else {"question": question, **fields}
    response = client.post("/v1/answers", json=body)
    assert response.status_code == 200, response.text
    decided: dict[str, Any] = response.json()
    return decided


def test_an_answer_has_every_field_of_the_contract(shared: TestClient) -> None:
    reply = ask(shared, "Як вярнуць тавар?")
    assert set(reply) == {
        "id", "decision", "reason", "confidence", "message", "language", "answer", "choices", "ticket", "generation",
    }  # fmt: skip
    assert reply["id"].startswith("ans_")
    confidence = reply["language"]["confidence"]
    assert reply["language"] == {"code": "be", "source": "detected", "confidence": confidence, "wished": False}
    assert 0.7 < reply["language"]["confidence"] <= 1
    answer = reply["answer"]
    assert (answer["article_id"], answer["revision"], answer["language"]) == ("returns", 1, "be")
    assert answer["url"] == "https://vilora.example/help/returns"
    assert answer["translation"] == {"kind": "human", "from": None, "engine": None}
    assert reply["message"] == answer["text"] != ""
    assert (reply["choices"], reply["ticket"], reply["generation"]) == ([], None, 1)


def test_a_promise_is_a_time_in_the_future_in_utc(shared: TestClient) -> None:
    ticket = ask(shared, "talk to a human")["ticket"]
    assert set(ticket) == {"id", "status", "due_at"}
    assert ticket["status"] == "new"
    assert ticket["due_at"].endswith("Z")
    assert datetime.fromisoformat(ticket["due_at"]) > datetime.now(UTC)
    stored = shared.get(f"/v1/tickets/{ticket['id']}").json()
    assert stored["due_at"] == ticket["due_at"]


def test_a_retry_is_answered_byte_for_byte_and_another_body_is_refused(client: TestClient) -> None:
    body = {"question": "qwzx plörf", "message_id": "m-1", "channel": "chat"}
    first, second = client.post("/v1/answers", json=body), client.post("/v1/answers", json=body)
    assert first.content == second.content
    other = client.post("/v1/answers", json={**body, "question": "another"})
    assert other.status_code == 409
    assert other.json()["type"].endswith("message-conflict")
    assert len(client.get("/v1/tickets").json()["items"]) == 1


def test_the_idempotency_header_means_the_same(client: TestClient) -> None:
    body = {"question": "qwzx plörf"}
    replies = [client.post("/v1/answers", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert replies[0].content == replies[1].content
    named = client.post("/v1/answers", json={**body, "message_id": "k"})
    assert named.content == replies[0].content
    both = client.post("/v1/answers", json={**body, "message_id": "a"}, headers={"Idempotency-Key": "b"})
    assert (both.status_code, both.json()["errors"][0]["field"]) == (422, "message_id")


def test_equal_calls_at_once_make_one_ticket(client: TestClient) -> None:
    body = {"question": "qwzx plörf", "message_id": "m-1"}
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: client.post("/v1/answers", json=body).content, range(16)))
    assert len(set(replies)) == 1
    assert len(client.get("/v1/tickets").json()["items"]) == 1


def test_two_servers_on_one_data_folder_make_one_ticket_of_one_message(serve: Serve) -> None:
    servers = [serve(), serve()]
    body = {"question": "qwzx plörf", "message_id": "m-1"}
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda n: servers[n % 2].post("/v1/answers", json=body), range(16)))
    assert {reply.status_code for reply in replies} == {200}
    assert len({reply.content for reply in replies}) == 1
    assert len(servers[0].get("/v1/tickets").json()["items"]) == 1


def test_the_receipt_can_be_read_and_feedback_given_once(client: TestClient) -> None:
    reply = ask(client, "How do I return an item?")
    receipt = client.get(f"/v1/answers/{reply['id']}").json()
    assert receipt["hits"][0]["article_id"] == "returns"
    assert receipt["question"] == "How do I return an item?"
    first = client.post(f"/v1/answers/{reply['id']}/feedback", json={"helpful": False, "comment": "no"}).json()
    again = client.post(f"/v1/answers/{reply['id']}/feedback", json={"helpful": False}).json()
    assert first["ticket"] == again["ticket"] is not None
    assert len(client.get("/v1/tickets").json()["items"]) == 1


@pytest.mark.parametrize(
    "path", ["/v1/answers/ans_none", "/v1/answers/%01", "/v1/answers/é", "/v1/answers/" + "x" * 5000]
)
def test_a_receipt_that_does_not_exist_is_a_404(shared: TestClient, path: str) -> None:
    assert shared.get(path).status_code == 404
    assert shared.post(f"{path}/feedback", json={"helpful": True}).status_code == 404


@pytest.mark.parametrize(
    ("text", "decision"),
    [
        ("", "suppressed"),
        (" \n\t ", "suppressed"),
        ("🙂🙂🙂", "suppressed"),
        ("\u202e\u202d", "suppressed"),
        ("12345", None),
        ("\x00\x00How do I return an item?\x00", "answered"),
        ("<script>alert(1)</script>", None),
        ("<b>How do I return an item?</b>", None),
        ("\u202eHow do I return an item?", "answered"),
        ("How do I return an item?\n\n-- \nAnn Smith\nSales Director\n+44 20 7946 0000", None),
        ("a" * 2000, None),
        ("?" * 2000, "suppressed"),
        ("' OR 1=1 --", None),
        ("{question} %s {{x}}", None),
    ],
)
def test_any_text_gets_a_sensible_decision(shared: TestClient, text: str, decision: str | None) -> None:
    reply = ask(shared, text)
    assert reply["decision"] in ("answered", "clarify", "ticketed", "suppressed")
    if decision is not None:
        assert reply["decision"] == decision
    if reply["decision"] == "ticketed":
        assert shared.get(f"/v1/tickets/{reply['ticket']['id']}").json()["question"].strip() != ""


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "question"),
        ({"question": None}, "question"),
        ({"question": 5}, "question"),
        ({"question": ["a"]}, "question"),
        ({"question": "a" * 2001}, "question"),
        ({"question": "a", "language": "no such language!"}, "language"),
        ({"question": "a", "language": ""}, "language"),
        ({"question": "a", "channel": ""}, "channel"),
        ({"question": "a", "channel": "x" * 61}, "channel"),
        ({"question": "a", "message_id": ""}, "message_id"),
        ({"question": "a", "message_id": "m" * 201}, "message_id"),
        ({"question": "a", "message_id": "a\x00b"}, "message_id"),
        ({"question": "a", "top_k": 0}, "top_k"),
        ({"question": "a", "top_k": 11}, "top_k"),
        ({"question": "a", "top_k": "x"}, "top_k"),
        ({"question": "a", "tags": "shop"}, "tags"),
        ({"question": "a", "tags": [""]}, "tags"),
        ({"question": "a", "quesiton": "b"}, "quesiton"),
        ({"question": "a", "customer": {"name": "x", "age": 5}}, "customer.age"),
        ({"question": "a", "customer": {"locale": "!!"}}, "customer.locale"),
        ({"question": "a", "customer": {"name": "a\x00b"}}, "customer.name"),
        ({"question": "a", "customer": {"id": "\x00"}}, "customer.id"),
        ({"question": "a", "customer": {"email": "a" * 321}}, "customer.email"),
        ({"question": "a", "conversation_id": "a\x00b"}, "conversation_id"),
        ({"question": "a", "conversation_id": " "}, "conversation_id"),
        ({"question": "a", "tags": ["a\x00b"]}, "tags"),
        ({"question": "a", "tags": ["x"] * 51}, "tags"),
        ({"question": "a", "language": "en\x00"}, "language"),
        ({"question": "a", "channel": "\x00"}, "channel"),
        ({"choice": "returns"}, "conversation_id"),
        ({"choice": "returns", "conversation_id": "none"}, "choice"),
    ],
)
def test_what_does_not_fit_is_refused_and_the_field_named(shared: TestClient, body: Any, field: str) -> None:
    response = shared.post("/v1/answers", json=body)
    assert response.status_code == 422, response.text
    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in problem["errors"]] == [field]
    assert problem["request_id"] == response.headers["x-request-id"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b'{"question": "\xff\xfe"}',
        b'{"question": "\\ud800"}',
        b'{"question": "a", "question": }',
        b"[" * 100_000,
        b'{"question": NaN}',
        b"\x00" * 100,
    ],
)
def test_a_body_that_is_no_proper_json_is_refused(shared: TestClient, content: bytes) -> None:
    response = shared.post("/v1/answers", content=content, headers={"content-type": "application/json"})
    assert response.status_code in (400, 422)
    assert response.headers["content-type"] == "application/problem+json"


def test_too_long_a_body_is_refused_whether_it_says_its_length_or_not(shared: TestClient) -> None:
    long = b'{"question": "' + b"a" * 2_000_000 + b'"}'
    headers = {"content-type": "application/json"}
    assert shared.post("/v1/answers", content=long, headers=headers).status_code == 413
    streamed = shared.post("/v1/answers", content=iter([long[:1_000_000], long[1_000_000:]]), headers=headers)
    assert streamed.status_code == 413
    assert "FAQ_MAX_BODY_BYTES" in streamed.json()["detail"]


def test_nothing_indexed_is_a_503_with_the_mend(serve: Serve, tmp_path: Any) -> None:
    client = serve(data_dir=tmp_path / "empty")
    response = client.post("/v1/answers", json={"question": "Where is my order?"})
    assert response.status_code == 503
    assert "faq build" in response.json()["detail"]
    assert response.headers["retry-after"]


def test_a_customer_written_language_of_any_case_is_understood(shared: TestClient) -> None:
    reply = ask(shared, "How do I return an item?", language="DE_at")
    assert (reply["language"]["code"], reply["answer"]["language"]) == ("de-AT", "de")


def test_hebrew_and_persian_speakers_get_a_reply_too(shared: TestClient) -> None:
    for language in ("he", "fa", "ka", "xx"):
        reply = ask(shared, "How do I return an item?", language=language)
        assert reply["answer"]["translation"]["kind"] == "none"
        assert reply["answer"]["text"] in reply["message"]


def test_a_locale_is_brought_into_its_usual_form_and_an_empty_one_is_none(shared: TestClient) -> None:
    reply = ask(shared, "How do I return an item?", customer={"locale": "be_by", "name": " Алесь\n Коўш "})
    assert reply["language"] == {"code": "be-BY", "source": "customer", "confidence": 1.0, "wished": False}
    assert shared.get(f"/v1/answers/{reply['id']}").json()["customer"]["name"] == "Алесь Коўш"
    assert ask(shared, "How do I return an item?", customer={"locale": ""})["language"]["source"] == "detected"


def clarified(client: TestClient, conversation_id: str) -> dict[str, Any]:
    """Ask until the sample shop asks back, with thresholds that make it do so; return its reply."""
    for text in ("refund", "my card", "gift", "points", "delivery", "payment", "returning items"):
        reply = ask(client, text, conversation_id=f"{conversation_id} {text}", language="en")
        if reply["decision"] == "clarify":
            return reply | {"conversation_id": f"{conversation_id} {text}", "asked": text}
    raise AssertionError("no question was unclear")


@pytest.fixture
def unsure(serve: Serve) -> TestClient:
    """Return a client of an application that is never sure enough to answer what is not asked word for word."""
    return serve(answer_threshold=1.0, clarify_threshold=0.0)


def test_a_retried_choice_gets_the_same_answer_though_the_choice_is_taken(unsure: TestClient) -> None:
    offered = clarified(unsure, "c")
    body = {
        "choice": offered["choices"][0]["article_id"],
        "conversation_id": offered["conversation_id"],
        "message_id": "tap-1",
    }
    first, again = (unsure.post("/v1/answers", json=body) for _ in range(2))
    assert first.json()["decision"] == "answered"
    assert (again.status_code, again.content) == (200, first.content)
    without_id = {name: body[name] for name in ("choice", "conversation_id")}
    assert unsure.post("/v1/answers", json=without_id).status_code == 422
    assert unsure.post("/v1/answers", json={**body, "choice": "other"}).status_code == 409


def test_a_retry_is_answered_though_nothing_is_indexed_any_more(serve: Serve, sample_data: Any) -> None:
    body = {"question": "How do I return an item?", "message_id": "m-1"}
    first = serve().post("/v1/answers", json=body)
    shutil.rmtree(sample_data / "generations")
    later = serve()
    assert later.post("/v1/answers", json=body).content == first.content
    assert later.post("/v1/answers", json={**body, "message_id": "m-2"}).status_code == 503


def test_a_chosen_answer_that_did_not_help_opens_a_ticket_with_the_question_it_was_for(unsure: TestClient) -> None:
    offered = clarified(unsure, "c")
    chosen = ask(unsure, choice=offered["choices"][0]["article_id"], conversation_id=offered["conversation_id"])
    reply = unsure.post(f"/v1/answers/{chosen['id']}/feedback", json={"helpful": False})
    assert reply.status_code == 200, reply.text
    ticket = unsure.get(f"/v1/tickets/{reply.json()['ticket']['id']}").json()
    assert (ticket["question"], ticket["answer_id"]) == (offered["asked"], chosen["id"])


@pytest.mark.parametrize("said", [{"choice": "none"}, {"question": "none of these"}])
def test_none_of_these_hands_over_what_was_asked(unsure: TestClient, said: dict[str, str]) -> None:
    offered = clarified(unsure, "c")
    reply = ask(unsure, **said, conversation_id=offered["conversation_id"])
    assert reply["reason"] == "unclear_after_clarify"
    assert unsure.get(f"/v1/tickets/{reply['ticket']['id']}").json()["question"] == offered["asked"]


def test_feedback_on_silence_finds_a_person_too(shared: TestClient) -> None:
    reply = ask(shared, "🙂")
    told = shared.post(f"/v1/answers/{reply['id']}/feedback", json={"helpful": False}).json()
    assert told["ticket"]["id"] in told["message"]


@pytest.mark.parametrize("comment", ["a\x00b", "x" * 5_001])
def test_a_comment_that_cannot_be_stored_is_refused(shared: TestClient, comment: str) -> None:
    reply = ask(shared, "How do I return an item?")
    response = shared.post(f"/v1/answers/{reply['id']}/feedback", json={"helpful": False, "comment": comment})
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "comment")
    assert shared.get(f"/v1/answers/{reply['id']}").json()["feedback"] is None


def test_the_last_word_counts_and_a_ticket_once_opened_stays(shared: TestClient) -> None:
    reply = ask(shared, "How do I return an item?")
    path = f"/v1/answers/{reply['id']}"
    ticket = shared.post(f"{path}/feedback", json={"helpful": False, "comment": "no"}).json()["ticket"]
    shared.post(f"{path}/feedback", json={"helpful": True, "comment": " "})
    given = shared.get(path).json()["feedback"]
    assert (given["helpful"], given["comment"], given["ticket_id"]) == (True, None, ticket["id"])
