"""The command line ``faq``; its exit statuses are told by ``faq --help``.

Importing this loads typer and nothing else of weight: what a command needs is imported when it runs.
"""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Annotated

import typer

from api.cli import (
    doctor,
    encoder,
    evaluate,
    glossary,
    golden,
    index,
    keys,
    knowledge,
    languages,
    question,
    replay,
    server,
    tickets,
    translate,
)
from api.cli.group import FaqGroup
from api.cli.session import DATA_DIR, JSON, Options

__all__ = ["app", "main"]

_STATUSES = (
    "Exit status: 0 done; 1 it did not work; 2 wrong usage; 3 nothing to claim (faq tickets claim-next); "
    "130 ended by Ctrl-C; 141 whoever read the output went away."
)

app = typer.Typer(
    name="faq",
    cls=FaqGroup,
    epilog=_STATUSES,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib import metadata

        try:
            version = metadata.version("faq-assistant")
        except metadata.PackageNotFoundError:
            version = "(not installed as a package)"
        typer.echo(f"faq-assistant {version}")
        raise typer.Exit


@app.callback()
def _faq(
    context: typer.Context,
    data_dir: Annotated[Path | None, DATA_DIR] = None,
    as_json: Annotated[bool, JSON] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Answer customers from FAQ articles, in their language; what is not certain becomes a ticket.

    Settings come from FAQ_* variables of the environment, or from faq.toml.
    """
    context.obj = Options(data_dir=data_dir, as_json=as_json)


for module in (
    server,
    question,
    replay,
    knowledge,
    golden,
    glossary,
    index,
    encoder,
    evaluate,
    tickets,
    languages,
    translate,
    keys,
    doctor,
):
    module.register(app)


def main() -> None:
    """Run the command line; the console script."""
    # Imports make objects, not garbage: looking for some every 700 objects, and once more at the end,
    # takes a quarter of a short command's time.
    gc.set_threshold(100_000, *gc.get_threshold()[1:])
    try:
        app(prog_name="faq")
    finally:
        gc.freeze()
