"""The phrasebook: whole in every language, literal with what customers type, precise in what it hears."""

from __future__ import annotations

import dataclasses
import re
import time
import tomllib
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, cast, get_args

import pytest

import assistant.phrases
from assistant.phrases import Phrasebook, PhraseError, PhraseKey
from knowledge.errors import FaqError

LANGUAGES = ("ar", "be", "cs", "de", "en", "es", "fr", "it", "nl", "pl", "pt", "ro", "ru", "tr", "uk", "zh")
KEYS: tuple[PhraseKey, ...] = get_args(PhraseKey)
STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
# fmt: off
WIDGET = {
    "title", "greeting", "placeholder", "send", "helpful", "yes", "no", "talk_to_person", "thinking",
    "offline", "retry", "ticket_label", "status_label", "you", "assistant", "new_chat", "too_long",
    "language", "automatic",
}
# fmt: on
TICKET, PROMISE = {"ticket"}, {"ticket", "due"}
PLACES: dict[str, set[str]] = {
    "answer_other_language": {"answer_language"},
    "answer_machine_translated": {"from_language"},
    "answer_more": {"url"},
    "did_you_mean": {"question"},
    "none_of_these": set(),
    "ticket_opened": PROMISE,
    "ticket_person": PROMISE,
    "ticket_out_of_scope": PROMISE,
    "ticket_unclear": PROMISE,
    "ticket_not_helpful": PROMISE,
    "ticket_translation_unsafe": PROMISE,
    "ticket_email": PROMISE | {"faq_url"},
    "ticket_overdue": PROMISE,
    "ticket_replied": TICKET,
    "ticket_solved": TICKET,
    "ask_phone": set(),
    "check_understood": {"question"},
    "cannot_but": {"offer"},
    "fault_admitted": set(),
    "feedback_thanks": set(),
    "feedback_reported": {"change"},
    "faq_link": {"faq_url"},
}
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 14, tzinfo=UTC)


@pytest.fixture(scope="module")
def book() -> Phrasebook:
    return Phrasebook()


