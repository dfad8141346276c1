"""Text as it arrives worn: letters typed without their marks, lost on the way, or read in a wrong character set."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import numpy as np

_PLAIN_SHARE: Final = 0.12
_LOST_SHARE: Final = 0.05
_MISREAD_SHARE: Final = 0.05
_DOTLESS_SHARE: Final = 0.5

_BARE: Final = str.maketrans({"ł": "l", "đ": "d", "ø": "o", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe", "ə": "e"})
_BEYOND_ASCII: Final = re.compile(r"[^\x00-\x7f]")
_MISREAD_TURKISH: Final = str.maketrans("ığş", "ýðþ")
"""Windows-1254 read as Windows-1252, which old mail programs still do."""


def worn(texts: list[str], script: str, language: str, random: np.random.Generator) -> list[str]:
    """Return the texts with a share of them worn; those without letters beyond ASCII stay as they are.

    Latin script: marks left out (customers type so), letters lost (as gateways do), Turkish misread.
    Russian: ``ё`` written as ``е``, as most people do.
    """
    if script == "latin":
        draws = random.random(len(texts))
        return [_worn_latin(text, language, draw) for text, draw in zip(texts, draws, strict=True)]
    if language == "ru":
        draws = random.random(len(texts))
        return [
            text.replace("ё", "е") if draw < _DOTLESS_SHARE else text for text, draw in zip(texts, draws, strict=True)
        ]
    return texts


def without_marks(text: str) -> str:
    """Return Latin text as typed on a keyboard without its marks: ``pão`` as ``pao``, ``straße`` as ``strasse``."""
    parts = unicodedata.normalize("NFD", text.translate(_BARE))
    return "".join(part for part in parts if not unicodedata.combining(part))


def _worn_latin(text: str, language: str, draw: float) -> str:
    if text.isascii():
        return text
    if draw < _PLAIN_SHARE:
        return without_marks(text)
    if draw < _PLAIN_SHARE + _LOST_SHARE:
        return _BEYOND_ASCII.sub("", text).strip() or text
    if language == "tr" and draw < _PLAIN_SHARE + _LOST_SHARE + _MISREAD_SHARE:
        return text.translate(_MISREAD_TURKISH)
    return text
