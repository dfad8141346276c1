"""What all commands have in common: help, options, errors, exit statuses, and good manners in a pipe."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from api.cli import app
from api.product import Product
from assistant.tickets import Customer
from tests.api.cli.conftest import Faq, Start, failed

COMMANDS = (
    "serve", "ask", "import", "export", "golden", "glossary", "build", "generations", "rollback", "encoder", "tickets",
    "languages", "detect", "translate", "translations", "keys", "doctor",
)  # fmt: skip


def leaves(group: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield every command that can be run, with the words that call it."""
    assert isinstance(group, TyperGroup)
    for name, found in group.commands.items():
        if isinstance(found, TyperGroup):
            yield from leaves(found, (*path, name))
            if not found.invoke_without_command:
                continue
        yield (*path, name), found


LEAVES = list(leaves(get_command(app)))


def test_the_help_names_every_command(faq: Faq) -> None:
    result = faq("--help")
    assert result.exit_code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in result.stdout


def test_without_a_command_the_help_is_shown_as_an_error(faq: Faq) -> None:
    result = faq()
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Commands:" in result.stderr


@pytest.mark.parametrize("path", [path for path, _ in LEAVES], ids=" ".join)
def test_every_command_has_a_help_and_speaks_json(faq: Faq, path: tuple[str, ...]) -> None:
    result = faq(*path, "--help")
    assert result.exit_code == 0
    assert "--json" in result.stdout
    assert faq(*path, "-h").stdout == result.stdout


def test_the_version_is_that_of_the_package(faq: Faq) -> None:
    result = faq("--version")
    assert result.exit_code == 0
    assert result.stdout.startswith("faq-assistant ")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--nonsense"], "--nonsense"),
        (["nonsense"], "nonsense"),
        (["ask"], "QUESTION"),
        (["ask", "Hello?", "--top-k", "11"], "--top-k"),
        (["generations", "activate", "zero"], "NUMBER"),
        (["tickets", "reply", "T-7K3QX9M"], "TEXT"),
        (["keys", "create"], "--scope"),
        (["languages", "install", "en"], "two languages"),
        (["export", "--json", "--format", "csv"], "--json"),
    ],
)
def test_wrong_usage_is_one_line_that_leads_to_the_help(faq: Faq, arguments: list[str], what: str) -> None:
    if "--json" not in arguments:
        line = failed(faq(*arguments), status=2)
        assert what.lower() in line.lower()
        assert "See: faq" in line
        assert "--help" in line
    result = faq("--json", *arguments)
    assert result.exit_code == 2
    assert result.stderr == ""
    document = json.loads(result.stdout)
    assert document["error"]["type"] == "usage"
    assert what.lower() in document["error"]["detail"].lower()


def test_common_options_are_taken_before_and_after_the_command(faq: Faq, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    assert json.loads(faq("--data-dir", here, "--json", "keys", "list").stdout)["items"] == []
    assert json.loads(faq("keys", "list", "--json", "--data-dir", there).stdout)["items"] == []
    assert json.loads(faq("keys", "list", "--data-dir", there, "--json").stdout)["items"] == []
    assert (here / "faq.db").exists()
    assert (there / "faq.db").exists()
    assert not (tmp_path / "data").exists()


def test_the_option_of_a_group_holds_for_its_commands(faq: Faq, empty: Path) -> None:
    result = faq("tickets", "--json", "show", "T-7K3QX9M")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["type"] == "ticket-not-found"


def test_an_error_is_one_line_or_an_object_with_the_type_of_the_api(faq: Faq, empty: Path) -> None:
    assert "T-7K3QX9M" in failed(faq("tickets", "show", "T-7K3QX9M"))
    result = faq("tickets", "show", "T-7K3QX9M", "--json")
    assert (result.exit_code, result.stderr) == (1, "")
    error = json.loads(result.stdout)["error"]
    assert error["type"] == "ticket-not-found"
    assert "T-7K3QX9M" in error["detail"]


def test_a_setting_that_cannot_be_used_is_named(faq: Faq, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAQ_PORT", "many")
    assert "FAQ_PORT" in failed(faq("tickets"))


def test_a_data_folder_that_cannot_be_made_is_named(faq: Faq, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "FAQ_DATA_DIR" in failed(faq("tickets", "--data-dir", tmp_path / "file" / "data"))


def test_text_cannot_steer_the_terminal(faq: Faq, empty: Path, product: Product) -> None:
    draft = product.tickets.draft(
        question="Where is \x1b[31mmy\x1b]0;title\x07 parcel?\r\x9b2J",
        customer=Customer(name="A\x1b[2Jna\tB"),
        channel="chat",
        language="en",
        reason="no_match",
    )
    ticket = product.tickets.create(draft, actor="tests")
    for result in (faq("tickets"), faq("tickets", "show", ticket.id), faq("tickets", "claim", ticket.id)):
        assert result.exit_code == 0
        assert not {"\x1b", "\x07", "\x9b", "\r"} & set(result.stdout)
        assert "\\x1b" in result.stdout


def test_a_reader_that_goes_away_ends_the_command_without_a_word(shop: Path, start: Start) -> None:
    process = start("export", "--format", "jsonl")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.wait(60) == 141
    assert process.stderr.read() == ""


def on_terminal(start: Start, environment: dict[str, str], *arguments: str) -> str:
    """Run a command on a terminal of 80 columns and return all that it shows there."""
    ours, theirs = pty.openpty()
    environment |= {"COLUMNS": "80", "LINES": "24", "TERM": "xterm-256color"}
    process = start(*arguments, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    shown = b""
    with open(ours, "rb", buffering=0) as terminal, suppress(OSError):  # which is how a terminal ends
        while piece := terminal.read(4096):
            shown += piece
    process.wait(60)
    return shown.decode()


def test_a_terminal_gets_colours_and_folded_cells_and_loses_nothing(
    environment: dict[str, str], empty: Path, product: Product, start: Start
) -> None:
    words = [f"слова-{number}" for number in range(12)]
    draft = product.tickets.draft(
        question=" ".join(words), customer=Customer(name="Алеся"), channel="chat", language="be", reason="no_match"
    )
    product.tickets.create(draft, actor="tests")
    shown = on_terminal(start, environment, "tickets")
    assert "\x1b[1m" in shown
    assert all(len(line) <= 80 for line in re.sub(r"\x1b\[[0-9;]*m", "", shown).split("\r\n"))
    assert all(re.search(rf"{word}\b", shown) for word in words)
    assert "…" not in shown


def test_an_error_is_red_unless_colours_are_not_wanted(environment: dict[str, str], empty: Path, start: Start) -> None:
    red = on_terminal(start, environment, "generations", "activate", "9")
    plain = on_terminal(start, environment | {"NO_COLOR": "1"}, "generations", "activate", "9")
    assert red.startswith("\x1b[31m\x1b[1merror:\x1b[0m There is no generation 9")
    assert plain.startswith("error: There is no generation 9")


def test_ctrl_c_ends_the_command_without_a_traceback(start: Start) -> None:
    process = start("detect", bufsize=1)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("How do I return an item?\n")
    process.stdin.flush()
    assert process.stdout.readline().startswith("en\t")  # it runs, and waits for more
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert process.stderr is not None
    assert process.stderr.read() == ""
