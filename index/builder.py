"""Builds a generation from the articles, doing again only what changed.

An article whose content is as it was keeps its passages, embeddings and terms; of a changed one, only
passages whose language and content are new are encoded. Other rules of analysis keep the embeddings
alone; another encoder starts from nothing.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from index.analysis import analysis_id, normal_form, terms
from index.dense import DenseIndex
from index.encoding import Encoder, Kind
from index.errors import GenerationDamagedError, GenerationNotFoundError, NoGenerationError, NothingToBuildError
from index.generation import METRIC, Generation, Manifest, Parts, article_line, centroids_of, exact_key
from index.generations import Generations
from index.lexical import TermRows, Vocabulary, invert
from index.passages import Passage, PassageKind, passages
from knowledge.article import Article, knowledge_digest
from knowledge.database import now
from knowledge.store import ArticleVersion

_ENCODE_BATCH = 1_024  # passages between two reports of progress
_FETCH_BATCH = 500  # articles read from the store at once


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a build has come; ``total`` is 0 while it is not known."""

    stage: str  # reading, encoding, indexing, writing; further ones of what is attached
    done: int
    total: int


Report = Callable[[Progress], None]
Attach = Callable[[Generation], Mapping[str, bytes]]
_Item = TypeVar("_Item", bound=np.generic)


