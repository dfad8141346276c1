"""What the phrasebook hears from the Baltic to the Balkans: cases, dropped accents, one language in two alphabets."""

from __future__ import annotations

import pytest

from assistant.phrases import Phrasebook
from assistant.phrases.recogniser import fold
from assistant.short_replies import LAST, short_replies
from assistant.wish import language_wish
from tests.assistant.phrase_files import sentences, table

PERSON = {
    "bg": [
        "Моля, искам да говоря с жив човек",
        "ОПЕРАТОР!!!",
        "може ли да говоря с някого",
        "Здравейте, свържете ме веднага с консултант",
        "Искам да говоря с човек относно поръчката си",
        "iskam operator molq",
    ],
    "da": [
        "Jeg vil gerne tale med et rigtigt menneske, tak",
        "kan jeg snakke med en medarbejder?",
        "MEDARBEJDER!!!",
        "vil i ringe mig op",
        "Må jeg tale med en person om min ordre?",
        "stil mig venligst om til kundeservice",
    ],
    "fi": [
        "Haluaisin puhua oikean ihmisen kanssa, kiitos",
        "ASIAKASPALVELIJA!!",
        "voisinko jutella jonkun kanssa",
        "yhdistäkää minut asiakaspalvelijalle heti",
        "haluan puhua ihmisen kanssa, koska tilaus katosi",
        "yhdista minut asiakaspalveluun",
    ],
    "hr": [
        "Molim Vas, želio bih razgovarati sa živom osobom",
        "OPERATER!",
        "mogu li pričati s operaterom",
        "spojite me s čovjekom odmah",
        "zelim covjeka",
        "Htjela bih razgovarati s nekim o svojoj narudžbi",
    ],
    "hu": [
        "Szeretnék egy élő emberrel beszélni, kérem",
        "ÜGYINTÉZŐT!!",
        "kérem kapcsoljanak egy ügyintézőhöz",
        "Jó napot, beszélhetnék valakivel?",
        "ugyintezo",
        "emberrel akarok beszélni, nem robottal",
    ],
    "lt": [
        "Norėčiau pakalbėti su gyvu žmogumi",
        "OPERATORIUS!",
        "ar galiu kalbeti su zmogumi",
        "prašau sujungti su konsultantu",
        "Noriu kalbėti su žmogumi dėl užsakymo",
        "reikia zmogaus, o ne boto",
    ],
    "nb": [
        "Kan jeg få snakke med et ekte menneske?",
        "kundebehandler takk",
        "jeg vil gjerne prate med noen nå",
        "Hei, kan dere ringe meg opp",
        "Jeg vil snakke med en kundebehandler om bestillingen min",
        "MENNESKE!!!",
    ],
    "sk": [
        "Chcel by som hovoriť so živým človekom, prosím",
        "OPERÁTOR!!",
        "môžem hovoriť s niekým",
        "prepojte ma na operatora",
        "Chcem hovoriť s človekom ohľadom objednávky",
        "clovek",
    ],
    "sl": [
        "Prosim, rad bi govoril z živim človekom",
        "OPERATER!",
        "ali lahko govorim z operaterjem",
        "rabim cloveka",
        "Rada bi govorila z nekom glede naročila",
        "povežite me s svetovalcem",
    ],
    "sr": [
        "Желим да разговарам са живом особом",
        "дајте ми оператера!",
        "могу ли да причам са човеком",
        "Добар дан, повежите ме са агентом",
        "Хоћу да причам са човеком због поруџбине",
        "ОПЕРАТЕР",
    ],
    "sr-Latn": [
        "Želim da razgovaram sa živom osobom, molim",
        "OPERATER!!",
        "mogu li da pričam sa čovekom",
        "hocu da pricam sa covekom",
        "Dobar dan, povežite me sa agentom",
        "treba mi covek, ne robot",
    ],
    "sv": [
        "Hej, kan jag få prata med en riktig människa?",
        "jag vill snacka med någon nu",
        "koppla mig till kundtjänst tack",
        "manniska",
        "Din bot är värdelös. Jag vill prata med en människa om min order",
        "MEDARBETARE!!!",
    ],
}

