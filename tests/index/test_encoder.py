"""The encoders, through `load_encoder`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers

from index.encoder import EMBEDDED_FOLDER, MAX_CHARACTERS, Encoder, EncoderError, load_encoder
from index.training.export import export
from knowledge.errors import FaqError

PROJECT = Path(__file__).parents[2]
WORDS = ["[UNK]", "▁reset", "▁password", "▁parcel", "▁late", "▁", "x", "y", "é", "密", "码"]

TEXTS = [
    "How do I reset my password?",
    "Как сбросить пароль?",
    "Як скінуць пароль?",
    "如何重置密码？",
    "パスワードをリセットするには？",
    "비밀번호를 재설정하려면?",
    "ฉันจะรีเซ็ตรหัสผ่านได้อย่างไร",
    "كَيْفَ أُعِيدُ تَعيين كلمة المرور؟",
    "איך מאפסים סיסמה?",
    "Làm thế nào để đặt lại mật khẩu?",
    "Πώς επαναφέρω τον κωδικό;",
    "मैं अपना पासवर्ड कैसे बदलूँ?",
    "როგორ აღვადგინო პაროლი?",
    "Ինչպե՞ս վերականգնել գաղտնաբառը",
    "STRASSE Straße ﬁne ½ Å Å",
    "🙂",
    "👩‍👩‍👧 🏳️‍🌈",
    "",
    " \t\n\u3000",
    "\u200f\ufeff",
    "nul\x00inside",
    "tab\tnew\nline\r\u2028separator",
    "\ufffd",
    "a",
    "?!…",
    "1234567890",
    "z" * 10_000,
    "ب" * 10_000,
    "ก" * 10_000,
    "password " * 1_100,
]


@pytest.fixture(scope="module")
def embedded() -> Encoder:
    return load_encoder("embedded")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Return the folder of a model of eleven tokens, of which `▁` and the unknown one say nothing."""
    tokenizer = Tokenizer(models.Unigram([(word, -1.0 - place) for place, word in enumerate(WORDS)], unk_id=0))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    weights = np.zeros((len(WORDS), 4), dtype=np.float32)
    weights[1:5] = np.eye(4)
    weights[6:] = 1.0
    export(weights, tmp_path / "tokenizer.json", tmp_path / "model")
    return tmp_path / "model"


