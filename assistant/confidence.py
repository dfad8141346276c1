"""Confidence: the probability that the best hit really answers, from what the search found.

Beside it stands another: that the right article is at least among the best three, so that asking back
would help. Two logistic regressions over features of the candidate list; a cosine alone means another thing for every
encoder and every knowledge base. Its parameters are data in ``assistant/calibrations``, one file per
encoder, made by ``python -m assistant.calibrations.fit`` on labelled questions of other knowledge bases.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache, lru_cache
from importlib import resources
from operator import mul

import orjson

from index.fusion import Fusion
from index.hits import SearchResult
from index.searcher import Searcher
from knowledge.errors import ConfigurationError

log = logging.getLogger(__name__)

ATTACHMENT = "calibration.json"
"""Name of a generation's own calibration among its attachments."""

SEARCHED = 10  # hits that the features are taken of; other numbers would mean another thing
CHOICES = 3  # hits among which the right one is sought when asking back
FEATURES = (
    "log_odds",  # ln(p / (1 - p)) of the hit's posterior among the hits
    "score",  # fused, without what makes up for a foreign language
    "score_by_length",  # the same times ln(1 + distinct terms of the question): long ones are alike by less accident
    "dense_answer",  # cosine of its answer's best piece
    "known_share",  # of the question's terms, that some passage has
    "unseen_share",  # of the question's letters, that the encoder has no piece for
    "choices_posterior",  # of the best three together
)
"""Chosen one after another out of twenty-six on the development sets, each source held out in turn. Few are better:
with all of them the AUROC on sets that were held out falls from 0.82 to 0.80, and the calibration error doubles."""
_FOREIGN = Fusion().foreign
ONLY_EXACT = 1.01
"""A threshold that no confidence reaches: only questions that are written in an article are answered."""
_MOST = 1e-4  # that is left of a posterior's doubt, so that its odds stay finite


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """Parameters of the two regressions, and the thresholds that hold with them."""

    encoder: str  # id, or "*" for any other
    weights: tuple[float, ...]  # of FEATURES, for the hit that answers
    bias: float
    choice_weights: tuple[float, ...]  # of FEATURES, for the right article being among the best three
    choice_bias: float
    means: tuple[float, ...]  # of FEATURES over labelled questions
    scales: tuple[float, ...]  # their standard deviations
    thresholds: Mapping[str, float]  # answer threshold by precision, "0.95", as an estimate
    clarify_threshold: float
    fitted_on: str
    target_precision: float = 0.95
    answer_threshold: float | None = None  # None: the estimate for the target precision
    answer_thresholds: Mapping[str, float] = field(default_factory=dict)  # of languages that have one of their own
    is_certified: bool = False  # whether labelled questions of this knowledge base show that the precision holds
    basis: str = ""  # in words: what the answer threshold rests on
    inputs: str = ""  # digest of what it was fitted on

    def probability(self, features: Sequence[float]) -> float:
        """Return the probability that the hit with these features answers."""
        return _logistic(self.weights, self.bias, features)

    def choice_probability(self, features: Sequence[float]) -> float:
        """Return the probability that one of the best three answers, by the features of the best."""
        return _logistic(self.choice_weights, self.choice_bias, features)

    def threshold(self, language: str | None = None) -> float:
        """Return the answer threshold for questions in a language; above 1 where only exact matches are answered."""
        own = self.answer_thresholds.get(language.split("-")[0]) if language else None
        if own is not None:
            return own
        return (
            self.estimated_threshold(self.target_precision) if self.answer_threshold is None else self.answer_threshold
        )

    def estimated_threshold(self, precision: float) -> float:
        """Return the threshold estimated to give a precision, or the next higher one that it is known for."""
        same = self.thresholds.get(f"{precision:g}")
        if same is not None:
            return same
        known = sorted((float(target), threshold) for target, threshold in self.thresholds.items())
        return next((threshold for target, threshold in known if target >= precision - 1e-9), ONLY_EXACT)

    def to_json(self) -> bytes:
        """Return it as ``read_calibration`` reads it."""
        by_feature = {
            name: dict(zip(FEATURES, getattr(self, name), strict=True))
            for name in ("weights", "choice_weights", "means", "scales")
        }
        return orjson.dumps({**asdict(self), **by_feature}, option=orjson.OPT_INDENT_2)


def features(result: SearchResult, place: int = 0) -> list[float]:
    """Return the features of the hit at a place of the list, in the order of FEATURES."""
    hit, posterior = result.hits[place], result.posteriors[place]
    score = hit.score - _FOREIGN * hit.is_foreign
    return [
        math.log((posterior + _MOST) / (1.0 - posterior + _MOST)),
        score,
        score * math.log1p(result.terms),
        hit.dense_answer,
        result.known_share,
        result.unseen_share,
        sum(result.posteriors[:CHOICES]),
    ]


def estimate(calibration: Calibration, result: SearchResult, place: int = 0) -> float:
    """Return the probability that the hit at a place answers the question; 0 where there is no hit."""
    return calibration.probability(features(result, place)) if place < len(result.hits) else 0.0


def calibration_of(searcher: Searcher) -> Calibration:
    """Return the calibration that a searcher's hits are judged with: its generation's, else its encoder's."""
    own = searcher.generation.attachments.get(ATTACHMENT)
    if own is not None:
        try:
            return _parsed(own)
        except ConfigurationError as error:
            _warn_once(searcher.generation.number, str(error))
    return calibration_for(searcher.encoder.id)


@lru_cache(maxsize=16)
def _parsed(data: bytes) -> Calibration:
    return read_calibration(data)


@lru_cache(maxsize=64)
def _warn_once(generation: int, problem: str) -> None:
    log.warning("generation %d is judged with the shipped calibration: %s", generation, problem)


@cache
def calibration_for(encoder: str) -> Calibration:
    """Return the calibration shipped for an encoder, or the general one; raises ConfigurationError."""
    folder = resources.files("assistant.calibrations")
    for name in (encoder, "general"):
        path = folder / f"{name}.json"
        if "/" not in name and path.is_file():
            return read_calibration(path.read_bytes())
    raise ConfigurationError("No calibration is shipped in this package; reinstall faq-assistant.")


def read_calibration(data: bytes) -> Calibration:
    """Return the calibration in a JSON file; raises ConfigurationError when it cannot be used."""
    try:
        fields = orjson.loads(data)
        for name in ("weights", "choice_weights", "means", "scales"):
            if tuple(fields[name]) != FEATURES:
                raise ConfigurationError(
                    f"The calibration has the features {', '.join(fields[name])}; expected {', '.join(FEATURES)}. "
                    "Fit it anew: faq build"
                )
            fields[name] = tuple(map(float, fields[name].values()))
        return Calibration(**fields)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigurationError(f"The calibration cannot be read ({error!r}). Fit it anew: faq build") from error


def _logistic(weights: Sequence[float], bias: float, features: Sequence[float]) -> float:
    if len(weights) != len(features):
        raise ValueError(f"there are {len(features)} features; expected {len(weights)}")
    z = bias + sum(map(mul, weights, features))
    return 1.0 / (1.0 + math.exp(-max(-40.0, min(40.0, z))))
