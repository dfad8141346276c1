"""Articles over HTTP: written, read, listed, guarded against each other's changes, and exported."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.conftest import Serve

RETURNS = {
    "texts": {
        "en": {"question": "How do I return it?", "answer": "Send it back."},
        "be": {"question": "Як вярнуць?", "answer": "Дашліце назад.", "alternate_questions": ["Вяртанне"]},
    },
    "tags": ["returns"],
    "url": "https://shop.example/returns",
    "valid_from": "2026-01-01",
    "valid_until": "2026-12-31",
    "review_by": "2026-06-30",
}


def text(answer: str = "Send it back.") -> dict[str, Any]:
    return {"texts": {"en": {"question": "How do I return it?", "answer": answer}}}


def put(client: TestClient, id: str, body: Any = RETURNS, **headers: str) -> Any:
    return client.put(f"/v1/articles/{id}", json=body, headers=headers)


def test_an_article_is_created_read_changed_and_deleted(shared: TestClient) -> None:
    made = put(shared, "whole-life")
    assert (made.status_code, made.headers["etag"], made.json()["revision"]) == (201, '"1"', 1)
    read = shared.get("/v1/articles/whole-life")
    assert (read.status_code, read.headers["etag"], read.json()) == (200, '"1"', made.json())
    assert {name: read.json()[name] for name in RETURNS if name != "texts"} == {
        name: value for name, value in RETURNS.items() if name != "texts"
    }
    assert read.json()["texts"]["en"] == {
        "question": "How do I return it?", "alternate_questions": [], "answer": "Send it back.", "origin": "human",
    }  # fmt: skip
    assert read.json()["updated_at"].endswith("Z")
    same = put(shared, "whole-life")
    assert (same.status_code, same.json()) == (200, made.json())
    changed = put(shared, "whole-life", text("Bring it."))
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert list(changed.json()["texts"]) == ["en"]
    assert changed.json()["tags"] == []
    gone = shared.delete("/v1/articles/whole-life")
    assert (gone.status_code, gone.content) == (204, b"")
    assert shared.get("/v1/articles/whole-life").status_code == 404
    assert shared.delete("/v1/articles/whole-life").status_code == 404
    again = put(shared, "whole-life")
    assert (again.status_code, again.json()["revision"]) == (201, 4)


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(shared: TestClient) -> None:
    put(shared, "guarded")
    assert put(shared, "guarded", text("two"), **{"If-Match": '"1"'}).status_code == 200
    stale = put(shared, "guarded", text("three"), **{"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["type"]) == (412, "urn:faq-assistant:problem:stale")
    assert shared.delete("/v1/articles/guarded", headers={"If-Match": '"1"'}).status_code == 412
    assert shared.get("/v1/articles/guarded").json()["texts"]["en"]["answer"] == "two"
    assert put(shared, "guarded", text("four"), **{"If-Match": "*"}).status_code == 200
    assert put(shared, "guarded", text("five"), **{"If-Match": 'W/"3"'}).status_code == 200
    assert shared.delete("/v1/articles/guarded", headers={"If-Match": '"4"'}).status_code == 204
    assert put(shared, "guarded", **{"If-Match": '"4"'}).status_code == 412


def test_only_one_of_two_writers_at_once_wins(shared: TestClient) -> None:
    put(shared, "raced")
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda n: put(shared, "raced", text(f"by {n}"), **{"If-Match": '"1"'}).status_code, range(8))
        assert sorted(found) == [200, *[412] * 7]
    assert shared.get("/v1/articles/raced").json()["revision"] == 2


def test_an_article_can_be_asked_not_to_exist_yet(shared: TestClient) -> None:
    assert put(shared, "fresh", **{"If-Match": '"0"'}).status_code == 201
    assert put(shared, "fresh", text("other"), **{"If-Match": '"0"'}).status_code == 412


@pytest.mark.parametrize(
    "tag", ["1", '"', '"x"', "", " ", '"1" "2"', '"1", "2"', '"-1"', '"1.0"', '"9999999999"', "\\", "é"]
)
def test_an_entity_tag_that_is_none_of_ours_is_refused(shared: TestClient, tag: str) -> None:
    put(shared, "tagged")
    response = shared.put("/v1/articles/tagged", json=RETURNS, headers={"If-Match": tag.encode()})  # type: ignore[dict-item]
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"].lower() == "if-match"


@pytest.mark.parametrize(
    "id",
    [
        "артыкул", "é", "日本", "🙂", "a b", " a", "-a", ".a", "..", "a%0Ab", "a;b", "a'--", "a\"", "<b>", "x" * 129,
        "%2e%2e", "%252e%252e", "..%5c..%5cwindows", "%EF%BB%BFa", "%E2%80%AEa", "%ff", "%ed%a0%80", "nul%01",
    ],
)  # fmt: skip
def test_an_id_that_cannot_be_one_is_refused_when_written_and_not_there_when_read(shared: TestClient, id: str) -> None:
    path = f"/v1/articles/{id}" if "%" in id or not id.startswith("..") else "/v1/articles/%2e%2e"
    before = shared.get("/v1/articles").json()
    for method, statuses in (("PUT", (404, 422)), ("GET", (404,)), ("DELETE", (404,))):
        response = shared.request(method, path, json=RETURNS if method == "PUT" else None)
        assert response.status_code in statuses, (method, response.text)
        assert response.headers["content-type"] == "application/problem+json"
    assert shared.get("/v1/articles").json() == before


@pytest.mark.parametrize("path", ["a/b", "../keys", "%2e%2e%2fkeys", "a%2fb", "..%2f..%2f..%2fetc%2fpasswd"])
def test_an_id_leads_nowhere_else(shared: TestClient, path: str) -> None:
    assert shared.put(f"/v1/articles/{path}", json=RETURNS).status_code in (404, 405, 422)


@pytest.mark.parametrize("id", ["A", "0", "a.b", "a:b", "a_b-c", "x" * 128])
def test_ids_of_letters_digits_and_four_signs_will_do(shared: TestClient, id: str) -> None:
    assert put(shared, id, text()).status_code == 201
    assert shared.get(f"/v1/articles/{id}").json()["id"] == id


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "texts"),
        ({"texts": {}}, "texts"),
        ({"texts": []}, "texts"),
        ({"texts": {"": {"question": "a", "answer": "b"}}}, "texts"),
        ({"texts": {"no language": {"question": "a", "answer": "b"}}}, "texts"),
        ({"texts": {"en": {"question": "a", "answer": "b"}, "EN": {"question": "a", "answer": "b"}}}, "texts"),
        ({"texts": {"en": {"question": "a"}}}, "texts.en.answer"),
        ({"texts": {"en": {"question": " ", "answer": "b"}}}, "texts.en.question"),
        ({"texts": {"en": {"question": "a\x00", "answer": "b"}}}, "texts.en.question"),
        ({"texts": {"en": {"question": "a" * 1_001, "answer": "b"}}}, "texts.en.question"),
        ({"texts": {"en": {"question": "a", "answer": "b" * 50_001}}}, "texts.en.answer"),
        ({"texts": {"en": {"question": "a", "answer": "b", "origin": "alien"}}}, "texts.en.origin"),
        ({"texts": {"en": {"question": "a", "answer": "b", "anwser": "c"}}}, "texts.en.anwser"),
        ({**text(), "url": "javascript:alert(1)"}, "url"),
        ({**text(), "url": "ftp://x"}, "url"),
        ({**text(), "tags": "returns"}, "tags"),
        ({**text(), "tags": ["\x00"]}, "tags"),
        ({**text(), "tags": [f"t{n}" for n in range(51)]}, "tags"),
        ({**text(), "valid_from": "yesterday"}, "valid_from"),
        ({**text(), "valid_from": "2026-02-30"}, "valid_from"),
        ({**text(), "valid_from": "2026-02-02", "valid_until": "2026-02-01"}, "valid_until"),
        ({**text(), "revision": 7}, "revision"),
        ({**text(), "id": "other"}, "id"),
    ],
)  # fmt: skip
def test_an_article_that_breaks_a_rule_is_refused_with_the_field(shared: TestClient, body: Any, field: str) -> None:
    response = put(shared, "refused", body)
    assert response.status_code == 422, response.text
    assert field in [error["field"] for error in response.json()["errors"]]
    assert shared.get("/v1/articles/refused").status_code == 404


def test_articles_are_paged_through_once_each(shared: TestClient) -> None:
    seen: list[str] = []
    cursor = None
    while True:
        page = shared.get("/v1/articles", params={"limit": 7, **({"cursor": cursor} if cursor else {})}).json()
        assert len(page["items"]) <= 7
        seen += [item["id"] for item in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert len(seen) >= 68
    assert seen == sorted(set(seen))


def test_articles_are_found_by_tag_language_and_words(shared: TestClient) -> None:
    put(shared, "zz-found", {**RETURNS, "tags": ["Zebra's"]})

    def ids(**filters: str) -> list[str]:
        response = shared.get("/v1/articles", params=filters)
        assert response.status_code == 200, response.text
        return [item["id"] for item in response.json()["items"]]

    assert ids(tag="Zebra's") == ids(q="ZZ-FOUND") == ids(q="вярнуць ДАШЛІЦЕ", tag="Zebra's") == ["zz-found"]
    assert ids(tag="Zebra's", language="de") == []
    for harmless in ("' OR 1=1 --", "%", "_", "\\", "%_%", '"; DROP TABLE articles; --', "🙂", "\u202e"):
        assert ids(q=f"no-such-word {harmless}") == []
    assert ids(tag="%") == []
    assert ids(q=" ") == ids()


@pytest.mark.parametrize(
    "query",
    [
        *("limit=501", "limit=-1", "limit=1e3", "language=%20", f"q={'x' * 1_001}", f"tag={'x' * 101}"),
        *("cursor=%F0%9F%99%82", f"cursor={'A' * 3_000}", "cursor=WyJcdTAwMDAiXQ", "cursor=WzFd", "cursor="),
    ],
)
def test_a_filter_that_cannot_be_one_is_refused(shared: TestClient, query: str) -> None:
    response = shared.get(f"/v1/articles?{query}")
    assert response.status_code == 422
    assert response.json()["errors"]


@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_what_is_exported_is_imported_as_the_same(serve: Serve, tmp_path: Any, format: str) -> None:
    source = serve()
    put(source, "hostile", {"texts": {"en": {"question": '=1+1, "quoted"', "answer": "a\nb, c;\td \u202e ' \u00a0"}}})
    exported = source.get("/v1/exports", params={"format": format})
    assert exported.status_code == 200
    assert exported.headers["content-disposition"] == f'attachment; filename="articles.{format}"'
    other = serve(data_dir=tmp_path / "other")
    report = other.post("/v1/imports", files={"file": (f"articles.{format}", exported.content)}).json()
    assert (report["created"], report["rejected"]) == (report["created"], 0)
    assert other.get("/v1/exports", params={"format": "jsonl"}).content == source.get("/v1/exports").content
    again = source.post("/v1/imports", files={"file": (f"articles.{format}", exported.content)}).json()
    assert (again["created"], again["changed"], again["rejected"]) == (0, 0, 0)


def test_an_export_that_fails_is_an_error_and_not_half_a_file(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from knowledge.database import DatabaseError

    store = client.app.state.product.store  # type: ignore[attr-defined]
    every = store.all()
    some = [next(every) for _ in range(3)]
    every.close()

    def breaks_off() -> Any:
        yield from some
        raise DatabaseError("The database did not do as asked: it went away.")

    monkeypatch.setattr(store, "all", breaks_off)
    assert client.get("/v1/exports").status_code == 503


def test_an_empty_store_exports_a_file_without_articles(serve: Serve, tmp_path: Any) -> None:
    client = serve(data_dir=tmp_path / "empty")
    assert client.get("/v1/exports").content == b""
    exported = client.get("/v1/exports?format=csv")
    assert exported.headers["content-type"] == "text/csv; charset=utf-8"
    header, *rows = exported.content.decode("utf-8-sig").splitlines()
    assert header.split(",")[:4] == ["id", "language", "question", "alternate_questions"]
    assert rows == []
