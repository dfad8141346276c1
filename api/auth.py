"""Who calls, and what they may: keys and their scopes, and how many requests they have left."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request, Response
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


class RateLimiter:
    """Counts requests per key in windows of a minute, in this process."""

    def __init__(self, default: int | None) -> None:
        """``default`` is the rate, in requests a minute, of keys without one of their own; None is no rate."""
        self._default = default
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def spend(self, key: Key) -> dict[str, str]:
        """Count a request and return the ``RateLimit-*`` headers; raises RateLimitError."""
        rate = key.requests_per_minute or self._default
        if rate is None:
            return {}
        item = RateLimitItemPerMinute(rate)
        is_allowed = self._limiter.hit(item, key.id)
        window = self._limiter.get_window_stats(item, key.id)
        reset = max(0.0, window.reset_time - time.time())
        if not is_allowed:
            raise RateLimitError(
                f"This key may make {rate} requests a minute; try again in {reset:.0f} seconds.", retry_after=reset
            )
        return {
            "RateLimit-Limit": str(rate),
            "RateLimit-Remaining": str(window.remaining),
            "RateLimit-Reset": str(round(reset)),
        }


async def caller(
    request: Request,
    response: Response,
    product: ProductDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Key:
    """Return the key of the caller; raises UnauthenticatedError or RateLimitError."""
    key = _key(request, product.keys.has_keys(), credentials, product.keys.find, is_public=product.settings.public_ask)
    limiter: RateLimiter = request.app.state.limiter
    headers = limiter.spend(key)
    if headers:
        response.headers.update(headers)
        request.state.rate_headers = headers
    return key


CallerDep = Annotated[Key, Depends(caller)]


def requires(scope: Scope) -> Callable[..., Key]:
    """Return a dependency that gives the caller's key, and refuses one without the scope."""

    def allowed(key: CallerDep) -> Key:
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
    """Tell whether the caller is on this machine; a request that a proxy passed on is not."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
