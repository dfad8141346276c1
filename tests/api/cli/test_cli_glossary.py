"""``faq glossary``: listed, changed a term at a time or as a whole, and out again as a file."""

from __future__ import annotations

import json
from pathlib import Path

from api.product import Product
from knowledge.glossary import make_term
from tests.api.cli.conftest import Faq, failed, rows

FILE = "term,language,rendering\nVilora,,\nкошык,en,cart\nкошык,es,carrito\n"


def test_it_is_empty_at_first_and_the_mend_is_named(faq: Faq, empty: Path) -> None:
    listed = faq("glossary")
    assert (listed.exit_code, listed.stdout) == (0, "")
    assert "faq glossary add TERM" in listed.stderr
    assert json.loads(faq("glossary", "list", "--json").stdout) == {"items": [], "version": 0}


def test_terms_are_added_listed_and_removed(faq: Faq, empty: Path, product: Product) -> None:
    assert faq("glossary", "add", "Vilora").stdout == "Vilora: stays as it is\n"
    added = faq("glossary", "add", "кошык", "--render", "es=carrito", "--render", "en=cart", "--case")
    assert added.stdout == "кошык: en: cart, es: carrito\n"
    assert product.glossary.list() == (
        make_term("Vilora"),
        make_term("кошык", {"en": "cart", "es": "carrito"}, case_sensitive=True),
    )
    assert [list(row.values()) for row in rows(faq("glossary", "list"))] == [
        ["Vilora", "any", "stays as it is"],
        ["кошык", "exact", "en: cart, es: carrito"],
    ]
    assert faq("glossary", "remove", "Vilora").stdout == "1 term left.\n"
    assert json.loads(faq("glossary", "remove", "кошык", "--json").stdout) == {"removed": "кошык", "version": 4}
    assert product.glossary.list() == ()


def test_a_file_replaces_it_and_comes_out_again(faq: Faq, empty: Path, product: Product) -> None:
    product.glossary.put(make_term("before"))
    tried = faq("glossary", "import", "-", "--dry-run", stdin=FILE)
    assert (tried.exit_code, tried.stdout) == (0, "2 terms, in place of 1.\n")
    assert product.glossary.list() == (make_term("before"),)
    stored = json.loads(faq("glossary", "import", "-", "--json", stdin=FILE).stdout)
    assert stored == {"count": 2, "replaced": 1, "version": 2, "warnings": [], "is_stored": True}
    exported = faq("glossary", "export")
    assert exported.stdout.splitlines()[1:] == ["Vilora,,,false", "кошык,en,cart,false", "кошык,es,carrito,false"]
    assert faq("glossary", "import", "-", stdin=exported.stdout_bytes).exit_code == 0
    assert json.loads(faq("glossary", "export", "--json").stdout)["version"] == 2


def test_what_cannot_be_used_is_said_and_changes_nothing(faq: Faq, empty: Path, product: Product) -> None:
    product.glossary.put(make_term("Vilora"))
    assert "no term 'vilora'" in failed(faq("glossary", "remove", "vilora"))
    assert "expected a language and its words" in failed(faq("glossary", "add", "a", "--render", "carrito"))
    assert "twice" in failed(faq("glossary", "add", "a", "--render", "es=b", "--render", "es=c"))
    assert "expected a BCP 47 tag" in failed(faq("glossary", "add", "a", "--render", "spanish!=b"))
    assert "cannot be told apart" in failed(faq("glossary", "add", "VILORA"))
    assert "line 2" in failed(faq("glossary", "import", "-", stdin="term,language\na,en\n"))
    assert "cannot be read" in failed(faq("glossary", "import", "no such file"))
    assert product.glossary.list() == (make_term("Vilora"),)
