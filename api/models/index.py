"""Builds and generations of the index as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from api.models.builds import GateReportModel


class BuildModel(BaseModel):
    """A build of the index."""

    id: str
    state: Literal["queued", "running", "gated", "active", "failed", "cancelled"]
    requested_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    stage: str
    done: int
    total: int
    counts: dict[str, int]
    generation: int | None
    cancel_requested: bool
    error: str | None
    report: GateReportModel | None = Field(
        description="Of the gate that its generation went through; null in lists, and until it is finished."
    )


class GenerationModel(BaseModel):
    """A kept generation."""

    number: int
    is_active: bool
    is_gated: bool = Field(description="It failed its gates, and answers only by force.")
    created_at: datetime
    encoder: str
    encoder_digest: str
    dimensions: int
    metric: str
    knowledge_digest: str
    articles: int
    passages: int
    languages: dict[str, int]
    encoded: int
    seconds: float


class PointerModel(BaseModel):
    """Which generation answers, and which ones did before."""

    generation: int
    previous: list[int]
    activated_at: datetime
