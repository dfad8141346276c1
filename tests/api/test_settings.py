"""A setting that cannot be used is refused in one line: where it stands, what was expected, and what came."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.settings import read_settings
from knowledge.errors import ConfigurationError


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("languages", "be,ru", """expected a JSON list such as ["be", "ru"], got 'be,ru'."""),
        ("languages", "", """expected a JSON list such as ["be", "ru"], got ''."""),
        ("languages", '"be"', """expected a JSON list such as ["be", "ru"], got 'be'."""),
        ("languages", '["be", "x"]', "language is 'x'; expected a BCP 47 tag such as 'en', 'be' or 'pt-BR'."),
        ("languages", "[1]", "at 0: Input should be a valid string, got '1'."),
        ("channel_languages", "de", """expected a JSON object such as {"shop-de": "de"}, got 'de'."""),
        ("solve_minutes", "5", """expected a JSON object such as {"urgent": 120}, got '5'."""),
        ("cors_origins", "x", """expected a JSON list such as ["https://shop.example"], got 'x'."""),
        ("timezone", "Mars", "'Mars' is no IANA time zone such as 'Europe/Minsk'."),
        ("port", "x" * 100, f"unable to parse string as an integer, got '{'x' * 60}'."),
        ("first_response_minutes", '{"high": 0}', "at high: Input should be greater than or equal to 1, got '0'."),
    ],
)
def test_what_was_expected_and_what_came_is_told_once(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(f"FAQ_{name.upper()}", value)
    with pytest.raises(ConfigurationError) as refused:
        read_settings()
    line = str(refused.value)
    assert line.startswith(f"FAQ_{name.upper()} (or {name} in faq.toml)")
    assert told in line
    assert "Value error" not in line
    assert line.endswith(" See the table of settings in the README.")
    assert "\n" not in line


def test_what_two_values_make_wrong_together_is_told_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAQ_SOLVE_MINUTES", '{"soon": 1}')
    with pytest.raises(ConfigurationError, match=r"^The settings: 'soon' is no priority; expected one of high, low"):
        read_settings()


def test_a_file_that_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "faq.toml").write_text("languages = be")
    with pytest.raises(ConfigurationError, match=r"^The settings cannot be read: "):
        read_settings()
    (tmp_path / "faq.toml").write_text('languages = "be"')
    with pytest.raises(ConfigurationError, match=r"languages in faq\.toml\): expected a JSON list"):
        read_settings()
