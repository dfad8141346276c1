"""Labelled knowledge bases as the product answers them: indexed, calibrated by their own questions, judged.

The shipped calibration was fitted on these very development sets. So whatever is measured on one of them stands
on a shipped calibration that was fitted on the others.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.calibrating import calibrate
from assistant.calibrations.fit import Examples, examples_of, fitted_without, is_english, is_fitted_on
from assistant.calibrations.labelled import KnowledgeBase, LabelledQuestion
from assistant.confidence import ATTACHMENT, Calibration, calibration_of
from assistant.detection import Detection, Detector
from assistant.judgement import Judgement, judge_found
from assistant.language import identify_read
from assistant.phrases import Phrasebook
from benchmarks.encoders import Cached
from benchmarks.faq_sets import searcher_of
from benchmarks.golden import ARMS
from index.fusion import Fusion
from index.hits import SearchResult
from index.searcher import Searcher
from index.training.evaluate import SEED

ALTERNATES = (0, 1, 5, 10)
ANY = "*"  # the encoder of a calibration that is fitted for any
_DEFAULT = "en"
_NEAREST = Fusion(centroid=0, dense=1, lexical=0, dense_answer=0, lexical_answer=0, exact=0, foreign=0)

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Arm:
    """What one way to search found first, for n questions."""

    scores: Floats  # (n,) of the best article
    is_right: Bools  # (n,) whether it is the right one


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What became of the questions of a knowledge base with one encoder."""

    base: KnowledgeBase
    is_in_scope: Bools  # (n,) whether an article answers
    product: Arm  # by confidence, 1 for a question that is written in an article
    is_answered: Bools  # (n,) at the product's own thresholds
    arms: Mapping[str, Arm]  # each arm alone: nearest question by cosine, BM25


class Remembering(Detector):
    """A detector that looks at every text once in its life."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, Detection] = {}

    def detect(self, text: str) -> Detection:
        """Identify the language of a text."""
        if text not in self._known:
            self._known[text] = super().detect(text)
        return self._known[text]


class Customers:
    """Asks questions as customers do that nothing is known of: nobody says which language they write."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._spoken = Phrasebook().languages

    def languages(self, text: str, searcher: Searcher) -> tuple[str, ...]:
        """Return the languages that a question may be in, the likeliest first."""
        return identify_read(
            text,
            detector=self._detector,
            readings=searcher.readings,
            home={_DEFAULT, *searcher.generation.manifest.languages},
            spoken=self._spoken,
            default=_DEFAULT,
        ).languages_to_read


