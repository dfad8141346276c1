"""A running Apertium pipeline: the programs of one mode, kept alive from one sentence to the next.

``apertium PAIR`` starts a shell and about a dozen programs, and each reads its dictionaries, for every
text: a quarter of a second here. The programs themselves can do better: with ``-z`` each passes on what
it has at every NUL and goes on, and a sentence takes about a millisecond. So we read the mode's file, as
``apertium`` does, and start its programs ourselves, joined by pipes: no shell, and it is known which one
crashed. The stream format is in https://wiki.apertium.org/wiki/Apertium_stream_format.
"""

from __future__ import annotations

import itertools
import os
import re
import selectors
import shlex
import shutil
import signal
import subprocess
import threading
import time
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from assistant.translation.errors import TranslationError

MAX_MODE_BYTES = 65_536  # a mode's file; Debian's largest has 3 kB
MAX_GROWTH = 64  # bytes that may come back for one byte sent, beyond which a program has run wild
_CHUNK = 65_536  # bytes

# Programs of Apertium, VISL CG-3 and HFST that take -z; some stages of other kinds need none.
_FLUSHING_PROGRAMS = (
    "lt-proc cg-proc hfst-proc lrx-proc lsx-proc rtx-proc apertium-tagger apertium-pretransfer apertium-posttransfer "
    "apertium-transfer apertium-interchunk apertium-postchunk apertium-anaphora apertium-extract-caps "
    "apertium-restore-caps"
)
_FLUSHING = frozenset(_FLUSHING_PROGRAMS.split())
_MEANINGFUL = re.compile(r"([\[\]{}^$/\\@<>])")
# What no pipeline lets through: control characters, surrogates, private and unassigned characters that some
# programs end the stream at; and the tilde, by which the post-generator knows where to join words.
_BLANK = re.compile("[\\x00-\\x1f\\x7f-\\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff~]+")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_CURLY_APOSTROPHE = re.compile(r"(?<=[^\W\d_])[\u2019\u02bc](?=[^\W\d_])")  # the dictionaries have the straight one


class PipelineError(TranslationError):
    """The pipeline crashed, hung or sent what is no translation; the message says which and where.

    ``is_lasting`` is whether the same sentence would do it again, as far as one can know: a program that is
    not installed or took too long may be there, or faster, another time.
    """

    def __init__(self, message: str, *, is_lasting: bool = True) -> None:
        super().__init__(message)
        self.is_lasting = is_lasting


