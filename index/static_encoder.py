"""Static embeddings: a text is the mean of its tokens' vectors. A tokenizer, numpy and a table; no torch.

Reads the folder format of sentence-transformers (`StaticEmbedding`, then perhaps `Normalize`) and gives the same
embeddings.
"""

from __future__ import annotations

import json
import math
import mmap
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.encoding import MAX_CHARACTERS, EncoderError, Kind, files_digest, readable

_TABLES = ("embedding.weight", "embeddings")
_TYPES: dict[str, np.dtype[Any]] = {
    name: np.dtype(code)
    for name, code in {"I8": "i1", "F16": "<f2", "F32": "<f4", "F64": "<f8", "I32": "<i4", "I64": "<i8"}.items()
}
_LARGEST_HEADER = 1 << 20

# No string of a JSON file holds these: quotation marks within one are escaped.
_UNKNOWN_ID = re.compile(r'"unk_id"\s*:\s*(\d+)')
_UNKNOWN_TOKEN = re.compile(r'"unk_token"\s*:\s*("(?:[^"\\]|\\.)*")')

_BATCH = 1024
"""Texts tokenised and summed at once; bounds the memory that a long list needs."""

_LONG = 64
"""Tokens from which a text is summed on its own rather than beside others."""

# One character is a whole word or syllable in these scripts, not a fragment of one: South-East Asian scripts
# without spaces, kana, Han, Hangul.
_WHOLE_CHARACTERS = (
    ("\u0e00", "\u0eff"),
    ("\u1000", "\u109f"),
    ("\u1780", "\u17ff"),
    ("\u3040", "\u30ff"),
    ("\u3400", "\u9fff"),
    ("\uac00", "\ud7a3"),
)


def is_static_model(folder: Path) -> bool:
    """Whether a folder holds a sentence-transformers model of static embeddings that this module can read."""
    try:
        _map_weights(_static_module(folder) / "model.safetensors")
    except EncoderError:
        return False
    return True


