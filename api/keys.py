"""API keys: who may call, for what, and how often. Only hashes are stored."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

import sqlalchemy as sa

from knowledge.article import clean
from knowledge.database import Database, UtcTime, metadata, now
from knowledge.errors import InputError, NotFoundError, UnauthenticatedError

Scope = Literal["ask", "tickets", "knowledge", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

_REMEMBERED = 2.0  # seconds that a look at the table is good for; a revoked key works no longer than this
_PREFIX = "faq"

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),  # the part of the key that may be shown
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),  # SHA-256; a key has 256 random bits, so no salt is needed
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("channel", sa.String(60)),
    sa.Column("requests_per_minute", sa.Integer),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("revoked_at", UtcTime),
)


class KeyNotFoundError(NotFoundError):
    """There is no key with this id."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """A key without its secret; ``channel`` is the only one it may ask for, ``admin`` includes every scope."""

    id: str
    name: str
    scopes: frozenset[Scope]
    channel: str | None = None
    requests_per_minute: int | None = None
    created_at: datetime | None = None
    revoked_at: datetime | None = None

    def may(self, scope: Scope) -> bool:
        """Tell whether the key opens this scope."""
        return scope in self.scopes or "admin" in self.scopes


@dataclass(frozen=True, kw_only=True, slots=True)
class NewKey:
    """A key and its secret, which is shown this once."""

    key: Key
    secret: str


class KeyRing:
    """The keys in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._known: dict[str, tuple[str, Key]] = {}
        self._read_at = float("-inf")

    def create(
        self,
        *,
        name: str,
        scopes: Collection[str],
        channel: str | None = None,
        requests_per_minute: int | None = None,
    ) -> NewKey:
        """Make a key; raises InputError for scopes there are not."""
        unknown = sorted(set(scopes).difference(SCOPES))
        if unknown or not scopes:
            came = f"{unknown[0]!r}" if unknown else "none"
            raise InputError(f"scopes: {came} came; expected some of {', '.join(SCOPES)}.", field="scopes")
        if requests_per_minute is not None and requests_per_minute < 1:
            raise InputError(
                "requests_per_minute must be at least 1; leave it out for no rate.", field="requests_per_minute"
            )
        if channel is not None:
            channel = clean(channel, field="channel", limit=60)
        key = Key(
            id=secrets.token_hex(6),
            name=clean(name, field="name", limit=200),
            scopes=frozenset(scope for scope in SCOPES if scope in scopes),
            channel=channel,
            requests_per_minute=requests_per_minute,
            created_at=now(),
        )
        secret = _new_secret(key.id)
        with self._database.write() as connection:
            connection.execute(
                api_keys.insert().values(
                    id=key.id,
                    name=key.name,
                    digest=_digest(secret),
                    scopes=sorted(key.scopes),
                    channel=key.channel,
                    requests_per_minute=key.requests_per_minute,
                    created_at=key.created_at,
                )
            )
        self._forget()
        return NewKey(key=key, secret=secret)

    def all(self) -> list[Key]:
        """Return all keys, revoked ones too, the oldest first."""
        with self._database.read() as connection:
            query = sa.select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)
            return [_key(row) for row in connection.execute(query)]

    def rotate(self, id: str) -> NewKey:
        """Give a key a new secret; the old one ends at once. Raises KeyNotFoundError."""
        secret = _new_secret(id)
        changed = api_keys.update().where(api_keys.c.id == id, api_keys.c.revoked_at.is_(None))
        key = self._change(id, changed.values(digest=_digest(secret)))
        return NewKey(key=key, secret=secret)

    def revoke(self, id: str) -> Key:
        """End a key for good. Raises KeyNotFoundError."""
        changed = api_keys.update().where(api_keys.c.id == id, api_keys.c.revoked_at.is_(None))
        return self._change(id, changed.values(revoked_at=now()))

    def has_keys(self) -> bool:
        """Tell whether a key was ever made: from then on every caller needs one."""
        return bool(self._keys())

    def find(self, secret: str) -> Key:
        """Return the key of a secret; raises UnauthenticatedError."""
        parts = secret.split("_")
        digest, key = self._keys().get(parts[1], (None, None)) if len(parts) == 3 else (None, None)
        if digest is None or key is None or not secrets.compare_digest(digest, _digest(secret)):
            raise UnauthenticatedError(
                "The key is not known; expected one made by `faq keys create`, sent as `Authorization: Bearer <key>`."
            )
        if key.revoked_at is not None:
            raise UnauthenticatedError("The key was revoked; ask the people who run this server for another one.")
        return key

    def _change(self, id: str, statement: sa.Update) -> Key:
        with self._database.write() as connection:
            changed = connection.execute(statement).rowcount
            row = connection.execute(sa.select(api_keys).where(api_keys.c.id == id)).one_or_none()
        if not changed or row is None:
            raise KeyNotFoundError(f"There is no key {id[:40]!r} in use; see `faq keys list`.")
        self._forget()
        return _key(row)

    @property
    def is_fresh(self) -> bool:
        """Whether the keys are in memory, as they were a moment ago: then nothing here asks the database."""
        return time.monotonic() - self._read_at <= _REMEMBERED

    def refresh(self) -> None:
        """Read the keys unless that was done a moment ago; raises DatabaseError."""
        with self._lock:
            if self.is_fresh:
                return
            with self._database.read() as connection:
                self._known = {row.id: (row.digest, _key(row)) for row in connection.execute(sa.select(api_keys))}
            self._read_at = time.monotonic()

    def _keys(self) -> dict[str, tuple[str, Key]]:
        if not self.is_fresh:
            self.refresh()
        return self._known

    def _forget(self) -> None:
        with self._lock:  # a reading that began before the change must not outlast it
            self._read_at = float("-inf")


def _key(row: sa.Row[tuple[object, ...]]) -> Key:
    return Key(
        id=row.id,
        name=row.name,
        scopes=frozenset(row.scopes),
        channel=row.channel,
        requests_per_minute=row.requests_per_minute,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )


def _new_secret(id: str) -> str:
    return f"{_PREFIX}_{id}_{secrets.token_hex(32)}"


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
