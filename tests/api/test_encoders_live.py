"""Generations of different encoders over HTTP: changed live, rolled back live, without a question unanswered."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.product import Product
from api.settings import Settings
from index.builder import build
from index.encoder import load_encoder
from tests.api.conftest import Serve
from tests.api.test_index_builds import answer, finished, hammering, processes, start, until
from tests.static_models import letters_model

__all__ = ["processes"]  # a fixture


@pytest.fixture
def letters(tmp_path: Path) -> str:
    """Return the folder of an encoder that knows single letters."""
    return letters_model(tmp_path, dimensions=16)


@pytest.fixture
def other(sample_data: Path) -> Iterator[Product]:
    """Yield the product as another process has it."""
    product = Product(Settings(data_dir=sample_data))
    yield product
    product.close()


def encoder(client: TestClient) -> dict[str, Any]:
    part: dict[str, Any] = client.get("/readyz").json()["parts"]["encoder"]
    return part


def test_another_encoder_answers_live_and_a_rollback_brings_the_one_before_back(
    client: TestClient, other: Product, letters: str
) -> None:
    assert encoder(client)["id"] == "embedded"
    with hammering(client) as replies:
        build(other.generations, other.store, other.encoders.get(letters))
        until(lambda: any(reply["generation"] == 2 for reply in list(replies)))
        assert (encoder(client)["id"], encoder(client)["dimensions"]) == (letters, 16)
        assert client.post("/v1/generations/rollback").json()["generation"] == 1
        until(lambda: replies[-1]["generation"] == 1)
    assert encoder(client)["id"] == "embedded"
    assert {reply["decision"] for reply in replies} == {"answered"}
    assert client.post("/v1/generations/2/activate").status_code == 200
    assert answer(client)["generation"] == 2
    receipt = client.get(f"/v1/answers/{answer(client)['id']}").json()
    assert receipt["encoder"] == letters


def test_builds_keep_to_the_encoder_that_answers(
    client: TestClient, other: Product, letters: str, processes: list[Any]
) -> None:
    build(other.generations, other.store, other.encoders.get(letters))
    until(lambda: answer(client)["generation"] == 2)
    client.put("/v1/articles/teapots", json={"texts": {"en": {"question": "Teapots?", "answer": "Yes."}}})
    done = finished(client, start(client))
    assert (done["state"], done["counts"]["encoded"]) == ("active", 2)
    assert client.get("/v1/generations").json()["items"][0]["encoder"] == letters


def test_the_setting_decides_on_builds_and_leaves_the_answering_index_alone(
    serve: Serve, letters: str, processes: list[Any]
) -> None:
    client = serve(encoder=letters)
    assert (encoder(client)["id"], answer(client)["generation"]) == ("embedded", 1)
    assert finished(client, start(client))["state"] == "active"
    until(lambda: encoder(client)["id"] == letters)


def test_an_encoder_that_has_gone_is_neither_activated_nor_rolled_back_to(
    client: TestClient, other: Product, letters: str
) -> None:
    build(other.generations, other.store, other.encoders.get(letters), activate=False)
    shutil.rmtree(letters)
    refused = client.post("/v1/generations/2/activate")
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:faq-assistant:problem:encoder")
    assert letters in refused.json()["detail"]
    other.generations.activate(2)
    other.generations.activate(1)
    assert client.post("/v1/generations/rollback").status_code == 409
    assert answer(client)["generation"] == 1


def test_an_encoder_that_cannot_be_loaded_leaves_the_one_before_answering(
    client: TestClient, other: Product, letters: str
) -> None:
    build(other.generations, other.store, other.encoders.get(letters), activate=False)
    shutil.rmtree(letters)
    other.generations.activate(2)
    until(lambda: client.get("/readyz").json()["status"] == "degraded")
    assert answer(client)["generation"] == 1
    assert encoder(client)["id"] == "embedded"
    assert letters in client.get("/readyz").json()["parts"]["generation"]["detail"]


def test_an_encoder_that_was_trained_anew_in_its_folder_answers_without_a_restart(
    client: TestClient, other: Product, letters: str, tmp_path: Path
) -> None:
    build(other.generations, other.store, other.encoders.get(letters))
    until(lambda: answer(client)["generation"] == 2)
    before = encoder(client)["digest"]
    (tmp_path / "new").mkdir()
    trained = letters_model(tmp_path / "new", dimensions=16, seed=8)
    with hammering(client) as replies:
        shutil.rmtree(letters)
        shutil.move(trained, letters)
        build(other.generations, other.store, load_encoder(letters))
        until(lambda: replies[-1]["generation"] == 3)
    assert encoder(client)["digest"] != before
    assert client.get("/readyz").json()["status"] == "ok"
    # The weights that the second generation was built with have gone: back means the first.
    assert client.post("/v1/generations/rollback").json()["generation"] == 1


def test_without_an_index_no_encoder_is_ready(serve: Serve, tmp_path: Path) -> None:
    assert encoder(serve(data_dir=tmp_path / "empty"))["status"] == "unavailable"
