"""Builds that are asked the golden questions before they answer, over HTTP and with real build processes."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.product import Product
from api.settings import Settings
from knowledge.sample import golden_questions
from tests.api.conftest import Serve
from tests.api.test_index_builds import answer, finished, start, until
from tests.api.test_index_builds import processes as processes
from tests.assistant.test_building import exchange

GOLDEN = [
    {"question": one.question, "article_id": one.article_id, "language": one.language}
    for one in golden_questions()
    if one.language == "en"
]
ALREADY = "The generation that answers is calibrated with them already."
GATED = "urn:faq-assistant:problem:generation-gated"

pytestmark = pytest.mark.usefixtures("processes")


@pytest.fixture
def product(sample_data: Path) -> Iterator[Product]:
    """Yield the product behind the server, to change the articles."""
    product = Product(Settings(data_dir=sample_data))
    yield product
    product.close()


@pytest.fixture
def calibrated(client: TestClient) -> TestClient:
    """Return a client of a server whose second generation was calibrated with golden questions."""
    stored = client.put("/v1/golden-questions", json={"items": GOLDEN}).json()
    assert (stored["count"], stored["note"]) == (len(GOLDEN), "")
    done = finished(client, f"/v1/index-builds/{stored['build']}")
    assert (done["state"], done["generation"], done["counts"]["encoded"]) == ("active", 2, 0)
    return client


def report_of(client: TestClient, number: int) -> dict[str, Any]:
    response = client.get(f"/v1/generations/{number}/report")
    assert response.status_code == 200, response.text
    report: dict[str, Any] = response.json()
    return report


def test_a_generation_whose_answers_were_exchanged_is_gated_and_says_why(
    calibrated: TestClient, product: Product
) -> None:
    client = calibrated
    until(lambda: answer(client)["generation"] == 2, seconds=5)
    exchange(product, 16)
    location = start(client)
    done = finished(client, location)
    assert (done["state"], done["generation"], done["error"]) == ("gated", 3, None)
    report = done["report"]
    assert (report["verdict"], report["is_gated"], report["compared_with"]) == ("failed", True, 2)
    assert "beyond noise" in report["failures"][0]
    assert report["broken"][0]["instead"] not in (None, report["broken"][0]["article_id"])
    assert report["broken"][0]["instead_question"]
    assert report["measures"]["accuracy"]["difference"] < 0
    assert report_of(client, 3) == report
    listed = client.get("/v1/index-builds").json()["items"]
    assert [(build["state"], build["report"]) for build in listed] == [("gated", None), ("active", None)]
    kept = client.get("/v1/generations").json()["items"]
    assert [(one["number"], one["is_active"], one["is_gated"]) for one in kept] == [
        (3, False, True), (2, True, False), (1, False, False),
    ]  # fmt: skip
    assert answer(client)["generation"] == 2

    refused = client.post("/v1/generations/3/activate")
    assert (refused.status_code, refused.json()["type"]) == (409, GATED)
    assert report["failures"][0] in refused.json()["detail"]
    assert "force" in refused.json()["detail"]
    assert client.post("/v1/generations/3/activate", json={"force": False}).status_code == 409
    assert answer(client)["generation"] == 2
    forced = client.post("/v1/generations/3/activate", json={"force": True})
    assert (forced.status_code, forced.json()["generation"]) == (200, 3)
    assert answer(client)["generation"] == 3
    assert report_of(client, 3) == report, "what the gate said is kept whatever became of it"
    assert client.post("/v1/generations/rollback").json()["generation"] == 2
    assert answer(client)["generation"] == 2


def test_a_build_can_be_forced_and_begun_from_scratch(calibrated: TestClient, product: Product) -> None:
    exchange(product, 16)
    location = calibrated.post("/v1/index-builds", json={"force": True, "from_scratch": True}).headers["location"]
    done = finished(calibrated, location)
    assert (done["state"], done["generation"], done["counts"]["encoded"]) == ("active", 3, done["counts"]["passages"])
    assert (done["report"]["verdict"], done["report"]["is_forced"]) == ("failed", True)


def test_floors_of_the_settings_reach_the_build_process(serve: Serve, product: Product) -> None:
    client = serve(gate_coverage=1.0)
    stored = client.put("/v1/golden-questions", json={"items": GOLDEN}).json()
    done = finished(client, f"/v1/index-builds/{stored['build']}")
    assert (done["state"], done["generation"]) == ("gated", 2)
    assert "FAQ_GATE_COVERAGE" in done["report"]["failures"][0]
    assert answer(client)["generation"] == 1


def test_a_build_is_cancelled_while_questions_are_asked(calibrated: TestClient, product: Product) -> None:
    product.golden.replace(golden_questions())
    location = start(calibrated)
    until(lambda: calibrated.get(location).json()["stage"] in ("calibrating", "asking"), pause=0.05)
    calibrated.post(f"{location}/cancel")
    done = finished(calibrated, location)
    assert (done["state"], done["generation"], done["report"]) == ("cancelled", None, None)
    assert [one["number"] for one in calibrated.get("/v1/generations").json()["items"]] == [2, 1]


def test_golden_questions_stored_while_a_build_runs_are_not_forgotten(client: TestClient, product: Product) -> None:
    product.golden.replace(golden_questions())
    location = start(client)
    until(lambda: client.get(location).json()["stage"] in ("calibrating", "asking"), pause=0.05)
    stored = client.put("/v1/golden-questions", json={"items": GOLDEN}).json()
    assert stored["build"] is None
    assert location.rsplit("/", 1)[1] in stored["note"]
    assert "calibrates with these questions when it ends" in stored["note"]
    assert finished(client, location)["state"] == "active"

    def second() -> Any:
        builds = client.get("/v1/index-builds").json()["items"]
        return len(builds) == 2 and builds[0]["finished_at"] is not None

    until(second, pause=0.1)
    assert product.calibrate_now().state == "unchanged"
    report = report_of(client, 3)
    assert report["questions"] == len(GOLDEN)


def test_questions_that_were_only_stored_are_calibrated_with_when_they_are_stored_again(client: TestClient) -> None:
    assert client.put("/v1/golden-questions?calibrate=false", json={"items": GOLDEN}).json()["build"] is None
    stored = client.put("/v1/golden-questions", json={"items": GOLDEN}).json()
    assert stored["build"] is not None, stored["note"]
    assert finished(client, f"/v1/index-builds/{stored['build']}")["state"] == "active"
    until(lambda: answer(client)["generation"] == 2, seconds=5)
    assert client.put("/v1/golden-questions", json={"items": GOLDEN}).json()["note"] == ALREADY
    client.post("/v1/generations/rollback")
    stored = client.put("/v1/golden-questions", json={"items": GOLDEN}).json()
    assert stored["build"] is not None, "after a rollback the calibration that answers is another one"


def test_golden_questions_stored_while_a_build_ran_that_was_cancelled_are_not_forgotten(
    client: TestClient, product: Product
) -> None:
    product.golden.replace(golden_questions())
    location = start(client)
    until(lambda: client.get(location).json()["stage"] in ("calibrating", "asking"), pause=0.05)
    assert client.put("/v1/golden-questions", json={"items": GOLDEN}).json()["build"] is None
    client.post(f"{location}/cancel")
    assert finished(client, location)["state"] == "cancelled"

    def second() -> Any:
        builds = client.get("/v1/index-builds").json()["items"]
        return len(builds) == 2 and builds[0]["finished_at"] is not None

    until(second, pause=0.1)
    assert product.calibrate_now().state == "unchanged"
    assert report_of(client, 2)["questions"] == len(GOLDEN)


def test_golden_questions_stored_while_a_build_ran_that_was_killed_can_be_stored_again(
    client: TestClient, product: Product, processes: list[subprocess.Popen[bytes]]
) -> None:
    product.golden.replace(golden_questions())
    location = start(client)
    until(lambda: client.get(location).json()["stage"] in ("calibrating", "asking"), pause=0.05)
    assert "store them again" in client.put("/v1/golden-questions", json={"items": GOLDEN}).json()["note"]
    processes[0].kill()
    assert finished(client, location)["state"] == "failed"
    stored = client.put("/v1/golden-questions", json={"items": GOLDEN}).json()
    assert stored["build"] is not None, stored["note"]


def test_nothing_is_built_for_the_same_questions_or_without_an_index(
    calibrated: TestClient, serve: Serve, tmp_path: Path
) -> None:
    until(lambda: answer(calibrated)["generation"] == 2, seconds=5)
    again = calibrated.put("/v1/golden-questions", json={"items": GOLDEN}).json()
    assert (again["build"], again["note"]) == (None, ALREADY)
    empty = serve(data_dir=tmp_path / "empty").put("/v1/golden-questions", json={"items": GOLDEN}).json()
    assert (empty["build"], empty["count"]) == (None, len(GOLDEN))
    assert "Nothing is indexed yet" in empty["note"]


@pytest.mark.parametrize("path", ["/v1/index-builds", "/v1/generations/1/activate"])
@pytest.mark.parametrize("body", [b"[]", b'{"force": "perhaps"}', b'{"from": 1}', b"{", b'{"force": null}'])
def test_a_body_that_does_not_fit_is_refused(shared: TestClient, path: str, body: bytes) -> None:
    response = shared.post(path, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 422, response.text
    assert shared.get("/v1/index-builds").json()["items"] == []
