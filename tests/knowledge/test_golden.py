"""Golden questions come from the same files that people save articles in."""

from __future__ import annotations

import pytest

from knowledge.errors import InputError
from knowledge.golden import GoldenQuestion, read_golden


def test_question_article_and_language_are_read_in_any_encoding() -> None:
    text = (
        'Language;Article ID;Question\nbe;returns;"Як вярнуць; хутка?"\n;;"???"\n\nRU;;Кто вы такие и где находитесь?\n'
    )
    expected = (
        GoldenQuestion(question="Як вярнуць; хутка?", article_id="returns", language="be"),
        GoldenQuestion(question="???"),
        GoldenQuestion(question="Кто вы такие и где находитесь?", language="ru"),
    )
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1251"):
        assert read_golden(text.encode(encoding)) == expected


def test_what_was_not_read_is_told() -> None:
    told: list[str] = []
    [golden] = read_golden(b"question,article,language\nKde?,returns,cs\n", warn=told.append)
    assert golden == GoldenQuestion(question="Kde?", language="cs")
    [warning] = told
    assert "'article' is not known and was not read; known are 'question', 'article_id', 'language'" in warning


def test_the_channel_is_read_as_questions_have_it() -> None:
    [golden] = read_golden(b"channel,question\n Phone  desk ,How?\n")
    assert golden == GoldenQuestion(question="How?", channel="Phone desk")


def test_only_the_question_is_required() -> None:
    assert read_golden(b"question\nHow?\n") == (GoldenQuestion(question="How?"),)


def test_every_unusable_line_is_named() -> None:
    with pytest.raises(InputError) as caught:
        read_golden(b'question,article_id,language\nA,b c,\nB,b,xx!\n,b,en\nC,b,en,\n"D\n",ok,en\n' + b"E\x00,,\n")
    assert str(caught.value).splitlines()[1:] == [
        "line 2: article_id is 'b c'; expected the id of an article, or nothing.",
        "line 3: language is 'xx!'; expected a BCP 47 tag such as 'en', 'be' or 'pt-BR'.",
        "line 4: question is empty; expected what a customer wrote.",
        "line 5: expected 3 cells as in the header, found 4: "
        "put cells that hold a comma or a line break in double quotes.",
        "line 8: question holds a NUL character; expected plain text: remove U+0000.",
    ]


def test_long_list_of_problems_is_cut() -> None:
    with pytest.raises(InputError, match="and 15 further lines") as caught:
        read_golden(b"question,article_id\n" + b"A,?\n" * 25)
    assert len(str(caught.value).splitlines()) == 12


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty; expected a header with the column 'question', then"),
        (b"question\n", "holds no golden questions"),
        (b"text,id\nA,b\n", "column 'question' is missing"),
    ],
)
def test_unusable_file_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_golden(data)
