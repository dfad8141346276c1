"""What the phrasebook hears: who asks for a human being, who wants none of the choices, and who says more."""

from __future__ import annotations

import time

import pytest

from assistant.phrases import Phrasebook
from tests.assistant.phrase_files import table


@pytest.fixture(scope="module")
def book() -> Phrasebook:
    return Phrasebook()


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

    @pytest.mark.parametrize("language", PERSON)
    def test_is_tried_with_five_messages_a_language_that_the_file_does_not_list(self, language: str) -> None:
        ways = table(language)["recognise"]
        listed = {*ways["person"], *ways["person_alone"]}
        assert len(set(PERSON[language]) - listed) >= 5

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
