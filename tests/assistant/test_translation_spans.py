"""Spans survive any engine, or the translation is refused."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.translation import TranslationUnsafeError, find_spans, spans, verify
from assistant.translation.sentences import split
from assistant.translation.shield import translate_around
from assistant.translation.spans import KINDS
from assistant.translation.verification import find_faults

ANSWER = """# Returns

1. Open **My orders** at https://vilora.example/orders?id=7&x=a_b, choose VL-204815 and press `Return`.
2. Print the label; write to help@vilora.example or call +375 (17) 123-45-67 before 2024-01-15 10:00.

- You get 1 200,50 BYN (10 %) within 14 days, {name}!
- See [our terms](https://vilora.example/terms "Terms") 👍🏽 or <a href="/help">the help</a>&nbsp;page.

Thank you, %(customer)s. Mr. Smith waits for {{ order.id }} at 10–18.
"""


def texts(text: str) -> list[str]:
    return [span.text for span in find_spans(text)]


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        # the closing bracket is left to the text, and so stays in its place
        ("see https://a.example/x_y?q=1&r=(2).", ["https://a.example/x_y?q=1&r=(2"]),
        ("see https://a.example/x, or www.b.example!", ["https://a.example/x", "www.b.example"]),
        ("«https://a.example/шлях»", ["https://a.example/шлях"]),
        ("go to shop.example/help.", ["shop.example/help"]),
        ("write to first.last+tag@mail.example.", ["first.last+tag@mail.example"]),
        ("пошта імя@прыклад.бел тут", ["імя@прыклад.бел"]),
        ("请写信给a@b.example谢谢", ["a@b.example"]),
        ("订单VL-204815已发货", ["VL-204815"]),
        ("call +375 (17) 123-45-67, or 8 800 555-35-35", ["+375 (17) 123-45-67", "8 800 555-35-35"]),
        ("costs €20.50, 30 BYN, $5 or 1 200,00 ₽", ["€20.50", "30 BYN", "$5", "1 200,00 ₽"]),
        ("on 2024-01-15T10:00:00Z or 15.01.2024 at 10:00", ["2024-01-15T10:00:00Z", "15.01.2024", "10:00"]),
        ("10–18, -5°C, 50 %, ½", ["10–18", "-5°C", "50 %", "½"]),
        ("50% discount and 5 days", ["50%", "5"]),
        ("{name} {{ a.b }} ${x} {% if y %}", ["{name}", "{{ a.b }}", "${x}", "{% if y %}"]),
        ("%s %d %1$s %(n)s", ["%s", "%d", "%1$s", "%(n)s"]),
        ("a 14-дневный срок", ["14"]),
        ("user_name and VERY_LONG_NAME", ["user_name", "VERY_LONG_NAME"]),
        ("iPhone15, 5G, A4, 256GB, 10am", ["iPhone15", "5G", "A4", "256GB", "10am"]),
        ("<b>x</b><br/>&amp;", ["<b>", "</b>", "<br/>", "&amp;"]),
        ("a < b and c > d", []),
        ("<code>x: y()</code> ```\nraw 5\n``` <!-- no -->", ["<code>x: y()</code>", "```\nraw 5\n```", "<!-- no -->"]),
        ("``` unclosed 5", ["5"]),
        ("[a link](https://x.example) ![alt](i.png)", ["[", "](https://x.example)", "![", "](i.png)"]),
        ("**bold** _it_ ~~no~~ | cell", ["**", "**", "_", "_", "~~", "~~", "|"]),
        ("👍🏽 👨‍👩‍👧 1️⃣ ❤️", ["👍🏽", "👨‍👩‍👧", "1️⃣", "❤️"]),
        ("@support #sale", ["@support", "#sale"]),
        ("١٢٣ and \ue000", ["١٢٣", "\ue000"]),
        ("on 12.03.2026, 12/03/26, 15. 3. 2026 at 17:00", ["12.03.2026", "12/03/26", "15. 3. 2026", "17:00"]),
        ("at 5 pm, 9:30 AM, 5 p.m. or 9:00–18:00", ["5 pm", "9:30 AM", "5 p.m.", "9:00–18:00"]),
        ("Am 5. am Montag", ["5"]),
        ("2026年3月5日 и 2026년 3월 5일에", ["2026年3月5日", "2026년 3월 5일"]),
        ("1 299,00 ₽, 12 руб. и 5 грн", ["1 299,00 ₽", "12 руб.", "5 грн"]),
        ("BYN 12.50, 200 zł, R$ 20, US$ 5", ["BYN 12.50", "200 zł", "R$ 20", "US$ 5"]),
        ("Rs. 500, 500元, 5 BYN.", ["Rs. 500", "500元", "5 BYN"]),
        ("价格€5，电话+375171234567", ["€5", "+375171234567"]),
        ("стоит 12 руб. Потом 5 рублей", ["12 руб", "5"]),
        ("pay 5 € 10 times", ["5 € 10"]),
        ("call 8-800-555-35-35 200 zł", ["8-800-555-35-35", "200 zł"]),
        ("call 1-800-GO-FEDEX", ["1-800-GO-FEDEX"]),
        ("IBAN BY13 NBRB 3600 9000 0000 2Z00 AB00", ["BY13 NBRB 3600 9000 0000 2Z00 AB00"]),
        ("BIC: DEUTDEFF, PLEASE", ["DEUTDEFF"]),
        ("**** **** **** 1234, •••• 1234", ["**** **** **** 1234", "•••• 1234"]),
        ("card 4111 11** **** 1111.", ["4111 11** **** 1111"]),
        ("**1234**", ["**", "1234", "**"]),
        ("Ctrl+S, Ctrl + Shift + T, ⌘C, Alt+F4", ["Ctrl+S", "Ctrl + Shift + T", "⌘C", "Alt+F4"]),
        ("Windows and Command lines", []),
        (r"C:\Users\me\a.txt, /etc/hosts, ~/x/y.sh", [r"C:\Users\me\a.txt", "/etc/hosts", "~/x/y.sh"]),
        ("отчёт.pdf, my-report.v2.docx, and/or", ["отчёт.pdf", "my-report.v2.docx"]),
        ("v2.3.1, 0x1F, vl-204815, #12345, № 7", ["v2.3.1", "0x1F", "vl-204815", "#12345", "№ 7"]),
        ("550e8400-e29b-41d4-a716-446655440000", ["550e8400-e29b-41d4-a716-446655440000"]),
        ("{{{raw}}} {{#if a}} {{else}} {{/if}} #{y} $name %NAME% [[name]] <%= x %>", [
            "{{{raw}}}", "{{#if a}}", "{{else}}", "{{/if}}", "#{y}", "$name", "%NAME%", "[[name]]", "<%= x %>"]),
        ("{n, plural, one {# item} other {# items}}!", ["{n, plural, one {# item} other {# items}}"]),
        ("50 %s 50 % s %50 indirim", ["50", "%s", "50 %", "%50"]),
        ("<!DOCTYPE html> <kbd>Ctrl</kbd>", ["<!DOCTYPE html>", "<kbd>Ctrl</kbd>"]),
        ("[text][ref] [a](https://a.example/b_(c)) [^1]", ["[", "][ref]", "[", "](https://a.example/b_(c))", "[^1]"]),
        ("[see https://a.example/b](i.png)", ["[", "https://a.example/b", "](i.png)"]),
        ("\n[ref]: https://a.example \\* \\_", ["[ref]:", "https://a.example", "\\*", "\\_"]),
        ("🇧🇾🇺🇦 👨‍👩‍👧‍👦 :) :-D :thumbs_up:", ["🇧🇾", "🇺🇦", "👨‍👩‍👧‍👦", ":)", ":-D", ":thumbs_up:"]),
        ("_shop.example_ _-5°C_ _Ctrl+S_ _€5_", [
            "_", "shop.example", "_", "_", "-5°C", "_", "_", "Ctrl+S", "_", "_", "€5", "_"]),
        ("½ cup, 2½ hours", ["½", "2½"]),
        ("прыклад.бел/шлях", ["прыклад.бел/шлях"]),
        ("plain words, only words.", []),
        ("", []),
    ],
)  # fmt: skip
def test_what_must_not_change_is_found(text: str, spans: list[str]) -> None:
    assert texts(text) == spans


@pytest.mark.parametrize(
    "name",
    [
        "“Start return”", "«Оформить возврат»", "„Zahlung und Versand“", '"Save changes"', "'OK'", "« Mon compte »",
        "「注文履歴」", "【マイページ】", "‘Done’", "“Save as…”", "“My orders (3)”", '"Don\'t ask"', "“2 items”",
        "«Настройки v2.0»", "“حسابي”", "'Éditer'",
    ],
)  # fmt: skip
def test_names_on_the_screen_stay_as_they_are_printed(name: str) -> None:
    assert [span.kind for span in find_spans(f"press {name} now")] == ["quote"]
    assert texts(f"({name}, please)") == [name]


@pytest.mark.parametrize(
    "speech",
    [
        "“I do not know what you want”", '"free"', "«да»", '"Hello. How are you?"', "“Yes, please”", "“Really?”",
        "「どうすればいいですか」", "「はい。」", "the customers' Orders and sellers' Goods", "rock 'n' Roll",
        'a 5" Disk" here',
        "“The quick brown fox jumps”", f"“{'A' * 41}”", "“Unclosed", "“”", '""', "“ ”", "“Two\nLines”",
    ],
)  # fmt: skip
def test_what_people_say_is_translated(speech: str) -> None:
    assert "quote" not in [span.kind for span in find_spans(speech)]


@settings(max_examples=200, deadline=None)
@given(st.text("ab кр.,!?: /-@_5€$%zł\n“A”注kr", max_size=60))
def test_passing_over_plain_words_misses_nothing(text: str) -> None:
    patterns = [f"(?P<{kind}>{pattern})" for kind, pattern in spans._PATTERNS.items()]
    slow = re.compile(spans._with_words("|".join(patterns)))
    assert texts(text) == [found.group() for found in slow.finditer(text)]


@given(st.text(max_size=300))
def test_spans_are_in_order_do_not_overlap_and_hold_what_they_say(text: str) -> None:
    end = 0
    for span in find_spans(text):
        assert span.start >= end
        assert span.end > span.start
        assert span.text == text[span.start : span.end]
        assert span.kind in KINDS
        end = span.end


@pytest.mark.parametrize(
    "piece",
    [
        "<code>", "```", "{", "1", "1 ", "a.b", "a_", "www.", "[", "<a ", "+1", "12 345 ", "@a", "%(", "A1-", "- ",
        "<!--", "a.", "«A ", '"A ', "'A", "/a", "~/", "{a,plural", "{a,plural,{", "Ctrl+", "****", "•", "AB12", "12:",
        "\\", "[[a", "{{#", "%a", "$a", ":a", "1 руб", "「あ", "[^", "](", "1年", "1. ", "C:\\a ", "1½", "5 € ",
        "AB12 ", "a-",
    ],
)  # fmt: skip
def test_hostile_repetition_costs_linear_time(piece: str) -> None:
    def seconds(length: int) -> float:
        text = (piece * length)[:length]
        before = time.process_time()
        find_spans(text)
        return time.process_time() - before

    seconds(2_000)
    assert min(seconds(20_000) for _ in range(2)) < 1  # a quadratic pattern takes minutes here


@given(st.text(max_size=400), st.integers(min_value=1, max_value=60))
def test_sentences_join_to_the_line_and_are_short(line: str, limit: int) -> None:
    parts = split(line, limit=limit)
    assert "".join(part.text + part.gap for part in parts) == line
    assert all(len(part.text) <= limit and part.gap.strip() == "" for part in parts)


@pytest.mark.parametrize(
    ("line", "sentences"),
    [
        ("Mr. A. Smith came, e.g. late. Ok? Yes.", ["Mr. A. Smith came, e.g. late.", "Ok?", "Yes."]),
        ("Напішыце нам, напр. у чат. Дзякуй!", ["Напішыце нам, напр. у чат.", "Дзякуй!"]),
        ("你好。再见！", ["你好。", "再见！"]),
        ("He said “no.” Then he left…  And so on", ["He said “no.”", "Then he left…", "And so on"]),
        ("Version 2.5 is out, No. 7 too", ["Version 2.5 is out, No. 7 too"]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(line: str, sentences: list[str]) -> None:
    assert [part.text for part in split(line)] == sentences


def asked_for(text: str) -> tuple[str, list[str]]:
    asked: list[str] = []

    def shout(piece: str) -> str:
        asked.append(piece)
        return piece.upper()

    return translate_around(text, shout), asked


def test_structure_and_spans_stay_while_the_words_are_translated() -> None:
    translated, _ = asked_for("# Title\n\n1. Open **My orders** at https://a.example/b_c in 14 days.\n> ok\n")
    assert translated == "# TITLE\n\n1. OPEN **MY ORDERS** AT https://a.example/b_c IN 14 DAYS.\n> OK\n"


def test_engines_never_see_a_span() -> None:
    _, asked = asked_for(ANSWER)
    protected = [span.text for span in find_spans(ANSWER)]
    seen = [mask for piece in asked for mask in texts(piece)]
    assert protected
    assert all(mask.startswith("XQ") for mask in seen)
    assert not any(span in piece for span in protected if len(span) > 2 for piece in asked)


def test_a_number_keeps_its_sentence_together() -> None:
    _, asked = asked_for("You may return it within 14 days.")
    assert asked == ["You may return it within XQ1 days."]


def test_a_token_the_engine_spoils_makes_it_cut_the_sentence() -> None:
    asked: list[str] = []

    def spoiling(piece: str) -> str:
        asked.append(piece)
        return piece.upper().replace("XQ1", "X Q 1")

    assert translate_around("return it within 14 days.", spoiling) == "RETURN IT WITHIN 14 DAYS."
    assert asked == ["return it within XQ1 days.", "return it within", "days."]


def test_swapped_tokens_do_not_swap_the_hours() -> None:
    def swapping(piece: str) -> str:
        return piece.replace("XQ1", "??").replace("XQ2", "XQ1").replace("??", "XQ2").upper()

    assert translate_around("Open from 9:00 until 18:00 daily.", swapping) == "OPEN FROM 9:00 UNTIL 18:00 DAILY."


@pytest.mark.parametrize("token", ["xq1", "XQ 1", "ＸＱ１", "Xq １"])
def test_a_token_in_other_clothes_is_known(token: str) -> None:
    assert translate_around("in 14 days", lambda piece: piece.upper().replace("XQ1", token)) == "IN 14 DAYS"


def test_parts_of_two_kinds_may_change_places_as_a_sentence_wants_it() -> None:
    assert translate_around("get 30 BYN within 14 days", lambda _piece: "XQ2日以内に XQ1") == "14日以内に 30 BYN"
    assert translate_around("get 30 BYN or 40 BYN", lambda piece: {"get": "A", "or": "B"}.get(piece, "XQ2 XQ1")) == (
        "A 30 BYN B 40 BYN"
    )


@pytest.mark.parametrize(
    ("text", "translated"),
    [
        ("订单VL-204815已发货", "the order VL-204815 is sent"),
        ("共5元。", "all 5元。"),
        ("在14天内（到5号）", "within 14 days（until 5 th）"),
    ],
)
def test_letters_of_a_script_with_spaces_do_not_grow_onto_a_code(text: str, translated: str) -> None:
    english = {
        "订单": "the order",
        "已发货": "is sent",
        "共": "all",
        "在": "within",
        "天内（到": "days（until",
        "号）": "th）",
    }
    assert translate_around(text, lambda piece: english.get(piece, "XQ")) == translated


@pytest.mark.parametrize("edge", ["\u0301", "\u200d", "\ufe0f", "\u200f", "\u00a0 "])
def test_what_would_stick_to_a_neighbour_is_dropped(edge: str) -> None:
    assert translate_around("5 days 👍", lambda _piece: f"{edge}дней{edge}").replace(edge.strip(), "") == "5 дней 👍"


def test_text_without_words_never_reaches_an_engine() -> None:
    translated, asked = asked_for("12 345 — https://a.example 👍\n\n***\n{x}")
    assert translated == "12 345 — https://a.example 👍\n\n***\n{x}"
    assert asked == []


def test_private_characters_of_the_text_itself_stay() -> None:
    text = "icon \ue001 and \U000f0000 here \U000f0001 5"
    translated, _ = asked_for(text)
    assert translated == "ICON \ue001 AND \U000f0000 HERE \U000f0001 5"


def test_an_engine_that_answers_nothing_is_refused() -> None:
    with pytest.raises(TranslationUnsafeError, match="gave nothing back"):
        translate_around("some words", lambda _piece: " ")


def _reversed(piece: str) -> str:
    """Return words of another language, for those of the original are none."""
    return " ".join(word[::-1] if word.isalpha() else word for word in piece.split())


def _dropping(randomness: random.Random, piece: str) -> str:
    return " ".join(word for word in piece.split() if randomness.random() < 0.7)


def _doubling(randomness: random.Random, piece: str) -> str:
    return " ".join(word for word in piece.split() for _ in range(1 + (randomness.random() < 0.3)))


def _recasing(randomness: random.Random, piece: str) -> str:
    return "".join(randomness.choice((sign.lower, sign.upper))() for sign in piece.replace("e", "u"))


def _spacing(randomness: random.Random, piece: str) -> str:
    return "".join(sign + " " * (randomness.random() < 0.3) for sign in piece)


def _shuffling(randomness: random.Random, piece: str) -> str:
    words = piece.split()
    randomness.shuffle(words)
    return " ".join(words)


def _inventing(randomness: random.Random, piece: str) -> str:
    extra = randomness.choice(
        ["7", "https://evil.example", "**", "{x}", "XQ1", "XQ9", "\U000f0000", "\n", "", "\u202e"]
    )
    return f"{piece} {extra} {piece[:5]}"


HOSTILE = [_dropping, _doubling, _recasing, _spacing, _shuffling, _inventing]


@pytest.mark.parametrize("hostility", HOSTILE)
def test_spans_survive_a_hostile_engine_or_the_text_is_refused(
    hostility: Callable[[random.Random, str], str],
) -> None:
    delivered = 0
    for seed in range(60):
        randomness = random.Random(seed)
        try:
            translated = translate_around(ANSWER, lambda piece: hostility(randomness, _reversed(piece)))  # noqa: B023
            verify(ANSWER, translated)
        except TranslationUnsafeError:
            continue
        delivered += 1
        assert Counter(texts(translated)) == Counter(texts(ANSWER))
        assert translated.count("\n") == ANSWER.count("\n")
    if hostility in (_recasing, _shuffling, _doubling):
        assert delivered > 30  # altering words alone is no reason to refuse


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["word", "14", "{name}", "https://a.example/x", "\n", "- ", "**", "VL-1", "👍", "слова.", "5 %"]
        )
    ),
    st.sampled_from(HOSTILE),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_any_mixture_of_words_and_spans_survives_or_is_refused(
    parts: list[str], hostility: Callable[[random.Random, str], str], randomness: random.Random
) -> None:
    text = " ".join(parts)
    try:
        translated = translate_around(text, lambda piece: hostility(randomness, piece))
        verify(text, translated)
    except TranslationUnsafeError:
        return
    assert Counter(texts(translated)) == Counter(texts(text))


@pytest.mark.parametrize(
    ("source", "translated", "language", "fault"),
    [
        ("pay 20 now", "плати сейчас", "ru", "lost"),
        ("pay 20 now", "плати 20 20 сейчас", "ru", "made up"),
        ("pay now", "плати 5 сейчас", "ru", "digits"),
        ("see https://a.example", "смотри https://a.example/", "ru", "made up"),
        ("one line", "одна\nстрока", "ru", "line breaks"),
        ("short text", "очень " + "длинный необычный перевод текста " * 5, "ru", "letters long"),
        ("a fairly long original text with many words in it, really", "да", "ru", "letters long"),
        ("words", "", "ru", "letters long"),
        (
            "You can return any item within the month, and we refund the whole price of it to your card.",
            "Любой товар можно вернуть в течение",
            "ru",
            "a line of 71 letters has become 30",
        ),
        ("We refund the whole price to your card.", "Мы вернём всю", "ru", "ends without its mark"),
        ("Write to us. We refund the whole price to your card.", "Напишите нам. Мы вернём", "ru", "without its mark"),
        ("Pack it well. Write to us. We refund the whole price.", "Хорошо упакуйте.", "ru", "3 sentences"),
        (
            "Where it is broken, send us a picture of it with all the parts that were in the box. Write to us by mail.",
            "Если он сломан. Напишите нам по электронной почте, и мы сделаем для вас всё, что в наших силах.",
            "ru",
            "a sentence of 64 letters has become 12",
        ),
        ("Write.\nWe refund the whole price to your card.", "Пишите нам.\nМы вернём", "ru", "without its mark"),
        ("we thank you for the order", "спасибо спасибо спасибо спасибо", "ru", "repeats"),
        ("we thank you for the order", "за заказ за заказ за заказ за заказ", "ru", "repeats"),
        ("we thank you", "спасибо ааааааааа", "ru", "repeats"),
        ("we thank you very much", "we thank you very much indeed", "ru", "script Cyrl"),
        ("дзякуй вам за ваш заказ", "дзякуй вам за ваш заказ", "en", "script Latn"),
        ("one two three four five six seven eight", "one two three four five six seven eight", "de", "unaltered"),
        ("some words", "слова ⁇ тут", "ru", "leftover"),
        ("some words", "слова XQ тут", "ru", "leftover"),
        ("from 9:00 until 18:00", "с 18:00 до 9:00", "ru", "changed places"),
        ("pay <b>20</b> now", "плати </b>20<b> сейчас", "ru", "changed places"),
        ("pay **20** and _30_", "плати _20_ и **30**", "ru", "changed places"),
        ("five per cent", "пять % тут", "ru", "the sign '%'"),
        ("see [the page", "смотри страницу", "ru", "the sign '['"),
        ("pay five euros", "плати пять €", "ru", "the sign '€'"),
        ("words (and more)", "слова (и больше", "ru", "the bracket '('"),
        ("words (and more)", "слова и больше)", "ru", "the bracket ')'"),
        ("one a b c d e f g h i j k l m n o", "адзін a b c d e f g h i j k l", "be", "untranslated"),
        ("We thank you for the call", "We thank you for спасибо вам", "ru", "script Cyrl"),
        ("some words", "слова\x07тут", "ru", "U+0007"),
        ("some words", "слова \u202eтут", "ru", "U+202E"),
    ],
)
def test_each_fault_is_named(source: str, translated: str, language: str, fault: str) -> None:
    with pytest.raises(TranslationUnsafeError, match="cannot be trusted") as refused:
        verify(source, translated, target_language=language)
    assert fault in "; ".join(refused.value.faults)


@pytest.mark.parametrize(
    ("source", "translated", "language"),
    [
        ("Return it within 14 days.", "Вярніце яго на працягу 14 дзён.", "be"),
        ("We refund the whole price to your card.", "เราคืนเงินเต็มจำนวน", "th"),
        ("Pack it well. Then write to us.", "Хорошо упакуйте его и напишите нам.", "ru"),
        ("We refund the whole price to your card.", "我们将全额退款到您的卡上。", "zh"),
        ("Write to a@b.example, {name}!", "{name}, напішыце на a@b.example!", "be"),
        ("Thank you for your patience, we reply soon.", "感谢您的耐心等待，我们会尽快回复。", "zh"),
        ("你好", "Hello there, and welcome", "en"),
        ("Vilora Club", "Vilora Club", "ru"),
        ("no no no no", "нет нет нет нет", "ru"),
        ("Any words here", "Якія заўгодна словы тут", "xx"),
        ("You get 30 BYN within 14 days", "14日以内に 30 BYN を受け取ります", "ja"),
        ("who sang black is black and more", "black is blackを歌ったのは誰ですか", "ja"),
        ("a) one (or two)", "а) адзін (або два)", "be"),
        ("words (and more)", "单词（以及更多）", "zh"),
        ("the “hidden” network", "das »verborgene« Netz", "de"),
        ("Save it", "திரைப்பிடிப்பைப் பெறுகிறது பெற்று", "ta"),
        ("", "", "ru"),
    ],
)  # fmt: skip
def test_a_sound_translation_passes(source: str, translated: str, language: str) -> None:
    assert find_faults(source, translated, target_language=language) == ()


@given(st.text(max_size=200), st.text(max_size=200))
def test_verification_decides_on_any_text(source: str, translated: str) -> None:
    assert all(isinstance(fault, str) for fault in find_faults(source, translated, target_language="be"))


def test_verification_of_a_huge_text_is_quick() -> None:
    text = "многа слоў, 12 345 BYN і https://a.example/x. " * 1_100
    before = time.process_time()
    assert find_faults(text, text.replace("слоў", "слів"), target_language="uk") == ()
    assert time.process_time() - before < 5
