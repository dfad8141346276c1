"""Argos Translate: neural translation on this machine, from packages on this disk.

Of the library we use the installer, the package index, the tokenizers and the layout of a package;
the sentences go to CTranslate2 with the library's own parameters. We do not call its ``translate``
module: importing that loads torch, stanza and spaCy (4.5 s here, against 0.2 s for what we use), its
sentence splitters fetch models from the network at first use, its lazy loading takes no lock, and it
logs what customers write.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import logging
import shutil
import tempfile
import threading
import time
import zipfile
from collections import OrderedDict
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from filelock import FileLock

from assistant.translation import argos_library, sentences, tags
from assistant.translation.errors import PackageError, TranslationError, TranslationPairError
from knowledge.article import ArticleError

RELIST_AFTER = 1.0  # seconds after which the disk is asked again: another process may have installed something
MAX_PACKAGE_BYTES = 8 << 30  # unpacked; the largest package of the public index is under 1 GiB
MAX_METADATA_BYTES = 1 << 20
MAX_LOADED = 12  # models kept in memory, each about its package's size; the one used longest ago goes first

_PIVOT = "en"  # nearly every package of the public index leads from it or to it

# Argos' own codes that are not BCP 47 tags of the same language, and back.
_TAGS = {"pb": "pt-BR", "zt": "zh-Hant"}
_CODES = {tag: code for code, tag in _TAGS.items()}

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class InstalledPackage:
    """A package on disk; ``changed`` is its metadata's time of change in nanoseconds."""

    source: str
    target: str
    version: str
    folder: Path
    changed: int


