"""The chat page for everybody: every language and direction, keyboard, screen reader, phone, dark and still."""

from __future__ import annotations

import re

import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from assistant.phrases import Phrasebook
from tests.api.page.chat_page import CLARIFY, QUESTION, ChatPage, prefer, problem, reply


@pytest.mark.parametrize(
    ("language", "status", "due"),
    [
        ("en", "In progress", "Monday, November 23 at 6:05 PM GMT+3"),
        ("ru", "В обработке", "понедельник, 23 ноября в 18:05 GMT+3"),
        ("be", "У апрацоўцы", "панядзелак, 23 лістапада, 18:05 GMT+3"),
    ],
)
def test_a_promised_time_is_said_in_the_language_of_the_reply(
    page: ChatPage, language: str, status: str, due: str
) -> None:
    ticket = {"id": "T-7", "status": "new", "due_at": "2026-11-23T15:05:00Z"}
    page.prepare(reply("Дзякуй", language, decision="ticketed", ticket=ticket))
    page.ask("?!")
    assert page.last(".ticket").get_attribute("lang") == language
    assert page.last(".ticket .status").text == status
    # ICU may join the parts with narrow or unbreakable spaces, and changes them between versions.
    assert re.sub(r"\s", " ", page.last(".ticket time").text) == due


def test_a_promise_on_a_persian_page_has_the_date_of_the_message(page: ChatPage) -> None:
    page.open("fa-IR")
    ticket = {"id": "T-7", "status": "new", "due_at": "2026-11-23T15:05:00Z"}
    page.prepare(reply("…", "fa", decision="ticketed", ticket=ticket))
    page.ask("?!")
    shown = page.last(".ticket time").text
    assert "نوامبر" in shown, "not Azar of the Persian calendar, which the message does not know"
    assert "۲۳" in shown


def test_an_arabic_page_runs_from_right_to_left(page: ChatPage) -> None:
    page.open("ar")
    assert (page.root("lang"), page.root("dir")) == ("ar", "rtl")
    page.prepare(reply("افتحوا ShopExpress ثم https://shop.example/x", "ar"))
    page.ask("كيف أعيد iPhone؟")
    for message in page.all(".message"):
        assert (message.get_attribute("lang"), message.get_attribute("dir")) == ("ar", "rtl")
    assert page.last("#log a").get_attribute("dir") == "ltr"
    assert page.last(".mine .bubble").value_of_css_property("direction") == "rtl"
    mine, theirs = page.last(".mine .bubble").rect, page.last(".theirs .bubble").rect
    assert mine["x"] < theirs["x"], "the customer speaks from the left in a right-to-left page"
    assert page.overflow() <= 0


def test_an_answer_in_another_language_is_marked_and_isolated_within_the_message(page: ChatPage) -> None:
    text = "Open “My orders”. Ready?"
    answer = {"article_id": "x", "question": "Orders", "text": text, "url": None, "language": "en"}
    page.prepare(reply(f"لغة الإجابة: الإنجليزية\n\n{text}", "ar", answer=answer))
    page.ask("طلب")
    assert page.last(".theirs").get_attribute("lang") == "ar"
    foreign = page.last(".theirs .bubble span")
    assert (foreign.get_attribute("lang"), foreign.get_attribute("dir")) == ("en", "ltr")
    assert foreign.value_of_css_property("unicode-bidi") == "isolate"
    assert foreign.get_property("textContent") == text
    assert page.said()[-1] == f"لغة الإجابة: الإنجليزية\n\n{text}"


def test_the_page_follows_the_language_of_the_reply_and_messages_keep_theirs(page: ChatPage) -> None:
    page.open("ar")
    page.prepare(reply("Within 30 days.", "en"), reply("خلال 30 يومًا", "ar"))
    page.ask("return an item")
    assert (page.root("lang"), page.root("dir")) == ("en", "ltr")
    assert page.driver.title == "Help"
    page.ask("كيف أعيد المنتج؟")
    assert (page.root("lang"), page.root("dir")) == ("ar", "rtl")
    directions = [message.get_attribute("dir") for message in page.all(".message")]
    assert directions == ["rtl", "ltr", "ltr", "rtl", "rtl"]
    assert page.all(".rating")[0].text.startswith("Did this help?"), "what was said stays as it was said"


