"""The generations kept on disk, and the pointer that says which one answers."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from filelock import FileLock, Timeout

from index.encoding import EncoderError
from index.errors import (
    BuildRunningError,
    EncoderMismatchError,
    GenerationDamagedError,
    GenerationNotFoundError,
    NoGenerationError,
    NothingToRollBackError,
)
from index.generation import (
    MANIFEST,
    PART_FILES,
    Generation,
    Manifest,
    Parts,
    read_attachment,
    write_attachments,
    write_parts,
)
from knowledge.database import now
from knowledge.errors import UnavailableError

KEPT = 5  # generations besides the active one and those a rollback can reach at once
_POINTER = "active.json"
_BUILDING = ".building-"
_BUILD_LOCK = ".build.lock"
_POINTER_LOCK = ".pointer.lock"
_PROBE = 0.5  # seconds that a build waits for those who only look whether one is under way
_POINTER_WAIT = 60.0  # seconds that a change of the pointer waits for another to be done

log = logging.getLogger(__name__)


class IndexStorageError(UnavailableError):
    """The folder of generations cannot be written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pointer:
    """Which generation answers, and which ones did before it, the latest first."""

    generation: int
    previous: tuple[int, ...]
    activated_at: datetime


class Generations:
    """The folder of generations; every change of the pointer is one atomic rename."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is made when something is first written to it."""
        self.folder = folder
        # One object for each lock, so that the thread that holds it may take it again.
        self._build_lock = FileLock(folder / _BUILD_LOCK)
        self._pointer_lock = FileLock(folder / _POINTER_LOCK)

    def manifests(self) -> list[Manifest]:
        """Return the manifests of all readable generations, the newest first."""
        manifests = []
        for number in reversed(self._numbers()):
            try:
                manifests.append(Manifest.read(self.path(number)))
            except GenerationDamagedError as error:
                log.warning("%s", error)
        return manifests

    def latest_manifest(self) -> Manifest | None:
        """Return the manifest of the generation that answers, or would: what is damaged is passed over.

        None where nothing readable is kept.
        """
        try:
            pointer = self.pointer()
        except GenerationDamagedError:
            pointer = None
        for number in (pointer.generation, *pointer.previous) if pointer else reversed(self._numbers()):
            try:
                return Manifest.read(self.path(number))
            except GenerationDamagedError as error:
                log.warning("%s", error)
        return None

    def path(self, number: int) -> Path:
        """Return the folder of a generation, whether it exists or not."""
        return self.folder / f"{number:06d}"

    def pointer(self) -> Pointer | None:
        """Return the pointer, or None before the first activation; raises GenerationDamagedError."""
        try:
            fields = orjson.loads((self.folder / _POINTER).read_bytes())
            return Pointer(
                generation=int(fields["generation"]),
                previous=tuple(map(int, fields["previous"])),
                activated_at=datetime.fromisoformat(fields["activated_at"]),
            )
        except FileNotFoundError:
            return None
        except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise GenerationDamagedError(
                f"{self.folder / _POINTER} cannot be read ({error}). Run `faq build`, which writes it anew."
            ) from error

    def signature(self) -> tuple[int, int] | None:
        """Return what changes whenever the pointer is written; cheap enough to ask many times a second."""
        try:
            status = (self.folder / _POINTER).stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino

    def load(self, number: int) -> Generation:
        """Load a generation; raises GenerationNotFoundError or GenerationDamagedError."""
        self._require(number)
        return Generation.load(self.path(number))

    def load_active(self) -> Generation:
        """Load the generation that answers; raises NoGenerationError when there is none yet."""
        pointer = self.pointer()
        if pointer is None:
            raise NoGenerationError("Nothing has been indexed yet. Import articles and run `faq build`.")
        return self.load(pointer.generation)

    def attachment(self, number: int, name: str) -> bytes | None:
        """Return what is attached to a generation under a name, or None, without loading the rest.

        Raises GenerationNotFoundError or GenerationDamagedError.
        """
        self._require(number)
        folder = self.path(number)
        manifest = Manifest.read(folder)
        return read_attachment(folder, manifest, name) if name in manifest.attachments else None

    def publish(
        self, parts: Parts, manifest_without_files: Manifest, attachments: Mapping[str, bytes] | None = None
    ) -> Manifest:
        """Write a generation under the next free number; it is complete or absent, never half there.

        The manifest's number is replaced. Raises IndexStorageError, leaving nothing behind.
        """
        return self._publish(manifest_without_files, attachments or {}, lambda folder: write_parts(folder, parts))

    def derive(self, number: int, attachments: Mapping[str, bytes]) -> Manifest:
        """Publish a generation again under the next free number, with these attachments and no others.

        Both share their files on the disk where it can link them. Raises GenerationNotFoundError,
        GenerationDamagedError and IndexStorageError, leaving nothing behind.
        """
        self._require(number)
        source = self.path(number)
        manifest = Manifest.read(source)

        def share(folder: Path) -> dict[str, Mapping[str, Any]]:
            shared = {name: facts for name, facts in manifest.files.items() if name in PART_FILES}
            for name in shared:
                try:
                    _link_or_copy(source / name, folder / name)
                except FileNotFoundError as error:
                    raise GenerationDamagedError(
                        f"Generation {number} is damaged: {name} is missing. Run `faq build` to make a new one."
                    ) from error
            return shared

        return self._publish(replace(manifest, created_at=now(), encoded=0, seconds=0.0), attachments, share)

    def _publish(
        self,
        manifest_without_files: Manifest,
        attachments: Mapping[str, bytes],
        fill: Callable[[Path], Mapping[str, Mapping[str, Any]]],
    ) -> Manifest:
        building = self.folder / f"{_BUILDING}{uuid.uuid4().hex}"
        with self._storage_errors():
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                building.mkdir()
                files = {**fill(building), **write_attachments(building, attachments)}
                manifest = replace(manifest_without_files, number=self.next_number(), files=files)
                (building / MANIFEST).write_bytes(manifest.to_json())
                for path in building.iterdir():
                    _flush(path)
                _flush(building)
                building.rename(self.path(manifest.number))
                _flush(self.folder)
            except BaseException:
                shutil.rmtree(building, ignore_errors=True)
                raise
        return manifest

    def activate(self, number: int) -> Pointer:
        """Make a generation the one that answers; raises GenerationNotFoundError or GenerationDamagedError."""
        with self._pointing():
            self.load(number)
            try:
                before = self.pointer()
            except GenerationDamagedError as error:
                log.warning("%s", error)
                before = None
            if before is not None and before.generation == number:
                return before
            previous = () if before is None else (before.generation, *before.previous)
            return self._point(number, tuple(kept for kept in dict.fromkeys(previous) if kept != number)[:KEPT])

    def rollback(self, is_fit: Callable[[Generation], object] = lambda generation: None) -> Pointer:
        """Make the generation that answered before the present one answer again.

        Damaged ones are passed over, and those for which ``is_fit`` raises EncoderError or
        EncoderMismatchError. Raises NothingToRollBackError when none is left, and GenerationDamagedError when
        the pointer cannot be read.
        """
        with self._pointing():
            pointer = self.pointer()
            if pointer is not None:
                for place, number in enumerate(pointer.previous):
                    try:
                        is_fit(self.load(number))
                    except (
                        GenerationDamagedError,
                        GenerationNotFoundError,
                        EncoderError,
                        EncoderMismatchError,
                    ) as error:
                        log.warning("rollback passes over generation %d: %s", number, error)
                    else:
                        return self._point(number, pointer.previous[place + 1 :])
        raise NothingToRollBackError(
            "No earlier generation that could answer is kept; run `faq build` to make a new one."
        )

    def prune(self, *, keep: int = KEPT) -> list[int]:
        """Delete generations that are neither among the ``keep`` newest nor named by the pointer.

        None is deleted as long as the pointer cannot be read.
        """
        with self._pointing():
            try:
                pointer = self.pointer()
            except GenerationDamagedError as error:
                log.warning("%s", error)
                return []
            named = {pointer.generation, *pointer.previous[:keep]} if pointer else set()
            numbers = self._numbers()
            doomed = [number for number in numbers[: max(0, len(numbers) - keep)] if number not in named]
            for number in doomed:
                shutil.rmtree(self.path(number), ignore_errors=True)
            return doomed

    def is_building(self) -> bool:
        """Tell whether some process holds the build lock."""
        try:
            descriptor = os.open(self.folder / _BUILD_LOCK, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: those who look do not see each other
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    @contextmanager
    def build_lock(self, *, sweep: bool = True) -> Iterator[None]:
        """Hold the one build there may be; the lock of a killed process is free at once.

        The thread that holds it may take it again. Raises BuildRunningError. ``sweep`` removes what killed
        builds left behind.
        """
        with self._storage_errors():
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                self._build_lock.acquire(timeout=_PROBE, poll_interval=0.01)
            except Timeout as error:
                raise BuildRunningError(
                    "A build is under way; there is one at a time. Wait for it, or cancel it."
                ) from error
        try:
            if sweep:
                with self._pointing():
                    for left in self.folder.glob(f"{_POINTER}.*"):
                        left.unlink(missing_ok=True)
                for left in self.folder.glob(f"{_BUILDING}*"):
                    shutil.rmtree(left, ignore_errors=True)
            yield
        finally:
            self._build_lock.release()

    @contextmanager
    def _pointing(self) -> Iterator[None]:
        """Hold the pointer, and what it may point to, as they are."""
        with self._storage_errors():
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                self._pointer_lock.acquire(timeout=_POINTER_WAIT)
            except Timeout as error:
                raise IndexStorageError(
                    f"{self.folder / _POINTER_LOCK} is held for longer than {_POINTER_WAIT:.0f} seconds by another "
                    "process. See what keeps that process busy, or end it."
                ) from error
        try:
            yield
        finally:
            self._pointer_lock.release()

    def _require(self, number: int) -> None:
        if not self.path(number).is_dir():
            kept = ", ".join(map(str, self._numbers())) or "none"
            raise GenerationNotFoundError(f"There is no generation {number}; kept are: {kept}.")

    def _numbers(self) -> list[int]:
        if not self.folder.is_dir():
            return []
        return sorted(int(path.name) for path in self.folder.iterdir() if path.name.isdecimal() and path.is_dir())

    def next_number(self) -> int:
        """Return the number that the next generation gets; who holds the build lock can rely on it."""
        try:
            pointer = self.pointer()
        except GenerationDamagedError:
            pointer = None
        named = (pointer.generation, *pointer.previous) if pointer else ()
        return max((*self._numbers(), *named), default=0) + 1

    def _point(self, number: int, previous: tuple[int, ...]) -> Pointer:
        pointer = Pointer(generation=number, previous=previous, activated_at=datetime.now(UTC))
        with self._storage_errors():
            draft = self.folder / f"{_POINTER}.{uuid.uuid4().hex}"
            try:
                draft.write_bytes(orjson.dumps(pointer, option=orjson.OPT_INDENT_2))
                _flush(draft)
                os.replace(draft, self.folder / _POINTER)
            except BaseException:
                draft.unlink(missing_ok=True)
                raise
            _flush(self.folder)
        return pointer

    @contextmanager
    def _storage_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise IndexStorageError(
                f"Cannot write generations to {self.folder} ({error.strerror or error}). "
                "Make the folder writable and free some space; the active generation is untouched."
            ) from error


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:  # a file system without links, or a file that has too many already
        shutil.copyfile(source, target)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
