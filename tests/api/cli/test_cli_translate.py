"""``faq translate`` and ``faq translations``, with a genuine package that translates word by word."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from api.product import Product
from assistant.translation import ArgosEngine
from knowledge.article import make_article
from tests.api.cli.conftest import Faq, Start, failed, rows
from tests.assistant.translation_models import build_package

DICTIONARY = {
    "Who": "Wie",
    "waters": "begiet",
    "plants?": "planten?",
    "Our": "Onze",
    "gardener": "tuinman",
    "the": "de",
}


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_package(tmp_path_factory.mktemp("package") / "en_nl.argosmodel", "en", "nl", DICTIONARY)


@pytest.fixture
def garden(empty: Path, package: Path, product: Product) -> Path:
    """Return a data folder with two articles of few words, one of them in French too, and the package."""
    ArgosEngine(empty / "translation").install(package)
    english = {"question": "Who waters the plants?", "answer": "Our gardener"}
    product.store.put_many(
        [
            make_article(id="plants", texts={"en": english}),
            make_article(id="trees", texts={"en": english, "fr": {"question": "Qui ?", "answer": "Lui."}}),
        ],
        by="tests",
    )
    return empty


def test_articles_are_translated_ahead_once(faq: Faq, garden: Path) -> None:
    result = faq("translate", "--to", "nl")
    assert rows(result) == [
        {
            "language": "nl", "translated": "4", "already there": "0", "people's": "0", "held for review": "0",
            "failed": "0", "no route": "0",
        }
    ]  # fmt: skip
    assert result.stderr == ""
    (again,) = rows(faq("translate", "--to", "nl"))
    assert (again["translated"], again["already there"]) == ("0", "4")


def test_what_cannot_be_had_is_told_and_is_the_exit_status(faq: Faq, garden: Path) -> None:
    result = faq("translate", "--to", "nl,fr", "--to", "nl", "--json")
    assert result.exit_code == 1
    dutch, french = json.loads(result.stdout)["languages"]
    assert (dutch["language"], dutch["translated"]) == ("nl", 4)
    assert (french["language"], french["human"], french["no_route"]) == ("fr", 2, 2)
    told = faq("translate", "--to", "fr")
    assert "No engine leads to fr from 2 texts; see: faq languages install" in told.stderr


def test_failures_are_told_with_their_faults_and_tried_again(
    faq: Faq, garden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(ArgosEngine, "translate", lambda *_arguments: "la la la la la la")
        result = faq("translate", "--to", "nl", "--article", "plants")
    assert result.exit_code == 1
    assert "plants (question) goes out untranslated, not in nl: it repeats 'la'" in result.stderr
    assert faq("translate", "--to", "nl", "--article", "plants").exit_code == 1
    (listed,) = {row["status"] for row in rows(faq("translations", "list", "--status", "failed"))}
    assert listed == "failed"
    assert faq("translate", "--to", "nl", "--retry").exit_code == 0


def test_a_person_reviews_what_is_held(faq: Faq, garden: Path, product: Product) -> None:
    (held,) = rows(faq("translate", "--to", "nl", "--review", "--article", "plants", "--from", "en"))
    assert held["held for review"] == "2"
    listed = rows(faq("translations"))
    assert [(row["field"], row["status"], row["text"]) for row in listed] == [
        ("answer", "review", "Onze tuinman"),
        ("question", "review", "Wie begiet de planten?"),
    ]
    shown = faq("translations", "show", "plants", "nl").stdout
    assert "not sent" in shown
    assert shown.index("Our gardener") < shown.index("Onze tuinman")
    approved = faq("translations", "approve", "plants", "nl", "--answer-file", "-", "--json", stdin="De tuinman.")
    assert json.loads(approved.stdout)["kind"] == "human"
    text = product.store.get("plants").text("nl")
    assert text is not None
    assert (text.question, text.answer, text.origin) == ("Wie begiet de planten?", "De tuinman.", "human")
    assert product.store.revisions("plants")[-1].changed_by == "alesia"
    assert "A person wrote 'plants' in nl already" in failed(faq("translations", "approve", "plants", "nl"))


def test_what_is_forgotten_is_gone(faq: Faq, garden: Path) -> None:
    faq("translate", "--to", "nl")
    assert faq("translations", "forget", "plants", "nl").stdout == "Forgotten: 2 texts.\n"
    assert "No translation of 'plants' into nl" in failed(faq("translations", "forget", "plants", "nl"))
    assert [row["article"] for row in rows(faq("translations", "list", "--to", "nl"))] == ["trees", "trees"]
    assert len(json.loads(faq("translations", "list", "--limit", "1", "--json").stdout)["items"]) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["translate", "--to", "!"], "expected a BCP 47 tag"),
        (["translate", "--to", "en_x"], "expected a BCP 47 tag"),
        (["translate", "--to", "nl,zz"], "'zz' names no language that CLDR knows. Tags begin"),
        (["translate", "--to", "cz"], "CZ is a country, where most write cs"),
        (["translate", "--to", "und"], "'und' names no language"),
        (["translate", "--to", "nl", "--from", "xx"], "'xx' names no language"),
        (["translate", "--to", "nl", "--article", "none"], "There is no article 'none'"),
        (["translate", "--to", "nl", "--from", "no language"], "expected a BCP 47 tag"),
        (["translations", "show", "plants", "be"], "faq translate --to be --article plants"),
    ],
)
def test_what_cannot_be_done_is_one_line(faq: Faq, garden: Path, arguments: list[str], told: str) -> None:
    assert told in failed(faq(*arguments))


@pytest.mark.parametrize(
    "arguments",
    [
        ["translate"],
        ["translate", "--to", " , "],
        ["translations", "list", "--status", "lost"],
        ["translations", "approve", "plants", "nl", "--answer", "a", "--answer-file", "-"],
    ],
)
def test_wrong_usage_is_told(faq: Faq, garden: Path, arguments: list[str]) -> None:
    assert failed(faq(*arguments), status=2)


def remembered(data: Path) -> dict[str, tuple[int, str]]:
    """Return the serial and the article of every row by its id."""
    with sqlite3.connect(data / "faq.db") as database:
        query = "SELECT id, serial, article_id FROM translations ORDER BY serial"
        found = {id: (serial, article) for id, serial, article in database.execute(query)}
    database.close()
    return found


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
def test_stopped_in_the_middle_nothing_is_lost(
    faq: Faq, start: Start, shop: Path, package: Path, ending: signal.Signals
) -> None:
    ArgosEngine(shop / "translation").install(package)
    process = start("translate", "--to", "nl")
    deadline = time.monotonic() + 60
    while len(remembered(shop)) < 3:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(ending)
    _, told = process.communicate(timeout=30)
    before = remembered(shop)
    if ending == signal.SIGINT:
        assert process.returncode == 130
        assert "Stopped; what was translated is kept." in told
        assert "Traceback" not in told
    assert 3 <= len(before) < 136
    with sqlite3.connect(shop / "faq.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
    faq("translate", "--to", "nl", "--article", next(article for _, article in before.values()))
    assert before.items() <= remembered(shop).items()  # whatever became of them, they were not made again
