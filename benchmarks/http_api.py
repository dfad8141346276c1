"""POST /v1/answers under load, beside bare FastAPI with the same models in the same minutes.

Why: what the product costs on top of its web framework is its own doing; the rest is not. Every server
is one uvicorn process; all run from the start, and are loaded by turns, round by round, so that whatever
else the machine does meets all of them. The product's requests are genuine: every decision is stored with
its receipt, and what cannot be answered opens a ticket, before the answer goes out.

Throughput is measured with a closed loop, latency with both: at full load, and with an open loop at half
of the throughput found. Ratios are medians over the rounds of the ratio to the baseline's round.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from itertools import count
from statistics import median

import orjson

from benchmarks.context import Context
from benchmarks.load import Load, Plan, put_load
from benchmarks.results import Cell, Column, Table
from benchmarks.servers import Server, bare_server, faq_server
from benchmarks.synthetic import questions
from knowledge.sample import golden_questions

BASELINE = "baseline: bare FastAPI, constant model"
_NUMBER = "0000000000"  # the load generator puts each request's number here
_SYNTHETIC = 2_000  # questions of each catalogue


@dataclass(kw_only=True, slots=True)
class _Target:
    name: str
    server: Server
    bodies: tuple[str, ...]
    full: list[Load] = field(default_factory=list)
    half: list[Load] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return median(load.rate for load in self.full)


def run(context: Context) -> tuple[Table, ...]:
    """Measure all servers by turns."""
    rounds, seconds = (1, 1.0) if context.is_quick else (5, 5.0)
    sizes = (200,) if context.is_quick else (1_000, 10_000)
    *server_cores, client_core = sorted(os.sched_getaffinity(0))
    server_cores = server_cores or [client_core]
    golden = [question.question for question in golden_questions()]
    numbers = count(step=1_000_000)

    def loaded(target: _Target, *, seconds: float = seconds, rate: float | None = None) -> Load:
        load = put_load(
            Plan(
                port=target.server.port,
                path="/v1/answers",
                bodies=target.bodies,
                seconds=seconds,
                rate=rate,
                first_number=next(numbers),
                core=client_core,
            )
        )
        if load.failures:
            raise RuntimeError(f"{target.name}: {load.failures} of {load.requests} requests were not answered with 200")
        return load

    with ExitStack() as stack:

        def target(name: str, server: AbstractContextManager[Server], asked: Sequence[str]) -> _Target:
            return _Target(name=name, server=stack.enter_context(server), bodies=tuple(_bodies(asked)))

        targets = [
            target(BASELINE, bare_server("model", cores=server_cores), golden),
            target("bare FastAPI, ready-made bytes", bare_server("bytes", cores=server_cores), golden),
            target("sample shop", faq_server(context.shop(), cores=server_cores), golden),
        ]
        name = "sample shop, every question in a conversation"
        talking = target(name, faq_server(context.shop(), cores=server_cores), golden)
        talking.bodies = tuple(_bodies(golden, in_conversation=True))
        targets.append(talking)
        for size in sizes:
            asked = golden + [each.text for each in questions(_SYNTHETIC, of_articles=size)]
            folder = context.catalogue(size)
            targets.append(target(f"{size:,} synthetic articles", faq_server(folder, cores=server_cores), asked))
        ceiling = target("load generator alone", bare_server("raw", cores=server_cores), golden)
        for each in (*targets, ceiling):
            loaded(each, seconds=min(seconds, 2.0))  # warm up
        for _ in range(rounds):
            for each in (*targets, ceiling):
                each.full.append(loaded(each))
        for _ in range(rounds):
            for each in targets:
                each.half.append(loaded(each, rate=each.rate / 2))
    return (_table(targets, ceiling, rounds, seconds),)


def _bodies(asked: Sequence[str], *, in_conversation: bool = False) -> Iterator[str]:
    for question in asked:
        body = {"question": question, "channel": "chat"}
        if in_conversation:
            body |= {"message_id": f"m-{_NUMBER}", "conversation_id": f"c-{_NUMBER}"}
        yield orjson.dumps(body).decode()


def _table(targets: Sequence[_Target], ceiling: _Target, rounds: int, seconds: float) -> Table:
    baseline = targets[0]

    def row(target: _Target) -> tuple[Cell, ...]:
        ratio = median(own.rate / other.rate for own, other in zip(target.full, baseline.full, strict=True))
        half = target.half
        return (
            target.name,
            target.rate,
            ratio,
            median(load.p50 for load in target.full),
            median(load.p99 for load in target.full),
            median(load.rate for load in half) if half else None,
            median(load.p50 for load in half) if half else None,
            median(load.p99 for load in half) if half else None,
        )

    return Table(
        title="POST /v1/answers, one server process",
        columns=(
            Column("server"),
            Column("requests/s", ",.0f"),
            Column("ratio", ".3f"),
            Column("full load: p50 ms", ".2f"),
            Column("p99 ms", ".2f"),
            Column("half load: requests/s", ",.0f"),
            Column("p50 ms", ".2f"),
            Column("p99 ms", ".2f"),
        ),
        rows=tuple(row(target) for target in (*targets, ceiling)),
        notes=(
            f"{rounds} round(s) of {seconds:g} s each, by turns; medians. Full load: 16 connections, closed loop. Half "
            "load: open loop, random arrivals. The last row is how much the load generator "
            "itself can do. It has a core of its own where there are two or more, and the servers the others. "
            "Synthetic catalogues are asked the sample shop's golden questions and mistyped questions of their own.",
        ),
    )
