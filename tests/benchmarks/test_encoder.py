"""What the encoder's benchmark stands on: draws, cut embeddings, BM25 alone, contrasts; no figure is tested."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from assistant.phrases import Phrasebook
from assistant.policy import Policy
from benchmarks.contrasts import ALIKE, Heard, Put, by_words, contrast_tables, price, price_table, read_contrasts
from benchmarks.encoders import Cached, Lexical, Shortened, auroc, encoder_name, label
from benchmarks.faq_sets import retrieval_table, sampled, scope_table, shelf
from benchmarks.pace import measure
from index.encoder import load_encoder
from index.encoding import Kind
from index.training.evaluate import ALTERNATES, Aligned, Utterances, cross_lingual, drawn, retrieval, tasks


class Counting:
    """Counts the texts it encodes; embeddings are the embedded encoder's."""

    def __init__(self) -> None:
        self._encoder = load_encoder()
        self.id, self.digest, self.dimensions = self._encoder.id, self._encoder.digest, self._encoder.dimensions
        self.folder = Path()
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str], *, kind: Kind = "passage") -> NDArray[np.float32]:
        self.encoded += texts
        return self._encoder.encode(texts, kind=kind)

    def unseen_share(self, text: str) -> float:
        return self._encoder.unseen_share(text)


SUBJECTS = (
    "parcel",
    "password",
    "invoice",
    "refund",
    "voucher",
    "newsletter",
    "guarantee",
    "courier",
    "account",
    "sizes",
)
PHRASES = (
    "what about the {}", "tell me about my {}", "I have lost the {}", "where is my {} now", "the {} please",
    "is there a {} for me", "how long does the {} take", "my {} is wrong", "can I change the {}", "show the {}",
    "a question about the {}", "who sends the {}", "when do I get the {}", "why is the {} late", "help with the {}",
)  # fmt: skip
SET = Utterances(
    name="desk",
    questions={subject: f"All about your {subject}" for subject in SUBJECTS},
    alternates={subject: [phrase.format(subject) for phrase in PHRASES] for subject in SUBJECTS},
)
ALIGNED = Aligned(
    name="mkqa",
    texts={
        "en": {"1": "How do I pay?", "2": "Where is my parcel?", "3": "How do I pay?", "4": "Open an account"},
        "de": {"1": "Wie bezahle ich?", "2": "Wo ist mein Paket?", "4": "Ein Konto eröffnen"},
    },
)


def test_every_text_is_encoded_once_and_alike() -> None:
    counting = Counting()
    cached = Cached(counting)
    first = cached.encode(["a b", "c", "a b"], kind="question")
    again = cached.encode(["c", "a b"], kind="question")
    assert counting.encoded == ["a b", "c"]
    assert np.array_equal(first[[1, 0]], again)
    assert np.array_equal(first, counting.encode(["a b", "c", "a b"]))
    assert cached.encode([]).shape == (0, counting.dimensions)


def test_cut_embeddings_are_the_first_dimensions_at_unit_length() -> None:
    encoder = load_encoder()
    whole, cut = encoder.encode(["parcel", ""]), Shortened(encoder, 64).encode(["parcel", ""])
    assert cut.shape == (2, 64)
    assert np.linalg.norm(cut[0]) == pytest.approx(1.0, abs=1e-6)
    assert float(cut[0] @ whole[0, :64]) == pytest.approx(float(np.linalg.norm(whole[0, :64])), abs=1e-6)
    assert not cut[1].any()


def test_words_alone_find_by_words_and_find_nothing_without_any() -> None:
    index = Lexical(["Where is my parcel?", "How do I reset a password?", "Refunds in Minsk"], "en")
    assert index.best("passwords, reset", "en") == 1
    assert index.best("Возврат в Minsk", "ru") == 2
    assert index.best("qwertz", "en") is None
    assert index.best("", "en") is None


def test_auroc_is_that_of_the_textbook() -> None:
    assert auroc(np.array([0.9, 0.8]), np.array([0.1, 0.2])) == 1.0
    assert auroc(np.array([0.1]), np.array([0.9, 0.8])) == 0.0
    assert auroc(np.array([0.5, 0.5]), np.array([0.5])) == 0.5
    assert auroc(np.array([0.3, 0.7]), np.array([0.5, 0.7])) == pytest.approx((0 + 1.5) / 4)


def test_more_alternates_contain_fewer_and_every_number_faces_the_same_questions() -> None:
    draws = [drawn(SET, alternates=count) for count in ALTERNATES]
    for fewer, more in pairwise(draws):
        for key in SET.questions:
            assert list(more.passages[key][: len(fewer.passages[key])]) == list(fewer.passages[key])
        assert (fewer.queries, fewer.wanted) == (more.queries, more.wanted)
    most = draws[-1]
    assert {len(texts) for texts in most.passages.values()} == {1 + max(ALTERNATES)}
    assert not set(most.queries) & {text for texts in most.passages.values() for text in texts}


def test_a_limit_draws_the_same_questions_every_time() -> None:
    [whole] = tasks(ALIGNED, towards_english=True)
    [few], [again] = (list(tasks(ALIGNED, towards_english=True, limit=2)) for _ in range(2))
    assert (list(few.queries), len(few.queries)) == (list(again.queries), 2)
    assert few.queries.items() <= whole.queries.items()
    assert few.candidates == whole.candidates == ALIGNED.texts["en"]
    assert sampled("a", 10, 4) == sampled("a", 10, 4) != sampled("b", 10, 4)
    assert sampled("a", 3, 10) == [0, 1, 2]


