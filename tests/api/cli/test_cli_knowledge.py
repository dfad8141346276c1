"""``faq import`` and ``faq export``."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from api.product import Product
from knowledge.sample import sample_articles
from tests.api.cli.conftest import Faq, failed, rows

GOOD = "id,language,question,answer\nreturns,en,How do I return it?,Write to us.\n"
MIXED = GOOD + "empty,en,,No question.\npay,en,How can I pay?,By card.\n"


def test_a_good_file_is_stored_and_a_build_asked_for(faq: Faq, empty: Path, tmp_path: Path, product: Product) -> None:
    (tmp_path / "faq.csv").write_text(GOOD)
    result = faq("import", tmp_path / "faq.csv")
    assert rows(result) == [{"created": "1", "changed": "0", "unchanged": "0", "rejected": "0"}]
    assert "faq build" in result.stderr
    assert product.store.get("returns").texts[0].answer == "Write to us."
    assert product.store.revisions("returns")[0].changed_by == "alesia"


def test_rejected_rows_are_named_and_the_good_ones_stored(
    faq: Faq, empty: Path, tmp_path: Path, product: Product
) -> None:
    (tmp_path / "faq.csv").write_text(MIXED)
    result = faq("import", tmp_path / "faq.csv")
    assert result.exit_code == 1
    counts, listed = result.stdout.split("\n\n")
    assert counts.split("\n")[1] == "2\t0\t0\t1"
    line, article, reason = listed.split("\n")[1].split("\t")
    assert (line, article) == ("3", "empty")
    assert "question" in reason
    assert "2 good rows are stored" in result.stderr
    assert product.store.count() == 2


def test_a_dry_run_shows_the_same_and_stores_nothing(faq: Faq, empty: Path, tmp_path: Path, product: Product) -> None:
    (tmp_path / "faq.csv").write_text(MIXED)
    result = faq("import", tmp_path / "faq.csv", "--dry-run")
    assert result.exit_code == 1
    assert result.stdout.split("\n")[1] == "2\t0\t0\t1"
    assert "dry run" in result.stderr
    assert "faq build" not in result.stderr
    assert product.store.count() == 0
    assert json.loads(faq("import", tmp_path / "faq.csv", "--dry-run", "--json").stdout)["state"] == "previewed"


def test_json_is_the_whole_report(faq: Faq, empty: Path, tmp_path: Path) -> None:
    (tmp_path / "faq.csv").write_text(MIXED)
    result = faq("import", tmp_path / "faq.csv", "--json")
    assert (result.exit_code, result.stderr) == (1, "")
    report = json.loads(result.stdout)
    assert (report["state"], report["created"], report["rejected"]) == ("applied", 2, 1)
    assert [row["outcome"] for row in report["rows"]] == ["created", "rejected", "created"]


def test_standard_input_is_read_and_its_format_recognised(faq: Faq, empty: Path, product: Product) -> None:
    assert faq("import", "-", stdin=sample_articles()).exit_code == 0
    assert product.store.count() == 68
    again = faq("import", "-", stdin=sample_articles())
    assert rows(again)[0]["unchanged"] == "68"
    assert "nothing new" in again.stderr
    assert "faq build" not in again.stderr
    assert json.loads(faq("import", "-", "--json", stdin=sample_articles()).stdout)["state"] == "applied"


def test_rows_without_a_language_take_the_one_that_is_given(faq: Faq, empty: Path, product: Product) -> None:
    faq("import", "-", "--language", "be", stdin="id,question,answer\nreturns,Як вярнуць?,Напішыце нам.\n")
    assert [text.language for text in product.store.get("returns").texts] == ["be"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\x01\x02",
        b"PK\x03\x04 no spreadsheet",
        b"question,answer\n",
        b"\xd0\x9f\xd1 broken utf-8 \xd1\x8f" * 9,
    ],
)
def test_a_file_that_cannot_be_read_changes_nothing(faq: Faq, empty: Path, product: Product, data: bytes) -> None:
    failed(faq("import", "-", stdin=data))
    assert product.store.count() == 0


@pytest.mark.parametrize("name", ["missing.csv", ".", "nul\x00.csv"])
def test_a_file_that_cannot_be_opened_is_named(faq: Faq, empty: Path, name: str) -> None:
    assert "cannot be read" in failed(faq("import", name))


@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_what_is_exported_can_be_imported_without_a_change(faq: Faq, shop: Path, tmp_path: Path, format: str) -> None:
    result = faq("export", "--format", format)
    assert result.exit_code == 0
    assert result.stderr == ""
    (tmp_path / f"out.{format}").write_bytes(result.stdout_bytes)
    counts = rows(faq("import", tmp_path / f"out.{format}"))[0]
    assert {name for name, count in counts.items() if count != "0"} == {"unchanged"}


def test_a_file_is_written_in_the_format_of_its_name(faq: Faq, shop: Path, tmp_path: Path) -> None:
    result = faq("export", "--output", tmp_path / "out.jsonl")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "68 articles" in result.stderr
    assert len((tmp_path / "out.jsonl").read_bytes().splitlines()) == 68
    document = json.loads(faq("export", "-o", tmp_path / "out.csv", "--json").stdout)
    assert document["format"] == "csv"
    assert document["bytes"] == (tmp_path / "out.csv").stat().st_size
    assert (tmp_path / "out.csv").stat().st_mode & 0o777 == 0o666 & ~_umask()


def test_json_without_a_file_is_one_article_a_line(faq: Faq, shop: Path) -> None:
    lines = faq("export", "--json").stdout.splitlines()
    assert len(lines) == 68
    assert {"id", "texts"} <= json.loads(lines[0]).keys()


def test_a_disk_that_fills_up_leaves_the_old_file_and_no_other(
    faq: Faq, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out" / "faq.csv"
    target.parent.mkdir()
    target.write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "No space left" in failed(faq("export", "-o", target))
    assert target.read_text() == "old"
    assert [path.name for path in target.parent.iterdir()] == ["faq.csv"]


def test_a_folder_that_does_not_exist_is_refused(faq: Faq, shop: Path, tmp_path: Path) -> None:
    assert "cannot be written" in failed(faq("export", "-o", tmp_path / "none" / "out.csv"))


def test_an_unknown_format_is_refused(faq: Faq, shop: Path) -> None:
    assert "'csv'" in failed(faq("export", "--format", "pdf"))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
