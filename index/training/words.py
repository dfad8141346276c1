"""Makes the word lists of ``index.words`` out of the training texts: ``python -m index.training.words TRAIN OUT``."""

from __future__ import annotations

import argparse
import gzip
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from index.words import level_of, packed

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_APOSTROPHES = str.maketrans("’ʼ`", "'''")
_MERGED = {"be-tarask": "be", "sr-latn": "sr", "no": "nb"}
# Words without spaces between them, or signs between the letters; or less text than a list needs.
_LEFT_OUT = frozenset({"zh", "zh-tw", "ja", "ko", "th", "ta", "te", "hi", "bn", "ur", "ky", "tg", "uz"})
_MANY = {"ru": 31_000, "uk": 20_000, "be": 20_000, "en": 15_000, "de": 15_000, "pl": 14_000, "tr": 13_000}
_SOME = 9_500
_LEAST = 3  # times a word must be seen
_LEAST_OF = {"be": 2}  # where text is scarce
_LONGEST = 24  # letters
_TYPICAL = 3_000  # words that tell a language's script
_FOREIGN = 0.1  # of its share in English, below which a word of another language is an English one


def main(arguments: Sequence[str] | None = None) -> int:
    """Count the words of all texts and write the lists."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("train", type=Path, help="folder with parallel, english and dictionary")
    parser.add_argument("out", type=Path, help="the file to write, lists.npz")
    options = parser.parse_args(arguments)
    lists: dict[str, Any] = {
        language: np.frombuffer(packed(levels), np.uint8)
        for language, levels in sorted(word_levels(counted(options.train)).items())
    }
    np.savez(options.out, **lists)
    print(f"{len(lists)} languages, {options.out.stat().st_size:,} bytes")
    return 0


def counted(train: Path) -> dict[str, Counter[str]]:
    """Return how often each word stands in the texts of each language, texts of one file counted once."""
    counts: dict[str, Counter[str]] = {}
    for path in sorted((train / "parallel").glob("*.tsv.gz")):
        seen = set()
        for row in _rows(path):
            for language, text in ((row[0], row[2]), (row[1], row[3])):
                if (language, text) not in seen:
                    seen.add((language, text))
                    _count(counts, language, text)
    for path in sorted((train / "english").glob("sentences_*.txt.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                _count(counts, "en", line)
    # Belarusian text is scarce, and its dictionaries know words that no text has.
    for path in sorted((train / "dictionary").glob("*.tsv.gz")):
        for row in _rows(path):
            for language, text in ((row[0], row[2]), (row[1], row[3])):
                if language == "be":
                    _count(counts, language, text)
    return counts


def word_levels(counts: Mapping[str, Counter[str]]) -> dict[str, dict[str, int]]:
    """Return the frequent words of every language with the levels of their probability."""
    english = counts.get("en", Counter())
    english_total = max(1, english.total())
    made = {}
    for language, words in counts.items():
        if language in _LEFT_OUT:
            continue
        total = words.total()
        scripts = _scripts(words)
        kept = [
            (word, count)
            for word, count in words.most_common()
            if count >= _LEAST_OF.get(language, _LEAST) and len(word) <= _LONGEST and _script(word) in scripts
            and (language == "en" or count / total >= _FOREIGN * english[word] / english_total)
        ]  # fmt: skip
        made[language] = {word: level_of(count, total) for word, count in kept[: _MANY.get(language, _SOME)]}
    return made


def _count(counts: dict[str, Counter[str]], language: str, text: str) -> None:
    words = _WORD.findall(unicodedata.normalize("NFC", text).lower().translate(_APOSTROPHES))
    counts.setdefault(_MERGED.get(language, language), Counter()).update(words)


def _rows(path: Path) -> Iterator[list[str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        next(file)
        for line in file:
            row = line.rstrip("\n").split("\t")
            if len(row) == 4:
                yield row


def _scripts(words: Counter[str]) -> set[str]:
    """Return the scripts that a language is written in: Serbian has two."""
    shares: Counter[str] = Counter()
    for word, count in words.most_common(_TYPICAL):
        shares[_script(word)] += count
    return {script for script, count in shares.items() if count > 0.25 * shares.total()}


def _script(word: str) -> str:
    return unicodedata.name(word[0], "?").split()[0]


if __name__ == "__main__":
    sys.exit(main())
