"""The documents fail when they drift from the program."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings, settings_table

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def between(mark: str) -> str:
    found = re.search(rf"<!-- {mark} -->\n(.*?)<!-- /{mark} -->", README, re.DOTALL)
    assert found is not None, f"README.md has no part marked {mark}"
    return found[1].strip()


def test_the_table_of_settings_is_the_programs() -> None:
    assert between("settings") == settings_table().strip()


def test_the_readmes_answer_is_what_the_server_says(sample_data: Path) -> None:
    request = re.search(r"-d '(\{.*?\})'", README)
    assert request is not None
    with TestClient(
        create_app(Settings(data_dir=sample_data)), base_url="http://localhost", client=("127.0.0.1", 5)
    ) as client:
        reply = client.post("/v1/answers", json=json.loads(request[1])).json()
    shown = json.loads(re.sub(r"^```(json)?|```$", "", between("curl"), flags=re.MULTILINE))
    changing = {"id": None, "confidence": None, "language": None}
    assert {**shown, **changing} == {**reply, **changing}
    assert shown["language"]["code"] == reply["language"]["code"]


@pytest.mark.parametrize("path", sorted({*re.findall(r"\]\(([^)#:]+)\)", README)}))
def test_a_link_of_the_readme_leads_somewhere(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_command_of_the_readme_exists() -> None:
    from typer.main import get_command

    from api.cli import app

    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"\bfaq ([a-z]+)", README))
    assert named <= known | {"build"}
    assert named


def test_every_target_of_the_documents_is_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    documents = README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)`", documents, re.MULTILINE))
    assert len(named) >= 4
    for target in (line or inline for line, inline in named):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target}"
