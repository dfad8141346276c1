"""The training run: translations drawn together, English drawn towards the teacher.

A text is the mean of its tokens' vectors; a token's vector is its own plus its n-grams' (``kinship``). Each step
draws pairs of texts (`Corpus.probabilities`), a part of them from a few topics, a few with one side misspelt, and
English sentences, and lowers

    symmetric in-batch cross-entropy of the pairs          (scaled cosine; the other pairs are the negatives)
    + DISTILLATION x cosine distance of both sides of a pair to the teacher's vector of its English side
    + PAIR_RELATION x divergence of the pairs' distributions of similarity, across languages, from the teacher's
    + ENGLISH x cosine distance of the English sentences to their teacher's vectors
    + RELATION x divergence of the sentences' distributions of similarity from the teacher's

The cross-entropy of every other step sees a leading part of the embedding only, so that it can be cut short
(Matryoshka representation learning, Kusupati et al. 2022, https://arxiv.org/abs/2205.13147).
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
    import scipy.sparse
    import torch

DIMENSIONS = 384
LEADING = (128, 256)
"""Dimensions that a text's vector may be cut to."""

SCALE = 16.0
DISTILLATION = 2.0
PAIR_RELATION = 0.5
ENGLISH = 1.0
RELATION = 1.0
RELATED = 512
"""English sentences of a step whose likeness to one another is compared with the teacher's."""

RELATED_PAIRS = 1024
"""Pairs of a step whose likeness across languages is compared with the teacher's."""

TOPICS = 14
PER_TOPIC = 64
"""Pairs of one topic in a step: the others of the topic are hard negatives."""

TOPIC_EXPONENT = 0.75
COPIES = 128
"""Pairs of a step with one side misspelt."""

INITIAL_DEVIATION = 0.01
"""Small, so that tokens hardly ever trained hardly ever speak."""

BETAS = (0.9, 0.999)
EPSILON = 1e-8
WARM_UP = 100
CHECKPOINT_EVERY = 1000
RELATION_SCALE = 20.0
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

    ids: NDArray[np.uint32]
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """All there is to learn from."""

    corpus: Corpus
    bags: Bags
    """Of the corpus's texts, then of the misspelt copies."""
    taught: NDArray[np.int64]
    """Texts that have a teacher's vector."""
    vectors: NDArray[np.float16]
    """The teacher's vectors of those, (taught, DIMENSIONS)."""
    topics: NDArray[np.int64]
    """The topics of those."""
    copied: NDArray[np.int64]
    """The text that each misspelt copy is one of."""
    partners: NDArray[np.int64]
    """The other side of that text's pair."""


