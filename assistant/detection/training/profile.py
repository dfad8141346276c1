"""The Belarusian profile that langdetect lacks, counted as its own profiles were: n-grams of 1 to 3 letters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

_LEAST_SHARE: Final = 100_000
"""langdetect's profile builder drops n-grams rarer than one in so many of the most frequent kind."""


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
    least = max(3, totals[0] // _LEAST_SHARE)
    kept = {gram: count for gram, count in sorted(counts.items()) if count >= least}
    return {"name": language, "freq": kept, "n_words": totals}
