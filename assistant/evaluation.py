"""Evaluation: golden questions decided on as customers' are, counted, and compared.

Nothing is stored: no receipt, no ticket, no message. Differences between two evaluations of the same
questions carry a paired bootstrap interval (Efron & Tibshirani, An Introduction to the Bootstrap, 1993,
chapter 13), so that noise is not taken for news.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from assistant.decision import Decision, Reason, Verdict
from assistant.detection import Detector
from assistant.judgement import judge
from assistant.language import at_home, identify
from assistant.phrases import Phrasebook
from assistant.policy import Policy
from assistant.question import make_question
from assistant.silence import silence_reason
from index.searcher import Searcher
from knowledge.database import now
from knowledge.golden import GoldenQuestion

Outcome = Literal[
    "right", "wrong", "offered", "missed", "ticketed", "silent",  # where an article answers
    "none_answered", "none_offered", "none_ticketed", "none_silent",  # where none does
]  # fmt: skip

COST = 19
"""Right answers that one wrong answer costs. Answers of which 95 in 100 are right, as the thresholds aim at, are then
worth as much as none; whoever answers more has to keep that up, and who hardly answers has no advantage by it."""

FEW = 30
"""Questions below which a comparison shows little."""

RESAMPLES = 2_000
_SEED = 1
# Questions that must differ before it can be no accident: of so many events in a large sample, a resample has
# none at all with a probability of e⁻⁴, less than the 2.5 % that an interval leaves out on a side. Resamples of a
# small sample know nothing of such accidents.
_LEAST = 4
_AT_ONCE = 4_000_000  # weights of questions in memory at a time


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One golden question, and what the assistant would do about it."""

    golden: GoldenQuestion
    decision: Decision
    reason: Reason
    article_ids: tuple[str, ...]  # answered with, or offered
    best: str | None  # the article found first, whatever was decided
    confidence: float  # that this one answers
    language: str  # of the reply

    @property
    def is_in_scope(self) -> bool:
        """Whether an article answers."""
        return self.golden.article_id is not None

    @property
    def is_found(self) -> bool:
        """Whether the article that answers was found first."""
        return self.is_in_scope and self.best == self.golden.article_id

    @property
    def outcome(self) -> Outcome:
        """What a customer would have met."""
        if not self.is_in_scope:
            out_of_scope: Mapping[Decision, Outcome] = {
                "answered": "none_answered", "clarify": "none_offered",
                "ticketed": "none_ticketed", "suppressed": "none_silent",
            }  # fmt: skip
            return out_of_scope[self.decision]
        has_article = self.golden.article_id in self.article_ids
        if self.decision == "answered":
            return "right" if has_article else "wrong"
        if self.decision == "clarify":
            return "offered" if has_article else "missed"
        return "ticketed" if self.decision == "ticketed" else "silent"

    @property
    def merit(self) -> tuple[int, bool]:
        """How well the customer was served, and then whether the right article was found first; more is better."""
        return _SERVED.get(self.outcome, _BY_A_PERSON), self.is_found


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """A share: questions that count, less what others cost, among those that matter."""

    name: str
    title: str
    counts: frozenset[Outcome] | None  # None: the right article was found first
    among: frozenset[Outcome]
    costs: frozenset[Outcome] = frozenset()  # COST each


_IN_SCOPE: frozenset[Outcome] = frozenset({"right", "wrong", "offered", "missed", "ticketed", "silent"})
_OUT_OF_SCOPE: frozenset[Outcome] = frozenset({"none_answered", "none_offered", "none_ticketed", "none_silent"})
_MISTAKES: frozenset[Outcome] = frozenset({"wrong", "none_answered"})
_BY_A_PERSON = 1  # sooner or later
_SERVED: Mapping[Outcome, int] = {"right": 3, "offered": 2, "wrong": 0, "none_answered": 0}


def _share(name: str, title: str, counts: set[Outcome] | None, among: frozenset[Outcome] = _IN_SCOPE) -> Measure:
    return Measure(name=name, title=title, counts=None if counts is None else frozenset(counts), among=among)


