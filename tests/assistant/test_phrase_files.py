"""Every phrase file: whole, in its own script and typography, formal, and heard in all the ways it lists."""

from __future__ import annotations

import re
import unicodedata

import pytest
from babel import Locale

from assistant.phrases import Phrasebook
from assistant.phrases.recogniser import fold, lexicon, tokens
from assistant.translation import tags
from tests.assistant.phrase_files import (
    KEYS,
    KNOWN,
    LANGUAGES,
    PLACES,
    PLURAL_KEYS,
    STATUSES,
    WIDGET,
    listed,
    prose,
    sentences,
    table,
)

QUOTES = set('"«»“”„‟‘‚‛‹›「」『』＂')
APOSTROPHES = {"\N{RIGHT SINGLE QUOTATION MARK}"}
# Embeddings, overrides, isolates and marks; the file holds none, for the phrasebook isolates what it puts in.
BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
INVISIBLE = re.compile("[\u00ad\u200b\u200d\u2060\ufeff]")
NON_JOINER = "\u200c"  # part of Persian spelling
NO_BREAK = "\u00a0\u202f"
ALPHABETS = ("LATIN", "CYRILLIC", "GREEK", "HEBREW", "ARABIC", "ARMENIAN", "GEORGIAN", "DEVANAGARI")
WORD = re.compile(r"[^\W\d_]+")
ENGLISH = {"the", "your", "you", "please", "answer", "request", "colleague", "which", "something", "language"}

each_language = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(scope="module")
def book() -> Phrasebook:
    return Phrasebook()


class TestWhole:
    def test_every_file_is_of_a_language_we_know_and_the_other_way_round(self, book: Phrasebook) -> None:
        assert set(LANGUAGES) == set(KNOWN)
        assert book.languages == LANGUAGES

    @each_language
    def test_the_name_is_a_canonical_tag(self, language: str) -> None:
        assert tags.canonical(language) == language

    @each_language
    def test_no_key_lacks_and_none_is_too_many(self, language: str) -> None:
        read = table(language)
        assert list(read) == ["phrases", "status", "widget", "recognise", "replies", "wish"]
        assert set(read["phrases"]) == set(KEYS) == set(PLACES)
        assert tuple(read["status"]) == STATUSES
        assert set(read["widget"]) == WIDGET
        assert set(read["recognise"]) == {"person", "person_alone", "none_of_these", "courtesy", "about"}
        assert set(read["replies"]) == {"ordinals", "around", "thanks"}
        assert set(read["wish"]) == {"own", "english", "around"}

    @each_language
    def test_each_place_is_there_once_and_no_other(self, language: str) -> None:
        for key, phrase in table(language)["phrases"].items():
            for text in phrase.values() if key in PLURAL_KEYS else (phrase,):
                found = re.findall(r"\{(.*?)\}", text)
                counted = ["count"] if key in PLURAL_KEYS and "count" in found else []
                assert sorted(found) == sorted([*PLACES[key], *counted]), (key, text)

    @each_language
    @pytest.mark.parametrize("key", PLURAL_KEYS)
    def test_plural_forms_are_those_of_the_language(self, language: str, key: str) -> None:
        forms = set(table(language)["phrases"][key])
        assert forms - {"=1"} == {*Locale.parse(language, sep="-").plural_form.tags, "other"}

    @each_language
    def test_every_number_of_choices_can_be_said(self, book: Phrasebook, language: str) -> None:
        for count in (*range(102), 1_000_000):
            said = book.say("did_you_mean", language, count=count, question="Q?")
            assert "{" not in said
            assert "Q?" in said
        assert re.search(r"\d", book.say("did_you_mean", language, count=1, question="Q?")) is None

    @each_language
    def test_no_string_is_empty_or_untidy(self, language: str) -> None:
        texts = [text for _, text in sentences(language)] + [way for _, ways in listed(language) for way in ways]
        for text in texts:
            assert text.strip() == text != ""
            assert "  " not in text
            assert unicodedata.is_normalized("NFC", text), text

    @each_language
    def test_moments_are_told_apart(self, language: str) -> None:
        texts = [text for name, text in sentences(language) if name.startswith("phrases.")]
        # A plural form may read as another one does.
        single = [text for text in texts if "{question}" not in text]
        assert len(single) == len(set(single))
        read = table(language)["status"]
        assert read["new"] == read["open"]
        assert read["solved"] == read["closed"]
        assert len(set(read.values())) == 4

    @each_language
    def test_enough_ways_are_listed_and_none_twice(self, language: str) -> None:
        read = table(language)
        assert len(read["recognise"]["person"]) >= 15
        assert len(read["recognise"]["none_of_these"]) >= 10
        assert len(read["replies"]["ordinals"]) == 4
        assert len(read["replies"]["thanks"]) >= 10
        assert len(read["wish"]["own"]) >= 3
        assert len(read["wish"]["english"]) >= 2
        assert len(read["wish"]["around"]) >= 30
        for name, ways in listed(language):
            assert len(ways) == len(set(ways)), (name, sorted(way for way in ways if ways.count(way) > 1))

    def test_no_sentence_is_another_languages(self) -> None:
        owner: dict[str, str] = {}
        for language in LANGUAGES:
            moments = (text for name, text in sentences(language) if name.startswith("phrases."))
            for text in {text for text in moments if len(text) > 40}:  # "Número do seu pedido: {ticket}" is nobody's
                other = owner.setdefault(text, language)
                assert {tags.base(other), tags.base(language)} == {tags.base(language)}, text


