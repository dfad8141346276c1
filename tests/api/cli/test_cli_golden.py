"""``faq golden``: listed, replaced, and out again as a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api.product import Product
from knowledge.golden import GoldenQuestion, write_golden
from knowledge.sample import golden_questions
from tests.api.cli.conftest import Faq, Start, failed, rows

FILE = (
    "question,article_id,language\ncan i send it back,returns,en\nДзе мой заказ?,order-status,be\nare you on mars,,\n"
)


def test_there_are_none_at_first_and_the_mend_is_named(faq: Faq, empty: Path) -> None:
    listed = faq("golden")
    assert (listed.exit_code, listed.stdout) == (0, "")
    assert "faq golden import FILE" in listed.stderr
    assert json.loads(faq("golden", "--json").stdout) == {"items": [], "next_cursor": None}


def test_a_file_replaces_them_and_comes_out_again(faq: Faq, shop: Path, product: Product) -> None:
    product.golden.replace([GoldenQuestion(question="before")])
    result = faq("golden", "import", "-", "--no-calibrate", stdin=FILE)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "3 golden questions (be 1, en 1): 2 that an article answers, 1 that none does, in place of 1.\n"
    )
    exported = faq("golden", "export")
    assert exported.exit_code == 0
    assert faq("golden", "import", "-", "--no-calibrate", stdin=exported.stdout_bytes).exit_code == 0
    assert faq("golden", "export").stdout_bytes == exported.stdout_bytes
    assert exported.stdout.splitlines()[1] == "can i send it back,returns,en,"
    assert [item["language"] for item in json.loads(faq("golden", "export", "--json").stdout)["items"]] == [
        "en", "be", None,
    ]  # fmt: skip


def test_the_first_ones_are_listed_and_all_are_counted(faq: Faq, shop: Path, product: Product, tmp_path: Path) -> None:
    product.golden.replace(golden_questions())
    result = faq("golden")
    assert len(rows(result)) == 10
    assert "448 golden questions (ar 19, " in result.stderr
    assert "): 362 that an article answers, 86 that none does; the first 10 are shown" in result.stderr
    assert "faq golden export" in result.stderr
    items = json.loads(faq("golden", "--json").stdout)["items"]
    assert len(items) == 448
    assert items[0] == {
        "question": golden_questions()[0].question,
        "article_id": golden_questions()[0].article_id,
        "language": "en",
        "channel": None,
    }
    (tmp_path / "all.csv").write_bytes(write_golden(golden_questions()))
    assert json.loads(faq("golden", "import", tmp_path / "all.csv", "--no-calibrate", "--json").stdout) == {
        "count": 448, "replaced": 448, "unknown_articles": [], "warnings": [], "is_stored": True, "build": None,
    }  # fmt: skip


def test_a_dry_run_stores_nothing(faq: Faq, shop: Path, product: Product) -> None:
    result = faq("golden", "import", "-", "--dry-run", stdin=FILE)
    assert result.exit_code == 0
    assert "dry run" in result.stderr
    assert product.golden.count() == 0


def test_a_column_that_is_not_read_is_warned_of(faq: Faq, shop: Path) -> None:
    misnamed = "question,article\nHow?,returns\n"
    result = faq("golden", "import", "-", "--dry-run", stdin=misnamed)
    assert "Column 'article' is not known" in result.stderr
    assert result.stdout == "1 golden question: 0 that an article answers, 1 that none does, in place of 0.\n"
    [warning] = json.loads(faq("golden", "import", "-", "--no-calibrate", "--json", stdin=misnamed).stdout)["warnings"]
    assert "Column 'article' is not known" in warning


def test_articles_that_do_not_exist_are_warned_of(faq: Faq, shop: Path) -> None:
    result = faq("golden", "import", "-", stdin="question,article_id\na,zebra\n")
    assert result.exit_code == 0
    assert "zebra" in result.stderr
    assert "zebra" in faq("golden").stderr
    imported = json.loads(faq("golden", "import", "-", "--json", stdin="question,article_id\na,zebra\n").stdout)
    assert imported["unknown_articles"] == ["zebra"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"answer\nYes.\n", "'question' is missing"),
        (b"question,article_id\na,b\na,c\n", "different articles"),
        (b"question,article_id\na,b c\n", "line 2: article_id"),
        (b"\x00\xff\xfe" * 100, "encoding"),
    ],
)
def test_a_file_that_cannot_be_used_changes_nothing(
    faq: Faq, shop: Path, product: Product, content: bytes, message: str
) -> None:
    product.golden.replace([GoldenQuestion(question="before")])
    assert message in failed(faq("golden", "import", "-", stdin=content))
    assert product.golden.count() == 1


class TestCalibrating:
    def test_an_import_calibrates_what_answers_and_indexes_no_article(
        self, faq: Faq, shop: Path, product: Product
    ) -> None:
        product.store.delete("returns", by="tests")
        result = faq("golden", "import", "-", stdin=FILE)
        assert result.exit_code == 0
        assert "\nGeneration 2 answers now: 68 articles" in result.stdout
        assert ", 0 of them encoded anew" in result.stdout
        assert "Only the calibration is new" in result.stderr
        first, second = (product.generations.load(number) for number in (1, 2))
        assert first.attachments["fitted.json"] != second.attachments["fitted.json"]
        again = json.loads(faq("golden", "import", "-", "--json", stdin=FILE).stdout)
        assert (again["build"]["state"], again["build"]["number"]) == ("unchanged", 2)

    def test_one_that_misses_a_floor_does_not_answer(
        self, faq: Faq, shop: Path, product: Product, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FAQ_GATE_COVERAGE", "1")
        result = faq("golden", "import", "-", stdin=FILE)
        assert result.exit_code == 1
        assert "Generation 2 is kept and does not answer" in result.stdout
        assert product.golden.count() == 3

    def test_questions_are_kept_where_nothing_can_be_calibrated_now(
        self, faq: Faq, shop: Path, product: Product
    ) -> None:
        with product.generations.build_lock():
            result = faq("golden", "import", "-", stdin=FILE)
        assert result.exit_code == 0
        assert "The questions are kept, and nothing was calibrated: " in result.stderr
        assert product.golden.count() == 3

    def test_there_is_nothing_to_calibrate_before_the_first_index(self, faq: Faq, empty: Path) -> None:
        result = faq("golden", "import", "-", "--json", stdin=FILE)
        assert (result.exit_code, json.loads(result.stdout)["build"]) == (0, None)


def test_a_file_that_is_not_there_is_named(faq: Faq, shop: Path) -> None:
    assert "'none.csv' cannot be read" in failed(faq("golden", "import", "none.csv"))


def test_the_sample_brings_its_own_and_leaves_others_alone(
    start: Start, empty: Path, product: Product, tmp_path: Path
) -> None:
    process = start("serve", "--sample", "--port", "0", "--json")
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["pid"] == process.pid
    process.terminate()
    process.wait(60)
    assert product.golden.all() == golden_questions()


def test_the_sample_leaves_golden_questions_that_are_there(start: Start, empty: Path, product: Product) -> None:
    product.golden.replace([GoldenQuestion(question="mine")])
    process = start("serve", "--sample", "--port", "0", "--json")
    assert process.stdout is not None
    assert process.stdout.readline()
    process.terminate()
    process.wait(60)
    assert product.store.count() == 68
    assert product.golden.all() == (GoldenQuestion(question="mine"),)
