"""Translations of articles as JSON: what machines made, and what a person makes of it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from api.models.base import Request


class RememberedModel(BaseModel):
    """A remembered text beside the words it was made of."""

    article_id: str
    revision: int = Field(description="Of the article whose words were translated.")
    field: Literal["question", "answer"]
    source_language: str
    language: str
    engine: str
    engine_version: str
    status: Literal["ready", "review", "failed", "approved"]
    faults: list[str] = Field(description="Why a failed one must not be sent.")
    source: str | None = Field(description="The words it was made of; null where the history lacks them.")
    text: str
    created_at: datetime
    stale: bool = Field(description="Whether the article has other words by now.")


class TranslatedTextModel(BaseModel):
    """A question or answer in another language, beside its words now."""

    text: str
    source: str | None
    status: Literal["ready", "review", "failed", "approved", "human"]
    engine: str | None
    engine_version: str | None
    faults: list[str]
    created_at: datetime | None
    stale: bool = Field(description="Whether the source was edited since a person approved it.")


class ArticleTranslationModel(BaseModel):
    """An article in another language."""

    article_id: str
    revision: int = Field(description="Of the article now; its ETag.")
    language: str
    source_language: str | None
    kind: Literal["human", "machine", "none"] = Field(
        description="Whose words customers get; none where they get the original: held for review, or failed."
    )
    question: TranslatedTextModel | None = Field(description="Null where it is not translated.")
    answer: TranslatedTextModel | None = Field(description="Null where it is not translated.")


class ApprovalRequest(Request):
    """The words that a person approves; those left out are the machine's as they are."""

    question: str | None = None
    answer: str | None = None