def table(language: str) -> dict[str, Any]:
    text = files("assistant.phrases").joinpath(f"{language}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def prose(language: str) -> str:
    """All that a customer reads of one file, without the names of places."""
    read = table(language)
    lines = [*read["phrases"].values(), *read["status"].values(), *read["widget"].values()]
    return re.sub(r"\{\w+\}", "", "\n".join(lines))


class TestFiles:
    def test_speak_the_sixteen_languages(self, book: Phrasebook) -> None:
        assert book.languages == LANGUAGES

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_have_every_key_and_no_other(self, language: str) -> None:
        read = table(language)
        assert list(read) == ["phrases", "status", "widget", "recognise"]
        assert set(read["phrases"]) == set(KEYS) == set(PLACES)
        assert tuple(read["status"]) == STATUSES
        assert set(read["widget"]) == WIDGET
        assert set(read["recognise"]) == {"person", "person_alone", "none_of_these", "courtesy", "about"}

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_have_each_place_once_and_no_other(self, language: str) -> None:
        for key, text in table(language)["phrases"].items():
            found = re.findall(r"\{(.*?)\}", text)
            assert sorted(found) == sorted(PLACES[key]), (key, text)

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_have_no_empty_or_untidy_string(self, language: str) -> None:
        read = table(language)
        texts = [*read["phrases"].values(), *read["status"].values(), *read["widget"].values()]
        texts += [way for ways in read["recognise"].values() for way in ways]
        for text in texts:
            assert text.strip() == text != ""
            assert "  " not in text
            assert unicodedata.is_normalized("NFC", text)

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_list_enough_ways_of_asking_and_none_twice(self, language: str) -> None:
        ways = table(language)["recognise"]
        assert len(ways["person"]) >= 15
        assert len(ways["none_of_these"]) >= 10
        for listed in ways.values():
            assert len(listed) == len(set(listed))

    def test_share_no_sentence_between_languages(self) -> None:
        owner: dict[str, str] = {}
        for language in LANGUAGES:
            read = table(language)
            for text in {*read["phrases"].values(), read["widget"]["greeting"], read["widget"]["offline"]}:
                assert owner.setdefault(text, language) == language, text

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_use_one_wording_for_one_moment(self, language: str) -> None:
        phrases = list(table(language)["phrases"].values())
        assert len(phrases) == len(set(phrases))

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_keep_a_url_free_of_punctuation(self, language: str) -> None:
        for key, text in table(language)["phrases"].items():
            assert re.search(r"url\}[^\s]", text) is None, key

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_are_written_in_their_own_script(self, language: str) -> None:
        script = {"ru": "CYRILLIC", "be": "CYRILLIC", "uk": "CYRILLIC", "ar": "ARABIC", "zh": "CJK"}
        letters = [letter for letter in prose(language) if letter.isalpha()]
        wrong = {letter for letter in letters if not unicodedata.name(letter).startswith(script.get(language, "LATIN"))}
        assert len(letters) > 400
        assert wrong == set()

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
    def test_have_the_letters_of_the_language(self, language: str, own: str, foreign: str) -> None:
        used = set(prose(language).lower())
        assert set(own) <= used
        assert not used & set(foreign)

    @pytest.mark.parametrize("language", ["be"])
    def test_belarusian_writes_short_u_after_vowels(self, language: str) -> None:
        assert re.findall(r"[аеёіоуыэюя] у(?=[бвгджзйклмнпрстфхцчш])", prose(language).lower()) == []
        assert re.findall(r"[бвгджзйклмнпрстфхцчш] ў", prose(language).lower()) == []

    def test_russian_statuses_are_those_customers_know(self, book: Phrasebook) -> None:
        assert [book.status_name(status, "ru") for status in STATUSES] == [
            "В обработке",
            "В обработке",
            "В ожидании ответа",
            "Отложено",
            "Завершено",
            "Завершено",
        ]


class TestSay:
    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.parametrize("key", KEYS)
    def test_speaks_every_key_with_its_values(self, book: Phrasebook, language: str, key: PhraseKey) -> None:
        values = {place: f"<{place}>" for place in PLACES[key]}
        said = book.say(key, language, **values)
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
        expected = f"\N{FIRST STRONG ISOLATE}{hostile}\N{POP DIRECTIONAL ISOLATE}" if language == "ar" else hostile
        assert said == before + expected + after

    def test_isolates_values_in_a_right_to_left_phrase_only(self, book: Phrasebook) -> None:
        url = "https://help.example/faq?a=1"
        assert f"\u2068{url}\u2069" in book.say("faq_link", "ar-EG", faq_url=url)
        for language in set(LANGUAGES) - {"ar"}:
            assert not re.search("[\u2066-\u2069]", book.say("faq_link", language, faq_url=url))

    def test_a_hebrew_reader_hears_english_without_isolates(self, book: Phrasebook) -> None:
        assert book.say("answer_more", "he", url="u") == book.say("answer_more", "en", url="u")

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
            book.say("ticket_opened", "en", **values)

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
            ("pt-BR", "pt"),
            ("zh-Hant", "zh"),
            ("zh-Hant-TW", "zh"),
            ("RU_ru", "ru"),
            (" uk ", "uk"),
            ("he", "en"),
            ("kk-KZ", "en"),
            ("", "en"),
            ("-", "en"),
            ("../../etc/passwd", "en"),
            ("\0", "en"),
            ("\ud800", "en"),
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

    @pytest.mark.parametrize("tag", [*(set(LANGUAGES) - {"ar"}), "pa", "az", "ar-Latn", "ja", "", "qqq", "\0", "a-b-c"])
    def test_knows_what_runs_left_to_right(self, book: Phrasebook, tag: str) -> None:
        assert book.direction(tag) == "ltr"


class TestNames:
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_every_status_has_a_name(self, book: Phrasebook, language: str) -> None:
        names = {status: book.status_name(status, language) for status in STATUSES}
        assert names["new"] == names["open"]
        assert names["solved"] == names["closed"]
        assert len(set(names.values())) == 4

    def test_refuses_an_unknown_status_by_name(self, book: Phrasebook) -> None:
        with pytest.raises(PhraseError, match=r"expected a status \(new, open.*got 'done'"):
            book.status_name("done", "en")

    def test_the_widget_of_a_regional_tag_is_that_of_its_language(self, book: Phrasebook) -> None:
        assert book.widget("pt-BR")["title"] == "Ajuda"
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
            ("ckb", "en-GB", "Central Kurdish"),
            ("en", "he", "English"),
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


class TestMoment:
    @pytest.mark.parametrize(
        ("language", "said"),
        [
            ("ar", "الاثنين، 23 نوفمبر، 5:00 م"),
            ("be", "панядзелак, 23 лістапада, 17:00"),
            ("cs", "pondělí 23. listopadu 17:00"),
            ("de", "Montag, 23. November, 17:00"),
            ("en", "Monday, November 23, 5:00 PM"),
            ("es", "lunes, 23 de noviembre, 17:00"),
            ("fr", "lundi 23 novembre, 17:00"),
            ("it", "lunedì 23 novembre, 17:00"),
            ("nl", "maandag 23 november, 17:00"),
            ("pl", "poniedziałek, 23 listopada, 17:00"),
            ("pt", "segunda-feira, 23 de novembro 17:00"),
            ("ro", "luni, 23 noiembrie, 17:00"),
            ("ru", "понедельник, 23 ноября, 17:00"),
            ("tr", "23 Kasım Pazartesi 17:00"),
            ("uk", "понеділок, 23 листопада, 17:00"),
            ("zh", "11月23日星期一 17:00"),
            ("en-GB", "Monday, 23 November, 17:00"),
            ("he-IL", "Monday, 23 November, 17:00"),
            ("be-tarask", "панядзелак, 23 лістапада, 17:00"),
            ("ru-\ud800", "понедельник, 23 ноября, 17:00"),
        ],
    )
    def test_is_said_as_people_say_it(self, book: Phrasebook, language: str, said: str) -> None:
        moment = book.moment(MONDAY, language, timezone="Europe/Minsk", now=NOW)
        assert re.sub(r"\s", " ", moment) == said

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_has_the_year_only_where_it_differs(self, book: Phrasebook, language: str) -> None:
        january = datetime(2027, 1, 4, 14, tzinfo=UTC)
        assert "2027" in book.moment(january, language, timezone="UTC", now=NOW)
        assert "2027" not in book.moment(january, language, timezone="UTC", now=january)

    def test_counts_the_year_in_the_customers_zone(self, book: Phrasebook) -> None:
        eve = datetime(2026, 12, 31, 20, tzinfo=UTC)  # already 2027 in Tokyo
        assert "2027" in book.moment(eve, "en", timezone="Asia/Tokyo", now=NOW)
        assert "2026" not in book.moment(eve, "en", timezone="Europe/London", now=NOW)

    def test_follows_the_zone_over_a_change_of_clocks(self, book: Phrasebook) -> None:
        before, after = datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 10, 25, 12, tzinfo=UTC)
        assert book.moment(before, "de", timezone="Europe/Berlin", now=NOW).endswith("14:00")
        assert book.moment(after, "de", timezone="Europe/Berlin", now=NOW).endswith("13:00")

    @pytest.mark.parametrize(("at", "now"), [(MONDAY.replace(tzinfo=None), NOW), (MONDAY, NOW.replace(tzinfo=None))])
    def test_refuses_a_datetime_without_a_zone(self, book: Phrasebook, at: datetime, now: datetime) -> None:
        with pytest.raises(ValueError, match="expected a datetime with a time zone"):
            book.moment(at, "en", timezone="UTC", now=now)

    @pytest.mark.parametrize(
        "zone", ["Mars/Olympus", "", "../etc/passwd", "/etc/passwd", "a\0b", "Europe", "\ud800", "x" * 9999]
    )
    def test_refuses_an_unknown_zone(self, book: Phrasebook, zone: str) -> None:
        with pytest.raises(ValueError, match="expected an IANA name"):
            book.moment(MONDAY, "en", timezone=zone, now=NOW)