class Library:
    """The knowledge bases, each indexed once with every encoder, and the calibrations without their source."""

    def __init__(
        self, bases: Sequence[KnowledgeBase], ours: Cached, minilm: Cached | None, detector: Detector, folder: Path
    ) -> None:
        """Index them all under a folder, and ask everything once for the calibrations."""
        self.bases = tuple(bases)
        self.encoder = ours
        self.detector = detector
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._ours = {base.name: self._indexed(base, ours, "ours") for base in bases}
        self._minilm: dict[str, Searcher] = {}
        parts = [examples_of(base, self._ours[base.name]) for base in bases if is_fitted_on(base)]
        self._priors = _priors(parts, ours.id, {base.source for base in bases})
        self._general: dict[str, Calibration] = {}
        if minilm is not None:
            english = [base for base in bases if is_english(base)]
            _encode_all(minilm, english)
            self._minilm = {base.name: self._indexed(base, minilm, "minilm") for base in english}
            both = [*parts, *(examples_of(base, self._minilm[base.name]) for base in english if is_fitted_on(base))]
            self._general = _priors(both, ANY, {base.source for base in english})

    def prior(self, base: KnowledgeBase) -> Calibration:
        """Return what would be shipped with our encoder if the knowledge base's source did not exist."""
        return self._priors[base.source]

    def judged(self, base: KnowledgeBase) -> Judged:
        """Ask a knowledge base its questions as customers would."""
        return self._judged(base, self.calibrated(base), with_arms=True)

    def judged_with_minilm(self, base: KnowledgeBase) -> Judged | None:
        """Do the same with all-MiniLM-L6-v2; None for one that is not in English."""
        searcher = self._minilm.get(base.name)
        if searcher is None:
            return None
        own = calibrate(searcher, self.detector, shipped=self._general[base.source])
        return self._judged(base, with_calibration(searcher, own), with_arms=False)

    def calibrated(self, base: KnowledgeBase) -> Searcher:
        """Return the searcher of a knowledge base, calibrated as a build without labels does it."""
        searcher = self._ours[base.name]
        return with_calibration(searcher, calibrate(searcher, self.detector, shipped=self.prior(base)))

    def _indexed(self, base: KnowledgeBase, encoder: Cached, name: str) -> Searcher:
        return searcher_of(base, encoder, self._folder / f"{name}-{zlib.crc32(base.name.encode()):08x}")

    def _judged(self, base: KnowledgeBase, searcher: Searcher, *, with_arms: bool) -> Judged:
        customers, calibration = Customers(self.detector), calibration_of(searcher)
        ways = {"dense alone": _NEAREST, "BM25 alone": ARMS["BM25 alone"]} if with_arms else {}
        arms = {name: Searcher(searcher.generation, searcher.encoder, fusion) for name, fusion in ways.items()}
        found: dict[str, list[tuple[float, bool]]] = {name: [] for name in ("product", *arms)}
        answered = []
        for question in base.questions:
            languages = customers.languages(question.text, searcher)
            reading = searcher.readings.read(question.text, languages)
            judged = judge_found(
                searcher.search(question.text, languages=languages, reading=reading),
                calibration,
                language=languages[0],
            )
            answered.append(judged.verdict.decision == "answered")
            found["product"].append((confidence(judged), is_right(judged.result, question)))
            for name, arm in arms.items():
                result = arm.search(question.text, languages=languages, top_k=1, reading=reading)
                score = result.hits[0].score if result.hits else 0.0
                found[name].append((score, score > 0 and is_right(result, question)))
        return Judged(
            base=base,
            is_in_scope=np.array([question.article_id is not None for question in base.questions], np.bool_),
            product=_arm(found.pop("product")),
            is_answered=np.array(answered, np.bool_),
            arms={name: _arm(pairs) for name, pairs in found.items()},
        )


def is_right(result: SearchResult, question: LabelledQuestion) -> bool:
    """Tell whether what was found first answers a question."""
    return bool(result.hits) and result.hits[0].article.id == question.article_id


def confidence(judged: Judgement) -> float:
    """Return how sure it is that the best article answers; certain where the question is written in it."""
    if not judged.candidates:
        return 0.0
    return 1.0 if judged.candidates[0].is_exact else judged.candidates[0].confidence


def with_calibration(searcher: Searcher, calibration: Calibration) -> Searcher:
    """Return the same generation with a calibration of its own."""
    return Searcher(
        searcher.generation.with_attachments({ATTACHMENT: calibration.to_json()}), searcher.encoder, searcher.fusion
    )


def sampled(base: KnowledgeBase, limit: int) -> KnowledgeBase:
    """Return a knowledge base with at most so many of its questions, the same for the same name."""
    order = np.random.default_rng([SEED, zlib.crc32(base.name.encode())]).permutation(len(base.questions))
    return replace(base, questions=tuple(base.questions[place] for place in sorted(order[:limit].tolist())))


def _arm(pairs: Sequence[tuple[float, bool]]) -> Arm:
    return Arm(
        scores=np.array([score for score, _ in pairs], np.float64),
        is_right=np.array([right for _, right in pairs], np.bool_),
    )


def _priors(parts: Sequence[Examples], encoder: str, sources: Iterable[str]) -> dict[str, Calibration]:
    return {source: fitted_without(parts, source, encoder) for source in sorted(sources)}


def _encode_all(encoder: Cached, bases: Sequence[KnowledgeBase]) -> None:
    """Encode all questions in batches of like lengths, which is much faster than one at a time."""
    asked = {question.text for base in bases for question in base.questions}
    for base in bases:
        for article in base.articles:
            asked |= {wording for text in article.texts for wording in (text.question, *text.alternate_questions)}
    encoder.encode(sorted(asked, key=lambda text: (len(text), text)), kind="question")
