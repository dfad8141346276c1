"""A calibration is carried over as long as what it was fitted on holds, and no longer."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from assistant.calibrating import inputs_digest
from assistant.confidence import Calibration, calibration_for
from assistant.fitted import MOST_CHANGED, RECORD, Fitted, fitted_among, fitted_on, read_fitted
from assistant.policy import Policy
from index.builder import build
from index.generation import Generation
from index.generations import Generations
from knowledge.golden import GoldenQuestion
from tests.index.finding import SHOP, Articles, TrigramEncoder, faq

GOLDEN = (GoldenQuestion(question="can i send it back", article_id="returns"),)


def of_articles(count: int, *, changed: int = 0) -> Fitted:
    """Return the record of a base of so many articles, so many of which are others than in the base of that size."""
    hashes = random.Random(1).sample(range(2**60), count + changed)
    hashes[:changed] = hashes[count:]
    hashes = hashes[:count]
    return Fitted(inputs="same", sketch=tuple(sorted(hashes)[:1_024]))


@pytest.fixture
def generation(tmp_path: Path) -> Generation:
    generations = Generations(tmp_path)
    build(generations, Articles(*SHOP), TrigramEncoder())
    return generations.load_active()


@pytest.mark.parametrize("count", [1, 100, 1_000, 20_000, 100_000])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5, 1.0])
def test_the_share_of_changed_articles_is_counted_or_nearly_so(count: int, share: float) -> None:
    changed = int(count * share)
    found = of_articles(count).change(of_articles(count, changed=changed))
    assert found == pytest.approx(changed / count, abs=1e-9 if count + changed <= 1_024 else 0.04)


def test_articles_that_came_or_went_count_half() -> None:
    before, after = of_articles(100), of_articles(100, changed=0)
    more = Fitted(inputs="same", sketch=(*before.sketch, *range(10)))
    assert before.change(more) == more.change(before) == pytest.approx(0.05, abs=0.005)
    assert not before.holds_for(more)
    assert before.holds_for(after)


def test_a_few_changed_articles_leave_it_as_it_is_and_more_do_not() -> None:
    for count in (100, 10_000):
        assert of_articles(count).holds_for(of_articles(count, changed=int(count * MOST_CHANGED / 3)))
        assert not of_articles(count).holds_for(of_articles(count, changed=int(count * MOST_CHANGED * 2)))


def test_of_the_same_it_is_the_same(generation: Generation) -> None:
    first, second = (fitted_on(generation, GOLDEN, policy=Policy(), target_precision=0.95) for _ in range(2))
    assert first == second
    assert first.holds_for(second)
    assert read_fitted(first.to_json()) == first


def with_calibration(generation: Generation, record: Fitted | None, *, inputs: str) -> tuple[Generation, Calibration]:
    """Return a generation with such a record, and a calibration fitted to what has such a digest."""
    attachments = {} if record is None else {RECORD: record.to_json()}
    return generation.with_attachments(attachments), replace(calibration_for("embedded"), inputs=inputs)


def test_the_questions_that_it_was_fitted_to_are_counted_one_by_one(generation: Generation) -> None:
    golden = [GoldenQuestion(question=f"question {number} 🙂 שאלה", article_id="returns") for number in range(400)]
    record = fitted_on(generation, golden, policy=Policy(), target_precision=0.95)
    fitted, calibration = with_calibration(generation, record, inputs=inputs_digest(golden, 0.95))
    assert fitted_among(fitted, calibration, golden) == 400
    others = [GoldenQuestion(question=f"another {number}") for number in range(88)]
    assert fitted_among(fitted, calibration, [*golden[:312], *others]) == 312
    assert fitted_among(fitted, calibration, [replace(golden[0], article_id=None, language="he")]) == 1
    assert fitted_among(fitted, calibration, others) == fitted_among(fitted, calibration, ()) == 0
    assert fitted_among(fitted, replace(calibration, inputs=""), golden) == 0


def test_a_record_keeps_little_of_many_questions(generation: Generation) -> None:
    many = [GoldenQuestion(question=f"question {number}") for number in range(20_001)]
    record = fitted_on(generation, many, policy=Policy(), target_precision=0.95)
    assert record.questions is not None
    assert len(record.questions) == 20_000
    assert {len(one) for one in record.questions} == {16}
    assert list(record.questions) == sorted(record.questions)


@pytest.mark.parametrize("has_record", [True, False])
def test_an_older_record_tells_whether_all_are_the_same(generation: Generation, *, has_record: bool) -> None:
    golden = (*GOLDEN, GoldenQuestion(question="are you on mars"))
    now = fitted_on(generation, golden, policy=Policy(), target_precision=0.95)
    older = replace(now, questions=None)
    fitted, calibration = with_calibration(
        generation, older if has_record else None, inputs=inputs_digest(golden, 0.95)
    )
    assert fitted_among(fitted, calibration, golden) == 2
    assert fitted_among(fitted, calibration, golden[:1]) == 0
    written = orjson.loads(older.to_json())
    del written["questions"]
    assert read_fitted(orjson.dumps(written)) == older
    assert older.holds_for(now)


def test_anything_else_that_it_rests_on_makes_it_another(generation: Generation, tmp_path: Path) -> None:
    fitted = fitted_on(generation, GOLDEN, policy=Policy(), target_precision=0.95)
    german = (replace(GOLDEN[0], language="de"),)
    others = [
        fitted_on(generation, (), policy=Policy(), target_precision=0.95),
        fitted_on(generation, german, policy=Policy(), target_precision=0.95),
        fitted_on(generation, GOLDEN, policy=Policy(default_language="de"), target_precision=0.95),
        fitted_on(generation, GOLDEN, policy=Policy(), target_precision=0.9),
    ]
    generations = Generations(tmp_path / "other")
    build(generations, Articles(*SHOP), TrigramEncoder(seed=1))
    others.append(fitted_on(generations.load_active(), GOLDEN, policy=Policy(), target_precision=0.95))
    assert not any(fitted.holds_for(other) for other in others)


def test_an_article_given_another_text_is_another_and_a_new_revision_of_the_same_is_not(tmp_path: Path) -> None:
    generations, articles = Generations(tmp_path), Articles(*SHOP)
    build(generations, articles, TrigramEncoder())
    before = fitted_on(generations.load_active(), (), policy=Policy(), target_precision=0.95)
    articles.put(faq("new", en=("New?", "Yes.")))
    build(generations, articles, TrigramEncoder())
    after = fitted_on(generations.load_active(), (), policy=Policy(), target_precision=0.95)
    assert before.change(after) == pytest.approx(1 / 9)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"inputs": "x", "sketch": ["y"]}',
        b"\xff",
        b'{"inputs": "x", "sketch": [], "questions": 1}',
    ],
)
def test_what_is_no_record_is_none(data: bytes) -> None:
    assert read_fitted(data) is None
