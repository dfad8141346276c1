from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.detection import TRUSTED_PROBABILITY, Detection, DetectionModelError, Detector
from assistant.detection.langdetect_voter import LangdetectVoter
from assistant.detection.linear import load_model
from assistant.detection.ngrams import many_ngram_buckets, ngram_buckets
from assistant.detection.scripts import dominant_script
from assistant.detection.words import significant_words
from knowledge.errors import ConfigurationError

SERVED = ("ru", "uk", "be", "en", "es", "de", "fr", "it", "pt", "pl", "tr", "zh", "ja", "ko", "ar")

QUESTIONS = {
    "en": "How do I change my delivery address?",
    "ru": "Как изменить адрес доставки?",
    "be": "Дзе мая замова і калі яе прывязуць?",
    "uk": "Як повернути гроші за замовлення?",
    "de": "Wo ist meine Bestellung?",
    "es": "¿Dónde está mi pedido?",
    "fr": "Comment puis-je retourner un article ?",
    "it": "Come posso cambiare la mia password?",
    "pt": "Onde está a minha encomenda?",
    "pl": "Gdzie jest moja paczka?",
    "tr": "Siparişim nerede, ne zaman gelecek?",
    "zh": "我的订单在哪里？",
    "ja": "注文をキャンセルしたいのですが",
    "ko": "제 주문은 어디에 있나요?",
    "ar": "أين طلبي ومتى سيصل؟",
}
QUESTIONS_ELSEWHERE = {
    "nl": "Waar blijft mijn bestelling?",
    "cs": "Jak mohu změnit své heslo?",
    "ro": "Cum îmi pot schimba parola?",
    "sv": "Hur byter jag lösenord på mitt konto?",
    "fi": "Missä tilaukseni on?",
    "hu": "Hol van a rendelésem?",
    "vi": "Làm thế nào để đổi mật khẩu?",
    "id": "Bagaimana cara mengubah alamat pengiriman?",
    "fa": "سفارش من کجاست و کی می‌رسد؟",
    "el": "Πού είναι η παραγγελία μου;",
    "he": "איפה ההזמנה שלי?",
    "hi": "मेरा ऑर्डर कहाँ है?",
    "th": "คำสั่งซื้อของฉันอยู่ที่ไหน",
    "ka": "სად არის ჩემი შეკვეთა?",
    "hy": "Որտե՞ղ է իմ պատվերը:",
    "kk": "Менің тапсырысым қайда?",
    "bg": "Къде е моята поръчка?",
}


@pytest.fixture(scope="module")
def served() -> Detector:
    return Detector(SERVED)


@pytest.fixture(scope="module")
def every() -> Detector:
    return Detector()


@pytest.mark.parametrize(("language", "question"), QUESTIONS.items())
def test_question_of_a_served_language_is_identified_and_trusted(
    served: Detector, language: str, question: str
) -> None:
    found = served.detect(question)
    assert (found.language, found.is_trusted) == (language, True)


@pytest.mark.parametrize(("language", "question"), [*QUESTIONS.items(), *QUESTIONS_ELSEWHERE.items()])
def test_question_is_identified_among_all_languages(every: Detector, language: str, question: str) -> None:
    assert every.detect(question).language == language


def test_capitals_do_not_change_the_language(served: Detector) -> None:
    assert served.detect("WO IST MEIN PAKET").language == "de"
    assert served.detect("ГДЕ МОЙ ЗАКАЗ").language == "ru"


def test_decomposed_and_composed_letters_give_the_same_detection(served: Detector) -> None:
    assert served.detect("Gdzie są moje pieniądze") == served.detect("Gdzie są moje pieniądze")


def test_product_names_in_latin_letters_do_not_hide_the_customers_script(served: Detector) -> None:
    assert served.detect("Не работает Microsoft Office Home").language == "ru"


def test_product_names_that_outnumber_the_customers_words_are_not_trusted(served: Detector) -> None:
    assert not served.detect("Не работает Microsoft Office Home and Business").is_trusted


def test_foreign_word_quoted_in_a_sentence_does_not_decide(served: Detector) -> None:
    assert served.detect("How do I say привет in English?").language == "en"


def test_both_chinese_scripts_are_zh(served: Detector) -> None:
    assert served.detect("如何更改密碼").language == "zh"
    assert served.detect("如何更改密码").language == "zh"


