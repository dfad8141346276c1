"""What benchmarks share: how thorough to be, and data folders with knowledge in them, made once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from api.product import Product
from api.settings import read_settings
from benchmarks.synthetic import catalogue_file
from knowledge.sample import sample_articles


@dataclass(kw_only=True, slots=True)
class Context:
    """One run of benchmarks; ``scratch`` is an empty folder that goes away afterwards."""

    scratch: Path
    is_quick: bool = False
    dev: Path | None = None  # folder of development sets
    _originals: dict[int, Path] = field(default_factory=dict)
    _copies: count[int] = field(default_factory=count)

    def shop(self) -> Path:
        """Return a new data folder with the sample shop, indexed."""
        return self._folder(0)

    def catalogue(self, articles: int) -> Path:
        """Return a new data folder with so many synthetic articles, indexed."""
        return self._folder(articles)

    def _folder(self, articles: int) -> Path:
        if articles not in self._originals:
            folder = self.scratch / (f"catalogue-{articles}" if articles else "shop")
            with opened(folder) as product:
                data = catalogue_file(articles) if articles else sample_articles()
                product.importer.run(data, filename="articles.jsonl", by="benchmarks")
                product.make_generation()
            self._originals[articles] = folder
        # Everybody gets a copy, so that nobody measures a database which others have filled.
        original = self._originals[articles]
        return shutil.copytree(original, self.scratch / f"{original.name}-{next(self._copies)}")


@contextmanager
def opened(folder: Path) -> Iterator[Product]:
    """Yield the product on a data folder, at the default settings."""
    product = Product(read_settings(data_dir=folder))
    try:
        yield product
    finally:
        product.close()
