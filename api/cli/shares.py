"""Shares as a person reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.evaluation import Share


def share_text(share: Share) -> str:
    """Return a share with what it was counted of, such as ``95.0% (57/60)``; nothing of nothing."""
    return "" if share.value is None else f"{share.value:.1%} ({share.count:,}/{share.of:,})"
