"""Misspelt copies of training texts: slips of the finger, missing marks and spaces, foreign keyboards."""

from __future__ import annotations

import unicodedata
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.training.data import Corpus
from index.training.tokenizer import tokenize

COPIES = 400_000
"""Texts copied; those that come out as they were are dropped."""

_LONG_ENOUGH = 4
"""Letters of a word that may hold a slip."""

_LETTERS_PER_SLIP = 20
_UNMARKED = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe"})
_WITHOUT_BELARUSIAN_KEYS = str.maketrans({"ў": "у", "і": "и", "Ў": "У", "І": "И", "’": "ъ", "'": "ъ"})
_LATINISED = frozenset({"ru", "uk", "be", "be-tarask", "bg", "mk", "sr", "el", "kk", "ky", "mn"})
_LATIN_SHARE = 0.35
_UNMARKED_SHARE = 0.35
_JOINED_SHARE = 0.15


def misspelt(text: str, language: str, generator: np.random.Generator) -> str:
    """Return the text as a hurried customer may have typed it."""
    from anyascii import anyascii

    draw = generator.random()
    if language in _LATINISED and draw < _LATIN_SHARE:
        return anyascii(text)
    if language.startswith("be") and draw < 2 * _LATIN_SHARE:
        return text.translate(_WITHOUT_BELARUSIAN_KEYS)
    bare = unmarked(text)
    if bare != text and draw < _UNMARKED_SHARE:
        return bare
    words = text.split(" ")
    if len(words) > 2 and generator.random() < _JOINED_SHARE:
        place = int(generator.integers(len(words) - 1))
        words[place : place + 2] = [words[place] + words[place + 1]]
    for _ in range(1 + len(text) // _LETTERS_PER_SLIP // 2):
        place = int(generator.integers(len(words)))
        words[place] = _slip(words[place], generator)
    return " ".join(words)


def unmarked(text: str) -> str:
    """Return Latin letters without their diacritics; other scripts keep theirs, which are letters there."""
    if not any("\u00c0" <= character < "\u0250" or "\u1e00" <= character < "\u1f00" for character in text):
        return text
    parts = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in parts if not unicodedata.combining(c))).translate(_UNMARKED)


def _slip(word: str, generator: np.random.Generator) -> str:
    if len(word) < _LONG_ENOUGH or not word.isalpha():
        return word
    place = int(generator.integers(1, len(word) - 1))
    kind = int(generator.integers(4))
    if kind == 0:  # two letters swapped
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    if kind == 1:  # one left out
        return word[:place] + word[place + 1 :]
    if kind == 2:  # one doubled
        return word[:place] + word[place] + word[place:]
    other = word[int(generator.integers(len(word)))]  # one replaced, by a letter of the same script
    return word[:place] + other + word[place + 1 :]


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """Misspelt copies of texts that are a side of a pair."""

    ids: NDArray[np.uint32]
    """Token ids of all copies, end to end."""
    starts: NDArray[np.int64]
    """Where each copy's begin, (copies + 1,)."""
    copied: NDArray[np.int64]
    """The text that each is a copy of."""
    partners: NDArray[np.int64]
    """The other side of that text's pair."""


def make_copies(corpus: Corpus, tokenizer: Path, out: Path, *, seed: int) -> Copies:
    """Return misspelt copies of texts drawn as training draws them; kept under `out`."""
    path = out / "copies.npz"
    if path.is_file():
        with np.load(path) as stored:
            return Copies(**{name: stored[name] for name in ("ids", "starts", "copied", "partners")})
    generator = np.random.default_rng([seed, COPIES])
    pairs = generator.choice(len(corpus.left), size=COPIES, p=corpus.probabilities())
    turned = generator.random(COPIES) < 0.5
    copied = np.where(turned, corpus.right[pairs], corpus.left[pairs]).astype(np.int64)
    partners = np.where(turned, corpus.left[pairs], corpus.right[pairs]).astype(np.int64)
    texts = [misspelt(corpus.texts[place], corpus.languages[place], generator) for place in copied]
    is_changed = np.array([text != corpus.texts[place] for text, place in zip(texts, copied, strict=True)])
    kept = [text for text, keep in zip(texts, is_changed, strict=True) if keep]
    ids, starts = tokenize(kept, tokenizer)
    copies = Copies(ids=ids, starts=starts, copied=copied[is_changed], partners=partners[is_changed])
    np.savez(path, **asdict(copies))
    return copies
