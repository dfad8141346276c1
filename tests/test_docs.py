"""The documents fail when they drift from the program."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any, get_args

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings, settings_table
from assistant.answering import Problem
from assistant.phrases import Phrasebook

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
LANGUAGES = (ROOT / "docs" / "languages.md").read_text(encoding="utf-8")


def between(mark: str, document: str = README) -> str:
    found = re.search(rf"<!-- {mark} -->\n(.*?)<!-- /{mark} -->", document, re.DOTALL)
    assert found is not None, f"the document has no part marked {mark}"
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


def commands_of(document: str) -> list[tuple[str, list[str]]]:
    """Return each call of ``faq`` in a document's shell blocks and inline code, with the words that follow."""
    blocks = re.findall(r"```sh\n(.*?)```", document, re.DOTALL)
    prose = re.sub(r"```.*?```", "", document, flags=re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    calls: list[tuple[str, list[str]]] = []
    for line in [*lines, *re.findall(r"`(faq [^`]+)`", prose)]:
        found = re.search(r"(?:^|[|] *|=\S* )faq (.+)", line)
        if found is not None:
            calls.append((line, shlex.split(found[1], comments=True)))
    return calls


@pytest.mark.parametrize(("line", "words"), commands_of(LANGUAGES))
def test_a_command_of_the_guide_to_languages_is_one_with_its_options(line: str, words: list[str]) -> None:
    from typer.main import get_command

    from api.cli import app

    command: Any = get_command(app)
    while hasattr(command, "commands") and words and words[0] in command.commands:
        command, words = command.commands[words[0]], words[1:]
    assert command.name != "faq", line
    assert not (hasattr(command, "commands") and words and not words[0].startswith("-")), line
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known, line


def test_the_guide_to_languages_names_commands_at_all() -> None:
    assert len(commands_of(LANGUAGES)) > 25


def test_every_path_and_method_of_the_guide_to_languages_exists(tmp_path: Path) -> None:
    paths = create_app(Settings(data_dir=tmp_path)).openapi()["paths"]
    served = {
        (method.upper(), re.sub(r"\{[^}]*\}", "{}", path)) for path, methods in paths.items() for method in methods
    }
    named = [
        (method, path) for method, path in re.findall(r"\b(GET|PUT|POST|DELETE|PATCH) (/[a-z][\w/{}-]*)", LANGUAGES)
    ]
    for line in re.sub(r"\\\n *", " ", LANGUAGES).splitlines():
        for path in re.findall(r"http://127\.0\.0\.1:8080(/[^\s'?]*)", line):
            method = re.search(r"-X (\w+)", line)
            named.append((method[1] if method else "POST" if " -d " in line else "GET", path))
    assert len(named) > 10
    for method, path in named:
        pattern = re.sub(r"\{[^}]*\}", "{}", path)
        assert any(
            method == known and re.fullmatch(re.escape(route).replace(r"\{\}", "[^/]+"), pattern)
            for known, route in served
        ), f"{method} {path}"


def test_the_guide_to_languages_lists_the_phrase_files() -> None:
    spoken = Phrasebook()
    named = {tag: spoken.language_name(tag, in_language="en") for tag in spoken.languages}
    listed = between("spoken", LANGUAGES).replace("\n", " ").removesuffix(".")
    assert listed == ", ".join(f"{name} (`{tag}`)" for tag, name in sorted(named.items(), key=lambda pair: pair[1]))


def test_every_setting_of_the_guide_to_languages_exists() -> None:
    named = set(re.findall(r"\bFAQ_[A-Z_]+", LANGUAGES))
    assert named
    assert named <= set(re.findall(r"`(FAQ_[A-Z_]+)`", settings_table()))


def test_the_problems_of_the_guide_to_languages_are_those_of_a_receipt() -> None:
    rows = re.search(r"\| `problem` \|.*?\n\n", LANGUAGES, re.DOTALL)
    assert rows is not None
    named = [name for row in rows[0].strip().splitlines()[2:] for name in re.findall(r"`([a-z_]+)`", row.split("|")[1])]
    assert sorted(named) == sorted(get_args(Problem))


@pytest.mark.parametrize("target", sorted({*re.findall(r"\]\(([^):]+)\)", LANGUAGES.replace("\n", " "))}))
def test_a_link_of_the_guide_to_languages_leads_somewhere(target: str) -> None:
    path, _, anchor = target.partition("#")
    assert (ROOT / "docs" / path).exists()
    if anchor:
        heads = re.findall(r"^#+ (.+)$", LANGUAGES, re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}
