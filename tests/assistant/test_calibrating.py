"""A knowledge base is calibrated by its own questions, and certified by golden ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from api.product import Product
from assistant.calibrating import calibrate, calibrated, fit, inputs_digest, with_thresholds
from assistant.confidence import FEATURES, ONLY_EXACT, Calibration, calibration_for
from assistant.examples import Examples, drawn_rows, golden_examples, own_examples
from index.builder import build
from index.generations import Generations
from index.hits import Without
from index.searcher import Searcher
from knowledge.golden import GoldenQuestion
from knowledge.sample import golden_questions
from tests.index.finding import Articles

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
        is_right=np.array(is_right, np.bool_),
        is_in_choices=np.array(is_right, np.bool_),
        is_in_scope=np.array(is_right, np.bool_),
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
        assert own.basis.startswith("uncertified: 95 % of answers are right by estimate; 0 golden questions of 59")
        assert own.weights != shipped.weights
        assert own.threshold() == shipped.threshold()
        assert calls[0] == (0, 400)
        assert len({total for _, total in calls}) == 1

    def test_articles_out_of_their_time_are_not_asked(self, shop: Product, tmp_path: Path) -> None:
        today = date(2026, 6, 1)
        articles = [
            replace(article, valid_until=today - timedelta(days=1) if number % 2 else None)
            for number, article in enumerate(shop.store.all())
        ]
        generations = Generations(tmp_path / "generations")
        build(generations, Articles(*articles), shop.encoder)
        searcher = Searcher(generations.load_active(), shop.encoder)
        generation = searcher.generation
        asked = {
            generation.article(int(generation.article_of_question[row])).valid_until
            for row in drawn_rows(searcher, day=today)
        }
        assert asked == {None}

    def test_articles_without_alternates_are_not_asked_in_vain(self, shop: Product, tmp_path: Path) -> None:
        articles = [
            replace(article, texts=tuple(replace(text, alternate_questions=()) for text in article.texts))
            for article in shop.store.all()
        ]
        generations = Generations(tmp_path / "generations")
        build(generations, Articles(*articles), shop.encoder)
        searcher = Searcher(generations.load_active(), shop.encoder)
        assert drawn_rows(searcher) == []
        own = calibrate(searcher, shop.detector)
        assert own.weights == calibration_for("embedded").weights
        assert "; 0 questions of its own articles" in own.fitted_on

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

    @pytest.mark.parametrize("share", [0.3, 0.6])
    def test_where_nothing_separates_only_exact_matches_are_answered(self, shipped: Calibration, share: float) -> None:
        for seed in range(25):  # a sure answer that is right by accident promises nothing
            random = np.random.default_rng(seed)
            told = examples(random.normal(size=150).tolist(), (random.random(150) < share).tolist())
            found = thresholds(shipped, told)
            assert found.threshold() == ONLY_EXACT
            assert found.basis.startswith("nothing separates right answers from wrong ones")

    def test_a_precision_that_no_threshold_is_known_for_is_said_to_answer_exact_matches_only(
        self, shipped: Calibration
    ) -> None:
        nothing = examples([], [])
        found = calibrated(shipped, nothing, nothing, target_precision=0.995)
        assert found.threshold() == ONLY_EXACT
        assert "no threshold is known by which 99.5 % of answers are right" in found.basis

    def test_a_language_is_certified_by_itself_where_all_together_are_not(self, shipped: Calibration) -> None:
        told = examples([3.0] * 400, [True] * 300 + [True, False] * 50, ["en"] * 300 + ["ru"] * 100)
        found = thresholds(shipped, told)
        assert not found.is_certified
        assert found.threshold("en") < 1.0
        assert found.threshold("ru") == ONLY_EXACT
        assert "certified by itself: en" in found.basis

    def test_the_clarify_threshold_keeps_two_strange_questions_of_five_away(self, shipped: Calibration) -> None:
        random = np.random.default_rng(1)
        told = examples(random.normal(size=300).tolist(), [True] * 200 + [False] * 100)
        found = calibrated(shipped, examples([], []), told)
        outside = [found.choice_probability(row.tolist()) for row in told.features[200:]]
        assert np.mean([one < found.clarify_threshold for one in outside]) == pytest.approx(0.4, abs=0.02)
        few = calibrated(shipped, examples([], []), examples([0.0] * 80, [True] * 60 + [False] * 20))
        assert few.clarify_threshold == shipped.clarify_threshold

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

    def test_what_is_decided_without_a_search_certifies_nothing(self, shop: Product, searcher: Searcher) -> None:
        plain = "How do I return an item I do not like?"
        told = golden_examples(
            searcher, shop.detector, [GoldenQuestion(question=text) for text in ("I want to talk to a person", plain)]
        )
        assert told.is_undecided.tolist() == [False, True]

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
