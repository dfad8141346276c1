"""Golden questions: what every encoder and every build is measured with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from api.auth import KnowledgeKey
from api.dependencies import ProductDep
from api.golden_bodies import TABLES, body_schema, golden_of, media_type, read_json
from api.models import GoldenModel, GoldenSetModel, GoldenSetRequest, Page
from api.product import Product
from api.responses import ERRORS, json_response
from index.errors import BuildRunningError, NoGenerationError
from knowledge.errors import InputError
from knowledge.golden import GoldenQuestion, read_golden

router = APIRouter(prefix="/v1", tags=["knowledge"], responses=ERRORS)


async def _body(request: Request) -> bytes:
    return await request.body()


@router.get("/golden-questions", response_model=Page[GoldenModel], summary="The golden questions")
def golden_questions(product: ProductDep, key: KnowledgeKey) -> Response:
    """Return all of them, in the order they were given in."""
    return json_response({"items": product.golden.all(), "next_cursor": None})


@router.put(
    "/golden-questions",
    response_model=GoldenSetModel,
    openapi_extra=body_schema(GoldenSetRequest, required=True),
    summary="Replace the golden questions",
)
def replace(
    request: Request,
    key: KnowledgeKey,
    product: ProductDep,
    body: Annotated[bytes, Depends(_body)],
    calibrate: Annotated[bool, Query(description="Start a build that calibrates with them.")] = True,
) -> Response:
    """Keep these golden questions and no others, all of them or none.

    Ids that no article has are allowed, and named in the response. A build is started that calibrates the index which
    answers with them; the articles stay as they were indexed.
    """
    warnings: list[str] = []
    questions: Sequence[GoldenQuestion]
    try:
        if media_type(request) in TABLES:
            questions = read_golden(body, warn=warnings.append)
        else:
            questions = golden_of(read_json(body, GoldenSetRequest).items)
        count = product.golden.replace(questions)
    except InputError as error:
        error.field = error.field or "body"  # what cannot be used as a whole
        raise
    unknown = list(product.golden.unknown_articles(questions))
    build, note = _calibrated(product, key.name) if calibrate else (None, "The next build calibrates with them.")
    return json_response(
        {"count": count, "unknown_articles": unknown, "warnings": warnings, "build": build, "note": note}
    )


def _calibrated(product: Product, by: str) -> tuple[str | None, str]:
    """Start a build that calibrates with the stored questions; return its id, or why there is none."""
    from assistant.build_process import BuildOptions

    if product.generations.signature() is None:
        return None, "Nothing is indexed yet; the first build calibrates with them."
    # A build that is under way may be about to let another calibration answer.
    if not product.generations.is_building() and _is_calibrated(product):
        return None, "The generation that answers is calibrated with them already."
    try:
        return product.start_build(by=by, options=BuildOptions(refit=True)).id, ""
    except BuildRunningError as error:
        return None, (
            f"{error} One that was started over HTTP calibrates with these questions when it ends, unless killed; "
            "after that, or one from the command line, store them again."
        )


def _is_calibrated(product: Product) -> bool:
    """Tell whether the calibration that answers was fitted on the stored questions; not where that cannot be told."""
    from assistant.fitted import RECORD, fitted_on, read_fitted
    from assistant.verdicts import pointed_to

    try:
        generation = product.follower.searcher.generation
    except NoGenerationError:
        return False
    record = generation.attachments.get(RECORD)
    fitted = None if record is None else read_fitted(record)
    if fitted is None or generation.number != pointed_to(product.generations):
        return False
    return fitted.holds_for(
        fitted_on(
            generation,
            product.golden.all(),
            policy=product.policy,
            target_precision=product.settings.target_precision,
        )
    )
