"""``faq doctor``."""

from __future__ import annotations

import json
import shutil
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from api.product import Product
from index.builder import build
from tests.api.cli.conftest import Faq, rows
from tests.assistant.apertium_programs import build_apertium

Checks = dict[str, dict[str, Any]]


@pytest.fixture(autouse=True)
def _port(monkeypatch: pytest.MonkeyPatch, faq: Faq) -> None:
    """Name a port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("FAQ_PORT", str(taken.getsockname()[1]))


def examined(faq: Faq, *arguments: str, status: int = 0) -> Checks:
    """Run the doctor and return its findings by name."""
    result = faq("doctor", "--json", *arguments)
    assert result.exit_code == status, result.output
    document = json.loads(result.stdout)
    assert document["ok"] is (status == 0)
    checks = {check.pop("check"): check for check in document["checks"]}
    assert all(check["mend"] for check in checks.values() if check["state"] != "ok")
    return checks


@pytest.fixture
def answering() -> Iterator[HTTPServer]:
    """Yield a server that answers as its ``body`` says."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body: bytes = self.server.body  # type: ignore[attr-defined]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_healthy_product_passes_every_check(faq: Faq, shop: Path) -> None:
    checks = examined(faq)
    assert {check["state"] for check in checks.values()} == {"ok"}
    assert set(checks) == {
        "settings", "data folder", "disk", "database", "sqlite", "encoder", "generation", "keys", "translation",
        "server",
    }  # fmt: skip
    assert "journal_mode=wal, synchronous=2, foreign_keys=1" in checks["sqlite"]["detail"]
    assert "16 dimensions" in checks["encoder"]["detail"]
    assert "68 articles" in checks["generation"]["detail"]
    assert [row["state"] for row in rows(faq("doctor"))] == ["ok"] * 10


