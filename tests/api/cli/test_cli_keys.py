"""``faq keys``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api.product import Product
from knowledge.errors import UnauthenticatedError
from tests.api.cli.conftest import Faq, failed, rows


@pytest.fixture(autouse=True)
def _data(empty: Path) -> None:
    """Give every test an empty database."""


def test_the_secret_stands_alone_on_standard_output_and_works(faq: Faq, product: Product) -> None:
    result = faq("keys", "create", "--scope", "ask", "--scope", "tickets", "--name", "chat widget")
    assert result.exit_code == 0
    assert result.stdout.count("\n") == 1
    key = product.keys.find(result.stdout.strip())
    assert (key.name, key.scopes) == ("chat widget", {"ask", "tickets"})
    assert key.id in result.stderr
    assert result.stdout.strip() not in result.stderr


def test_a_key_is_bound_to_a_channel_and_a_rate(faq: Faq) -> None:
    made = json.loads(faq("keys", "create", "--scope", "ask", "--channel", "chat", "--rate", "60", "--json").stdout)
    assert (made["channel"], made["requests_per_minute"], made["scopes"]) == ("chat", 60, ["ask"])
    assert made["secret"].startswith("faq_")


def test_keys_are_listed_without_their_secrets(faq: Faq) -> None:
    assert "no key" in faq("keys", "list").stderr
    secret = faq("keys", "create", "--scope", "ask,admin", "--rate", "5").stdout.strip()
    listed = faq("keys", "list")
    [row] = rows(listed)
    assert (row["scopes"], row["rate"], row["state"]) == ("admin,ask", "5/min", "in use")
    for output in (listed.stdout, faq("keys", "list", "--json").stdout):
        assert secret not in output
        assert secret.split("_")[2] not in output


def test_a_rotated_key_has_another_secret(faq: Faq, product: Product) -> None:
    old = faq("keys", "create", "--scope", "ask").stdout.strip()
    id = old.split("_")[1]
    new = faq("keys", "rotate", id).stdout.strip()
    assert product.keys.find(new).id == id
    with pytest.raises(UnauthenticatedError):
        product.keys.find(old)


def test_a_revoked_key_ends_for_good(faq: Faq, product: Product) -> None:
    secret = faq("keys", "create", "--scope", "ask").stdout.strip()
    id = secret.split("_")[1]
    assert faq("keys", "revoke", id).exit_code == 0
    with pytest.raises(UnauthenticatedError):
        product.keys.find(secret)
    assert rows(faq("keys", "list"))[0]["state"].startswith("revoked ")
    assert "faq keys list" in failed(faq("keys", "revoke", id))
    assert "faq keys list" in failed(faq("keys", "rotate", id))


@pytest.mark.parametrize("arguments", [["--scope", "root"], ["--scope", ""], ["--scope", "ask", "--rate", "0"]])
def test_a_key_that_cannot_be_is_refused(faq: Faq, product: Product, arguments: list[str]) -> None:
    failed(faq("keys", "create", *arguments))
    assert product.keys.all() == []
