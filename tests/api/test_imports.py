"""Files of articles over HTTP: previewed, applied, and hostile in every way that files are."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from tests.api.conftest import Serve

HEADER = "id,language,question,alternate_questions,answer,tags,url,valid_from,valid_until,review_by\n"


def send(
    client: TestClient, data: bytes | str, *, name: str | None = "a.csv", dry_run: bool = False, **form: str
) -> Any:
    content = data.encode() if isinstance(data, str) else data
    return client.post(
        "/v1/imports", params={"dry_run": dry_run}, files={"file": (name, io.BytesIO(content))}, data=form or None
    )


def outcomes(report: Any) -> list[tuple[int, str | None, str]]:
    return [(row["line"], row["article_id"], row["outcome"]) for row in report["rows"]]


def test_a_preview_changes_nothing_until_it_is_applied(shared: TestClient) -> None:
    sent = send(shared, HEADER + "imp-a,be,Пытанне?,,Адказ.,,,,,\nimp-a,,Question?,,Answer.,,,,,\n", dry_run=True)
    assert sent.status_code == 200, sent.text
    preview = sent.json()
    assert set(preview) == {
        "id", "state", "filename", "format", "encoding",
        "created", "changed", "unchanged", "rejected", "rows", "warnings",
    }  # fmt: skip
    assert (preview["state"], preview["created"], preview["format"]) == ("previewed", 2, "csv")
    assert sent.headers["location"] == f"/v1/imports/{preview['id']}"
    assert shared.get("/v1/articles/imp-a").status_code == 404
    assert shared.get(sent.headers["location"]).json() == preview
    applied = shared.post(f"{sent.headers['location']}/apply")
    assert applied.json() == preview | {"state": "applied"}
    article = shared.get("/v1/articles/imp-a").json()
    assert {language: text["answer"] for language, text in article["texts"].items()} == {
        "be": "Адказ.",
        "en": "Answer.",
    }
    again = shared.post(f"{sent.headers['location']}/apply")
    assert (again.status_code, again.json()) == (200, applied.json())
    assert shared.get("/v1/articles/imp-a").json() == article


def test_a_file_without_a_dry_run_is_applied_at_once(shared: TestClient) -> None:
    assert send(shared, "question,answer\nWhy xylophones?,Because.\n").json()["state"] == "applied"
    found = shared.get("/v1/articles", params={"q": "XYLOPHONES why"}).json()["items"]
    assert [item["texts"]["en"]["answer"] for item in found] == ["Because."]


def test_rows_without_a_language_take_the_one_that_is_sent(shared: TestClient) -> None:
    send(shared, "id,question,answer\nimp-l,Чаму?,Таму.\n", language="be")
    assert list(shared.get("/v1/articles/imp-l").json()["texts"]) == ["be"]
    refused = send(shared, "id,question,answer\nimp-m,a,b\n", language="no language")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "language")


def test_a_preview_that_was_overtaken_is_not_applied(shared: TestClient) -> None:
    send(shared, "id,question,answer\nimp-s,One?,One.\n")
    preview = send(shared, "id,question,answer\nimp-s,One?,Two.\nimp-t,New?,New.\n", dry_run=True).json()
    send(shared, "id,question,answer\nimp-s,One?,Three.\n")
    stale = shared.post(f"/v1/imports/{preview['id']}/apply")
    assert stale.status_code == 409
    assert "Import the file again" in stale.json()["detail"]
    assert shared.get("/v1/articles/imp-s").json()["texts"]["en"]["answer"] == "Three."
    assert shared.get("/v1/articles/imp-t").status_code == 404, "half of a stale import was stored"


def test_one_preview_applied_by_many_at_once_is_applied_once(shared: TestClient) -> None:
    preview = send(shared, "id,question,answer\nimp-o,One?,One.\n", dry_run=True).json()
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda _: shared.post(f"/v1/imports/{preview['id']}/apply"), range(6)))
    assert {reply.status_code for reply in replies} == {200}
    assert shared.get("/v1/articles/imp-o").json()["revision"] == 1


def test_every_row_is_reported_with_its_line_and_reason(shared: TestClient) -> None:
    send(shared, "id,question,answer\nimp-r1,Same?,Same.\nimp-r2,Old?,Old.\n")
    data = (
        "id,question,answer,valid_until\n"
        "imp-r1,Same?,Same.,\n"
        "imp-r2,Old?,New.,\n"
        'imp-r3,"New,\nin two lines?",New.,\n'
        "imp-r4,,No question.,\n"
        "imp-r5,No answer?,,\n"
        "bad id!,What?,That.,\n"
        "imp-r6,When?,Then.,31.31.2026\n"
        "\n"
        "imp-r3,Again?,Again.,\n"
        "imp-r7,Too few\n"
        "imp-r8,Too,many,,cells,here\n"
    )
    report = send(shared, data).json()
    found = outcomes(report)
    assert found[:3] == [(2, "imp-r1", "unchanged"), (3, "imp-r2", "changed"), (4, "imp-r3", "created")]
    rejected = {line for line, _, outcome in found if outcome == "rejected"}
    assert {6, 7, 8, 9, 11, 12, 13} <= rejected
    assert all((row["reason"] is not None) == (row["outcome"] == "rejected") for row in report["rows"])
    assert report["created"] + report["changed"] + report["unchanged"] + report["rejected"] == len(report["rows"])
    assert shared.get("/v1/articles/imp-r4").status_code == 404


@pytest.mark.parametrize(
    ("encoding", "prefix"),
    [("utf-8", b""), ("utf-8-sig", b""), ("utf-16", b""), ("utf-16-le", b"\xff\xfe"), ("utf-32", b""), ("cp1251", b"")],
)
def test_any_encoding_that_spreadsheets_write_is_read(shared: TestClient, encoding: str, prefix: bytes) -> None:
    rows = "id,language,question,answer\nimp-enc,ru,Как вернуть товар в магазин?,Отправьте его обратно по почте.\n"
    report = send(shared, prefix + rows.encode(encoding)).json()
    assert report["rejected"] == 0
    assert bool(report["warnings"]) == (encoding == "cp1251")
    assert shared.get("/v1/articles/imp-enc").json()["texts"]["ru"]["question"] == "Как вернуть товар в магазин?"


def test_jsonl_is_read_line_by_line(shared: TestClient) -> None:
    lines = [
        orjson.dumps({"id": "imp-j1", "texts": {"en": {"question": "One?", "answer": "One."}}}),
        b"{",
        b"",
        b"null",
        b'{"id": "imp-j2"}',
        b"[" * 5_000,
        b'{"id": "imp-j3", "texts": {"en": {"question": "\\ud800", "answer": "b"}}}',
        b'{"id": "imp-j4", "texts": {"en": {"question": "a\\u0000", "answer": "b"}}}',
        orjson.dumps(
            {"id": "imp-j5", "tags": ["t"], "url": None, "texts": {"be": {"question": "Два?", "answer": "Два."}}}
        ),
    ]
    report = send(shared, b"\n".join(lines), name="a.jsonl").json()
    assert [(line, id) for line, id, outcome in outcomes(report) if outcome == "created"] == [
        (1, "imp-j1"),
        (9, "imp-j5"),
    ]
    assert report["rejected"] == 6


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n\n",
        b"\xef\xbb\xbf",
        HEADER.encode(),
        b"only,headers,of,nobody\n1,2,3,4\n",
        b"question\nno answer column\n",
        b"\x00" * 1_000,
        b"\xff\xfe\x00",
        b"PK\x03\x04" + b"\x00" * 200,
        b"%PDF-1.7\n",
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        b'question,answer\n"never closed,x\n',
        b"question,question,answer\na,b,c\n",
    ],
)
def test_a_file_that_is_none_is_refused_or_rejected_row_by_row(shared: TestClient, data: bytes) -> None:
    before = shared.get("/v1/articles", params={"limit": 500}).json()
    response = send(shared, data)
    assert response.status_code in (200, 422), response.text
    if response.status_code == 200:
        report = response.json()
        assert report["created"] == report["changed"] == 0
        assert report["rejected"] > 0
    else:
        assert response.json()["errors"][0]["field"] == "file"
    assert shared.get("/v1/articles", params={"limit": 500}).json() == before


@pytest.mark.parametrize("name", ["a.exe", "a.csv.exe", "a.xls", "a.zip", "../../etc/passwd.sh", "a\x01.pdf"])
def test_a_file_of_another_kind_is_refused_with_the_kinds_there_are(shared: TestClient, name: str) -> None:
    response = send(shared, "question,answer\na,b\n", name=name)
    assert response.status_code == 422
    assert ".csv" in response.json()["detail"]


@pytest.mark.parametrize(
    "name", ["../../x.csv", "пытанні.csv", "🙂.csv", "a" * 5_000 + ".csv", 'a"b.csv', "a\\b.csv", "CON.CSV"]
)
def test_the_name_of_a_file_leads_nowhere(shared: TestClient, name: str) -> None:
    response = send(shared, "id,question,answer\nimp-n,Name?,Name.\n", name=name)
    assert response.status_code in (200, 400, 422), response.text
    if response.status_code == 200:
        assert len(response.json()["filename"]) <= 255


def test_the_form_must_be_one_and_hold_the_file(shared: TestClient) -> None:
    boundary = {"content-type": "multipart/form-data; boundary=x"}
    requests: list[dict[str, Any]] = [
        {},
        {"json": {"file": "question,answer"}},
        {"data": {"file": "question,answer"}},
        {"files": {"other": ("a.csv", b"question,answer\na,b\n")}},
        {"content": b"question,answer\na,b\n", "headers": {"content-type": "text/csv"}},
        {"content": b"", "headers": boundary},
        {"content": b"--x\r\n", "headers": boundary},
        {"content": b"--x\r\nContent-Disposition: form-data\r\n\r\nq\r\n--x--", "headers": boundary},
        {"content": b"--x--", "headers": {"content-type": "multipart/form-data"}},
        {"content": b"\x00\xff" * 500, "headers": boundary},
        {"files": [("file", (f"{n}.csv", b"a")) for n in range(1_100)]},
        {"files": {"file": ("a.csv", b"question,answer\na,b\n")}, "params": {"dry_run": "perhaps"}},
    ]
    for request in requests:
        response = shared.post("/v1/imports", **request)
        assert response.status_code in (400, 422), (request, response.text)
        assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # the form parser leaves it to the collector
def test_a_form_that_breaks_off_imports_nothing(shared: TestClient) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    broken = head + b"id,question,answer\nimp-half,a,b\n"
    response = shared.post("/v1/imports", content=broken, headers={"content-type": "multipart/form-data; boundary=x"})
    assert response.status_code in (400, 422)
    assert shared.get("/v1/articles/imp-half").status_code == 404


def test_a_file_beyond_the_limit_is_refused_before_it_is_read(serve: Serve) -> None:
    client = serve(max_upload_bytes=100_000)
    response = send(client, b"question,answer\n" + b"a,b\n" * 30_000)
    assert (response.status_code, response.json()["type"]) == (413, "urn:faq-assistant:problem:content-too-large")
    assert "FAQ_MAX_UPLOAD_BYTES" in response.json()["detail"]
    assert send(client, "id,question,answer\nimp-z,Small?,Yes.\n").status_code == 200


def test_a_big_file_with_duplicates_is_taken_in_one_go(client: TestClient) -> None:
    rows = "".join(f"big-{n % 2_000},Question number {n}?,Answer {n}.\n" for n in range(2_500))
    report = send(client, "id,question,answer\n" + rows).json()
    assert (report["created"], report["rejected"]) == (2_000, 500)
    assert all("line" in row["reason"] or "row" in row["reason"] for row in report["rows"] if row["reason"])
    assert len(client.get("/v1/articles", params={"limit": 500, "q": "Question number"}).json()["items"]) == 500


@pytest.mark.parametrize("id", ["none", "imp_", "%2e%2e", "é", "x" * 4_000, "' OR 1=1 --", "%01"])
def test_an_import_that_does_not_exist_is_a_404(shared: TestClient, id: str) -> None:
    assert shared.get(f"/v1/imports/{id}").status_code == 404
    assert shared.post(f"/v1/imports/{id}/apply").status_code == 404


def test_formulas_are_stored_as_they_were_written(shared: TestClient) -> None:
    send(shared, "id,question,answer\nimp-f,=cmd|'/c calc'!A1,@SUM(1)\n")
    exported = shared.get("/v1/exports", params={"format": "csv"}).content
    again = send(shared, exported).json()
    assert (again["changed"], again["rejected"]) == (0, 0)
