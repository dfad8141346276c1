"""The translator and its memory: once, in time, remembered; the genuine engine at the end."""

from __future__ import annotations

import asyncio
import builtins
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

import assistant.translation
from assistant.translation import (
    ArgosEngine,
    Translated,
    TranslationError,
    TranslationHeldError,
    TranslationKey,
    TranslationMemory,
    TranslationPairError,
    TranslationTimeoutError,
    TranslationUnsafeError,
    Translator,
)
from assistant.translation.translator import FRESH
from assistant.translation.workers import QUEUE_LIMIT
from knowledge.article import Article, Text
from knowledge.database import Database, DatabaseError
from knowledge.glossary import GlossaryStore, make_term
from knowledge.translations import source_digest
from tests.assistant.translation_models import build_package


class FakeEngine:
    """Turns words round, as an engine whose language is written backwards."""

    version = "1"

    def __init__(self, *pairs: tuple[str, str], name: str = "fake", answer: Callable[[str], str] | None = None) -> None:
        self.name = name
        self.model_version = "a"
        self.asked: list[tuple[str, str, str]] = []
        self.open = threading.Event()
        self.open.set()
        self._pairs = frozenset(pairs)
        self._answer = answer or (lambda text: " ".join(word if "XQ" in word else word[::-1] for word in text.split()))

    def pairs(self) -> frozenset[tuple[str, str]]:
        return self._pairs

    def pair_version(self, source: str, target: str) -> str:
        return f"{self.version}/{self.model_version}"

    def translate(self, text: str, source: str, target: str) -> str:
        assert threading.current_thread().name.startswith("translation")
        self.asked.append((text, source, target))
        assert self.open.wait(10)
        return self._answer(text)


ANSWER = "Returns are free within 14 days. Write to help@vilora.example"
BACKWARDS = "snruteR era eerf nihtiw 14 syad. etirW ot help@vilora.example"
TEXT = Text(language="en", question="How to return?", answer=ANSWER)
ARTICLE = Article(id="returns", texts=(TEXT,), revision=3)


async def answer_text(made: Translator, article: Article, target: str) -> Translated:
    return await made.article_text(article, "answer", target, default_language="en")


async def question_text(made: Translator, article: Article, target: str) -> Translated:
    return await made.article_text(article, "question", target, default_language="en")


def backwards(text: str) -> str:
    def turn(word: str) -> str:
        return word if "XQ" in word else word.rstrip(".?")[::-1] + word[len(word.rstrip(".?")) :]

    return " ".join(turn(word) for word in text.split())


@pytest.fixture
def memory(sqlite_database: Database) -> TranslationMemory:
    return TranslationMemory(sqlite_database)


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine(("en", "nl"), answer=backwards)


@contextmanager
def translator(
    *engines: object, memory: TranslationMemory | None, time_budget: float = 5.0, glossary: GlossaryStore | None = None
) -> Iterator[Translator]:
    made = Translator(engines, memory, time_budget=time_budget, glossary=glossary)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        for engine in engines:
            if isinstance(engine, FakeEngine):
                engine.open.set()
        made.close()


def key(**changes: object) -> TranslationKey:
    values: dict[str, object] = {
        "article_id": "returns", "article_revision": 3, "field": "answer", "source_language": "en",
        "target_language": "nl", "engine": "fake", "engine_version": "1/a", "source_digest": source_digest(ANSWER),
    }  # fmt: skip
    return TranslationKey(**{**values, **changes})  # type: ignore[arg-type]


def test_the_answer_is_translated_around_its_spans(engine: FakeEngine, memory: TranslationMemory) -> None:
    with translator(engine, memory=memory) as made:
        translated = asyncio.run(answer_text(made, ARTICLE, "nl"))
    assert translated.text == BACKWARDS
    assert (translated.kind, translated.source_language, translated.target_language) == ("machine", "en", "nl")
    assert (translated.engine, translated.engine_version) == ("fake", "1/a")


def test_the_question_is_translated_and_remembered_apart(engine: FakeEngine, memory: TranslationMemory) -> None:
    with translator(engine, memory=memory) as made:
        assert asyncio.run(question_text(made, ARTICLE, "nl")).text == "woH ot nruter?"
        assert asyncio.run(answer_text(made, ARTICLE, "nl")).text == BACKWARDS


