"""What requests and responses share."""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

T = TypeVar("T")


class Request(BaseModel):
    """Unknown fields are refused: a misspelt one would be lost without a word."""

    model_config = ConfigDict(extra="forbid", str_max_length=200_000)


class Page(BaseModel, Generic[T]):
    """A part of a list; ask again with ``cursor`` set to ``next_cursor`` for what follows."""

    items: list[T]
    next_cursor: str | None


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str


class ProblemDocument(BaseModel):
    """An error, as RFC 9457 has it; ``type`` is stable."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem]
    request_id: str
