"""Files come in whatever people save, every row is accounted for, and what goes out comes back."""

from __future__ import annotations

import csv
import io
import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.article import Article, make_article
from knowledge.errors import InputError, TooLargeError
from knowledge.formats import Reading, Row, choose_reader, export_articles
from tests.knowledge.articles import RETURNS, articles, collections

HEADER = b"id,language,question,alternate_questions,answer,tags,url,valid_from,valid_until,review_by,origin\r\n"


def read(data: bytes | str, filename: str | None = "faq.csv", default_language: str = "en") -> Reading:
    data = data.encode() if isinstance(data, str) else data
    return choose_reader(filename, data).read(data, default_language=default_language)


def rows(data: bytes | str, filename: str | None = "faq.csv") -> list[Row]:
    return list(read(data, filename).rows)


def only(data: bytes | str, filename: str | None = "faq.csv") -> Article:
    (row,) = rows(data, filename)
    assert row.problem is None
    assert row.article is not None
    return row.article


def problem(data: bytes | str, filename: str | None = "faq.csv") -> tuple[int, str]:
    (row,) = rows(data, filename)
    assert row.article is None
    assert row.problem is not None
    return row.line, row.problem


# --- CSV ------------------------------------------------------------------------------------------


def test_every_column_of_a_row_is_read() -> None:
    row = (
        HEADER.decode()
        + 'returns,be,Як вярнуць?,"Можна вярнуць?\nХачу вярнуць, як?",Вось так.,"shop; delivery, ""a, b""",'
        + "https://example.org/r,2026-01-01,31.12.2026,2026-06-01,machine\r\n"
    )
    assert only(row) == make_article(
        id="returns",
        texts={
            "be": {
                "question": "Як вярнуць?",
                "alternate_questions": ["Можна вярнуць?", "Хачу вярнуць, як?"],
                "answer": "Вось так.",
                "origin": "machine",
            }
        },
        tags=["shop", "delivery", "a, b"],
        url="https://example.org/r",
        valid_from=date(2026, 1, 1),
        valid_until=date(2026, 12, 31),
        review_by=date(2026, 6, 1),
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiter_is_found_by_the_header(delimiter: str) -> None:
    reading = read(f"Question{delimiter} ANSWER {delimiter}Alternate Questions\nA?{delimiter}Yes, no; 1\t2"[:-2], None)
    assert reading.format == ("tsv" if delimiter == "\t" else "csv")
    quoted = f'question{delimiter}answer\n"a, b; c\td?"{delimiter}"1, 2; 3\t4"\n'
    article = only(quoted)
    assert (article.texts[0].question, article.texts[0].answer) == ("a, b; c\td?", "1, 2; 3\t4")


def test_separator_line_of_spreadsheets_is_understood() -> None:
    (row,) = rows("sep=;\r\nquestion;answer\r\nA, b?;Yes\r\n")
    assert row.article is not None
    assert (row.line, row.article.texts[0].question) == (3, "A, b?")


def test_header_names_ignore_case_spaces_and_hyphens() -> None:
    (row,) = rows("QUESTION , Answer,Alternate-Questions, Valid From\nA?,Yes,B?,2026-02-03\n")
    assert row.article is not None
    assert row.article.texts[0].alternate_questions == ("B?",)
    assert row.article.valid_from == date(2026, 2, 3)
    assert row.given == {"valid_from"}
    assert row.keeps_alternates == set()


def test_columns_that_are_not_there_are_not_given() -> None:
    (row,) = rows("question,answer\nA?,Yes\n")
    assert row.given == set()
    assert row.keeps_alternates == {"en"}


def test_unknown_columns_are_warned_about() -> None:
    reading = read("question,Author,answer,\nA?,me,Yes,x\n")
    assert len(list(reading.rows)) == 1
    assert reading.warnings[0].startswith("Column 'Author' is not known and was not read; known are 'id'")
    assert reading.warnings[1:] == ("Column 4 has no name and was not read.",)
    many = read("question,answer" + ",x" * 900 + "\n")
    assert len(many.warnings) == 21
    assert many.warnings[-1] == "880 further columns are not known either."
    with pytest.raises(InputError, match="line 1 has 5,002 columns; at most 1,000"):
        read("question,answer" + ",x" * 5_000 + "\n")


def test_missing_column_is_refused_with_what_was_found() -> None:
    with pytest.raises(InputError, match=r"column 'answer' is missing: line 1 has 'question', 'antwort'.*semicolon"):
        read("question;antwort\nA?;Yes\n")


def test_column_that_is_there_twice_is_refused() -> None:
    with pytest.raises(InputError, match="column 'answer' is there twice in line 2"):
        read("\nquestion,answer,Answer\n")


@pytest.mark.parametrize("data", [b"", b"\n\r\n \n", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_empty_csv_is_refused_saying_what_was_expected(data: bytes) -> None:
    with pytest.raises(InputError, match="empty; expected a header with the columns 'question', 'answer'"):
        read(data)


def test_lines_are_physical_whatever_the_line_ends_and_quotes() -> None:
    data = 'question,answer\r\n\r\n"A\r\nb\r\nc?",Yes\n,\n  , \nD?,"Yes\n\nno"\rE?,Yes'
    assert [(row.line, row.problem) for row in rows(data)] == [(3, None), (8, None), (11, None)]


@pytest.mark.parametrize(("cells", "found"), [("A?", 1), ("A?,Yes,", 3), ("A?,Yes, no,more", 4)])
def test_ragged_row_is_rejected_with_both_counts(cells: str, found: int) -> None:
    line, reason = problem(f"question,answer\n{cells}\n")
    assert line == 2
    assert reason.startswith(f"expected 2 cells as in the header, found {found}: put cells that hold a comma")


def test_quote_that_never_closes_costs_only_its_own_line() -> None:
    found = rows('question,answer\nA?,Yes\nB?,"Yes\nC?,Yes\nD?,Yes\n')
    assert [(row.line, row.problem is None) for row in found] == [(2, True), (3, False), (4, True), (5, True)]
    assert "never closed" in str(found[1].problem)


def test_many_quotes_that_never_close_are_reported_without_reading_for_ever() -> None:
    found = rows("question,answer\n" + 'a","b\n' * 20_000)
    assert 1 <= len(found) <= 30
    assert all(row.problem for row in found)
    assert "nothing from here to the end of the file was read" in str(found[-1].problem)


def test_quote_inside_a_quoted_cell_is_rejected_and_reading_goes_on() -> None:
    found = rows('question,answer\n"A "b"?",Yes\nC 5" disk?,Yes\nD?, "a, b"\n')
    assert [(row.line, row.problem is None) for row in found] == [(2, False), (3, True), (4, True)]
    assert "stands inside a quoted cell" in str(found[0].problem)
    assert found[2].article is not None
    assert found[2].article.texts[0].answer == "a, b"


def test_nul_is_rejected_with_its_line() -> None:
    found = rows(b"question,answer\nA?,Y\x00es\nB?,Yes\n")
    assert [(row.line, row.problem is None) for row in found] == [(2, False), (3, True)]
    assert str(found[0].problem).startswith("answer holds a NUL character")


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("a b,,Q?,Yes,,", "id is 'a b'; expected 1 to 128 letters"),
        (",klingon!,Q?,Yes,,", "language is 'klingon!'; expected a BCP 47 tag"),
        (",,,Yes,,", "question is required; nothing came"),
        (",,Q?,...,,", "answer is required; only signs"),
        (',,Q?,Yes,"""open",', "tags has a double quote that is not closed"),
        (",,Q?,Yes,,2026-02-30", "valid_from is '2026-02-30', which is no day"),
        (",,Q?,Yes,,31/12/2026", "valid_from is '31/12/2026'; expected a date such as 2026-01-31"),
        (f",,{'q' * 1001},Yes,,", "question has 1,001 characters; at most 1,000"),
        (f",,Q?,Yes,{'t,' * 20_000},", "expected 6 cells"),
        (f',,Q?,Yes,"{"t;" * 20_000}",', "tags has 40,000 characters; at most 20,000"),
    ],
)
def test_wrong_cell_is_rejected_by_its_column(cells: str, reason: str) -> None:
    line, came = problem(f"id,language,question,answer,tags,valid_from\n{cells}\n")
    assert line == 2
    assert came.startswith(reason)


def test_missing_id_follows_from_the_question() -> None:
    first, again, other, language = (
        row.article_id
        for row in rows("language,question,answer\nen,How  To?,a\nEN,how to?,b\nen,How else?,a\nbe,How to?,a\n")
    )
    assert first == again
    assert len({first, other, language}) == 3


def test_huge_cell_is_a_rejected_row_and_not_the_end() -> None:
    found = rows(f"question,answer\nA?,{'x' * 300_000}\nB?,Yes\n")
    assert [row.problem is None for row in found] == [False, True]
    assert str(found[0].problem).startswith("answer has 300,000 characters; at most 50,000")


# --- encodings ------------------------------------------------------------------------------------

BE = "id;question;answer\r\nr1;Як вярнуць тавар?;Напішыце нам цягам 14 дзён, мы ўсё зробім\r\n"
FR = "question;answer\nComment être remboursé ?;Vous êtes remboursé après réception du colis où que vous soyez\n"
CS = "question;answer\nJak vrátím zboží?;Pošlete nám ho zpět do 14 dnů. Děkujeme, příště řekneme víc\n"
NL = "question;answer\nIs er één adres?;België – ja, vóór 14 uur\n"
TR = "question;answer\nÜrünü nasıl iade ederim?;14 gün içinde gönderin. Teşekkürler, değişim için arayın\n"
JA = "question;answer\n返品するにはどうすればよいですか;14日以内に商品を送ってください。返金します\n"


@pytest.mark.parametrize(
    ("text", "encoding", "named"),
    [
        (BE, "utf-8", "utf-8"),
        (BE, "utf-8-sig", "utf-8"),
        (BE, "utf-16", "utf-16"),
        (BE, "utf-32", "utf-32"),
        (BE, "utf-16-le", "utf-16-le"),
        (BE, "utf-16-be", "utf-16-be"),
        (BE, "cp1251", "cp1251"),
        (FR, "cp1252", "cp1252"),
        (FR * 50, "latin-1", "cp1252"),
        (NL, "cp1252", None),
        (CS, "cp1250", "cp1250"),
        (TR, "cp1254", "cp1254"),
        (JA, "cp932", "cp932"),
    ],
)
def test_encoding_is_detected_and_named(text: str, encoding: str, named: str | None) -> None:
    reading = read(text.encode(encoding))
    if named:
        assert reading.encoding == named
    sure = encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32")
    assert [("read as" in warning) for warning in reading.warnings] == ([] if sure else [True])
    (row, *_) = reading.rows
    assert row.article is not None
    assert row.article.texts[0].answer == text.splitlines()[1].split(";")[-1]


def test_damaged_utf8_is_one_clear_error_and_not_nonsense() -> None:
    with pytest.raises(InputError, match=r"UTF-8 but line 2 has the byte 0xFF"):
        read(BE.encode().replace("тавар".encode(), b"\xff", 1))


def test_cut_off_utf16_is_one_clear_error() -> None:
    with pytest.raises(InputError, match=r"begins as utf-16 but byte .* cut off or damaged"):
        read(BE.encode("utf-16")[:-1])


def test_bytes_that_are_no_text_are_one_clear_error() -> None:
    noise = bytes(range(256)) * 40
    with pytest.raises(InputError):
        read(noise)


@given(data=st.binary(max_size=200), filename=st.sampled_from([None, "a.csv", "a.jsonl", "a.tsv"]))
@settings(max_examples=150, deadline=None)
def test_no_bytes_break_the_readers(data: bytes, filename: str | None) -> None:
    for prefix in (b"", b"question,answer\n", b'{"id": "a", "texts": {"en": {"question": "a", "answer": "'):
        try:
            found = rows(prefix + data, filename)
        except InputError as error:
            str(error).encode()
        else:
            assert all((row.article is None) != (row.problem is None) for row in found)
            "".join(row.problem or "" for row in found).encode()


@pytest.mark.parametrize("filename", ["a.csv", "a.jsonl"])
def test_file_of_line_breaks_is_refused_at_once(filename: str) -> None:
    with pytest.raises(TooLargeError, match="2,000,001 line breaks; at most 2,000,000"):
        read(b"\n" * 2_000_001, filename)


# --- JSON Lines -----------------------------------------------------------------------------------

LINE = {"id": "a", "texts": {"en": {"question": "Q?", "answer": "A."}}}


def line(**changes: object) -> str:
    return json.dumps(LINE | changes)


def test_json_line_is_read_whole() -> None:
    data = line(tags=["x"], url="https://example.org", valid_until="2026-12-31", review_by=None)
    (row,) = rows(data, "faq.jsonl")
    assert row.article == make_article(
        id="a",
        texts={"en": {"question": "Q?", "answer": "A."}},
        tags=["x"],
        url="https://example.org",
        valid_until=date(2026, 12, 31),
    )
    assert row.given == {"tags", "url", "valid_until", "review_by"}
    assert row.keeps_alternates == {"en"}


def test_broken_json_is_rejected_with_line_and_column_and_reading_goes_on() -> None:
    found = rows(f'\n{line()}\n{{"id": "b", oops}}\n\n{line(id="c")}\n', "faq.jsonl")
    assert [(row.line, row.problem is None) for row in found] == [(2, True), (3, False), (5, True)]
    assert str(found[1].problem).startswith("line 3, column 13 is not JSON: ")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("[]", "the line is a list; expected an object"),
        ("5", "the line is a number; expected an object"),
        ("null", "the line is null; expected an object"),
        (line(colour="red"), "the line has the unknown key 'colour'; allowed are 'id', 'tags'"),
        (line(texts={"en": {"q": "Q?"}}), "texts.en has the unknown key 'q'; allowed are 'question'"),
        (line(id=5), "id is a number; expected a string"),
        (line(id=""), "id is ''; expected 1 to 128"),
        (line(tags="x"), "tags is a string; expected a list of strings"),
        (line(tags=[1]), "tags is a list with a number; expected a list of strings"),
        (line(url=True), "url is a truth value; expected a string"),
        (line(url="ftp://x"), "url is 'ftp://x'; expected one that begins with https://"),
        (line(valid_from="soon"), "valid_from is 'soon'; expected a date"),
        (line(texts=[]), "texts is a list; expected an object of languages"),
        (line(texts=None), "texts is missing"),
        (line(texts={}), "texts is empty"),
        (line(texts={"en": "Q"}), "texts.en is a string; expected an object"),
        (line(texts={"en": {"question": {}, "answer": "A"}}), "texts.en.question is an object; expected a string"),
        (line(texts={"en": {"question": "Q?"}}), "texts.en.answer is required"),
        (line(texts={"en": LINE["texts"], "!": {}}), "texts.en has the unknown key"),
        (line(texts={"!": {"question": "Q?", "answer": "A"}}), "texts is '!'; expected a BCP 47 tag"),
        ('{"id": "a", "id": "b"}', "line 1 is not usable JSON: the key 'id' is there twice"),
        (
            '{"id": "a", "texts": {"en": {"question": "a", "answer": "b"}, "EN": {"question": "c", "answer": "d"}}}',
            "texts gives the language 'en' twice",
        ),
        ('{"id": NaN}', "line 1 is not usable JSON: NaN is no JSON value"),
        ('{"id": ' + "9" * 5_000 + "}", "line 1 is not usable JSON: "),
        ("[" * 100_000, "line 1 is nested too deeply"),
        ('{"id": "\\ud800", "texts": {}}', "id is '\\ud800'; expected"),
        ('{"id": "a", "\\ud800": 1}', "the line has the unknown key '\\ud800'"),
        ('{"id": "a", "texts": {"\\ud800": {}}}', "texts"),
        (line(texts={"en": {"question": "a\x00b", "answer": "b"}}), "texts.en.question holds a NUL"),
        (line(texts={"en": {"question": "\ud83d", "answer": "b"}}), "texts.en.question holds half of a surrogate pair"),
        ('{"id": "a\x00"}', "line 1, column 10 is not JSON: "),
    ],
)
def test_wrong_json_line_is_rejected_with_the_reason(data: str, reason: str) -> None:
    number, came = problem(data, "faq.jsonl")
    assert number == 1
    assert came.startswith(reason)
    came.encode()


