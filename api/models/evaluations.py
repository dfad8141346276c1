"""Evaluations as JSON."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from api.models.base import Request
from api.models.golden import GoldenModel


class EvaluationRequest(Request):
    """What is to be evaluated, and with which questions."""

    items: list[GoldenModel] | None = Field(
        None, max_length=20_000, description="Golden questions; by default the stored ones."
    )  # knowledge.golden_store.MAX_QUESTIONS
    generation: int | None = Field(
        None, ge=1, le=999_999_999, description="Kept generation to ask; by default the one that answers."
    )
    compare: int | None = Field(
        None, ge=1, le=999_999_999, description="Another kept generation, which is asked the same questions."
    )
    target: float | None = Field(
        None, ge=0.5, le=0.9999, description="Precision that is to be promised; by default the setting's."
    )


class FigureModel(BaseModel):
    """A share; ``low`` and ``high`` bound it with 95 % confidence (Clopper–Pearson)."""

    count: int
    of: int
    share: float | None = Field(description="Null of nothing.")
    low: float | None
    high: float | None


class NamedFigureModel(FigureModel):
    """A share with what it is of."""

    title: str


class CustomersModel(NamedFigureModel):
    """Customers who meet the same."""

    name: Literal["right", "offered", "missed", "ticketed", "silent", "wrong"]


class ThresholdsModel(BaseModel):
    """Thresholds in force; those of languages that have their own are others."""

    answer: float = Field(description="Above 1 where only an article's own questions are answered.")
    clarify: float
    out_of_scope: float
    tie_margin: float


class SideModel(BaseModel):
    """What became of the questions with one generation."""

    name: str
    generation: int
    encoder: str
    basis: str = Field(description="What the thresholds rest on, in words.")
    thresholds: ThresholdsModel | None
    customers: list[CustomersModel] = Field(description="All questions, by what a customer would have met.")
    measures: dict[str, NamedFigureModel]


class GroupModel(BaseModel):
    """Questions of one language or channel."""

    name: str | None = Field(description="Null where it is not known.")
    questions: int
    accuracy: FigureModel
    coverage: FigureModel
    precision: FigureModel


class RiskPointModel(BaseModel):
    """What an answer threshold would give."""

    threshold: float | None = Field(description="Null: only an article's own questions are answered.")
    answered: FigureModel = Field(description="Of all questions.")
    wrong: FigureModel = Field(description="Of the answers.")


class ReliabilityBinModel(BaseModel):
    """Questions of about the same confidence."""

    low: float
    high: float
    confidence: float = Field(description="Mean.")
    right: FigureModel = Field(description="Whose best article was the right one.")


class ReliabilityModel(BaseModel):
    """Whether confidence means what it says."""

    calibration_error: float | None = Field(description="Expected calibration error.")
    bins: list[ReliabilityBinModel]


class WhatIfModel(BaseModel):
    """What would have become of the questions at another answer threshold."""

    threshold: float
    is_present: bool
    coverage: FigureModel
    precision: FigureModel
    right: int
    wrong: int
    asked_back: int
    ticketed: int


class ProposedThresholdModel(BaseModel):
    """The lowest answer threshold at which a precision can be promised with 95 % confidence."""

    target: float
    threshold: float | None = Field(description="Null where none can be certified by these questions.")
    coverage: FigureModel | None
    precision: FigureModel | None
    fewest_answers: int = Field(description="Answers without a mistake that would certify it.")


class JudgedQuestionModel(GoldenModel):
    """A golden question, and what became of it."""

    outcome: str
    reason: str
    best: str | None = Field(description="The article that was found first.")
    confidence: float
    detected_language: str | None


class ConfusionModel(BaseModel):
    """Two articles that are taken for one another."""

    articles: tuple[str, str]
    count: int
    answered: int = Field(description="Of these, wrongly.")
    examples: list[JudgedQuestionModel]


class ConfusionsModel(BaseModel):
    """Pairs of articles, a hundred at most, those with most wrong answers first."""

    count: int
    items: list[ConfusionModel]


class WorstModel(BaseModel):
    """Questions that came off badly, a hundred at most, the surest first."""

    count: int
    items: list[JudgedQuestionModel]


class FateModel(BaseModel):
    """What became of a question on one side."""

    outcome: str
    reason: str
    best: str | None
    confidence: float
    detected_language: str | None


class ChangedQuestionModel(GoldenModel):
    """A question of which something else would have become."""

    before: FateModel
    after: FateModel


class ChangedModel(BaseModel):
    """Questions that changed, a hundred at most."""

    count: int
    items: list[ChangedQuestionModel]


class DifferenceModel(BaseModel):
    """How much a measure changes, with its paired bootstrap interval of 95 %."""

    value: float
    low: float
    high: float
    is_beyond_noise: bool


class ComparisonModel(SideModel):
    """The same questions with another generation; differences are its less this one's."""

    verdict: Literal["better", "even", "worse"] = Field(description="Of the other one.")
    recommendation: str
    better: list[str]
    worse: list[str]
    differences: dict[str, DifferenceModel | None]
    broken: ChangedModel
    mended: ChangedModel


class EvaluationModel(SideModel):
    """The report of an evaluation."""

    headline: str = Field(description="What would become of a hundred customers who ask like these.")
    notes: list[str]
    day: date
    questions: int
    in_scope: int
    target: float
    by_language: list[GroupModel]
    by_channel: list[GroupModel]
    risk_coverage: list[RiskPointModel]
    reliability: ReliabilityModel
    what_if: list[WhatIfModel]
    proposed_thresholds: list[ProposedThresholdModel]
    confusions: ConfusionsModel
    worst: dict[Literal["wrong", "out_of_scope_answered", "held_back"], WorstModel]
    comparison: ComparisonModel | None
