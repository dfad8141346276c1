"""The ladder over whole dialogues: when a conversation changes its language, and when it keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.detection import Detection, Detector
from assistant.language import LanguageVerdict, Turn, identify, identify_read, says_little
from assistant.phrases import Phrasebook
from assistant.wish import language_wish

SPOKEN = Phrasebook().languages


@cache
def detector() -> Detector:
    return Detector()


def detection(tag: str | None, probability: float) -> Detection:
    language, _, script = (tag or "").partition("-")
    ranked = ((language, probability),) if language else ()
    return Detection(
        language=language or None, probability=probability, ranked=ranked, by="test", script=script or None
    )


@dataclass
class Past:
    """What the ledger has of a message."""

    question: str
    language: str
    detected_language: str | None
    detected_probability: float
    response: str


@dataclass
class Dialogue:
    """A conversation as the assistant holds it: each message knows the stored ones before it."""

    locale: str | None = None
    channel: str | None = None
    default: str = "en"
    past: list[Past] = field(default_factory=list)

    def say(self, text: str, found: Detection | None = None, requested: str | None = None) -> LanguageVerdict:
        wish = language_wish(text, spoken=SPOKEN)
        question = text if wish is None else wish.rest
        verdict = identify(
            question,
            (detector().detect(question) if found is None else found),
            requested=requested,
            wish=None if wish is None else wish.language,
            history=Turn.all_of(self.past),
            locale=self.locale,
            channel=self.channel,
            default=self.default,
        )
        language = {"code": verdict.code, "source": verdict.source} | ({"wished": True} if verdict.is_wished else {})
        row = Past(
            question=text,
            language=verdict.code,
            detected_language=verdict.detection.tag,
            detected_probability=verdict.detection.probability,
            response=orjson.dumps({"message": f'"source":"requested" {text}', "language": language}).decode(),
        )
        self.past.insert(0, row)
        return verdict


Message = tuple[str, str | None, float, str]
"""A text, the tag and probability that are detected, and the language it is answered in."""

DIALOGUES: dict[str, tuple[dict[str, str], list[Message]]] = {
    "one English-looking word flips nothing": (
        {"default": "ru"},
        [
            ("где мой заказ номер пять", "ru", 0.99, "ru"),
            ("refund", "en", 0.95, "ru"),
            ("когда придёт", "ru", 0.9, "ru"),
        ],
    ),
    "one long sure message changes the language": (
        {},
        [
            ("where is my order", "en", 0.99, "en"),
            ("а когда мне вернут деньги", "ru", 0.99, "ru"),
            ("ok", "en", 0.4, "ru"),
        ],
    ),
    "a long doubtful one does not, two do": (
        {},
        [
            ("where is my order", "en", 0.99, "en"),
            ("kje je moje narocilo zdaj", "sl", 0.8, "en"),
            ("in kdaj pride", "sl", 0.6, "sl"),
        ],
    ),
    "of two that agree neither may be doubtful": (
        {},
        [
            ("where is my order", "en", 0.99, "en"),
            ("moje narocilo", "sl", 0.4, "en"),
            ("kdaj pride narocilo", "sl", 0.8, "en"),
            ("kje je narocilo", "sl", 0.45, "en"),
        ],
    ),
    "thanks are no second message": (
        {},
        [
            ("where is my order", "en", 0.99, "en"),
            ("где заказ", "ru", 0.9, "en"),
            ("спасибо большое", "ru", 0.98, "en"),
            ("когда придёт", "ru", 0.9, "ru"),
        ],
    ),
    "two must agree": (
        {},
        [
            ("where is my order", "en", 0.99, "en"),
            ("moje narocilo", "sl", 0.8, "en"),
            ("moja posylka", "ru", 0.7, "en"),
            ("gdje je paket", "hr", 0.6, "en"),
        ],
    ),
    "what says nothing stands between no two that agree": (
        {},
        [
            ("where is my order", "en", 0.99, "en"),
            ("wo bleibt es", "de", 0.8, "en"),
            ("PIN 1234", None, 0.0, "en"),
            ("ok", "en", 0.5, "en"),
            ("und wann", "de", 0.7, "de"),
        ],
    ),
    "short replies change nothing however often": (
        {},
        [
            ("where is my order", "en", 0.99, "en"),
            ("да", "ru", 0.6, "en"),
            ("да", "ru", 0.6, "en"),
            ("спасибо", "ru", 0.95, "en"),
            ("спасибо большое", "ru", 0.98, "en"),
        ],
    ),
    "Chinese is long in few characters": (
        {},
        [
            ("where is my order", "en", 0.99, "en"),
            ("我上周买的商品怎么退货", "zh", 0.99, "zh"),
            ("好的", "zh", 0.99, "zh"),
        ],
    ),
    "two characters are not long": (
        {},
        [("where is my order", "en", 0.99, "en"), ("退货", "zh", 0.99, "en")],
    ),
    "codes and links are no words": (
        {},
        [("where is my order", "en", 0.99, "en"), ("Bestellung 4412 https://x.de/a AB-12 @max", "de", 0.95, "en")],
    ),
    "a title in Latin letters does not make a message English": (
        {"default": "ko"},
        [
            ("주문한 책은 언제 오나요", "ko", 0.99, "ko"),
            ("누가 Hello Darkness My Old Friend", "en", 0.99, "ko"),
            ("hello darkness my old friend", "en", 0.99, "en"),
        ],
    ),
    "a name in Cyrillic keeps nobody from English": (
        {},
        [
            ("où est ma commande", "fr", 0.99, "fr"),
            ("where is my order for Пётр please", "en", 0.95, "en"),
        ],
    ),
    "Malay is not left for Indonesian": (
        {"locale": "ms-MY"},
        [
            ("di mana pesanan saya sekarang", "ms", 0.9, "ms-MY"),
            ("bila pesanan saya akan sampai", "id", 0.99, "ms-MY"),
        ],
    ),
    "a wish holds whatever is written": (
        {},
        [
            ("где мой заказ номер пять", "ru", 0.99, "ru"),
            ("English please", None, 0.0, "en"),
            ("и всё-таки где мой заказ", "ru", 0.99, "en"),
            ("когда его привезут ко мне домой", "ru", 0.99, "en"),
            ("ответьте мне когда будет доставка", "ru", 0.99, "en"),
        ],
    ),
    "until another wish": (
        {},
        [
            ("English please", None, 0.0, "en"),
            ("где мой заказ номер пять", "ru", 0.99, "en"),
            ("по-русски, пожалуйста: где мой заказ", "ru", 0.99, "ru"),
            ("where is my order, I ask again", "en", 0.99, "ru"),
            ("auf Deutsch bitte", None, 0.0, "de"),
        ],
    ),
    "a wish is above the customer's settings": (
        {"locale": "de-DE"},
        [("wo ist mein Paket geblieben", "de", 0.99, "de-DE"), ("English please", None, 0.0, "en")],
    ),
    "a customer's region is kept": (
        {"locale": "pt-BR"},
        [
            ("quero devolver meu pedido", "pt", 0.99, "pt-BR"),
            ("where can I return my order", "en", 0.99, "en"),
            ("quero devolver o pedido hoje mesmo", "pt", 0.99, "pt-BR"),
            ("English please", None, 0.0, "en"),
            ("em português, por favor", None, 0.0, "pt-BR"),
        ],
    ),
    "a customer of Taiwan reads traditional letters": (
        {"locale": "zh-TW"},
        [
            ("可以吗", "zh", 0.9, "zh-Hant"),
            ("what about my order now", "en", 0.99, "en"),
            ("我上周买的商品怎么退货", "zh", 0.99, "zh-Hant"),
        ],
    ),
    "Norwegian has two standards": (
        {"locale": "nn-NO"},
        [
            ("kvar er pakken min no", "nb", 0.99, "nn-NO"),
            ("jeg vil returnere varen min", "nb", 0.99, "nn-NO"),
            ("where is my parcel now", "en", 0.99, "en"),
            ("jeg vil returnere varen min", "nb", 0.99, "nn-NO"),
        ],
    ),
    "no means Bokmål": (
        {"locale": "no-NO"},
        [("hvor er pakken min nå", "nb", 0.99, "nb-NO")],
    ),
    "Bosnian is not left for its neighbours": (
        {"locale": "bs-BA"},
        [
            ("gdje je moja pošiljka sada", "hr", 0.99, "bs-BA"),
            ("kada će stići moja pošiljka", "sr-Latn", 0.99, "bs-BA"),
        ],
    ),
    "Serbian stays in the letters it is written in": (
        {},
        [
            ("gde je moja pošiljka sada", "sr-Latn", 0.95, "sr-Latn"),
            ("kada stiže", "sr-Latn", 0.8, "sr-Latn"),
            ("хвала", "sr", 0.8, "sr-Latn"),
            ("када стиже моја пошиљка у Београд", "sr", 0.99, "sr"),
            ("a kada stiže", "sr-Latn", 0.7, "sr"),
            ("gde je pošiljka", "sr-Latn", 0.7, "sr-Latn"),
        ],
    ),
    "letters that both Chinese scripts have change neither": (
        {},
        [
            ("請問我上週買的商品怎麼退貨", "zh-Hant", 0.99, "zh-Hant"),
            ("你好 我的商品什么 在哪里 可以", "zh", 0.99, "zh-Hant"),
        ],
    ),
    "traditional letters are answered in traditional letters": (
        {"locale": "zh"},
        [("你好", "zh", 0.99, "zh"), ("請問我上週買的商品怎麼退貨", "zh-Hant", 0.99, "zh-Hant")],
    ),
    "a wish for Chinese is answered in the letters of the question": (
        {},
        [("用中文: 請問怎麼退貨", "zh-Hant", 0.99, "zh-Hant")],
    ),
    "after a greeting the first question decides": (
        {},
        [
            ("Hello", "en", 0.31, "en"),
            ("404", None, 0.0, "en"),
            ("где мой заказ", "ru", 0.99, "ru"),
            ("ok", "en", 0.3, "ru"),
        ],
    ),
    "a channel's language is only where one begins": (
        {"channel": "it"},
        [("where is it", "en", 0.9, "it"), ("please tell me where", "en", 0.9, "en")],
    ),
}


@pytest.mark.parametrize("name", DIALOGUES)
def test_dialogues(name: str) -> None:
    settings, messages = DIALOGUES[name]
    dialogue = Dialogue(**settings)  # type: ignore[arg-type]
    for text, tag, probability, expected in messages:
        assert dialogue.say(text, detection(tag, probability)).code == expected, text


LONG_QUESTIONS = {
    "be": "падкажыце калі ласка, як мне вярнуць тавар у краму",
    "ru": "подскажите пожалуйста, как мне вернуть товар в магазин",
    "uk": "підкажіть будь ласка, як мені повернути товар у магазин",
    "en": "could you tell me how I can return an item to the shop",
    "de": "können Sie mir sagen, wie ich einen Artikel zurückgeben kann",
    "es": "me puede decir cómo puedo devolver un artículo a la tienda",
    "fr": "pouvez-vous me dire comment je peux retourner un article",
    "it": "mi può dire come posso restituire un articolo al negozio",
    "pl": "proszę mi powiedzieć, jak mogę zwrócić towar do sklepu",
    "pt": "pode dizer-me como posso devolver um artigo à loja",
    "tr": "bir ürünü mağazaya nasıl iade edebileceğimi söyler misiniz",
    "zh": "请问我在你们商店买的商品应该怎么退货",
    "ja": "購入した商品を返品する方法を教えてください",
    "ko": "구입한 상품을 어떻게 반품할 수 있는지 알려 주세요",
    "ar": "هل يمكنكم إخباري كيف يمكنني إرجاع سلعة إلى المتجر",
}


@pytest.mark.parametrize("language", LONG_QUESTIONS)
def test_a_customer_changes_the_language_by_going_on_in_another(language: str) -> None:
    first = "fr" if language != "fr" else "de"
    dialogue = Dialogue()
    assert dialogue.say(LONG_QUESTIONS[first]).code == first
    verdict = dialogue.say(LONG_QUESTIONS[language])
    assert (verdict.code, verdict.source) == (language, "detected")
    for short in ("ok", "PIN 1234", "404", "https://example.org/de", "👍", "да", "merci"):
        assert dialogue.say(short).code == language, short


@pytest.mark.parametrize("language", LONG_QUESTIONS)
def test_a_wish_holds_against_every_language(language: str) -> None:
    wished, word = ("uk", "Українською, будь ласка") if language != "uk" else ("ru", "по-русски, пожалуйста")
    dialogue = Dialogue()
    assert dialogue.say(LONG_QUESTIONS[language]).code == language
    verdict = dialogue.say(word)
    assert (verdict.code, verdict.source) == (wished, "requested")
    for _ in range(25):  # longer than the history that is read
        verdict = dialogue.say(LONG_QUESTIONS[language])
        del dialogue.past[20:]
    assert (verdict.code, verdict.source) == (wished, "conversation")


def test_what_the_channel_asked_for_holds_like_the_customers_own_word() -> None:
    dialogue = Dialogue()
    assert dialogue.say(LONG_QUESTIONS["ru"], requested="fr").source == "requested"
    verdict = dialogue.say(LONG_QUESTIONS["ru"])
    assert (verdict.code, verdict.source) == ("fr", "conversation")
    assert dialogue.say("English please").code == "en"


def test_what_the_channel_asks_for_is_obeyed_to_the_letter() -> None:
    dialogue = Dialogue(locale="pt-BR")
    assert dialogue.say("English please", requested="pt").code == "pt"
    assert dialogue.say(LONG_QUESTIONS["pt"]).code == "pt"
    assert dialogue.say("no", requested="zh-TW").code == "zh-Hant"


def test_a_wish_for_a_neighbours_language_is_meant() -> None:
    verdict = identify("", detection(None, 0.0), wish="hr", locale="bs-BA", default="en")
    assert verdict.code == "hr"
    assert identify("", detection(None, 0.0), wish="pt", locale="pt-BR", default="en").code == "pt-BR"


def test_undetermined_lets_go_of_a_wish() -> None:
    dialogue = Dialogue()
    dialogue.say(LONG_QUESTIONS["ru"], requested="fr")
    assert dialogue.say("PIN 1234", requested="und").code == "fr"
    verdict = dialogue.say(LONG_QUESTIONS["ru"])
    assert (verdict.code, verdict.source) == ("ru", "detected")
    assert Dialogue().say(LONG_QUESTIONS["ru"], requested="und").source == "detected"


@pytest.mark.parametrize("reason", ["automatic_message", "duplicate"])
def test_what_the_customer_did_not_write_changes_nothing(reason: str) -> None:
    dialogue = Dialogue()
    dialogue.say(LONG_QUESTIONS["ru"])
    dialogue.say(f"Automatic reply: {LONG_QUESTIONS['en']}")
    dialogue.past[0].response = dialogue.past[0].response.replace("{", f'{{"reason":"{reason}",', 1)
    verdict = dialogue.say("когда он придёт")
    assert (verdict.code, verdict.source) == ("ru", "conversation")


def test_nobody_wishes_by_quoting_a_response() -> None:
    dialogue = Dialogue()
    dialogue.say('where is "source":"requested" and "wished":true please')
    assert dialogue.say(LONG_QUESTIONS["ru"]).code == "ru"


class _Detects:
    def detect(self, text: str) -> Detection:
        return detection("ru", 0.99) if text else detection(None, 0.0)


def test_a_wish_is_taken_together_with_the_question_as_it_is_read() -> None:
    verdict = identify_read("как вернуть", detector=_Detects(), readings=None, home=(), wish="en", default="de")
    assert (verdict.code, verdict.source, verdict.is_wished) == ("en", "requested", True)
    assert verdict.languages_to_read == ("ru", "en")


def test_a_region_takes_no_place_among_the_languages_to_read() -> None:
    found = Detection(language="pt", probability=0.6, ranked=(("pt", 0.6), ("es", 0.2), ("gl", 0.15)), by="test")
    assert identify("pedido", found, locale="pt-BR", default="en").languages_to_read == ("pt", "es", "gl")


@pytest.mark.parametrize(
    "text", ["", "ok", "да", "PIN 1234", "12345", "спасибо", "danke!", "好的", "the second one", "👍"]
)
def test_short_replies_say_little(text: str) -> None:
    assert says_little(text)


@pytest.mark.parametrize("text", ["wo ist es", "когда придёт", "怎么退货", "반품 방법", "कब आएगा", "Rückgabe"])
def test_few_words_may_say_enough(text: str) -> None:
    assert not says_little(text)


TAGS = ["en", "ru", "pt", "pt-BR", "zh", "zh-Hant", "sr", "sr-Latn", "nb", "nn", "no-NO", "bs", "be-BY", "es-419"]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.text(max_size=60), st.sampled_from(["English please", "да", *LONG_QUESTIONS.values()])),
            st.one_of(st.none(), st.sampled_from([*TAGS, "und"])),
        ),
        max_size=5,
    ),
    st.one_of(st.none(), st.sampled_from(TAGS)),
)
def test_any_dialogue_has_a_language_and_always_the_same(
    messages: list[tuple[str, str | None]], locale: str | None
) -> None:
    once, again = Dialogue(locale=locale), Dialogue(locale=locale)
    for text, requested in messages:
        verdict = once.say(text, requested=requested)
        assert verdict == again.say(text, requested=requested)
        assert verdict.code not in ("", "und")
