"""Writing systems: which script a character belongs to, and which languages a script admits.

Ranges follow the Unicode block list (Blocks.txt), rounded to what a customer's message can hold.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

SCRIPTS: Final[tuple[str, ...]] = (
    "none", "latin", "cyrillic", "arabic", "han", "kana", "hangul", "greek", "hebrew", "armenian",
    "georgian", "thai", "devanagari", "bengali", "tamil", "telugu",
)  # fmt: skip

_RANGES: Final[tuple[tuple[str, int, int], ...]] = (
    ("latin", 0x41, 0x5A), ("latin", 0x61, 0x7A), ("latin", 0xAA, 0xAA), ("latin", 0xBA, 0xBA),
    ("latin", 0xC0, 0xD6), ("latin", 0xD8, 0xF6), ("latin", 0xF8, 0x2AF), ("latin", 0x1E00, 0x1EFF),
    ("greek", 0x370, 0x3FF), ("greek", 0x1F00, 0x1FFF),
    ("cyrillic", 0x400, 0x52F), ("cyrillic", 0x1C80, 0x1C8F), ("cyrillic", 0xA640, 0xA69F),
    ("armenian", 0x531, 0x58F), ("hebrew", 0x591, 0x5FF), ("hebrew", 0xFB1D, 0xFB4F),
    ("arabic", 0x600, 0x6FF), ("arabic", 0x750, 0x77F), ("arabic", 0x8A0, 0x8FF),
    ("arabic", 0xFB50, 0xFDFF), ("arabic", 0xFE70, 0xFEFC),
    ("devanagari", 0x900, 0x97F), ("bengali", 0x980, 0x9FF), ("tamil", 0xB80, 0xBFF),
    ("telugu", 0xC00, 0xC7F), ("thai", 0xE00, 0xE7F), ("georgian", 0x10A0, 0x10FF),
    ("georgian", 0x1C90, 0x1CBF), ("georgian", 0x2D00, 0x2D2F),
    ("hangul", 0x1100, 0x11FF), ("hangul", 0x3130, 0x318F), ("hangul", 0xAC00, 0xD7AF),
    ("kana", 0x3041, 0x30FF), ("kana", 0x31F0, 0x31FF),
    ("han", 0x3400, 0x4DBF), ("han", 0x4E00, 0x9FFF), ("han", 0xF900, 0xFAFF), ("han", 0x3005, 0x3007),
)  # fmt: skip

LANGUAGE_OF_SCRIPT: Final = MappingProxyType(
    {
        "kana": "ja", "hangul": "ko", "greek": "el", "hebrew": "he", "armenian": "hy", "georgian": "ka",
        "thai": "th", "devanagari": "hi", "bengali": "bn", "tamil": "ta", "telugu": "te",
    }
)  # fmt: skip
"""Scripts that settle the language by themselves among the languages this product knows."""

_LATIN: Final = SCRIPTS.index("latin")
_HAN: Final = SCRIPTS.index("han")
_KANA: Final = SCRIPTS.index("kana")
_HANGUL: Final = SCRIPTS.index("hangul")

# A product name in Latin letters stands in messages of every language, the reverse is rare; and one
# ideograph or syllable carries as much as several letters.
_WEIGHTS: Final = np.full(len(SCRIPTS), 2.5)
_WEIGHTS[0] = 0.0
_WEIGHTS[_LATIN] = 1.0
_WEIGHTS[[_HAN, _KANA, _HANGUL]] = 6.0


def _build_table() -> npt.NDArray[np.uint8]:
    table = np.zeros(0x10000, dtype=np.uint8)
    for name, first, last in _RANGES:
        table[first : last + 1] = SCRIPTS.index(name)
    return table


_TABLE: Final = _build_table()


def _only(script: str) -> re.Pattern[str]:
    letters = "".join(f"{chr(first)}-{chr(last)}" for name, first, last in _RANGES if name == script)
    return re.compile(f"[ ']*[{letters}][{letters} ']*")


_ALONE: Final = tuple((script, _only(script)) for script in ("latin", "cyrillic", "arabic"))
"""What nearly all texts are; a regular expression says so in a fifth of the time that counting takes."""


def codes(text: str) -> npt.NDArray[np.uint32]:
    """Code points of ``text``, shape ``(len(text),)``; lone surrogates are kept as they are."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def scripts_of(points: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
    """Index into `SCRIPTS` of every code point; ideographs beyond the basic plane count as none."""
    found: npt.NDArray[np.uint8] = _TABLE[np.minimum(points, 0xFFFF)]
    return found


def dominant_script(text: str) -> str:
    """Name the script that most of the text's letters, weighted, are written in; ``none`` if no letters."""
    return script_and_purity(text)[0]


def script_and_purity(text: str) -> tuple[str, bool]:
    """Name the dominant script of folded words, and say whether every letter is of that script.

    Japanese is recognised by its syllables even when ideographs are in the majority: a run of
    Chinese text holds none.
    """
    if text.isascii():
        return ("latin" if text and not text.isspace() else "none"), True
    for script, alone in _ALONE:
        if alone.fullmatch(text):
            return script, True
    counts = np.bincount(_TABLE.take(codes(text), mode="clip"), minlength=len(SCRIPTS))
    weighted = counts * _WEIGHTS
    best = int(weighted.argmax())
    if weighted[best] == 0:
        return "none", True
    if best in (_HAN, _KANA, _HANGUL):
        if counts[_HANGUL] * 2 >= counts[_HAN] + counts[_KANA]:
            return "hangul", False
        if counts[_KANA] * 8 >= counts[_HAN]:
            return "kana", False
        return "han", False
    return SCRIPTS[best], np.count_nonzero(weighted) == 1
