"""Encoders by name, each loaded once: every generation is searched with the one that it was built with."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

from index.encoder import EMBEDDED, load_encoder
from index.encoding import Encoder, EncoderError
from index.generation import Generation
from index.searcher import Searcher


class Encoders:
    """The encoders of one process; safe to share between threads.

    What was loaded stays: a rollback to another encoder finds it ready. What could not be loaded is tried
    again whenever it is asked for, since somebody may have mended it.
    """

    def __init__(self, load: Callable[[str], Encoder] = load_encoder) -> None:
        self._load = load
        self._loaded: dict[str, Encoder] = {}
        self._locks: dict[str, threading.Lock] = {}

    def get(self, name: str) -> Encoder:
        """Return the encoder of this name, always the same object; raises EncoderError.

        Whoever asks for one that is being loaded waits for it, and nobody else does.
        """
        name = encoder_name(name)
        loaded = self._loaded.get(name)
        if loaded is None:
            with self._locks.setdefault(name, threading.Lock()):
                loaded = self._loaded.get(name)
                if loaded is None:
                    loaded = self._loaded[name] = self._load(name)
        return loaded

    def searcher(self, generation: Generation) -> Searcher:
        """Return what searches a generation, with the encoder that it was built with.

        Raises EncoderError, and EncoderMismatchError where the encoder has other weights now.
        """
        manifest = generation.manifest
        try:
            encoder = self.get(manifest.encoder)
        except EncoderError as error:
            raise EncoderError(
                f"Generation {manifest.number} cannot answer without its encoder {manifest.encoder!r}. {error}"
            ) from error
        return Searcher(generation, encoder)


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
