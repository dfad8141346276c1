"""Bars that show how far a long command has come."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from index.builder import Progress

_STAGES = {
    "reading": "Reading articles",
    "encoding": "Encoding passages",
    "indexing": "Indexing passages",
    "writing": "Writing the generation",
    "calibrating": "Calibrating",
    "asking": "Asking questions",
}


@contextmanager
def build_progress() -> Iterator[Callable[[Progress], None]]:
    """Yield what shows a build's progress: a bar per stage on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda progress: None
        return
    with _bars() as bars:
        tasks: dict[str, Any] = {}

        def report(progress: Progress) -> None:
            if progress.stage not in tasks:
                tasks[progress.stage] = bars.add_task(_STAGES.get(progress.stage, progress.stage), total=None)
            bars.update(tasks[progress.stage], completed=progress.done, total=progress.total or None)

        yield report


@contextmanager
def counted_progress(name: str) -> Iterator[Callable[[int, int], None]]:
    """Yield what shows how many are done, of how many: a bar with the time left on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    with _bars() as bars:
        task = bars.add_task(name, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total or None)


def _bars() -> Bars:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    return Bars(
        TextColumn("{task.description:<22}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        transient=True,
    )
