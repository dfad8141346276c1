"""Word lists: the frequent words of a language, and how likely each is.

``lists.npz`` holds one compressed list per language, read when first asked for; ``README.md`` says what they
are made of, ``index.training.words`` makes them.
"""

from __future__ import annotations

import lzma
import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, cached_property
from importlib import resources

import numpy as np
from numpy.typing import NDArray

STEPS_PER_NAT = 2
"""A word's level is its negative log-probability in steps of half a nat."""

_LEVELS = 64
_LOGS = tuple(-level / STEPS_PER_NAT for level in range(_LEVELS))  # one float object for all words of a level
_FIRST = 32  # what stands for a shared prefix of length 0 in a stored list
_COMPRESSION = {"id": lzma.FILTER_LZMA1, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 1 << 20, "pb": 0}
_SAME_AS = {"no": "nb", "nn": "nb"}
_ALIKE = 64
_NEAREST = 48  # words of one length looked at, the more frequent of equally near ones first


class WordList:
    """Words with their log-probabilities; immutable, safe to share between threads."""

    def __init__(self, logs: Mapping[str, float]) -> None:
        """Take log-probabilities by word, the more frequent words first."""
        self.logs = dict(logs)
        self._by_form: dict[Callable[[str], Iterable[str]], dict[str, str]] = {}

    def __len__(self) -> int:
        return len(self.logs)

    @classmethod
    def counted(cls, counts: Mapping[str, int], *, smoothing: int) -> WordList:
        """Make a list of counted words; ``smoothing`` is the count kept back for words not seen."""
        total = sum(counts.values()) + smoothing
        ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        return cls({word: math.log(count / total) for word, count in ordered})

    def near(self, word: str, distance: int) -> Iterator[tuple[str, int]]:
        """Yield words within a distance of insertions, deletions, replacements and swaps of neighbours.

        Distances are those of the restricted edit distance (Boytsov 2011, "Indexing methods for approximate
        dictionary searching", optimal string alignment).
        """
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extract

        mask = _mask(word)
        for length in range(len(word) - distance, len(word) + distance + 1):
            if (bucket := self._buckets.get(length)) is None:
                continue
            words, masks = bucket
            # A replacement changes two bits at most, an insertion or deletion one, a swap none.
            alike = np.flatnonzero(np.bitwise_count(masks ^ mask) <= 2 * distance).tolist()
            some = [words[place] for place in alike]
            for found, steps, _ in extract(
                word, some, scorer=OSA.distance, processor=None, score_cutoff=distance, limit=_NEAREST
            ):
                yield found, int(steps)

    def beginning(self, letters: str) -> Iterator[str]:
        """Yield words that begin with some letters, a few dozen at most, in alphabetical order."""
        words = self._sorted
        start = bisect_left(words, letters)
        for word in words[start : start + _ALIKE]:
            if not word.startswith(letters):
                break
            yield word

    def by_form(self, forms: Callable[[str], Iterable[str]]) -> Mapping[str, str]:
        """Return the likeliest word for each of the forms that a function gives words; kept as long as the list."""
        found = self._by_form.get(forms)
        if found is None:
            found = {}
            for word in self.logs:  # the more frequent come first
                for form in forms(word):
                    found.setdefault(form, word)
            self._by_form[forms] = found
        return found

    @cached_property
    def letters(self) -> frozenset[str]:
        """The letters that the words are written with."""
        return frozenset("".join(self.logs))

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.logs)

    @cached_property
    def _buckets(self) -> dict[int, tuple[list[str], NDArray[np.uint64]]]:
        """The words of each length, the more frequent first, with their masks."""
        by_length: dict[int, list[str]] = {}
        for word in self.logs:
            by_length.setdefault(len(word), []).append(word)
        return {
            length: (words, np.fromiter(map(_mask, words), np.uint64, len(words)))
            for length, words in by_length.items()
        }


def _mask(word: str) -> int:
    """Return the letters of a word as bits, different ones by chance alike."""
    mask = 0
    for letter in word:
        mask |= 1 << (ord(letter) & 63)
    return mask


@cache
def word_list(language: str) -> WordList | None:
    """Return the list of a language, by its first subtag; None for a language without one."""
    packed = _stored().get(_SAME_AS.get(language, language))
    return None if packed is None else WordList(unpacked(packed))


def packed(levels: Mapping[str, int]) -> bytes:
    """Return a list as it is stored: sorted, each word as the length of what it shares with the one before."""
    words = sorted(levels)
    rows, before = [], ""
    for word in words:
        shared = 0
        while shared < min(len(word), len(before)) and word[shared] == before[shared]:
            shared += 1
        rows.append(chr(_FIRST + shared) + word[shared:])
        before = word
    count = len(words).to_bytes(4, "little")
    body = count + bytes(min(levels[word], _LEVELS - 1) for word in words) + "\n".join(rows).encode()
    return lzma.compress(body, format=lzma.FORMAT_ALONE, filters=[_COMPRESSION])


def unpacked(data: bytes) -> dict[str, float]:
    """Return the log-probabilities of a stored list, the most frequent word first."""
    body = lzma.decompress(data, format=lzma.FORMAT_ALONE)
    count = int.from_bytes(body[:4], "little")
    levels, rows = body[4 : 4 + count], body[4 + count :].decode().split("\n")
    words, before = [], ""
    for row in rows:
        before = before[: ord(row[0]) - _FIRST] + row[1:]
        words.append(before)
    order = sorted(range(count), key=levels.__getitem__)
    return {words[place]: _LOGS[levels[place]] for place in order}


def level_of(count: int, total: int) -> int:
    """Return the level of a word seen ``count`` times among ``total``."""
    return min(_LEVELS - 1, round(-math.log(count / total) * STEPS_PER_NAT))


@cache
def _stored() -> dict[str, bytes]:
    path = resources.files("index.words") / "lists.npz"
    with resources.as_file(path) as file, np.load(file) as archive:
        return {language: archive[language].tobytes() for language in archive.files}
