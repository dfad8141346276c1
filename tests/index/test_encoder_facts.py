"""What an encoder weighs, knows and costs."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from index.encoder import load_encoder
from index.encoder_facts import card_languages, measure_speed, size_on_disk
from index.encoding import Kind
from index.errors import BuildRunningError
from index.generations import Generations, IndexStorageError
from index.trial import TrialRunningError, trial
from tests.index.finding import TrigramEncoder


def card(folder: Path, text: str) -> Path:
    (folder / "README.md").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("---\nlanguage:\n- multilingual\n- be\n- uk\nlicense: mit\ntags:\n- ru\n---\n# Card\n", ("be", "uk")),
        ("---\nlicense: mit\nlanguage: en\n---\n", ("en",)),
        ("---\nlanguage: [en, 'de', \"no\", zh-Hant]\n---\n", ("en", "de", "no", "zh-Hant")),
        ("---\nlanguage:\n  - en  # English\n\n  - pl\n  - en\n---\n", ("en", "pl")),
        ("---\r\nlanguage:\r\n- be\r\n---\r\n", ("be",)),
        ("---\nlanguage: multilingual\n---\n", ()),
        ("---\ntags:\n- be\n---\nlanguage: en\n", ()),
        ("# No front matter\nlanguage: en\n", ()),
        ("---\nlanguage:\n- ../../etc\n- \x00\n- " + "x" * 100 + "\n---\n", ()),
        ("", ()),
        ("---", ()),
        ("---\nlanguage: " + "[" * 100_000, ()),
    ],
)
def test_languages_are_those_of_the_cards_front_matter(tmp_path: Path, text: str, expected: tuple[str, ...]) -> None:
    assert card_languages(card(tmp_path, text)) == expected


def test_a_card_that_is_missing_or_no_text_lists_none(tmp_path: Path) -> None:
    assert card_languages(tmp_path) == ()
    (tmp_path / "README.md").write_bytes(os.urandom(1_000))
    assert card_languages(tmp_path) == ()
    (tmp_path / "README.md").unlink()
    (tmp_path / "README.md").mkdir()
    assert card_languages(tmp_path) == ()


def test_the_embedded_encoder_lists_its_languages() -> None:
    languages = card_languages(load_encoder().folder)
    assert {"be", "en", "ru", "uk"} <= set(languages)
    assert len(languages) > 30


def test_the_size_is_that_of_all_files_and_of_what_links_lead_to(tmp_path: Path) -> None:
    (tmp_path / "model" / "deep").mkdir(parents=True)
    (tmp_path / "blob").write_bytes(b"x" * 1_000)
    (tmp_path / "model" / "weights").symlink_to(tmp_path / "blob")
    (tmp_path / "model" / "deep" / "file").write_bytes(b"x" * 10)
    assert size_on_disk(tmp_path / "model") == 1_010


class Slow(TrigramEncoder):
    """Takes a moment for each call, and remembers what tokenizers were told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: set[str | None] = set()

    def encode(self, texts: Sequence[str], *, kind: Kind = "passage") -> NDArray[np.float32]:
        threading.Event().wait(0.004)
        self.told.add(os.environ.get("TOKENIZERS_PARALLELISM"))
        return super().encode(texts, kind=kind)


@pytest.mark.parametrize("before", [None, "true"])
def test_speed_is_measured_on_one_thread_and_leaves_no_trace(
    before: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOKENIZERS_PARALLELISM", raising=False)
    if before is not None:
        monkeypatch.setenv("TOKENIZERS_PARALLELISM", before)
    encoder = Slow()
    speed = measure_speed(encoder, ["one", "two", "three"], seconds=0.1)
    assert 0.004 <= speed.question_seconds < 0.1
    assert 10 < speed.texts_per_second < 3 / 0.004
    assert encoder.told == {"false"}
    assert os.environ.get("TOKENIZERS_PARALLELISM") == before


def test_speed_of_what_is_slower_than_the_time_given_is_measured_once() -> None:
    encoder = Slow()
    speed = measure_speed(encoder, ["one"], seconds=0.0)
    assert speed.texts_per_second > 0
    assert sum(encoder.encoded.values()) == 3


class TestTrial:
    def test_is_an_empty_folder_that_goes_away(self, tmp_path: Path) -> None:
        with trial(tmp_path / "data") as generations:
            assert generations.manifests() == []
            with generations.build_lock():
                assert generations.folder.exists()
        assert not generations.folder.exists()

    def test_goes_away_when_it_fails(self, tmp_path: Path) -> None:
        def fail() -> None:
            with trial(tmp_path) as generations:
                generations.folder.mkdir()
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fail()
        assert not (tmp_path / "trial").exists()

    def test_removes_what_a_killed_one_left(self, tmp_path: Path) -> None:
        (tmp_path / "trial" / "000001").mkdir(parents=True)
        (tmp_path / "trial" / "active.json").write_text("{")
        with trial(tmp_path) as generations:
            assert not generations.folder.exists()

    def test_is_one_at_a_time_and_no_matter_to_builds(self, tmp_path: Path) -> None:
        real = Generations(tmp_path / "generations")
        with trial(tmp_path) as beside, beside.build_lock():
            with pytest.raises(TrialRunningError, match="wait"), trial(tmp_path):
                pass
            with real.build_lock():
                assert beside.is_building()
            assert not real.is_building()
        with trial(tmp_path):
            pass
        assert issubclass(TrialRunningError, BuildRunningError.__bases__[0])

    def test_of_a_folder_that_cannot_be_written_says_so(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(IndexStorageError, match="Cannot write"), trial(tmp_path / "file" / "data"):
            pass
