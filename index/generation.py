"""A generation: one immutable, versioned build of the index, as a folder of flat files.

``manifest.json`` names the encoder (id and digest of its weights), the dimensions and the metric, the
digest of the knowledge, size and SHA-256 of every other file, and its own SHA-256 as a seal. The
articles are kept as they were when it was built, so that what is found and what is answered always
belong together, also after a rollback. Attachments are small files of later rooms that belong to it
as well, and that this room does not read.
"""

from __future__ import annotations

import copy
import hashlib
import mmap
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import orjson
from numpy.typing import NDArray

from index.centroids import Centroids
from index.dense import DenseIndex
from index.errors import GenerationDamagedError
from index.lexical import LexicalIndex, Postings, TermRows, Vocabulary
from index.own_words import OwnWords
from index.passages import PassageKind
from knowledge.article import Article, restore_article

FORMAT = 2
MANIFEST = "manifest.json"
METRIC = "inner_product of unit vectors (cosine)"
PART_FILES = frozenset(
    {
        "answer_postings.npz", "answers.faiss", "article_offsets.npy", "article_starts.npy", "articles.json",
        "articles.jsonl", "centroids.npz", "digests.npy", "embeddings.npy", "exact_keys.npy", "kinds.npy",
        "passage_languages.npy", "question_postings.npz", "questions.faiss", "term_rows.npz", "vocabulary.json",
    }
)  # fmt: skip
"""What ``write_parts`` writes; any other file of a manifest is an attachment."""

