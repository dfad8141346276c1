from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index import builder, dense
from index import generations as generations_module
from index.builder import Progress, build
from index.errors import BuildRunningError, NothingToBuildError
from index.generation import Generation
from index.generations import KEPT, Generations
from index.passages import passages
from index.searcher import Searcher
from knowledge.article import Article
from knowledge.database import Database
from knowledge.store import ArticleStore
from tests.index.finding import DELIVERY, PAYMENT, RETURNS, SHOP, WARRANTY, Articles, TrigramEncoder, faq

PAYMENT_EDITED = faq(
    "payment",
    tags=("shop",),
    en=("How can I pay?", "By card, on invoice or in cash."),
    ru=("Как оплатить заказ?", "Картой или по счёту.", ("способы оплаты",)),
)


def top(generations: Generations, encoder: TrigramEncoder, question: str, language: str = "en") -> str:
    return Searcher(generations.load_active(), encoder).search(question, languages=[language]).hits[0].article.id


def encoded_since(encoder: TrigramEncoder, before: Counter[Any]) -> dict[Any, int]:
    return dict(encoder.encoded - before)


class TestFirstBuild:
    def test_makes_a_generation_that_answers(self, generations: Generations, encoder: TrigramEncoder) -> None:
        result = build(generations, Articles(*SHOP), encoder)
        assert (result.manifest.number, result.is_new, result.is_active) == (1, True, True)
        assert top(generations, encoder, "how can i pay") == "payment"

    def test_encodes_questions_as_questions_and_answers_as_passages(
        self, generations: Generations, encoder: TrigramEncoder
    ) -> None:
        build(generations, Articles(RETURNS), encoder)
        assert encoder.encoded == Counter(
            {
                ("question", "Wie sende ich einen Artikel zurück?"): 1,
                ("question", "Rückgaberecht"): 1,
                ("question", "How do I return an item?"): 1,
                ("question", "Can I send it back?"): 1,
                ("question", "return policy"): 1,
                ("passage", "Innerhalb von 14 Tagen."): 1,
                ("passage", "Send it back within 14 days."): 1,
            }
        )

    def test_encodes_what_is_said_twice_once(self, generations: Generations, encoder: TrigramEncoder) -> None:
        twice = [faq(f"a{n}", en=("Is it open?", "Ask us.", ["Ask us."])) for n in range(2)]
        result = build(generations, Articles(*twice), encoder)
        expected = {("question", "Is it open?"): 1, ("question", "Ask us."): 1, ("passage", "Ask us."): 1}
        assert encoder.encoded == expected
        assert (result.manifest.passages, result.manifest.encoded) == (6, 3)
        parts = generations.load_active().parts
        np.testing.assert_array_equal(parts.embeddings[:3], parts.embeddings[3:])
        assert not np.array_equal(parts.embeddings[1], parts.embeddings[2])

    def test_holds_passages_in_the_order_of_articles(self, generations: Generations, encoder: TrigramEncoder) -> None:
        build(generations, Articles(*reversed(SHOP)), encoder)
        generation = generations.load_active()
        parts = generation.parts
        assert parts.article_ids == ("delivery", "payment", "returns", "warranty")
        owned = [passages(article) for article in SHOP]
        assert np.diff(parts.article_starts).tolist() == [len(some) for some in owned]
        flat = [passage for some in owned for passage in some]
        assert parts.kinds.tolist() == [passage.kind for passage in flat]
        assert [parts.languages[number] for number in parts.passage_languages] == [one.language for one in flat]
        assert [digest.tobytes() for digest in parts.digests] == [passage.digest() for passage in flat]
        for passage, embedding in zip(flat, parts.embeddings, strict=True):
            kind = "passage" if passage.kind == 2 else "question"
            expected = encoder.encode([passage.content], kind=kind)[0].astype(np.float16)  # type: ignore[arg-type]
            np.testing.assert_array_equal(embedding, expected)

    def test_of_no_articles_says_to_import_some(self, generations: Generations, encoder: TrigramEncoder) -> None:
        with pytest.raises(NothingToBuildError, match="faq import"):
            build(generations, Articles(), encoder)
        assert generations.pointer() is None

    def test_can_leave_the_active_generation_in_place(self, generations: Generations, encoder: TrigramEncoder) -> None:
        articles = Articles(*SHOP)
        build(generations, articles, encoder)
        articles.put(PAYMENT_EDITED)
        result = build(generations, articles, encoder, activate=False)
        assert (result.manifest.number, result.is_active) == (2, False)
        assert generations.load_active().number == 1

    def test_that_does_not_answer_keeps_no_more_generations_than_others(
        self, generations: Generations, encoder: TrigramEncoder
    ) -> None:
        articles = Articles(*SHOP)
        for number in range(KEPT + 3):
            articles.put(faq("news", en=("What is new?", f"Number {number}.")))
            build(generations, articles, encoder, activate=number == 0)
        kept = [manifest.number for manifest in generations.manifests()]
        assert kept == [*range(KEPT + 3, 3, -1), 1]
        assert generations.load_active().number == 1


