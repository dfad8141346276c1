"""The training run: translations drawn together, English drawn towards the teacher.

A text is the mean of its tokens' vectors. Each step draws pairs of texts (`Corpus.probabilities`) and English
sentences, and lowers

    symmetric in-batch cross-entropy of the pairs          (scaled cosine; the other pairs are the negatives)
    + DISTILLATION x cosine distance of both sides of a pair to the teacher's vector of its English side
    + ENGLISH x the same for the English sentences alone
    + RELATION x cross-entropy between the teacher's and our in-batch distributions of similarity
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from index.training.data import Corpus

if TYPE_CHECKING:
    import torch

DIMENSIONS = 256
SCALE = 20.0
DISTILLATION = 2.0
ENGLISH = 1.0
RELATION = 0.5
RELATED = 512
"""English sentences of a step whose likeness to one another is compared with the teacher's."""

INITIAL_DEVIATION = 0.01
"""Small, so that tokens hardly ever trained hardly ever speak."""

BETAS = (0.9, 0.999)
EPSILON = 1e-8
WARM_UP = 100
CHECKPOINT_EVERY = 500
MASKED = -1e4
"""Score of what must not count as a negative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long and how fast to train."""

    steps: int
    batch: int = 2048
    english: int = 1024
    rate: float = 0.02
    seed: int = 20

    def rate_at(self, step: int) -> float:
        """Return the learning rate of a step: a short warm-up, then linearly down to zero."""
        return self.rate * min(1.0, (step + 1) / WARM_UP) * (1.0 - step / self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bags:
    """Token ids of all texts, end to end."""

    ids: NDArray[np.uint16]
    starts: NDArray[np.int64]

    def take(self, texts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the token ids of some texts end to end, and where each text's begin."""
        first = self.starts[texts]
        counts = self.starts[texts + 1] - first
        offsets = np.cumsum(counts) - counts
        index = np.repeat(first - offsets, counts) + np.arange(int(counts.sum()))
        return self.ids[index].astype(np.int64), offsets

    def keys(self) -> NDArray[np.int64]:
        """Return a number per text that texts of the same tokens share."""
        with np.errstate(over="ignore"):
            mixed = (self.ids.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
            mixed *= np.uint64(0xBF58476D1CE4E5B9)
            total = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed, dtype=np.uint64)])
            keys: NDArray[np.int64] = (total[self.starts[1:]] - total[self.starts[:-1]]).view(np.int64)
        return keys


class Table:
    """The weights with Adam's moments, of which a step touches only the rows it used.

    Lazy Adam, as torch.optim.SparseAdam: moments of rows that a step does not use stay as they are.
    """

    def __init__(self, tokens: int, seed: int) -> None:
        import torch

        generator = torch.Generator().manual_seed(seed)
        self.weights = torch.randn(tokens, DIMENSIONS, generator=generator) * INITIAL_DEVIATION
        self.weights[0] = 0.0  # the unknown piece says nothing
        self.first = torch.zeros_like(self.weights)
        self.second = torch.zeros_like(self.weights)
        self.uses = torch.zeros(tokens, dtype=torch.int64)

    def update(self, rows: torch.Tensor, weights: torch.Tensor, gradient: torch.Tensor, rate: float, step: int) -> None:
        """Apply one step of Adam to some rows, of which `weights` are the present values."""
        first = self.first[rows].mul_(BETAS[0]).add_(gradient, alpha=1 - BETAS[0])
        second = self.second[rows].mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
        self.first[rows] = first
        self.second[rows] = second
        size = rate * math.sqrt(1 - BETAS[1] ** (step + 1)) / (1 - BETAS[0] ** (step + 1))
        self.weights[rows] = weights - first.mul_(size).div_(second.sqrt_().add_(EPSILON))
        self.uses[rows] += 1
        self.weights[0] = 0.0

    def save(self, path: Path, step: int) -> None:
        """Write everything needed to go on after `step` steps."""
        import torch

        temporary = path.with_suffix(".partial")
        state = {"weights": self.weights, "first": self.first, "second": self.second, "uses": self.uses}
        torch.save(state | {"step": step}, temporary)
        temporary.replace(path)

    def restore(self, path: Path) -> int:
        """Read what `save` wrote; returns the number of steps done."""
        import torch

        state: dict[str, Any] = torch.load(path, weights_only=True)
        for name in ("weights", "first", "second", "uses"):
            setattr(self, name, state[name])
        return int(state["step"])

    def finished(self) -> NDArray[np.float32]:
        """Return the weights with rows that were never trained set to zero."""
        weights = self.weights.clone()
        weights[self.uses == 0] = 0.0
        return np.asarray(weights.numpy(), dtype=np.float32)


