"""The load generator: keep-alive HTTP connections on plain sockets, in a process of its own.

``python -m benchmarks.load`` reads a plan (JSON) from standard input and prints what came of it (JSON).
Two ways to load, by ``rate``:
None    closed loop: every connection asks again as soon as it was answered; gives the throughput;
number  open loop: requests a second, at random moments (Poisson), whether or not earlier ones were answered;
        latency counts from the moment a request was due, so that a server that stalls is not spared by the
        generator waiting for it ("coordinated omission").

``select`` and not an event loop: it is cheap for tens of connections, and its timeout is exact to some
50 µs where epoll's is to a millisecond.
"""

from __future__ import annotations

import json
import os
import random
import select
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks.servers import ROOT, environment

_MAX_CONNECTIONS = 64  # in the open loop; what is due beyond waits, and its waiting counts
_NUMBER = "0000000000"  # in a body: replaced by the request's number, so that ids are unique


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What to send; ``bodies`` are JSON, taken in turn."""

    port: int
    path: str
    bodies: tuple[str, ...]
    seconds: float
    connections: int = 16  # of the closed loop
    requests: int | None = None  # after which the closed loop ends, if the time has not come before
    rate: float | None = None  # requests a second of the open loop
    first_number: int = 0  # of the requests; another for every plan, where ids must be unique
    core: int | None = None  # to run on


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """What came of a plan; latencies in milliseconds."""

    requests: int
    failures: int  # answers other than 200
    seconds: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Requests answered a second."""
        return self.requests / self.seconds


def put_load(plan: Plan) -> Load:
    """Carry out a plan in a process of its own; raises RuntimeError when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(asdict(plan)),
        capture_output=True,
        text=True,
        env=environment(),
        cwd=ROOT,
    )
    if done.returncode:
        raise RuntimeError(f"the load generator failed: {done.stderr[-2_000:]}")
    return Load(**json.loads(done.stdout))


class _Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due = 0.0
        self._received = b""

    def receive(self) -> int | None:
        """Read what there is; return the status once the answer is whole."""
        data = self.socket.recv(262_144)
        if not data:
            raise ConnectionError("the server closed a connection")
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = self._received[:end].lower()
        at = head.index(b"content-length:") + 15
        length = int(head[at:].split(b"\r\n", 1)[0])
        if len(self._received) < end + 4 + length:
            return None
        self._received = b""
        return int(head[9:12])


class _Requests:
    """Requests one after another, each with a number of its own."""

    def __init__(self, plan: Plan) -> None:
        self._ready = []
        for body in plan.bodies:
            encoded = body.encode()
            head = (
                f"POST {plan.path} HTTP/1.1\r\nHost: 127.0.0.1:{plan.port}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(encoded)}\r\n\r\n"
            )
            self._ready.append(head.encode() + encoded)
        self._number = plan.first_number
        self._is_numbered = any(_NUMBER in body for body in plan.bodies)

    def next(self) -> bytes:
        request = self._ready[self._number % len(self._ready)]
        self._number += 1
        if self._is_numbered:
            request = request.replace(_NUMBER.encode(), b"%010d" % self._number)
        return request


def closed_loop(plan: Plan) -> Load:
    """Keep every connection busy for the time planned."""
    requests = _Requests(plan)
    latencies: list[float] = []
    failures = 0
    clock = time.perf_counter
    connections = [_Connection(plan.port) for _ in range(plan.connections)]
    busy = {connection.socket.fileno(): connection for connection in connections}
    sent = len(busy)
    started = clock()
    end = started + plan.seconds
    for connection in connections:
        connection.due = clock()
        connection.socket.sendall(requests.next())
    while busy:
        for number in select.select(busy, (), (), 60)[0]:
            connection = busy[number]
            status = connection.receive()
            if status is None:
                continue
            at = clock()
            latencies.append(at - connection.due)
            failures += status != 200
            if at >= end or sent == plan.requests:
                del busy[number]
                continue
            sent += 1
            connection.due = at
            connection.socket.sendall(requests.next())
    return _load(latencies, failures, clock() - started)


def open_loop(plan: Plan) -> Load:
    """Send at the planned rate for the time planned, then wait for what is under way."""
    assert plan.rate is not None
    requests = _Requests(plan)
    chance = random.Random(plan.first_number)
    latencies: list[float] = []
    failures = 0
    clock = time.perf_counter
    idle = deque(_Connection(plan.port) for _ in range(plan.connections))
    busy: dict[int, _Connection] = {}
    late: deque[float] = deque()  # when each request was due that no connection was free for
    started = clock()
    end = started + plan.seconds
    due = started + chance.expovariate(plan.rate)
    while due < end or busy or late:
        at = clock()
        while due <= at and due < end:
            late.append(due)
            due += chance.expovariate(plan.rate)
        while late and (idle or len(busy) < _MAX_CONNECTIONS):
            connection = idle.popleft() if idle else _Connection(plan.port)
            connection.due = late.popleft()
            connection.socket.sendall(requests.next())
            busy[connection.socket.fileno()] = connection
        wait = max(0.0, due - clock()) if due < end else 60.0
        for number in select.select(busy, (), (), wait)[0]:
            connection = busy[number]
            status = connection.receive()
            if status is None:
                continue
            latencies.append(clock() - connection.due)
            failures += status != 200
            idle.append(busy.pop(number))
    return _load(latencies, failures, clock() - started)


def _load(latencies: Sequence[float], failures: int, seconds: float) -> Load:
    ordered = sorted(latencies)
    if not ordered:
        raise RuntimeError("no request was answered")
    return Load(
        requests=len(ordered),
        failures=failures,
        seconds=seconds,
        p50=ordered[len(ordered) // 2] * 1e3,
        p99=ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))] * 1e3,
    )


def main() -> None:
    plan = Plan(**json.load(sys.stdin))
    if plan.core is not None:
        os.sched_setaffinity(0, [plan.core])
    json.dump(asdict(closed_loop(plan) if plan.rate is None else open_loop(plan)), sys.stdout)


if __name__ == "__main__":
    main()
