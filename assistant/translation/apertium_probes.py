"""Whether an Apertium pair works: it is tried with ordinary sentences before a customer's text meets it.

That a pair is installed says little. On Debian 12 ``rus-bel``, ``rus-ukr`` and ``ukr-rus`` crash in the
tagger on the plainest questions and exit with status 0, two Esperanto pairs lack a file, and ``eng-hbs``
leaves half of the words without an ending.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from assistant.translation.apertium_pipeline import Pipeline, PipelineError

SENTENCE_WAIT = 10.0  # seconds; an ordinary sentence takes milliseconds, the first one some hundreds
# Shares of the words beyond which a pair is no help. Of Debian 12's pairs, those whose translations can be read
# stay below; the next ones have 0.17 of unknown words and more, or 0.09 of garbled ones and more.
MAX_UNKNOWN = 0.15  # words that come out as they went in
MAX_GARBLED = 0.05  # words that were found and could not be inflected, and choices (``a/b``) left open

_SENTENCES = Path(__file__).with_name("probes.toml")

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What became of trying a pair; ``trouble`` is None where it works."""

    trouble: str | None
    is_lasting: bool = True


@cache
def probe_sentences() -> Mapping[str, tuple[str, ...]]:
    """Return the sentences by language tag."""
    return {tag: tuple(texts) for tag, texts in tomllib.loads(_SENTENCES.read_text("utf-8")).items()}


@cache
def probes_digest() -> str:
    """Return what changes with the sentences and the limits."""
    limits = f"{MAX_UNKNOWN} {MAX_GARBLED}".encode()
    return hashlib.sha256(_SENTENCES.read_bytes() + limits).hexdigest()[:8]


def try_pair(pipeline: Pipeline, sentences: tuple[str, ...]) -> Verdict:
    """Translate the sentences by a pipeline that shows its marks, and judge what comes out."""
    translated: list[str] = []
    for sentence in sentences:
        try:
            translated.append(pipeline.translate(sentence, seconds=SENTENCE_WAIT))
        except PipelineError as error:
            return Verdict(trouble=str(error), is_lasting=error.is_lasting)
    if not all(translated):
        return Verdict(trouble="gives nothing back for an ordinary sentence")
    words = [word.lstrip("¿¡([{«“„\"'-") for text in translated for word in text.split()]
    unknown = sum(word.startswith("*") for word in words) / len(words)
    garbled = sum(word.startswith(("@", "#")) or "/" in word for word in words) / len(words)
    if unknown > MAX_UNKNOWN:
        return Verdict(trouble=f"does not know {unknown:.0%} of ordinary words")
    if garbled > MAX_GARBLED:
        return Verdict(trouble=f"cannot inflect {garbled:.0%} of ordinary words")
    if translated == list(sentences):
        return Verdict(trouble="gives every sentence back as it was")
    return Verdict(trouble=None)


class ProbeFile:
    """The verdicts on disk, so that a restart tries only what has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, Any]:
        """Return what was written last; empty where it cannot be read."""
        try:
            content = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            log.warning("%s cannot be read, all Apertium pairs are tried again: %s", self._path, error)
            return {}
        return content if isinstance(content, dict) else {}

    def write(self, content: Mapping[str, Any]) -> None:
        """Write the verdicts; a disk that refuses costs the next start some seconds, and no more."""
        name = None
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                "w", encoding="utf-8", dir=self._path.parent, prefix=".apertium-", delete=False
            ) as file:
                name = file.name
                json.dump(content, file, ensure_ascii=False, indent=1, sort_keys=True)
            os.replace(name, self._path)
        except OSError as error:
            log.warning("%s cannot be written: %s", self._path, error)
            if name is not None:
                with suppress(OSError):
                    os.unlink(name)
