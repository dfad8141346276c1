"""Asking back: one tap, a number or the words of a choice answer; a second unclear round goes to a person."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import hypothesis
import orjson
import pytest
import sqlalchemy as sa
from hypothesis import strategies as st

from api.product import Product
from api.settings import Settings
from assistant import tables
from assistant.answering import Answering
from assistant.conversation import choice_number
from assistant.question import NONE_OF_THESE, QuestionError, make_question
from assistant.tickets.ticket import Ticket
from assistant.translation import Translator
from index.builder import build
from knowledge.article import make_article

Say = Callable[..., dict[str, Any]]

ASKED = "refund"


@pytest.fixture(scope="module")
def unsure(sample_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Yield the sample shop's product, which asks back on whatever is not asked word for word."""
    data = shutil.copytree(sample_template, tmp_path_factory.mktemp("unsure") / "data")
    product = Product(Settings(data_dir=data, answer_threshold=1.0, clarify_threshold=0.0))
    product.follower.refresh()
    yield product
    product.close()


@pytest.fixture
def here() -> str:
    """Return the id of a conversation of the test's own."""
    return uuid.uuid4().hex


@pytest.fixture
def say(unsure: Product, here: str) -> Say:
    """Return a function that says something in the conversation and gives the reply."""

    def said(text: str | None = None, **fields: Any) -> dict[str, Any]:
        question = make_question(text, **{"conversation_id": here, "language": "en", **fields})
        reply: dict[str, Any] = orjson.loads(asyncio.run(unsure.assistant.ask(question)))
        return reply

    return said


@pytest.fixture
def choices(say: Say) -> list[dict[str, Any]]:
    """Return the choices that were just offered."""
    reply = say(ASKED)
    assert reply["decision"] == "clarify"
    assert len(reply["choices"]) >= 2
    offered: list[dict[str, Any]] = reply["choices"]
    return offered


@pytest.fixture
def age(unsure: Product, here: str) -> Callable[..., None]:
    """Return what makes everything that was said in the conversation so much older."""

    def older(**by: float) -> None:
        answers = tables.answers
        mine = answers.c.conversation_id == here
        with unsure.database.write() as connection:
            for row in connection.execute(sa.select(answers.c.id, answers.c.created_at).where(mine)).all():
                moment = row.created_at - timedelta(**by)
                connection.execute(sa.update(answers).where(answers.c.id == row.id).values(created_at=moment))

    return older


@pytest.fixture
def tickets(unsure: Product, here: str) -> Callable[[], list[Ticket]]:
    """Return what lists the tickets of the conversation."""
    return lambda: [ticket for ticket in unsure.tickets.page(limit=500).items if ticket.conversation_id == here]


def question_of(product: Product, reply: dict[str, Any]) -> str:
    return product.tickets.get(reply["ticket"]["id"]).question


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2", 2), (" 2. ", 2), ("(2)", 2), ("2)", 2), ("#2", 2), ("№ 2", 2), ("2️⃣", 2), ("*2*", 2), ("2!", 2),
        ("２", 2), ("٢", 2), ("۲", 2), ("२", 2), ("২", 2), ("②", 2), ("⒉", 2), ("二", 2), ("Ⅱ", 2), ("9", 9),
        ("0", None), ("", None), ("...", None), ("22", None), ("2 2", None), ("½", None), ("a", None), ("-", None),
        ("two", None), ("2\x00", None), ("十", None), ("\ud800", None),
    ],
)  # fmt: skip
def test_a_number_is_read_in_any_digits_and_with_any_signs_around_it(text: str, number: int | None) -> None:
    assert choice_number(text) == number


@pytest.mark.parametrize("text", ["2", "2.", "(2)", "٢", "२", "２", "②", "二", "2️⃣"])
def test_a_choice_is_taken_by_its_number(say: Say, choices: list[dict[str, Any]], text: str) -> None:
    reply = say(text)
    assert (reply["decision"], reply["reason"]) == ("answered", "confident")
    assert reply["answer"]["article_id"] == choices[1]["article_id"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("the second", "en"),
        ("the second one, please", "en"),
        ("option 2", "en"),
        ("second", "ja"),
        ("второй вариант", "ru"),
        ("другая, калі ласка", "be"),
        ("die zweite", "de"),
        ("الثاني", "ar"),
        ("第二个", "zh"),
    ],
)
def test_a_choice_is_taken_by_its_place(say: Say, choices: list[dict[str, Any]], text: str, language: str) -> None:
    reply = say(text, language=language)
    assert (reply["decision"], reply["reason"]) == ("answered", "confident")
    assert reply["answer"]["article_id"] == choices[1]["article_id"]