def test_translation_is_told_by_engine_with_what_is_installed_and_does_not_work(
    faq: Faq, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = build_apertium(tmp_path / "system", {"bel-rus": "upper", "rus-ukr": "crash"})
    monkeypatch.setenv("FAQ_APERTIUM", str(program))
    checks = examined(faq)
    assert checks["translation"]["detail"] == "apertium 9.9.9: be→ru"
    assert (checks["apertium"]["state"], checks["apertium"]["detail"]) == (
        "warn", "installed and not used: ru→uk: fake-proc of rus-ukr crashes (SIGSEGV)",
    )  # fmt: skip
    monkeypatch.setenv("FAQ_APERTIUM", str(tmp_path / "missing"))
    assert "FAQ_APERTIUM" in examined(faq)["apertium"]["mend"]


def test_a_new_folder_is_no_failure_and_stays_without_a_database(faq: Faq, tmp_path: Path) -> None:
    assert examined(faq)["database"]["state"] == "warn"
    assert list((tmp_path / "data").iterdir()) == []
    assert examined(faq, "--migrate")["database"]["state"] == "ok"
    assert examined(faq)["generation"]["state"] == "warn"


def test_an_old_schema_is_found_and_mended_on_request_only(faq: Faq, empty: Path, product: Product) -> None:
    with product.database.write() as connection:
        connection.execute(sa.text("DROP TABLE alembic_version"))
        for table in sa.inspect(connection).get_table_names():
            connection.execute(sa.text(f"DROP TABLE IF EXISTS {table}"))
    product.database.close()
    finding = examined(faq, status=1)["database"]
    assert finding["state"] == "fail"
    assert "faq doctor --migrate" in finding["mend"]
    assert examined(faq, status=1)["database"]["state"] == "fail"
    assert examined(faq, "--migrate")["database"]["state"] == "ok"


def test_a_file_that_is_no_database_is_found(faq: Faq, empty: Path) -> None:
    (empty / "faq.db").write_bytes(b"no database at all, " * 500)
    assert "backup" in str(examined(faq, status=1)["database"]["mend"])


def test_articles_that_are_not_indexed_are_found(faq: Faq, shop: Path) -> None:
    faq("import", "-", stdin="id,question,answer\nnew,Is it new?,Yes.\n")
    finding = examined(faq)["generation"]
    assert (finding["state"], finding["mend"]) == ("warn", "faq build")
    shutil.rmtree(shop / "generations")
    finding = examined(faq, status=1)["generation"]
    assert (finding["state"], finding["mend"]) == ("fail", "faq build")


def test_a_damaged_generation_is_found(faq: Faq, shop: Path) -> None:
    next(shop.glob("generations/*/articles.jsonl")).write_bytes(b"{}")
    assert "faq build" in examined(faq, status=1)["generation"]["mend"]


def test_a_broken_encoder_is_found(faq: Faq, shop: Path, broken_encoder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAQ_ENCODER", broken_encoder)
    assert examined(faq, status=1)["encoder"]["state"] == "fail"


def test_an_encoder_that_the_next_build_will_change_is_found(
    faq: Faq, shop: Path, other_encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAQ_ENCODER", other_encoder)
    checks = examined(faq)
    assert (checks["encoder"]["state"], checks["generation"]["state"]) == ("ok", "warn")
    assert other_encoder in str(checks["generation"]["mend"])


def test_other_weights_under_the_name_of_the_encoder_are_found(
    faq: Faq, shop: Path, product: Product, other_encoder: str
) -> None:
    build(product.generations, product.store, product.encoders.get(other_encoder))
    with next(Path(other_encoder).rglob("model.safetensors")).open("r+b") as file:
        file.seek(-4, 2)
        file.write(b"\x00\x00\x00\x01")
    finding = examined(faq, status=1)["generation"]
    assert "other weights" in str(finding["detail"])
    assert "faq build" in str(finding["mend"])


def test_settings_that_cannot_be_used_end_the_examination(faq: Faq, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAQ_TIMEZONE", "Mars/Olympus")
    checks = examined(faq, status=1)
    assert list(checks) == ["settings"]
    assert "FAQ_TIMEZONE" in checks["settings"]["detail"]


def test_languages_that_cannot_be_identified_are_named(
    faq: Faq, shop: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert "languages" not in examined(faq)
    monkeypatch.setenv("FAQ_LANGUAGES", '["be", "en"]')
    assert examined(faq)["languages"] == {"state": "ok", "detail": "be, en are told apart", "mend": None}
    monkeypatch.setenv("FAQ_LANGUAGES", '["be", "tlh", "en"]')
    found = examined(faq)["languages"]
    assert (found["state"], found["detail"]) == ("warn", "tlh cannot be identified; only be, en are told apart")
    assert "FAQ_LANGUAGES names tlh, which cannot be identified" in caplog.text
    monkeypatch.setenv("FAQ_LANGUAGES", '["tlh"]')
    found = examined(faq, status=1)["languages"]
    assert found["detail"] == "FAQ_LANGUAGES names no language that can be identified, got tlh"


def test_a_data_folder_that_cannot_be_written_ends_the_examination(faq: Faq, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    assert list(examined(faq, status=1)) == ["settings", "data folder"]


def test_an_open_host_without_a_key_is_found(faq: Faq, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAQ_HOST", "0.0.0.0")
    assert "faq keys create" in examined(faq, status=1)["keys"]["mend"]
    faq("keys", "create", "--scope", "ask")
    assert examined(faq)["keys"]["detail"] == "1 in use"


@pytest.mark.parametrize(
    ("body", "state"),
    [
        (b'{"status": "ok", "parts": {"database": {"status": "ok"}}}', "ok"),
        (b'{"status": "degraded", "parts": {"encoder": {"status": "degraded", "detail": "slow"}}}', "warn"),
        (b"<html>a router</html>", "fail"),
        (b"[]", "fail"),
        (b'{"parts": 7}', "fail"),
    ],
)
def test_what_answers_on_the_port_is_told_apart(
    faq: Faq, shop: Path, answering: HTTPServer, monkeypatch: pytest.MonkeyPatch, body: bytes, state: str
) -> None:
    answering.body = body  # type: ignore[attr-defined]
    monkeypatch.setenv("FAQ_PORT", str(answering.server_port))
    finding = examined(faq, status=int(state == "fail"))["server"]
    assert finding["state"] == state
    if state == "warn":
        assert "encoder: slow" in finding["detail"]


def test_something_that_is_silent_on_the_port_is_found(faq: Faq, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.cli.doctor._SERVER_WAIT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("FAQ_PORT", str(silent.getsockname()[1]))
        assert "another program" in examined(faq, status=1)["server"]["detail"]
