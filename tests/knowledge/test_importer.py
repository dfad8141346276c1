"""Imports are previewed row by row and applied whole, once, whatever else happens."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings

import knowledge.importer
from knowledge.article import Article, make_article
from knowledge.database import Database, DatabaseError, now, open_database
from knowledge.errors import ConflictError, InputError, StaleError, TooLargeError
from knowledge.formats import export_articles
from knowledge.import_report import ImportReport, RowReport
from knowledge.importer import Importer, ImportNotFoundError
from knowledge.store import ArticleStore
from knowledge.tables import imports
from tests.knowledge.articles import PAYMENT, RETURNS, article, collections


@pytest.fixture
def store(database: Database) -> ArticleStore:
    return ArticleStore(database)


@pytest.fixture
def importer(database: Database, store: ArticleStore) -> Importer:
    return Importer(database, store)


def outcomes(report: ImportReport) -> list[tuple[int, str, str | None, str | None]]:
    return [(row.line, row.outcome, row.article_id, row.language) for row in report.rows]


def reasons(report: ImportReport) -> dict[int, str]:
    return {row.line: row.reason for row in report.rows if row.reason}


def run(importer: Importer, text: str, **options: str) -> ImportReport:
    return importer.run(text.encode(), by="anna", **options)


def jsonl(*some: Article) -> bytes:
    return b"".join(export_articles(some, "jsonl"))


def test_preview_reports_every_row_and_changes_nothing(importer: Importer, store: ArticleStore) -> None:
    store.put(article("old", "Old?"), by="boris")
    text = "id,language,question,answer\nnew,en,New?,Yes\nold,en,Old?,This.\n\nold,be,Стары?,Так\nbad,en,,Yes\n"
    report = importer.preview(text.encode(), filename="faq.csv", by="anna")
    assert outcomes(report) == [
        (2, "created", "new", "en"),
        (3, "unchanged", "old", "en"),
        (5, "created", "old", "be"),
        (6, "rejected", "bad", "en"),
    ]
    assert reasons(report) == {6: "question is required; nothing came: write at least one word."}
    assert (report.created, report.changed, report.unchanged, report.rejected) == (2, 0, 1, 1)
    assert (report.state, report.filename, report.format, report.encoding) == ("previewed", "faq.csv", "csv", "utf-8")
    assert store.count() == 1
    assert importer.report(report.id) == report


def test_apply_stores_what_was_previewed_and_is_told_apart_in_history(importer: Importer, store: ArticleStore) -> None:
    preview = importer.preview(jsonl(RETURNS, PAYMENT), by="anna")
    applied = importer.apply(preview.id, by="boris")
    assert applied == replace(preview, state="applied")
    assert list(store.all()) == [replace(PAYMENT, revision=1), replace(RETURNS, revision=1)]
    assert [entry.changed_by for entry in store.revisions("returns")] == ["boris"]
    assert importer.report(preview.id) == applied


def test_second_apply_returns_the_same_and_changes_nothing(importer: Importer, store: ArticleStore) -> None:
    preview = importer.preview(jsonl(RETURNS), by="anna")
    first = importer.apply(preview.id, by="anna")
    store.put(replace(RETURNS, tags=("later",)), by="boris")
    assert importer.apply(preview.id, by="anna") == first
    assert store.get("returns").tags == ("later",)


def test_same_file_again_is_unchanged_also_without_ids(importer: Importer, store: ArticleStore) -> None:
    text = 'question,answer\nHow?,So.\n"What, then?",This.\n'
    assert run(importer, text).created == 2
    digest = store.digest()
    again = run(importer, text)
    assert (again.unchanged, again.created, again.changed) == (2, 0, 0)
    assert store.digest() == digest
    assert all(item.revision == 1 for item in store.all())


def test_rows_of_one_article_are_merged_and_head_fields_come_from_any(importer: Importer, store: ArticleStore) -> None:
    run(
        importer,
        "id,language,question,answer,tags,url,valid_from\n"
        "a,en,Q?,A,,https://example.org,\n"
        'b,en,Other?,B,"x",,\n'
        'a,be,П?,Б,"shop, eu",,2026-01-01\n'
        'a,ru,Р?,В,"eu; shop",https://example.org,\n',
    )
    stored = store.get("a")
    assert [text.language for text in stored.texts] == ["be", "en", "ru"]
    assert stored.tags == ("shop", "eu")
    assert (stored.url, str(stored.valid_from)) == ("https://example.org", "2026-01-01")
    assert store.get("b").tags == ("x",)


def test_languages_the_file_does_not_name_are_kept(importer: Importer, store: ArticleStore) -> None:
    store.put(RETURNS, by="anna")
    report = run(importer, "id,language,question,answer\nreturns,en,How to return?,Differently.\n")
    assert outcomes(report) == [(2, "changed", "returns", "en")]
    stored = store.get("returns")
    assert stored.text("be") == RETURNS.text("be")
    english = stored.text("en")
    assert english is not None
    assert english.answer == "Differently."
    assert stored.revision == 2


def test_columns_the_file_does_not_have_are_kept_and_empty_ones_are_emptied(
    importer: Importer, store: ArticleStore
) -> None:
    store.put(RETURNS, by="anna")
    run(importer, "id,question,answer\nreturns,How to return?,Differently.\n")
    stored = store.get("returns")
    assert (stored.tags, stored.url) == (RETURNS.tags, RETURNS.url)
    assert stored.texts[1].alternate_questions == ("Can I send it back?", "return policy")
    run(importer, "id,question,answer,tags,alternate_questions\nreturns,How to return?,Differently.,,\n")
    stored = store.get("returns")
    assert (stored.tags, stored.url, stored.texts[1].alternate_questions) == ((), RETURNS.url, ())
    line = {"id": "returns", "url": None, "texts": {"en": {"question": "How to return?", "answer": "Differently."}}}
    run(importer, json.dumps(line), filename="a.jsonl")
    assert store.get("returns").url is None


def test_stored_alternate_that_became_the_question_is_not_kept_twice(importer: Importer, store: ArticleStore) -> None:
    store.put(RETURNS, by="anna")
    run(importer, "id,question,answer\nreturns,return policy,Differently.\n")
    assert store.get("returns").texts[1].alternate_questions == ("Can I send it back?",)


def test_changed_head_marks_every_row_of_the_article(importer: Importer, store: ArticleStore) -> None:
    text = "id,language,question,answer,tags\na,en,Q?,A,{0}\na,be,П?,Б,\nb,en,R?,A,\n"
    run(importer, text.format("x"))
    report = run(importer, text.format("y"))
    assert [row.outcome for row in report.rows] == ["changed", "changed", "unchanged"]
    assert (store.get("a").revision, store.get("b").revision) == (2, 1)


def test_second_row_for_a_language_is_rejected_naming_the_first(importer: Importer, store: ArticleStore) -> None:
    report = run(importer, "id,language,question,answer\na,en,Q?,First\n\na,EN,Q?,Second\na,be,П?,Б\n")
    assert [row.outcome for row in report.rows] == ["created", "rejected", "created"]
    assert reasons(report)[4].startswith("the article 'a' already has a text in 'en' in line 2")
    assert [text.answer for text in store.get("a").texts] == ["Б", "First"]


@pytest.mark.parametrize(
    ("column", "one", "other"),
    [
        ("tags", "x", "y"),
        ("url", "https://a.org", "https://b.org"),
        ("valid_from", "2026-01-01", "2026-01-02"),
        ("valid_until", "2026-01-01", "2026-01-02"),
        ("review_by", "2026-01-01", "2026-01-02"),
    ],
)
def test_contradicting_row_is_rejected_and_the_others_go_on(
    importer: Importer, store: ArticleStore, column: str, one: str, other: str
) -> None:
    report = run(
        importer,
        f"id,language,question,answer,{column}\na,en,Q?,A,{one}\na,be,П?,Б,{other}\na,ru,Р?,В,{one}\na,uk,У?,В,\n",
    )
    assert [row.outcome for row in report.rows] == ["created", "rejected", "created", "created"]
    assert reasons(report)[3].startswith(f"{column} is '{other}' here but '{one}' in line 2, for the same article 'a'")
    assert [text.language for text in store.get("a").texts] == ["en", "ru", "uk"]


def test_validity_that_contradicts_across_rows_or_with_the_store_is_rejected(
    importer: Importer, store: ArticleStore
) -> None:
    header = "id,language,question,answer,valid_from,valid_until\n"
    report = run(importer, header + "a,en,Q?,A,2026-06-01,\na,be,П?,Б,,2026-05-01\n")
    assert reasons(report) == {3: "valid_until (2026-05-01) lies before valid_from (2026-06-01)."}
    report = run(importer, "id,question,answer,valid_until\na,Q?,A,2026-05-01\n")
    assert reasons(report)[2].startswith("together with what is stored: valid_until (2026-05-01) lies before")
    assert store.get("a").valid_until is None


def test_missing_language_is_the_default_one(importer: Importer, store: ArticleStore) -> None:
    run(importer, "id,language,question,answer\na,,П?,Б\na,en,Q?,A\n", default_language="BE")
    assert [text.language for text in store.get("a").texts] == ["be", "en"]
    with pytest.raises(InputError, match="default_language is '!'"):
        run(importer, "question,answer\nQ?,A\n", default_language="!")


def test_line_with_several_languages_has_one_report(importer: Importer) -> None:
    assert outcomes(importer.run(jsonl(RETURNS), by="anna")) == [(1, "created", "returns", None)]
    changed = replace(RETURNS, url=None)
    assert importer.run(jsonl(RETURNS), by="anna").unchanged == 1
    assert importer.run(jsonl(changed), by="anna").changed == 1


@pytest.mark.parametrize("text", ["question,answer\n", "question,answer\n,\n\n"])
def test_file_without_rows_is_refused_saying_what_was_expected(importer: Importer, text: str) -> None:
    with pytest.raises(InputError, match="no rows; expected a header with at least the columns 'question'"):
        run(importer, text)
    with pytest.raises(InputError, match="no rows; expected one article per line"):
        importer.run(b"\n\n", filename="a.jsonl", by="anna")


def test_file_whose_rows_are_all_rejected_changes_nothing(importer: Importer, store: ArticleStore) -> None:
    assert run(importer, "question,answer\n?,!\n").rejected == 1
    assert store.count() == 0


def test_too_large_a_file_is_refused(importer: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TooLargeError, match="at most 67,108,864 are allowed: split it"):
        importer.preview(bytes(64 * 2**20 + 1), filename="a.csv", by="anna")
    monkeypatch.setattr(knowledge.importer, "MAX_ROWS", 3)
    run(importer, "question,answer\n" + "A?,B\n" * 3)
    with pytest.raises(TooLargeError, match="more than 3 rows"):
        run(importer, "question,answer\n" + "A?,B\n" * 4)


@pytest.mark.parametrize("by", ["", "\x00", "\ud800", "x" * 500])
def test_nobody_imports_without_a_name(importer: Importer, by: str) -> None:
    with pytest.raises(InputError, match="by"):
        importer.preview(jsonl(RETURNS), by=by)


@pytest.mark.parametrize("filename", ["a\x00.csv", "\ud800.csv", "ф" * 5_000 + ".csv"])
def test_strange_file_names_do_no_harm(importer: Importer, filename: str) -> None:
    report = importer.run(b"question,answer\nQ?,A\n", filename=filename, by="anna")
    assert report.created == 1
    assert report.filename is not None
    assert "\x00" not in report.filename
    assert len(report.filename.encode()) <= 4 * 255


def test_hostile_rows_are_reported_and_stored_safely(importer: Importer) -> None:
    data = b'{"id": "\\ud800\\u0000", "texts": {}}\n{"id": "b", "\\ud800": 1}\n'
    report = importer.run(data, filename="a.jsonl", by="anna")
    assert report.rejected == 2
    assert importer.report(report.id) == report


@pytest.mark.parametrize("id", ["imp_nothing", "", "\x00", "\ud800", "é", "x" * 10_000])
def test_unknown_import_is_named_with_the_mend(importer: Importer, id: str) -> None:
    with pytest.raises(ImportNotFoundError, match="import the file again"):
        importer.apply(id, by="anna")
    with pytest.raises(ImportNotFoundError, match="import the file again"):
        importer.report(id)


def test_preview_lives_a_day_and_is_then_removed(importer: Importer, database: Database) -> None:
    preview = importer.preview(jsonl(RETURNS), by="anna")
    with database.write() as connection:
        left = connection.scalar(sa.select(imports.c.expires_at))
        assert left is not None
        assert timedelta(hours=23) < left - now() <= timedelta(hours=24)
        connection.execute(sa.update(imports).values(expires_at=now()))
    with pytest.raises(ImportNotFoundError):
        importer.apply(preview.id, by="anna")
    importer.preview(jsonl(PAYMENT), by="anna")
    with database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(imports)) == 1


def test_applied_import_keeps_its_report_but_not_its_articles(importer: Importer, database: Database) -> None:
    importer.run(jsonl(RETURNS), by="anna")
    with database.read() as connection:
        row = connection.execute(sa.select(imports)).one()
    assert (row.payload, row.state, row.applied_by) == (None, "applied", "anna")
    assert row.expires_at - now() > timedelta(days=29)


def test_article_changed_since_the_preview_stops_the_whole_import(importer: Importer, store: ArticleStore) -> None:
    store.put(RETURNS, by="anna")
    changed = replace(RETURNS, tags=("import",))
    preview = importer.preview(jsonl(changed, PAYMENT), by="anna")
    store.put(replace(RETURNS, tags=("boris",)), by="boris")
    with pytest.raises(ConflictError, match=r"'returns' has revision 2.*Import the file again") as caught:
        importer.apply(preview.id, by="anna")
    assert not isinstance(caught.value, StaleError)
    assert store.count() == 1
    assert store.get("returns").tags == ("boris",)
    assert importer.report(preview.id).state == "previewed"


def test_article_created_or_deleted_since_the_preview_stops_the_import(importer: Importer, store: ArticleStore) -> None:
    preview = importer.preview(jsonl(PAYMENT), by="anna")
    store.put(replace(PAYMENT, tags=()), by="boris")
    with pytest.raises(ConflictError, match="expected not to exist yet"):
        importer.apply(preview.id, by="anna")
    preview = importer.preview(jsonl(PAYMENT), by="anna")
    store.delete("payment", by="boris")
    with pytest.raises(ConflictError, match="does not exist"):
        importer.apply(preview.id, by="anna")


def test_change_of_an_article_the_import_leaves_alone_does_not_stop_it(importer: Importer, store: ArticleStore) -> None:
    store.put(RETURNS, by="anna")
    preview = importer.preview(jsonl(RETURNS, PAYMENT), by="anna")
    store.put(replace(RETURNS, tags=("boris",)), by="boris")
    importer.apply(preview.id, by="anna")
    assert store.get("returns").tags == ("boris",)
    assert store.get("payment").revision == 1


@given(some=collections())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
def test_export_into_an_empty_store_exports_the_same_bytes(sqlite_database: Database, some: list[Article]) -> None:
    store = ArticleStore(sqlite_database)
    for format in ("csv", "jsonl"):
        data = b"".join(export_articles(some, format))
        for item in list(store.all()):
            store.delete(item.id, by="anna")
        if some:
            report = Importer(sqlite_database, store).run(data, filename=f"a.{format}", by="anna")
            assert {row.outcome for row in report.rows} == {"created"}
            assert Importer(sqlite_database, store).run(data, by="anna").unchanged == len(report.rows)
        assert b"".join(export_articles(store.all(), format)) == data


# --- accidents ------------------------------------------------------------------------------------

MANY = jsonl(*(article(f"a{number}", f"Question number {number}?") for number in range(1_200)))


def test_process_killed_amid_apply_leaves_nothing_half_done(database_url: str) -> None:
    database = open_database(database_url)
    store = ArticleStore(database)
    importer = Importer(database, store)
    store.put(PAYMENT, by="anna")
    preview = importer.preview(MANY, by="anna")
    program = (
        "import sys, time\n"
        "import sqlalchemy as sa\n"
        "from knowledge.database import open_database\n"
        "from knowledge.importer import Importer\n"
        "from knowledge.store import ArticleStore\n"
        "database = open_database(sys.argv[1])\n"
        "def pause(connection, cursor, statement, *rest):\n"
        "    if 'INTO article_revisions' in statement:\n"
        "        print('amid', flush=True); time.sleep(60)\n"
        "sa.event.listen(database.engine, 'after_cursor_execute', pause)\n"
        "Importer(database, ArticleStore(database)).apply(sys.argv[2], by='anna')\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, database_url, preview.id], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "amid\n"
        assert [item.id for item in store.all()] == ["payment"]
        process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=30) == -signal.SIGKILL
    assert [item.id for item in store.all()] == ["payment"]
    assert importer.report(preview.id) == preview
    assert importer.apply(preview.id, by="anna").created == 1_200
    assert store.count() == 1_201
    assert len(store.revisions("a0")) == 1
    database.close()


@pytest.fixture
def full_database(migrated_file: Path, tmp_path: Path) -> Iterator[tuple[Database, list[int]]]:
    """Yield a database and its limit in pages, to be set; None as long as the list is empty."""
    path = tmp_path / "faq.db"
    path.write_bytes(migrated_file.read_bytes())
    database = open_database(f"sqlite:///{path}")
    limit: list[int] = []

    def limit_pages(connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={limit[0] if limit else 2**30}")

    sa.event.listen(database.engine, "begin", limit_pages)
    yield database, limit
    database.close()


def test_full_disk_is_reported_with_the_mend_and_loses_nothing(full_database: tuple[Database, list[int]]) -> None:
    database, limit = full_database
    store = ArticleStore(database)
    importer = Importer(database, store)
    store.put(PAYMENT, by="anna")
    preview = importer.preview(MANY, by="anna")
    with database.read() as connection:
        limit.append((connection.exec_driver_sql("PRAGMA page_count").scalar() or 0) + 20)
    with pytest.raises(DatabaseError, match=r"full.*Free some space on the disk; nothing was half-written"):
        importer.apply(preview.id, by="anna")
    limit[0] -= 20
    with pytest.raises(DatabaseError, match="Free some space"):
        importer.preview(MANY, by="anna")
    assert [item.id for item in store.all()] == ["payment"]
    assert importer.report(preview.id) == preview
    limit.clear()
    assert importer.apply(preview.id, by="anna").created == 1_200


def test_reports_come_back_from_the_database_as_they_were(importer: Importer) -> None:
    report = run(importer, "id,question,answer,note\na,Q?,A,x\n,,,y\n")
    assert report.rows[1] == RowReport(
        line=3,
        outcome="rejected",
        language="en",
        reason="question is required; nothing came: write at least one word.",
    )
    assert report.warnings == importer.report(report.id).warnings
    assert len(report.warnings) == 1
    assert importer.report(report.id) == report


def test_articles_by_hand_and_by_file_are_the_same(importer: Importer, store: ArticleStore) -> None:
    run(importer, "id,question,answer,tags\na, How\u0301? ,So.\r\n".replace(",So.", ",So.,x"))
    assert replace(store.get("a"), revision=0) == make_article(
        id="a", texts={"en": {"question": "How\u0301?", "answer": "So."}}, tags=["x"]
    )
