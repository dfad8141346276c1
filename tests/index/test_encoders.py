"""Encoders by name: each loaded once, whoever asks, and failures forgotten."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

import pytest

from index.builder import build
from index.encoders import Encoders, encoder_name
from index.encoding import Encoder, EncoderError
from index.errors import EncoderMismatchError
from index.generations import Generations
from tests.index.finding import SHOP, Articles, TrigramEncoder


class Loading:
    """Loads encoders slowly, and remembers which."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.problem: EncoderError | None = None

    def __call__(self, name: str) -> Encoder:
        time.sleep(0.02)
        self.loaded.append(name)
        if self.problem is not None:
            raise self.problem
        return TrigramEncoder(name)


def test_the_same_name_gives_the_same_object_to_every_thread() -> None:
    loading = Loading()
    encoders = Encoders(loading)
    found: list[Encoder] = []
    threads = [threading.Thread(target=lambda: found.append(encoders.get("a"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(encoder) for encoder in found}) == 1
    assert encoders.get("b") is not found[0]
    assert loading.loaded == ["a", "b"]


def test_nobody_waits_for_an_encoder_that_others_load() -> None:
    began, finish = threading.Event(), threading.Event()

    def load(name: str) -> Encoder:
        if name == "slow":
            began.set()
            assert finish.wait(10)
        return TrigramEncoder(name)

    encoders = Encoders(load)
    thread = threading.Thread(target=encoders.get, args=("slow",))
    thread.start()
    assert began.wait(10)
    assert encoders.get("quick").id == "quick"
    finish.set()
    thread.join()
    assert encoders.get("slow").id == "slow"


def test_a_failure_is_told_and_tried_again() -> None:
    loading = Loading()
    loading.problem = EncoderError("gone")
    encoders = Encoders(loading)
    for _ in range(2):
        with pytest.raises(EncoderError, match="gone"):
            encoders.get("a")
    loading.problem = None
    assert encoders.get("a").id == "a"
    assert len(loading.loaded) == 3


def test_an_encoder_that_was_trained_anew_in_its_folder_is_loaded_again_for_the_index_built_with_it(
    generations: Generations, tmp_path: Path
) -> None:
    folder, loaded = tmp_path / "model", list[int]()

    def load(name: str) -> Encoder:
        if not folder.exists():
            raise EncoderError("It has gone.")
        seed = int((folder / "weights").read_text())
        loaded.append(seed)
        encoder = TrigramEncoder(name, seed=seed)
        encoder.folder = folder
        return encoder

    folder.mkdir()
    encoders, articles = Encoders(load), Articles(*SHOP)
    for seed in (1, 2):
        (folder / "weights").write_text(str(seed) * seed)
        build(generations, articles, load(str(folder)), from_scratch=True)
        assert encoders.searcher(generations.load(seed)).generation.number == seed
    assert loaded == [1, 1, 22, 22]
    # The weights of the first one have gone; loading what is there again and again would not bring them back.
    for _ in range(3):
        with pytest.raises(EncoderMismatchError, match="other weights now"):
            encoders.searcher(generations.load(1))
    assert encoders.searcher(generations.load(2)).encoder is encoders.get(str(folder))
    assert loaded == [1, 1, 22, 22]
    shutil.rmtree(folder)
    with pytest.raises(EncoderError, match="cannot answer without its encoder"):
        encoders.searcher(generations.load(1))
    assert encoders.searcher(generations.load(2)).generation.number == 2


def test_a_folder_is_the_same_encoder_from_wherever_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models" / "mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    loading = Loading()
    encoders = Encoders(loading)
    names = ["models/mine", "./models/../models/mine/", "~/models/mine", str(tmp_path / "models" / "mine")]
    assert len({id(encoders.get(name)) for name in names}) == 1
    assert loading.loaded == [str(tmp_path / "models" / "mine")]


@pytest.mark.parametrize(
    "name",
    [
        "embedded",
        "intfloat/multilingual-e5-small",
        "",
        " ",
        "a\x00b",
        "x" * 10_000,
        "half \udcff",
        "~nobody-here/x",
        "é/😀",
    ],
)
def test_what_is_no_folder_keeps_its_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "embedded").mkdir()
    monkeypatch.chdir(tmp_path)
    assert encoder_name(name) == name