def likeness(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return all cosines of unit rows, multiplied in bfloat16: three times as fast where the processor can."""
    import torch

    return (first.to(torch.bfloat16) @ second.to(torch.bfloat16).T).float()


def alike(left: NDArray[np.int64], right: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return rows and columns of the pairs' score matrix that are no negatives.

    Those whose row and column have the same text on either side, or each other's; the diagonal is left out.
    """
    rows, columns = [], []
    for first, second in ((left, left), (right, right), (left, right)):
        order = np.argsort(second, kind="stable")
        begin = np.searchsorted(second[order], first, side="left")
        counts = np.searchsorted(second[order], first, side="right") - begin
        offsets = np.cumsum(counts) - counts
        rows.append(np.repeat(np.arange(len(first)), counts))
        columns.append(order[np.repeat(begin - offsets, counts) + np.arange(int(counts.sum()))])
    row, column = np.concatenate(rows), np.concatenate(columns)
    return row[row != column], column[row != column]


class Trainer:
    """Draws batches and lowers the loss."""

    def __init__(
        self,
        corpus: Corpus,
        bags: Bags,
        taught: NDArray[np.int64],
        vectors: NDArray[np.float32],
        schedule: Schedule,
    ) -> None:
        """Prepare the draws; `taught` are the texts that have a teacher's vector, `vectors` those, in that order."""
        import torch

        self._corpus, self._bags, self._schedule = corpus, bags, schedule
        self._table = Table(int(bags.ids.max()) + 1, schedule.seed)
        self._keys = bags.keys()
        self._taught = taught
        self._vectors = torch.from_numpy(vectors)
        self._vector_of = np.full(len(corpus.texts), -1, dtype=np.int64)
        self._vector_of[taught] = np.arange(len(taught))
        self._pair_sums = np.cumsum(corpus.probabilities())
        counts = np.diff(bags.starts)[taught]
        self._english_sums = np.cumsum(np.clip(counts, 1, 12).astype(np.float64))

    def run(self, out: Path) -> NDArray[np.float32]:
        """Train, from the last checkpoint under `out` where there is one; returns the finished weights."""
        checkpoint = out / "checkpoint.pt"
        start = self._table.restore(checkpoint) if checkpoint.is_file() else 0
        began = time.monotonic()
        sums: dict[str, float] = {}
        for step in range(start, self._schedule.steps):
            for name, value in self._step(step).items():
                sums[name] = sums.get(name, 0.0) + value
            done = step + 1
            if done % 100 == 0:
                figures = "  ".join(f"{name} {value / 100:.3f}" for name, value in sums.items())
                pace = (time.monotonic() - began) / (done - start)
                print(f"step {done}  {figures}  {pace:.3f} s/step", flush=True)
                sums = {}
            if done % CHECKPOINT_EVERY == 0 or done == self._schedule.steps:
                self._table.save(checkpoint, done)
        return self._table.finished()

    def _draw(self, sums: NDArray[np.float64], count: int, generator: np.random.Generator) -> NDArray[np.int64]:
        drawn = np.searchsorted(sums, generator.random(count) * sums[-1], side="right")
        return np.asarray(np.minimum(drawn, len(sums) - 1), dtype=np.int64)

    def _step(self, step: int) -> dict[str, float]:
        import torch
        from torch.nn import functional

        generator = np.random.default_rng([self._schedule.seed, step])
        batch = self._schedule.batch
        pairs = self._draw(self._pair_sums, batch, generator)
        turned = generator.random(batch) < 0.5
        left = np.where(turned, self._corpus.right[pairs], self._corpus.left[pairs]).astype(np.int64)
        right = np.where(turned, self._corpus.left[pairs], self._corpus.right[pairs]).astype(np.int64)
        english = self._draw(self._english_sums, self._schedule.english, generator)
        ids, offsets = self._bags.take(np.concatenate([left, right, self._taught[english]]))
        rows, inverse = np.unique(ids, return_inverse=True)
        used = torch.from_numpy(rows)
        weights = self._table.weights[used].requires_grad_()
        means = functional.embedding_bag(
            torch.from_numpy(inverse.reshape(-1)), weights, torch.from_numpy(offsets), mode="mean"
        )
        embeddings = functional.normalize(means, dim=-1)
        losses = self._pair_losses(embeddings[: 2 * batch], left, right)
        losses |= self._english_losses(embeddings[2 * batch :], english)
        total = torch.stack(list(losses.values())).sum()
        total.backward()
        gradient = weights.grad
        if gradient is None:
            raise RuntimeError("Expected a gradient for the rows in use; torch computed none.")
        self._table.update(used, weights.detach(), gradient, self._schedule.rate_at(step), step)
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def _pair_losses(
        self, embeddings: torch.Tensor, left: NDArray[np.int64], right: NDArray[np.int64]
    ) -> dict[str, torch.Tensor]:
        import torch
        from torch.nn import functional

        batch = len(left)
        first, second = embeddings[:batch], embeddings[batch:]
        rows, columns = alike(self._keys[left], self._keys[right])
        scores = SCALE * likeness(first, second)
        scores = scores.index_put((torch.from_numpy(rows), torch.from_numpy(columns)), torch.tensor(MASKED))
        target = torch.arange(batch)
        contrast = (functional.cross_entropy(scores, target) + functional.cross_entropy(scores.T, target)) / 2
        vector = np.maximum(self._vector_of[left], self._vector_of[right])
        has = torch.from_numpy(np.flatnonzero(vector >= 0))
        teacher = self._vectors[torch.from_numpy(vector[vector >= 0])]
        near = (first[has] * teacher).sum(-1).sum() + (second[has] * teacher).sum(-1).sum()
        return {"contrast": contrast, "distil": DISTILLATION * (1 - near / max(1, 2 * len(has)))}

    def _english_losses(self, embeddings: torch.Tensor, english: NDArray[np.int64]) -> dict[str, torch.Tensor]:
        import torch
        from torch.nn import functional

        teacher = self._vectors[torch.from_numpy(english)]
        distance = 1 - (embeddings * teacher).sum(-1).mean()
        ours, theirs = embeddings[:RELATED], teacher[:RELATED]
        self_pairs = torch.eye(len(ours), dtype=torch.bool)
        wanted = functional.softmax((SCALE * likeness(theirs, theirs)).masked_fill(self_pairs, MASKED), dim=-1)
        got = functional.log_softmax((SCALE * likeness(ours, ours)).masked_fill(self_pairs, MASKED), dim=-1)
        relation = functional.kl_div(got, wanted, reduction="batchmean")
        return {"english": ENGLISH * distance, "relation": RELATION * relation}
