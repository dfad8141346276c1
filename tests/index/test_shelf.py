"""Kept generations beside the one that answers: loaded when asked for, few at a time, and none that has gone."""

from __future__ import annotations

import gc
import shutil
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from index.builder import build
from index.encoding import EncoderError
from index.errors import GenerationDamagedError, GenerationNotFoundError, NoGenerationError
from index.follower import Follower
from index.generation import Generation
from index.generations import Generations
from index.shelf import IDLE, Shelf
from tests.index.finding import SHOP, Articles, TrigramEncoder, encoders, faq
from tests.index.test_generations import damage

OTHER = TrigramEncoder("others", seed=1)


@pytest.fixture
def add(generations: Generations) -> Callable[..., int]:
    """Return what builds and activates a generation with one more article, and gives its number."""
    articles = Articles(*SHOP)

    def make(encoder: TrigramEncoder | None = None) -> int:
        count = len(articles.all())
        articles.put(faq(f"extra{count}", en=(f"Extra {count}?", "Yes.")))
        return build(generations, articles, encoder or TrigramEncoder()).manifest.number

    return make


@pytest.fixture
def follower(generations: Generations) -> Follower:
    return Follower(generations, encoders(TrigramEncoder(), OTHER))


@pytest.fixture
def shelf(generations: Generations, follower: Follower) -> Shelf:
    return Shelf(generations, encoders(TrigramEncoder(), OTHER), follower, capacity=2)


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the numbers of the generations that are loaded from now on, as they are."""
    numbers: list[int] = []
    load = Generations.load

    def counted(self: Generations, number: int) -> Generation:
        numbers.append(number)
        return load(self, number)

    monkeypatch.setattr(Generations, "load", counted)
    return numbers


def test_without_a_number_it_is_the_one_that_answers(add: Callable[..., int], follower: Follower, shelf: Shelf) -> None:
    with pytest.raises(NoGenerationError):
        shelf.searcher()
    add()
    follower.refresh()
    assert shelf.searcher() is follower.searcher


def test_the_one_that_answers_is_not_loaded_twice(
    add: Callable[..., int], follower: Follower, shelf: Shelf, loaded: list[int]
) -> None:
    first, second = add(), add()
    follower.refresh()
    loaded.clear()
    assert shelf.searcher(second) is follower.searcher
    assert loaded == []
    held = shelf.searcher(first)
    assert held.generation.number == first
    assert shelf.searcher(first) is held
    assert loaded == [first]


def test_few_are_held_and_the_one_not_asked_for_the_longest_goes(
    add: Callable[..., int], shelf: Shelf, loaded: list[int]
) -> None:
    numbers = [add() for _ in range(3)]
    loaded.clear()
    gone = weakref.ref(shelf.searcher(numbers[1]).generation)
    shelf.searcher(numbers[0])
    shelf.searcher(numbers[1])
    shelf.searcher(numbers[2])
    assert loaded == [numbers[1], numbers[0], numbers[2]]
    shelf.searcher(numbers[0])
    gc.collect()
    assert gone() is None, "what is not held any more stays in memory"
    assert loaded == [numbers[1], numbers[0], numbers[2], numbers[0]]


def test_what_answers_now_is_given_up(add: Callable[..., int], follower: Follower, shelf: Shelf) -> None:
    number = add()
    held = weakref.ref(shelf.searcher(number).generation)
    follower.refresh()
    assert shelf.searcher(number) is follower.searcher
    gc.collect()
    assert held() is None, "what answers is held twice"


def test_each_is_searched_with_the_encoder_that_it_was_built_with(add: Callable[..., int], shelf: Shelf) -> None:
    first, second = add(), add(OTHER)
    assert [shelf.searcher(number).encoder.id for number in (first, second)] == ["trigrams", "others"]


def test_one_that_was_never_kept_is_named_with_those_that_are(add: Callable[..., int], shelf: Shelf) -> None:
    add()
    with pytest.raises(GenerationNotFoundError, match="no generation 7; kept are: 1"):
        shelf.searcher(7)


def test_one_that_was_pruned_is_gone_from_memory_too(
    add: Callable[..., int], generations: Generations, shelf: Shelf
) -> None:
    first, second = add(), add()
    held = weakref.ref(shelf.searcher(first).generation)
    shutil.rmtree(generations.path(first))
    with pytest.raises(GenerationNotFoundError, match=f"kept are: {second}"):
        shelf.searcher(first)
    gc.collect()
    assert held() is None


def test_a_damaged_one_says_so_every_time(add: Callable[..., int], generations: Generations, shelf: Shelf) -> None:
    first, _ = add(), add()
    damage(generations.path(first) / "embeddings.npy")
    for _ in range(2):
        with pytest.raises(GenerationDamagedError, match="damaged"):
            shelf.searcher(first)


def test_one_whose_encoder_has_gone_says_so(add: Callable[..., int], generations: Generations) -> None:
    number = add(OTHER)
    shelf = Shelf(generations, encoders(TrigramEncoder()), Follower(generations, encoders()))
    with pytest.raises(EncoderError, match="cannot answer without its encoder 'others'"):
        shelf.searcher(number)


def test_many_who_ask_at_once_load_it_once(add: Callable[..., int], shelf: Shelf, loaded: list[int]) -> None:
    numbers = [add(), add()]
    loaded.clear()
    together = Barrier(8)

    def ask(place: int) -> int:
        together.wait()
        return shelf.searcher(numbers[place % 2]).generation.number

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(ask, range(8))) == sorted(numbers * 4)
    assert sorted(loaded) == sorted(numbers)


class TestTidy:
    @pytest.fixture
    def now(self) -> list[float]:
        return [0.0]

    @pytest.fixture
    def shelf(self, generations: Generations, follower: Follower, now: list[float]) -> Shelf:
        return Shelf(generations, encoders(TrigramEncoder()), follower, clock=lambda: now[0])

    def test_gives_up_what_nobody_asked_for_lately(
        self, add: Callable[..., int], shelf: Shelf, now: list[float], loaded: list[int]
    ) -> None:
        first, second, _ = add(), add(), add()
        loaded.clear()
        idle, used = (weakref.ref(shelf.searcher(number).generation) for number in (first, second))
        now[0] = IDLE
        shelf.searcher(second)
        shelf.tidy()
        gc.collect()
        assert idle() is not None, "it was asked for just long enough ago"
        now[0] = IDLE + 1
        shelf.tidy()
        gc.collect()
        assert idle() is None
        assert shelf.searcher(second).generation is used()
        assert loaded == [first, second]
        assert shelf.searcher(first).generation.number == first, "it can be asked for again"

    @pytest.mark.parametrize("how", ["pruned", "another", "answers"])
    def test_gives_up_what_need_not_be_held(
        self, add: Callable[..., int], generations: Generations, follower: Follower, shelf: Shelf, how: str
    ) -> None:
        first, second = add(), add()
        held = weakref.ref(shelf.searcher(first).generation)
        if how == "answers":
            generations.activate(first)
            follower.refresh()
        else:
            shutil.rmtree(generations.path(first))
            if how == "another":
                shutil.copytree(generations.path(second), generations.path(first))
        shelf.tidy()
        gc.collect()
        assert held() is None

    def test_waits_for_no_loading(
        self, add: Callable[..., int], shelf: Shelf, now: list[float], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second = add(), add()
        held = weakref.ref(shelf.searcher(first).generation)
        now[0] = 2 * IDLE
        load = Generations.load

        def tidied(self: Generations, number: int) -> Generation:
            shelf.tidy()
            return load(self, number)

        monkeypatch.setattr(Generations, "load", tidied)
        assert shelf.searcher(second).generation.number == second
        gc.collect()
        assert held() is not None
        shelf.tidy()
        gc.collect()
        assert held() is None
