"""How fast an encoder loads and encodes on one core, and what it holds in memory, beside all-MiniLM-L6-v2.

``python -m benchmarks.pace ENCODER < QUESTIONS.json`` measures one encoder in this process and prints JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.encoders import MINILM, encoder_name, label, minilm_folder
from benchmarks.results import Column, Table
from benchmarks.servers import environment

_SINGLE = 1_000  # questions, one at a time
_BATCHES = 5  # of all questions; the fastest counts
_ONE_CORE = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
_MEASURES = {
    "load": ("load, with a first question (ms)", ",.0f"),
    "single": ("single question (µs)", ",.0f"),
    "batched": ("batched (texts/s)", ",.0f"),
    "memory": ("resident memory after loading and the questions (MiB)", ",.0f"),
}


def pace_table(questions: Sequence[str], *, is_quick: bool) -> Table:
    """Measure both encoders by turns, each time in a process of its own."""
    questions = questions[: 100 if is_quick else 2_000]
    rounds = 1 if is_quick else 3
    ours: list[dict[str, float]] = []
    theirs: list[dict[str, float]] = []
    for _ in range(rounds):
        ours.append(_measured(encoder_name(), questions))
        theirs.append(_measured(minilm_folder(), questions))
    rows = []
    for key, (name, spec) in _MEASURES.items():
        own, other = (median(one[key] for one in measured) for measured in (ours, theirs))
        rows.append((name, format(own, spec), format(other, spec), own / other))
    return Table(
        title="Pace and memory on one core",
        columns=(Column("measure"), Column(label()), Column(f"baseline: {MINILM}"), Column("ratio", ".4f")),
        rows=tuple(rows),
        notes=(
            f"Medians of {rounds} round(s), by turns, each in a new process with one thread; processor time, libraries "
            f"that only the encoder imports among it. {len(questions):,} English questions, "
            f"{min(_SINGLE, len(questions)):,} of them one at a time; all in batches, the fastest of {_BATCHES}. "
            "Memory is VmRSS, mapped files included.",
        ),
    )


def _measured(encoder: str, questions: Sequence[str]) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.pace", encoder],
        input=json.dumps(list(questions)),
        env={**environment(), **_ONE_CORE},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"measuring the pace of {encoder} failed (status {done.returncode}): {done.stderr[-2_000:]}")
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def measure(name: str, questions: Sequence[str]) -> dict[str, float]:
    """Return milliseconds to load, microseconds a question, texts a second and MiB, of processor time and memory."""
    from index.encoder import load_encoder

    began = time.process_time()
    encoder = load_encoder(name)
    encoder.encode([questions[0]], kind="question")
    load = time.process_time() - began
    few = questions[:_SINGLE]
    for question in few[: len(few) // 10]:
        encoder.encode([question], kind="question")
    began = time.process_time()
    for question in few:
        encoder.encode([question], kind="question")
    single = (time.process_time() - began) / len(few)
    status = Path("/proc/self/status").read_text()
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
    batches = []
    for _ in range(_BATCHES):
        began = time.process_time()
        encoder.encode(questions, kind="question")
        batches.append(len(questions) / (time.process_time() - began))
    return {"load": 1e3 * load, "single": 1e6 * single, "batched": max(batches), "memory": resident / 1024}


if __name__ == "__main__":
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    print(json.dumps(measure(sys.argv[1], json.load(sys.stdin))))
