"""``faq ask``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from api.product import Product
from index.builder import build
from tests.api.cli.conftest import Faq, failed


def test_the_answer_is_shown_with_how_it_was_found(faq: Faq, shop: Path, product: Product) -> None:
    result = faq("ask", "Як вярнуць тавар?")
    assert result.exit_code == 0
    assert result.stderr == ""
    message, _, how = result.stdout.rstrip("\n").rpartition("\n\n")
    text = product.store.get("returns").text("be")
    assert text is not None
    assert message == text.answer
    assert how.startswith("answered · exact · confidence ")
    assert " · article returns · language be (" in how


def test_json_is_the_response_as_it_is_stored(faq: Faq, shop: Path, product: Product) -> None:
    result = faq("ask", "How do I return an item?", "--json")
    assert result.stdout.count("\n") == 1
    response = json.loads(result.stdout)
    assert response["answer"]["article_id"] == "returns"
    assert result.stdout.rstrip("\n") == product.ledger.row(response["id"])["response"]


def test_the_language_asked_for_is_the_one_answered_in(faq: Faq, shop: Path) -> None:
    response = json.loads(faq("ask", "How do I return an item?", "--language", "uk", "--json").stdout)
    assert response["language"] == {"code": "uk", "source": "requested", "confidence": 1.0, "wished": True}
    assert response["answer"]["language"] == "uk"


def test_who_asks_for_a_person_gets_a_ticket(faq: Faq, shop: Path, product: Product) -> None:
    result = faq("ask", "I want to talk to a person", "--channel", "phone")
    assert result.exit_code == 0
    [ticket] = product.tickets.page().items
    assert ticket.channel == "phone"
    assert f"ticketed · person_requested · ticket {ticket.id} · language en" in result.stdout
    assert ticket.id in result.stdout.split("\n\n")[0]


def test_a_conversation_goes_on(faq: Faq, shop: Path) -> None:
    asked = json.loads(faq("ask", "Добры дзень, у мяне ёсць пытанне", "--conversation", "7", "--json").stdout)
    assert asked["language"]["code"] == "be"
    later = json.loads(faq("ask", "ok 12", "--conversation", "7", "--json").stdout)
    assert later["language"]["code"] == "be"
    assert later["language"]["source"] == "conversation"


def test_without_a_generation_the_mend_is_named_once(faq: Faq, empty: Path) -> None:
    assert "faq build" in failed(faq("ask", "How do I return an item?"))


def test_the_encoder_of_the_index_answers_whatever_the_next_build_takes(
    faq: Faq, shop: Path, other_encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAQ_ENCODER", other_encoder)
    assert json.loads(faq("ask", "How do I return an item?", "--json").stdout)["reason"] == "exact"


def test_an_encoder_that_has_gone_is_said_once(faq: Faq, empty: Path, product: Product, other_encoder: str) -> None:
    faq("import", "-", stdin="question,answer\nHow?,So.\n")
    build(product.generations, product.store, product.encoders.get(other_encoder))
    shutil.rmtree(other_encoder)
    assert f"without its encoder {other_encoder!r}" in failed(faq("ask", "How?"))


@pytest.mark.parametrize("question", ["", " ", "\x00", "👍", "\u202e\u202d", "ש" * 2_000, "?" * 2_000])
def test_odd_questions_get_a_decision(faq: Faq, shop: Path, question: str) -> None:
    response = json.loads(faq("ask", "--json", "--", question).stdout)
    assert response["decision"] in ("suppressed", "ticketed", "clarify")


@pytest.mark.parametrize("question", ["x" * 2_001, "half a \udcff pair"])
def test_questions_that_cannot_be_taken_are_refused(faq: Faq, shop: Path, question: str) -> None:
    failed(faq("ask", question))
    document = json.loads(faq("ask", question, "--json").stdout)
    assert document["error"]["type"] in ("question", "article")
