"""Servers in processes of their own, which can be killed, and small disks, which can be filled."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

PATIENCE = 60.0  # seconds

_PROGRAM = """
import signal
import uvicorn
from api.app import create_app
from api.settings import read_settings

# uvicorn ends gracefully, then raises the signal again for the handler from before.
signal.signal(signal.SIGTERM, lambda *_: None)

class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print(self.servers[0].sockets[0].getsockname()[1], flush=True)

Server(uvicorn.Config(create_app(read_settings()), port=0, log_level="error", lifespan="on")).run()
"""


class LiveServer:
    """A running server; ``client`` talks to it from this machine."""

    def __init__(self, data: Path, **settings: str) -> None:
        """Start one on a data folder, with settings as the environment has them."""
        environment = {**os.environ, "FAQ_DATA_DIR": str(data), **settings}
        self.process = subprocess.Popen([sys.executable, "-c", _PROGRAM], env=environment, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.kill()
            raise AssertionError("the server did not start; its log says why")
        self.port = int(line)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=PATIENCE, trust_env=False)

    def kill(self) -> None:
        """End the process as a power cut would."""
        self.process.kill()
        self._reap()

    def stop(self) -> int:
        """Ask the process to end; return its status."""
        self.client.close()
        self.process.terminate()
        self._reap()
        return self.process.returncode

    def _reap(self) -> None:
        self.process.wait(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def live_server(data: Path, **settings: str) -> Iterator[LiveServer]:
    """Yield a running server and end it afterwards, if the test has not."""
    server = LiveServer(data, **settings)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.kill()
        server.client.close()


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[Path]:
    """Yield the folder as a disk of its own; skip where this user may not mount one."""
    folder.mkdir()
    mount = shutil.which("mount")
    if os.getuid() != 0 or mount is None:
        pytest.skip("only root can mount a small disk")
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if subprocess.run([mount, *options], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Write a file that leaves no space on the disk, and return it."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\x00" * size)
            except OSError:
                continue
    return filler
