from __future__ import annotations

import pytest

from index.alphabets import Skeletons, as_cyrillic_keys, as_latin_keys, borrowed, by_rules, skeletons
from index.words import WordList


def words(*some: str, language: str = "ru") -> Skeletons:
    return Skeletons(WordList.counted(dict.fromkeys(some, 1), smoothing=0), language)


@pytest.mark.parametrize(
    ("word", "typed"),
    [
        ("можно", ("mozhno", "mojno", "mozno")),
        ("хочу", ("hochu", "khochu", "xochu", "ho4u", "xo4u")),
        ("ещё", ("eshche", "esche", "ewe", "yeshcho")),
        ("шёлк", ("shelk", "sholk", "shyolk", "wjolk")),
        ("новый", ("novyj", "novyi", "noviy", "novy", "novii")),
        ("цена", ("cena", "tsena", "tzena")),
        ("объём", ("obem", "ob'em", "obyem", "obyom")),
        ("юла", ("yula", "jula", "iula")),
        ("моя", ("moya", "moja", "moia")),
    ],
)
def test_all_habits_of_writing_a_word_lead_to_it(word: str, typed: tuple[str, ...]) -> None:
    known = words(word, "стол", "книга")
    assert {way: known.find(way) for way in typed} == {way: [word] for way in typed}


def test_ukrainian_and_belarusian_have_habits_of_their_own() -> None:
    assert words("гроші", language="uk").find("hroshi") == words("гроші", language="uk").find("groshi") == ["гроші"]
    assert (
        words("ваўчок", language="be").find("vawchok") == words("ваўчок", language="be").find("vauchok") == ["ваўчок"]
    )


def test_the_likeliest_of_words_with_one_skeleton_is_found() -> None:
    both = Skeletons(WordList.counted({"мои": 2, "мой": 9}, smoothing=0), "ru")
    assert both.find("moy") == ["мой"]


def test_no_words_have_no_skeletons() -> None:
    assert words().find("privet") == []


def test_doubtful_letters_are_tried_both_ways_but_not_without_end() -> None:
    assert set(skeletons("j", "ru")) == {"i", "ž"}
    assert len(skeletons("jwz" * 50, "be")) <= 3**4


@pytest.mark.parametrize(
    ("typed", "language", "meant"),
    [
        ("velomarket", "ru", "веломаркет"),
        ("shchuka", "ru", "щука"),
        ("4aynik", "ru", "чайник"),
        ("yunyj", "ru", "юный"),
        ("misto", "uk", "місто"),
        ("haryty", "uk", "гарити"),
        ("dzen", "be", "дзэн"),
    ],
)
def test_what_no_list_has_is_turned_back_by_rules(typed: str, language: str, meant: str) -> None:
    assert by_rules(typed, language) == meant


def test_the_same_keys_give_the_other_alphabet() -> None:
    assert as_cyrillic_keys("ghbdtn", "ru") == "привет"
    assert as_cyrillic_keys("ghsdbnfyyt", "be") == "прывітанне"
    assert as_cyrillic_keys("sx 'nj", "uk") == "іч єто"
    assert as_latin_keys("руддщ", "ru") == "hello"
    assert as_latin_keys(as_cyrillic_keys("hello [world];", "ru"), "ru") == "hello [world];"


def test_borrowed_letters_fall_together() -> None:
    assert borrowed("мяккі", "be") == borrowed("мякки", "be") == borrowed("мяккi", "be")
    assert borrowed("воўк", "be") == borrowed("воук", "be") == borrowed("вощк", "be")
    assert borrowed("під'їзд", "uk") == borrowed("пидъизд", "uk")