class TestWriting:
    @each_language
    def test_letters_are_of_the_languages_own_script(self, language: str) -> None:
        text = re.sub(r"\bFAQ\b", "", prose(language))
        letters = {letter for letter in text if letter.isalpha()}
        wrong = {each for each in letters if not unicodedata.name(each).startswith(KNOWN[language].scripts)}
        assert sum(map(str.isalpha, text)) > 400
        assert wrong == set()

    @each_language
    def test_no_word_mixes_alphabets(self, language: str) -> None:
        texts = [text for _, text in sentences(language)] + [way for _, ways in listed(language) for way in ways]
        for word in WORD.findall(" ".join(re.sub(r"\{\w+\}", " ", text) for text in texts)):
            used = {name for name in ALPHABETS for letter in word if unicodedata.name(letter).startswith(name)}
            assert len(used) <= 1, (word, used)

    @each_language
    def test_quotes_are_the_languages_own(self, language: str) -> None:
        pairs = KNOWN[language].quotes
        for name, text in sentences(language):
            if "{question}" in text:
                around = re.search(r"(\S)\s?\{question\}\s?(\S)", text)
                assert around is not None, name
                assert around[1] + around[2] in pairs, (name, text)
        allowed = {mark for pair in pairs for mark in pair} | APOSTROPHES
        assert set(prose(language)) & QUOTES <= allowed
        assert "'" not in prose(language)

    @each_language
    def test_typography_is_clean(self, language: str) -> None:
        for name, text in sentences(language):
            assert ".." not in text, name  # an ellipsis is one character
            assert " - " not in text, name  # a dash is no hyphen
            assert not re.search(r"\s[,.](?:\s|$)", text), name
            assert not re.search(r"url\}\S", text), name  # a mark after an address becomes part of it
            assert not re.search(r"[^\S\n]\n|\n{3}", text), name
            assert not INVISIBLE.search(text), name

    @each_language
    def test_nothing_steers_the_direction(self, language: str) -> None:
        texts = [text for _, text in sentences(language)] + [way for _, ways in listed(language) for way in ways]
        for text in texts:
            assert not BIDI.search(text), text
            assert NON_JOINER not in text or language == "fa", text

    @each_language
    def test_no_english_is_left(self, language: str) -> None:
        if language != "en":
            assert not set(WORD.findall(prose(language).lower())) & ENGLISH

    @each_language
    def test_customers_are_addressed_formally(self, language: str) -> None:
        text = prose(language).lower()
        words = set(text if KNOWN[language].scripts == ("CJK",) else WORD.findall(text))
        assert not words & KNOWN[language].familiar

    @pytest.mark.parametrize("language", sorted({"zh", "zh-Hant", "ja"} & set(LANGUAGES)))
    def test_east_asian_marks_are_wide(self, language: str) -> None:
        for name, text in sentences(language):
            assert not re.search(r"(?<=[\u3040-\u9fff])[,.?!:;](?!\w)", text), name

    @pytest.mark.parametrize(
        ("language", "own", "foreign"),
        [
            ("be", "ўіы", "ищъїєґ"),
            ("uk", "іїє", "ыэъёў"),
            ("ru", "иыщ", "іїєўґ"),
            ("pl", "ąęłśćżó", "äöüñ"),
            ("cs", "ěščřžýů", "łąę"),
            ("ro", "ășțâî", "şţ"),
            ("tr", "ığşçöü", "ñłwqx"),
            ("de", "äöü", "ñłç"),
            ("fr", "éèêàç", "ñß"),
            ("es", "áéíóú¿¡", "ßłç"),
            ("pt", "ãçéê", "ñß"),
            ("it", "èàò", "ñßç"),
        ],
    )
    def test_letters_are_those_of_the_language(self, language: str, own: str, foreign: str) -> None:
        used = set(prose(language).lower())
        assert set(own) <= used
        assert not used & set(foreign)

    def test_belarusian_writes_short_u_after_vowels(self) -> None:
        text = prose("be").lower()
        assert re.findall(r"[аеёіоуыэюя] у(?=[бвгджзйклмнпрстфхцчш])", text) == []
        assert re.findall(r"[бвгджзйклмнпрстфхцчш] ў", text) == []

    def test_french_sets_its_double_marks_apart_without_letting_a_line_break(self) -> None:
        assert re.findall(rf"(?<![{NO_BREAK}])[?!;:»]", prose("fr")) == []
        assert re.findall(rf"«(?![{NO_BREAK}])", prose("fr")) == []

    def test_spanish_opens_what_it_closes(self) -> None:
        for name, text in sentences("es"):
            assert text.count("¿") == text.count("?"), name
            assert text.count("¡") == text.count("!"), name

    def test_russian_statuses_are_those_customers_know(self, book: Phrasebook) -> None:
        names = [book.status_name(status, "ru") for status in STATUSES]
        assert names == ["В обработке"] * 2 + ["В ожидании ответа", "Отложено"] + ["Завершено"] * 2


