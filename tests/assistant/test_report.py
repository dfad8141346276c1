"""The report says in plain words what the figures say, and holds whatever customers write."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import orjson
import pytest

from api.product import Product
from assistant.decision import Decision
from assistant.evaluation import MEASURES, Asked, Evaluation, Share, compare, evaluate
from assistant.policy import Policy
from assistant.report import Report, document, make_report, page
from assistant.report.drawing import plain
from assistant.report.report import FATES, headline, hundred
from assistant.report.wording import percent
from knowledge.golden import GoldenQuestion
from knowledge.sample import golden_questions

DAY = date(2026, 11, 22)
VOID = {"meta", "br", "rect", "line", "circle", "polyline", "polygon"}


def asked(decision: Decision, *, wanted: str | None = "a", given: str = "a", question: str = "How?") -> Asked:
    return Asked(
        golden=GoldenQuestion(question=question, article_id=wanted),
        decision=decision,
        reason="unsure",
        article_ids=(given,) if decision in ("answered", "clarify") else (),
        best=given,
        confidence=0.5,
        language="en",
    )


def report_of(shop: Product, questions: tuple[GoldenQuestion, ...], policy: Policy = Policy()) -> Report:
    return make_report(evaluate(shop.follower.searcher, shop.detector, questions, policy=policy), day=DAY)


class Elements(HTMLParser):
    """Collects a page's tags and texts, and checks that what is opened is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def read(report: Report) -> Elements:
    found = Elements(page(report).decode())
    assert found.open == []
    return found


def test_the_headline_speaks_of_a_hundred_customers() -> None:
    mixed = [asked("answered")] * 62 + [asked("clarify")] * 21 + [asked("ticketed", wanted=None)] * 16
    assert headline([*mixed, asked("answered", given="b")]) == (
        "Of 100 customers, 62 get the right answer at once, 21 are asked back and find the right article among the "
        "choices, 16 are passed on to a person and 1 gets a wrong answer."
    )
    assert headline(mixed).endswith("16 are passed on to a person and none gets a wrong answer.")
    assert headline([]) == "There were no questions to ask."


def test_what_is_rare_is_not_left_out() -> None:
    rare = [asked("answered")] * 999 + [asked("answered", wanted=None)]
    assert headline(rare) == (
        "Of 100 customers, 100 get the right answer at once and fewer than 1 gets a wrong answer."
    )


@pytest.mark.parametrize("counts", [(1, 1, 1), (2, 2, 3), (1, 200, 3), (997, 2, 1)])
def test_the_parts_of_a_hundred_add_up(counts: tuple[int, int, int]) -> None:
    decisions: tuple[Decision, ...] = ("answered", "clarify", "ticketed")
    questions = [asked(decision) for decision, count in zip(decisions, counts, strict=True) for _ in range(count)]
    assert sum(hundred(questions).values()) == 100


def test_every_outcome_is_one_fate() -> None:
    outcomes = [outcome for fate in FATES for outcome in fate.outcomes]
    assert len(outcomes) == len(set(outcomes)) == 10


def test_the_page_needs_nothing_from_outside(shop: Product) -> None:
    found = read(report_of(shop, golden_questions()[:120]))
    assert {tag for tag, _ in found.tags} & {"script", "link", "img", "iframe", "object", "form", "base"} == set()
    for _, attributes in found.tags:
        assert {"src", "href", "srcset", "action", "data"} & set(attributes) == set()
        assert not [name for name in attributes if name.startswith("on")]
    assert not re.search(r"url\(|@import|https?://", page(report_of(shop, golden_questions()[:5])).decode())


def test_every_picture_is_told_in_words_and_figures(shop: Product) -> None:
    golden = tuple(replace(one, channel="email" if n % 2 else None) for n, one in enumerate(golden_questions()[:150]))
    found = read(report_of(shop, golden))
    pictures = [attributes for tag, attributes in found.tags if tag == "svg"]
    assert len(pictures) == 5
    ids = {attributes.get("id") for _, attributes in found.tags}
    for picture in pictures:
        assert picture["role"] == "img"
        assert set((picture["aria-labelledby"] or "").split()) <= ids
    named = [attributes["id"] for _, attributes in found.tags if attributes.get("id")]
    assert len(named) == len(set(named))
    tables = sum(tag == "table" for tag, _ in found.tags)
    assert tables >= 6


def test_the_figures_of_the_page_are_those_of_the_evaluation(shop: Product) -> None:
    report = report_of(shop, golden_questions())
    text = read(report).text
    assert report.headline in text
    for name in ("precision", "coverage", "accuracy"):
        share = report.evaluation.share(MEASURES[name])
        assert f"({share.count} of {share.of})" in text
    assert "today 0." in text
    for one in report.confusions[:3]:
        assert report.evaluation.titles[one.articles[0]] in text
    for bad in report.worst[:3]:
        assert plain(bad.asked.golden.question) in text


def test_what_customers_write_is_text_and_nothing_else(shop: Product) -> None:
    wicked = '</td></table><script>alert("1")</script><img src=x onerror=y> {{ 7 * 7 }} {% raw %} '
    wicked += "\u202eمرحبا\x01 👩\u200d👧 &lt; "
    golden = tuple(
        GoldenQuestion(question=f"{wicked}{one.question}", article_id=one.article_id, channel='<b>"chat\x02')
        for one in golden_questions()[:20]
    )
    html = page(report_of(shop, golden)).decode()
    found = Elements(html)
    assert found.open == []
    assert {tag for tag, _ in found.tags} & {"script", "img", "b>"} == set()
    assert '<script>alert("1")</script><img src=x onerror=y> {{ 7 * 7 }} {% raw %}' in found.text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", html)


