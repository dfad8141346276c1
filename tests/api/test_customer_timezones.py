"""A customer's time zone over HTTP: promised times follow it, and the ticket remembers it."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

GIBBERISH = "qwzx plörf vnnk"


def test_a_promise_is_told_in_the_customers_zone_and_so_is_the_one_after_feedback(shared: TestClient) -> None:
    customer = {"timezone": "Asia/Kathmandu", "locale": "be-BY", "phone": "+977 1"}
    promised = shared.post("/v1/answers", json={"question": GIBBERISH, "language": "en", "customer": customer}).json()
    assert "(UTC+5:45)" in promised["message"]
    ticket = shared.get(f"/v1/tickets/{promised['ticket']['id']}").json()
    assert ticket["customer"]["timezone"] == "Asia/Kathmandu"

    asked = {"question": "Where is my order and how can I check its status?", "channel": "email", "customer": customer}
    answered = shared.post("/v1/answers", json=asked).json()
    assert answered["decision"] == "answered"
    given = shared.post(f"/v1/answers/{answered['id']}/feedback", json={"helpful": False}).json()
    assert "(UTC+5:45)" in given["message"]
    assert "telephone" not in given["message"]  # it is known


def test_the_country_of_the_locale_tells_the_clock_where_no_zone_came(shared: TestClient) -> None:
    asked = {"question": GIBBERISH, "language": "be", "customer": {"locale": "be-BY"}}
    assert "(UTC+3)" in shared.post("/v1/answers", json=asked).json()["message"]


@pytest.mark.parametrize("zone", ["Moscow", "+03:00", "localtime", "x" * 64])
def test_an_unknown_zone_is_refused_with_the_mend(shared: TestClient, zone: str) -> None:
    for path in ("/v1/answers", "/v1/tickets"):
        response = shared.post(path, json={"question": GIBBERISH, "customer": {"timezone": zone}})
        assert response.status_code == 422, response.text
        assert response.json()["errors"][0]["field"] == "customer.timezone"
        assert "Europe/Minsk" in response.text


def test_a_message_sent_again_with_its_zone_is_the_same_message(shared: TestClient) -> None:
    body = {
        "question": GIBBERISH,
        "message_id": "zone-1",
        "channel": "chat",
        "customer": {"id": "7", "timezone": "Asia/Tokyo"},
    }
    first = shared.post("/v1/answers", json=body)
    again = shared.post("/v1/answers", json=body)
    assert again.json() == first.json()
    other = shared.post("/v1/answers", json={**body, "customer": {"id": "7", "timezone": "Asia/Seoul"}})
    assert other.status_code == 409
