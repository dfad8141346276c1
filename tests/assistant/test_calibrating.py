"""A knowledge base is calibrated by its own questions, and certified by golden ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from api.product import Product
from assistant.calibrating import (
    Examples,
    calibrate,
    fit,
    golden_examples,
    inputs_digest,
    own_examples,
    with_thresholds,
)
from assistant.confidence import FEATURES, ONLY_EXACT, Calibration, calibration_for
from index.hits import Without
from index.searcher import Searcher
from knowledge.golden import GoldenQuestion
from knowledge.sample import golden_questions

WEAK = 1.0  # a prior that much evidence overrules


@pytest.fixture
def searcher(shop: Product) -> Searcher:
    return shop.follower.searcher


@pytest.fixture
def shipped() -> Calibration:
    return calibration_for("embedded")


def examples(
    log_odds: Sequence[float], is_right: Sequence[bool], languages: Sequence[str] = (), *, undecided: bool = True
) -> Examples:
    """Make questions that differ in one feature."""
    count = len(log_odds)
    rows = np.tile(np.array(calibration_for("embedded").means), (count, 1))
    rows[:, FEATURES.index("log_odds")] = log_odds
    return Examples(
        features=rows,
        is_right=np.array(is_right),
        is_in_choices=np.array(is_right),
        weights=np.ones(count),
        languages=tuple(languages or ["en"] * count),
        is_undecided=np.full(count, undecided),
    )


def thresholds(prior: Calibration, told: Examples) -> Calibration:
    return with_thresholds(replace(fit(prior, told, WEAK), target_precision=0.95), prior, told)


class TestOwnQuestions:
    def test_a_question_left_out_does_not_find_itself(self, searcher: Searcher) -> None:
        generation = searcher.generation
        row = int(generation.question_starts[3])
        article = generation.article(3)
        text = article.texts[0]
        there = searcher.search(text.question, languages=[text.language])
        gone = searcher.search(text.question, languages=[text.language], without=Without(rows=(row,)))
        assert there.hits[0].is_exact
        assert there.hits[0].article.id == article.id
        assert not any(hit.is_exact for hit in gone.hits)
        own = next((hit for hit in gone.hits if hit.article.id == article.id), None)
        assert own is None or own.centroid < there.hits[0].centroid

    def test_an_article_left_out_is_not_found_at_all(self, searcher: Searcher) -> None:
        generation = searcher.generation
        text, id = generation.article(3).texts[0], generation.parts.article_ids[3]
        for question in (text.question, text.answer[:200]):
            row = int(generation.question_starts[3])
            result = searcher.search(question, without=Without(rows=(row,), whole_article=True))
            assert id not in [hit.article.id for hit in result.hits]

    def test_every_row_is_asked_with_and_without_its_article(self, searcher: Searcher) -> None:
        rows = [0, 5, 9]
        own = own_examples(searcher, rows)
        counts = searcher.generation.parts.centroids.counts
        assert counts[searcher.generation.article_of_question[rows]].min() > 6  # alternates in six languages
        assert own.features.shape == (6, len(FEATURES))
        assert not own.is_right[1::2].any()
        # As many questions that nothing answers as customers are assumed to ask.
        assert own.weights[1::2].sum() / own.weights.sum() == pytest.approx(0.2)

    def test_it_is_the_same_every_time(self, shop: Product, searcher: Searcher) -> None:
        assert calibrate(searcher, shop.detector) == calibrate(searcher, shop.detector)

    def test_without_labels_it_says_that_nothing_is_certified(
        self, shop: Product, searcher: Searcher, shipped: Calibration
    ) -> None:
        calls: list[tuple[int, int]] = []
        own = calibrate(searcher, shop.detector, report=lambda done, total: calls.append((done, total)))
        assert not own.is_certified
        assert own.basis.startswith("uncertified: 95% of answers are right by estimate; 0 golden questions of 59")
        assert own.weights != shipped.weights
        assert own.threshold() == shipped.threshold()
        assert calls[0] == (0, 400)
        assert len({total for _, total in calls}) == 1

    def test_few_questions_move_nothing(self, shipped: Calibration) -> None:
        assert fit(shipped, examples([0.0] * 5, [True] * 5), WEAK) is shipped


class TestFitting:
    def test_evidence_moves_probabilities_to_what_was_counted(self, shipped: Calibration) -> None:
        told = examples([0.0] * 400, [True] * 300 + [False] * 100)
        row = told.features[0].tolist()
        assert fit(shipped, told, WEAK).probability(row) == pytest.approx(0.75, abs=0.02)
        assert fit(shipped, told, WEAK).choice_probability(row) == pytest.approx(0.75, abs=0.02)

    def test_a_strong_prior_is_moved_little(self, shipped: Calibration) -> None:
        told = examples([0.0] * 100, [True] * 100)
        row = told.features[0].tolist()
        before = shipped.probability(row)
        after = [fit(shipped, told, strength).probability(row) for strength in (1e6, 1e3, 10.0)]
        assert before == pytest.approx(after[0], abs=1e-3)
        assert before < after[0] < after[1] < after[2]


class TestThresholds:
    def test_59_right_answers_certify_95_percent_and_58_do_not(self, shipped: Calibration) -> None:
        assert thresholds(shipped, examples([3.0] * 59, [True] * 59)).is_certified
        short = thresholds(shipped, examples([3.0] * 58, [True] * 58))
        assert not short.is_certified
        assert "58 golden questions of 59" in short.basis

    def test_one_wrong_answer_takes_93(self, shipped: Calibration) -> None:
        assert not thresholds(shipped, examples([3.0] * 92, [False] + [True] * 91)).is_certified
        certified = thresholds(shipped, examples([3.0] * 93, [False] + [True] * 92))
        assert certified.is_certified
        assert "by 93 golden questions answered, 1 of them wrongly" in certified.basis

    def test_what_separates_is_answered_and_the_rest_is_not(self, shipped: Calibration) -> None:
        told = examples([4.0] * 150 + [-4.0] * 150, [True] * 150 + [False] * 150)
        found = thresholds(shipped, told)
        sure, unsure = (found.probability(told.features[place].tolist()) for place in (0, -1))
        assert unsure < found.threshold() <= sure + 0.05

    def test_where_nothing_separates_only_exact_matches_are_answered(self, shipped: Calibration) -> None:
        random = np.random.default_rng(1)
        found = thresholds(shipped, examples(random.normal(size=400).tolist(), (random.random(400) < 0.3).tolist()))
        assert found.threshold() == ONLY_EXACT
        assert found.basis.startswith("nothing separates right answers from wrong ones")

    def test_what_confidence_does_not_decide_on_certifies_nothing(self, shipped: Calibration) -> None:
        exact = thresholds(shipped, examples([3.0] * 200, [True] * 200, undecided=False))
        assert not exact.is_certified
        assert "0 golden questions of 59" in exact.basis

    def test_a_language_that_is_answered_wrongly_answers_exact_matches_only(self, shipped: Calibration) -> None:
        count = 1_500
        told = examples([3.0] * (count + 60), [True] * count + [True, False] * 30, ["en"] * count + ["be"] * 60)
        found = thresholds(shipped, told)
        assert found.is_certified
        assert found.threshold("be") == ONLY_EXACT
        assert found.threshold("en") < 1.0
        assert found.threshold("fr") == found.answer_threshold


class TestGoldenQuestions:
    def test_they_are_asked_as_customers_ask(self, shop: Product, searcher: Searcher) -> None:
        golden = golden_questions()[:40]
        told = golden_examples(searcher, shop.detector, golden)
        hits = [searcher.search(one.question, languages=[one.language or "en"]).hits[:1] for one in golden]
        right = [[hit.article.id for hit in found] == [one.article_id] for found, one in zip(hits, golden, strict=True)]
        assert np.mean(told.is_right == right) > 0.9  # languages are identified, not told
        assert np.mean([own == one.language for own, one in zip(told.languages, golden, strict=True)]) > 0.9

    def test_signs_and_nothing_found_are_examples_too(self, shop: Product, searcher: Searcher) -> None:
        told = golden_examples(searcher, shop.detector, [GoldenQuestion(question="???"), GoldenQuestion(question="😀")])
        assert told.features.shape == (2, len(FEATURES))
        assert not told.is_right.any()
        assert not told.is_undecided.any()

    def test_the_digest_changes_with_questions_and_target(self) -> None:
        golden = golden_questions()[:3]
        digests = {
            inputs_digest(golden, 0.95), inputs_digest(golden[:2], 0.95), inputs_digest(golden, 0.9),
            inputs_digest([*golden[:2], replace(golden[2], article_id=None)], 0.95),
        }  # fmt: skip
        assert len(digests) == 4
        assert inputs_digest(list(golden), 0.95) in digests
