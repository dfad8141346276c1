"""Apertium: rule-based translation by the system's own packages, for pairs that were seen to work.

Close languages are its strength (``be``→``ru``, ``es``↔``ca``, ``nb``↔``nn``): no model, a millisecond a
sentence. Its pairs are installed by the system (``apt install apertium-bel-rus``), not by us; each is tried
with ordinary sentences in the background (``apertium_probes``) before it is offered.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from assistant.translation import sentences, tags
from assistant.translation.apertium_pipeline import Mode, Pipeline, PipelineError, read_mode
from assistant.translation.apertium_probes import (
    SENTENCE_WAIT,
    ProbeFile,
    Verdict,
    probe_sentences,
    probes_digest,
    try_pair,
)
from assistant.translation.errors import TranslationError, TranslationPairError
from knowledge.article import ArticleError

RELIST_AFTER = 10.0  # seconds after which the disk is asked again: a package may have been installed
CLOSE_AFTER = 600.0  # seconds without a sentence after which a pair's programs, some 100 MB, are stopped
MAX_RUNNING = 6  # pairs whose programs are kept running; the one used longest ago is stopped first

# Apertium's codes are ISO 639-3 (older pairs: 639-1) with variants of its own. CLDR's aliases know most; these
# not, or not as written language: Serbo-Croatian is Latin, and its readers have three tags.
_LANGUAGES: Mapping[str, tuple[str, ...]] = {"hbs": ("sr-Latn", "hr", "bs"), "zlm": ("ms",), "szl": ("szl",)}
_WHOLE: Mapping[str, tuple[str, ...]] = {"hbs_HR": ("hr",), "hbs_BS": ("bs",), "hbs_SR": ("sr-Latn",)}
_VARIANTS: Mapping[str, str] = {"valencia": "valencia", "aran": "aranes", "gascon": "gascon"}  # registered ones
_CODE = re.compile(r"(?P<language>[a-z]{2,3})(?:_(?P<variant>\w+))?")
_REGION_OR_SCRIPT = re.compile(r"[A-Z]{2}|[A-Z][a-z]{3}")

State = Literal["works", "untried", "broken"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class ApertiumPair:
    """An installed pair: its tags, the mode that serves it, and, where it is not offered, why."""

    source: str
    target: str
    mode: str
    state: State
    detail: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Installed:
    mode: Mode
    pairs: tuple[tuple[str, str], ...]
    version: str  # of its data


class ApertiumEngine:
    """A ``TranslationEngine`` over the modes installed beside one ``apertium`` program."""

    name = "apertium"

    def __init__(self, program: Path, *, probes_file: Path) -> None:
        """Use the pairs beside ``program``, and keep what trying them showed in ``probes_file``."""
        self._program = program
        self._modes_folder = _modes_folder(program)
        self._path = os.pathsep.join([str(program.parent), os.defpath.strip(os.pathsep)])
        self._probes = ProbeFile(probes_file)
        self._lock = threading.Lock()
        self._look_at = 0.0
        self._folder_changed: int | None = None
        self._version: str | None = None
        self._installed: dict[str, _Installed] = {}
        self._verdicts: dict[str, tuple[str, Verdict]] = {}  # by mode, with the version they hold for
        self._offered: dict[tuple[str, str], _Installed] = {}
        self._pairs: frozenset[tuple[str, str]] = frozenset()
        self._pipelines: OrderedDict[tuple[str, str], Pipeline] = OrderedDict()
        self._prober: threading.Thread | None = None
        self._trying: Pipeline | None = None
        self._is_closed = False

    @property
    def version(self) -> str:
        """The program's version; asks the program the first time."""
        if self._version is None:
            self._version = self._remembered_version() or _ask_version(self._program)
        return self._version

    @property
    def problem(self) -> str | None:
        """Why there cannot be any pairs; None where there could be."""
        return None if os.access(self._program, os.X_OK) else f"there is no program {self._program}"

    def pairs(self) -> frozenset[tuple[str, str]]:
        """Return the pairs that were seen to work; others are tried meanwhile, in the background."""
        self._refresh()
        return self._pairs

    def pair_version(self, source: str, target: str) -> str:
        """Return program and data version, ``3.8.3/1a2b3c4d``; raises TranslationPairError."""
        return f"{self.version}/{self._mode(source, target).version}"

    def installed(self) -> tuple[ApertiumPair, ...]:
        """Return every installed pair of languages, and whether it works, in alphabetical order."""
        self._refresh()
        with self._lock:
            found: dict[tuple[str, str], ApertiumPair] = {}
            for installed in self._installed.values():
                verdict = self._verdict(installed)
                state: State = "untried" if verdict is None else "broken" if verdict.trouble else "works"
                for source, target in installed.pairs:
                    pair = ApertiumPair(
                        source=source, target=target, mode=installed.mode.name, state=state,
                        detail=verdict.trouble if verdict else None,
                    )  # fmt: skip
                    known = found.get((source, target))
                    if known is None or (known.state != "works" and state == "works"):
                        found[source, target] = pair
        return tuple(found[key] for key in sorted(found))

    def settle(self, seconds: float = 60.0) -> bool:
        """Wait until every installed pair was tried, at most so long; tell whether they were."""
        self._refresh()
        with self._lock:  # another thread may be about to start the trial
            prober = self._prober
        if prober is not None:
            prober.join(seconds)
        return prober is None or not prober.is_alive()

    def translate(self, text: str, source: str, target: str) -> str:
        """Return the text translated, line by line and sentence by sentence.

        Raises TranslationPairError when the pair is not offered, TranslationError when its programs crash or hang.
        """
        installed = self._mode(source, target)
        key = (installed.mode.name, installed.version)
        with self._lock:
            pipeline = self._pipelines.setdefault(key, Pipeline(installed.mode, path=self._path))
            self._pipelines.move_to_end(key)
            superfluous = [self._pipelines.popitem(last=False)[1] for _ in range(len(self._pipelines) - MAX_RUNNING)]
        for old in superfluous:
            old.close()
        try:
            return sentences.translate_each(
                text, lambda asked: [pipeline.translate(sentence, seconds=SENTENCE_WAIT) for sentence in asked]
            )
        except PipelineError as error:
            raise TranslationError(
                f"Apertium failed on {source}→{target}: {error}. Report it to its maintainers, or install another "
                f"engine: faq languages install {source} {target}"
            ) from error
        finally:
            with self._lock:
                is_kept = self._pipelines.get(key) is pipeline
            if not is_kept:  # it was stopped meanwhile, and has started anew for this text
                pipeline.close()

    def close(self) -> None:
        """Stop all programs, and trying."""
        with self._lock:
            self._is_closed = True
            running, self._pipelines = list(self._pipelines.values()), OrderedDict()
            if self._trying is not None:
                self._trying.interrupt()
        for pipeline in running:
            pipeline.interrupt()
            pipeline.close()
        if self._prober is not None:
            self._prober.join()

    def _mode(self, source: str, target: str) -> _Installed:
        self._refresh()
        found = self._offered.get((tags.canonical(source), tags.canonical(target)))
        if found is None:
            raise TranslationPairError(
                f"No Apertium pair that works translates {source}→{target}. See `faq languages` for those that are "
                "installed, and https://wiki.apertium.org/wiki/List_of_language_pairs for all there are."
            )
        return found

    def _refresh(self) -> None:
        at = time.monotonic()
        if at < self._look_at:
            return
        with self._lock:
            if at < self._look_at or self._is_closed:
                return
            self._look_at = at + RELIST_AFTER
            idle = [key for key, pipeline in self._pipelines.items() if at - pipeline.used_at > CLOSE_AFTER]
            for key in idle:
                self._pipelines.pop(key).close()
            changed = _changed(self._modes_folder) if self.problem is None else None
            if changed != self._folder_changed:
                self._folder_changed = changed
                found = _installed(self._modes_folder) if changed is not None else ()
                self._installed = {one.mode.name: one for one in found}
                self._recall()
                self._offer()
            is_probing = self._prober is not None and self._prober.is_alive()
            if not is_probing and any(self._verdict(one) is None for one in self._installed.values()):
                self._prober = threading.Thread(target=self._probe, name="apertium-probes", daemon=True)
                self._prober.start()

    def _probe(self) -> None:
        """Try one pair after the other until there is none that was not."""
        version = self.version
        while not self._is_closed:
            with self._lock:
                untried = [one for one in self._installed.values() if self._verdict(one) is None]
            if not untried:
                break
            verdict = self._tried(untried[0])
            with self._lock:
                if not self._is_closed:
                    self._verdicts[untried[0].mode.name] = untried[0].version, verdict
                    self._offer()
            if verdict.trouble is not None:
                log.info("the Apertium pair %s is not used: %s", untried[0].mode.name, verdict.trouble)
        self._probes.write(
            {
                "program": _stamp(self._program),
                "version": version,
                "probes": probes_digest(),
                "modes": {
                    name: {"version": version, "trouble": verdict.trouble}
                    for name, (version, verdict) in self._verdicts.copy().items()
                    if verdict.is_lasting
                },
            }
        )

    def _tried(self, installed: _Installed) -> Verdict:
        known = probe_sentences()
        source = installed.pairs[0][0]
        asked = next((known[tag] for tag in (source, *_relatives(source)) if tag in known), None)
        if asked is None:
            return Verdict(trouble=f"there are no sentences in {source} to try it with")
        pipeline = Pipeline(installed.mode, path=self._path, has_marks=True)
        with self._lock:
            self._trying = pipeline
        try:
            return try_pair(pipeline, asked)
        finally:
            pipeline.close()

    def _verdict(self, installed: _Installed) -> Verdict | None:
        version, verdict = self._verdicts.get(installed.mode.name, ("", None))
        return verdict if version == installed.version else None

    def _offer(self) -> None:
        offered: dict[tuple[str, str], _Installed] = {}
        for installed in self._installed.values():
            verdict = self._verdict(installed)
            if verdict is not None and verdict.trouble is None:
                for pair in installed.pairs:
                    offered.setdefault(pair, installed)
        self._offered, self._pairs = offered, frozenset(offered)

    def _recall(self) -> None:
        """Take over the verdicts of an earlier process where program, data and sentences are the same."""
        content = self._probes.read()
        if content.get("program") != _stamp(self._program) or content.get("probes") != probes_digest():
            return
        modes = content.get("modes")
        for name, entry in modes.items() if isinstance(modes, dict) else ():
            if isinstance(entry, dict) and name not in self._verdicts and "trouble" in entry:
                trouble = entry["trouble"]
                verdict = Verdict(trouble=None if trouble is None else str(trouble))
                self._verdicts[name] = str(entry.get("version")), verdict

    def _remembered_version(self) -> str | None:
        content: dict[str, Any] = self._probes.read()
        version = content.get("version")
        return version if isinstance(version, str) and content.get("program") == _stamp(self._program) else None