class ArgosEngine:
    """A ``TranslationEngine`` over the packages of one directory."""

    name = "argos"

    def __init__(self, packages_dir: Path, *, index_url: str | None = None, threads: int = 0) -> None:
        """Use the packages below ``packages_dir``; it need not exist yet.

        ``index_url`` replaces the public package index (a folder that holds ``index.json``);
        ``threads`` is how many cores one translation may use, 0 for CTranslate2's choice.
        """
        self._packages_dir = packages_dir
        self._index_url = index_url
        self._threads = threads
        self._lock = threading.Lock()
        self._listing: dict[tuple[str, str], InstalledPackage] = {}
        self._pairs: frozenset[tuple[str, str]] = frozenset()
        self._listed_at: float | None = None
        self._models: OrderedDict[tuple[str, str], _Model] = OrderedDict()

    @cached_property
    def version(self) -> str:
        """The version of the library, read once: every answer's key holds it."""
        return importlib.metadata.version("argostranslate")

    def pairs(self) -> frozenset[tuple[str, str]]:
        """Return the installed pairs; reads a small file per package, once a second at most; imports nothing."""
        self._installed()
        return self._pairs

    def pair_version(self, source: str, target: str) -> str:
        """Return library and package version, ``1.11.0/1.9``; raises TranslationPairError."""
        return f"{self.version}/{self._package(source, target).version}"

    def translate(self, text: str, source: str, target: str) -> str:
        """Return the text translated, line by line and sentence by sentence.

        Raises TranslationPairError when the pair is not installed, PackageError when its package is
        damaged, TranslationError when the model fails.
        """
        model = self._model(self._package(source, target))
        return sentences.translate_each(text, model.translate)

    def install(self, path: Path) -> InstalledPackage:
        """Install a ``.argosmodel`` file, in place of any package for the same pair.

        The library's installer unpacks it aside, the model is loaded and tried, and only then it
        takes its place. Raises PackageError, and leaves everything as it was, when it is no working package.
        """
        _check_archive(path)
        with self._staging() as staging:
            package = argos_library.package()
            with argos_library.packages_in(staging):
                try:
                    package.install_from_path(path)
                except Exception as error:  # the installer raises whatever zipfile and the disk do
                    raise PackageError(
                        f"{path.name} could not be unpacked ({error}); download it again, and check the free space."
                    ) from error
            found = [read for folder in _folders(staging) if (read := _read_package(folder)) is not None]
            if len(found) != 1:
                raise PackageError(
                    f"{path.name} holds {len(found)} translation packages; expected one folder with metadata.json, "
                    "model and tokenizer: download it again."
                )
            _Model(found[0], self._threads).translate(["a"])
            installed = self._move_in(found[0], staging)
        log.info("Argos package %s → %s %s installed", installed.source, installed.target, installed.version)
        return installed

    def install_from_index(self, source: str, target: str) -> tuple[InstalledPackage, ...]:
        """Download the pair's newest package from the index, and install it; takes minutes.

        Where the index has no such pair, but both languages from and into English, install those of the two that
        are missing. Returns what was installed. Raises TranslationPairError when the index leads nowhere,
        TranslationError without a network.
        """
        source, target = tags.canonical(source), tags.canonical(target)
        with argos_library.index(self._index_url, source, target) as index:
            offered = {
                (from_tag, to_tag): entry
                for entry in sorted(index.entries, key=lambda entry: _version_key(str(entry.package_version)))
                if (from_tag := _tag(entry.from_code)) and (to_tag := _tag(entry.to_code)) and entry.type == "translate"
            }
            direct = _nearest(source, target, offered)
            if direct is not None:
                return (self.install(index.download(offered[direct])),)
            known = {**offered, **self._installed()}
            legs = [_nearest(source, _PIVOT, known), _nearest(_PIVOT, target, known)]
            if _PIVOT in (tags.base(source), tags.base(target)) or None in legs:
                near = sorted(f"{one}→{other}" for one, other in offered if source == one or target == other)
                raise TranslationPairError(
                    f"The Argos package index has no {source}→{target}, and nothing that leads there over {_PIVOT}; it "
                    f"has {', '.join(near[:12]) or 'neither language'}. Install two that meet, or another engine."
                )
            missing = [leg for leg in legs if leg is not None and leg not in self._installed()]
            return tuple(self.install(index.download(offered[leg])) for leg in missing)

    def _package(self, source: str, target: str) -> InstalledPackage:
        package = self._installed().get((tags.canonical(source), tags.canonical(target)))
        if package is None:
            raise TranslationPairError(
                f"No Argos package translates {source}→{target}. "
                f"Install it with: faq languages install {source} {target}"
            )
        return package

    def _installed(self) -> dict[tuple[str, str], InstalledPackage]:
        at = time.monotonic()
        if self._listed_at is None or at - self._listed_at > RELIST_AFTER:
            found = [read for folder in _folders(self._packages_dir) if (read := _read_package(folder)) is not None]
            found.sort(key=lambda package: (_version_key(package.version), package.folder.name))
            self._listing = {(package.source, package.target): package for package in found}
            self._pairs = frozenset(self._listing)  # the same object as long as it is the same listing: routes ask
            self._listed_at = at
        return self._listing

    def _model(self, package: InstalledPackage) -> _Model:
        pair = package.source, package.target
        with self._lock:
            model = self._models.get(pair)
            if model is None or model.package != package:
                model = self._models[pair] = _Model(package, self._threads)
            self._models.move_to_end(pair)
            if len(self._models) > MAX_LOADED:
                self._models.popitem(last=False)  # whoever translates by it has it until the text is done
        return model

    @contextmanager
    def _staging(self) -> Iterator[Path]:
        """Yield an empty folder on the packages' own disk, while no other process installs."""
        try:
            self._packages_dir.mkdir(parents=True, exist_ok=True)
            with FileLock(self._packages_dir / ".lock"):
                for left in self._packages_dir.glob(".installing-*"):  # of a process that died
                    shutil.rmtree(left, ignore_errors=True)
                with tempfile.TemporaryDirectory(prefix=".installing-", dir=self._packages_dir) as staging:
                    yield Path(staging)
        except OSError as error:
            raise TranslationError(
                f"Cannot install packages in {self._packages_dir} ({error.strerror}): "
                "make the directory exist and be writable, and free some space."
            ) from error

    def _move_in(self, package: InstalledPackage, staging: Path) -> InstalledPackage:
        place = self._packages_dir / package.folder.name
        replaced = [
            folder
            for folder in _folders(self._packages_dir)
            if folder == place or _is_pair(_read_package(folder), package)
        ]
        aside = staging / ".replaced"
        aside.mkdir()
        for folder in replaced:
            folder.rename(aside / folder.name)
        try:
            package.folder.rename(place)
        except OSError:
            for folder in replaced:
                (aside / folder.name).rename(folder)
            raise
        self._listed_at = None
        return self._installed()[package.source, package.target]


