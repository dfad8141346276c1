"""Terms of a glossary are found as a reader finds them, never reach an engine, and go out as they were written."""

from __future__ import annotations

import random
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.translation import TranslationUnsafeError
from assistant.translation.glossary import EMPTY, Glossary
from assistant.translation.shield import translate_around
from assistant.translation.verification import find_faults, verify
from knowledge.glossary import GlossaryTerm, make_term

GLOSSARY = Glossary(
    [
        make_term("Vilora"),
        make_term("Vilora Club", {"ru": "Вилора Клуб", "pt": "Clube Vilora", "zh-Hant": "會員"}),
        make_term("OK", case_sensitive=True),
        make_term("US", {"ru": "США"}, case_sensitive=True),
        make_term("us", case_sensitive=True),
        make_term("caf\u00e9"),
        make_term("注文", {"en": "order"}),
        make_term("аб'ект"),
        make_term("C++"),
        make_term("iPhone 15"),
        make_term("plan 5+", {"ru": "тариф 7"}),
    ]
)


def found(text: str, target: str | None = "ru", glossary: Glossary = GLOSSARY) -> list[tuple[str, str]]:
    for span in glossary.find(text, target):
        assert text[span.start : span.end] == span.text
    return [(span.text, span.rendering) for span in glossary.find(text, target)]


@pytest.mark.parametrize(
    ("text", "target", "terms"),
    [
        ("my vilora, VILORA's and Vilora-box", "ru", [("vilora",) * 2, ("VILORA",) * 2, ("Vilora",) * 2]),
        ("Viloras, viloran, aVilora, Vilora5", "ru", []),
        ("the Vilora Club card", "ru", [("Vilora Club", "Вилора Клуб")]),
        ("the vilora club card", "ru-KZ", [("vilora club", "Вилора Клуб")]),
        ("the Vilora\u00a0Club card", "ru", [("Vilora\u00a0Club", "Вилора Клуб")]),
        ("the Vilora Club card", "pt-BR", [("Vilora Club", "Clube Vilora")]),
        ("the Vilora Club card", "zh-TW", [("Vilora Club", "會員")]),
        ("the Vilora Club card", "zh", [("Vilora", "Vilora")]),
        ("the Vilora Club card", "de", [("Vilora", "Vilora")]),
        ("the Vilora Club card", None, [("Vilora", "Vilora")]),
        ("OK, ok, Ok", "de", [("OK", "OK")]),
        ("tell us about the US", "ru", [("us", "us"), ("US", "США")]),
        ("Cafe\u0301, CAFE\u0301 or caf\u00e9", "de", [("Cafe\u0301",) * 2, ("CAFE\u0301",) * 2, ("caf\u00e9",) * 2]),
        ("私の注文です", "en", [("注文", "order")]),
        ("аб’ект і абʼект", "be", [("аб’ект",) * 2, ("абʼект",) * 2]),
        ("C++ and (c++)", "de", [("C++",) * 2, ("c++",) * 2]),
        ("_Vilora_ **Vilora** وVilora לVilora", "de", [("Vilora",) * 2] * 4),
        ("e\u0301Vilora \u0301 Vilora\u0301", "de", []),
        ("", "de", []),
        ("\x00\ud800\ue000", "de", []),
    ],
)
def test_terms_are_found_as_words(text: str, target: str | None, terms: list[tuple[str, str]]) -> None:
    assert found(text, target) == terms


def test_an_empty_glossary_settles_nothing() -> None:
    assert not EMPTY
    assert EMPTY.find("Vilora", "ru") == ()
    assert EMPTY.digest("Vilora", "ru") == ""


def test_the_digest_changes_with_what_is_settled_and_with_nothing_else() -> None:
    text = "Vilora Club, and Vilora."
    more = Glossary([*GLOSSARY.terms, make_term("another"), make_term("Vilora Shop", {"ru": "магазин"})])
    other = Glossary([make_term("Vilora"), make_term("Vilora Club", {"ru": "клуб Вилора"})])
    assert len(GLOSSARY.digest(text, "ru")) == 16
    assert GLOSSARY.digest(text, "ru") == more.digest(text, "ru")
    assert len({glossary.digest(text, target) for glossary in (GLOSSARY, other) for target in ("ru", "pt")}) == 4
    assert GLOSSARY.digest("nothing here", "ru") == ""


@given(st.text(max_size=100), st.sampled_from(["ru", "pt-BR", None]))
def test_any_text_is_searched(text: str, target: str | None) -> None:
    end = 0
    for span in GLOSSARY.find(text, target):
        assert end <= span.start < span.end
        end = span.end


@given(st.text("aеé注V'\u0301ᄀ", max_size=30))
def test_decomposed_texts_hold_the_same_terms(text: str) -> None:
    glossary = Glossary([make_term("é"), make_term("aé"), make_term("注"), make_term("가")])
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert [unicodedata.normalize("NFC", term) for term, _ in found(decomposed, None, glossary)] == [
        term for term, _ in found(composed, None, glossary)
    ]