_REMEMBERED = 512  # combinations of languages
_CENTROIDS = "centroids.npz"
_ATTACHMENT = re.compile(r"[a-z0-9][a-z0-9_-]*\.[a-z0-9]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What a generation is made of."""

    number: int
    created_at: datetime
    encoder: str
    encoder_digest: str
    dimensions: int
    metric: str
    analysis: str
    knowledge_digest: str
    articles: int
    passages: int
    questions: int  # passages that are questions or alternates; the rest are pieces of answers
    languages: Mapping[str, int]  # articles with a text in that language
    encoded: int  # passages encoded for this build; the others came from the one before
    seconds: float  # that the build took
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # name: bytes, sha256
    format: int = FORMAT

    @property
    def attachments(self) -> tuple[str, ...]:
        """The names of the files that are attached."""
        return tuple(name for name in self.files if name not in PART_FILES)

    def to_json(self) -> bytes:
        """Return the manifest as indented JSON, sealed."""
        fields = orjson.loads(orjson.dumps(asdict(self), option=orjson.OPT_UTC_Z))
        return orjson.dumps({**fields, "seal": _seal(fields)}, option=orjson.OPT_INDENT_2)

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read a folder's manifest; raises GenerationDamagedError."""
        try:
            fields = orjson.loads((folder / MANIFEST).read_bytes())
            if fields["format"] != FORMAT:
                raise GenerationDamagedError(
                    f"Generation {folder.name} has format {fields['format']}, expected {FORMAT}: "
                    "it was built by another version. Run `faq build`."
                )
            if fields.pop("seal") != _seal(fields) or fields["number"] != int(folder.name):
                raise ValueError("it is not as it was written")
            return cls(**{**fields, "created_at": datetime.fromisoformat(fields["created_at"])})
        except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise GenerationDamagedError(
                f"Generation {folder.name} has no readable manifest ({error}). "
                "Run `faq build`, or `faq rollback` to an intact one."
            ) from error


def _seal(fields: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """Everything of a generation besides the manifest; n passages, rows in article order."""

    article_ids: tuple[str, ...]
    article_versions: tuple[str, ...]  # what changes whenever content or revision does
    article_tags: tuple[tuple[str, ...], ...]
    article_validity: tuple[tuple[str | None, str | None], ...]
    article_lines: bytes  # one JSON object a line, in order
    article_offsets: NDArray[np.int64]  # (articles + 1,) into article_lines
    article_starts: NDArray[np.int64]  # (articles + 1,) into the passages
    kinds: NDArray[np.uint8]  # (n,) PassageKind
    languages: tuple[str, ...]
    passage_languages: NDArray[np.uint16]  # (n,) into languages
    digests: NDArray[np.uint8]  # (n, 16) Passage.digest
    embeddings: NDArray[np.float16]  # (n, dimensions) of unit length
    vocabulary: Vocabulary
    term_rows: TermRows
    question_postings: Postings
    answer_postings: Postings
    question_dense: DenseIndex
    answer_dense: DenseIndex
    centroids: Centroids
    exact_keys: NDArray[np.uint64]  # (n,) exact_key of every question and alternate, 0 for pieces of answers


def centroids_of(
    embeddings: NDArray[np.float16], is_question: NDArray[np.bool_], article_starts: NDArray[np.int64]
) -> Centroids:
    """Return the centroids of articles by their questions; all arrays over the passages, starts as in Parts."""
    starts = np.concatenate([[0], np.cumsum(is_question)])[article_starts[:-1]]
    return Centroids.of(embeddings[is_question], starts)


def exact_key(normal_form: str) -> int:
    """Return 64 bits for a question's normal form; n questions share one by accident with p ≈ n²/2⁶⁵."""
    return int.from_bytes(hashlib.blake2b(normal_form.encode(), digest_size=8).digest(), "little")


_ARRAYS = ("article_offsets", "article_starts", "kinds", "passage_languages", "digests", "embeddings",
           "exact_keys")  # fmt: skip


def write_parts(folder: Path, parts: Parts) -> dict[str, dict[str, Any]]:
    """Write the files of a generation, each flushed to the disk; returns their sizes and digests."""
    for name in _ARRAYS:
        np.save(folder / f"{name}.npy", getattr(parts, name))
    np.savez(folder / "term_rows.npz", starts=parts.term_rows.starts, ids=parts.term_rows.ids)
    for arm in ("question", "answer"):
        postings: Postings = getattr(parts, f"{arm}_postings")
        np.savez(
            folder / f"{arm}_postings.npz",
            starts=postings.starts, rows=postings.rows, impacts=postings.impacts, idf=postings.idf,
        )  # fmt: skip
        getattr(parts, f"{arm}_dense").write(folder / f"{arm}s.faiss")
    parts.centroids.write(folder / _CENTROIDS)
    (folder / "articles.jsonl").write_bytes(parts.article_lines)
    (folder / "articles.json").write_bytes(
        orjson.dumps(
            {
                "ids": parts.article_ids, "versions": parts.article_versions, "tags": parts.article_tags,
                "validity": parts.article_validity, "languages": parts.languages,
            }
        )
    )  # fmt: skip
    (folder / "vocabulary.json").write_bytes(orjson.dumps(list(parts.vocabulary.numbers)))
    return {path.name: {"bytes": path.stat().st_size, "sha256": _sha256(path)} for path in sorted(folder.iterdir())}


def write_attachments(folder: Path, attachments: Mapping[str, bytes]) -> dict[str, dict[str, Any]]:
    """Write the attachments of a generation; returns their sizes and digests. Raises ValueError for other names."""
    for name, content in attachments.items():
        if not _ATTACHMENT.fullmatch(name) or name in PART_FILES or name == MANIFEST:
            raise ValueError(f"{name!r} is no name for an attachment; expected one such as 'calibration.json'")
        (folder / name).write_bytes(content)
    return {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in sorted(attachments.items())
    }


def read_attachment(folder: Path, manifest: Manifest, name: str) -> bytes:
    """Return an attachment as it was written; raises KeyError where there is none, and GenerationDamagedError."""
    expected = manifest.files[name]
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise _damage(manifest, name, f"cannot be read ({error.strerror})") from error
    if hashlib.sha256(content).hexdigest() != expected["sha256"]:
        raise _damage(manifest, name, "is not as it was written")
    return content


@dataclass(frozen=True, slots=True)
class Allowed:
    """Which passages of one kind may be found."""

    rows: NDArray[np.bool_]  # (questions,) or (pieces of answers,)
    bitmap: NDArray[np.uint8]  # the same as DenseIndex.search takes it


@dataclass(frozen=True, slots=True)
class Filter:
    """What may be found."""

    articles: NDArray[np.bool_]  # (articles,)
    questions: Allowed
    answers: Allowed

    @property
    def count(self) -> int:
        """How many articles may be found."""
        return int(np.count_nonzero(self.articles))


class Generation:
    """A generation in memory, ready to be searched; never changes."""

    def __init__(self, manifest: Manifest, parts: Parts, attachments: Mapping[str, bytes] | None = None) -> None:
        self.manifest = manifest
        self.parts = parts
        self.attachments: Mapping[str, bytes] = dict(attachments or {})
        is_question = parts.kinds != PassageKind.ANSWER
        self.question_rows = np.flatnonzero(is_question)
        self.answer_rows = np.flatnonzero(~is_question)
        articles = np.repeat(np.arange(len(parts.article_ids), dtype=np.int32), np.diff(parts.article_starts))
        self.article_of_question = articles[self.question_rows]
        self.article_of_answer = articles[self.answer_rows]
        # Every article has a question and a piece of an answer, so each of these runs is one article's.
        everything = np.arange(len(parts.article_ids))
        self.question_starts = np.searchsorted(self.article_of_question, everything)
        self.answer_starts = np.searchsorted(self.article_of_answer, everything)
        self.language_of_question = parts.passage_languages[self.question_rows]
        self.language_of_answer = parts.passage_languages[self.answer_rows]
        # 0 for the question of a text, 1 for its first alternate and so on: every text begins with its question.
        places = np.arange(len(self.question_rows))
        is_first = parts.kinds[self.question_rows] == PassageKind.QUESTION
        self.place_of_question = places - np.maximum.accumulate(np.where(is_first, places, 0))
        keys = parts.exact_keys[self.question_rows]
        self._exact_order = np.argsort(keys, kind="stable")
        self._exact_keys = keys[self._exact_order]
        numbers = parts.vocabulary.numbers
        self.question_lexical = LexicalIndex(parts.question_postings, numbers, len(self.question_rows))
        self.answer_lexical = LexicalIndex(parts.answer_postings, numbers, len(self.answer_rows))
        self._has_language = np.zeros((len(parts.languages), len(parts.article_ids)), np.bool_)
        self._has_language[self.language_of_question, self.article_of_question] = True
        self._foreign: dict[tuple[str, ...], NDArray[np.bool_]] = {}
        self.ordinals = {id: ordinal for ordinal, id in enumerate(parts.article_ids)}
        self.own_words = OwnWords(parts.article_lines, parts.article_offsets, len(self.question_rows))
        # The caches know the parts, not this object: it must be gone as soon as nobody searches it.
        self._articles = lru_cache(maxsize=16_384)(partial(_read_article, parts))
        self._filters = lru_cache(maxsize=64)(
            partial(_make_filter, _Filterable(parts), self.article_of_question, self.article_of_answer)
        )

    @property
    def count(self) -> int:
        """How many articles there are."""
        return len(self.parts.article_ids)

    @property
    def number(self) -> int:
        """The number customers' receipts name."""
        return self.manifest.number

    def with_attachments(self, attachments: Mapping[str, bytes]) -> Generation:
        """Return the same generation with these attachments and no others; everything else is shared."""
        other = copy.copy(self)
        other.attachments = dict(attachments)
        return other

    def article(self, ordinal: int) -> Article:
        """Return the article at a position in ``article_ids``, as it was when this was built."""
        return self._articles(ordinal)

    def find(self, article_id: str) -> Article | None:
        """Return an article by id, or None."""
        ordinal = self.ordinals.get(article_id)
        return None if ordinal is None else self.article(ordinal)

    def question_embeddings(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the embeddings of some of the questions, (rows, dimensions)."""
        found = self.parts.question_dense.embeddings(rows)
        return self.parts.embeddings[self.question_rows[rows]].astype(np.float32) if found is None else found

    def exact(self, normal_form: str) -> NDArray[np.int64]:
        """Return the rows among the questions of those that are this very question, by its normal form."""
        key = np.uint64(exact_key(normal_form))
        start = end = int(np.searchsorted(self._exact_keys, key))
        while end < len(self._exact_keys) and self._exact_keys[end] == key:
            end += 1
        return self._exact_order[start:end]

    def is_foreign(self, languages: tuple[str, ...]) -> NDArray[np.bool_]:
        """Tell of every article, (articles,), whether it has no text in any of the languages; of none, that it has."""
        known = self._foreign.get(languages)
        if known is not None:
            return known
        bases = {language.split("-")[0] for language in languages}
        numbers = [n for n, own in enumerate(self.parts.languages) if not bases or own.split("-")[0] in bases]
        foreign = np.ones(len(self.parts.article_ids), np.bool_)
        foreign[self._has_language[numbers].any(axis=0)] = False
        if len(self._foreign) >= _REMEMBERED:
            self._foreign.clear()
        self._foreign[languages] = foreign
        return foreign

    def filter(self, tags: frozenset[str], day: date) -> Filter | None:
        """Return what carries all the tags and is valid on the day; None where that is everything."""
        return self._filters(tags, day)

    @classmethod
    def load(cls, folder: Path) -> Generation:
        """Load a generation, checking every file against the manifest; raises GenerationDamagedError."""
        manifest = Manifest.read(folder)
        try:
            for name, expected in manifest.files.items():
                path = folder / name
                size = path.stat().st_size if path.exists() else -1
                if size != expected["bytes"] or _sha256(path) != expected["sha256"]:
                    came = "is missing" if size < 0 else f"has {size:,} bytes, or other ones than were written"
                    raise _damage(manifest, name, f"{came} (expected {expected['bytes']:,} bytes)")
            attachments = {name: read_attachment(folder, manifest, name) for name in manifest.attachments}
            return cls(manifest, _read_parts(folder, manifest), attachments)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, EOFError, BadZipFile) as error:
            raise GenerationDamagedError(
                f"Generation {manifest.number} cannot be read ({error}). "
                "Run `faq rollback`, or `faq build` to make a new one."
            ) from error


def _damage(manifest: Manifest, name: str, came: str) -> GenerationDamagedError:
    return GenerationDamagedError(
        f"Generation {manifest.number} is damaged: {name} {came}. Run `faq rollback`, or `faq build` to make a new one."
    )


def article_line(article: Article) -> bytes:
    """Return an article as one line of JSON, revision included."""
    return orjson.dumps({**article.content(), "revision": article.revision}) + b"\n"


def _read_article(parts: Parts, ordinal: int) -> Article:
    start, end = parts.article_offsets[ordinal : ordinal + 2]
    fields = orjson.loads(parts.article_lines[start:end])
    return restore_article(fields, revision=fields["revision"])


class _Filterable:
    """What filters ask of every article: its tags, and the days it is valid on."""

    def __init__(self, parts: Parts) -> None:
        self.count = len(parts.article_ids)
        self.carriers: dict[str, list[int]] = {}
        for ordinal, tags in enumerate(parts.article_tags):
            for tag in tags:
                self.carriers.setdefault(tag, []).append(ordinal)
        starts, ends = zip(*parts.article_validity, strict=True)
        self.first_days = np.array([_day(start, date.min) for start in starts], np.int32)
        self.last_days = np.array([_day(end, date.max) for end in ends], np.int32)


def _day(iso: str | None, otherwise: date) -> int:
    return (date.fromisoformat(iso) if iso else otherwise).toordinal()


def _make_filter(
    known: _Filterable,
    article_of_question: NDArray[np.int32],
    article_of_answer: NDArray[np.int32],
    tags: frozenset[str],
    day: date,
) -> Filter | None:
    articles = (known.first_days <= day.toordinal()) & (day.toordinal() <= known.last_days)
    for tag in tags:
        carrying = np.zeros(known.count, np.bool_)
        carrying[known.carriers.get(tag, [])] = True
        articles &= carrying
    if articles.all():
        return None
    return Filter(articles, _allowed(articles[article_of_question]), _allowed(articles[article_of_answer]))


def _allowed(rows: NDArray[np.bool_]) -> Allowed:
    return Allowed(rows, np.packbits(rows, bitorder="little"))


def _read_parts(folder: Path, manifest: Manifest) -> Parts:
    table = orjson.loads((folder / "articles.json").read_bytes())
    arrays = {
        name: np.load(folder / f"{name}.npy", mmap_mode="r" if name == "embeddings" else None) for name in _ARRAYS
    }
    answers = manifest.passages - manifest.questions
    if _CENTROIDS in manifest.files:
        centroids = Centroids.read(folder / _CENTROIDS, manifest.articles)
    else:  # built before there were any
        is_question = arrays["kinds"] != PassageKind.ANSWER
        centroids = centroids_of(arrays["embeddings"], is_question, arrays["article_starts"])
    return Parts(
        article_ids=tuple(table["ids"]),
        article_versions=tuple(table["versions"]),
        article_tags=tuple(map(tuple, table["tags"])),
        article_validity=tuple((start, end) for start, end in table["validity"]),
        article_lines=_mapped(folder / "articles.jsonl"),
        languages=tuple(table["languages"]),
        vocabulary=Vocabulary(orjson.loads((folder / "vocabulary.json").read_bytes())),
        term_rows=TermRows(**_arrays(folder / "term_rows.npz")),
        question_postings=Postings(**_arrays(folder / "question_postings.npz")),
        answer_postings=Postings(**_arrays(folder / "answer_postings.npz")),
        question_dense=DenseIndex.read(folder / "questions.faiss", manifest.questions),
        answer_dense=DenseIndex.read(folder / "answers.faiss", answers),
        centroids=centroids,
        **arrays,
    )


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(path) as archive:
        return dict(archive)


def _mapped(path: Path) -> bytes:
    with path.open("rb") as file:
        # A map slices like bytes, and only the lines that are read come into memory.
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)  # type: ignore[return-value]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
