"""The outermost command: runs what was asked for, and turns every error into one line and an exit status."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from api.cli.output import Output, one_line
from knowledge.errors import FaqError, error_name

FAILED = 1
WRONG_USAGE = 2

# typer exports the one leaf; its parents are called otherwise from release to release.
_UsageError: type[Any] = typer.BadParameter.__mro__[1]


class FaqGroup(TyperGroup):
    """A group that knows the product's errors."""

    def main(  # type: ignore[override]
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        **extra: Any,  # noqa: ANN401
    ) -> NoReturn:
        """Run a command and leave the program with its exit status."""
        arguments = list(sys.argv[1:] if args is None else args)
        output = Output(as_json="--json" in _before_dashes(arguments))
        notes = _prepare_streams()
        try:
            status = super().main(arguments, prog_name or "faq", **{**extra, "standalone_mode": False})
        except _UsageError as error:
            sys.exit(_report_usage(output, error))
        except FaqError as error:
            if output.as_json or str(error) not in notes.errors:  # else its log line has said it already
                output.error(error_name(type(error)), str(error))
            sys.exit(FAILED)
        except typer.Abort:
            output.error("aborted", "Nothing came where input was expected.")
            sys.exit(FAILED)
        except OSError as error:
            where = f": {error.filename}" if error.filename else ""
            output.error("system", f"{error.strerror or error}{where}. Run `faq doctor`.")
            sys.exit(FAILED)
        sys.exit(status if isinstance(status, int) else 0)


def _report_usage(output: Output, error: Any) -> int:  # noqa: ANN401
    message: str = error.format_message()
    context = error.ctx
    if context is not None and message == context.get_help():  # nothing was asked for
        typer.echo(message, err=True)
        return WRONG_USAGE
    mend = f" See: {context.command_path} --help" if context is not None else ""
    output.error("usage", f"{message.rstrip('.')}.{mend}")
    return WRONG_USAGE


def _before_dashes(arguments: list[str]) -> list[str]:
    return arguments[: arguments.index("--")] if "--" in arguments else arguments


def _prepare_streams() -> _Notes:
    """Let nothing that cannot be encoded stop a command, and pass on what the rooms warn of."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _Notes)]:
        root.removeHandler(handler)  # of an earlier run in this process
    notes = _Notes(logging.WARNING)
    root.addHandler(notes)
    return notes


class _Notes(logging.Handler):
    """Prints warnings and errors of the log on standard error, each on one line and without a traceback."""

    def __init__(self, level: int) -> None:
        """Keep the errors that were printed."""
        super().__init__(level)
        self.errors: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        is_error = record.levelno >= logging.ERROR
        try:
            message = record.getMessage()
            if is_error:
                self.errors.add(message)
            typer.echo(f"{'error' if is_error else 'warning'}: {one_line(message)}", err=True)
        except Exception:  # as the logging module has it: a message that cannot be shown harms nobody
            self.handleError(record)