def test_five_thousand_terms_are_searched_for_in_milliseconds() -> None:
    randomness = random.Random(1)
    words = ["".join(randomness.choices("abcdefghijklmnop", k=randomness.randint(2, 10))) for _ in range(3_000)]
    phrases = {" ".join(randomness.choices(words, k=randomness.randint(1, 4))) for _ in range(6_000)}
    glossary = Glossary(GlossaryTerm(term=phrase, renderings={}) for phrase in sorted(phrases)[:5_000])
    text = " ".join(randomness.choices(words, k=400))[:2_000]
    assert glossary.find(text, "ru")

    def seconds() -> float:
        before = time.process_time()
        glossary.find(text, "ru")
        return time.process_time() - before

    assert min(seconds() for _ in range(5)) < 0.005


def asked_for(text: str, target: str) -> tuple[str, list[str]]:
    asked: list[str] = []

    def reverse(piece: str) -> str:
        asked.append(piece)
        return " ".join(word if word.startswith("XQ") else word[::-1] for word in piece.split())

    translated = translate_around(text, reverse, glossary=GLOSSARY, target_language=target)
    verify(text, translated, target_language=target, glossary=GLOSSARY)
    return translated, asked


def test_engines_never_see_a_term() -> None:
    assert asked_for("open the vilora page", "de") == ("nepo eht vilora egap", ["open the XQ1 page"])


@pytest.mark.parametrize(
    ("text", "goes_out"),
    [
        ("the iPhone 15 costs 15", "eht iPhone 15 stsoc 15"),
        ("the iPhone 15 200 zł", "eht iPhone 15 200 zł"),
        ("see https://vilora.example/Vilora now", "ees https://vilora.example/Vilora won"),
        ("open Vilora.by and Vilora_5", "nepo Vilora.by dna Vilora_5"),
        ("press «Vilora Help» now", "sserp «Vilora Help» won"),
        ("**Vilora** is _Vilora_", "**Vilora** si _Vilora_"),
        ("<b>Vilora</b>, `Vilora`", "<b>Vilora</b>, `Vilora`"),
        ("Vilora", "Vilora"),
        ("a C++ b", "a C++ b"),
    ],
)
def test_a_term_takes_the_place_of_what_it_holds_and_is_part_of_what_holds_it(text: str, goes_out: str) -> None:
    assert asked_for(text, "de")[0] == goes_out


def test_a_rendering_goes_out_as_it_was_written() -> None:
    translated = translate_around(
        "join the Vilora Club for 5, in «Vilora Club»",
        lambda piece: piece.upper(),
        glossary=GLOSSARY,
        target_language="ru",
    )
    assert translated == "JOIN THE Вилора Клуб FOR 5, IN «Вилора Клуб»"


def test_a_rendering_may_hold_another_number() -> None:
    translated = translate_around("take plan 5+ for 10", str.upper, glossary=GLOSSARY, target_language="ru")
    assert translated == "TAKE тариф 7 FOR 10"
    assert find_faults("бяры plan 5+ за 10", "бери тариф 7 за 10", glossary=GLOSSARY, target_language="ru") == ()


@pytest.mark.parametrize(
    ("source", "translated", "fault"),
    [
        ("адкрыйце Vilora тут", "откройте Вилора тут", "1 protected lost (first: 'Vilora')"),
        ("адкрыйце Vilora тут", "откройте Vilora Vilora тут", "1 protected made up (first: 'Vilora')"),
        ("адкрыйце Vilora тут", "откройте Viloraтут", ""),
        ("адкрыйце Vilora тут", "откройте Viloras тут", "1 protected lost (first: 'Vilora')"),
        ("адкрыйце Vilora Club тут", "откройте Vilora Club тут", "1 protected lost (first: 'Вилора Клуб')"),
        ("націсніце «Дадаць» тут", "нажмите «Добавить» тут", "1 protected lost (first: '«Дадаць»')"),
        ("націсніце «Дадаць» тут", "нажмите «Дадаць» «Дадаць» тут", "1 protected made up (first: '«Дадаць»')"),
        ("націсніце «Дадаць» і OK", "нажмите OK и «Дадаць»", "changed places"),
    ],
)
def test_what_became_of_a_term_is_named(source: str, translated: str, fault: str) -> None:
    faults = "; ".join(find_faults(source, translated, target_language="ru", glossary=GLOSSARY))
    assert fault in faults
    assert bool(fault) == bool(faults)


def test_engines_may_use_the_words_of_a_rendering_themselves() -> None:
    source, translated = "у Vilora Club, да клуба", "в Вилора Клуб, до Вилора Клуб"
    assert find_faults(source, translated, target_language="ru", glossary=GLOSSARY) == ()


def test_new_quotation_marks_are_no_damage() -> None:
    assert find_faults("адкрыйце мой заказ 5", "откройте «Мой заказ 5»", target_language="ru") == ()
    with pytest.raises(TranslationUnsafeError):
        verify("адкрыйце мой заказ 5", "откройте «Мой заказ 6»", target_language="ru")
