"""The scores of a hit by the names that receipts give them, and what each adds to the fused score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from index.fusion import Fusion
from index.hits import Hit

ARMS = tuple(field.name for field in fields(Fusion))  # an arm that is added there is shown everywhere
_NAMES = {arm: arm if arm in Hit.__slots__ else f"is_{arm}" for arm in ARMS}  # of the arms' scores in a hit


def hit_scores(hit: Hit) -> dict[str, float | bool]:
    """Return the score of every arm, as it is before it is weighed."""
    return {name: getattr(hit, name) for name in _NAMES.values()}


def shares(hit: Mapping[str, Any], weights: Mapping[str, float]) -> dict[str, float]:
    """Return what each arm gave of a hit's fused score, which is their sum; arms that gave nothing are left out.

    ``hit`` is a receipt's, ``weights`` the fusion's when it was written.
    """
    given = {arm: weight * float(hit.get(_NAMES.get(arm, arm)) or 0.0) for arm, weight in weights.items()}
    return {arm: share for arm, share in given.items() if share}
