"""``faq evaluate``: figures on the terminal, a page in a file, and another side to compare with."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.product import Product
from api.settings import Settings
from index.builder import build
from knowledge.golden import GoldenQuestion, write_golden
from knowledge.sample import golden_questions
from tests.api.cli.conftest import Faq, failed

FILE = "question,article_id,language,channel\nHow do I return an item?,returns,en,email\nare you on mars,,,\n"


@pytest.fixture
def product(sample_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faq: Faq) -> Iterator[Product]:
    """Yield the sample shop behind the command line, indexed with the embedded encoder."""
    monkeypatch.delenv("FAQ_ENCODER")
    data = shutil.copytree(sample_template, tmp_path / "data")
    product = Product(Settings(data_dir=data))
    yield product
    product.close()


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """Return a file of sixty golden questions."""
    path = tmp_path / "questions.csv"
    path.write_bytes(write_golden(golden_questions()[:60]))
    return path


def evaluated(faq: Faq, *arguments: str | Path, stdin: str | None = None) -> dict[str, Any]:
    result = faq("evaluate", "--json", *arguments, stdin=stdin)
    assert result.exit_code == 0, result.output[:500]
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_a_file_is_asked_and_nothing_is_stored(faq: Faq, product: Product, questions: Path) -> None:
    told = evaluated(faq, questions)
    assert (told["questions"], told["generation"], told["encoder"]) == (60, 1, "embedded")
    assert told["measures"]["coverage"]["count"] > 0
    assert told["headline"].startswith("Of 100 customers, ")
    assert "build" not in told
    assert product.golden.count() == 0
    assert len(product.tickets.page().items) == 0


def test_figures_are_shown_with_their_bounds(faq: Faq, product: Product, questions: Path) -> None:
    result = faq("evaluate", questions)
    assert result.exit_code == 0
    assert result.stdout.startswith("Of 100 customers, ")
    assert "answers that are right (precision)\t" in result.stdout
    assert "\nlanguage\tquestions\tcoverage\t95 % from\tto\t" in result.stdout
    assert "(now)\t" in result.stdout
    assert "precision 95% (the aim): " in result.stdout
    assert "\nchannel\t" not in result.stdout


def test_standard_input_and_channels_are_read(faq: Faq, product: Product) -> None:
    told = evaluated(faq, "-", stdin=FILE)
    assert [(group["name"], group["questions"]) for group in told["by_channel"]] == [("email", 1), (None, 1)]
    assert "\nchannel\tquestions\t" in faq("evaluate", "-", stdin=FILE).stdout


def test_without_a_file_the_stored_questions_are_asked(faq: Faq, product: Product) -> None:
    assert "faq golden import FILE" in failed(faq("evaluate"))
    product.golden.replace(golden_questions()[:5])
    assert evaluated(faq)["questions"] == 5


def test_the_report_is_a_page_in_a_file(faq: Faq, product: Product, questions: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("before")
    result = faq("evaluate", questions, "--report", path)
    assert (result.exit_code, f"The report is in {path}." in result.stderr) == (0, True)
    html = path.read_text(encoding="utf-8")
    assert html.startswith("<!doctype html>")
    assert html.rstrip().endswith("</html>")
    assert html.count("<svg") >= 4
    assert path.stat().st_mode & 0o777 == 0o666 & ~os.umask(os.umask(0o022))
    assert sorted(one.name for one in tmp_path.iterdir() if "report" in one.name) == ["report.html"]


@pytest.mark.parametrize("name", ["missing/report.html", ".", "questions.csv/report.html"])
def test_a_place_for_no_report_is_refused_before_anything_is_asked(
    faq: Faq, product: Product, questions: Path, tmp_path: Path, name: str
) -> None:
    assert "cannot be written" in failed(faq("evaluate", questions, "--report", tmp_path / name))


def test_a_report_that_cannot_be_finished_leaves_the_one_before(
    faq: Faq, product: Product, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.html"
    path.write_text("before")

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    message = failed(faq("evaluate", questions, "--report", path))
    assert "No space left on device" in message
    assert path.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".report")] == []


def test_generations_are_compared(faq: Faq, product: Product, questions: Path, tmp_path: Path) -> None:
    article = product.store.get("returns")
    product.store.delete("returns", by="tests")
    build(product.generations, product.store, product.encoder)
    assert article.id == "returns"
    alternates = article.texts[0].alternate_questions
    own = write_golden(GoldenQuestion(question=question, article_id="returns") for question in alternates).decode()
    told = evaluated(faq, "-", "--compare", "1", "--report", tmp_path / "r.html", stdin=own)
    assert (told["generation"], told["comparison"]["generation"]) == (2, 1)
    assert told["measures"]["coverage"]["count"] == 0
    assert told["comparison"]["mended"]["count"] == told["questions"]
    assert told["notes"][-1].startswith("Questions name articles that this generation does not have: returns")
    assert "Beside <bdi>generation 1</bdi>" in (tmp_path / "r.html").read_text(encoding="utf-8")
    back = evaluated(faq, "-", "--generation", "1", "--compare", "2", stdin=own)
    assert (back["generation"], back["comparison"]["broken"]["count"]) == (1, back["questions"])
    shown = faq("evaluate", "-", "--compare", "1", stdin=own)
    assert "\n\tgeneration 2\tgeneration 1\tdifference\t95 % from\tto\n" in shown.stdout


def test_an_encoder_is_compared_beside(faq: Faq, product: Product, questions: Path, other_encoder: str) -> None:
    told = evaluated(faq, questions, "--compare", other_encoder)
    assert told["comparison"]["name"] == f"encoder {other_encoder}"
    assert told["comparison"]["verdict"] == "worse"
    assert [manifest.number for manifest in product.generations.manifests()] == [1]
    assert not (product.settings.data_dir / "trial").exists()


def test_what_is_not_there_is_named(faq: Faq, product: Product, questions: Path) -> None:
    assert "9" in failed(faq("evaluate", questions, "--generation", "9"))
    assert "9" in failed(faq("evaluate", questions, "--compare", "9"))
    assert "no/such" in failed(faq("evaluate", questions, "--compare", "no/such/encoder"))
    assert "cannot be read" in failed(faq("evaluate", "missing.csv"))
    assert faq("evaluate", questions, "--target", "1").exit_code == 2


def test_articles_that_do_not_exist_are_named(faq: Faq, product: Product) -> None:
    result = faq("evaluate", "-", stdin="question,article_id\nHow?,zebra\n")
    assert result.exit_code == 0
    assert "zebra" in result.stderr


def test_a_promise_can_be_chosen(faq: Faq, product: Product, questions: Path) -> None:
    told = evaluated(faq, questions, "--target", "0.8")
    assert told["target"] == 0.8
    assert [one["target"] for one in told["proposed_thresholds"]] == [0.8, 0.9, 0.95, 0.98, 0.99]


def test_columns_that_were_not_read_are_noted_wherever_the_report_goes(
    faq: Faq, product: Product, tmp_path: Path
) -> None:
    told, said = "question,article\nHow?,returns\n", "Column 'article' is not known and was not read"
    page = tmp_path / "report.html"
    assert said in evaluated(faq, "-", "--report", page, stdin=told)["notes"][0]
    assert "is not known and was not read" in page.read_text(encoding="utf-8")
    assert faq("evaluate", "-", stdin=told).stderr.count(said) == 1


def test_another_promise_than_the_one_that_is_fitted_to_is_refused(
    faq: Faq, product: Product, questions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = failed(faq("evaluate", questions, "--calibrate", "--target", "0.9"))
    assert "FAQ_TARGET_PRECISION, which is 0.95" in message
    assert "set FAQ_TARGET_PRECISION=0.9, or leave out --target" in message
    assert (product.golden.count(), [one.number for one in product.generations.manifests()]) == (0, [1])
    monkeypatch.setenv("FAQ_TARGET_PRECISION", "0.9")
    assert evaluated(faq, questions, "--calibrate", "--target", "0.9")["target"] == 0.9
    assert product.golden.count() == 60


def test_calibrating_keeps_the_questions_and_fits_to_them(faq: Faq, product: Product, tmp_path: Path) -> None:
    product.golden.replace([GoldenQuestion(question="before")])
    path = tmp_path / "all.csv"
    path.write_bytes(write_golden(golden_questions()))
    told = evaluated(faq, path, "--calibrate")
    assert product.golden.all() == golden_questions()
    assert (told["build"]["state"], told["build"]["is_new"]) == ("active", True)
    assert told["generation"] == told["build"]["number"] == 2
    some, more = golden_questions()[:40], [GoldenQuestion(question="are you on mars")]
    mixed = evaluated(faq, "-", stdin=write_golden([*some, *more]).decode())
    assert [note for note in mixed["notes"] if note.startswith("40 of these 41 questions are among those")]
    again = evaluated(faq, "--calibrate")
    assert again["build"]["state"] == "unchanged"
    assert "leave out --generation" in failed(faq("evaluate", path, "--calibrate", "--generation", "1"))