class TestUnchangedKnowledge:
    def test_builds_nothing(self, generations: Generations, encoder: TrigramEncoder) -> None:
        articles = Articles(*SHOP)
        first = build(generations, articles, encoder)
        articles.fetched.clear()
        before, pointer = encoder.encoded.copy(), generations.pointer()
        again = build(generations, articles, encoder)
        assert (again.is_new, again.is_active, again.manifest) == (False, True, first.manifest)
        assert articles.fetched == []
        assert encoded_since(encoder, before) == {}
        assert generations.pointer() == pointer
        assert [manifest.number for manifest in generations.manifests()] == [1]

    def test_is_built_from_scratch_when_asked_for(self, generations: Generations, encoder: TrigramEncoder) -> None:
        articles = Articles(*SHOP)
        first = build(generations, articles, encoder)
        again = build(generations, articles, encoder, from_scratch=True)
        assert again.is_new
        assert again.manifest.encoded == first.manifest.encoded == 19
        assert again.manifest.files == first.manifest.files

    def test_that_was_built_but_did_not_answer_is_built_to_answer(
        self, generations: Generations, encoder: TrigramEncoder
    ) -> None:
        articles = Articles(*SHOP)
        build(generations, articles, encoder)
        articles.put(PAYMENT_EDITED)
        build(generations, articles, encoder, activate=False)
        assert build(generations, articles, encoder).is_active
        assert generations.load_active().find("payment") == articles.get_many(["payment"])["payment"]

    def test_is_built_again_where_the_active_generation_is_damaged(
        self, generations: Generations, encoder: TrigramEncoder
    ) -> None:
        articles = Articles(*SHOP)
        build(generations, articles, encoder)
        (generations.path(1) / "kinds.npy").write_bytes(b"")
        result = build(generations, articles, encoder)
        assert (result.manifest.number, result.manifest.encoded) == (2, 19)
        assert top(generations, encoder, "how can i pay") == "payment"


