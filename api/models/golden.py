"""Golden questions as JSON."""

from __future__ import annotations

from pydantic import BaseModel, Field

from api.models.base import Request


class GoldenModel(Request):
    """A question whose article is known, or known to be none."""

    question: str = Field(max_length=10_000, examples=["can i send it back if i opened the box"])
    article_id: str | None = Field(None, description="The article that answers; null where none does.")
    language: str | None = Field(None, description="Of the question, where it is known; BCP 47.", examples=["en"])
    channel: str | None = Field(None, description="That it came through, where it is known.", examples=["email"])


class GoldenSetRequest(Request):
    """All golden questions; others are not kept."""

    items: list[GoldenModel] = Field(max_length=20_000)  # knowledge.golden_store.MAX_QUESTIONS


class GoldenSetModel(BaseModel):
    """What became of a set of golden questions."""

    count: int
    unknown_articles: list[str] = Field(description="Ids that golden questions name and no article has.")
    warnings: list[str] = Field(description="Such as columns of a file that were not read.")
    build: str | None = Field(description="The build that calibrates with them: /v1/index-builds/{build}.")
    note: str = Field(description="When they count, where no build was started.")
