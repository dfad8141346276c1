"""Training text: reading, cleaning, keeping evaluation rows out, and weighting.

The data directory holds `parallel/*.tsv.gz` and `dictionary/*.tsv.gz` (`src_lang tgt_lang src tgt`, with a
header), `english/sentences_*.txt.gz` (one sentence a line) and `english/paraphrase_*.tsv.gz`
(`text_a text_b`, with a header), all UTF-8.
"""

from __future__ import annotations

import gzip
import json
import pickle
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.training.heldout import HeldOut, normalised

# Weight of one pair inside its language pair, by source; 1.0 where a source is not named.
SOURCE_WEIGHTS = {
    "mkqa_questions": 5.0,
    "tatoeba_opusmt": 3.0,
    "tor_docs": 1.5,
    "www_mozilla": 1.5,
    "gnome_user_docs": 1.5,
    "kazrus_gov": 0.5,
    "sumo_non_english": 0.5,
}
DICTIONARY_WEIGHT = 0.15
QUESTION_WEIGHT = 2.5
SHORT_WEIGHT = 0.3
"""Sides of two words or fewer (interface labels) weigh this much."""

NON_ENGLISH_WEIGHT = 0.25
"""Language pairs without English weigh this much: English is the pivot all languages meet at."""

LANGUAGE_WEIGHTS = {"be": 2.0, "vi": 1.5, "he": 1.3, "ko": 1.3, "th": 1.3}
"""Language pairs with these weigh more: they come out worst for the text there is."""

PAIR_EXPONENT = 0.55
"""Language pairs are drawn in proportion to their mass to this power, so that thin ones are heard."""

