"""What other thresholds would have given is what they give, and confidence is held against the truth."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from api.product import Product
from assistant.contrast import Contrast
from assistant.decision import Candidate, Decision, Reason, Thresholds
from assistant.evaluation import MEASURES, Asked, Evaluation, Searched, evaluate
from assistant.evaluation.confusion import confusions, worst
from assistant.evaluation.curves import alternatives, present, proposals, reliability, risk_coverage
from assistant.policy import Policy
from knowledge.golden import GoldenQuestion
from knowledge.sample import golden_questions

THRESHOLDS = Thresholds(answer=0.6, clarify=0.3)


def asked(
    confidence: float,
    *,
    wanted: str | None = "a",
    best: str = "a",
    tied: bool = False,
    exact: bool = False,
    contrast: Contrast | None = None,
    number: int = 0,
) -> Asked:
    """Return a question for which an article was found with this confidence, decided on at THRESHOLDS."""
    candidates = (
        Candidate(article_id=best, confidence=confidence, score=0.8, is_exact=exact),
        Candidate(article_id="z", confidence=0.1, score=0.79 if tied else 0.4),
    )
    one = Asked(
        golden=GoldenQuestion(question=f"question {number}", article_id=wanted),
        decision="ticketed",
        reason="low_confidence",
        article_ids=(),
        best=best,
        confidence=confidence,
        language="en",
        searched=Searched(
            candidates=candidates, choices_confidence=confidence, thresholds=THRESHOLDS, contrast=contrast
        ),
    )
    return one.at(THRESHOLDS.answer)


def evaluation(*questions: Asked) -> Evaluation:
    return Evaluation(encoder="e", generation=1, asked=questions, thresholds=THRESHOLDS)


def test_a_question_is_answered_from_its_confidence_down() -> None:
    assert asked(0.7).decision == "answered"
    assert asked(0.7).answered_from == 0.7
    assert asked(0.2).decision == "ticketed"
    assert asked(0.2).answered_from == 0.2
    assert asked(0.2, exact=True).answered_from == math.inf
    assert asked(0.9, tied=True).answered_from is None
    assert asked(0.9, contrast="only_number_differs").answered_from is None


def test_what_was_decided_without_a_search_stays_so() -> None:
    one = replace(asked(0.9), decision="ticketed", reason="person_requested", article_ids=(), searched=None)
    assert one.at(0.0) is one
    assert one.answered_from is None


@pytest.mark.parametrize("answer", [0.3, 0.7, 0.95])
def test_other_thresholds_give_what_was_foretold(shop: Product, answer: float) -> None:
    questions = golden_questions()[:200]
    searcher = shop.follower.searcher
    foretold = {one.threshold: one for one in alternatives(evaluate(searcher, shop.detector, questions), (answer,))}
    real = evaluate(searcher, shop.detector, questions, policy=Policy(answer_threshold=answer))
    assert foretold[answer].coverage == real.share(MEASURES["coverage"])
    assert foretold[answer].precision == real.share(MEASURES["precision"])
    assert foretold[answer].asked_back == sum(one.decision == "clarify" for one in real.asked)
    assert foretold[answer].ticketed == sum(one.decision == "ticketed" for one in real.asked)
    answered = [point for point in risk_coverage(real) if point.threshold >= answer][-1]
    assert present(real) == replace(answered, threshold=answer)


def test_the_present_threshold_is_among_the_others_once() -> None:
    found = alternatives(evaluation(asked(0.7)), (0.5, 0.6, 0.9))
    assert [(one.threshold, one.is_present) for one in found] == [(0.5, False), (0.6, True), (0.9, False)]
    assert [(one.right, one.asked_back) for one in found] == [(1, 0), (1, 0), (0, 1)]


def test_the_curve_goes_from_the_surest_answer_to_the_last() -> None:
    curve = risk_coverage(
        evaluation(asked(0.9), asked(0.8, best="b"), asked(0.8), asked(0.4, wanted=None), asked(0.99, tied=True))
    )
    assert [(point.threshold, point.answered.count, point.wrong.count) for point in curve] == [
        (0.9, 1, 0),
        (0.8, 3, 1),
        (0.4, 4, 2),
    ]
    assert {point.answered.of for point in curve} == {5}


def test_a_long_curve_keeps_its_ends() -> None:
    curve = risk_coverage(evaluation(*(asked(number / 1_000) for number in range(1, 1_000))))
    assert len(curve) == 200
    assert (curve[0].threshold, curve[-1].threshold) == (0.999, 0.001)


def test_confidence_is_held_against_the_truth() -> None:
    found = reliability(
        evaluation(
            *(asked(0.75, best="a" if number < 3 else "b") for number in range(4)),
            *(asked(0.25, wanted=None) for _ in range(4)),
        )
    )
    assert [(one.low, one.right.count, one.right.of) for one in found.bins] == [(0.2, 0, 4), (0.7, 3, 4)]
    assert found.error == pytest.approx(0.125)


def test_the_surest_have_a_bin_too() -> None:
    [only] = reliability(evaluation(asked(1.0))).bins
    assert (only.low, only.high) == (0.9, 1.0)


def test_a_promise_is_proposed_where_it_can_be_kept() -> None:
    many = evaluation(
        *(asked(0.5 + number / 1_000, number=number) for number in range(300)),
        *(asked(0.3, wanted=None, number=number) for number in range(300, 340)),
    )
    proposed = {one.target: one for one in proposals(many, (0.95, 0.9999))}
    assert proposed[0.95].threshold is not None
    assert 0.5 <= proposed[0.95].threshold < 0.53
    assert proposed[0.95].precision is not None
    assert proposed[0.95].precision.value == 1
    assert (proposed[0.9999].threshold, proposed[0.9999].coverage) == (None, None)
    assert proposed[0.9999].fewest == 29_956


def test_of_nothing_there_are_no_curves() -> None:
    empty = evaluation()
    assert (risk_coverage(empty), reliability(empty).bins, reliability(empty).error) == ((), (), None)
    assert present(empty) is None
    assert {one.threshold for one in proposals(empty)} == {None}
    unknown = Evaluation(encoder="e", generation=1, asked=(asked(0.7),))
    assert (alternatives(unknown), present(unknown)) == ((), None)


def outcome(
    decision: Decision, *, wanted: str | None, best: str, confidence: float, reason: Reason = "unsure"
) -> Asked:
    return Asked(
        golden=GoldenQuestion(question=f"{wanted} {best} {confidence}", article_id=wanted),
        decision=decision,
        reason=reason,
        article_ids=(best,) if decision == "answered" else (),
        best=best,
        confidence=confidence,
        language="en",
    )


def test_articles_that_are_taken_for_one_another_are_paired() -> None:
    found = confusions(
        [
            outcome("clarify", wanted="a", best="b", confidence=0.3),
            outcome("ticketed", wanted="b", best="a", confidence=0.6),
            outcome("answered", wanted="c", best="a", confidence=0.9),
            outcome("answered", wanted="a", best="a", confidence=0.9),
            outcome("answered", wanted=None, best="a", confidence=0.9),
        ]
    )
    assert [(one.articles, len(one.asked), one.answered) for one in found] == [(("a", "c"), 1, 1), (("a", "b"), 2, 0)]
    assert [one.confidence for one in found[1].asked] == [0.6, 0.3]


def test_the_worst_come_first() -> None:
    found = worst(
        [
            outcome("ticketed", wanted="a", best="a", confidence=0.5),
            outcome("ticketed", wanted="a", best="a", confidence=0.9, reason="person_requested"),
            outcome("answered", wanted=None, best="a", confidence=0.8),
            outcome("answered", wanted="b", best="a", confidence=0.7),
            outcome("answered", wanted="b", best="a", confidence=0.9),
            outcome("answered", wanted="a", best="a", confidence=0.9),
            outcome("clarify", wanted="a", best="b", confidence=0.9),
        ]
    )
    assert [(one.fault, one.asked.confidence) for one in found] == [
        ("wrong", 0.9),
        ("wrong", 0.7),
        ("out_of_scope_answered", 0.8),
        ("held_back", 0.5),
    ]