@pytest.mark.parametrize(
    ("browser", "lang", "direction"),
    [
        ("zh-TW", "zh-Hant", "ltr"),
        ("pt-BR", "pt-BR", "ltr"),
        ("nn-NO", "nb", "ltr"),
        ("bs", "hr", "ltr"),
        ("fa-IR", "fa", "rtl"),
        ("he", "he", "rtl"),
        ("mt,it", "it", "ltr"),  # what is second in the browser comes before what the server falls back on
        ("mt", "en", "ltr"),
    ],
)
def test_the_page_speaks_the_nearest_language_of_the_browser(
    page: ChatPage, browser: str, lang: str, direction: str
) -> None:
    page.open(browser)
    assert (page.root("lang"), page.root("dir")) == (lang, direction)


def test_every_language_can_be_picked_and_is_found_by_its_own_name(page: ChatPage) -> None:
    names = [option.text for option in Select(page.last("#language")).options][1:]
    assert len(set(names)) == len(names) == len(Phrasebook().languages)
    assert {"Беларуская", "Deutsch", "Português", "Português (Brasil)", "Srpski (latinica)", "עברית"} <= set(names)
    assert names.index("Deutsch") < names.index("Español") < names.index("Беларуская") < names.index("Українська")


@pytest.mark.parametrize("language", ["sr-Latn", "pt-BR", "hy", "fa"])
def test_a_long_name_of_a_language_fits_a_narrow_phone(page: ChatPage, language: str) -> None:
    page.open("en", width=320, height=600)
    Select(page.last("#language")).select_by_value(language)
    page.wait(lambda: page.root("lang") == language)
    assert page.overflow() <= 0


def test_the_language_picker_is_the_customers_wish(page: ChatPage) -> None:
    picker = Select(page.last("#language"))
    assert picker.first_selected_option.get_attribute("value") == ""
    picker.select_by_value("ru")
    page.wait(lambda: page.root("lang") == "ru")
    assert page.said() != []
    assert page.all(".message")[0].get_attribute("lang") == "ru", "the greeting is said again"
    page.prepare(reply("Within 30 days.", "en"))
    page.ask(QUESTION)
    assert page.sent()[-1]["body"]["language"] == "ru"
    assert page.root("lang") == "ru", "the page stays as the customer wished"
    assert page.all(".message")[-1].get_attribute("lang") == "en"
    page.reload()
    assert page.root("lang") == "ru"
    assert Select(page.last("#language")).first_selected_option.text == "Русский"
    Select(page.last("#language")).select_by_value("")
    page.wait(lambda: page.root("lang") == "en")
    page.prepare(reply("Fine.", "en"))
    page.ask(QUESTION)
    assert page.sent()[-1]["body"]["language"] == "und", "the server lets go of the wish"
    page.prepare(reply("Yes."))
    page.ask("And then?")
    assert "language" not in page.sent()[-1]["body"]


def test_what_the_customer_writes_goes_before_what_they_picked(page: ChatPage) -> None:
    picker = Select(page.last("#language"))
    picker.select_by_value("ru")
    page.wait(lambda: page.root("lang") == "ru")
    wished = reply("Yes.")
    wished["body"]["language"]["source"] = "requested"
    page.prepare(reply("Да.", "ru"), wished)
    page.ask("Где мой заказ?")
    page.ask("English please")
    assert "language" not in page.sent()[-1]["body"]
    page.wait(lambda: page.root("lang") == "en")
    assert Select(page.last("#language")).first_selected_option.get_attribute("value") == ""
    page.prepare(reply("Yes."))
    page.ask("And then?")
    assert "language" not in page.sent()[-1]["body"], "what was written still holds"


def test_a_browser_language_without_phrases_gets_a_page_that_works(page: ChatPage) -> None:
    page.open("tlh")
    assert page.root("lang") == "en"
    assert page.last("h1").text == "Help"


def test_the_page_is_usable_by_keyboard_and_named_for_a_screen_reader(page: ChatPage) -> None:
    page.prepare(CLARIFY, reply("Done.", answer=None))
    page.ask("money back")
    page.ask("thanks")
    controls = page.all("select, button, textarea, a, [tabindex]")
    assert len(controls) > 8
    for control in controls:
        assert control.accessible_name, control.get_attribute("outerHTML")
    log = page.last("#log")
    assert (log.get_attribute("role"), log.get_attribute("aria-live")) == ("log", "polite")
    assert all(message.get_attribute("lang") and message.get_attribute("dir") for message in page.all(".message"))
    page.last("#language").send_keys(Keys.TAB)
    order = []
    for _ in range(12):
        active = page.driver.switch_to.active_element
        order.append(active.get_attribute("id") or active.get_attribute("value"))
        if order[-1] == "person":
            break
        page.press(Keys.TAB)
    assert order == ["new-chat", "stream", "returns", "refunds", "none", "true", "false", "question", "send", "person"]
    page.press(Keys.ESCAPE)
    assert page.driver.switch_to.active_element == page.question


