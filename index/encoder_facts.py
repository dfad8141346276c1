"""What an operator wants to know of an encoder: what it weighs, what it knows, and what it costs."""

from __future__ import annotations

import os
import re
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from index.encoding import Encoder, EncoderError

_CARD = 65_536  # characters of a model card that are read; the front matter stands at its beginning
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_NO_LANGUAGE = {"multilingual", "code", "und", "mul"}
_BATCH = 64  # texts encoded together
_PARALLELISM = "TOKENIZERS_PARALLELISM"  # read by the tokenizers package at every call


@dataclass(frozen=True, kw_only=True, slots=True)
class Speed:
    """What encoding costs on one thread of this machine."""

    question_seconds: float  # median of single questions
    texts_per_second: float  # in batches of 64


def measure_speed(encoder: Encoder, texts: Sequence[str], *, seconds: float = 1.0) -> Speed:
    """Encode the texts again and again for about so long, one by one and in batches; each at least once."""
    with _one_thread():
        encoder.encode(list(texts[:_BATCH]), kind="question")  # what is made when first needed
        singles: list[float] = []
        deadline = time.perf_counter() + seconds / 2
        for text in cycle(texts):
            started = time.perf_counter()
            encoder.encode([text], kind="question")
            singles.append(time.perf_counter() - started)
            if time.perf_counter() > deadline:
                break
        began = time.perf_counter()
        encoded, start = 0, 0
        while not encoded or time.perf_counter() - began < seconds / 2:
            batch = texts[start : start + _BATCH]
            encoder.encode(batch)
            encoded += len(batch)
            start = (start + _BATCH) % len(texts)
        return Speed(
            question_seconds=statistics.median(singles), texts_per_second=encoded / (time.perf_counter() - began)
        )


def size_on_disk(folder: Path) -> int:
    """Return the bytes of a model's files; links of a hub's cache count as what they lead to."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def card_languages(folder: Path) -> tuple[str, ...]:
    """Return the languages that a model's card lists in its front matter; none where it lists none.

    The front matter is YAML between two lines ``---``
    (https://huggingface.co/docs/hub/model-cards#model-card-metadata); ``language`` is one tag or a list.
    """
    try:
        with (folder / "README.md").open(encoding="utf-8", errors="replace") as file:
            lines = file.read(_CARD).splitlines()
    except OSError:
        return ()
    if not lines or lines[0].strip() != "---":
        return ()
    found: list[str] = []
    is_listing = False
    for line in lines[1:]:
        if line.strip() == "---":
            break
        if line.startswith("language:"):
            value = line.removeprefix("language:").strip()
            found += value.strip("[]").split(",")
            is_listing = not value
        elif is_listing and line.lstrip().startswith("- "):
            found.append(line.lstrip()[2:])
        elif line.strip():
            is_listing = False
    tags = (tag.split(" #")[0].strip().strip("'\"") for tag in found)
    return tuple(dict.fromkeys(tag for tag in tags if _LANGUAGE.fullmatch(tag) and tag not in _NO_LANGUAGE))


def known_languages(encoder: Encoder) -> frozenset[str]:
    """Return the languages that an encoder knows, without region or script; empty where its card does not say.

    Empty also where its files have gone. Read from the disk at every call.
    """
    try:
        folder = encoder.folder
    except EncoderError:
        return frozenset()
    return frozenset(tag.split("-")[0].lower() for tag in card_languages(folder))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let encoders compute on one thread, as they do for one customer."""
    before = os.environ.get(_PARALLELISM)
    os.environ[_PARALLELISM] = "false"
    torch = sys.modules.get("torch")  # loaded by the encoder, if it needs it
    threads = torch.get_num_threads() if torch is not None else 0
    if torch is not None:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if torch is not None:
            torch.set_num_threads(threads)
        if before is None:
            del os.environ[_PARALLELISM]
        else:
            os.environ[_PARALLELISM] = before
