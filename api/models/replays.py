"""Replays of decisions as JSON."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from api.models.answers import CalibrationModel, CheckModel, ChoiceModel, ConditionsModel, HitModel
from api.models.base import Request
from assistant.contrast import Contrast
from assistant.decision import Decision, Reason


class ReplayRequest(Request):
    """The generation that is to decide."""

    generation: int | None = Field(None, ge=1, le=999_999_999, description="A kept one; the active one otherwise.")


class DecisionModel(BaseModel):
    """A decision, with what was found and held against which thresholds."""

    decision: Decision
    reason: Reason
    confidence: float | None
    article_id: str | None = Field(description="The article that answers.")
    choices: list[ChoiceModel]
    generation: int | None
    reading: str | None
    encoder: str | None
    calibration: CalibrationModel | None
    thresholds: dict[str, float] | None
    checks: list[CheckModel]
    choices_confidence: float | None
    contrast: Contrast | None
    known_share: float | None
    unseen_share: float | None
    fusion: dict[str, float] | None
    hits: list[HitModel]
    explanation: str


class ChangedModel(BaseModel):
    """What is another in the decision after than in the one before."""

    decision: bool
    reason: bool
    article: bool = Field(description="That answers.")
    choices: bool = Field(description="That are offered, or their order.")
    best: bool = Field(description="The best article found, whether it answers or not.")


class ReplayModel(BaseModel):
    """A decision as it was taken, and as another generation takes it."""

    answer_id: str
    question: str
    asked_at: datetime
    language: str = Field(description="Of the reply.")
    generation: int = Field(description="That was asked now.")
    is_searched: bool = Field(description="False where the decision did not depend on what a search finds.")
    judged_with: ConditionsModel | None
    before: DecisionModel
    after: DecisionModel
    changed: ChangedModel
    notes: list[str] = Field(description="What had to be assumed.")
    explanation: str = Field(description="What changes, and why, in plain words.")
