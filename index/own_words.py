"""Own words: those of a knowledge base's questions, that word lists of a language may not have."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from threading import Lock

import numpy as np
import orjson
from numpy.typing import NDArray

from index.words import WordList

WORD = re.compile(r"[^\W\d_]+(?:['’ʼ`][^\W\d_]+)*")
CHUNK = re.compile(r"\S+")
APOSTROPHES = str.maketrans("’ʼ`", "'''")

_MOST = 50_000  # words of a knowledge base
_SMOOTHING = 5_000  # words of a knowledge base not seen yet
_FEW = 2_000  # questions whose words are counted within some milliseconds
_CODE = re.compile(r"[\d@/\\_<>{}#]|[^\W\d_]\.[^\W\d_]")
_SENTENCES = re.compile(r"(?:[^\W\d_]|[\s.,;:!?'’ʼ`\"()«»„“”-])+")  # no code, but perhaps no space after a full stop
_ADDRESS = 40  # letters of an address at most; more are sentences run together

log = logging.getLogger(__name__)


class OwnWords:
    """The words of the questions of one generation, counted once for all that read with them."""

    def __init__(self, lines: bytes, offsets: NDArray[np.int64], questions: int) -> None:
        """Take the articles, one JSON object a line, (articles + 1,) offsets, and how many questions there are."""
        self._lines = lines
        self._offsets = offsets
        self._are_few = questions <= _FEW
        self._words: WordList | None = None
        self._has_failed = False
        self._lock = Lock()

    def collected(self) -> WordList:
        """Return the words, counting them first, or waiting for the thread that does."""
        if self._words is None:
            with self._lock:
                if self._words is None:
                    counts = counted_words(self._lines, self._offsets)
                    self._words = WordList.counted(dict(counts.most_common(_MOST)), smoothing=_SMOOTHING)
        return self._words

    def at_hand(self) -> WordList | None:
        """Return the words, None where they would have to be waited for.

        Those of a few questions are counted at once. When they cannot be, that is logged, and there are none.
        """
        if self._words is None and self._are_few and not self._has_failed:
            try:
                return self.collected()
            except Exception:  # questions can be read without
                self._has_failed = True
                log.exception("questions are read without the words of the articles, which could not be counted")
        return self._words


def counted_words(lines: bytes, offsets: NDArray[np.int64]) -> Counter[str]:
    """Return the words of articles' questions and alternates, with how often they stand there."""
    counts: Counter[str] = Counter()
    for start, end in pairwise(offsets.tolist()):
        for text in orjson.loads(lines[start:end])["texts"].values():
            for question in (text["question"], *text.get("alternate_questions", ())):
                counts.update(word for _, word in words_of(question))
    return counts


def words_of(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Yield the words of a text, folded, those of codes and addresses left out."""
    if _CODE.search(text) is None:
        for match in WORD.finditer(text):
            yield match, match.group().lower().translate(APOSTROPHES)
        return
    for chunk in CHUNK.finditer(text):
        is_code = _CODE.search(chunk.group()) is not None
        if is_code and (len(chunk.group()) <= _ADDRESS or _SENTENCES.fullmatch(chunk.group()) is None):
            continue
        for match in WORD.finditer(text, chunk.start(), chunk.end()):
            yield match, match.group().lower().translate(APOSTROPHES)
