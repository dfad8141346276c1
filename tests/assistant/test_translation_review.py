"""Filling the memory ahead, and a person's review of what came of it; and what customers are then given."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from assistant.answering import Answering
from assistant.translation import TranslationMemory, Translator
from assistant.translation.filling import Filled, fill
from assistant.translation.review import (
    ListedTranslation,
    TranslationConflictError,
    TranslationNotFoundError,
    TranslationReview,
)
from knowledge.article import Article, ArticleError, Text
from knowledge.database import Database
from knowledge.errors import InputError, StaleError
from knowledge.glossary import GlossaryStore, make_term
from knowledge.page import CursorError
from knowledge.store import ArticleNotFoundError, ArticleStore


class Engine:
    """Puts every word into capitals, which is another language to it."""

    name, version = "capitals", "1"

    def __init__(self, *pairs: tuple[str, str]) -> None:
        self.asked: list[str] = []
        self.open = threading.Event()
        self.open.set()
        self.say: Callable[[str], str] = str.upper
        self._pairs = frozenset(pairs)

    def pairs(self) -> frozenset[tuple[str, str]]:
        return self._pairs

    def pair_version(self, source: str, target: str) -> str:
        return "1/a"

    def translate(self, text: str, source: str, target: str) -> str:
        self.asked.append(text)
        assert self.open.wait(10)
        return self.say(text)


ENGLISH = Text(language="en", question="How to pay?", answer="Pay by card.")
PAY = Article(id="pay", texts=(ENGLISH,))
SHIP = Article(
    id="ship",
    texts=(
        Text(language="en", question="How to ship?", answer="By post."),
        Text(language="pl", question="Jak?", answer="Pocztą."),
    ),
)


class Shop:
    """A small knowledge base with all that translates it; one replica of a server."""

    def __init__(self, database: Database, engine: Engine, *, time_budget: float = 5.0) -> None:
        self.engine = engine
        self.store = ArticleStore(database)
        self.memory = TranslationMemory(database)
        self.translator = Translator([engine], self.memory, time_budget=time_budget)
        self.answering = Answering(self.translator, default_language="en")
        self.review = TranslationReview(self.store, self.memory, self.translator, default_language="en")

    def fill(self, *languages: str, **options: Any) -> tuple[Filled, ...]:
        return fill(
            list(self.store.all()),
            languages,
            translator=self.translator,
            memory=self.memory,
            default_language="en",
            **options,
        )

    def given(self, article: Article, language: str) -> tuple[str, str, str, str | None]:
        delivered = asyncio.run(self.answering.deliver(article, language))
        return delivered.kind, delivered.question, delivered.text, delivered.problem


@pytest.fixture
def shop(database: Database) -> Iterator[Shop]:
    shop = Shop(database, Engine(("en", "pl"), ("en", "cs")))
    shop.store.put_many([PAY, SHIP], by="tests")
    yield shop
    shop.engine.open.set()
    shop.translator.close()


@pytest.fixture
def replica(shop: Shop, database: Database) -> Iterator[Shop]:
    replica = Shop(database, Engine(("en", "pl"), ("en", "cs")))
    yield replica
    replica.translator.close()


def counted(tally: Filled) -> tuple[int, int, int, int, int, int]:
    return tally.translated, tally.remembered, tally.human, tally.held, len(tally.failed), tally.no_route


class TestFilling:
    """``faq translate``."""

    @pytest.fixture
    def database(self, sqlite_database: Database) -> Database:
        """Return one kind of database: what is tested here does not ask which."""
        return sqlite_database

    def test_what_people_did_not_write_is_translated_once(self, shop: Shop) -> None:
        polish, czech, thai = shop.fill("pl", "cs", "th")
        assert counted(polish) == (2, 0, 2, 0, 0, 0)
        assert counted(czech) == (4, 0, 0, 0, 0, 0)
        assert counted(thai) == (0, 0, 0, 0, 0, 4)
        asked = len(shop.engine.asked)
        assert counted(shop.fill("cs")[0]) == (0, 4, 0, 0, 0, 0)
        assert len(shop.engine.asked) == asked

    def test_a_server_that_runs_answers_without_an_engine_then(self, shop: Shop, replica: Shop) -> None:
        assert replica.translator.stamp == replica.translator.stamp
        shop.fill("cs")
        assert replica.given(PAY, "cs") == ("machine", "HOW TO PAY?", "PAY BY CARD.", None)
        assert replica.engine.asked == []
        assert replica.answering.outcomes == {"remembered": 1}

    def test_what_was_made_of_another_text_than_the_best_is_what_customers_get(self, sqlite_database: Database) -> None:
        shop = Shop(sqlite_database, Engine(("en", "cs"), ("pl", "cs")))
        shop.store.put(SHIP, by="tests")
        shop.engine.say = lambda text: "la la la la la la la" if text == "By post." else text.upper()
        shop.fill("cs")
        assert shop.given(SHIP, "cs")[3] == "unsafe"
        assert shop.fill("cs", source=lambda article: article.texts[1])[0].is_whole
        asked = len(shop.engine.asked)
        assert shop.given(SHIP, "cs") == ("machine", "HOW TO SHIP?", "POCZTĄ.", None)
        shop.memory.forget("ship")
        shop.fill("cs", source=lambda article: article.texts[1])
        assert shop.given(SHIP, "cs") == ("machine", "JAK?", "POCZTĄ.", None)
        assert len(shop.engine.asked) == asked + 2
        shop.translator.close()

    @pytest.mark.parametrize("changed", ["engine", "glossary"])
    def test_of_another_text_too_only_what_engine_and_glossary_would_make_now(
        self, sqlite_database: Database, changed: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shop = Shop(sqlite_database, Engine(("en", "cs"), ("pl", "cs")))
        shop.store.put(SHIP, by="tests")
        shop.fill("cs", source=lambda article: article.texts[1])
        if changed == "engine":
            monkeypatch.setattr(Engine, "pair_version", lambda *_: "2/a")
        else:
            shop.translator._glossary = GlossaryStore(sqlite_database)
            shop.translator._glossary.replace([make_term("pocztą"), make_term("jak")])
        shop.translator.look()
        assert shop.given(SHIP, "cs") == ("machine", "HOW TO SHIP?", "BY POST.", None)
        shop.translator.close()

    def test_a_server_learns_of_it_though_it_looked_before(
        self, shop: Shop, replica: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        replica.engine.say = lambda _text: "la la la la la la la"
        for _ in range(3):
            assert replica.given(PAY, "cs")[3] == "unsafe"
        assert shop.fill("cs", again=True)[0].is_whole
        later = time.monotonic() + 2.0
        monkeypatch.setattr("assistant.translation.translator.time.monotonic", lambda: later)
        assert replica.given(PAY, "cs")[0] == "machine"

    def test_stopped_in_the_middle_it_goes_on_from_there(self, shop: Shop) -> None:
        def stop_at(done: int, total: int) -> None:
            if done == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            shop.fill("cs", report=stop_at)
        assert len(shop.engine.asked) == 2
        assert counted(shop.fill("cs")[0]) == (2, 2, 0, 0, 0, 0)

    def test_progress_is_told_of_all_texts(self, shop: Shop) -> None:
        told: list[tuple[int, int]] = []
        shop.fill("cs", "th", report=lambda done, total: told.append((done, total)))
        assert told == [(0, 8), (2, 8), (4, 8), (6, 8), (8, 8)]

    def test_failures_are_told_once_made_and_tried_again_on_request(self, shop: Shop) -> None:
        shop.engine.say = lambda _text: "la la la la la la la"
        failed = shop.fill("cs")[0]
        assert (counted(failed)[4], failed.is_whole) == (4, False)
        assert "repeats" in failed.failed[0].faults[0]
        asked = len(shop.engine.asked)
        assert counted(shop.fill("cs")[0])[4] == 4
        assert len(shop.engine.asked) == asked
        shop.engine.say = str.upper
        assert counted(shop.fill("cs", again=True)[0]) == (4, 0, 0, 0, 0, 0)

    def test_an_engine_that_breaks_on_one_text_does_not_stop_the_others(self, shop: Shop) -> None:
        def say(text: str) -> str:
            if "card" in text:
                raise ZeroDivisionError("engine bug")
            return text.upper()

        shop.engine.say = say
        tally = shop.fill("cs")[0]
        assert counted(tally) == (3, 0, 0, 0, 1, 0)
        assert (tally.failed[0].article_id, tally.failed[0].field) == ("pay", "answer")
        assert "engine bug" in tally.failed[0].faults[0]

    def test_a_source_can_be_named(self, shop: Shop) -> None:
        only_polish = shop.fill("cs", source=lambda article: article.text("pl"))[0]
        assert counted(only_polish) == (0, 0, 0, 0, 0, 4)

    def test_what_is_held_goes_out_when_it_is_approved(self, shop: Shop, replica: Shop) -> None:
        assert counted(shop.fill("cs", is_held=True)[0]) == (0, 0, 0, 4, 0, 0)
        assert replica.given(PAY, "cs") == ("none", "How to pay?", "Pay by card.", "held_for_review")
        assert counted(shop.fill("cs")[0]) == (0, 0, 0, 4, 0, 0)
        shop.review.approve("pay", "cs", by="tests")
        assert shop.given(PAY, "cs") == ("human", "HOW TO PAY?", "PAY BY CARD.", None)
        assert replica.engine.asked == []

    @pytest.mark.parametrize("changed", ["engine", "glossary"])
    def test_what_is_held_is_not_let_go_by_an_upgrade(
        self, shop: Shop, changed: str, monkeypatch: pytest.MonkeyPatch, database: Database
    ) -> None:
        shop.fill("cs", is_held=True)
        asked = len(shop.engine.asked)
        if changed == "engine":
            monkeypatch.setattr(Engine, "pair_version", lambda *_: "2/a")
        else:
            shop.translator._glossary = GlossaryStore(database)
            shop.translator._glossary.replace([make_term("card"), make_term("how")])
        shop.translator.look()
        assert shop.given(PAY, "cs")[3] == "held_for_review"
        assert len(shop.engine.asked) == asked
        shop.fill("cs")
        assert shop.given(PAY, "cs")[0] == "machine"


class TestApproval:
    """What a person makes of a machine's text."""

    def test_an_approved_text_is_the_articles_and_beats_the_machines_at_once(self, shop: Shop) -> None:
        shop.fill("cs")
        assert shop.given(PAY, "cs")[0] == "machine"
        shown = shop.review.approve("pay", "cs", by="alesia", answer="Plaťte kartou.")
        assert (shown.kind, shown.source_language) == ("human", "en")
        assert shown.answer is not None
        assert (shown.answer.status, shown.answer.source) == ("approved", "Pay by card.")
        stored = shop.store.get("pay")
        text = stored.text("cs")
        assert text == Text(language="cs", question="HOW TO PAY?", answer="Plaťte kartou.", origin="human")
        assert shop.store.revisions("pay")[-1].changed_by == "alesia"
        assert shop.given(PAY, "cs") == ("human", "HOW TO PAY?", "Plaťte kartou.", None)  # of the index as it was
        assert shop.given(stored, "cs") == ("human", "HOW TO PAY?", "Plaťte kartou.", None)

    def test_other_languages_keep_what_is_remembered(self, shop: Shop) -> None:
        shop.fill("cs", "pl")
        asked = len(shop.engine.asked)
        shop.review.approve("pay", "cs", by="tests")
        assert shop.given(shop.store.get("pay"), "pl")[0] == "machine"
        assert len(shop.engine.asked) == asked

    def test_an_edit_of_the_source_marks_it_and_a_persons_own_edit_unmarks_it(self, shop: Shop) -> None:
        shop.fill("cs")
        shop.review.approve("pay", "cs", by="tests")
        edited = replace(shop.store.get("pay"), texts=(shop.store.get("pay").texts[0], replace(ENGLISH, answer="Cash")))
        shop.store.put(edited, by="tests")
        shown = shop.review.show("pay", "cs")
        assert shown.answer is not None
        assert shown.answer.is_stale
        assert [
            one.remembered.key.field
            for one in shop.review.page(status="stale").items
            if one.remembered.status == "approved"
        ] == ["answer"]
        assert shop.given(shop.store.get("pay"), "cs")[0] == "human"
        anew = replace(edited, texts=(replace(edited.texts[0], answer="Hotově."), edited.texts[1]))
        shop.store.put(anew, by="tests")
        assert not [one for one in shop.review.page(status="stale").items if one.remembered.status == "approved"]

    def test_an_approved_text_that_is_taken_away_is_gone(self, shop: Shop) -> None:
        shop.fill("cs")
        shop.review.approve("pay", "cs", by="tests", answer="Plaťte kartou.")
        shop.store.put(PAY, by="tests")
        shop.translator.look()
        assert shop.given(PAY, "cs") == ("machine", "HOW TO PAY?", "PAY BY CARD.", None)

    def test_a_failed_text_needs_better_words(self, shop: Shop) -> None:
        shop.engine.say = lambda _text: "la la la la la la la"
        shop.fill("cs")
        with pytest.raises(TranslationConflictError, match=r"question .* repeats.*send the question"):
            shop.review.approve("pay", "cs", by="tests")
        shop.review.approve("pay", "cs", by="tests", question="Jak platit?", answer="Kartou.")
        assert shop.given(PAY, "cs")[:3] == ("human", "Jak platit?", "Kartou.")

    def test_without_a_machine_both_must_come(self, shop: Shop) -> None:
        with pytest.raises(TranslationNotFoundError, match="faq translate --to th --article pay"):
            shop.review.approve("pay", "th", by="tests", answer="ชำระด้วยบัตร")
        shop.review.approve("pay", "th", by="tests", question="อย่างไร", answer="ชำระด้วยบัตร")
        assert shop.given(PAY, "th")[:3] == ("human", "อย่างไร", "ชำระด้วยบัตร")

    def test_a_persons_text_is_not_approved_over(self, shop: Shop) -> None:
        with pytest.raises(TranslationConflictError, match="A person wrote 'ship' in pl already"):
            shop.review.approve("ship", "pl", by="tests", question="a", answer="b")

    @pytest.mark.parametrize("words", [{}, {"answer": "Hotově."}])
    def test_a_stale_text_that_is_still_right_is_approved_again(self, shop: Shop, words: dict[str, str]) -> None:
        shop.fill("cs")
        shop.review.approve("pay", "cs", by="tests")
        with pytest.raises(TranslationConflictError, match="A person wrote 'pay' in cs already"):
            shop.review.approve("pay", "cs", by="tests")
        before = shop.store.get("pay")
        edited = replace(ENGLISH, question="How can I pay?", answer="Cash")
        shop.store.put(replace(before, texts=(before.texts[0], edited)), by="tests")
        shown = shop.review.approve("pay", "cs", by="tests", **words)  # type: ignore[arg-type]
        for text, source in ((shown.question, "How can I pay?"), (shown.answer, "Cash")):
            assert text is not None
            assert (text.status, text.source, text.engine, text.is_stale) == ("approved", source, "capitals", False)
        assert [text.answer for text in shop.store.get("pay").texts] == [words.get("answer", "PAY BY CARD."), "Cash"]
        shop.store.put(replace(shop.store.get("pay"), texts=(shop.store.get("pay").texts[0], ENGLISH)), by="tests")
        assert {one.remembered.status for one in shop.review.page(status="stale").items} >= {"approved"}

    def test_a_stale_text_whose_source_is_gone_is_approved_for_another(self, shop: Shop) -> None:
        shop.fill("cs")
        shop.review.approve("pay", "cs", by="tests")
        other = Text(language="pl", question="Jak płacić?", answer="Kartą.")
        shop.store.put(replace(PAY, texts=(shop.store.get("pay").texts[0], other)), by="tests")
        shown = shop.review.approve("pay", "cs", by="tests")
        assert shown.answer is not None
        assert (shown.source_language, shown.answer.source, shown.answer.is_stale) == ("pl", "Kartą.", False)

    def test_an_imported_machines_text_becomes_a_persons(self, shop: Shop) -> None:
        machine = Text(language="cs", question="Jak?", answer="Kartou", alternate_questions=("Čím?",), origin="machine")
        shop.store.put(replace(PAY, texts=(machine, ENGLISH)), by="tests")
        assert shop.review.approve("pay", "cs", by="tests", answer="Kartou.").kind == "human"
        assert shop.store.get("pay").texts[0] == replace(machine, answer="Kartou.", origin="human")

    def test_another_revision_than_expected_is_refused(self, shop: Shop) -> None:
        shop.fill("cs")
        with pytest.raises(StaleError, match="revision 1"):
            shop.review.approve("pay", "cs", by="tests", expected_revision=7)
        assert shop.review.approve("pay", "cs", by="tests", expected_revision=1).article.revision == 2

    @pytest.mark.parametrize(
        ("words", "field"),
        [
            ({"answer": "a\x00b"}, "answer"),
            ({"question": "\ud800"}, "question"),
            ({"question": "x" * 1_001}, "question"),
            ({"answer": "   "}, "answer"),
            ({"answer": "👍"}, "answer"),
        ],
    )
    def test_words_that_cannot_be_used_are_refused_by_their_field(
        self, shop: Shop, words: dict[str, str], field: str
    ) -> None:
        shop.fill("cs")
        with pytest.raises(InputError) as refused:
            shop.review.approve("pay", "cs", by="tests", **words)  # type: ignore[arg-type]
        assert refused.value.field == field
        assert shop.store.get("pay").revision == 1

    def test_two_at_once_approve_once(self, shop: Shop, replica: Shop) -> None:
        shop.fill("cs")
        start = threading.Barrier(2)
        came: list[str] = []

        def approve(one: Shop) -> None:
            start.wait()
            try:
                one.review.approve("pay", "cs", by="tests")
                came.append("approved")
            except TranslationConflictError:
                came.append("conflict")

        threads = [threading.Thread(target=approve, args=(one,)) for one in (shop, replica)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(came) == ["approved", "conflict"]


class TestListing:
    """What an admin sees."""

    def test_everything_is_listed_page_by_page_beside_its_source(self, shop: Shop) -> None:
        shop.fill("cs", "pl")
        found: list[ListedTranslation] = []
        cursor = None
        while True:
            page = shop.review.page(limit=1, cursor=cursor)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        seen = [
            (one.remembered.key.article_id, one.remembered.key.target_language, one.remembered.key.field, one.source)
            for one in found
        ]
        assert seen == [
            ("pay", "cs", "answer", "Pay by card."),
            ("pay", "cs", "question", "How to pay?"),
            ("pay", "pl", "answer", "Pay by card."),
            ("pay", "pl", "question", "How to pay?"),
            ("ship", "cs", "answer", "By post."),
            ("ship", "cs", "question", "How to ship?"),
        ]
        assert len(shop.review.page(language="cs").items) == 4
        assert len(shop.review.page(article_id="pay").items) == 4
        for nobodys in ("nobody", "nobody's", "\x00", "\ud800", "x" * 10_000):
            assert shop.review.page(article_id=nobodys).items == ()

    def test_statuses_are_told_apart(self, shop: Shop) -> None:
        shop.fill("cs", is_held=True)
        shop.fill("pl")
        assert len(shop.review.page(status="review").items) == 4
        assert len(shop.review.page(status="ready").items) == 2
        shop.store.put(replace(PAY, texts=(replace(ENGLISH, answer="Cash only."),)), by="tests")
        stale = shop.review.page(status="stale").items
        assert {(one.remembered.status, one.source) for one in stale} == {
            ("review", "Pay by card."),
            ("ready", "Pay by card."),
        }
        assert len(shop.review.page(status="review").items) == 3

    def test_a_language_is_listed_with_all_its_regions(self, database: Database) -> None:
        shop = Shop(database, Engine(("en", "pt-BR"), ("en", "zh"), ("en", "zh-Hant")))
        shop.store.put(PAY, by="tests")
        shop.fill("pt-PT", "zh", "zh-Hant")
        for language in ("pt", "pt-PT", "pt-BR"):
            assert len(shop.review.page(language=language).items) == 2
        assert len(shop.review.page(language="zh-TW").items) == 2
        assert shop.review.page(language="pl").items == ()
        shop.translator.close()

    def test_a_cursor_of_another_list_is_refused(self, shop: Shop) -> None:
        with pytest.raises(CursorError):
            shop.review.page(cursor="WyJhIl0")

    def test_an_article_is_shown_as_it_would_be_sent(self, shop: Shop) -> None:
        with pytest.raises(TranslationNotFoundError):
            shop.review.show("pay", "cs")
        shop.fill("cs", is_held=True)
        shown = shop.review.show("pay", "cs")
        assert shown.kind == "none"
        assert shown.question is not None
        assert (shown.question.text, shown.question.source, shown.question.status, shown.question.engine) == (
            "HOW TO PAY?", "How to pay?", "review", "capitals",
        )  # fmt: skip
        person = shop.review.show("ship", "pl")
        assert person.answer is not None
        assert (person.kind, person.answer.status, person.answer.source) == ("human", "human", None)
        with pytest.raises(ArticleNotFoundError):
            shop.review.show("nothing", "cs")
        with pytest.raises(ArticleError):
            shop.review.show("pay", "no language")

    def test_what_is_out_of_date_is_told_with_the_cause(self, shop: Shop, database: Database) -> None:
        shop.fill("cs")
        shop.translator._glossary = GlossaryStore(database)
        shop.translator._glossary.replace([make_term("card"), make_term("how")])
        shop.translator.look()
        told = "out of date: the glossary or an engine has changed since.*faq translate --to cs --article pay"
        with pytest.raises(TranslationNotFoundError, match=told):
            shop.review.show("pay", "cs")
        shop.fill("cs")
        assert shop.review.show("pay", "cs").kind == "machine"
        shop.store.put_many(
            [replace(PAY, texts=(replace(PAY.texts[0], question="Which?", answer="That."),))], by="tests"
        )
        with pytest.raises(TranslationNotFoundError, match="out of date: the article has changed since"):
            shop.review.show("pay", "cs")

    def test_what_is_forgotten_is_made_anew(self, shop: Shop, replica: Shop) -> None:
        shop.fill("cs")
        assert replica.given(PAY, "cs")[0] == "machine"
        asked = len(shop.engine.asked)
        assert shop.review.forget("pay", "cs") == 2
        with pytest.raises(TranslationNotFoundError):
            shop.review.forget("pay", "cs")
        assert shop.given(PAY, "cs")[0] == "machine"
        assert len(shop.engine.asked) == asked + 2


class TestDelivery:
    """What a customer gets, and why."""

    @pytest.fixture
    def database(self, sqlite_database: Database) -> Database:
        """Return one kind of database: what is tested here does not ask which."""
        return sqlite_database

    def test_a_persons_text_comes_before_any_other(self, shop: Shop) -> None:
        shop.fill("pl")
        assert shop.given(SHIP, "pl") == ("human", "Jak?", "Pocztą.", None)
        assert shop.given(SHIP, "pl-PL")[0] == "human"

    @pytest.mark.parametrize("problem", ["no_route", "timeout", "unsafe", "engine_failed", "busy"])
    def test_the_original_goes_out_with_the_reason(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch, problem: str
    ) -> None:
        def broken(_text: str) -> str:
            raise OSError("crashed")

        if problem == "timeout":
            shop.engine.open.clear()
            shop.translator._time_budget = 0.02
        elif problem == "unsafe":
            shop.engine.say = lambda _text: "la la la la la la la"
        elif problem == "engine_failed":
            shop.engine.say = broken
        elif problem == "busy":
            monkeypatch.setattr("assistant.translation.workers.QUEUE_LIMIT", 0)
        language = "th" if problem == "no_route" else "cs"
        for _ in range(2):
            assert shop.given(PAY, language) == ("none", "How to pay?", "Pay by card.", problem)
        assert shop.answering.outcomes == {problem: 2}
        shop.engine.open.set()

    def test_an_engine_that_cannot_even_tell_its_pairs_harms_nobody(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken() -> frozenset[tuple[str, str]]:
            raise OSError("no disk")

        monkeypatch.setattr(shop.engine, "pairs", broken)
        assert shop.given(PAY, "cs")[3] == "no_route"

    def test_a_fault_of_ours_harms_nobody(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("assistant.translation.translator.verify", lambda *_arguments, **_options: 1 / 0)
        assert shop.given(PAY, "cs")[3] == "engine_failed"

    def test_past_the_budget_the_work_goes_on_for_the_next_customer(self, shop: Shop) -> None:
        shop.translator._time_budget = 0.05
        shop.engine.open.clear()
        assert shop.given(PAY, "cs")[3] == "timeout"
        shop.engine.open.set()
        deadline = time.monotonic() + 5
        while len(shop.memory.load("pay", ["cs"])) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        asked = len(shop.engine.asked)
        assert shop.given(PAY, "cs") == ("machine", "HOW TO PAY?", "PAY BY CARD.", None)
        assert len(shop.engine.asked) == asked == 2

    def test_a_question_that_takes_too_long_does_not_keep_the_answer(self, shop: Shop) -> None:
        shop.translator._time_budget = 0.3
        release = threading.Event()

        def say(text: str) -> str:
            if "How" in text:
                release.wait(5)
            return text.upper()

        shop.engine.say = say
        assert shop.given(PAY, "cs") == ("machine", "How to pay?", "PAY BY CARD.", None)
        release.set()
        deadline = time.monotonic() + 5
        while len(shop.memory.load("pay", ["cs"])) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert shop.given(PAY, "cs") == ("machine", "HOW TO PAY?", "PAY BY CARD.", None)

    def test_a_warm_answer_asks_neither_engine_nor_disk_nor_thread(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shop.fill("cs")
        warm = shop.given(PAY, "cs")

        def never(*arguments: object, **_options: object) -> None:
            raise AssertionError(f"a warm answer asked for {arguments}")

        shop.translator.look()
        for name in ("load", "look", "put", "peek"):
            monkeypatch.setattr(shop.memory, name, never)
        monkeypatch.setattr(shop.translator, "article_text", never)
        assert shop.given(PAY, "cs")[0] == "machine"
        assert shop.given(PAY, "cs") == warm

    def test_the_same_article_of_another_index_is_looked_at_anew(self, shop: Shop) -> None:
        shop.fill("cs")
        assert shop.given(PAY, "cs")[2] == "PAY BY CARD."
        other = replace(PAY, texts=(replace(ENGLISH, answer="Cash."),))
        assert shop.given(other, "cs")[2] == "CASH."
        assert shop.given(PAY, "cs")[2] == "PAY BY CARD."