def test_the_last_choice_is_the_last_one_offered(say: Say, choices: list[dict[str, Any]]) -> None:
    assert say("the last one")["answer"]["article_id"] == choices[-1]["article_id"]


@pytest.mark.parametrize("form", ["{}", "2. {}", "2) {}", "  {} ", "«{}»", "{}!!"])
@pytest.mark.parametrize("change", [str, str.upper, str.lower])
def test_a_choice_is_taken_by_its_words(
    say: Say, unsure: Product, choices: list[dict[str, Any]], form: str, change: Callable[[str], str]
) -> None:
    reply = say(form.format(change(choices[1]["question"])))
    assert (reply["decision"], reply["reason"]) == ("answered", "confident")
    assert reply["answer"]["article_id"] == choices[1]["article_id"]
    assert unsure.assistant.receipt(reply["id"])["chosen"] == choices[1]["article_id"]


@pytest.mark.parametrize("text", ["4", "9", "204815", "17.30"])
def test_a_number_that_is_no_choice_goes_to_a_person_with_the_question(
    say: Say, unsure: Product, choices: list[dict[str, Any]], text: str
) -> None:
    reply = say(text)
    assert (reply["decision"], reply["reason"]) == ("ticketed", "unclear_after_clarify")
    assert question_of(unsure, reply) == f"{ASKED}\n\n{text}"


@pytest.mark.parametrize(
    "said",
    [
        {"choice": NONE_OF_THESE},
        {"text": "none of these"},
        {"text": "None of these!"},
        {"text": "no"},
        {"text": "нічога з гэтага"},
        {"text": "ничего из этого"},
        {"text": "nichts davon"},
        {"text": "لا شيء مما سبق"},
        {"text": "都不是"},
    ],
)
def test_none_of_these_opens_a_ticket_with_the_original_question(
    say: Say, unsure: Product, choices: list[dict[str, Any]], said: dict[str, str]
) -> None:
    reply = say(**said)
    assert (reply["decision"], reply["reason"]) == ("ticketed", "unclear_after_clarify")
    assert question_of(unsure, reply) == ASKED


def test_an_unclear_second_round_gives_the_agent_both_things_said(
    say: Say, unsure: Product, choices: list[dict[str, Any]]
) -> None:
    reply = say("for the blue shoes")
    assert (reply["decision"], reply["reason"]) == ("ticketed", "unclear_after_clarify")
    ticket = unsure.tickets.get(reply["ticket"]["id"])
    assert ticket.question == f"{ASKED}\n\nfor the blue shoes"
    assert ticket.subject == ASKED


def test_the_same_words_again_are_not_given_to_the_agent_twice(
    say: Say, unsure: Product, here: str, choices: list[dict[str, Any]]
) -> None:
    assert question_of(unsure, say("Refund!", message_id=here)) == ASKED


def test_a_person_asked_for_instead_of_a_choice_gets_the_question(
    say: Say, unsure: Product, choices: list[dict[str, Any]]
) -> None:
    reply = say("talk to a human")
    assert reply["reason"] == "person_requested"
    assert question_of(unsure, reply) == f"{ASKED}\n\ntalk to a human"


def test_a_clear_question_in_the_second_round_is_answered(say: Say, choices: list[dict[str, Any]]) -> None:
    reply = say("How do I return an item?")
    assert (reply["decision"], reply["reason"]) == ("answered", "exact")
    assert say("my card")["decision"] == "clarify", "then a round of choices may begin anew"


def test_silence_between_does_not_close_the_choices(
    say: Say, choices: list[dict[str, Any]], tickets: Callable[[], list[Ticket]]
) -> None:
    assert say("🙂")["decision"] == "suppressed"
    assert say(choice=NONE_OF_THESE)["reason"] == "unclear_after_clarify"
    assert [ticket.question for ticket in tickets()] == [ASKED], "what was said between is not what was asked"


def test_a_choice_can_be_taken_once(say: Say, choices: list[dict[str, Any]]) -> None:
    first, other = (choice["article_id"] for choice in choices[:2])
    assert say(choice=first)["decision"] == "answered"
    for choice in (first, other, NONE_OF_THESE):
        with pytest.raises(QuestionError, match="offered before, but the conversation has gone on since") as refused:
            say(choice=choice)
        assert refused.value.field == "choice"


def test_a_foreign_choice_is_refused_and_the_open_ones_stay_open(say: Say, choices: list[dict[str, Any]]) -> None:
    with pytest.raises(QuestionError, match=f"expected one that was offered: {choices[0]['article_id']}, "):
        say(choice="returns-of-another-shop")
    with pytest.raises(QuestionError, match="none are open in this conversation"):
        say(choice=choices[0]["article_id"], conversation_id="other")
    with pytest.raises(QuestionError, match="none are open in this conversation"):
        say(choice=choices[0]["article_id"], channel="email")
    assert say(choice=choices[0]["article_id"])["decision"] == "answered"


