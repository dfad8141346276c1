"""An encoder that knows English alone, asked in German: with a genuine, tiny Argos package, and without one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from api.product import Product
from api.settings import Settings
from assistant.question import make_question
from assistant.question_translation import QuestionTranslation, QuestionTranslator
from index.encoder_facts import known_languages
from knowledge.article import make_article
from tests.assistant.translation_models import build_package
from tests.static_models import embedded_model

WORDS = {
    "Wo": "Where", "ist": "is", "meine": "my", "Bestellung?": "order?", "Bestellung": "order", "Warum": "Why",
    "kommt": "does", "sie": "it", "nicht": "not", "an?": "arrive?", "Nummer": "number",
}  # fmt: skip


@pytest.fixture(scope="module")
def english_encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model whose card says that it knows English."""
    folder = Path(embedded_model(tmp_path_factory.mktemp("encoder")))
    (folder / "README.md").write_text("---\nlanguage: en\n---\n", encoding="utf-8")
    return str(folder)


@pytest.fixture(scope="module")
def german_to_english(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_package(tmp_path_factory.mktemp("package") / "de_en.argosmodel", "de", "en", WORDS)


@pytest.fixture
def shop(tmp_path: Path, english_encoder: str) -> Iterator[Product]:
    product = Product(Settings(data_dir=tmp_path / "data", encoder=english_encoder))
    for id, question in (("order", "Where is my order?"), ("refund", "When do I get my money back?")):
        texts = {"en": {"question": question, "answer": f"About {id}."}}
        product.store.put(make_article(id=id, texts=texts), by="test")
    product.make_generation()
    product.follower.refresh()
    yield product
    product.close()


def ask(shop: Product, text: str, **fields: Any) -> dict[str, Any]:
    response = orjson.loads(asyncio.run(shop.assistant.ask(make_question(text, **fields))))
    return shop.assistant.receipt(response["id"])


def test_a_question_is_searched_in_a_language_that_the_encoder_knows(shop: Product, german_to_english: Path) -> None:
    shop.engine.install(german_to_english)
    receipt = ask(shop, "Wo ist meine Bestellung?")
    assert receipt["question_translation"] == {
        "source": "de", "target": "en", "text": "Where is my order?", "engine": "argos", "problem": None,
    }  # fmt: skip
    assert (receipt["decision"], receipt["answer"]["article_id"]) == ("answered", "order")
    assert receipt["language"]["code"] == "de", "the customer is answered in their own language"
    assert receipt["question"] == "Wo ist meine Bestellung?", "their own words stay"
    assert receipt["judged_with"]["languages"] == ["en"]
    assert receipt["timings"]["translate_question"] > 0
    assert "the encoder does not know de, so it was searched for in en: “Where is my order?”" in receipt["explanation"]


def test_what_must_not_be_altered_comes_through(shop: Product, german_to_english: Path) -> None:
    shop.engine.install(german_to_english)
    receipt = ask(shop, "Wo ist meine Bestellung A-4711/22 von https://shop.example/x_y?")
    translated = receipt["question_translation"]["text"]
    assert "A-4711/22" in translated
    assert "https://shop.example/x_y" in translated


def test_without_an_engine_the_question_is_searched_as_it_is_and_the_receipt_says_why(shop: Product) -> None:
    receipt = ask(shop, "Wo ist meine Bestellung?")
    translation = receipt["question_translation"]
    assert (translation["source"], translation["target"], translation["text"]) == ("de", "en", None)
    assert "No installed engine translates de→en" in translation["problem"]
    assert receipt["reading"] is not None
    assert receipt["decision"] in ("answered", "clarify", "ticketed")
    assert "could not be translated into en" in receipt["explanation"]


@pytest.mark.parametrize("question", ["Where is my order?", "4711", "Where is my ordr", "PIN"])
def test_a_question_in_a_known_language_is_not_translated(
    shop: Product, german_to_english: Path, question: str
) -> None:
    shop.engine.install(german_to_english)
    assert ask(shop, question)["question_translation"] is None


def test_the_customers_wish_for_english_does_not_make_their_german_english(
    shop: Product, german_to_english: Path
) -> None:
    shop.engine.install(german_to_english)
    receipt = ask(shop, "Wo ist meine Bestellung?", language="en")
    assert receipt["question_translation"]["text"] == "Where is my order?"
    assert receipt["answer"]["language"] == "en"


def test_a_replay_searches_for_the_same_words(shop: Product, german_to_english: Path) -> None:
    shop.engine.install(german_to_english)
    receipt = ask(shop, "Warum kommt meine Bestellung nicht an?")
    replayed = shop.replayer.replay(receipt["id"])
    assert replayed.after["reading"] == receipt["reading"]
    assert not any((replayed.changed.decision, replayed.changed.best, replayed.changed.reason))


def test_the_answer_has_what_time_the_question_left(
    shop: Product, german_to_english: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.engine.install(german_to_english)
    translate, deliver = shop.translator.free_text, shop.assistant.answering.deliver
    budgets: list[float] = []

    async def slowly(*args: Any, **fields: Any) -> Any:
        await asyncio.sleep(0.3)
        return await translate(*args, **fields)

    async def noted(*args: Any, budget: float, **fields: Any) -> Any:
        budgets.append(budget)
        return await deliver(*args, budget=budget, **fields)

    monkeypatch.setattr(shop.translator, "free_text", slowly)
    monkeypatch.setattr(shop.assistant.answering, "deliver", noted)
    assert ask(shop, "Wo ist meine Bestellung?")["decision"] == "answered"
    assert ask(shop, "Where is my order?")["decision"] == "answered"
    whole = shop.translator.time_budget
    assert budgets[0] <= whole - 0.3
    assert budgets[1] == whole


def test_choices_have_what_time_the_question_left(sample_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Product(Settings(data_dir=sample_data))
    shop.follower.refresh()
    titles, budgets = shop.assistant.answering.titles, []

    async def slowly(*_: Any, **__: Any) -> QuestionTranslation:
        await asyncio.sleep(0.3)
        return QuestionTranslation(source="en", target="de", problem="The engine is slow.")

    async def noted(*args: Any, budget: float, **fields: Any) -> Any:
        budgets.append(budget)
        return await titles(*args, budget=budget, **fields)

    monkeypatch.setattr(QuestionTranslator, "translated", slowly)
    monkeypatch.setattr(shop.assistant.answering, "titles", noted)
    try:
        assert ask(shop, "refund")["decision"] == "clarify"
    finally:
        shop.close()
    assert len(budgets) == 1
    assert budgets[0] <= shop.translator.time_budget - 0.3


def test_settings_tell_what_a_model_without_a_card_knows(tmp_path: Path, german_to_english: Path) -> None:
    encoder = embedded_model(tmp_path)
    product = Product(Settings(data_dir=tmp_path / "data", encoder=encoder, encoder_languages=["en"]))
    try:
        product.engine.install(german_to_english)
        texts = {"en": {"question": "Where is my order?", "answer": "On its way."}}
        product.store.put(make_article(id="order", texts=texts), by="test")
        product.make_generation()
        product.follower.refresh()
        assert known_languages(product.encoder) == frozenset()
        assert ask(product, "Wo ist meine Bestellung?")["question_translation"]["text"] == "Where is my order?"
    finally:
        product.close()


def test_an_encoder_that_knows_the_language_is_asked_in_it(sample_data: Path) -> None:
    product = Product(Settings(data_dir=sample_data))
    try:
        product.follower.refresh()
        assert "de" in known_languages(product.encoder)
        assert ask(product, "Wo ist meine Bestellung?")["question_translation"] is None
    finally:
        product.close()
