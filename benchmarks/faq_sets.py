"""FAQ retrieval and out-of-scope questions on labelled sets, with 0, 1, 5 and 10 alternates an article."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.calibrations.labelled import KnowledgeBase
from assistant.confidence import SEARCHED, calibration_for, estimate
from benchmarks.encoders import MINILM, Cached, auroc, label
from benchmarks.golden import ARMS, paired_interval
from benchmarks.results import Cell, Column, Table
from index.builder import build
from index.encoding import Encoder
from index.generations import Generations
from index.searcher import Searcher
from index.training.evaluate import ALTERNATES, SEED, Asked, Utterances, best_rows, drawn, read_nlu_home, read_robo
from knowledge.article import make_article

_HELD_OUT = {"nlu_home en": 16}  # articles; of other sets, a fifth
_RESAMPLES = 1_000

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]


def read_sets(dev: Path) -> list[Utterances]:
    """Return the sets: intents, and a company's FAQ asked in English and in German."""
    return [read_nlu_home(dev / "nlu_home" / "nlu_home_11k.tsv"), *read_robo(dev / "robo_faq_en_de")]


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelf:
    """A set's articles as every encoder sees them; ``keys`` are the articles' own names, by id."""

    texts: tuple[str, ...]  # all questions and alternates
    owners: tuple[str, ...]  # key of the article of each
    keys: dict[str, str]
    ours: Searcher
    minilm: Searcher | None


@contextmanager
def shelf(utterances: Utterances, asked: Asked, ours: Encoder, minilm: Encoder | None) -> Iterator[Shelf]:
    """Build a generation of the articles for each encoder, until the block ends."""
    articles, keys = [], {}
    for number, (key, texts) in enumerate(sorted(asked.passages.items())):
        text = {
            "question": texts[0],
            "alternate_questions": [alternate for alternate in texts[1:] if any(map(str.isalnum, alternate))],
            "answer": utterances.answers.get(key) or "n/a",
        }
        articles.append(replace(make_article(id=f"a{number:04}", texts={"en": text}), revision=1))
        keys[articles[-1].id] = key
    base = KnowledgeBase(name=utterances.name, source=utterances.name, articles=tuple(articles), questions=())
    with tempfile.TemporaryDirectory() as folder:
        yield Shelf(
            texts=tuple(text for texts in asked.passages.values() for text in texts),
            owners=tuple(key for key, texts in asked.passages.items() for _ in texts),
            keys=keys,
            ours=searcher_of(base, ours, Path(folder) / "ours"),
            minilm=None if minilm is None else searcher_of(base, minilm, Path(folder) / "minilm"),
        )


def searcher_of(base: KnowledgeBase, encoder: Encoder, folder: Path) -> Searcher:
    """Index a knowledge base in a folder, and search it as the product does."""
    folder.mkdir(exist_ok=True)
    generations = Generations(folder)
    build(generations, base, encoder)
    return Searcher(generations.load_active(), encoder)


def sampled(name: str, count: int, limit: int) -> list[int]:
    """Return at most ``limit`` of the numbers below ``count``, the same for the same name."""
    order = np.random.default_rng([SEED, zlib.crc32(name.encode())]).permutation(count)
    return sorted(order[:limit].tolist())


def retrieval_table(sets: Sequence[Utterances], ours: Cached, minilm: Cached, *, limit: int) -> Table:
    """Return how often the best article is right, for each set, number of alternates and way to search."""
    rows: list[tuple[Cell, ...]] = []
    for utterances in sets:
        for alternates in ALTERNATES:
            asked = drawn(utterances, alternates=alternates)
            places = sampled(utterances.name, len(asked.queries), limit)
            queries = [asked.queries[place] for place in places]
            wanted = [asked.wanted[place] for place in places]
            with shelf(utterances, asked, ours, minilm) as shelved:
                right = _rightly_found(shelved, queries, wanted, ours, minilm, utterances.language)
            means = {name: float(of_way.mean()) for name, of_way in right.items()}
            dense, fused = (
                paired_interval(right[f"our {way}"], right[f"their {way}"], resamples=_RESAMPLES)
                for way in ("dense", "fused")
            )
            rows.append(
                (
                    utterances.name,
                    alternates,
                    len(queries),
                    means["our dense"],
                    means["BM25"],
                    means["our fused"],
                    means["their dense"],
                    means["their fused"],
                    means["our dense"] - means["their dense"],
                    *dense,
                    means["our fused"] - means["their fused"],
                    *fused,
                    means["our dense"] / means["their dense"],
                    means["our fused"] / means["their dense"],
                )
            )
    return Table(
        title="FAQ retrieval: the best article is the right one (accuracy@1)",
        columns=(
            Column("set"),
            Column("alternates"),
            Column("questions"),
            Column(f"{label()}, dense", ".3f"),
            Column("BM25 alone", ".3f"),
            Column("both, fused", ".3f"),
            Column(f"{MINILM}, dense", ".3f"),
            Column(f"{MINILM}, fused", ".3f"),
            Column("dense: difference", "+.3f"),
            Column("dense: 95 % from", "+.3f"),
            Column("dense: to", "+.3f"),
            Column("fused: difference", "+.3f"),
            Column("fused: 95 % from", "+.3f"),
            Column("fused: to", "+.3f"),
            Column(f"dense ÷ {MINILM}, dense", ".3f"),
            Column(f"fused ÷ {MINILM}, dense", ".3f"),
        ),
        rows=tuple(rows),
        notes=(
            f"At most {limit:,} questions of each set, drawn with seed {SEED}, none of them an alternate. Articles of "
            "nlu_home are intents, their question is the intent's name. Dense: the article of the nearest question or "
            "alternate; BM25 alone and fused: through the product's Searcher on a built generation, answers included. "
            f"Differences are to {MINILM}; paired bootstrap, {_RESAMPLES:,} resamples of the questions. "
            "It knows English only.",
        ),
    )


