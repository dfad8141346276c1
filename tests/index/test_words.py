from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.training import words as making
from index.words import WordList, level_of, packed, unpacked, word_list


@pytest.mark.parametrize(
    "language", ["en", "de", "ru", "uk", "be", "pl", "es", "fr", "it", "pt", "nl", "tr", "cs", "ro"]
)
def test_languages_that_people_write_to_shops_in_have_a_list(language: str) -> None:
    listed = word_list(language)
    assert listed is not None
    assert len(listed) > 5_000


@pytest.mark.parametrize(
    ("language", "word"),
    [("en", "delivery"), ("de", "lieferung"), ("ru", "доставка"), ("be", "калі"), ("nb", "ikke")],
)
def test_frequent_words_are_listed(language: str, word: str) -> None:
    listed = word_list(language)
    assert listed is not None
    assert -16 < listed.logs[word] < -2


def test_bokmal_is_norwegian_and_klingon_has_no_list() -> None:
    assert word_list("no") is not None
    assert word_list("tlh") is None
    assert word_list("zh") is None


@settings(max_examples=15)
@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), min_size=1, max_size=8),
        st.integers(0, 63),
        max_size=20,
    )
)
def test_a_list_survives_being_stored(levels: dict[str, int]) -> None:
    if levels:
        restored = unpacked(packed(levels))
        assert {word: round(-log * 2) for word, log in restored.items()} == levels
        assert list(restored.values()) == sorted(restored.values(), reverse=True)


def test_near_words_are_found_with_their_distance() -> None:
    some = WordList.counted({"order": 1, "border": 1, "odor": 1, "return": 1}, smoothing=0)
    assert dict(some.near("ordre", 2)) == {"order": 1, "border": 2}
    assert dict(some.near("order", 1)) == {"order": 0, "border": 1}
    assert dict(some.near("", 1)) == {}


def test_near_agrees_with_comparing_every_word() -> None:
    from rapidfuzz.distance import OSA

    listed = word_list("be")
    assert listed is not None
    for word in ("замоуа", "дастаўак", "грошы", "пасылкаа"):
        expected = {other: OSA.distance(word, other) for other in listed.logs if OSA.distance(word, other) <= 2}
        assert dict(listed.near(word, 2)) == expected


def test_levels_are_half_nats() -> None:
    assert level_of(1, 1) == 0
    assert level_of(1, 1_000_000) == round(2 * np.log(1_000_000))
    assert level_of(1, 10**30) == 63


class TestMaking:
    def test_words_are_counted_per_language_and_text(self, tmp_path: Path) -> None:
        (tmp_path / "parallel").mkdir()
        with gzip.open(tmp_path / "parallel" / "shop.tsv.gz", "wt", encoding="utf-8") as file:
            file.write("src_lang\ttgt_lang\tsrc\ttgt\n")
            file.write("en\tbe\tThe order, the ORDER\tзамова\nen\tde\tThe order, the ORDER\tBestellung\n")
            file.write("a broken line\n")
        (tmp_path / "dictionary").mkdir()
        with gzip.open(tmp_path / "dictionary" / "dict.tsv.gz", "wt", encoding="utf-8") as file:
            file.write("src_lang\ttgt_lang\tsrc\ttgt\nbe\tru\tаб’ява\tобъявление\n")
        (tmp_path / "english").mkdir()
        with gzip.open(tmp_path / "english" / "sentences_a.txt.gz", "wt", encoding="utf-8") as file:
            file.write("My order\n")
        counts = making.counted(tmp_path)
        assert counts["en"] == Counter({"order": 3, "the": 2, "my": 1})
        assert counts["be"] == Counter({"замова": 1, "аб'ява": 1})
        assert "ru" not in counts

    def test_rare_foreign_and_english_words_are_left_out(self) -> None:
        counts = {
            "en": Counter({"the": 900, "order": 99, "x": 1}),
            "de": Counter({"bestellung": 90, "the": 3, "заказ": 3, "selten": 2}),
            "zh": Counter({"订单": 50}),
        }
        made = making.word_levels(counts)
        assert set(made) == {"en", "de"}
        assert set(made["de"]) == {"bestellung"}
        assert set(made["en"]) == {"the", "order"}

    def test_the_file_is_read_as_it_was_made(self, tmp_path: Path) -> None:
        (tmp_path / "train" / "parallel").mkdir(parents=True)
        with gzip.open(tmp_path / "train" / "parallel" / "shop.tsv.gz", "wt", encoding="utf-8") as file:
            file.write(
                "src_lang\ttgt_lang\tsrc\ttgt\n" + "".join(f"en\tde\torder {n}\tbestellung {n}\n" for n in range(5))
            )
        assert making.main([str(tmp_path / "train"), str(tmp_path / "lists.npz")]) == 0
        with np.load(tmp_path / "lists.npz") as archive:
            assert unpacked(archive["de"].tobytes()) == {"bestellung": 0.0}
