"""Golden questions of the sample shop, asked through the whole assistant, and through each arm alone.

Why: an arm's accuracy is not what a customer meets. They meet decisions – an answer, a question back, a
ticket – so those are counted as they fall at the product's own thresholds, in every language the golden
questions are in, with the language of the reply. Beside it, in the same run and on the same questions:
BM25 alone and dense alone, as accuracy of the best article, with a paired bootstrap interval for what
fusing them gains.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import orjson
from numpy.typing import NDArray

from api.product import Product
from assistant.language import identify_read
from assistant.question import make_question
from benchmarks.context import Context, opened
from benchmarks.results import Cell, Column, Table
from index.fusion import Fusion
from index.searcher import Searcher
from knowledge.golden import GoldenQuestion
from knowledge.sample import golden_questions

ARMS = {
    "BM25 alone": Fusion(centroid=0.0, lexical=0.4, dense_answer=0.0, lexical_answer=0.3, exact=0.0, foreign=0.0),
    "dense alone": Fusion(centroid=0.0, dense=1.0, lexical=0.0, lexical_answer=0.0, exact=0.0, foreign=0.0),
    "fused": Fusion(),
}
_RESAMPLES = 2_000
_TOTAL = "all"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one golden question."""

    golden: GoldenQuestion
    what: str  # a key of _IN_SCOPE or _OUT_OF_SCOPE
    is_language_right: bool | None  # None where the question's language was not said


_IN_SCOPE = {
    "right": "answered rightly",
    "wrong": "answered wrongly",
    "offered": "asked back, right one offered",
    "missed": "asked back, not offered",
    "ticketed": "ticketed",
    "silent": "silent",
}
_OUT_OF_SCOPE = {
    "none ticketed": "ticketed",
    "none offered": "asked back",
    "none answered": "answered (wrongly)",
    "none silent": "silent",
}


def run(context: Context) -> tuple[Table, ...]:
    """Measure decisions and arms."""
    golden = golden_questions()
    with opened(context.shop()) as product:
        product.follower.refresh()
        outcomes = asyncio.run(_decided(product, golden))
        found = _found(product, [question for question in golden if question.article_id is not None])
    return (
        _decisions("Golden questions that an article answers", outcomes, _IN_SCOPE),
        _decisions("Golden questions that no article answers", outcomes, _OUT_OF_SCOPE),
        _summary(outcomes),
        _accuracy(found),
    )


async def _decided(product: Product, golden: Sequence[GoldenQuestion]) -> list[Outcome]:
    outcomes = []
    for question in golden:
        response = orjson.loads(await product.assistant.ask(make_question(question.question)))
        said = response["language"]["code"]
        outcomes.append(
            Outcome(
                golden=question,
                what=_judged(question, response),
                is_language_right=None if question.language is None else _base(said) == _base(question.language),
            )
        )
    return outcomes


def _judged(question: GoldenQuestion, response: dict[str, object]) -> str:
    decision, answer, choices = response["decision"], response["answer"], response["choices"]
    assert isinstance(choices, list)
    if question.article_id is None:
        names = {"ticketed": "ticketed", "clarify": "offered", "answered": "answered", "suppressed": "silent"}
        return f"none {names[str(decision)]}"
    if decision == "answered":
        assert isinstance(answer, dict)
        return "right" if answer["article_id"] == question.article_id else "wrong"
    if decision == "clarify":
        is_offered = any(choice["article_id"] == question.article_id for choice in choices)
        return "offered" if is_offered else "missed"
    return "ticketed" if decision == "ticketed" else "silent"


def _decisions(title: str, outcomes: Sequence[Outcome], names: Mapping[str, str]) -> Table:
    """Return the counts of the outcomes that have one of these names, per language."""
    ours = [outcome for outcome in outcomes if outcome.what in names]

    def row(language: str, some: Sequence[Outcome]) -> tuple[Cell, ...]:
        counts = Counter(outcome.what for outcome in some)
        known = [outcome.is_language_right for outcome in some if outcome.is_language_right is not None]
        return language, len(some), *(counts[what] for what in names), sum(known) / len(known) if known else None

    languages = sorted({_language(outcome.golden) for outcome in ours})
    return Table(
        title=title,
        columns=(
            Column("language"),
            Column("questions"),
            *(Column(name) for name in names.values()),
            Column("reply language right", ".1%"),
        ),
        rows=(
            *(row(language, [each for each in ours if _language(each.golden) == language]) for language in languages),
            row(_TOTAL, ours),
        ),
        notes=("Asked through the whole assistant. Silent: suppressed, as messages of machines are.",),
    )


