from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from index import follower as follower_module
from index import own_words
from index.builder import build
from index.encoders import Encoders
from index.encoding import EncoderError
from index.errors import NoGenerationError
from index.follower import Follower
from index.generation import Generation
from index.generations import Generations
from index.readings import Readings
from tests.index.finding import SHOP, Articles, TrigramEncoder, encoders, faq
from tests.index.test_generations import damage


@pytest.fixture
def articles() -> Articles:
    return Articles(*SHOP)


@pytest.fixture
def add(generations: Generations, articles: Articles) -> Callable[..., int]:
    """Return what builds a generation with one more article, and gives its number."""

    def make(encoder: TrigramEncoder | None = None, *, activate: bool = True) -> int:
        count = len(articles.all())
        articles.put(faq(f"extra{count}", en=(f"Extra {count}?", "Yes.")))
        result = build(generations, articles, encoder or TrigramEncoder(), activate=activate)
        return result.manifest.number

    return make


@pytest.fixture
def follower(generations: Generations) -> Iterator[Follower]:
    made = Follower(generations, encoders())
    yield made
    made.stop()


def number(follower: Follower) -> int:
    return follower.searcher.generation.number


def wait(until: Callable[[], bool], seconds: float) -> float:
    """Wait until something is so, and return how long that took."""
    began = time.monotonic()
    while not until():
        assert time.monotonic() - began < seconds, f"not so within {seconds} seconds"
        time.sleep(0.01)
    return time.monotonic() - began


class TestRefresh:
    def test_has_nothing_to_search_before_the_first_build(self, follower: Follower) -> None:
        assert not follower.refresh()
        assert follower.problem is None
        with pytest.raises(NoGenerationError, match="Import articles and run `faq build`"):
            _ = follower.searcher

    def test_takes_what_was_activated_and_tells_once(self, follower: Follower, add: Callable[..., int]) -> None:
        for expected in (1, 2):
            add()
            assert follower.refresh()
            assert number(follower) == expected
            assert not follower.refresh()

    def test_keeps_the_searcher_where_the_pointer_did_not_move(
        self, follower: Follower, add: Callable[..., int]
    ) -> None:
        add()
        follower.refresh()
        searcher = follower.searcher
        add(activate=False)
        assert not follower.refresh()
        assert follower.searcher is searcher

    def test_follows_a_rollback(self, follower: Follower, generations: Generations, add: Callable[..., int]) -> None:
        add()
        add()
        follower.refresh()
        generations.rollback()
        assert follower.refresh()
        assert number(follower) == 1

    def test_sees_another_generation_under_the_same_number(
        self, follower: Follower, generations: Generations, articles: Articles, add: Callable[..., int]
    ) -> None:
        add()
        follower.refresh()
        for path in [*generations.path(1).iterdir(), generations.path(1), generations.folder / "active.json"]:
            path.rmdir() if path.is_dir() else path.unlink()
        assert not follower.refresh()
        assert add() == 1
        assert follower.refresh()
        assert follower.searcher.generation.find("extra5") is not None


