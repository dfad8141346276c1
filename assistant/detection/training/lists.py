"""Lists of words for the model: how much likelier each word is in each language than one never seen."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from assistant.detection.linear import STEPS_PER_NAT
from assistant.detection.training.corpus import Corpus
from assistant.detection.words import words_in_script

TERM_COUNTS: Final = 3
"""A dictionary entry counts as much as so many occurrences in text."""
OBVIOUS: Final = 0.98
WHOLE_FROM: Final = 6
"""A word of so many languages is stored with every language, most gaining nothing: one piece is read at once."""
_LONGEST: Final = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class PackedWords:
    """A word table as it is stored: steps between ascending hashes, entries of each word, columns, gains."""

    steps: npt.NDArray[np.uint32]
    sizes: npt.NDArray[np.uint8]
    columns: npt.NDArray[np.uint8]
    gains: npt.NDArray[np.uint8]


def count_words(corpus: Corpus, script: str, languages: tuple[str, ...]) -> dict[str, Counter[str]]:
    """Count the words of each language's lines and dictionary entries in one script."""
    counts: dict[str, Counter[str]] = {}
    for language in languages:
        found = counts[language] = Counter()
        for line in corpus.lines.get(language, []):
            found.update(words_in_script(line, script))
        for term in corpus.terms.get(language, []):
            for word in words_in_script(term, script):
                found[word] += TERM_COUNTS
    return counts


def word_gains(
    counts: Mapping[str, Counter[str]], languages: tuple[str, ...], *, floor: float, discount: float
) -> dict[str, npt.NDArray[np.float32]]:
    """Gains of every counted word, ``(languages,) float32`` in nats: ``ln(1 + (count - discount) / total / floor)``.

    ``discount`` is what absolute discounting keeps back for unseen words (Ney, Essen and Kneser, 1994):
    without it a word seen once speaks loudest for the language with the least text.
    """
    gains: dict[str, npt.NDArray[np.float32]] = {}
    for column, language in enumerate(languages):
        total = max(1, sum(counts[language].values()))
        for word, count in counts[language].items():
            if len(word) <= _LONGEST:
                row = gains.get(word)
                if row is None:
                    row = gains[word] = np.zeros(len(languages), dtype=np.float32)
                row[column] = np.log1p((count - discount) / total / floor)
    return gains


def telling(
    words: list[str], gains: Mapping[str, npt.NDArray[np.float32]], scores: npt.NDArray[np.float32]
) -> dict[str, npt.NDArray[np.float32]]:
    """Leave out words of one language that n-grams alone (``scores``, one row a word) are sure to be of it."""
    chances = softmax(scores, axis=1)
    kept = {}
    for word, chance in zip(words, chances, strict=True):
        row = gains[word]
        if np.count_nonzero(row) > 1 or chance[int(row.argmax())] < OBVIOUS:
            kept[word] = row
    return kept


def pack(gains: Mapping[str, npt.NDArray[np.float32]]) -> PackedWords:
    """Quantise and sort; of two words with one hash the first in the alphabet stays."""
    by_hash: dict[int, npt.NDArray[np.float32]] = {}
    for word in sorted(gains):
        by_hash.setdefault(zlib.crc32(word.encode("utf-8")), gains[word])
    hashes = sorted(by_hash)
    sizes, columns, packed = [], [], []
    for key in hashes:
        row = np.minimum(np.rint(by_hash[key] * STEPS_PER_NAT), 255).astype(np.uint8)
        places = np.flatnonzero(row)
        if len(places) >= WHOLE_FROM:
            places = np.arange(len(row))
        sizes.append(len(places))
        columns.append(places.astype(np.uint8))
        packed.append(row[places])
    return PackedWords(
        steps=np.diff(np.array([0, *hashes], dtype=np.int64)).astype(np.uint32),
        sizes=np.array(sizes, dtype=np.uint8),
        columns=np.concatenate(columns) if columns else np.zeros(0, dtype=np.uint8),
        gains=np.concatenate(packed) if packed else np.zeros(0, dtype=np.uint8),
    )
