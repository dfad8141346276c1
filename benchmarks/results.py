"""What a benchmark gives: tables of raw values, with the machine and the day they were measured on."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table as RichTable

Cell = str | int | float | bool | None

_WIDE = 200  # characters of a line where the output is no terminal


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading, and how its numbers are written (a format specification such as ``.3f``)."""

    name: str
    spec: str = ","

    def show(self, value: Cell) -> str:
        """Return a cell as people read it; nothing for None."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return "yes" if value else "no"
        return value if isinstance(value, str) else format(value, self.spec)


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A picture that goes with a table, kept beside a document as ``images/NAME.svg``."""

    name: str
    alternative: str  # what is told where it cannot be seen
    svg: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Rows of raw values under their columns; ``notes`` say how they came about."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    picture: Picture | None = None

    def __post_init__(self) -> None:
        """Raise ValueError when a row does not fit the columns."""
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"{self.title}: a row has {len(row)} cells, expected {len(self.columns)}: {row}")

    def shown(self) -> list[list[str]]:
        """Return the cells as people read them."""
        return [[column.show(value) for column, value in zip(self.columns, row, strict=True)] for row in self.rows]

    def to_rich(self) -> RichTable:
        """Return the table for a terminal."""
        drawn = RichTable(title=self.title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
        for number, column in enumerate(self.columns):
            drawn.add_column(column.name, justify="left" if number == 0 else "right")
        for row in self.shown():
            drawn.add_row(*row)
        return drawn

    def to_markdown(self) -> str:
        """Return the table as Markdown, its title above, its picture and notes below."""
        lines = [
            f"**{self.title}**",
            "",
            _markdown_row([column.name for column in self.columns]),
            _markdown_row(["---", *["---:"] * (len(self.columns) - 1)]),
            *map(_markdown_row, self.shown()),
        ]
        shown = [] if self.picture is None else [f"\n![{self.picture.alternative}](images/{self.picture.name}.svg)"]
        return "\n".join([*lines, *shown, *(f"\n{note}" for note in self.notes)])

    def to_json(self) -> dict[str, Any]:
        """Return the raw values, row by row, by the names of the columns."""
        names = [column.name for column in self.columns]
        return {
            "title": self.title,
            "rows": [dict(zip(names, row, strict=True)) for row in self.rows],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """Where and when something was measured, and with which encoder."""

    measured_at: str
    cpu: str
    cores: int
    memory_gib: float
    python: str
    system: str
    version: str  # of faq-assistant
    encoder: str

    @classmethod
    def here(cls, *, encoder: str) -> Machine:
        """Describe this machine, now."""
        return cls(
            measured_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            cpu=_cpu_model(),
            cores=len(os.sched_getaffinity(0)),
            memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
            python=f"{platform.python_implementation()} {platform.python_version()}",
            system=f"{platform.system()} {platform.release()} {platform.machine()}",
            version=metadata.version("faq-assistant"),
            encoder=encoder,
        )

    def sentence(self) -> str:
        """Return it in one line."""
        return (
            f"Measured {self.measured_at} on {self.cores} × {self.cpu}, {self.memory_gib:g} GiB; {self.system}; "
            f"{self.python}; faq-assistant {self.version}, encoder {self.encoder}."
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One benchmark's tables."""

    name: str
    machine: Machine
    seconds: float  # that the benchmark took
    is_quick: bool
    tables: tuple[Table, ...]

    def to_json(self) -> dict[str, Any]:
        """Return everything, ready for JSON."""
        return {
            "name": self.name,
            "machine": asdict(self.machine),
            "seconds": round(self.seconds, 1),
            "quick": self.is_quick,
            "tables": [table.to_json() for table in self.tables],
        }


def print_result(result: Result) -> None:
    """Print tables and notes; nothing is cut off where the output is a file or a pipe."""
    console = Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)
    for table in result.tables:
        console.print(table.to_rich())
        for note in table.notes:
            console.print(note, style="dim", soft_wrap=True)
        console.print()
    console.print(result.machine.sentence(), style="dim", soft_wrap=True)
    if result.is_quick:
        console.print("A quick run shows that the benchmark works; its figures mean nothing.", style="bold")
    console.print()


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of the values lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
