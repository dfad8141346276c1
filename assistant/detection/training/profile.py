"""Profiles of languages that langdetect lacks, counted as its own profiles were: n-grams of 1 to 3 letters."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from assistant.detection.training.corpus import Corpus
from assistant.detection.words import words_in_script

PROFILED: Final = {"be": "cyrillic", "hy": "armenian", "ka": "georgian", "kk": "cyrillic", "sr": "cyrillic"}
"""Languages that langdetect comes without, by the script they are counted in."""

_LEAST_SHARE: Final = 100_000
"""langdetect's profile builder drops n-grams rarer than one in so many of the most frequent kind."""


def write_profiles(corpus: Corpus, folder: Path) -> None:
    """Write one ``LANGUAGE.json`` for each language of `PROFILED`."""
    folder.mkdir(parents=True, exist_ok=True)
    for language, script in PROFILED.items():
        texts = corpus.lines[language] + corpus.terms.get(language, [])
        profile = langdetect_profile(language, [words_in_script(words, script) for words in texts])
        packed = json.dumps(profile, ensure_ascii=False, separators=(",", ":"))
        (folder / f"{language}.json").write_text(packed, encoding="utf-8")


def langdetect_profile(language: str, lines: Iterable[list[str]]) -> dict[str, object]:
    """``{"name", "freq", "n_words"}`` over the words of ``lines``, the edge of a word being a space.

    Shuyo (2010), Language Detection Library; ``n_words`` counts n-grams of 1, 2 and 3 characters.
    """
    counts: Counter[str] = Counter()
    totals = [0, 0, 0]
    for line in lines:
        for word in line:
            padded = f" {word} "
            for size in (1, 2, 3):
                for first in range(len(padded) - size + 1):
                    gram = padded[first : first + size]
                    if gram != " ":
                        counts[gram] += 1
                        totals[size - 1] += 1
    least = max(4, totals[0] // _LEAST_SHARE)
    kept = {gram: count for gram, count in sorted(counts.items()) if count >= least}
    return {"name": language, "freq": kept, "n_words": totals}
