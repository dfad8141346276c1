"""Languages and readiness as JSON."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field


class RouteModel(BaseModel):
    """How a machine translates into a language."""

    source: str = Field(description="The language of the texts that are translated.")
    pivot: str | None = Field(description="The language between, where no engine leads there directly.")
    engine: str = Field(description="The engine, or two joined by `+`.")


class LanguageSupport(BaseModel):
    """What is done for customers in a language."""

    code: str
    name: str
    identified: bool
    searched: bool
    stemmed: bool
    phrases: bool
    articles: int = Field(description="Articles with a text of their own in it.")
    translated_from: list[str] = Field(description="Languages a machine translates from, each with its route.")
    engine: str | None = Field(description="The engines that do, joined by commas.")
    routes: list[RouteModel] = Field(description="The same, in parts.")


class PairModel(BaseModel):
    """Two languages, from the first into the second."""

    source: str
    target: str


class BrokenPairModel(PairModel):
    """A pair that is installed and was seen not to work."""

    detail: str = Field(description="What it does wrong.")


class EngineSupport(BaseModel):
    """A translation engine: what it can do, and what it cannot though it is installed."""

    name: str
    version: str
    pairs: list[PairModel] = Field(description="What it translates directly.")
    broken: list[BrokenPairModel] = Field(description="Pairs that are installed, do not work, and are not used.")
    untried: int = Field(description="Pairs that are being tried at this moment.")
    problem: str | None = Field(description="Why it can do nothing at all, where that is so.")


class LanguagesModel(BaseModel):
    """Every language the product does something for, and the engines that translate."""

    items: list[LanguageSupport]
    engines: list[EngineSupport]


class ReadinessModel(BaseModel):
    """Whether questions are answered, and what every part is up to."""

    status: Literal["ok", "degraded", "unavailable"]
    parts: dict[str, dict[str, Any]] = Field(description="By name; each with `status`, and `detail` where it is ill.")
