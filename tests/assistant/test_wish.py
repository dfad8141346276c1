"""The customer's word: which language a message asks for, and what else it says."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from babel import Locale
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.detection import Detector
from assistant.language_names import names_in
from assistant.phrases import Phrasebook
from assistant.phrases.speech import WishVocabulary
from assistant.wish import Wish, Wishes, language_wish
from assistant.wish_words import WishWords

SPOKEN = Phrasebook().languages
VOCABULARIES = Phrasebook().wishes


def wish(text: str) -> tuple[str, str] | None:
    heard = language_wish(text, spoken=SPOKEN)
    return None if heard is None else (heard.language, heard.rest)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("English", "en"),
        ("русский", "ru"),
        ("English please", "en"),
        ("ENGLISH PLEASE!!!", "en"),
        ("по-русски, пожалуйста", "ru"),
        ("Па-беларуску, калі ласка", "be"),
        ("Українською, будь ласка", "uk"),
        ("auf Deutsch bitte", "de"),
        ("en français s’il vous plaît", "fr"),
        ("en espanol por favor", "es"),
        ("Português, por favor", "pt"),
        ("po polsku proszę", "pl"),
        ("Türkçe konuşabilir miyiz?", "tr"),
        ("用中文", "zh"),
        ("请说英语", "en"),
        ("بالعربية من فضلك", "ar"),
        ("بالإنجليزية", "en"),
        ("Do you speak English?", "en"),
        ("Hello! English please 🙏", "en"),
        ("можете отвечать на английском?", "en"),
        ("не могли бы вы отвечать по-русски?", "ru"),
        ("ці не маглі б вы адказваць па-беларуску?", "be"),
        ("Je ne parle que français", "fr"),
        ("tamam, Türkçe lütfen", "tr"),
    ],
)
def test_a_message_that_only_names_a_language_and_asks_is_a_wish(text: str, language: str) -> None:
    assert wish(text) == (language, "")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("in Spanish please", "es"),
        ("auf Französisch bitte", "fr"),
        ("на немецком, пожалуйста", "de"),
        ("на испанском", "es"),
        ("in Finnish please", "fi"),
        ("bahasa Spanyol tolong", "es"),
        ("en alemán", "de"),
        ("en italien s'il vous plaît", "it"),
        ("po hiszpańsku proszę", "es"),
        ("İspanyolca lütfen", "es"),
        ("请用西班牙语回答", "es"),
        ("بالإسبانية من فضلك", "es"),
        ("rusky prosím", "ru"),
        ("па-руску, калі ласка", "ru"),
        ("Can you write in Ukrainian please?", "uk"),
        ("deutsch please", "de"),
        ("English bitte", "en"),
        ("English, por favor", "en"),
        ("на english пожалуйста", "en"),
        ("Portuguese, please", "pt"),
    ],
)
def test_a_language_may_be_named_in_any_other_and_in_any_form(text: str, language: str) -> None:
    assert wish(text) == (language, "")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("português do Brasil", "pt-BR"),
        ("Brazilian Portuguese please", "pt-BR"),
        ("português de Portugal, por favor", "pt-PT"),
        ("繁體中文", "zh-Hant"),
        ("请用繁体中文回答", "zh-Hant"),
        ("简体中文", "zh"),
        ("British English please", "en-GB"),
    ],
)
def test_a_region_or_a_script_may_be_wished_for(text: str, language: str) -> None:
    assert wish(text) == (language, "")


SERBIAN = {
    "sr": WishVocabulary(own=("српски", "на српском", "srpski"), english=("енглески",), around=("молим", "molim"))
}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("latinica", "sr-Latn"),
        ("molim na latinici", "sr-Latn"),
        ("ћирилица", "sr"),
        ("ćirilicom molim", "sr"),
        ("српски, молим", "sr"),
        ("srpski molim", "sr-Latn"),
    ],
)
def test_who_asks_for_serbian_in_latin_letters_reads_them(text: str, language: str) -> None:
    assert Wishes(SERBIAN, ["sr"]).heard(text) == Wish(language=language, rest="")


@pytest.mark.parametrize(
    "text",
    [
        "English book",
        "English book please",
        "English text",
        "English snake",
        "Finish this chat",
        "Have you finished it?",
        "lt",
        "do you ship to Germany?",
        "Germany please",
        "German customs",
        "French customs please",
        "I bought a Polish vase",
        "English version of the manual?",
        "Portuguese",
        "Polish",
        "Italien",
        "Indonesia",
        "nach Italien bitte",
        "в Испанию пожалуйста",
        "Испанию, пожалуйста",
        "Spanyol tolong",
        "Portofino, per favore",
        "персик, пожалуйста",
        "Türkis bitte",
        "Arabica bitte",
        "Англия, пожалуйста",
        "الأسبوع من فضلك",
        "الإسبان من فضلك",
        "Klingon please",
        "English or German",
        "English, Deutsch",
        "English, French and German dictionaries",
        "русский язык 5 класс",
        "договор на английском",
        "English (Australia)",
        "1. English",
        "язык",
        "please",
        "",
        " \n ",
        "?!",
        "🙏",
    ],
)
def test_what_merely_mentions_a_language_or_a_country_is_no_wish(text: str) -> None:
    assert wish(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "No English please",
        "not English",
        "I don't understand English",
        "не понимаю по-английски",
        "ingilizce bilmiyorum",
        "我听不懂英语",
        "nie rozumiem po angielsku",
        "I speak English, I do not understand English",
    ],
)
def test_a_language_that_is_refused_is_not_wished_for(text: str) -> None:
    assert wish(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sorry, I don't understand. English please", ("en", "")),
        ("не понимаю по-английски, по-русски пожалуйста", ("ru", "")),
        ("I do not understand Russian. English please. Where is my order?", ("en", "Where is my order?")),
    ],
)
def test_a_wish_may_stand_beside_the_language_it_refuses(text: str, expected: tuple[str, str]) -> None:
    assert wish(text) == expected


@pytest.mark.parametrize(
    ("text", "language", "rest"),
    [
        ("English please. How do I return an item?", "en", "How do I return an item?"),
        ("Hello! English please. I want to return a book.", "en", "I want to return a book."),
        ("How do I return an item? In English please", "en", "How do I return an item?"),
        ("How do I return an item? In English please. Thank you!", "en", "How do I return an item?"),
        ("по-русски, пожалуйста: как вернуть товар", "ru", "как вернуть товар"),
        ("по-русски, как вернуть товар", "ru", "как вернуть товар"),
        ("Do you speak English? My order is late", "en", "My order is late"),
        ("Русский. Как вернуть товар?", "ru", "Как вернуть товар?"),
        ("как вернуть товар? на английском пожалуйста", "en", "как вернуть товар?"),
        ("how do I return an item\nin Spanish please", "es", "how do I return an item"),
        ("请用英语回答。怎么退货？", "en", "怎么退货？"),
        ("English please – the parcel number is 12:30, is it?", "en", "the parcel number is 12:30, is it?"),
    ],
)
def test_a_wish_set_off_from_a_question_leaves_the_question(text: str, language: str, rest: str) -> None:
    assert wish(text) == (language, rest)


@pytest.mark.parametrize(
    "text",
    [
        "I need the manual, in German please",
        "Do you have this book? In English?",
        "Есть инструкция? На английском?",
        "in German, what is a return called",
        "Hi, my name is Ana. English please. How do I return an item?",
    ],
)
def test_what_may_belong_to_the_question_is_no_wish(text: str) -> None:
    assert wish(text) is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Auf Englisch bitte, nicht auf Deutsch", "en"),
        ("in English, not in Russian please", "en"),
        ("Не по-английски, а по-русски!", "ru"),
        ("por favor en español, no inglés", "es"),
        ("nie po angielsku, po polsku proszę", "pl"),
    ],
)
def test_which_language_it_shall_not_be_is_no_question(text: str, language: str) -> None:
    assert wish(text) == (language, "")


@pytest.mark.parametrize("question", ["Not my order.", "No Spanish fly.", "The German manual does not help."])
def test_a_refusal_of_something_else_is_a_question(question: str) -> None:
    assert wish(f"{question} English please") == ("en", question)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("ภาษาไทย", "th"),
        ("বাংলা", "bn"),
        ("தமிழ்", "ta"),
        ("O'zbekcha", "uz"),
        ("O‘zbekcha please", "uz"),
        ("oʻzbekcha", "uz"),
        ("shqip", "sq"),
        ("en català please", "ca"),
        ("на македонски", "mk"),
        ("ไทย", None),  # the country
        ("На македонски границата", None),
    ],
)
def test_a_served_language_without_phrases_can_be_asked_for_by_its_own_name(text: str, language: str | None) -> None:
    heard = language_wish(text, spoken=(*SPOKEN, *Detector().languages))
    assert (None if heard is None else (heard.language, heard.rest)) == (language and (language, ""))


def test_every_served_language_can_be_asked_for_by_its_own_name() -> None:
    served = Detector().languages
    words = WishWords(VOCABULARIES, served)
    named = {naming.tag.split("-")[0] for each in words.namings.values() for naming in each if naming.kind == "own"}
    assert named == set(served)


def test_only_a_language_that_is_spoken_can_be_wished_for() -> None:
    assert language_wish("English please", spoken=("ru", "de")) is None
    assert language_wish("auf Deutsch bitte", spoken=("ru", "de")) == Wish(language="de", rest="")
    assert language_wish("em português do Brasil", spoken=("pt",)) == Wish(language="pt-BR", rest="")
    assert language_wish("English please", spoken=()) is None


def test_of_a_long_letter_the_beginning_and_the_end_are_heard() -> None:
    letter = "My order has not come. " * 200
    assert wish(f"English please. {letter}") == ("en", letter.strip())
    assert wish(f"{letter}In English please.") == ("en", letter.strip())
    assert wish(f"{letter}In English please. {letter}") is None
    assert wish(letter) is None
    assert wish("English " * 200) is None


@pytest.mark.parametrize("tag", VOCABULARIES)
def test_every_way_that_a_phrase_file_lists_is_heard(tag: str) -> None:
    listed = VOCABULARIES[tag]
    expected = [(way, tag) for way in listed.own] + [(way, "en") for way in listed.english]
    # "Indonesia" alone may be the country.
    languages = {way: (wish(way) or wish(f"{way}, {listed.around[0]}") or ("nothing", ""))[0] for way, _ in expected}
    astray = [way for way, language in expected if languages[way].split("-")[0] != language.split("-")[0]]
    assert not astray, f"{tag}.toml: {', '.join(f'{way!r} is heard as {languages[way]}' for way in astray)}"


@pytest.mark.parametrize("tag", VOCABULARIES)
def test_words_that_stand_around_a_name_wish_for_nothing_alone(tag: str) -> None:
    heard = [around for around in VOCABULARIES[tag].around if wish(around) is not None]
    assert not heard, f"{tag}.toml: [wish] around holds names of languages: {heard}"


TABLES: Mapping[str, WishVocabulary] = {
    "en": WishVocabulary(own=("english", "in english"), english=("english",), around=("please", "i do not understand"))
}


def test_words_of_asking_come_from_the_tables_alone() -> None:
    few = Wishes(TABLES, ["en", "de"])
    assert few.heard("please in english") == Wish(language="en", rest="")
    assert few.heard("german please") == Wish(language="de", rest="")
    assert few.heard("i do not understand german") is None
    assert few.heard("speak english") is None


@pytest.mark.parametrize(
    ("form", "is_one"),
    [
        ("persisch", True),
        ("persisches", True),
        ("persische", True),
        ("persiabc", False),  # five letters of eight
        ("persisabcde", False),  # six letters of eleven
        ("pers", False),
    ],
)
def test_a_form_shares_its_beginning_with_the_name(form: str, is_one: bool) -> None:
    listed = WishVocabulary(own=("deutsch",), english=("englisch",), around=("bitte",))
    assert bool(list(WishWords({"de": listed}, ["fa"]).inflected(form))) is is_one


HOSTILE = [
    "\x00",
    "\ud800 English",
    "English\x00please",
    "\u202eEnglish please",
    "E" * 100_000,
    "English, " * 50_000,
    "英" * 10_000,
    " - " * 10_000,
    "..." * 10_000,
    "\u0301" * 5_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_are_heard_out(text: str) -> None:
    assert wish(text) == wish(text)


PIECES = [
    "english",
    "please",
    "по-русски",
    "用中文",
    "not",
    "?",
    ". ",
    ", ",
    "\n",
    "in",
    "deutsch",
    "como",
    "الإنجليزية",
    "1",
]


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=300), st.lists(st.sampled_from(PIECES), max_size=20).map(" ".join)))
def test_any_text_is_heard_and_always_the_same(text: str) -> None:
    heard = language_wish(text, spoken=SPOKEN)
    assert heard == language_wish(text, spoken=SPOKEN)
    if heard is not None:
        assert heard.rest in text
        assert heard.language


@pytest.mark.parametrize("tag", SPOKEN)
def test_names_are_those_of_babel(tag: str) -> None:
    locale = Locale.parse(tag, sep="-")
    names = names_in(tag)
    assert dict(names.languages) == dict(locale.languages)
    assert sorted(names.countries) == sorted(locale.territories.values())


def test_a_language_without_names_has_none() -> None:
    assert not names_in("tlh").languages
    assert not names_in("../../etc").languages
