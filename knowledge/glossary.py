"""The glossary: what translation keeps as it is, or renders in a fixed way; one list for one knowledge base."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from knowledge.article import ArticleError, clean, language_tag
from knowledge.database import Database, metadata
from knowledge.errors import NotFoundError, StaleError, TooLargeError
from knowledge.tables import byte_ordered

MAX_TERMS = 5_000
MAX_TERM_LENGTH = 200  # characters; of a rendering, too
MAX_RENDERINGS = 100  # languages of one term

_CHUNK = 1_000  # rows in one statement
_SHOWN = 5  # terms named in one message
# What people type for the same sign: apostrophes of three keyboards, spaces that do not break.
_ALIKE = {ord(alike): sign for sign, alikes in {"'": "’ʼ‘`´", " ": "\u00a0\u202f\t"}.items() for alike in alikes}
_ROW = 1  # of the table that counts the changes

glossary_terms = sa.Table(
    "glossary_terms",
    metadata,
    sa.Column("term", byte_ordered(MAX_TERM_LENGTH), primary_key=True),
    sa.Column("renderings", sa.JSON, nullable=False),  # language tag → text
    sa.Column("case_sensitive", sa.Boolean, nullable=False),
)

# One row, which is there once the glossary was written to; its lock is the writers' queue.
glossary_versions = sa.Table(
    "glossary_versions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("version", sa.Integer, nullable=False),
)


class GlossaryError(ArticleError):
    """A term of the glossary breaks a rule; ``field`` names where."""


class TermNotFoundError(NotFoundError):
    """The glossary has no such term."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GlossaryTerm:
    """Words that are not left to a translation engine; no renderings mean that they stay as they are.

    ``renderings`` are the words that stand for the term in each language (BCP 47); a language without one leaves
    the term to the engine. ``term`` is in NFC and on one line.
    """

    term: str
    renderings: Mapping[str, str]
    case_sensitive: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class GlossaryState:
    """The terms in the order of their bytes, and the number of changes that led to them."""

    terms: tuple[GlossaryTerm, ...]
    version: int


def make_term(term: str, renderings: Mapping[str, str] | None = None, *, case_sensitive: bool = False) -> GlossaryTerm:
    """Check and clean a term of the glossary, and return it; raises GlossaryError."""
    made: dict[str, str] = {}
    for tag, rendering in (renderings or {}).items():
        try:
            language = language_tag(tag, field="renderings")
        except ArticleError as error:
            raise GlossaryError(str(error), field=error.field) from error
        if language in made:
            raise GlossaryError(f"renderings gives the language {language!r} twice.", field="renderings")
        made[language] = _cleaned(rendering, field=f"renderings.{language}")
    if len(made) > MAX_RENDERINGS:
        raise GlossaryError(
            f"renderings has {len(made)} languages; at most {MAX_RENDERINGS} are allowed.", field="renderings"
        )
    return GlossaryTerm(
        term=_cleaned(term, field="term"), renderings=dict(sorted(made.items())), case_sensitive=case_sensitive
    )


def plain(text: str) -> str:
    """Return the text with one kind of apostrophe and of space, as long as it was."""
    return text.translate(_ALIKE)


def folded(text: str) -> str:
    """Return ``plain(text)`` without regard to case, as long as it was: ``ß`` stays, whose capitals are two."""
    lowered = text.casefold()
    if len(lowered) != len(text):  # each character gives one or more, so equal lengths mean equal places
        lowered = "".join(one if len(one := character.casefold()) == 1 else character for character in text)
    return lowered.translate(_ALIKE)


def check_terms(terms: Iterable[GlossaryTerm]) -> tuple[GlossaryTerm, ...]:
    """Return the terms in the order of their bytes; one that comes twice, all the same, is kept once.

    Raises GlossaryError for two that every text would confuse: equal, or equal but for case where one of them does
    not heed it; TooLargeError for more than MAX_TERMS.
    """
    by_folded: dict[str, list[GlossaryTerm]] = {}
    disputed: list[str] = []
    count = 0
    for term in terms:
        alike = by_folded.setdefault(folded(term.term), [])
        if term in alike:
            continue
        if any(one.term == term.term or not (one.case_sensitive and term.case_sensitive) for one in alike):
            disputed.append(f"{alike[0].term[:60]!r} and {term.term[:60]!r}")
        alike.append(term)
        count += 1
    if disputed:
        more = f"; and {len(disputed) - _SHOWN:,} more" if len(disputed) > _SHOWN else ""
        raise GlossaryError(
            f"The glossary would hold terms that cannot be told apart: {'; '.join(disputed[:_SHOWN])}{more}. "
            "Keep one of them, or make both case-sensitive where case tells them apart.",
            field="term",
        )
    if count > MAX_TERMS:
        raise TooLargeError(f"The glossary would hold {count:,} terms; at most {MAX_TERMS:,} are kept: leave some out.")
    return tuple(sorted((term for alike in by_folded.values() for term in alike), key=_order))