def _rightly_found(
    shelved: Shelf, queries: Sequence[str], wanted: Sequence[str], ours: Encoder, minilm: Encoder, language: str
) -> dict[str, Bools]:
    """Return which questions found their article, for every way to search."""
    assert shelved.minilm is not None
    lexical = Searcher(shelved.ours.generation, ours, ARMS["BM25 alone"])
    right = {}
    for name, encoder in (("our dense", ours), ("their dense", minilm)):
        best = best_rows(encoder.encode(queries, kind="question"), encoder.encode(shelved.texts))
        right[name] = np.array([shelved.owners[row] == key for row, key in zip(best, wanted, strict=True)])
    for name, searcher in (("BM25", lexical), ("our fused", shelved.ours), ("their fused", shelved.minilm)):
        found = []
        for query, key in zip(queries, wanted, strict=True):
            hits = searcher.search(query, languages=[language], top_k=1).hits
            found.append(bool(hits) and shelved.keys[hits[0].article.id] == key)
        right[name] = np.array(found, np.bool_)
    return right


def scope_table(sets: Sequence[Utterances], ours: Cached, minilm: Cached, *, limit: int) -> Table:
    """Return how well the top score tells questions that an article answers from those that none does."""
    rows: list[tuple[Cell, ...]] = []
    for utterances in sets:
        names = sorted(utterances.questions)
        count = _HELD_OUT.get(utterances.name, len(names) // 5)
        held = {names[place] for place in sampled("held out", len(names), count)}
        kept = replace(
            utterances, questions={key: text for key, text in utterances.questions.items() if key not in held}
        )
        missing = drawn(replace(utterances, questions={key: utterances.questions[key] for key in held}), alternates=0)
        outside = [missing.queries[place] for place in sampled("outside", len(missing.queries), limit)]
        for alternates in ALTERNATES:
            asked = drawn(kept, alternates=alternates)
            inside = [asked.queries[place] for place in sampled("inside", len(asked.queries), limit)]
            with shelf(kept, asked, ours, None) as shelved:
                scores = [_top_scores(shelved, some, ours, minilm, kept.language) for some in (inside, outside)]
            figures = [auroc(of_inside, of_outside) for of_inside, of_outside in zip(*scores, strict=True)]
            rows.append((utterances.name, alternates, len(held), len(inside), len(outside), *figures))
    return Table(
        title="Out of scope: AUROC of the best score, questions that an article answers against those that none does",
        columns=(
            Column("set"),
            Column("alternates"),
            Column("articles held out"),
            Column("questions in scope"),
            Column("out of scope"),
            Column(f"{label()}, cosine", ".3f"),
            Column("BM25", ".3f"),
            Column(f"{MINILM}, cosine", ".3f"),
            Column("the product's confidence", ".3f"),
        ),
        rows=tuple(rows),
        notes=(
            f"Articles held out, and at most {limit:,} questions of either kind, are drawn with seed {SEED}. The "
            "calibration of the confidence was fitted on questions of these sets, too, with other articles held out.",
        ),
    )


def _top_scores(
    shelved: Shelf, queries: Sequence[str], ours: Encoder, minilm: Encoder, language: str
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the best score of each question: our cosine, BM25's, MiniLM's cosine, the confidence."""
    cosines = [
        (encoder.encode(queries, kind="question") @ encoder.encode(shelved.texts).T).max(axis=1)
        for encoder in (ours, minilm)
    ]
    calibration = calibration_for(ours.id)
    lexical = Searcher(shelved.ours.generation, ours, ARMS["BM25 alone"])
    words, confidence = [], []
    for query in queries:
        hits = lexical.search(query, languages=[language], top_k=1).hits
        words.append(hits[0].score if hits else 0.0)
        result = shelved.ours.search(query, languages=[language], top_k=SEARCHED)
        confidence.append(estimate(calibration, result))
    return cosines[0], np.array(words, np.float32), cosines[1], np.array(confidence, np.float32)
