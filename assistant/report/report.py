"""A report: all that an evaluation tells, worked out once, for pages, programs and terminals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from assistant.evaluation import FEW, MEASURES, Asked, Comparison, Evaluation, Outcome, Share
from assistant.evaluation.confusion import Confusion, Worst, confusions, worst
from assistant.evaluation.curves import (
    TARGETS,
    Alternative,
    Proposal,
    Reliability,
    RiskPoint,
    alternatives,
    proposals,
    reliability,
    risk_coverage,
)
from assistant.evaluation.measures import share

TARGET = 0.95
"""Precision that is promised where nothing else is said."""

_NAMED = 10  # articles in a note


@dataclass(frozen=True, kw_only=True, slots=True)
class Fate:
    """What customers meet: one of the parts that all of them fall into."""

    name: str
    one: str  # said of one customer
    many: str
    outcomes: frozenset[Outcome]


FATES = (
    Fate(
        name="right",
        one="gets the right answer at once",
        many="get the right answer at once",
        outcomes=frozenset({"right"}),
    ),
    Fate(
        name="offered",
        one="is asked back and finds the right article among the choices",
        many="are asked back and find the right article among the choices",
        outcomes=frozenset({"offered"}),
    ),
    Fate(
        name="missed",
        one="is asked back in vain",
        many="are asked back in vain",
        outcomes=frozenset({"missed", "none_offered"}),
    ),
    Fate(
        name="ticketed",
        one="is passed on to a person",
        many="are passed on to a person",
        outcomes=frozenset({"ticketed", "none_ticketed"}),
    ),
    Fate(name="silent", one="gets no reply", many="get no reply", outcomes=frozenset({"silent", "none_silent"})),
    Fate(
        name="wrong",
        one="gets a wrong answer",
        many="get a wrong answer",
        outcomes=frozenset({"wrong", "none_answered"}),
    ),
)
"""In the order of a bar; every outcome is in one of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Questions that have a language or a channel in common; a name of None is that it is not known."""

    name: str | None
    questions: int
    accuracy: Share
    coverage: Share
    precision: Share


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """An evaluation, and all that follows from it."""

    name: str  # of what was evaluated
    day: date
    target: float  # precision that is to be promised
    evaluation: Evaluation
    headline: str
    notes: tuple[str, ...]
    by_language: tuple[Group, ...]
    by_channel: tuple[Group, ...]
    risk_coverage: tuple[RiskPoint, ...]
    reliability: Reliability
    alternatives: tuple[Alternative, ...]
    proposals: tuple[Proposal, ...]
    confusions: tuple[Confusion, ...]
    worst: tuple[Worst, ...]
    comparison: Comparison | None  # with the evaluation before, and another one after
    other: str | None  # name of that other one


def make_report(
    evaluation: Evaluation,
    *,
    day: date,
    name: str | None = None,
    target: float = TARGET,
    comparison: Comparison | None = None,
    other: str | None = None,
    notes: Sequence[str] = (),
) -> Report:
    """Return the report of an evaluation made on a day.

    ``notes`` are what else its readers must know, such as what was not read of a file.
    ``comparison`` has this evaluation before and another one after; ``name`` and ``other`` are what readers call them.
    """
    return Report(
        name=name or f"generation {evaluation.generation}",
        day=day,
        target=target,
        evaluation=evaluation,
        headline=headline(evaluation.asked),
        notes=(*notes, *_notes(evaluation)),
        by_language=_groups(evaluation.by(lambda one: one.question_language)),
        by_channel=_groups(evaluation.by(lambda one: one.golden.channel)),
        risk_coverage=risk_coverage(evaluation),
        reliability=reliability(evaluation),
        alternatives=alternatives(evaluation),
        proposals=proposals(evaluation, (*TARGETS, target)),
        confusions=confusions(evaluation.asked),
        worst=worst(evaluation.asked),
        comparison=comparison,
        other=None if comparison is None else other or f"generation {comparison.after.generation}",
    )


def fate_counts(asked: Sequence[Asked]) -> dict[str, int]:
    """Return how many met what, by the names of FATES."""
    outcomes = [one.outcome for one in asked]
    return {fate.name: sum(outcome in fate.outcomes for outcome in outcomes) for fate in FATES}


def headline(asked: Sequence[Asked]) -> str:
    """Return in one sentence what would become of a hundred customers who ask such questions."""
    if not asked:
        return "There were no questions to ask."
    shares, parts = hundred(asked), []
    for fate in FATES:
        count = shares.get(fate.name)
        if count is not None:
            number = "fewer than 1" if count == 0 else str(count)
            parts.append(f"{number} {fate.one if count <= 1 else fate.many}")
    if "wrong" not in shares:
        parts.append("none gets a wrong answer")
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"Of 100 customers, {listed}."


def hundred(asked: Sequence[Asked]) -> dict[str, int]:
    """Return how many of a hundred met what, by the names of FATES, by the largest remainders.

    They add up to a hundred; 0 is less than a half, and what nobody met is left out.
    """
    counts = {name: count for name, count in fate_counts(asked).items() if count}
    exact = {name: 100 * count / len(asked) for name, count in counts.items()}
    rounded = {name: int(share) for name, share in exact.items()}
    for name in sorted(exact, key=lambda name: rounded[name] - exact[name])[: 100 - sum(rounded.values())]:
        rounded[name] += 1
    return rounded


def _groups(by_name: Mapping[str | None, Sequence[Asked]]) -> tuple[Group, ...]:
    return tuple(
        Group(
            name=name,
            questions=len(asked),
            accuracy=share(asked, MEASURES["accuracy"]),
            coverage=share(asked, MEASURES["coverage"]),
            precision=share(asked, MEASURES["precision"]),
        )
        for name, asked in by_name.items()
    )


def _notes(evaluation: Evaluation) -> tuple[str, ...]:
    """Return what a reader must know before believing the figures."""
    asked, notes = evaluation.asked, []
    count = len(asked)
    if 0 < count < FEW:
        notes.append(
            f"{count} question{' shows' if count == 1 else 's show'} little: every figure here may be an accident. "
            f"Collect {FEW} at least, better some hundreds."
        )
    if asked and all(one.is_in_scope for one in asked):
        notes.append(
            "Every question has an article that answers it. Add questions that none answers: they show how often the "
            "assistant answers what it should not."
        )
    if asked and not any(one.is_in_scope for one in asked):
        notes.append("No question has an article that answers it, so nothing can be told of right answers.")
    if evaluation.fitted:
        which = (
            "The assistant's confidence was fitted to these very questions"
            if evaluation.fitted == count
            else f"{evaluation.fitted:,} of these {count:,} questions {'is' if evaluation.fitted == 1 else 'are'} "
            "among those that the assistant's confidence was fitted to"
        )
        notes.append(f"{which}, so they flatter it a little. Evaluate with questions it has not seen to be sure.")
    wanted = {one.golden.article_id for one in asked if one.golden.article_id is not None}
    if unknown := sorted(wanted - set(evaluation.titles)):
        more = f" and {len(unknown) - _NAMED:,} more" if len(unknown) > _NAMED else ""
        notes.append(
            f"Questions name articles that {'this generation does' if evaluation.titles else 'it does'} not have: "
            f"{', '.join(unknown[:_NAMED])}{more}. They count as not found: correct them, or build the index anew."
        )
    return tuple(notes)