def test_a_remembered_translation_needs_no_engine_and_no_disk(
    engine: FakeEngine, memory: TranslationMemory, sqlite_database: Database
) -> None:
    with translator(engine, memory=memory) as made:
        asyncio.run(answer_text(made, ARTICLE, "nl"))
        asked, statements = len(engine.asked), []
        sa.event.listen(sqlite_database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
        assert asyncio.run(answer_text(made, ARTICLE, "nl")).text == BACKWARDS
    assert len(engine.asked) == asked
    assert statements == []


def test_another_process_finds_the_translation_on_disk(
    engine: FakeEngine, memory: TranslationMemory, sqlite_database: Database
) -> None:
    with translator(engine, memory=memory) as made:
        asyncio.run(answer_text(made, ARTICLE, "nl"))
    other = FakeEngine(("en", "nl"))
    with translator(other, memory=TranslationMemory(sqlite_database)) as made:
        assert asyncio.run(answer_text(made, ARTICLE, "nl")).text == BACKWARDS
    assert other.asked == []


@pytest.mark.parametrize("change", ["words", "model", "glossary"])
def test_what_changed_is_translated_anew(
    engine: FakeEngine, memory: TranslationMemory, sqlite_database: Database, change: str
) -> None:
    glossary = GlossaryStore(sqlite_database)
    with translator(engine, memory=memory, glossary=glossary) as made:
        asyncio.run(answer_text(made, ARTICLE, "nl"))
        asked = len(engine.asked)
        article = ARTICLE
        if change == "words":
            article = Article(id="returns", texts=(replace(TEXT, answer="Returns cost money now"),), revision=3)
        elif change == "model":
            engine.model_version = "b"
        else:
            glossary.put(make_term("free", {"nl": "gratis"}))
        made.look()  # as it does by itself every few seconds
        translated = asyncio.run(answer_text(made, article, "nl"))
    assert len(engine.asked) > asked
    assert ("gratis" in translated.text) == (change == "glossary")


@pytest.mark.parametrize("change", ["revision", "other language", "other term"])
def test_what_did_not_change_is_not(
    engine: FakeEngine, memory: TranslationMemory, sqlite_database: Database, change: str
) -> None:
    glossary = GlossaryStore(sqlite_database)
    with translator(engine, memory=memory, glossary=glossary) as made:
        asyncio.run(answer_text(made, ARTICLE, "nl"))
        asked = len(engine.asked)
        spanish = Text(language="es", question="¿Cómo?", answer="Así.")
        article = Article(id="returns", texts=(TEXT, spanish) if change == "other language" else (TEXT,), revision=4)
        if change == "other term":
            glossary.put(make_term("voucher", {"nl": "tegoedbon"}))
        made.look()
        assert asyncio.run(answer_text(made, article, "nl")).is_remembered
    assert len(engine.asked) == asked


def test_a_change_by_another_process_is_seen_within_two_seconds(
    engine: FakeEngine, memory: TranslationMemory, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [time.monotonic()]
    monkeypatch.setattr("assistant.translation.translator.time.monotonic", lambda: clock[0])
    other = TranslationMemory(sqlite_database)
    with translator(engine, memory=memory) as made:
        asyncio.run(answer_text(made, ARTICLE, "nl"))
        stamp = made.stamp
        assert asyncio.run(answer_text(made, ARTICLE, "nl")).is_remembered
        assert made.stamp == stamp
        other.put(key(), "een ander", status="review")
        other.put(key(), "een ander", status="failed", faults=["not good"])
        clock[0] += FRESH
        with pytest.raises(TranslationUnsafeError, match="not good"):
            asyncio.run(answer_text(made, ARTICLE, "nl"))
        assert made.stamp > stamp
        assert other.forget("returns") == 1
        clock[0] += FRESH
        assert asyncio.run(answer_text(made, ARTICLE, "nl")).text == BACKWARDS


def test_a_database_that_hangs_keeps_neither_answer_nor_event_loop(
    engine: FakeEngine, memory: TranslationMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.translation.translator.READ_WAIT", 0.05)
    hanging, look = threading.Event(), memory.look

    def hang() -> bool:
        hanging.wait(5)
        return look()

    async def ask(made: Translator) -> Translated:
        await answer_text(made, ARTICLE, "nl")
        monkeypatch.setattr(memory, "look", hang)
        made._looked_at = float("-inf")
        started = time.monotonic()
        leaver = asyncio.create_task(answer_text(made, ARTICLE, "nl"))
        await asyncio.sleep(0.01)
        leaver.cancel()
        assert made.available("en", "nl")  # where the look is under way
        answer = await answer_text(made, ARTICLE, "nl")
        assert time.monotonic() - started < 1
        return answer

    with translator(engine, memory=memory) as made:
        assert asyncio.run(ask(made)).text == BACKWARDS
        hanging.set()


def test_what_is_not_remembered_is_not_promised(engine: FakeEngine) -> None:
    with translator(engine, memory=None, time_budget=0.02) as made:
        engine.open.clear()
        with pytest.raises(TranslationTimeoutError, match=r"show the original now\.$"):
            asyncio.run(made.free_text("How to return?", "en", "nl"))


def test_equal_requests_at_once_are_translated_once(engine: FakeEngine, memory: TranslationMemory) -> None:
    async def ask(made: Translator) -> set[str]:
        engine.open.clear()
        waiting = [asyncio.create_task(answer_text(made, ARTICLE, "nl")) for _ in range(20)]
        await asyncio.sleep(0.05)
        engine.open.set()
        return {translated.text for translated in await asyncio.gather(*waiting)}

    with translator(engine, memory=memory) as made:
        assert asyncio.run(ask(made)) == {BACKWARDS}
    assert len(engine.asked) == len({text for text, _, _ in engine.asked})


def test_past_the_time_budget_the_work_goes_on_and_is_remembered(engine: FakeEngine, memory: TranslationMemory) -> None:
    async def ask(made: Translator) -> str:
        engine.open.clear()
        before = time.monotonic()
        with pytest.raises(TranslationTimeoutError, match=r"longer than 0\.05 seconds"):
            await answer_text(made, ARTICLE, "nl")
        assert time.monotonic() - before < 2
        engine.open.set()
        for _ in range(200):
            try:
                return (await answer_text(made, ARTICLE, "nl")).text
            except TranslationTimeoutError:
                continue
        raise AssertionError("the translation was never remembered")

    with translator(engine, memory=memory, time_budget=0.05) as made:
        assert asyncio.run(ask(made)) == BACKWARDS
    assert len(engine.asked) == len({text for text, _, _ in engine.asked})


def test_a_late_result_survives_the_end_of_the_event_loop(engine: FakeEngine, memory: TranslationMemory) -> None:
    with translator(engine, memory=memory, time_budget=0.02) as made:
        engine.open.clear()
        with pytest.raises(TranslationTimeoutError):
            asyncio.run(answer_text(made, ARTICLE, "nl"))
        engine.open.set()
        deadline = time.monotonic() + 5
        while memory.find(key()) is None and time.monotonic() < deadline:
            time.sleep(0.01)
    assert memory.load("returns", ["nl"])[0].text == BACKWARDS


def test_a_caller_who_leaves_does_not_stop_the_others(engine: FakeEngine, memory: TranslationMemory) -> None:
    async def ask(made: Translator) -> str:
        engine.open.clear()
        leaving = asyncio.create_task(answer_text(made, ARTICLE, "nl"))
        staying = asyncio.create_task(answer_text(made, ARTICLE, "nl"))
        await asyncio.sleep(0.02)
        leaving.cancel()
        engine.open.set()
        return (await staying).text

    with translator(engine, memory=memory) as made:
        assert asyncio.run(ask(made)) == BACKWARDS


def test_the_event_loop_runs_on_while_an_engine_is_busy(engine: FakeEngine, memory: TranslationMemory) -> None:
    async def ask(made: Translator) -> int:
        engine.open.clear()
        task = asyncio.create_task(answer_text(made, ARTICLE, "nl"))
        turns = 0
        while turns < 50:
            await asyncio.sleep(0)
            turns += 1
        engine.open.set()
        await task
        return turns

    with translator(engine, memory=memory) as made:
        assert asyncio.run(ask(made)) == 50


@pytest.mark.parametrize(("letter", "budget"), [("short", 120.0), ("a long letter " * 1_000, None)])
def test_a_letter_keeps_no_customer_waiting(engine: FakeEngine, letter: str, budget: float | None) -> None:
    slow = FakeEngine(("de", "en"), name="slow")
    slow.open.clear()

    async def ask(made: Translator) -> str:
        letters = [asyncio.create_task(made.free_text(f"{n} {letter}", "de", "en", budget=budget)) for n in range(5)]
        while not slow.asked:
            await asyncio.sleep(0.001)
        answer = await made.free_text("a question", "en", "nl")
        assert not any(task.done() for task in letters)
        slow.open.set()
        await asyncio.gather(*letters, return_exceptions=True)
        return answer.text

    with translator(slow, engine, memory=None, time_budget=5) as made:
        assert asyncio.run(ask(made)) == "a noitseuq"


def test_too_many_waiting_texts_are_refused_at_once(engine: FakeEngine) -> None:
    async def ask(made: Translator) -> None:
        engine.open.clear()
        waiting = [asyncio.create_task(made.free_text(f"word {word}", "en", "nl")) for word in "abcdefgh" * 8]
        waiting += [asyncio.create_task(made.free_text("word " * count, "en", "nl")) for count in range(1, QUEUE_LIMIT)]
        await asyncio.sleep(0.05)
        with pytest.raises(TranslationError, match="wait to be translated already"):
            await made.free_text("one more", "en", "nl")
        engine.open.set()
        await asyncio.gather(*waiting, return_exceptions=True)

    with translator(engine, memory=None, time_budget=20) as made:
        asyncio.run(ask(made))


def test_a_missing_pair_is_named_with_the_mend(engine: FakeEngine, memory: TranslationMemory) -> None:
    with translator(engine, memory=memory) as made:
        assert made.available("en", "nl")
        assert not made.available("en", "ja")
        assert not made.available("en", "en-GB")
        with pytest.raises(TranslationPairError, match=r"en→ja.*faq languages install en ja"):
            asyncio.run(answer_text(made, ARTICLE, "ja"))


def test_a_pivot_goes_through_both_engines(memory: TranslationMemory) -> None:
    first, second = FakeEngine(("en", "de"), name="one"), FakeEngine(("de", "nl"), name="two", answer=str.upper)
    with translator(first, second, memory=memory) as made:
        translated = asyncio.run(made.free_text("many words in here", "en", "nl"))
        assert [(route.source, route.target) for route in made.pairs()] == [("de", "nl"), ("en", "de"), ("en", "nl")]
    assert translated.text == "YNAM SDROW NI EREH"
    assert (translated.engine, translated.engine_version) == ("one+two", "1/a+1/a")


def test_an_unsafe_translation_is_refused_and_not_tried_again(memory: TranslationMemory) -> None:
    engine = FakeEngine(("en", "be"), answer=lambda _text: "bla bla bla bla bla bla bla")
    with translator(engine, memory=memory) as made:
        for _ in range(3):
            with pytest.raises(TranslationUnsafeError) as refused:
                asyncio.run(answer_text(made, ARTICLE, "be"))
            assert refused.value.faults
        asked = len(engine.asked)
        with pytest.raises(TranslationUnsafeError):
            asyncio.run(answer_text(made, ARTICLE, "be"))
    assert len(engine.asked) == asked
    kept = memory.find(key(target_language="be"))
    assert kept is not None
    assert (kept.status, kept.faults) == ("failed", refused.value.faults)
    assert "bla bla" in kept.text


def test_a_failure_is_known_to_replicas_and_tried_again_with_another_model(
    memory: TranslationMemory, sqlite_database: Database
) -> None:
    broken = FakeEngine(("en", "be"), answer=lambda _text: "bla bla bla bla bla bla bla")
    with translator(broken, memory=memory) as made, pytest.raises(TranslationUnsafeError):
        asyncio.run(answer_text(made, ARTICLE, "be"))
    replica = FakeEngine(("en", "be"), answer=lambda _text: "bla bla bla bla bla bla bla")
    with translator(replica, memory=TranslationMemory(sqlite_database)) as made:
        with pytest.raises(TranslationUnsafeError):
            asyncio.run(answer_text(made, ARTICLE, "be"))
        assert replica.asked == []
        replica.model_version = "b"
        made.look()
        with pytest.raises(TranslationUnsafeError):
            asyncio.run(answer_text(made, ARTICLE, "be"))
        assert replica.asked != []


def test_what_is_held_for_review_is_not_sent(engine: FakeEngine, memory: TranslationMemory) -> None:
    with translator(engine, memory=memory) as made:
        memory.put(key(), "held", status="review")
        for _ in range(2):
            with pytest.raises(TranslationHeldError, match="approval"):
                asyncio.run(answer_text(made, ARTICLE, "nl"))
    assert engine.asked == []


def test_what_is_remembered_is_served_where_no_engine_leads_there(
    engine: FakeEngine, memory: TranslationMemory
) -> None:
    memory.put(key(), "zonder machine")
    with translator(memory=memory) as made:
        assert asyncio.run(answer_text(made, ARTICLE, "nl")).text == "zonder machine"
        assert asyncio.run(answer_text(made, ARTICLE, "nl-BE")).target_language == "nl-BE"
        with pytest.raises(TranslationPairError):
            asyncio.run(question_text(made, ARTICLE, "nl"))


def test_regions_that_an_engine_does_not_tell_apart_share_one_text(
    engine: FakeEngine, memory: TranslationMemory
) -> None:
    with translator(engine, memory=memory) as made:
        asyncio.run(answer_text(made, ARTICLE, "nl-BE"))
        asked = len(engine.asked)
        assert asyncio.run(answer_text(made, ARTICLE, "nl")).is_remembered
    assert len(engine.asked) == asked


def test_an_engine_that_breaks_is_an_error_of_ours_and_is_tried_again(memory: TranslationMemory) -> None:
    def breaking(_text: str) -> str:
        raise ZeroDivisionError("engine bug")

    engine = FakeEngine(("en", "nl"), answer=breaking)
    with translator(engine, memory=memory) as made:
        for _ in range(2):
            with pytest.raises(TranslationError, match=r"engine bug.*faq doctor"):
                asyncio.run(answer_text(made, ARTICLE, "nl"))
    assert len(engine.asked) == 2


def test_a_broken_database_does_not_keep_the_translation_from_the_customer(
    engine: FakeEngine, memory: TranslationMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_options: object) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(memory, "load", broken)
    monkeypatch.setattr(memory, "look", broken)
    monkeypatch.setattr(memory, "put", broken)
    with translator(engine, memory=memory) as made:
        assert asyncio.run(answer_text(made, ARTICLE, "nl")).text == BACKWARDS


def test_a_closed_translator_says_so(engine: FakeEngine) -> None:
    with translator(engine, memory=None) as made:
        made.close()
        with pytest.raises(TranslationError, match="closed"):
            asyncio.run(made.free_text("words", "en", "nl"))


def test_the_genuine_engine_pivots_behind_the_shield_and_is_remembered(
    memory: TranslationMemory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_disk(*arguments: object, **_options: object) -> None:
        raise AssertionError(f"a warm answer asked the disk for {arguments}")

    engine = ArgosEngine(tmp_path / "packages")
    engine.install(
        build_package(
            tmp_path / "a.argosmodel", "en", "be",
            {"Wait": "Чакайце", "days,": "дзён,", "then": "потым", "write": "пішыце", "to": "на"},
        )
    )  # fmt: skip
    engine.install(
        build_package(
            tmp_path / "b.argosmodel", "be", "uk",
            {"Чакайце": "Чекайте", "дзён,": "днів,", "потым": "потім", "пішыце": "пишіть", "на": "на"},
        )
    )  # fmt: skip
    text = Text(language="en", question="?", answer="- Wait 14 days, then write to a_b@vilora.example\n")
    article = Article(id="wait", texts=(text,), revision=1)
    with translator(engine, memory=memory, time_budget=30) as made:
        assert made.available("en-GB", "uk-UA")
        translated = asyncio.run(answer_text(made, article, "uk"))
        assert translated.text == "- Чекайте 14 днів, потім пишіть на a_b@vilora.example\n"
        assert translated.engine == "argos"
        assert translated.engine_version == f"{engine.version}/1.0+{engine.version}/1.0"
        monkeypatch.setattr("assistant.translation.argos.RELIST_AFTER", 600)
        monkeypatch.setattr(os, "stat", no_disk)
        monkeypatch.setattr(builtins, "open", no_disk)
        again = asyncio.run(answer_text(made, article, "uk"))
        assert again == replace(translated, is_remembered=True)


def test_a_genuine_model_that_takes_too_long_goes_on_and_is_remembered(
    memory: TranslationMemory, tmp_path: Path
) -> None:
    engine = ArgosEngine(tmp_path / "packages")
    engine.install(build_package(tmp_path / "a.argosmodel", "en", "be", {"Wait": "Чакайце", "then": "потым"}))
    text = Text(language="en", question="?", answer="Wait then " * 40)
    article = Article(id="wait", texts=(text,), revision=1)
    with translator(engine, memory=memory, time_budget=0.0001) as made:
        with pytest.raises(TranslationTimeoutError):
            asyncio.run(answer_text(made, article, "be"))
        deadline = time.monotonic() + 30
        while not memory.load("wait", ["be"]) and time.monotonic() < deadline:
            time.sleep(0.01)
        (row,) = memory.load("wait", ["be"])
        assert row.text or row.faults
        if row.status == "ready":
            assert asyncio.run(answer_text(made, article, "be")).is_remembered


def test_the_public_names_are_these() -> None:
    assert sorted(assistant.translation.__all__) == list(assistant.translation.__all__)
    assert all(hasattr(assistant.translation, name) for name in assistant.translation.__all__)