NOT_PERSON = [
    "Kan en annan person hämta mitt paket?",
    "Hur många människor jobbar hos er?",
    "någon",
    "Kan en anden person hente pakken?",
    "har I ringe i guld",
    "ring",
    "snake",
    "Hvilken mobiloperatør bruker dere?",
    "Kan en annen hente pakken for meg?",
    "Voiko toinen henkilö noutaa paketin?",
    "Montako ihmistä huoneeseen mahtuu?",
    "hány ember fér el a szobában?",
    "átveheti más ember a csomagot?",
    "Може ли друг човек да вземе пратката?",
    "Кой оператор доставя пратката?",
    "Može li druga osoba preuzeti paket?",
    "Koliko osoba stane u sobu?",
    "Може ли друга особа да преузме пакет?",
    "Koji operater dostavlja pošiljku?",
    "Ali lahko paket prevzame druga oseba?",
    "Môže balík vyzdvihnúť iný človek?",
    "Ar siuntą gali atsiimti kitas žmogus?",
]

REFUSALS = [
    "jag vill inte prata med en människa",
    "jeg vil ikke tale med et menneske",
    "jeg vil ikke snakke med en kundebehandler",
    "en halua puhua ihmisen kanssa",
    "nem akarok emberrel beszélni",
    "не искам да говоря с оператор",
    "ne želim razgovarati s operaterom",
    "не желим да разговарам са оператером",
    "ne želim da razgovaram sa operaterom",
    "nočem govoriti z operaterjem",
    "nechcem hovoriť s operátorom",
    "nenoriu kalbėti su žmogumi",
]

NONE_OF_THESE = [
    "inget av dessa, tack",
    "jag har en annan fråga",
    "ingen af disse, beklager",
    "noe annet takk",
    "Ei mikään näistä, kiitos",
    "egyik sem, köszönöm",
    "нищо от това, благодаря",
    "ništa od ponudjenog, hvala",
    "ништа од тога, извините",
    "nista od toga, hvala",
    "nič od tega, hvala",
    "nic z toho, prosim",
    "ne vienas is siu, aciu",
]

SOMETHING_ELSE = [
    "en annan färg",
    "jeg har ikke fått pakken",
    "intet signal",
    "ei toimi",
    "ei saapunut",
    "más kérdésem a szállításról",
    "nem érkezett meg",
    "не мога да вляза",
    "druga boja",
    "nema na stanju",
    "друга боја",
    "ne deluje",
    "nič ni prišlo",
    "iné farby",
    "nefunguje",
    "kita spalva",
    "neveikia",
]


@pytest.fixture(scope="module")
def book() -> Phrasebook:
    return Phrasebook()


@pytest.mark.parametrize(("language", "text"), [(tag, text) for tag, texts in PERSON.items() for text in texts])
def test_a_request_for_a_person_is_heard_however_it_is_typed(book: Phrasebook, language: str, text: str) -> None:
    assert book.is_person_request(text)


@pytest.mark.parametrize("language", PERSON)
def test_it_is_tried_with_messages_that_the_file_does_not_list(language: str) -> None:
    ways = table(language)["recognise"]
    listed = {*map(fold, ways["person"]), *map(fold, ways["person_alone"])}
    assert len({fold(text) for text in PERSON[language]} - listed) >= 4


@pytest.mark.parametrize("text", [*NOT_PERSON, *REFUSALS, *NONE_OF_THESE, *SOMETHING_ELSE])
def test_everything_else_is_no_request_for_a_person(book: Phrasebook, text: str) -> None:
    assert not book.is_person_request(text)


@pytest.mark.parametrize("text", NONE_OF_THESE)
def test_none_of_these_is_heard_with_courtesy(book: Phrasebook, text: str) -> None:
    assert book.is_none_of_these(text)


@pytest.mark.parametrize("text", [*SOMETHING_ELSE, *NOT_PERSON, *REFUSALS])
def test_none_of_these_is_not_read_into_another_answer(book: Phrasebook, text: str) -> None:
    assert not book.is_none_of_these(text)


