"""A glossary comes as a table and goes out as one; every line that cannot be read is named."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.errors import InputError, TooLargeError
from knowledge.glossary import GlossaryError, GlossaryTerm, make_term
from knowledge.glossary_file import MAX_FILE_SIZE, read_glossary, write_glossary

FILE = (
    "term,language,rendering,case_sensitive\n"
    "Vilora,,,\n"
    "кошык,en,cart,no\n"
    "кошык,pt-br,carrinho,\n"
    "OK,,,TRUE\n"
    "'=SUM,de,\"'-Summe, alles\",\n"
)


def test_rows_of_a_term_are_its_renderings() -> None:
    assert read_glossary(FILE.encode()) == (
        make_term("Vilora"),
        make_term("кошык", {"en": "cart", "pt-BR": "carrinho"}),
        make_term("OK", case_sensitive=True),
        make_term("=SUM", {"de": "-Summe, alles"}),
    )


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_spreadsheets_of_any_kind_are_read(encoding: str) -> None:
    warnings: list[str] = []
    data = "sep=;\nterm;note;rendering;language\nзаказ;x;order;en\n".encode(encoding)
    assert read_glossary(data, warn=warnings.append) == (make_term("заказ", {"en": "order"}),)
    assert "'note' is not known" in warnings[0]


def test_only_terms_are_required() -> None:
    assert read_glossary(b"term\nA B\nC\n") == (make_term("A B"), make_term("C"))


def _term(draw: st.DrawFn) -> GlossaryTerm | None:
    words = st.text(min_size=1, max_size=20)
    try:
        return make_term(
            draw(words),
            draw(st.dictionaries(st.sampled_from(["en", "pt-BR", "zh-Hant", "be"]), words, max_size=3)),
            case_sensitive=draw(st.booleans()),
        )
    except GlossaryError:
        return None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.composite(_term)().filter(bool), min_size=1, max_size=5, unique_by=lambda term: term and term.term))
def test_what_goes_out_comes_in_as_it_was(terms: list[GlossaryTerm]) -> None:
    assert read_glossary(write_glossary(terms)) == tuple(terms)


@pytest.mark.parametrize(
    ("rows", "line", "reason"),
    [
        ("a,en,,\n", 2, "language is given and rendering is not"),
        ("a,,b,\n", 2, "rendering is given and language is not"),
        ("a,english!,b,\n", 2, "expected a BCP 47 tag"),
        (",en,x,\n", 2, "term is required"),
        ("ok,,,\n!!,,,\n", 3, "only signs"),
        ("a,,,maybe\n", 2, "case_sensitive is 'maybe'; expected true or false"),
        ("a,,,\na,,,\n", 3, "comes again"),
        ("a,,,\na,en,b,\n", 3, "line 2 has it"),
        ("a,en,b,\na,,,\n", 3, "comes again"),
        ("a,en,b,\na,EN,c,\n", 3, "a rendering in 'en' already"),
        ("a,en,b,yes\na,de,c,no\n", 3, "not what line 2 says"),
        (f"{'x' * 201},,,\n", 2, "at most 200"),
        ('"a\x07b",,,\n', 2, "U+0007"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(rows: str, line: int, reason: str) -> None:
    with pytest.raises(InputError) as refused:
        read_glossary(f"term,language,rendering,case_sensitive\n{rows}".encode())
    assert f"line {line}: " in str(refused.value)
    assert reason in str(refused.value)


def test_many_wrong_lines_are_counted() -> None:
    with pytest.raises(InputError, match="and 40 further lines"):
        read_glossary(b"term,language\n" + b"a,en\n" * 50)


@pytest.mark.parametrize("data", [b"", b"\x00" * 40, b"term\n", b"question\na\n", b"\xff\xfe\x00"])
def test_what_holds_no_terms_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        read_glossary(data)


def test_a_huge_file_is_refused_unread() -> None:
    with pytest.raises(TooLargeError, match="leave some terms out"):
        read_glossary(b"a" * (MAX_FILE_SIZE + 1))
