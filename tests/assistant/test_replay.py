"""What another generation would have decided: judged as it was asked, and nothing stored, opened or sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from api.models.answers import ReceiptModel
from api.models.replays import DecisionModel
from api.product import Product
from api.settings import Settings
from assistant import tables
from assistant.confidence import ATTACHMENT, ONLY_EXACT, calibration_of
from assistant.evaluation import evaluate
from assistant.ledger import AnswerNotFoundError
from assistant.question import make_question
from assistant.replay import Changed, Replay
from index.builder import build
from index.errors import GenerationNotFoundError
from knowledge.sample import golden_questions
from tests.assistant.conftest import Ask
from tests.assistant.test_assistant import GIBBERISH, unclear

Rebuild = Callable[..., int]

UNCHANGED = Changed(decision=False, reason=False, article=False, choices=False, best=False)


@pytest.fixture
def rebuild(shop: Product) -> Rebuild:
    """Return what changes articles (None deletes one), builds, activates, and gives the generation's number."""

    def made(**changes: Any) -> int:
        for id, change in changes.items():
            id = id.replace("_", "-")
            if change is None:
                shop.store.delete(id, by="test")
            else:
                shop.store.put(replace(shop.store.get(id), **change), by="test")
        number = build(shop.generations, shop.store, shop.encoder).manifest.number
        shop.follower.refresh()
        return number

    return made


def replayed(shop: Product, reply: dict[str, Any], generation: int | None = None) -> Replay:
    return shop.replayer.replay(reply["id"], generation)


def contents(shop: Product) -> dict[str, list[Any]]:
    """Return every row of the tables that asking writes to."""
    with shop.database.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(sa.select(table))]
            for table in (tables.answers, tables.tickets, tables.ticket_messages, tables.ticket_events, tables.feedback)
        }


def test_the_generation_that_decided_decides_the_same_on_every_golden_question(shop: Product, rebuild: Rebuild) -> None:
    questions = [golden.question for golden in golden_questions()]
    assert len(questions) > 400

    async def ask_all() -> list[str]:
        return await asyncio.gather(*(shop.assistant.ask(make_question(question)) for question in questions))

    replies = [orjson.loads(reply) for reply in asyncio.run(ask_all())]
    stored = contents(shop)
    rebuild(returns=None)
    assert rebuild(refund_time=None) == 3
    searched = 0
    for reply in replies:
        again = replayed(shop, reply, 1)
        assert again.before == again.after
        assert again.changed == UNCHANGED
        assert again.after["confidence"] == reply["confidence"]
        assert again.notes == ()
        assert "decides the same" in again.explanation
        searched += again.is_searched
    assert searched > 400
    assert contents(shop) == stored
    assert {reply["decision"] for reply in replies} >= {"answered", "clarify", "ticketed"}


def test_another_generation_shows_what_changes_and_why(ask: Ask, shop: Product, rebuild: Rebuild) -> None:
    reply = ask("How do I return an item?")
    assert reply["answer"]["article_id"] == "returns"
    number = rebuild(returns=None)
    again = replayed(shop, reply)
    assert (again.generation, again.before["generation"]) == (number, 1)
    assert (again.before["article_id"], again.after["article_id"]) != ("returns", "returns")
    assert again.changed.article
    assert again.changed.best
    assert again.after["hits"][0]["article_id"] != "returns"
    assert again.explanation.startswith(f"Generation {number} decides otherwise: ")
    assert "not the answer returns" in again.explanation
    assert again.after["explanation"] in again.explanation
    back = replayed(shop, reply, 1)
    assert back.before == back.after


def test_an_active_generation_is_meant_where_none_is_named(ask: Ask, shop: Product, rebuild: Rebuild) -> None:
    reply = ask("what does shipping cost")
    number = rebuild(returns=None)
    assert replayed(shop, reply).generation == number
    shop.generations.rollback()
    shop.follower.refresh()
    assert replayed(shop, reply).generation == 1