def run_python(*arguments: str) -> str:
    """Run a fresh interpreter without a hub and return what it prints."""
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=PROJECT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what a process with sentence-transformers found; one for all tests, since importing it takes seconds."""
    folder = tmp_path_factory.mktemp("probe")
    texts = TEXTS + [f"{first} {second}" for first in TEXTS[:26] for second in TEXTS[:26]]
    (folder / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
    facts: dict[str, Any] = json.loads(
        run_python("-m", "tests.index.sentence_transformers_probe", str(folder)).splitlines()[-1]
    )
    return facts | {"texts": texts, "theirs": np.load(folder / "theirs.npy")}


def test_embedded_encoder_loads_and_encodes_without_torch() -> None:
    printed = run_python(
        "-c",
        "import sys\n"
        "from index.encoder import load_encoder\n"
        "load_encoder('embedded').encode(['hello'])\n"
        "print([name for name in ('torch', 'sentence_transformers', 'transformers') if name in sys.modules])",
    )
    assert printed.strip() == "[]"


def test_embedded_encoder_equals_sentence_transformers(embedded: Encoder, probed: dict[str, Any]) -> None:
    ours = embedded.encode(probed["texts"])
    assert probed["theirs"].shape == ours.shape
    np.testing.assert_allclose(ours, probed["theirs"], atol=1e-4)


def test_rows_have_unit_length_or_are_zero(embedded: Encoder) -> None:
    embeddings = embedded.encode(TEXTS)
    assert embeddings.dtype == np.float32
    assert embeddings.shape == (len(TEXTS), embedded.dimensions)
    lengths = np.linalg.norm(embeddings, axis=1)
    known = lengths > 0
    np.testing.assert_allclose(lengths[known], 1.0, atol=1e-5)
    assert known[:15].all()


def test_text_without_tokens_scores_zero_with_everything(embedded: Encoder) -> None:
    blank = embedded.encode(["", " \t\n", "\u200f"])
    assert not blank.any()
    assert not (blank @ embedded.encode(TEXTS).T).any()


def test_text_of_unknown_characters_alone_has_a_zero_row(small: Path) -> None:
    encoder = load_encoder(str(small))
    assert not encoder.encode(["ሰላም", "🙂"]).any()


def test_no_texts_give_no_rows(embedded: Encoder) -> None:
    assert embedded.encode([]).shape == (0, embedded.dimensions)


def test_same_text_gives_the_same_bits_alone_and_in_any_company(embedded: Encoder) -> None:
    together = embedded.encode(TEXTS * 40)
    alone = np.concatenate([embedded.encode([text], kind="question") for text in TEXTS])
    np.testing.assert_array_equal(together, np.tile(alone, (40, 1)))
    np.testing.assert_array_equal(load_encoder("embedded").encode(TEXTS[::-1]), alone[::-1])


def test_threads_share_a_fresh_encoder() -> None:
    encoder = load_encoder("embedded")
    expected = load_encoder("embedded").encode(TEXTS)
    same: list[bool] = []
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        same.extend(np.array_equal(encoder.encode(TEXTS), expected) for _ in range(5))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert same == [True] * 40


@pytest.mark.parametrize("hostile", ["\ud800", "before \udfff after", "\udc00\ud800" * 50, "\ud83d\ude00"])
def test_lone_surrogates_do_not_crash(embedded: Encoder, hostile: str) -> None:
    embeddings = embedded.encode([hostile, "reset password"])
    assert np.isfinite(embeddings).all()
    np.testing.assert_array_equal(embeddings[1], embedded.encode(["reset password"])[0])
    assert 0.0 <= embedded.unseen_share(hostile) <= 1.0


def test_only_the_first_characters_of_a_long_text_count(embedded: Encoder) -> None:
    long = ("password reset " * MAX_CHARACTERS)[:MAX_CHARACTERS]
    np.testing.assert_array_equal(embedded.encode([long]), embedded.encode([long + " parcel" * 100_000]))


def test_embedding_is_the_mean_of_the_known_tokens(small: Path) -> None:
    [embedding] = load_encoder(str(small)).encode(["reset parcel"])
    np.testing.assert_allclose(embedding, np.array([1, 0, 1, 0]) / np.sqrt(2), atol=1e-6)


def test_factors_and_row_map_of_a_table_are_applied(small: Path) -> None:
    weights = {
        "embeddings": np.array([[0, 0], [100, 0], [0, 100]], dtype=np.int8),
        "weights": np.array([0, 3, 4] + [1] * 8, dtype=np.float32),
        "mapping": np.array([0, 1, 2] + [0] * 8, dtype=np.int64),
    }
    save_file(weights, str(small / "0_StaticEmbedding" / "model.safetensors"))
    [embedding] = load_encoder(str(small)).encode(["reset password"])
    np.testing.assert_allclose(embedding, [0.6, 0.8], atol=1e-6)


def test_table_at_the_root_of_a_folder_is_read(small: Path) -> None:
    """As Model2Vec lays its models out."""
    before = load_encoder(str(small)).encode(["reset parcel"])
    for name in ("model.safetensors", "tokenizer.json"):
        (small / "0_StaticEmbedding" / name).rename(small / name)
    modules = json.loads((small / "modules.json").read_text(encoding="utf-8"))
    modules[0]["path"] = "."
    (small / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    np.testing.assert_array_equal(load_encoder(str(small)).encode(["reset parcel"]), before)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("reset password", 0.0),
        ("", 0.0),
        ("12 !", 0.0),
        ("ሰላም", 1.0),
        ("reset ሰላምሰ", 4 / 9),
        ("密码", 0.0),
        ("xy", 1.0),
    ],
)
def test_unseen_share_counts_letters_without_a_piece(small: Path, text: str, share: float) -> None:
    assert load_encoder(str(small)).unseen_share(text) == pytest.approx(share)


def test_everyday_questions_are_seen_and_other_scripts_are_not(embedded: Encoder) -> None:
    assert max(embedded.unseen_share(text) for text in TEXTS[:6]) < 0.2
    assert embedded.unseen_share("ᎣᏏᏲ ᏙᎯᏧ") > 0.9


def test_digest_follows_every_file_but_the_model_card(small: Path) -> None:
    digest = load_encoder(str(small)).digest
    assert len(digest) == 64
    (small / "README.md").write_text("another card", encoding="utf-8")
    assert load_encoder(str(small)).digest == digest
    path = small / "0_StaticEmbedding" / "model.safetensors"
    changed = bytearray(path.read_bytes())
    changed[-1] ^= 1
    path.write_bytes(changed)
    with_changed_weight = load_encoder(str(small)).digest
    assert with_changed_weight != digest
    tokenizer = small / "0_StaticEmbedding" / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert load_encoder(str(small)).digest not in {digest, with_changed_weight}


def test_digest_does_not_depend_on_the_place(small: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(small, moved)
    assert load_encoder(str(moved)).digest == load_encoder(str(small)).digest


def test_encoder_is_known_by_the_name_it_was_asked_by(small: Path, embedded: Encoder) -> None:
    assert embedded.id == "embedded"
    assert load_encoder(str(small)).id == str(small)


@pytest.mark.parametrize(
    ("question", "translation", "unrelated"),
    [
        ("How do I reset my password?", "Как сбросить пароль?", "Где находится ближайшая остановка автобуса?"),
        ("How do I reset my password?", "Wie setze ich mein Passwort zurück?", "Wann beginnt der Winter?"),
        ("Can I pay by credit card?", "¿Puedo pagar con tarjeta de crédito?", "¿Dónde está la biblioteca?"),
        ("Where is my order?", "Où est ma commande ?", "Comment changer la langue ?"),
        ("How do I delete my account?", "Як выдаліць уліковы запіс?", "Калі пачынаецца зіма?"),
        ("How do I change the language?", "言語を変更するにはどうすればいいですか？", "今日は雨が降っています。"),
        ("Can I cancel my subscription?", "我可以取消订阅吗？", "今天天气很好。"),
        ("How do I contact support?", "Як зв’язатися зі службою підтримки?", "Коли починається зима?"),
    ],
)
def test_translation_is_closer_than_an_unrelated_sentence(
    embedded: Encoder, question: str, translation: str, unrelated: str
) -> None:
    asked, same, other = embedded.encode([question, translation, unrelated])
    assert asked @ same > asked @ other + 0.1


def test_shipped_folder_stays_small() -> None:
    assert sum(path.stat().st_size for path in EMBEDDED_FOLDER.rglob("*") if path.is_file()) <= 64 * 10**6


def damage_modules(folder: Path) -> None:
    (folder / "modules.json").write_text("{", encoding="utf-8")


def damage_tokenizer(folder: Path) -> None:
    (folder / "0_StaticEmbedding" / "tokenizer.json").write_text("[]", encoding="utf-8")


def shorten_weights(folder: Path) -> None:
    path = folder / "0_StaticEmbedding" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-8])


def remove_weights(folder: Path) -> None:
    (folder / "0_StaticEmbedding" / "model.safetensors").unlink()


def lose_rows(folder: Path) -> None:
    save_file({"embeddings": np.ones((3, 4), np.float16)}, str(folder / "0_StaticEmbedding" / "model.safetensors"))


@pytest.mark.parametrize("harm", [damage_modules, damage_tokenizer, shorten_weights, remove_weights, lose_rows])
def test_damaged_embedded_model_says_what_to_restore(
    small: Path, monkeypatch: pytest.MonkeyPatch, harm: object
) -> None:
    assert callable(harm)
    harm(small)
    monkeypatch.setattr("index.encoder.EMBEDDED_FOLDER", small)
    with pytest.raises(EncoderError, match=r"(?s)Expected .*(Restore|Reinstall|reinstall)"):
        load_encoder("embedded")


@pytest.mark.parametrize("name", ["", "  "])
def test_empty_name_is_refused(name: str) -> None:
    with pytest.raises(EncoderError, match="Set it to 'embedded'"):
        load_encoder(name)


def test_missing_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(EncoderError, match="pip install sentence-transformers"):
        load_encoder("owner/model")
    assert issubclass(EncoderError, FaqError)


def test_model_that_cannot_be_loaded_says_the_mend(probed: dict[str, Any]) -> None:
    assert "Correct the path" in probed["missing"]
    assert "'no-such-owner/no-such-model' cannot be loaded" in probed["unreachable"]
    assert "'embedded' always works" in probed["unreachable"]
    assert "cannot be loaded" in probed["empty"]


def test_no_bars_are_drawn_where_nobody_sees_them(probed: dict[str, Any]) -> None:
    assert probed["has_bars"] is False


def test_transformer_keeps_the_same_promises(probed: dict[str, Any]) -> None:
    assert probed["shape"] == [5, 8]
    assert probed["type"] == "float32"
    assert probed["dimensions"] == 8
    assert probed["lengths"] == pytest.approx([1.0, 0.0, 1.0, 1.0, 1.0], abs=1e-3)
    assert probed["digest_lengths"] == [64, 64]
    assert probed["digests_differ"]
    assert probed["unseen"] == [0.5, 0.0]


def test_questions_and_passages_get_the_prompts_an_e5_model_is_trained_with(probed: dict[str, Any]) -> None:
    assert probed["question_like_passage"] == [True, False]


def test_prompts_that_a_configuration_carries_are_used(probed: dict[str, Any]) -> None:
    assert probed["told_apart"] == [True, False]


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "modernbert", "qwen3", "gemma3_text"])
def test_architectures_of_the_recommended_models_are_taken(probed: dict[str, Any], kind: str) -> None:
    assert probed["promises"][kind]


def test_model_that_brings_code_is_refused_and_nothing_of_it_runs(probed: dict[str, Any]) -> None:
    assert probed["executed"] == []
    for refusal in probed["own_code"]:
        assert "code of its own" in refusal
        assert "docs/encoders.md" in refusal


def test_digest_follows_the_prompts(probed: dict[str, Any]) -> None:
    assert probed["copies_alike"]
    assert probed["prompts_count"]
