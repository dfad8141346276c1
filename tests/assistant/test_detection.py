from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.detection import Detection, DetectionModelError, Detector, linear
from assistant.detection.langdetect_voter import OWN_PROFILES, LangdetectVoter, load_factory
from assistant.detection.linear import ScriptModel, load_model
from assistant.detection.ngrams import many_ngram_buckets, word_ngram_buckets
from assistant.detection.scripts import SCRIPTS, codes, dominant_script, script_and_purity, scripts_of
from assistant.detection.words import significant_words
from assistant.language import LIKELY
from knowledge.errors import ConfigurationError

SERVED = ("ru", "uk", "be", "en", "es", "de", "fr", "it", "pt", "pl", "tr", "zh", "ja", "ko", "ar")


@pytest.fixture(scope="module")
def latin() -> ScriptModel:
    return load_model().scripts["latin"]


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


@pytest.mark.parametrize("language", ["en", "ru", "be", "uk", "de", "es", "fr", "it", "pt", "pl"])
def test_question_in_capitals_is_read_as_in_small_letters(every: Detector, language: str) -> None:
    question = QUESTIONS[language]
    assert every.detect(question.upper()) == every.detect(question.lower())


def test_decomposed_and_composed_letters_give_the_same_detection(served: Detector) -> None:
    assert served.detect("Gdzie są moje pieniądze") == served.detect("Gdzie są moje pieniądze")


def test_product_names_in_latin_letters_do_not_hide_the_customers_script(served: Detector) -> None:
    assert served.detect("Не работает Microsoft Office Home").language == "ru"


def test_product_names_that_outnumber_the_customers_words_are_not_trusted(served: Detector) -> None:
    assert not served.detect("Не работает Microsoft Office Home and Business").is_trusted


def test_foreign_word_quoted_in_a_sentence_does_not_decide(served: Detector) -> None:
    assert served.detect("How do I say привет in English?").language == "en"


def test_both_chinese_scripts_are_zh_and_traditional_one_is_tagged(served: Detector) -> None:
    traditional, simplified = served.detect("如何更改密碼"), served.detect("如何更改密码")
    assert (traditional.language, traditional.tag) == ("zh", "zh-Hant")
    assert (simplified.language, simplified.tag) == ("zh", "zh")


def test_japanese_in_old_ideographs_is_not_tagged_as_chinese(served: Detector) -> None:
    assert served.detect("國語を勉強したいのですが").tag == "ja"


@pytest.mark.parametrize("text", ["好", "手", "工"])
def test_one_ideograph_that_both_write_is_chinese_and_a_guess(served: Detector, text: str) -> None:
    found = served.detect(text)
    assert (found.language, found.probability < LIKELY) == ("zh", True)


def test_ideograph_that_only_japanese_writes_is_japanese(served: Detector) -> None:
    assert served.detect("払").language == "ja"


def test_question_in_ideographs_of_japan_is_japanese(served: Detector) -> None:
    assert served.detect("注文番号").language == "ja"


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


@pytest.mark.parametrize(
    "text",
    [
        "ok", "OK", "404 error", "refund", "PIN", "error", "online", "Wi-Fi", "hi", "no", "я", "да", "Visa", "eSIM",
        "iPhone 15", "Samsung Galaxy S24", "PlayStation 5", "ThinkPad X1", "Windows 11", "USB-C", "Microsoft Outlook",
    ],
)  # fmt: skip
def test_word_shared_by_many_languages_is_not_likely_any(served: Detector, every: Detector, text: str) -> None:
    assert served.detect(text).probability < LIKELY
    assert every.detect(text).probability < LIKELY


SPEECHLESS = st.one_of(
    st.integers(min_value=0, max_value=10**12).map(str),
    st.from_regex(r"https?://[a-z]{2,12}\.(com|by|de|co\.uk)(/[a-z0-9-]{1,12}){0,3}", fullmatch=True),
    st.from_regex(r"[a-z]{2,10}(\.[a-z]{2,10})?@[a-z]{2,10}\.(com|ru|org)", fullmatch=True),
    st.from_regex(r"[A-Z]{1,3}-?[0-9]{3,9}", fullmatch=True),
    st.from_regex(r"\{[a-z_]{2,12}\}|\{\{ [a-z]{2,9} \}\}|%s|%\([a-z]{2,8}\)s", fullmatch=True),
    st.sampled_from(["😀", "🎉🎉", "👍🏽", "❤️", "🇧🇾", "?", "—", "12:30", "€ 15.99", "+375 29 123-45-67", "#1", "<br>"]),
    st.sampled_from(["PIN", "VPN", "iPhone", "WhatsApp", "Wi-Fi", "USB", "404", "PayPal"]),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(SPEECHLESS, min_size=1, max_size=6))