def test_the_encoder_and_the_calibration_are_the_generations_own(
    ask: Ask, shop: Product, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from tests.static_models import letters_model

    reply = ask("what does shipping cost")
    other = letters_model(tmp_path_factory.mktemp("encoder"), dimensions=16)
    build(shop.generations, shop.store, shop.encoders.get(other), activate=False)
    again = replayed(shop, reply, 2)
    assert (again.before["encoder"], again.after["encoder"]) == ("embedded", other)
    assert again.before["calibration"] != again.after["calibration"]
    assert again.after["hits"][0]["fused"] != again.before["hits"][0]["fused"]
    assert shop.follower.searcher.generation.number == 1


def test_a_generation_with_another_calibration_of_the_same_index_judges_with_its_own(ask: Ask, shop: Product) -> None:
    reply = ask("what does shipping cost")
    assert reply["reason"] == "confident"
    strict = replace(
        calibration_of(shop.follower.searcher), answer_threshold=ONLY_EXACT, is_certified=True, basis="a test"
    )
    derived = shop.generations.derive(1, {ATTACHMENT: strict.to_json()}).number
    again = replayed(shop, reply, derived)
    assert (again.before["decision"], again.after["decision"]) == ("answered", "clarify")
    assert [hit["fused"] for hit in again.after["hits"]] == [hit["fused"] for hit in again.before["hits"]]
    assert (again.before["calibration"]["is_certified"], again.after["calibration"]["is_certified"]) == (False, True)
    assert again.after["calibration"]["basis"] == "a test"
    assert "only questions that stand in an article are answered" in again.explanation


def test_a_question_is_asked_on_its_own_day(ask: Ask, shop: Product, rebuild: Rebuild) -> None:
    reply = ask("How do I return an item?")
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    number = rebuild(returns={"valid_until": yesterday})
    assert replayed(shop, reply, number).after["article_id"] != "returns"
    asked_before = datetime.now(UTC) - timedelta(days=2)
    with shop.database.write() as connection:
        connection.execute(sa.update(tables.answers).values(created_at=asked_before))
    again = replayed(shop, reply, number)
    assert again.asked_at == asked_before
    assert again.after["article_id"] == "returns"


def test_tags_and_the_number_of_choices_are_those_of_the_question(ask: Ask, shop: Product) -> None:
    tagged = ask("How do I return an item?", tags=("payment",))
    again = replayed(shop, tagged, 1)
    assert all(hit["article_id"] != "returns" for hit in again.after["hits"])
    two = ask(unclear(shop), top_k=1, language="en")
    assert len(two["choices"]) == 2
    assert [choice["article_id"] for choice in replayed(shop, two, 1).after["choices"]] == [
        choice["article_id"] for choice in two["choices"]
    ]


def test_a_second_round_is_judged_as_one(sample_data: Any) -> None:
    unsure = Product(Settings(data_dir=sample_data, answer_threshold=1.0, clarify_threshold=0.0))
    unsure.follower.refresh()
    first, second = (
        orjson.loads(asyncio.run(unsure.assistant.ask(make_question(text, conversation_id="c"))))
        for text in ("refund", "my refund please")
    )
    again = [replayed(unsure, reply) for reply in (first, second)]
    unsure.close()
    assert [reply["decision"] for reply in (first, second)] == ["clarify", "ticketed"]
    assert second["reason"] == "unclear_after_clarify"
    assert [one.judged_with.is_second_round for one in again if one.judged_with is not None] == [False, True]
    assert [one.before for one in again] == [one.after for one in again]


def test_choices_are_worded_in_the_customers_language(ask: Ask, shop: Product) -> None:
    reply = ask(unclear(shop), language="be")
    assert reply["decision"] == "clarify"
    again = replayed(shop, reply, 1)
    assert again.after["choices"] == reply["choices"]
    assert {choice["language"] for choice in reply["choices"]} == {"be"}


@pytest.mark.parametrize(
    ("text", "fields", "said"),
    [
        ("talk to a human", {}, "the customer asked for a person"),
        ("", {}, "the message asks nothing"),
        ("204815", {}, "a message without a word"),
        ("Automatic reply: I am out of the office", {"channel": "email"}, "a mail program"),
    ],
)
def test_what_was_decided_without_a_search_says_so(
    ask: Ask, shop: Product, rebuild: Rebuild, text: str, fields: dict[str, str], said: str
) -> None:
    reply = ask(text, **fields)
    number = rebuild(returns=None)
    again = replayed(shop, reply, number)
    assert not again.is_searched
    assert again.judged_with is None
    assert (again.before["decision"], again.before["reason"]) == (again.after["decision"], again.after["reason"])
    assert again.after["hits"] == []
    assert f"Generation {number} decides the same: nothing was searched for" in again.explanation
    assert said in again.explanation


@pytest.mark.parametrize("how", ["tap", "number", "words"])
def test_a_choice_that_was_taken_depends_on_its_article_alone(
    ask: Ask, shop: Product, rebuild: Rebuild, how: str
) -> None:
    offered = ask(unclear(shop), conversation_id="c", language="en")["choices"][0]
    said = {"tap": {"choice": offered["article_id"]}, "number": {"text": "1"}, "words": {"text": offered["question"]}}
    reply = ask(**said[how], conversation_id="c")
    assert reply["answer"]["article_id"] == offered["article_id"]
    assert replayed(shop, reply, 1).after["article_id"] == offered["article_id"]
    number = rebuild(**{offered["article_id"].replace("-", "_"): None})
    again = replayed(shop, reply, number)
    assert not again.is_searched
    assert (again.after["decision"], again.after["reason"], again.after["article_id"]) == ("ticketed", "no_match", None)
    assert "was no longer among the articles" in again.explanation


def test_none_of_these_is_the_same_with_every_generation(ask: Ask, shop: Product, rebuild: Rebuild) -> None:
    ask(unclear(shop), conversation_id="c")
    reply = ask(choice="none", conversation_id="c")
    again = replayed(shop, reply, rebuild(returns=None))
    assert again.after["reason"] == "unclear_after_clarify"
    assert not again.changed.decision


def test_thresholds_that_people_had_set_are_applied_as_they_were(sample_data: Any) -> None:
    strict = Product(Settings(data_dir=sample_data, answer_threshold=1.0))
    strict.follower.refresh()
    reply = orjson.loads(asyncio.run(strict.assistant.ask(make_question("what does shipping cost"))))
    strict.close()
    assert reply["decision"] == "clarify"
    usual = Product(Settings(data_dir=sample_data))
    usual.follower.refresh()
    again = replayed(usual, reply)
    usual.close()
    assert again.after["decision"] == "clarify"
    assert again.after["thresholds"]["answer"] == 1.0
    assert again.notes == ("The settings have other thresholds now; those of then were applied.",)


def test_a_threshold_set_by_hand_is_not_certified_whatever_the_calibration_is(sample_data: Any) -> None:
    calibrated = Product(Settings(data_dir=sample_data))
    calibrated.follower.refresh()
    certified = replace(calibration_of(calibrated.follower.searcher), is_certified=True, basis="certified by a test")
    calibrated.generations.activate(calibrated.generations.derive(1, {ATTACHMENT: certified.to_json()}).number)
    calibrated.close()
    told = []
    for threshold in (None, 0.3):
        product = Product(Settings(data_dir=sample_data, answer_threshold=threshold))
        product.follower.refresh()
        reply = orjson.loads(asyncio.run(product.assistant.ask(make_question("what does shipping cost"))))
        again = replayed(product, reply)
        assert again.before == again.after
        receipt = product.assistant.receipt(reply["id"])
        assert receipt["calibration"] == again.after["calibration"]
        measured = evaluate(product.follower.searcher, product.detector, golden_questions()[:1], policy=product.policy)
        assert measured.basis == receipt["calibration"]["basis"]
        told.append(tuple(receipt["calibration"][name] for name in ("basis", "is_certified", "target_precision")))
        product.close()
    assert told == [("certified by a test", True, 0.95), ("set by hand", False, None)]


def rewrite_receipts(shop: Product, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Make every receipt one that an earlier version wrote."""
    with shop.database.write() as connection:
        for row in connection.execute(sa.select(tables.answers.c.id, tables.answers.c.receipt)).all():
            receipt = change(orjson.loads(row.receipt))
            connection.execute(
                sa.update(tables.answers)
                .where(tables.answers.c.id == row.id)
                .values(receipt=orjson.dumps(receipt).decode())
            )


def forget_what_newer_receipts_say(shop: Product) -> None:
    new = ("judged_with", "calibration", "fusion", "chosen")
    rewrite_receipts(shop, lambda receipt: {name: receipt[name] for name in receipt if name not in new})


def test_a_receipt_that_does_not_say_what_its_threshold_rests_on_is_told_without(ask: Ask, shop: Product) -> None:
    reply = ask("How do I return an item?")
    known = ("encoder", "fitted_on")
    rewrite_receipts(
        shop, lambda receipt: {**receipt, "calibration": {name: receipt["calibration"][name] for name in known}}
    )
    receipt = shop.assistant.receipt(reply["id"])
    unknown = {"target_precision": None, "is_certified": None, "basis": None}
    assert receipt["calibration"].items() >= unknown.items()
    assert ReceiptModel.model_validate(receipt).calibration is not None
    before = replayed(shop, reply).before
    assert before["calibration"] == receipt["calibration"]
    assert DecisionModel.model_validate(before).calibration is not None


def test_an_older_receipt_is_replayed_as_well_as_it_can_be(ask: Ask, shop: Product) -> None:
    text = unclear(shop)
    first = ask(text, conversation_id="c")
    second = ask(f"{text} please", conversation_id="c")
    chosen = ask("How do I return an item?")
    before = [replayed(shop, reply, 1) for reply in (first, second, chosen)]
    forget_what_newer_receipts_say(shop)
    after = [replayed(shop, reply, 1) for reply in (first, second, chosen)]
    assert [again.after["decision"] for again in after] == [again.after["decision"] for again in before]
    assert [again.judged_with for again in after] == [again.judged_with for again in before]
    assert all("older one" in again.notes[0] for again in after)
    assert after[0].before["hits"][0]["shares"] is None
    assert after[0].after["hits"][0]["shares"] is not None


def test_what_is_not_there_is_named(ask: Ask, shop: Product) -> None:
    reply = ask(GIBBERISH)
    with pytest.raises(GenerationNotFoundError, match="no generation 9; kept are: 1"):
        replayed(shop, reply, 9)
    with pytest.raises(AnswerNotFoundError):
        shop.replayer.replay("ans_none")
