"""Questions that differ from others by their order, a negation, a time, a number, an opposite or their last words.

Why: an encoder that adds up words is deaf to some of these, and a support desk answers the opposite question
with full confidence. ``contrasts.csv`` was written by hand: to every question another wording of the same
meaning, and one that shares its words and means something else.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from api.product import Product
from assistant.contrast import contrast
from assistant.judgement import judge
from assistant.language import identify
from assistant.policy import Policy
from benchmarks.encoders import MINILM, Cached, Lexical, label
from benchmarks.results import Cell, Column, Table
from index.searcher import Searcher
from knowledge.golden import GoldenQuestion

ALIKE = 0.95  # cosine, or share of BM25's score for the very words, from which two texts cannot be told apart
_TOTAL = "all"

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row of the file."""

    kind: str
    language: str
    question: str
    same_meaning: str
    other_meaning: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """How like a question are, to one encoder, the text of the same meaning and that of another, row by row."""

    same: Floats
    other: Floats

    def shares(self, rows: NDArray[np.int64]) -> tuple[float | None, float | None]:
        """Return how often the same meaning is nearer, and how often the other cannot be told apart."""
        if not len(rows):
            return None, None
        return float((self.same[rows] > self.other[rows]).mean()), float((self.other[rows] >= ALIKE).mean())


def read_contrasts() -> tuple[Row, ...]:
    """Return all rows, in the order of kinds."""
    with Path(__file__).with_name("contrasts.csv").open(encoding="utf-8", newline="") as file:
        return tuple(Row(**row) for row in csv.DictReader(file))


def by_encoder(encoder: Cached, rows: Sequence[Row]) -> Heard:
    """Return what an encoder hears, by cosine."""
    asked, same, other = (
        encoder.encode([getattr(row, name) for row in rows], kind="question")
        for name in ("question", "same_meaning", "other_meaning")
    )
    return Heard(same=np.einsum("ij,ij->i", asked, same), other=np.einsum("ij,ij->i", asked, other))


def by_words(rows: Sequence[Row]) -> Heard:
    """Return what BM25 hears among all texts of a language, as a share of the score of the question's own words."""
    same, other = np.zeros(len(rows), np.float32), np.zeros(len(rows), np.float32)
    for language in {row.language for row in rows}:
        places = [place for place, row in enumerate(rows) if row.language == language]
        texts = [(rows[place].question, rows[place].same_meaning, rows[place].other_meaning) for place in places]
        index = Lexical([text for row in texts for text in row], language)
        for number, place in enumerate(places):
            own, same[place], other[place] = index.scores(rows[place].question, language)[3 * number : 3 * number + 3]
            same[place] /= own
            other[place] /= own
    return Heard(same=same, other=other)


def contrast_tables(ours: Cached, minilm: Cached) -> tuple[Table, Table]:
    """Return what the encoders hear, and what the guard does."""
    rows = read_contrasts()
    english = [row for row in rows if row.language == "en"]
    heard, words, theirs = by_encoder(ours, rows), by_words(rows), by_encoder(minilm, english)
    kinds = list(dict.fromkeys(row.kind for row in rows))

    def of_kind(some: Sequence[Row], kind: str, language: str | None = None) -> NDArray[np.int64]:
        return np.array(
            [
                place
                for place, row in enumerate(some)
                if kind in (row.kind, _TOTAL) and language in (row.language, None)
            ],
            np.int64,
        )

    return (
        Table(
            title="Contrasts: is the same meaning nearer, and can the other meaning be told apart?",
            columns=(
                Column("kind"),
                Column("rows"),
                Column(f"{label()}: same nearer", ".3f"),
                Column(f"{label()}: not told apart", ".3f"),
                Column("BM25: same nearer", ".3f"),
                Column("BM25: not told apart", ".3f"),
                Column("English rows"),
                Column(f"{label()}, English: same nearer", ".3f"),
                Column(f"{label()}, English: not told apart", ".3f"),
                Column(f"{MINILM}, English: same nearer", ".3f"),
                Column(f"{MINILM}, English: not told apart", ".3f"),
            ),
            rows=tuple(
                (
                    kind,
                    len(of_kind(rows, kind)),
                    *heard.shares(of_kind(rows, kind)),
                    *words.shares(of_kind(rows, kind)),
                    len(of_kind(english, kind)),
                    *heard.shares(of_kind(rows, kind, "en")),
                    *theirs.shares(of_kind(english, kind)),
                )
                for kind in (*kinds, _TOTAL)
            ),
            notes=(
                f"benchmarks/contrasts.csv, {len({row.language for row in rows})} languages. Not told apart: the text "
                f"of the other meaning has a cosine of at least {ALIKE}, or that share of BM25's score for the "
                "question's very words. The text of the same meaning has other words on purpose: a share "
                "of one half is no level to compare with.",
            ),
        ),
        _guard(rows, heard, [(kind, of_kind(rows, kind)) for kind in (*kinds, _TOTAL)]),
    )