def test_article_on_two_lines_is_rejected_naming_the_first() -> None:
    found = rows(f"{line()}\n\n{line()}\n", "faq.jsonl")
    assert [row.problem is None for row in found] == [True, False]
    assert str(found[1].problem).startswith("the article 'a' is already in line 1")


def test_json_line_without_id_gets_one_that_stays() -> None:
    texts = {"be": {"question": "Б?", "answer": "b"}, "en": {"question": "A?", "answer": "a"}}
    data = json.dumps({"texts": texts})
    again = json.dumps({"texts": dict(reversed(texts.items()))})
    assert only(data, "a.jsonl").id == only(again, "a.jsonl").id


def test_line_separators_inside_json_strings_are_text() -> None:
    texts = {"en": {"question": "a\u2028b?", "answer": "c\x85d"}}
    assert only(json.dumps(LINE | {"texts": texts}, ensure_ascii=False), "a.jsonl").texts[0].question == "a\u2028b?"


# --- choosing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filename", "data", "name"),
    [
        ("FAQ.CSV", b"", "csv"),
        ("a/b.tsv", b"", "csv"),
        ("x.jsonl", b"", "jsonl"),
        (None, b'\xef\xbb\xbf {"id": 1}', "jsonl"),
        (None, '{"id": 1}'.encode("utf-16"), "jsonl"),
        ("notes.txt", b"id;Answer;Question", "csv"),
        ("noname", "question,answer".encode("utf-16"), "csv"),
    ],
)
def test_format_is_chosen_by_name_then_content(filename: str | None, data: bytes, name: str) -> None:
    assert choose_reader(filename, data).name == name


