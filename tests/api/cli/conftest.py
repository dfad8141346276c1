"""The command line as people and scripts meet it: arguments in; output, errors and an exit status out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from api.product import Product
from api.settings import Settings
from knowledge.sample import sample_articles
from tests.static_models import letters_model

PROJECT = Path(__file__).parents[3]

Faq = Callable[..., Result]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the folder of a model that knows single letters: it loads at once and finds equal questions."""
    return letters_model(tmp_path_factory.mktemp("encoder"), dimensions=16)


@pytest.fixture
def other_encoder(tmp_path: Path) -> str:
    """Return the folder of another such model."""
    return letters_model(tmp_path, dimensions=8)


@pytest.fixture
def broken_encoder(other_encoder: str) -> str:
    """Return the folder of a model that lacks its tokenizer."""
    next(Path(other_encoder).rglob("tokenizer.json")).unlink()
    return other_encoder


@pytest.fixture(scope="session")
def built_template(migrated_file: Path, tiny_encoder: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    shutil.copyfile(migrated_file, folder / "faq.db")
    product = Product(Settings(data_dir=folder, encoder=tiny_encoder))
    product.importer.run(sample_articles(), filename="articles.jsonl", by="tests")
    product.make_generation()
    product.close()
    return folder


@pytest.fixture
def environment(tiny_encoder: str, tmp_path: Path) -> dict[str, str]:
    """Return an environment whose settings are the tests' own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FAQ_")}
    return kept | {
        "FAQ_DATA_DIR": str(tmp_path / "data"),
        "FAQ_APERTIUM": "off",
        "FAQ_ENCODER": tiny_encoder,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(PROJECT),
    }


@pytest.fixture
def empty(migrated_file: Path, tmp_path: Path) -> Path:
    """Return a data folder with an empty database."""
    (tmp_path / "data").mkdir()
    return Path(shutil.copyfile(migrated_file, tmp_path / "data" / "faq.db")).parent


@pytest.fixture
def shop(built_template: Path, tmp_path: Path) -> Path:
    """Return a data folder with the sample shop imported and indexed."""
    return shutil.copytree(built_template, tmp_path / "data")


@pytest.fixture
def product(tmp_path: Path, tiny_encoder: str) -> Iterator[Product]:
    """Yield the product behind the command line, to prepare and to look."""
    product = Product(Settings(data_dir=tmp_path / "data", encoder=tiny_encoder))
    yield product
    product.close()


@pytest.fixture
def faq(environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Faq:
    """Return a function that runs a command in this process."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("FAQ_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LOGNAME", "alesia")  # whom the commands act for

    def run(*arguments: str | Path, stdin: bytes | str | None = None) -> Result:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts ``faq`` as a process of its own, and ends what is left at the end."""
    processes: list[subprocess.Popen[str]] = []

    def started(*arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "api.cli", *map(str, arguments)],
            **{
                "stdin": subprocess.PIPE,
                "stdout": subprocess.PIPE,
                "stderr": subprocess.PIPE,
                "text": True,
                "cwd": tmp_path,
                "env": environment,
                **options,
            },
        )
        processes.append(process)
        return process

    yield started
    for process in processes:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()


def failed(result: Result, status: int = 1) -> str:
    """Check that a command failed as it should, with one line on standard error, and return that line."""
    assert result.exit_code == status, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("error: "), result.stderr
    assert result.stderr.count("\n") == 1, result.stderr
    return result.stderr.removeprefix("error: ").rstrip("\n")


def rows(result: Result) -> list[dict[str, str]]:
    """Return the rows of a printed table, by column."""
    assert result.exit_code == 0, result.output
    head, *body = (line.split("\t") for line in result.stdout.split("\n") if "\t" in line)
    return [dict(zip(head, row, strict=True)) for row in body]