PERSON = {
    "en": [
        "please let me talk to a human!!",
        "Could I speak with a real person, please?",
        "I NEED A HUMAN NOW",
        "agent pls",
        "opeeeerator",
        "Your bot is useless. Connect me to an agent",
        "I want to talk to a human about my refund",
        "how do i talk to someone",
        "i want a human not a bot",
    ],
    "ru": [
        "Хочу поговорить с живым человеком",
        "позовите оператора",
        "Здравствуйте, переключите пожалуйста на менеджера!",
        "можно поговорить с оператором",
        "ОПЕРАТОР!!!",
        "я не понимаю, дайте оператора",
        "соедините меня с человеком, а не с ботом",
        "Хочу поговорить с человеком по поводу возврата",
    ],
    "be": [
        "Жывы чалавек",
        "Калі ласка, злучыце мяне з аператарам",
        "хачу пагаварыць з жывым чалавекам!",
        "паклічце кансультанта",
        "мне патрэбны чалавек",
        "калі ласка оператара",
        "Можна паразмаўляць з чалавекам наконт замовы?",
    ],
    "uk": [
        "Хочу поговорити з живою людиною",
        "покличте оператора, будь ласка",
        "зʼєднайте мене з оператором",
        "з'єднайте з менеджером",
        "поговорити з оператором можна?",
        "Можна поговорити з людиною щодо замовлення?",
    ],
    "de": [
        "Ich möchte bitte mit einem Menschen sprechen",
        "Kann ich mit einem echten Menschen reden?",
        "mitarbeiter!!!",
        "Bitte verbinden Sie mich mit einem Berater",
        "Ich will sofort einen Mitarbeiter sprechen",
        "ich mochte mit jemandem sprechen",
    ],
    "es": [
        "Por favor, quiero hablar con una persona real",
        "¿Puedo hablar con un agente humano?",
        "AGENTE!!",
        "paseme con un operador",
        "necesito hablar con alguien ya",
        "Quisiera hablar con un asesor sobre mi pedido",
    ],
    "pl": [
        "Chciałbym porozmawiać z człowiekiem",
        "Proszę połączyć mnie z konsultantem",
        "konsultant!",
        "chce rozmawiac z czlowiekiem",
        "czy mogę porozmawiać z pracownikiem?",
        "Dzień dobry, proszę o rozmowę z konsultantem",
    ],
    "fr": [
        "Je veux parler à un humain !",
        "J’aimerais parler à un vrai conseiller, s’il vous plaît",
        "Puis-je parler à quelqu'un ?",
        "conseiller",
        "passez moi un agent svp",
        "je souhaite parler a une personne",
    ],
    "it": [
        "Vorrei parlare con una persona vera, per favore",
        "OPERATORE",
        "Posso parlare con un operatore umano?",
        "mi passi un consulente per cortesia",
        "voglio parlare con qualcuno subito",
    ],
    "pt": [
        "Quero falar com uma pessoa de verdade",
        "atendente por favor",
        "Gostaria de falar com um atendente humano",
        "nao, quero falar com um humano",
        "posso falar com alguém?",
        "quero falar com um atendente sobre o meu pedido",
    ],
    "tr": [
        "Lütfen gerçek bir insanla görüşmek istiyorum",
        "MÜŞTERİ TEMSİLCİSİ",
        "temsilci lutfen",
        "Bir insanla konuşmak istiyorum",
        "operatöre bağlayın",
        "musteri temsilcisine baglanmak istiyorum",
    ],
    "nl": [
        "Ik wil graag met een mens praten",
        "Kan ik een medewerker spreken?",
        "medewerker aub",
        "verbind me met een echt persoon",
        "ik wil met iemand praten over mijn bestelling",
    ],
    "cs": [
        "Chci mluvit s živým člověkem, prosím",
        "Můžu mluvit s operátorem?",
        "operátor!!",
        "prosim prepojte me na cloveka",
        "chtěl bych mluvit s někým ohledně objednávky",
    ],
    "ro": [
        "Vreau să vorbesc cu un om, vă rog",
        "operator",
        "Pot să vorbesc cu cineva?",
        "as vrea sa vorbesc cu un agent",
        "am nevoie de un operator urgent",
        "Bună ziua, vreau să vorbesc cu o persoană reală despre comanda mea",
    ],
    "zh": ["请帮我转人工客服", "我要找真人", "麻烦转接人工，谢谢", "人工人工人工", "太慢了，转人工", "有人吗？"],
    "ar": [
        "من فضلك أريد التحدث مع شخص حقيقي",
        "أريد أن أتحدث إلى موظف",
        "حولني الى موظف لو سمحت",
        "موظف!!",
        "عايز اكلم موظف",
        "اريد التحدث مع شخص حقيقي بخصوص طلبي",
    ],
}

