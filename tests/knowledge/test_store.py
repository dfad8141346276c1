"""The store keeps articles, their revisions and their order, on both databases."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from dataclasses import replace

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings

from knowledge.article import Article, knowledge_digest, make_article
from knowledge.database import Database, now, open_database
from knowledge.errors import InputError, StaleError
from knowledge.page import CursorError, Page
from knowledge.store import ArticleNotFoundError, ArticleStore
from tests.knowledge.articles import PAYMENT, RETURNS, article, collections


@pytest.fixture
def store(database: Database) -> ArticleStore:
    return ArticleStore(database)


def _ids(page: Page[Article]) -> list[str]:
    return [item.id for item in page.items]


def test_stored_article_comes_back_whole(store: ArticleStore) -> None:
    before = now()
    change = store.put(RETURNS, by="anna")
    assert change.outcome == "created"
    assert change.article == replace(RETURNS, revision=1)
    found = store.get("returns")
    assert found == change.article
    assert found.updated_at is not None
    assert before <= found.updated_at <= now()
    assert found.updated_at == change.article.updated_at


def test_unchanged_content_keeps_revision_time_and_history(store: ArticleStore) -> None:
    first = store.put(RETURNS, by="anna").article
    again = store.put(RETURNS, by="boris")
    assert again.outcome == "unchanged"
    assert again.article == first
    assert again.article.updated_at == first.updated_at
    assert len(store.revisions("returns")) == 1


def test_changed_content_replaces_texts_and_tags_and_is_remembered(store: ArticleStore) -> None:
    store.put(RETURNS, by="anna")
    changed = make_article(id="returns", tags=["new"], texts={"ru": {"question": "Как вернуть?", "answer": "Так."}})
    assert store.put(changed, by="boris").outcome == "changed"
    assert store.get("returns") == replace(changed, revision=2)
    first, second = store.revisions("returns")
    assert (first.article, first.action, first.changed_by) == (replace(RETURNS, revision=1), "created", "anna")
    assert (second.article, second.action, second.changed_by) == (replace(changed, revision=2), "changed", "boris")
    assert first.changed_at <= second.changed_at


def test_missing_article_is_named(store: ArticleStore) -> None:
    with pytest.raises(ArticleNotFoundError, match="'nothing'"):
        store.get("nothing")
    with pytest.raises(ArticleNotFoundError, match="'nothing'"):
        store.revisions("nothing")
    with pytest.raises(ArticleNotFoundError, match="'nothing'"):
        store.delete("nothing", by="anna")


@pytest.mark.parametrize("id", ["", "a\x00b", "\ud800", "x" * 10_000, "' OR 1=1 --", "👩‍👩‍👧"])
def test_impossible_ids_are_simply_not_found(store: ArticleStore, id: str) -> None:
    with pytest.raises(ArticleNotFoundError) as caught:
        store.get(id)
    str(caught.value).encode()
    with pytest.raises(ArticleNotFoundError):
        store.revisions(id)
    with pytest.raises(ArticleNotFoundError):
        store.delete(id, by="anna")


def test_deleted_article_keeps_its_history_and_numbers_go_on(store: ArticleStore) -> None:
    store.put(RETURNS, by="anna")
    store.delete("returns", by="boris", expected_revision=1)
    with pytest.raises(ArticleNotFoundError):
        store.get("returns")
    assert store.count() == 0
    recreated = store.put(RETURNS, by="anna")
    assert (recreated.outcome, recreated.article.revision) == ("created", 3)
    history = store.revisions("returns")
    assert [(entry.action, entry.article.revision) for entry in history] == [
        ("created", 1),
        ("deleted", 2),
        ("created", 3),
    ]
    assert history[1].article.texts == RETURNS.texts
    assert history[1].changed_by == "boris"


def test_expected_revision_guards_every_change(store: ArticleStore) -> None:
    with pytest.raises(StaleError, match=r"does not exist.*revision 4 was expected"):
        store.put(RETURNS, by="anna", expected_revision=4)
    assert store.put(RETURNS, by="anna", expected_revision=0).article.revision == 1
    with pytest.raises(StaleError, match=r"has revision 1.*not to exist"):
        store.put(RETURNS, by="anna", expected_revision=0)
    changed = replace(RETURNS, tags=("x",))
    assert store.put(changed, by="anna", expected_revision=1).article.revision == 2
    with pytest.raises(StaleError, match="has revision 2; revision 1 was expected"):
        store.put(RETURNS, by="boris", expected_revision=1)
    with pytest.raises(StaleError):
        store.delete("returns", by="boris", expected_revision=1)
    assert store.get("returns") == replace(changed, revision=2)


def test_many_are_stored_together_or_not_at_all(store: ArticleStore) -> None:
    store.put(PAYMENT, by="anna")
    with pytest.raises(StaleError):
        store.put_many([RETURNS, PAYMENT], by="anna", expected_revisions={"returns": 0, "payment": 0})
    assert store.count() == 1
    changes = store.put_many([RETURNS, PAYMENT, article("third")], by="anna")
    assert [(change.article.id, change.outcome) for change in changes] == [
        ("returns", "created"),
        ("payment", "unchanged"),
        ("third", "created"),
    ]


def test_writers_at_once_lose_nothing(database_url: str) -> None:
    failures: list[BaseException] = []
    start = threading.Barrier(4)

    def put(number: int) -> None:
        try:
            with closing(open_database(database_url)) as database:
                start.wait()
                for round in range(5):
                    ArticleStore(database).put(article("same", f"Version {number}.{round}?"), by=f"writer {number}")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=put, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with closing(open_database(database_url)) as database:
        history = ArticleStore(database).revisions("same")
    assert [entry.article.revision for entry in history] == list(range(1, 21))
    assert len({entry.article.texts[0].question for entry in history}) == 20


def test_pages_go_through_all_articles_in_byte_order(store: ArticleStore) -> None:
    ids = ["A", "B", "a", "a-b", "a.b", "a:b", "a_b", "aa", "b", "0"]
    store.put_many([article(id) for id in ids], by="anna")
    seen: list[str] = []
    cursor = None
    while True:
        page = store.page(limit=3, cursor=cursor)
        seen += _ids(page)
        cursor = page.next_cursor
        if cursor is None:
            break
        assert len(page.items) == 3
    assert seen == sorted(ids)
    assert [item.id for item in store.all()] == sorted(ids)


def test_page_that_ends_exactly_has_no_next(store: ArticleStore) -> None:
    store.put_many([article(id) for id in "abcd"], by="anna")
    second = store.page(limit=2, cursor=store.page(limit=2).next_cursor)
    assert (_ids(second), second.next_cursor) == (["c", "d"], None)
    assert store.page(limit=4).next_cursor is None


def test_page_is_filtered_by_tag_language_and_words(store: ArticleStore) -> None:
    store.put_many([RETURNS, PAYMENT], by="anna")
    assert _ids(store.page(tag="shop")) == ["payment", "returns"]
    assert _ids(store.page(tag="delivery")) == ["returns"]
    assert _ids(store.page(tag="sho")) == []
    assert _ids(store.page(language="BE")) == ["returns"]
    assert _ids(store.page(query="ВЯРНУЦЬ ТАВАР")) == ["returns"]
    assert _ids(store.page(query="policy send")) == ["returns"]
    assert _ids(store.page(query="policy вярнуць")) == []
    assert _ids(store.page(query="Payment")) == ["payment"]
    assert _ids(store.page(query="100%")) == ["payment"]
    assert _ids(store.page(query="1_0%")) == []
    assert _ids(store.page(query="  ", tag="shop", language="en", limit=1)) == ["payment"]


@pytest.mark.parametrize("query", ["a\x00b", "\ud800", "x" * 2_000])
def test_impossible_words_are_refused(store: ArticleStore, query: str) -> None:
    with pytest.raises(InputError, match="query"):
        store.page(query=query)
    with pytest.raises(InputError, match="tag"):
        store.page(tag=query)
    with pytest.raises(InputError, match="language"):
        store.page(language=query)


@pytest.mark.parametrize("limit", [0, -1, 501, 10**20])
def test_impossible_page_size_is_refused(store: ArticleStore, limit: int) -> None:
    with pytest.raises(InputError, match=f"limit is {limit}; expected 1 to 500"):
        store.page(limit=limit)


def test_digest_follows_content_and_nothing_else(store: ArticleStore) -> None:
    empty = store.digest()
    store.put(RETURNS, by="anna")
    one = store.digest()
    store.put(PAYMENT, by="anna")
    both = store.digest()
    assert len({empty, one, both}) == 3
    assert both == knowledge_digest((item.id, item.digest()) for item in store.all())
    store.put(replace(RETURNS, tags=()), by="anna")
    assert store.digest() != both
    store.put(RETURNS, by="boris")
    assert store.digest() == both
    store.delete("payment", by="anna")
    assert store.digest() == one


def test_reading_all_sees_one_moment(store: ArticleStore) -> None:
    store.put_many([article(f"a{number}") for number in range(5)], by="anna")
    reading = store.all()
    first = next(reading)
    store.delete("a4", by="anna")
    store.put(article("a9"), by="anna")
    assert [first.id, *(item.id for item in reading)] == ["a0", "a1", "a2", "a3", "a4"]
    assert [item.id for item in store.all()] == ["a0", "a1", "a2", "a3", "a9"]


def test_reading_all_takes_three_queries_and_little_time(sqlite_database: Database) -> None:
    store = ArticleStore(sqlite_database)
    texts = {
        language: {"question": f"Question in {language}?", "answer": "A. " * 40, "alternate_questions": ["b", "c"]}
        for language in ("en", "be", "ru", "uk", "de", "pl")
    }
    model = make_article(id="model", texts=texts, tags=["shop"])
    store.put_many([replace(model, id=f"article-{number:05}") for number in range(2_000)], by="anna")
    statements: list[str] = []
    sa.event.listen(
        sqlite_database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]), named=False
    )
    start = time.perf_counter()
    assert sum(len(item.texts) for item in store.all()) == 12_000
    assert time.perf_counter() - start < 2.0
    assert [statement.split()[0] for statement in statements] == ["BEGIN", "SELECT", "SELECT", "SELECT"]


@given(some=collections())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
def test_any_article_survives_the_store(database: Database, some: list[Article]) -> None:
    store = ArticleStore(database)
    for item in list(store.all()):
        store.delete(item.id, by="anna")
    store.put_many(some, by="anna")
    assert [replace(item, revision=0) for item in store.all()] == some
    assert [replace(store.revisions(item.id)[-1].article, revision=0) for item in some] == some


@pytest.mark.parametrize(
    "cursor",
    ["", "?", "WzFd", "W10", "bnVsbA", "WyJhXHUwMDAwIl0", "WyJhIiwiYiJd", "x" * 5_000, "\ud800", "é", "WyJcdWQ4MDAiXQ"],
)
def test_broken_cursor_is_refused_with_the_mend(store: ArticleStore, cursor: str) -> None:
    with pytest.raises(CursorError, match="next_cursor") as caught:
        store.page(cursor=cursor)
    assert caught.value.field == "cursor"
