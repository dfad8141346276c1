"""Golden questions are kept as one set, on both databases, and come back as they were."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from knowledge import golden_store
from knowledge.article import ArticleError, make_article
from knowledge.database import Database
from knowledge.errors import InputError, TooLargeError
from knowledge.golden import MAX_FILE_SIZE, GoldenQuestion, make_golden, read_golden, write_golden
from knowledge.golden_store import GoldenStore, distinct_questions
from knowledge.sample import golden_questions
from knowledge.store import ArticleStore

RETURNS = GoldenQuestion(question="Як вярнуць тавар?", article_id="returns", language="be", channel="email")
NOBODY = GoldenQuestion(question="🙂‏ مرحبا")
SPACE = GoldenQuestion(question="are you on mars", language="en")


@pytest.fixture
def store(database: Database) -> GoldenStore:
    return GoldenStore(database)


def test_a_new_database_has_none(store: GoldenStore) -> None:
    assert (store.all(), store.count()) == ((), 0)


def test_they_come_back_in_their_order(store: GoldenStore) -> None:
    assert store.replace([RETURNS, NOBODY, SPACE]) == 3
    assert store.all() == (RETURNS, NOBODY, SPACE)
    assert store.replace([SPACE, RETURNS]) == 2
    assert store.all() == (SPACE, RETURNS)
    assert store.count() == 2
    assert store.replace([]) == 0
    assert store.all() == ()


def test_the_whole_sample_is_kept(store: GoldenStore) -> None:
    assert store.replace(golden_questions()) == store.count() == len(golden_questions())
    assert store.all() == golden_questions()


def test_a_question_that_comes_twice_with_one_article_is_kept_once(store: GoldenStore) -> None:
    again = GoldenQuestion(question=RETURNS.question, article_id="returns", language="ru")
    assert store.replace([RETURNS, SPACE, again]) == 2
    assert store.all() == (RETURNS, SPACE)


def test_a_question_with_different_articles_is_refused_and_nothing_changes(store: GoldenStore) -> None:
    store.replace([SPACE])
    other = GoldenQuestion(question=RETURNS.question, article_id="refunds")
    none = GoldenQuestion(question=RETURNS.question)
    with pytest.raises(InputError, match=r"One question comes with different articles.*returns, refunds, no article"):
        store.replace([RETURNS, other, none])
    assert store.all() == (SPACE,)


def test_of_many_disputed_questions_a_few_are_named() -> None:
    both = [GoldenQuestion(question=f"q{n}", article_id=id) for n in range(9) for id in ("a", "b")]
    with pytest.raises(InputError, match=r"9 questions come with .*; and 4 more\."):
        distinct_questions(both)


def test_more_than_anybody_needs_are_refused(store: GoldenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golden_store, "MAX_QUESTIONS", 2)
    with pytest.raises(TooLargeError, match="3 golden questions; at most 2"):
        store.replace([RETURNS, NOBODY, SPACE])
    with pytest.raises(TooLargeError, match="more than 16,777,216 bytes"):
        read_golden(b"question\n" + b"x" * MAX_FILE_SIZE)


def test_a_write_that_breaks_off_leaves_the_set_as_it_was(store: GoldenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.replace([RETURNS])
    monkeypatch.setattr(golden_store, "_CHUNK", 1)
    monkeypatch.setattr(golden_store, "distinct_questions", tuple)  # so that the third row is refused by the database
    with pytest.raises(sa.exc.IntegrityError):
        store.replace([SPACE, NOBODY, SPACE])
    assert store.all() == (RETURNS,)


def test_sets_written_at_once_never_mix(store: GoldenStore) -> None:
    sets = [[GoldenQuestion(question=f"q{n}", article_id=f"{letter}{n}") for n in range(30)] for letter in "abcd"]
    problems: list[Exception] = []

    def write(questions: list[GoldenQuestion]) -> None:
        try:
            for _ in range(3):
                store.replace(questions)
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=write, args=(questions,)) for questions in sets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert list(store.all()) in sets


def test_articles_that_do_not_exist_are_allowed_and_reported(store: GoldenStore, database: Database) -> None:
    gone = GoldenQuestion(question="Gone?", article_id="zebra")
    store.replace([RETURNS, gone, NOBODY])
    assert store.unknown_articles(store.all()) == ("returns", "zebra")
    article = make_article(id="returns", texts={"en": {"question": "Return?", "answer": "Yes."}})
    ArticleStore(database).put(article, by="test")
    assert store.unknown_articles(store.all()) == ("zebra",)
    assert store.unknown_articles([]) == ()


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("",), "question"),
        (("\u00a0 \n",), "question"),
        (("a\x00b",), "question"),
        (("half \udcff",), "question"),
        (("x" * 1_001,), "question"),
        (("ok", "two words"), "article_id"),
        (("ok", "../etc"), "article_id"),
        (("ok", None, "klingon!"), "language"),
        (("ok", None, None, "c" * 61), "channel"),
        (("ok", None, None, "a\x00b"), "channel"),
    ],
)
def test_what_is_no_golden_question_is_named_by_its_field(arguments: tuple[str, ...], field: str) -> None:
    with pytest.raises(ArticleError) as caught:
        make_golden(*arguments)
    assert caught.value.field == field


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=60)


@given(
    st.lists(
        st.tuples(
            TEXTS,
            st.sampled_from([None, "a", "b-1"]),
            st.sampled_from([None, "be", "pt-BR"]),
            st.sampled_from([None, "email", "=chat", "phone, desk"]),
        ),
        min_size=1,
    )
)
def test_a_written_file_reads_back_as_it_was(cells: list[tuple[str, str | None, str | None, str | None]]) -> None:
    odd = [("=1+1", None, None, None), ('"', "a", None, None), ("a\nb;c,\td", None, "en", "a;b")]
    questions = []
    for text, article_id, language, channel in [*cells, *odd]:
        try:
            questions.append(make_golden(text, article_id, language, channel))
        except ArticleError:  # nothing but white space
            continue
    assert read_golden(write_golden(questions)) == tuple(questions)
