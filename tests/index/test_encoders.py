"""Encoders by name: each loaded once, whoever asks, and failures forgotten."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from index.encoders import Encoders, encoder_name
from index.encoding import Encoder, EncoderError
from tests.index.finding import TrigramEncoder


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
