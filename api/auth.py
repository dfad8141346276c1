"""Who calls, and what they may: keys and their scopes, and how many requests they have left."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from api.dependencies import ProductDep
from api.keys import SCOPES, Key, Scope
from knowledge.errors import ForbiddenError, RateLimitError, UnauthenticatedError

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")

LOOPBACK = Key(id="loopback", name="loopback caller", scopes=frozenset(SCOPES))

_bearer = HTTPBearer(auto_error=False, description="A key made by `faq keys create`, or by POST /v1/keys.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """What is left of a key's window of a minute after a request; ``reset`` is in seconds."""

    rate: int
    remaining: int
    reset: float
    is_allowed: bool

    @property
    def headers(self) -> dict[str, str]:
        """The ``RateLimit-*`` headers."""
        return {
            "RateLimit-Limit": str(self.rate),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(round(self.reset)),
        }


class RateLimiter:
    """Counts requests per key in windows of a minute, in this process."""

    def __init__(self, default: int | None) -> None:
        """``default`` is the rate, in requests a minute, of keys without one of their own; None is no rate."""
        self._default = default
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def spend(self, key: Key) -> Spent | None:
        """Count a request, and say what is left of its window; None for a key without a rate."""
        rate = key.requests_per_minute or self._default
        if rate is None:
            return None
        item = RateLimitItemPerMinute(rate)
        is_allowed = self._limiter.hit(item, key.id)
        window = self._limiter.get_window_stats(item, key.id)
        return Spent(
            rate=rate,
            remaining=window.remaining,
            reset=max(0.0, window.reset_time - time.time()),
            is_allowed=is_allowed,
        )


async def caller(
    request: Request,
    product: ProductDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Key:
    """Return the key of the caller; raises UnauthenticatedError, RateLimitError or DatabaseError."""
    if not product.keys.is_fresh:
        await asyncio.to_thread(product.keys.refresh)
    key = _key(request, product.keys.has_keys(), credentials, product.keys.find, is_public=product.settings.public_ask)
    limiter: RateLimiter = request.app.state.limiter
    spent = limiter.spend(key)
    if spent is not None:
        request.state.rate_headers = spent.headers  # for whatever the response will be
        if not spent.is_allowed:
            raise RateLimitError(
                f"This key may make {spent.rate} requests a minute; try again in {spent.reset:.0f} seconds.",
                retry_after=spent.reset,
            )
    return key


CallerDep = Annotated[Key, Depends(caller)]


def requires(scope: Scope) -> Callable[..., Awaitable[Key]]:
    """Return a dependency that gives the caller's key, and refuses one without the scope."""

    async def allowed(key: CallerDep) -> Key:
        if not key.may(scope):
            raise ForbiddenError(
                f"The key {key.name!r} has the scopes {', '.join(sorted(key.scopes))}; this needs {scope!r}. "
                f"Make one with: faq keys create --scope {scope}"
            )
        return key

    return allowed


AskKey = Annotated[Key, Depends(requires("ask"))]
TicketsKey = Annotated[Key, Depends(requires("tickets"))]
KnowledgeKey = Annotated[Key, Depends(requires("knowledge"))]
AdminKey = Annotated[Key, Depends(requires("admin"))]


def _key(
    request: Request,
    has_keys: bool,
    credentials: HTTPAuthorizationCredentials | None,
    find: Callable[[str], Key],
    *,
    is_public: bool,
) -> Key:
    if credentials is not None and has_keys:
        return find(credentials.credentials)
    if not has_keys and _is_loopback(request):
        return LOOPBACK
    if is_public:
        address = request.client.host if request.client else "unknown"
        return Key(id=f"public {address}", name="anybody", scopes=frozenset({"ask"}))
    if has_keys:
        raise UnauthenticatedError("No key came; expected the header `Authorization: Bearer <key>`.")
    raise UnauthenticatedError(
        "No key is configured, so only callers on this machine are served, and not through a proxy. "
        "Make a key with: faq keys create --scope ask"
    )


def _is_loopback(request: Request) -> bool:
    """Tell whether a program or a page of this machine calls.

    What a proxy says it passed on is not, nor what a page of another site sends through this machine's
    browser: its Origin is foreign, or, with a rebound name, its Host.
    """
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    host = request.headers.get("host", "")
    origin = request.headers.get("origin")
    if not _is_local_name(urlsplit(f"//{host}").hostname):
        return False
    if origin is not None and urlsplit(origin).netloc != host:
        return False
    return _is_local_name(request.client.host)


def _is_local_name(name: str | None) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name or "").is_loopback
    except ValueError:
        return False
