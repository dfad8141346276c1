"""Tickets in the desk's language, and agents' words in the customer's: with genuine, tiny Argos packages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from api.product import Product
from api.settings import Settings
from assistant import desk as desk_module
from assistant.question import make_question
from assistant.tickets.ticket import Customer, Ticket, TranslatedText
from assistant.translation import Translated, TranslationTimeoutError
from tests.assistant.translation_models import build_package

TO_ENGLISH = {"Ich": "I", "möchte": "want", "mit": "with", "einem": "a", "Menschen": "human", "sprechen": "to-speak"}
TO_GERMAN = {"We": "Wir", "will": "werden", "call": "rufen", "you": "Sie", "tomorrow.": "morgen.", "morning": "früh"}


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("packages")
    return (
        build_package(folder / "de_en.argosmodel", "de", "en", TO_ENGLISH),
        build_package(folder / "en_de.argosmodel", "en", "de", TO_GERMAN),
    )


@pytest.fixture
def product(tmp_path: Path, packages: tuple[Path, Path]) -> Iterator[Product]:
    product = Product(Settings(data_dir=tmp_path / "data"))
    for package in packages:
        product.engine.install(package)
    yield product
    product.close()


def opened(product: Product, question: str = "Ich möchte mit einem Menschen sprechen", language: str = "de") -> Ticket:
    draft = product.tickets.draft(
        question=question, customer=Customer(name="Jana"), channel="chat", language=language, reason="person_requested"
    )
    return product.tickets.create(draft, actor="assistant")


def test_the_agent_reads_the_question_in_the_desks_language_and_in_the_customers(product: Product) -> None:
    ticket = asyncio.run(product.desk.understood(opened(product)))
    assert ticket.question == "Ich möchte mit einem Menschen sprechen"
    assert ticket.question_translation == TranslatedText(
        language="en", text="I want with a human to-speak", engine="argos"
    )
    kept = product.tickets.get(ticket.id)
    assert kept == ticket
    assert kept.version == 2
    first = product.tickets.messages(ticket.id).items[0]
    assert first.body == ticket.question
    assert first.translation == ticket.question_translation
    event = product.tickets.events(ticket.id).items[-1]
    assert (event.actor, event.changes["question_translation"][1]["language"]) == ("assistant", "en")


def test_a_ticket_that_is_understood_is_not_translated_again(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = asyncio.run(product.desk.understood(opened(product)))

    async def never(*_: object, **__: object) -> Translated:
        raise AssertionError("the engine was asked")

    monkeypatch.setattr(product.translator, "free_text", never)
    assert asyncio.run(product.desk.understood(ticket)) == ticket


def test_the_translation_is_found_by_its_words(product: Product) -> None:
    ticket = asyncio.run(product.desk.understood(opened(product)))
    assert [found.id for found in product.tickets.page(query="human").items] == [ticket.id]


@pytest.mark.parametrize(
    ("question", "language"),
    [("I want to speak with a human being", "en"), ("Chcę rozmawiać z człowiekiem", "pl")],
    ids=["the desk's own", "no engine"],
)
def test_what_needs_no_translation_or_can_have_none_stays_as_it_is(
    product: Product, question: str, language: str
) -> None:
    ticket = opened(product, question, language)
    assert asyncio.run(product.desk.understood(ticket)) == ticket


def test_an_answer_that_opens_a_ticket_has_it_translated_in_the_background(product: Product) -> None:
    async def ask_and_look() -> Ticket:
        response: dict[str, Any] = orjson.loads(
            await product.assistant.ask(make_question("Ich möchte mit einem Menschen sprechen"))
        )
        id = response["ticket"]["id"]
        deadline = time.monotonic() + 20
        while (ticket := product.tickets.get(id)).question_translation is None and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        return ticket

    ticket = asyncio.run(ask_and_look())
    assert ticket.question_translation is not None
    assert ticket.question_translation.language == "en"


def test_an_agent_does_not_wait_for_a_slow_engine_and_finds_it_done_later(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_module, "AGENT_WAITS", 0.05)
    free = product.translator.free_text

    async def slow(*args: Any, **fields: Any) -> Translated:
        assert fields["budget"] == desk_module.PATIENCE, "nobody waits for it, so it may take long"
        await asyncio.sleep(0.4)
        return await free(*args, **fields)

    monkeypatch.setattr(product.translator, "free_text", slow)
    ticket = opened(product)

    async def open_twice() -> tuple[Ticket, Ticket]:
        first, second = await asyncio.gather(product.desk.understood(ticket), product.desk.understood(ticket))
        assert first == second == ticket
        task = product.desk.understand_soon(ticket)
        assert task is not None
        await task
        return first, product.tickets.get(ticket.id)

    before, after = asyncio.run(open_twice())
    assert before.question_translation is None
    assert after.question_translation is not None
    assert after.version == 2, "two agents who open it at once have it translated once"


def test_a_failing_engine_leaves_the_ticket_readable(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: object, **__: object) -> Translated:
        raise TranslationTimeoutError("too slow")

    monkeypatch.setattr(product.translator, "free_text", fails)
    ticket = opened(product)
    assert asyncio.run(product.desk.understood(ticket)) == ticket


def test_a_translation_that_is_too_long_to_be_kept_leaves_the_ticket_readable(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def grows(text: str, source: str, target: str, **_: object) -> Translated:
        return Translated(
            text="I want it. " * 20_000,
            source_language=source,
            target_language=target,
            engine="argos",
            engine_version="1",
        )

    monkeypatch.setattr(product.translator, "free_text", grows)
    ticket = opened(product)
    assert asyncio.run(product.desk.understood(ticket)) == ticket


def test_an_agents_words_go_out_in_the_customers_language_and_both_are_stored(product: Product) -> None:
    ticket = opened(product)
    wording = asyncio.run(product.desk.from_agent("We will call you tomorrow.", ticket))
    assert wording.language == "en"
    assert wording.problem is None
    assert wording.translation == TranslatedText(language="de", text="Wir werden rufen Sie morgen.", engine="argos")


def test_a_reply_waits_longer_for_its_translation_than_a_customer_for_an_answer(
    tmp_path: Path, packages: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    product = Product(Settings(data_dir=tmp_path / "data", translation_budget=0.05))
    for package in packages:
        product.engine.install(package)
    free = product.engine.translate

    def slow(*args: Any) -> str:
        time.sleep(0.2)
        return free(*args)

    monkeypatch.setattr(product.engine, "translate", slow)
    try:
        ticket = opened(product)
        told = asyncio.run(product.desk.from_agent("We will call you tomorrow.", ticket))
        heard = asyncio.run(product.desk.from_customer("Ich möchte sprechen", ticket))
    finally:
        product.close()
    assert told.problem is heard.problem is None
    assert told.translation is not None
    assert heard.translation is not None


@pytest.mark.parametrize("words", ["Wir rufen Sie morgen früh gerne zurück.", "👍"])
def test_an_agents_words_in_the_customers_language_or_in_none_are_left_alone(product: Product, words: str) -> None:
    wording = asyncio.run(product.desk.from_agent(words, opened(product)))
    assert (wording.language, wording.translation, wording.problem) == ("de", None, None)


def test_an_agent_may_name_the_language_of_their_words(product: Product) -> None:
    wording = asyncio.run(product.desk.from_agent("OK", opened(product), language="en"))
    assert wording.translation is not None
    assert wording.translation.language == "de"


def test_what_the_customer_adds_is_read_in_the_desks_language(product: Product) -> None:
    wording = asyncio.run(product.desk.from_customer("Ich möchte sprechen", opened(product)))
    assert wording.translation == TranslatedText(language="en", text="I want to-speak", engine="argos")


def test_the_desks_language_is_a_setting(tmp_path: Path, packages: tuple[Path, Path]) -> None:
    product = Product(Settings(data_dir=tmp_path / "data", default_language="en", desk_language="de"))
    try:
        product.engine.install(packages[1])
        ticket = opened(product, "We will call you tomorrow.", "en")
        translation = asyncio.run(product.desk.understood(ticket)).question_translation
        assert translation is not None
        assert translation.language == "de"
    finally:
        product.close()
