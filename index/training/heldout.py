"""What the evaluation sets hold, so that training never sees it."""

from __future__ import annotations

import gzip
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

WORD_GRAM = 8
"""Eight words in a row shared with an evaluation text make a near copy."""

CHARACTER_GRAM = 16
"""The same for scripts written without spaces, in characters."""

_TOKEN = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|[^\W_]+")


def normalised(text: str) -> str:
    """Return the text as compared: NFKC, case folded, words and characters of unspaced scripts one space apart."""
    return " ".join(_TOKEN.findall(unicodedata.normalize("NFKC", text).casefold()))


def grams(key: str) -> Iterator[int]:
    """Yield a hash for every run of tokens in a normalised text that is long enough to betray a near copy."""
    tokens = key.split(" ")
    if len(tokens) < WORD_GRAM:
        return
    single = sum(len(token) == 1 for token in tokens)
    width = CHARACTER_GRAM if 2 * single > len(tokens) else WORD_GRAM
    for start in range(len(tokens) - width + 1):
        yield hash(tuple(tokens[start : start + width]))


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """Whole texts and runs of tokens that must not be trained on."""

    texts: frozenset[str]
    grams: frozenset[int]

    @classmethod
    def read(cls, dev: Path) -> HeldOut:
        """Collect every text of the evaluation sets under `dev` (the language-identification lists excepted)."""
        keys = {key for text in _texts(dev) if (key := normalised(text))}
        return cls(texts=frozenset(keys), grams=frozenset(gram for key in keys for gram in grams(key)))

    def likeness(self, key: str) -> Literal["copy", "near copy"] | None:
        """Tell whether a normalised text is an evaluation text, or shares a long run of tokens with one."""
        if key in self.texts:
            return "copy"
        return "near copy" if any(gram in self.grams for gram in grams(key)) else None


def _texts(dev: Path) -> Iterator[str]:
    for path in sorted(dev.glob("*.tsv.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            next(file)
            for line in file:
                yield line.rstrip("\n").split("\t")[-1]
    for path in sorted(dev.glob("*/*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                for field in ("question", "answer", "query"):
                    if row.get(field):
                        yield row[field]
    for path in sorted(dev.glob("nlu_home/*.tsv")):
        with path.open(encoding="utf-8") as rows:
            next(rows)
            for line in rows:
                yield from line.rstrip("\n").split("\t")[3:5]
