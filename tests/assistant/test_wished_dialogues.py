"""Customers who ask for another language, on the sample shop: what they are told, and what is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from api.product import Product
from api.settings import Settings
from assistant.question import make_question
from knowledge.article import make_article
from tests.assistant.conftest import Ask

Say = Callable[..., dict[str, Any]]


@pytest.fixture
def say(ask: Ask) -> Say:
    """Return a function that says something in one conversation."""
    return lambda text=None, **fields: ask(text, conversation_id="c-1", **fields)


def test_the_last_answer_is_said_again_in_the_language_asked_for(say: Say, shop: Product) -> None:
    first = say("How do I return an item?")
    assert (first["decision"], first["answer"]["language"], first["language"]["wished"]) == ("answered", "en", False)
    again = say("по-русски, пожалуйста")
    assert again["decision"] == "answered"
    assert again["reason"] == first["reason"]
    assert again["answer"]["article_id"] == first["answer"]["article_id"]
    assert again["answer"]["language"] == "ru"
    assert again["message"] != first["message"]
    assert again["language"] == {"code": "ru", "source": "requested", "confidence": 1.0, "wished": True}
    receipt = shop.assistant.receipt(again["id"])
    assert (receipt["repeats"], receipt["asked"]) == (first["id"], "How do I return an item?")
    assert receipt["explanation"].startswith(f"Said again what {first['id']} said")


def test_a_wish_holds_until_another_one(say: Say) -> None:
    say("auf Deutsch bitte")
    english = say("Where can I see how far my parcel has come on its way?")
    assert (english["language"]["code"], english["language"]["source"]) == ("de", "conversation")
    assert say("Actually, in English please")["language"]["code"] == "en"
    assert say("Куда пропала моя посылка, которую я заказал две недели назад?")["language"]["code"] == "en"


def test_a_wish_and_a_question_in_one_message(say: Say, shop: Product) -> None:
    reply = say("How do I return an item? In Spanish please")
    assert reply["decision"] == "answered"
    assert reply["answer"]["language"] == "es"
    receipt = shop.assistant.receipt(reply["id"])
    assert receipt["asked"] == "How do I return an item?"
    assert receipt["question"] == "How do I return an item? In Spanish please"
    assert receipt["reason"] == "exact", "the wish is no part of what is searched for"


def test_a_wish_before_anything_was_asked(say: Say, shop: Product) -> None:
    reply = say("українською, будь ласка")
    assert (reply["decision"], reply["reason"], reply["choices"]) == ("clarify", "language_changed", [])
    assert reply["message"] == shop.assistant.phrases.say("language_changed", "uk")
    assert reply["language"]["code"] == "uk"
    assert "asked for a language" in shop.assistant.receipt(reply["id"])["explanation"]
    again = say("in English please")
    assert (again["reason"], again["language"]["code"]) == ("language_changed", "en")


def test_choices_are_offered_again_and_can_be_taken(say: Say) -> None:
    asked_back = say("refund")
    assert asked_back["decision"] == "clarify"
    assert len(asked_back["choices"]) > 1
    again = say("на русском")
    assert again["decision"] == "clarify"
    assert [c["article_id"] for c in again["choices"]] == [c["article_id"] for c in asked_back["choices"]]
    assert all(choice["language"] == "ru" for choice in again["choices"])
    assert "«refund»" in again["message"], "the customer's own question is repeated back, not the wish"
    taken = say("2")
    assert (taken["decision"], taken["answer"]["article_id"]) == ("answered", again["choices"][1]["article_id"])
    assert taken["answer"]["language"] == "ru"


def test_a_promise_is_said_again_of_the_same_ticket(say: Say, shop: Product) -> None:
    first = say("Talk to a person")
    again = say("па-беларуску, калі ласка")
    assert (again["decision"], again["ticket"]["id"]) == ("ticketed", first["ticket"]["id"])
    assert again["language"]["code"] == "be"
    assert again["message"] != first["message"]
    assert len(shop.tickets.page().items) == 1


def test_agents_answer_an_open_ticket_in_the_language_asked_for(say: Say, shop: Product) -> None:
    id = say("I want to talk to a person", message_id="m-1")["ticket"]["id"]
    assert shop.tickets.get(id).language == "en"
    say("auf Deutsch bitte", message_id="m-2")
    assert shop.tickets.get(id).language == "de"
    assert shop.tickets.events(id).items[-1].changes["language"] == ("en", "de")
    say("How do I return an item? По-русски, пожалуйста!", message_id="m-3")
    assert shop.tickets.get(id).language == "ru", "whatever was said last, the ticket is the same customer's"
    say("auf Deutsch bitte", message_id="m-2")
    assert shop.tickets.get(id).language == "ru", "a retry is no second wish"


def test_a_promise_that_was_kept_is_not_made_again(say: Say, shop: Product) -> None:
    id = say("I want to talk to a person")["ticket"]["id"]
    shop.tickets.solve(id, agent="Ada", message="We have called you.")
    again = say("auf Deutsch bitte")
    assert (again["decision"], again["reason"], again["ticket"]) == ("clarify", "language_changed", None)
    assert shop.tickets.get(id).language == "en"


def test_a_person_is_asked_for_in_a_language(say: Say) -> None:
    reply = say("Talk to a person. In German please")
    assert (reply["decision"], reply["reason"], reply["language"]["code"]) == ("ticketed", "person_requested", "de")


def test_an_answer_said_again_that_does_not_help_brings_the_question_to_a_person(say: Say, shop: Product) -> None:
    say("How do I return an item?")
    again = say("auf Deutsch bitte")
    ticket = shop.assistant.give_feedback(again["id"], helpful=False).ticket
    assert ticket is not None
    assert shop.tickets.get(ticket.id).question == "How do I return an item?"


@pytest.mark.parametrize("question", ["How do I return an item?", "refund"])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_an_answer_and_what_says_it_again_bring_one_ticket(
    say: Say, shop: Product, question: str, order: tuple[int, ...]
) -> None:
    said = [say(question), say("auf Deutsch bitte"), say("по-русски, пожалуйста")]
    assert len({reply["decision"] for reply in said}) == 1
    given = [shop.assistant.give_feedback(said[place]["id"], helpful=False, comment=f"no {place}") for place in order]
    assert len({feedback.ticket.id for feedback in given if feedback.ticket is not None}) == 1
    assert len(shop.tickets.page().items) == 1
    comments = [shop.assistant.receipt(reply["id"])["feedback"]["comment"] for reply in said]
    assert comments == ["no 0", "no 1", "no 2"]
    assert shop.assistant.give_feedback(said[order[2]]["id"], helpful=True).ticket is None


def test_two_answers_that_do_not_help_bring_two_tickets(say: Say, shop: Product) -> None:
    said = [say("How do I return an item?"), say("auf Deutsch bitte"), say("How long does delivery take?")]
    given = [shop.assistant.give_feedback(reply["id"], helpful=False) for reply in said]
    assert len({feedback.ticket.id for feedback in given if feedback.ticket is not None}) == 2


def test_a_replay_of_what_was_said_again_changes_nothing(say: Say, shop: Product) -> None:
    say("How do I return an item?")
    again = say("auf Deutsch bitte")
    replayed = shop.replayer.replay(again["id"])
    assert not replayed.is_searched
    assert not replayed.changed.decision
    assert not replayed.changed.article


@pytest.mark.parametrize("text", ["English book", "Do you ship to Germany?", "Is there a Polish manual?"])
def test_what_only_names_a_language_is_a_question(say: Say, text: str) -> None:
    assert say(text)["language"]["wished"] is False


def test_a_wish_for_a_language_that_is_not_served_is_heard_and_changes_nothing(sample_data: Path) -> None:
    product = Product(Settings(data_dir=sample_data, languages=["en", "ru"]))

    def say(text: str, conversation: str) -> dict[str, Any]:
        question = make_question(text, conversation_id=conversation)
        reply: dict[str, Any] = orjson.loads(asyncio.run(product.assistant.ask(question)))
        return reply

    try:
        product.follower.refresh()
        first = say("auf Deutsch bitte", "a")
        assert (first["decision"], first["reason"], first["ticket"]) == ("clarify", "language_changed", None)
        assert (first["language"]["code"], first["language"]["wished"]) == ("en", False)
        asked = say("Как вернуть купленный у вас товар обратно в магазин?", "b")
        again = say("auf Deutsch bitte", "b")
        assert (again["decision"], again["message"]) == (asked["decision"], asked["message"])
        assert (again["language"]["code"], again["language"]["wished"]) == ("ru", False)
        beside = say("How do I return an item? In Spanish please", "c")
        assert (beside["reason"], beside["language"]["code"]) == ("exact", "en")
        assert say("по-русски, пожалуйста", "c")["language"]["code"] == "ru"
        assert product.tickets.page().items == ()
    finally:
        product.close()


def test_a_question_that_stands_in_an_article_is_no_wish(tmp_path: Path) -> None:
    product = Product(Settings(data_dir=tmp_path))
    try:
        texts = {"en": {"question": "Do you speak German?", "answer": "We do, from nine to five."}}
        product.store.put(make_article(id="german", texts=texts), by="test")
        product.make_generation()
        product.follower.refresh()
        reply = orjson.loads(asyncio.run(product.assistant.ask(make_question("do you speak german"))))
        assert (reply["decision"], reply["answer"]["article_id"]) == ("answered", "german")
        assert reply["language"]["wished"] is False
        wished = orjson.loads(asyncio.run(product.assistant.ask(make_question("can you speak german please"))))
        assert wished["language"]["code"] == "de"
    finally:
        product.close()
