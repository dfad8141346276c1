"""Evaluating: golden questions asked one or two generations, for the command line and over HTTP alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from assistant.evaluation import compare, evaluate
from assistant.report import Report, make_report
from knowledge.database import now
from knowledge.errors import ConflictError

if TYPE_CHECKING:
    from api.product import Product
    from index.searcher import Searcher
    from knowledge.golden import GoldenQuestion


class NoQuestionsError(ConflictError):
    """There is nothing to evaluate with."""


def report_on(
    product: Product,
    golden: Sequence[GoldenQuestion],
    searcher: Searcher,
    *,
    other: Searcher | None = None,
    other_name: str | None = None,
    target: float | None = None,
    day: date | None = None,
    notes: Sequence[str] = (),
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Ask golden questions what is searched by one or two searchers, and return the report; nothing is stored.

    ``target`` is the precision that is to be promised, the setting's by default; ``notes`` are told to readers of the
    report; ``report`` is told how many questions of how many were asked. Raises NoQuestionsError where there are none.
    """
    if not golden:
        raise NoQuestionsError(
            "There are no golden questions to evaluate with. Send some with the request, or keep some: "
            "faq golden import FILE, or PUT /v1/golden-questions (columns question, article_id, language, channel)."
        )
    day = day or now().date()
    sides = [searcher] if other is None else [searcher, other]
    total = len(sides) * len(golden)
    evaluations = []
    for place, side in enumerate(sides):
        offset = place * len(golden)

        def tell(done: int, count: int, offset: int = offset) -> None:
            report(offset + done, total)

        evaluations.append(evaluate(side, product.detector, golden, policy=product.policy, day=day, report=tell))
    return make_report(
        evaluations[0],
        day=day,
        target=product.settings.target_precision if target is None else target,
        comparison=compare(evaluations[0], evaluations[1]) if len(evaluations) > 1 else None,
        other=other_name,
        notes=notes,
    )
