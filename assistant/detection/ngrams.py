"""Character n-grams as numbers: hashes that are the same in every process and on every machine."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from assistant.detection.scripts import codes

SPACE: Final = 0x20
BREAK: Final = 0x0A
"""Stands between examples when many are hashed at once; no n-gram touches it."""

# Odd multipliers of Knuth's and MurmurHash3's mixing steps, modulo 2**32.
_SPREAD: Final = np.uint32(0x9E3779B1)
_STEP: Final = np.uint32(0x85EBCA6B)
_FINISH: Final = np.uint32(0xC2B2AE35)
_SHIFT: Final = np.uint32(15)


def word_ngram_buckets(words: Sequence[str], *, longest: int, bits: int) -> tuple[npt.NDArray[np.uint32], list[int]]:
    """Bucket numbers below ``2**bits`` of all n-grams of each word, word after word, and how many each has.

    Orders 1 to ``longest``. ``words`` are folded and hold no space: a space stands before and behind each,
    marks its edges and never stands inside an n-gram or alone. An n-gram is the difference of two sums of
    characters, each times a power of the step's inverse (after Karp and Rabin, 1987), so that one
    subtraction makes those of all orders.
    """
    shapes = [_inside(len(word), longest) for word in words]
    places = sum(map(len, words)) + len(words)
    factors, powers = _powers(longest, 1 << (places + longest).bit_length())
    # One space more in front, whose sum the first n-gram subtracts, and enough behind for the last window.
    points = codes(f"  {' '.join(words)}{' ' * (longest - 1)}")
    sums = np.add.accumulate(points * factors[: len(points)], dtype=np.uint32)
    ends: npt.NDArray[np.uint32] = np.ndarray((places, longest), dtype=np.uint32, buffer=sums, offset=4, strides=(4, 4))
    grams = ends - sums[:places, None]
    grams *= powers[:places]
    kept = grams.ravel()[np.frombuffer(b"".join([inside for inside, _ in shapes]), dtype=np.bool_)]
    return _finish(kept, bits), [size for _, size in shapes]


@lru_cache(maxsize=1_024)
def _inside(length: int, longest: int) -> tuple[bytes, int]:
    """Which n-grams from the space before a word of ``length`` and from each letter end in it or after it; how many."""
    grid = np.add.outer(np.arange(length + 1), np.arange(longest)) <= length + 1
    grid[0, 0] = False
    return grid.tobytes(), int(np.count_nonzero(grid))


@lru_cache(maxsize=32)
def _powers(longest: int, size: int) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """Factors of ``size`` characters, and of the n-grams at ``size`` places in orders 1 to ``longest``."""
    inverse, step = pow(int(_STEP), -1, 1 << 32), int(_STEP)
    factors, powers = [int(_SPREAD)], [step]
    for _ in range(size + longest):
        factors.append(factors[-1] * inverse % (1 << 32))
        powers.append(powers[-1] * step % (1 << 32))
    places = np.add.outer(np.arange(size), np.arange(longest))
    return np.array(factors, dtype=np.uint32), np.array(powers, dtype=np.uint32)[places]


def many_ngram_buckets(
    texts: Sequence[str], *, longest: int, bits: int
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int32]]:
    """Buckets of all n-grams of many texts, and for each the number of its text (ascending).

    A text is words with single spaces between and around them; its n-grams are what `word_ngram_buckets` gives.
    """
    points = codes(chr(BREAK).join(texts) + chr(BREAK))
    breaks = points == BREAK
    owner = np.cumsum(breaks, dtype=np.int32)
    letters = points != SPACE
    rolling = points * _SPREAD
    gram = rolling
    grams = [gram[letters & ~breaks]]
    owners = [owner[letters & ~breaks]]
    whole = ~breaks
    valid = np.ones(len(points), dtype=bool)
    for order in range(2, longest + 1):
        size = len(points) - order + 1
        if size <= 0:
            break
        gram = gram[:-1] * _STEP + rolling[order - 1 :]
        whole = whole[:-1] & ~breaks[order - 1 :]
        valid = valid[:size]
        if order > 2:
            valid = valid & letters[order - 2 : order - 2 + size]
        chosen = whole & valid
        grams.append(gram[chosen])
        owners.append(owner[:size][chosen])
    every = np.concatenate(owners)
    by_text = np.argsort(every, kind="stable")
    return _finish(np.concatenate(grams), bits)[by_text], every[by_text]


def _finish(grams: npt.NDArray[np.uint32], bits: int) -> npt.NDArray[np.uint32]:
    grams ^= grams >> _SHIFT
    grams *= _FINISH
    grams >>= np.uint32(32 - bits)
    return grams