def test_none_of_these_is_refused_where_nothing_was_offered(say: Say, tickets: Callable[[], list[Ticket]]) -> None:
    with pytest.raises(QuestionError, match="none are open in this conversation"):
        say(choice=NONE_OF_THESE)
    assert tickets() == []


def test_a_day_later_the_choices_are_closed(
    say: Say, unsure: Product, choices: list[dict[str, Any]], age: Callable[..., None]
) -> None:
    age(hours=24, minutes=1)
    with pytest.raises(QuestionError, match="more than 24 hours ago and is not open any more"):
        say(choice=choices[0]["article_id"])
    assert say("my card")["decision"] == "clarify", "a question begins anew"


def test_a_day_later_a_number_is_no_choice_any_more(
    say: Say, unsure: Product, choices: list[dict[str, Any]], age: Callable[..., None]
) -> None:
    age(hours=24, minutes=1)
    assert say("2")["reason"] == "no_match"


def test_a_day_later_a_person_still_gets_the_question(
    say: Say, unsure: Product, choices: list[dict[str, Any]], age: Callable[..., None]
) -> None:
    age(hours=25)
    assert question_of(unsure, say(choice=NONE_OF_THESE)) == ASKED


def test_within_a_day_the_choices_are_open(
    say: Say, unsure: Product, choices: list[dict[str, Any]], age: Callable[..., None]
) -> None:
    age(hours=23, minutes=58)
    assert say(choice=choices[0]["article_id"])["decision"] == "answered"


def test_a_chosen_answer_that_did_not_help_names_the_question_however_it_was_chosen(
    say: Say, unsure: Product, choices: list[dict[str, Any]]
) -> None:
    chosen = say("2")
    given = unsure.assistant.give_feedback(chosen["id"], helpful=False, comment="not this")
    assert given.ticket is not None
    assert unsure.tickets.get(given.ticket.id).question == f"{ASKED}\n\nnot this"


def test_an_article_that_went_away_after_it_was_offered_is_handed_over(sample_data: Path) -> None:
    product = Product(Settings(data_dir=sample_data, answer_threshold=1.0, clarify_threshold=0.0))
    product.follower.refresh()

    def said(text: str) -> dict[str, Any]:
        question = make_question(text, conversation_id="c", language="en")
        reply: dict[str, Any] = orjson.loads(asyncio.run(product.assistant.ask(question)))
        return reply

    product.store.delete(said(ASKED)["choices"][0]["article_id"], by="test")
    build(product.generations, product.store, product.encoder)
    product.follower.refresh()
    reply = said("1")
    assert (reply["decision"], reply["reason"]) == ("ticketed", "no_match")
    assert question_of(product, reply) == ASKED
    product.close()


class Dictionary:
    """An engine that puts every word into capitals, which is another language to it."""

    name, version = "capitals", "1"

    def pairs(self) -> frozenset[tuple[str, str]]:
        return frozenset({("en", "pl")})

    def pair_version(self, source: str, target: str) -> str:
        return "1"

    def translate(self, text: str, source: str, target: str) -> str:
        return text.upper()


def test_choices_are_translated_where_a_machine_can_and_are_honest_where_none_can(sample_data: Path) -> None:
    product = Product(Settings(data_dir=sample_data, answer_threshold=1.0, clarify_threshold=0.0))
    product.follower.refresh()
    answering = Answering(Translator([Dictionary()], None), default_language="en")
    product.assistant.answering = answering

    def said(language: str, **fields: Any) -> dict[str, Any]:
        question = make_question(fields.pop("text", None), conversation_id=language, language=language, **fields)
        reply: dict[str, Any] = orjson.loads(asyncio.run(product.assistant.ask(question)))
        return reply

    english, polish, arabic = (said(language, text=ASKED) for language in ("en", "pl", "ar"))
    questions = [choice["question"] for choice in english["choices"]]
    assert [choice["question"] for choice in polish["choices"]] == [question.upper() for question in questions]
    assert {choice["language"] for choice in polish["choices"]} == {"pl"}
    assert "angielski" not in polish["message"]
    assert [choice["question"] for choice in arabic["choices"]] == questions
    assert {choice["language"] for choice in arabic["choices"]} == {"en"}
    assert "الإنجليزية" in arabic["message"]
    taken = said("pl", text=questions[0].upper())
    assert taken["answer"]["article_id"] == polish["choices"][0]["article_id"]
    product.close()