@pytest.mark.parametrize("filename", ["a.exe", "a.csv.zip", None, "a", "\x00", "\ud800.\ud800"])
def test_unknown_format_is_refused_naming_the_known_ones(filename: str | None) -> None:
    with pytest.raises(InputError, match=r"\.csv, \.tsv, \.tab, \.jsonl, \.ndjson") as caught:
        choose_reader(filename, b"\x7fELF")
    str(caught.value).encode()


def test_unknown_export_format_is_refused_before_anything_is_written() -> None:
    with pytest.raises(InputError, match="format is 'pdf'; expected one of 'csv', 'jsonl'"):
        export_articles([], "pdf")


# --- there and back -------------------------------------------------------------------------------


def _merged(found: list[Row]) -> list[Article]:
    whole: dict[str, Article] = {}
    for row in found:
        assert row.article is not None, row.problem
        whole[row.article.id] = whole.get(row.article.id, row.article).merged_with(row.article)
    return list(whole.values())


@given(some=collections())
@settings(max_examples=80, deadline=None)
def test_export_reads_back_as_the_same_articles(some: list[Article]) -> None:
    for format in ("csv", "jsonl"):
        data = b"".join(export_articles(some, format))
        found = _merged(rows(data, f"a.{format}"))
        assert found == some
        assert b"".join(export_articles(found, format)) == data


@given(article=articles(id="a"))
@settings(max_examples=80, deadline=None)
def test_no_exported_cell_is_a_formula(article: Article) -> None:
    data = b"".join(export_articles([article], "csv")).decode("utf-8-sig")
    cells = [cell for record in csv.reader(io.StringIO(data, newline="")) for cell in record]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


def test_formula_is_protected_by_an_apostrophe_that_goes_away_again() -> None:
    texts = {"en": {"question": "=1+1", "answer": "'-5 and 'x'", "alternate_questions": ["'a", "+1"]}}
    article = make_article(id="a", texts=texts)
    data = b"".join(export_articles([article], "csv"))
    assert data.splitlines()[1:] == [b"a,en,'=1+1,\"'a", b"+1\",''-5 and 'x',,,,,,human"]
    assert only(data) == article


def test_export_is_rfc_4180_with_the_mark_spreadsheets_need() -> None:
    data = b"".join(export_articles([RETURNS], "csv"))
    assert data.startswith(b"\xef\xbb\xbf" + HEADER)
    assert data.count(b"\r\n") == 3
    assert list(export_articles([], "csv")) == [b"\xef\xbb\xbf" + HEADER]
    assert list(export_articles([], "jsonl")) == []
