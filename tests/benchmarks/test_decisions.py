"""What the benchmark of decisions stands on: coverage, draws, promises as they are counted; no figure is tested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from assistant.calibrations.fit import Examples, calibration_error, fitted, fitted_without, usual_weights
from assistant.calibrations.labelled import KnowledgeBase, LabelledQuestion
from assistant.confidence import FEATURES, calibration_for, calibration_of
from benchmarks.context import Context
from benchmarks.decisions import (
    accuracy_table,
    chance_errors,
    coverage_at,
    coverage_table,
    decisions_table,
    pace_table,
    run,
)
from benchmarks.document import rewrite
from benchmarks.encoders import Cached
from benchmarks.judged import Arm, Library, Remembering, sampled
from benchmarks.promises import Counted, Resample, histogram_table, promise_tables, redrawn, summary_table
from benchmarks.results import Machine, Result, Table
from index.encoder import load_encoder
from knowledge.article import make_article

SUBJECTS = ("parcel", "password", "invoice", "refund", "voucher", "newsletter", "guarantee", "courier", "sizes", "tax")
PHRASES = (
    "what about the {}", "tell me about my {}", "I have lost the {}", "where is my {} now", "is there a {} for me",
    "my {} is wrong", "can I change the {}", "who sends the {}",
)  # fmt: skip
KEPT = 8  # subjects with an article


def base(name: str, source: str, about: str) -> KnowledgeBase:
    """Make a knowledge base whose last subjects nothing answers."""
    articles, questions = [], []
    for number, subject in enumerate(SUBJECTS):
        id = f"a{number}" if number < KEPT else None
        wordings = [phrase.format(f"{subject} {about}") for phrase in PHRASES]
        if id is not None:
            text = {
                "question": f"All about the {subject} {about}",
                "alternate_questions": wordings[:2],
                "answer": "n/a",
            }
            articles.append(replace(make_article(id=id, texts={"en": text}), revision=1))
        questions += [LabelledQuestion(text=wording, language="en", article_id=id) for wording in wordings[2:]]
    return KnowledgeBase(name=name, source=source, articles=tuple(articles), questions=tuple(questions))


BASES = (
    base("robo_en/1", "robo", "of the robot"),
    base("tor_on_en", "tor", "in the browser"),
    base("mkqa_on_en", "mkqa", "in the song"),
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    encoder = Cached(load_encoder())
    return Library(BASES, encoder, encoder, Remembering(), tmp_path_factory.mktemp("library"))


def arm(scores: Sequence[float], is_right: Sequence[bool]) -> Arm:
    return Arm(scores=np.array(scores), is_right=np.array(is_right))


def examples(source: str, shift: float) -> Examples:
    """Make questions that the first feature tells right from wrong by."""
    draw = np.random.default_rng(len(source))
    rows = np.tile(np.array(calibration_for("embedded").means), (60, 1))
    rows[:, 0] += np.linspace(-3, 3, 60) + shift
    right = draw.random(60) < 1 / (1 + np.exp(-np.linspace(-3, 3, 60)))
    inside = right | (np.arange(60) % 2 == 0)
    return Examples(replace(BASES[0], source=source), rows, right, right, inside)


class TestCoverage:
    def test_is_that_of_the_lowest_threshold_that_keeps_the_precision(self) -> None:
        inside = np.array([True, True, True, True, False])
        found = arm([0.9, 0.8, 0.7, 0.6, 0.5], [True, False, True, True, False])
        assert coverage_at(found, inside, 0.95) == 1 / 4
        assert coverage_at(found, inside, 0.75) == 3 / 4
        assert coverage_at(found, inside, 0.5) == 3 / 4

    def test_no_threshold_parts_equal_scores(self) -> None:
        found = arm([0.9, 0.9, 0.1], [True, False, True])
        assert coverage_at(found, np.ones(3, np.bool_), 0.95) == 0.0
        assert coverage_at(found, np.ones(3, np.bool_), 0.6) == 2 / 3

    def test_nothing_right_covers_nothing(self) -> None:
        assert coverage_at(arm([0.5, 0.4], [False, False]), np.ones(2, np.bool_), 0.9) == 0.0


class TestFittingWithoutASource:
    def test_leaves_its_questions_out(self) -> None:
        parts = [examples("robo", 0.0), examples("tor", 0.5), examples("mkqa", -0.5)]
        without = fitted_without(parts, "tor", "mine")
        assert without == fitted([parts[0], parts[2]], "mine")
        assert without != fitted(parts, "mine")
        assert without.encoder == "mine"
        assert "tor" not in without.fitted_on
        assert without.weights[0] > 0

    def test_needs_other_sources(self) -> None:
        with pytest.raises(ValueError, match="expected two sources"):
            fitted_without([examples("robo", 0.0), examples("tor", 0.0)], "tor", "mine")
        with pytest.raises(ValueError, match="expected some of mkqa, robo, tor"):
            fitted([examples("one", 0.0), examples("other", 0.0)], "mine")

    def test_a_fifth_of_the_weight_is_out_of_scope(self) -> None:
        inside = np.array([True] * 10 + [False] * 30)
        weights = usual_weights(inside)
        assert weights.sum() == pytest.approx(1_000)
        assert weights[~inside].sum() == pytest.approx(200)
        assert len(FEATURES) == examples("robo", 0.0).features.shape[1]


class TestChance:
    def test_even_true_probabilities_show_an_error_which_shrinks_with_more_questions(self) -> None:
        few, many = (np.linspace(0.05, 0.95, count) for count in (100, 10_000))
        errors = [float(chance_errors(some, np.ones(len(some))).mean()) for some in (few, many)]
        assert errors[0] > 5 * errors[1] > 0
        certain = np.array([0.0, 1.0])
        assert not chance_errors(certain, np.ones(2)).any()
        assert calibration_error(certain, np.array([True, False]), np.ones(2)) == 1.0


class TestRedrawing:
    def test_keeps_four_fifths_of_the_articles_and_a_fifth_of_questions_without_one(self) -> None:
        draw = np.random.default_rng(1)
        for _ in range(20):
            drawn = redrawn(BASES[0], draw)
            known = {article.id for article in drawn.articles}
            inside = [question for question in drawn.questions if question.article_id is not None]
            assert len(known) == round(0.8 * KEPT)
            assert {question.article_id for question in inside} == known
            assert len(inside) == 6 * len(known)
            assert (len(drawn.questions) - len(inside)) / len(drawn.questions) == pytest.approx(0.2, abs=0.02)
            assert len(set(drawn.questions)) == len(drawn.questions)
            assert [article.id for article in drawn.articles] == sorted(known)

    def test_gives_others_each_time_and_the_same_again(self) -> None:
        first, again = (redrawn(BASES[0], np.random.default_rng(3)) for _ in range(2))
        assert first == again
        assert first != redrawn(BASES[0], np.random.default_rng(4))


class TestPromises:
    def test_few_mistakes_keep_a_promise_and_many_show_that_it_is_broken(self) -> None:
        kept = Counted(right=96, answers=100, in_scope=200)
        unlucky = Counted(right=93, answers=100, in_scope=200)
        broken = Counted(right=80, answers=100, in_scope=200)
        silent = Counted(right=0, answers=0, in_scope=200)
        assert [one.keeps() for one in (kept, unlucky, broken, silent)] == [True, False, False, True]
        assert [one.may_keep() for one in (kept, unlucky, broken, silent)] == [True, True, False, True]
        assert (kept.precision, silent.precision) == (0.96, None)
        assert (kept.coverage, silent.coverage) == (0.48, 0.0)

    def test_every_resample_is_counted_once_in_table_and_histogram(self, tmp_path: Path) -> None:
        drawn = [
            Resample(
                name="desk",
                labels=300,
                is_certified=right > 94,
                with_labels=Counted(right=right, answers=100, in_scope=150),
                without_labels=Counted(right=0, answers=0, in_scope=150),
            )
            for right in (50, 88, 94, 95, 97, 100, 100)
        ]
        rows = {row[0]: row for row in summary_table(drawn).rows}
        assert rows["with labels: certified"][1:4] == (4, 4, 1.0)
        assert rows["with labels: not certified"][1:4] == (3, 3, 0.0)
        assert rows["with labels: all"][1:3] == (7, 7)
        assert rows["without labels: estimated"][1:4] == (7, 0, None)
        table = histogram_table(drawn)
        counted = {row[0]: row[1:4] for row in table.rows}
        assert counted["below 0.88"] == (0, 1, 0)
        assert counted["0.88–0.89"] == (0, 1, 0)
        assert counted["0.94–0.95"] == (0, 1, 0)
        assert counted["0.95–0.96"] == (1, 0, 0)
        assert counted["0.99–1.00"] == (2, 0, 0)
        assert counted["nothing answered"] == (0, 0, 7)
        document = tmp_path / "figures.md"
        document.write_text("<!-- results one -->\n<!-- end one -->\n")
        rewrite(document, [result(table)])
        assert "![Histogram of the precision of 4 certified resamples](images/promised-precision.svg)" in (
            document.read_text()
        )
        root = ElementTree.parse(tmp_path / "images" / "promised-precision.svg").getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        bars = [bar for bar in root if "kept" in bar.get("class", "")]
        assert len(bars) == 5  # of all bins from the promise on

    def test_bins_hold_every_precision(self) -> None:
        for right in range(101):
            one = Counted(right=right, answers=100, in_scope=100)
            table = histogram_table(
                [Resample(name="a", labels=1, is_certified=True, with_labels=one, without_labels=one)]
            )
            [name] = [row[0] for row in table.rows if row[1]]
            assert isinstance(name, str)
            low = float(name.split("–")[0]) if "–" in name else 0.0
            high = float(name.split("–")[1]) if "–" in name else 0.88
            assert low - 1e-9 <= right / 100 < high or (right == 100 and high == 1.0)

    def test_are_counted_on_questions_that_gave_no_label(self, library: Library) -> None:
        summary, histogram = promise_tables(library, resamples=2)
        everything = {row[0]: row for row in summary.rows}["with labels: all"]
        assert everything[1] == 2
        for column in (1, 2):
            assert all(isinstance(row[column], int) for row in histogram.rows)
        counts = [row[1] for row in histogram.rows] + [row[2] for row in histogram.rows]
        assert sum(count for count in counts if isinstance(count, int)) == 2


class TestKnowledgeBases:
    def test_are_judged_with_a_calibration_that_never_saw_their_source(self, library: Library) -> None:
        for one in BASES:
            calibration = calibration_of(library.calibrated(one))
            assert one.source not in calibration.fitted_on
            assert "questions of its own articles, 0 golden" in calibration.fitted_on
            assert calibration.weights != library.prior(one).weights
            assert not calibration.is_certified

    def test_tables_have_a_row_for_each_and_the_same_encoder_finds_the_same(self, library: Library) -> None:
        judged = [library.judged(one) for one in library.bases]
        others = [library.judged_with_minilm(one) for one in library.bases]
        assert [other is not None for other in others] == [True, False, False]
        accuracy = accuracy_table(judged, others)
        assert [row[:3] for row in accuracy.rows] == [(one.name, KEPT, 6 * KEPT) for one in BASES]
        assert accuracy.rows[0][5] == accuracy.rows[0][6]  # the same encoder in both places
        assert all(isinstance(share, float) and share > 0.5 for row in accuracy.rows for share in row[3:6])
        coverage = coverage_table(judged, others)
        assert [row[0] for row in coverage.rows] == [*(one.name for one in BASES), "mean"]
        for row in coverage.rows:
            at_95, at_90 = row[5:8], row[10:13]
            for strict, loose in zip(at_95, at_90, strict=True):
                assert isinstance(strict, float)
                assert isinstance(loose, float)
                assert 0 <= strict <= loose <= 1
        decisions = decisions_table(judged)
        assert [row[1:3] for row in decisions.rows] == [(60, 12)] * 3 + [(180, 36)]
        for table in (accuracy, coverage, decisions):
            names = [column.name for column in table.columns]
            assert len(set(names)) == len(names)

    def test_the_way_from_hits_to_a_decision_takes_less_than_the_search(self, library: Library) -> None:
        rows = pace_table(library).rows
        assert [row[0] for row in rows] == [*(one.name for one in BASES), "all"]
        for _, count, search, decision, slow, within, ratio in rows:
            assert isinstance(search, float)
            assert isinstance(decision, float)
            assert isinstance(slow, float)
            assert isinstance(count, int)
            assert count == 60 or count == 180
            assert 0 < decision <= slow
            assert ratio == decision / search < 1
            assert isinstance(within, float)
            assert 0 <= within <= 1

    def test_few_questions_are_the_same_ones_each_time(self) -> None:
        few = sampled(BASES[0], 7)
        assert few == sampled(BASES[0], 7)
        assert len(few.questions) == 7
        assert set(few.questions) < set(BASES[0].questions)
        assert sampled(BASES[0], 1_000) == BASES[0]


def test_pictures_name_what_they_show_in_neighbouring_bins() -> None:
    table = histogram_table([])
    names = [str(row[0]) for row in table.rows[1:-1]]
    assert all(one.split("–")[1] == other.split("–")[0] for one, other in pairwise(names))
    assert table.picture is not None
    ElementTree.fromstring(table.picture.svg)


def test_nothing_is_measured_without_development_sets(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="name their folder with --dev"):
        run(Context(scratch=tmp_path))


def result(table: Table) -> Result:
    return Result(name="one", machine=Machine.here(encoder="embedded"), seconds=1.0, is_quick=False, tables=(table,))
