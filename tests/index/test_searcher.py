from __future__ import annotations

import gc
import math
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index import dense
from index import searcher as searcher_module
from index.analysis import normal_form, query_terms, terms
from index.builder import build
from index.centroids import Centroids
from index.dense import DenseIndex
from index.errors import EncoderMismatchError
from index.fusion import Fusion
from index.generations import Generations
from index.hits import Hit
from index.passages import Passage, PassageKind, passages
from index.readings import Reading
from index.searcher import Searcher
from knowledge.article import Article
from tests.index.finding import DELIVERY, PAYMENT, RETURNS, SHOP, WARRANTY, Articles, TrigramEncoder, faq
from tests.index.test_lexical import reference

Make = Callable[..., Searcher]


def ids(hits: Sequence[Hit]) -> list[str]:
    return [hit.article.id for hit in hits]


def found(searcher: Searcher, question: str, **options: object) -> list[str]:
    return ids(searcher.search(question, **options).hits)  # type: ignore[arg-type]


@pytest.fixture(autouse=True, params=["scanned", "collected"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Search as in few passages, where every one is scored, and as in very many, where the arms bring candidates."""
    if request.param == "collected":
        monkeypatch.setattr(DenseIndex, "cosines", lambda self, embedding: None)


class TestMatchedPassage:
    @pytest.fixture
    def shop(self, searcher: Make) -> Searcher:
        return searcher(*SHOP)

    @pytest.mark.parametrize(
        ("question", "language", "id", "matched"),
        [
            ("How do I return an item", "en", "returns", "How do I return an item?"),
            ("can i send it back please", "en", "returns", "Can I send it back?"),
            ("the return policy", "en", "returns", "return policy"),
            ("wie sende ich einen artikel zurück", "de", "returns", "Wie sende ich einen Artikel zurück?"),
            ("Rückgaberecht bitte", "de", "returns", "Rückgaberecht"),
            ("delivery time", "en", "delivery", "delivery time"),
            ("оплатить заказ", "ru", "payment", "Как оплатить заказ?"),
            ("гарантийный срок", "ru", "warranty", "гарантийный срок"),
            ("сломался мой чайник", "ru", "warranty", "сломался чайник"),
        ],
    )
    def test_is_the_question_or_alternate_nearest_to_what_was_asked(
        self, shop: Searcher, question: str, language: str, id: str, matched: str
    ) -> None:
        best = shop.search(question, languages=[language]).hits[0]
        assert (best.article.id, best.matched, best.matched_language) == (id, matched, language)

    def test_is_the_question_of_the_text_whose_answer_was_found_where_no_question_was(
        self, shop: Searcher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(DenseIndex, "cosines", lambda self, embedding: None)  # as for very many passages
        monkeypatch.setattr(searcher_module, "_CANDIDATES", 1)
        by_answers = Fusion(centroid=0, lexical=0, dense_answer=0, lexical_answer=1, foreign=0)
        best = (
            Searcher(shop.generation, shop.encoder, by_answers)
            .search("delivery time innerhalb von 14 tagen", languages=["de"], top_k=1)
            .hits[0]
        )
        assert (best.article.id, best.dense, best.lexical) == ("returns", 0.0, 0.0)
        assert (best.matched, best.matched_language) == ("Wie sende ich einen Artikel zurück?", "de")

    def test_is_found_by_scoring_every_passage_as_by_collecting_those_the_arms_bring(
        self, shop: Searcher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = [
            ("how do i send it back", ["en"]),
            ("Wie lange dauert die Lieferung?", ["de"]),
            ("оплатить", ["ru", "uk"]),
            ("garantie", []),
            ("zzz", ["en"]),
        ]
        scanned = [shop.search(question, languages=languages, top_k=3).hits for question, languages in asked]
        monkeypatch.setattr(DenseIndex, "cosines", lambda self, embedding: None)
        collected = [shop.search(question, languages=languages, top_k=3).hits for question, languages in asked]
        for one, other in zip(scanned, collected, strict=True):
            assert [hit.article.id for hit in one] == [hit.article.id for hit in other]
            assert [hit.score for hit in one] == pytest.approx([hit.score for hit in other], abs=1e-4)
            assert [hit.matched for hit in one] == [hit.matched for hit in other]

    def test_of_equal_ones_is_in_the_likeliest_language(self, searcher: Make) -> None:
        name = faq("paypal", be=("PayPal", "Так."), de=("PayPal", "Ja."), en=("PayPal", "Yes."), ru=("PayPal", "Да."))
        shop = searcher(name, DELIVERY)
        for languages, expected in ((["de"], "de"), (["ru", "en"], "ru"), (["en-GB", "de"], "en"), ([], "be")):
            assert shop.search("PayPal", languages=languages).hits[0].matched_language == expected


class TestFusion:
    def test_ranks_articles_not_texts(self, searcher: Make) -> None:
        shop = searcher(
            faq("both", de=("Was kostet der Versand?", "5 EUR."), en=("What does delivery cost?", "5 EUR.")),
            faq("german", de=("Was kostet der Versand ins Ausland?", "15 EUR.")),
            faq("english", en=("What does delivery abroad cost?", "15 EUR.")),
        )
        assert found(shop, "Was kostet der Versand?", languages=["de"]) == ["both", "german", "english"]
        assert found(shop, "What does delivery abroad cost?", languages=["en"])[:2] == ["english", "both"]

    def test_finds_an_article_that_exists_only_in_another_language(self, searcher: Make) -> None:
        shop = searcher(*SHOP)
        hit = shop.search("сломался чайник Bosch", languages=["en"]).hits[0]
        assert (hit.article, hit.matched_language) == (shop.generation.find("warranty"), "ru")

    def test_an_article_with_hundreds_of_passages_does_not_crowd_out_the_others(self, searcher: Make) -> None:
        crowd = faq(
            "crowd", en=("Where is my parcel?", "There.", [f"Where is my parcel number {n}?" for n in range(400)])
        )
        others = [faq(f"other{n}", en=(f"Where is my {thing}?", "Here.")) for n, thing in enumerate("abcdefghijkl")]
        hits = searcher(crowd, *others).search("Where is my parcel?", languages=["en"], top_k=10).hits
        assert hits[0].article.id == "crowd"
        assert len(set(ids(hits))) == 10
        assert all(hit.dense > 0 and hit.lexical > 0 for hit in hits)

    def test_weights_can_be_chosen(self, searcher: Make) -> None:
        shop = searcher(*SHOP)
        nothing = Fusion(centroid=0, lexical=0, dense_answer=0, lexical_answer=0, exact=2, foreign=0)
        best, *others = Searcher(shop.generation, shop.encoder, nothing).search("return POLICY!", languages=["en"]).hits
        assert (best.article.id, best.score) == ("returns", 2.0)
        assert {hit.score for hit in others} == {0.0}

    def test_articles_in_the_customers_language_do_not_hide_the_one_in_another(self, searcher: Make) -> None:
        shop = searcher(*SHOP)
        for languages, foreign in ((["en"], {"warranty"}), (["ru"], {"returns", "delivery"}), ([], set())):
            hits = shop.search("parcel чайник", languages=languages).hits
            assert {hit.article.id for hit in hits if hit.is_foreign} == foreign
        plain = Searcher(shop.generation, shop.encoder, Fusion(foreign=0))
        with_and_without = [
            {hit.article.id: hit.score for hit in one.search("parcel чайник", languages=["en"]).hits}
            for one in (shop, plain)
        ]
        gains = {id: score - with_and_without[1][id] for id, score in with_and_without[0].items()}
        assert gains.pop("warranty") == pytest.approx(Fusion().foreign)
        assert set(gains.values()) == {0.0}


words = ["parcel", "pay", "card", "return", "where", "how", "money", "посылка", "оплата", "退款", "größe", "?"]
sentences = st.lists(st.sampled_from(words), min_size=1, max_size=4).map(" ".join).filter(lambda text: text.strip("? "))
texts = st.tuples(sentences, sentences, st.lists(sentences, max_size=2, unique=True))
some_articles = st.lists(
    st.dictionaries(st.sampled_from(["en", "ru", "zh"]), texts, min_size=1, max_size=2), min_size=1, max_size=6
).map(lambda made: [faq(f"a{number}", **text) for number, text in enumerate(made)])


def plain_scores(
    articles: Sequence[Article], encoder: TrigramEncoder, question: str, languages: Sequence[str], centroids: Centroids
) -> dict[str, tuple[float, ...]]:
    """Return fused, centroid, dense, lexical, the same of answers, exact, foreign: comparing everything, plainly."""
    owned = [(article.id, passage) for article in articles for passage in passages(article)]
    asked = encoder.encode([question], kind="question")[0]
    asked_terms = query_terms(question, languages)

    def best(wanted: Callable[[Passage], bool], kind: str) -> tuple[dict[str, float], dict[str, float]]:
        chosen = [(id, passage) for id, passage in owned if wanted(passage)]
        embeddings = encoder.encode([passage.content for _, passage in chosen], kind=kind).astype(np.float16)  # type: ignore[arg-type]
        lexical = reference([terms(passage.content, passage.language) for _, passage in chosen], asked_terms)
        dense_best: dict[str, float] = {}
        lexical_best: dict[str, float] = {}
        for (id, _), cosine, score in zip(chosen, embeddings.astype(np.float32) @ asked, lexical, strict=True):
            dense_best[id] = max(dense_best.get(id, 0.0), float(cosine))
            lexical_best[id] = max(lexical_best.get(id, 0.0), score)
        return dense_best, lexical_best

    dense_, lexical = best(lambda passage: passage.kind is not PassageKind.ANSWER, "question")
    dense_answer, lexical_answer = best(lambda passage: passage.kind is PassageKind.ANSWER, "passage")
    exact = {
        id
        for id, passage in owned
        if passage.kind is not PassageKind.ANSWER and normal_form(passage.content) == normal_form(question)
    }
    centroid = dict(zip((a.id for a in articles), centroids.scores(asked).tolist(), strict=True))
    foreign = {a.id for a in articles if languages and not {text.language for text in a.texts} & set(languages)}
    weights = Fusion()
    expected = {}
    for id in dense_:
        held_back, held_back_answer = (0.25, 0.75) if id in foreign else (1.0, 1.0)
        scores = (
            centroid[id] if asked.any() else 0.0, dense_[id], lexical[id] * held_back, dense_answer[id],
            lexical_answer[id] * held_back_answer, float(id in exact), float(id in foreign),
        )  # fmt: skip
        expected[id] = (sum(float(w) * score for w, score in zip(weights.factors, scores, strict=True)), *scores)
    return expected


@given(some_articles, sentences, st.sampled_from([["en"], ["ru", "en"], ["zh"], []]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_scores_are_those_of_comparing_every_passage(
    tmp_path_factory: pytest.TempPathFactory, articles: list[Article], question: str, languages: list[str]
) -> None:
    encoder = TrigramEncoder()
    generations = Generations(tmp_path_factory.mktemp("g"))
    build(generations, Articles(*articles), encoder)
    generation = generations.load_active()
    as_it_is = Reading(text=question)
    hits = Searcher(generation, encoder).search(question, languages=languages, reading=as_it_is).hits
    expected = plain_scores(articles, encoder, question, languages, generation.parts.centroids)
    for hit in hits:
        came = (
            hit.score, hit.centroid, hit.dense, hit.lexical, hit.dense_answer, hit.lexical_answer,
            float(hit.is_exact), float(hit.is_foreign),
        )  # fmt: skip
        assert came == pytest.approx(expected[hit.article.id], abs=2e-4)
    assert {hit.article.id for hit in hits} == {id for id, scores in expected.items() if max(scores[2:7]) > 0}
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


class TestExactMatch:
    def test_is_by_normal_form_whatever_the_language_of_the_question(self, searcher: Make) -> None:
        shop = searcher(*SHOP)
        for question in ("RUCKGABERECHT", "  Rückgaberecht?!", "rückgaberecht", "Ruckgaberecht..."):
            hit = shop.search(question, languages=["en"]).hits[0]
            assert (hit.article.id, hit.is_exact, hit.matched) == ("returns", True, "Rückgaberecht")
        assert not any(hit.is_exact for hit in shop.search("Rückgaberecht in Wien", languages=["de"]).hits)

    def test_is_told_of_every_article_that_has_the_question(self, searcher: Make) -> None:
        same = [faq(f"same{n}", en=("Opening hours?", f"Answer {n}.")) for n in range(3)]
        hits = searcher(*same, *SHOP).search("opening hours", languages=["en"]).hits
        assert {(hit.article.id, hit.is_exact) for hit in hits[:3]} == {(f"same{n}", True) for n in range(3)}
        assert not any(hit.is_exact for hit in hits[3:])

    def test_of_an_answer_is_none(self, searcher: Make) -> None:
        hits = searcher(*SHOP).search("Send it back within 14 days.", languages=["en"]).hits
        assert not any(hit.is_exact for hit in hits)

    def test_is_found_even_when_the_arms_see_nothing_of_it(
        self, searcher: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(searcher_module, "_CANDIDATES", 1)
        shop = searcher(faq("twin", en=("return policy now", "Yes.")), *SHOP)
        hits = shop.search("return policy", languages=["en"], top_k=1).hits
        assert [(hit.article.id, hit.is_exact, hit.matched) for hit in hits] == [("returns", True, "return policy")]


class TestFilters:
    def test_all_tags_must_be_carried(self, searcher: Make) -> None:
        shop = searcher(*SHOP)
        question = "How do I return an item and pay for the parcel?"
        assert set(found(shop, question, tags=frozenset({"shop"}))) == {"returns", "payment"}
        assert found(shop, question, tags=frozenset({"shop", "parcels"})) == ["returns"]
        assert found(shop, question, tags=frozenset({"shop", "unknown"})) == []
        assert "delivery" not in found(shop, "When will my parcel arrive?", tags=frozenset({"shop"}))

    def test_an_exact_match_that_is_not_allowed_is_not_found(self, searcher: Make) -> None:
        assert "delivery" not in found(searcher(*SHOP), "delivery time", tags=frozenset({"shop"}), languages=["en"])

    def test_an_article_is_found_from_its_first_to_its_last_day(self, searcher: Make) -> None:
        sale = faq(
            "sale", en=("Is there a sale?", "Yes."), valid_from=date(2025, 11, 20), valid_until=date(2025, 11, 30)
        )
        late = faq("late", en=("Is there a late sale?", "Yes."), valid_from=date(2025, 12, 1))
        shop = searcher(sale, late, faq("always", en=("Is there ever a sale?", "Often.")))

        def on(day: date) -> set[str]:
            return set(found(shop, "Is there a sale?", day=day, languages=["en"]))

        assert on(date(2025, 11, 19)) == {"always"}
        assert on(date(2025, 11, 20)) == on(date(2025, 11, 30)) == {"always", "sale"}
        assert on(date(2025, 12, 1)) == {"always", "late"}

    def test_the_day_is_today_unless_told(self, searcher: Make) -> None:
        today = datetime.now(UTC).date()
        gone = faq("gone", en=("Old news?", "Old."), valid_until=today - timedelta(days=2))
        here = faq("here", en=("New news?", "New."), valid_from=today - timedelta(days=1))
        assert found(searcher(gone, here), "Old news?", languages=["en"]) == ["here"]

    def test_a_filter_reaches_articles_that_many_better_ones_stand_before(self, searcher: Make) -> None:
        crowd = [faq(f"c{n:03d}", en=(f"Where is my parcel {n}?", "There.")) for n in range(300)]
        shop = searcher(*crowd, PAYMENT)
        assert found(shop, "Where is my parcel?", tags=frozenset({"shop"}), languages=["en"]) == ["payment"]

    def test_tags_and_days_work_together(self, searcher: Make) -> None:
        shop = searcher(*SHOP, faq("old", tags=("shop",), en=("How can I pay?", "Cash."), valid_until=date(2020, 1, 1)))
        assert found(shop, "How can I pay?", tags=frozenset({"shop"}))[0] == "payment"
        assert "old" not in found(shop, "How can I pay?", tags=frozenset({"shop"}))
        assert found(shop, "How can I pay?", tags=frozenset({"shop"}), day=date(2019, 1, 1))[:2] == ["old", "payment"]


class TestHostileQuestions:
    @pytest.mark.parametrize("question", ["", "   ", "?!…", "🙂🙃", "\x00", "\ud800", "\u202e\u200d"])
    def test_a_question_without_words_finds_nothing(self, searcher: Make, question: str) -> None:
        result = searcher(*SHOP).search(question, languages=["en"])
        assert (result.hits, result.terms, result.known_share) == ((), 0, 0.0)

    @pytest.mark.parametrize(
        "question",
        [
            "pay\x00pay",
            "how can i \ud83d pay",
            "\u202eكيف أدفع؟\u202c pay",
            "👩‍👩‍👧 pay 🙂",
            "pay " * 100_000,
            "q" * 300_000,
            "%s {0} ' OR 1=1 --",
        ],
    )
    def test_any_other_has_finite_scores(self, searcher: Make, question: str) -> None:
        result = searcher(*SHOP).search(question, languages=["en", "ar"])
        for hit in result.hits:
            scores = (hit.score, hit.centroid, hit.dense, hit.lexical, hit.dense_answer, hit.lexical_answer)
            assert all(math.isfinite(score) for score in scores)
            assert 0 <= hit.lexical <= 1
            assert 0 <= hit.dense <= 1.001

    def test_a_question_the_encoder_does_not_know_is_found_by_its_words(self, searcher: Make) -> None:
        shop = searcher(*SHOP)

        class Blind(TrigramEncoder):
            def encode(self, texts: Sequence[str], *, kind: str = "passage") -> np.ndarray:  # type: ignore[override]
                return np.zeros((len(texts), self.dimensions), np.float32)

        hits = Searcher(shop.generation, Blind()).search("return policy", languages=["en"]).hits
        assert hits[0].article.id == "returns"
        assert (hits[0].dense, hits[0].lexical) == (0.0, pytest.approx(1.0, abs=0.2))


class TestResult:
    def test_tells_what_is_known_of_the_question(self, searcher: Make) -> None:
        shop = searcher(*SHOP)
        result = shop.search("return zzzz parcel qqqq", languages=["en"])
        assert (result.generation, result.encoder) == (1, "trigrams")
        assert result.terms == 4
        assert result.known_share == 0.5
        assert result.unseen_share == pytest.approx(4 / 20)
        assert list(result.seconds) == ["read", "encode", "dense", "lexical", "fuse"]
        assert all(seconds > 0 for seconds in result.seconds.values())

    def test_words_of_answers_are_known_too(self, searcher: Make) -> None:
        assert searcher(*SHOP).search("islands zzzz", languages=["en"]).known_share == 0.5

    def test_holds_as_many_hits_as_asked_for_and_there_are(self, searcher: Make) -> None:
        shop = searcher(*SHOP)
        question = "How can I return and pay, оплатить товар?"
        assert [len(shop.search(question, top_k=count).hits) for count in (1, 2, 4, 100)] == [1, 2, 4, 4]

    def test_shows_articles_as_they_were_when_the_generation_was_built(self, searcher: Make) -> None:
        hit = searcher(*SHOP).search("return policy", languages=["en"]).hits[0]
        assert hit.article.content() == RETURNS.content()
        assert hit.article.revision == 1


def test_another_encoder_is_refused_with_the_mend(searcher: Make) -> None:
    generation = searcher(*SHOP).generation
    with pytest.raises(EncoderMismatchError) as caught:
        Searcher(generation, TrigramEncoder("other", seed=7))
    message = str(caught.value)
    assert "built with the encoder 'trigrams' (32 dimensions" in message
    assert "not with 'other' (32 dimensions" in message
    assert "Run `faq build`" in message
    with pytest.raises(EncoderMismatchError, match=r"'trigrams' .* has other weights now"):
        Searcher(generation, TrigramEncoder(seed=7))
    with pytest.raises(EncoderMismatchError, match="16 dimensions"):
        Searcher(generation, TrigramEncoder(dimensions=16))


def test_the_same_weights_under_another_name_are_the_same_encoder(searcher: Make) -> None:
    shop = searcher(*SHOP)
    assert found(Searcher(shop.generation, TrigramEncoder("renamed")), "return policy")[0] == "returns"


def test_large_knowledge_is_searched_by_inverted_lists_with_the_same_best_articles(
    generations: Generations, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(3)
    words = ["".join(random.choice(list("abcdefghijklmnop"), 5)) for _ in range(200)]
    articles = [
        faq(f"a{n:04d}", tags=[f"t{n % 4}"], en=(" ".join(random.choice(words, 5)), " ".join(random.choice(words, 5))))
        for n in range(1_000)
    ]
    encoder = TrigramEncoder()
    build(generations, Articles(*articles), encoder)
    flat = Searcher(generations.load_active(), encoder)
    monkeypatch.setattr(dense, "FLAT_LIMIT", 500)
    build(generations, Articles(*articles), encoder, from_scratch=True)
    lists = Searcher(generations.load_active(), encoder)
    assert (flat.generation.parts.question_dense.is_exact, lists.generation.parts.question_dense.is_exact) == (
        True,
        False,
    )
    questions = [article.texts[0].question.rsplit(" ", 2)[0] for article in articles[::25]]
    for tags in (frozenset[str](), frozenset({"t1"})):
        same = [
            found(flat, question, languages=["en"], tags=tags, top_k=1)
            == found(lists, question, languages=["en"], tags=tags, top_k=1)
            for question in questions
        ]
        assert sum(same) >= 0.9 * len(questions)


def test_threads_find_what_one_finds(searcher: Make) -> None:
    shop = searcher(*SHOP)
    questions = [("return policy", "en"), ("delivery time", "en"), ("гарантийный срок", "ru"), ("Rückgaberecht", "de")]

    def ask(asked: tuple[str, str]) -> tuple[Hit, ...]:
        return shop.search(asked[0], languages=[asked[1]]).hits

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, questions * 25)) == [ask(asked) for asked in questions] * 25


def test_a_generation_is_gone_as_soon_as_nobody_searches_it(searcher: Make) -> None:
    shop = searcher(*SHOP)
    shop.search("return policy", tags=frozenset({"shop"}))
    generation = weakref.ref(shop.generation)
    gc.disable()
    try:
        del shop
        assert generation() is None
    finally:
        gc.enable()


def test_an_article_can_be_looked_up_by_id(searcher: Make) -> None:
    generation = searcher(*SHOP).generation
    article = generation.find("warranty")
    assert article is not None
    assert article.content() == WARRANTY.content()
    assert generation.find("nothing") is None
