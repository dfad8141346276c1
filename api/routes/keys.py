"""Keys: who may call."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from api.auth import AdminKey
from api.dependencies import ProductDep
from api.keys import Key, NewKey
from api.models import KeyModel, KeyRequest, NewKeyModel, Page
from api.responses import ERRORS

router = APIRouter(prefix="/v1/keys", tags=["keys"], responses=ERRORS)


@router.get("", summary="All keys, without their secrets")
def keys(product: ProductDep, key: AdminKey) -> Page[KeyModel]:
    """Return every key, revoked ones too."""
    return Page(items=[KeyModel(**_fields(found)) for found in product.keys.all()], next_cursor=None)


@router.post("", status_code=201, summary="Make a key; its secret is shown this once")
def create(body: KeyRequest, product: ProductDep, key: AdminKey) -> NewKeyModel:
    """Make a key."""
    made = product.keys.create(
        name=body.name or "key made over the API",
        scopes=body.scopes,
        channel=body.channel,
        requests_per_minute=body.requests_per_minute,
    )
    return _new(made)


@router.post("/{id}/rotate", summary="Give a key a new secret")
def rotate(id: str, product: ProductDep, key: AdminKey) -> NewKeyModel:
    """End the old secret at once and return the new one."""
    return _new(product.keys.rotate(id))


@router.delete("/{id}", summary="End a key for good")
def revoke(id: str, product: ProductDep, key: AdminKey) -> KeyModel:
    """Revoke a key."""
    return KeyModel(**_fields(product.keys.revoke(id)))


def _fields(key: Key) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "channel": key.channel,
        "requests_per_minute": key.requests_per_minute,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    }


def _new(made: NewKey) -> NewKeyModel:
    return NewKeyModel(**_fields(made.key), secret=made.secret)
