"""The assistant on the sample shop, with real parts throughout."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from api.product import Product
from api.settings import Settings
from assistant.question import make_question

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def shop(sample_data: Path) -> Iterator[Product]:
    """Yield the product with the sample shop indexed, on a database of its own."""
    product = Product(Settings(data_dir=sample_data))
    product.follower.refresh()
    yield product
    product.close()


@pytest.fixture
def ask(shop: Product) -> Ask:
    """Return a function that asks a question and gives the response."""

    def asked(text: str | None = None, **fields: Any) -> dict[str, Any]:
        response: dict[str, Any] = orjson.loads(asyncio.run(shop.assistant.ask(make_question(text, **fields))))
        return response

    return asked
