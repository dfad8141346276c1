"""The encoder alone and fused, beside BM25 and all-MiniLM-L6-v2, in one run.

Why: everything dense stands on the encoder, and one figure about it says little: languages differ by much,
and so do FAQs with and without alternates, questions that no article answers, and questions that differ from
others by a word's place. Without development sets there are only its pace and the contrasts.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from assistant.calibrations.labelled import knowledge_bases
from benchmarks.context import Context, opened
from benchmarks.contrasts import Put, contrast_tables, golden_put, price, price_table
from benchmarks.encoders import MINILM, Cached, Lexical, Shortened, encoder_name, label, minilm_folder
from benchmarks.faq_sets import read_sets, retrieval_table, sampled, scope_table, searcher_of
from benchmarks.pace import pace_table
from benchmarks.results import Cell, Column, Table
from index.encoder_facts import card_languages
from index.training.evaluate import SEED, Aligned, Utterances, cross_lingual, read_aligned, read_tor, retrieval, tasks
from knowledge.sample import golden_questions

_NAMES = {"mkqa": "MKQA", "tico19": "TICO-19", "xquad": "XQuAD", "tor": "Tor support FAQ"}
_FEW = 300  # queries of a language for the baselines
_DIMENSIONS = (128, 256)
_DIMENSIONS_ALTERNATES = 5


def run(context: Context) -> tuple[Table, ...]:
    """Measure; all of it only where development sets are given."""
    ours, minilm = Cached.load(encoder_name()), Cached.load(minilm_folder())
    tables: list[Table] = []
    questions = [question.question for question in golden_questions() if question.language == "en"]
    if context.dev is not None:
        aligned, sets = _aligned(context.dev, context), read_sets(context.dev)
        questions = [text for pool in sets[0].alternates.values() for text in pool]
        questions = [questions[place] for place in sampled("pace", len(questions), 2_000)]
        limit = 20 if context.is_quick else 2_000
        tables += [
            *_cross_lingual_tables(aligned, ours, minilm, few=10 if context.is_quick else _FEW),
            retrieval_table(sets, ours, minilm, limit=limit),
            scope_table(sets, ours, minilm, limit=limit // 2),
            _dimensions_table(aligned, sets, ours),
        ]
    return (
        *tables,
        pace_table(questions, is_quick=context.is_quick),
        *contrast_tables(ours, minilm),
        price_table(_prices(context, ours)),
    )


def _aligned(dev: Path, context: Context) -> list[Aligned]:
    """Return the sets of texts in several languages; of a quick run, a corner of each."""
    sets = [read_aligned(path) for path in sorted(dev.glob("*.tsv.gz"))] + [read_tor(dev / "tor_support_faq")]
    if not context.is_quick:
        return sets
    few = []
    for aligned in sets:
        keys = sorted(aligned.texts["en"])[:60]
        languages = ["en", *sorted(set(aligned.texts) - {"en"})[:3]]
        texts = {
            code: {key: aligned.texts[code][key] for key in keys if key in aligned.texts[code]} for code in languages
        }
        few.append(replace(aligned, texts={code: found for code, found in texts.items() if found}))
    return few


def _cross_lingual_tables(sets: Sequence[Aligned], ours: Cached, minilm: Cached, *, few: int) -> tuple[Table, Table]:
    """Return accuracy by language, and means with both baselines."""
    columns: dict[str, dict[str, float]] = {}
    means: list[tuple[Cell, ...]] = []
    for aligned in sets:
        name = _NAMES[aligned.name]
        for way, towards_english in (("X→en", True), ("en→X", False)):
            found = cross_lingual(ours, aligned, towards_english=towards_english)
            words = _by_words(aligned, towards_english=towards_english, few=few)
            floor = cross_lingual(minilm, aligned, towards_english=True, limit=few) if towards_english else None
            columns |= {f"{name} {way}": found, f"BM25, {name} {way}": words}
            worst = min(found, key=found.__getitem__)
            means.append(
                (
                    f"{name} {way}",
                    len(found),
                    fmean(found.values()),
                    _mean(found, ours),
                    worst,
                    found[worst],
                    fmean(words.values()),
                    None if floor is None else fmean(floor.values()),
                )
            )
    languages = sorted({language for found in columns.values() for language in found})
    return (
        Table(
            title="Across languages: the same question in the other language is nearest (accuracy@1)",
            columns=(Column("language"), *(Column(name, ".3f") for name in columns)),
            rows=(
                *((code, *(found.get(code) for found in columns.values())) for code in languages),
                ("mean", *(fmean(found.values()) for found in columns.values())),
                ("mean of its own", *(_mean(found, ours) for found in columns.values())),
                ("worst", *(min(found.values()) for found in columns.values())),
            ),
            notes=(
                f"{label()}, and BM25 over the same texts, which shows what names and numbers give. X→en looks among "
                f"all English texts, en→X among those of the language. BM25 is asked at most {few} questions of a "
                f"language (seed {SEED}). Its own languages are those that its model card names.",
            ),
        ),
        Table(
            title="Across languages: means beside both baselines",
            columns=(
                Column("set"),
                Column("languages"),
                Column(f"{label()}: mean", ".3f"),
                Column("mean of its own languages", ".3f"),
                Column("worst language"),
                Column("worst", ".3f"),
                Column("BM25 alone: mean", ".3f"),
                Column(f"{MINILM}: mean", ".3f"),
            ),
            rows=tuple(means),
            notes=(
                f"{MINILM} knows English only: it is the floor, what shared words and letters give an encoder. Both "
                f"baselines are asked at most {few} questions of a language (seed {SEED}).",
            ),
        ),
    )


def _mean(found: Mapping[str, float], encoder: Cached) -> float | None:
    """Return the mean over the languages that the encoder's card names; of all where it names none."""
    own = {language.split("-")[0] for language in card_languages(encoder.folder)}
    some = [value for language, value in found.items() if not own or language.split("-")[0] in own]
    return fmean(some) if some else None


