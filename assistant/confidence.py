"""Confidence: the probability that the best hit really answers, from what the search found.

Beside it stands another: that the right article is at least among the best three, so that asking back
would help. Two logistic regressions over features of the candidate list; a cosine alone means another thing for every
encoder and every knowledge base. Its parameters are data in ``assistant/calibrations``, one file per
encoder, made by ``python -m assistant.calibrations.fit`` on labelled questions of other knowledge bases.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import orjson

from index.searcher import Hit, Searcher, SearchResult
from knowledge.errors import ConfigurationError

SEARCHED = 10  # hits that the features are taken of; other numbers would mean another thing
CHOICES = 3  # hits among which the right one is sought when asking back
FEATURES = (
    "dense",  # cosine of the hit's best question
    "lexical",  # BM25 of its best question, 0..1
    "dense_answer",
    "lexical_answer",
    "margin",  # fused score over the best other hit's
    "dense_margin",
    "lexical_margin",
    "is_best_in_both",  # 1 when both arms rank it first
    "known_share",  # of the question's terms, that some passage has
    "unseen_share",  # of the question's letters, that the encoder has no piece for
    "log_terms",  # ln(1 + distinct terms)
    "lead",  # fused score over the mean of the hits from the fourth on: what sets the best apart from the crowd
    "is_cross_lingual",  # 1 when the matched question is in a language the customer's is surely not
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """Parameters of one encoder's calibration, and the thresholds that its labelled data give."""

    encoder: str  # id, or "*" for any other
    weights: tuple[float, ...]  # of FEATURES, for the hit that answers
    bias: float
    choice_weights: tuple[float, ...]  # of FEATURES, for the right article being among the best three
    choice_bias: float
    answer_threshold: float
    clarify_threshold: float
    fitted_on: str

    def probability(self, features: Sequence[float]) -> float:
        """Return the probability that the hit with these features answers."""
        return _logistic(self.weights, self.bias, features)

    def choice_probability(self, features: Sequence[float]) -> float:
        """Return the probability that one of the best three answers, by the features of the best."""
        return _logistic(self.choice_weights, self.choice_bias, features)


def features(result: SearchResult, place: int = 0, *, languages: Sequence[str] = ()) -> list[float]:
    """Return the features of the hit at a place of the list, in the order of FEATURES.

    ``languages`` are those the question may be in. Margins are against the best of the other hits, so
    they are negative for every hit but the first.
    """
    hit = result.hits[place]
    others = [other for number, other in enumerate(result.hits) if number != place]
    bases = {language.split("-")[0] for language in languages}
    return [
        hit.dense,
        hit.lexical,
        hit.dense_answer,
        hit.lexical_answer,
        hit.score - max((other.score for other in others), default=0.0),
        hit.dense - max((other.dense for other in others), default=0.0),
        hit.lexical - max((other.lexical for other in others), default=0.0),
        float(_is_best(hit, others)),
        result.known_share,
        result.unseen_share,
        math.log1p(result.terms),
        hit.score - _mean([other.score for other in result.hits[CHOICES:]]),
        float(bool(bases) and hit.matched_language.split("-")[0] not in bases),
    ]


def estimate(calibration: Calibration, result: SearchResult, place: int = 0, *, languages: Sequence[str] = ()) -> float:
    """Return the probability that the hit at a place answers the question; 0 where there is no hit."""
    if place >= len(result.hits):
        return 0.0
    return calibration.probability(features(result, place, languages=languages))


def estimate_choices(calibration: Calibration, result: SearchResult, *, languages: Sequence[str] = ()) -> float:
    """Return the probability that one of the best three hits answers the question; 0 where there is none."""
    return calibration.choice_probability(features(result, languages=languages)) if result.hits else 0.0


def calibration_of(searcher: Searcher) -> Calibration:
    """Return the calibration that a searcher's hits are judged with."""
    return calibration_for(searcher.encoder.id)


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
    """Return the calibration in a JSON file; raises ConfigurationError when its features are not ours."""
    fields = orjson.loads(data)
    for name in ("weights", "choice_weights"):
        if tuple(fields[name]) != FEATURES:
            raise ConfigurationError(
                f"The calibration has the features {', '.join(fields[name])}; expected {', '.join(FEATURES)}. "
                "Fit it anew."
            )
        fields[name] = tuple(fields[name].values())
    return Calibration(**fields)


def _logistic(weights: Sequence[float], bias: float, features: Sequence[float]) -> float:
    z = bias + sum(weight * feature for weight, feature in zip(weights, features, strict=True))
    return 1.0 / (1.0 + math.exp(-max(-40.0, min(40.0, z))))


def _mean(scores: Sequence[float]) -> float:
    return sum(scores) / len(scores) if scores else 0.0


def _is_best(hit: Hit, others: Sequence[Hit]) -> bool:
    return all(hit.dense >= other.dense and hit.lexical >= other.lexical for other in others)
