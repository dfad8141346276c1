"""The model at run time: hashed n-grams with eight-bit weights, and lists of words, for each script."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from assistant.detection.ngrams import ngram_buckets, word_ngram_buckets
from knowledge.errors import UnavailableError

MODEL_PATH: Final = Path(__file__).parent / "model.npz"
STEPS_PER_NAT: Final = 16
"""A word's gain is stored in steps of a sixteenth of a nat."""

_REMEMBERED: Final = 8_192
"""Words of one script whose sums are kept: about 4 MiB for Latin script when full."""
_LONGEST_REMEMBERED: Final = 32

Floats = npt.NDArray[np.float32]


class DetectionModelError(UnavailableError):
    """The shipped language model is missing or damaged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WordTable:
    """How much likelier a word is in each language than a word never seen: ``ln(1 + p / floor)``, from counts.

    ``hashes`` are CRC-32 of the UTF-8 words, ascending; the gains of word ``i`` are
    ``gains[starts[i]:starts[i + 1]]`` (uint8, `STEPS_PER_NAT` to a nat) in the languages
    ``columns[...]``. A language not named gains nothing.
    """

    hashes: npt.NDArray[np.uint32]
    starts: npt.NDArray[np.uint32]
    columns: npt.NDArray[np.uint8]
    gains: npt.NDArray[np.uint8]

    def fill(self, words: Sequence[str], into: Floats) -> None:
        """Write the gains of each word, in steps, into its row of ``into``: ``(words, languages) float32`` of zeros."""
        if not len(self.hashes):
            return
        keys = np.array([zlib.crc32(word.encode("utf-8", "surrogatepass")) for word in words], dtype=np.uint32)
        places = self.hashes.searchsorted(keys)
        found = self.hashes.take(places, mode="clip") == keys
        for number in np.flatnonzero(found).tolist():
            first, last = self.starts[places[number] : places[number] + 2].tolist()
            into[number, self.columns[first:last]] = self.gains[first:last]


@dataclass(frozen=True, kw_only=True, slots=True)
class Mixture:
    """How n-grams and words are weighed together, fitted for the least log-loss.

    A text of ``n`` n-grams and ``k`` words scores ``(a + b ln n) * ngrams + weight * k ** -power * words
    + offset``; ``offset`` is ``(languages,) float32``.
    """

    sharpness: tuple[float, float]
    weight: float
    power: float
    offset: Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class ScriptModel:
    """Multinomial logistic regression over the n-grams of words in one script, and its words' gains.

    ``rows`` maps a bucket to a row of ``weights``; row 0 is all zeros and stands for every n-gram
    that training found to say little. ``weights`` is ``(rows, languages) int8``, ``scales`` and
    ``bias`` are ``(languages,) float32``. The n-gram scores of a text of ``n`` n-grams are
    ``bias + n ** -power * scales * sum``; ``mixture`` says how words come in. What a word adds to
    the sums is remembered for the next text, of so many words at most; it does not depend on
    what was asked before.
    """

    languages: tuple[str, ...]
    longest: int
    bits: int
    power: float
    rows: npt.NDArray[np.uint32]
    weights: npt.NDArray[np.int8]
    scales: Floats
    bias: Floats
    words: WordTable
    mixture: Mixture
    _remembered: dict[str, tuple[int, Floats]] = field(default_factory=dict, init=False, compare=False, repr=False)

    def scores(self, words: Sequence[str]) -> Floats:
        """Calibrated log-odds of every language, ``(languages,) float32``; softmax makes probabilities."""
        classes = len(self.languages)
        size, sums = self.sums(words)
        mixture = self.mixture
        raw = self.bias + sums[:classes] * (self.scales * np.float32(size**-self.power))
        raw *= np.float32(mixture.sharpness[0] + mixture.sharpness[1] * log(size))
        raw += sums[classes:] * np.float32(mixture.weight * len(words) ** -mixture.power / STEPS_PER_NAT)
        raw += mixture.offset
        scores: Floats = raw
        return scores

    def sums(self, words: Sequence[str]) -> tuple[int, Floats]:
        """Count the n-grams of all the words, and sum weights, then gains in steps: ``(2 * languages,) float32``.

        Both are sums of numbers that float32 holds exactly, so the order of words is immaterial.
        """
        remembered = self._remembered
        try:
            known = [remembered[word] for word in words]
        except KeyError:
            # What is there is taken at once: another thread may make room for its own words.
            held = {word: remembered.get(word) for word in words}
            new = self._learn([word for word, part in held.items() if part is None])
            known = [held[word] or new[word] for word in words]
        if len(known) == 1:
            return known[0]
        size = 0
        sums = np.zeros(2 * len(self.languages), dtype=np.float32)
        for count, part in known:
            size += count
            sums += part
        return size, sums

    def _learn(self, words: list[str]) -> dict[str, tuple[int, Floats]]:
        classes = len(self.languages)
        found = np.zeros((len(words), 2 * classes), dtype=np.float32)
        if len(words) == 1:
            buckets = ngram_buckets(f" {words[0]} ", longest=self.longest, bits=self.bits)
            sizes = [len(buckets)]
            table = self.weights.take(self.rows.take(buckets), axis=0).astype(np.float32)
            found[0, :classes] = np.ones(len(buckets), dtype=np.float32) @ table
        else:
            buckets, owners = word_ngram_buckets(words, longest=self.longest, bits=self.bits)
            table = self.weights.take(self.rows.take(buckets), axis=0).astype(np.float32)
            belongs = owners == np.arange(len(words), dtype=owners.dtype)[:, None]
            sizes = np.count_nonzero(belongs, axis=1).tolist()
            found[:, :classes] = belongs.astype(np.float32) @ table
        self.words.fill(words, found[:, classes:])
        learnt = {word: (size, part) for word, size, part in zip(words, sizes, found, strict=True)}
        self._remember(learnt)
        return learnt

    def _remember(self, learnt: dict[str, tuple[int, Floats]]) -> None:
        if len(self._remembered) + len(learnt) > _REMEMBERED:
            self._remembered.clear()
        for word, (size, sums) in learnt.items():
            if len(word) <= _LONGEST_REMEMBERED:
                self._remembered[word] = (size, sums.copy())


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
    languages, longest, bits, power = (meta[key] for key in ("languages", "longest", "bits", "power"))
    if not (
        isinstance(languages, list) and isinstance(longest, int) and isinstance(bits, int) and isinstance(power, float)
    ):
        raise ValueError(f"the description of script {name} has wrong types")
    buckets = arrays[f"{name}.buckets"].astype(np.int64, copy=False)
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
        rows=rows,
        weights=np.concatenate((np.zeros((1, len(languages)), dtype=np.int8), weights.astype(np.int8, copy=False))),
        scales=arrays[f"{name}.scales"].astype(np.float32, copy=False),
        bias=arrays[f"{name}.bias"].astype(np.float32, copy=False),
        words=_words(arrays, name),
        mixture=_mixture(meta["mixture"], arrays[f"{name}.offset"].astype(np.float32, copy=False)),
    )


def _words(arrays: Mapping[str, npt.NDArray[np.generic]], name: str) -> WordTable:
    sizes = arrays[f"{name}.words.sizes"].astype(np.int64, copy=False)
    # Hashes lie nearly evenly; their differences pack better than they do.
    return WordTable(
        hashes=np.cumsum(arrays[f"{name}.words.steps"].astype(np.uint32, copy=False), dtype=np.uint32),
        starts=np.concatenate(([0], np.cumsum(sizes))).astype(np.uint32),
        columns=arrays[f"{name}.words.columns"].astype(np.uint8, copy=False),
        gains=arrays[f"{name}.words.gains"].astype(np.uint8, copy=False),
    )


def _mixture(meta: object, offset: Floats) -> Mixture:
    if not isinstance(meta, dict):
        raise TypeError(f"expected the mixture as an object, got {meta!r}")
    first, second = meta["sharpness"]
    return Mixture(
        sharpness=(float(first), float(second)), weight=float(meta["weight"]), power=float(meta["power"]), offset=offset
    )
