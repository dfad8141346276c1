"""Packages to measure translation with: no real one can be fetched where benchmarks run.

One translates letter by letter, exactly, and stands for any engine where it only matters whether one is asked. The
other has the shape of the real ones, a Transformer of the base size in eight bits, and random weights: it takes the
time of a real model and says nothing.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from tests.assistant.translation_models import build_package

LAYERS, WIDTH, HEADS, INNER, VOCABULARY = 6, 512, 8, 2_048, 32_000  # "base" of Vaswani et al. 2017
_POSITIONS = 512
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_KEPT = "XQ0123456789.,?!:;()%€“”’–-/@+→#&'\""


def letter_package(path: Path, source: str, target: str, alphabet: str = _LETTERS[1:] + _LETTERS[:1]) -> Path:
    """Write a package that puts another letter for each, those of the alphabet for a to z; return its path."""
    letters = dict(zip(_LETTERS, alphabet, strict=True))
    capitals = {one.upper(): other.upper() for one, other in letters.items() if one not in "xq"}
    return build_package(path, source, target, {**capitals, **letters, **{sign: sign for sign in _KEPT}}, unit="char")


def base_sized_package(path: Path, source: str, target: str, text: str, *, seed: int = 20_261_122) -> Path:
    """Write a package of the size of real ones, with random weights and a tokenizer of the text; return its path."""
    import sentencepiece

    tokenizer = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text.splitlines()),
        model_writer=tokenizer,
        vocab_size=VOCABULARY,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=tokenizer.getvalue())
    pieces = [processor.id_to_piece(number) for number in range(processor.get_piece_size())]
    special = ["<blank>", "<unk>", "<s>", "</s>"]
    tokens = special + [piece for piece in pieces if piece not in special]
    tokens += [f"▁{number}" for number in range(VOCABULARY - len(tokens))]  # never said by the tokenizer
    metadata = {
        "package_version": "1.0", "argos_version": "1.9", "from_code": source, "from_name": source,
        "to_code": target, "to_name": target,
    }  # fmt: skip
    folder = f"translate-{source}_{target}-1_0"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{folder}/metadata.json", json.dumps(metadata))
        archive.writestr(f"{folder}/sentencepiece.model", tokenizer.getvalue())
        for file in _random_model(path.parent / "random-model", tokens, seed):
            archive.write(file, f"{folder}/model/{file.name}")
    return path


def _random_model(folder: Path, tokens: list[str], seed: int) -> list[Path]:
    from ctranslate2 import specs

    spec = specs.TransformerSpec.from_config(num_layers=LAYERS, num_heads=HEADS, pre_norm=True)
    spec.config.add_source_eos = True
    chance = np.random.default_rng(seed)

    def array(*shape: int) -> np.ndarray:
        return chance.normal(0.0, 0.02, shape).astype(np.float32)

    def linear(layer: Any, outputs: int, inputs: int) -> None:  # noqa: ANN401
        layer.weight, layer.bias = array(outputs, inputs), np.zeros(outputs, np.float32)

    def norm(layer: Any) -> None:  # noqa: ANN401
        layer.gamma, layer.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)

    def feed_forward(layer: Any) -> None:  # noqa: ANN401
        norm(layer.layer_norm)
        linear(layer.linear_0, INNER, WIDTH)
        linear(layer.linear_1, WIDTH, INNER)

    def attention(layer: Any, *shapes: int) -> None:  # noqa: ANN401
        norm(layer.layer_norm)
        for part, outputs in zip(layer.linear, shapes, strict=True):
            linear(part, outputs, WIDTH)

    spec.encoder.embeddings[0].weight = array(len(tokens), WIDTH)
    spec.decoder.embeddings.weight = array(len(tokens), WIDTH)
    for room in (spec.encoder, spec.decoder):
        room.position_encodings.encodings = array(_POSITIONS, WIDTH)
        norm(room.layer_norm)
        for layer in room.layer:
            attention(layer.self_attention, 3 * WIDTH, WIDTH)
            feed_forward(layer.ffn)
    for layer in spec.decoder.layer:
        attention(layer.attention, WIDTH, 2 * WIDTH, WIDTH)
    linear(spec.decoder.projection, len(tokens), WIDTH)
    spec.register_source_vocabulary(tokens)
    spec.register_target_vocabulary(tokens)
    folder.mkdir()
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))
    return sorted(folder.iterdir())
