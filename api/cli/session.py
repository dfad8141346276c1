"""What every command shares: its options, its output, the settings, and the product behind them."""

from __future__ import annotations

import functools
import getpass
import inspect
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from api.cli.output import Output

if TYPE_CHECKING:
    from api.product import Product
    from api.settings import Settings

BROKEN_PIPE = 141  # 128 + SIGPIPE, as a shell shows a program whose reader went away

Command = Callable[..., int | None]

DATA_DIR = typer.Option(
    "--data-dir", metavar="FOLDER", help="Folder that holds everything the server writes (FAQ_DATA_DIR)."
)
JSON = typer.Option("--json", help="Print JSON, for machines.")
_HIDDEN_DATA_DIR = typer.Option("--data-dir", metavar="FOLDER", hidden=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """Options that every command takes, before or after its name."""

    data_dir: Path | None = None
    as_json: bool = False


class Session:
    """One run of one command; parts are made when they are first needed."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.output = Output(as_json=options.as_json)

    @cached_property
    def settings(self) -> Settings:
        """The settings in force; raises ConfigurationError."""
        return self.read_settings()

    def read_settings(self, **overrides: object) -> Settings:
        """Return the settings, these and ``--data-dir`` above all others; raises ConfigurationError."""
        from api.settings import read_settings

        return read_settings(data_dir=self.options.data_dir, **overrides)

    @cached_property
    def product(self) -> Product:
        """The product by the settings; closed with the session."""
        from api.product import Product

        return Product(self.settings)

    @cached_property
    def user(self) -> str:
        """The name of the person at the keyboard."""
        try:
            return getpass.getuser()
        except (KeyError, OSError):  # a container's user may have no name
            return "cli"

    def moment(self, at: datetime | None) -> str:
        """Return a time in the zone of the settings; nothing for None."""
        from zoneinfo import ZoneInfo

        return "" if at is None else f"{at.astimezone(ZoneInfo(self.settings.timezone)):%Y-%m-%d %H:%M}"

    def close(self) -> None:
        """Close the product, if it was needed."""
        if "product" in self.__dict__:
            self.product.close()


def command(app: typer.Typer, name: str | None = None, **options: Any) -> Callable[[Command], Command]:  # noqa: ANN401
    """Register a function that takes a Session first, and returns its exit status or None for 0."""

    def register(function: Command) -> Command:
        app.command(name, **options)(_in_session(function))
        return function

    return register


def default_command(app: typer.Typer, **options: Any) -> Callable[[Command], Command]:  # noqa: ANN401
    """Register what a group of commands does when none of them is named; see ``command``."""

    def register(function: Command) -> Command:
        app.callback(invoke_without_command=True, **options)(_in_session(function))
        return function

    return register


def _in_session(function: Command) -> Command:
    """Return the function with ``--json`` and ``--data-dir`` for its first parameter, as typer reads signatures."""

    @functools.wraps(function)
    def run(
        *,
        context: typer.Context,
        as_json: bool,
        data_dir: Path | None,
        **arguments: Any,  # noqa: ANN401
    ) -> int | None:
        above: Options = context.obj or Options()
        context.obj = Options(data_dir=data_dir or above.data_dir, as_json=as_json or above.as_json)
        if context.invoked_subcommand is not None:
            return None
        session = Session(context.obj)
        try:
            status = function(session, **arguments)
            sys.stdout.flush()
        except BrokenPipeError:
            _silence()
            raise typer.Exit(BROKEN_PIPE) from None
        finally:
            session.close()
        return status

    hints = get_type_hints(function, include_extras=True)
    own = list(inspect.signature(function).parameters.values())[1:]
    parameters = [
        inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context),
        *(one.replace(annotation=hints[one.name], kind=inspect.Parameter.KEYWORD_ONLY) for one in own),
        inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[bool, JSON], default=False),
        inspect.Parameter(
            "data_dir",
            inspect.Parameter.KEYWORD_ONLY,
            annotation=Annotated[Path | None, _HIDDEN_DATA_DIR],
            default=None,
        ),
    ]
    del run.__wrapped__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def _silence() -> None:
    """Point standard output at nothing, so that the interpreter's last flush does not complain either."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # a standard output that is no file needs no silencing
        return
