"""What a command loads: a slow start is felt at every one of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TORCH = ("torch", "sentence_transformers", "transformers", "argostranslate", "ctranslate2", "sklearn", "matplotlib")
SERVER = ("fastapi", "starlette", "uvicorn")


def loaded(environment: dict[str, str], *arguments: str, stdin: str = "") -> set[str]:
    """Run a command in a fresh interpreter and return the top-level modules it has loaded at its end."""
    code = (
        "import atexit, sys; from api.cli import main; "
        "atexit.register(lambda: print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr)); main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split())


def test_the_help_loads_nothing_of_weight(environment: dict[str, str]) -> None:
    modules = loaded(environment, "--help")
    assert "typer" in modules
    assert not modules & {"numpy", "faiss", "sqlalchemy", "alembic", "pydantic", "rich", "orjson", *TORCH, *SERVER}


@pytest.mark.usefixtures("shop")
def test_asking_loads_neither_torch_nor_the_server(environment: dict[str, str]) -> None:
    modules = loaded(environment, "ask", "How do I return an item?")
    assert "faiss" in modules
    assert not modules & {*TORCH, *SERVER, "rich"}


def test_detecting_loads_no_database(environment: dict[str, str], tmp_path: Path) -> None:
    modules = loaded(environment, "detect", "--languages", "en,de", stdin="How do I return an item?\n")
    assert "numpy" in modules
    assert not modules & {"sqlalchemy", "faiss", *TORCH, *SERVER}
    assert not (tmp_path / "data").exists()
