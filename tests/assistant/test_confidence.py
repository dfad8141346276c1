"""Confidence is a probability by the parameters of a file, which is checked when it is read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from api.product import Product
from assistant.confidence import (
    ATTACHMENT,
    FEATURES,
    ONLY_EXACT,
    Calibration,
    calibration_for,
    calibration_of,
    estimate,
    features,
    read_calibration,
)
from assistant.judgement import judge
from index.builder import build
from index.encoder import load_encoder
from index.fusion import SHARPNESS, Fusion
from index.generations import Generations
from index.searcher import Searcher
from knowledge.errors import ConfigurationError
from knowledge.sample import golden_questions
from tests.index.finding import Articles


@pytest.fixture
def searcher(shop: Product) -> Searcher:
    return shop.follower.searcher


@pytest.fixture
def shipped() -> Calibration:
    return calibration_for("embedded")


class TestCalibrations:
    def test_the_embedded_encoder_has_its_own_and_others_share_one(self) -> None:
        assert calibration_for("embedded").encoder == "embedded"
        assert calibration_for("sentence-transformers/LaBSE").encoder == "*"
        assert calibration_for("embedded").weights != calibration_for("LaBSE").weights

    def test_is_read_back_as_it_was_written(self, shipped: Calibration) -> None:
        own = replace(shipped, is_certified=True, answer_threshold=0.7, answer_thresholds={"be": 0.9}, basis="by 59")
        assert read_calibration(own.to_json()) == own

    @pytest.mark.parametrize("data", [b"", b"{", b"[]", b"7", b"null", b"{}", b'{"weights": 3}', b"\xff\x00"])
    def test_what_is_no_calibration_is_refused_with_the_mend(self, data: bytes) -> None:
        with pytest.raises(ConfigurationError, match="Fit it anew: faq build"):
            read_calibration(data)

    def test_other_features_are_named_beside_those_expected(self, shipped: Calibration) -> None:
        fields = orjson.loads(shipped.to_json())
        fields["weights"]["luck"] = fields["weights"].pop("score")
        with pytest.raises(ConfigurationError, match=f"luck; expected {FEATURES[0]}, score"):
            read_calibration(orjson.dumps(fields))

    def test_a_generation_is_judged_with_its_own(self, searcher: Searcher, shipped: Calibration) -> None:
        own = replace(shipped, bias=shipped.bias + 1.0)
        generation = searcher.generation.with_attachments({ATTACHMENT: own.to_json()})
        assert calibration_of(Searcher(generation, searcher.encoder)) == own

    def test_a_broken_one_of_a_generation_gives_way_to_the_shipped_one(
        self, searcher: Searcher, shipped: Calibration, caplog: pytest.LogCaptureFixture
    ) -> None:
        broken = Searcher(searcher.generation.with_attachments({ATTACHMENT: b"{"}), searcher.encoder)
        assert calibration_of(broken) == calibration_of(broken) == shipped
        assert [record.levelname for record in caplog.records].count("WARNING") == 1


class TestThresholds:
    def test_a_language_may_have_its_own(self, shipped: Calibration) -> None:
        own = replace(shipped, answer_threshold=0.7, answer_thresholds={"be": ONLY_EXACT})
        assert own.threshold("en") == own.threshold() == 0.7
        assert own.threshold("be") == own.threshold("be-tarask") == ONLY_EXACT

    def test_the_estimate_keeps_the_promise_or_a_higher_one(self, shipped: Calibration) -> None:
        assert shipped.threshold() == shipped.thresholds["0.95"]
        assert shipped.estimated_threshold(0.93) == shipped.thresholds["0.95"]
        assert shipped.estimated_threshold(0.9) == shipped.thresholds["0.9"] < shipped.thresholds["0.95"]
        assert shipped.estimated_threshold(0.9999) == ONLY_EXACT


class TestFeatures:
    def test_say_how_the_hit_stands_out(self, searcher: Searcher) -> None:
        result = searcher.search("How can I pay for my order?", languages=["en"])
        found = dict(zip(FEATURES, features(result), strict=True))
        assert 0.9 < sum(result.posteriors) <= 1.0
        assert list(result.posteriors) == sorted(result.posteriors, reverse=True)
        first, second = result.hits[:2]
        assert result.posteriors[0] / result.posteriors[1] == pytest.approx(
            2.718281828 ** (SHARPNESS * (first.score - second.score)), rel=1e-4
        )
        assert found["score"] == pytest.approx(first.score)  # the shop has everything in English
        assert found["choices_posterior"] == pytest.approx(sum(result.posteriors[:3]))
        assert found["log_odds"] > dict(zip(FEATURES, features(result, 1), strict=True))["log_odds"]

    def test_a_foreign_article_is_no_surer_for_what_makes_up_for_its_language(self, searcher: Searcher) -> None:
        result = searcher.search("Bawo ni mo se le sanwo?", languages=["yo"])
        assert all(hit.is_foreign for hit in result.hits)
        assert features(result)[FEATURES.index("score")] == pytest.approx(result.hits[0].score - Fusion().foreign)

    def test_nothing_found_is_nothing_sure(self, searcher: Searcher, shipped: Calibration) -> None:
        nothing = replace(searcher.search("payment"), hits=(), posteriors=())
        assert estimate(shipped, nothing) == 0.0
        one = searcher.search("payment", top_k=1)
        assert 0.0 < estimate(shipped, one) < 1.0
        assert estimate(shipped, one, 1) == 0.0


def test_a_shop_with_two_articles_does_not_answer_whatever_is_asked(shop: Product, tmp_path: Path) -> None:
    generations = Generations(tmp_path / "generations")
    build(generations, Articles(*map(shop.store.get, ("returns", "payment-methods"))), load_encoder())
    searcher = Searcher(generations.load_active(), load_encoder())
    about_others = [
        golden for golden in golden_questions() if golden.language == "en" and golden.article_id not in
        {"returns", "payment-methods"}
    ]  # fmt: skip
    verdicts = [judge(searcher, golden.question, languages=["en"]).verdict for golden in about_others]
    assert sum(verdict.decision == "answered" for verdict in verdicts) <= len(verdicts) * 0.05
    assert judge(searcher, "Which payment methods do you accept", languages=["en"]).verdict.decision == "answered"
