"""What the chat page's files may hold: nothing from outside, no inline code, no markup made of text."""

from __future__ import annotations

import re
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
WEB = ROOT / "api" / "web"
ENGLISH = ROOT / "assistant" / "phrases" / "en.toml"


class _Markup(HTMLParser):
    """Collects every element with its attributes, and the text of scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.inline: list[str] = []
        self._raw = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._raw = tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        self._raw = False

    def handle_data(self, data: str) -> None:
        if self._raw and data.strip():
            self.inline.append(data)


@pytest.fixture(scope="module")
def markup() -> _Markup:
    parsed = _Markup()
    parsed.feed((WEB / "index.html").read_text(encoding="utf-8"))
    return parsed


def _scripts() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(WEB.glob("*.js")))


def test_the_page_loads_nothing_from_outside() -> None:
    for path in sorted(WEB.iterdir()):
        text = path.read_text(encoding="utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert not re.search(r"""https?://[\w.-]|["'(=]//[\w.-]|@import|\burl\(""", text), path.name


def test_the_page_has_no_inline_script_style_or_handler(markup: _Markup) -> None:
    assert markup.inline == []
    for tag, attributes in markup.elements:
        assert tag != "style"
        assert not [name for name in attributes if name == "style" or name.startswith("on")], tag
        assert not [value for value in attributes.values() if value.startswith(("javascript:", "data:"))], tag
        assert tag != "script" or attributes["src"]


def test_the_scripts_never_turn_text_into_markup() -> None:
    forbidden = r"HTML\b|HTMLUnsafe|document\.write|DOMParser|ContextualFragment|\beval\(|\bFunction\(|\bimport\("
    assert re.findall(forbidden, _scripts()) == []


def test_every_file_the_page_names_is_there(markup: _Markup) -> None:
    named = [a.get("src") or a.get("href") or "" for tag, a in markup.elements if tag in {"link", "script", "img"}]
    named += [f"web/{name}" for name in re.findall(r'from "\./([\w.]+)"', _scripts())]
    assert "web/chat.css" in named
    assert "web/chat.js" in named
    for name in named:
        assert (ROOT / "api" / name).is_file(), name


def test_every_phrase_the_page_says_is_in_the_phrase_file(markup: _Markup) -> None:
    words: set[str] = set(re.findall(r"phrases\.widget\.(\w+)", _scripts()))
    for _, attributes in markup.elements:
        words.add(attributes.get("data-phrase", "title"))
        words.update(pair.split("=")[1] for pair in attributes.get("data-phrase-attributes", "").split())
    phrases = tomllib.loads(ENGLISH.read_text(encoding="utf-8"))
    known = set(phrases["widget"])
    assert "none_of_these" in phrases["phrases"]
    assert {"greeting", "offline", "ticket_label", "talk_to_person"} <= words
    assert words - {"none_of_these"} - known == set()
    assert known - words == set(), "phrases that no page says"


def test_every_element_the_scripts_look_for_is_in_the_page(markup: _Markup) -> None:
    ids = {attributes["id"] for _, attributes in markup.elements if "id" in attributes}
    looked_for = set(re.findall(r'(?:at|clone)\("([\w-]+)"\)', _scripts()))
    assert {"send", "person", "ticket", "choices"} <= looked_for
    assert looked_for - ids == set()