class _Model:
    """A package's tokenizer and network; loaded at first use, once, under a lock of its own."""

    def __init__(self, package: InstalledPackage, threads: int) -> None:
        self.package = package
        self._threads = threads
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None

    def translate(self, asked: list[str]) -> list[str]:
        """Translate sentences; the parameters are those of ``argostranslate.translate``."""
        if not asked:
            return []
        description, translator = self._load()
        settings = argos_library.settings()
        try:
            tokens = [description.tokenizer.encode(sentence) for sentence in asked]
            prefix = description.target_prefix
            results = translator.translate_batch(
                tokens,
                target_prefix=[[prefix]] * len(tokens) if prefix else None,
                replace_unknowns=True,
                max_batch_size=settings.batch_size,
                batch_type="tokens",
                beam_size=settings.beam_size,
                num_hypotheses=1,
                length_penalty=0.2,
            )
            decoded = [description.tokenizer.decode(result.hypotheses[0]) for result in results]
        except Exception as error:  # CTranslate2 and SentencePiece raise RuntimeError, ValueError, OSError …
            raise TranslationError(
                f"The Argos model {self.package.source}→{self.package.target} failed ({error}); {self._mend()}"
            ) from error
        return [text.removeprefix(prefix).removeprefix(" ") for text in decoded]

    def _load(self) -> tuple[Any, Any]:
        with self._lock:
            if self._loaded is None:
                package = argos_library.package()
                settings = argos_library.settings()
                ctranslate2 = importlib.import_module("ctranslate2")  # has no types

                try:
                    description = package.Package(self.package.folder)
                    description.tokenizer.encode("a")
                    translator = ctranslate2.Translator(
                        str(self.package.folder / "model"),
                        device=settings.device,
                        inter_threads=settings.inter_threads,
                        intra_threads=self._threads or settings.intra_threads,
                        compute_type=settings.compute_type,
                    )
                except Exception as error:  # a damaged file shows as nearly any error
                    raise PackageError(
                        f"The Argos package in {self.package.folder.name} is damaged ({error}); {self._mend()}"
                    ) from error
                self._loaded = (description, translator)
            return self._loaded

    def _mend(self) -> str:
        return f"install it again with: faq languages install {self.package.source} {self.package.target}"


def _folders(directory: Path) -> list[Path]:
    try:
        return sorted(path for path in directory.iterdir() if path.is_dir() and not path.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        log.warning("cannot list the Argos packages in %s: %s", directory, error)
        return []


def _read_package(folder: Path) -> InstalledPackage | None:
    """Return what a package's metadata say; None, with a line in the log, when they cannot be used."""
    file = folder / "metadata.json"
    try:
        if not file.is_file():  # a pipe or device would be read for ever
            raise ValueError("no metadata.json")
        stat = file.stat()
        if stat.st_size > MAX_METADATA_BYTES:
            raise ValueError(f"{stat.st_size:,} bytes of metadata")
        metadata = json.loads(file.read_bytes())
        if metadata.get("type", "translate") != "translate":
            return None
        source, target = _tag(metadata.get("from_code")), _tag(metadata.get("to_code"))
        if source is None or target is None:
            raise ValueError("from_code or to_code is no language")
        if not (folder / "model").is_dir():
            raise ValueError("no model")
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        log.warning("the Argos package in %s is left out: %s", folder, error)
        return None
    return InstalledPackage(
        source=source,
        target=target,
        version=str(metadata.get("package_version", ""))[:40],
        folder=folder,
        changed=stat.st_mtime_ns,
    )


def _nearest(source: str, target: str, known: Container[tuple[str, str]]) -> tuple[str, str] | None:
    """Return the pair that serves these languages, without their regions if need be."""
    ways = [[tag for tag in tags.fallbacks(end) if tags.base(tag) == tags.base(end)] for end in (source, target)]
    return next(((one, other) for one in ways[0] for other in ways[1] if (one, other) in known), None)


def _check_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except FileNotFoundError as error:
        raise PackageError(f"There is no file {path}; expected an .argosmodel file.") from error
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        raise PackageError(f"{path.name} is no Argos package ({error}); expected an .argosmodel file.") from error
    if size > MAX_PACKAGE_BYTES:
        raise PackageError(f"{path.name} would unpack to {size:,} bytes; at most {MAX_PACKAGE_BYTES:,} are allowed.")


def _is_pair(one: InstalledPackage | None, other: InstalledPackage) -> bool:
    return one is not None and (one.source, one.target) == (other.source, other.target)


def _tag(code: object) -> str | None:
    if not isinstance(code, str):
        return None
    try:
        return tags.canonical(_TAGS.get(code, code))
    except ArticleError:
        return None


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split("."))