def test_numbers_links_codes_marks_and_names_say_nothing_about_language(parts: list[str]) -> None:
    assert Detector(SERVED).detect(" ".join(parts)).probability < LIKELY


@settings(max_examples=60, deadline=None)
@given(st.lists(SPEECHLESS, min_size=1, max_size=3), st.sampled_from(["uk", "ru", "de", "pl", "es"]))
def test_what_says_nothing_does_not_turn_a_question(parts: list[str], language: str) -> None:
    found = Detector(SERVED).detect(f"{' '.join(parts)} {QUESTIONS[language]} {' '.join(parts)}")
    assert found.language == language


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


OWN_PROFILES_SAY = {
    "be": "дзе мая замова і калі яе прывязуць",
    "hy": "որտե՞ղ է իմ պատվերը և ե՞րբ կստանամ այն",
    "ka": "სად არის ჩემი შეკვეთა და როდის მივიღებ",
    "kk": "менің тапсырысым қайда және қашан келеді",
    "sr": "где је моја поруџбина и када стиже",
}


@pytest.mark.parametrize(("language", "text"), OWN_PROFILES_SAY.items())
def test_langdetect_knows_languages_it_lacks_by_our_profiles(language: str, text: str) -> None:
    factory = load_factory([*OWN_PROFILES_SAY, "bg", "en", "mk", "ru", "uk"])
    voter = factory.create()
    voter.append(text)
    first = voter.get_probabilities()[0]
    assert (first.lang, first.prob > 0.9) == (language, True)


@pytest.mark.parametrize("language", OWN_PROFILES_SAY)
def test_our_profiles_are_in_langdetects_format(language: str) -> None:
    profile = json.loads((OWN_PROFILES / f"{language}.json").read_text(encoding="utf-8"))
    assert set(profile) == {"name", "freq", "n_words"}
    assert profile["name"] == language
    assert len(profile["n_words"]) == 3
    assert {len(gram) for gram in profile["freq"]} == {1, 2, 3}
    assert all(gram == gram.lower() for gram in profile["freq"])
    for size in (1, 2, 3):
        counted = sum(count for gram, count in profile["freq"].items() if len(gram) == size)
        assert 0.9 * profile["n_words"][size - 1] < counted <= profile["n_words"][size - 1]


def test_language_without_profile_cannot_be_loaded() -> None:
    with pytest.raises(FileNotFoundError):
        load_factory(["tlh"])


def test_voter_leaves_langdetects_global_factory_alone() -> None:
    from langdetect import detector_factory

    votes = LangdetectVoter(("be", "ru", "uk")).probabilities(["дзе", "замова", "калі"], "cyrillic", ["ru", "be", "uk"])
    assert votes is not None
    assert detector_factory.DetectorFactory.seed is None
    assert detector_factory._factory is None


def test_langdetect_abstains_on_languages_that_it_does_not_vote_on() -> None:
    votes = LangdetectVoter(("be", "ky", "ru")).probabilities(["кайда", "где"], "cyrillic", ["be", "ky", "ru"])
    assert votes is not None
    assert [vote is None for vote in votes] == [False, True, False]
    assert LangdetectVoter(("ky", "ru")).probabilities(["где"], "cyrillic", ["ky", "ru"]) is None


def test_answers_do_not_depend_on_what_was_asked_before(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [*QUESTIONS.values(), *QUESTIONS_ELSEWHERE.values(), "музей", "total", "where where where", "wo ist wo"]
    detector = Detector()
    expected = {text: repr(detector.detect(text)) for text in texts}
    monkeypatch.setattr(linear, "_REMEMBERED", 5)
    shuffled = random.Random(3)
    for _ in range(5):
        shuffled.shuffle(texts)
        assert {text: repr(detector.detect(text)) for text in texts} == expected


def test_what_is_remembered_is_bounded(latin: ScriptModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "_REMEMBERED", 100)
    model = latin
    for number in range(500):
        model.scores([f"word{chr(97 + number % 26)}{chr(97 + number // 26)}", "a" * 600])
    assert len(model._remembered) <= 100
    assert max(map(len, model._remembered)) <= 32


def test_threads_that_push_each_others_words_out_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    detector = Detector(SERVED)
    texts = [*QUESTIONS.values(), "total", "refund", "форум"]
    expected = [detector.detect(text) for text in texts]
    monkeypatch.setattr(linear, "_REMEMBERED", 3)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: [detector.detect(text) for text in texts], range(24)))
    assert all(result == expected for result in results)