class TestDamage:
    def test_of_the_new_generation_leaves_the_old_one_answering(
        self, follower: Follower, generations: Generations, add: Callable[..., int]
    ) -> None:
        add()
        follower.refresh()
        add()
        damage(generations.path(2) / "embeddings.npy")
        assert not follower.refresh()
        assert number(follower) == 1
        assert follower.problem is not None
        assert "Generation 2 is damaged: embeddings.npy" in follower.problem
        add()
        assert follower.refresh()
        assert (number(follower), follower.problem) == (3, None)

    def test_that_is_mended_is_noticed_after_a_while(
        self,
        follower: Follower,
        generations: Generations,
        add: Callable[..., int],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        add()
        follower.refresh()
        add()
        path = generations.path(2) / "embeddings.npy"
        whole = path.read_bytes()
        path.unlink()
        follower.refresh()
        path.write_bytes(whole)
        assert not follower.refresh()
        monkeypatch.setattr(follower_module.time, "monotonic", lambda: time.perf_counter() + 10_000)
        assert follower.refresh()
        assert (number(follower), follower.problem) == (2, None)

    def test_of_the_pointer_leaves_the_generation_answering(
        self, follower: Follower, generations: Generations, add: Callable[..., int]
    ) -> None:
        add()
        follower.refresh()
        (generations.folder / "active.json").write_text("{")
        assert not follower.refresh()
        assert number(follower) == 1
        assert follower.problem is not None
        assert "active.json" in follower.problem

    def test_at_start_falls_back_to_the_latest_intact_one_before(
        self, follower: Follower, generations: Generations, add: Callable[..., int]
    ) -> None:
        for _ in range(3):
            add()
        damage(generations.path(3) / "kinds.npy")
        damage(generations.path(2) / "kinds.npy")
        assert follower.refresh()
        assert number(follower) == 1
        assert follower.problem is not None
        assert "Generation 3 is damaged" in follower.problem

    def test_of_the_pointer_at_start_falls_back_to_the_newest_generation(
        self, follower: Follower, generations: Generations, add: Callable[..., int]
    ) -> None:
        add()
        add()
        (generations.folder / "active.json").write_text("{")
        assert follower.refresh()
        assert number(follower) == 2

    def test_of_everything_is_told_to_whoever_asks(
        self, follower: Follower, generations: Generations, add: Callable[..., int]
    ) -> None:
        add()
        damage(generations.path(1) / "kinds.npy")
        assert not follower.refresh()
        with pytest.raises(NoGenerationError, match=r"Generation 1 is damaged: kinds\.npy"):
            _ = follower.searcher

    def test_of_an_encoder_leaves_the_old_generation_answering(
        self, follower: Follower, generations: Generations, add: Callable[..., int]
    ) -> None:
        add()
        follower.refresh()
        add(TrigramEncoder("other", seed=5))
        assert not follower.refresh()
        assert number(follower) == 1
        assert follower.problem is not None
        assert "Generation 2 cannot answer without its encoder 'other'" in follower.problem
        fresh = Follower(generations, encoders())
        assert fresh.refresh()
        assert number(fresh) == 1

    def test_other_weights_of_the_same_name_do_not_answer_from_an_index_of_the_old_ones(
        self, follower: Follower, generations: Generations, add: Callable[..., int]
    ) -> None:
        add(TrigramEncoder(seed=5))
        assert not follower.refresh()
        assert follower.problem is not None
        assert "'trigrams' (32 dimensions" in follower.problem
        assert "has other weights now" in follower.problem
        assert "Run `faq build`" in follower.problem
        add()
        assert follower.refresh()
        assert (number(follower), follower.problem) == (2, None)


class TestEncoders:
    def test_a_generation_is_searched_with_the_encoder_it_was_built_with(
        self, generations: Generations, add: Callable[..., int]
    ) -> None:
        ours, others = TrigramEncoder(), TrigramEncoder("other", seed=5, dimensions=16)
        follower = Follower(generations, encoders(ours, others))
        add(ours)
        follower.refresh()
        assert follower.searcher.encoder is ours
        add(others)
        assert follower.refresh()
        assert follower.searcher.encoder is others
        assert follower.searcher.search("return policy", languages=["en"]).encoder == "other"
        generations.rollback()
        assert follower.refresh()
        assert follower.searcher.encoder is ours
        assert follower.searcher.search("return policy", languages=["en"]).hits[0].article.id == "returns"

    def test_the_old_generation_answers_while_the_new_encoder_is_loaded(
        self, generations: Generations, add: Callable[..., int]
    ) -> None:
        began, finish = threading.Event(), threading.Event()

        def load(name: str) -> TrigramEncoder:
            if name == "slow":
                began.set()
                assert finish.wait(10)
            return TrigramEncoder(name)

        follower = Follower(generations, Encoders(load))
        add()
        follower.start()
        try:
            add(TrigramEncoder("slow"))
            assert began.wait(10)
            assert follower.searcher.search("return policy", languages=["en"]).generation == 1
            finish.set()
            wait(lambda: number(follower) == 2, seconds=10.0)
        finally:
            finish.set()
            follower.stop()

    def test_an_encoder_that_is_mended_is_noticed_after_a_while(
        self, generations: Generations, add: Callable[..., int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        broken = True

        def load(name: str) -> TrigramEncoder:
            if broken:
                raise EncoderError(f"{name} is not there.")
            return TrigramEncoder(name)

        follower = Follower(generations, Encoders(load))
        add()
        assert not follower.refresh()
        broken = False
        assert not follower.refresh()
        monkeypatch.setattr(follower_module, "RETRY_INTERVAL", 0.0)
        follower._retry_at = 0.0
        assert follower.refresh()
        assert follower.problem is None


ACTIVATE = (
    "import sys; from pathlib import Path; from index.generations import Generations\n"
    "generations = Generations(Path(sys.argv[1])); sys.stdin.readline()\n"
    "generations.activate(2); print('activated', flush=True)"
)


class TestThread:
    def test_follows_what_another_process_activates_within_two_seconds(
        self, follower: Follower, generations: Generations, add: Callable[..., int]
    ) -> None:
        add()
        add(activate=False)
        follower.start()
        assert number(follower) == 1
        with subprocess.Popen(
            [sys.executable, "-c", ACTIVATE, str(generations.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("go\n")
            process.stdin.flush()
            assert process.stdout.readline() == "activated\n"
            wait(lambda: number(follower) == 2, seconds=2.0)

    def test_finds_the_first_generation_by_itself(self, follower: Follower, add: Callable[..., int]) -> None:
        follower.start()
        add()
        wait(lambda: follower._searcher is not None, seconds=10.0)
        assert number(follower) == 1

    def test_answers_on_while_a_build_runs(
        self, follower: Follower, generations: Generations, articles: Articles, add: Callable[..., int]
    ) -> None:
        add()
        follower.start()
        began, finish = threading.Event(), threading.Event()
        articles.put(faq("slow", en=("Slow?", "Yes.")))

        def slow(progress: object) -> None:
            began.set()
            finish.wait(10)

        thread = threading.Thread(target=build, args=(generations, articles, TrigramEncoder()), kwargs={"report": slow})
        thread.start()
        assert began.wait(10)
        assert follower.searcher.search("return policy", languages=["en"]).generation == 1
        finish.set()
        thread.join()
        wait(lambda: number(follower) == 2, seconds=10.0)

    def test_outlives_what_refreshing_raises(
        self, generations: Generations, add: Callable[..., int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(follower_module, "POLL_INTERVAL", 0.01)
        problems = [ZeroDivisionError("a bug"), OSError("a disk")]
        add()

        first = generations.signature()
        followed = Generations(generations.folder)

        def explode() -> Generation:
            if problems and generations.signature() != first:
                raise problems.pop()
            return generations.load_active()

        monkeypatch.setattr(followed, "load_active", explode)
        follower = Follower(followed, encoders())
        follower.start()
        try:
            for expected in (2, 3, 4):
                add()
                wait(lambda expected=expected: number(follower) == expected, seconds=10.0)  # type: ignore[misc]
            assert problems == []
        finally:
            follower.stop()

    def test_ends_when_stopped(self, generations: Generations) -> None:
        before = set(threading.enumerate())
        follower = Follower(generations, encoders())
        follower.start()
        [mine] = [thread for thread in set(threading.enumerate()) - before if thread.name == "follower"]
        follower.stop()
        assert not mine.is_alive()

    def test_searches_of_many_threads_never_fail_while_generations_change(
        self, follower: Follower, generations: Generations, add: Callable[..., int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(follower_module, "POLL_INTERVAL", 0.002)
        add()
        follower.start()
        stop = threading.Event()
        problems: list[Exception] = []
        seen: set[int] = set()

        def ask() -> None:
            try:
                while not stop.is_set():
                    result = follower.searcher.search("return policy", languages=["en"], tags=frozenset({"shop"}))
                    assert result.hits[0].article.id == "returns"
                    assert result.hits[0].matched == "return policy"
                    seen.add(result.generation)
            except Exception as error:
                problems.append(error)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(6):
                last = add()
                wait(lambda last=last: number(follower) == last or bool(problems), seconds=10.0)  # type: ignore[misc]
            generations.rollback()
            wait(lambda: number(follower) == 6 or bool(problems), seconds=10.0)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert problems == []
        assert {1, 7} <= seen <= set(range(1, 8))


def test_a_follower_of_a_missing_folder_makes_none(tmp_path: Path) -> None:
    follower = Follower(Generations(tmp_path / "none"), encoders())
    assert not follower.refresh()
    assert not (tmp_path / "none").exists()


def test_a_generation_is_ready_for_misspelt_questions_before_it_answers(
    generations: Generations, add: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    warmed: list[tuple[int, int]] = []
    follower = Follower(generations, encoders(TrigramEncoder()))

    def warm(readings: Readings) -> None:
        warmed.append((readings._generation.number, follower.searcher.generation.number))

    monkeypatch.setattr(Readings, "warm", warm)
    add()
    follower.refresh()
    assert warmed == []  # with nothing else to answer it does not wait
    add()
    follower.refresh()
    assert warmed == [(2, 1)]
    assert follower.searcher.generation.number == 2


@pytest.fixture
def no_warmth(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Make readings impossible to warm up; returns the generations for which it was tried."""
    tried: list[int] = []

    def warm(readings: Readings) -> None:
        tried.append(readings._generation.number)
        raise KeyError("a bug")

    monkeypatch.setattr(Readings, "warm", warm)
    return tried


def test_a_generation_answers_although_it_cannot_be_warmed(
    follower: Follower, add: Callable[..., int], no_warmth: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    add()
    follower.refresh()
    add()
    assert follower.refresh()
    assert (number(follower), follower.problem, no_warmth) == (2, None, [2])
    assert "generation 2 could not be made ready for misspelt questions" in caplog.text
    assert not follower.refresh()


def test_what_cannot_be_warmed_at_start_does_not_keep_later_generations_from_being_followed(
    follower: Follower, add: Callable[..., int], no_warmth: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower_module, "POLL_INTERVAL", 0.01)
    add()
    follower.start()
    wait(lambda: no_warmth == [1], seconds=10.0)
    add()
    wait(lambda: number(follower) == 2, seconds=10.0)
    assert no_warmth == [1, 2]  # once each


def test_the_first_generation_is_warmed_while_it_answers_also_when_it_is_built_later(
    follower: Follower, add: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower_module, "POLL_INTERVAL", 0.01)
    warming, finish = threading.Event(), threading.Event()

    def warm(readings: Readings) -> None:
        warming.set()
        assert finish.wait(10)

    monkeypatch.setattr(Readings, "warm", warm)
    follower.start()
    add()
    try:
        assert warming.wait(10)
        assert number(follower) == 1
    finally:
        finish.set()


@pytest.mark.parametrize("is_loaded_before", [True, False])
def test_no_question_to_a_server_waits_until_the_words_of_many_articles_are_counted(
    follower: Follower, add: Callable[..., int], monkeypatch: pytest.MonkeyPatch, is_loaded_before: bool
) -> None:
    monkeypatch.setattr(own_words, "_FEW", 0)
    counting, finish = threading.Event(), threading.Event()

    def count(*parts: Any) -> Counter[str]:
        counting.set()
        assert finish.wait(10)
        return Counter()

    monkeypatch.setattr(own_words, "counted_words", count)
    add()
    if is_loaded_before:
        follower.refresh()
    follower.start()
    try:
        assert counting.wait(10)
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(follower.searcher.search, "retunr policy", languages=["en"])
            assert asked.result(timeout=5).hits[0].article.id == "returns"
    finally:
        finish.set()