MEASURES: Mapping[str, Measure] = {
    measure.name: measure
    for measure in (
        _share("accuracy", "right article found first (accuracy@1)", None),
        _share("coverage", "answered rightly (coverage)", {"right"}),
        _share("wrong", "answered wrongly", {"wrong"}),
        _share("offered", "asked back with the right choice", {"offered"}),
        _share("missed", "asked back without the right choice", {"missed"}),
        _share("ticketed", "ticketed", {"ticketed"}),
        _share("out_of_scope_answered", "answered where no article does", {"none_answered"}, _OUT_OF_SCOPE),
        _share("precision", "answers that are right (precision)", {"right"}, _MISTAKES | {"right"}),
        _share("mistakes", "wrong answers of both kinds", set(_MISTAKES), _IN_SCOPE | _OUT_OF_SCOPE),
        Measure(
            name="worth",
            title=f"right answers less {COST} for each wrong one (worth)",
            counts=frozenset({"right"}),
            among=_IN_SCOPE | _OUT_OF_SCOPE,
            costs=_MISTAKES,
        ),
    )
}

GATES = ("accuracy", "coverage", "worth")
"""Measures that a change must not lower."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """So many of so many; below zero where others cost more."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """The share, at most 1; None of nothing."""
        return self.count / self.of if self.of else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """What became of golden questions with one generation."""

    encoder: str
    generation: int
    asked: tuple[Asked, ...]

    def share(self, measure: Measure) -> Share:
        """Return one measure."""
        counted, among = _marks(self.asked, measure)
        return Share(count=int(counted.sum()), of=int(among.sum()))

    def outcomes(self) -> Counter[Outcome]:
        """Return how often what happened."""
        return Counter(one.outcome for one in self.asked)

    def accuracy_by_language(self) -> dict[str | None, Share]:
        """Return, per language of the questions, how often the right article was found first."""
        by_language: dict[str | None, list[bool]] = {}
        for one in self.asked:
            if one.is_in_scope:
                by_language.setdefault(one.golden.language, []).append(one.is_found)
        return {
            language: Share(count=sum(found), of=len(found))
            for language, found in sorted(by_language.items(), key=lambda pair: pair[0] or "")
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """How much a share changed, and between what bounds with 95 % confidence."""

    value: float
    low: float
    high: float
    changed: int  # questions that count otherwise

    @property
    def is_rise(self) -> bool:
        """Whether the share rose beyond noise."""
        return self.changed >= _LEAST and self.low > 0

    @property
    def is_fall(self) -> bool:
        """Whether the share fell beyond noise."""
        return self.changed >= _LEAST and self.high < 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Two evaluations of the same questions; differences are after less before."""

    before: Evaluation
    after: Evaluation
    differences: Mapping[str, Difference | None]  # by the name of the measure; None where a share is of nothing

    @property
    def worse(self) -> tuple[str, ...]:
        """The measures of GATES that became worse beyond noise."""
        return tuple(name for name in GATES if (found := self.differences[name]) is not None and found.is_fall)

    @property
    def better(self) -> tuple[str, ...]:
        """The measures of GATES that became better beyond noise."""
        return tuple(name for name in GATES if (found := self.differences[name]) is not None and found.is_rise)

    @property
    def verdict(self) -> Literal["better", "even", "worse"]:
        """Worse where anything became worse; even where these questions can show no difference."""
        return "worse" if self.worse else "better" if self.better else "even"

    @property
    def broken(self) -> tuple[tuple[Asked, Asked], ...]:
        """Questions that come off worse, before and after: new wrong answers first, then the deepest falls."""
        pairs = [pair for pair in self._pairs() if pair[1].merit < pair[0].merit]
        return tuple(sorted(pairs, key=lambda pair: (pair[1].merit[0] > 0, pair[1].merit[0] - pair[0].merit[0])))

    @property
    def mended(self) -> tuple[tuple[Asked, Asked], ...]:
        """Questions that come off better, before and after: wrong answers that went first, then the highest rises."""
        pairs = [pair for pair in self._pairs() if pair[1].merit > pair[0].merit]
        return tuple(sorted(pairs, key=lambda pair: (pair[0].merit[0] > 0, pair[0].merit[0] - pair[1].merit[0])))

    def _pairs(self) -> list[tuple[Asked, Asked]]:
        return list(zip(self.before.asked, self.after.asked, strict=True))


