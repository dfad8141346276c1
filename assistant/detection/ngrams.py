"""Character n-grams as numbers: hashes that are the same in every process and on every machine."""

from __future__ import annotations

from collections.abc import Sequence
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


def ngram_buckets(text: str, *, longest: int, bits: int) -> npt.NDArray[np.uint32]:
    """Bucket numbers below ``2**bits`` of all n-grams of one text, orders 1 to ``longest``.

    ``text`` is folded words, single spaces between and around them: the space marks the edge of a
    word and never stands inside an n-gram.
    """
    points = codes(text)
    letters = points != SPACE
    rolling = points * _SPREAD
    gram = rolling
    inside = letters[1:-1]
    valid = inside
    kept = [gram[letters]]
    for order in range(2, longest + 1):
        if order > len(points):
            break
        gram = gram[:-1] * _STEP + rolling[order - 1 :]
        if order == 2:
            kept.append(gram)
            continue
        if order > 3:
            valid = valid[:-1] & inside[order - 3 :]
        kept.append(gram[valid])
    return _finish(np.concatenate(kept), bits)


def word_ngram_buckets(
    words: Sequence[str], *, longest: int, bits: int
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int32]]:
    """Buckets of all n-grams of several words, as `ngram_buckets` gives for each, and the number of its word."""
    points = codes(" " + " ".join(words) + " ")
    letters = points != SPACE
    owner = np.cumsum(~letters, dtype=np.int32)
    owner -= 1
    rolling = points * _SPREAD
    gram = rolling
    inside = letters[1:-1]
    valid = inside
    grams = [gram[letters]]
    owners = [owner[letters]]
    for order in range(2, longest + 1):
        if order > len(points):
            break
        gram = gram[:-1] * _STEP + rolling[order - 1 :]
        if order == 2:
            grams.append(gram)
            owners.append(owner[:-1])
            continue
        if order > 3:
            valid = valid[:-1] & inside[order - 3 :]
        grams.append(gram[valid])
        owners.append(owner[: len(gram)][valid])
    return _finish(np.concatenate(grams), bits), np.concatenate(owners)


def many_ngram_buckets(
    texts: Sequence[str], *, longest: int, bits: int
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int32]]:
    """Buckets of all n-grams of many texts, and for each the number of its text (ascending)."""
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
