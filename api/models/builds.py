"""What is asked of builds and generations, and the report of the gate between them, as JSON."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from api.models.base import Request


class BuildRequest(Request):
    """What a build is to do besides what every one does."""

    force: bool = Field(False, description="Let the new generation answer even if it fails its gates.")
    from_scratch: bool = Field(False, description="Encode every passage anew, changed or not.")


class ActivationRequest(Request):
    """Which generation may answer."""

    force: bool = Field(False, description="Also one that failed its gates.")


class GateShareModel(BaseModel):
    """So many of so many; below zero where others cost more."""

    count: int
    of: int
    share: float | None


class GateFigureModel(BaseModel):
    """One measure of the golden questions, with the generation that answered and with the new one."""

    title: str
    before: GateShareModel | None
    after: GateShareModel
    difference: float | None
    low: float | None = Field(description="Lower end of the 95 % interval of the difference.")
    high: float | None


class GateQuestionModel(BaseModel):
    """A golden question that comes off otherwise than with the generation that answered."""

    question: str
    language: str | None
    article_id: str | None = Field(description="The article that answers; null where none does.")
    is_missing: bool = Field(description="This article does not exist any more.")
    before: str
    after: str
    instead: str | None = Field(description="The article that took its place.")
    instead_question: str | None
    confidence: float


class GateReportModel(BaseModel):
    """Whether a generation may answer, and why, by the golden questions."""

    verdict: Literal["passed", "failed", "unmeasured"]
    is_gated: bool = Field(description="It does not answer unless it is activated by force.")
    is_forced: bool = Field(description="It was let through by force.")
    failures: list[str] = Field(description="The failed gates, with figures.")
    notes: list[str]
    questions: int
    compared_with: int | None = Field(description="The generation that answered.")
    measures: dict[str, GateFigureModel]
    missing_articles: dict[str, int] = Field(
        description="Ids that golden questions name and no article has, and how many questions do."
    )
    broken: list[GateQuestionModel] = Field(description="The worst first; at most 200 are named.")
    broken_count: int
    mended: list[GateQuestionModel]
    mended_count: int