def evaluate(
    searcher: Searcher,
    detector: Detector,
    questions: Sequence[GoldenQuestion],
    *,
    policy: Policy = Policy(),
    day: date | None = None,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Evaluation:
    """Decide on every question as the assistant would in a new conversation, of a customer it knows nothing of.

    ``day`` (today, UTC) is the one on which they are asked; ``report`` is told how many of how many are done.
    """
    phrases = Phrasebook()
    asked = []
    for number, golden in enumerate(questions):
        report(number, len(questions))
        asked.append(_asked(golden, searcher, detector, phrases, policy, day))
    report(len(questions), len(questions))
    return Evaluation(encoder=searcher.encoder.id, generation=searcher.generation.number, asked=tuple(asked))


def compare(before: Evaluation, after: Evaluation) -> Comparison:
    """Compare two evaluations; raises ValueError unless they asked the same questions in the same order."""
    if [one.golden for one in before.asked] != [one.golden for one in after.asked]:
        raise ValueError("the evaluations asked different questions; expected the same ones in the same order")
    return Comparison(
        before=before,
        after=after,
        differences=dict(zip(MEASURES, _differences(before.asked, after.asked), strict=True)),
    )


def _asked(
    golden: GoldenQuestion,
    searcher: Searcher,
    detector: Detector,
    phrases: Phrasebook,
    policy: Policy,
    day: date | None,
) -> Asked:
    question = make_question(golden.question)
    home = {policy.default_language, *searcher.generation.manifest.languages}
    detection = at_home(detector.detect(question.text), home, phrases.languages)
    language = identify(question.text, detection, default=policy.default_language)
    judged = judge(
        searcher,
        question.text,
        policy=policy,
        languages=language.languages_to_read,
        day=day,
    )
    verdict = judged.verdict
    # What is decided without a search is searched for all the same: accuracy is of all questions.
    if (silence := silence_reason(question, [], now())) is not None:
        verdict = Verdict(decision="suppressed", reason=silence)
    elif phrases.is_person_request(question.text):
        verdict = Verdict(decision="ticketed", reason="person_requested")
    elif not any(character.isalpha() for character in question.text):
        verdict = Verdict(decision="ticketed", reason="no_match")
    return Asked(
        golden=golden,
        decision=verdict.decision,
        reason=verdict.reason,
        article_ids=verdict.article_ids,
        best=judged.result.hits[0].article.id if judged.result.hits else None,
        confidence=judged.confidences[0] if judged.confidences else 0.0,
        language=language.code,
    )


def _marks(asked: Sequence[Asked], measure: Measure) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how much each question counts, and whether it matters, (questions,) each."""
    outcomes = [one.outcome for one in asked]
    among = np.array([outcome in measure.among for outcome in outcomes], np.float64)
    if measure.counts is None:
        return np.array([one.is_found for one in asked], np.float64) * among, among
    counted = np.array([outcome in measure.counts for outcome in outcomes], np.float64)
    costs = np.array([outcome in measure.costs for outcome in outcomes], np.float64)
    return counted - COST * costs, among


def _differences(before: Sequence[Asked], after: Sequence[Asked]) -> list[Difference | None]:
    """Return the difference of every measure; questions in and out of scope are drawn apart, as many as there are."""
    marks = np.array(
        [[*_marks(before, measure), *_marks(after, measure)] for measure in MEASURES.values()],
        np.float64,
    )  # (measures, 4, questions)
    sides = [_ratio(marks[:, side].sum(axis=-1), marks[:, side + 1].sum(axis=-1)) for side in (0, 2)]
    values = sides[1] - sides[0]
    changed = (marks[:, :2] != marks[:, 2:]).any(axis=1).sum(axis=-1)
    drawn = _drawn_ratios(marks, np.array([one.is_in_scope for one in before], np.bool_))
    return [
        None if np.isnan(value) else Difference(value=float(value), low=low, high=high, changed=int(count))
        for value, (low, high), count in zip(values, _intervals(drawn), changed, strict=True)
    ]


def _drawn_ratios(marks: NDArray[np.float64], in_scope: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the measures' differences in resamples, (measures, RESAMPLES); NaN where a share is of nothing."""
    random = np.random.default_rng(_SEED)
    measures, _, questions = marks.shape
    flat = marks.reshape(measures * 4, questions)
    drawn = []
    step = max(1, _AT_ONCE // max(1, questions))
    for start in range(0, RESAMPLES, step):
        count = min(step, RESAMPLES - start)
        weights = np.zeros((count, questions))
        for scope in (in_scope, ~in_scope):
            size = int(scope.sum())
            if size:
                weights[:, scope] = random.multinomial(size, np.full(size, 1 / size), size=count)
        sums = (flat @ weights.T).reshape(measures, 4, count)
        drawn.append(_ratio(sums[:, 2], sums[:, 3]) - _ratio(sums[:, 0], sums[:, 1]))
    return np.concatenate(drawn, axis=1)


def _intervals(drawn: NDArray[np.float64]) -> list[tuple[float, float]]:
    intervals = []
    for row in drawn:
        sound = row[~np.isnan(row)]
        low, high = np.quantile(sound, [0.025, 0.975]) if len(sound) else (np.nan, np.nan)
        intervals.append((float(low), float(high)))
    return intervals


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)
