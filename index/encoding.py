"""What every encoder promises, and the error each raises when it cannot be had."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import UnavailableError

Kind = Literal["question", "passage"]
"""What a text is to the search: some models encode the two differently."""

MAX_CHARACTERS = 20_000
"""Characters of a text that are read; the rest is left out by every encoder."""


class EncoderError(UnavailableError):
    """A model cannot be loaded; the message says what was expected, what was found and the mend."""


class Encoder(Protocol):
    """Turns texts into vectors whose inner product is their likeness."""

    @property
    def id(self) -> str:
        """What `load_encoder` was asked for: `"embedded"`, or the model's name or path."""

    @property
    def digest(self) -> str:
        """SHA-256, in hex, over the files that decide the embeddings: weights, tokenizer, configuration."""

    @property
    def dimensions(self) -> int:
        """The width of an embedding."""

    @property
    def folder(self) -> Path:
        """Where the model's files are; raises EncoderError where they have gone."""

    def encode(self, texts: Sequence[str], *, kind: Kind = "passage") -> NDArray[np.float32]:
        """Return (texts, dimensions) float32, rows of unit length.

        A text in which the model knows no token has a row of zeros. Its inner product with everything is
        zero, which no threshold above zero lets pass: such a text is never found and never finds.
        Only the first `MAX_CHARACTERS` characters of a text count; lone surrogates read as unknown characters.
        """

    def unseen_share(self, text: str) -> float:
        """Return the share, 0 to 1, of a text's letters that the model has no real piece for.

        0.0 where a model cannot tell, and for a text without letters.
        """


def readable(text: str) -> str:
    """Return the text with lone surrogates, which no tokenizer takes, replaced by U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def files_digest(folder: Path, *, skip: frozenset[str] = frozenset()) -> str:
    """Return the SHA-256, in hex, over the names and bytes of a model's files, hidden ones and documents left out.

    `skip` names folders directly under `folder` that do not count.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
        place = path.relative_to(folder)
        if not path.is_file() or path.suffix in {".md", ".png"} or place.parts[0] in skip:
            continue
        if any(part.startswith(".") for part in place.parts):
            continue
        name = place.as_posix().encode()
        digest.update(len(name).to_bytes(4, "little") + name)
        digest.update(path.stat().st_size.to_bytes(8, "little"))
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