NOT_PERSON = [
    "can another person pick up my parcel?",
    "оператор связи не принимает платёж",
    "який оператор доставки",
    "Which mobile operator do you use?",
    "Can a different person sign for the delivery?",
    "Is the agent fee included?",
    "do i need an agent",
    "How many people work for you?",
    "My agent sent the wrong parcel",
    "human hair wig, is it washable?",
    "I am a person with a disability, is there a lift?",
    "Who is your sales representative in Poland?",
    "talk",
    "please",
    "hello",
    "help",
    "user agent string",
    "per person price",
    "Сколько человек может жить в номере?",
    "Какой оператор доставляет посылки?",
    "Может ли другой человек забрать заказ?",
    "менеджер паролей не открывается",
    "Ці можа іншы чалавек забраць пасылку?",
    "аператар сувязі спісаў грошы двойчы",
    "Чи може інша людина отримати посилку?",
    "оператор мобільного зв'язку не приймає оплату",
    "Kann eine andere Person das Paket abholen?",
    "¿Puede otra persona recoger el paquete?",
    "Czy inna osoba może odebrać paczkę?",
    "Une autre personne peut-elle retirer le colis ?",
    "Pouvez-vous me conseiller ?",
    "Un'altra persona può ritirare il pacco?",
    "Outra pessoa pode retirar a encomenda?",
    "Paketi başka bir kişi alabilir mi?",
    "Kan iemand anders het pakket ophalen?",
    "Může balík vyzvednout jiný člověk?",
    "Poate altă persoană să ridice coletul?",
    "别人可以帮我取包裹吗",
    "人工客服几点上班",
    "هل يمكن لشخص آخر استلام الطرد؟",
    "agent, courier, operator or driver: who calls me?",
]

