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
    """Write weights, (tokens, dimensions), as half precision with their tokenizer; `folder` may exist already.

    The factor of one per token makes sentence-transformers compute in single precision: in half precision a text
    without tokens would become NaN.
    """
    from safetensors.numpy import save_file

    module = folder / "0_StaticEmbedding"
    module.mkdir(parents=True, exist_ok=True)
    (folder / "1_Normalize").mkdir(exist_ok=True)
    largest = float(np.abs(weights).max())
    if not np.isfinite(largest) or largest > 1000.0:
        raise ValueError(f"Expected weights that half precision can hold; the largest is {largest}.")
    tensors = {"embeddings": weights.astype(np.float16), "weights": np.ones(len(weights), dtype=np.float32)}
    save_file(tensors, str(module / "model.safetensors"))
    (module / "model.safetensors").chmod(0o644)  # safetensors leaves it to its owner alone
    shutil.copyfile(tokenizer, module / "tokenizer.json")
    _write(folder / "modules.json", MODULES)
    _write(folder / "config_sentence_transformers.json", CONFIGURATION)
    _write(folder / "1_Normalize" / "config.json", {})


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
