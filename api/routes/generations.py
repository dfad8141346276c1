"""Builds and generations of the index."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse

from api.auth import KnowledgeKey
from api.dependencies import ProductDep
from api.models import BuildModel, GenerationModel, Page, PointerModel
from api.models.builds import ActivationRequest, BuildRequest, GateReportModel
from api.product import Product
from api.responses import ERRORS, json_response
from index.errors import GenerationDamagedError
from index.generation import Manifest

router = APIRouter(prefix="/v1", tags=["index"], responses=ERRORS)

Number = Annotated[int, Path(ge=1, le=999_999_999)]

_EVENT_INTERVAL = 0.5  # seconds
_MANIFEST_FIELDS = (
    "number", "created_at", "encoder", "encoder_digest", "dimensions", "metric", "knowledge_digest", "articles",
    "passages", "languages", "encoded", "seconds",
)  # fmt: skip


@router.post("/index-builds", status_code=202, response_model=BuildModel, summary="Build the index anew")
def build(product: ProductDep, key: KnowledgeKey, body: BuildRequest | None = None) -> Response:
    """Start a build; only changed passages are encoded. One at a time: 409 while another is under way.

    The new generation is asked the golden questions before it answers. Where it fails its gates the build ends
    `gated`: its `report` names the questions that broke and the articles that took their place, and the generation
    that answers answers on.
    """
    from assistant.build_process import BuildOptions

    options = BuildOptions() if body is None else BuildOptions(force=body.force, from_scratch=body.from_scratch)
    requested = product.start_build(by=key.name, options=options)
    return json_response(requested, status=202, headers={"Location": f"/v1/index-builds/{requested.id}"})


@router.get("/index-builds", response_model=Page[BuildModel], summary="The last builds")
def builds(product: ProductDep, key: KnowledgeKey, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> Response:
    """Return the last builds, the newest first."""
    return json_response({"items": product.builds.latest(limit), "next_cursor": None})


@router.get("/index-builds/{id}", response_model=BuildModel, summary="A build and its progress")
def build_state(id: str, product: ProductDep, key: KnowledgeKey) -> Response:
    """Return a build."""
    return json_response(product.builds.get(id))


@router.post("/index-builds/{id}/cancel", response_model=BuildModel, summary="Stop a build")
def cancel(id: str, product: ProductDep, key: KnowledgeKey) -> Response:
    """Ask a build to stop; it leaves nothing behind."""
    return json_response(product.builds.cancel(id))


@router.get(
    "/index-builds/{id}/events",
    summary="A build's progress as it happens",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def events(id: str, product: ProductDep, key: KnowledgeKey) -> StreamingResponse:
    """Stream the build's state as server-sent events until it is finished."""
    await asyncio.to_thread(product.builds.get, id)  # a missing build is a 404, not an empty stream
    return StreamingResponse(_events(product, id), media_type="text/event-stream")


@router.get("/generations", response_model=Page[GenerationModel], summary="The kept generations")
def generations(product: ProductDep, key: KnowledgeKey) -> Response:
    """Return the kept generations, the newest first; the active one is marked, and those that failed their gates."""
    active = _active(product)
    items = [_generation(product, manifest, active) for manifest in product.generations.manifests()]
    return json_response({"items": items, "next_cursor": None})


@router.post("/generations/rollback", response_model=PointerModel, summary="Answer with the generation before")
def rollback(product: ProductDep, key: KnowledgeKey) -> Response:
    """Make the generation that answered before the present one answer again, within a second everywhere.

    One that never answered, such as one that failed its gates, is not among them.
    """
    pointer = product.generations.rollback(product.encoders.searcher)
    product.follower.refresh()
    return json_response(pointer)


@router.post("/generations/{number}/activate", response_model=PointerModel, summary="Answer with this generation")
def activate(number: Number, product: ProductDep, key: KnowledgeKey, body: ActivationRequest | None = None) -> Response:
    """Make a kept generation answer, with its own encoder and calibration.

    One that cannot answer is refused: it is damaged, or its encoder has gone or has other weights. One that failed its
    gates is refused with 409 (`generation-gated`) unless `force` says otherwise.
    """
    from assistant.verdicts import activate_generation

    force = body is not None and body.force
    pointer = activate_generation(product.generations, product.encoders, number, force=force)
    product.follower.refresh()
    return json_response(pointer)


@router.get("/generations/{number}/report", response_model=GateReportModel, summary="How the golden questions came off")
def report(number: Number, product: ProductDep, key: KnowledgeKey) -> Response:
    """Return the report of the gate that a kept generation went through, whatever became of it afterwards."""
    from assistant.verdicts import required_report

    return json_response(required_report(product.generations, number).document())


async def _events(product: Product, id: str) -> AsyncIterator[bytes]:
    last = None
    while True:
        state = await asyncio.to_thread(product.builds.get, id)
        if state != last:
            yield b"event: build\ndata: " + orjson.dumps(state, option=orjson.OPT_UTC_Z) + b"\n\n"
            last = state
        if state.is_finished:
            return
        await asyncio.sleep(_EVENT_INTERVAL)


def _active(product: Product) -> int | None:
    try:
        pointer = product.generations.pointer()
    except GenerationDamagedError:
        return None
    return pointer.generation if pointer else None


def _generation(product: Product, manifest: Manifest, active: int | None) -> dict[str, object]:
    from assistant.verdicts import is_gated

    return {
        **{name: getattr(manifest, name) for name in _MANIFEST_FIELDS},
        "is_active": manifest.number == active,
        "is_gated": is_gated(product.generations, manifest.number),
    }