REFUSALS = [
    "I do not want to talk to a human",
    "I don't need an agent",
    "не хочу говорить с оператором",
    "не хачу размаўляць з чалавекам",
    "не треба оператора",
    "ich will keinen Mitarbeiter sprechen",
    "no quiero hablar con un agente",
    "nie chcę rozmawiać z konsultantem",
    "je ne veux pas parler à un humain",
    "non voglio parlare con un operatore",
    "não quero falar com um atendente",
    "insanla konuşmak istemiyorum",
    "ik wil geen medewerker spreken",
    "nechci mluvit s operátorem",
    "nu vreau să vorbesc cu un operator",
    "我不要人工客服",
    "لا أريد التحدث مع موظف",
]

HOSTILE = [
    "",
    " ",
    "\0",
    "\ud800",
    "?!.,",
    "😀😀",
    "\u202e",
    "人" * 5000,
    "a" * 1_000_000,
    "our " * 250_000,
    "\n" * 100_000,
]


class TestPersonRequest:
    @pytest.mark.parametrize(("language", "text"), [(tag, text) for tag, texts in PERSON.items() for text in texts])
    def test_is_heard_however_it_is_typed(self, book: Phrasebook, language: str, text: str) -> None:
        assert book.is_person_request(text)

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_is_tried_with_five_messages_a_language_that_the_file_does_not_list(self, language: str) -> None:
        ways = table(language)["recognise"]
        listed = {*ways["person"], *ways["person_alone"]}
        assert len(set(PERSON[language]) - listed) >= 5

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_is_heard_in_every_listed_way_and_shouted(self, book: Phrasebook, language: str) -> None:
        ways = table(language)["recognise"]
        for way in [*ways["person"], *ways["person_alone"]]:
            assert book.is_person_request(way), way
            assert book.is_person_request(f"  {way.upper()}!!! "), way
            assert not book.is_none_of_these(way), way

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_the_button_asks_for_a_person_too(self, book: Phrasebook, language: str) -> None:
        assert book.is_person_request(book.widget(language)["talk_to_person"])

    @pytest.mark.parametrize("text", NOT_PERSON)
    def test_a_question_about_people_is_none(self, book: Phrasebook, text: str) -> None:
        assert not book.is_person_request(text)

    @pytest.mark.parametrize("text", REFUSALS)
    def test_refusing_a_person_is_none(self, book: Phrasebook, text: str) -> None:
        assert not book.is_person_request(text)

    @pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
    def test_hostile_text_is_none_and_costs_little(self, book: Phrasebook, text: str) -> None:
        started = time.perf_counter()
        assert not book.is_person_request(text)
        assert not book.is_none_of_these(text)
        assert time.perf_counter() - started < 0.5

    def test_full_width_and_invisible_characters_do_not_hide_it(self, book: Phrasebook) -> None:
        assert book.is_person_request("\uff28\uff35\uff2d\uff21\uff2e")
        assert book.is_person_request("hu\u200bman\u00ad please")
        assert book.is_person_request("\u202eoperator\u202c")

    def test_is_decided_in_microseconds(self, book: Phrasebook) -> None:
        text = "How do I return a parcel that arrived damaged?"
        book.is_person_request(text)
        best = min(self._seconds(book, text) for _ in range(20))
        assert best < 100e-6  # about 8 µs; the margin is for a busy machine

    @staticmethod
    def _seconds(book: Phrasebook, text: str) -> float:
        started = time.perf_counter()
        for _ in range(50):
            book.is_person_request(text)
        return (time.perf_counter() - started) / 50


