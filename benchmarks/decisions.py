"""From hits to decisions: fusing, confidence, thresholds, what is promised of them, and how long it takes.

Why: a customer meets decisions. Whether the right article comes first is only the beginning: the assistant must
know when it has, in a knowledge base that nobody has labelled. So every knowledge base of the development sets is
built and calibrated as the product does it, and its questions, a third of which no article answers, are judged.
Beside it, in the same run: each arm alone, the raw top score, and all-MiniLM-L6-v2 in the encoder's place.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from assistant.calibrations.fit import calibration_error, is_fitted_on, usual_weights
from assistant.calibrations.labelled import KnowledgeBase, knowledge_bases
from assistant.certify import interval
from assistant.confidence import SEARCHED, calibration_of
from assistant.judgement import judge_found
from benchmarks.context import Context
from benchmarks.encoders import MINILM, Cached, auroc, encoder_name, minilm_folder
from benchmarks.golden import paired_interval
from benchmarks.judged import Arm, Bools, Customers, Floats, Judged, Library, Remembering, sampled
from benchmarks.promises import promise_tables
from benchmarks.results import Cell, Column, Table, quantile
from index.encoder import load_encoder
from index.searcher import Searcher

_RESAMPLES = 2_000
_SIMULATED = 500
_ALL = "all"
_AIM = 50  # microseconds
_TIMED = 100  # questions of a knowledge base
_QUICK = ("robo_en/1", "tor_in_five", "nlu_home/10")
_SHIPPED = (
    "Every knowledge base is built and calibrated by its own questions, without labels, as the product does it; the "
    "shipped calibration that this begins with is fitted on the other sources alone."
)


def run(context: Context) -> tuple[Table, ...]:
    """Measure; raises ValueError without development sets."""
    if context.dev is None:
        raise ValueError("decisions needs development sets; name their folder with --dev DIR")
    bases = knowledge_bases(context.dev)
    if context.is_quick:
        bases = [sampled(base, 150) for base in bases if base.name in _QUICK]
    ours, minilm = Cached.load(encoder_name()), None if context.is_quick else Cached.load(minilm_folder())
    library = Library(bases, ours, minilm, Remembering(), context.scratch / "decisions")
    judged = [library.judged(base) for base in bases]
    with_minilm = [library.judged_with_minilm(base) for base in bases]
    return (
        accuracy_table(judged, with_minilm),
        coverage_table(judged, with_minilm),
        decisions_table(judged),
        *promise_tables(library, resamples=4 if context.is_quick else 200),
        pace_table(library),
    )


def accuracy_table(judged: Sequence[Judged], with_minilm: Sequence[Judged | None]) -> Table:
    """Return how often the best article is right, by each arm and by both."""
    rows: list[tuple[Cell, ...]] = []
    for one, other in zip(judged, with_minilm, strict=True):
        inside = one.is_in_scope
        right = {name: arm.is_right[inside] for name, arm in one.arms.items()}
        means = {name: float(of_arm.mean()) for name, of_arm in right.items()}
        fused, best = one.product.is_right[inside], max(means, key=means.__getitem__)
        rows.append(
            (
                one.base.name,
                len(one.base.articles),
                int(inside.sum()),
                means["BM25 alone"],
                means["dense alone"],
                float(fused.mean()),
                None if other is None else float(other.product.is_right[inside].mean()),
                float(fused.mean()) - means[best],
                *paired_interval(fused, right[best], resamples=_RESAMPLES),
            )
        )
    return Table(
        title="Each arm alone, and both fused: the best article is the right one (accuracy@1, in-scope questions)",
        columns=(
            Column("knowledge base"),
            Column("articles"),
            Column("questions"),
            Column("BM25 alone", ".3f"),
            Column("dense alone", ".3f"),
            Column("fused", ".3f"),
            Column(f"fused with {MINILM}", ".3f"),
            Column("fused − best arm", "+.3f"),
            Column("95 % from", "+.3f"),
            Column("to", "+.3f"),
        ),
        rows=tuple(rows),
        notes=(
            "NAME/K has K alternates an article; X_on_Y asks in X what is written in Y; scattered has each article in "
            "one language, drawn for it. Questions are read as customers' are: mended, their languages found out. "
            "Dense alone: cosine of the nearest question or alternate. Fused is the product: centroids, BM25, answers. "
            "The weights of the fusion were fitted on these sets, each source held out in turn. "
            f"Paired bootstrap, {_RESAMPLES:,} resamples of the questions. {MINILM} knows English only.",
        ),
    )


def coverage_table(judged: Sequence[Judged], with_minilm: Sequence[Judged | None]) -> Table:
    """Return how well scores tell what can be answered, and how much can be answered at a precision."""
    rows: list[tuple[Cell, ...]] = []
    for one, other in zip(judged, with_minilm, strict=True):
        ways: list[Arm | None] = [one.arms["BM25 alone"], one.arms["dense alone"], one.product]
        ways.append(None if other is None else other.product)
        at_95, at_90 = (
            [None if way is None else coverage_at(way, one.is_in_scope, precision) for way in ways]
            for precision in (0.95, 0.9)
        )
        rows.append(
            (one.base.name, *(_auroc(way, one.is_in_scope) for way in ways), *at_95, _ratio(at_95[2], at_95[1]),
             *at_90, _ratio(at_90[2], at_90[1]))
        )  # fmt: skip
    means = [_mean([row[place] for row in rows]) for place in range(1, len(rows[0]))]
    means[8], means[13] = _ratio(means[6], means[5]), _ratio(means[11], means[10])
    names = ("BM25", "cosine", "the product", MINILM)
    return Table(
        title="Out of scope, and coverage at a precision: raw top scores and the product's confidence",
        columns=(
            Column("knowledge base"),
            *(Column(f"AUROC, {name}", ".3f") for name in names),
            *(Column(f"coverage at 95 %, {name}", ".3f") for name in names),
            Column("at 95 %: the product ÷ cosine", ".2f"),
            *(Column(f"coverage at 90 %, {name}", ".3f") for name in names),
            Column("at 90 %: the product ÷ cosine", ".2f"),
        ),
        rows=(*rows, ("mean", *means)),
        notes=(
            "AUROC: in- against out-of-scope questions. Coverage: in-scope questions answered rightly at the lowest "
            "threshold whose answers are right so often, of all in scope; out-of-scope questions that are answered "
            "count as wrong. The threshold is chosen on these questions, for every score alike: it says how well a "
            "score ranks, not what a customer meets. BM25 and cosine: the raw top score. No ratio where cosine "
            f"covers nothing. The mean of {MINILM} is over the English ones only. {_SHIPPED}",
        ),
    )


def decisions_table(judged: Sequence[Judged]) -> Table:
    """Return what the product's own thresholds bring, and whether its confidence is a probability."""
    rows = [_decisions_row(one.base.name, [one]) for one in judged]
    rows.append(_decisions_row(_ALL, judged))
    if (usable := [one for one in judged if is_fitted_on(one.base)]) and len(usable) < len(judged):
        rows.append(_decisions_row(f"{_ALL} but nlu_home/0", usable))
    return Table(
        title="Decisions at the product's own thresholds, without labels (uncertified)",
        columns=(
            Column("knowledge base"),
            Column("questions"),
            Column("out of scope"),
            Column("answered"),
            Column("precision", ".3f"),
            Column("95 % from", ".3f"),
            Column("to", ".3f"),
            Column("precision, a fifth out of scope", ".3f"),
            Column("coverage", ".3f"),
            Column("calibration error", ".3f"),
            Column("by chance", ".3f"),
            Column("calibration error, a fifth out of scope", ".3f"),
            Column("a fifth: by chance", ".3f"),
            Column("a fifth: by chance, 95 % below", ".3f"),
        ),
        rows=tuple(rows),
        notes=(
            f"{_SHIPPED} Intervals of Clopper and Pearson. Coverage: in-scope questions answered rightly. A third of "
            "the questions has no answer; the thresholds are estimated for knowledge bases where a fifth has none, so "
            "questions are weighed to that share, too. Expected calibration error: ten equal bins of confidence "
            "(Naeini et al. 2015); by chance: the mean error of confidences that are right just as often as they say, "
            f"on as many questions ({_SIMULATED} simulations). nlu_home/0 has bare names of intents for questions and "
            "is what no calibration is fitted on.",
        ),
    )


