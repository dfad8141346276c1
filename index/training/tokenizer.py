"""The vocabulary: a Unigram model over a language-balanced sample, written as a fast tokenizer."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.training.data import Corpus

if TYPE_CHECKING:
    from tokenizers.normalizers import Normalizer

VOCABULARY = 128_000
SAMPLE = 900_000
"""Texts the vocabulary is learned from."""

LANGUAGE_EXPONENT = 0.45
"""Languages are sampled in proportion to their number of texts to this power."""

RICH_SCRIPTS = frozenset({"ar", "fa", "he", "hi", "hy", "ja", "ka", "kk", "ko", "th", "vi", "zh", "zh-tw"})
RICH_SCRIPT_WEIGHT = 1.5
"""Scripts of their own share no piece with others, and long words or none need more pieces."""

LONGEST = 300
"""Characters of a text the vocabulary is learned from."""

# Vowel and cantillation marks of Arabic and Hebrew and the Arabic stretching stroke: most writers leave them out.
POINTS = "[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]"
# Joiners and other invisible characters; the zero-width non-joiner parts Persian affixes from their word.
INVISIBLE = "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe0e\ufe0f\ufeff]"

# The Arabic article with what is written in one word before it ("and", "so", "with", "like", "for"): without it a
# noun is one word, not four (Larkey et al. 2002, https://doi.org/10.1145/564376.564425).
ARTICLES = r"(?<![\p{L}\p{M}])[وف]?(?:[بك]?ال|لل)(?=\p{L}{3})"


def normalizer() -> Normalizer:
    """Return the text normaliser: NFKC, lower case, no vowel points, Arabic letter variants merged, no article."""
    from tokenizers import Regex, normalizers

    return normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Lowercase(),
            normalizers.Replace(Regex(POINTS), ""),
            normalizers.Replace(Regex(INVISIBLE), " "),
            normalizers.Replace(Regex("[أإآٱ]"), "ا"),
            normalizers.Replace(Regex("[ىیې]"), "ي"),
            normalizers.Replace("ک", "ك"),
            normalizers.Replace("ё", "е"),
            normalizers.Replace(Regex(ARTICLES), ""),
            normalizers.Replace("ة", "ه"),
        ]
    )


def sample(corpus: Corpus, generator: np.random.Generator) -> NDArray[np.int64]:
    """Choose the texts the vocabulary is learned from, balanced over languages, longer texts first choice."""
    by_language: defaultdict[str, list[int]] = defaultdict(list)
    used = np.zeros(len(corpus.texts), dtype=bool)
    used[corpus.left], used[corpus.right], used[corpus.english] = True, True, True
    for position in np.flatnonzero(used):
        by_language[corpus.languages[position]].append(int(position))
    mass = {
        language: len(members) ** LANGUAGE_EXPONENT * (RICH_SCRIPT_WEIGHT if language in RICH_SCRIPTS else 1.0)
        for language, members in by_language.items()
    }
    total = sum(mass.values())
    chosen = []
    for language in sorted(by_language):
        members = np.array(by_language[language])
        count = min(len(members), round(SAMPLE * mass[language] / total))
        length = np.array([len(corpus.texts[position]) for position in members], dtype=np.float64)
        weight = np.clip(length, 2, 60)
        chosen.append(generator.choice(members, size=count, replace=False, p=weight / weight.sum()))
    return np.concatenate(chosen)


def train_tokenizer(corpus: Corpus, out: Path, *, seed: int, threads: int) -> Path:
    """Learn the vocabulary and write `tokenizer.json` under `out`; returns its path, at once when it is there.

    Learned by sentencepiece on text already normalised, then written as a `tokenizers` Unigram model: digits
    stand alone, pieces do not cross scripts, unknown characters become one `[UNK]` piece.
    """
    path = out / "tokenizer.json"
    if path.is_file():
        return path
    import sentencepiece

    generator = np.random.default_rng(seed)
    positions = sample(corpus, generator)
    normalise = normalizer().normalize_str
    lines = out / "tokenizer.txt"
    with lines.open("w", encoding="utf-8") as file:
        for position in positions:
            file.write(" ".join(normalise(corpus.texts[position][:LONGEST]).split()) + "\n")
    sentencepiece.SentencePieceTrainer.train(
        input=str(lines),
        model_prefix=str(out / "unigram"),
        model_type="unigram",
        vocab_size=VOCABULARY,
        character_coverage=0.9998,
        normalization_rule_name="identity",
        split_digits=True,
        max_sentencepiece_length=16,
        seed_sentencepiece_size=600_000,
        num_threads=threads,
        num_sub_iterations=2,
        unk_piece="[UNK]",
        unk_id=0,
        bos_id=-1,
        eos_id=-1,
        pad_id=-1,
        hard_vocab_limit=False,
    )
    processor = sentencepiece.SentencePieceProcessor(model_file=str(out / "unigram.model"))
    vocabulary = [(processor.id_to_piece(piece), float(processor.get_score(piece))) for piece in range(len(processor))]
    write_tokenizer(vocabulary, path)
    return path


def write_tokenizer(vocabulary: list[tuple[str, float]], path: Path) -> None:
    """Write a Unigram vocabulary as `tokenizer.json`; piece 0 is the unknown one."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.Unigram([(piece, round(score, 4)) for piece, score in vocabulary], unk_id=0))
    tokenizer.normalizer = normalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=False),
        ]
    )
    text = json.loads(tokenizer.to_str())
    path.write_text(json.dumps(text, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


LONGEST_TEXT = 96
"""Tokens of a text that are trained on."""


def tokenize_corpus(corpus: Corpus, tokenizer: Path, out: Path) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return all texts' token ids end to end, and where each text's begin, (texts + 1,); kept under `out`."""
    path = out / "ids.npz"
    if path.is_file():
        with np.load(path) as stored:
            return stored["ids"], stored["starts"]
    ids, starts = tokenize(corpus.texts, tokenizer)
    np.savez(path, ids=ids, starts=starts)
    return ids, starts


def tokenize(texts: Sequence[str], tokenizer: Path) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return texts' token ids end to end, and where each text's begin, (texts + 1,)."""
    from tokenizers import Tokenizer

    fast = Tokenizer.from_file(str(tokenizer))
    blocks, counts = [], []
    for start in range(0, len(texts), 50_000):
        encodings = fast.encode_batch_fast(texts[start : start + 50_000], add_special_tokens=False)
        lists = [encoding.ids[:LONGEST_TEXT] for encoding in encodings]
        counts.append(np.fromiter(map(len, lists), dtype=np.int64, count=len(lists)))
        blocks.append(np.array([piece for row in lists for piece in row], dtype=np.uint32))
    return np.concatenate(blocks), np.concatenate([[0], np.cumsum(np.concatenate(counts))])
