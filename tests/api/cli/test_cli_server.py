"""``faq serve``."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.api.cli.conftest import Faq, Start, failed


def listening(process: subprocess.Popen[str]) -> str:
    """Wait until the server listens and return its address."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate()[1]
    return str(json.loads(line)["url"])


def stopped(process: subprocess.Popen[str], number: signal.Signals) -> str:
    """Ask the server to stop, check that it did so gracefully, and return what it wrote on standard error."""
    process.send_signal(number)
    output, notes = process.communicate(timeout=60)
    assert process.returncode == 0, notes
    assert output == ""
    assert "Traceback" not in notes
    return notes


def test_the_sample_shop_is_served_from_an_empty_folder_and_at_once_from_then_on(start: Start) -> None:
    first = start("serve", "--sample", "--json", "--port", "0")
    url = listening(first)
    answer = httpx.post(f"{url}/v1/answers", json={"question": "Як вярнуць тавар?"}, trust_env=False).json()
    assert (answer["decision"], answer["answer"]["article_id"]) == ("answered", "returns")
    notes = stopped(first, signal.SIGTERM)
    assert "Imported the sample shop: 68 articles" in notes
    assert "Built generation 1" in notes
    assert f"listens on {url}" in notes
    assert "faq keys create" in notes

    second = start("serve", "--sample", "--json", "--port", "0")
    assert httpx.get(f"{listening(second)}/readyz", trust_env=False).json()["status"] == "ok"
    notes = stopped(second, signal.SIGINT)
    assert "Imported" not in notes
    assert "Built" not in notes


def test_a_port_that_is_taken_is_told_at_once_with_the_way_out(faq: Faq, empty: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = failed(faq("serve", "--port", str(port)))
        assert f"Port {port} " in line
        assert f"faq serve --port {port + 1}" in line
        error = json.loads(faq("serve", "--port", str(port), "--json").stdout)["error"]
        assert error["type"] == "port-taken"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "203.0.113.4"])
def test_other_machines_are_not_let_in_before_there_is_a_key(faq: Faq, empty: Path, host: str) -> None:
    line = failed(faq("serve", "--host", host, "--port", "0"))
    assert "faq keys create --scope" in line


def test_other_machines_may_be_let_in_once_there_is_a_key(faq: Faq, empty: Path) -> None:
    faq("keys", "create", "--scope", "ask")
    with socket.create_server(("0.0.0.0", 0)) as taken:
        line = failed(faq("serve", "--host", "0.0.0.0", "--port", str(taken.getsockname()[1])))
    assert line.startswith("Port ")


@pytest.mark.parametrize("host", ["256.1.1.1", "no such host", "x" * 300])
def test_a_host_that_is_no_address_is_named(faq: Faq, empty: Path, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert "is not known" in failed(faq("serve", "--host", host))


def test_what_keeps_the_application_from_starting_is_one_line(
    start: Start, environment: dict[str, str], empty: Path
) -> None:
    environment["FAQ_LANGUAGES"] = '["tlh"]'
    process = start("serve", "--port", "0")
    output, notes = process.communicate(timeout=60)
    assert (process.returncode, output) == (1, "")
    assert notes.splitlines()[-1].startswith("error: ")
    assert "FAQ_LANGUAGES names no language that can be identified, got tlh. Choose from: " in notes.splitlines()[-1]
    assert "Traceback" not in notes
