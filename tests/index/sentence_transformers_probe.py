"""Run in a process of its own, so that torch stays out of the other tests: prints facts as JSON.

`python -m tests.index.sentence_transformers_probe FOLDER`, where `FOLDER/texts.json` holds texts; their embeddings by
sentence-transformers come to lie in `FOLDER/theirs.npy`.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as np

from index.encoder import EMBEDDED_FOLDER, EncoderError, load_encoder


def write_transformer(folder: Path) -> None:
    """Write a BERT of one layer with nine words and random weights."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "query", "passage", ":", "reset", "password"]
    inner = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, "[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=inner, unk_token="[UNK]", pad_token="[PAD]"
    )
    fast.save_pretrained(str(folder))
    sizes = BertConfig(
        vocab_size=len(words), hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8
    )
    BertModel(sizes).save_pretrained(str(folder))


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

    texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    model = SentenceTransformer(str(EMBEDDED_FOLDER), device="cpu")
    np.save(folder / "theirs.npy", model.encode(texts, normalize_embeddings=True))

    write_transformer(folder / "plain")
    write_transformer(folder / "tiny-e5-small")
    (folder / "empty").mkdir()
    plain, prompted = load_encoder(str(folder / "plain")), load_encoder(str(folder / "tiny-e5-small"))
    few = ["reset password", "", "reset", "\ud800", "password \x00"]
    rows = plain.encode(few)
    return {
        "shape": rows.shape,
        "type": str(rows.dtype),
        "dimensions": plain.dimensions,
        "lengths": np.linalg.norm(rows, axis=1).tolist(),
        "question_like_passage": [
            bool(np.allclose(encoder.encode(few), encoder.encode(few, kind="question"), atol=1e-5))
            for encoder in (plain, prompted)
        ],
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