def _guard(rows: Sequence[Row], heard: Heard, kinds: Sequence[tuple[str, NDArray[np.int64]]]) -> Table:
    speaks, errs = (
        np.array([contrast(row.question, getattr(row, name), row.language) is not None for row in rows])
        for name in ("other_meaning", "same_meaning")
    )
    made: list[tuple[Cell, ...]] = []
    for kind, places in kinds:
        alike = heard.other[places] >= ALIKE
        caught = int((speaks[places] & alike).sum())
        made.append((kind, len(places), int(alike.sum()), caught, int(speaks[places].sum()), int(errs[places].sum())))
    return Table(
        title="The guard against contrasts",
        columns=(
            Column("kind"),
            Column("rows"),
            Column(f"not told apart by {label()}"),
            Column("of these, the guard speaks"),
            Column("of all, the guard speaks"),
            Column("speaks of the same meaning (wrongly)"),
        ),
        rows=tuple(made),
        notes=("The guard's table of words was written with these rows in view, so the figures flatter it.",),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Put:
    """A question with the languages it may be in, and the article that answers it, or None."""

    text: str
    languages: Sequence[str]
    article_id: str | None


def golden_put(product: Product, golden: Iterable[GoldenQuestion]) -> list[Put]:
    """Return golden questions with the languages the product would read them in."""
    default = product.settings.default_language
    return [
        Put(
            text=question.question,
            languages=identify(
                question.question, product.detector.detect(question.question), default=default
            ).languages_to_read,
            article_id=question.article_id,
        )
        for question in golden
    ]


def price(searcher: Searcher, questions: Iterable[Put], policy: Policy = Policy()) -> Counter[str]:
    """Count answers, right and wrong, at the product's own thresholds, and those that the guard asks back instead."""
    counts: Counter[str] = Counter()
    for question in questions:
        judged = judge(searcher, question.text, policy=policy, languages=question.languages)
        counts["questions"] += 1
        is_turned = (
            judged.contrast is not None
            and judged.verdict.reason == "unsure"
            and judged.confidences[0] >= judged.thresholds.answer
        )
        if judged.verdict.decision != "answered" and not is_turned:
            continue
        is_right = judged.result.hits[0].article.id == question.article_id
        counts["right" if is_right else "wrong"] += 1
        if is_turned:
            counts["right, asked back" if is_right else "wrong, asked back"] += 1
    return counts


def price_table(counted: Sequence[tuple[str, Counter[str]]]) -> Table:
    """Return what the guard costs, knowledge by knowledge."""
    total: Counter[str] = sum((counts for _, counts in counted), Counter())
    return Table(
        title="What the guard costs: answers that it turns into questions back",
        columns=(
            Column("questions of"),
            Column("questions"),
            Column("answered rightly"),
            Column("of the right ones, asked back"),
            Column("answered wrongly"),
            Column("of the wrong ones, asked back"),
            Column("asked back, share of answers", ".3%"),
        ),
        rows=tuple(
            (
                name,
                counts["questions"],
                counts["right"],
                counts["right, asked back"],
                counts["wrong"],
                counts["wrong, asked back"],
                (counts["right, asked back"] + counts["wrong, asked back"]) / max(counts["right"] + counts["wrong"], 1),
            )
            for name, counts in (*counted, (_TOTAL, total))
        ),
        notes=("Answers at the product's own thresholds, as they would be without the guard.",),
    )
