"""Which ideographs only traditional, only simplified Chinese and only Japanese write, by counting."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path
from typing import Final

LANGUAGES: Final = {"zh": "simplified", "zh-tw": "traditional", "ja": "japanese"}
_LEAST: Final = 3
_TIMES: Final = 30.0
"""How many times commoner than in the others an ideograph must be; text drifts, so never is too strict."""
_SMOOTHING: Final = 0.3


def count_ideographs(data: Path) -> dict[str, str]:
    """Count both sides of ``parallel`` and ``dictionary`` under ``data``; the most frequent ideographs come first.

    ``traditional`` and ``simplified`` are told from each other, ``japanese`` from both.
    """
    counts: dict[str, Counter[str]] = {name: Counter() for name in LANGUAGES.values()}
    for folder in ("parallel", "dictionary"):
        for path in sorted((data / folder).glob("*.tsv.gz")):
            with gzip.open(path, "rt", encoding="utf-8") as rows:
                for row in rows:
                    cells = row.rstrip("\n").split("\t")
                    if len(cells) == 4:
                        for language, text in ((cells[0], cells[2]), (cells[1], cells[3])):
                            if language in LANGUAGES:
                                counts[LANGUAGES[language]].update(filter(_is_ideograph, text))
    simplified, traditional, japanese = (counts[name] for name in ("simplified", "traditional", "japanese"))
    return {
        "traditional": _own(traditional, simplified),
        "simplified": _own(simplified, traditional),
        "japanese": _own(japanese, simplified + traditional),
    }


def _own(counts: Counter[str], others: Counter[str]) -> str:
    total, others_total = max(1, counts.total()), max(1, others.total())
    found = [
        character
        for character, count in counts.items()
        if count >= _LEAST and count / total > _TIMES * (others[character] + _SMOOTHING) / others_total
    ]
    return "".join(sorted(found, key=lambda character: (-counts[character], character)))


def _is_ideograph(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff"
