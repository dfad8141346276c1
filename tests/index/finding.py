"""What the tests of finding share: a deterministic encoder and a source of articles in memory."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.encoders import Encoders
from index.encoding import Encoder, EncoderError, Kind
from knowledge.article import Article, make_article
from knowledge.store import ArticleVersion

DIMENSIONS = 32


class TrigramEncoder:
    """Sums of random vectors, one for every three letters in a row; questions differ from passages a little."""

    def __init__(self, id: str = "trigrams", *, seed: int = 0, dimensions: int = DIMENSIONS) -> None:
        self.id = id
        self.digest = hashlib.sha256(f"{seed} {dimensions}".encode()).hexdigest()
        self.dimensions = dimensions
        self.folder = Path("no folder")
        self.encoded: Counter[tuple[Kind, str]] = Counter()
        self._table = np.random.default_rng(seed).standard_normal((1024, dimensions)).astype(np.float32)

    def encode(self, texts: Sequence[str], *, kind: Kind = "passage") -> NDArray[np.float32]:
        """Return (texts, dimensions) float32 of unit length, zeros for a text without letters and digits."""
        self.encoded.update((kind, text) for text in texts)
        embeddings = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in zip(embeddings, texts, strict=True):
            letters = "".join(character for character in text.casefold() if character.isalnum() or character == " ")
            if letters.strip():
                padded = f" {letters} "
                numbers = [_number(padded[at : at + 3]) for at in range(len(padded) - 2)]
                row += self._table[numbers].sum(axis=0) + (0.5 * self._table[0] if kind == "passage" else 0.0)
                row /= np.linalg.norm(row)
        return embeddings

    def unseen_share(self, text: str) -> float:
        """Return the share of a text's letters that are q."""
        letters = [character for character in text if character.isalpha()]
        return letters.count("q") / len(letters) if letters else 0.0


def _number(trigram: str) -> int:
    return int.from_bytes(hashlib.blake2b(trigram.encode("utf-8", "replace"), digest_size=4).digest(), "big") % 1024


def encoders(*known: TrigramEncoder) -> Encoders:
    """Return encoders that "load" those given, by their ids, and no others."""
    by_name = {encoder.id: encoder for encoder in known or (TrigramEncoder(),)}

    def load(name: str) -> Encoder:
        if name not in by_name:
            raise EncoderError(f"The encoder {name!r} cannot be loaded.")
        return by_name[name]

    return Encoders(load)


class Articles:
    """Articles in memory, with revisions as the store counts them; ``on_fetch`` runs before any are handed out."""

    def __init__(self, *articles: Article, on_fetch: Callable[[], None] = lambda: None) -> None:
        self._articles: dict[str, Article] = {}
        self.on_fetch = on_fetch
        self.fetched: list[str] = []
        self.put(*articles)

    def put(self, *articles: Article) -> None:
        """Add articles, or give those that exist other content."""
        for article in articles:
            before = self._articles.get(article.id)
            if before is None or before.digest() != article.digest():
                self._articles[article.id] = replace(article, revision=before.revision + 1 if before else 1)

    def delete(self, id: str) -> None:
        """Remove an article."""
        del self._articles[id]

    def all(self) -> list[Article]:
        """Return every article in the order of ids."""
        return [self._articles[id] for id in sorted(self._articles)]

    def versions(self) -> Sequence[ArticleVersion]:
        """Return what identifies every article's present content, in the order of ids."""
        return [
            ArticleVersion(id=article.id, revision=article.revision, digest=article.digest()) for article in self.all()
        ]

    def get_many(self, ids: Sequence[str]) -> dict[str, Article]:
        """Return those of the articles that exist, by id."""
        self.on_fetch()
        self.fetched.extend(ids)
        return {id: self._articles[id] for id in ids if id in self._articles}


def faq(id: str, *, tags: Sequence[str] = (), **texts: Any) -> Article:
    """Make an article; each text is (question, answer) or (question, answer, alternates), named by its language."""
    dates = {name: texts.pop(name) for name in ("valid_from", "valid_until") if name in texts}
    return make_article(
        id=id,
        tags=tags,
        texts={
            language.replace("_", "-"): dict(zip(("question", "answer", "alternate_questions"), text, strict=False))
            for language, text in texts.items()
        },
        **dates,
    )


RETURNS = faq(
    "returns",
    tags=("shop", "parcels"),
    en=("How do I return an item?", "Send it back within 14 days.", ("Can I send it back?", "return policy")),
    de=("Wie sende ich einen Artikel zurück?", "Innerhalb von 14 Tagen.", ("Rückgaberecht",)),
)
DELIVERY = faq(
    "delivery",
    tags=("parcels",),
    en=("When will my parcel arrive?", "Three days after the order. Longer on islands.", ("delivery time",)),
)
PAYMENT = faq(
    "payment",
    tags=("shop",),
    en=("How can I pay?", "By card or on invoice."),
    ru=("Как оплатить заказ?", "Картой или по счёту.", ("способы оплаты",)),
)
WARRANTY = faq(
    "warranty",
    ru=("Какая гарантия на товар?", "Два года со дня покупки.", ("гарантийный срок", "сломался чайник")),
)
SHOP = (DELIVERY, PAYMENT, RETURNS, WARRANTY)
