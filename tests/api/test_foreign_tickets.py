"""A foreign customer's ticket over HTTP: read in the desk's language, answered in the customer's, both kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.settings import Settings
from assistant.translation import ArgosEngine
from tests.api.conftest import Serve
from tests.assistant.translation_models import build_package

TO_ENGLISH = {
    "Wo": "Where", "ist": "is", "mein": "my", "Handschuh?": "glove?", "Ich": "I", "warte": "wait", "noch": "still",
}  # fmt: skip
TO_GERMAN = {"It": "Er", "was": "wurde", "found": "gefunden", "yesterday": "gestern"}


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("packages")
    return (
        build_package(folder / "de_en.argosmodel", "de", "en", TO_ENGLISH),
        build_package(folder / "en_de.argosmodel", "en", "de", TO_GERMAN),
    )


@pytest.fixture
def client(serve: Serve, sample_data: Path, packages: tuple[Path, Path]) -> TestClient:
    engine = ArgosEngine(Settings(data_dir=sample_data).packages_folder)
    for package in packages:
        engine.install(package)
    return serve()


def opened(client: TestClient) -> dict[str, Any]:
    ticket = client.post("/v1/tickets", json={"question": "Wo ist mein Handschuh?", "language": "de"}).json()
    read: dict[str, Any] = client.get(f"/v1/tickets/{ticket['id']}").json()
    return read


def test_the_question_is_there_in_both_languages(client: TestClient) -> None:
    ticket = opened(client)
    assert ticket["question"] == "Wo ist mein Handschuh?"
    assert ticket["question_translation"] == {"language": "en", "text": "Where is my glove?", "engine": "argos"}
    first = client.get(f"/v1/tickets/{ticket['id']}/messages").json()["items"][0]
    assert (first["body"], first["translation"]["text"]) == ("Wo ist mein Handschuh?", "Where is my glove?")
    assert ticket["history"][-1]["changes"]["question_translation"][1]["text"] == "Where is my glove?"
    again = client.get(f"/v1/tickets/{ticket['id']}")
    assert (again.json()["version"], again.headers["etag"]) == (2, '"2"')


def test_what_is_said_is_kept_in_both_languages(client: TestClient) -> None:
    path = f"/v1/tickets/{opened(client)['id']}/messages"
    said = client.post(path, json={"body": "It was found yesterday", "language": "en"}).json()
    assert said["translation"] == {"language": "de", "text": "Er wurde gefunden gestern", "engine": "argos"}
    assert said["translation_problem"] is None
    heard = client.post(path, json={"body": "Ich warte noch", "author_kind": "customer"}).json()
    assert (heard["language"], heard["translation"]["text"]) == ("de", "I wait still")
    note = client.post(path, json={"body": "It was found yesterday", "visibility": "internal"}).json()
    assert note["translation"] is None, "the customer never sees it"


def test_where_a_translation_fails_the_agent_is_told(client: TestClient) -> None:
    path = f"/v1/tickets/{opened(client)['id']}/messages"
    words = "Your parcel left our big warehouse early this morning"  # which the engine knows no word of
    said = client.post(path, json={"body": words, "language": "en"})
    assert said.status_code == 201
    assert said.json()["translation"] is None
    assert "unaltered" in said.json()["translation_problem"]
    ticket = path.removesuffix("/messages")
    solved = client.post(f"{ticket}/solve", json={"message": words}).json()
    assert solved["status"] == "solved"
    assert "unaltered" in solved["translation_problem"]
    again = client.post(f"{ticket}/solve", json={}).json()
    assert again["translation_problem"] is None
