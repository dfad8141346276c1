"""A question's whole way, on the sample shop: search, decision, words, receipt and ticket."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from api.product import Product
from assistant.ledger import MessageConflictError
from assistant.question import QuestionError, make_question
from assistant.tickets.ticket import Customer
from tests.assistant.conftest import Ask

GIBBERISH = "qwzx plörf vnnk"


@pytest.mark.parametrize(
    ("question", "language", "article"),
    [
        ("How do I return an item?", "en", "returns"),
        ("как вернуть товар", "ru", "returns"),
        ("Як вярнуць тавар?", "be", "returns"),
        ("Як повернути товар?", "uk", "returns"),
        ("Wie lange dauert die Lieferung?", "de", "delivery-time"),
        ("¿Cómo restablezco mi contraseña?", "es", "password-reset"),
    ],
)
def test_customers_are_answered_in_their_own_language(ask: Ask, question: str, language: str, article: str) -> None:
    reply = ask(question)
    assert reply["decision"] == "answered", reply
    assert reply["answer"]["article_id"] == article
    assert reply["language"]["code"] == reply["answer"]["language"] == language
    assert reply["answer"]["translation"] == {"kind": "human", "from": None, "engine": None}
    assert reply["message"] == reply["answer"]["text"]
    assert (reply["ticket"], reply["choices"]) == (None, [])


def test_a_language_no_article_has_gets_an_apology_and_the_text_the_customer_probably_reads(ask: Ask) -> None:
    reply = ask("How do I return an item?", language="pl")
    assert reply["answer"]["translation"]["kind"] == "none"
    assert reply["answer"]["language"] == "en"
    apology, text = reply["message"].split("\n\n", 1)
    assert "angielski" in apology
    assert text == reply["answer"]["text"]


def test_what_nobody_wrote_about_becomes_a_ticket_with_a_promise(ask: Ask, shop: Product) -> None:
    reply = ask(GIBBERISH, language="ru", customer=Customer(name="Алесь", email="ales@example.org"))
    assert reply["decision"] == "ticketed"
    assert reply["reason"] in ("low_confidence", "out_of_scope", "no_match")
    ticket = shop.tickets.get(reply["ticket"]["id"])
    assert (ticket.question, ticket.customer.name, ticket.language) == (GIBBERISH, "Алесь", "ru")
    assert ticket.answer_id == reply["id"]
    assert datetime.fromisoformat(reply["ticket"]["due_at"]) == ticket.due_at == ticket.created_at + timedelta(days=1)
    assert ticket.id in reply["message"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I want to talk to a human", "en"),
        ("позовите оператора", "ru"),
        ("хачу пагаварыць з чалавекам", "be"),
        ("Ich möchte mit einem Menschen sprechen", "de"),
        ("quiero hablar con una persona", "es"),
        ("хочу поговорити з оператором", "uk"),
    ],
)
def test_a_person_can_be_asked_for_in_every_language(ask: Ask, text: str, language: str) -> None:
    reply = ask(text)
    assert (reply["decision"], reply["reason"]) == ("ticketed", "person_requested")
    assert reply["language"]["code"] == language


def test_a_person_can_be_reached_before_anything_is_indexed(tmp_path: Any) -> None:
    from api.settings import Settings

    product = Product(Settings(data_dir=tmp_path))
    reply = orjson.loads(asyncio.run(product.assistant.ask(make_question("talk to a human"))))
    product.close()
    assert (reply["reason"], reply["generation"]) == ("person_requested", None)


@pytest.mark.parametrize("text", ["", "   ", "?!…", "🙂👍", "\u202e\u200b", "---"])
def test_what_says_nothing_is_not_answered(ask: Ask, shop: Product, text: str) -> None:
    reply = ask(text)
    assert (reply["decision"], reply["reason"], reply["message"]) == ("suppressed", "empty", "")
    assert shop.tickets.counts().by_status["new"] == 0


def test_an_automatic_mail_is_not_answered_but_a_chat_about_one_is(ask: Ask) -> None:
    text = "Automatic reply: I am out of the office until Monday"
    assert ask(text, channel="email")["reason"] == "automatic_message"
    assert ask(text, channel="chat")["decision"] != "suppressed"


def test_bots_that_answer_each_other_are_cut_off(ask: Ask) -> None:
    reasons = [
        ask("Thank you for your message", channel="chat", conversation_id="loop", message_id=f"m{n}")["reason"]
        for n in range(5)
    ]
    assert "loop" not in reasons[:3]
    assert reasons[3:] == ["loop", "loop"]


def test_the_same_words_sent_twice_by_a_finger_count_once(ask: Ask) -> None:
    ask("Where is my order?", conversation_id="c")
    assert ask("where is my order", conversation_id="c")["reason"] == "duplicate"
    assert ask("where is my order", conversation_id="d")["decision"] != "suppressed"


def unclear(shop: Product) -> str:
    """Return a question that the sample shop asks back on."""
    candidates = ["refund", "my card", "gift", "address change", "code does not work", "points", "delivery", "payment"]
    for text in candidates:
        reply = orjson.loads(asyncio.run(shop.assistant.ask(make_question(text, language="en"))))
        if reply["decision"] == "clarify":
            return text
    raise AssertionError("no candidate was unclear")


def test_choices_are_offered_and_one_of_them_is_taken(ask: Ask, shop: Product) -> None:
    text = unclear(shop)
    reply = ask(text, conversation_id="c", language="de")
    assert reply["decision"] == "clarify"
    assert reply["reason"] in ("unsure", "near_tie")
    assert 1 <= len(reply["choices"]) <= 3
    assert text in reply["message"]
    assert reply["choices"][0]["question"] in reply["message"]
    chosen = reply["choices"][-1]["article_id"]
    answer = ask(choice=chosen, conversation_id="c")
    assert (answer["decision"], answer["answer"]["article_id"]) == ("answered", chosen)
    assert (answer["language"]["code"], answer["language"]["source"]) == ("de", "conversation")


def test_a_choice_can_be_typed_as_its_number(ask: Ask, shop: Product) -> None:
    reply = ask(unclear(shop), conversation_id="c")
    answer = ask("2.", conversation_id="c")
    assert answer["answer"]["article_id"] == reply["choices"][1]["article_id"]


def test_none_of_the_choices_goes_to_a_person_with_the_question(ask: Ask, shop: Product) -> None:
    text = unclear(shop)
    ask(text, conversation_id="c")
    reply = ask(choice="none", conversation_id="c")
    assert (reply["decision"], reply["reason"]) == ("ticketed", "unclear_after_clarify")
    assert shop.tickets.get(reply["ticket"]["id"]).question == text


def test_saying_that_none_fits_is_understood_as_well(ask: Ask, shop: Product) -> None:
    ask(unclear(shop), conversation_id="c")
    assert ask("none of these", conversation_id="c")["reason"] == "unclear_after_clarify"


def test_a_second_unclear_question_in_a_row_goes_to_a_person(ask: Ask, shop: Product) -> None:
    ask(unclear(shop), conversation_id="c")
    assert ask(GIBBERISH, conversation_id="c")["reason"] == "unclear_after_clarify"


@pytest.mark.parametrize("choice", ["returns", "no-such-article", "1"])
def test_a_choice_nobody_offered_is_refused_with_those_that_were(ask: Ask, choice: str) -> None:
    ask("How do I return an item?", conversation_id="c")
    with pytest.raises(QuestionError, match="none are open"):
        ask(choice=choice, conversation_id="c")


def test_asking_for_a_person_again_does_not_open_a_second_ticket(ask: Ask, shop: Product) -> None:
    first = ask("talk to a human", conversation_id="c", message_id="1")
    again = ask("a human please", conversation_id="c", message_id="2")
    assert again["ticket"]["id"] == first["ticket"]["id"]
    shop.tickets.solve(first["ticket"]["id"], agent="Ann")
    assert ask("human please", conversation_id="c", message_id="3")["ticket"]["id"] != first["ticket"]["id"]


def test_a_retry_gets_the_stored_decision_byte_for_byte(shop: Product) -> None:
    question = make_question(GIBBERISH, message_id="m", conversation_id="c")
    first, second = (asyncio.run(shop.assistant.ask(question)) for _ in range(2))
    assert first == second
    assert shop.tickets.counts().by_status["new"] == 1


def test_equal_calls_at_once_make_one_ticket(shop: Product) -> None:
    question = make_question(GIBBERISH, message_id="m")

    async def together() -> list[str]:
        return await asyncio.gather(*(shop.assistant.ask(question) for _ in range(20)))

    assert len(set(asyncio.run(together()))) == 1
    assert shop.tickets.counts().by_status["new"] == 1


def test_one_message_id_for_two_messages_is_refused(shop: Product) -> None:
    asyncio.run(shop.assistant.ask(make_question("Where is my order?", message_id="m")))
    with pytest.raises(MessageConflictError, match="used before for another message"):
        asyncio.run(shop.assistant.ask(make_question("Where is my refund?", message_id="m")))
    asyncio.run(shop.assistant.ask(make_question("Where is my refund?", message_id="m", channel="email")))


def test_tags_leave_only_the_articles_that_carry_all_of_them(ask: Ask) -> None:
    assert ask("How do I return an item?", tags=("returns",))["answer"]["article_id"] == "returns"
    reply = ask("How do I return an item?", tags=("payment",))
    assert reply["answer"] is None or reply["answer"]["article_id"] != "returns"
    assert ask("How do I return an item?", tags=("payment", "returns"))["reason"] == "no_match"


def test_the_receipt_shows_why(ask: Ask, shop: Product) -> None:
    reply = ask("what does shipping cost", conversation_id="c")
    receipt = shop.assistant.receipt(reply["id"])
    assert {name: receipt[name] for name in reply} == reply
    assert receipt["hits"][0]["article_id"] == reply["answer"]["article_id"]
    assert [hit["fused"] for hit in receipt["hits"]] == sorted((hit["fused"] for hit in receipt["hits"]), reverse=True)
    assert {"dense", "lexical", "fused", "confidence", "matched"} <= set(receipt["hits"][0])
    assert receipt["thresholds"]["answer"] >= receipt["thresholds"]["clarify"]
    assert receipt["encoder"] == "embedded"
    assert receipt["detector"]["language"] == "en"
    assert {"identify", "read", "encode", "dense", "lexical", "fuse", "decide", "deliver"} == set(receipt["timings"])
    assert receipt["feedback"] is None


def test_an_answer_that_did_not_help_opens_one_ticket(ask: Ask, shop: Product) -> None:
    reply = ask("Як вярнуць тавар?", customer=Customer(email="a@example.org"))
    first = shop.assistant.give_feedback(reply["id"], helpful=False, comment="не тое")
    again = shop.assistant.give_feedback(reply["id"], helpful=False)
    assert first.ticket is not None
    assert again.ticket == first.ticket
    assert first.ticket.id in first.message
    ticket = shop.tickets.get(first.ticket.id)
    assert (ticket.reason, ticket.customer.email, ticket.language) == ("not_helpful", "a@example.org", "be")
    assert shop.tickets.counts().by_status["new"] == 1
    assert shop.assistant.receipt(reply["id"])["feedback"]["helpful"] is False


def test_praise_is_thanked_for_and_opens_nothing(ask: Ask, shop: Product) -> None:
    reply = ask("Where is my order?")
    assert shop.assistant.give_feedback(reply["id"], helpful=True).ticket is None
    assert shop.tickets.counts().by_status["new"] == 0


def test_an_acknowledged_mail_names_the_faq_and_asks_for_a_telephone_number(sample_data: Any) -> None:
    from api.settings import Settings

    product = Product(Settings(data_dir=sample_data, faq_url="https://vilora.example/help", timezone="Europe/Minsk"))
    product.follower.refresh()
    reply = orjson.loads(asyncio.run(product.assistant.ask(make_question(GIBBERISH, channel="email", language="en"))))
    product.close()
    assert "https://vilora.example/help" in reply["message"]
    assert "phone" in reply["message"]
    due = datetime.fromisoformat(reply["ticket"]["due_at"])
    assert due > datetime.now(UTC)


def test_an_expired_article_is_not_given(ask: Ask, shop: Product) -> None:
    from dataclasses import replace

    from index.builder import build

    article = shop.store.get("returns")
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    shop.store.put(replace(article, valid_until=yesterday), by="test")
    build(shop.generations, shop.store, shop.encoder)
    shop.follower.refresh()
    reply = ask("How do I return an item?")
    assert reply["answer"] is None or reply["answer"]["article_id"] != "returns"


def test_a_number_alone_is_handed_over_rather_than_guessed_at(ask: Ask) -> None:
    assert ask("204815")["reason"] == "no_match"


def test_an_agent_reads_why_an_answer_did_not_help(ask: Ask, shop: Product) -> None:
    reply = ask("Where is my order?")
    given = shop.assistant.give_feedback(reply["id"], helpful=False, comment="it was cancelled")
    again = shop.assistant.give_feedback(reply["id"], helpful=False)
    assert given.ticket == again.ticket
    assert given.ticket is not None
    assert shop.tickets.get(given.ticket.id).question == "Where is my order?\n\nit was cancelled"
    assert shop.assistant.receipt(reply["id"])["feedback"]["comment"] == "it was cancelled"


def test_a_machine_that_got_no_answer_cannot_open_a_ticket_either(ask: Ask, shop: Product) -> None:
    silent = ask("Automatic reply: I am out of the office", channel="email")
    assert shop.assistant.give_feedback(silent["id"], helpful=False).ticket is None


def test_two_or_three_choices_are_offered_the_likeliest_first(ask: Ask, shop: Product) -> None:
    text = unclear(shop)
    for top_k, most in ((1, 2), (10, 3)):
        choices = ask(text, top_k=top_k)["choices"]
        assert 2 <= len(choices) <= most
        assert [c["confidence"] for c in choices] == sorted((c["confidence"] for c in choices), reverse=True)


@pytest.mark.parametrize(
    ("question", "opposite", "difference"),
    [
        ("How do I cancel my order?", "How can I not cancel my order?", "only_negation_differs"),
        ("Как вернуть товар?", "Как не вернуть товар?", "only_negation_differs"),
        ("Wie lange dauert die Lieferung?", "Wie lange dauert die Lieferung nicht?", "only_negation_differs"),
        ("Is there a minimum order value?", "Is there a maximum order value?", "only_opposite_differs"),
    ],
)
def test_the_opposite_of_what_an_article_answers_is_asked_back_and_the_receipt_says_why(
    ask: Ask, shop: Product, question: str, opposite: str, difference: str
) -> None:
    # Low enough that nothing but the difference speaks against an answer.
    shop.assistant.policy = replace(shop.assistant.policy, answer_threshold=0.8)
    asked = ask(question)
    assert asked["decision"] == "answered"
    assert shop.assistant.receipt(asked["id"])["contrast"] is None
    turned = ask(opposite)
    receipt = shop.assistant.receipt(turned["id"])
    assert (turned["decision"], turned["reason"]) == ("clarify", "unsure")
    assert turned["confidence"] >= receipt["thresholds"]["answer"]
    assert turned["choices"][0]["article_id"] == asked["answer"]["article_id"]
    assert receipt["contrast"] == difference
