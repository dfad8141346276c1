"""Run in a process of its own, so that torch stays out of the other tests: prints facts as JSON.

`python -m tests.index.sentence_transformers_probe FOLDER`, where `FOLDER/texts.json` holds texts; their embeddings by
sentence-transformers come to lie in `FOLDER/theirs.npy`.
"""

from __future__ import annotations

import json
import shutil
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from index.encoder import EMBEDDED_FOLDER, EncoderError, load_encoder

SMALL: dict[str, Any] = {
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 8,
    "pad_token_id": 0,
    "bos_token_id": 2,
    "eos_token_id": 3,
}
DECODER: dict[str, Any] = {"num_key_value_heads": 1, "head_dim": 4, "layer_types": ["full_attention"]}

ARCHITECTURES: dict[str, tuple[dict[str, Any], str]] = {
    "bert": ({}, "mean"),  # LaBSE, all-MiniLM, multilingual-e5-small, bge-small-en
    "xlm-roberta": ({}, "cls"),  # multilingual-e5-base and -large, bge-m3, arctic-embed-l-v2.0
    "modernbert": ({"cls_token_id": 2, "sep_token_id": 3}, "cls"),  # granite-embedding r2
    "qwen3": (DECODER | {"dtype": "bfloat16"}, "lasttoken"),  # Qwen3-Embedding, harrier-oss-v1-0.6b
    "gemma3_text": (DECODER | {"dtype": "bfloat16", "use_bidirectional_attention": True}, "mean"),  # embeddinggemma
}
"""What is under the models that docs/encoders.md names: settings beside SMALL, and the pooling."""

CARRIED = {
    "named": {"web_search_query": "query : ", "sts_query": "passage : "},
    "carrying-e5-small": {"query": "password : ", "document": "password : "},
}
"""Models whose configurations carry prompts: for questions alone, and the same for both."""

OWN_CODE = """
from pathlib import Path

Path(__file__).with_name("executed").touch()
from transformers import PretrainedConfig as OwnConfig
from sentence_transformers.models import Transformer as OwnModule
"""


def write_transformer(folder: Path, kind: str = "bert", **settings: Any) -> None:
    """Write a model of one layer with nine words and random weights."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import AutoConfig, AutoModel, PreTrainedTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "query", "passage", ":", "reset", "password"]
    inner = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, "[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=inner, unk_token="[UNK]", pad_token="[PAD]"
    )
    fast.save_pretrained(str(folder))
    sizes = AutoConfig.for_model(kind, vocab_size=len(words), **SMALL, **settings)
    model = AutoModel.from_config(sizes)  # type: ignore[no-untyped-call]
    model.to(getattr(torch, settings.get("dtype", "float32"))).save_pretrained(str(folder))


def write_pooled(folder: Path, kind: str) -> None:
    """Write a small model of an architecture with its pooling, as sentence-transformers saves it."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    settings, pooling = ARCHITECTURES[kind]
    write_transformer(folder / "bare", kind, **settings)
    body = Transformer(str(folder / "bare"))
    modules = [body, Pooling(body.get_embedding_dimension(), pooling), Normalize()]
    SentenceTransformer(modules=modules, device="cpu").save(str(folder / "whole"))


def write_own_code(folder: Path, *, module: bool) -> None:
    """Write a model that brings a class of its own: a module of sentence-transformers, or one of transformers."""
    write_transformer(folder)
    (folder / "own.py").write_text(OWN_CODE, encoding="utf-8")
    if module:
        modules = [{"idx": 0, "name": "0", "path": "", "type": "own.OwnModule"}]
        (folder / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    else:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.OwnConfig", "AutoModel": "own.OwnModule"}}
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


def tell_apart(folder: Path) -> bool:
    """Whether questions and passages of a model differ."""
    encoder = load_encoder(str(folder))
    texts = ["reset password", "password"]
    return not np.allclose(encoder.encode(texts), encoder.encode(texts, kind="question"), atol=1e-5)


def keep_promises(folder: Path) -> bool:
    """Whether rows have unit length and are those of sentence-transformers in single precision, in any company."""
    import torch
    from sentence_transformers import SentenceTransformer

    encoder = load_encoder(str(folder))
    rows = encoder.encode(["reset password : query", "reset", ""])
    alone = encoder.encode(["reset"], kind="question")
    library = SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": torch.float32})
    return bool(
        rows.dtype == np.float32
        and rows.shape == (3, encoder.dimensions)
        and np.allclose(np.linalg.norm(rows, axis=1), [1, 1, 0], atol=1e-3)
        and np.allclose(rows[1], alone[0], atol=1e-5)
        and np.allclose(alone, library.encode(["reset"]), atol=1e-5)
    )


def complaint(name: str) -> str:
    """Return what the error says when a model cannot be loaded."""
    try:
        load_encoder(name)
    except EncoderError as error:
        return str(error)
    return ""


def probe(folder: Path) -> dict[str, object]:
    """Return facts about encoders that need sentence-transformers."""
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    model = SentenceTransformer(str(EMBEDDED_FOLDER), device="cpu")
    np.save(folder / "theirs.npy", model.encode(texts, normalize_embeddings=True))

    write_transformer(folder / "plain")
    write_transformer(folder / "tiny-e5-small")
    (folder / "empty").mkdir()
    shutil.copytree(folder / "plain", folder / "copy")
    shutil.copytree(folder / "plain", folder / "copy-e5")
    for kind in ARCHITECTURES:
        write_pooled(folder / kind, kind)
    for name, prompts in CARRIED.items():
        shutil.copytree(folder / "bert" / "whole", folder / name)
        (folder / name / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts}))
    write_own_code(folder / "own-module", module=True)
    write_own_code(folder / "own-config", module=False)
    plain, prompted = load_encoder(str(folder / "plain")), load_encoder(str(folder / "tiny-e5-small"))
    has_bars = transformers_logging.is_progress_bar_enabled()  # type: ignore[no-untyped-call]
    few = ["reset password", "", "reset", "\ud800", "password \x00"]
    rows = plain.encode(few)
    return {
        "has_bars": has_bars,
        "shape": rows.shape,
        "type": str(rows.dtype),
        "dimensions": plain.dimensions,
        "lengths": np.linalg.norm(rows, axis=1).tolist(),
        "question_like_passage": [
            bool(np.allclose(encoder.encode(few), encoder.encode(few, kind="question"), atol=1e-5))
            for encoder in (plain, prompted)
        ],
        "told_apart": [tell_apart(folder / name) for name in CARRIED],
        "promises": {kind: keep_promises(folder / kind / "whole") for kind in ARCHITECTURES},
        "own_code": [complaint(str(folder / name)) for name in ("own-module", "own-config")],
        "executed": [str(path) for path in folder.rglob("executed")],
        "copies_alike": plain.digest == load_encoder(str(folder / "copy")).digest,
        "prompts_count": plain.digest != load_encoder(str(folder / "copy-e5")).digest,
        "digest_lengths": [len(plain.digest), len(prompted.digest)],
        "digests_differ": plain.digest != prompted.digest,
        "unseen": [plain.unseen_share("reset zebra"), plain.unseen_share("")],
        "missing": complaint(str(folder / "none")),
        "unreachable": complaint("no-such-owner/no-such-model"),
        "empty": complaint(str(folder / "empty")),
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.stdout.write("\n" + json.dumps(probe(Path(sys.argv[1]))))
