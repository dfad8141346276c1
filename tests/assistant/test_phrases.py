"""The phrasebook: literal with what customers type, and spoken in the nearest language."""

from __future__ import annotations

import dataclasses
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import cast

import pytest

import assistant.phrases
from assistant.phrases import Phrasebook, PhraseError, PhraseKey
from assistant.phrases.template import Plural
from knowledge.errors import FaqError
from tests.assistant.phrase_files import KEYS, LANGUAGES, PLACES, PLURAL_KEYS, table

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 14, tzinfo=UTC)


@pytest.fixture(scope="module")
def book() -> Phrasebook:
    return Phrasebook()


class TestSay:
    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.parametrize("key", KEYS)
    def test_speaks_every_key_with_its_values(self, book: Phrasebook, language: str, key: PhraseKey) -> None:
        values = {place: f"<{place}>" for place in PLACES[key]}
        said = book.say(key, language, count=2 if key in PLURAL_KEYS else None, **values)
        assert all(value in said for value in values.values())
        assert "{" not in said

    @pytest.mark.parametrize("language", ["en", "ru", "zh", "ar"])
    @pytest.mark.parametrize(
        "hostile",
        [
            "{ticket} {0} {}",
            "}{",
            "100 % %s %(due)s",
            "a\0b",
            "\ud800",
            r"\1 \g<0>",
            "${x}",
            "",
            "x" * 1_000_000,
            "😀\n\t",
        ],
        ids=["braces", "brace pair", "percent", "NUL", "surrogate", "groups", "dollar", "empty", "1 MB", "emoji"],
    )
    def test_puts_hostile_values_in_literally(self, book: Phrasebook, language: str, hostile: str) -> None:
        before, after = table(language)["phrases"]["check_understood"].split("{question}")
        said = book.say("check_understood", language, question=hostile)
        lines = hostile.split("\n")
        isolated = "\n".join(f"\u2068{line}\u2069" if line.strip() or len(lines) == 1 else line for line in lines)
        expected = isolated if language == "ar" else hostile
        assert said == before + expected + after

    def test_isolates_values_in_a_right_to_left_phrase_only(self, book: Phrasebook) -> None:
        url = "https://help.example/faq?a=1"
        for language in LANGUAGES:
            said = book.say("faq_link", language, faq_url=url)
            if book.direction(language) == "rtl":
                assert f"\u2068{url}\u2069" in said
            else:
                assert not re.search("[\u2066-\u2069]", said)

    @pytest.mark.parametrize("language", [tag for tag in LANGUAGES if tag in {"ar", "fa", "he"}])
    @pytest.mark.parametrize("key", KEYS)
    def test_isolates_are_balanced_in_every_phrase(self, book: Phrasebook, language: str, key: PhraseKey) -> None:
        values = dict.fromkeys(PLACES[key], "T-7 \u2066https://help.example (x)")
        said = book.say(key, language, count=5 if key in PLURAL_KEYS else None, **values)
        depth = 0
        for character in said:
            depth += {"\u2068": 1, "\u2069": -1}.get(character, 0)
            assert depth in (0, 1)
        assert depth == 0
        assert said.count("\u2068") >= len(values)

    @pytest.mark.parametrize("value", ["מה זה?", "كيف؟", "\u202eabc", "a\u2066b", "\U0001e900"])
    def test_a_value_that_runs_the_other_way_is_isolated_in_any_phrase(self, book: Phrasebook, value: str) -> None:
        plain = re.sub("[\u202e\u2066]", "", value)
        assert f"“\u2068{plain}\u2069”" in book.say("check_understood", "en", question=value)

    def test_each_line_of_a_value_is_isolated_by_itself(self, book: Phrasebook) -> None:
        said = book.say("cannot_but", "ar", offer="One.\n\nTwo.\u2069")
        assert said.endswith("\u2068One.\u2069\n\n\u2068Two.\u2069")

    def test_a_reader_of_an_unspoken_right_to_left_language_reads_english_without_isolates(
        self, book: Phrasebook
    ) -> None:
        assert book.say("answer_more", "yi", url="u") == book.say("answer_more", "en", url="u")

    @pytest.mark.parametrize("control", ["\u2069", "\u2068", "\u202e", "\u202b", "\u2067"])
    def test_a_value_cannot_break_out_of_its_isolate(self, book: Phrasebook, control: str) -> None:
        said = book.say("check_understood", "ar", question=f"a{control}b")
        assert re.findall("[\u202a-\u202e\u2066-\u2069]", said) == ["\u2068", "\u2069"]
        assert "\u2068ab\u2069" in said

    def test_refuses_an_unknown_key_by_name(self, book: Phrasebook) -> None:
        with pytest.raises(PhraseError, match=r"expected a phrase key.*ticket_opened.*got 'nope'"):
            book.say(cast("PhraseKey", "nope"), "en")

    @pytest.mark.parametrize("values", [{}, {"ticket": "1"}, {"ticket": "1", "due": "2", "more": "3"}])
    def test_refuses_values_missing_or_too_many(self, book: Phrasebook, values: dict[str, str]) -> None:
        with pytest.raises(PhraseError, match="expected the values due, ticket"):
            book.say("ticket_opened", "en", count=None, **values)

    @pytest.mark.parametrize(
        ("language", "count", "expected"),
        [
            ("en", 1, "did you mean this?"),
            ("en", 2, "did you mean one of these 2?"),
            ("ru", 1, "возможно, вы имели в виду вот это?"),
            ("ru", 2, "Есть 2 похожих вопроса —"),
            ("ru", 5, "Есть 5 похожих вопросов —"),
            ("ru", 21, "Есть 21 похожий вопрос —"),
            ("be", 3, "Ёсць 3 падобныя пытанні —"),
            ("be", 10, "Ёсць 10 падобных пытанняў —"),
            ("uk", 4, "Є 4 схожі запитання —"),
            ("uk", 7, "Є 7 схожих запитань —"),
            ("pl", 2, "Są 2 podobne pytania —"),
            ("pl", 5, "Jest 5 podobnych pytań —"),
            ("cs", 4, "Máme 4 podobné dotazy –"),
            ("cs", 5, "Máme 5 podobných dotazů –"),
            ("ar", 2, "هناك سؤالان مشابهان"),
            ("ar", 3, "هناك \u20683\u2069 أسئلة مشابهة"),
            ("ar", 11, "هناك \u206811\u2069 سؤالًا مشابهًا"),
            ("ar-EG", 3, "هناك \u2068٣\u2069 أسئلة مشابهة"),
            ("ro", 3, "aceste 3 întrebări?"),
            ("ro", 20, "aceste 20 de întrebări?"),
            ("fr-CA", 2, "l’un de ces 2 sujets"),
        ],
    )
    def test_numbers_agree_with_what_they_count(
        self, book: Phrasebook, language: str, count: int, expected: str
    ) -> None:
        assert expected in book.say("did_you_mean", language, count=count, question="?")

    def test_a_phrase_with_plurals_needs_its_count_and_no_other_takes_one(self, book: Phrasebook) -> None:
        with pytest.raises(PhraseError, match="'did_you_mean': expected the count"):
            book.say("did_you_mean", "en", question="?")
        with pytest.raises(PhraseError, match="'none_of_these': expected no count, got 3"):
            book.say("none_of_these", "en", count=3)
        with pytest.raises(PhraseError, match="expected the values count, question, got count"):
            book.say("did_you_mean", "en", count=3)

    def test_a_form_the_file_lacks_is_named(self) -> None:
        plural = Plural.parse("days", {"one": "{count} dzień"})
        assert plural.fill({}, count=1, shown="1", category=lambda _: "one", isolated=False) == "1 dzień"
        with pytest.raises(PhraseError, match="'days': expected the plural form 'few', the file has one"):
            plural.fill({}, count=3, shown="3", category=lambda _: "few", isolated=False)
        with pytest.raises(PhraseError, match=r"phrase 'days.few': expected places"):
            Plural.parse("days", {"few": "{count} dni}"})

    def test_its_error_is_a_leaf_of_the_one_tree(self) -> None:
        assert issubclass(PhraseError, FaqError)

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_the_e_mail_reply_promises_points_to_the_faq_and_asks_for_a_number(
        self, book: Phrasebook, language: str
    ) -> None:
        due = book.moment(MONDAY, language, timezone="Europe/Minsk", now=NOW)
        reply = book.say("ticket_email", language, ticket="T-7", due=due, faq_url="https://help.example/faq")
        received, pointer, request = reply.split("\n\n")
        assert "T-7" in received
        assert due in received
        assert "https://help.example/faq" in pointer
        assert len(request) > 10