QUESTION_MARKS = ("?", "？", "؟", ";", "՞")
UNSPACED = frozenset({"zh", "zh-tw", "ja", "th"})
MAX_CHARACTERS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Every text once, and the pairs between them by position in `texts`."""

    texts: list[str]
    languages: list[str]
    """The language of each text (of its first occurrence)."""
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    group: NDArray[np.int32]
    """The language pair of each pair, by position in `groups`."""
    groups: list[tuple[str, str]]
    weight: NDArray[np.float32]
    english: NDArray[np.int32]
    """Texts that are English sentences, most useful to have a teacher vector for first."""
    dropped: dict[str, int]
    """Why rows were left out, and how many."""

    def probabilities(self) -> NDArray[np.float64]:
        """Return the chance of each pair to be drawn, (pairs,), summing to one."""
        mass = np.bincount(self.group, weights=self.weight, minlength=len(self.groups))
        factor = np.array(
            [
                (1.0 if "en" in pair else NON_ENGLISH_WEIGHT) * max(LANGUAGE_WEIGHTS.get(side, 1.0) for side in pair)
                for pair in self.groups
            ]
        )
        share = np.where(mass > 0, factor * mass**PAIR_EXPONENT, 0.0)
        per_unit = np.divide(share, mass, out=np.zeros_like(share), where=mass > 0)
        drawn = self.weight.astype(np.float64) * per_unit[self.group]
        return np.asarray(drawn / drawn.sum())

    def save(self, path: Path) -> None:
        """Write the corpus so that a later run need not read and filter again."""
        temporary = path.with_suffix(".partial")
        with temporary.open("wb") as file:
            pickle.dump({name: getattr(self, name) for name in self.__slots__}, file, protocol=5)
        temporary.replace(path)

    @classmethod
    def load(cls, path: Path) -> Corpus:
        """Read what `save` wrote; only ever a file of the run's own output directory."""
        with path.open("rb") as file:
            fields: dict[str, Any] = pickle.load(file)
        return cls(**fields)


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a gzipped UTF-8 file, without their newline."""
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        for line in file:
            yield line.rstrip("\n")


def read_rows(path: Path, columns: int) -> Iterator[list[str]]:
    """Yield the rows of a gzipped tab-separated file below its header; rows of another width are skipped."""
    lines = read_lines(path)
    next(lines, None)
    for line in lines:
        row = line.split("\t")
        if len(row) == columns:
            yield row


def is_question(text: str) -> bool:
    """Whether a text ends like a question in any script."""
    return text.rstrip(' "»”').endswith(QUESTION_MARKS)


def is_short(text: str, language: str) -> bool:
    """Whether a text has two words or fewer (six characters or fewer where words are not spaced)."""
    if language in UNSPACED:
        return len(text) <= 6
    return text.count(" ") < 2


def is_lopsided(first: str, second: str) -> bool:
    """Whether one side is so much longer than the other that the pair is likely damaged."""
    shorter, longer = sorted((len(first), len(second)))
    return longer > 40 and longer > 5 * max(shorter, 1)


class _Builder:
    """Collects texts and pairs while reading."""

    def __init__(self, held_out: HeldOut) -> None:
        self.held_out = held_out
        self.identity: dict[str, int] = {}
        self.texts: list[str] = []
        self.languages: list[str] = []
        self.refused: list[str | None] = []
        self.group_identity: dict[tuple[str, str], int] = {}
        self.pairs: dict[tuple[int, int], tuple[int, float]] = {}
        self.sentence_priority: Counter[int] = Counter()
        self.dropped: Counter[str] = Counter()

    def text(self, text: str, language: str) -> int:
        """Return the position of a text, or -1 when it must stay out."""
        text = text.strip()
        known = self.identity.get(text)
        if known is None:
            known = len(self.texts)
            self.identity[text] = known
            self.texts.append(text)
            self.languages.append(language)
            self.refused.append(self._refusal(text))
        return known if self.refused[known] is None else -1

    def _refusal(self, text: str) -> str | None:
        key = normalised(text)
        if not key or len(text) > MAX_CHARACTERS:
            return "texts empty or over-long"
        likeness = self.held_out.likeness(key)
        return likeness and f"texts held out, {likeness}"

    def pair(self, row: list[str], weight: float, *, dictionary: bool) -> None:
        source_language, target_language, source, target = row
        if is_lopsided(source, target):
            self.dropped["lopsided"] += 1
            return
        left = self.text(source, source_language)
        right = self.text(target, target_language)
        if left < 0 or right < 0:
            self.dropped["a side held out, empty or over-long"] += 1
            return
        if left == right:
            self.dropped["same on both sides"] += 1
            return
        if (left, right) in self.pairs or (right, left) in self.pairs:
            self.dropped["repeated"] += 1
            return
        if dictionary:
            weight *= DICTIONARY_WEIGHT
        elif is_short(source, source_language) or is_short(target, target_language):
            weight *= SHORT_WEIGHT
        elif is_question(source) or is_question(target):
            weight *= QUESTION_WEIGHT
        first, second = sorted((source_language, target_language))
        group = self.group_identity.setdefault((first, second), len(self.group_identity))
        self.pairs[left, right] = (group, weight)
        if not dictionary:
            for position, language in ((left, source_language), (right, target_language)):
                if language == "en":
                    self.sentence_priority[position] += 1


def read_corpus(data: Path, dev: Path) -> Corpus:
    """Read and clean all training text under `data`, without whatever the evaluation sets under `dev` hold.

    English sentences are ordered by how many pairs they serve, those of the questions, customer utterances and
    dialogue sets counting as two pairs.
    """
    builder = _Builder(HeldOut.read(dev))
    for path in sorted((data / "parallel").glob("*.tsv.gz")):
        source = path.name.removesuffix(".tsv.gz").removesuffix("_more_languages")
        for row in read_rows(path, 4):
            builder.pair(row, SOURCE_WEIGHTS.get(source, 1.0), dictionary=False)
    for path in sorted((data / "dictionary").glob("*.tsv.gz")):
        for row in read_rows(path, 4):
            builder.pair(row, 1.0, dictionary=True)
    for path in sorted((data / "english").glob("paraphrase_*.tsv.gz")):
        for first, second in read_rows(path, 2):
            builder.pair(["en", "en", first, second], 1.0, dictionary=False)
    for path in sorted((data / "english").glob("sentences_*.txt.gz")):
        asked = any(part in path.name for part in ("questions", "bitext", "dialogue", "dstc8", "atis"))
        for line in read_lines(path):
            position = builder.text(line, "en") if len(line) >= 3 else -1
            if position >= 0:
                builder.sentence_priority[position] += 2 if asked else 1
    pairs = np.array(list(builder.pairs), dtype=np.int32).reshape(-1, 2)
    details = np.array(list(builder.pairs.values()), dtype=np.float32).reshape(-1, 2)
    builder.dropped.update(reason for reason in builder.refused if reason)
    return Corpus(
        texts=builder.texts,
        languages=builder.languages,
        left=pairs[:, 0].copy(),
        right=pairs[:, 1].copy(),
        group=details[:, 0].astype(np.int32),
        groups=list(builder.group_identity),
        weight=details[:, 1].copy(),
        english=np.array([position for position, _ in builder.sentence_priority.most_common()], dtype=np.int32),
        dropped=dict(builder.dropped),
    )


def open_corpus(data: Path, dev: Path, out: Path) -> Corpus:
    """Return the cleaned corpus, from `out` when an earlier run left it there."""
    cached = out / "corpus.pickle"
    if cached.is_file():
        return Corpus.load(cached)
    corpus = read_corpus(data, dev)
    out.mkdir(parents=True, exist_ok=True)
    corpus.save(cached)
    summary = {
        "texts": len(corpus.texts),
        "pairs": len(corpus.left),
        "language_pairs": len(corpus.groups),
        "english": len(corpus.english),
        "dropped": corpus.dropped,
    }
    (out / "corpus.json").write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return corpus
