"""Articles: read, write, import, export."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, Query, Response, UploadFile
from fastapi.responses import StreamingResponse

from api.auth import KnowledgeKey
from api.dependencies import ProductDep
from api.etags import IfMatch, etag, expected_version
from api.models import ArticleModel, ArticleRequest, ImportModel, Page
from api.responses import ERRORS, STALE, json_response
from knowledge.article import Article, language_tag, make_article
from knowledge.errors import InputError
from knowledge.formats import export_articles
from knowledge.import_report import ImportReport

router = APIRouter(prefix="/v1", tags=["knowledge"], responses=ERRORS)

_IN_MEMORY = 4_194_304  # bytes of an export; a longer one goes through the disk
_PIECE = 65_536  # bytes
_MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}


@router.get("/articles", response_model=Page[ArticleModel], summary="Articles, by id")
def articles(
    product: ProductDep,
    key: KnowledgeKey,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[str | None, Query(max_length=2_000)] = None,
    tag: Annotated[str | None, Query(max_length=100)] = None,
    language: Annotated[str | None, Query(max_length=40)] = None,
    q: Annotated[str | None, Query(max_length=1_000, description="Words that id or texts hold.")] = None,
) -> Response:
    """Return a page of articles."""
    page = product.store.page(limit=limit, cursor=cursor, tag=tag, language=language, query=q)
    return json_response({"items": [_fields(article) for article in page.items], "next_cursor": page.next_cursor})


@router.get("/articles/{id}", response_model=ArticleModel, summary="An article")
def article(id: str, product: ProductDep, key: KnowledgeKey) -> Response:
    """Return an article as it is stored; customers get what the active generation holds of it."""
    return _article_response(product.store.get(id))


@router.put(
    "/articles/{id}",
    response_model=ArticleModel,
    responses={201: {"model": ArticleModel, "description": "It is new."}, **STALE},
    summary="Write an article",
)
def write(id: str, body: ArticleRequest, product: ProductDep, key: KnowledgeKey, if_match: IfMatch = None) -> Response:
    """Create an article or replace all of it; ``If-Match`` guards what somebody else changed meanwhile.

    Customers get it with the next build.
    """
    fields = body.model_dump()
    change = product.store.put(make_article(id=id, **fields), by=key.name, expected_revision=expected_version(if_match))
    return _article_response(change.article, status=201 if change.outcome == "created" else 200)


@router.delete("/articles/{id}", status_code=204, responses=STALE, summary="Delete an article")
def delete(id: str, product: ProductDep, key: KnowledgeKey, if_match: IfMatch = None) -> Response:
    """Delete an article; its history is kept, and customers get it until the next build."""
    product.store.delete(id, by=key.name, expected_revision=expected_version(if_match))
    return Response(status_code=204)


@router.post("/imports", response_model=ImportModel, summary="Import a file of articles")
def import_file(
    product: ProductDep,
    key: KnowledgeKey,
    file: Annotated[UploadFile, File(description="CSV, TSV or JSONL; the encoding is detected.")],
    dry_run: Annotated[bool, Query(description="Only say what would be done; `…/apply` does it.")] = False,
    language: Annotated[str | None, Form(max_length=40, description="Of rows that name none.")] = None,
) -> Response:
    """Report every row as created, changed, unchanged or rejected, with line and reason."""
    default_language = language_tag(language) if language else product.settings.default_language
    importing = product.importer.preview if dry_run else product.importer.run
    try:
        report = importing(file.file.read(), filename=file.filename, default_language=default_language, by=key.name)
    except InputError as error:
        error.field = error.field or "file"  # what cannot be read as a whole
        raise
    return _import_response(report)


@router.get("/imports/{id}", response_model=ImportModel, summary="What an import does or did")
def import_report(id: str, product: ProductDep, key: KnowledgeKey) -> Response:
    """Return the report of an import."""
    return _import_response(product.importer.report(id))


@router.post("/imports/{id}/apply", response_model=ImportModel, summary="Do what a preview announced")
def apply(id: str, product: ProductDep, key: KnowledgeKey) -> Response:
    """Apply a previewed import as a whole; a second time changes nothing."""
    return _import_response(product.importer.apply(id, by=key.name))


@router.get(
    "/exports",
    summary="All articles as a file",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {
                media_type.split(";")[0]: {"schema": {"type": "string"}} for media_type in _MEDIA_TYPES.values()
            }
        }
    },
)
def export(
    product: ProductDep,
    key: KnowledgeKey,
    format: Annotated[Literal["csv", "jsonl"], Query()] = "jsonl",
) -> StreamingResponse:
    """Return a file whose import gives the same articles."""
    # Written whole before the first byte leaves: a database that fails is an error, not half a file, and
    # a reader who takes their time holds no connection.
    file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed by what sends it
    try:
        file.writelines(export_articles(product.store.all(), format))
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return StreamingResponse(
        _pieces(file),
        media_type=_MEDIA_TYPES[format],
        headers={"Content-Disposition": f'attachment; filename="articles.{format}"'},
    )


def _pieces(file: SpooledTemporaryFile[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece


def _article_response(article: Article, *, status: int = 200) -> Response:
    return json_response(_fields(article), status=status, headers={"ETag": etag(article.revision)})


def _fields(article: Article) -> dict[str, object]:
    return {**article.content(), "revision": article.revision, "updated_at": article.updated_at}


def _import_response(report: ImportReport) -> Response:
    location = f"/v1/imports/{report.id}"
    return json_response(report, status=200, headers={"Location": location})