def find_program(setting: str) -> Path | None:
    """Return the program: ``auto`` finds it on PATH, ``off`` is none, anything else is its path."""
    if setting == "off":
        return None
    if setting == "auto":
        found = shutil.which("apertium")
        return Path(found) if found else None
    return Path(setting).absolute()


@lru_cache(maxsize=1024)
def language_tags(code: str) -> tuple[str, ...]:
    """Return the language tags of Apertium's code (``por_BR`` → ``pt-BR``); none where it means no language to us."""
    from babel.core import get_global

    match = _CODE.fullmatch(code)
    if code in _WHOLE or match is None:
        return _WHOLE.get(code, ())
    language, variant = match["language"], match["variant"]
    known = _LANGUAGES.get(language) or (str(get_global("language_aliases").get(language, language)).split("_")[0],)
    if variant is not None:
        if variant not in _VARIANTS and not _REGION_OR_SCRIPT.fullmatch(variant):
            return ()  # a spelling or an experiment of the pair's authors
        known = tuple(f"{tag}-{_VARIANTS.get(variant, variant)}" for tag in known)
    try:
        return tuple(tags.canonical(tag) for tag in known)
    except ArticleError:
        return ()


def _installed(folder: Path | None) -> Iterator[_Installed]:
    if folder is None:
        return
    for path in sorted(folder.glob("*.mode")):
        source, _, target = path.stem.partition("-")
        # A text in any of its languages can be read; what is written is written in the first.
        pairs = tuple((one, other) for one in language_tags(source) for other in language_tags(target)[:1])
        if not pairs or any(tags.base(one) == tags.base(other) for one, other in pairs):
            continue
        try:
            mode = read_mode(path)
            yield _Installed(mode=mode, pairs=pairs, version=_data_version(mode))
        except PipelineError as error:
            log.warning("the Apertium mode is left out: %s", error)


