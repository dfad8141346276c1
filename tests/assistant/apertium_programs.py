"""A made-up Apertium for tests: a program, and modes whose one stage behaves as it is told."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

# Speaks the stream format: text up to a NUL comes in, its translation and a NUL go out.
_STAGE = """#!{python} -ISE
import os, signal, sys, time
with open({log!r}, "a") as log:
    log.write(sys.argv[-1] + "\\n")
marks, behaviour, word = sys.argv[-3:]
buffered = b""
while chunk := os.read(0, 65536):
    buffered += chunk
    while b"\\0" in buffered:
        text, buffered = buffered.split(b"\\0", 1)
        is_meant = word == "-" or word.encode() in text
        if is_meant and behaviour == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        if is_meant and behaviour == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if is_meant and behaviour == "exit":
            sys.exit(3)
        if is_meant and behaviour == "hang":
            time.sleep(600)
        while is_meant and behaviour == "flood":
            os.write(1, b"flood " * 1000)
        if is_meant and behaviour == "lose":
            text = text[:3]
        if is_meant and behaviour == "twice":
            text = text + b"\\0" + text
        if is_meant and behaviour == "empty":
            text = text[text.index(b"[]"):]
        if is_meant and behaviour in ("unknown", "garbled") and marks == "-g":
            mark = b"*" if behaviour == "unknown" else b"#"
            head, tail = text.split(b"[]")
            text = b" ".join(mark + part for part in head.split()) + b"[]" + tail
        if is_meant and behaviour == "nonsense":
            text = bytes(range(128, 250)) + text
        if behaviour != "same":
            text = text.decode("utf-8", "replace").upper().encode()
        os.write(1, text + b"\\0")
"""


def build_apertium(folder: Path, modes: dict[str, str] | None = None, *, version: str = "9.9.9") -> Path:
    """Write a program with modes, and return its path; see ``add_mode`` for what they do."""
    (folder / "bin").mkdir(parents=True)
    (folder / "share" / "apertium" / "modes").mkdir(parents=True)
    program = folder / "bin" / "apertium"
    program.write_text(f"#!/bin/sh\necho 'Apertium {version}'\n")
    stage = folder / "bin" / "fake-proc"
    stage.write_text(_STAGE.format(python=sys.executable, log=str(starts_log(program))))
    for file in (program, stage):
        file.chmod(0o755)
    for name, behaviour in (modes or {}).items():
        add_mode(program, name, behaviour)
    return program


def add_mode(program: Path, name: str, behaviour: str = "upper") -> Path:
    """Add a mode that turns text into capitals: ``upper``, or, where ``WORD`` comes, as in ``crash:WORD``.

    Behaviours: crash, killed, exit, hang, flood, lose (the end), twice, empty, unknown, garbled, nonsense, same;
    without a word always.
    """
    kind, _, word = behaviour.partition(":")
    data = program.parent.parent / "share" / "apertium" / f"{name}.bin"
    data.write_text(name)
    path = data.parent / "modes" / f"{name}.mode"
    path.write_text(f"fake-proc {shlex.quote(str(data))} $1 {kind} {word or '-'}\n")
    return path


def starts_log(program: Path) -> Path:
    """Return the file to which every started stage adds a line."""
    return program.parent / "starts.log"


def starts(program: Path) -> int:
    """Return how many stages were started."""
    log = starts_log(program)
    return len(log.read_text().splitlines()) if log.exists() else 0
