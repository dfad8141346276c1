"""Golden questions: questions whose article is known, or known to be none."""

from __future__ import annotations

from dataclasses import dataclass

from knowledge.article import MAX_QUESTION_LENGTH, ArticleError, clean, is_article_id, language_tag
from knowledge.errors import InputError
from knowledge.formats.cells import unprotect
from knowledge.formats.table import Record, read_table

COLUMNS = ("question", "article_id", "language")
_SHOWN = 10  # problems in one message


@dataclass(frozen=True, kw_only=True, slots=True)
class GoldenQuestion:
    """A question with the article that answers it; None means that no article does.

    ``language`` is that of the question, None where it was not said.
    """

    question: str
    article_id: str | None = None
    language: str | None = None


def read_golden(data: bytes) -> tuple[GoldenQuestion, ...]:
    """Read golden questions from CSV or TSV in any encoding; only the column ``question`` is required.

    Raises InputError that names every line which cannot be read, up to ten of them.
    """
    table = read_table(data, known=COLUMNS, required=COLUMNS[:1])
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


def _question(record: Record) -> GoldenQuestion:
    if record.problem is not None:
        raise ArticleError(record.problem)
    cells = {name: unprotect(cell) for name, cell in record.cells.items()}
    article_id = cells.get("article_id", "").strip()
    if article_id and not is_article_id(article_id):
        raise ArticleError(f"article_id is {article_id[:60]!r}; expected the id of an article, or nothing.")
    language = cells.get("language", "").strip()
    # Signs alone are a question too: one that no article answers.
    question = clean(cells["question"], field="question", limit=MAX_QUESTION_LENGTH, required=False)
    if not question:
        raise ArticleError("question is empty; expected what a customer wrote.")
    return GoldenQuestion(
        question=question,
        article_id=article_id or None,
        language=language_tag(language) if language else None,
    )