def test_a_focused_control_can_be_seen(page: ChatPage) -> None:
    page.last("#language").send_keys(Keys.TAB)
    focused = page.driver.switch_to.active_element
    assert focused.value_of_css_property("outline-style") == "solid"
    assert focused.value_of_css_property("outline-width") == "2px"


@pytest.mark.parametrize(("width", "language"), [(320, "en"), (320, "ar"), (390, "uk"), (768, "ar")])
def test_nothing_reaches_past_the_edge_of_a_phone(page: ChatPage, width: int, language: str) -> None:
    page.open(language, width=width, height=640)
    word = "Donaudampfschifffahrt" * 15
    choices = [{"article_id": "a", "question": word}]
    ticket = {"id": word[:60], "status": "open", "due_at": "2026-11-23T15:05:00Z"}
    answer = {"article_id": "a", "question": word, "url": f"https://shop.example/{word}", "language": language}
    page.prepare(
        reply(f"{word} https://shop.example/{word}?q=1", language, answer=answer | {"url": "https://shop.example/"}),
        reply(word, language, decision="clarify", choices=choices),
        reply(word, language, decision="ticketed", ticket=ticket),
        problem(429, word, **{"Retry-After": "3600"}),
    )
    for _ in range(4):
        page.ask(word)
    page.type(word * 8)
    assert page.overflow() <= 0
    for element in page.all(".bubble, .choice, .ticket, .source, .failure, #composer, .bar, .notice, #person"):
        rect = element.rect
        assert rect["x"] >= -0.5
        assert rect["x"] + rect["width"] <= width + 0.5, element.get_attribute("class")
    inner = page.driver.execute_script(
        "return [...document.querySelectorAll('.bubble, .choice, .ticket, .source, .failure')]"
        ".filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.className)"
    )
    assert inner == []


def test_the_page_moves_only_for_those_who_did_not_ask_it_to_keep_still(page: ChatPage) -> None:
    page.prepare(reply("Still."))
    page.ask("still")
    assert page.last(".message").value_of_css_property("animation-name") == "none"
    assert page.last("#stream").value_of_css_property("scroll-behavior") == "auto"
    prefer(page.driver, motion="no-preference")
    try:
        assert page.last(".message").value_of_css_property("animation-name") == "arrive"
    finally:
        prefer(page.driver)


CONTRAST = """
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const rgb = (colour) => {
  canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
  return canvas.getImageData(0, 0, 1, 1).data;
};
const light = (colour) => {
  const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const [r, g, b] = [...colour.slice(0, 3)].map((c) => linear(c / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = (element) => {
  const colour = rgb(getComputedStyle(element).backgroundColor);
  return colour[3] === 255 || !element.parentElement ? colour : ground(element.parentElement);
};
return [...document.querySelectorAll(arguments[0])].map((element) => {
  const [a, b] = [light(rgb(getComputedStyle(element).color)), light(ground(element))];
  return [element.className || element.id || element.tagName, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
});
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(page: ChatPage, scheme: str) -> None:
    prefer(page.driver, scheme=scheme)
    try:
        ticket = {"id": "T-7", "status": "new", "due_at": "2026-11-23T15:05:00Z"}
        page.prepare(reply("See https://shop.example/", ticket=ticket), CLARIFY, "no network")
        for _ in range(3):
            page.ask("text")
        page.type("я" * 2001)
        texts = "h1, .bubble, .bubble a, .choice, .rating, .pill, .reason, .ticket :is(dt, dd, time), .counter, .person"
        measured = page.driver.execute_script(CONTRAST, f"{texts}, .notice, textarea")
    finally:
        prefer(page.driver)
    assert len(measured) > 15
    # WCAG 2.2, success criterion 1.4.3: 4.5 to 1 for text of ordinary size.
    assert [(name, ratio) for name, ratio in measured if ratio < 4.5] == []
