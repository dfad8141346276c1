"""What answering needs is light: no import, and no answer of the embedded encoder, loads a heavy library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    *("torch", "transformers", "sentence_transformers", "argostranslate", "ctranslate2", "stanza", "spacy"),
    *("sklearn", "scipy", "pandas", "matplotlib"),
)

ANSWER = """
import asyncio, sys
from pathlib import Path
from starlette.testclient import TestClient
from api.app import create_app
from api.settings import Settings

app = create_app(Settings(data_dir=Path(sys.argv[1])))
with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 1)) as client:
    for text in ("How do I return an item?", "Як вярнуць тавар?", "qwzx plörf", "talk to a human", "返品したい"):
        reply = client.post("/v1/answers", json={"question": text})
        assert reply.status_code == 200, reply.text
    ticket = client.get("/v1/tickets").json()["items"][0]["id"]
    for path in ("/readyz", "/v1/languages", "/metrics", "/openapi.json", f"/v1/tickets/{ticket}/suggestions"):
        assert client.get(path).status_code == 200, path
"""


def loaded_by(code: str, *arguments: str) -> set[str]:
    """Return the heavy libraries that a fresh process has loaded after running the code."""
    tell = f"\nimport sys\nprint('LOADED', *[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code + tell, *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("LOADED")[2].split())


@pytest.mark.parametrize(
    "module", ["assistant", "assistant.assistant", "index.builder", "assistant.build_process", "api.app", "api.cli"]
)
def test_an_import_is_light(module: str) -> None:
    assert loaded_by(f"import {module}") == set()


def test_a_question_needs_no_formats_of_files() -> None:
    code = "import api.product, sys; sys.exit('knowledge.formats' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=120, check=False).returncode == 0


def test_a_server_that_answers_on_the_embedded_encoder_is_light(sample_data: Path) -> None:
    assert loaded_by(ANSWER, str(sample_data)) == set()


def test_what_is_looked_for_would_be_found() -> None:
    assert "scipy" in HEAVY
    assert loaded_by("import sys; sys.modules['scipy'] = sys") == {"scipy"}
