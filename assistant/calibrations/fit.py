"""Fits the calibration of an encoder on labelled questions of several knowledge bases.

``python -m assistant.calibrations.fit --dev DIR --encoder embedded --out assistant/calibrations/embedded.json``

Every data set is held out once while the others are fitted on: the thresholds come from those held-out
probabilities, so that they hold for a knowledge base nobody has seen. Development tool; needs scikit-learn.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.calibrations.labelled import KnowledgeBase, knowledge_bases
from assistant.confidence import FEATURES, features
from index.builder import build
from index.encoder import load_encoder
from index.encoding import Encoder
from index.generations import Generations
from index.searcher import Fusion, Searcher

TARGET_PRECISION = 0.95
_HITS = 10
_CLARIFY_HELPS = 0.5  # share, at the threshold itself, of questions whose right article is among three choices
_CLARIFY_BIN = 200  # questions of neighbouring probability over which that share is taken
_REGULARISATION = 1.0


@dataclass(frozen=True, slots=True)
class Examples:
    """Questions of one knowledge base: features (n, FEATURES), whether hit 1 is right, and where the right one is."""

    base: KnowledgeBase
    features: NDArray[np.float64]
    is_right: NDArray[np.bool_]
    is_in_choices: NDArray[np.bool_]
    is_in_scope: NDArray[np.bool_]


def examples(base: KnowledgeBase, encoder: Encoder, fusion: Fusion) -> Examples:
    """Index a knowledge base and ask it its questions."""
    with tempfile.TemporaryDirectory() as folder:
        generations = Generations(Path(folder))
        build(generations, base, encoder)
        searcher = Searcher(generations.load_active(), encoder, fusion)
        rows, right, offered = [], [], []
        for question in base.questions:
            result = searcher.search(question.text, languages=[question.language], top_k=_HITS)
            rows.append(features(result, languages=[question.language]) if result.hits else [0.0] * len(FEATURES))
            found = [hit.article.id for hit in result.hits]
            right.append(bool(found) and found[0] == question.article_id)
            offered.append(question.article_id in found[:3])
    return Examples(
        base,
        np.array(rows),
        np.array(right),
        np.array(offered),
        np.array([question.article_id is not None for question in base.questions]),
    )


def fit(parts: Sequence[Examples]) -> tuple[NDArray[np.float64], float]:
    """Return weights and bias; every knowledge base counts the same, whatever its size."""
    from sklearn.linear_model import LogisticRegression

    rows = np.concatenate([part.features for part in parts])
    right = np.concatenate([part.is_right for part in parts])
    weight = np.concatenate([np.full(len(part.is_right), 1_000 / len(part.is_right)) for part in parts])
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    model = LogisticRegression(C=_REGULARISATION, max_iter=2_000).fit(
        (rows - mean) / scale, right, sample_weight=weight
    )
    weights = model.coef_[0] / scale
    return weights, float(model.intercept_[0] - weights @ mean)


def probabilities(part: Examples, weights: NDArray[np.float64], bias: float) -> NDArray[np.float64]:
    """Return the probability of every question of a part."""
    result: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-(part.features @ weights + bias)))
    return result


def threshold_for(probability: NDArray[np.float64], right: NDArray[np.bool_], precision: float) -> float:
    """Return the lowest threshold at which the share of right answers is still ``precision``; 1.0 where none is."""
    order = np.argsort(-probability)
    running = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(running >= precision)
    return float(probability[order[good[-1]]]) if len(good) else 1.0


def clarify_threshold(probability: NDArray[np.float64], offered: NDArray[np.bool_]) -> float:
    """Return the probability from which asking back helps more often than not; below it, a person does."""
    order = np.argsort(-probability)
    for start in range(0, len(order) - _CLARIFY_BIN, _CLARIFY_BIN):
        if offered[order[start : start + _CLARIFY_BIN]].mean() < _CLARIFY_HELPS:
            return float(probability[order[start]])
    return float(probability[order[-1]]) if len(order) else 1.0


def main() -> int:
    """Fit, print what was found, write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dev", type=Path, required=True, help="folder of the development sets")
    parser.add_argument("--encoder", default="embedded")
    parser.add_argument("--name", help="the encoder the file is for; '*' for any other (default: --encoder)")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()

    encoder = load_encoder(arguments.encoder)
    parts = [examples(base, encoder, Fusion()) for base in knowledge_bases(arguments.dev)]
    sources = sorted({part.base.source for part in parts})
    held_out: list[NDArray[np.float64]] = []
    print(
        f"{'knowledge base':24} {'questions':>9} {'accuracy':>8} {'in top 3':>8} {'AUROC':>6} {'cov@95':>6} {'ECE':>6}"
    )
    for part in parts:
        weights, bias = fit([other for other in parts if other.base.source != part.base.source])
        probability = probabilities(part, weights, bias)
        held_out.append(probability)
        inside = part.is_in_scope
        cut = threshold_for(probability, part.is_right, TARGET_PRECISION)
        print(
            f"{part.base.name:24} {len(inside):9} {part.is_right[inside].mean():8.3f} "
            f"{part.is_in_choices[inside].mean():8.3f} "
            f"{_auroc(probability, inside):6.3f} {((probability >= cut) & part.is_right).sum() / inside.sum():6.3f} "
            f"{_calibration_error(probability, part.is_right):6.3f}"
        )
    probability = np.concatenate(held_out)
    right = np.concatenate([part.is_right for part in parts])
    offered = np.concatenate([part.is_in_choices for part in parts])
    answer = threshold_for(probability, right, TARGET_PRECISION)
    unsure = probability < answer
    clarify = clarify_threshold(probability[unsure], offered[unsure])
    weights, bias = fit(parts)
    fields = {
        "encoder": arguments.name or arguments.encoder,
        "weights": dict(zip(FEATURES, [round(float(weight), 6) for weight in weights], strict=True)),
        "bias": round(bias, 6),
        "answer_threshold": round(answer, 4),
        "clarify_threshold": round(min(clarify, answer), 4),
        "fitted_on": f"{len(right)} questions of {len(parts)} knowledge bases ({', '.join(sources)})",
    }
    print(json.dumps(fields, indent=2))
    print(f"pooled, held out: ECE {_calibration_error(probability, right):.4f}")
    if arguments.out:
        arguments.out.write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")
    return 0


def _auroc(probability: NDArray[np.float64], inside: NDArray[np.bool_]) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(inside, probability)) if 0 < inside.sum() < len(inside) else float("nan")


def _calibration_error(probability: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Return the expected calibration error over ten equal bins (Naeini et al. 2015)."""
    bins = np.minimum((probability * 10).astype(int), 9)
    return float(
        sum(
            abs(right[bins == n].mean() - probability[bins == n].mean()) * (bins == n).mean()
            for n in range(10)
            if (bins == n).any()
        )
    )


if __name__ == "__main__":
    sys.exit(main())
