"""``faq explain`` and ``faq replay``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api.cli.replay import searched_in, whose_words
from api.product import Product
from index.builder import build
from tests.api.cli.conftest import Faq, failed

QUESTION = "How do I return an item?"


@pytest.fixture
def answer_id(faq: Faq, shop: Path) -> str:
    """Return the id of an answer of the first generation."""
    id: str = json.loads(faq("ask", QUESTION, "--json").stdout)["id"]
    return id


@pytest.fixture
def without_returns(answer_id: str, product: Product) -> int:
    """Return the number of a generation that answers now and lacks the article of the answer."""
    product.store.delete("returns", by="test")
    return build(product.generations, product.store, product.encoder).manifest.number


def test_ask_names_the_id_that_explains_it(faq: Faq, shop: Path, product: Product) -> None:
    id = faq("ask", QUESTION).stdout.split()[-1]
    assert product.ledger.row(id)["question"] == QUESTION


def test_why_is_the_first_line_and_the_thresholds_and_scores_follow(faq: Faq, answer_id: str) -> None:
    result = faq("explain", answer_id)
    assert result.exit_code == 0, result.output
    assert result.stdout.split("\n")[0] == (
        "Answered with returns: the question is one of the article's own, but for case and signs."
    )
    assert f"question     {QUESTION}" in result.stdout
    assert "generation   1" in result.stdout
    assert "confidence, to answer\t" in result.stdout
    assert "1\treturns\t" in result.stdout


def test_a_threshold_set_by_hand_is_explained_as_such(faq: Faq, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAQ_ANSWER_THRESHOLD", "0.3")
    id = json.loads(faq("ask", QUESTION, "--json").stdout)["id"]
    assert "calibration  set by hand\n" in faq("explain", id).stdout


def test_whose_words_went_out_is_shown(
    faq: Faq, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer_id: str
) -> None:
    shown = faq("explain", answer_id).stdout
    assert "article      returns (revision 1) in en\n" in shown
    assert "text         a person's\n" in shown
    id = json.loads(faq("ask", QUESTION, "--language", "pl", "--json").stdout)["id"]
    shown = faq("explain", id).stdout
    assert "text         not in the customer's language: no engine leads there (" in shown
    assert "of it asked" not in shown


def test_what_was_asked_beside_a_wish_and_what_was_said_again_is_shown(faq: Faq, shop: Path) -> None:
    first = json.loads(faq("ask", f"English please. {QUESTION}", "--conversation", "c", "--json").stdout)
    assert f"of it asked  {QUESTION}\n" in faq("explain", first["id"]).stdout
    second = json.loads(faq("ask", "по-русски, пожалуйста", "--conversation", "c", "--json").stdout)
    assert f"said again   {first['id']}\n" in faq("explain", second["id"]).stdout


def test_what_a_question_was_searched_for_as_is_shown() -> None:
    found = {"source": "ka", "target": "en", "text": "Where is it?", "engine": "argos", "problem": None}
    assert searched_in(found) == "en, translated from ka by argos: Where is it?"
    failed = {"source": "ka", "target": "en", "text": None, "engine": None, "problem": "No engine leads there."}
    assert searched_in(failed) == "its own language, for ka→en failed: No engine leads there."
    assert searched_in(None) == ""


def test_a_machines_words_name_the_engine_and_the_language_they_are_from() -> None:
    answer = {"translation": {"kind": "machine", "from": "en", "engine": "argos"}}
    assert whose_words(answer, None) == "a machine's from en by argos"


def test_an_explanation_for_machines_is_the_whole_receipt(faq: Faq, answer_id: str, product: Product) -> None:
    document = json.loads(faq("explain", answer_id, "--json").stdout)
    assert document["id"] == answer_id
    assert len(document["hits"]) == 10
    assert document["explanation"].startswith("Answered with returns")


def test_a_replay_shows_both_sides(faq: Faq, answer_id: str, without_returns: int) -> None:
    result = faq("replay", answer_id)
    assert result.stdout.startswith(f"Generation {without_returns} decides otherwise: ")
    lines = {line[0]: line[1:] for line in (line.split("\t") for line in result.stdout.split("\n"))}
    assert f"\tgeneration 1, then\tgeneration {without_returns}, now\n" in result.stdout
    assert lines["decision"][0] == "answered"
    then, now = lines["answer"]
    assert then == "returns" != now
    assert "\tfound then\tconfidence\tfused\tfound now\tconfidence\tfused" in result.stdout


def test_a_replay_names_the_generation(faq: Faq, answer_id: str, without_returns: int) -> None:
    result = faq("replay", answer_id, "--generation", "1")
    assert result.stdout.startswith("Generation 1 decides the same: the answer returns.")
    document = json.loads(faq("replay", answer_id, "--generation", "1", "--json").stdout)
    assert document["before"] == document["after"]
    assert document["changed"] == dict.fromkeys(("decision", "reason", "article", "choices", "best"), False)


def test_a_replay_leaves_no_trace(faq: Faq, answer_id: str, without_returns: int, product: Product) -> None:
    before = product.tickets.page(), product.assistant.receipt(answer_id)
    faq("replay", answer_id)
    assert (product.tickets.page(), product.assistant.receipt(answer_id)) == before
    pointer = product.generations.pointer()
    assert pointer is not None
    assert pointer.generation == without_returns


@pytest.mark.parametrize("command", ["explain", "replay"])
def test_what_needed_no_search_is_shown_too(faq: Faq, shop: Path, command: str) -> None:
    id = json.loads(faq("ask", "talk to a human", "--json").stdout)["id"]
    result = faq(command, id)
    assert result.exit_code == 0, result.output
    assert "the customer asked for a person" in result.stdout


def test_what_is_not_there_is_named_in_a_line(faq: Faq, answer_id: str) -> None:
    assert failed(faq("explain", "ans_none")) == "There is no answer 'ans_none'."
    assert failed(faq("replay", "ans_none")) == "There is no answer 'ans_none'."
    assert failed(faq("replay", answer_id, "--generation", "7")) == "There is no generation 7; kept are: 1."
    failed(faq("replay", answer_id, "--generation", "0"), 2)


def test_without_anything_indexed_the_receipts_generation_is_still_missing(faq: Faq, empty: Path) -> None:
    id = json.loads(faq("ask", "talk to a human", "--json").stdout)["id"]
    assert "faq build" in failed(faq("replay", id))
