"""Encoders by name, each loaded once: every generation is searched with the one that it was built with."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from index.encoder import EMBEDDED, load_encoder
from index.encoding import Encoder, EncoderError
from index.generation import Generation
from index.searcher import Searcher

_Files = frozenset[tuple[str, int, int]]


@dataclass(frozen=True, slots=True)
class _Loaded:
    encoder: Encoder
    files: _Files  # as they were when it had been loaded


class Encoders:
    """The encoders of one process; safe to share between threads.

    What was loaded stays: a rollback to another encoder finds it ready. What could not be loaded is tried
    again whenever it is asked for, since somebody may have mended it; and so is what a generation was not
    built with, once the files are others, since somebody may have trained it anew.
    """

    def __init__(self, load: Callable[[str], Encoder] = load_encoder) -> None:
        self._load = load
        self._loaded: dict[str, _Loaded] = {}
        self._locks: dict[str, threading.Lock] = {}

    def get(self, name: str) -> Encoder:
        """Return the encoder of this name, the same object as long as it is loaded; raises EncoderError.

        Whoever asks for one that is being loaded waits for it, and nobody else does.
        """
        return self._get(encoder_name(name)).encoder

    def searcher(self, generation: Generation) -> Searcher:
        """Return what searches a generation, with the encoder that it was built with.

        Raises EncoderError, and EncoderMismatchError where the encoder has other weights now.
        """
        manifest = generation.manifest
        try:
            encoder = self._with_digest(encoder_name(manifest.encoder), manifest.encoder_digest)
        except EncoderError as error:
            raise EncoderError(
                f"Generation {manifest.number} cannot answer without its encoder {manifest.encoder!r}. {error}"
            ) from error
        return Searcher(generation, encoder)

    def _get(self, name: str) -> _Loaded:
        loaded = self._loaded.get(name)
        if loaded is None:
            with self._locks.setdefault(name, threading.Lock()):
                loaded = self._loaded.get(name)
                if loaded is None:
                    loaded = self._loaded[name] = self._load_now(name)
        return loaded

    def _with_digest(self, name: str, digest: str) -> Encoder:
        """Return the encoder, loaded again if it is not this one and its files have changed since."""
        loaded = self._get(name)
        if loaded.encoder.digest == digest:
            return loaded.encoder
        with self._locks.setdefault(name, threading.Lock()):
            loaded = self._loaded[name]
            if loaded.encoder.digest != digest and loaded.files != _files(loaded.encoder):
                loaded = self._loaded[name] = self._load_now(name)
        return loaded.encoder

    def _load_now(self, name: str) -> _Loaded:
        encoder = self._load(name)
        return _Loaded(encoder=encoder, files=_files(encoder))


def _files(encoder: Encoder) -> _Files:
    """Return what changes whenever a file of the model does; empty where they have gone."""
    try:
        folder = encoder.folder
        return frozenset(
            (path.relative_to(folder).as_posix(), status.st_size, status.st_mtime_ns)
            for path in folder.rglob("*")
            if path.is_file() and (status := path.stat())
        )
    except (EncoderError, OSError):
        return frozenset()


def encoder_name(name: str) -> str:
    """Return the name under which an encoder is kept: a folder's is its absolute path, whoever asks from wherever.

    A link is named, not what it leads to: whoever turns it to other weights means the same encoder.
    """
    if name.strip() in ("", EMBEDDED):
        return name
    try:
        folder = Path(name).expanduser()
        return os.path.abspath(folder) if folder.is_dir() else name
    except (OSError, RuntimeError, ValueError):  # a name that no folder can have
        return name
