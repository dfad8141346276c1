"""Kinship of tokens: the letter n-grams that tokens share, in their own script, in Latin letters and by consonants.

Most tokens are rare: a form of a word may stand in a handful of sentences. During training a token's vector is
its own plus the sum of its n-grams' (as in fastText, Bojanowski et al. 2017, https://arxiv.org/abs/1607.04606),
so that forms of a word teach one another; n-grams of the transliteration do so across scripts, for names and
loanwords. When training ends the sum is written down per token: the model holds no n-grams.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import scipy.sparse

# Scripts in which one character is a syllable or a word.
_DENSE = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_LATIN_END = 0x250
_NOT_LETTER = re.compile("[^a-z]")
_WEAK = re.compile("[aeiouh]")
_DOUBLED = re.compile(r"(.)\1+")
# Spellings of one sound in the usual transliterations.
_SOUNDS = (
    ("ph", "f"),
    ("kh", "h"),
    ("th", "t"),
    ("c", "k"),
    ("q", "k"),
    ("w", "v"),
    ("y", "i"),
    ("z", "s"),
    ("x", "ks"),
)
_FEWEST_CONSONANTS = 3


def kin(piece: str) -> set[str]:
    """Return the n-grams of a vocabulary piece, marked by kind; ``▁`` opens a word and counts as a character."""
    from anyascii import anyascii

    start = "<" if piece.startswith("▁") else ""
    letters = piece.replace("▁", "")
    if not letters:
        return set()
    is_latin = all(ord(character) < _LATIN_END for character in letters)
    latin = _NOT_LETTER.sub("", anyascii(letters).lower())
    grams: set[str] = set()
    if not is_latin:
        is_dense = _DENSE.search(letters) is not None
        grams |= _grams("n", letters if is_dense else start + letters, (1, 2) if is_dense else (3, 4))
    if latin:
        grams |= _grams("r", start + latin, (3, 4, 5) if is_latin else (3, 4))
        consonants = latin
        for spelling, sound in _SOUNDS:
            consonants = consonants.replace(spelling, sound)
        consonants = _DOUBLED.sub(r"\1", _WEAK.sub("", consonants))
        if len(consonants) >= _FEWEST_CONSONANTS:
            grams |= _grams("k", start + consonants, (3, 4))
    return grams


def _grams(kind: str, text: str, widths: tuple[int, ...]) -> set[str]:
    return {kind + text[start : start + width] for width in widths for start in range(len(text) - width + 1)}


def kinship(tokenizer: Path) -> scipy.sparse.csr_array:
    """Return the (tokens, n-grams) matrix of a tokenizer's vocabulary: 1/√n for each of a token's n n-grams.

    N-grams of one token only are left out; the unknown piece, 0, has none.
    """
    import scipy.sparse

    pieces = json.loads(tokenizer.read_text(encoding="utf-8"))["model"]["vocab"]
    grams = [set[str]()] + [kin(piece) for piece, _ in pieces[1:]]
    counts = Counter(gram for some in grams for gram in some)
    column = {gram: place for place, gram in enumerate(sorted(gram for gram, count in counts.items() if count > 1))}
    rows = [sorted(column[gram] for gram in some if gram in column) for some in grams]
    sizes: NDArray[np.int64] = np.array([len(row) for row in rows])
    values = np.repeat(1 / np.sqrt(np.maximum(sizes, 1)), sizes).astype(np.float32)
    columns = np.array([place for row in rows for place in row], dtype=np.int32)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    return scipy.sparse.csr_array((values, columns, starts), shape=(len(rows), len(column)))
