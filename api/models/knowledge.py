"""Articles and imports as JSON."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from api.models.base import Request


class TextModel(Request):
    """Question, alternates and answer in one language."""

    question: str
    alternate_questions: list[str] = Field([])
    answer: str
    origin: Literal["human", "machine"] = "human"


class ArticleRequest(Request):
    """An article as a person writes it."""

    texts: dict[str, TextModel] = Field(description="By BCP 47 tag.")
    tags: list[str] = Field([])
    url: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    review_by: date | None = None


class ArticleModel(BaseModel):
    """An article as it is stored; `revision` is its ETag."""

    id: str
    texts: dict[str, TextModel]
    tags: list[str]
    url: str | None
    valid_from: date | None
    valid_until: date | None
    review_by: date | None
    revision: int
    updated_at: datetime | None


class ImportRowModel(BaseModel):
    """What became of one row."""

    line: int
    article_id: str | None
    language: str | None
    outcome: Literal["created", "changed", "unchanged", "rejected"]
    reason: str | None


class ImportModel(BaseModel):
    """What an import does or did, row by row."""

    id: str
    state: Literal["previewed", "applied"]
    filename: str | None
    format: str
    encoding: str
    created: int
    changed: int
    unchanged: int
    rejected: int
    rows: list[ImportRowModel]
    warnings: list[str]
