"""Multinomial logistic regression by AdaGrad over mini-batches, then pruning, quantisation, calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from scipy.special import log_softmax, softmax

from assistant.detection.training.examples import Examples, Features

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class Quantised:
    """Kept buckets (ascending) with their ``(rows, languages) int8`` weights, and what scales them."""

    buckets: npt.NDArray[np.uint32]
    weights: npt.NDArray[np.int8]
    scales: Floats
    bias: Floats


def fit(
    features: Features, labels: npt.NDArray[np.int64], *, classes: int, bits: int, power: float,
    epochs: float, batch: int = 2_048, rate: float = 0.5, decay: float = 2e-7,
    keep: npt.NDArray[np.int64] | None = None, weights: Floats | None = None, bias: Floats | None = None, seed: int = 1,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Weights ``(2 ** bits, classes)`` and bias; ``keep`` restricts training to those buckets.

    Duchi, Hazan and Singer (2011) for
    the step sizes; ``decay`` is an L2 penalty paid by the rows of a batch only.
    """
    random = np.random.default_rng(seed)
    table = np.zeros((1 << bits, classes), dtype=np.float32) if weights is None else weights
    squares = np.full((1 << bits, classes), 1e-3, dtype=np.float32)
    offset = np.zeros(classes, dtype=np.float32) if bias is None else bias
    allowed = None
    if keep is not None:
        allowed = np.zeros(1 << bits, dtype=bool)
        allowed[keep] = True
    steps = int(epochs * len(labels) / batch)
    order = random.permutation(len(labels))
    position = np.zeros(1 << bits, dtype=np.int32)
    for step in range(steps):
        start = step * batch % max(1, len(labels) - batch)
        if start < batch and step:
            order = random.permutation(len(labels))
        chosen = order[start : start + batch]
        matrix, rows = batch_matrix(features, chosen, power, position)
        part = table[rows]
        if allowed is not None:
            part *= allowed[rows, None]
        gradient = softmax(matrix @ part + offset, axis=1)
        gradient[np.arange(len(chosen)), labels[chosen]] -= 1
        down = matrix.T @ gradient
        now = rate * max(0.05, 1 - step / steps)
        past = squares[rows] + np.square(down)
        squares[rows] = past
        part -= now * (down / np.sqrt(past) + decay * batch * part)
        table[rows] = part
        offset -= now * 0.02 * gradient.mean(axis=0)
    if allowed is not None:
        table[~allowed] = 0
    return table, offset


def batch_matrix(
    features: Features, chosen: npt.NDArray[np.int64], power: float, position: npt.NDArray[np.int32]
) -> tuple[csr_matrix, npt.NDArray[np.int64]]:
    """Rows of the design matrix over only the buckets that occur in them; ``position`` is scratch."""
    sizes = features.starts[chosen + 1] - features.starts[chosen]
    ends = np.cumsum(sizes)
    flat = np.arange(ends[-1]) + np.repeat(features.starts[chosen] - (ends - sizes), sizes)
    buckets = features.buckets[flat]
    position[buckets] = 1
    rows = np.flatnonzero(position)
    position[rows] = np.arange(len(rows), dtype=np.int32)
    columns = position[buckets]
    position[rows] = 0
    values = np.repeat(np.maximum(sizes, 1).astype(np.float32) ** np.float32(-power), sizes)
    pointers = np.concatenate(([0], ends))
    return csr_matrix((values, columns, pointers), shape=(len(chosen), len(rows))), rows


def scores(features: Features, weights: Floats, bias: Floats, power: float, chunk: int = 8_192) -> Floats:
    """Scores of all examples, ``(n, classes)``."""
    position = np.zeros(len(weights), dtype=np.int32)
    parts = []
    for first in range(0, len(features.starts) - 1, chunk):
        chosen = np.arange(first, min(first + chunk, len(features.starts) - 1))
        matrix, rows = batch_matrix(features, chosen, power, position)
        parts.append(matrix @ weights[rows] + bias)
    return np.concatenate(parts)


def most_useful(weights: Floats, features: Features, amount: int) -> npt.NDArray[np.int64]:
    """Buckets that move scores most: spread of a row's weights times the root of its frequency."""
    frequency = np.bincount(features.buckets, minlength=len(weights))
    use = (weights - weights.mean(axis=1, keepdims=True)).std(axis=1) * np.sqrt(frequency)
    use[frequency < 3] = 0
    best = np.argsort(-use, kind="stable")[:amount]
    return np.sort(best[use[best] > 0])


def quantise(weights: Floats, bias: Floats, keep: npt.NDArray[np.int64]) -> Quantised:
    """Eight bits a weight, one scale a language; the largest thousandth of weights is clipped."""
    kept = weights[keep] - weights[keep].mean(axis=1, keepdims=True)
    scales = (np.quantile(np.abs(kept), 0.999, axis=0) / 127).astype(np.float32)
    rounded = np.clip(np.rint(kept / scales), -127, 127).astype(np.int8)
    return Quantised(buckets=keep.astype(np.uint32), weights=rounded, scales=scales, bias=bias)


def calibrate(raw: Floats, examples: Examples, sizes: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Find ``(a, b)`` such that softmax of ``raw * (a + b ln n)`` has the least log-loss on held-out examples."""
    logs = np.log(np.maximum(sizes, 1))[:, None]
    labels = examples.labels[:, None]

    def loss(values: npt.NDArray[np.float64]) -> float:
        logits = log_softmax(raw * (values[0] + values[1] * logs), axis=1)
        return float(-np.take_along_axis(logits, labels, axis=1).mean())

    best = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead", options={"maxiter": 80})
    return float(best.x[0]), float(best.x[1])