@pytest.mark.parametrize(
    ("questions", "policy", "said"),
    [
        (0, Policy(), "There were no questions to ask."),
        (1, Policy(), "1 question shows little"),
        (5, Policy(), "5 questions show little"),
        (40, Policy(answer_threshold=1.0, clarify_threshold=1.0), "There was none to count."),
    ],
)
def test_little_and_nothing_make_a_page_too(shop: Product, questions: int, policy: Policy, said: str) -> None:
    inside = tuple(one for one in golden_questions() if one.article_id is not None)[:questions]
    report = report_of(shop, inside, policy)
    assert said in read(report).text
    assert (questions > 0) == ("Every question has an article" in " ".join(report.notes))
    assert orjson.loads(orjson.dumps(document(report)))["questions"] == questions


def test_nothing_in_scope_is_told_as_such(shop: Product) -> None:
    outside = tuple(one for one in golden_questions() if one.article_id is None)[:40]
    report = report_of(shop, outside)
    assert "nothing can be told of right answers" in read(report).text


@pytest.mark.parametrize(
    ("fitted", "said"),
    [
        (0, None),
        (1, "1 of these 400 questions is among those that the assistant's confidence was fitted to, so"),
        (312, "312 of these 400 questions are among those that the assistant's confidence was fitted to, so"),
        (400, "The assistant's confidence was fitted to these very questions, so"),
    ],
)
def test_questions_that_confidence_was_fitted_to_are_told(fitted: int, said: str | None) -> None:
    evaluation = Evaluation(encoder="e", generation=1, asked=(asked("answered"),) * 400, fitted=fitted)
    notes = [note for note in make_report(evaluation, day=DAY).notes if "fitted" in note]
    assert [note.partition(" so ")[0] + " so" for note in notes] == ([] if said is None else [said])


def test_articles_that_are_not_there_are_named(shop: Product) -> None:
    report = report_of(shop, (GoldenQuestion(question="How?", article_id="zebra"),))
    assert "zebra" in " ".join(report.notes)
    assert "zebra" in read(report).text


def test_languages_and_channels_are_told_apart(shop: Product) -> None:
    golden = (
        GoldenQuestion(question="How do I return an item?", article_id="returns", language="en-GB", channel="email"),
        GoldenQuestion(question="Як вярнуць тавар?", article_id="returns", channel="chat"),
        GoldenQuestion(question="Как вернуть товар?", article_id="returns", channel="chat"),
    )
    report = report_of(shop, golden)
    assert [(group.name, group.questions) for group in report.by_language] == [("be", 1), ("en-GB", 1), ("ru", 1)]
    assert [(group.name, group.coverage) for group in report.by_channel] == [
        ("chat", Share(count=2, of=2)),
        ("email", Share(count=1, of=1)),
    ]
    text = read(report).text
    assert "Belarusian (be)" in text
    assert "British English (en-GB)" in text


def test_two_are_shown_beside_each_other(shop: Product) -> None:
    questions = golden_questions()[:200]
    before = evaluate(shop.follower.searcher, shop.detector, questions)
    bold = evaluate(shop.follower.searcher, shop.detector, questions, policy=Policy(answer_threshold=0.0))
    comparison = compare(before, bold)
    report = make_report(before, day=DAY, comparison=comparison, other="the <bold> one")
    found = read(report)
    assert "Beside the <bold> one" in found.text
    assert sum(tag == "svg" for tag, _ in found.tags) == 6
    assert comparison.broken[0][1].golden.question in found.text
    told = document(report)["comparison"]
    assert told["verdict"] == comparison.verdict
    assert told["broken"]["count"] == len(comparison.broken)
    assert told["differences"]["coverage"]["value"] > 0


def test_the_document_is_json_with_all_bounds(shop: Product) -> None:
    told = orjson.loads(orjson.dumps(document(report_of(shop, golden_questions()))))
    assert told["questions"] == 448
    assert told["in_scope"] == 362
    precision = told["measures"]["precision"]
    assert precision["low"] < precision["share"] < precision["high"]
    assert told["measures"]["worth"]["of"] == 448
    assert sum(one["count"] for one in told["customers"]) == 448
    assert sum(one["is_present"] for one in told["what_if"]) == 1
    assert {one["target"] for one in told["proposed_thresholds"]} == {0.9, 0.95, 0.98, 0.99}
    assert (
        told["worst"]["wrong"]["count"]
        == precision["of"] - precision["count"] - told["worst"]["out_of_scope_answered"]["count"]
    )
    assert told["comparison"] is None


def test_many_questions_make_no_endless_document() -> None:
    wrong = tuple(asked("answered", given=f"b{n}", question=f"q{n}") for n in range(1_000))
    told = document(make_report(Evaluation(encoder="e", generation=1, asked=wrong), day=DAY))
    assert told["worst"]["wrong"]["count"] == told["confusions"]["count"] == 1_000
    assert len(told["worst"]["wrong"]["items"]) == len(told["confusions"]["items"]) == 100


@pytest.mark.parametrize(
    ("share", "said"),
    [(0, "0 %"), (0.003, "0.3 %"), (0.02, "2 %"), (0.354, "35 %"), (0.977, "98 %"), (0.9956, "99.6 %"), (1, "100 %")],
)
def test_shares_are_no_finer_than_matters(share: float, said: str) -> None:
    assert percent(share) == said
