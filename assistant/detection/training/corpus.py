"""Training text by language: lines and single terms, cleaned of what is plainly another language."""

from __future__ import annotations

import gzip
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from assistant.detection.scripts import dominant_script
from assistant.detection.words import significant_words, words_of

CODES: Final = {"no": "nb", "zh-tw": "zh", "be-tarask": "be", "sr-latn": "sr"}
SCRIPTS_OF_LANGUAGE: Final[dict[str, frozenset[str]]] = {
    **{code: frozenset({"cyrillic"}) for code in ("ru", "be", "uk", "bg", "mk", "kk", "ky", "mn", "tg")},
    **{code: frozenset({"arabic"}) for code in ("ar", "fa", "ur")},
    "sr": frozenset({"cyrillic", "latin"}),
    "uz": frozenset({"latin"}),
    "zh": frozenset({"han"}),
    "ja": frozenset({"han", "kana"}),
    "hy": frozenset({"armenian"}),
    "ka": frozenset({"georgian"}),
}
LATIN: Final = frozenset({"latin"})
SINGLE_SCRIPT: Final = frozenset({"ko", "el", "he", "th", "hi", "bn", "ta", "te"})
"""Their script settles them, and langdetect has profiles of them; their text is not needed."""

# Letters that a language's alphabet lacks: a line that holds one is another language's.
_FOREIGN: Final = {
    "be": re.compile("[ищъїєђћљњјқғәөүһ]"),
    "uk": re.compile("[ыэёъўљњјқғәөүһ]"),
    "ru": re.compile("[іўїєґљњјђћқғәөүһ]"),
    "bg": re.compile("[ыэёіўїєґљњјђћқғә]"),
    "kk": re.compile("[їєґљњјђћ]"),
    "sr": re.compile("[ыэёъйщюяіўїєґ]"),
    "mk": re.compile("[ыэёъйщюяіўїєґђћ]"),
}
_MAX_LINES: Final = 400_000


@dataclass(slots=True)
class Corpus:
    """Words of lines (lists of folded words) and of dictionary entries, by language."""

    lines: dict[str, list[list[str]]] = field(default_factory=dict)
    terms: dict[str, list[list[str]]] = field(default_factory=dict)
    international: list[str] = field(default_factory=list)


def read_corpus(data: Path) -> Corpus:
    """Read ``parallel``, ``dictionary`` and ``english`` under ``data``; the same files give the same corpus."""
    copies = _Copies()
    lines = _read_sides(sorted((data / "parallel").glob("*.tsv.gz")), _MAX_LINES, copies)
    for path in sorted((data / "english").glob("sentences_*.txt.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as rows:
            for row in rows:
                lines["en"].offer(row.strip(), "")
    terms = _read_sides(sorted((data / "dictionary").glob("*.tsv.gz")), 10**9, None)
    cleaned = _clean(lines)
    return Corpus(lines=cleaned, terms=_clean(terms), international=_without_own_words(copies.international(), cleaned))


def _without_own_words(words: list[str], lines: dict[str, list[list[str]]]) -> list[str]:
    """Leave out words that some language uses far more than English does (``en``, ``de``, ``finder``)."""
    shares: dict[str, dict[str, float]] = {}
    for language, texts in lines.items():
        counts = Counter(word for text in texts for word in text)
        total = max(1, sum(counts.values()))
        shares[language] = {word: counts[word] / total for word in words if counts[word] > 20}
    english = shares["en"]
    return [
        word
        for word in words
        if all(share.get(word, 0.0) <= 4 * max(english.get(word, 0.0), 1e-6) for share in shares.values())
    ]


class _Copies:
    """How often a word of the English side stands unchanged in the translation, by language."""

    def __init__(self) -> None:
        self.seen: dict[str, Counter[str]] = defaultdict(Counter)
        self.kept: dict[str, Counter[str]] = defaultdict(Counter)

    def add(self, language: str, english: set[str], other: set[str]) -> None:
        self.seen[language].update(english)
        self.kept[language].update(english & other)

    def international(self) -> list[str]:
        """Words left as they are by at least a third of ten or more Latin-script languages."""
        rates: dict[str, list[float]] = defaultdict(list)
        for language, seen in self.seen.items():
            kept = self.kept[language]
            for word, count in seen.items():
                if count >= 5:
                    rates[word].append(kept[word] / count)
        return sorted(
            word
            for word, values in rates.items()
            if len(values) >= 10 and sum(value >= 0.4 for value in values) >= max(6, len(values) / 3) and len(word) > 1
        )


def _read_sides(paths: list[Path], limit: int, copies: _Copies | None) -> defaultdict[str, _Sample]:
    found: defaultdict[str, _Sample] = defaultdict(lambda: _Sample(limit))
    for path in paths:
        for left, right, left_text, right_text in _rows(path):
            found[left].offer(left_text, right_text if right == "en" else "")
            found[right].offer(right_text, left_text if left == "en" else "")
            if copies is not None and left == "en" and right not in SINGLE_SCRIPT and right not in SCRIPTS_OF_LANGUAGE:
                copies.add(right, set(words_of(left_text)), set(words_of(right_text)))
    return found


def _rows(path: Path) -> Iterator[tuple[str, str, str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as rows:
        next(rows)
        for row in rows:
            cells = row.rstrip("\n").split("\t")
            if len(cells) == 4:
                yield CODES.get(cells[0], cells[0]), CODES.get(cells[1], cells[1]), cells[2], cells[3]


class _Sample:
    """The ``limit`` distinct texts with the smallest checksums: a fixed sample in one pass."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.kept: dict[int, tuple[str, str]] = {}
        self.highest = 1 << 32

    def offer(self, text: str, english: str) -> None:
        """Keep the text, and its English side where there is one, unless the sample is fuller of smaller sums."""
        checksum = zlib.crc32(text.encode("utf-8", "replace"))
        if checksum < self.highest and checksum not in self.kept:
            self.kept[checksum] = (text, english)
            if len(self.kept) > 2 * self.limit:
                lowest = sorted(self.kept)[: self.limit]
                self.kept = {number: self.kept[number] for number in lowest}
                self.highest = lowest[-1]

    def entries(self) -> list[tuple[str, str]]:
        """List the sample by checksum."""
        return [self.kept[number] for number in sorted(self.kept)[: self.limit]]


def _clean(found: dict[str, _Sample]) -> dict[str, list[list[str]]]:
    return {
        language: list(_clean_lines(language, sample.entries()))
        for language, sample in sorted(found.items())
        if language not in SINGLE_SCRIPT
    }


def _clean_lines(language: str, entries: list[tuple[str, str]]) -> Iterator[list[str]]:
    """Words of each text that is in one of the language's scripts and not copied from English."""
    scripts = SCRIPTS_OF_LANGUAGE.get(language, LATIN)
    foreign = _FOREIGN.get(language)
    for text, english in entries:
        words = significant_words(text)
        joined = " ".join(words)
        if not words or dominant_script(joined) not in scripts or (foreign is not None and foreign.search(joined)):
            continue
        if english and language != "en" and scripts is LATIN:
            source = set(significant_words(english))
            copied = sum(len(word) > 3 and word in source for word in words)
            if copied * 2 > len(words) or (copied and len(words) == 1):
                continue
        yield words
