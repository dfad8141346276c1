"""The glossary is one list with a number for every change, on both databases; what is ambiguous is refused."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from knowledge import glossary as glossary_module
from knowledge.database import Database
from knowledge.errors import StaleError, TooLargeError
from knowledge.glossary import (
    MAX_RENDERINGS,
    MAX_TERM_LENGTH,
    MAX_TERMS,
    GlossaryError,
    GlossaryStore,
    GlossaryTerm,
    TermNotFoundError,
    check_terms,
    folded,
    glossary_versions,
    make_term,
)

VILORA = make_term("Vilora")
CART = make_term("кошык", {"en": "cart", "pt-br": "carrinho"})
EXACT = make_term("OK", case_sensitive=True)


@pytest.fixture
def store(database: Database) -> GlossaryStore:
    return GlossaryStore(database)


def test_a_new_database_has_none(store: GlossaryStore) -> None:
    assert store.list() == ()
    assert store.version() == 0


def test_a_list_replaces_the_one_before_and_comes_back_by_bytes(store: GlossaryStore) -> None:
    assert store.replace([CART, VILORA, EXACT]).version == 1
    assert store.list() == (EXACT, VILORA, CART)
    assert store.list()[2].renderings == {"en": "cart", "pt-BR": "carrinho"}
    state = store.replace([EXACT])
    assert (state.terms, state.version) == ((EXACT,), 2)
    assert (store.state(), store.version()) == (state, 2)


def test_the_same_list_again_is_no_change(store: GlossaryStore) -> None:
    store.replace([CART, VILORA])
    assert store.replace([VILORA, CART, VILORA]).version == 1
    assert store.put(VILORA).version == 1
    assert store.version() == 1


def test_one_term_is_put_changed_and_removed(store: GlossaryStore) -> None:
    store.put(VILORA)
    store.put(CART)
    changed = make_term("Vilora", {"be": "Вілора"})
    assert store.put(changed).terms == (changed, CART)
    assert store.remove("Vilora").terms == (CART,)
    assert store.version() == 4
    assert store.remove("ко\u0448ы\u043a").terms == ()


def test_removing_what_is_not_there_names_it(store: GlossaryStore) -> None:
    store.replace([VILORA])
    for term in ("vilora", "", "\x00", "\ud800", "x" * 10_000):
        with pytest.raises(TermNotFoundError, match="look for it in the list"):
            store.remove(term)
    assert store.version() == 1


def test_an_unexpected_version_changes_nothing(store: GlossaryStore) -> None:
    store.replace([VILORA], expected_version=0)
    for change in (
        lambda: store.replace([], expected_version=0),
        lambda: store.put(CART, expected_version=2),
        lambda: store.remove("Vilora", expected_version=7),
    ):
        with pytest.raises(StaleError, match="read it again"):
            change()
    assert store.state().terms == (VILORA,)
    assert store.put(CART, expected_version=1).version == 2


def test_writers_at_once_lose_no_term_and_no_number(store: GlossaryStore) -> None:
    threads = [threading.Thread(target=store.put, args=(make_term(f"term {number}"),)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.list()) == store.version() == 6


def test_the_counter_is_one_row(store: GlossaryStore, database: Database) -> None:
    for term in (VILORA, CART, EXACT):
        store.put(term)
    with database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(glossary_versions)) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (make_term("Vilora"), make_term("vilora")),
        (make_term("OK", case_sensitive=True), make_term("ok")),
        (make_term("ok"), make_term("OK", case_sensitive=True)),
        (make_term("ok"), make_term("ok", {"ru": "ладно"})),
        (make_term("ok", case_sensitive=True), make_term("ok")),
        (make_term("об’ект"), make_term("об'ект")),
        (make_term("caf\u00e9"), make_term("CAFE\u0301")),
    ],
)
def test_terms_that_cannot_be_told_apart_are_refused(
    store: GlossaryStore, one: GlossaryTerm, other: GlossaryTerm
) -> None:
    store.put(one)
    with pytest.raises(GlossaryError, match="cannot be told apart"):
        store.replace([CART, one, other])
    assert store.list() == (one,)


def test_terms_that_case_tells_apart_are_two() -> None:
    pair = [make_term("US", case_sensitive=True), make_term("us", {"ru": "нас"}, case_sensitive=True)]
    assert len(check_terms(pair)) == 2


def test_many_disputes_are_counted_not_listed() -> None:
    terms = [make_term(word) for number in range(8) for word in (f"word{number}", f"WORD{number}")]
    with pytest.raises(GlossaryError, match="and 3 more"):
        check_terms(terms)


def test_too_many_terms_are_refused(store: GlossaryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_TERMS == 5_000
    monkeypatch.setattr(glossary_module, "MAX_TERMS", 3)
    store.replace([VILORA, CART, EXACT])
    with pytest.raises(TooLargeError, match="at most 3"):
        store.put(make_term("one more"))
    assert len(store.list()) == 3


@pytest.mark.parametrize(
    ("term", "renderings", "field"),
    [
        ("", {}, "term"),
        (" \n ", {}, "term"),
        ("…!", {}, "term"),
        ("a\x00b", {}, "term"),
        ("a\ud800", {}, "term"),
        ("a\nb\x07c", {}, "term"),
        ("a\ue000", {}, "term"),
        ("x" * (MAX_TERM_LENGTH + 1), {}, "term"),
        ("ok", {"ru": ""}, "renderings.ru"),
        ("ok", {"ru": "a\x1bb"}, "renderings.ru"),
        ("ok", {"ru": "ж" * 201}, "renderings.ru"),
        ("ok", {"no language": "x"}, "renderings"),
        ("ok", {"pt-BR": "x", "pt_br": "y"}, "renderings"),
        ("ok", {f"a{a}{b}": "x" for a in "abcdefghijk" for b in "abcdefghij"}, "renderings"),
    ],
)
def test_what_no_term_can_be_is_named(term: str, renderings: dict[str, str], field: str) -> None:
    with pytest.raises(GlossaryError) as refused:
        make_term(term, renderings)
    assert refused.value.field == field


def test_limits_are_inclusive_and_words_are_cleaned() -> None:
    assert make_term("x" * MAX_TERM_LENGTH).term == "x" * MAX_TERM_LENGTH
    assert len(
        make_term("ok", {f"a{chr(97 + n // 10)}{chr(97 + n % 10)}": "x" for n in range(MAX_RENDERINGS)}).renderings
    )
    assert make_term("  Cafe\u0301 \n Noir ", {"ZH_hant": " 咖啡 "}) == make_term("Caf\u00e9 Noir", {"zh-Hant": "咖啡"})


@pytest.mark.parametrize("text", ["Straße İstanbul ŉ ﬁ", "ΑΣ ς", "a\u0301", "", "🙂 ＡＢ"])
def test_folding_keeps_every_place(text: str) -> None:
    assert len(folded(text)) == len(text)
