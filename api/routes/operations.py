"""Whether it lives, whether it is ready, and what it counts."""

from __future__ import annotations

from math import nan

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from api.auth import AdminKey
from api.dependencies import MetricsDep, ProductDep
from api.language_support import engine_support
from api.models import ReadinessModel
from api.product import Product
from api.responses import ERRORS, json_response
from knowledge.errors import FaqError

router = APIRouter(tags=["operations"])


@router.head("/livez", include_in_schema=False)
@router.get("/livez", summary="The process answers")
async def live() -> dict[str, str]:
    """Say that the process is alive; nothing else is looked at."""
    return {"status": "ok"}


@router.head("/readyz", include_in_schema=False)
@router.get(
    "/readyz",
    response_model=ReadinessModel,
    responses={503: {"model": ReadinessModel, "description": "Not ready."}},
    summary="Every part is ready; names what is degraded",
)
def ready(product: ProductDep) -> Response:
    """Look at database, active generation, its encoder, and translation engines.

    ``ok`` and ``degraded`` answer questions; ``unavailable`` (503) does not.
    """
    parts: dict[str, dict[str, object]] = {}
    status = "ok"
    try:
        product.database.check()
        parts["database"] = {"status": "ok", "kind": product.database.engine.dialect.name}
    except FaqError as error:
        parts["database"] = {"status": "unavailable", "detail": str(error)}
        status = "unavailable"
    try:
        searcher = product.follower.searcher
        encoder, manifest = searcher.encoder, searcher.generation.manifest
        parts["encoder"] = {
            "status": "ok", "id": encoder.id, "digest": encoder.digest, "dimensions": encoder.dimensions,
        }  # fmt: skip
        parts["generation"] = {"status": "ok", "number": manifest.number, "articles": manifest.articles}
        if product.follower.problem is not None:
            parts["generation"] |= {"status": "degraded", "detail": product.follower.problem}
            status = "degraded" if status == "ok" else status
    except FaqError as error:
        parts["encoder"] = {"status": "unavailable", "detail": "It is loaded with the generation that answers."}
        parts["generation"] = {"status": "unavailable", "detail": str(error)}
        status = "unavailable"
    parts["translation"] = _translation(product)
    if parts["translation"]["status"] != "ok" and status == "ok":
        status = "degraded"
    return json_response({"status": status, "parts": parts}, status=503 if status == "unavailable" else 200)


def _translation(product: Product) -> dict[str, object]:
    """Return the engines; what they cannot do costs no answer, so that a missing one is no illness."""
    part: dict[str, object] = {"status": "ok"}
    for engine in engine_support(product):
        counts = {"pairs": len(engine["pairs"]), "broken": len(engine["broken"]), "untried": engine["untried"]}
        part[engine["name"]] = {"version": engine["version"]} | counts
        if engine["problem"] is not None:
            part |= {"status": "degraded", "detail": f"{engine['name']}: {engine['problem']}"}
    return part


@router.get("/metrics", response_class=PlainTextResponse, responses=ERRORS, summary="Prometheus metrics")
def metrics(product: ProductDep, counted: MetricsDep, key: AdminKey) -> Response:
    """Return counts and durations; nothing about a person."""
    try:
        manifest = product.follower.searcher.generation.manifest
        counted.generation.set(manifest.number)
        counted.articles.set(manifest.articles)
    except FaqError:
        counted.generation.set(0)
        counted.articles.set(0)
    try:
        tickets = product.tickets.counts()
    except FaqError:
        counted.tickets.clear()  # what is not known is not there, rather than as it was
        counted.tickets_overdue.set(nan)
    else:
        for name, count in tickets.by_status.items():
            counted.tickets.labels(name).set(count)
        counted.tickets_overdue.set(tickets.overdue)
    return Response(counted.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