@pytest.mark.parametrize(
    "text",
    [
        "", " \n\t", "VL-204815", "12345", "https://example.com/where/is/my/order?id=1", "me@example.com",
        "😀😀🎉", "?!…", "{user_name}", "<br><b></b>", "%s %(name)s $HOME", "report_2024_final.pdf", "PIN", ":smile:",
        "+375 29 123-45-67",
    ],
)  # fmt: skip
def test_text_without_words_says_nothing(served: Detector, text: str) -> None:
    assert served.detect(text) == Detection(language=None, probability=0.0, ranked=(), by="nothing")


@pytest.mark.parametrize("text", ["ok", "404 error", "refund", "error", "online", "Wi-Fi", "total", "hi", "no", "я"])
def test_word_shared_by_many_languages_is_not_trusted(served: Detector, every: Detector, text: str) -> None:
    assert served.detect(text).probability < TRUSTED_PROBABILITY
    assert every.detect(text).probability < TRUSTED_PROBABILITY


def test_language_nobody_serves_is_not_trusted() -> None:
    narrow = Detector(("en", "de"))
    for text in (QUESTIONS["pl"], QUESTIONS_ELSEWHERE["hu"], QUESTIONS["ru"]):
        assert not narrow.detect(text).is_trusted
    assert narrow.detect(QUESTIONS["ru"]).language is None


def test_links_codes_and_names_around_a_question_do_not_change_the_answer(served: Detector) -> None:
    bare = served.detect("где мой заказ")
    dressed = served.detect("где мой заказ VL-204815? https://shop.example.com/orders/view?id=7 me@mail.example.com 😀")
    assert (dressed.language, dressed.probability) == (bare.language, bare.probability)


def test_candidates_are_only_the_served_languages() -> None:
    found = Detector(("ru", "be")).detect("Як повернути гроші")
    assert {language for language, _ in found.ranked} <= {"ru", "be"}


def test_ranking_is_descending_and_begins_with_the_answer(served: Detector) -> None:
    found = served.detect("museum")
    probabilities = [probability for _, probability in found.ranked]
    assert found.ranked[0] == (found.language, found.probability)
    assert probabilities == sorted(probabilities, reverse=True)
    assert len(found.ranked) <= 5
    assert sum(probabilities) <= 1.001


def test_codes_are_understood_by_their_language() -> None:
    assert Detector(("no", "pt-BR", "zh_Hant", "xx")).languages == ("nb", "pt", "zh")


def test_no_known_language_is_refused_with_the_choice() -> None:
    with pytest.raises(ConfigurationError, match=r"got \['tlh'\].*choose from: ar, az"):
        Detector(("tlh",))


def test_low_margin_asks_langdetect_and_says_so(served: Detector) -> None:
    voters = {served.detect(word).by for word in ("музей", "форум", "структура", "закона", "конкретного")}
    assert "ngrams+langdetect" in voters


def test_clear_question_does_not_load_langdetect() -> None:
    script = (
        "import sys; from assistant.detection import Detector; "
        f"d = Detector({SERVED!r}); [d.detect(q) for q in {tuple(QUESTIONS.values())!r}]; "
        "print(sorted({'langdetect', 'torch', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_langdetect_knows_belarusian_and_leaves_the_global_factory_alone() -> None:
    from langdetect import detector_factory

    voter = LangdetectVoter(("be", "ru", "uk"))
    votes = voter.probabilities(["дзе", "мая", "замова", "і", "калі"], "cyrillic", ["ru", "be", "uk"])
    assert votes is not None
    russian, belarusian, ukrainian = (vote or 0.0 for vote in votes)
    assert belarusian > max(russian, ukrainian)
    assert detector_factory.DetectorFactory.seed is None
    assert detector_factory._factory is None


def test_langdetect_abstains_on_languages_without_profile() -> None:
    votes = LangdetectVoter(("be", "kk", "ru")).probabilities(["қайда", "где"], "cyrillic", ["be", "kk", "ru"])
    assert votes is not None
    assert [vote is None for vote in votes] == [False, True, False]
    assert LangdetectVoter(("kk", "ru")).probabilities(["где"], "cyrillic", ["kk", "ru"]) is None


def test_detection_is_the_same_every_time_in_threads_and_in_other_processes(served: Detector) -> None:
    texts = [*QUESTIONS.values(), "музей", "total", "refund", "форум", "закона"]
    expected = [served.detect(text) for text in texts]
    fresh = Detector(SERVED)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: [fresh.detect(text) for text in texts], range(8)))
    assert all(result == expected for result in results)
    script = (
        f"from assistant.detection import Detector; d = Detector({SERVED!r}); "
        f"print([(d.detect(t).language, d.detect(t).probability) for t in {texts!r}])"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, env=environment)
    assert done.stdout.strip() == str([(found.language, found.probability) for found in expected])


