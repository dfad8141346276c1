"""Languages and readiness as JSON."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field


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
    engine: str | None


class LanguagesModel(BaseModel):
    """Every language the product does something for."""

    items: list[LanguageSupport]


class ReadinessModel(BaseModel):
    """Whether questions are answered, and what every part is up to."""

    status: Literal["ok", "degraded", "unavailable"]
    parts: dict[str, dict[str, Any]] = Field(description="By name; each with `status`, and `detail` where it is ill.")
