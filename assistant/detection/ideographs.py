"""Ideographs that only one way of writing uses: traditional Chinese, simplified Chinese, Japanese."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Final

from assistant.detection.linear import DetectionModelError

TABLE_PATH: Final = Path(__file__).parent / "ideographs.json"


def is_traditional(text: str) -> bool:
    """Whether a Chinese text holds more ideographs that only traditional writing has than only simplified."""
    table = _table()
    letters = set(text)
    return len(letters & table["traditional"]) > len(letters & table["simplified"])


def is_japanese(text: str) -> bool:
    """Whether the text holds an ideograph that Japanese writes and Chinese does not."""
    return not _table()["japanese"].isdisjoint(text)


@cache
def _table() -> dict[str, frozenset[str]]:
    try:
        table = json.loads(TABLE_PATH.read_text(encoding="utf-8"))
        return {name: frozenset(table[name]) for name in ("traditional", "simplified", "japanese")}
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise DetectionModelError(
            f"expected the table of ideographs at {TABLE_PATH}, found none that can be read ({exc}); "
            "reinstall faq-assistant"
        ) from exc
