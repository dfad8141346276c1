from __future__ import annotations

import errno
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from index import generation as generation_module
from index import generations as generations_module
from index.builder import build
from index.errors import (
    BuildRunningError,
    GenerationDamagedError,
    GenerationNotFoundError,
    NoGenerationError,
    NothingToRollBackError,
)
from index.generation import FORMAT, MANIFEST, Generation, Manifest
from index.generations import Generations, IndexStorageError
from tests.index.finding import SHOP, Articles, TrigramEncoder, faq

FILES = [
    "answer_postings.npz",
    "answers.faiss",
    "article_offsets.npy",
    "article_starts.npy",
    "articles.json",
    "articles.jsonl",
    "centroids.npz",
    "digests.npy",
    "embeddings.npy",
    "exact_keys.npy",
    "kinds.npy",
    "passage_languages.npy",
    "question_postings.npz",
    "questions.faiss",
    "term_rows.npz",
    "vocabulary.json",
]


@pytest.fixture
def fill(generations: Generations) -> Callable[[int], None]:
    """Return what builds and activates a number of generations, one more article in each."""

    def make(count: int) -> None:
        articles = Articles(*SHOP)
        for number in range(count):
            articles.put(faq(f"extra{number}", en=(f"Extra {number}?", "Yes.")))
            build(generations, articles, TrigramEncoder())

    return make


def names(generations: Generations) -> list[str]:
    return sorted(path.name for path in generations.folder.iterdir() if not path.name.endswith(".lock"))


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)


class TestManifest:
    def test_says_what_the_generation_is_made_of(self, generations: Generations) -> None:
        articles, encoder = Articles(*SHOP), TrigramEncoder()
        build(generations, articles, encoder)
        manifest = Manifest.read(generations.path(1))
        assert (manifest.number, manifest.format) == (1, FORMAT)
        assert (manifest.encoder, manifest.encoder_digest, manifest.dimensions) == ("trigrams", encoder.digest, 32)
        assert (manifest.articles, manifest.passages, manifest.questions, manifest.encoded) == (4, 19, 13, 19)
        assert manifest.languages == {"de": 1, "en": 3, "ru": 2}
        assert "inner_product" in manifest.metric
        assert datetime.now(UTC) - manifest.created_at < timedelta(minutes=1)
        assert 0 < manifest.seconds < 60
        assert sorted(manifest.files) == FILES
        assert manifest.files["kinds.npy"]["bytes"] == (generations.path(1) / "kinds.npy").stat().st_size

    def test_is_read_as_it_was_written(self, generations: Generations) -> None:
        made = build(generations, Articles(*SHOP), TrigramEncoder()).manifest
        assert Manifest.read(generations.path(1)) == made
        assert generations.manifests() == [made]

    def test_names_an_encoder_in_any_script(self, generations: Generations) -> None:
        build(generations, Articles(*SHOP), TrigramEncoder("./мадэлі/модель 🙂"))
        assert generations.load(1).manifest.encoder == "./мадэлі/модель 🙂"

    def test_of_another_format_says_to_build(self, generations: Generations, fill: Callable[[int], None]) -> None:
        fill(1)
        path = generations.path(1) / MANIFEST
        path.write_bytes(orjson.dumps({**orjson.loads(path.read_bytes()), "format": 99}))
        with pytest.raises(GenerationDamagedError, match=rf"format 99, expected {FORMAT}.*Run `faq build`"):
            generations.load(1)

    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"7", b'{"format": 2}', b"\xff\xfe", b'"x"'])
    def test_that_is_none_is_damage(
        self, generations: Generations, fill: Callable[[int], None], content: bytes
    ) -> None:
        fill(1)
        (generations.path(1) / MANIFEST).write_bytes(content)
        with pytest.raises(GenerationDamagedError, match="no readable manifest"):
            generations.load(1)
        assert generations.manifests() == []

    def test_of_another_generation_is_damage(self, generations: Generations, fill: Callable[[int], None]) -> None:
        fill(2)
        (generations.path(2) / MANIFEST).write_bytes((generations.path(1) / MANIFEST).read_bytes())
        with pytest.raises(GenerationDamagedError):
            generations.load(2)