def _by_words(aligned: Aligned, *, towards_english: bool, few: int) -> dict[str, float]:
    """Return BM25's accuracy@1 per language."""
    accuracy = {}
    english = Lexical(list(aligned.texts["en"].values()), "en") if towards_english else None
    for task in tasks(aligned, towards_english=towards_english, limit=few):
        index = english or Lexical(list(task.candidates.values()), task.language)
        asked_in = task.language if towards_english else "en"
        accuracy[task.language] = task.accuracy([index.best(text, asked_in) for text in task.queries.values()])
    return accuracy


def _dimensions_table(aligned: Sequence[Aligned], sets: Sequence[Utterances], ours: Cached) -> Table:
    """Return what is left of the accuracy when embeddings are cut."""
    by_name = {one.name: one for one in aligned}
    rows: list[tuple[Cell, ...]] = []
    for dimensions in (*(count for count in _DIMENSIONS if count < ours.dimensions), ours.dimensions):
        encoder = Shortened(ours, dimensions)
        rows.append(
            (
                dimensions,
                *(
                    fmean(cross_lingual(encoder, by_name[name], towards_english=True).values())
                    for name in ("mkqa", "xquad")
                ),
                *(retrieval(encoder, utterances, alternates=_DIMENSIONS_ALTERNATES) for utterances in sets),
            )
        )
    return Table(
        title="Fewer dimensions: the first ones, at unit length again (accuracy@1, dense alone)",
        columns=(
            Column("dimensions"),
            Column("MKQA X→en, mean", ".3f"),
            Column("XQuAD X→en, mean", ".3f"),
            *(Column(f"{utterances.name}, {_DIMENSIONS_ALTERNATES} alternates", ".3f") for utterances in sets),
        ),
        rows=tuple(rows),
        notes=("All questions of every set.",),
    )


def _prices(context: Context, ours: Cached) -> list[tuple[str, Counter[str]]]:
    """Return what the guard against contrasts does to golden questions and to development sets."""
    with opened(context.shop()) as product:
        product.follower.refresh()
        prices = [
            ("the sample shop (golden)", price(product.follower.searcher, golden_put(product, golden_questions())))
        ]
    if context.dev is None:
        return prices
    by_source: dict[str, Counter[str]] = {}
    for base in knowledge_bases(context.dev):
        questions = base.questions[:20] if context.is_quick else base.questions
        asked = [Put(text=one.text, languages=[one.language], article_id=one.article_id) for one in questions]
        with tempfile.TemporaryDirectory() as folder:
            counted = price(searcher_of(base, ours, Path(folder)), asked)
        by_source[base.source] = by_source.get(base.source, Counter()) + counted
    return [*prices, *by_source.items()]
