"""Keys as JSON."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from api.keys import Scope
from api.models.base import Request


class KeyRequest(Request):
    """A key to be made."""

    name: str = Field("", max_length=200)
    scopes: list[Scope] = Field(min_length=1)
    channel: str | None = Field(None, min_length=1, max_length=60)
    requests_per_minute: int | None = Field(None, ge=1, le=1_000_000)


class KeyModel(BaseModel):
    """A key without its secret."""

    id: str
    name: str
    scopes: list[Scope]
    channel: str | None
    requests_per_minute: int | None
    created_at: datetime | None
    revoked_at: datetime | None


class NewKeyModel(KeyModel):
    """A key with its secret, which is shown this once."""

    secret: str
