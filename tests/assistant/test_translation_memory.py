"""The memory of translations on each kind of database: what it gives back, and what an edit does to it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from assistant.translation import Remembered, TranslationKey, TranslationMemory
from assistant.translation.memory import KEPT_STALE, approve, approved_id
from knowledge import migrations
from knowledge.article import Article, Text
from knowledge.database import Database, now, open_database
from knowledge.store import ArticleStore
from knowledge.translations import source_digest, translations

ENGLISH = Text(language="en", question="How to return?", answer="Send it back.")
GERMAN = Text(language="de", question="Wie zurückgeben?", answer="Zurückschicken.")
ARTICLE = Article(id="returns", texts=(GERMAN, ENGLISH))


def key(**changes: object) -> TranslationKey:
    values: dict[str, object] = {
        "article_id": "returns", "article_revision": 1, "field": "answer", "source_language": "en",
        "target_language": "nl", "engine": "fake", "engine_version": "1/a",
        "source_digest": source_digest(ENGLISH.answer),
    }  # fmt: skip
    return TranslationKey(**{**values, **changes})  # type: ignore[arg-type]


def texts(memory: TranslationMemory, article_id: str = "returns", languages: Sequence[str] = ("nl",)) -> list[str]:
    return sorted(row.text for row in memory.load(article_id, languages))


def is_stale(database: Database, one: TranslationKey | None = None) -> bool:
    found = TranslationMemory(database).find(one or key())
    assert found is not None
    return found.stale_at is not None


@pytest.fixture
def memory(database: Database) -> TranslationMemory:
    made = TranslationMemory(database, capacity=3)
    made.look()
    return made


@pytest.fixture
def store(database: Database) -> ArticleStore:
    store = ArticleStore(database)
    store.put(ARTICLE, by="tests")
    return store


def test_what_was_put_is_given_back_by_every_process(memory: TranslationMemory, database: Database) -> None:
    memory.put(key(), "текст 👍")
    fresh = TranslationMemory(database)
    assert fresh.peek("returns", ["nl"]) is None
    assert [row.text for row in fresh.load("returns", ["nl"])] == ["текст 👍"]
    assert fresh.peek("returns", ["nl"]) == memory.load("returns", ["nl"])


def test_that_nothing_is_remembered_is_remembered(memory: TranslationMemory) -> None:
    assert memory.load("returns", ["nl", "be"]) == ()
    assert memory.peek("returns", ["nl", "be"]) == ()
    assert memory.peek("returns", ["nl", "uk"]) is None


def test_a_text_put_twice_is_the_newer_one(memory: TranslationMemory, database: Database) -> None:
    memory.put(key(), "one")
    memory.put(key(), "two")
    assert texts(memory) == ["two"]
    assert texts(TranslationMemory(database)) == ["two"]


def test_a_text_held_for_review_is_not_let_go_by_an_engine(memory: TranslationMemory, database: Database) -> None:
    memory.put(key(), "held", status="review")
    assert memory.put(key(), "not held").status == "review"
    assert [(row.status, row.text) for row in TranslationMemory(database).load("returns", ["nl"])] == [
        ("review", "held")
    ]


def test_a_failure_is_kept_with_its_faults_until_it_succeeds(memory: TranslationMemory, database: Database) -> None:
    memory.put(key(), "bla bla", status="failed", faults=["it repeats 'bla'"])
    found = TranslationMemory(database).find(key())
    assert found is not None
    assert (found.status, found.faults) == ("failed", ("it repeats 'bla'",))
    memory.put(key(), "good")
    found = TranslationMemory(database).find(key())
    assert found is not None
    assert (found.status, found.faults, found.text) == ("ready", (), "good")


@pytest.mark.parametrize(
    "other",
    [
        {"source_digest": source_digest("other words")},
        {"engine_version": "2/a"},
        {"engine": "other"},
        {"glossary_digest": "0123456789abcdef"},
        {"field": "question"},
        {"source_language": "de"},
    ],
)
def test_texts_of_other_words_engines_and_glossaries_are_kept_apart(
    memory: TranslationMemory, other: dict[str, str]
) -> None:
    memory.put(key(), "one")
    memory.put(key(**other), "two")
    first, second = memory.find(key()), memory.find(key(**other))
    assert first is not None
    assert second is not None
    assert (first.text, second.text) == ("one", "two")


def test_the_revision_tells_nothing_apart(memory: TranslationMemory) -> None:
    memory.put(key(), "one")
    found = memory.find(key(article_revision=7))
    assert found is not None
    assert found.key.article_revision == 1


def test_the_mirror_is_bounded_and_keeps_what_is_used(memory: TranslationMemory) -> None:
    for name in "abc":
        memory.load(name, ["nl"])
    memory.peek("a", ["nl"])
    memory.load("d", ["nl"])
    assert [memory.peek(name, ["nl"]) is not None for name in "abcd"] == [True, False, True, True]


def test_a_start_warms_the_mirror(memory: TranslationMemory, database: Database, store: ArticleStore) -> None:
    memory.put(key(), "one")
    memory.put(key(field="question", source_digest=source_digest(ENGLISH.question)), "two")
    fresh = TranslationMemory(database)
    assert fresh.warm() == 2
    assert {row.text for row in fresh.peek("returns", ["nl"]) or ()} == {"one", "two"}


def test_another_processs_changes_are_learnt_by_looking(memory: TranslationMemory, database: Database) -> None:
    other = TranslationMemory(database)
    memory.load("returns", ["nl"])
    memory.load("other", ["nl"])
    other.put(key(), "one")
    assert memory.peek("returns", ["nl"]) == ()
    version = memory.version
    assert memory.look()
    assert memory.version > version
    assert memory.peek("returns", ["nl"]) is None
    assert memory.peek("other", ["nl"]) == ()
    assert not memory.look()
    assert other.forget("returns") == 1
    assert memory.look()
    assert texts(memory) == []


def test_own_changes_need_no_looking_and_no_reading_again(memory: TranslationMemory) -> None:
    memory.load("returns", ["nl"])
    memory.put(key(), "one")
    assert [row.text for row in memory.peek("returns", ["nl"]) or ()] == ["one"]
    assert not memory.look()
    assert memory.peek("returns", ["nl"]) is not None


def test_what_was_read_before_a_change_is_not_mirrored_after_it(
    memory: TranslationMemory, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = TranslationMemory(database)

    def meanwhile(row: object) -> Remembered:
        other.put(key(engine="second"), "two")
        memory.look()
        return given(row)

    from assistant.translation import memory as module

    given = module.remembered
    memory.put(key(), "one")
    memory.drop("returns")
    monkeypatch.setattr(module, "remembered", meanwhile)
    memory.load("returns", ["nl"])
    monkeypatch.setattr(module, "remembered", given)
    assert memory.peek("returns", ["nl"]) is None
    assert texts(memory) == ["one", "two"]


def test_one_language_or_all_of_an_article_are_forgotten(memory: TranslationMemory, database: Database) -> None:
    for language in ("nl", "uk", "be"):
        memory.put(key(target_language=language), language)
    memory.put(key(article_id="other"), "other")
    assert memory.forget("returns", "nl") == 1
    assert texts(memory, languages=("nl", "uk")) == ["uk"]
    assert memory.forget("returns") == 2
    assert memory.forget("returns") == 0
    assert texts(TranslationMemory(database), "other") == ["other"]
    memory.put(key(), "anew")
    assert texts(TranslationMemory(database)) == ["anew"]


def test_replicas_that_put_the_same_at_once_agree(database: Database) -> None:
    start = threading.Barrier(4)
    failures: list[BaseException] = []

    def put() -> None:
        replica = TranslationMemory(database)
        start.wait()
        try:
            for _ in range(5):
                replica.put(key(), "same")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=put) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert texts(TranslationMemory(database)) == ["same"]
    with database.read() as connection:
        assert connection.scalar(sa.select(sa.func.max(translations.c.serial))) == 20


def test_what_was_stale_for_long_is_deleted_and_the_last_change_is_not(
    memory: TranslationMemory, database: Database, store: ArticleStore
) -> None:
    memory.put(key(), "one")
    memory.put(key(article_id="gone"), "two")
    memory.put(key(article_id="forgotten"), "three")
    memory.forget("forgotten")
    old = now() - KEPT_STALE - timedelta(days=1)
    with database.write() as connection:
        connection.execute(sa.update(translations).values(created_at=old))
        connection.execute(sa.update(translations).where(translations.c.article_id == "gone").values(stale_at=old))
        connection.execute(sa.update(translations).where(translations.c.article_id == "forgotten").values(serial=99))
    memory.put(key(field="question"), "four")  # the hundredth change
    with database.read() as connection:
        left = set(connection.scalars(sa.select(translations.c.article_id)))
    assert left == {"returns"}


def test_what_a_newer_engine_made_anew_long_ago_is_deleted_and_nothing_else(
    memory: TranslationMemory, database: Database, store: ArticleStore
) -> None:
    memory.put(key(), "of the old engine")
    memory.put(key(engine_version="1/b"), "failed since", status="failed")
    memory.put(key(source_language="de", source_digest=source_digest(GERMAN.answer)), "of other words")
    memory.put(key(target_language="be"), "into another language")
    memory.put(key(engine_version="1/c"), "held", status="review")
    long_ago = now() - KEPT_STALE - timedelta(days=2)
    with database.write() as connection:
        connection.execute(sa.update(translations).values(created_at=long_ago))
    memory.put(key(engine_version="2/a"), "of the new engine")
    memory.forget("returns", "fr")  # nothing: no change
    memory.forget("returns", "be")
    with database.write() as connection:
        connection.execute(sa.update(translations).where(translations.c.target_language == "be").values(serial=99))
    memory.put(key(field="question"), "the hundredth change")
    with database.read() as connection:
        left = set(connection.scalars(sa.select(translations.c.text)))
    assert left == {"of the new engine", "of other words", "held", "the hundredth change"}


def test_what_an_earlier_version_remembered_is_still_known(empty_database_url: str) -> None:
    with closing(open_database(empty_database_url)) as opened:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        with opened.engine.connect() as connection, connection.begin():
            config.attributes["connection"] = connection
            command.upgrade(config, "0008")
            connection.execute(
                sa.text(
                    "INSERT INTO translations VALUES ('returns', 1, 'answer', 'en', 'nl', 'fake', '1/a', :digest, "
                    "'Stuur het terug.', '2026-11-21 12:00:00')"
                ),
                {"digest": key().source_digest},
            )
        opened.migrate()
        memory = TranslationMemory(opened)
        found = memory.find(key())
        assert found is not None
        assert (found.text, found.status, found.id) == ("Stuur het terug.", "ready", key().id)
        assert memory.put(key(), "Anders.").id == found.id
        assert texts(memory) == ["Anders."]


class TestEdits:
    """What becomes of translations when their article is written; the fixture stored it."""

    @pytest.fixture(autouse=True)
    def remembered(self, memory: TranslationMemory, store: ArticleStore) -> None:
        memory.put(key(), "Stuur het terug.")

    def test_an_edit_of_the_words_makes_stale_and_the_old_words_make_fresh(
        self, store: ArticleStore, database: Database
    ) -> None:
        assert not is_stale(database)
        edited = replace(ARTICLE, texts=(GERMAN, replace(ENGLISH, answer="Keep it.")))
        store.put(edited, by="tests")
        assert is_stale(database)
        store.put(ARTICLE, by="tests")
        assert not is_stale(database)

    @pytest.mark.parametrize("edit", ["other language", "tag", "other field"])
    def test_another_edit_leaves_it_alone(self, store: ArticleStore, database: Database, edit: str) -> None:
        changed = {
            "other language": replace(ARTICLE, texts=(replace(GERMAN, answer="Behalten."), ENGLISH)),
            "tag": replace(ARTICLE, tags=("new",)),
            "other field": replace(ARTICLE, texts=(GERMAN, replace(ENGLISH, question="Returns?"))),
        }[edit]
        assert store.put(changed, by="tests").outcome == "changed"
        assert not is_stale(database)

    def test_a_source_or_an_article_that_goes_makes_stale(self, store: ArticleStore, database: Database) -> None:
        store.put(replace(ARTICLE, texts=(GERMAN,)), by="tests")
        assert is_stale(database)
        store.put(ARTICLE, by="tests")
        store.delete("returns", by="tests")
        assert is_stale(database)
        store.put(ARTICLE, by="tests")
        assert not is_stale(database)

    def test_what_is_made_of_words_that_were_edited_meanwhile_is_stale_at_once(
        self, memory: TranslationMemory, database: Database
    ) -> None:
        late = key(source_digest=source_digest("Words of the index that answers."))
        memory.put(late, "Laat")
        assert is_stale(database, late)

    def test_an_edit_is_seen_by_a_server_that_looks(
        self, store: ArticleStore, memory: TranslationMemory, database: Database
    ) -> None:
        memory.look()
        memory.load("returns", ["nl"])
        store.put(replace(ARTICLE, texts=(GERMAN, replace(ENGLISH, answer="Keep it."))), by="tests")
        assert memory.look()
        assert memory.peek("returns", ["nl"]) is None

    def test_an_edit_that_is_rolled_back_marks_nothing(self, store: ArticleStore, database: Database) -> None:
        edited = replace(ARTICLE, texts=(GERMAN, replace(ENGLISH, answer="Keep it.")))

        def write() -> None:
            with store.writing() as connection:
                store.put_many([edited], by="tests", within=connection)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            write()
        assert not is_stale(database)

    def test_an_import_of_thousands_marks_them_in_bulk(
        self, store: ArticleStore, memory: TranslationMemory, database: Database
    ) -> None:
        many = [replace(ARTICLE, id=f"a{number}") for number in range(1_200)]
        store.put_many(many, by="tests")
        for number in (0, 600, 1_199):
            memory.put(key(article_id=f"a{number}"), "Stuur het terug.")
        store.put_many([replace(article, texts=(replace(ENGLISH, answer="Keep it."),)) for article in many], by="tests")
        assert all(is_stale(database, key(article_id=f"a{number}")) for number in (0, 600, 1_199))


class TestApproved:
    """An approved text is a person's; it remembers what it was made of."""

    DUTCH = Text(language="nl", question="Hoe?", answer="Stuur het terug.")

    @pytest.fixture(autouse=True)
    def approved(self, memory: TranslationMemory, store: ArticleStore) -> None:
        made = Remembered(
            id=approved_id("returns", "answer", "nl"), key=key(), status="approved", text=self.DUTCH.answer,
            faults=(), created_at=now(), stale_at=None,
        )  # fmt: skip
        with store.writing() as connection:
            store.put_many([replace(ARTICLE, texts=(GERMAN, ENGLISH, self.DUTCH))], by="tests", within=connection)
            approve(connection, made)

    def found(self, database: Database) -> Remembered | None:
        rows = TranslationMemory(database).load("returns", ["nl"])
        return next((row for row in rows if row.status == "approved"), None)

    def test_it_is_stale_when_its_source_was_edited(self, store: ArticleStore, database: Database) -> None:
        edited = replace(ENGLISH, answer="Keep it.")
        store.put(replace(ARTICLE, texts=(GERMAN, edited, self.DUTCH)), by="tests")
        found = self.found(database)
        assert found is not None
        assert found.stale_at is not None

    def test_it_is_fresh_again_when_a_person_writes_it_anew(self, store: ArticleStore, database: Database) -> None:
        edited = replace(ENGLISH, answer="Keep it.")
        store.put(replace(ARTICLE, texts=(GERMAN, edited, self.DUTCH)), by="tests")
        store.put(replace(ARTICLE, texts=(GERMAN, edited, replace(self.DUTCH, answer="Hou het."))), by="tests")
        found = self.found(database)
        assert found is not None
        assert (found.stale_at, found.text) == (None, "Hou het.")
        assert found.key.source_digest == source_digest("Keep it.")

    def test_it_goes_with_the_text_it_became(self, store: ArticleStore, database: Database) -> None:
        store.put(ARTICLE, by="tests")
        assert self.found(database) is None

    def test_forgetting_machines_texts_leaves_it(self, memory: TranslationMemory, database: Database) -> None:
        memory.put(key(), "machine")
        assert memory.forget("returns", "nl") == 1
        assert self.found(database) is not None
