"""The decision is a pure function: what the search found and how sure it is, against two thresholds."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.decision import Candidate, Thresholds, Verdict, decide

THRESHOLDS = Thresholds(answer=0.8, clarify=0.3, out_of_scope=0.05, tie_margin=0.1)


def decided(found: list[Candidate], *, choices: float = 0.5, **options: Any) -> Verdict:
    return decide(found, choices, THRESHOLDS, **options)


def candidate(id: str, confidence: float, score: float, *, exact: bool = False) -> Candidate:
    return Candidate(article_id=id, confidence=confidence, score=score, is_exact=exact)


def test_a_confident_clear_winner_is_answered() -> None:
    verdict = decided([candidate("a", 0.8, 1.0), candidate("b", 0.1, 0.5)])
    assert (verdict.decision, verdict.reason, verdict.article_ids) == ("answered", "confident", ("a",))


def test_the_very_question_of_one_article_is_answered_however_low_the_confidence() -> None:
    verdict = decided([candidate("a", 0.2, 1.0, exact=True), candidate("b", 0.1, 0.99)])
    assert (verdict.decision, verdict.reason) == ("answered", "exact")


def test_the_very_question_of_two_articles_offers_just_these_two() -> None:
    found = [candidate("a", 0.9, 2.0, exact=True), candidate("b", 0.9, 1.5, exact=True), candidate("c", 0.1, 1.4)]
    verdict = decided(found)
    assert (verdict.decision, verdict.reason, verdict.article_ids) == ("clarify", "near_tie", ("a", "b"))


def test_a_near_tie_is_asked_back_however_confident() -> None:
    verdict = decided([candidate("a", 0.95, 1.0), candidate("b", 0.9, 0.95), candidate("c", 0.1, 0.2)])
    assert (verdict.decision, verdict.reason, verdict.article_ids) == ("clarify", "near_tie", ("a", "b"))


def test_middling_confidence_offers_the_best_three() -> None:
    found = [candidate("a", 0.5, 0.5), candidate("b", 0.4, 0.39), candidate("c", 0.3, 0.33), candidate("d", 0.2, 0.32)]
    verdict = decided(found)
    assert (verdict.decision, verdict.reason, verdict.article_ids) == ("clarify", "unsure", ("a", "b", "c"))


@pytest.mark.parametrize(
    ("choices", "reason"), [(0.29, "low_confidence"), (0.05, "low_confidence"), (0.04, "out_of_scope")]
)
def test_choices_that_would_hardly_help_go_to_a_person(choices: float, reason: str) -> None:
    verdict = decided([candidate("a", 0.2, 1.0)], choices=choices)
    assert (verdict.decision, verdict.reason, verdict.article_ids) == ("ticketed", reason, ())


def test_nothing_found_goes_to_a_person() -> None:
    assert decided([]).reason == "no_match"


@pytest.mark.parametrize(
    "found",
    [
        [],
        [candidate("a", 0.5, 1.0)],
        [candidate("a", 0.01, 1.0)],
        [candidate("a", 0.9, 1.0), candidate("b", 0.9, 0.99)],
    ],
)
def test_a_second_unclear_round_is_never_asked_back_again(found: list[Candidate]) -> None:
    verdict = decided(found, is_second_round=True)
    assert (verdict.decision, verdict.reason) == ("ticketed", "unclear_after_clarify")


def test_a_second_round_that_is_clear_is_answered() -> None:
    verdict = decided([candidate("a", 0.9, 1.0), candidate("b", 0.1, 0.2)], is_second_round=True)
    assert verdict.decision == "answered"


def test_no_more_choices_are_offered_than_asked_for() -> None:
    found = [candidate("a", 0.5, 1.0), candidate("b", 0.5, 0.89), candidate("c", 0.5, 0.86), candidate("d", 0.5, 0.83)]
    assert decided(found, max_choices=1).article_ids == ("a",)
    assert decided(found, max_choices=4).article_ids == ("a", "b", "c", "d")


def test_far_fetched_choices_are_not_offered_but_there_are_two() -> None:
    for best in (1.2, 0.1, -0.2):  # scores below zero are nothing special
        found = [candidate("a", 0.5, best), candidate("b", 0.1, best - 0.19), candidate("c", 0.1, best - 0.19)]
        assert decided(found).article_ids == ("a", "b")
        assert decided([*found[:2], candidate("c", 0.1, best - 0.17)]).article_ids == ("a", "b", "c")


def test_a_crowd_of_likely_articles_is_asked_back_though_none_is_likely_itself() -> None:
    found = [candidate("a", 0.2, 1.0), candidate("b", 0.15, 0.95), candidate("c", 0.1, 0.92)]
    assert decided(found, choices=0.7).article_ids == ("a", "b", "c")


def test_a_sure_find_whose_wording_may_ask_for_the_opposite_is_offered_not_answered() -> None:
    found = [candidate("a", 0.9, 1.0), candidate("b", 0.1, 0.89), candidate("c", 0.1, 0.85)]
    verdict = decided(found, choices=0.1, contrast="only_negation_differs")
    assert (verdict.decision, verdict.reason, verdict.article_ids) == ("clarify", "unsure", ("a", "b", "c"))
    second = decided(found, contrast="only_negation_differs", is_second_round=True)
    assert (second.decision, second.reason) == ("ticketed", "unclear_after_clarify")


def test_the_very_wording_is_answered_whatever_it_is_compared_with() -> None:
    verdict = decided([candidate("a", 0.9, 1.0, exact=True)], contrast="same_words_other_order")
    assert (verdict.decision, verdict.reason) == ("answered", "exact")


def test_a_contrast_makes_no_poor_find_any_better() -> None:
    verdict = decided([candidate("a", 0.5, 1.0)], choices=0.1, contrast="only_number_differs")
    assert (verdict.decision, verdict.reason) == ("ticketed", "low_confidence")
