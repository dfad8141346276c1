"""Confusions: articles that are taken for one another, and the questions that came off worst."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.evaluation.asked import Asked

Fault = Literal["wrong", "out_of_scope_answered", "held_back"]

FAULTS: tuple[Fault, ...] = ("wrong", "out_of_scope_answered", "held_back")
"""The worst first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Confusion:
    """Two articles, and the questions of either for which the other was found first, the surest first."""

    articles: tuple[str, str]  # in the order of their ids
    asked: tuple[Asked, ...]

    @property
    def answered(self) -> int:
        """How many of them were answered, wrongly."""
        return sum(one.outcome == "wrong" for one in self.asked)


@dataclass(frozen=True, kw_only=True, slots=True)
class Worst:
    """A question that came off badly, and how."""

    fault: Fault
    asked: Asked


def confusions(asked: Sequence[Asked]) -> tuple[Confusion, ...]:
    """Return the articles that are taken for one another: those with most wrong answers, then with most questions."""
    pairs: dict[tuple[str, str], list[Asked]] = {}
    for one in asked:
        own = one.golden.article_id
        if own is not None and one.best is not None and one.best != own:
            first, second = sorted((own, one.best))
            pairs.setdefault((first, second), []).append(one)
    found = [
        Confusion(articles=articles, asked=tuple(sorted(members, key=lambda one: -one.confidence)))
        for articles, members in pairs.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.answered, -len(one.asked), one.articles)))


def worst(asked: Sequence[Asked]) -> tuple[Worst, ...]:
    """Return the questions that came off worst.

    First wrong answers, then answers where no article has one, then tickets though the right article was found
    first; the surest first in each.
    """
    faults: dict[Fault, list[Asked]] = {fault: [] for fault in FAULTS}
    for one in asked:
        if (fault := _fault(one)) is not None:
            faults[fault].append(one)
    return tuple(
        Worst(fault=fault, asked=one)
        for fault, members in faults.items()
        for one in sorted(members, key=lambda one: -one.confidence)
    )


def _fault(one: Asked) -> Fault | None:
    if one.outcome == "wrong":
        return "wrong"
    if one.outcome == "none_answered":
        return "out_of_scope_answered"
    is_wished = one.reason == "person_requested"
    return "held_back" if one.outcome == "ticketed" and one.is_found and not is_wished else None
