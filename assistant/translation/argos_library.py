"""The border to argostranslate: the one place that imports it, and the one that sets its directories.

The library reads its settings from the environment while ``argostranslate.settings`` is imported,
and makes directories in the user's home at once. So the environment is set for the moment of that
import: the library's own home becomes a temporary directory (we keep nothing there; a read-only home
does no harm), and the sentence splitter is pinned, since one of the choices downloads at import.
Where packages go is set afterwards, per installation, on the settings module itself, which the
installer reads when it runs.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.translation.errors import TranslationError

NETWORK_WAIT = 30.0  # seconds without a byte after which a download is given up; the library sets no limit

_import_lock = threading.Lock()
_settings_lock = threading.RLock()
_settings: Any = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Index:
    """The package index as the library read it: entries with ``from_code``, ``to_code``, ``package_version``."""

    url: str
    entries: tuple[Any, ...]

    def download(self, entry: Any) -> Path:  # noqa: ANN401
        """Return the downloaded file, which is removed with the index; raises TranslationError."""
        try:
            return Path(entry.download())
        except Exception as error:  # the library raises bare Exception
            raise TranslationError(
                f"The package {entry.from_code}→{entry.to_code} could not be downloaded from "
                f"{', '.join(map(str, entry.links))} ({error}). {_mend(entry.from_code, entry.to_code)}"
            ) from error


def settings() -> Any:  # noqa: ANN401
    """Return ``argostranslate.settings``, imported with its directories out of the user's home."""
    global _settings
    with _import_lock:
        if _settings is None:
            home = tempfile.mkdtemp(prefix="faq-argos-")
            atexit.register(shutil.rmtree, home, ignore_errors=True)
            directories = dict.fromkeys(("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), home)
            with _environment({**directories, "ARGOS_CHUNK_TYPE": "ARGOSTRANSLATE"}, without=("ARGOS_PACKAGES_DIR",)):
                from argostranslate import settings as imported
            _settings = imported
        return _settings


def package() -> Any:  # noqa: ANN401
    """Return ``argostranslate.package``; it is light until something is installed."""
    settings()
    from argostranslate import package as imported

    return imported


@contextmanager
def packages_in(directory: Path) -> Iterator[None]:
    """Make the library's installer unpack into this directory meanwhile."""
    library = settings()
    with _settings_lock:
        before = library.package_data_dir, library.package_dirs
        library.package_data_dir, library.package_dirs = directory, [directory]
        try:
            yield
        finally:
            library.package_data_dir, library.package_dirs = before


@contextmanager
def index(url: str | None, source: str, target: str) -> Iterator[Index]:
    """Yield the package index, fetched anew for a pair; what is downloaded meanwhile is removed at the end.

    Raises TranslationError when it cannot be read.
    """
    library, packages = settings(), package()
    with _settings_lock, tempfile.TemporaryDirectory(prefix="faq-argos-") as folder, _network_wait(), _silence():
        before = library.remote_package_index, library.local_package_index, library.downloads_dir
        address = f"{url.rstrip('/')}/index.json" if url else before[0]
        library.remote_package_index = address
        library.local_package_index = Path(folder) / "index.json"
        library.downloads_dir = Path(folder)
        try:
            packages.update_package_index()  # swallows what goes wrong; the file then does not exist
            if not library.local_package_index.exists():
                raise TranslationError(
                    f"The Argos package index at {address} cannot be reached. {_mend(source, target)}"
                )
            try:
                entries = tuple(packages.get_available_packages())
            except (ValueError, TypeError, AttributeError, json.JSONDecodeError) as error:
                raise TranslationError(
                    f"What {address} sent is no Argos package index ({error}). {_mend(source, target)}"
                ) from error
            yield Index(url=address, entries=entries)
        finally:
            library.remote_package_index, library.local_package_index, library.downloads_dir = before


def _mend(source: str, target: str) -> str:
    return (
        "Connect this machine to the network, or fetch the .argosmodel file for "
        f"{source}→{target} elsewhere and install it with: faq languages install FILE"
    )


@contextmanager
def _environment(values: dict[str, str], *, without: tuple[str, ...]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in (*values, *without)}
    try:
        os.environ.update(values)
        for name in without:
            os.environ.pop(name, None)
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _silence() -> Iterator[None]:
    """Keep the library from writing to the terminal what we say in an error of our own."""
    its = logging.getLogger("argostranslate.utils")
    was, its.disabled = its.disabled, True
    try:
        yield
    finally:
        its.disabled = was


@contextmanager
def _network_wait() -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(NETWORK_WAIT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
