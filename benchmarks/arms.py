"""The stages of answering a question in a large catalogue, and what the approximate dense arm misses.

Why: beyond a few thousand passages the dense arm compares a question with a part of them only. Its recall
is measured against the exact search of the same vectors (the baseline), beside the time of both. Stage
times are those the receipts hold, of questions asked one after another through the assistant: they show
where the time of an answer goes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import numpy as np
import orjson

from api.product import Product
from assistant.question import make_question
from benchmarks.context import Context, opened
from benchmarks.results import Cell, Column, Table, quantile
from benchmarks.synthetic import AskedQuestion, questions
from index.searcher import Searcher

_STAGES = ("identify", "encode", "dense", "lexical", "fuse", "decide", "deliver")
_DEPTHS = (1, 10, 96)  # the best, recall@10, and as many as the searcher takes


def run(context: Context) -> tuple[Table, ...]:
    """Measure recall and stages."""
    count, asked = (2_500, 40) if context.is_quick else (10_000, 1_000)
    some = questions(asked, of_articles=count)
    with opened(context.catalogue(count)) as product:
        product.follower.refresh()
        recall = _recall(product.follower.searcher, some)
        stages = asyncio.run(_stages(product, some))
    return recall, stages


def _recall(searcher: Searcher, some: Sequence[AskedQuestion]) -> Table:
    import faiss

    generation = searcher.generation
    ours = generation.parts.question_dense
    vectors = generation.parts.embeddings[generation.question_rows].astype(np.float32)
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    embeddings = searcher.encoder.encode([question.text for question in some], kind="question")
    shared = dict.fromkeys(_DEPTHS, 0.0)
    exact_seconds, our_seconds = [], []
    for embedding in embeddings:
        started = time.perf_counter()
        exact = flat.search(embedding[None, :], max(_DEPTHS))[1][0]
        between = time.perf_counter()
        found = ours.search(embedding, max(_DEPTHS))[0]
        our_seconds.append(time.perf_counter() - between)
        exact_seconds.append(between - started)
        for depth in _DEPTHS:
            shared[depth] += len(set(exact[:depth].tolist()) & set(found[:depth].tolist())) / depth
    name = "the product's (exact here)" if ours.is_exact else "the product's (inverted lists, 8 bits)"
    pace = sum(exact_seconds)

    def row(name: str, seconds: list[float], recalls: Sequence[float]) -> tuple[Cell, ...]:
        micro = [each * 1e6 for each in seconds]
        return name, *recalls, quantile(micro, 0.5), quantile(micro, 0.99), sum(seconds) / pace

    return Table(
        title=f"Dense arm over {len(vectors):,} questions of {len(generation.parts.article_ids):,} articles",
        columns=(
            Column("search"),
            *(Column(f"recall@{depth}", ".4f") for depth in _DEPTHS),
            Column("p50 µs", ",.0f"),
            Column("p99 µs", ",.0f"),
            Column("ratio of time", ".3f"),
        ),
        rows=(
            row("baseline: exact (flat, 32 bits)", exact_seconds, [1.0] * len(_DEPTHS)),
            row(name, our_seconds, [shared[depth] / len(some) for depth in _DEPTHS]),
        ),
        notes=(f"{len(some):,} mistyped questions, one at a time on one thread, both searches by turns.",),
    )


async def _stages(product: Product, some: Sequence[AskedQuestion]) -> Table:
    seconds: dict[str, list[float]] = {stage: [] for stage in _STAGES}
    whole = []
    for number, question in enumerate([*some[:10], *some]):  # the first ten warm it up
        started = time.perf_counter()
        response = orjson.loads(await product.assistant.ask(make_question(question.text)))
        if number < 10:
            continue
        whole.append(time.perf_counter() - started)
        timings = product.assistant.receipt(response["id"])["timings"]
        for stage in _STAGES:
            if stage in timings:
                seconds[stage].append(timings[stage])
    total = sum(whole)
    staged = [sum(each) for each in seconds.values()]

    def row(name: str, values: list[float], part: float) -> tuple[Cell, ...]:
        micro = [each * 1e6 for each in values]
        shown = (quantile(micro, 0.5), quantile(micro, 0.99)) if micro else (None, None)
        return name, len(values), *shown, part / total

    return Table(
        title=f"Stages of a question in {product.follower.searcher.generation.manifest.articles:,} articles",
        columns=(
            Column("stage"),
            Column("questions"),
            Column("p50 µs", ",.0f"),
            Column("p99 µs", ",.0f"),
            Column("share of the whole", ".1%"),
        ),
        rows=(
            *(row(stage, values, sum(values)) for stage, values in seconds.items()),
            ("composing, storing durably, waiting", len(whole), None, None, (total - sum(staged)) / total),
            row("baseline: the whole (Assistant.ask)", whole, total),
        ),
        notes=(
            "Questions come one at a time, so that each waits for a transaction of its own to reach the disk; "
            "under load many share one.",
        ),
    )
