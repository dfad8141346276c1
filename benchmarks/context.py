"""What benchmarks share: how thorough to be, and data folders with knowledge in them, made once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from api.product import Product
from api.settings import read_settings
from benchmarks.synthetic import catalogue_file
from index.builder import build
from knowledge.sample import sample_articles


@dataclass(kw_only=True, slots=True)
class Context:
    """One run of benchmarks; ``scratch`` is an empty folder that goes away afterwards."""

    scratch: Path
    is_quick: bool = False
    dev: Path | None = None  # folder of development sets
    _folders: dict[int, Path] = field(default_factory=dict)

    def shop(self) -> Path:
        """Return a data folder with the sample shop, indexed."""
        return self._folder(0)

    def catalogue(self, articles: int) -> Path:
        """Return a data folder with so many synthetic articles, indexed."""
        return self._folder(articles)

    def _folder(self, articles: int) -> Path:
        if articles not in self._folders:
            folder = self.scratch / (f"catalogue-{articles}" if articles else "shop")
            with opened(folder) as product:
                data = catalogue_file(articles) if articles else sample_articles()
                product.importer.run(data, filename="articles.jsonl", by="benchmarks")
                build(product.generations, product.store, product.encoder)
            self._folders[articles] = folder
        return self._folders[articles]


@contextmanager
def opened(folder: Path) -> Iterator[Product]:
    """Yield the product on a data folder, at the default settings."""
    product = Product(read_settings(data_dir=folder))
    try:
        yield product
    finally:
        product.close()
