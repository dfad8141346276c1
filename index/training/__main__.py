"""Make the embedded encoder: `python -m index.training --data DIR --dev DIR --out DIR`.

Every stage leaves its result under `--out` and is skipped when that is there: the cleaned corpus, the tokenizer,
the token ids, misspelt copies, the teacher's vectors (shard by shard) and their topics, the training checkpoint,
the model in `--out`/model.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from index.training.data import open_corpus
from index.training.evaluate import measure, report
from index.training.export import export
from index.training.kinship import kinship
from index.training.noise import make_copies
from index.training.teacher import find_topics, read_shards, rotate, write_shards
from index.training.tokenizer import tokenize_corpus, train_tokenizer
from index.training.train import Bags, Lessons, Schedule, Trainer


def main(arguments: Sequence[str] | None = None) -> int:
    """Run every stage that is not done yet, then print the measures of the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="directory of the training text")
    parser.add_argument("--dev", type=Path, required=True, help="directory of the evaluation sets")
    parser.add_argument("--out", type=Path, required=True, help="directory for everything that is made")
    parser.add_argument("--steps", type=int, default=7000, help="steps of the training run")
    parser.add_argument("--taught", type=int, default=800_000, help="English sentences to ask the teacher about")
    parser.add_argument("--threads", type=int, default=2, help="processor cores to use")
    options = parser.parse_args(arguments)

    import torch

    torch.set_num_threads(options.threads)
    out: Path = options.out
    schedule = Schedule(steps=options.steps)
    corpus = open_corpus(options.data, options.dev, out)
    tokenizer = train_tokenizer(corpus, out, seed=schedule.seed, threads=options.threads)
    ids, starts = tokenize_corpus(corpus, tokenizer, out)
    copies = make_copies(corpus, tokenizer, out, seed=schedule.seed)
    write_shards([corpus.texts[position] for position in corpus.english], out / "teacher", stop=options.taught)
    positions, vectors = read_shards(out / "teacher")
    topics = find_topics(vectors, out, seed=schedule.seed, threads=options.threads)
    lessons = Lessons(
        corpus=corpus,
        bags=Bags(
            ids=np.concatenate([ids, copies.ids]), starts=np.concatenate([starts, starts[-1] + copies.starts[1:]])
        ),
        taught=corpus.english[positions].astype(np.int64),
        vectors=rotate(vectors),
        topics=topics,
        copied=copies.copied,
        partners=copies.partners,
    )
    trainer = Trainer(lessons, kinship(tokenizer), schedule)
    export(trainer.run(out), tokenizer, out / "model")
    print(report(measure(str(out / "model"), options.dev)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