class TestChangedKnowledge:
    def test_encodes_only_what_no_passage_said_before(self, generations: Generations, encoder: TrigramEncoder) -> None:
        articles = Articles(*SHOP)
        build(generations, articles, encoder)
        before = encoder.encoded.copy()
        articles.fetched.clear()
        articles.put(PAYMENT_EDITED)
        result = build(generations, articles, encoder)
        assert encoded_since(encoder, before) == {("passage", "By card, on invoice or in cash."): 1}
        assert articles.fetched == ["payment"]
        assert (result.manifest.encoded, result.manifest.passages) == (1, 19)
        payment = generations.load_active().find("payment")
        assert payment is not None
        assert payment.revision == 2
        assert payment.texts[0].answer == "By card, on invoice or in cash."

    def test_takes_a_passage_that_moved_to_another_article_from_there(
        self, generations: Generations, encoder: TrigramEncoder
    ) -> None:
        articles = Articles(RETURNS, DELIVERY)
        build(generations, articles, encoder)
        before = encoder.encoded.copy()
        articles.put(faq("delivery", en=("When will my parcel arrive?", "Soon.", ("return policy",))))
        build(generations, articles, encoder)
        assert encoded_since(encoder, before) == {("passage", "Soon."): 1}

    def test_of_tags_alone_encodes_nothing_and_filters_anew(
        self, generations: Generations, encoder: TrigramEncoder
    ) -> None:
        articles = Articles(*SHOP)
        build(generations, articles, encoder)
        articles.put(replace(DELIVERY, tags=("new",)))
        result = build(generations, articles, encoder)
        assert (result.is_new, result.manifest.encoded) == (True, 0)
        searcher = Searcher(generations.load_active(), encoder)
        hits = searcher.search("delivery time", tags=frozenset({"new"})).hits
        assert [hit.article.id for hit in hits] == ["delivery"]

    def test_forgets_deleted_articles_with_their_words_and_languages(
        self, generations: Generations, encoder: TrigramEncoder
    ) -> None:
        articles = Articles(*SHOP)
        build(generations, articles, encoder)
        articles.delete("warranty")
        articles.delete("payment")
        manifest = build(generations, articles, encoder).manifest
        assert (manifest.articles, manifest.languages, manifest.encoded) == (2, {"de": 1, "en": 2}, 0)
        generation = generations.load_active()
        assert generation.parts.languages == ("de", "en")
        assert "артикел" not in generation.parts.vocabulary.numbers
        assert not any("а" <= letter <= "я" for term in generation.parts.vocabulary.numbers for letter in term)
        searcher = Searcher(generation, encoder)
        assert searcher.search("гарантийный срок", languages=["ru"]).known_share == 0.0

    def test_that_is_all_gone_leaves_the_active_generation(
        self, generations: Generations, encoder: TrigramEncoder
    ) -> None:
        articles = Articles(PAYMENT)
        build(generations, articles, encoder)
        articles.delete("payment")
        with pytest.raises(NothingToBuildError):
            build(generations, articles, encoder)
        assert top(generations, encoder, "how can i pay") == "payment"


class TestChangesWhileBuilding:
    def test_an_article_edited_meanwhile_is_taken_as_it_is_now(
        self, generations: Generations, encoder: TrigramEncoder
    ) -> None:
        articles = Articles(*SHOP)
        articles.on_fetch = lambda: articles.put(PAYMENT_EDITED)
        build(generations, articles, encoder)
        payment = generations.load_active().find("payment")
        assert payment is not None
        assert (payment.revision, payment.texts[0].answer) == (2, "By card, on invoice or in cash.")
        assert not build(generations, articles, encoder).is_new

    def test_an_article_deleted_meanwhile_is_left_out(self, generations: Generations, encoder: TrigramEncoder) -> None:
        articles = Articles(*SHOP)

        def vanish() -> None:
            articles.on_fetch = lambda: None
            articles.delete("payment")

        articles.on_fetch = vanish
        assert build(generations, articles, encoder).manifest.articles == 3
        assert generations.load_active().find("payment") is None
        assert not build(generations, articles, encoder).is_new

    def test_all_deleted_meanwhile_is_nothing_to_build(self, generations: Generations, encoder: TrigramEncoder) -> None:
        articles = Articles(PAYMENT)
        articles.on_fetch = lambda: articles.delete("payment")
        with pytest.raises(NothingToBuildError):
            build(generations, articles, encoder)

    def test_an_unchanged_article_edited_meanwhile_comes_with_the_next_build(
        self, generations: Generations, encoder: TrigramEncoder
    ) -> None:
        articles = Articles(*SHOP)
        build(generations, articles, encoder)
        articles.put(faq("extra", en=("Extra?", "Yes.")))
        articles.on_fetch = lambda: articles.put(PAYMENT_EDITED)
        build(generations, articles, encoder)
        old = generations.load_active().find("payment")
        assert old is not None
        assert old.revision == 1
        assert build(generations, articles, encoder).manifest.encoded == 1

    def test_a_second_build_is_refused(self, generations: Generations, encoder: TrigramEncoder) -> None:
        other = Generations(generations.folder)
        seen: list[str] = []

        def intrude(progress: Progress) -> None:
            if progress.stage == "encoding" and not seen:
                with pytest.raises(BuildRunningError):
                    build(other, Articles(*SHOP), encoder)
                seen.append(progress.stage)

        assert build(generations, Articles(*SHOP), encoder, report=intrude).is_new
        assert seen == ["encoding"]