class TestResolve:
    @pytest.mark.parametrize(
        ("tag", "spoken"),
        [
            ("be", "be"),
            ("be-tarask", "be"),
            ("de-AT", "de"),
            ("pt-PT", "pt"),
            ("pt-AO", "pt"),
            ("pt-BR", "pt-BR"),
            ("pt_br", "pt-BR"),
            ("zh-CN", "zh"),
            ("zh-Hans-SG", "zh"),
            ("zh-TW", "zh-Hant"),
            ("zh-HK", "zh-Hant"),
            ("ZH-HANT-tw", "zh-Hant"),
            ("no", "nb"),
            ("nn", "nb"),
            ("nn-NO", "nb"),
            ("bs", "hr"),
            ("hr-BA", "hr"),
            ("sr-Cyrl-RS", "sr"),
            ("sr-Latn", "sr-Latn"),
            ("sr-Latn-ME", "sr-Latn"),
            ("sh", "sr-Latn"),
            ("iw", "he"),
            ("in", "id"),
            ("mo", "ro"),
            ("kk-KZ", "kk"),
            ("RU_ru", "ru"),
            (" uk ", "uk"),
            ("tlh", "en"),
            ("yi", "en"),
            ("", "en"),
            ("-", "en"),
            ("../../etc/passwd", "en"),
            ("\0", "en"),
            ("\ud800", "en"),
            ("ru-\ud800", "ru"),
            ("pt-" + "x-" * 500_000, "pt"),
        ],
    )
    def test_finds_the_nearest_phrase_language(self, book: Phrasebook, tag: str, spoken: str) -> None:
        assert book.resolve(tag) == spoken

    @pytest.mark.parametrize(
        "tag",
        [
            "ar",
            "ar-EG",
            "he",
            "iw",
            "fa",
            "ur",
            "ps",
            "ckb",
            "yi",
            "dv",
            "syr",
            "ug",
            "sd",
            "pa-PK",
            "az-Arab",
            "ks_Arab",
            "AR",
        ],
    )
    def test_knows_what_runs_right_to_left(self, book: Phrasebook, tag: str) -> None:
        assert book.direction(tag) == "rtl"

    @pytest.mark.parametrize(
        "tag", [*sorted(set(LANGUAGES) - {"ar", "fa", "he"}), "pa", "az", "ar-Latn", "ja", "", "qqq", "\0", "a-b-c"]
    )
    def test_knows_what_runs_left_to_right(self, book: Phrasebook, tag: str) -> None:
        assert book.direction(tag) == "ltr"