def test_sums_of_several_words_are_those_of_each_alone(latin: ScriptModel) -> None:
    words = ["quibbling", "zanahorias", "schlüssel", "qx"]
    size, sums = latin.sums(words)
    latin._remembered.clear()
    alone = [latin.sums([word]) for word in words]
    assert size == sum(count for count, _ in alone)
    assert (sums == sum(part for _, part in alone)).all()


def test_word_on_a_list_gains_and_one_on_none_does_not(latin: ScriptModel) -> None:
    classes = len(latin.languages)
    _, listed = latin.sums(["programas"])
    _, unlisted = latin.sums(["programasxq"])
    assert not unlisted[classes:].any()
    assert min(listed[classes + latin.languages.index(code)] for code in ("es", "pt")) > 0
    assert listed[classes + latin.languages.index("pl")] == 0


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


def test_megabytes_are_answered_at_once(served: Detector) -> None:
    served.detect("warm up")
    began = time.perf_counter()
    for text in ("где мой заказ " * 80_000, "a" * 1_000_000, "<" * 1_000_000, "漢字" * 500_000):
        served.detect(text)
    assert time.perf_counter() - began < 2.0


def test_dressed_up_letters_are_read(served: Detector) -> None:
    assert served.detect("ｗｈｅｒｅ ｉｓ ｍｙ ｏｒｄｅｒ").language == "en"


def test_long_text_costs_no_more_than_a_page(served: Detector) -> None:
    assert sum(map(len, significant_words("где мой заказ " * 80_000))) <= 600


HOSTILE_WORDS = ["how", "a", "привет", "漢字", "x" * 600, "\U0001d41a\U0010ffff", "\ud800a", "don't", "\x00"]


@pytest.mark.parametrize(("longest", "bits"), [(6, 20), (5, 17), (3, 17)])
def test_words_hash_alone_as_in_texts(longest: int, bits: int) -> None:
    texts = [HOSTILE_WORDS, *([word] for word in HOSTILE_WORDS), ["how", "do", "i"]]
    buckets, owners = many_ngram_buckets([f" {' '.join(words)} " for words in texts], longest=longest, bits=bits)
    for number, words in enumerate(texts):
        alone, sizes = word_ngram_buckets(words, longest=longest, bits=bits)
        assert sorted(buckets[owners == number].tolist()) == sorted(alone.tolist())
        assert sizes == [word_ngram_buckets([word], longest=longest, bits=bits)[1][0] for word in words]
        assert len(alone) == sum(sizes)


def test_ngram_hashes_are_those_the_shipped_weights_were_trained_with() -> None:
    buckets, sizes = word_ngram_buckets(["ab"], longest=3, bits=20)
    assert sorted(buckets.tolist()) == [60610, 112156, 112730, 193203, 285726, 502498, 612827]
    assert sizes == [7]


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="aZß жЯ٠شک漢かz한", max_size=12))
def test_script_is_found_at_once_as_it_is_by_counting(text: str) -> None:
    known = scripts_of(codes(text))
    letters = {SCRIPTS[number] for number in known.tolist()} - {"none"}
    script, pure = script_and_purity(text)
    assert (script == "none") == (not letters)
    if letters <= {"latin", "cyrillic", "arabic"} and letters:
        assert (script in letters, pure) == (True, len(letters) == 1)


def test_listed_word_of_many_languages_gains_in_each_as_listed(latin: ScriptModel) -> None:
    table = latin.words
    assert {last - first for first, last in pairwise(table.starts)} == {1, 2, 3, 4, 5, len(latin.languages)}
    gains = table.of(["can", "canxq", "programas", ""])
    assert np.count_nonzero(gains[0]) == 32
    assert not gains[[1, 3]].any()
    assert {latin.languages[column] for column in np.flatnonzero(gains[2])} >= {"es", "pt"}


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