@pytest.mark.parametrize(
    ("language", "text", "place"),
    [
        ("sv", "den andra, tack", 2),
        ("da", "nummer to", 2),
        ("nb", "jeg mener den tredje", 3),
        ("nn", "den siste", LAST),
        ("fi", "toinen kiitos", 2),
        ("fi", "eka", 1),
        ("hu", "a harmadikat kérem", 3),
        ("bg", "второто, моля", 2),
        ("hr", "mislim na prvo", 1),
        ("bs", "zadnje", LAST),
        ("sr", "последње", LAST),
        ("sr-Latn", "pod brojem dva", 2),
        ("sl", "prva možnost", 1),
        ("sk", "tá tretia", 3),
        ("lt", "antrą prašau", 2),
        ("sv", "den andra boken kom aldrig", None),
        ("hr", "drugo pakiranje je oštećeno", None),
        ("lt", "pirmas siuntinys dingo", None),
    ],
)
def test_a_choice_is_named_in_words(language: str, text: str, place: int | None) -> None:
    assert short_replies().ordinal(text, language) == place


@pytest.mark.parametrize(
    "text",
    [
        "Tack så hemskt mycket!",
        "mange tak, hav en god dag",
        "Supert, tusen takk!",
        "kiitos paljon, selvä",
        "Köszönöm szépen, viszlát",
        "благодаря много, приятен ден",
        "hvala lijepa, doviđenja",
        "хвала пуно",
        "hvala puno, dovidjenja",
        "najlepša hvala, lep dan",
        "Ďakujem veľmi pekne, dovidenia",
        "aciu labai",
    ],
)
def test_thanks_are_heard(text: str) -> None:
    assert short_replies().is_thanks(text)


@pytest.mark.parametrize(
    "text", ["book", "bra", "tack men var är paketet", "hvala, a gdje je paket", "kiitos mutta ei"]
)
def test_what_says_more_than_thanks_is_none(text: str) -> None:
    assert not short_replies().is_thanks(text)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("På svenska, tack!", "sv"),
        ("kan du skriva på svenska", "sv"),
        ("dansk tak", "da"),
        ("kan i svare på dansk", "da"),
        ("på norsk, takk", "nb"),
        ("kan dere svare på bokmål", "nb"),
        ("suomeksi kiitos", "fi"),
        ("puhutteko suomea?", "fi"),
        ("magyarul kérem", "hu"),
        ("lehetne magyarul?", "hu"),
        ("на български, моля", "bg"),
        ("na bulgarski molya", "bg"),
        ("na hrvatskom molim", "hr"),
        ("možete li pisati na hrvatskom", "hr"),
        ("на српском, молим", "sr"),
        ("ćirilicom molim", "sr"),
        ("na srpskom molim", "sr-Latn"),
        ("na latinici", "sr-Latn"),
        ("v slovenščini, prosim", "sl"),
        ("ali lahko pišete v slovenščini", "sl"),
        ("po slovensky, prosím", "sk"),
        ("mohli by ste odpovedať po slovensky", "sk"),
        ("lietuviškai prašau", "lt"),
        ("rašykite man lietuviskai", "lt"),
        ("på engelska tack", "en"),
        ("englanniksi, kiitos", "en"),
        ("beszéljünk angolul", "en"),
        ("на английски, моля", "en"),
        ("na engleskom, molim", "en"),
        ("v angličtine prosím", "en"),
        ("angliškai, prašyčiau", "en"),
    ],
)
def test_a_wish_for_a_language_is_heard(book: Phrasebook, text: str, language: str) -> None:
    wish = language_wish(text, spoken=book.languages)
    assert wish is not None
    assert (wish.language, wish.rest) == (language, "")


@pytest.mark.parametrize(
    "text",
    [
        "en svensk bok",
        "dansk design",
        "norsk tipping",
        "suomalainen kirja",
        "magyar forint",
        "български лев",
        "hrvatska pošta",
        "српска кафа",
        "slovenske potice",
        "slovenská pošta",
        "lietuviška knyga",
        "English book",
    ],
)
def test_what_merely_has_a_language_in_its_name_is_no_wish(book: Phrasebook, text: str) -> None:
    assert language_wish(text, spoken=book.languages) is None


CYRILLIC = "абвгдђежзијклљмнњопрстћуфхцчџш"
LATIN = [*"abvgdđežzijkl", "lj", *"mn", "nj", *"oprstćufhcč", "dž", "š"]


def test_both_serbian_files_say_the_same_in_two_alphabets() -> None:
    pairs = dict(zip(CYRILLIC, LATIN, strict=True))
    letters = str.maketrans(pairs | {each.upper(): latin.capitalize() for each, latin in pairs.items()})
    assert [(name, text.translate(letters)) for name, text in sentences("sr")] == list(sentences("sr-Latn"))
