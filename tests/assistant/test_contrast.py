"""The contrast guard hears order, negations and numbers that an encoder does not, and nothing else."""

from __future__ import annotations

import csv
import time
import tomllib
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.contrast import contrast
from assistant.phrases import Phrasebook

CONTRASTS = Path(__file__).parents[2] / "benchmarks" / "contrasts.csv"
TABLE = tomllib.loads((resources.files("assistant") / "contrast.toml").read_text(encoding="utf-8"))
ORDER, NEGATION, NUMBER = "same_words_other_order", "only_negation_differs", "only_number_differs"


@pytest.mark.parametrize(
    ("question", "wording", "language", "expected"),
    [
        ("Do you ship from Minsk to Berlin?", "Do you ship from Berlin to Minsk?", "en", ORDER),
        ("Can a seller rate a buyer?", "Can a buyer rate a seller?", "en-GB", ORDER),
        ("Do I pay first and then get the goods?", "Do I get the goods first and then pay?", "en", ORDER),
        ("Kann der Verkäufer den Käufer bewerten?", "Kann der Käufer den Verkäufer bewerten?", "de", ORDER),
        ("Может ли продавец оценить покупателя?", "Может ли покупатель оценить продавца?", "ru", ORDER),
        ("Як перавесці грошы з карткі на кашалёк?", "Як перавесці грошы з кашалька на картку?", "be", ORDER),
        ("Jak przelać pieniądze z karty na konto?", "Jak przelać pieniądze z konta na kartę?", "pl", ORDER),
        ("هل يمكن للبائع تقييم المشتري هنا؟", "هل يمكن للمشتري تقييم البائع هنا؟", "ar", ORDER),
        ("先付款再收货吗？", "先收货再付款吗？", "zh", ORDER),
        ("Why was my card charged?", "Why was my card not charged?", "en", NEGATION),
        ("I can't log in", "I can log in", "en", NEGATION),
        ("My card doesn’t work here", "My card works here", "en", NEGATION),
        ("Kann ich ohne Beleg umtauschen?", "Kann ich mit Beleg umtauschen?", "de", NEGATION),
        ("Pourquoi ma carte n'a-t-elle pas été débitée ?", "Pourquoi ma carte a-t-elle été débitée ?", "fr", NEGATION),
        ("Почему не пришёл заказ?", "Почему пришёл заказ?", "ru", NEGATION),
        ("Proč nemohu zaplatit kartou?", "Proč mohu zaplatit kartou?", "cs", NEGATION),
        ("为什么没扣我的钱？", "为什么扣了我的钱？", "zh", NEGATION),
        ("Return within 30 days?", "Return within 60 days?", "en", NUMBER),
        ("خلال 30 يوما", "خلال ٦٠ يوما", "ar", NUMBER),
        ("30日以内に返品できますか", "60日以内に返品できますか", "ja", NUMBER),  # a language of which nothing is known
        ("The iPhone14 case", "The iPhone15 case", "en", NUMBER),
    ],
)
def test_a_turned_meaning_is_told_from_either_side(question: str, wording: str, language: str, expected: str) -> None:
    assert contrast(question, wording, language) == expected
    assert contrast(wording, question, language) == expected


@pytest.mark.parametrize(
    ("question", "wording", "language"),
    [
        ("How do I return an item?", "how do i return an item", "en"),  # the same
        ("Can I pay with a card?", "With a card can I pay?", "en"),  # a part moved as a whole
        ("To Berlin from Minsk do you ship?", "Do you ship from Minsk to Berlin?", "en"),
        ("How to reset my password", "my password how to reset", "en"),
        ("password reset", "reset password", "en"),  # keywords
        ("Can I pay by card or cash?", "Can I pay by cash or card?", "en"),  # either side of "or"
        ("Is it against the regulation of data protection?", "Is it against the data protection regulation?", "en"),
        ("Как картой оплатить заказ в магазине?", "Как оплатить заказ картой в магазине?", "ru"),  # order is free
        ("Нельзя ли вернуть товар?", "Можно ли вернуть товар?", "ru"),  # politeness, not a negation
        ("能不能退货？", "能退货吗？", "zh"),
        ("Does it cost 1,000 dollars?", "Does it cost 1000 dollars?", "en"),
        ("Where is order 4711?", "Where is order?", "en"),  # a number on one side only
        ("Why was my card not charged?", "Why was my account charged?", "en"),  # another word, too
        ("Heb je het gevoel dat je koorts hebt?", "Hebt u het gevoel dat u koorts hebt?", "nl"),  # two forms in one
        ("Why was my card not charged?", "Почему с карты не списали деньги?", "ru"),
        ("Hvorfor ble kortet ikke belastet?", "Hvorfor ble kortet belastet?", "nb"),  # its negators are not known
    ],
)
def test_other_differences_and_none_are_let_pass(question: str, wording: str, language: str) -> None:
    assert contrast(question, wording, language) is None
    assert contrast(wording, question, language) is None