class ArticleSource(Protocol):
    """Where the articles come from; ``knowledge.store.ArticleStore`` is one."""

    def versions(self) -> Sequence[ArticleVersion]:
        """Return what identifies every article's present content, in the order of ids."""

    def get_many(self, ids: Sequence[str]) -> Mapping[str, Article]:
        """Return those of the articles that exist, by id."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildResult:
    """What came of a build."""

    manifest: Manifest
    is_new: bool  # False when the active generation already was exactly this
    is_active: bool

    @property
    def gate(self) -> None:
        """The report of the gate it went through: none, there is no gate in this room."""
        return None


def build(
    generations: Generations,
    source: ArticleSource,
    encoder: Encoder,
    *,
    report: Report = lambda progress: None,
    activate: bool = True,
    from_scratch: bool = False,
    attach: Attach = lambda generation: generation.attachments,
    load_active: Callable[[], Generation] | None = None,
) -> BuildResult:
    """Build a generation of all articles and, by default, make it the one that answers.

    ``attach`` is given the generation before it is on the disk, and returns what is attached to it; where the
    articles are those of the active generation it is given that one, and other attachments than it has make a
    generation that shares its files. ``report`` is called often. What either raises stops the build and
    leaves nothing behind. ``load_active`` gives the active generation where the caller has it in memory
    already, and raises what ``Generations.load_active`` does.

    Raises BuildRunningError, NothingToBuildError, IndexStorageError, EncoderError, DatabaseError.
    """
    with generations.build_lock():
        started = time.perf_counter()
        active = _active(load_active or generations.load_active)
        encoded_before = None if from_scratch or active is None or not _is_of(active, encoder) else active
        previous = encoded_before if encoded_before and encoded_before.manifest.analysis == analysis_id() else None
        draft, digest = _read(source, previous, report)
        if previous is not None and previous.manifest.knowledge_digest == digest:
            attachments = attach(previous)
            if attachments == previous.attachments:
                return BuildResult(manifest=previous.manifest, is_new=False, is_active=True)
            report(Progress(stage="writing", done=0, total=1))
            manifest = generations.derive(previous.number, attachments)
        else:
            parts, encoded = _assemble(draft, encoder, previous, encoded_before, report)
            made = Manifest(
                number=generations.next_number(),
                created_at=now(),
                encoder=encoder.id,
                encoder_digest=encoder.digest,
                dimensions=encoder.dimensions,
                metric=METRIC,
                analysis=analysis_id(),
                knowledge_digest=digest,
                articles=len(parts.article_ids),
                passages=len(parts.kinds),
                questions=int((parts.kinds != PassageKind.ANSWER).sum()),
                languages=_articles_per_language(parts),
                encoded=encoded,
                seconds=round(time.perf_counter() - started, 3),
            )
            attachments = attach(Generation(made, parts))
            # The last report: what it raises must not call off a generation that answers already.
            report(Progress(stage="writing", done=0, total=1))
            manifest = generations.publish(parts, made, attachments)
        if activate:
            generations.activate(manifest.number)
        generations.prune()
        return BuildResult(manifest=manifest, is_new=True, is_active=activate)


def _active(load: Callable[[], Generation]) -> Generation | None:
    try:
        return load()
    except (NoGenerationError, GenerationDamagedError, GenerationNotFoundError):
        return None


def _is_of(generation: Generation, encoder: Encoder) -> bool:
    manifest = generation.manifest
    theirs = (manifest.encoder, manifest.encoder_digest, manifest.dimensions)
    return theirs == (encoder.id, encoder.digest, encoder.dimensions)


@dataclass(slots=True)
class _Draft:
    """The articles of a build: ``rows`` are passages of the previous generation, then new ones."""

    ids: list[str]
    versions: list[str]
    tags: list[tuple[str, ...]]
    validity: list[tuple[str | None, str | None]]
    lines: list[bytes]
    rows: list[NDArray[np.int64]]
    new: list[Passage]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Passages:
    """What is kept of passages, row by row; of a previous generation, or of none."""

    languages: tuple[str, ...]
    vocabulary: Vocabulary
    term_rows: TermRows
    kinds: NDArray[np.uint8]
    passage_languages: NDArray[np.uint16]
    digests: NDArray[np.uint8]
    embeddings: NDArray[np.float16]
    exact_keys: NDArray[np.uint64]

    @classmethod
    def of(cls, previous: Generation | None, dimensions: int) -> _Passages:
        if previous is not None:
            return cls(**{field.name: getattr(previous.parts, field.name) for field in fields(cls)})
        return cls(
            languages=(),
            vocabulary=Vocabulary(),
            term_rows=TermRows(starts=np.zeros(1, np.int64), ids=np.empty(0, np.int32)),
            kinds=np.empty(0, np.uint8),
            passage_languages=np.empty(0, np.uint16),
            digests=np.empty((0, 16), np.uint8),
            embeddings=np.empty((0, dimensions), np.float16),
            exact_keys=np.empty(0, np.uint64),
        )


def _assemble(
    draft: _Draft, encoder: Encoder, previous: Generation | None, encoded_before: Generation | None, report: Report
) -> tuple[Parts, int]:
    old = _Passages.of(previous, encoder.dimensions)
    new, count, old_count = draft.new, len(draft.new), len(old.kinds)
    rows = np.concatenate(draft.rows)

    def pooled(old_column: NDArray[_Item], new_column: NDArray[_Item]) -> NDArray[_Item]:
        return np.concatenate([old_column, new_column])[rows]

    kinds = pooled(old.kinds, np.fromiter((passage.kind for passage in new), np.uint8, count))
    digests = np.frombuffer(b"".join(passage.digest() for passage in new), np.uint8).reshape(-1, 16)
    vocabulary = Vocabulary(old.vocabulary.numbers)
    new_terms = [vocabulary.row(terms(passage.content, passage.language)) for passage in new]
    vocabulary, term_rows = _compacted(vocabulary, _joined(old.term_rows, new_terms).take(rows))
    languages, passage_languages = _languages(old, new, rows)
    made, encoded = _encoded(encoder, encoded_before, new, digests, report)
    embeddings = pooled(old.embeddings, made)

    report(Progress(stage="indexing", done=0, total=len(rows)))
    is_question = kinds != PassageKind.ANSWER
    arms: dict[str, Any] = {}
    for arm, arm_rows in (("question", np.flatnonzero(is_question)), ("answer", np.flatnonzero(~is_question))):
        vectors = embeddings[arm_rows].astype(np.float32)
        extended = None
        if previous is not None:
            sources = np.full(old_count + count, -1)
            old_rows = getattr(previous, f"{arm}_rows")
            sources[old_rows] = np.arange(len(old_rows))
            extended = getattr(previous.parts, f"{arm}_dense").extended(sources[rows[arm_rows]], vectors)
        arms[f"{arm}_dense"] = extended or DenseIndex.build(vectors)
        arms[f"{arm}_postings"] = invert(term_rows.take(arm_rows), len(vocabulary))
    starts = _starts([len(part) for part in draft.rows])
    parts = Parts(
        article_ids=tuple(draft.ids),
        article_versions=tuple(draft.versions),
        article_tags=tuple(draft.tags),
        article_validity=tuple(draft.validity),
        article_lines=b"".join(draft.lines),
        article_offsets=_starts([len(line) for line in draft.lines]),
        article_starts=starts,
        kinds=kinds,
        languages=languages,
        passage_languages=passage_languages,
        digests=pooled(old.digests, digests),
        embeddings=embeddings,
        vocabulary=vocabulary,
        term_rows=term_rows,
        exact_keys=pooled(old.exact_keys, np.fromiter(map(_exact_key, new), np.uint64, count)),
        centroids=centroids_of(embeddings, is_question, starts),
        **arms,
    )
    report(Progress(stage="indexing", done=len(rows), total=len(rows)))
    return parts, encoded


def _read(source: ArticleSource, previous: Generation | None, report: Report) -> tuple[_Draft, str]:
    versions = source.versions()
    old = previous.parts if previous else None
    known = dict(zip(old.article_ids, old.article_versions, strict=True)) if old else {}
    changed = [
        version.id for version in versions if known.get(version.id) != _version(version.digest, version.revision)
    ]
    # An article edited meanwhile is taken as it is now, one deleted meanwhile is left out.
    fresh = _fetched(source, changed, report)
    lost = set(changed).difference(fresh)
    wanted = [version.id for version in versions if version.id not in lost]
    if not wanted:
        raise NothingToBuildError("There is no article to index. Import some first: faq import FILE")
    draft = _Draft([], [], [], [], [], [], [])
    digests: list[tuple[str, str]] = []
    by_id = {version.id: version.digest for version in versions}
    next_row = len(old.kinds) if old else 0
    for id in wanted:
        draft.ids.append(id)
        article = fresh.get(id)
        if article is not None:
            made = passages(article)
            digest = article.digest()
            draft.versions.append(_version(digest, article.revision))
            draft.tags.append(article.tags)
            draft.validity.append(
                (
                    article.valid_from.isoformat() if article.valid_from else None,
                    article.valid_until.isoformat() if article.valid_until else None,
                )
            )
            draft.lines.append(article_line(article))
            draft.rows.append(np.arange(next_row, next_row + len(made)))
            draft.new.extend(made)
            next_row += len(made)
        else:
            assert previous is not None
            assert old is not None
            place = previous.ordinals[id]
            digest = by_id[id]
            draft.versions.append(old.article_versions[place])
            draft.tags.append(old.article_tags[place])
            draft.validity.append(old.article_validity[place])
            draft.lines.append(old.article_lines[old.article_offsets[place] : old.article_offsets[place + 1]])
            draft.rows.append(np.arange(old.article_starts[place], old.article_starts[place + 1]))
        digests.append((id, digest))
    return draft, knowledge_digest(digests)


def _fetched(source: ArticleSource, ids: Sequence[str], report: Report) -> dict[str, Article]:
    fresh: dict[str, Article] = {}
    for start in range(0, len(ids), _FETCH_BATCH):
        report(Progress(stage="reading", done=start, total=len(ids)))
        fresh.update(source.get_many(ids[start : start + _FETCH_BATCH]))
    report(Progress(stage="reading", done=len(ids), total=len(ids)))
    return fresh


def _encoded(
    encoder: Encoder,
    before: Generation | None,
    new: Sequence[Passage],
    new_digests: NDArray[np.uint8],
    report: Report,
) -> tuple[NDArray[np.float16], int]:
    """Return the embeddings of new passages, (new, dimensions), and how many had to be encoded."""
    made = np.zeros((len(new), encoder.dimensions), np.float16)
    known = {digest.tobytes(): row for row, digest in enumerate(before.parts.digests)} if new and before else {}
    first: dict[bytes, int] = {}
    repeats: list[tuple[int, int]] = []
    for number, digest in enumerate(new_digests):
        key = digest.tobytes()
        if before is not None and key in known:
            made[number] = before.parts.embeddings[known[key]]
        elif first.setdefault(key, number) != number:
            repeats.append((number, first[key]))
    todo = list(first.values())
    for kind in ("question", "passage"):
        _encode_kind(
            encoder, kind, [number for number in todo if _kind(new[number]) == kind], new, made, len(todo), report
        )
    for number, same in repeats:
        made[number] = made[same]
    return made, len(todo)


def _encode_kind(
    encoder: Encoder,
    kind: Kind,
    numbers: list[int],
    new: Sequence[Passage],
    made: NDArray[np.float16],
    total: int,
    report: Report,
) -> None:
    before = 0 if kind == "question" else total - len(numbers)
    numbers = sorted(numbers, key=lambda number: len(new[number].content))  # alike lengths share a batch
    for start in range(0, len(numbers), _ENCODE_BATCH):
        report(Progress(stage="encoding", done=before + start, total=total))
        batch = numbers[start : start + _ENCODE_BATCH]
        made[batch] = encoder.encode([new[number].content for number in batch], kind=kind)
    report(Progress(stage="encoding", done=before + len(numbers), total=total))


def _kind(passage: Passage) -> Kind:
    return "passage" if passage.kind is PassageKind.ANSWER else "question"


def _joined(old: TermRows, new: list[list[int]]) -> TermRows:
    starts = _starts([len(row) for row in new])
    ids = np.fromiter((number for row in new for number in row), np.int32, int(starts[-1]))
    return TermRows(
        starts=np.concatenate([old.starts, old.starts[-1] + starts[1:]]), ids=np.concatenate([old.ids, ids])
    )


def _compacted(vocabulary: Vocabulary, rows: TermRows) -> tuple[Vocabulary, TermRows]:
    """Give terms the numbers a build from scratch would, by their first use; drop those no passage has."""
    first = np.full(len(vocabulary), len(rows.ids))
    first[rows.ids[::-1]] = np.arange(len(rows.ids))[::-1]  # the last one written is the first use
    order = np.argsort(first, kind="stable")[: int((first < len(rows.ids)).sum())]
    known = list(vocabulary.numbers)
    renumbered = np.empty(len(vocabulary), np.int32)
    renumbered[order] = np.arange(len(order))
    return Vocabulary(known[number] for number in order), TermRows(starts=rows.starts, ids=renumbered[rows.ids])


def _languages(
    old: _Passages, new: Sequence[Passage], rows: NDArray[np.int64]
) -> tuple[tuple[str, ...], NDArray[np.uint16]]:
    """Return the languages in use, sorted, and the number among them of every row's."""
    pool = dict.fromkeys((*old.languages, *(passage.language for passage in new)))
    numbers = {language: number for number, language in enumerate(pool)}
    new_numbers = np.fromiter((numbers[passage.language] for passage in new), np.uint16, len(new))
    of_row = np.concatenate([old.passage_languages, new_numbers])[rows]
    used = set(np.unique(of_row).tolist())
    languages = tuple(sorted(language for language, number in numbers.items() if number in used))
    renumbered = np.zeros(len(pool), np.uint16)
    for place, language in enumerate(languages):
        renumbered[numbers[language]] = place
    return languages, renumbered[of_row]


def _starts(lengths: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)


def _exact_key(passage: Passage) -> int:
    return 0 if passage.kind is PassageKind.ANSWER else exact_key(normal_form(passage.content))


def _version(digest: str, revision: int) -> str:
    return f"{revision}:{digest}"


def _articles_per_language(parts: Parts) -> dict[str, int]:
    article_of = np.repeat(np.arange(len(parts.article_ids)), np.diff(parts.article_starts))
    pairs = np.unique(np.stack([article_of, parts.passage_languages]), axis=1)
    counts = Counter(parts.languages[number] for number in pairs[1].tolist())
    return dict(sorted(counts.items()))
