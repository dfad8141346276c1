"""Servers in processes of their own: the product as ``faq serve`` starts it, and bare FastAPI beside it."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_PATIENCE = 120  # seconds a server may take to be ready
_POLL = 0.005  # seconds between two looks


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """A running server; ``seconds_to_ready`` counts from the start of its process."""

    pid: int
    port: int
    seconds_to_ready: float

    def memory(self, field: str) -> float:
        """Return a field of /proc/PID/status such as VmRSS, in MiB."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError(f"/proc/{self.pid}/status has no {field}")

    def has_mapped(self, library: str) -> bool:
        """Tell whether a shared library whose path holds these letters is mapped into the process."""
        return library in Path(f"/proc/{self.pid}/maps").read_text()


def environment() -> dict[str, str]:
    """Return the environment of subprocesses, in which this package can be imported."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@contextmanager
def faq_server(folder: Path, *, cores: Sequence[int] = ()) -> Iterator[Server]:
    """Run ``faq serve`` on a data folder until the block ends; ready when /readyz says so."""
    port = free_port()
    command = [sys.executable, "-m", "api.cli", "--data-dir", str(folder), "serve", "--port", str(port)]
    with _running(command, port, "/readyz", cores) as server:
        yield server


@contextmanager
def bare_server(kind: str, *, cores: Sequence[int] = ()) -> Iterator[Server]:
    """Run a bare FastAPI server (``benchmarks.bare``) until the block ends; ready when it answers."""
    port = free_port()
    with _running([sys.executable, "-m", "benchmarks.bare", kind, str(port)], port, "/readyz", cores) as server:
        yield server


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@contextmanager
def _running(command: list[str], port: int, path: str, cores: Sequence[int]) -> Iterator[Server]:
    with tempfile.TemporaryFile() as log:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=environment()
        )
        try:
            if cores:
                os.sched_setaffinity(process.pid, cores)
            while not _is_ready(port, path):
                if process.poll() is not None or time.perf_counter() - started > _PATIENCE:
                    log.seek(0)
                    said = log.read().decode(errors="replace")[-2_000:]
                    raise RuntimeError(f"{' '.join(command)} was not ready (status {process.poll()}): {said}")
                time.sleep(_POLL)
            yield Server(pid=process.pid, port=port, seconds_to_ready=time.perf_counter() - started)
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _is_ready(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
