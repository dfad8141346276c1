"""POST /v1/answers/{id}/replay, and the receipt that shows why, as an admin's program calls them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.models import DecisionModel, HitModel, ReceiptModel, ReplayModel
from api.product import Product
from api.settings import Settings
from assistant.scores import ARMS, hit_scores
from index.builder import build
from tests.api.conftest import Serve
from tests.api.test_answers import ask


@pytest.fixture
def generation(sample_data: Path) -> int:
    """Return the number of a further generation, which lacks an article and does not answer."""
    product = Product(Settings(data_dir=sample_data))
    product.store.delete("returns", by="test")
    number = build(product.generations, product.store, product.encoder, activate=False).manifest.number
    product.close()
    return number


def test_a_replay_shows_both_decisions_and_what_changed(generation: int, client: TestClient) -> None:
    reply = ask(client, "How do I return an item?")
    response = client.post(f"/v1/answers/{reply['id']}/replay", json={"generation": generation})
    assert response.status_code == 200, response.text
    replay = response.json()
    ReplayModel.model_validate(replay)
    assert set(replay) == set(ReplayModel.model_fields)
    assert set(replay["before"]) == set(replay["after"]) == set(DecisionModel.model_fields)
    assert (replay["answer_id"], replay["question"]) == (reply["id"], "How do I return an item?")
    assert (replay["before"]["generation"], replay["generation"], replay["after"]["generation"]) == (1, 2, 2)
    assert replay["before"]["article_id"] == "returns" != replay["after"]["article_id"]
    assert replay["changed"]["article"] is True
    assert replay["after"]["hits"][0]["article_id"] != "returns"
    assert client.get("/v1/answers/" + reply["id"]).json()["generation"] == 1


@pytest.mark.parametrize("body", [{}, {"json": {}}, {"json": {"generation": None}}, {"json": None}])
def test_without_a_number_the_active_generation_is_asked(shared: TestClient, body: dict[str, Any]) -> None:
    reply = ask(shared, "How do I return an item?")
    replay = shared.post(f"/v1/answers/{reply['id']}/replay", **body)
    assert replay.status_code == 200, replay.text
    assert replay.json()["generation"] == 1
    assert replay.json()["before"] == replay.json()["after"]


def test_a_replay_opens_and_stores_nothing(shared: TestClient) -> None:
    reply = ask(shared, "qwzx plörf")
    tickets, receipt = shared.get("/v1/tickets").json(), shared.get(f"/v1/answers/{reply['id']}").json()
    for _ in range(2):
        assert shared.post(f"/v1/answers/{reply['id']}/replay").json()["after"]["decision"] == "ticketed"
    assert shared.get("/v1/tickets").json() == tickets
    assert shared.get(f"/v1/answers/{reply['id']}").json() == receipt


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"generation": 9}, 404),
        ({"generation": 999_999_999}, 404),
        ({"generation": 0}, 422),
        ({"generation": -1}, 422),
        ({"generation": 10**12}, 422),
        ({"generation": "x"}, 422),
        ({"generation": [1]}, 422),
        ({"generatoin": 1}, 422),
        ([], 422),
        ("", 422),
    ],
)
def test_a_generation_that_is_none_is_refused(shared: TestClient, body: Any, status: int) -> None:
    reply = ask(shared, "How do I return an item?")
    response = shared.post(f"/v1/answers/{reply['id']}/replay", json=body)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    if status == 404:
        assert response.json()["type"].endswith("generation-not-found")
        assert "kept are: 1" in response.json()["detail"]


def test_a_damaged_generation_is_said_to_be(generation: int, client: TestClient, sample_data: Path) -> None:
    reply = ask(client, "How do I return an item?")
    damaged = sample_data / "generations" / f"{generation:06d}" / "embeddings.npy"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    response = client.post(f"/v1/answers/{reply['id']}/replay", json={"generation": generation})
    assert (response.status_code, response.json()["type"]) == (503, "urn:faq-assistant:problem:generation-damaged")
    assert client.post(f"/v1/answers/{reply['id']}/replay").status_code == 200


@pytest.mark.parametrize("id", ["ans_none", "%01", "é", "x" * 5000])
def test_an_answer_that_does_not_exist_is_a_404(shared: TestClient, id: str) -> None:
    assert shared.post(f"/v1/answers/{id}/replay").status_code == 404


def test_a_key_of_another_channel_replays_nothing_of_this_one(client: TestClient) -> None:
    made = client.post("/v1/keys", json={"scopes": ["admin"]}).json()
    admin = {"Authorization": f"Bearer {made['secret']}"}
    bound = client.post("/v1/keys", json={"scopes": ["ask", "knowledge"], "channel": "email"}, headers=admin).json()
    mail = {"Authorization": f"Bearer {bound['secret']}"}
    asked = {
        channel: client.post("/v1/answers", json={"question": "refund", "channel": channel}, headers=admin).json()
        for channel in ("chat", "email")
    }
    assert client.post(f"/v1/answers/{asked['chat']['id']}/replay", headers=mail).status_code == 404
    assert client.post(f"/v1/answers/{asked['email']['id']}/replay", headers=mail).status_code == 200


def test_replays_at_once_beside_questions_are_all_served(generation: int, client: TestClient) -> None:
    replies = [ask(client, text) for text in ("refund", "How do I return an item?", "my card")]

    def one(place: int) -> tuple[int, int | None]:
        if place % 3 == 0:
            return client.post("/v1/answers", json={"question": "where is my parcel"}).status_code, None
        wanted = place % 2 + 1
        path = f"/v1/answers/{replies[place % 3]['id']}/replay"
        response = client.post(path, json={"generation": wanted})
        return response.status_code, response.json()["generation"] - wanted

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(one, range(24))) == {(200, None), (200, 0)}


def test_a_receipt_says_why_which_thresholds_were_reached_and_what_each_arm_gave(shared: TestClient) -> None:
    reply = ask(shared, "what does shipping cost")
    receipt = shared.get(f"/v1/answers/{reply['id']}").json()
    assert set(receipt) == set(ReceiptModel.model_fields)
    ReceiptModel.model_validate(receipt)
    checks = {check["name"]: check for check in receipt["checks"]}
    assert set(checks) == {"answer", "tie_margin", "clarify", "out_of_scope"}
    assert checks["answer"]["threshold"] == receipt["thresholds"]["answer"]
    assert checks["answer"]["value"] == receipt["hits"][0]["confidence"]
    for check in receipt["checks"]:
        assert check["is_met"] == (check["value"] >= check["threshold"])
    for hit in receipt["hits"]:
        assert sum(hit["shares"].values()) == pytest.approx(hit["fused"], abs=1e-5)
        assert set(hit) == set(HitModel.model_fields)
    assert receipt["calibration"]["encoder"] == "embedded"
    assert receipt["judged_with"] == {
        "languages": ["en"],
        "is_second_round": False,
        "max_choices": 3,
        "answer_threshold": None,
        "clarify_threshold": None,
    }
    assert receipt["hits"][0]["article_id"] in receipt["explanation"]


def test_every_score_of_a_hit_is_in_the_document(serve: Serve) -> None:
    client = serve()
    product = client.app.state.product  # type: ignore[attr-defined]
    hit = product.follower.searcher.search("refund").hits[0]
    assert set(hit_scores(hit)) <= set(HitModel.model_fields), "a new arm needs its field in HitModel"
    assert len(hit_scores(hit)) == len(ARMS)