@dataclass(frozen=True, kw_only=True, slots=True)
class Mode:
    """What a mode's file says: the command line of each program, ``$1`` being how words are marked."""

    name: str
    stages: tuple[tuple[str, ...], ...]

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of data that the programs read."""
        return tuple(Path(word) for stage in self.stages for word in stage[1:] if word.startswith("/"))


def read_mode(path: Path) -> Mode:
    """Return the mode in a ``.mode`` file; raises PipelineError when it is more than programs and pipes."""
    try:
        if path.stat().st_size > MAX_MODE_BYTES:
            raise PipelineError(f"{path} has more than {MAX_MODE_BYTES:,} bytes; expected a pipeline of programs.")
        lexer = shlex.shlex(path.read_text("utf-8"), posix=True, punctuation_chars="|&;<>()")
        lexer.whitespace_split = True
        words = list(lexer)
    except (OSError, ValueError) as error:
        raise PipelineError(f"{path} cannot be read ({error}); install the package it belongs to again.") from error
    stages: list[list[str]] = [[]]
    for word in words:
        if word == "|":
            stages.append([])
        elif word[0] in "|&;<>()" or "`" in word or "$(" in word:
            raise PipelineError(f"{path} holds {word!r}; expected programs joined by pipes and nothing else.")
        elif word != "$2":  # asks for ambiguous words to be shown
            stages[-1].append(word)
    if not all(stages):
        raise PipelineError(f"{path} has a pipe without a program.")
    return Mode(name=path.stem, stages=tuple(tuple(_flushing(stage)) for stage in stages))


class Pipeline:
    """The programs of a mode, running; one sentence at a time, any number of threads."""

    def __init__(self, mode: Mode, *, path: str, has_marks: bool = False) -> None:
        """Find programs in ``path`` (as in ``PATH``), and start them when the first sentence comes.

        With ``has_marks``, words nothing is known of come back with ``*``, ``@`` or ``#`` before them.
        """
        self._mode = mode
        self._path = path
        self._marks = "-g" if has_marks else "-n"
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._programs: list[subprocess.Popen[bytes]] = []
        self._is_interrupted = False
        self.used_at = time.monotonic()

    def translate(self, sentence: str, *, seconds: float) -> str:
        """Return one sentence translated; white space comes out as single blanks.

        Raises PipelineError when a program crashes or takes longer; the next sentence starts them anew.
        """
        words = _CURLY_APOSTROPHE.sub("'", unicodedata.normalize("NFC", _BLANK.sub(" ", sentence)))
        words = " ".join(words.split())
        if not words:
            return ""
        with self._lock:
            self.used_at = time.monotonic()
            if not self._programs:
                self._start()
            try:
                came = self._exchange(_MEANINGFUL.sub(r"\\\1", words), seconds)
            except BaseException:
                self._stop()
                raise
        return " ".join(_ESCAPE.sub(r"\1", came).split())

    def interrupt(self) -> None:
        """Kill the programs for good: whoever waits for a sentence, or asks later, gets a PipelineError at once."""
        self._is_interrupted = True
        self._kill()

    def close(self) -> None:
        """Stop the programs, when the sentence that is being translated is done."""
        with self._lock:
            self._stop()

    def _kill(self) -> None:
        for program in list(self._programs):
            with suppress(OSError):
                os.killpg(program.pid, signal.SIGKILL)

    def _exchange(self, escaped: str, seconds: float) -> str:
        # The full stop ends a sentence for every program, as Apertium's own reader of plain text has it. The
        # number comes back unaltered: what crashed, or was left over from an earlier sentence, has another one.
        tail = f"[][ {next(self._numbers)}]"
        if self._is_interrupted:
            raise PipelineError(f"{self._mode.name} was stopped", is_lasting=False)
        first, last = self._programs[0].stdin, self._programs[-1].stdout
        assert first is not None
        assert last is not None
        try:
            first.write(f"{escaped}.{tail}\0".encode())
            first.flush()
        except OSError as error:
            raise self._crashed() from error
        came = self._read(last, time.monotonic() + seconds, limit=_CHUNK + MAX_GROWTH * len(escaped.encode()))
        text = came.removesuffix(b"\0").decode("utf-8", "replace")
        if not text.endswith(tail):
            raise self._crashed()
        return text.removesuffix(tail).rstrip().removesuffix(".")

    def _read(self, stream: IO[bytes], until: float, *, limit: int) -> bytes:
        """Return what comes up to the first NUL."""
        came = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while not came.endswith(b"\0"):
                left = until - time.monotonic()
                if left <= 0 or not selector.select(left):
                    raise PipelineError(f"{self._mode.name} does not answer", is_lasting=False)
                chunk = os.read(stream.fileno(), _CHUNK)
                came += chunk
                if not chunk or b"\0" in chunk[:-1]:
                    raise self._crashed()
                if len(came) > limit:
                    raise PipelineError(f"{self._mode.name} sends without end")
        return bytes(came)

    def _start(self) -> None:
        environment = {"PATH": self._path, "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}
        source: int | IO[bytes] | None = subprocess.PIPE
        for stage in self._mode.stages:
            program = shutil.which(stage[0], path=self._path)
            command = [self._marks if word == "$1" else word for word in stage[1:]]
            try:
                if program is None:
                    raise FileNotFoundError(f"no program {stage[0]} in {self._path}")
                started = subprocess.Popen(
                    [program, *command],
                    stdin=source,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=environment,
                    start_new_session=True,  # a terminal's Ctrl-C is the server's to handle; and it can be killed whole
                )
            except OSError as error:
                self._stop()
                raise PipelineError(f"{self._mode.name} cannot be started ({error})", is_lasting=False) from error
            finally:
                if self._programs and (output := self._programs[-1].stdout) is not None:
                    output.close()  # it is the next program's now
            self._programs.append(started)
            source = started.stdout

    def _stop(self) -> None:
        self._kill()
        for program in self._programs:
            for stream in (program.stdin, program.stdout):
                if stream is not None:
                    with suppress(OSError):
                        stream.close()
            program.wait()
        self._programs = []

    def _crashed(self) -> PipelineError:
        """Return the error that names the first program that ended by itself."""
        for _ in range(20):  # a program's end is seen through the pipe before the system tells of it
            for program, stage in zip(self._programs, self._mode.stages, strict=True):
                # The others end by the broken pipe that it leaves behind.
                if (code := program.poll()) is not None and code not in (0, -signal.SIGPIPE):
                    is_own = code not in (-signal.SIGKILL, -signal.SIGTERM)  # else somebody's, or memory ran out
                    return PipelineError(f"{stage[0]} of {self._mode.name} {_ended(code)}", is_lasting=is_own)
            time.sleep(0.005)
        return PipelineError(f"{self._mode.name} lost the sentence")


def _flushing(stage: list[str]) -> list[str]:
    name = Path(stage[0]).name
    return [stage[0], "-z", *stage[1:]] if name in _FLUSHING and "-z" not in stage else stage


def _ended(code: int) -> str:
    if code > 0:
        return f"ends with status {code}"
    names: Mapping[int, str] = {one.value: one.name for one in signal.Signals}
    return f"crashes ({names.get(-code, f'signal {-code}')})"
