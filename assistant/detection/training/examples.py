"""Short examples cut out of the corpus: single words, neighbouring pairs, fragments; balanced by language."""

from __future__ import annotations

import zlib
from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from assistant.detection.ngrams import many_ngram_buckets
from assistant.detection.training.corpus import Corpus
from assistant.detection.training.wear import worn
from assistant.detection.words import words_in_script

KINDS: Final = ("word", "pair", "fragment")
_HELD_OUT_SHARE: Final = 40
"""One in so many words, pairs and lines is kept for calibration, chosen by checksum."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Examples:
    """Padded texts, the number of each one's language, and its kind (index into `KINDS`)."""

    languages: tuple[str, ...]
    texts: list[str]
    labels: npt.NDArray[np.int64]
    kinds: npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Features:
    """N-grams of examples as a flat list; those of example ``i`` are ``buckets[starts[i]:starts[i + 1]]``."""

    buckets: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]


def cut_examples(
    corpus: Corpus, script: str, languages: tuple[str, ...], *, amounts: tuple[int, int, int],
    minor: frozenset[str] = frozenset(), frequency: float = 0.3, seed: int,
) -> tuple[Examples, Examples]:  # fmt: skip
    """Training and held-out examples of one script; ``amounts`` of words, pairs, fragments per language.

    Of ``minor`` languages a quarter is drawn: they are learnt without pulling the border between
    greater ones (Galician that between Spanish and Portuguese), and found when the text is clear.
    Single words are drawn by the power ``frequency`` of theirs: rare ones must be seen, frequent ones more often.
    """
    english = _frequencies(corpus, "en", script) if "en" in languages else Counter[str]()
    english_total = max(1, sum(english.values()))
    train: list[tuple[str, int, int]] = []
    held: list[tuple[str, int, int]] = []
    for label, language in enumerate(languages):
        random = np.random.default_rng([seed, label])
        share = 4 if language in minor else 1
        lines = [kept for line in corpus.lines.get(language, []) if (kept := words_in_script(line, script))]
        terms = [kept for line in corpus.terms.get(language, []) if (kept := words_in_script(line, script))]
        counts = Counter(word for line in lines for word in line if len(word) < 40)
        for term in terms:
            for word in term:
                counts[word] += 3
        if script == "han":
            counts = _runs(counts)
        if language != "en" and english:
            total = max(1, sum(counts.values()))
            international = set(corpus.international)
            for word in list(counts):
                borrowed = english.get(word, 0) / english_total > 4 * counts[word] / total
                if word in international or (borrowed and len(word) > 3):
                    del counts[word]
        words = _draw_words(counts, amounts[0] // share, frequency, random)
        _take(train, held, worn(words, script, language, random), label, 0)
        if script == "han":
            _take(train, held, [text for line in lines for text in line], label, 2)
            continue
        pairs = _draw_windows(lines, amounts[1] // share, (2, 2), random)
        pairs += _draw_pairs(counts, amounts[1] // share // 2, frequency, random)
        _take(train, held, worn(pairs, script, language, random), label, 1)
        fragments = _draw_windows(lines + terms, amounts[2] // share, (3, 12), random)
        _take(train, held, worn(fragments, script, language, random), label, 2)
    return _pack(languages, train), _pack(languages, held)


def extract(examples: Examples, *, longest: int, bits: int) -> Features:
    """N-gram buckets of all examples."""
    return extract_texts(examples.texts, longest=longest, bits=bits)


def extract_texts(padded: list[str], *, longest: int, bits: int, chunk: int = 20_000) -> Features:
    """N-gram buckets of texts with a space around them."""
    buckets: list[npt.NDArray[np.int32]] = []
    sizes: list[npt.NDArray[np.int64]] = []
    for first in range(0, len(padded), chunk):
        texts = padded[first : first + chunk]
        found, owners = many_ngram_buckets(texts, longest=longest, bits=bits)
        buckets.append(found.astype(np.int32))
        sizes.append(np.bincount(owners, minlength=len(texts)).astype(np.int64))
    return Features(
        buckets=np.concatenate(buckets), starts=np.concatenate(([0], np.cumsum(np.concatenate(sizes)))).astype(np.int64)
    )


def _frequencies(corpus: Corpus, language: str, script: str) -> Counter[str]:
    return Counter(word for line in corpus.lines.get(language, []) for word in words_in_script(line, script))


def _runs(counts: Counter[str]) -> Counter[str]:
    """Ideographs alone and in twos: what a short message in Chinese consists of."""
    pieces: Counter[str] = Counter()
    for word, count in counts.items():
        for size in (1, 2, 3):
            for first in range(len(word) - size + 1):
                pieces[word[first : first + size]] += count
    return pieces


def _draw_words(counts: Counter[str], amount: int, frequency: float, random: np.random.Generator) -> list[str]:
    words = [word for word in counts if len(word) > 1 or counts[word] > 5]
    if not words:
        return []
    weights = np.array([counts[word] for word in words], dtype=np.float64) ** frequency
    drawn = random.choice(len(words), size=min(amount, 5 * len(words)), p=weights / weights.sum())
    return [words[index] for index in drawn]


def _draw_pairs(counts: Counter[str], amount: int, frequency: float, random: np.random.Generator) -> list[str]:
    words = _draw_words(counts, 2 * amount, frequency, random)
    return [" ".join(pair) for pair in zip(words[::2], words[1::2], strict=False)]


def _draw_windows(
    lines: list[list[str]], amount: int, lengths: tuple[int, int], random: np.random.Generator
) -> list[str]:
    """Windows of neighbouring words, as long as ``lengths`` allows."""
    usable = [line for line in lines if len(line) >= lengths[0]]
    if not usable:
        return []
    texts = []
    for index in random.integers(0, len(usable), size=min(amount, 4 * len(usable))):
        line = usable[index]
        size = min(int(random.integers(lengths[0], lengths[1] + 1)), len(line))
        first = int(random.integers(0, len(line) - size + 1))
        texts.append(" ".join(line[first : first + size]))
    return texts


def _take(
    train: list[tuple[str, int, int]], held: list[tuple[str, int, int]], texts: list[str], label: int, kind: int
) -> None:
    for text in texts:
        into = held if zlib.crc32(text.encode()) % _HELD_OUT_SHARE == 0 else train
        into.append((f" {text} ", label, kind))


def _pack(languages: tuple[str, ...], rows: list[tuple[str, int, int]]) -> Examples:
    return Examples(
        languages=languages,
        texts=[row[0] for row in rows],
        labels=np.array([row[1] for row in rows], dtype=np.int64),
        kinds=np.array([row[2] for row in rows], dtype=np.int64),
    )
