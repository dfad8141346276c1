"""The linear model at run time: hashed n-grams, one table of eight-bit weights for each script."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from assistant.detection.ngrams import ngram_buckets
from knowledge.errors import UnavailableError

MODEL_PATH: Final = Path(__file__).parent / "model.npz"


class DetectionModelError(UnavailableError):
    """The shipped language model is missing or damaged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScriptModel:
    """Multinomial logistic regression over the n-grams of words in one script.

    ``rows`` maps a bucket to a row of ``weights``; row 0 is all zeros and stands for every n-gram
    that training found to say little. ``weights`` is ``(rows, languages) int8``, ``scales`` and
    ``bias`` are ``(languages,) float32``. Scores of a text of ``n`` n-grams are
    ``bias + n ** -power * scales * sum``; ``sharpness`` ``(a, b)`` multiplies them by
    ``a + b * ln(n)`` so that the softmax is a calibrated probability; ``prior`` is added last.
    """

    languages: tuple[str, ...]
    longest: int
    bits: int
    power: float
    sharpness: tuple[float, float]
    rows: npt.NDArray[np.uint32]
    weights: npt.NDArray[np.int8]
    scales: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    prior: npt.NDArray[np.float32]

    def scores(self, words: list[str]) -> npt.NDArray[np.float32]:
        """Calibrated log-odds of every language, ``(languages,) float32``; softmax makes probabilities."""
        buckets = ngram_buckets(" " + " ".join(words) + " ", longest=self.longest, bits=self.bits)
        size = len(buckets)
        rows = self.rows.take(buckets)
        # float32 holds these sums of small integers exactly, so the order of addition is immaterial.
        total = np.ones(size, dtype=np.float32) @ self.weights.take(rows, axis=0).astype(np.float32)
        raw = self.bias + total * (self.scales * np.float32(size**-self.power))
        sharpness = np.float32(self.sharpness[0] + self.sharpness[1] * log(size))
        sharp: npt.NDArray[np.float32] = raw * sharpness + self.prior
        return sharp


@dataclass(frozen=True, kw_only=True, slots=True)
class LinearModel:
    """Script models by script, and two kinds of words that say less than their letters do.

    ``international`` words are the same in most languages (``online``); ``english`` ones are
    common in English, which customers of every language borrow from (``refund``, ``error``).
    """

    scripts: Mapping[str, ScriptModel]
    international: frozenset[str]
    english: frozenset[str]


def load_model(path: Path = MODEL_PATH) -> LinearModel:
    """Read a model file written by ``python -m assistant.detection.training``.

    Raises `DetectionModelError` if the file is missing or is not such a model.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            meta = json.loads(arrays["meta"].tobytes())
            scripts = {name: _script(meta["scripts"][name], arrays, name) for name in meta["scripts"]}
        return LinearModel(
            scripts=scripts,
            international=frozenset(meta["international"].split()),
            english=frozenset(meta["english"].split()),
        )
    except (OSError, KeyError, ValueError, TypeError, BadZipFile) as exc:
        raise DetectionModelError(
            f"expected the language model at {path}, found none that can be read ({exc}); "
            "reinstall faq-assistant, or train one: python -m assistant.detection.training --data DIR --out FILE"
        ) from exc


def _script(meta: Mapping[str, object], arrays: Mapping[str, npt.NDArray[np.generic]], name: str) -> ScriptModel:
    languages, longest, bits, power, sharpness = (
        meta[key] for key in ("languages", "longest", "bits", "power", "sharpness")
    )
    if not (
        isinstance(languages, list) and isinstance(longest, int) and isinstance(bits, int)
        and isinstance(power, float) and isinstance(sharpness, list)
    ):  # fmt: skip
        raise ValueError(f"the description of script {name} has wrong types")
    buckets = arrays[f"{name}.buckets"].astype(np.int64)
    weights = arrays[f"{name}.weights"]
    if weights.shape != (len(buckets), len(languages)) or weights.dtype != np.int8:
        raise ValueError(f"weights of script {name} have shape {weights.shape} {weights.dtype}")
    rows = np.zeros(1 << bits, dtype=np.uint32)
    rows[buckets] = np.arange(1, len(buckets) + 1, dtype=np.uint32)
    return ScriptModel(
        languages=tuple(languages),
        longest=longest,
        bits=bits,
        power=power,
        sharpness=(float(sharpness[0]), float(sharpness[1])),
        rows=rows,
        weights=np.concatenate((np.zeros((1, len(languages)), dtype=np.int8), weights.astype(np.int8))),
        scales=arrays[f"{name}.scales"].astype(np.float32),
        bias=arrays[f"{name}.bias"].astype(np.float32),
        prior=arrays[f"{name}.prior"].astype(np.float32),
    )
