"""Cold starts and memory: ``faq ask`` from process start to end, ``faq serve`` until ready and after use.

Why: a command line that takes seconds is not used, a server that restarts slowly is an outage, and memory
is what the product costs an operator all day. The baseline is a process that imports the libraries any
such product stands on and does nothing; for servers, bare FastAPI. Files are in the page cache: a
process is cold here, the disk is not.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from statistics import median

import orjson

from benchmarks.context import Context
from benchmarks.load import Plan, put_load
from benchmarks.results import Cell, Column, Table
from benchmarks.servers import Server, bare_server, environment, faq_server
from knowledge.sample import golden_questions

_QUESTIONS = 200
_PATIENCE = 120.0  # seconds for all of them
_IMPORTS = "import fastapi, uvicorn, sqlalchemy, numpy, faiss"
_BASELINE = f"baseline: python -c '{_IMPORTS}'"
_SERVER_BASELINE = "baseline: bare FastAPI server"

# Runs `faq` with the arguments given, and says at the end what its process had loaded.
_WATCHED = """
import atexit, json, sys
def say():
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    memory = {name: int(status[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")}
    print(json.dumps({"torch": "torch" in sys.modules, **memory}), file=sys.stderr)
atexit.register(say)
"""


def run(context: Context) -> tuple[Table, ...]:
    """Measure starts by turns, then memory."""
    shop = context.shop()
    return _starts(context, shop), _memory(context, shop)


def _starts(context: Context, shop: Path) -> Table:
    rounds = 1 if context.is_quick else 9
    faq = [sys.executable, "-m", "api.cli", "--data-dir", str(shop)]
    commands = {
        _BASELINE: [sys.executable, "-c", _IMPORTS],
        "faq --help": [*faq, "--help"],
        "faq ask, an answer": [*faq, "ask", "How do I cancel my order?"],
        "faq ask, in another language": [*faq, "ask", "Як вярнуць тавар?"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in (*commands, _SERVER_BASELINE, "faq serve")}
    for _ in range(rounds):
        for name, command in commands.items():
            seconds[name].append(_seconds(command))
        with bare_server("model") as server:
            seconds[_SERVER_BASELINE].append(server.seconds_to_ready)
        with faq_server(shop) as server:
            seconds["faq serve"].append(server.seconds_to_ready)

    def row(name: str, baseline: str) -> tuple[Cell, ...]:
        ratio = median(own / other for own, other in zip(seconds[name], seconds[baseline], strict=True))
        return name, median(seconds[name]), min(seconds[name]), max(seconds[name]), ratio

    servers = (_SERVER_BASELINE, "faq serve")
    return Table(
        title="Cold start: a command to its end, a server until it is ready",
        columns=(
            Column("process"),
            Column("seconds", ".3f"),
            Column("least", ".3f"),
            Column("most", ".3f"),
            Column("ratio", ".3f"),
        ),
        rows=(*(row(name, _BASELINE) for name in commands), *(row(name, _SERVER_BASELINE) for name in servers)),
        notes=(
            f"Medians of {rounds} round(s), by turns; on the sample shop, indexed. Ratios are to the baseline above. "
            "Ready: /readyz answers 200, looked at every 5 ms.",
        ),
    )


def _memory(context: Context, shop: Path) -> Table:
    bodies = tuple(orjson.dumps({"question": question.question}).decode() for question in golden_questions())
    watched = [sys.executable, "-c", _WATCHED + _IMPORTS]
    alone = _watched(watched)
    script = _WATCHED + f"sys.argv = {['faq', '--data-dir', str(shop), 'ask', 'Where is my order?']!r}\n"
    asked = _watched([sys.executable, "-c", script + "from api.cli import main; main()"])
    rows: list[tuple[Cell, ...]] = []

    def add(name: str, rss: float, peak: float, has_torch: bool) -> None:
        first = rows[0][1] if rows else rss
        assert isinstance(first, float)
        rows.append((name, rss, peak, rss / first, has_torch))

    add(_BASELINE, alone["VmRSS"], alone["VmHWM"], bool(alone["torch"]))
    add("faq ask", asked["VmRSS"], asked["VmHWM"], bool(asked["torch"]))
    servers: dict[str, AbstractContextManager[Server]] = {
        f"{_SERVER_BASELINE}, {_QUESTIONS} requests": bare_server("model"),
        f"faq serve, sample shop, {_QUESTIONS} questions": faq_server(shop),
    }
    size = 200 if context.is_quick else 10_000
    servers[f"faq serve, {size:,} articles, {_QUESTIONS} questions"] = faq_server(context.catalogue(size))
    for name, starting in servers.items():
        with starting as server:
            _ask(server, bodies)
            add(name, server.memory("VmRSS"), server.memory("VmHWM"), server.has_mapped("libtorch"))
    return Table(
        title="Memory, and whether torch is loaded",
        columns=(
            Column("process"),
            Column("resident MiB", ",.0f"),
            Column("peak MiB", ",.0f"),
            Column("ratio", ".2f"),
            Column("torch loaded"),
        ),
        rows=tuple(rows),
        notes=(
            "VmRSS and VmHWM of /proc, memory-mapped files included; of commands at their end, of servers after the "
            "questions. torch: among the modules of a command, among the libraries mapped into a server.",
        ),
    )


def _seconds(command: Sequence[str]) -> float:
    started = time.perf_counter()
    _done(command)
    return time.perf_counter() - started


def _watched(command: Sequence[str]) -> dict[str, float]:
    said: dict[str, float] = json.loads(_done(command).stderr.splitlines()[-1])
    return said


def _done(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, capture_output=True, text=True, env=environment())
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with status {done.returncode}: {done.stderr[-2_000:]}")
    return done


def _ask(server: Server, bodies: tuple[str, ...]) -> None:
    load = put_load(
        Plan(
            port=server.port,
            path="/v1/answers",
            bodies=bodies,
            seconds=_PATIENCE,
            connections=1,
            requests=_QUESTIONS,
        )
    )
    if load.requests != _QUESTIONS or load.failures:
        raise RuntimeError(
            f"{load.requests} of {_QUESTIONS} requests were answered, {load.failures} of them not with 200"
        )
