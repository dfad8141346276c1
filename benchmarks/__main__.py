"""Runs benchmarks: ``python -m benchmarks [NAME …] [--quick] [--dev DIR] [--json FILE] [--markdown FILE]…``."""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.context import Context
from benchmarks.document import rewrite
from benchmarks.results import Machine, Result, print_result

BENCHMARKS = {
    "golden": "benchmarks.golden",
    "http": "benchmarks.http_api",
    "start": "benchmarks.start",
    "build": "benchmarks.build",
    "arms": "benchmarks.arms",
    "identification": "benchmarks.identification",
    "encoder": "benchmarks.encoder",
    "spelling": "benchmarks.spelling",
    "translation": "benchmarks.translation",
    "decisions": "benchmarks.decisions",
}
_NEED_DEV = ("identification", "spelling", "decisions")


def main() -> None:
    """Run what was asked for, print it, and write it where that was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure quality and speed, each beside a baseline in the same run.",
        epilog="docs/benchmarks.md says what each one measures.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(BENCHMARKS)}; all by default")
    parser.add_argument("--quick", action="store_true", help="only see that it works; the figures mean nothing")
    parser.add_argument(
        "--dev",
        type=Path,
        metavar="DIR",
        help=f"folder of development sets, for {', '.join(_NEED_DEV)} and most of encoder",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write raw values, too")
    parser.add_argument(
        "--markdown",
        type=Path,
        metavar="FILE",
        action="append",
        default=[],
        help="rewrite the tables of a document, too; may be given several times",
    )
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.names) - set(BENCHMARKS)):
        parser.error(f"{unknown[0]!r} is no benchmark; expected one of {', '.join(BENCHMARKS)}")
    if arguments.quick and arguments.markdown:
        parser.error("--quick and --markdown: figures of a quick run mean nothing and do not belong in a document")
    if arguments.dev is None and (needy := [name for name in arguments.names if name in _NEED_DEV]):
        parser.error(f"{needy[0]} needs development sets; name their folder with --dev DIR")
    names = arguments.names or [name for name in BENCHMARKS if name not in _NEED_DEV or arguments.dev is not None]
    paths = {name: getattr(arguments, name) and getattr(arguments, name).resolve() for name in ("dev", "json")}
    documents = [path.resolve() for path in arguments.markdown]
    with tempfile.TemporaryDirectory(prefix="faq-benchmarks-") as scratch:
        _stand_apart(Path(scratch))
        context = Context(scratch=Path(scratch), is_quick=arguments.quick, dev=paths["dev"])
        results = []
        for name in names:
            results.append(_result(name, context))
            print_result(results[-1])
            if paths["json"]:
                paths["json"].write_text(
                    json.dumps([result.to_json() for result in results], ensure_ascii=False, indent=1)
                )
        os.chdir("/")
    for document in documents:
        rewrite(document, results)


def _result(name: str, context: Context) -> Result:
    print(f"{name} …", file=sys.stderr, flush=True)
    encoder = os.environ.get("FAQ_ENCODER", "embedded")
    started = time.perf_counter()
    tables = importlib.import_module(BENCHMARKS[name]).run(context)
    return Result(
        name=name,
        machine=Machine.here(encoder=encoder),
        seconds=time.perf_counter() - started,
        is_quick=context.is_quick,
        tables=tables,
    )


def _stand_apart(scratch: Path) -> None:
    """Leave all settings but the encoder out: what is measured is the product as it comes, on data of its own."""
    for name in [name for name in os.environ if name.startswith("FAQ_") and name != "FAQ_ENCODER"]:
        del os.environ[name]
    if encoder := os.environ.get("FAQ_ENCODER"):
        folder = Path(encoder).expanduser()
        os.environ["FAQ_ENCODER"] = str(folder.resolve()) if folder.is_dir() else encoder
    os.chdir(scratch)  # away from any faq.toml
    logging.getLogger("alembic").setLevel(logging.WARNING)


if __name__ == "__main__":
    main()