def pace_table(library: Library) -> Table:
    """Return how long the way from hits to a decision takes, beside the search that found them."""
    encoder = load_encoder(encoder_name())
    rows: list[tuple[Cell, ...]] = []
    pooled: list[list[float]] = [[], []]
    for base in library.bases:
        indexed = library.calibrated(base)
        searches, decisions = _paces(sampled(base, _TIMED), Searcher(indexed.generation, encoder), library)
        rows.append((base.name, *_pace_cells(searches, decisions)))
        pooled[0] += searches
        pooled[1] += decisions
    return Table(
        title="From hits to a decision",
        columns=(
            Column("knowledge base"),
            Column("questions"),
            Column("baseline: search, median (µs)", ".0f"),
            Column("hits to decision, median (µs)", ".0f"),
            Column("95 % within (µs)", ".0f"),
            Column(f"within {_AIM} µs", ".1%"),
            Column("decision ÷ search", ".3f"),
        ),
        rows=(*rows, (_ALL, *_pace_cells(*pooled))),
        notes=(
            "Wall-clock time in one process, each question searched and judged three times, the fastest of each: "
            "features, both probabilities, thresholds, the comparison of wordings, the verdict. The search includes "
            f"reading and encoding the question; its language was found out before. {SEARCHED} hits.",
        ),
    )