def _data_version(mode: Mode) -> str:
    """Return a digest of the command lines, and of the sizes and dates of the files they name."""
    content = repr([mode.stages, [_stamp(file) for file in mode.files]])
    return hashlib.sha256(content.encode()).hexdigest()[:8]


def _stamp(file: Path) -> str:
    try:
        stat = file.stat()
    except OSError:
        return ""
    return f"{stat.st_size}-{int(stat.st_mtime)}"


def _changed(folder: Path | None) -> int | None:
    try:
        return folder.stat().st_mtime_ns if folder is not None else None
    except OSError:
        return None


def _modes_folder(program: Path) -> Path | None:
    """Return where Apertium's build puts the modes of a program: below the same prefix."""
    for place in (program, program.resolve()):
        folder = place.parent.parent / "share" / "apertium" / "modes"
        if folder.is_dir():
            return folder
    return None


def _ask_version(program: Path) -> str:
    try:
        with subprocess.Popen(
            [str(program), "-V"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
            start_new_session=True,  # it is a script, which is killed with the programs it called
        ) as asked:
            try:
                said, _ = asked.communicate(timeout=SENTENCE_WAIT)
            except subprocess.TimeoutExpired:
                os.killpg(asked.pid, signal.SIGKILL)
                raise
    except (OSError, subprocess.TimeoutExpired) as error:
        log.warning("%s does not tell its version: %s", program, error)
        return "unknown"
    found = re.search(r"\d+(?:\.\d+)+", said)
    return found.group() if found else "unknown"


def _relatives(tag: str) -> tuple[str, ...]:
    """Return the tags whose sentences serve to try a variety."""
    return (*tags.fallbacks(tag), *(("hr",) if tag == "sr-Latn" else ()))
