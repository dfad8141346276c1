"""Tiny Argos packages for tests: a genuine Transformer whose weights are set by hand, not trained.

The encoder adds a one-hot position to a one-hot token. Step *t* of the decoder attends to source
position *t*, and the projection turns the source token found there into its entry of the dictionary.
So the model translates word by word, or letter by letter, exactly, and every part of the genuine path runs:
SentencePiece, CTranslate2's beam search, replacement of unknown words, the end-of-sentence token.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

POSITIONS = 272  # more than the 256 tokens that CTranslate2 decodes at most
_SHARP = 60.0  # logit of the right one over all others


def build_package(
    path: Path,
    source: str,
    target: str,
    dictionary: Mapping[str, str],
    *,
    version: str = "1.0",
    unit: Literal["word", "char"] = "word",
    folder: str | None = None,
    overrides: Mapping[str, bytes] | None = None,
) -> Path:
    """Write an ``.argosmodel`` that translates word by word, or with ``char`` letter by letter, and return its path.

    ``overrides`` replaces files of the package by name (``model/model.bin``, ``metadata.json``), to break it.
    """
    pieces, tokenizer = _train_tokenizer(dictionary, unit)
    folder = folder or f"translate-{source}_{target}-{version.replace('.', '_')}"
    mark = "▁" if unit == "word" else ""
    marked = {f"{mark}{one}": f"{mark}{other}" for one, other in dictionary.items()}
    files = {
        "metadata.json": json.dumps(
            {
                "package_version": version,
                "argos_version": "1.9",
                "from_code": source,
                "from_name": source,
                "to_code": target,
                "to_name": target,
            }
        ).encode(),
        "sentencepiece.model": tokenizer,
        "README.md": b"A word-by-word dictionary for tests.",
        **{f"model/{name}": content for name, content in _build_model(path.parent, pieces, marked).items()},
        **(overrides or {}),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"{folder}/{name}", content)
    return path


def _train_tokenizer(dictionary: Mapping[str, str], unit: str) -> tuple[list[str], bytes]:
    import sentencepiece

    words = [*dictionary.keys(), *dictionary.values()]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([" ".join(words)] * 2),
        model_writer=model,
        model_type=unit,
        character_coverage=1.0,
        vocab_size=len({*words}) + 4,  # and the special ones; letters have one for the beginning of words, too
        hard_vocab_limit=False,
        minloglevel=2,
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    return [processor.id_to_piece(index) for index in range(processor.get_piece_size())], model.getvalue()


def _build_model(workplace: Path, pieces: list[str], dictionary: Mapping[str, str]) -> dict[str, bytes]:
    from ctranslate2 import specs

    tokens = ["<blank>", "<unk>", "<s>", "</s>", *[piece for piece in pieces if piece not in ("<unk>", "<s>", "</s>")]]
    index = {token: number for number, token in enumerate(tokens)}
    vocabulary, width = len(tokens), len(tokens) + POSITIONS

    spec = specs.TransformerSpec.from_config(num_layers=1, num_heads=1, pre_norm=True)
    spec.config.add_source_eos = True
    spec.encoder.scale_embeddings = False
    spec.decoder.scale_embeddings = False

    one_hot_tokens = np.zeros((vocabulary, width), np.float32)
    one_hot_tokens[np.arange(vocabulary), np.arange(vocabulary)] = 1
    one_hot_positions = np.zeros((POSITIONS, width), np.float32)
    one_hot_positions[np.arange(POSITIONS), vocabulary + np.arange(POSITIONS)] = 1
    select_tokens = np.diag((np.arange(width) < vocabulary).astype(np.float32))
    select_positions = np.eye(width, dtype=np.float32) - select_tokens

    def linear(layer: Any, weight: np.ndarray) -> None:
        layer.weight = weight.astype(np.float32)
        layer.bias = np.zeros(len(weight), np.float32)

    def undo_norm(norm: Any, ones: int) -> None:
        # Every row normalised here holds `ones` ones among `width` numbers: gamma and beta give it back.
        mean = ones / width
        norm.gamma = np.full(width, np.sqrt(mean - mean * mean + 1e-5), np.float32)
        norm.beta = np.full(width, mean, np.float32)

    def silence_attention(attention: Any, ones: int) -> None:
        undo_norm(attention.layer_norm, ones)
        linear(attention.linear[0], np.zeros((3 * width, width)))
        linear(attention.linear[1], np.zeros((width, width)))

    def silence_feed_forward(feed_forward: Any) -> None:
        undo_norm(feed_forward.layer_norm, 2)
        linear(feed_forward.linear_0, np.zeros((width, width)))
        linear(feed_forward.linear_1, np.zeros((width, width)))

    spec.encoder.embeddings[0].weight = one_hot_tokens
    spec.encoder.position_encodings.encodings = one_hot_positions
    silence_attention(spec.encoder.layer[0].self_attention, 2)
    silence_feed_forward(spec.encoder.layer[0].ffn)
    undo_norm(spec.encoder.layer_norm, 2)

    spec.decoder.embeddings.weight = np.zeros_like(one_hot_tokens)
    spec.decoder.position_encodings.encodings = one_hot_positions
    silence_attention(spec.decoder.layer[0].self_attention, 1)
    attention = spec.decoder.layer[0].attention
    undo_norm(attention.layer_norm, 1)
    linear(attention.linear[0], select_positions * _SHARP * np.sqrt(width))
    linear(attention.linear[1], np.concatenate([select_positions, select_tokens]))
    linear(attention.linear[2], np.eye(width, dtype=np.float32))
    silence_feed_forward(spec.decoder.layer[0].ffn)
    undo_norm(spec.decoder.layer_norm, 2)

    projection = np.zeros((vocabulary, width), np.float32)
    for token, number in index.items():
        projection[index[dictionary.get(token, token)], number] = _SHARP
    linear(spec.decoder.projection, projection)
    # All wrong tokens are equally wrong: the end must not be among those that a beam search goes on with.
    spec.decoder.projection.bias[index["</s>"]] = -_SHARP / 2

    spec.register_source_vocabulary(tokens)
    spec.register_target_vocabulary(tokens)
    folder = workplace / "model-being-built"
    folder.mkdir()
    try:
        spec.validate()
        spec.optimize(quantization=None)
        spec.save(str(folder))
        return {file.name: file.read_bytes() for file in folder.iterdir()}
    finally:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
