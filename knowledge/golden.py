"""Golden questions: questions whose article is known, or known to be none."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from knowledge.article import MAX_QUESTION_LENGTH, ArticleError, clean, is_article_id, language_tag
from knowledge.errors import InputError, TooLargeError
from knowledge.formats.cells import protect, unprotect
from knowledge.formats.table import Record, read_table

COLUMNS = ("question", "article_id", "language", "channel")
MAX_CHANNEL_LENGTH = 60
MAX_FILE_SIZE = 16 * 2**20  # bytes; far more than the questions that are kept can fill
_SHOWN = 10  # problems in one message


@dataclass(frozen=True, kw_only=True, slots=True)
class GoldenQuestion:
    """A question with the article that answers it; None means that no article does.

    ``language`` is that of the question and ``channel`` the one it came through, None where it was not said.
    """

    question: str
    article_id: str | None = None
    language: str | None = None
    channel: str | None = None


def read_golden(data: bytes, *, warn: Callable[[str], object] = lambda warning: None) -> tuple[GoldenQuestion, ...]:
    """Read golden questions from CSV or TSV in any encoding; only the column ``question`` is required.

    ``warn`` is told of columns that are not known and were not read, and of a doubtful encoding. Raises
    InputError that names every line which cannot be read, up to ten of them, and TooLargeError.
    """
    if len(data) > MAX_FILE_SIZE:
        raise TooLargeError(f"The file has more than {MAX_FILE_SIZE:,} bytes: leave some questions out.", field="file")
    table = read_table(data, known=COLUMNS, required=COLUMNS[:1])
    for warning in table.warnings:
        warn(warning)
    questions: list[GoldenQuestion] = []
    problems: list[str] = []
    for record in table.records:
        try:
            questions.append(_question(record))
        except ArticleError as error:
            problems.append(f"line {record.line}: {error}")
    if problems:
        more = [f"and {len(problems) - _SHOWN:,} further lines"] if len(problems) > _SHOWN else []
        raise InputError("Golden questions cannot be read:\n" + "\n".join(problems[:_SHOWN] + more))
    if not questions:
        raise InputError("The file holds no golden questions; expected rows with 'question' and, if any, 'article_id'.")
    return tuple(questions)


def write_golden(questions: Iterable[GoldenQuestion]) -> bytes:
    """Return golden questions as CSV (RFC 4180, UTF-8 with its mark) that ``read_golden`` reads back as they are."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for golden in questions:
        cells = (golden.question, golden.article_id or "", golden.language or "", golden.channel or "")
        writer.writerow([protect(cell) for cell in cells])
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()


def make_golden(
    question: str, article_id: str | None = None, language: str | None = None, channel: str | None = None
) -> GoldenQuestion:
    """Check and clean a golden question; empty strings mean that there is none. Raises ArticleError."""
    article_id, language = (article_id or "").strip(), (language or "").strip()
    if article_id and not is_article_id(article_id):
        raise ArticleError(
            f"article_id is {article_id[:60]!r}; expected the id of an article, or nothing.", field="article_id"
        )
    # Signs alone are a question too: one that no article answers.
    question = clean(question, field="question", limit=MAX_QUESTION_LENGTH, required=False)
    if not question:
        raise ArticleError("question is empty; expected what a customer wrote.", field="question")
    return GoldenQuestion(
        question=question,
        article_id=article_id or None,
        language=language_tag(language) if language else None,
        channel=_channel(channel or "") or None,
    )


def _channel(name: str) -> str:
    """Return the name of a channel as questions have it."""
    return " ".join(clean(name, field="channel", limit=MAX_CHANNEL_LENGTH, required=False).split())


def _question(record: Record) -> GoldenQuestion:
    if record.problem is not None:
        raise ArticleError(record.problem)
    cells = {name: unprotect(cell) for name, cell in record.cells.items()}
    return make_golden(cells["question"], cells.get("article_id"), cells.get("language"), cells.get("channel"))