class TestDamage:
    @pytest.mark.parametrize("name", [*FILES, MANIFEST])
    def test_a_flipped_bit_is_seen_in_any_file(
        self, generations: Generations, fill: Callable[[int], None], name: str
    ) -> None:
        fill(1)
        damage(generations.path(1) / name)
        with pytest.raises(GenerationDamagedError, match=r"Run `faq "):
            generations.load(1)

    @pytest.mark.parametrize("name", [*FILES, MANIFEST])
    def test_a_missing_or_truncated_file_is_seen(
        self, generations: Generations, fill: Callable[[int], None], name: str
    ) -> None:
        fill(1)
        path = generations.path(1) / name
        content = path.read_bytes()
        path.write_bytes(content[:-1])
        with pytest.raises(GenerationDamagedError):
            generations.load(1)
        path.unlink()
        with pytest.raises(GenerationDamagedError):
            generations.load(1)
        path.mkdir()
        with pytest.raises(GenerationDamagedError):
            generations.load(1)

    def test_says_which_file_and_what_to_do(self, generations: Generations, fill: Callable[[int], None]) -> None:
        fill(1)
        (generations.path(1) / "digests.npy").unlink()
        with pytest.raises(GenerationDamagedError) as caught:
            generations.load(1)
        assert "Generation 1 is damaged: digests.npy is missing" in str(caught.value)
        assert "Run `faq rollback`, or `faq build`" in str(caught.value)

    def test_every_bit_of_the_manifest_counts(self, generations: Generations, fill: Callable[[int], None]) -> None:
        fill(1)
        path = generations.path(1) / MANIFEST
        content = path.read_bytes()
        # White space may change: the manifest says the same then.
        letters = [place for place, byte in enumerate(content) if byte not in b" \n"]
        for place in letters[:: len(letters) // 150]:
            flipped = bytearray(content)
            flipped[place] ^= 0x01
            path.write_bytes(flipped)
            with pytest.raises(GenerationDamagedError):
                Manifest.read(generations.path(1))

    def test_that_no_digest_shows_is_damage_and_no_crash(
        self, generations: Generations, fill: Callable[[int], None]
    ) -> None:
        fill(1)
        folder = generations.path(1)
        (folder / "questions.faiss").write_bytes(b"no index at all")
        (folder / "term_rows.npz").write_bytes(b"")
        path = folder / MANIFEST
        fields = orjson.loads(path.read_bytes())
        del fields["seal"]
        for name in ("questions.faiss", "term_rows.npz"):
            fields["files"][name] = {
                "bytes": (folder / name).stat().st_size,
                "sha256": generation_module._sha256(folder / name),
            }
        path.write_bytes(orjson.dumps({**fields, "seal": generation_module._seal(fields)}))
        with pytest.raises(GenerationDamagedError, match="cannot be read"):
            generations.load(1)


class TestPointer:
    def test_is_none_before_the_first_activation(self, generations: Generations) -> None:
        assert generations.pointer() is None
        assert generations.signature() is None
        assert generations.manifests() == []
        with pytest.raises(NoGenerationError, match="faq build"):
            generations.load_active()
        assert not generations.folder.exists()

    def test_remembers_what_answered_before(self, generations: Generations, fill: Callable[[int], None]) -> None:
        fill(3)
        pointer = generations.pointer()
        assert pointer is not None
        assert (pointer.generation, pointer.previous) == (3, (2, 1))
        assert generations.load_active().number == 3

    def test_to_what_answers_already_stays(self, generations: Generations, fill: Callable[[int], None]) -> None:
        fill(2)
        before, signature = generations.pointer(), generations.signature()
        assert generations.activate(2) == before
        assert generations.signature() == signature

    def test_can_go_back_and_forth(self, generations: Generations, fill: Callable[[int], None]) -> None:
        fill(3)
        signature = generations.signature()
        assert generations.activate(1).previous == (3, 2)
        assert generations.signature() != signature
        assert generations.activate(3).previous == (1, 2)

    @pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"generation": "x"}', b"\xff", b"null"])
    def test_that_is_damaged_says_so_and_is_mended_by_a_build(
        self, generations: Generations, fill: Callable[[int], None], content: bytes
    ) -> None:
        fill(2)
        (generations.folder / "active.json").write_bytes(content)
        for ask in (generations.pointer, generations.load_active, generations.rollback):
            with pytest.raises(GenerationDamagedError, match=r"active\.json cannot be read .*Run `faq build`"):
                ask()
        # What it named may be in use: nothing is deleted, and a build that does not answer leaves it as it is.
        assert build(generations, Articles(*SHOP), TrigramEncoder(), activate=False).manifest.number == 3
        assert generations.prune(keep=0) == []
        assert build(generations, Articles(*SHOP), TrigramEncoder()).manifest.number == 4
        assert generations.load_active().number == 4

    def test_to_a_missing_or_damaged_generation_is_refused(
        self, generations: Generations, fill: Callable[[int], None]
    ) -> None:
        fill(2)
        before = generations.pointer()
        with pytest.raises(GenerationNotFoundError, match="There is no generation 9; kept are: 1, 2"):
            generations.activate(9)
        damage(generations.path(1) / "embeddings.npy")
        with pytest.raises(GenerationDamagedError):
            generations.activate(1)
        assert generations.pointer() == before

    def test_numbers_are_never_given_twice(self, generations: Generations, fill: Callable[[int], None]) -> None:
        fill(3)
        generations.activate(1)
        for number in (2, 3):
            for path in generations.path(number).iterdir():
                path.unlink()
            generations.path(number).rmdir()
        assert build(generations, Articles(*SHOP), TrigramEncoder()).manifest.number == 4

    def test_changes_of_many_threads_leave_one_that_can_be_read(
        self, generations: Generations, fill: Callable[[int], None]
    ) -> None:
        fill(3)
        problems: list[Exception] = []

        def change(first: int) -> None:
            try:
                for step in range(6):
                    Generations(generations.folder).activate((first + step) % 3 + 1)
            except Exception as error:
                problems.append(error)

        threads = [threading.Thread(target=change, args=(first,)) for first in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            assert generations.pointer() is not None
        for thread in threads:
            thread.join()
        assert problems == []
        pointer = generations.pointer()
        assert pointer is not None
        assert {pointer.generation, *pointer.previous} == {1, 2, 3}
        assert names(generations) == ["000001", "000002", "000003", "active.json"]


class TestRollback:
    def test_goes_back_one_by_one(self, generations: Generations, fill: Callable[[int], None]) -> None:
        fill(3)
        assert generations.rollback().generation == 2
        assert generations.load_active().number == 2
        assert generations.rollback().generation == 1
        with pytest.raises(NothingToRollBackError, match="faq build"):
            generations.rollback()
        assert generations.load_active().number == 1

    def test_passes_over_what_is_damaged_or_gone(self, generations: Generations, fill: Callable[[int], None]) -> None:
        fill(4)
        damage(generations.path(3) / "questions.faiss")
        for path in generations.path(2).iterdir():
            path.unlink()
        generations.path(2).rmdir()
        pointer = generations.rollback()
        assert (pointer.generation, pointer.previous) == (1, ())

    def test_leaves_the_pointer_alone_where_nothing_is_intact(
        self, generations: Generations, fill: Callable[[int], None]
    ) -> None:
        fill(2)
        damage(generations.path(1) / "kinds.npy")
        before = generations.pointer()
        with pytest.raises(NothingToRollBackError):
            generations.rollback()
        assert generations.pointer() == before

    def test_before_any_generation_has_nothing_to_go_back_to(self, generations: Generations) -> None:
        with pytest.raises(NothingToRollBackError):
            generations.rollback()

    def test_finds_after_many_builds_what_it_needs(self, generations: Generations, fill: Callable[[int], None]) -> None:
        fill(9)
        pointer = generations.pointer()
        assert pointer is not None
        assert pointer.previous == (8, 7, 6, 5, 4)
        assert [manifest.number for manifest in generations.manifests()] == [9, 8, 7, 6, 5, 4]
        assert [generations.rollback().generation for _ in range(5)] == [8, 7, 6, 5, 4]


class TestLatestManifest:
    def test_is_that_of_the_generation_that_answers(
        self, generations: Generations, fill: Callable[[int], None]
    ) -> None:
        assert generations.latest_manifest() is None
        fill(3)
        generations.activate(2)
        found = generations.latest_manifest()
        assert found is not None
        assert found.number == 2

    def test_is_that_of_the_one_before_where_it_is_damaged(
        self, generations: Generations, fill: Callable[[int], None]
    ) -> None:
        fill(3)
        (generations.path(3) / "manifest.json").write_text("{}")
        found = generations.latest_manifest()
        assert found is not None
        assert found.number == 2
        (generations.folder / "active.json").write_text("{")
        found = generations.latest_manifest()
        assert found is not None
        assert found.number == 2
        for number in (1, 2):
            (generations.path(number) / "manifest.json").unlink()
        assert generations.latest_manifest() is None


class TestPruning:
    def test_keeps_the_newest_and_what_the_pointer_names(
        self, generations: Generations, fill: Callable[[int], None]
    ) -> None:
        fill(5)
        generations.activate(1)
        assert generations.pointer() is not None
        assert generations.prune(keep=1) == [2, 3, 4]
        assert [manifest.number for manifest in generations.manifests()] == [5, 1]
        assert generations.rollback().generation == 5

    def test_keeping_none_besides_keeps_the_active_one(
        self, generations: Generations, fill: Callable[[int], None]
    ) -> None:
        fill(3)
        assert generations.prune(keep=0) == [1, 2]
        assert generations.load_active().number == 3

    def test_leaves_other_files_alone(self, generations: Generations, fill: Callable[[int], None]) -> None:
        fill(2)
        (generations.folder / "notes.txt").write_text("mine")
        (generations.folder / "12").write_text("a file")
        generations.prune(keep=0)
        assert {"12", "notes.txt"} < set(names(generations))


class TestBuildLock:
    def test_is_held_by_one_thread_at_a_time(self, generations: Generations) -> None:
        refused: list[BaseException] = []

        def other() -> None:
            for folder in (generations, Generations(generations.folder)):
                try:
                    with folder.build_lock():
                        pass
                except BuildRunningError as error:
                    refused.append(error)

        with generations.build_lock():
            assert generations.is_building()
            thread = threading.Thread(target=other)
            thread.start()
            thread.join()
        assert [str(error) for error in refused] == [
            "A build is under way; there is one at a time. Wait for it, or cancel it."
        ] * 2
        assert not generations.is_building()

    def test_may_be_taken_again_by_the_thread_that_holds_it(self, generations: Generations) -> None:
        with generations.build_lock():
            with generations.build_lock():
                pass
            assert generations.is_building()

    def test_of_another_process_is_seen_and_freed_when_that_is_killed(self, generations: Generations) -> None:
        with holding_process(generations.folder) as process:
            assert generations.is_building()
            with pytest.raises(BuildRunningError):
                build(generations, Articles(*SHOP), TrigramEncoder())
            process.kill()
            process.wait()
            assert not generations.is_building()
            assert build(generations, Articles(*SHOP), TrigramEncoder()).is_active

    def test_is_not_disturbed_by_those_who_only_look(self, generations: Generations) -> None:
        generations.folder.mkdir()
        stop = threading.Event()

        def look() -> None:
            while not stop.wait(0.001):
                Generations(generations.folder).is_building()

        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(50):
                with generations.build_lock():
                    assert generations.is_building()
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def test_looking_leaves_no_folder_behind(self, generations: Generations) -> None:
        assert not generations.is_building()
        assert not generations.folder.exists()

    def test_sweeps_what_killed_builds_left(self, generations: Generations, fill: Callable[[int], None]) -> None:
        fill(1)
        left = generations.folder / ".building-0123"
        left.mkdir()
        (left / "embeddings.npy").write_bytes(b"half")
        (generations.folder / "active.json.0123").write_bytes(b"half")
        with generations.build_lock():
            assert names(generations) == ["000001", "active.json"]


@contextmanager
def holding_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a process that holds the build lock until it is ended."""
    program = (
        "import sys; from pathlib import Path; from index.generations import Generations\n"
        "with Generations(Path(sys.argv[1])).build_lock(): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


class TestStorage:
    @pytest.fixture
    def broken_disk(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
        def full(*args: Any, **options: Any) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        def make(what: str) -> None:
            owner: Any = {"save": np, "savez": np, "fsync": generations_module.os, "rename": Path, "mkdir": Path}[what]
            monkeypatch.setattr(owner, what, full)

        return make

    @pytest.mark.parametrize("what", ["save", "savez", "fsync", "rename", "mkdir"])
    def test_a_full_disk_leaves_nothing_and_says_so(
        self,
        generations: Generations,
        fill: Callable[[int], None],
        broken_disk: Callable[[str], None],
        monkeypatch: pytest.MonkeyPatch,
        what: str,
    ) -> None:
        fill(1)
        before = names(generations)
        broken_disk(what)
        with pytest.raises(IndexStorageError) as caught:
            build(generations, Articles(*SHOP), TrigramEncoder())
        monkeypatch.undo()
        assert "No space left on device" in str(caught.value)
        assert "free some space; the active generation is untouched" in str(caught.value)
        assert names(generations) == before
        assert generations.load_active().number == 1
        assert not generations.is_building()
        assert build(generations, Articles(*SHOP), TrigramEncoder()).manifest.number == 2

    @pytest.mark.parametrize("largest", [100, 600, 1_500, 3_000])
    def test_a_file_the_system_cuts_off_leaves_nothing(
        self, generations: Generations, fill: Callable[[int], None], largest: int
    ) -> None:
        fill(1)
        before = names(generations)
        with largest_file(largest), pytest.raises(IndexStorageError, match="Cannot write generations to"):
            build(generations, Articles(*SHOP), TrigramEncoder(dimensions=64))
        assert names(generations) == before
        assert generations.load_active().number == 1

    def test_a_pointer_that_cannot_be_written_stays_as_it_was(
        self, generations: Generations, fill: Callable[[int], None]
    ) -> None:
        fill(2)
        before = generations.pointer()
        with largest_file(10), pytest.raises(IndexStorageError):
            generations.rollback()
        assert generations.pointer() == before
        assert names(generations) == ["000001", "000002", "active.json"]

    def test_a_folder_that_cannot_be_made_says_so(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        generations = Generations(tmp_path / "file" / "generations")
        with pytest.raises(IndexStorageError, match=r"Cannot write generations to .*Make the folder writable"):
            build(generations, Articles(*SHOP), TrigramEncoder())
        assert not generations.is_building()

    def test_folders_with_other_names_are_no_generations(
        self, generations: Generations, fill: Callable[[int], None]
    ) -> None:
        fill(1)
        for name in ("x", "1.old", "٣x"):
            (generations.folder / name).mkdir()
        assert [manifest.number for manifest in generations.manifests()] == [1]


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size in bytes, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_generation_in_use_answers_on_when_its_folder_is_pruned(
    generations: Generations, fill: Callable[[int], None]
) -> None:
    fill(1)
    generation = Generation.load(generations.path(1))
    expected = generation.find("returns")
    for path in generations.path(1).iterdir():
        path.unlink()
    fresh = generation.article(generation.ordinals["payment"])
    assert fresh.id == "payment"
    assert generation.find("returns") == expected
    assert generation.question_embeddings(np.array([0])).shape == (1, 32)
