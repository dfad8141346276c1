"""Building the index of a large catalogue: from scratch, with one article changed, with none changed.

Why: knowledge admins edit one article and want to see it answer; that must not cost what the first build
cost. The baseline is the encoder alone over the same texts in the same batches: what no index could avoid.
Builds calibrate, as the product does; one changed article carries the calibration over.
Articles come from the ArticleStore on SQLite; the import into it is reported apart.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import TypeVar

from api.product import Product
from assistant.building import BuildOutcome
from benchmarks.context import Context, opened
from benchmarks.results import Cell, Column, Table
from benchmarks.synthetic import catalogue_file
from index.passages import Passage, PassageKind, passages

_BATCH = 1_024  # passages encoded at once, as the builder does
_T = TypeVar("_T")


def run(context: Context) -> tuple[Table, ...]:
    """Measure import, encoding and builds, encoding and building by turns."""
    count, rounds = (400, 1) if context.is_quick else (10_000, 3)
    data = catalogue_file(count)
    with opened(context.scratch / "build") as product:
        product.encoder.encode(["warm up"])
        importing, report = _timed(lambda: product.importer.run(data, filename="articles.jsonl", by="benchmarks"))
        if report.created != count:
            raise RuntimeError(f"{report.created} of {count} synthetic articles were imported")
        texts = _texts(product)
        encoding, scratch, one, none = [], [], [], []
        for number in range(rounds):
            encoding.append(_timed(lambda: _encode(product, texts))[0])
            seconds, built = _timed(lambda: _build(product, from_scratch=True))
            scratch.append(seconds)
            _change_one(product, number)
            one.append(_timed(lambda: _build(product))[0])
            none.append(_timed(lambda: _build(product))[0])
    alone = median(encoding)

    def row(name: str, articles: int, seconds: float) -> tuple[Cell, ...]:
        return name, articles, seconds, articles / seconds, seconds / alone

    return (
        Table(
            title=f"Building the index of {count:,} articles, {built.manifest.passages:,} passages",
            columns=(
                Column("step"),
                Column("articles"),
                Column("seconds", ".3f"),
                Column("articles/s", ",.0f"),
                Column("ratio to encoding alone", ".3f"),
            ),
            rows=(
                row("baseline: encoding alone", count, alone),
                row("build from scratch", count, median(scratch)),
                row("build, one article changed", count, median(one)),
                row("build, nothing changed", count, median(none)),
                row("import into SQLite (preview and apply)", count, importing),
            ),
            notes=(
                f"Medians of {rounds} round(s), all steps in turn in each; the import once. "
                f"{len(texts['question']) + len(texts['passage']):,} distinct passages are encoded.",
            ),
        ),
    )


def _timed(work: Callable[[], _T]) -> tuple[float, _T]:
    started = time.perf_counter()
    made = work()
    return time.perf_counter() - started, made


def _texts(product: Product) -> dict[str, list[str]]:
    """Return what the builder encodes: each distinct passage once, sorted by length."""
    distinct: dict[bytes, Passage] = {}
    for article in product.store.all():
        for passage in passages(article):
            distinct.setdefault(passage.digest(), passage)
    split: dict[str, list[str]] = {"question": [], "passage": []}
    for passage in distinct.values():
        split["passage" if passage.kind is PassageKind.ANSWER else "question"].append(passage.content)
    return {kind: sorted(contents, key=len) for kind, contents in split.items()}


def _encode(product: Product, texts: dict[str, list[str]]) -> None:
    for start in range(0, len(texts["question"]), _BATCH):
        product.encoder.encode(texts["question"][start : start + _BATCH], kind="question")
    for start in range(0, len(texts["passage"]), _BATCH):
        product.encoder.encode(texts["passage"][start : start + _BATCH], kind="passage")


def _build(product: Product, *, from_scratch: bool = False) -> BuildOutcome:
    return product.make_generation(from_scratch=from_scratch)


def _change_one(product: Product, number: int) -> None:
    article = next(iter(product.store.all()))
    text = article.texts[0]
    changed = replace(text, alternate_questions=(*text.alternate_questions, f"changed in round {number}?"))
    product.store.put(replace(article, texts=(changed, *article.texts[1:])), by="benchmarks")
