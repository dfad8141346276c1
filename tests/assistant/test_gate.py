"""The gate lets through what is as good as before, and says in plain words what broke where it is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from assistant.decision import Decision
from assistant.evaluation import Asked, Evaluation
from assistant.gate import NAMED, GateReport, Gates, judge_generation, read_report
from knowledge.golden import GoldenQuestion
from knowledge.golden_store import MAX_QUESTIONS

ARTICLES = ("a", "b", "c")
TITLES = {"a": "About a?", "b": "About b?", "c": "About c?"}
_DECISIONS: dict[str, tuple[Decision, tuple[str, ...]]] = {
    "right": ("answered", ("a",)),
    "wrong": ("answered", ("b",)),
    "offered": ("clarify", ("b", "a")),
    "ticketed": ("ticketed", ()),
}


def asked(outcome: str, number: int, article: str | None) -> Asked:
    decision, ids = _DECISIONS[outcome]
    return Asked(
        golden=GoldenQuestion(question=f"question {number}", article_id=article, language="en"),
        decision=decision,
        reason="confident",
        article_ids=ids,
        best=ids[0] if ids else "c",
        confidence=0.5,
        language="en",
    )


def evaluation(outcomes: Sequence[str], *, number: int = 1, article: str | None = "a", start: int = 0) -> Evaluation:
    return Evaluation(
        encoder="e",
        generation=number,
        asked=tuple(asked(outcome, start + place, article) for place, outcome in enumerate(outcomes)),
        titles=TITLES,
    )


def together(*parts: Evaluation) -> Evaluation:
    return Evaluation(
        encoder="e",
        generation=parts[0].generation,
        asked=tuple(one for part in parts for one in part.asked),
        titles=TITLES,
    )


def judged(after: Evaluation, before: Evaluation | None = None, **options: Any) -> GateReport:
    return judge_generation(after, before, **{"gates": Gates(), "articles": ARTICLES, **options})


class TestComparison:
    def test_what_is_as_good_passes(self) -> None:
        report = judged(evaluation(["right"] * 40), evaluation(["right"] * 40))
        assert (report.verdict, report.is_gated, report.failures, report.notes) == ("passed", False, (), ())
        assert (report.questions, report.compared_with, report.broken_count) == (40, 1, 0)

    def test_what_is_worse_beyond_noise_fails_and_names_figures_questions_and_usurpers(self) -> None:
        before = evaluation(["right"] * 40, number=7)
        report = judged(evaluation(["wrong"] * 12 + ["right"] * 28, number=8), before)
        assert (report.verdict, report.is_gated, report.compared_with) == ("failed", True, 7)
        [failure] = report.failures
        assert failure.startswith("The new generation is worse than generation 7 beyond noise in: ")
        assert "accuracy@1) -30.0 points" in failure
        assert (report.broken_count, len(report.broken)) == (12, 12)
        first = report.broken[0]
        assert (first.question, first.article_id, first.is_missing) == ("question 0", "a", False)
        assert (first.before, first.after) == ("answered rightly", "answered wrongly")
        assert (first.instead, first.instead_question) == ("b", "About b?")
        accuracy = report.measures["accuracy"]
        assert accuracy.before is not None
        assert (accuracy.before.count, accuracy.after.count, accuracy.after.of) == (40, 28, 40)
        assert accuracy.difference == pytest.approx(-0.3)

    def test_an_accident_is_no_reason(self) -> None:
        report = judged(evaluation(["ticketed"] * 2 + ["right"] * 38), evaluation(["right"] * 40))
        assert report.verdict == "passed"
        assert [one.after for one in report.broken] == ["ticketed", "ticketed"]
        assert report.broken[0].instead == "c"

    def test_new_wrong_answers_come_before_what_is_only_ticketed(self) -> None:
        report = judged(evaluation(["ticketed", "wrong", "ticketed"]), evaluation(["right"] * 3))
        assert [one.after for one in report.broken] == ["answered wrongly", "ticketed", "ticketed"]

    def test_an_article_that_is_still_the_first_has_no_usurper(self) -> None:
        after = Evaluation(
            encoder="e",
            generation=2,
            asked=tuple(
                Asked(
                    golden=one.golden, decision="ticketed", reason="low_confidence", article_ids=(), best="a",
                    confidence=0.1, language="en",
                )
                for one in evaluation(["right"] * 5).asked
            ),
        )  # fmt: skip
        assert {one.instead for one in judged(after, evaluation(["right"] * 5)).broken} == {None}

    def test_what_came_off_better_is_named_too(self) -> None:
        report = judged(evaluation(["right"] * 3), evaluation(["right", "wrong", "offered"]))
        assert (report.mended_count, [one.question for one in report.mended]) == (2, ["question 1", "question 2"])

    def test_can_be_left_out(self) -> None:
        report = judged(evaluation(["wrong"] * 40), evaluation(["right"] * 40), gates=Gates(compare=False))
        assert report.verdict == "passed"
        assert report.broken_count == 40

    def test_force_lets_it_through_and_is_on_record(self) -> None:
        report = judged(evaluation(["wrong"] * 40), evaluation(["right"] * 40), is_forced=True)
        assert (report.verdict, report.is_forced, report.is_gated) == ("failed", True, False)
        assert not judged(evaluation(["right"] * 40), None, is_forced=True).is_forced, "nothing had to be forced"

    def test_thousands_are_counted_and_the_worst_are_named(self) -> None:
        most = MAX_QUESTIONS
        report = judged(evaluation(["wrong"] * most), evaluation(["right"] * most))
        assert (report.broken_count, len(report.broken)) == (most, NAMED)
        assert len(report.to_json()) < 200_000


class TestFloors:
    @pytest.mark.parametrize(
        ("gates", "failure"),
        [
            (Gates(precision=0.9), "The precision is 80.0% (40 of 50 answers), expected 90.0% at least"),
            (Gates(coverage=0.8), "The coverage is 66.7% (40 of 60 questions that an article answers), expected 80.0%"),
        ],
    )
    def test_say_what_was_expected_and_what_came(self, gates: Gates, failure: str) -> None:
        report = judged(evaluation(["right"] * 40 + ["wrong"] * 10 + ["ticketed"] * 10), gates=gates)
        assert report.verdict == "failed"
        [said] = report.failures
        assert said.startswith(failure)
        assert "FAQ_GATE_" in said

    def test_that_are_just_reached_are_reached(self) -> None:
        reached = Gates(precision=0.8, coverage=0.8)
        assert judged(evaluation(["right"] * 40 + ["wrong"] * 10), gates=reached).verdict == "passed"

    def test_of_precision_cannot_be_judged_where_nothing_was_answered(self) -> None:
        report = judged(evaluation(["ticketed"] * 40), gates=Gates(precision=0.9))
        assert report.verdict == "passed"
        assert any("Nothing was answered" in note for note in report.notes)

    def test_hold_for_the_first_generation_too(self) -> None:
        assert judged(evaluation(["ticketed"] * 40), gates=Gates(coverage=0.1)).is_gated


class TestWithoutMuchToGoBy:
    def test_nothing_is_gated_without_golden_questions(self) -> None:
        for before in (None, evaluation([])):
            report = judged(evaluation([]), before, gates=Gates(precision=1.0, coverage=1.0))
            assert (report.verdict, report.is_gated, report.measures) == ("unmeasured", False, {})
            assert "faq golden import" in report.notes[0]

    @pytest.mark.parametrize(
        ("count", "said"), [(1, "1 golden question shows little"), (29, "29 golden questions show little")]
    )
    def test_few_say_so(self, count: int, said: str) -> None:
        assert judged(evaluation(["right"] * count)).notes[0].startswith(said)

    def test_questions_that_no_article_answers_will_do(self) -> None:
        report = judged(
            evaluation(["wrong"] * 40, article=None), evaluation(["ticketed"] * 40, article=None), gates=Gates()
        )
        assert report.is_gated
        assert report.broken[0].instead == "b"


class TestArticlesThatWentAway:
    def test_on_purpose_hold_nothing_up_and_the_mend_is_named(self) -> None:
        before = together(evaluation(["right"] * 36), evaluation(["right"] * 4, article="a", start=36))
        gone = [
            Asked(
                golden=GoldenQuestion(question=one.golden.question, article_id="z", language="en"),
                decision=one.decision, reason=one.reason, article_ids=("z",), best="z", confidence=0.9, language="en",
            )
            for one in before.asked[36:]
        ]  # fmt: skip
        before = Evaluation(encoder="e", generation=1, asked=(*before.asked[:36], *gone))
        after = Evaluation(
            encoder="e",
            generation=2,
            asked=(
                *before.asked[:36],
                *(
                    Asked(
                        golden=one.golden, decision="answered", reason="confident", article_ids=("b",), best="b",
                        confidence=0.9, language="en",
                    )
                    for one in gone
                ),
            ),
            titles=TITLES,
        )  # fmt: skip
        report = judged(after, before, gates=Gates(precision=1.0))
        assert (report.verdict, report.missing_articles) == ("passed", {"z": 4})
        [note] = report.notes
        assert note.startswith("Golden questions name articles that no longer exist: z; correct them")
        assert report.broken_count == 4
        assert all(one.is_missing and one.instead == "b" for one in report.broken)
        assert report.measures["precision"].after.of == 36

    def test_by_accident_hold_it_up_and_the_mend_is_named(self) -> None:
        before = evaluation(["right"] * 40)
        report = judged(evaluation(["ticketed"] * 40), before, articles=("b", "c"))
        assert report.is_gated
        [failure] = report.failures
        assert failure.startswith("40 of the 40 golden questions whose article was found have lost it")
        assert "--force" in failure

    def test_that_had_gone_before_are_no_news(self) -> None:
        lost = evaluation(["ticketed"] * 40, article="z")
        report = judged(lost, lost)
        assert (report.is_gated, report.verdict) == (False, "unmeasured")
        assert report.missing_articles == {"z": 40}


class TestAsJson:
    def test_is_read_back_as_it_was(self) -> None:
        for report in (
            judged(evaluation([])),
            judged(evaluation(["wrong"] * 20 + ["right"] * 20), evaluation(["right"] * 20 + ["ticketed"] * 20)),
            judged(evaluation(["right"]), notes=["Nothing is compared: \U0001f642 \u202e"]),
        ):
            assert read_report(report.to_json()) == report
            assert orjson.loads(report.to_json())["is_gated"] == report.is_gated

    def test_is_the_same_for_the_same(self) -> None:
        sides = (evaluation(["wrong"] * 20), evaluation(["right"] * 20))
        assert judged(*sides).to_json() == judged(*sides).to_json()

    @pytest.mark.parametrize("change", [*GateReport.__dataclass_fields__, "more", "more of a figure", "other kinds"])
    @pytest.mark.parametrize("is_forced", [True, False])
    def test_of_another_version_says_its_verdict_all_the_same(self, change: str, is_forced: bool) -> None:
        report = judged(evaluation(["wrong"] * 20), evaluation(["right"] * 20), is_forced=is_forced)
        fields = orjson.loads(report.to_json())
        if change == "more":
            fields["more"] = fields["broken"][0]["more"] = 1
        elif change == "more of a figure":
            fields["measures"]["accuracy"]["more"] = 1
        elif change == "other kinds":
            fields["measures"] = fields["broken"] = 7
        elif change not in ("verdict", "is_forced"):
            del fields[change]
        read = read_report(orjson.dumps(fields))
        assert (read.verdict, read.is_forced, read.is_gated) == ("failed", is_forced, not is_forced)
        if change.startswith("more"):
            assert read == report, "what another version says beside cost the details"
        if change != "failures":
            assert read.failures == report.failures
        assert read_report(read.to_json()) == read

    @pytest.mark.parametrize(
        "data",
        [
            b'{"verdict": "fine", "is_forced": true}',
            b'{"verdict": [], "is_forced": true}',
            b'{"verdict": "passed", "is_forced": 1}',
            b'{"verdict": "passed"}',
        ],
    )
    def test_without_a_verdict_is_none(self, data: bytes) -> None:
        with pytest.raises(ValueError, match="no report of a gate"):
            read_report(data)

    @pytest.mark.parametrize("data", [b"", b"[]", b"null", b"{}", b'{"is_gated": true}', b"\xff", b'{"measures": 3}'])
    def test_that_is_none_is_said(self, data: bytes) -> None:
        with pytest.raises(ValueError, match=r"."):
            read_report(data)