class TestNoneOfThese:
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_is_heard_in_every_listed_way(self, book: Phrasebook, language: str) -> None:
        for way in table(language)["recognise"]["none_of_these"]:
            assert book.is_none_of_these(way), way
            assert book.is_none_of_these(f"{way.upper()}."), way
            assert not book.is_person_request(way), way

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_the_button_says_it(self, book: Phrasebook, language: str) -> None:
        assert book.is_none_of_these(book.say("none_of_these", language))
        assert book.is_none_of_these(book.widget(language)["no"])

    @pytest.mark.parametrize(
        "text",
        [
            "None of these, sorry!",
            "Something else please",
            "ничего из этого, извините",
            "нічога з гэтага, дзякуй",
            "都不是，谢谢",
            "no no no",
        ],
    )
    def test_is_heard_with_courtesy(self, book: Phrasebook, text: str) -> None:
        assert book.is_none_of_these(text)

    @pytest.mark.parametrize(
        "text",
        [
            "none of these payment methods works",
            "do you have other colours",
            "no thanks",
            "нет в наличии",
            "другой цвет",
            "у мяне няма іншага пытання пра дастаўку",
            "kein Empfang",
            "no puedo",
            "не могу",
            "yes",
            "the first one",
            "",
            "please",
        ],
    )
    def test_is_not_read_into_another_answer(self, book: Phrasebook, text: str) -> None:
        assert not book.is_none_of_these(text)


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
        assert assistant.phrases.__all__ == ["Direction", "PhraseError", "PhraseKey", "Phrasebook"]
