"""Bars that show how far a long command has come."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description:<22}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(file=sys.stderr), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def report(progress: Progress) -> None:
            if progress.stage not in tasks:
                tasks[progress.stage] = bars.add_task(_STAGES.get(progress.stage, progress.stage), total=None)
            bars.update(tasks[progress.stage], completed=progress.done, total=progress.total or None)

        yield report
