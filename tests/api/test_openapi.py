"""The OpenAPI document is valid, says what is so, and no request made from it breaks the server."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks

from api.app import create_app
from api.settings import Settings
from tests.api.servers import LiveServer, live_server

DOCUMENT: dict[str, Any] = create_app(Settings()).openapi()
CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
]
FEW = hypothesis.settings(
    max_examples=20,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)

STATUSES: dict[str, set[int]] = {}  # what came of the requests, by operation

# A build is a process of its own; see test_index_builds.
schema = schemathesis.openapi.from_dict(DOCUMENT).exclude(path="/v1/index-builds", method="POST")


@pytest.fixture(scope="module")
def server(sample_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Yield a server with one key, an admin's, in its client's headers."""
    data = shutil.copytree(sample_template, tmp_path_factory.mktemp("openapi") / "data")
    with live_server(data) as running:
        secret = running.client.post("/v1/keys", json={"scopes": ["admin"]}).json()["secret"]
        running.client.headers["Authorization"] = f"Bearer {secret}"
        running.client.post("/v1/answers", json={"question": "talk to a human"})
        yield running


@schema.parametrize()
@FEW
def test_no_request_with_a_key_breaks_the_server_or_the_document(case: schemathesis.Case, server: LiveServer) -> None:
    if case.operation.label == "PUT /v1/golden-questions":
        case.query = {**(case.query or {}), "calibrate": "false"}  # it would start a build
    response = case.call_and_validate(
        base_url=str(server.client.base_url), headers=dict(server.client.headers), checks=CHECKS, timeout=30
    )
    STATUSES.setdefault(case.operation.label, set()).add(response.status_code)


def test_the_requests_were_not_all_refused() -> None:
    if not STATUSES and not os.environ.get("CI"):
        pytest.skip("it looks at the requests of the test above: run the whole file")
    served = {label for label, statuses in STATUSES.items() if statuses & {200, 201, 204}}
    assert {
        "POST /v1/answers",
        "POST /v1/tickets",
        "GET /v1/articles",
        "GET /v1/exports",
        "GET /v1/languages",
    } <= served
    assert {422, 404} <= set().union(*STATUSES.values())


@schema.parametrize()
@hypothesis.settings(parent=FEW, max_examples=2)
def test_no_request_without_a_key_is_served(case: schemathesis.Case, server: LiveServer) -> None:
    headers = {name: value for name, value in (case.headers or {}).items() if name.lower() != "authorization"}
    case.headers = headers  # type: ignore[assignment]
    response = case.call(base_url=str(server.client.base_url), timeout=30)
    is_open = "security" not in DOCUMENT["paths"][case.operation.path][case.operation.method.lower()]
    if not is_open:
        assert response.status_code in (400, 401, 405, 422), response.text


def references(part: Any) -> Iterator[str]:
    """Yield every reference in a part of the document."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_the_document_is_valid_openapi_3_1(server: LiveServer) -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    schemathesis.openapi.from_dict(DOCUMENT).validate()
    for reference in references(DOCUMENT):
        part = DOCUMENT
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]
    served = server.client.get("/openapi.json", headers={"Authorization": ""})
    assert served.json() == DOCUMENT


def test_every_operation_is_described_and_named_once() -> None:
    names = [operation["operationId"] for _, operation in operations()]
    assert len(names) == len(set(names))
    assert [label for label, operation in operations() if not operation.get("summary")] == []


def test_errors_are_documented_as_problems() -> None:
    for label, operation in operations():
        for status, response in operation["responses"].items():
            if status >= "400" and label != "GET /readyz":
                assert list(response["content"]) == ["application/problem+json"], (label, status)
                assert response["content"]["application/problem+json"]["schema"]["$ref"].endswith("/ProblemDocument")


def test_changes_that_can_be_guarded_say_so() -> None:
    for label, operation in operations():
        takes_tag = any(parameter["name"].lower() == "if-match" for parameter in operation.get("parameters", []))
        assert takes_tag == ("412" in operation["responses"]), label
