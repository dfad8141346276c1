"""``faq build``, ``faq generations`` and ``faq rollback``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from api.product import Product
from tests.api.cli.conftest import Faq, failed, rows

ONE = "id,question,answer\nsecret,What is the password?,There is none.\n"


@pytest.fixture
def grown(faq: Faq, shop: Path) -> None:
    """Import one more article and build a second generation."""
    assert faq("import", "-", stdin=ONE).exit_code == 0
    assert faq("build").exit_code == 0


def test_a_build_encodes_only_what_is_new_and_answers_at_once(faq: Faq, shop: Path) -> None:
    faq("import", "-", stdin=ONE)
    result = faq("build", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    built = json.loads(result.stdout)
    assert (built["number"], built["is_new"], built["is_active"]) == (2, True, True)
    assert (built["articles"], built["encoded"]) == (69, 2)
    assert json.loads(faq("ask", "What is the password?", "--json").stdout)["generation"] == 2


def test_a_build_of_nothing_new_says_so(faq: Faq, shop: Path) -> None:
    result = faq("build")
    assert result.exit_code == 0
    assert result.stdout.startswith("Nothing has changed: generation 1 ")
    built = json.loads(faq("build", "--json").stdout)
    assert (built["number"], built["is_new"], built["encoded"]) == (1, False, 0)


def test_a_build_from_scratch_encodes_everything(faq: Faq, shop: Path, product: Product) -> None:
    result = faq("build", "--from-scratch")
    assert result.stdout.startswith("Generation 2 answers now: 68 articles (be 68, ")
    first, second = product.generations.manifests()
    assert first.encoded == second.encoded


def test_one_build_at_a_time(faq: Faq, shop: Path, product: Product) -> None:
    with product.generations.build_lock():
        assert "under way" in failed(faq("build"))
        assert json.loads(faq("build", "--json").stdout)["error"]["type"] == "build-running"


def test_without_articles_there_is_nothing_to_build(faq: Faq, empty: Path) -> None:
    assert "faq import" in failed(faq("build"))
    listed = faq("generations")
    assert (listed.exit_code, listed.stdout) == (0, "")
    assert "faq build" in listed.stderr
    assert json.loads(faq("generations", "--json").stdout) == {"items": [], "next_cursor": None}


@pytest.mark.usefixtures("grown")
def test_generations_are_listed_the_newest_first_with_the_active_one_marked(faq: Faq, tiny_encoder: str) -> None:
    second, first = rows(faq("generations"))
    assert (second["number"], second["active"], second["articles"]) == ("2", "active", "69")
    assert (first["number"], first["active"], first["articles"]) == ("1", "", "68")
    assert first["encoder"] == tiny_encoder
    assert "be:68" in first["languages"].split()
    items = json.loads(faq("generations", "--json").stdout)["items"]
    assert [(item["number"], item["is_active"]) for item in items] == [(2, True), (1, False)]


@pytest.mark.usefixtures("grown")
def test_rolling_back_lets_the_generation_before_answer(faq: Faq) -> None:
    assert faq("rollback").stdout == "Generation 1 answers now.\n"
    assert json.loads(faq("ask", "How do I return an item?", "--json").stdout)["generation"] == 1
    assert "faq build" in failed(faq("rollback"))
    result = faq("generations", "activate", "2", "--json")
    assert (json.loads(result.stdout)["generation"], result.stderr) == (2, "")


def test_a_generation_that_is_not_there_cannot_be_activated(faq: Faq, shop: Path) -> None:
    assert "There is no generation 9; kept are: 1" in failed(faq("generations", "activate", "9"))


@pytest.mark.usefixtures("grown")
def test_a_damaged_generation_is_not_activated(faq: Faq, product: Product) -> None:
    (product.generations.path(1) / "articles.jsonl").write_bytes(b"{}")
    assert "damaged" in failed(faq("generations", "activate", "1"))
    assert rows(faq("generations"))[0]["active"] == "active"


@pytest.mark.usefixtures("grown")
def test_going_back_to_another_encoder_takes_that_encoder(
    faq: Faq, other_encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAQ_ENCODER", other_encoder)
    assert faq("build").stdout.startswith("Generation 3 answers now")
    result = faq("rollback")
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(faq("ask", "How do I return an item?", "--json").stdout)["generation"] == 2


@pytest.mark.usefixtures("grown")
def test_going_back_to_an_encoder_that_has_gone_is_warned_of(
    faq: Faq, product: Product, other_encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAQ_ENCODER", other_encoder)
    faq("build")
    product.generations.rollback()
    shutil.rmtree(other_encoder)
    result = faq("generations", "activate", "3")
    assert result.exit_code == 0
    assert "cannot answer" in result.stderr
    assert other_encoder in result.stderr


@pytest.mark.usefixtures("grown")
def test_going_back_passes_over_an_encoder_that_has_gone(
    faq: Faq, product: Product, other_encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAQ_ENCODER", other_encoder)
    faq("build")
    shutil.rmtree(other_encoder)
    product.generations.activate(1)
    result = faq("rollback")
    assert (result.exit_code, result.stdout) == (0, "Generation 2 answers now.\n")
    assert "passes over generation 3" in result.stderr
    assert other_encoder in result.stderr


def test_builds_keep_to_the_encoder_that_answers_unless_told_otherwise(
    faq: Faq, shop: Path, tiny_encoder: str, other_encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FAQ_ENCODER")
    faq("import", "-", stdin=ONE)
    assert json.loads(faq("build", "--json").stdout)["encoder"] == tiny_encoder
    monkeypatch.setenv("FAQ_ENCODER", other_encoder)
    assert json.loads(faq("build", "--json").stdout)["encoder"] == other_encoder
    monkeypatch.delenv("FAQ_ENCODER")
    assert json.loads(faq("build", "--json").stdout)["is_new"] is False


def test_a_folder_is_stored_by_its_absolute_path(
    faq: Faq, shop: Path, other_encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(other_encoder).parent)
    monkeypatch.setenv("FAQ_ENCODER", Path(other_encoder).name)
    assert json.loads(faq("build", "--json").stdout)["encoder"] == other_encoder
    monkeypatch.chdir("/")
    monkeypatch.delenv("FAQ_ENCODER")
    assert json.loads(faq("ask", "How do I return an item?", "--json").stdout)["generation"] == 2


def test_the_first_build_takes_the_embedded_encoder(
    faq: Faq, empty: Path, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FAQ_ENCODER")
    faq("import", "-", stdin=ONE)
    assert json.loads(faq("build", "--json").stdout)["encoder"] == "embedded"
