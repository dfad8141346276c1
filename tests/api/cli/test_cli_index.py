"""``faq build``, ``faq generations`` and ``faq rollback``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from api.product import Product
from index.builder import build as plain_build
from knowledge.golden import GoldenQuestion
from tests.api.cli.conftest import Faq, failed, rows
from tests.assistant.test_building import exchange

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
    assert (built["number"], built["state"], built["is_new"], built["encoded"]) == (1, "unchanged", False, 0)


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
    assert (second["number"], second["state"], second["articles"]) == ("2", "active", "69")
    assert (first["number"], first["state"], first["articles"]) == ("1", "", "68")
    assert first["encoder"] == tiny_encoder
    assert "be:68" in first["languages"].split()
    items = json.loads(faq("generations", "--json").stdout)["items"]
    assert [(item["number"], item["is_active"], item["is_gated"]) for item in items] == [
        (2, True, False), (1, False, False),
    ]  # fmt: skip


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
    assert rows(faq("generations"))[0]["state"] == "active"


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
def test_a_generation_whose_encoder_has_gone_is_not_activated(
    faq: Faq, product: Product, other_encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAQ_ENCODER", other_encoder)
    faq("build")
    product.generations.rollback()
    shutil.rmtree(other_encoder)
    line = failed(faq("generations", "activate", "3"))
    assert "cannot answer" in line
    assert other_encoder in line
    assert rows(faq("generations"))[1]["state"] == "active"


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


@pytest.fixture
def exchanged(faq: Faq, shop: Path, product: Product) -> dict[str, str]:
    """Keep golden questions, give articles each other's answers, and return whose each one has now."""
    product.golden.replace(
        GoldenQuestion(question=text.question, article_id=article.id, language=text.language)
        for article in product.store.all()
        for text in article.texts[:1]
    )
    return exchange(product, 20)


@pytest.mark.usefixtures("exchanged")
class TestGated:
    def test_a_build_whose_questions_broke_does_not_answer_and_says_why(
        self, faq: Faq, exchanged: dict[str, str]
    ) -> None:
        result = faq("build")
        assert result.exit_code == 1
        assert "The new generation is worse than generation 1 beyond noise in: " in result.stdout
        assert "Worse now (20, the first 10):" in result.stdout
        table = result.stdout.split("Worse now")[1].splitlines()[1:12]
        assert table[0].split("\t") == ["question", "article that answers", "before", "now", "in its place"]
        for row in table[1:]:
            _, answers, before, now, instead = row.split("\t")
            assert (before, now) == ("answered rightly", "answered wrongly")
            assert exchanged[instead.split(": ")[0]] == answers, "this one has its words now"
        assert "faq generations activate 2 --force" in result.stdout.splitlines()[-1]
        second, first = rows(faq("generations"))
        assert (second["state"], first["state"]) == ("gated", "active")
        assert json.loads(faq("ask", "How do I return an item?", "--json").stdout)["generation"] == 1

    def test_machines_are_told_the_same(self, faq: Faq) -> None:
        result = faq("build", "--json")
        assert result.exit_code == 1
        built = json.loads(result.stdout)
        assert (built["number"], built["state"], built["is_active"], built["is_new"]) == (2, "gated", False, True)
        assert built["report"]["broken_count"] == 20
        assert json.loads(faq("generations", "report", "2", "--json").stdout) == built["report"]

    def test_it_is_activated_by_force_alone(self, faq: Faq) -> None:
        faq("build")
        line = failed(faq("generations", "activate", "2"))
        assert "Generation 2 failed its gates" in line
        assert "--force" in line
        error = json.loads(faq("generations", "activate", "2", "--json").stdout)["error"]
        assert error["type"] == "generation-gated"
        assert faq("generations", "activate", "2", "--force").stdout == "Generation 2 answers now.\n"
        assert faq("rollback").stdout == "Generation 1 answers now.\n"

    def test_a_build_is_let_through_by_force(self, faq: Faq) -> None:
        result = faq("build", "--force")
        assert result.exit_code == 0
        assert "Worse now (20" in result.stdout
        assert "\nGeneration 2 answers now: 68 articles" in result.stdout
        shown = faq("generations", "report", "2")
        assert shown.exit_code == 0
        assert shown.stdout.startswith("Generation 2 failed its gates, and was let through by force.\n")
        assert "right article found first (accuracy@1)\t100.0% (68/68)" in shown.stdout


def test_a_generation_without_a_report_says_so(faq: Faq, shop: Path, product: Product) -> None:
    plain_build(product.generations, product.store, product.encoder, from_scratch=True)
    assert "has never been through a gate" in failed(faq("generations", "report", "2"))
    assert "There is no generation 9" in failed(faq("generations", "report", "9"))


def test_floors_are_settings(faq: Faq, shop: Path, product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    product.golden.replace([GoldenQuestion(question="How do I return an item?", article_id="refund-time")])
    monkeypatch.setenv("FAQ_GATE_COVERAGE", "0.9")
    result = faq("build")
    assert result.exit_code == 1
    expected = "The coverage is 0.0% (0 of 1 questions that an article answers), expected 90.0% at least"
    assert f"{expected} (FAQ_GATE_COVERAGE)." in result.stdout
    assert "1 golden question shows little" in result.stderr
    monkeypatch.setenv("FAQ_GATE_COVERAGE", "2")
    assert "FAQ_GATE_COVERAGE" in failed(faq("build"))