class TestNames:
    def test_refuses_an_unknown_status_by_name(self, book: Phrasebook) -> None:
        with pytest.raises(PhraseError, match=r"expected a status \(new, open.*got 'done'"):
            book.status_name("done", "en")

    def test_the_widget_of_a_regional_tag_is_that_of_its_language(self, book: Phrasebook) -> None:
        assert book.widget("pt-AO")["title"] == "Ajuda"
        assert book.widget("tlh")["title"] == "Help"

    def test_the_widget_cannot_be_changed(self, book: Phrasebook) -> None:
        with pytest.raises(TypeError):
            book.widget("en")["title"] = "x"  # type: ignore[index]

    def test_the_phrasebook_cannot_be_changed(self, book: Phrasebook) -> None:
        with pytest.raises(dataclasses.FrozenInstanceError):
            book._speech = {}  # type: ignore[misc]

    @pytest.mark.parametrize(
        ("code", "language", "name"),
        [
            ("be", "ru", "белорусский"),
            ("be", "be", "беларуская"),
            ("de", "uk", "німецька"),
            ("pt-BR", "en", "Brazilian Portuguese"),
            ("zh_hant", "en", "Traditional Chinese"),
            ("de-NG", "en", "German"),
            ("pt-BR", "pt-BR", "português (Brasil)"),
            ("sr-Latn-RS", "sr-Latn", "srpski (latinica)"),
            ("zh-Hant-HK", "zh-Hant", "繁體中文"),
            ("ckb", "en-GB", "Central Kurdish"),
            ("en", "yi", "English"),
            ("qzz", "en", "qzz"),
            ("", "en", ""),
            ("{x}\0\ud800", "ar", "{x}\0\ud800"),
        ],
    )
    def test_names_languages(self, book: Phrasebook, code: str, language: str, name: str) -> None:
        assert book.language_name(code, in_language=language) == name

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_names_every_phrase_language_in_every_other(self, book: Phrasebook, language: str) -> None:
        names = [book.language_name(code, in_language=language) for code in LANGUAGES]
        assert len(set(names)) == len(LANGUAGES)
        assert not set(names) & set(LANGUAGES)


class TestSharing:
    def test_many_threads_hear_and_say_the_same(self) -> None:
        def work(number: int) -> tuple[str, str, bool]:
            book, language = Phrasebook(), LANGUAGES[number % len(LANGUAGES)]
            moment = book.moment(MONDAY, language, timezone="Europe/Minsk", now=NOW)
            return (
                language,
                book.say("ticket_person", language, ticket="1", due=moment),
                book.is_person_request("agent"),
            )

        with ThreadPoolExecutor(8) as pool:
            results = set(pool.map(work, range(160)))
        assert len(results) == len(LANGUAGES)
        assert all(heard for _, _, heard in results)

    def test_public_names_are_these(self) -> None:
        assert assistant.phrases.__all__ == [
            "Direction",
            "PhraseError",
            "PhraseKey",
            "Phrasebook",
            "ReplyVocabulary",
            "WishVocabulary",
        ]