def _summary(outcomes: Sequence[Outcome]) -> Table:
    counts = Counter(outcome.what for outcome in outcomes)
    answered = counts["right"] + counts["wrong"] + counts["none answered"]
    in_scope = sum(counts[what] for what in _IN_SCOPE)
    out_of_scope = sum(counts[what] for what in _OUT_OF_SCOPE)
    said = [outcome.is_language_right for outcome in outcomes if outcome.is_language_right is not None]
    rows: list[tuple[Cell, ...]] = []
    for name, part, whole in (
        ("precision: answers that are right", counts["right"], answered),
        ("coverage: in-scope questions answered rightly", counts["right"], in_scope),
        ("answered rightly, or asked back with the right choice", counts["right"] + counts["offered"],
         in_scope),
        ("questions that no article answers, answered (wrongly)", counts["none answered"], out_of_scope),
        ("replies in the customer's language", sum(said), len(said)),
    ):  # fmt: skip
        low, high = wilson(part, whole)
        rows.append((name, part, whole, part / whole if whole else None, low, high))
    return Table(
        title="Decisions at the product's own thresholds",
        columns=(
            Column("measure"),
            Column("count"),
            Column("of"),
            Column("share", ".3f"),
            Column("95 % from", ".3f"),
            Column("to", ".3f"),
        ),
        rows=tuple(rows),
        notes=("Wilson score intervals.",),
    )


def _found(product: Product, golden: Sequence[GoldenQuestion]) -> dict[str, dict[str, NDArray[np.bool_]]]:
    """Return, per language and arm, which questions' best article is the right one."""
    searcher = product.follower.searcher
    arms = {name: Searcher(searcher.generation, searcher.encoder, fusion) for name, fusion in ARMS.items()}
    home = {product.settings.default_language, *searcher.generation.manifest.languages}
    right: dict[str, dict[str, list[bool]]] = {}
    for question in golden:
        languages = identify_read(
            question.question,
            detector=product.detector,
            readings=searcher.readings,
            home=home,
            spoken=product.assistant.phrases.languages,
            default=product.settings.default_language,
        ).languages_to_read
        by_arm = right.setdefault(_language(question), {name: [] for name in arms})
        for name, arm in arms.items():
            hits = arm.search(question.question, languages=languages, top_k=1).hits
            # A score of nothing is no find, though some article comes first.
            by_arm[name].append(bool(hits) and hits[0].score > 0 and hits[0].article.id == question.article_id)
    return {
        language: {name: np.array(of_arm, np.bool_) for name, of_arm in by_arm.items()}
        for language, by_arm in sorted(right.items())
    }


def _accuracy(found: dict[str, dict[str, NDArray[np.bool_]]]) -> Table:
    whole = {name: np.concatenate([by_arm[name] for by_arm in found.values()]) for name in ARMS}
    rows: list[tuple[Cell, ...]] = []
    for language, by_arm in {**found, _TOTAL: whole}.items():
        means = {name: float(of_arm.mean()) for name, of_arm in by_arm.items()}
        best = max((name for name in ARMS if name != "fused"), key=means.__getitem__)
        low, high = paired_interval(by_arm["fused"], by_arm[best])
        rows.append((language, len(by_arm["fused"]), *means.values(), means["fused"] - means[best], low, high))
    return Table(
        title="The best article is the right one (accuracy@1, in-scope questions)",
        columns=(
            Column("language"),
            Column("questions"),
            *(Column(name, ".3f") for name in ARMS),
            Column("fused − best arm", "+.3f"),
            Column("95 % from", "+.3f"),
            Column("to", "+.3f"),
        ),
        rows=tuple(rows),
        notes=(f"Paired bootstrap, {_RESAMPLES:,} resamples of the questions.",),
    )


def wilson(part: int, whole: int, z: float = 1.96) -> tuple[float | None, float | None]:
    """Return the Wilson score interval of a share (Wilson 1927); Nones for a share of nothing."""
    if not whole:
        return None, None
    share, square = part / whole, z * z / whole
    middle = (share + square / 2) / (1 + square)
    half = z * float(np.sqrt(share * (1 - share) / whole + square / (4 * whole))) / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)


def paired_interval(
    ours: NDArray[np.bool_], theirs: NDArray[np.bool_], *, seed: int = 1, resamples: int = _RESAMPLES
) -> tuple[float, float]:
    """Return the 95 % interval of the difference of two accuracies on the same questions."""
    difference = ours.astype(np.float64) - theirs
    samples = np.random.default_rng(seed).integers(0, len(difference), (resamples, len(difference)))
    low, high = np.quantile(difference[samples].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def _language(question: GoldenQuestion) -> str:
    return question.language or "not said"


def _base(language: str) -> str:
    return language.split("-")[0]
