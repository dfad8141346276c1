"""Writing a model in the folder format of sentence-transformers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MODULES = [
    {
        "idx": 0,
        "name": "0",
        "path": "0_StaticEmbedding",
        "type": "sentence_transformers.models.StaticEmbedding",
    },
    {"idx": 1, "name": "1", "path": "1_Normalize", "type": "sentence_transformers.models.Normalize"},
]
CONFIGURATION: dict[str, object] = {
    "model_type": "SentenceTransformer",
    "prompts": {},
    "default_prompt_name": None,
    "similarity_fn_name": "cosine",
}


def export(weights: NDArray[np.float32], tokenizer: Path, folder: Path) -> None:
    """Write weights, (tokens, dimensions), in eight bits with a factor per token; `folder` may exist already.

    sentence-transformers multiplies the two when it loads them, and computes in single precision.
    """
    from safetensors.numpy import save_file

    module = folder / "0_StaticEmbedding"
    module.mkdir(parents=True, exist_ok=True)
    (folder / "1_Normalize").mkdir(exist_ok=True)
    table, factors = quantized(weights)
    save_file({"embeddings": table, "weights": factors}, str(module / "model.safetensors"))
    (module / "model.safetensors").chmod(0o644)  # safetensors leaves it to its owner alone
    shutil.copyfile(tokenizer, module / "tokenizer.json")
    _write(folder / "modules.json", MODULES)
    _write(folder / "config_sentence_transformers.json", CONFIGURATION)
    _write(folder / "1_Normalize" / "config.json", {})


def quantized(weights: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return the weights as steps of 1/127 of each row's largest, and the size of a step per row."""
    largest = np.abs(weights).max(axis=1)
    if not np.isfinite(largest).all():
        raise ValueError(f"Expected finite weights; {int((~np.isfinite(largest)).sum())} rows are not.")
    factors = np.where(largest > 0, largest / 127, 1.0).astype(np.float32)
    return np.rint(weights / factors[:, None]).astype(np.int8), factors


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