class GlossaryStore:
    """The glossary of one database; every change of it has a number."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def version(self) -> int:
        """Return the number of changes so far; one row is read, so ask as often as you like."""
        with self._database.read() as connection:
            return _version(connection)

    def list(self) -> tuple[GlossaryTerm, ...]:
        """Return every term, in the order of their bytes."""
        return self.state().terms

    def state(self) -> GlossaryState:
        """Return every term, and the version that they are."""
        with self._database.read() as connection:
            return GlossaryState(terms=_terms(connection), version=_version(connection))

    def replace(self, terms: Iterable[GlossaryTerm], *, expected_version: int | None = None) -> GlossaryState:
        """Keep these terms and no others, all of them or none; the same ones again are no change.

        Raises GlossaryError and TooLargeError as ``check_terms`` does, StaleError for another version than expected.
        """
        checked = check_terms(terms)
        with self._database.write() as connection:
            version = _lock(connection, expected_version)
            return _write(connection, _terms(connection), checked, version)

    def put(self, term: GlossaryTerm, *, expected_version: int | None = None) -> GlossaryState:
        """Keep this term, in place of one with the same letters; raises as ``replace`` does."""
        with self._database.write() as connection:
            version = _lock(connection, expected_version)
            before = _terms(connection)
            return _write(
                connection, before, check_terms([*(one for one in before if one.term != term.term), term]), version
            )

    def remove(self, term: str, *, expected_version: int | None = None) -> GlossaryState:
        """Give a term up, whose letters must be exactly those; raises TermNotFoundError, and StaleError."""
        wanted = unicodedata.normalize("NFC", term)
        with self._database.write() as connection:
            version = _lock(connection, expected_version)
            before = _terms(connection)
            kept = tuple(one for one in before if one.term != wanted)
            if len(kept) == len(before):
                shown = term[:60].encode(errors="replace").decode()
                raise TermNotFoundError(f"The glossary has no term {shown!r}; look for it in the list of terms.")
            return _write(connection, before, kept, version)


def _order(term: GlossaryTerm) -> bytes:
    return term.term.encode()


def _version(connection: sa.Connection) -> int:
    return connection.scalar(sa.select(glossary_versions.c.version)) or 0


def _lock(connection: sa.Connection, expected: int | None) -> int:
    """Wait for other writers, and return the version there is; raises StaleError when another is expected."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer as it is
        connection.execute(sa.text("LOCK TABLE glossary_versions IN SHARE ROW EXCLUSIVE MODE"))
    version = _version(connection)
    if expected is not None and expected != version:
        raise StaleError(
            f"The glossary has version {version}; version {expected} was expected: read it again and repeat the change."
        )
    return version


def _terms(connection: sa.Connection) -> tuple[GlossaryTerm, ...]:
    columns = glossary_terms.c
    query = sa.select(columns.term, columns.renderings, columns.case_sensitive).order_by(columns.term)
    return tuple(GlossaryTerm(**row._mapping) for row in connection.execute(query))


def _write(
    connection: sa.Connection, before: Sequence[GlossaryTerm], after: tuple[GlossaryTerm, ...], version: int
) -> GlossaryState:
    if tuple(before) == after:
        return GlossaryState(terms=after, version=version)
    old, new = ({term.term: term for term in terms} for terms in (before, after))
    gone = [term for term, one in old.items() if new.get(term) != one]
    rows = [
        {"term": one.term, "renderings": dict(one.renderings), "case_sensitive": one.case_sensitive}
        for term, one in new.items()
        if old.get(term) != one
    ]
    for start in range(0, len(gone), _CHUNK):
        connection.execute(sa.delete(glossary_terms).where(glossary_terms.c.term.in_(gone[start : start + _CHUNK])))
    for start in range(0, len(rows), _CHUNK):
        connection.execute(sa.insert(glossary_terms), rows[start : start + _CHUNK])
    if version:
        connection.execute(sa.update(glossary_versions).values(version=version + 1))
    else:
        connection.execute(sa.insert(glossary_versions).values(id=_ROW, version=1))
    return GlossaryState(terms=after, version=version + 1)


def _cleaned(value: str, *, field: str) -> str:
    try:
        text = " ".join(clean(value, field=field, limit=MAX_TERM_LENGTH).split())
    except ArticleError as error:
        raise GlossaryError(str(error), field=error.field) from error
    for character in text:
        # Zero-width joiners and direction marks (Cf) belong to words of some scripts.
        if unicodedata.category(character) in ("Cc", "Co", "Cn"):
            raise GlossaryError(
                f"{field} holds U+{ord(character):04X}; expected words on one line: remove it.", field=field
            )
    return text
