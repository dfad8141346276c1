"""The noises are what they say, and the tables count what they say; no figure is tested."""

from __future__ import annotations

import random

import pytest
from rapidfuzz.distance import OSA

from benchmarks.mistyped import TO_ENGLISH, Outcome
from benchmarks.noise import (
    CYRILLIC,
    LETTERS_PER_SLIP,
    NOISES,
    in_latin,
    no_spaces,
    one_slip,
    one_space_missing,
    slips,
    unmarked,
    unsigned,
    without_belarusian_keys,
    written_out,
    wrong_keyboard,
)
from benchmarks.spelling import _by_language, _clean, _decisions, _kept, _languages, _pairs

QUESTION = "Where is the parcel I ordered from you last Monday?"


@pytest.mark.parametrize("noise", NOISES, ids=lambda noise: noise.name)
def test_noise_is_the_same_every_time(noise: object) -> None:
    assert callable(noise)
    assert noise(QUESTION, "en") == noise(QUESTION, "en")
    assert noise("", "be") == ""


@pytest.mark.parametrize("language", ["en", "de", "fr", "ru", "be", "ka"])
def test_there_is_one_slip_or_one_for_every_few_letters(language: str) -> None:
    text = {"ru": "где моя посылка из вашего магазина", "be": "дзе мая пасылка з вашай крамы"}.get(language, QUESTION)
    letters = sum(map(str.isalpha, text))
    for seed in range(30):
        assert 0 < OSA.distance(text, one_slip(text, language, random.Random(seed))) <= 1
        many = slips(text, language, random.Random(seed))
        assert 0 < OSA.distance(text, many) <= round(letters / LETTERS_PER_SLIP) * 2


def test_cyrillic_is_written_in_one_persons_latin_letters() -> None:
    made = {in_latin("ещё хочу", "ru", random.Random(seed)) for seed in range(200)}
    assert {"esche hochu", "eshche khochu"} <= made
    assert len(made) > 4
    assert all(text.isascii() for text in made)


def test_a_keyboard_is_left_in_the_other_alphabet() -> None:
    draw = random.Random(0)
    assert wrong_keyboard("привет", "ru", draw) == "ghbdtn"
    assert wrong_keyboard("hello", "en", draw) == "руддщ"
    assert wrong_keyboard("їжа", "uk", draw) == "];f"


def test_marks_signs_and_spaces_go() -> None:
    draw = random.Random(0)
    assert unmarked("zurück, żółty, đá", "de", draw) == "zuruck, zolty, da"
    assert written_out("zurück straße", "de", draw) == "zurueck strasse"
    assert unsigned("where's it, then?", "en", draw) == "wheres it then"
    assert no_spaces("where is it", "en", draw) == "whereisit"
    assert one_space_missing("where is it", "en", draw) in ("whereis it", "where isit")
    assert one_space_missing("where", "en", draw) == "where"


def test_a_russian_keyboard_has_no_belarusian_letters() -> None:
    made = {without_belarusian_keys("аб'ява ў мінску", "be", random.Random(seed)) for seed in range(40)}
    assert "абъява у минску" in made
    assert not any(set(text) & set("ўі") for text in made)


def test_kinds_of_noise_happen_where_they_happen() -> None:
    happening = {noise.name: noise.happens_in for noise in NOISES}
    assert [code for code in ("be", "be-tarask", "ru", "en") if happening["no ў and і"](code)] == ["be", "be-tarask"]
    assert all(happening["in Latin letters"](code) for code in CYRILLIC)
    assert happening["wrong keyboard"]("en")
    assert not happening["no diacritics"]("en")
    assert happening["no signs"]("zh")


def outcome(noise: str, *, read: bool, typed: bool = False, group: str = TO_ENGLISH, **others: object) -> Outcome:
    fields: dict[str, object] = {
        "group": group,
        "language": "de",
        "noise": noise,
        "is_in_scope": True,
        "read": read,
        "typed": typed,
        "words": False,
        "dense": True,
        "minilm": None,
        "is_answered": read,
        "is_language_read": True,
        "is_language_typed": False,
        "seconds": 0.0,
    }
    return Outcome(**{**fields, **others})  # type: ignore[arg-type]


SOME = (
    outcome("", read=True, typed=True),
    outcome("one slip", read=True),
    outcome("", read=True, typed=True),
    outcome("one slip", read=False),
    outcome("", read=False, typed=True),  # the noise changes nothing of this one
)


def test_mistyped_questions_are_compared_with_themselves() -> None:
    before, after = _pairs(SOME)[TO_ENGLISH, "one slip"]
    assert [one.read for one in before] == [True, True]
    assert [one.read for one in after] == [True, False]
    row = dict(zip([column.name for column in _kept(SOME).columns], _kept(SOME).rows[0], strict=True))
    assert (row["questions"], row["clean"], row["mistyped"], row["the product: kept"]) == (2, 1.0, 0.5, 0.5)
    assert row["without readings: kept"] == 0.0
    assert row["BM25 alone: kept"] is None  # nothing to keep
    assert row["90% kept"] is False


def test_clean_questions_show_what_readings_cost() -> None:
    (row,) = _clean(SOME).rows
    assert row[:5] == (TO_ENGLISH, 3, 1.0, pytest.approx(2 / 3), pytest.approx(-1 / 3))


def test_languages_and_decisions_have_rows_of_their_own() -> None:
    (row,) = _by_language(SOME).rows
    assert row[:4] == ("de", 3, pytest.approx(2 / 3), 0.5)
    (decided,) = _decisions([*SOME, outcome("", read=False, is_in_scope=False, is_answered=True)]).rows
    assert decided[2:] == (2, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5)
    assert [row[:2] for row in _languages(SOME).rows] == [("none", "all"), ("one slip", "all")]
