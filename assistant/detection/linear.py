"""The model at run time: hashed n-grams with eight-bit weights, and lists of words, for each script."""

from __future__ import annotations

import json
import zlib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import log
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from assistant.detection.ngrams import word_ngram_buckets
from knowledge.errors import UnavailableError

MODEL_PATH: Final = Path(__file__).parent / "model.npz"
STEPS_PER_NAT: Final = 16
"""A word's gain is stored in steps of a sixteenth of a nat."""
PREFIX_BITS: Final = 14
"""Listed words are looked for among those whose checksums begin with the same bits: 33 of Latin script."""

_REMEMBERED: Final = 8_192
"""Words of one script whose sums are kept: about 4 MiB for Latin script when full."""
_LONGEST_REMEMBERED: Final = 32

Floats = npt.NDArray[np.float32]


class DetectionModelError(UnavailableError):
    """The shipped language model is missing or damaged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WordTable:
    """How much likelier a word is in each language than a word never seen: ``ln(1 + p / floor)``, from counts.

    ``hashes`` are CRC-32 of the UTF-8 words, ascending, those that begin with the bits ``b`` from place
    ``begins[b]`` on; the gains of word ``i`` are ``gains[starts[i]:starts[i + 1]]`` (`STEPS_PER_NAT` to a nat)
    in the languages ``columns[...]``; a language not named gains nothing. Views and bytes: a few words are
    found faster in those than in arrays.
    """

    languages: int
    hashes: memoryview
    begins: memoryview
    starts: memoryview
    columns: bytes
    gains: bytes

    def of(self, words: Sequence[str]) -> npt.NDArray[np.uint8]:
        """Give the gains of each word, in steps: ``(words, languages) uint8``."""
        hashes, begins, starts, languages = self.hashes, self.begins, self.starts, self.languages
        found = bytearray(len(words) * languages)
        for number, word in enumerate(words):
            key = zlib.crc32(word.encode("utf-8", "surrogatepass"))
            prefix = key >> 32 - PREFIX_BITS
            end = begins[prefix + 1]
            place = bisect_left(hashes, key, begins[prefix], end)
            if place == end or hashes[place] != key:
                continue
            first, last = starts[place], starts[place + 1]
            row = number * languages
            if last - first == languages:
                found[row : row + languages] = self.gains[first:last]
            else:
                for column, gain in zip(self.columns[first:last], self.gains[first:last], strict=True):
                    found[row + column] = gain
        return np.frombuffer(found, dtype=np.uint8).reshape(len(words), languages)


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
        # What is there is taken at once: another thread may make room for its own words.
        held = list(map(self._remembered.get, words))
        known = [part for part in held if part is not None]
        if len(known) < len(held):
            new = self._learn(list(dict.fromkeys([word for word, part in zip(words, held, strict=True) if not part])))
            known = [part or new[word] for word, part in zip(words, held, strict=True)]
        if len(known) == 1:
            return known[0]
        size = 0
        sums = np.zeros(2 * len(self.languages), dtype=np.float32)
        for count, part in known:
            size += count
            sums += part
        return size, sums

    def _learn(self, words: list[str]) -> dict[str, tuple[int, Floats]]:
        buckets, sizes = word_ngram_buckets(words, longest=self.longest, bits=self.bits)
        table = self.weights.take(self.rows.take(buckets), axis=0).astype(np.float32)
        found = np.empty((len(words), 2 * len(self.languages)), dtype=np.float32)
        np.matmul(_blocks(sizes), table, out=found[:, : len(self.languages)])
        found[:, len(self.languages) :] = self.words.of(words)
        learnt = {word: (size, part) for word, size, part in zip(words, sizes, found, strict=True)}
        self._remember(learnt)
        return learnt

    def _remember(self, learnt: dict[str, tuple[int, Floats]]) -> None:
        if len(self._remembered) + len(learnt) > _REMEMBERED:
            self._remembered.clear()
        if max(map(len, learnt)) <= _LONGEST_REMEMBERED:
            self._remembered.update(learnt)
            return
        # Copied: a row kept would keep those of the long words as well.
        for word, (size, sums) in learnt.items():
            if len(word) <= _LONGEST_REMEMBERED:
                self._remembered[word] = (size, sums.copy())


def _blocks(sizes: Sequence[int]) -> Floats:
    """Ones where a row's word owns the n-gram of the column, zeros elsewhere: ``(words, n-grams) float32``."""
    total = sum(sizes)
    # From the end of one row's ones to the beginning of the next row's it is always one row.
    flat = bytes(4 * total).join([_one_bytes(size) for size in sizes])
    return np.frombuffer(flat, dtype=np.float32).reshape(len(sizes), total)


@lru_cache(maxsize=1_024)
def _one_bytes(size: int) -> bytes:
    return np.ones(size, dtype=np.float32).tobytes()


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
    # Hashes lie nearly evenly; their differences pack better than they do.
    hashes = np.cumsum(arrays[f"{name}.words.steps"].astype(np.uint32, copy=False), dtype=np.uint32)
    sizes = arrays[f"{name}.words.sizes"].astype(np.uint8, copy=False)
    prefixes = np.arange((1 << PREFIX_BITS) + 1, dtype=np.uint64) << np.uint64(32 - PREFIX_BITS)
    starts = np.zeros(len(sizes) + 1, dtype=np.uint32)
    np.cumsum(sizes, dtype=np.uint32, out=starts[1:])
    return WordTable(
        languages=len(arrays[f"{name}.bias"]),
        hashes=hashes.data,
        begins=hashes.searchsorted(prefixes).astype(np.uint32).data,
        starts=starts.data,
        columns=arrays[f"{name}.words.columns"].astype(np.uint8, copy=False).tobytes(),
        gains=arrays[f"{name}.words.gains"].astype(np.uint8, copy=False).tobytes(),
    )


def _mixture(meta: object, offset: Floats) -> Mixture:
    if not isinstance(meta, dict):
        raise TypeError(f"expected the mixture as an object, got {meta!r}")
    first, second = meta["sharpness"]
    return Mixture(
        sharpness=(float(first), float(second)), weight=float(meta["weight"]), power=float(meta["power"]), offset=offset
    )
