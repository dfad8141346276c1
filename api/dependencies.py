"""What routes ask for by type."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request

from api.metrics import Metrics
from api.product import Product


def _product(request: Request) -> Product:
    return cast("Product", request.app.state.product)


def _metrics(request: Request) -> Metrics:
    return cast("Metrics", request.app.state.metrics)


ProductDep = Annotated[Product, Depends(_product)]
MetricsDep = Annotated[Metrics, Depends(_metrics)]
