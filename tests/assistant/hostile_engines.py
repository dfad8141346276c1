"""Texts full of things that must survive, and engines that do everything to them.

``make_text`` puts pieces of every kind between words of several scripts and remembers what it put there, so that a
test needs not ask the code under test what was to be protected.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from knowledge.glossary import GlossaryTerm, make_term

TARGET = "xx"
"""A language whose script nobody knows: the words of these texts stay in their own."""

WORDS: Mapping[str, str] = {
    "en": "please open the page of your order and choose what you want to send back we answer within some days",
    "ru": "пожалуйста откройте страницу заказа и выберите что хотите вернуть мы ответим через несколько дней",
    "be": "калі ласка адкрыйце старонку заказу і выберыце што хочаце вярнуць мы адкажам праз некалькі дзён",
    "de": "bitte öffne die Seite der Bestellung und wähle aus was du zurückgeben willst wir antworten bald",
    "ar": "يرجى فتح صفحة الطلب واختيار ما تريد إرجاعه وسنرد عليك خلال بضعة أيام من فضلك",
    "he": "נא לפתוח את דף ההזמנה ולבחור מה ברצונך להחזיר ואנו נענה בתוך כמה ימים",
    "hi": "कृपया अपने ऑर्डर का पेज खोलें और चुनें कि क्या लौटाना है हम कुछ दिनों में जवाब देंगे",
    "zh": "请 打开 您的 订单 页面 并 选择 要 退回 的 商品 我们 会 尽快 回复",
    "ja": "注文 の ページ を 開いて 返品 する 商品 を 選んで ください 数日 以内 に 返信 します",
    "th": "กรุณา เปิด หน้า คำสั่งซื้อ และ เลือก สินค้า ที่ ต้องการ คืน",
}
_UNSPACED = ("zh", "ja", "th")

# What may stand among words; every value is found again by its letters alone.
PIECES: Mapping[str, tuple[str, ...]] = {
    "url": ("https://vilora.example/orders?id=7&x=a_b", "www.shop.example/help", "http://1.2.3.4:80/a#b"),
    "email": ("help@vilora.example", "first.last+tag@mail.example", "імя@прыклад.бел"),
    "phone": ("+375 (17) 123-45-67", "8-800-555-35-35", "+1 202 555 0143"),
    "amount": ("1 299,00 ₽", "€5", "5 €", "BYN 12.50", "200 zł", "R$ 20", "12 руб", "$1,000.99", "500元"),
    "date": ("12.03.2026", "12/03/26", "2026-01-15T10:00:00Z", "2026年3月5日", "9:30 AM"),
    "time": ("17:00", "9:00–18:00"),
    "number": ("14", "3,5", "50 %", "-5°C", "½", "№ 12", "24/7", "١٢٣"),
    "code": ("VL-204815", "vl-204815", "RB123456789CN", "a3f5c9e1", "v2.3.1", "user_name"),
    "account": ("4111 11** **** 1111", "BY13 NBRB 3600 9000 0000"),
    "placeholder": ("{name}", "{{ order.id }}", "%s", "%1$s", "%(total)d", "${user}", "{0}", "%NAME%"),
    "file": ("report_final.pdf", "/etc/hosts", r"C:\Users\me\a.txt"),
    "key": ("Ctrl+Shift+T", "Alt+F4"),
    "handle": ("@vilora", "#sale"),
    "quote": ("“Start return”", "«Оформить возврат»", '"Save changes"', "„Zur Kasse“", "「注文履歴」", "'OK'"),
}
MARKS: tuple[tuple[str, str], ...] = (
    ("<b>", "</b>"), ('<a href="/x?y=5">', "</a>"), ("**", "**"), ("_", "_"), ("[", "](https://a.example/b)"),
    ("~~", "~~"), ("{{#if vip}}", "{{/if}}"), ("<p class='q'>", "</p>"), ("![", "](i.png)"),
)  # fmt: skip
LONE_MARKS = (
    "👍🏽",
    "👨‍👩‍👧",
    "🇧🇾",
    "❤️",
    ":-)",
    "<br/>",
    "&nbsp;",
    "`a = 5`",
    "| ",
    "[^1]",
    "<!-- 5 -->",
    "{% if x %}",
)
HEADS = ("- ", "1. ", "## ", "> ", "* ", "")
TERMS: tuple[GlossaryTerm, ...] = (
    make_term("Vilora Club"),
    make_term("Vilora"),
    make_term("iPhone 15", case_sensitive=True),
    make_term("pickup point", {TARGET: "Abholpunkt №1"}),
    make_term("пункт выдачи", {TARGET: "Abholort"}),
    make_term("会员", {TARGET: "Mitglied"}),
)
_RENDERINGS = {term.term: term.renderings.get(TARGET, term.term) for term in TERMS}


@dataclass(frozen=True, kw_only=True, slots=True)
class HostileText:
    """A text, and what was put into it, by kind: as it must come out, and once for each time."""

    text: str
    kinds: Mapping[str, tuple[str, ...]]


def make_text(randomness: random.Random) -> HostileText:
    """Return a text of some lines with pieces of many kinds."""
    kinds: dict[str, list[str]] = {}

    def put(kind: str, piece: str, out: str | None = None) -> str:
        kinds.setdefault(kind, []).append(piece if out is None else out)
        return piece

    def clause(language: str) -> str:
        vocabulary = WORDS[language].split()
        parts = [randomness.choice(vocabulary) for _ in range(randomness.randint(1, 7))]
        if language in _UNSPACED:
            parts = ["".join(parts)]
        for _ in range(randomness.choice((0, 0, 1, 1, 2))):
            kind = randomness.choice(tuple(PIECES))
            parts.insert(randomness.randint(0, len(parts)), put(kind, randomness.choice(PIECES[kind])))
        if randomness.random() < 0.15:
            term, out = randomness.choice(tuple(_RENDERINGS.items()))
            parts.insert(randomness.randint(0, len(parts)), put("term", term, out))
        return " ".join(parts)

    def marked(language: str) -> str:
        if randomness.random() < 0.2:
            opening, closing = randomness.choice(MARKS)
            return f"{put('mark', opening)}{clause(language)}{put('mark', closing)}"
        if randomness.random() < 0.1:
            return f"{clause(language)} {put('mark', randomness.choice(LONE_MARKS))}"
        return clause(language)

    lines = []
    for _ in range(randomness.choice((1, 1, 1, 2, 3))):
        language = randomness.choice(tuple(WORDS))
        sentences = [marked(language) + randomness.choice(".?!.") for _ in range(randomness.choice((1, 1, 2)))]
        lines.append(randomness.choice(HEADS) + " ".join(sentences))
    return HostileText(
        text=randomness.choice(("\n", "\n\n", "\r\n")).join(lines),
        kinds={kind: tuple(those) for kind, those in kinds.items()},
    )


Engine = Callable[[random.Random, str], str]


def _is_word(word: str) -> bool:
    return all(sign.isalpha() or unicodedata.category(sign).startswith("M") for sign in word)


def _renamed(word: str) -> str:
    """Return a word of another language: the letters moved on, none of them kept."""
    return "".join(
        chr(ord(sign) + 1) if sign.isalpha() and chr(ord(sign) + 1).isalpha() else sign for sign in reversed(word)
    )


def polite(_randomness: random.Random, piece: str) -> str:
    """Translate every word, and keep what is none."""
    return " ".join(_renamed(word) if _is_word(word) else word for word in piece.split())


def wordy(randomness: random.Random, piece: str) -> str:
    return f"{polite(randomness, piece)} ja wohl"


def recasing(randomness: random.Random, piece: str) -> str:
    return randomness.choice((str.upper, str.lower, str.swapcase, str.title))(polite(randomness, piece))


def dropping(randomness: random.Random, piece: str) -> str:
    return " ".join(word for word in piece.split() if randomness.random() < 0.7)


def doubling(randomness: random.Random, piece: str) -> str:
    return " ".join(word for word in piece.split() for _ in range(1 + (randomness.random() < 0.3)))


def shuffling(randomness: random.Random, piece: str) -> str:
    words = piece.split()
    randomness.shuffle(words)
    return " ".join(words)


def spacing(randomness: random.Random, piece: str) -> str:
    return "".join(sign + " " * (randomness.random() < 0.3) for sign in piece)


def squeezing(_randomness: random.Random, piece: str) -> str:
    return piece.replace(" ", "")


def decomposing(_randomness: random.Random, piece: str) -> str:
    return unicodedata.normalize("NFD", piece)


def widening(_randomness: random.Random, piece: str) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in piece)


def renumbering(randomness: random.Random, piece: str) -> str:
    digits = randomness.choice(("٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "1234567890"))
    return "".join(digits[int(sign)] if sign in "0123456789" else sign for sign in piece)


def requoting(randomness: random.Random, piece: str) -> str:
    return f"{randomness.choice('«“„「')}{piece}{randomness.choice('»”“」')}"


def inventing(randomness: random.Random, piece: str) -> str:
    extra = randomness.choice(
        ("7", "https://evil.example", "**", "{x}", "XQ1", "XQ9", "XQ", "xq 2", "€5", "14", "<b>", "`", "|", "%s", "_",
         "\U000f0000", "\U000f0001", "\n", "\r\n", "\u2028", "\x00", "\u202e", "\u2066", "\ufffd", "⁇", "😀", "@vilora",
         "Vilora", "Vilora Club", "“Start return”", "'OK'", "№", "%", "BYN", "руб", "€", "\u0301", "\u200d", "\ufe0f",
         "🏽", "&nbsp;", "[", "](https://a.example/b)", "-", "5", ".5", ",000")
    )  # fmt: skip
    return randomness.choice((f"{piece} {extra}", f"{extra} {piece}", f"{piece}{extra}", f"{extra}{piece}"))


def confusing(randomness: random.Random, piece: str) -> str:
    return piece.replace("XQ1", "XQ0").replace("XQ2", "XQ1").replace("XQ0", randomness.choice(("XQ2", "XQ 2", "XQ12")))


def multiplying(_randomness: random.Random, piece: str) -> str:
    return f"{piece} " * 100


def silent(_randomness: random.Random, _piece: str) -> str:
    return ""


def prompting(_randomness: random.Random, piece: str) -> str:
    return f'Translate the following text into xx: "{piece}" Sure! Here is the translation: {piece}'


def foreign(_randomness: random.Random, piece: str) -> str:
    return "შემდეგ " * len(piece.split())


def constant(randomness: random.Random, _piece: str) -> str:
    return randomness.choice(("14", "XQ1", "XQ1 XQ2", "Vilora", "{name}", "**", "\u0301", "\u200b", "a", "€", "5 €"))


def escaping(_randomness: random.Random, piece: str) -> str:
    return piece.replace("'", "&#39;").replace(" ", "&nbsp;")


MILD: tuple[Engine, ...] = (polite, wordy, recasing, shuffling)
"""Engines that do what real ones do every day; most of their texts must go out."""
HOSTILE: tuple[Engine, ...] = (
    *(dropping, doubling, spacing, squeezing, decomposing, widening, renumbering, requoting, inventing, confusing),
    *(multiplying, silent, prompting, foreign, constant, escaping),
)