def test_a_candidate_of_the_same_wording_counts_as_right_and_none_as_wrong() -> None:
    [task] = tasks(ALIGNED, towards_english=True)
    assert task.accuracy([2, 1, 3]) == 1.0
    assert task.accuracy([None, 1, 0]) == pytest.approx(1 / 3)
    assert cross_lingual(load_encoder(), ALIGNED, towards_english=False)["de"] == 1.0


def test_the_shelf_answers_for_every_article_with_its_own_wording() -> None:
    encoder = Cached(load_encoder())
    asked = drawn(SET, alternates=5)
    with shelf(SET, asked, encoder, None) as shelved:
        for key, texts in asked.passages.items():
            hits = shelved.ours.search(texts[-1], languages=["en"], top_k=1).hits
            assert shelved.keys[hits[0].article.id] == key
    assert Counter(shelved.owners) == dict.fromkeys(SUBJECTS, 6)


def test_tables_of_the_faq_sets_hold_what_was_measured() -> None:
    encoder = Cached(load_encoder())
    table = retrieval_table([SET], encoder, encoder, limit=30)
    assert [(row[0], row[1], row[2]) for row in table.rows] == [("desk", count, 30) for count in ALTERNATES]
    for row, count in zip(table.rows, ALTERNATES, strict=True):
        dense, _, fused, their_dense, their_fused = row[3:8]
        assert (dense, fused) == (their_dense, their_fused)  # the same encoder on either side
        assert row[8:14] == (0.0,) * 6
        everything = retrieval(encoder, SET, alternates=count)
        assert isinstance(dense, float)
        assert dense == pytest.approx(everything, abs=0.35)
    scope = scope_table([SET], encoder, encoder, limit=20)
    assert {row[2:5] for row in scope.rows} == {(2, 20, 10)}
    assert all(isinstance(cell, float) and 0 <= cell <= 1 for row in scope.rows for cell in row[5:])


def test_contrasts_have_every_kind_in_every_language_and_say_three_things() -> None:
    rows = read_contrasts()
    kinds = ["word order", "negation", "before/after", "number", "antonym", "long"]
    counts = Counter((row.kind, row.language) for row in rows)
    assert len(rows) >= 120
    assert {row.kind for row in rows} == set(kinds)
    assert min(counts[kind, language] for kind in kinds for language in ("en", "de", "ru", "es", "fr", "zh", "ar")) >= 2
    assert {row.language for row in rows} <= set(Phrasebook().languages)
    for row in rows:
        texts = {row.question, row.same_meaning, row.other_meaning}
        assert len(texts) == 3
        assert all(text == text.strip() and 0 < len(text) < 500 for text in texts)
    assert len({row.question for row in rows}) == len(rows)


def test_the_very_words_are_what_bm25_cannot_tell_apart() -> None:
    rows = read_contrasts()
    heard = by_words(rows)
    turned = [
        place
        for place, row in enumerate(rows)
        if row.language == "en" and sorted(row.question.split()) == sorted(row.other_meaning.split())
    ]
    assert turned
    assert (heard.other[turned] >= ALIKE).all()
    assert heard.shares(np.array([], np.int64)) == (None, None)
    some = Heard(same=np.array([0.9, 0.1], np.float32), other=np.array([0.5, 0.96], np.float32))
    assert some.shares(np.array([0, 1])) == (0.5, 0.5)


def test_tables_of_contrasts_add_up() -> None:
    encoder = Cached(load_encoder())
    heard, guard = contrast_tables(encoder, encoder)
    rows = read_contrasts()
    for table in (heard, guard):
        *kinds, total = table.rows
        assert total[:2] == ("all", len(rows))
        assert sum(row[1] for row in kinds if isinstance(row[1], int)) == len(rows)
    for row in heard.rows:
        assert row[7:9] == row[9:11]  # the same encoder on either side
    for _, count, alike, caught, spoken, wrongly in guard.rows:
        assert isinstance(alike, int)
        assert isinstance(caught, int)
        assert isinstance(spoken, int)
        assert isinstance(count, int)
        assert caught <= min(alike, spoken) <= count
        assert wrongly == 0


def test_the_price_counts_answers_that_the_guard_turns() -> None:
    everything = Policy(answer_threshold=0.0, clarify_threshold=0.0)
    asked = drawn(SET, alternates=10)
    with shelf(SET, asked, load_encoder(), None) as shelved:
        ids = {key: id for id, key in shelved.keys.items()}
        own = [Put(text=texts[-1], languages=["en"], article_id=ids[key]) for key, texts in asked.passages.items()]
        turned = [replace(put, text=f"{put.text} not") for put in own]
        counts = price(shelved.ours, [*own, *turned], everything)
        strange = price(shelved.ours, [replace(put, article_id=None) for put in turned], everything)
    count = len(SUBJECTS)
    assert counts == {"questions": 2 * count, "right": 2 * count, "right, asked back": count}
    assert strange == {"questions": count, "wrong": count, "wrong, asked back": count}
    *_, total = price_table([("one", counts), ("other", strange)]).rows
    assert total[:6] == ("all", 3 * count, 2 * count, count, count, count)
    assert total[6] == pytest.approx(2 / 3)


def test_the_pace_of_the_embedded_encoder_can_be_taken() -> None:
    measured = measure("embedded", ["Where is my parcel?"] * 20)
    assert set(measured) == {"load", "single", "batched", "memory"}
    assert all(value > 0 for value in measured.values())


def test_another_encoder_is_named_by_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAQ_ENCODER", raising=False)
    assert (encoder_name(), label()) == ("embedded", "embedded")
    monkeypatch.setenv("FAQ_ENCODER", "/models/mine/")
    assert label() == "mine"
