"""What routes ask for by type."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request

from api.inspections import Inspections
from api.metrics import Metrics
from api.product import Product

# Coroutines, though nothing is awaited: FastAPI sends plain functions to its threads, for every request.


async def _product(request: Request) -> Product:
    return cast("Product", request.app.state.product)


async def _metrics(request: Request) -> Metrics:
    return cast("Metrics", request.app.state.metrics)


async def _inspections(request: Request) -> Inspections:
    return cast("Inspections", request.app.state.inspections)


ProductDep = Annotated[Product, Depends(_product)]
MetricsDep = Annotated[Metrics, Depends(_metrics)]
InspectionsDep = Annotated[Inspections, Depends(_inspections)]
