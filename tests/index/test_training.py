"""Making an encoder, in the small: every stage on a few hundred sentences, in one go and cut off half-way."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from index.encoder import load_encoder
from index.training import train
from index.training.__main__ import main
from index.training.data import read_corpus
from index.training.export import quantized
from index.training.heldout import HeldOut, normalised
from index.training.kinship import kin
from index.training.noise import misspelt, unmarked
from index.training.tokenizer import normalizer

_THINGS = {
    "parcel": "Paket",
    "invoice": "Rechnung",
    "refund": "Erstattung",
    "password": "Passwort",
    "order": "Auftrag",
    "shoes": "Schuhe",
    "card": "Karte",
    "address": "Adresse",
    "voucher": "Gutschein",
    "account": "Konto",
}
_FRAMES = {
    "where is my {}?": "wo ist mein {}?",
    "how do I change the {}": "wie ändere ich {}",
    "I have lost the {} again": "ich habe schon wieder {} verloren",
    "please send me another {} today": "bitte schicken Sie mir heute noch {}",
    "who can see the {} of my brother?": "wer kann {} meines Bruders sehen?",
    "the {} does not work any more": "{} geht nicht mehr",
}
_HELD_OUT = "can I still cancel the big parcel that I ordered with the red shoes on Monday morning?"


def _write(path: Path, lines: Iterable[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{line}\n" for line in lines)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write training text and evaluation sets in their formats."""
    root = tmp_path_factory.mktemp("texts")
    pairs = [
        (frame.format(thing), german.format(ding))
        for frame, german in _FRAMES.items()
        for thing, ding in _THINGS.items()
    ]
    header = "src_lang\ttgt_lang\tsrc\ttgt"
    rows = [f"en\tde\t{english}\t{german}" for english, german in pairs]
    damaged = ["en\tde\tone column too few", f"en\tde\t{_HELD_OUT}\tKann ich noch absagen?", "en\tde\tOK\tOK", rows[0]]
    _write(root / "data" / "parallel" / "shop.tsv.gz", [header, *rows, *damaged])
    words = [f"en\tde\t{thing}\t{ding}" for thing, ding in _THINGS.items()]
    _write(root / "data" / "dictionary" / "words.tsv.gz", [header, *words])
    _write(root / "data" / "english" / "sentences_shop.txt.gz", [english for english, _ in pairs])
    dev = root / "dev"
    both = [("en", 0), ("de", 1)]
    _write(
        dev / "asked_questions.tsv.gz",
        ["id\tlang\ttext", *(f"{n}\t{code}\tyes {pairs[n][side]}" for n in range(4) for code, side in both)],
    )
    for code in ("en", "de"):
        _write(dev / "tor_support_faq" / f"{code}.jsonl", [json.dumps({"id": "a", "question": f"{code} bridge"})])
    intent = [f"{n}\tshop\tlost\tI lost thing number {n}\t{_HELD_OUT}" for n in range(12)]
    _write(dev / "nlu_home" / "nlu_home_11k.tsv", ["id\tscenario\tintent\ttext\tsource", *intent])
    faq = {"intent": "cost", "lang": "en", "question": "What is the price?", "answer": "Ten."}
    _write(dev / "robo_faq_en_de" / "faq.jsonl", [json.dumps(faq)])
    asked = [{"faq_id": f"robo_faq-cost:{code}", "lang": code, "query": f"{code} costs {n}"}
             for code in ("en", "de") for n in range(12)]  # fmt: skip
    _write(dev / "robo_faq_en_de" / "queries.jsonl", [json.dumps(row) for row in asked])
    return root


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_one_command_makes_an_encoder_and_goes_on_where_it_was_cut_off(
    texts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    weights = out / "model" / "0_StaticEmbedding" / "model.safetensors"
    places = ["--data", str(texts / "data"), "--dev", str(texts / "dev"), "--out", str(out)]
    arguments = [*places, "--steps", "5", "--threads", "1"]
    monkeypatch.setattr(train, "CHECKPOINT_EVERY", 2)
    assert main(arguments) == 0
    assert "| asked X→en |" in capsys.readouterr().out
    encoder = load_encoder(str(out / "model"))
    assert encoder.dimensions == 384
    asked, same, other = encoder.encode(
        ["where is my invoice?", "wo ist mein Rechnung?", "bitte schicken Sie mir heute noch Schuhe"]
    )
    assert asked @ same > asked @ other
    whole = weights.read_bytes()

    weights.unlink()
    (out / "checkpoint.pt").unlink()
    step, done = train.Trainer._step, []

    def cut_off(trainer: train.Trainer, number: int) -> dict[str, float]:
        if number == 3:
            raise KeyboardInterrupt
        return step(trainer, number)

    def counted(trainer: train.Trainer, number: int) -> dict[str, float]:
        done.append(number)
        return step(trainer, number)

    monkeypatch.setattr(train.Trainer, "_step", cut_off)
    with pytest.raises(KeyboardInterrupt):
        main(arguments)
    monkeypatch.setattr(train.Trainer, "_step", counted)
    assert main(arguments) == 0
    assert done == [2, 3, 4]
    assert weights.read_bytes() == whole


def test_evaluation_texts_and_their_near_copies_stay_out(texts: Path) -> None:
    corpus = read_corpus(texts / "data", texts / "dev")
    assert _HELD_OUT not in {corpus.texts[place] for place in (*corpus.left, *corpus.right, *corpus.english)}
    assert corpus.dropped["texts held out, copy"] == 1
    assert corpus.dropped["a side held out, empty or over-long"] == 1
    assert corpus.dropped["same on both sides"] == 1
    assert corpus.dropped["repeated"] == 1
    held_out = HeldOut.read(texts / "dev")
    near = f"Hello! {_HELD_OUT.upper()} Thank you"
    assert held_out.likeness(normalised(near)) == "near copy"
    assert held_out.likeness(normalised("I ordered red shoes on Monday")) is None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("▁возврат", "▁возвратом"),  # forms of a word
        ("▁beethoven", "▁бетховен"),  # a name in two scripts
        ("▁telefon", "▁τηλεφωνο"),
        ("国", "國"),  # read alike
    ],
)
def test_kin_tokens_share_n_grams(first: str, second: str) -> None:
    assert kin(first) & kin(second)


