"""Any sentence-transformers model as an encoder; torch is loaded when one is made, never before."""

from __future__ import annotations

import hashlib
import json
import re
import sys
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from index.encoding import MAX_CHARACTERS, EncoderError, Kind, files_digest, readable
from index.prompts import Prompts, find_prompts

_OTHER_BACKENDS = {"torch": frozenset({"onnx", "openvino"}), "onnx": frozenset({"openvino"})}
_BYTE_PIECE = re.compile(r"<0x[0-9A-F]{2}>")


class SentenceEncoder:
    """A sentence-transformers model by name or path; calls from several threads take turns.

    Code that a model brings along is never executed: such a model is refused.
    """

    prompts: Prompts
    """What is put before every question and before every passage."""

    def __init__(self, name: str, *, revision: str | None = None, backend: Literal["torch", "onnx"] = "torch") -> None:
        """Load the model, from the local cache where it is there, else from its hub.

        Raises:
            EncoderError: sentence-transformers is not installed, or the model cannot be loaded, or it needs code of
                its own.

        """
        place = Path(name).expanduser()
        if not place.exists() and (place.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1):
            raise EncoderError(
                f"Expected a folder with a sentence-transformers model at {name}; there is none. "
                "Correct the path, or set the encoder to 'embedded'."
            )
        try:
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging as transformers_logging
        except ImportError as error:
            raise EncoderError(
                f"The encoder '{name}' needs sentence-transformers, which cannot be imported: {error}. "
                "Install it with: pip install sentence-transformers - or set the encoder to 'embedded'."
            ) from error
        self.id = name
        self._revision = revision
        self._backend = backend
        self._lock = threading.Lock()
        _refuse_own_code(name, place)
        if not sys.stderr.isatty():
            transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # a log is no place for it
        try:
            self._model: Any = SentenceTransformer(
                str(place) if place.exists() else name,
                revision=revision,
                backend=backend,
                device="cpu",
                trust_remote_code=False,
            )
        except Exception as error:  # whatever the libraries beneath raise: network, files, formats, packages
            if "trust_remote_code" in str(error):
                raise _own_code(name) from error
            needs = "for ONNX, pip install 'sentence-transformers[onnx]'; " if backend == "onnx" else ""
            raise EncoderError(
                f"The encoder '{name}' cannot be loaded: {_first_line(error)}. Check its spelling; {needs}"
                "without a network, put the model's folder on this machine and name its path. 'embedded' always works."
            ) from error
        if backend == "torch":
            self._model.float()  # many are stored in half precision, which a processor computes slowly and coarsely
        self.prompts = find_prompts(name, self._model.prompts)
        self.dimensions = len(self._encode(["x"], "passage")[0])

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hex, over the prompts and the files of the model's folder or of the snapshot of its hub.

        Prompts count, since another release may know others for the same files.

        Raises:
            EncoderError: The snapshot the model was loaded from is no longer in the cache.

        """
        files = files_digest(self.folder, skip=_OTHER_BACKENDS[self._backend])
        if self.prompts == Prompts():
            return files
        return hashlib.sha256(json.dumps([files, self.prompts.question, self.prompts.passage]).encode()).hexdigest()

    def encode(self, texts: Sequence[str], *, kind: Kind = "passage") -> NDArray[np.float32]:
        """Return (texts, dimensions) float32, rows of unit length, zeros for texts that are blank.

        Questions and passages get the model's prompts.
        """
        embeddings = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        cut = [readable(text[:MAX_CHARACTERS]) for text in texts]
        told = [position for position, text in enumerate(cut) if text.strip()]
        if told:
            vectors = self._encode([cut[position] for position in told], kind)
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
            sound = np.isfinite(lengths) & (lengths > 0)
            embeddings[told] = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=sound)
        return embeddings

    def unseen_share(self, text: str) -> float:
        """Return the share of tokens that are the unknown piece or bare bytes; 0.0 where the model cannot tell."""
        tokenizer: Any = getattr(self._model, "tokenizer", None)
        if not hasattr(tokenizer, "tokenize"):
            return 0.0
        with self._lock:
            pieces: list[str] = tokenizer.tokenize(readable(text[:MAX_CHARACTERS]))
        unknown = getattr(tokenizer, "unk_token", None)
        unseen = sum(piece == unknown or _BYTE_PIECE.fullmatch(piece) is not None for piece in pieces)
        return unseen / len(pieces) if pieces else 0.0

    def _encode(self, texts: list[str], kind: Kind) -> NDArray[np.float32]:
        encode = self._model.encode_query if kind == "question" else self._model.encode_document
        prompt = self.prompts.question if kind == "question" else self.prompts.passage
        with self._lock:
            vectors = encode(texts, prompt=prompt or None, show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(vectors, dtype=np.float32)

    @property
    def folder(self) -> Path:
        """Where the model's files are: its folder, or the snapshot of its hub.

        Raises:
            EncoderError: The snapshot the model was loaded from is no longer in the cache.

        """
        place = Path(self.id).expanduser()
        if place.is_dir():
            return place
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

        names = [self.id] if "/" in self.id else [self.id, f"sentence-transformers/{self.id}"]
        for name in names:
            try:
                return Path(snapshot_download(name, revision=self._revision, local_files_only=True))
            except (LocalEntryNotFoundError, HfHubHTTPError, ValueError):
                continue
        raise EncoderError(
            f"Expected the files of the encoder '{self.id}' in the local cache; they are gone. "
            "Restart with a network, or name a folder that holds the model."
        )


def _refuse_own_code(name: str, place: Path) -> None:
    """Raise EncoderError for a folder whose modules are classes of its own.

    sentence-transformers before 6.0 imports those of a local folder without being asked
    (https://github.com/huggingface/sentence-transformers/issues/3801).
    """
    try:
        modules = json.loads((place / "modules.json").read_text(encoding="utf-8"))
        classes = [str(module["type"]) for module in modules]
    except (OSError, ValueError, KeyError, TypeError):
        return  # not a folder, or one for sentence-transformers to judge
    if not all(kind.startswith("sentence_transformers.") for kind in classes):
        raise _own_code(name)


def _own_code(name: str) -> EncoderError:
    return EncoderError(
        f"The encoder '{name}' brings code of its own, which would have to be executed to load it; faq-assistant "
        "executes none. Choose a model that needs none: docs/encoders.md names some. 'embedded' always works."
    )


def _first_line(error: Exception) -> str:
    """Return the first line of what a library said, without its closing full stop."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
