"""What the commands print: data on standard output, everything meant for people only on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

import typer

_CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}
_ONE_LINE = {**_CONTROL, ord("\n"): " ", ord("\t"): " "}


@dataclass(frozen=True, slots=True)
class Cell:
    """A table's cell with a style of rich's, which only a terminal shows."""

    text: str
    style: str = ""


class Output:
    """Prints for a person, or with ``--json`` for a machine: then nothing but JSON reaches standard output."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def document(self, content: object) -> None:
        """Print a JSON document on one line."""
        import orjson

        self.raw(orjson.dumps(content, default=_plain, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE))

    def raw(self, data: bytes) -> None:
        """Write bytes to standard output, after all that was printed before."""
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def text(self, text: str, *, dim: bool = False) -> None:
        """Print text; control characters, which could steer a terminal, are shown as codes."""
        text = printable(text)
        typer.echo(typer.style(text, dim=True) if dim and is_coloured(sys.stdout) else text)

    def fields(self, values: Mapping[str, str]) -> None:
        """Print named values, one a line, those that are empty left out."""
        width = max(map(len, values), default=0)
        for name, value in values.items():
            if value:
                self.text(f"{name.ljust(width)}  {value}")

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str | Cell]]) -> None:
        """Print a table: aligned and folded on a terminal, otherwise one row a line with tabs between, nothing cut."""
        cells = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
        if sys.stdout.isatty():
            _rich_table(columns, cells)
            return
        for row in ([Cell(column) for column in columns], *cells):
            typer.echo("\t".join(one_line(cell.text) for cell in row))

    def note(self, text: str) -> None:
        """Print something for the person at the keyboard."""
        typer.echo(printable(text), err=True)

    def warning(self, text: str) -> None:
        """Print what went not quite as wished."""
        _labelled("warning", text, typer.colors.YELLOW)

    def error(self, type: str, detail: str) -> None:
        """Print an error: one line, or an object with its type."""
        if self.as_json:
            self.document({"error": {"type": type, "detail": detail.encode(errors="replace").decode()}})
        else:
            _labelled("error", detail, typer.colors.RED)


def printable(text: str) -> str:
    """Return the text with control characters but line ends and tabs shown as codes, and lone surrogates as ``?``."""
    return text.encode(errors="replace").decode().translate(_CONTROL)


def is_coloured(stream: TextIO) -> bool:
    """Tell whether colours may be used: on a terminal whose owner does not mind (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _labelled(label: str, text: str, colour: str) -> None:
    shown = typer.style(f"{label}:", fg=colour, bold=True) if is_coloured(sys.stderr) else f"{label}:"
    typer.echo(f"{shown} {one_line(text)}", err=True)


def one_line(text: str) -> str:
    """Return the text as ``printable`` does, line ends and tabs turned into spaces."""
    return text.encode(errors="replace").decode().replace("\r\n", "\n").translate(_ONE_LINE)


def _rich_table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell.text), style=cell.style) for cell in row))
    Console(file=sys.stdout, highlight=False).print(table)


def _plain(value: object) -> object:
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
