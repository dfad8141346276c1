"""Encoders: the shipped one, and any sentence-transformers model by name or path.

The one door of this module is `load_encoder`. Nothing here imports torch or sentence-transformers until a model
that needs them is asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from index.encoding import MAX_CHARACTERS, Encoder, EncoderError, Kind
from index.static_encoder import StaticEncoder, is_static_model

__all__ = ["EMBEDDED", "MAX_CHARACTERS", "Encoder", "EncoderError", "Kind", "load_encoder"]

EMBEDDED = "embedded"
"""The name of the encoder that ships in the package."""

EMBEDDED_FOLDER = Path(__file__).parent / "embedded"


def load_encoder(
    name: str = EMBEDDED, *, revision: str | None = None, backend: Literal["torch", "onnx"] = "torch"
) -> Encoder:
    """Load an encoder by name.

    `"embedded"` is the shipped one. Anything else is a local folder or the name of a model, as
    sentence-transformers takes it; a folder that holds nothing but static embeddings loads without torch,
    whatever the backend. `revision` pins a model of a hub to a commit, tag or branch.

    Raises:
        EncoderError: The model is missing, damaged, out of reach or needs a package that is not installed.

    """
    if not name.strip():
        raise EncoderError(
            "The name of the encoder is empty. Expected 'embedded', a folder or the name of a sentence-transformers "
            "model. Set it to 'embedded' for the one that ships with faq-assistant."
        )
    if name == EMBEDDED:
        return StaticEncoder(EMBEDDED_FOLDER, id=EMBEDDED)
    try:
        folder = Path(name).expanduser()
    except RuntimeError as error:  # the home of a user whom this machine does not know
        raise EncoderError(
            f"The encoder '{name}' is to be in a home that this machine does not have. Name its folder in full."
        ) from error
    if folder.is_dir() and is_static_model(folder):
        return StaticEncoder(folder, id=name)
    from index.sentence_encoder import SentenceEncoder

    return SentenceEncoder(name, revision=revision, backend=backend)