def test_choices_with_one_question_are_told_apart_by_their_answers(sample_data: Path) -> None:
    product = Product(Settings(data_dir=sample_data))
    for id, answer in (("a", "From the northern store, " * 9), ("b", "From the southern store.")):
        text = {"question": "How do I get a Zwirnbrett?", "answer": answer}
        product.store.put(make_article(id=id, texts={"en": text}), by="test")
    build(product.generations, product.store, product.encoder)
    product.follower.refresh()

    def said(text: str) -> dict[str, Any]:
        question = make_question(text, conversation_id="c", language="en")
        reply: dict[str, Any] = orjson.loads(asyncio.run(product.assistant.ask(question)))
        return reply

    asked = said("how do I get a zwirnbrett")
    assert (asked["decision"], asked["reason"]) == ("clarify", "near_tie")
    shown = {choice["article_id"]: choice["question"] for choice in asked["choices"]}
    assert shown == {
        "a": "How do I get a Zwirnbrett? – From the northern store, From the northern store, From the…",
        "b": "How do I get a Zwirnbrett? – From the southern store.",
    }
    assert all(question in asked["message"] for question in shown.values())
    assert said(shown["b"])["answer"]["article_id"] == "b"
    product.close()


class TestTicketsOfOneConversation:
    def test_the_same_question_later_again_is_one_ticket_as_long_as_it_is_open(self, say: Say, unsure: Product) -> None:
        say(ASKED)
        first = say("qwzx plörf")
        assert say("How do I return an item?")["decision"] == "answered"
        say(ASKED)
        assert say("qwzx plörf!")["ticket"]["id"] == first["ticket"]["id"]
        unsure.tickets.solve(first["ticket"]["id"], agent="Ann")
        say(ASKED)
        assert say("qwzx... plörf")["ticket"]["id"] != first["ticket"]["id"]

    def test_two_questions_are_two_tickets(self, say: Say) -> None:
        tickets = []
        for text in ("my card", "delivery"):
            say(text)
            tickets.append(say(choice=NONE_OF_THESE)["ticket"]["id"])
        assert len(set(tickets)) == 2

    def test_thanks_for_an_answer_or_a_promise_open_none(self, say: Say, tickets: Callable[[], list[Ticket]]) -> None:
        say("How do I return an item?")
        thanked = say("Thank you very much!")
        assert (thanked["decision"], thanked["reason"], thanked["message"]) == ("suppressed", "empty", "")
        assert say("talk to a human")["decision"] == "ticketed"
        assert say("ok, thanks", message_id=None)["reason"] == "empty"
        assert len(tickets()) == 1
        assert say("thanks, but where is my order?")["decision"] != "suppressed"

    def test_thanks_are_looked_at_where_nothing_was_said_before(self, say: Say) -> None:
        assert say("thanks")["decision"] != "suppressed"

    def test_who_waits_for_a_person_already_is_not_waited_for_twice(
        self, say: Say, tickets: Callable[[], list[Ticket]]
    ) -> None:
        say(ASKED)
        first = say(choice=NONE_OF_THESE)
        again = say("I want to talk to a person")
        assert (again["reason"], again["ticket"]["id"]) == ("person_requested", first["ticket"]["id"])
        assert len(tickets()) == 1


class TestAtOnce:
    def test_two_taps_on_none_of_these_are_one_ticket(
        self, unsure: Product, here: str, choices: list[dict[str, Any]], tickets: Callable[[], list[Ticket]]
    ) -> None:
        async def tap() -> list[object]:
            taps = (make_question(None, choice=NONE_OF_THESE, conversation_id=here) for _ in range(4))
            return await asyncio.gather(*map(unsure.assistant.ask, taps), return_exceptions=True)

        outcomes = asyncio.run(tap())
        assert sum(isinstance(outcome, str) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, QuestionError) for outcome in outcomes) == 3
        assert len(tickets()) == 1

    def test_unclear_questions_are_never_asked_back_on_twice_in_a_row(self, unsure: Product, here: str) -> None:
        texts = ["refund", "my card", "gift", "delivery", "points", "payment"]

        async def ask() -> list[str]:
            asked = (make_question(text, conversation_id=here, language="en") for text in texts)
            return await asyncio.gather(*map(unsure.assistant.ask, asked))

        asyncio.run(ask())
        said = [past.decision for past in unsure.ledger.conversation("chat", here)]
        assert len(said) == len(texts)
        assert ("clarify", "clarify") not in pairwise(said)

    def test_the_same_words_at_once_without_ids_count_once(self, unsure: Product, here: str) -> None:
        async def ask() -> list[str]:
            asked = [make_question("talk to a human", conversation_id=here)] * 8
            return await asyncio.gather(*map(unsure.assistant.ask, asked))

        decisions = [orjson.loads(reply)["decision"] for reply in asyncio.run(ask())]
        assert sorted(decisions) == ["suppressed"] * 7 + ["ticketed"]

    def test_other_conversations_do_not_wait(self, unsure: Product, here: str) -> None:
        async def ask() -> list[str]:
            asked = (make_question(ASKED, conversation_id=f"{here} {n}", language="en") for n in range(16))
            return await asyncio.gather(*map(unsure.assistant.ask, asked))

        assert {orjson.loads(reply)["decision"] for reply in asyncio.run(ask())} == {"clarify"}
        waiting = [key for key in unsure.assistant._turns if key[2].startswith(here)]
        assert waiting == [], "a turn is forgotten when nobody waits for it"


