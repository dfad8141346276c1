"""Errors as callers meet them: a status and a type for each, and a problem document, whatever was sent."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

import api
import assistant
import index
import knowledge
from api.errors import STATUSES, faq_problem, install, status_of
from api.middleware import Surroundings
from knowledge.errors import AccessError, FaqError, InputError, RateLimitError, error_name
from tests.api.conftest import Serve

# What STATUSES must say, as the contract has it; the leaves of the rooms below it.
BRANCHES = {
    "InputError": 422,
    "TooLargeError": 413,
    "NotFoundError": 404,
    "ConflictError": 409,
    "StaleError": 412,
    "UnauthenticatedError": 401,
    "ForbiddenError": 403,
    "RateLimitError": 429,
    "UnavailableError": 503,
    "ConfigurationError": 503,
}
LEAVES = {
    "AnswerNotFoundError": (404, "answer-not-found"),
    "ArticleError": (422, "article"),
    "ArticleNotFoundError": (404, "article-not-found"),
    "BacklogError": (503, "backlog"),
    "BuildCancelledError": (409, "build-cancelled"),
    "BuildNotFoundError": (404, "build-not-found"),
    "BuildRunningError": (409, "build-running"),
    "CursorError": (422, "cursor"),
    "DatabaseError": (503, "database"),
    "EncoderError": (503, "encoder"),
    "EncoderMismatchError": (503, "encoder-mismatch"),
    "GenerationDamagedError": (503, "generation-damaged"),
    "GenerationGatedError": (409, "generation-gated"),
    "GenerationNotFoundError": (404, "generation-not-found"),
    "ImportNotFoundError": (404, "import-not-found"),
    "KeyNotFoundError": (404, "key-not-found"),
    "MessageConflictError": (409, "message-conflict"),
    "NoGenerationError": (503, "no-generation"),
    "NothingToBuildError": (409, "nothing-to-build"),
    "NothingToRollBackError": (409, "nothing-to-roll-back"),
    "OvertakenError": (409, "overtaken"),
    "QuestionError": (422, "question"),
    "RateLimitError": (429, "rate-limit"),
    "ReportNotFoundError": (404, "report-not-found"),
    "StaleError": (412, "stale"),
    "TicketClaimedError": (409, "ticket-claimed"),
    "TicketNotFoundError": (404, "ticket-not-found"),
    "TicketStateError": (409, "ticket-state"),
    "TooLargeError": (413, "too-large"),
    "UnauthenticatedError": (401, "unauthenticated"),
}


def every_error() -> list[type[FaqError]]:
    """Return every class of the exception tree that the product has, whichever module it hides in."""
    for room in (knowledge, index, assistant, api):
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            # Training and fitting are no part of the server, and need what it does not.
            if not re.search(r"__main__|\.training|migrations|calibrations\.", module.name):
                importlib.import_module(module.name)

    def below(error: type[FaqError]) -> Iterator[type[FaqError]]:
        for child in error.__subclasses__():
            yield child
            yield from below(child)

    rooms = ("knowledge", "index", "assistant", "api")
    return sorted(
        {error for error in below(FaqError) if error.__module__.split(".")[0] in rooms},
        key=lambda error: error.__name__,
    )


def test_every_error_has_a_status_and_a_type_of_its_own() -> None:
    errors = [error for error in every_error() if error is not AccessError]  # a branch that nothing is on its own
    assert len(errors) > len(LEAVES)
    for error in errors:
        assert 400 <= status_of(error) <= 503, error
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", error_name(error)), error
    types = [error_name(error) for error in errors]
    assert len(types) == len(set(types)), "two errors share a type; callers could not tell them apart"


def test_errors_map_as_documented() -> None:
    assert {error.__name__: status for error, status in STATUSES.items()} == BRANCHES
    found = {
        error.__name__: (status_of(error), error_name(error)) for error in every_error() if error is not AccessError
    }
    assert {name: found.get(name) for name in LEAVES} == LEAVES


def test_an_error_outside_the_branches_is_a_mistake_that_is_seen() -> None:
    with pytest.raises(LookupError, match="derive it from one of the branches"):
        status_of(AccessError)


@pytest.mark.parametrize(("seconds", "header"), [(0.0, "1"), (0.2, "1"), (30.0, "30"), (30.6, "31")])
def test_who_must_wait_is_told_how_long(seconds: float, header: str) -> None:
    problem = faq_problem(RateLimitError("Too many.", retry_after=seconds), "r")
    assert problem.status_code == 429
    assert problem.headers["retry-after"] == header


def test_a_field_is_named_where_there_is_one() -> None:
    problem = faq_problem(InputError("url is 'x'; expected https://.", field="url"), "r")
    assert b'"errors":[{"field":"url","message":"url is \'x\'; expected https://."}]' in problem.body


@pytest.mark.parametrize(
    ("method", "path", "status", "type"),
    [
        ("GET", "/v1/nothing", 404, "not-found"),
        ("GET", "/v1/answers/x/y/z", 404, "not-found"),
        ("GET", "/v1/articles/", 404, "not-found"),
        ("POST", "/v1/answers/", 404, "not-found"),
        ("POST", "/v1/answers;x=1", 404, "not-found"),
        ("POST", "/v1/answers%20", 404, "not-found"),
        ("GET", "/v2/answers", 404, "not-found"),
        ("GET", "//v1/languages", 404, "not-found"),
        ("GET", "/%00", 400, "bad-request"),
        ("GET", "/v1/articles?q=%00", 400, "bad-request"),
        ("GET", "/" + "x" * 60_000, 404, "not-found"),
        ("GET", "/web/nothing.js", 404, "not-found"),
        ("GET", "/web/..%2f..%2fpyproject.toml", 404, "not-found"),
        ("GET", "/web/%2e%2e/app.py", 404, "not-found"),
        ("POST", "/web/chat.js", 405, "method-not-allowed"),
        ("DELETE", "/v1/answers", 405, "method-not-allowed"),
        ("GET", "/v1/answers", 405, "method-not-allowed"),
        ("BREW", "/livez", 405, "method-not-allowed"),
        ("OPTIONS", "/v1/answers", 405, "method-not-allowed"),
        ("GET", "/v1/answers/ans_none", 404, "answer-not-found"),
        ("GET", "/v1/tickets/T-0000000", 404, "ticket-not-found"),
        ("GET", "/v1/articles/none", 404, "article-not-found"),
        ("GET", "/v1/imports/none", 404, "import-not-found"),
        ("POST", "/v1/imports/none/apply", 404, "import-not-found"),
        ("GET", "/v1/index-builds/none", 404, "build-not-found"),
        ("GET", "/v1/index-builds/none/events", 404, "build-not-found"),
        ("POST", "/v1/generations/99/activate", 404, "generation-not-found"),
        ("GET", "/v1/generations/99/report", 404, "generation-not-found"),
        ("GET", "/v1/generations/1/report", 404, "report-not-found"),
        ("POST", "/v1/generations/0/activate", 422, "validation"),
        ("POST", f"/v1/generations/{'9' * 400}/activate", 422, "validation"),
        ("POST", f"/v1/generations/{'9' * 9_000}/activate", 422, "validation"),
        ("POST", "/v1/generations/rollback", 409, "nothing-to-roll-back"),
        ("DELETE", "/v1/keys/none", 404, "key-not-found"),
        ("GET", "/v1/articles?limit=0", 422, "validation"),
        ("GET", "/v1/articles?limit=many", 422, "validation"),
        ("GET", "/v1/articles?cursor=x", 422, "cursor"),
        ("GET", "/v1/tickets?status=lost", 422, "validation"),
        ("GET", "/v1/exports?format=exe", 422, "validation"),
    ],
)
def test_whatever_is_asked_for_a_problem_says_what_is_wrong(
    shared: TestClient, method: str, path: str, status: int, type: str
) -> None:
    response = shared.request(method, path, follow_redirects=False)
    assert_problem(response, status, type)


@pytest.mark.parametrize("path", ["/livez", "/v1/languages", "/v1/tickets/T-0000000"])
def test_head_and_other_methods_leave_nothing_behind(shared: TestClient, path: str) -> None:
    assert shared.request("HEAD", path).status_code in (200, 404, 405)


def test_a_refused_method_names_those_that_are_allowed(shared: TestClient) -> None:
    assert shared.delete("/v1/answers").headers["allow"] == "POST"


@pytest.mark.parametrize("id", ["chat-8812-17", "0", "x" * 128, "a/b?c=d;<e>"])
def test_the_request_id_is_echoed(shared: TestClient, id: str) -> None:
    good, bad = shared.get("/livez", headers={"X-Request-ID": id}), shared.get("/none", headers={"X-Request-ID": id})
    assert good.headers["x-request-id"] == bad.headers["x-request-id"] == bad.json()["request_id"] == id


@pytest.mark.parametrize(
    "id",
    [b"", b" ", b"a b", b"a\nSet-Cookie: x=1", b"a\r\n\r\n<html>", b"x" * 129, b"x" * 10_240, "é".encode(), b"\x00"],
)
def test_a_hostile_request_id_is_replaced(shared: TestClient, id: bytes) -> None:
    response = shared.get("/none", headers={"X-Request-ID": id})  # type: ignore[dict-item]
    made = response.headers["x-request-id"]
    assert re.fullmatch("[0-9a-f]{32}", made)
    assert response.json()["request_id"] == made
    assert "set-cookie" not in response.headers


def test_each_request_has_an_id_of_its_own(shared: TestClient) -> None:
    assert shared.get("/livez").headers["x-request-id"] != shared.get("/livez").headers["x-request-id"]


@pytest.mark.parametrize("header", ["9" * 30, "9" * 6_000, "1" + "0" * 19])
def test_a_length_beyond_all_measure_is_too_long(shared: TestClient, header: str) -> None:
    response = shared.post("/v1/answers", content=b"{}", headers={"Content-Length": header})
    assert_problem(response, 413, "content-too-large")


def test_a_bug_is_a_503_with_the_request_id_and_without_its_secrets(caplog: pytest.LogCaptureFixture) -> None:
    app = FastAPI()
    install(app)
    app.add_middleware(Surroundings, max_body_bytes=100, max_upload_bytes=100, observe=lambda *_: None)

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("password=hunter2")

    response = TestClient(app).get("/broken")
    assert_problem(response, 503, "internal")
    assert response.headers["retry-after"]
    assert "hunter2" not in response.text
    assert response.json()["request_id"] in caplog.text
    assert "hunter2" in caplog.text


def test_nothing_indexed_and_nothing_reachable_say_when_to_come_back(serve: Serve, tmp_path: Any) -> None:
    response = serve(data_dir=tmp_path / "empty").post("/v1/answers", json={"question": "Where is my order?"})
    assert_problem(response, 503, "no-generation")
    assert int(response.headers["retry-after"]) > 0


def assert_problem(response: Any, status: int, type: str) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert set(problem) == {"type", "title", "status", "detail", "errors", "request_id"}
    assert problem["type"] == f"urn:faq-assistant:problem:{type}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == response.headers["x-request-id"]
    assert all(set(error) == {"field", "message"} for error in problem["errors"])
