"""Translations over HTTP: what a customer gets before and after, and what an admin sees and decides."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.product import Product
from api.settings import Settings
from assistant.translation import ArgosEngine
from assistant.translation.filling import fill
from tests.api.conftest import Serve
from tests.assistant.translation_models import build_package

# Word by word, for an article of the tests' own, and as many of another as one that is no mere copy needs.
DICTIONARY = {
    "Who": "Wer", "waters": "gießt", "the": "die", "plants?": "Pflanzen?", "Our": "Unser", "gardener": "Gärtner",
    "them": "sie", "every": "jeden", "Monday": "Montag", "at": "um", "9:30.": "9:30.",
    "order": "Auftrag", "hours": "Stunden", "you": "Sie", "receive": "erhalten", "a": "ein", "is": "ist", "so": "also",
    "out": "aus", "of": "von", "days": "Tagen",
}  # fmt: skip
QUESTION, ANSWER = "Who waters the plants?", "Our gardener waters them every Monday"
FRENCH = {"question": "Qui arrose les plantes ?", "answer": "Notre jardinier, chaque lundi."}
ARTICLE = "/v1/articles/plants"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_package(tmp_path_factory.mktemp("package") / "en_nl.argosmodel", "en", "nl", DICTIONARY)


@pytest.fixture
def client(serve: Serve, sample_data: Path, package: Path) -> TestClient:
    """Return a client of a server with a genuine package, an article of the tests' own, and its translation."""
    ArgosEngine(sample_data / "translation").install(package)
    client = serve()
    text = {"question": QUESTION, "answer": ANSWER}
    assert client.put(ARTICLE, json={"texts": {"en": text, "fr": FRENCH}}).status_code == 201
    return client


def fill_ahead(data: Path, *, is_held: bool = False, ids: tuple[str, ...] = ("plants",)) -> None:
    """Do what ``faq translate --to nl`` does, in a process of its own as far as the server can tell."""
    product = Product(Settings(data_dir=data))
    try:
        fill(
            [product.store.get(id) for id in ids],
            ["nl"],
            translator=product.translator,
            memory=product.memory,
            default_language="en",
            is_held=is_held,
        )
    finally:
        product.close()


def listed(client: TestClient, **wanted: object) -> list[dict[str, Any]]:
    response = client.get("/v1/translations", params=wanted)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


def test_an_admin_sees_mends_and_approves_what_a_machine_made(client: TestClient, sample_data: Path) -> None:
    fill_ahead(sample_data, is_held=True)
    answer, question = listed(client, article_id="plants")
    assert (answer["field"], answer["status"], answer["source"]) == ("answer", "review", ANSWER)
    assert (answer["text"], answer["engine"], answer["stale"]) == (
        "Unser Gärtner gießt sie jeden Montag",
        "argos",
        False,
    )
    assert (question["source_language"], question["language"]) == ("en", "nl")
    shown = client.get(f"{ARTICLE}/translations/nl")
    assert (shown.json()["kind"], shown.headers["etag"]) == ("none", '"1"')
    approved = client.post(
        f"{ARTICLE}/translations/nl/approve",
        json={"answer": "Onze tuinman, elke maandag."},
        headers={"If-Match": shown.headers["etag"]},
    )
    assert approved.status_code == 200, approved.text
    assert (approved.json()["kind"], approved.headers["etag"]) == ("human", '"2"')
    text = client.get(ARTICLE).json()["texts"]["nl"]
    assert (text["question"], text["answer"], text["origin"]) == (
        "Wer gießt die Pflanzen?",
        "Onze tuinman, elke maandag.",
        "human",
    )
    assert [item["status"] for item in listed(client, status="approved")] == ["approved", "approved"]
    edited = {"question": QUESTION, "answer": "Nobody does."}
    client.put(ARTICLE, json={"texts": {"en": edited, "nl": text, "fr": FRENCH}})
    stale = listed(client, status="stale")
    assert {(item["field"], item["status"]) for item in stale} == {("answer", "approved"), ("answer", "review")}
    assert client.get(f"{ARTICLE}/translations/nl").json()["answer"]["stale"] is True


def test_refusals_are_problem_documents(client: TestClient, sample_data: Path) -> None:
    fill_ahead(sample_data)
    approve = f"{ARTICLE}/translations/nl/approve"
    refusals = [
        (client.get("/v1/articles/none/translations/nl"), 404, "article-not-found"),
        (client.get(f"{ARTICLE}/translations/be"), 404, "translation-not-found"),
        (client.get(f"{ARTICLE}/translations/!"), 422, "article"),
        (client.delete(f"{ARTICLE}/translations/be"), 404, "translation-not-found"),
        (client.post(f"{ARTICLE}/translations/fr/approve"), 409, "translation-conflict"),
        (client.post(approve, headers={"If-Match": '"9"'}), 412, "stale"),
        (client.post(approve, headers={"If-Match": "x"}), 422, "input"),
        (client.post(approve, json={"answer": "\x00"}), 422, "input"),
        (client.post(approve, json={"text": "a"}), 422, "validation"),
        (client.get("/v1/translations", params={"status": "lost"}), 422, "validation"),
        (client.get("/v1/translations", params={"cursor": "x"}), 422, "cursor"),
        (client.get("/v1/translations", params={"language": "!"}), 422, "article"),
    ]
    found = [(response.status_code, response.json()["type"].rpartition(":")[2]) for response, _, _ in refusals]
    assert found == [(status, kind) for _, status, kind in refusals]


def test_what_is_forgotten_is_gone(client: TestClient, sample_data: Path) -> None:
    fill_ahead(sample_data)
    assert client.get(f"{ARTICLE}/translations/nl").json()["kind"] == "machine"
    assert client.delete(f"{ARTICLE}/translations/nl").status_code == 204
    assert listed(client) == []


def test_a_running_server_gives_what_was_translated_ahead_and_counts_it(
    client: TestClient, sample_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_arguments: object) -> str:
        raise AssertionError("an engine was asked for what is remembered")

    fill_ahead(sample_data, ids=("order-cancel",))
    monkeypatch.setattr(ArgosEngine, "translate", never)
    body = {"question": "How do I cancel my order?", "language": "nl"}
    for _ in range(2):
        answer = client.post("/v1/answers", json=body).json()["answer"]
        assert answer["article_id"] == "order-cancel"
        assert (answer["language"], answer["translation"]) == (
            "nl",
            {"kind": "machine", "from": "en", "engine": "argos"},
        )
    assert client.post("/v1/answers", json={**body, "language": "th"}).json()["answer"]["translation"]["kind"] == "none"
    counted = client.get("/metrics").text
    assert 'faq_translations_total{outcome="remembered"} 2.0' in counted
    assert 'faq_translations_total{outcome="no_route"} 1.0' in counted


def test_a_server_that_nobody_asks_looks_for_what_others_changed(client: TestClient, sample_data: Path) -> None:
    translator = client.app.state.product.translator  # type: ignore[attr-defined]
    translator.look()
    stamp = translator.stamp
    fill_ahead(sample_data, ids=("plants",))
    deadline = time.monotonic() + 10
    while translator.stamp == stamp:
        assert time.monotonic() < deadline
        time.sleep(0.02)