class TestHeard:
    @each_language
    def test_every_listed_way_to_a_person_is_heard_and_shouted(self, book: Phrasebook, language: str) -> None:
        ways = table(language)["recognise"]
        for way in [*ways["person"], *ways["person_alone"]]:
            assert book.is_person_request(way), way
            assert book.is_person_request(f"  {way.upper()}!!! "), way
            assert not book.is_none_of_these(way), way

    @each_language
    def test_every_listed_way_to_none_of_these_is_heard(self, book: Phrasebook, language: str) -> None:
        for way in table(language)["recognise"]["none_of_these"]:
            assert book.is_none_of_these(way), way
            assert book.is_none_of_these(f"{way.upper()}."), way
            assert not book.is_person_request(way), way

    @each_language
    def test_the_buttons_say_what_they_do(self, book: Phrasebook, language: str) -> None:
        assert book.is_person_request(book.widget(language)["talk_to_person"])
        assert book.is_none_of_these(book.say("none_of_these", language))
        assert book.is_none_of_these(book.widget(language)["no"])
        assert not book.is_none_of_these(book.widget(language)["yes"])
        assert not book.is_person_request(book.widget(language)["yes"])

    @each_language
    def test_what_names_a_language_does_not_stand_around_it(self, language: str) -> None:
        wish = table(language)["wish"]
        cut = lexicon(way for ways in wish.values() for way in ways)
        around = {tuple(tokens(fold(way), cut)) for way in wish["around"]}
        for way in (*wish["own"], *wish["english"]):
            words = tuple(tokens(fold(way), cut))
            assert words, way
            assert words not in around, way
        assert not {fold(way) for way in wish["own"]} & {fold(way) for way in wish["english"]} or language == "en"
