"""What a promised precision is worth: knowledge bases and questions drawn anew many times, and asked once more.

Each time a knowledge base is drawn, four fifths of its articles, and of its questions as many as golden questions as
a careful desk might label. It is built and calibrated with these; what was promised is then counted on the rest.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from assistant.calibrating import TARGET_PRECISION, calibrated
from assistant.calibrations.labelled import KnowledgeBase, LabelledQuestion
from assistant.certify import interval
from assistant.confidence import SEARCHED
from assistant.examples import OUT_OF_SCOPE, drawn_rows, golden_examples, own_examples
from assistant.judgement import judge_found
from assistant.report.drawing import Drawing, Scale
from benchmarks.faq_sets import searcher_of
from benchmarks.judged import Customers, Library, is_right
from benchmarks.results import Cell, Column, Picture, Table, quantile
from knowledge.golden import GoldenQuestion

_KEPT = 0.8  # of the articles
_LABELS = 300
_SEED = 1
_LOWEST = 0.88  # precision; what is below shares one bin
_BINS = 12  # from there to 1

_STYLE = """
:root { color-scheme: light dark; --ink: #17211f; --muted: #566361; --grid: #dde4e2; --kept: #0d7f7a; --other: #8fa3bd;
  --broken: #c0392b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8efed; --muted: #9fadaa; --grid: #29332f; --kept: #3fb8ae;
  --other: #5b7191; --broken: #ff7a6b; } }
text { font: 13px/1 system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; fill: var(--muted); }
.axis, .count { fill: var(--ink); }
.grid { stroke: var(--grid); }
.promised { stroke: var(--ink); stroke-dasharray: 6 4; }
.kept { fill: var(--kept); }
.other { fill: var(--other); }
.broken { fill: var(--broken); }
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """Answers of one threshold to questions that it was not chosen with."""

    right: int
    answers: int
    in_scope: int  # questions that an article answers

    @property
    def precision(self) -> float | None:
        """The share of answers that are right; None without any."""
        return self.right / self.answers if self.answers else None

    @property
    def coverage(self) -> float:
        """The share of in-scope questions answered rightly."""
        return self.right / self.in_scope if self.in_scope else 0.0

    def keeps(self, target: float = TARGET_PRECISION) -> bool:
        """Tell whether as many answers as promised were right."""
        return self.answers == 0 or self.right >= target * self.answers

    def may_keep(self, target: float = TARGET_PRECISION) -> bool:
        """Tell whether the answers do not show, with 95 % confidence, that fewer than promised are right."""
        return interval(self.right, self.answers, confidence=0.9).high >= target


@dataclass(frozen=True, kw_only=True, slots=True)
class Resample:
    """One draw: what its labels gave, and what it would have answered without them."""

    name: str
    labels: int
    is_certified: bool
    with_labels: Counted
    without_labels: Counted


def promise_tables(library: Library, *, resamples: int) -> tuple[Table, Table]:
    """Draw, build, calibrate and count so many times; return what became of the promise, and the histogram."""
    draw = np.random.default_rng(_SEED)
    drawn = [_resample(library, library.bases[int(draw.integers(len(library.bases)))], draw) for _ in range(resamples)]
    return summary_table(drawn), histogram_table(drawn)


def redrawn(base: KnowledgeBase, draw: np.random.Generator) -> KnowledgeBase:
    """Return a knowledge base of some of its articles; a fifth of its questions, at most, none of them answers."""
    order = draw.permutation(len(base.articles))[: round(_KEPT * len(base.articles))]
    articles = tuple(base.articles[place] for place in sorted(order.tolist()))
    known = {article.id for article in articles}
    asked = [
        question if question.article_id in known else replace(question, article_id=None)
        for question in (base.questions[place] for place in draw.permutation(len(base.questions)).tolist())
    ]
    inside = [question for question in asked if question.article_id is not None]
    outside = [question for question in asked if question.article_id is None]
    few = round(len(inside) * OUT_OF_SCOPE / (1 - OUT_OF_SCOPE))
    chosen = [*inside, *outside[:few]]
    questions = tuple(chosen[place] for place in draw.permutation(len(chosen)).tolist())
    return replace(base, articles=articles, questions=questions)


def summary_table(drawn: Sequence[Resample]) -> Table:
    """Return, by how the thresholds came about, how often the promise was kept."""
    certified = [one for one in drawn if one.is_certified]
    groups = (
        ("with labels: certified", [one.with_labels for one in certified]),
        ("with labels: not certified", [one.with_labels for one in drawn if not one.is_certified]),
        ("with labels: all", [one.with_labels for one in drawn]),
        ("without labels: estimated", [one.without_labels for one in drawn]),
        ("without labels, where labels certify", [one.without_labels for one in certified]),
    )
    promised = f"{TARGET_PRECISION:.0%}".replace("%", " %")
    return Table(
        title=f"The promise that {promised} of answers are right, counted on questions it was not made with",
        columns=(
            Column("thresholds"),
            Column("resamples"),
            Column("that answered"),
            Column("promise kept", ".3f"),
            Column("95 % from", ".3f"),
            Column("to", ".3f"),
            Column("not shown to be broken", ".3f"),
            Column("not shown: 95 % from", ".3f"),
            Column("not shown: to", ".3f"),
            Column("precision, 5th percentile", ".3f"),
            Column("median", ".3f"),
            Column("all answers together", ".3f"),
            Column("coverage, mean", ".3f"),
        ),
        rows=tuple((name, *_summary(some)) for name, some in groups),
        notes=(
            f"Each time one of the knowledge bases, {_KEPT:.0%} of its articles, and {_LABELS} labelled questions "
            f"(half of those there are, where these are fewer than {2 * _LABELS}); about "
            f"{OUT_OF_SCOPE:.0%} of questions have no answer. Built, calibrated by its own questions and the "
            "labels, with a shipped calibration fitted without its source, then asked all other questions as customers "
            f"ask (median {_median_of([one.with_labels for one in drawn]):,} answers with labels). So few answers vary "
            "by themselves: where just as many as promised are right in the long run, half of the counts fall short. "
            "Not shown to be broken: the count does not contradict the promise (one-sided exact bound, 95 %). "
            f"Seed {_SEED}.",
        ),
    )


def histogram_table(drawn: Sequence[Resample]) -> Table:
    """Return how many resamples came to which precision, as a table and as a picture."""
    ways = {
        "with labels, certified": [one.with_labels for one in drawn if one.is_certified],
        "with labels, not certified": [one.with_labels for one in drawn if not one.is_certified],
        "without labels": [one.without_labels for one in drawn],
    }
    counts = {name: _bins(some) for name, some in ways.items()}
    edges = np.linspace(_LOWEST, 1.0, _BINS + 1)
    names = [f"below {_LOWEST:.2f}", *(f"{low:.2f}–{low + edges[1] - edges[0]:.2f}" for low in edges[:-1].tolist())]
    rows: list[tuple[Cell, ...]] = [
        (name, *(counted[place] for counted in counts.values()), "█" * counts["with labels, certified"][place])
        for place, name in enumerate(names)
    ]
    nothing = [sum(one.precision is None for one in some) for some in ways.values()]
    return Table(
        title="Promised precision: how many resamples came to which",
        columns=(Column("precision"), *(Column(name) for name in ways), Column("certified, drawn")),
        rows=(*rows, ("nothing answered", *nothing, "")),
        notes=("Each bin holds its lower end, the last one both.",),
        picture=Picture(
            name="promised-precision",
            alternative=f"Histogram of the precision of {len(ways['with labels, certified'])} certified resamples",
            svg=_histogram(names, counts["with labels, certified"], counts["without labels"]),
        ),
    )


def _resample(library: Library, base: KnowledgeBase, draw: np.random.Generator) -> Resample:
    some = redrawn(base, draw)
    count = min(_LABELS, len(some.questions) // 2)
    labels, rest = some.questions[:count], some.questions[count:]
    customers = Customers(library.detector)
    with tempfile.TemporaryDirectory() as folder:
        searcher = searcher_of(some, library.encoder, Path(folder))
        own = own_examples(searcher, drawn_rows(searcher))
        golden = [GoldenQuestion(question=one.text, article_id=one.article_id) for one in labels]
        told = golden_examples(searcher, library.detector, golden)
        none = golden_examples(searcher, library.detector, ())
        calibrations = [calibrated(library.prior(base), own, some_told) for some_told in (told, none)]
        outcomes: list[list[tuple[bool, bool]]] = [[], []]
        for question in rest:
            languages = customers.languages(question.text, searcher)
            result = searcher.search(question.text, languages=languages, top_k=SEARCHED)
            for calibration, found in zip(calibrations, outcomes, strict=True):
                judged = judge_found(result, calibration, language=languages[0])
                found.append((judged.verdict.decision == "answered", is_right(result, question)))
    with_labels, without_labels = (_counted(rest, found) for found in outcomes)
    return Resample(
        name=base.name,
        labels=count,
        is_certified=calibrations[0].is_certified,
        with_labels=with_labels,
        without_labels=without_labels,
    )


def _counted(questions: Sequence[LabelledQuestion], outcomes: Sequence[tuple[bool, bool]]) -> Counted:
    return Counted(
        right=sum(answered and right for answered, right in outcomes),
        answers=sum(answered for answered, _ in outcomes),
        in_scope=sum(question.article_id is not None for question in questions),
    )


def _summary(some: Sequence[Counted]) -> tuple[Cell, ...]:
    answering = [one for one in some if one.answers]
    if not answering:
        return len(some), 0, *[None] * 10
    kept, may_keep = (sum(test(one) for one in answering) for test in (Counted.keeps, Counted.may_keep))
    cells: list[Cell] = []
    for count in (kept, may_keep):
        bounds = interval(count, len(answering))
        cells += [count / len(answering), bounds.low, bounds.high]
    precisions = [one.right / one.answers for one in answering]
    return (
        len(some),
        len(answering),
        *cells,
        quantile(precisions, 0.05),
        quantile(precisions, 0.5),
        sum(one.right for one in answering) / sum(one.answers for one in answering),
        sum(one.coverage for one in some) / len(some),
    )


def _median_of(some: Sequence[Counted]) -> int:
    return int(quantile([one.answers for one in some], 0.5)) if some else 0


def _bins(some: Sequence[Counted]) -> list[int]:
    """Return how many precisions lie below the lowest bin, and in each bin."""
    counts = [0] * (_BINS + 1)
    for one in some:
        if one.answers:
            above = one.right / one.answers - _LOWEST
            counts[0 if above < -1e-9 else 1 + min(_BINS - 1, int(above / (1 - _LOWEST) * _BINS + 1e-9))] += 1
    return counts


def _histogram(names: Sequence[str], certified: Sequence[int], without: Sequence[int]) -> str:
    """Return the picture: shares of the resamples by precision, certified ones beside those without labels."""
    width, height, left, right, top, bottom = 860.0, 380.0, 56.0, 16.0, 40.0, 64.0
    both = [[count / max(1, sum(counts)) for count in counts] for counts in (certified, without)]
    highest = max(0.1, *(share for shares in both for share in shares))
    x, y = Scale((0, len(names)), (left, width - right)), Scale((0, highest), (height - bottom, top))
    drawing = Drawing(
        "precisions",
        width=width,
        height=height,
        title=f"Promised was a precision of {TARGET_PRECISION:.0%}",
        description="; ".join(
            f"{name}: {count} resamples" for name, count in zip(names, certified, strict=True) if count
        ),
    )  # fmt: skip
    for step in range(5):
        share = highest * step / 4
        drawing.line((left, y(share)), (width - right, y(share)), "grid")
        drawing.text((left - 8, y(share) + 4), f"{share:.0%}", "tick", anchor="end")
    first = 1 + round((TARGET_PRECISION - _LOWEST) / (1 - _LOWEST) * _BINS)
    for place, name in enumerate(names):
        for shares, counts, start, kind in (
            (both[0], certified, 0.08, "kept" if place >= first else "broken"),
            (both[1], without, 0.52, "other"),
        ):
            share = shares[place]
            drawing.rectangle(x(place + start), y(share), x(0.4) - x(0), y(0) - y(share), f"bar {kind}", round=2,
                              tip=f"{name}: {counts[place]}")  # fmt: skip
            if counts[place]:
                drawing.text((x(place + start + 0.2), y(share) - 5), str(counts[place]), "count", anchor="middle")
        drawing.text((x(place + 0.5), height - bottom + 18), name.split("–")[0].replace("below ", "< "), "tick",
                     anchor="middle")  # fmt: skip
    drawing.line((x(first), top - 12), (x(first), height - bottom), "promised")
    drawing.text((x(first) - 8, top - 14), f"promised: {TARGET_PRECISION:.0%}", "axis", anchor="end")
    drawing.text(((left + width - right) / 2, height - 14),
                 "precision counted on other questions; green and red: certified by labels, grey: estimated without",
                 "axis", anchor="middle")  # fmt: skip
    return drawing.file(_STYLE)
