"""A small encoder, articles in memory and folders of generations, for the tests of finding."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from index.builder import build
from index.generations import Generations
from index.searcher import Searcher
from knowledge.article import Article
from tests.index.finding import Articles, TrigramEncoder


@pytest.fixture
def encoder() -> TrigramEncoder:
    """Return an encoder that remembers what it encoded."""
    return TrigramEncoder()


@pytest.fixture
def generations(tmp_path: Path) -> Generations:
    """Return an empty folder of generations."""
    return Generations(tmp_path / "generations")


@pytest.fixture
def searcher(generations: Generations, encoder: TrigramEncoder) -> Callable[..., Searcher]:
    """Return what builds some articles and gives the searcher over them."""

    def make(*articles: Article) -> Searcher:
        build(generations, Articles(*articles), encoder)
        return Searcher(generations.load_active(), encoder)

    return make