def _paces(base: KnowledgeBase, searcher: Searcher, library: Library) -> tuple[list[float], list[float]]:
    """Return seconds of each question's search, and of what follows."""
    customers = Customers(library.detector)
    searches, decisions = [], []
    for question in base.questions:
        languages = customers.languages(question.text, searcher)
        both = []
        for _ in range(3):
            started = time.perf_counter()
            result = searcher.search(question.text, languages=languages, top_k=SEARCHED)
            found = time.perf_counter()
            judge_found(result, calibration_of(searcher), language=languages[0])
            both.append((found - started, time.perf_counter() - found))
        searches.append(min(search for search, _ in both))
        decisions.append(min(decision for _, decision in both))
    return searches, decisions


def _pace_cells(searches: Sequence[float], decisions: Sequence[float]) -> tuple[Cell, ...]:
    search, decision = (1e6 * quantile(times, 0.5) for times in (searches, decisions))
    within = sum(1e6 * seconds < _AIM for seconds in decisions) / len(decisions)
    return len(searches), search, decision, 1e6 * quantile(decisions, 0.95), within, decision / search


def coverage_at(arm: Arm, is_in_scope: Bools, precision: float) -> float:
    """Return the share of in-scope questions answered rightly at the lowest threshold that keeps a precision."""
    order = np.argsort(-arm.scores, kind="stable")
    scores, right = arm.scores[order], np.cumsum(arm.is_right[order])
    is_end = np.append(scores[1:] != scores[:-1], True)  # a threshold parts no equal scores
    good = np.flatnonzero(is_end & (right >= precision * np.arange(1, len(order) + 1)))
    return float(right[good[-1]] / is_in_scope.sum()) if len(good) else 0.0


def chance_errors(confidences: Floats, weights: Floats, *, seed: int = 1) -> Floats:
    """Return the calibration errors that confidences would show which are right just as often as they say."""
    draw = np.random.default_rng(seed)
    return np.array(
        [
            calibration_error(confidences, draw.random(len(confidences)) < confidences, weights)
            for _ in range(_SIMULATED)
        ]
    )


def _decisions_row(name: str, some: Sequence[Judged]) -> tuple[Cell, ...]:
    inside = np.concatenate([one.is_in_scope for one in some])
    right = np.concatenate([one.product.is_right for one in some])
    confidences = np.concatenate([one.product.scores for one in some])
    answered = np.concatenate([one.is_answered for one in some])
    usual = np.concatenate([usual_weights(one.is_in_scope) for one in some])
    good, count = int((answered & right).sum()), int(answered.sum())
    bounds = interval(good, count)
    alike = np.ones(len(inside))
    weighed = float(usual[answered].sum())
    by_chance = chance_errors(confidences, usual)
    return (
        name,
        len(inside),
        int((~inside).sum()),
        count,
        good / count if count else None,
        bounds.low,
        bounds.high,
        float(usual[answered & right].sum()) / weighed if weighed else None,
        good / int(inside.sum()),
        calibration_error(confidences, right, alike),
        float(chance_errors(confidences, alike).mean()),
        calibration_error(confidences, right, usual),
        float(by_chance.mean()),
        float(np.quantile(by_chance, 0.95)),
    )


def _auroc(arm: Arm | None, is_in_scope: Bools) -> float | None:
    return None if arm is None else auroc(arm.scores[is_in_scope], arm.scores[~is_in_scope])


def _ratio(ours: Cell, theirs: Cell) -> float | None:
    return ours / theirs if isinstance(ours, float) and isinstance(theirs, float) and theirs > 0 else None


def _mean(values: Sequence[Cell]) -> float | None:
    known = [value for value in values if isinstance(value, float)]
    return sum(known) / len(known) if known else None
