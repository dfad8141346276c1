"""The glossary over HTTP: replaced as a whole or a term at a time, guarded by its ETag, and hostile in every way."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

PATH = "/v1/glossary"
CSV = {"Content-Type": "text/csv; charset=utf-8"}
VILORA = {"term": "Vilora", "renderings": {}, "case_sensitive": False}
CART = {"term": "кошык", "renderings": {"en": "cart", "pt-BR": "carrinho"}, "case_sensitive": False}


@pytest.fixture(autouse=True)
def one_term(shared: TestClient) -> None:
    """Begin every test with the same glossary."""
    assert shared.put(PATH, json={"items": [VILORA]}).status_code == 200


def kept(client: TestClient) -> list[dict[str, Any]]:
    response = client.get(PATH)
    assert response.status_code == 200
    assert response.headers["etag"] == f'"{response.json()["version"]}"'
    items: list[dict[str, Any]] = response.json()["items"]
    return items


def test_a_glossary_replaces_the_one_before_and_comes_back_as_it_was(shared: TestClient) -> None:
    version = shared.get(PATH).json()["version"]
    response = shared.put(PATH, json={"items": [CART, {"term": "OK", "case_sensitive": True}]})
    exact = {"term": "OK", "renderings": {}, "case_sensitive": True}
    assert (response.status_code, response.json()) == (
        200,
        {"items": [exact, CART], "version": version + 1, "warnings": []},
    )
    assert kept(shared) == [exact, CART]
    assert shared.put(PATH, json={"items": kept(shared)}).json()["version"] == version + 1


def test_answers_heed_a_change_at_once(shared: TestClient) -> None:
    translator = shared.app.state.product.translator  # type: ignore[attr-defined]
    changes: list[tuple[str, str, Any]] = [
        ("PUT", PATH, {"items": [VILORA, CART]}),
        ("PUT", f"{PATH}/parcel", {}),
        ("DELETE", f"{PATH}/parcel", None),
    ]
    for method, path, body in changes:
        before = translator.stamp
        assert shared.request(method, path, json=body).is_success
        assert translator.stamp > before


def test_a_table_comes_in_and_goes_out(shared: TestClient) -> None:
    table = "term,language,rendering,note\nкошык,en,cart,\nкошык,pt-BR,carrinho,\n"
    response = shared.put(PATH, content=table.encode(), headers=CSV)
    assert response.json()["items"] == [CART]
    assert "'note' is not known" in response.json()["warnings"][0]
    out = shared.get(PATH, params={"format": "csv"})
    assert out.headers["content-type"] == "text/csv; charset=utf-8"
    assert out.headers["etag"] == response.headers["etag"]
    assert out.content.decode("utf-8-sig") == (
        "term,language,rendering,case_sensitive\r\nкошык,en,cart,false\r\nкошык,pt-BR,carrinho,false\r\n"
    )
    assert shared.put(PATH, content=out.content, headers=CSV).headers["etag"] == out.headers["etag"]


@pytest.mark.parametrize("term", ["кошык", "a/b/c", "C++ & Co?", "100 %", "🙂 ok"])
def test_one_term_is_written_and_deleted(shared: TestClient, term: str) -> None:
    path = f"{PATH}/{quote(term, safe='')}"
    response = shared.put(path, json={"renderings": {"pt_br": "Carrinho"}, "case_sensitive": True})
    assert response.status_code == 200, response.text
    written = {"term": term, "renderings": {"pt-BR": "Carrinho"}, "case_sensitive": True}
    assert response.json() == written
    assert written in kept(shared)
    assert response.headers["etag"] == shared.get(PATH).headers["etag"]
    assert shared.put(path, json={}).json() == {"term": term, "renderings": {}, "case_sensitive": False}
    assert shared.delete(path).status_code == 204
    assert kept(shared) == [VILORA]
    missing = shared.delete(path)
    assert (missing.status_code, missing.json()["type"]) == (404, "urn:faq-assistant:problem:term-not-found")


def test_a_change_that_somebody_else_overtook_is_refused(shared: TestClient) -> None:
    old = shared.get(PATH).headers["etag"]
    assert shared.put(f"{PATH}/new", json={}, headers={"If-Match": old}).status_code == 200
    for response in (
        shared.put(PATH, json={"items": []}, headers={"If-Match": old}),
        shared.put(f"{PATH}/newer", json={}, headers={"If-Match": old}),
        shared.delete(f"{PATH}/new", headers={"If-Match": old}),
    ):
        assert response.status_code == 412, response.text
    assert [item["term"] for item in kept(shared)] == ["Vilora", "new"]
    assert shared.put(PATH, json={"items": []}, headers={"If-Match": "*"}).status_code == 200
    assert shared.put(PATH, json={"items": []}, headers={"If-Match": "nonsense"}).status_code == 422


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"[" * 100_000, "body"),
        (b'{"items": [{"term": "\xff"}]}', "body"),
        (b"null", "body"),
        (b'{"items": {}}', "items"),
        (b'{"items": [{}]}', "items.0.term"),
        (b'{"items": [{"term": "a", "renderigns": {}}]}', "items.0.renderigns"),
        (b'{"items": [{"term": "a", "renderings": {"de": 7}}]}', "items.0.renderings.de"),
        (b'{"items": [{"term": "a"}, {"term": " "}]}', "items.1.term"),
        (b'{"items": [{"term": "a\\u0000"}]}', "items.0.term"),
        (b'{"items": [{"term": "\\udc00"}]}', "body"),
        (b'{"items": [{"term": "a", "renderings": {"deutsch!": "b"}}]}', "items.0.renderings"),
        (b'{"items": [{"term": "a", "renderings": {"de": "!"}}]}', "items.0.renderings.de"),
        (b'{"items": [{"term": "%s"}]}' % (b"x" * 201), "items.0.term"),
        (b'{"items": [{"term": "a"}, {"term": "A"}]}', "term"),
    ],
)
def test_what_cannot_be_used_is_named_and_changes_nothing(shared: TestClient, body: bytes, field: str) -> None:
    response = shared.put(PATH, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 422, response.text
    assert [error["field"] for error in response.json()["errors"]] == [field], response.text
    assert kept(shared) == [VILORA]


def test_too_many_terms_are_refused(shared: TestClient) -> None:
    response = shared.put(PATH, json={"items": [{"term": f"term {number}"} for number in range(5_001)]})
    assert response.status_code == 422
    table = "term\n" + "\n".join(f"term {number}" for number in range(5_001))
    response = shared.put(PATH, content=table.encode(), headers=CSV)
    assert (response.status_code, response.json()["type"]) == (413, "urn:faq-assistant:problem:too-large")
    assert kept(shared) == [VILORA]


def test_the_most_terms_are_taken(shared: TestClient) -> None:
    response = shared.put(PATH, json={"items": [{"term": f"term {number}"} for number in range(5_000)]})
    assert (response.status_code, len(response.json()["items"])) == (200, 5_000)
