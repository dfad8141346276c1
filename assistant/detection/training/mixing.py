"""How n-grams and words are weighed together: least log-loss on short labelled texts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax

from assistant.detection.linear import STEPS_PER_NAT, ScriptModel
from assistant.detection.scripts import script_and_purity
from assistant.detection.words import significant_words, words_in_script

KINDS: Final = ("single-words", "word-pairs", "sentences")
WEIGHTS: Final = (0.2, 0.3, 0.4, 0.5, 0.6, 0.8)
POWERS: Final = (0.25, 0.5, 0.75)
LARGEST: Final = 4_096
"""N-grams of the longest text looked at, about; the sharpness is a line between it and one n-gram."""
LEAST_SHARPNESS: Final = 0.25
OFFSET_PENALTY: Final = 30.0
"""Ridge on the offsets, in log-loss of one text for each square nat: so many texts it takes to move one by half."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Labelled:
    """Texts as folded words of one script, each with the column of its language."""

    words: list[list[str]]
    labels: npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Weighing:
    """The fitted numbers of `assistant.detection.linear.Mixture`, and what they reach on the texts of the fit."""

    sharpness: tuple[float, float]
    weight: float
    power: float
    offset: Floats
    loss: float
    accuracy: float


def read_labelled(dev: Path, script: str, languages: tuple[str, ...]) -> Labelled:
    """Read lines 0, 2, 4 … of every ``DEV/language_id/KIND/LANGUAGE.txt``; the others are held back."""
    words, labels = [], []
    for column, language in enumerate(languages):
        for kind in KINDS:
            path = dev / "language_id" / kind / f"{language}.txt"
            if path.exists():
                for text in path.read_text(encoding="utf-8").splitlines()[::2]:
                    found = significant_words(text)
                    if not found or script_and_purity(" ".join(found))[0] != script:
                        continue
                    words.append(words_in_script(found, script) or found)
                    labels.append(column)
    return Labelled(words=words, labels=np.array(labels, dtype=np.int64))


def weigh(model: ScriptModel, texts: Labelled, usual: tuple[str, ...]) -> Weighing:
    """Fit the mixture of a model, for a desk with all the script's languages and for one with the ``usual`` ones.

    For each of `WEIGHTS` and `POWERS` the sharpness and the offsets of the usual languages are those of
    the least log-loss; the pair with the best accuracy is taken, because a few mislabelled texts
    outweigh many right ones in a log-loss. Offsets are of the usual languages alone and
    cancel out: how much rarer the others are is what their share of the examples says.
    """
    classes = len(model.languages)
    sums = [model.sums(words) for words in texts.words]
    sizes = np.array([size for size, _ in sums], dtype=np.float64)
    parts = np.stack([part for _, part in sums]).astype(np.float64)
    raw = model.bias + parts[:, :classes] * model.scales * sizes[:, None] ** -model.power
    logs = np.log(sizes)[:, None] / np.log(LARGEST)
    counts = np.array([len(words) for words in texts.words], dtype=np.float64)[:, None]
    is_usual = np.array([code in usual for code in model.languages])
    views = [(np.arange(len(sizes)), np.zeros(classes))]
    if 1 < is_usual.sum() < classes:
        views.append((np.flatnonzero(is_usual[texts.labels]), np.where(is_usual, 0.0, -np.inf)))
    total = sum(len(inside) for inside, _ in views)

    def logits(values: Floats, gains: Floats) -> Floats:
        found: Floats = (values[0] * (1 - logs) + values[1] * logs) * raw + gains + centred(values[2:])
        return found

    def centred(values: Floats) -> Floats:
        return (values - values[is_usual].mean()) * is_usual if is_usual.any() else values * 0.0

    def fitted(weight: float, power: float) -> Weighing:
        gains = weight / STEPS_PER_NAT * parts[:, classes:] * counts**-power

        def loss(values: Floats) -> tuple[float, Floats]:
            scores = logits(values, gains)
            error = OFFSET_PENALTY * float(np.square(values[2:]).sum())
            slope = np.zeros_like(scores)
            for inside, mask in views:
                found = log_softmax(scores[inside] + mask, axis=1)
                right = texts.labels[inside]
                error -= float(found[np.arange(len(inside)), right].sum())
                part = np.exp(found)
                part[np.arange(len(inside)), right] -= 1
                slope[inside] += part
            gradient = np.concatenate(
                ([np.sum(slope * raw * (1 - logs)), np.sum(slope * raw * logs)], centred(slope.sum(axis=0)))
            )
            gradient[2:] += 2 * OFFSET_PENALTY * values[2:]
            return error / total, gradient / total

        start = np.concatenate(([1.0, 1.0], np.zeros(classes)))
        bounds = [(LEAST_SHARPNESS, None)] * 2 + [(None, None)] * classes
        best = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 60})
        scores = logits(best.x, gains)
        right = [np.argmax(scores[inside] + mask, axis=1) == texts.labels[inside] for inside, mask in views]
        return Weighing(
            sharpness=(float(best.x[0]), float((best.x[1] - best.x[0]) / np.log(LARGEST))),
            weight=weight,
            power=power,
            offset=centred(best.x[2:]),
            loss=float(best.fun),
            accuracy=float(np.mean([hits.mean() for hits in right])),
        )

    return max((fitted(weight, power) for weight in WEIGHTS for power in POWERS), key=lambda fit: fit.accuracy)
