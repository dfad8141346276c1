"""Which way a language is written, and how foreign text is kept from scrambling it."""

from __future__ import annotations

import re
from typing import Literal

from babel.core import get_global

Direction = Literal["ltr", "rtl"]

# ISO 15924 codes of the scripts whose letters have Bidi_Class R or AL in the Unicode Character Database.
# fmt: off
_RIGHT_TO_LEFT = frozenset(
    (
        "adlm", "arab", "aran", "armi", "avst", "chrs", "cprt", "elym", "gara", "hatr", "hebr", "hung", "khar",
        "lydi", "mand", "mani", "mend", "merc", "mero", "narb", "nbat", "nkoo", "orkh", "palm", "phli", "phlp",
        "phnx", "prti", "rohg", "samr", "sarb", "sogd", "sogo", "syrc", "syre", "syrj", "syrn", "thaa", "yezi",
    )
)
# fmt: on

# Language, extended languages and script may stand before a region; what stands behind a singleton is none.
_REGION = re.compile(r"[a-z]{2,8}(?:-[a-z]{3})*(?:-[a-z]{4})?-([a-z]{2})(?:-|$)", re.IGNORECASE | re.ASCII)

_ISOLATE = "\N{FIRST STRONG ISOLATE}"
_END = "\N{POP DIRECTIONAL ISOLATE}"
RIGHT_TO_LEFT_MARK = "\N{RIGHT-TO-LEFT MARK}"
# The blocks that hold letters of Bidi_Class R and AL, and the controls.
_RIGHTWARD = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff\u202a-\u202e\u2066-\u2069]"
)
# Embeddings, overrides and isolates (Unicode Standard Annex 9): unbalanced ones would leak out of our isolate.
_CONTROLS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def subtags(language: str) -> list[str]:
    """Return the subtags of a BCP 47 tag in lower case; an underscore counts as a hyphen."""
    return language.strip().replace("_", "-").lower().split("-")


def region(language: str) -> str | None:
    """Return the ISO 3166-1 code that a BCP 47 tag names, in upper case; None where it names no country."""
    found = _REGION.match(language.strip().replace("_", "-"))
    return None if found is None else found[1].upper()


def direction(language: str) -> Direction:
    """Return the direction of any BCP 47 tag: by its script subtag, else by the language's likely script."""
    first, *rest = subtags(language)
    script = next((tag for tag in rest if len(tag) == 4 and tag.isalpha()), None)
    if script is None:
        likely = get_global("likely_subtags")
        full: str = likely.get(f"{first}_{region(language)}") or likely.get(first) or ""
        script = next((tag.lower() for tag in full.split("_")[1:] if len(tag) == 4), "")
    return "rtl" if script in _RIGHT_TO_LEFT else "ltr"


def isolate(value: str) -> str:
    """Return ``value`` between FSI and PDI, line by line, without directional controls of its own.

    An isolate ends with its paragraph (Unicode Standard Annex 9, rule X8), so each line has one; an empty line none.
    """
    lines = value.translate(_CONTROLS).split("\n")
    return "\n".join(f"{_ISOLATE}{line}{_END}" if line.strip() or len(lines) == 1 else line for line in lines)


def may_scramble(value: str) -> bool:
    """Tell whether ``value`` could rearrange a text that runs left to right: by its letters, or by controls."""
    return not value.isascii() and _RIGHTWARD.search(value) is not None
