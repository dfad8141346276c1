from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.analysis import analysis_id, normal_form, query_terms, stemmed_languages, terms


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "Returning parcels", "return parcel"),
        ("de", "Bestellungen", "Bestellung"),
        ("de", "größe", "GROSSE"),
        ("ru", "возврата товаров", "возврат товара"),
        ("ru", "счёт", "счет"),
        ("uk", "повернення", "повернути"),
        ("be", "вяртання тавару", "вяртанне тавараў"),
        ("be", "аб’ява", "аб'ява"),
        ("be", "абʼява", "аб'ява"),
        ("es", "devoluciones", "devolución"),
        ("tr", "İADE", "iade"),
        ("tr", "nasıl", "nasil"),
        ("pl", "Łódź", "lodz"),
        ("fr", "Où est l’été", "ou est l'ete"),
        ("ar", "مُحَمَّد", "محمد"),
        ("he", "שָׁלוֹם", "שלום"),
        ("el", "ΟΔΟΣ", "οδός"),
        ("hi", "वापसी", "वापसी\u200d"),
        ("de", "Ver\u00adsand", "Versand"),
        ("en", "ﬁne ＡＢＣ", "fine abc"),
        ("en-GB", "refunds", "refund"),
    ],
)
def test_forms_of_a_word_share_their_terms(language: str, one: str, other: str) -> None:
    assert terms(one, language) == terms(other, language) != []


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Where is my order?", ["where", "is", "my", "order"]),
        ("be", "Дзе мой заказ?", ["дзе", "мои", "заказ"]),
        ("be", "Прыватныя аб'явы", ["прыва", "абявы"]),
        ("zh", "如何退款", ["如何", "何退", "退款"]),
        ("ja", "返金はいつ", ["返金", "金は", "はい", "いつ"]),
        ("ko", "환불은 어떻게", ["환불", "불은", "어떻", "떻게"]),
        ("th", "คืนเงิน", ["คื", "ืน", "นเ", "เง", "งิ", "ิน"]),
        ("zh", "退", ["退"]),
        ("zh", "退款 PayPal orders", ["退款", "paypal", "order"]),
        ("en", "退款 orders", ["退款", "order"]),
        ("bn", "রিফান্ড", ["রিফান"]),
        ("ru", "статус VL-204815", ["статус", "vl", "204815"]),
        ("uk", "замовлення VL204815X", ["замов", "vl204815x"]),
        ("en", "a_b C++ 50%", ["a", "b", "c", "50"]),
        (None, "orders order", ["order", "order"]),
        ("xx", "Bestellungen", ["beste"]),
    ],
)
def test_terms_of(language: str | None, text: str, expected: list[str]) -> None:
    assert terms(text, language) == expected


@pytest.mark.parametrize(("one", "other"), [("कि", "की"), ("দিন", "দান"), ("நீ", "நா")])
def test_vowel_signs_make_other_words(one: str, other: str) -> None:
    assert normal_form(one) != normal_form(other)
    assert normal_form(one) == one


@pytest.mark.parametrize("text", ["", "   ", "?!", "🙂👍🏽", "\x00\x07", "\ud800", "\u200d\u00ad", "،؟"])
def test_a_text_without_words_has_no_terms(text: str) -> None:
    assert terms(text, "en") == []
    assert normal_form(text) == ""


@given(st.text(st.characters(), max_size=60), st.sampled_from(["en", "be", "hi", "tr", "ar", "ja", None]))
def test_any_text_has_lower_case_terms_without_blanks_or_signs(text: str, language: str | None) -> None:
    for term in terms(text, language):
        assert term
        assert not any(character.isspace() for character in term)
        assert term == term.casefold()
        term.encode()


@given(st.text(max_size=40))
def test_the_normal_form_of_a_normal_form_is_itself(text: str) -> None:
    assert normal_form(normal_form(text)) == normal_form(text)


def test_huge_texts_take_no_longer_than_long_ones() -> None:
    assert terms("слова " * 1_000_000, "ru") == ["слов"] * 400
    assert terms("x" * 1_000_000, "en") == ["x" * 40]
    assert len(terms("退" * 1_000_000, "zh")) == 400


@given(st.text(alphabet=st.characters(max_codepoint=0x7F), max_size=60))
def test_plain_text_has_the_normal_form_that_it_has_among_other_signs(text: str) -> None:
    assert normal_form(text) == normal_form(f"¿{text}")


def test_questions_that_differ_in_case_signs_spaces_and_diacritics_have_one_normal_form() -> None:
    assert normal_form("  WO ist\u00a0 meine Größe?!") == normal_form("wo ist meine grosse") == "wo ist meine grosse"
    assert normal_form("Ｗhere?") == "where"
    assert normal_form("Што з маім заказам") != normal_form("Што з вашым заказам")


def test_a_question_is_read_in_each_of_its_languages_without_repeats() -> None:
    assert query_terms("orders orders", ["en", "be"]) == ["order"]
    assert query_terms("заказаў заказаў", ["be", "ru"]) == ["заказ", "заказау"]
    assert query_terms("orders", []) == terms("orders", None)


def test_languages_without_a_stemmer_are_not_called_stemmed() -> None:
    assert {"en", "ru", "de", "ar", "fi"} <= stemmed_languages()
    assert not {"be", "uk", "zh", "ja", "th", "bn"} & stemmed_languages()


def test_the_analysis_is_named_with_the_stemmers_version() -> None:
    version, stemmers = analysis_id().split("/")
    assert int(version) >= 2
    assert stemmers[0].isdigit()


def test_threads_stem_alike() -> None:
    words = [f"возвращение{n % 7} returns{n % 5} bestellungen" for n in range(400)]

    def analyse(language: str) -> list[list[str]]:
        return [terms(word, language) for word in words]

    languages = ["ru", "en", "de", "fr"] * 4
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(analyse, languages))
    assert together == [analyse(language) for language in languages]
