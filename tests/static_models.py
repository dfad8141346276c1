"""Static models written to disk in a moment: good ones, bad ones, and what is none."""

from __future__ import annotations

import string
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers

from index.encoder import EMBEDDED_FOLDER
from index.static_encoder import _map_weights
from index.training.export import export

LETTERS = (*string.ascii_lowercase, *"абвгдежзийклмнопрстуфхцчшщъыьэюяіўё")


def letters_model(folder: Path, *, dimensions: int, seed: int = 7) -> str:
    """Write a model that knows single letters, and return its folder: it finds equal questions and little else."""
    pieces = ["[UNK]", "▁", *LETTERS]
    tokenizer = Tokenizer(models.Unigram([(piece, -1.0 - place) for place, piece in enumerate(pieces)], unk_id=0))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.save(str(folder / "tokenizer.json"))
    weights = np.random.default_rng(seed).normal(size=(len(pieces), dimensions)).astype(np.float32)
    weights[:2] = 0
    export(weights, folder / "tokenizer.json", folder / "model")
    return str(folder / "model")


def embedded_model(folder: Path, *, shuffled: bool = False) -> str:
    """Write the embedded model under another name, and return its folder; shuffled, its words mean other words."""
    module = next(EMBEDDED_FOLDER.glob("*_StaticEmbedding"))
    weights = np.array(_map_weights(module / "model.safetensors").rows(np.arange(_tokens(module))))
    if shuffled:
        np.random.default_rng(7).shuffle(weights)
    export(weights, module / "tokenizer.json", folder / "model")
    return str(folder / "model")


def _tokens(module: Path) -> int:
    return int(Tokenizer.from_file(str(module / "tokenizer.json")).get_vocab_size())