@pytest.mark.parametrize("piece", ["▁", "", "▁?", "1", "\x00", "▁▁▁"])
def test_pieces_without_letters_have_few_n_grams_or_none(piece: str) -> None:
    assert len(kin(piece)) <= 3


def test_misspelt_copies_stay_near_their_original() -> None:
    generator = np.random.default_rng(1)
    russian = {misspelt("Как вернуть деньги?", "ru", generator) for _ in range(60)}
    assert any(copy.isascii() for copy in russian)
    assert any(not copy.isascii() and copy != "Как вернуть деньги?" for copy in russian)
    german = {misspelt("Wie ändere ich die Größe?", "de", generator) for _ in range(60)}
    assert "Wie andere ich die Grosse?" in german
    for hostile in ("", " ", "\x00", "ab", "😀 😀 😀", "مرحبا", "x" * 5_000):
        assert isinstance(misspelt(hostile, "en", generator), str)


def test_marks_go_from_latin_letters_only() -> None:
    assert unmarked("Óbidos, đà nẵng, łódź, Straße") == "Obidos, da nang, lodz, Strasse"
    assert unmarked("йод, ключ, が") == "йод, ключ, が"


def test_normaliser_parts_the_arabic_article_from_its_noun_and_leaves_other_words_alone() -> None:
    normalise = normalizer().normalize_str
    assert normalise("الكتاب والكتاب بالكتاب للكتاب كتاب") == "كتاب كتاب كتاب كتاب كتاب"
    assert normalise("الى") == normalise("إلى")  # too short to be an article and a noun
    assert normalise("İade ÜCRETİ Ёлка") == "i̇ade ücreti̇ елка"


def test_eight_bits_keep_the_weights() -> None:
    weights = np.random.default_rng(2).standard_normal((50, 384)).astype(np.float32)
    weights[3] = 0.0
    table, factors = quantized(weights)
    back = table * factors[:, None]
    assert np.abs(back - weights).max() <= factors.max() / 2 + 1e-6
    assert not back[3].any()
    weights[4, 4] = np.nan
    with pytest.raises(ValueError, match="Expected finite weights; 1 rows are not"):
        quantized(weights)
