"""Contenders: encoders that are loaded, asked golden questions and weighed beside each other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.cli.comparison import Subject

if TYPE_CHECKING:
    from api.product import Product
    from assistant.evaluation import Evaluation
    from index.builder import Progress
    from index.encoding import Encoder
    from index.generation import Generation, Manifest
    from index.searcher import Searcher
    from knowledge.golden import GoldenQuestion

MEASURED = 1.0
"""Seconds that measuring the speed of an encoder takes."""

_WARM_UP = "How do I return an item?"


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """An encoder, and the seconds until it had encoded a first text."""

    encoder: Encoder
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Contender:
    """A generation with its encoder, ready to be asked."""

    searcher: Searcher
    load_seconds: float

    @property
    def manifest(self) -> Manifest:
        """What the generation is made of."""
        return self.searcher.generation.manifest


def load(product: Product, name: str) -> Loaded:
    """Load an encoder; raises EncoderError."""
    started = time.perf_counter()
    encoder = product.encoders.get(name)
    encoder.encode([_WARM_UP], kind="question")
    return Loaded(encoder=encoder, seconds=time.perf_counter() - started)


def answering(product: Product) -> Contender:
    """Return what answers; raises NoGenerationError, GenerationDamagedError, EncoderError, EncoderMismatchError."""
    generation = product.generations.load_active()
    started = time.perf_counter()
    searcher = product.encoders.searcher(generation)
    searcher.encoder.encode([_WARM_UP], kind="question")
    return Contender(searcher=searcher, load_seconds=time.perf_counter() - started)


@contextmanager
def beside(product: Product, loaded: Loaded, report: Callable[[Progress], None]) -> Iterator[Contender]:
    """Yield an index of all articles with an encoder, calibrated as a build would; it goes away afterwards.

    Raises TrialRunningError, and what building raises.
    """
    from index.builder import build
    from index.trial import trial

    with trial(product.settings.data_dir) as folder:
        build(folder, product.store, loaded.encoder, report=report)
        yield calibrated(product, folder.load_active(), loaded, report)


def calibrated(
    product: Product, generation: Generation, loaded: Loaded, report: Callable[[Progress], None]
) -> Contender:
    """Return a generation as a build would calibrate it, with the encoder that it was built with."""
    from index.searcher import Searcher

    searcher = Searcher(product.calibrated(generation, loaded.encoder, report=report), loaded.encoder)
    return Contender(searcher=searcher, load_seconds=loaded.seconds)


def weigh(
    product: Product, contender: Contender, golden: Sequence[GoldenQuestion], report: Callable[[Progress], None]
) -> Subject:
    """Ask a contender the golden questions, and weigh its encoder."""
    from assistant.evaluation import evaluate
    from index.builder import Progress

    evaluation = evaluate(
        contender.searcher,
        product.detector,
        golden,
        policy=product.policy,
        report=lambda done, total: report(Progress(stage="asking", done=done, total=total)),
    )
    return weighed(contender, evaluation)


def weighed(contender: Contender, evaluation: Evaluation) -> Subject:
    """Weigh the encoder of a contender that was asked the golden questions."""
    from index.encoder_facts import measure_speed, size_on_disk

    encoder = contender.searcher.encoder
    return Subject(
        name=encoder.id,
        dimensions=encoder.dimensions,
        size=size_on_disk(encoder.folder),
        load_seconds=contender.load_seconds,
        speed=measure_speed(encoder, [one.golden.question for one in evaluation.asked], seconds=MEASURED),
        build_seconds=contender.manifest.seconds,
        encoded=contender.manifest.encoded,
        evaluation=evaluation,
    )
