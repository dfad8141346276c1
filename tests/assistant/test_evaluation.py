"""Golden questions are decided on as customers' are, and differences are told from noise."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import orjson
import pytest
import sqlalchemy as sa

from api.product import Product
from assistant.decision import Decision
from assistant.evaluation import FEW, GATES, MEASURES, Asked, Evaluation, compare, evaluate
from assistant.policy import Policy
from assistant.question import make_question
from assistant.tables import answers
from benchmarks import golden as benchmark
from index.builder import build
from index.searcher import Searcher
from knowledge.article import ArticleError
from knowledge.golden import GoldenQuestion
from knowledge.sample import golden_questions


@pytest.fixture
def searcher(shop: Product) -> Searcher:
    return shop.follower.searcher


def asked(
    outcome: str, *, number: int = 0, article: str | None = "a", language: str | None = None, best: str | None = None
) -> Asked:
    """Make a question of which this became; ``best`` is the right article where the outcome says so."""
    decisions: dict[str, tuple[Decision, tuple[str, ...]]] = {
        "right": ("answered", ("a",)),
        "wrong": ("answered", ("b",)),
        "offered": ("clarify", ("b", "a")),
        "missed": ("clarify", ("b", "c")),
        "ticketed": ("ticketed", ()),
        "silent": ("suppressed", ()),
    }
    decision, ids = decisions[outcome]
    return Asked(
        golden=GoldenQuestion(question=f"question {number}", article_id=article, language=language),
        decision=decision,
        reason="confident",
        article_ids=ids,
        best=best or (ids[0] if ids else "b"),
        confidence=0.5,
        language="en",
    )


def evaluated(outcomes: Sequence[str], **fields: Any) -> Evaluation:
    return Evaluation(
        encoder="e",
        generation=1,
        asked=tuple(asked(outcome, number=number, **fields) for number, outcome in enumerate(outcomes)),
    )


def test_what_is_measured_is_what_customers_meet(shop: Product, searcher: Searcher) -> None:
    golden = golden_questions()
    measured = evaluate(searcher, shop.detector, golden)

    async def asked_for_real() -> list[dict[str, Any]]:
        return [orjson.loads(await shop.assistant.ask(make_question(one.question))) for one in golden]

    met = asyncio.run(asked_for_real())
    for one, response in zip(measured.asked, met, strict=True):
        assert (one.decision, one.reason) == (response["decision"], response["reason"]), one
        assert one.language == response["language"]["code"]
        ids = [choice["article_id"] for choice in response["choices"]]
        assert sorted(one.article_ids) == sorted([response["answer"]["article_id"]] if response["answer"] else ids)
    counted = Counter(
        benchmark._judged(one.golden, response) for one, response in zip(measured.asked, met, strict=True)
    )
    assert {outcome.replace("none_", "none "): count for outcome, count in measured.outcomes().items()} == counted
    assert counted["right"] > 0
    assert counted["none ticketed"] > 0


def test_policy_decides_as_it_does_for_customers(shop: Product, searcher: Searcher) -> None:
    some = golden_questions()[:60]
    timid = evaluate(searcher, shop.detector, some, policy=Policy(answer_threshold=1.0, clarify_threshold=1.0))
    assert {one.decision for one in timid.asked if one.reason != "exact"} == {"ticketed"}
    bold = evaluate(searcher, shop.detector, some, policy=Policy(answer_threshold=0.0))
    assert (
        bold.share(MEASURES["coverage"]).count
        > evaluate(searcher, shop.detector, some).share(MEASURES["coverage"]).count
    )


def test_nothing_is_stored(shop: Product, searcher: Searcher) -> None:
    evaluate(searcher, shop.detector, golden_questions()[:30])
    assert len(shop.tickets.page().items) == 0
    with shop.database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(answers)) == 0


def test_any_generation_can_be_measured(shop: Product) -> None:
    build(shop.generations, shop.store, shop.encoder, from_scratch=True, activate=False)
    searcher = shop.encoders.searcher(shop.generations.load(2))
    assert evaluate(searcher, shop.detector, golden_questions()[:3]).generation == 2
    assert shop.follower.searcher.generation.number == 1


@pytest.mark.parametrize(
    ("question", "outcome"),
    [
        ("I want to talk to a human", "none_ticketed"),
        ("🙂🙂🙂", "none_silent"),
        ("12345", "none_ticketed"),
        ("\u202e\u200b", "none_silent"),
        ("half \udcff pair", None),
        ("\x00", "none_silent"),
    ],
)
def test_odd_questions_become_what_they_would(
    shop: Product, searcher: Searcher, question: str, outcome: str | None
) -> None:
    golden = GoldenQuestion(question=question)
    if outcome is None:
        with pytest.raises(ArticleError, match="surrogate"):
            evaluate(searcher, shop.detector, [golden])
    else:
        assert evaluate(searcher, shop.detector, [golden]).asked[0].outcome == outcome


def test_accuracy_is_of_all_questions_whatever_is_decided(shop: Product, searcher: Searcher) -> None:
    own = GoldenQuestion(question="How do I return an item? Let me talk to a human", article_id="returns")
    [one] = evaluate(searcher, shop.detector, [own]).asked
    assert one.outcome == "ticketed"
    assert one.is_found


def test_a_day_on_which_an_article_is_not_valid_is_kept_to(shop: Product) -> None:
    article = shop.store.get("returns")
    shop.store.put(replace(article, valid_until=date(2020, 1, 1)), by="test")
    build(shop.generations, shop.store, shop.encoder)
    searcher = shop.encoders.searcher(shop.generations.load_active())
    own = [GoldenQuestion(question="How do I return an item?", article_id="returns")]
    assert evaluate(searcher, shop.detector, own).asked[0].outcome != "right"
    assert evaluate(searcher, shop.detector, own, day=date(2019, 12, 31)).asked[0].outcome == "right"


def test_progress_is_told(shop: Product, searcher: Searcher) -> None:
    told: list[tuple[int, int]] = []
    evaluate(searcher, shop.detector, golden_questions()[:3], report=lambda done, total: told.append((done, total)))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert evaluate(searcher, shop.detector, []).asked == ()


def test_shares_count_what_they_say() -> None:
    inside = evaluated(["right", "right", "wrong", "offered", "missed", "ticketed", "silent"])
    outside = evaluated(["right", "ticketed", "offered"], article=None)
    both = Evaluation(encoder="e", generation=1, asked=inside.asked + outside.asked)
    counts = {name: (both.share(measure).count, both.share(measure).of) for name, measure in MEASURES.items()}
    assert counts == {
        "accuracy": (2, 7), "coverage": (2, 7), "wrong": (1, 7), "offered": (1, 7), "missed": (1, 7),
        "ticketed": (1, 7), "out_of_scope_answered": (1, 3), "precision": (2, 4), "mistakes": (2, 10),
        "worth": (2 - 2 * 19, 10),
    }  # fmt: skip
    assert both.outcomes() == {
        "right": 2, "wrong": 1, "offered": 1, "missed": 1, "ticketed": 1, "silent": 1,
        "none_answered": 1, "none_ticketed": 1, "none_offered": 1,
    }  # fmt: skip
    assert inside.share(MEASURES["out_of_scope_answered"]).value is None
    assert both.share(MEASURES["precision"]).value == 0.5


def test_accuracy_is_told_per_language() -> None:
    asked_in = [
        asked("right", language="be"),
        asked("wrong", language="be"),
        asked("right"),
        asked("right", article=None),
    ]
    one = Evaluation(encoder="e", generation=1, asked=tuple(asked_in))
    by_language = one.accuracy_by_language()
    assert {language: (share.count, share.of) for language, share in by_language.items()} == {
        None: (1, 1),
        "be": (1, 2),
    }


def test_the_same_twice_is_no_difference() -> None:
    one = evaluated(["right", "wrong", "ticketed"] * 40)
    comparison = compare(one, one)
    assert comparison.verdict == "even"
    assert (comparison.better, comparison.worse, comparison.broken, comparison.mended) == ((), (), (), ())
    for difference in comparison.differences.values():
        if difference is not None:
            assert (difference.value, difference.low, difference.high, difference.changed) == (0, 0, 0, 0)


def test_a_great_change_is_seen_both_ways() -> None:
    bad, good = evaluated(["missed"] * 60 + ["right"] * 60), evaluated(["right"] * 120)
    there, back = compare(bad, good), compare(good, bad)
    assert (there.verdict, there.better, there.worse) == ("better", GATES, ())
    assert (back.verdict, back.better, back.worse) == ("worse", (), GATES)
    assert len(there.mended) == len(back.broken) == 60
    ahead, behind = there.differences["accuracy"], back.differences["accuracy"]
    assert ahead is not None
    assert behind is not None
    assert (ahead.value, ahead.low, ahead.high) == pytest.approx((-behind.value, -behind.high, -behind.low))
    assert ahead.value == 0.5
    # The interval of a share of 60 in 120, by the normal approximation.
    assert ahead.high - ahead.low == pytest.approx(2 * 1.96 * (0.25 / 120) ** 0.5, abs=0.02)


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        # What hardly answers is left for what answers, and is right as often as is promised.
        ((2, 0), (97, 5), "better"),
        ((0, 0), (300, 15), "better"),
        ((180, 20), (240, 24), "better"),
        # The right answers that are added do not make up for the wrong ones.
        ((2, 0), (97, 20), "worse"),
        ((0, 0), (150, 50), "worse"),
        ((100, 0), (150, 10), "worse"),
        ((300, 2), (320, 20), "worse"),
        # Nothing is added to make up for them, however few they are among all answers.
        ((300, 0), (300, 5), "worse"),
        ((300, 5), (300, 0), "better"),
        # Who answers less is not worth more by being wrong less.
        ((97, 5), (2, 0), "worse"),
        # So few wrong answers may be an accident.
        ((100, 0), (100, 3), "even"),
        ((100, 0), (110, 3), "better"),
    ],
)
def test_wrong_answers_may_grow_with_right_ones_alone(
    before: tuple[int, int], after: tuple[int, int], verdict: str
) -> None:
    def answering(right: int, wrong: int) -> Evaluation:
        return evaluated(["right"] * right + ["ticketed"] * (400 - right - wrong) + ["wrong"] * wrong, best="a")

    assert compare(answering(*before), answering(*after)).verdict == verdict


def test_answers_that_no_article_should_give_cost_as_much() -> None:
    before = evaluated(["ticketed"] * 50, article=None)
    after = evaluated(["right"] * 6 + ["ticketed"] * 44, article=None)
    assert compare(before, after).worse == ("worth",)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_few_questions_are_never_beyond_noise(count: int) -> None:
    before, after = evaluated(["right"] * count), evaluated(["wrong"] * count)
    assert compare(before, after).verdict == "even"
    assert len(compare(before, after).broken) == count


def test_no_noise_is_taken_for_news_more_often_than_promised() -> None:
    random = np.random.default_rng(5)
    outcomes = np.array(["right"] * 4 + ["offered", "ticketed"] * 2 + ["missed", "wrong"])
    taken = Counter[str]()
    trials = 60
    for _ in range(trials):
        sides = [evaluated(random.choice(outcomes, 100).tolist()) for _ in range(2)]
        differences = compare(*sides).differences
        taken.update(
            name
            for name in ("accuracy", "coverage", "ticketed", "worth")
            if (found := differences[name]) is not None and (found.is_rise or found.is_fall)
        )
    assert max(taken.values()) / trials < 0.17  # 5 % are promised; 17 % would be four standard errors more


def test_a_share_of_nothing_has_no_difference() -> None:
    comparison = compare(evaluated(["ticketed"] * 30), evaluated(["right"] * 30))
    assert comparison.differences["precision"] is None
    assert comparison.differences["out_of_scope_answered"] is None
    assert comparison.verdict == "better"
    assert compare(evaluated([]), evaluated([])).verdict == "even"


def test_many_questions_are_resampled_a_part_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = evaluated(["right", "ticketed"] * 30), evaluated(["right", "offered"] * 30)
    whole = compare(before, after).differences["offered"]
    monkeypatch.setattr("assistant.evaluation.comparison._AT_ONCE", 600)
    parts = compare(before, after).differences["offered"]
    assert whole is not None
    assert parts is not None
    assert (parts.value, parts.low, parts.high) == pytest.approx((whole.value, whole.low, whole.high), abs=0.03)


def test_what_customers_feel_most_comes_first_among_the_broken() -> None:
    before = evaluated(["ticketed", "offered", "right", "right"], best="a")
    after = evaluated(["ticketed", "ticketed", "ticketed", "wrong"])
    assert [pair[1].golden.question for pair in compare(before, after).broken] == [
        f"question {number}" for number in (3, 2, 1, 0)
    ]


def test_those_that_came_off_better_are_the_same_the_other_way_round() -> None:
    before = evaluated(["wrong", "ticketed", "offered", "missed", "right"], best="b")
    after = evaluated(["ticketed", "right", "right", "ticketed", "right"], best="b")
    assert [pair[1].golden.question for pair in compare(before, after).mended] == [
        f"question {number}" for number in (0, 1, 2)
    ]
    assert [pair[0].golden.question for pair in compare(after, before).broken] == [
        f"question {number}" for number in (0, 1, 2)
    ]


def test_what_only_the_order_of_the_found_tells_comes_last() -> None:
    before = evaluated(["ticketed", "right"], best="b")
    after = [asked("ticketed", number=0, best="a"), asked("right", number=1, best="b")]
    pairs = compare(before, Evaluation(encoder="e", generation=1, asked=tuple(after))).mended
    assert [pair[1].golden.question for pair in pairs] == ["question 0"]


def test_an_answer_where_none_was_right_is_broken() -> None:
    before, after = evaluated(["ticketed"], article=None), evaluated(["right"], article=None)
    assert len(compare(before, after).broken) == 1
    assert len(compare(after, before).mended) == 1


def test_other_questions_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="different questions"):
        compare(evaluated(["right"]), evaluated(["right", "right"]))


def test_the_gates_are_measures() -> None:
    assert set(GATES) <= set(MEASURES)
    assert FEW > 3