def test_every_language_that_has_contrasts_has_its_negation() -> None:
    negated = {
        "ar": ("وصل الطلب إلى البيت", "لم وصل الطلب إلى البيت"),
        "be": ("Чаму прыйшла замова?", "Чаму не прыйшла замова?"),
        "cs": ("Proč je zboží skladem?", "Proč není zboží skladem?"),
        "de": ("Ist die Ware lieferbar?", "Ist die Ware nicht lieferbar?"),
        "en": ("Is the item in stock?", "Is the item not in stock?"),
        "es": ("¿Puedo pagar con recibo?", "¿Puedo pagar sin recibo?"),
        "fr": ("Puis-je payer avec un compte ?", "Puis-je payer sans un compte ?"),
        "it": ("Perché è arrivato il pacco?", "Perché non è arrivato il pacco?"),
        "nl": ("Is het pakket aangekomen?", "Is het pakket niet aangekomen?"),
        "pl": ("Dlaczego paczka przyszła?", "Dlaczego paczka nie przyszła?"),
        "pt": ("Posso comprar com conta?", "Posso comprar sem conta?"),
        "ro": ("De ce a venit coletul?", "De ce nu a venit coletul?"),
        "ru": ("Можно вернуть с чеком?", "Можно вернуть без чека?"),
        "tr": ("Uygulama çalışıyor mu?", "Uygulama çalışmıyor mu?"),
        "uk": ("Чому прийшло замовлення?", "Чому не прийшло замовлення?"),
        "zh": ("商品有货吗？", "商品没货吗？"),
    }
    assert set(negated) == set(TABLE) <= set(Phrasebook().languages)
    for language, (plain, turned) in negated.items():
        assert contrast(plain, turned, language) == NEGATION, language


def test_no_paraphrase_of_the_contrasts_is_taken_for_its_opposite() -> None:
    with CONTRASTS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {contrast(row["question"], row["same_meaning"], row["language"]) for row in rows} == {None}


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\x00",
        "not\x00not not",
        "\ud800 \udfff not",
        "\u202eto from\u202c",
        "🙂" * 20_000,
        "not " * 5_000,
        "9" * 20_000,
        "a" * 20_000,
        "不" * 20_000,
        "ا" * 900,
        "from a to b " * 80,
    ],
)
@pytest.mark.parametrize("language", ["en", "ar", "cs", "zh", "th", "", "x-\x00"])
def test_hostile_texts_are_compared_like_any_other(text: str, language: str) -> None:
    started = time.perf_counter()
    assert contrast(text, text, language) is None
    assert contrast(text, "How do I return an item?", language) is None
    contrast(text, text[::-1] + "not 5", language)
    contrast(text[:-1] + "5", text + "not", language)
    assert time.perf_counter() - started < 1.0


words = st.sampled_from(
    ["from", "to", "card", "wallet", "not", "without", "30", "60", "the", "and", "send", "\x00", "لا"]
)


@given(
    st.lists(words, max_size=12), st.lists(words, max_size=12), st.sampled_from(["en", "ru", "de", "ar", "zh", "xx"])
)
def test_it_says_the_same_from_either_side_and_nothing_of_equals(
    one: list[str], other: list[str], language: str
) -> None:
    asked, kept = " ".join(one), " ".join(other)
    assert contrast(asked, kept, language) == contrast(kept, asked, language)
    assert contrast(asked, asked, language) is None
