"""What a customer sees in the chat page when they ask, choose, rate, wait, and lose the network."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from tests.api.page.chat_page import CLARIFY, QUESTION, ChatPage, problem, reply


def test_the_page_is_served_under_a_policy_that_forbids_inline_code(live_server: str) -> None:
    with urllib.request.urlopen(f"{live_server}/") as response:
        policy = response.headers["Content-Security-Policy"]
        assert response.headers.get_content_type() == "text/html"
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_a_question_gets_the_answer_the_server_gives(page: ChatPage) -> None:
    body = json.dumps({"question": QUESTION, "channel": "chat"}).encode()
    request = urllib.request.Request(
        f"{page.address}/v1/answers", body, {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request) as response:
        expected = json.load(response)
    assert expected["decision"] == "answered"
    page.ask(QUESTION)
    assert page.said("mine") == [QUESTION]
    assert page.said()[-1] == expected["message"]
    assert page.last(".rating").text.startswith("Did this help?")
    (sent,) = page.sent()
    assert sent["path"] == "/v1/answers"
    assert sent["body"]["channel"] == "chat"
    assert "language" not in sent["body"]
    assert page.question.get_property("value") == ""


def test_enter_sends_and_shift_enter_makes_a_line(page: ChatPage) -> None:
    page.prepare(reply("Yes."))
    page.question.send_keys("One", Keys.SHIFT, Keys.ENTER, Keys.SHIFT, "two")
    assert page.question.get_property("value") == "One\ntwo"
    page.question.send_keys(Keys.ENTER)
    page.settle()
    assert [sent["body"]["question"] for sent in page.sent()] == ["One\ntwo"]


def test_enter_that_ends_a_composed_word_sends_nothing(page: ChatPage) -> None:
    page.type("にほん")
    page.driver.execute_script(
        "arguments[0].dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true}))",
        page.question,
    )
    assert page.sent() == []
    assert page.question.get_property("value") == "にほん"


def test_the_customers_time_zone_goes_along(page: ChatPage) -> None:
    page.prepare(reply("Yes."))
    page.ask("One?")
    assert page.sent()[0]["body"]["customer"] == {"timezone": "Europe/Minsk"}


def test_a_zone_that_the_server_does_not_know_costs_no_answer(page: ChatPage) -> None:
    refusal = {"detail": "customer.timezone is …", "errors": [{"field": "customer.timezone", "message": "…"}]}
    page.prepare({"status": 422, "body": refusal}, reply("Yes."))
    page.ask("One?")
    assert page.said()[-1] == "Yes."
    refused, taken = (sent["body"] for sent in page.sent())
    assert taken == {name: value for name, value in refused.items() if name != "customer"}


@pytest.mark.parametrize("empty", ["", " ", "\n\t \u00a0"])
def test_nothing_is_sent_for_an_empty_question(page: ChatPage, empty: str) -> None:
    page.type(empty)
    page.question.send_keys(Keys.ENTER)
    page.last("#send").click()
    assert page.sent() == []


def test_hostile_characters_reach_the_server_as_they_are_or_mended(page: ChatPage) -> None:
    page.prepare(reply("ok"))
    page.driver.execute_script(
        "arguments[0].value = 'a\\u0000b \\ud83d\\ude00 \\ud800'; arguments[0].dispatchEvent(new Event('input'))",
        page.question,
    )
    page.question.send_keys(Keys.ENTER)
    page.settle()
    raw = page.driver.execute_script("return spy.sent[0].raw")
    assert json.loads(raw)["question"] == "a\x00b \U0001f600 \ufffd"


def test_choices_are_taken_by_keyboard(page: ChatPage) -> None:
    page.prepare(CLARIFY, reply("Within 30 days."))
    page.ask("money back")
    first = page.last(".choice[value=returns]")
    assert [choice.text for choice in page.all(".choice")] == [QUESTION, "When is it paid?", "None of these"]
    page.question.send_keys(Keys.SHIFT, Keys.TAB)
    assert page.driver.switch_to.active_element.text == "None of these"
    page.press(Keys.SHIFT, Keys.TAB)
    page.press(Keys.SHIFT, Keys.TAB)
    assert page.driver.switch_to.active_element == first
    page.press(Keys.ENTER)
    page.wait(lambda: page.said()[-1] == "Within 30 days.")
    assert page.said("mine") == ["money back", QUESTION]
    asked, chosen = (sent["body"] for sent in page.sent())
    assert chosen["choice"] == "returns"
    assert "question" not in chosen
    assert chosen["conversation_id"] == asked["conversation_id"]
    assert chosen["message_id"] != asked["message_id"]
    assert first.get_attribute("aria-pressed") == "true"
    assert page.driver.switch_to.active_element == first, "the keyboard lost its place"
    first.click()
    assert len(page.sent()) == 2, "a choice can be taken once"


def test_choices_are_not_listed_twice(page: ChatPage) -> None:
    message = f"Did you mean one of these?\n\n1. {QUESTION}\n2. When is it paid?"
    choices = CLARIFY["body"]["choices"]
    page.prepare(reply(message, decision="clarify", choices=choices), reply(message))
    page.ask("money back")
    assert page.said()[-1] == "Did you mean one of these?"
    page.ask("the same list, without buttons")
    assert page.said()[-1] == message


def test_choices_that_are_set_apart_in_a_message_from_right_to_left_are_not_listed_twice(page: ChatPage) -> None:
    choices = [{**choice, "language": "en"} for choice in CLARIFY["body"]["choices"]]
    listed = "\n".join(f"{number}. \u2068{choice['question']}\u2069" for number, choice in enumerate(choices, 1))
    page.prepare(reply(f"هل تقصدون أحد هذه الأسئلة؟\n\n{listed}", "ar", decision="clarify", choices=choices))
    page.ask("إرجاع")
    assert page.said()[-1] == "هل تقصدون أحد هذه الأسئلة؟"
    shown = page.all(".choice:not(.none)")
    assert [choice.text for choice in shown] == [choice["question"] for choice in choices]
    assert {choice.get_attribute("lang") for choice in shown} == {"en"}
    assert {choice.value_of_css_property("direction") for choice in shown} == {"ltr"}


def test_choices_of_a_message_from_right_to_left_with_marks_are_not_listed_twice(page: ChatPage) -> None:
    choices = [{**choice, "language": "en"} for choice in CLARIFY["body"]["choices"]]
    listed = "\n".join(f"\u200f{number}. \u2068{choice['question']}\u2069" for number, choice in enumerate(choices, 1))
    page.prepare(reply(f"האם התכוונתם?\n\n{listed}", "he", decision="clarify", choices=choices))
    page.ask("החזרה")
    assert page.said()[-1] == "האם התכוונתם?"


@pytest.mark.parametrize("text", ["Within 30 days.", "Within 30 days.\n\nUnused."])
def test_a_foreign_answer_keeps_its_own_language_line_by_line(page: ChatPage, text: str) -> None:
    lines = "\n".join(f"\u2068{line}\u2069" if line else "" for line in text.split("\n"))
    message = f"متأسفیم. زبان پاسخ: \u2068انگلیسی\u2069.\n\n{lines}"
    answer = {"question": "Returns?", "url": None, "language": "en", "text": text}
    page.prepare(reply(message, "fa", answer=answer))
    page.ask("برگرداندن")
    (quoted,) = page.all(".theirs:last-child .bubble [lang=en]")
    assert quoted.get_attribute("dir") == "ltr"
    assert quoted.get_property("textContent") == lines, "marks that are left outside make empty lines"


def test_none_of_these_says_so_to_the_server(page: ChatPage) -> None:
    page.prepare(CLARIFY, reply("A colleague will answer."))
    page.ask("money back")
    page.last(".choice.none").click()
    page.wait(lambda: page.said()[-1] == "A colleague will answer.")
    assert page.sent()[1]["body"]["choice"] == "none"
    assert page.said("mine")[-1] == "None of these"


def test_a_new_question_closes_the_old_choices(page: ChatPage) -> None:
    page.prepare(CLARIFY, reply("Another answer."))
    page.ask("money back")
    page.ask("something else")
    page.last(".choice.none").click()
    assert len(page.sent()) == 2


def test_talking_to_a_person_shows_a_ticket_card(page: ChatPage) -> None:
    page.last("#person").click()
    card = page.last(".ticket")
    assert page.said("mine") == ["Talk to a person"]
    number = page.last(".ticket .number").text
    assert number
    assert number in page.said()[-1]
    assert "In progress" in card.text
    time = page.last(".ticket time")
    assert re.match(r"\d{4}-\d\d-\d\dT", time.get_attribute("datetime") or "")
    assert re.match(r"(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, ", time.text)


def test_an_answer_that_did_not_help_opens_a_ticket(page: ChatPage) -> None:
    page.ask(QUESTION)
    page.last(".rating [value=false]").click()
    page.last(".ticket")
    sent = page.sent()[-1]
    assert re.fullmatch(r"/v1/answers/[^/]+/feedback", sent["path"])
    assert sent["body"] == {"helpful": False}
    assert page.last(".rating [value=false]").get_attribute("aria-pressed") == "true"
    page.last(".rating [value=true]").click()
    assert len(page.sent()) == 2, "an answer is rated once"


def test_thanks_are_shown_for_an_answer_that_helped(page: ChatPage) -> None:
    page.ask(QUESTION)
    before = len(page.said())
    page.last(".rating [value=true]").click()
    page.wait(lambda: len(page.said()) > before)
    assert page.sent()[-1]["body"] == {"helpful": True}
    assert page.find(".ticket") is None


def test_a_rating_that_did_not_get_through_can_be_given_again(page: ChatPage) -> None:
    page.ask(QUESTION)
    page.prepare("no network")
    page.last(".rating [value=true]").click()
    page.wait(lambda: page.last("#notice").text)
    before = len(page.said())
    page.last(".rating [value=true]").click()
    page.wait(lambda: len(page.said()) > before)


def test_a_suppressed_message_ends_the_waiting_and_shows_nothing(page: ChatPage) -> None:
    page.prepare(reply("", decision="suppressed", reason="loop"))
    before = page.said()
    page.ask("auto-reply: out of office")
    assert page.said() == before
    assert page.find(".failure") is None
    assert page.find(".wait") is None


def test_waiting_is_shown_and_said(page: ChatPage) -> None:
    page.prepare("never")
    page.type("slow")
    page.question.send_keys(Keys.ENTER)
    assert page.last("#thinking .wait").text == "Looking for the answer…"
    assert page.last("#thinking").get_attribute("role") == "status"


def test_a_person_can_be_asked_for_while_an_answer_is_awaited(page: ChatPage) -> None:
    page.prepare(reply("First."), reply("A person will write."))
    page.driver.execute_script("spy.hold = new Promise((resolve) => { spy.release = resolve; })")
    page.type("slow")
    page.question.send_keys(Keys.ENTER)
    page.last("#person").click()
    page.last("#person").click()  # the second press asks for nothing new
    assert page.said("mine") == ["slow", "Talk to a person"]
    assert len(page.sent()) == 1, "the conversation keeps its order on the server too"
    page.driver.execute_script("spy.release()")
    page.settle()
    assert page.said()[-2:] == ["First.", "A person will write."]
    assert [sent["body"]["question"] for sent in page.sent()] == ["slow", "Talk to a person"]


@pytest.mark.parametrize("failure", ["no network", problem(503, "restarting"), {"status": 200, "body": None}])
def test_a_retry_sends_the_same_message_again(page: ChatPage, failure: Any) -> None:
    page.prepare(failure)
    page.ask(QUESTION)
    assert "could not be sent" in page.last(".failure").text
    page.last(".retry").send_keys(Keys.ENTER)
    page.last(".rating")
    first, second = page.sent()
    assert first["raw"] == second["raw"], "another body under the same message_id is a conflict"
    assert first["body"]["message_id"]
    assert page.find(".failure") is None
    assert page.said("mine") == [QUESTION]
    assert page.driver.switch_to.active_element == page.question


def test_a_message_left_on_its_way_by_a_reload_keeps_its_id(page: ChatPage) -> None:
    page.prepare("never")
    page.type(QUESTION)
    page.question.send_keys(Keys.ENTER)
    (first,) = page.sent()
    page.reload()
    assert page.said("mine") == [QUESTION]
    page.last(".retry").click()
    page.last(".rating")
    (second,) = page.sent()
    assert first["raw"] == second["raw"]


def test_every_question_has_its_own_message_id_in_one_conversation(page: ChatPage) -> None:
    page.prepare(reply("1"), reply("2"))
    page.ask("one")
    page.ask("one")
    first, second = (sent["body"] for sent in page.sent())
    assert first["message_id"] != second["message_id"]
    assert first["conversation_id"] == second["conversation_id"]


def test_a_rate_limit_is_waited_out(page: ChatPage) -> None:
    page.prepare(problem(429, "too many", **{"Retry-After": "1"}))
    page.ask(QUESTION)
    page.last(".rating")
    first, second = page.sent()
    assert first["raw"] == second["raw"]
    assert page.find(".failure") is None


def test_a_rate_limit_too_long_to_wait_for_is_said_with_a_way_out(page: ChatPage) -> None:
    page.prepare(problem(429, "Ask again in an hour.", **{"Retry-After": "3600"}))
    page.ask(QUESTION)
    assert "Ask again in an hour." in page.last(".failure").text
    assert page.find(".retry")


@pytest.mark.parametrize("status", [401, 403, 413, 422])
def test_a_refused_question_comes_back_with_the_reason(page: ChatPage, status: int) -> None:
    page.prepare(problem(status, "A key is needed: <b>ask</b> the operator."))
    page.ask("my question")
    assert page.last("#notice").text == "A key is needed: <b>ask</b> the operator."
    assert page.question.get_property("value") == "my question"
    assert page.said("mine") == []


def test_a_refused_choice_can_be_taken_again(page: ChatPage) -> None:
    page.prepare(CLARIFY, problem(422, "not now"), reply("Now."))
    page.ask("money back")
    page.last(".choice[value=refunds]").click()
    page.wait(lambda: page.last("#notice").text == "not now")
    page.last(".choice[value=refunds]").click()
    page.wait(lambda: page.said()[-1] == "Now.")


def test_a_long_question_is_counted_and_not_sent(page: ChatPage) -> None:
    page.type("я" * 1799)
    assert page.last("#counter").text == ""
    page.type("😀" * 1800)
    assert page.last("#counter").text == "1,800 / 2,000"
    page.type("я" * 2001)
    assert "too long" in page.last("#notice").text
    assert page.question.get_attribute("aria-invalid") == "true"
    page.question.send_keys(Keys.ENTER)
    assert page.sent() == []
    page.type("я" * 2000)
    assert page.last("#notice").text == ""
    assert page.question.get_attribute("aria-invalid") == "false"


MARKUP = '<img src=x onerror="window.hacked=1"><script>window.hacked=2</script>\n&lt;b&gt; {{7*7}} ${7*7}'


def test_markup_is_shown_as_text_wherever_it_comes_from(page: ChatPage) -> None:
    answer = {"article_id": "x", "question": MARKUP, "url": "https://shop.example/a", "language": "en"}
    choices = [{"article_id": MARKUP, "question": MARKUP}]
    ticket = {"id": MARKUP, "status": MARKUP, "due_at": MARKUP}
    clarify = reply(MARKUP, decision="clarify", choices=choices)
    page.prepare(reply(MARKUP, answer=answer), clarify, reply(MARKUP, ticket=ticket))
    for _ in range(3):
        page.ask(MARKUP)
    assert page.said("mine") == [MARKUP] * 3
    assert page.said()[1:] == [MARKUP] * 3
    assert page.last(".source bdi").get_property("textContent") == MARKUP
    assert page.all(".choice")[0].get_property("textContent") == MARKUP
    assert page.last(".number").get_property("textContent") == MARKUP
    assert page.all("#log :is(img, script, b)") == []
    assert page.driver.execute_script("return window.hacked ?? null") is None


def test_only_web_addresses_become_links(page: ChatPage) -> None:
    text = (
        "See https://shop.example/a_(b), (http://shop.example/c?d=1&e=2). Then javascript:alert(1) data:text/html,x "
        "file:///etc/passwd https:// and 见https://shop.example/退款。\u2068https://shop.example/f\u2069"
    )
    answer = {"article_id": "x", "question": "Bad", "url": "javascript:alert(1)", "language": "en"}
    page.prepare(reply(text, answer=answer))
    page.ask("links")
    assert page.said()[-1] == text
    links = page.all("#log a")
    assert [link.text for link in links] == [
        "https://shop.example/a_(b)",
        "http://shop.example/c?d=1&e=2",
        "https://shop.example/",
        "https://shop.example/f",
    ]
    assert {link.get_attribute("rel") for link in links} == {"noopener"}


def test_the_source_article_is_linked_once(page: ChatPage) -> None:
    answer = {"article_id": "x", "question": "Returns", "url": "https://shop.example/r", "language": "en"}
    page.prepare(reply("As follows.", answer=answer), reply("More: https://shop.example/r", answer=answer))
    page.ask("one")
    assert page.last(".source").get_attribute("href") == "https://shop.example/r"
    assert page.last(".source").text == "Returns"
    page.ask("two")
    assert len(page.all("#log a")) == 2


def test_a_reload_keeps_the_conversation_and_a_new_one_forgets_it(page: ChatPage) -> None:
    page.prepare(CLARIFY)
    page.ask("money back")
    said = (page.said("mine"), page.said())
    conversation = page.sent()[0]["body"]["conversation_id"]
    page.reload()
    assert (page.said("mine"), page.said()) == said
    page.prepare(reply("Now."), reply("Later."))
    page.last(".choice[value=refunds]").click()
    page.wait(lambda: page.said()[-1] == "Now.")
    assert page.sent()[0]["body"]["conversation_id"] == conversation
    page.last("#new-chat").click()
    assert page.said("mine") == []
    page.ask("again")
    assert page.sent()[-1]["body"]["conversation_id"] != conversation


def test_a_late_answer_does_not_enter_the_new_conversation(page: ChatPage) -> None:
    page.prepare("never")
    page.type("slow")
    page.question.send_keys(Keys.ENTER)
    page.last("#new-chat").click()
    page.prepare(reply("Fresh."))
    page.ask("fresh")
    assert page.said("mine") == ["fresh"]
    assert page.said()[-1] == "Fresh."
    assert page.find(".failure") is None