@pytest.mark.parametrize(
    "text",
    [
        "\x00\x00", "\ud800", "где \udfff заказ", "‮‭‏‎", "‮where is my order‬", "a" * 1_000_000, "ж" * 1_000_000,
        "где мой заказ " * 80_000, "<" * 100_000, "{" * 100_000, "a." * 50_000, "@" * 100_000, "_a" * 50_000,
        "\U0010ffff" * 1_000, "한" * 10_000, "漢" * 10_000, "e" + "\u0301" * 100_000, "'" * 1_000, "a'" * 100_000,
        "где order 漢字 かな 한글 שלום", "𝐖𝐡𝐞𝐫𝐞 𝐢𝐬 𝐦𝐲 𝐨𝐫𝐝𝐞𝐫", "ｗｈｅｒｅ ｉｓ ｍｙ ｏｒｄｅｒ", "ﷺ" * 5_000,
    ],
)  # fmt: skip
def test_hostile_text_never_raises(served: Detector, text: str) -> None:
    found = served.detect(text)
    assert found.language is None or found.language in SERVED
    assert 0.0 <= found.probability <= 1.0


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(), max_size=60))
def test_any_text_gives_a_probability_and_a_served_language(text: str) -> None:
    detector = Detector(SERVED)
    found = detector.detect(text)
    assert found.language is None or found.language in SERVED
    assert 0.0 <= found.probability <= 1.0
    assert found == detector.detect(text)


def test_dressed_up_letters_are_read(served: Detector) -> None:
    assert served.detect("ｗｈｅｒｅ ｉｓ ｍｙ ｏｒｄｅｒ").language == "en"


def test_long_text_costs_no_more_than_a_page(served: Detector) -> None:
    assert sum(map(len, significant_words("где мой заказ " * 80_000))) <= 600


def test_many_texts_hash_as_each_does_alone() -> None:
    texts = [" how do i ", " a ", " ab c ", " привет мир ", " 漢字 "]
    buckets, owners = many_ngram_buckets(texts, longest=6, bits=20)
    for number, text in enumerate(texts):
        alone = ngram_buckets(text, longest=6, bits=20)
        assert sorted(buckets[owners == number].tolist()) == sorted(alone.tolist())


def test_ngram_hashes_are_those_the_shipped_weights_were_trained_with() -> None:
    assert ngram_buckets(" ab ", longest=3, bits=20).tolist() == [60610, 502498, 193203, 612827, 112730, 112156, 285726]


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("order", "latin"), ("", "none"), ("заказ", "cyrillic"), ("漢字", "han"), ("食べる", "kana"),
        ("주문", "hangul"), ("שלום", "hebrew"), ("สวัสดี", "thai"), ("გამარჯობა", "georgian"),
    ],
)  # fmt: skip
def test_dominant_script(text: str, script: str) -> None:
    assert dominant_script(text) == script


def test_missing_or_damaged_model_is_reported_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(DetectionModelError, match="reinstall"):
        load_model(tmp_path / "none.npz")
    damaged = tmp_path / "damaged.npz"
    damaged.write_bytes(b"PK\x03\x04 not an archive")
    with pytest.raises(DetectionModelError, match="found none that can be read"):
        load_model(damaged)


def test_serbian_in_latin_letters_says_so_and_other_languages_do_not(served: Detector) -> None:
    serbian = Detector(("sr", "ru", "de"))
    latin = serbian.detect("Gde je moja porudžbina i kada stiže?")
    cyrillic = serbian.detect("Где је моја поруџбина и када стиже?")
    assert (latin.language, latin.tag) == ("sr", "sr-Latn")
    assert (cyrillic.language, cyrillic.tag) == ("sr", "sr")
    assert served.detect("Wo ist meine Bestellung?").tag == "de"
    assert served.detect("12345").tag is None