class StaticEncoder:
    """Static embeddings from a folder; safe to share between threads, and the same text gives the same bits.

    The table of weights is memory-mapped, read on demand and shared by all processes of a machine. Rows of 8
    or 16 bits are widened once, when first used, into a table of the process's own (four bytes a weight, only pages
    that are used): converting them again for every text would cost more than the sum itself.
    """

    def __init__(self, folder: Path, *, id: str) -> None:
        """Map the weights and read the tokenizer under `folder`.

        Raises:
            EncoderError: The folder does not hold a model of static embeddings.

        """
        from tokenizers import Tokenizer

        self.id = id
        self.folder = folder
        module = _static_module(folder)
        self._stored = _map_weights(module / "model.safetensors")
        self._tokenizer_file = path = module / "tokenizer.json"
        try:
            self._tokenizer: Any = Tokenizer.from_file(str(path))
        except Exception as error:  # the tokenizers package raises nothing narrower
            raise EncoderError(
                f"Expected a tokenizer in {path}; reading it failed: {error}. Restore the file or reinstall the model."
            ) from error
        tokens = self._tokenizer.get_vocab_size()
        if tokens > self._stored.tokens:
            raise EncoderError(
                f"Expected a row of weights for each of {tokens} tokens in {module}; found {self._stored.tokens}. "
                "Restore the tokenizer and the weights from the same model."
            )
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._widened = _sparse_table(tokens, self.dimensions)
        self._is_widened = np.zeros(tokens, dtype=bool)

    @property
    def dimensions(self) -> int:
        """The width of an embedding."""
        return int(self._stored.table.shape[1])

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hex, over the model's files, each with its name; the model card does not count."""
        return files_digest(self.folder)

    def encode(self, texts: Sequence[str], *, kind: Kind = "passage") -> NDArray[np.float32]:
        """Return (texts, dimensions) float32, rows of unit length, zeros where no token is known.

        Questions and passages are encoded alike. Only the first `MAX_CHARACTERS` characters of a text count.
        """
        if len(texts) == 1:
            return self._encode_one(texts)
        embeddings = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for start in range(0, len(texts), _BATCH):
            self._sum_into(embeddings[start : start + _BATCH], self._tokenize(texts[start : start + _BATCH]))
        lengths = np.sqrt(np.einsum("ij,ij->i", embeddings, embeddings))[:, None]
        np.divide(embeddings, lengths, out=embeddings, where=lengths > 0)
        return embeddings

    def unseen_share(self, text: str) -> float:
        """Return the share, 0 to 1, of letters covered by the unknown piece or cut out of a word one by one."""
        text = readable(text[:MAX_CHARACTERS])
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        seen = unseen = 0
        for token, (start, end) in zip(encoding.ids, encoding.offsets, strict=True):
            letters = [character for character in text[start:end] if character.isalpha()]
            is_alone = end - start == 1 and not (text[start - 1 : start] + text[end : end + 1]).strip()
            is_fragment = len(letters) == 1 and not is_alone and not _is_whole(letters[0])
            if token == self._unknown or is_fragment:
                unseen += len(letters)
            else:
                seen += len(letters)
        return unseen / (seen + unseen) if unseen else 0.0

    @cached_property
    def _unknown(self) -> int | None:
        """The token that stands for what the vocabulary does not have.

        Looked up in the text of the file: parsing a vocabulary of 128,000 pieces takes longer than loading it.
        """
        text = self._tokenizer_file.read_text(encoding="utf-8")
        if (number := _UNKNOWN_ID.search(text)) is not None:
            return int(number[1])
        if (name := _UNKNOWN_TOKEN.search(text)) is not None:
            unknown: int | None = self._tokenizer.token_to_id(json.loads(name[1]))
            return unknown
        return None

    def _tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        cut = [text[:MAX_CHARACTERS] for text in texts]
        try:
            encodings = self._tokenizer.encode_batch_fast(cut, add_special_tokens=False)
        except (TypeError, UnicodeEncodeError):  # a lone surrogate cannot cross into the tokenizer
            encodings = self._tokenizer.encode_batch_fast([readable(text) for text in cut], add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def _encode_one(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Do what `encode` does, bit for bit, in half the time it needs for one text."""
        [tokens] = self._tokenize(texts)
        embedding: NDArray[np.float32] = np.add.reduce(self._rows(tokens), axis=0)
        length = math.sqrt(np.einsum("i,i->", embedding, embedding))
        if length > 0:
            embedding /= length
        return embedding[None]

    def _sum_into(self, sums: NDArray[np.float32], tokens: list[list[int]]) -> None:
        """Add up the rows of each text's tokens, always from the first token to the last."""
        counts = np.fromiter(map(len, tokens), dtype=np.int64, count=len(tokens))
        order = np.argsort(-counts, kind="stable")
        first = int(np.searchsorted(-counts[order], -_LONG, side="right"))
        for position in order[:first]:
            np.add.reduce(self._rows(tokens[position]), axis=0, out=sums[position])
        order = order[first:]
        longest = int(counts[order[0]]) if len(order) else 0
        if longest == 0:
            return
        # Texts from longest to shortest, so that the texts that have a k-th token are always the first ones.
        padded = np.zeros((longest, len(order)), dtype=np.int64)
        filled = np.arange(longest)[None, :] < counts[order][:, None]
        padded.T[filled] = np.concatenate([tokens[position] for position in order])
        used = filled.sum(axis=0)
        partial = np.zeros((len(order), self.dimensions), dtype=np.float32)
        for column, count in zip(padded, used, strict=True):
            partial[:count] += self._rows(column[:count])
        sums[order] = partial

    def _rows(self, ids: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the (ids, dimensions) float32 rows of some tokens.

        Threads may widen a row at the same time: both write the same bits, and a row is marked only when written.
        """
        index = np.asarray(ids, dtype=np.int64)
        ready = self._is_widened[index]
        if not ready.all():
            missing = index[~ready]
            self._widened[missing] = self._stored.rows(missing)
            self._is_widened[missing] = True
        rows: NDArray[np.float32] = self._widened[index]
        return rows


def _sparse_table(rows: int, width: int) -> NDArray[np.float32]:
    """Return a table of which only the pages that are written to take memory.

    numpy asks for huge pages, of which a few rows here and there would soon take all.
    """
    memory = mmap.mmap(-1, max(1, rows * width * 4))
    if hasattr(mmap, "MADV_NOHUGEPAGE"):  # Linux
        memory.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(memory, dtype=np.float32, count=rows * width).reshape(rows, width)


def _is_whole(character: str) -> bool:
    return any(first <= character <= last for first, last in _WHOLE_CHARACTERS)


def _static_module(folder: Path) -> Path:
    """Return the folder of the model's static embeddings, of which it may have nothing else but `Normalize`."""
    path = folder / "modules.json"
    try:
        modules = json.loads(path.read_text(encoding="utf-8"))
        kinds = [str(module["type"]).rpartition(".")[2] for module in modules]
        place = str(modules[0]["path"])
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise EncoderError(
            f"Expected the list of a model's modules in {path}; reading it failed: {error}. "
            "Reinstall faq-assistant, or name the folder of a sentence-transformers model."
        ) from error
    if kinds not in (["StaticEmbedding"], ["StaticEmbedding", "Normalize"]):
        raise EncoderError(
            f"Expected StaticEmbedding, then perhaps Normalize, in {path}; found {', '.join(kinds)}. "
            "Name the model to `load_encoder`, which loads such models through sentence-transformers."
        )
    return folder / place


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weights:
    """A table of rows, and what turns them into one row per token, as sentence-transformers folds them."""

    table: NDArray[Any]
    """(rows, dimensions)."""
    scale: NDArray[Any] | None
    """(tokens,): a factor for each token's row; None for one."""
    row_of: NDArray[Any] | None
    """(tokens,): the row of each token; None where token and row are the same."""

    @property
    def tokens(self) -> int:
        """How many tokens have a row."""
        own = self.row_of if self.row_of is not None else self.table
        return len(own) if self.scale is None else min(len(own), len(self.scale))

    def rows(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the (ids, dimensions) rows of some tokens."""
        rows = self.table[ids if self.row_of is None else self.row_of[ids]].astype(np.float32)
        if self.scale is not None:
            rows *= self.scale[ids, None]
        return np.asarray(rows, dtype=np.float32)


def _map_weights(path: Path) -> _Weights:
    """Map the tensors of a safetensors file.

    The format: eight bytes of length, little endian, a JSON header of that length, then the bytes of the tensors
    (https://huggingface.co/docs/safetensors).
    """
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > _LARGEST_HEADER:
                raise ValueError(f"a header of {length} bytes")
            header = json.loads(file.read(length))
        name = next(name for name in _TABLES if name in header)
        table = _map_tensor(path, header[name], 8 + length, 2)
        own = name == "embeddings"
        scale = _map_tensor(path, header["weights"], 8 + length, 1) if own and "weights" in header else None
        row_of = _map_tensor(path, header["mapping"], 8 + length, 1) if own and "mapping" in header else None
        if row_of is not None and not (row_of.min() >= 0 and row_of.max() < len(table)):
            raise ValueError("a mapping to rows that are not there")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StopIteration, struct.error) as error:
        raise EncoderError(
            f"Expected a table of weights named {' or '.join(_TABLES)} in {path}; reading it failed: {error!r}. "
            "Restore the file or reinstall the model."
        ) from error
    return _Weights(table=table, scale=scale, row_of=row_of)


def _map_tensor(path: Path, entry: dict[str, Any], origin: int, axes: int) -> NDArray[Any]:
    dtype, shape = _TYPES[entry["dtype"]], tuple(int(width) for width in entry["shape"])
    begin, end = entry["data_offsets"]
    if len(shape) != axes or min(shape) < 1 or end - begin != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"a tensor of shape {shape} in {end - begin} bytes")
    if not 0 <= begin <= end <= path.stat().st_size - origin:
        raise ValueError(f"a tensor that ends after the file's {path.stat().st_size} bytes")
    tensor: NDArray[Any] = np.memmap(path, dtype=dtype, mode="r", offset=origin + begin, shape=shape)
    return tensor