_SAID = st.one_of(
    st.sampled_from([
        "refund", "my card", "gift", "delivery", "points", "How do I return an item?", "Як вярнуць тавар?",
        "qwzx plörf", "1", "2.", "٣", "4", "204815", "none of these", "no", "talk to a human", "thanks",
        "🙂", "", "返品", "إرجاع", "Как вернуть товар?", "When do I get my money back?",
        "2. Which payment methods do you accept?",
    ]),
    st.text(max_size=12),
    st.integers(0, 3).map(lambda place: ("tap", place)),
    st.sampled_from([("choice", NONE_OF_THESE), ("choice", "returns"), ("choice", "no-such-article")]),
)  # fmt: skip


@pytest.fixture(scope="module")
def talkers(sample_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Product]]:
    """Yield products with the usual thresholds, and with those that ask back on nearly everything."""
    made = []
    for settings in ({}, {"answer_threshold": 1.0, "clarify_threshold": 0.0}):
        data = shutil.copytree(sample_template, tmp_path_factory.mktemp("talk") / "data")
        made.append(Product(Settings(data_dir=data, **settings)))  # type: ignore[arg-type]
        made[-1].follower.refresh()
    yield made
    for product in made:
        product.close()


_conversations = 0


@hypothesis.settings(max_examples=60, deadline=None, derandomize=True, database=None)
@hypothesis.given(said=st.lists(_SAID, min_size=2, max_size=9), is_unsure=st.booleans(), has_ids=st.booleans())
def test_no_conversation_goes_round_in_circles(
    talkers: list[Product], said: list[Any], is_unsure: bool, has_ids: bool
) -> None:
    global _conversations
    _conversations += 1
    product, name = talkers[is_unsure], f"conversation {_conversations}"
    heard: list[dict[str, Any]] = []
    for place, words in enumerate(said):
        fields: dict[str, Any] = {"text": words} if isinstance(words, str) else {"text": None}
        offered = heard[-1]["choices"] if heard else []
        if not isinstance(words, str):
            kind, value = words
            fields["choice"] = value if kind == "choice" else "none"
            if kind == "tap" and value < len(offered):
                fields["choice"] = offered[value]["article_id"]
        if has_ids:
            fields["message_id"] = f"{name} {place}"
        question = make_question(**fields, conversation_id=name)
        try:
            reply = orjson.loads(asyncio.run(product.assistant.ask(question)))
        except QuestionError:
            continue  # a choice that is not open
        receipt = product.assistant.receipt(reply["id"])
        assert receipt["explanation"]
        again = product.replayer.replay(reply["id"])
        assert (again.after["decision"], again.after["reason"]) == (reply["decision"], reply["reason"])
        if reply["decision"] == "suppressed":
            assert reply["message"] == ""
            continue
        if heard and heard[-1]["decision"] == "clarify":
            assert reply["decision"] != "clarify", "asked back twice in a row"
            if reply["decision"] == "ticketed":
                ticket = product.tickets.get(reply["ticket"]["id"])
                assert heard[-1]["question"].split("\n")[0].strip() in ticket.question
        assert (reply["decision"] == "clarify") == (len(reply["choices"]) > 0)
        assert len(reply["choices"]) <= 3
        assert (reply["decision"] == "ticketed") == (reply["ticket"] is not None)
        heard.append({**reply, "question": receipt["question"]})


def test_the_clock_of_a_conversation_is_the_servers(say: Say, unsure: Product, here: str) -> None:
    say(ASKED)
    [past] = unsure.ledger.conversation("chat", here)
    assert datetime.now(UTC) - past.created_at < timedelta(minutes=1)
    assert unsure.ledger.conversation("chat", here, before=past.created_at) == []
