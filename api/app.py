"""The application: routes, surroundings and errors around one product."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import FileResponse, HTMLResponse
from fastapi.staticfiles import StaticFiles

from api import errors
from api.auth import RateLimiter
from api.inspections import Inspections
from api.metrics import Metrics
from api.middleware import Surroundings
from api.openapi import describe
from api.product import Product
from api.routes import (
    answers,
    articles,
    evaluations,
    generations,
    glossary,
    golden,
    keys,
    languages,
    operations,
    tickets,
    translations,
)
from api.settings import Settings
from assistant.translation.translator import LOOK_AFTER
from knowledge.errors import FaqError

_WEB = Path(str(resources.files("api") / "web"))
_PAGE_POLICY = "default-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'self'"

_FORGET_EVERY = 3_600.0  # seconds
_TIDY_EVERY = 60.0  # seconds
_FRESH = {"Cache-Control": "no-cache"}  # ask again whether it changed, so that an upgrade never mixes old and new

log = logging.getLogger(__name__)


class FreshFiles(StaticFiles):
    """Static files that browsers keep but ask about each time."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:  # noqa: ANN401 - as the parent has it
        """Return the file, to be revalidated."""
        response = super().file_response(*args, **kwargs)
        response.headers.update(_FRESH)
        return response


def create_app(settings: Settings) -> FastAPI:
    """Return the application; what it needs is opened when it starts, and closed when it ends."""
    product = Product(settings)
    metrics = Metrics()
    inspections = Inspections()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            open_product(product)
            metrics.translations.outcomes = product.assistant.answering.outcomes
            chores = [asyncio.create_task(chore(product)) for chore in (_forget, _tidy, _warm, _recall, _look)]
            yield
            for chore in chores:
                chore.cancel()
        finally:
            inspections.close()
            product.close()

    app = FastAPI(
        title="faq-assistant",
        version=metadata.version("faq-assistant"),
        summary="Answers customers from FAQ articles, in their language; what is not certain becomes a ticket.",
        lifespan=lifespan,
        docs_url=None,  # ours needs nothing from outside
        redoc_url=None,
        redirect_slashes=False,  # the redirect would name the host and scheme that a proxy talks to
    )
    app.state.product = product
    app.state.metrics = metrics
    app.state.inspections = inspections
    app.state.evaluating = threading.Lock()
    app.state.limiter = RateLimiter(settings.requests_per_minute)
    errors.install(app)
    for module in (
        answers,
        tickets,
        articles,
        translations,
        golden,
        glossary,
        evaluations,
        generations,
        languages,
        keys,
        operations,
    ):
        app.include_router(module.router)
    app.mount("/web", FreshFiles(directory=_WEB), name="web")
    app.mount("/docs-assets", StaticFiles(packages=[("fastapi_offline", "static")]), name="docs-assets")

    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(_WEB / "index.html", headers={"Content-Security-Policy": _PAGE_POLICY, **_FRESH})

    @app.api_route("/docs", methods=["GET", "HEAD"], include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="openapi.json",
            title="faq-assistant: the API",
            swagger_js_url="docs-assets/swagger-ui-bundle.js",
            swagger_css_url="docs-assets/swagger-ui.css",
            swagger_favicon_url="web/favicon.svg",
        )

    app.openapi = describe(app)  # type: ignore[method-assign]

    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=["ETag", "Location", "Retry-After", "X-Request-ID"],
        )
    app.add_middleware(
        Surroundings,
        max_body_bytes=settings.max_body_bytes,
        max_upload_bytes=settings.max_upload_bytes,
        observe=metrics.observe,
    )
    return app


async def _forget(product: Product) -> None:
    """Delete receipts when their days are over, for as long as the server runs."""
    days = product.settings.receipt_days
    while days is not None:
        try:
            forgotten = await asyncio.to_thread(product.ledger.forget, older_than=timedelta(days=days))
            if forgotten:
                log.info("%d receipts older than %d days were deleted", forgotten, days)
        except FaqError as error:
            log.error("old receipts could not be deleted: %s", error)
        except Exception:  # the task must outlive whatever a database can do
            log.exception("old receipts could not be deleted; trying again in an hour")
        await asyncio.sleep(_FORGET_EVERY)


async def _tidy(product: Product) -> None:
    """Give up generations that were looked into a while ago, for as long as the server runs."""
    while True:
        await asyncio.sleep(_TIDY_EVERY)
        try:
            await asyncio.to_thread(product.shelf.tidy)
        except Exception:  # the task must outlive whatever a disk can do
            log.exception("generations that nobody looks into could not be given up; trying again in a minute")


async def _warm(product: Product) -> None:
    """Make ready what is made when it is first needed, so that the first customer need not wait for it."""
    await asyncio.to_thread(product.assistant.warm)


async def _recall(product: Product) -> None:
    """Read remembered translations into memory, once; what is not there is read when it is needed."""
    try:
        await asyncio.to_thread(product.memory.warm)
    except FaqError as error:
        log.warning("remembered translations are read one by one: %s", error)


async def _look(product: Product) -> None:
    """See what others changed of packages, glossary and translations, so that no customer after a quiet hour waits."""
    while True:
        product.translator.is_fresh()
        await asyncio.sleep(LOOK_AFTER / 2)


def open_product(product: Product) -> None:
    """Open all that answering needs, so that the first customer waits no longer than the next."""
    product.database  # noqa: B018 - made, and migrated, by being asked for
    product.ledger.start()
    product.follower.start()
    assistant = product.assistant
    assistant.phrases.is_person_request("")  # builds the recogniser
    product.detector.detect("warming up")
    try:
        product.follower.searcher  # noqa: B018 - asked for to hear whether there is one
    except FaqError as error:
        log.warning("no question can be answered yet: %s", error)
    if not product.keys.has_keys():
        log.warning(
            "no key is configured: callers on this machine have every scope, all others none; "
            "make a key with `faq keys create --scope ask`"
        )
