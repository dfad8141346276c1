"""Attachments: small files of later rooms that belong to a generation."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from index import generations as generations_module
from index.builder import Progress, build
from index.encoders import Encoders
from index.errors import GenerationDamagedError, GenerationNotFoundError
from index.follower import Follower
from index.generation import MANIFEST, PART_FILES, Generation, Manifest
from index.generations import Generations, IndexStorageError
from index.searcher import Searcher
from tests.index.finding import SHOP, Articles, TrigramEncoder, faq
from tests.index.test_generations import damage, names

NOTE = {"note.json": b'{"a":1}'}


@pytest.fixture
def articles() -> Articles:
    return Articles(*SHOP)


def attached(
    generations: Generations, articles: Articles, attachments: Mapping[str, bytes] = NOTE, **options: Any
) -> Manifest:
    return build(generations, articles, TrigramEncoder(), attach=lambda made: attachments, **options).manifest


def hits(generation: Generation) -> list[tuple[str, float]]:
    found = Searcher(generation, TrigramEncoder()).search("return policy", languages=["en"]).hits
    return [(hit.article.id, hit.score) for hit in found]


class TestOfABuild:
    def test_are_given_back_with_the_generation(self, generations: Generations, articles: Articles) -> None:
        made = attached(generations, articles, {"b.json": b"", "a.json": b"\x00\xff"})
        assert made.attachments == ("a.json", "b.json")
        assert generations.load_active().attachments == {"a.json": b"\x00\xff", "b.json": b""}
        assert generations.attachment(1, "a.json") == b"\x00\xff"
        assert generations.attachment(1, "none.json") is None
        with pytest.raises(GenerationNotFoundError):
            generations.attachment(2, "a.json")

    def test_are_none_where_nobody_attaches_any(self, generations: Generations, articles: Articles) -> None:
        build(generations, articles, TrigramEncoder())
        assert generations.load_active().attachments == {}
        assert set(Manifest.read(generations.path(1)).files) == PART_FILES
        assert generations.attachment(1, MANIFEST) is None
        assert generations.attachment(1, "kinds.npy") is None

    def test_are_made_of_the_very_generation_that_is_published(
        self, generations: Generations, articles: Articles
    ) -> None:
        seen: list[tuple[int, list[tuple[str, float]], list[int]]] = []

        def attach(made: Generation) -> Mapping[str, bytes]:
            seen.append((made.number, hits(made), [one.number for one in generations.manifests()]))
            return NOTE

        build(generations, articles, TrigramEncoder(), attach=attach)
        assert seen == [(1, hits(generations.load(1)), [])]

    def test_that_are_as_they_were_leave_nothing_to_do(self, generations: Generations, articles: Articles) -> None:
        attached(generations, articles)
        again = build(generations, articles, TrigramEncoder(), attach=lambda made: dict(NOTE))
        assert (again.is_new, again.manifest.number) == (False, 1)
        assert build(generations, articles, TrigramEncoder()).is_new is False

    def test_that_are_others_make_a_generation_of_the_same_files(
        self, generations: Generations, articles: Articles
    ) -> None:
        first = attached(generations, articles)
        given: list[int] = []

        def attach(made: Generation) -> Mapping[str, bytes]:
            given.append(made.number)
            return {"note.json": b"other"}

        encoder = TrigramEncoder()
        second = build(generations, articles, encoder, attach=attach)
        assert (given, second.is_new, second.is_active, dict(encoder.encoded)) == ([1], True, True, {})
        assert second.manifest.number == 2
        assert second.manifest.knowledge_digest == first.knowledge_digest
        assert generations.load_active().attachments == {"note.json": b"other"}
        assert generations.load(1).attachments == NOTE

    def test_that_cannot_be_made_leave_nothing(self, generations: Generations, articles: Articles) -> None:
        attached(generations, articles)
        before = names(generations)
        articles.put(faq("new", en=("New?", "Yes.")))

        def fail(made: Generation) -> Mapping[str, bytes]:
            raise RuntimeError("no")

        with pytest.raises(RuntimeError):
            build(generations, articles, TrigramEncoder(), attach=fail)
        assert names(generations) == before
        assert not generations.is_building()

    def test_come_before_the_last_report_which_may_call_the_build_off(
        self, generations: Generations, articles: Articles
    ) -> None:
        stages: list[str] = []

        def report(progress: Progress) -> None:
            stages.append(progress.stage)

        def attach(made: Generation) -> Mapping[str, bytes]:
            stages.append("attaching")
            return NOTE

        build(generations, articles, TrigramEncoder(), report=report, attach=attach)
        assert stages[-2:] == ["attaching", "writing"]

    @pytest.mark.parametrize(
        "name",
        ["", "kinds.npy", MANIFEST, "../x.json", "a/b.json", ".hidden.json", "a.b.json", "x", "é.json", "a.json\n"],
    )
    def test_have_a_name_of_their_own(self, generations: Generations, articles: Articles, name: str) -> None:
        with pytest.raises(ValueError, match="no name for an attachment"):
            attached(generations, articles, {name: b""})
        assert names(generations) == []


class TestDamage:
    def test_is_seen(self, generations: Generations, articles: Articles) -> None:
        attached(generations, articles)
        path = generations.path(1) / "note.json"
        damage(path)
        for look in (lambda: generations.load(1), lambda: generations.attachment(1, "note.json")):
            with pytest.raises(GenerationDamagedError, match=r"note\.json"):
                look()
        path.unlink()
        for look in (lambda: generations.load(1), lambda: generations.attachment(1, "note.json")):
            with pytest.raises(GenerationDamagedError, match=r"note\.json"):
                look()


class TestDerive:
    def test_shares_the_files_and_answers_alike(self, generations: Generations, articles: Articles) -> None:
        attached(generations, articles)
        made = generations.derive(1, {"other.json": b"2"})
        assert (made.number, made.encoded, made.attachments) == (2, 0, ("other.json",))
        assert generations.load_active().number == 1, "deriving is not activating"
        first, second = generations.load(1), generations.load(2)
        assert second.attachments == {"other.json": b"2"}
        assert hits(first) == hits(second)
        for name in PART_FILES:
            assert (generations.path(1) / name).samefile(generations.path(2) / name)
        assert not (generations.path(2) / "note.json").exists()

    def test_outlives_what_it_was_derived_from(self, generations: Generations, articles: Articles) -> None:
        attached(generations, articles)
        generations.derive(1, {})
        generations.activate(2)
        for _ in range(6):
            generations.derive(2, {})
        (generations.folder / "active.json").write_bytes(
            b'{"generation":2,"previous":[],"activated_at":"2030-01-01T00:00:00Z"}'
        )
        assert 1 in generations.prune()
        assert hits(generations.load(2))

    def test_copies_where_nothing_can_be_linked(
        self, generations: Generations, articles: Articles, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        attached(generations, articles)

        def refuse(*paths: Path) -> None:
            raise OSError(errno.EPERM, "no links here")

        monkeypatch.setattr(generations_module.os, "link", refuse)
        generations.derive(1, {})
        assert not (generations.path(1) / "kinds.npy").samefile(generations.path(2) / "kinds.npy")
        assert hits(generations.load(1)) == hits(generations.load(2))

    def test_of_what_is_not_there_or_not_whole_is_refused(self, generations: Generations, articles: Articles) -> None:
        with pytest.raises(GenerationNotFoundError):
            generations.derive(1, {})
        attached(generations, articles)
        (generations.path(1) / "digests.npy").unlink()
        with pytest.raises(GenerationDamagedError, match=r"digests\.npy is missing"):
            generations.derive(1, {})
        (generations.path(1) / MANIFEST).write_bytes(b"{}")
        with pytest.raises(GenerationDamagedError):
            generations.derive(1, {})
        assert names(generations) == ["000001", "active.json"]

    def test_of_what_was_damaged_is_damaged_too(self, generations: Generations, articles: Articles) -> None:
        attached(generations, articles)
        damage(generations.path(1) / "embeddings.npy")
        generations.derive(1, {})
        with pytest.raises(GenerationDamagedError):
            generations.activate(2)

    def test_leaves_nothing_where_the_disk_is_full(
        self, generations: Generations, articles: Articles, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        attached(generations, articles)

        def full(source: Path, target: Path) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(generations_module.os, "link", full)
        monkeypatch.setattr(generations_module.shutil, "copyfile", full)
        with pytest.raises(IndexStorageError, match="No space left"):
            generations.derive(1, {})
        assert names(generations) == ["000001", "active.json"]

    def test_is_followed_like_any_other(self, generations: Generations, articles: Articles) -> None:
        attached(generations, articles)
        follower = Follower(generations, Encoders(lambda name: TrigramEncoder()))
        follower.refresh()
        generations.activate(generations.derive(1, {"other.json": b"2"}).number)
        assert follower.refresh()
        assert follower.searcher.generation.attachments == {"other.json": b"2"}


def test_a_generation_with_other_attachments_shares_everything_else(
    generations: Generations, articles: Articles
) -> None:
    attached(generations, articles)
    first = generations.load(1)
    second = first.with_attachments({"x.json": b"x"})
    assert (first.attachments, second.attachments) == (NOTE, {"x.json": b"x"})
    assert second.parts is first.parts
    assert hits(first) == hits(second)