class Table:
    """The tokens' own weights with Adam's moments, and the weights of their n-grams; a step touches the rows it uses.

    Tokens: lazy Adam, as torch.optim.SparseAdam: moments of rows that a step does not use stay as they are.
    N-grams: steps against the gradient over the root of its mean square, one number per row (a moment each would
    cost more than the rest of the step).
    """

    _KEPT = ("weights", "first", "second", "uses", "grams", "squares", "gram_uses")

    def __init__(self, kin: scipy.sparse.csr_array, seed: int) -> None:
        import torch

        generator = torch.Generator().manual_seed(seed)
        self._kin = kin
        tokens, grams = kin.shape
        self.weights = torch.randn(tokens, DIMENSIONS, generator=generator) * INITIAL_DEVIATION
        self.weights[0] = 0.0  # the unknown piece says nothing
        self.first = torch.zeros_like(self.weights)
        self.second = torch.zeros_like(self.weights)
        self.uses = torch.zeros(tokens, dtype=torch.int64)
        self.grams = torch.randn(grams, DIMENSIONS, generator=generator) * INITIAL_DEVIATION
        self.squares = torch.zeros(grams)
        self.gram_uses = torch.zeros(grams, dtype=torch.int64)

    def rows(self, tokens: NDArray[np.int64]) -> torch.Tensor:
        """Return the vectors of some tokens, each with its n-grams'."""
        import torch

        return self.weights[torch.from_numpy(tokens)] + torch.from_numpy(self._kin[tokens] @ self.grams.numpy())

    def update(self, tokens: NDArray[np.int64], gradient: torch.Tensor, rate: float, step: int) -> None:
        """Take a step against the gradient of some tokens' vectors."""
        import torch

        rows = torch.from_numpy(tokens)
        first = self.first[rows].mul_(BETAS[0]).add_(gradient, alpha=1 - BETAS[0])
        second = self.second[rows].mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
        self.first[rows] = first
        self.second[rows] = second
        size = rate * math.sqrt(1 - BETAS[1] ** (step + 1)) / (1 - BETAS[0] ** (step + 1))
        self.weights[rows] -= first.mul_(size).div_(second.sqrt_().add_(EPSILON))
        self.weights[0] = 0.0
        self.uses[rows] += 1
        self._update_grams(tokens, gradient, rate)

    def _update_grams(self, tokens: NDArray[np.int64], gradient: torch.Tensor, rate: float) -> None:
        import scipy.sparse
        import torch

        part = self._kin[tokens]
        is_used = np.zeros(part.shape[1], dtype=bool)
        is_used[part.indices] = True
        used = np.flatnonzero(is_used)
        place = np.zeros(part.shape[1], dtype=np.int32)
        place[used] = np.arange(len(used))
        narrow = scipy.sparse.csr_array((part.data, place[part.indices], part.indptr), shape=(len(tokens), len(used)))
        slope = torch.from_numpy(narrow.T.tocsr() @ gradient.numpy())
        rows = torch.from_numpy(used)
        squares = self.squares[rows].mul_(BETAS[1]).add_(slope.square().mean(1), alpha=1 - BETAS[1])
        self.squares[rows] = squares
        self.gram_uses[rows] += 1
        fair = squares / (1 - BETAS[1] ** self.gram_uses[rows])
        self.grams.index_add_(0, rows, slope.mul_((-rate / (fair.sqrt() + EPSILON))[:, None]))

    def save(self, path: Path, step: int) -> None:
        """Write everything needed to go on after `step` steps."""
        import torch

        temporary = path.with_suffix(".partial")
        torch.save({name: getattr(self, name) for name in self._KEPT} | {"step": step}, temporary)
        temporary.replace(path)

    def restore(self, path: Path) -> int:
        """Read what `save` wrote; returns the number of steps done."""
        import torch

        state: dict[str, Any] = torch.load(path, weights_only=True)
        for name in self._KEPT:
            setattr(self, name, state[name])
        return int(state["step"])

    def finished(self) -> NDArray[np.float32]:
        """Return every token's vector; zero for those that were never trained, nor any n-gram of theirs."""
        own = self.weights.numpy().copy()
        own[self.uses.numpy() == 0] = 0.0
        grams = self.grams.numpy().copy()
        grams[self.gram_uses.numpy() == 0] = 0.0
        vectors = own + self._kin @ grams
        return np.asarray(vectors, dtype=np.float32)


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

    def __init__(self, lessons: Lessons, kin: scipy.sparse.csr_array, schedule: Schedule) -> None:
        """Prepare the draws."""
        import torch

        self._lessons, self._schedule = lessons, schedule
        corpus, taught = lessons.corpus, lessons.taught
        self._table = Table(kin, schedule.seed)
        self._keys = lessons.bags.keys()
        self._vectors = torch.from_numpy(lessons.vectors)
        own = np.full(len(corpus.texts), -1, dtype=np.int64)
        own[taught] = np.arange(len(taught))
        # A misspelt copy is to mean what the original means.
        self._vector_of = np.concatenate([own, own[lessons.copied]])
        chances = corpus.probabilities()
        self._pair_sums = np.cumsum(chances)
        vector = np.maximum(own[corpus.left], own[corpus.right])
        self._topics = _Topics(np.where(vector >= 0, lessons.topics[vector], -1), chances)
        counts = np.diff(lessons.bags.starts)[taught]
        self._english_sums = np.cumsum(np.clip(counts, 1, 12).astype(np.float64))

    def run(self, out: Path) -> NDArray[np.float32]:
        """Train, from the last checkpoint under `out` where there is one; returns the finished vectors."""
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

    def _pairs(self, generator: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Draw the texts of a batch of pairs: any, some of a few topics, some with a misspelt side."""
        corpus, lessons = self._lessons.corpus, self._lessons
        alone = self._schedule.batch - TOPICS * PER_TOPIC - COPIES
        pairs = np.concatenate([draw(self._pair_sums, alone, generator), self._topics.draw(generator)])
        copies = generator.integers(len(lessons.copied), size=COPIES)
        left = np.concatenate([corpus.left[pairs], len(corpus.texts) + copies]).astype(np.int64)
        right = np.concatenate([corpus.right[pairs], lessons.partners[copies]]).astype(np.int64)
        turned = generator.random(len(left)) < 0.5
        return np.where(turned, right, left), np.where(turned, left, right)

    def _step(self, step: int) -> dict[str, float]:
        import torch
        from torch.nn import functional

        generator = np.random.default_rng([self._schedule.seed, step])
        left, right = self._pairs(generator)
        english = draw(self._english_sums, self._schedule.english, generator)
        ids, offsets = self._lessons.bags.take(np.concatenate([left, right, self._lessons.taught[english]]))
        tokens, inverse = np.unique(ids, return_inverse=True)
        rows = self._table.rows(tokens).requires_grad_()
        means = functional.embedding_bag(
            torch.from_numpy(inverse.reshape(-1)), rows, torch.from_numpy(offsets), mode="mean"
        )
        width = LEADING[int(generator.integers(len(LEADING)))] if step % 2 else DIMENSIONS
        pairs = 2 * len(left)
        losses = {"contrast": self._contrast(functional.normalize(means[:pairs, :width], dim=-1), left, right)}
        embeddings = functional.normalize(means, dim=-1)
        losses |= self._pair_losses(embeddings[:pairs], left, right)
        losses |= self._english_losses(embeddings[pairs:], english)
        total = torch.stack(list(losses.values())).sum()
        total.backward()
        gradient = rows.grad
        if gradient is None:
            raise RuntimeError("Expected a gradient for the rows in use; torch computed none.")
        self._table.update(tokens, gradient, self._schedule.rate_at(step), step)
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def _contrast(self, embeddings: torch.Tensor, left: NDArray[np.int64], right: NDArray[np.int64]) -> torch.Tensor:
        import torch
        from torch.nn import functional

        rows, columns = alike(self._keys[left], self._keys[right])
        scores = SCALE * likeness(embeddings[: len(left)], embeddings[len(left) :])
        scores = scores.index_put((torch.from_numpy(rows), torch.from_numpy(columns)), torch.tensor(MASKED))
        target = torch.arange(len(left))
        return (functional.cross_entropy(scores, target) + functional.cross_entropy(scores.T, target)) / 2

    def _pair_losses(
        self, embeddings: torch.Tensor, left: NDArray[np.int64], right: NDArray[np.int64]
    ) -> dict[str, torch.Tensor]:
        import torch

        first, second = embeddings[: len(left)], embeddings[len(left) :]
        vector = np.maximum(self._vector_of[left], self._vector_of[right])
        has = torch.from_numpy(np.flatnonzero(vector >= 0))
        teacher = self._vectors[torch.from_numpy(vector[vector >= 0])].float()
        near = (first[has] * teacher).sum(-1).sum() + (second[has] * teacher).sum(-1).sum()
        # The last ones: those of a topic and the misspelt are among them.
        some = has[-RELATED_PAIRS:]
        return {
            "distil": DISTILLATION * (1 - near / max(1, 2 * len(has))),
            "pair relation": PAIR_RELATION * relation(first[some], second[some], teacher[-RELATED_PAIRS:]),
        }

    def _english_losses(self, embeddings: torch.Tensor, english: NDArray[np.int64]) -> dict[str, torch.Tensor]:
        import torch

        teacher = self._vectors[torch.from_numpy(english)].float()
        distance = 1 - (embeddings * teacher).sum(-1).mean()
        ours = embeddings[:RELATED]
        return {"english": ENGLISH * distance, "relation": RELATION * relation(ours, ours, teacher[:RELATED])}


def draw(sums: NDArray[np.float64], count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Draw positions in proportion to masses given by their running sums."""
    drawn = np.searchsorted(sums, generator.random(count) * sums[-1], side="right")
    return np.asarray(np.minimum(drawn, len(sums) - 1), dtype=np.int64)


def relation(first: torch.Tensor, second: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Return how far the likeness of each text to the others lies from the teacher's (Kullback–Leibler)."""
    import torch
    from torch.nn import functional

    own = torch.eye(len(first), dtype=torch.bool)
    wanted = functional.softmax((RELATION_SCALE * likeness(teacher, teacher)).masked_fill(own, MASKED), dim=-1)
    got = functional.log_softmax((RELATION_SCALE * likeness(first, second)).masked_fill(own, MASKED), dim=-1)
    return functional.kl_div(got, wanted, reduction="batchmean")


class _Topics:
    """Pairs by topic, to be drawn together."""

    def __init__(self, topics: NDArray[np.int64], chances: NDArray[np.float64]) -> None:
        order = np.argsort(topics, kind="stable")
        self._pairs = order[np.searchsorted(topics[order], 0) :]  # those of no topic come first
        self._sums = np.cumsum(chances[self._pairs])
        borders = np.searchsorted(topics[self._pairs], np.arange(int(topics.max()) + 2))
        begin = np.concatenate([[0.0], self._sums])[borders]
        self._begin, self._mass = begin[:-1], np.diff(begin)
        self._topic_sums = np.cumsum(self._mass**TOPIC_EXPONENT)

    def draw(self, generator: np.random.Generator) -> NDArray[np.int64]:
        """Draw some topics, and pairs of each."""
        topics = np.repeat(draw(self._topic_sums, TOPICS, generator), PER_TOPIC)
        point = self._begin[topics] + generator.random(len(topics)) * self._mass[topics]
        place = np.minimum(np.searchsorted(self._sums, point, side="right"), len(self._pairs) - 1)
        return np.asarray(self._pairs[place], dtype=np.int64)