class TestOtherEncoderOrAnalysis:
    @pytest.mark.parametrize(
        "other",
        [TrigramEncoder("other"), TrigramEncoder(seed=9), TrigramEncoder(dimensions=16)],
        ids=["name", "weights", "dimensions"],
    )
    def test_another_encoder_encodes_everything_anew(
        self, generations: Generations, encoder: TrigramEncoder, other: TrigramEncoder
    ) -> None:
        articles = Articles(*SHOP)
        build(generations, articles, encoder)
        result = build(generations, articles, other)
        assert (result.is_new, result.manifest.encoded) == (True, 19)
        assert (result.manifest.encoder, result.manifest.dimensions) == (other.id, other.dimensions)
        assert top(generations, other, "how can i pay") == "payment"

    def test_other_rules_of_analysis_give_new_terms_and_keep_the_embeddings(
        self, generations: Generations, encoder: TrigramEncoder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        articles = Articles(*SHOP)
        build(generations, articles, encoder)
        before = encoder.encoded.copy()
        monkeypatch.setattr(builder, "analysis_id", lambda: "3/other")
        monkeypatch.setattr(builder, "terms", lambda text, language: text.split())
        result = build(generations, articles, encoder)
        assert (result.is_new, result.manifest.analysis, result.manifest.encoded) == (True, "3/other", 0)
        assert encoded_since(encoder, before) == {}
        parts = generations.load_active().parts
        assert {"return", "policy", "Rückgaberecht", "back?"} < set(parts.vocabulary.numbers)
        np.testing.assert_array_equal(parts.embeddings, generations.load(1).parts.embeddings)
        assert not build(generations, articles, encoder).is_new


class TestProgress:
    def test_comes_in_order_and_never_goes_back(self, generations: Generations, encoder: TrigramEncoder) -> None:
        seen: list[Progress] = []
        build(generations, Articles(*SHOP), encoder, report=seen.append)
        stages = list(dict.fromkeys(progress.stage for progress in seen))
        assert stages == ["reading", "encoding", "indexing", "writing"]
        for before, after in pairwise(seen):
            assert stages.index(before.stage) <= stages.index(after.stage)
            assert before.stage != after.stage or before.done <= after.done
        assert all(0 <= progress.done <= progress.total for progress in seen)
        totals = {progress.stage: progress.total for progress in seen}
        assert totals == {"reading": 4, "encoding": 19, "indexing": 19, "writing": 1}

    def test_is_told_between_batches(
        self, generations: Generations, encoder: TrigramEncoder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(builder, "_ENCODE_BATCH", 5)
        monkeypatch.setattr(builder, "_FETCH_BATCH", 2)
        seen: list[Progress] = []
        build(generations, Articles(*SHOP), encoder, report=seen.append)
        assert [progress.done for progress in seen if progress.stage == "reading"] == [0, 2, 4]
        assert [progress.done for progress in seen if progress.stage == "encoding"] == [0, 5, 10, 13, 13, 18, 19]

    @pytest.mark.parametrize("stage", ["reading", "encoding", "indexing", "writing"])
    def test_that_raises_stops_the_build_and_leaves_nothing(
        self, generations: Generations, encoder: TrigramEncoder, stage: str
    ) -> None:
        def stop(progress: Progress) -> None:
            if progress.stage == stage:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            build(generations, Articles(*SHOP), encoder, report=stop)
        assert [path.name for path in generations.folder.iterdir() if not path.name.endswith(".lock")] == []
        assert not generations.is_building()

    def test_is_not_asked_any_more_once_the_generation_is_written(
        self, generations: Generations, encoder: TrigramEncoder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        written: list[int] = []
        publish = Generations.publish

        def publishing(self: Generations, *args: Any) -> Any:
            manifest = publish(self, *args)
            written.append(manifest.number)
            return manifest

        monkeypatch.setattr(Generations, "publish", publishing)
        seen_after: list[Progress] = []
        build(
            generations,
            Articles(*SHOP),
            encoder,
            report=lambda progress: seen_after.append(progress) if written else None,
        )
        assert (written, seen_after) == ([1], [])


words = ["parcel", "card", "return", "money", "посылка", "оплата", "退款", "größe"]
sentences = st.lists(st.sampled_from(words), min_size=1, max_size=4).map(" ".join)
texts = st.tuples(sentences, sentences, st.lists(sentences, max_size=2, unique=True))
contents = st.dictionaries(st.sampled_from(["en", "ru", "zh"]), texts, min_size=1, max_size=2)
tags = st.lists(st.sampled_from(["a", "b"]), max_size=2, unique=True)
names = st.sampled_from([f"id{number}" for number in range(6)])
edits = st.one_of(
    st.tuples(st.just("put"), names, contents, tags),
    st.tuples(st.just("delete"), names),
    st.tuples(st.just("tag"), names, tags),
)
histories = st.lists(st.lists(edits, min_size=1, max_size=4), min_size=1, max_size=4)


def apply(articles: Articles, edit: tuple[Any, ...]) -> None:
    action, id = edit[:2]
    existing: Article | None = articles.get_many([id]).get(id)
    if action == "put":
        articles.put(faq(id, tags=edit[3], **edit[2]))
    elif existing is not None and action == "tag":
        articles.put(replace(existing, tags=tuple(edit[2])))
    elif existing is not None and len(articles.all()) > 1:
        articles.delete(id)


@given(histories)
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_a_build_of_changes_gives_to_the_byte_what_a_build_from_scratch_gives(
    tmp_path_factory: pytest.TempPathFactory, history: list[list[tuple[Any, ...]]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generations_module, "_flush", lambda path: None)
        folder = tmp_path_factory.mktemp("history")
        changing, encoder = Generations(folder / "changing"), TrigramEncoder()
        articles = Articles(faq("first", en=("parcel card", "money return")))
        build(changing, articles, encoder)
        for edits in history:
            for edit in edits:
                apply(articles, edit)
            active = changing.load_active()
            result = build(changing, articles, encoder)
            said = {digest.tobytes() for digest in active.parts.digests}
            new = {passage.digest() for article in articles.all() for passage in passages(article)} - said
            assert (result.manifest.encoded if result.is_new else 0) == len(new)
        scratch = Generations(folder / "scratch")
        build(scratch, articles, TrigramEncoder())
        by_changes, from_scratch = changing.load_active(), scratch.load_active()
        # An article changed and changed back keeps the revision it was built with.
        if by_changes.parts.article_versions == from_scratch.parts.article_versions:
            assert by_changes.manifest.files == from_scratch.manifest.files
        for question in ("parcel card", "посылка", "退款 money", "größe return"):
            found = [
                [(hit.article.content(), hit.score, hit.matched) for hit in search(generation, question)]
                for generation in (by_changes, from_scratch)
            ]
            assert found[0] == found[1]


def search(generation: Generation, question: str) -> Any:
    return Searcher(generation, TrigramEncoder()).search(question, languages=["en", "ru"]).hits


def test_a_build_of_changes_of_large_knowledge_searches_as_one_from_scratch(
    generations: Generations, encoder: TrigramEncoder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(dense, "FLAT_LIMIT", 200)
    random = np.random.default_rng(1)
    syllables = ["".join(random.choice(list("abcdefgh"), 4)) for _ in range(80)]

    def sentence() -> str:
        return " ".join(random.choice(syllables, 5))

    articles = Articles(*(faq(f"a{n:03d}", en=(sentence(), sentence())) for n in range(500)))
    build(generations, articles, encoder)
    extended: list[bool] = []
    extend = dense.DenseIndex.extended

    def spying(self: dense.DenseIndex, *args: Any) -> dense.DenseIndex | None:
        made = extend(self, *args)
        extended.append(made is not None)
        return made

    monkeypatch.setattr(dense.DenseIndex, "extended", spying)
    for number in (3, 250, 499):
        articles.put(faq(f"a{number:03d}", en=(sentence(), sentence())))
    articles.delete("a100")
    build(generations, articles, encoder)
    assert extended == [True, True]
    scratch = Generations(tmp_path / "scratch")
    build(scratch, articles, encoder)
    for article in articles.all()[::20]:
        question = article.texts[0].question
        one, other = search(generations.load_active(), question)[0], search(scratch.load_active(), question)[0]
        assert (one.article.id, one.matched) == (other.article.id, other.matched) == (article.id, question)
        assert (one.dense, one.lexical) == pytest.approx((other.dense, other.lexical), abs=1e-6)
        assert one.score == pytest.approx(other.score, abs=1e-3)  # answers are compared by 8 bits a number


@pytest.fixture
def shop_store(database: Database) -> ArticleStore:
    store = ArticleStore(database)
    store.put_many(SHOP, by="tests")
    return store


class TestFromTheStore:
    def test_changes_are_built_as_they_are_stored(
        self, shop_store: ArticleStore, generations: Generations, encoder: TrigramEncoder
    ) -> None:
        first = build(generations, shop_store, encoder).manifest
        assert (first.articles, first.encoded, first.knowledge_digest) == (4, 19, shop_store.digest())
        assert generations.load_active().find("returns") == shop_store.get("returns")
        assert not build(generations, shop_store, encoder).is_new
        shop_store.put(PAYMENT_EDITED, by="tests")
        shop_store.delete("warranty", by="tests")
        second = build(generations, shop_store, encoder).manifest
        assert (second.articles, second.encoded, second.knowledge_digest) == (3, 1, shop_store.digest())
        assert generations.load_active().find("payment") == shop_store.get("payment")

    def test_an_article_deleted_and_stored_again_is_no_change(
        self, shop_store: ArticleStore, generations: Generations, encoder: TrigramEncoder
    ) -> None:
        build(generations, shop_store, encoder)
        shop_store.delete("payment", by="tests")
        shop_store.put(PAYMENT, by="tests")
        assert not build(generations, shop_store, encoder).is_new


def test_the_same_knowledge_has_the_same_digest_wherever_it_is_built(
    tmp_path: Path, encoder: TrigramEncoder, searcher: Callable[..., Searcher]
) -> None:
    elsewhere = Generations(tmp_path / "elsewhere")
    build(elsewhere, Articles(*reversed(SHOP)), encoder)
    here = searcher(*SHOP).generation.manifest
    assert elsewhere.load_active().manifest.knowledge_digest == here.knowledge_digest
    assert elsewhere.load_active().manifest.files == here.files
    assert searcher(*SHOP, faq("more", en=("More?", "Yes."))).generation.manifest.knowledge_digest != (
        here.knowledge_digest
    )


def test_validity_days_and_addresses_survive(generations: Generations, encoder: TrigramEncoder) -> None:
    article = replace(
        WARRANTY,
        url="https://example.org/гарантия",
        valid_from=date(2025, 1, 1),
        valid_until=date(2026, 1, 1),
        review_by=date(2025, 6, 1),
    )
    build(generations, Articles(article), encoder)
    assert generations.load_active().find("warranty") == replace(article, revision=1)
