"""``faq tickets``."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from api.product import Product
from assistant.tickets import Customer, Ticket, TicketQueue
from knowledge.database import now
from tests.api.cli.conftest import Faq, failed, rows
from tests.assistant.translation_models import build_package


@pytest.fixture
def ticket(empty: Path, product: Product) -> Ticket:
    """Return a fresh ticket of a Belarusian customer."""
    return _opened(product.tickets)


@pytest.fixture
def late(empty: Path, product: Product) -> Ticket:
    """Return a ticket whose promises are all broken."""
    queue = TicketQueue(product.database, product.tickets.targets, clock=lambda: now() - timedelta(days=30))
    return _opened(queue, question="Dónde está mi pedido?", language="es", customer=Customer(email="ana@example.org"))


def _opened(queue: TicketQueue, **changes: object) -> Ticket:
    asked = {
        "question": "Як вярнуць тавар?",
        "customer": Customer(name="Алеся Коўш", email="alesia@example.org"),
        "channel": "chat",
        "language": "be",
        "reason": "no_match",
    }
    return queue.create(queue.draft(**asked | changes), actor="tests")  # type: ignore[arg-type]


def test_the_list_shows_who_asks_what_and_what_is_overdue(faq: Faq, late: Ticket, ticket: Ticket) -> None:
    first, second = rows(faq("tickets"))
    assert (first["id"], first["customer"], first["status"]) == (late.id, "ana@example.org", "new")
    assert first["due (UTC)"].endswith(" overdue")
    assert (second["customer"], second["subject"], second["language"]) == ("Алеся Коўш", "Як вярнуць тавар?", "be")
    assert second["due (UTC)"] == f"{ticket.next_due_at:%Y-%m-%d %H:%M}"


def test_due_times_are_in_the_zone_of_the_settings(faq: Faq, ticket: Ticket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAQ_TIMEZONE", "Europe/Minsk")
    assert ticket.next_due_at is not None
    minsk = ticket.next_due_at + timedelta(hours=3)
    assert rows(faq("tickets"))[0]["due (Europe/Minsk)"] == f"{minsk:%Y-%m-%d %H:%M}"


def test_the_list_can_be_narrowed(faq: Faq, late: Ticket, ticket: Ticket) -> None:
    def ids(*filters: str) -> list[str]:
        return [item["id"] for item in json.loads(faq("tickets", *filters, "--json").stdout)["items"]]

    faq("tickets", "claim", ticket.id, "--agent", "Ivan")
    assert ids("--overdue") == [late.id]
    assert ids("--language", "be") == [ticket.id]
    assert ids("--status", "open") == [ticket.id]
    assert ids("--status", "open", "--status", "new") == [late.id, ticket.id]
    assert ids("--assignee", "Ivan") == [ticket.id]
    assert ids("--unassigned") == [late.id]
    assert ids("-q", "коўш") == [ticket.id]
    assert ids("--channel", "mail") == []
    assert "expected one of" in failed(faq("tickets", "--status", "lost"))


def test_a_long_list_is_gone_through_page_by_page(faq: Faq, late: Ticket, ticket: Ticket) -> None:
    page = json.loads(faq("tickets", "--limit", "1", "--json").stdout)
    assert [item["id"] for item in page["items"]] == [late.id]
    assert page["next_cursor"] in faq("tickets", "--limit", "1").stderr
    rest = json.loads(faq("tickets", "--cursor", page["next_cursor"], "--json").stdout)
    assert [item["id"] for item in rest["items"]] == [ticket.id]
    assert rest["next_cursor"] is None
    assert failed(faq("tickets", "--cursor", "made up"))


def test_no_ticket_is_no_error(faq: Faq, empty: Path) -> None:
    result = faq("tickets")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "There is no such ticket.\n"


def test_a_ticket_is_shown_with_all_that_was_said_and_done(faq: Faq, ticket: Ticket) -> None:
    faq("tickets", "claim", ticket.id)
    faq("tickets", "reply", ticket.id, "Look into it", "--internal")
    shown = faq("tickets", "show", ticket.id.lower()).stdout
    for expected in ("Алеся Коўш, alesia@example.org", "Як вярнуць тавар?", "alesia (agent, internal)", "Look into it"):
        assert expected in shown
    history = [line.split("  ", 1)[1] for line in shown.splitlines() if " by " in line]
    assert history[0].startswith(
        "created by tests  status: new, priority: normal, reason: no_match, first response due: "
    )
    assert history[1:] == [
        "claimed by alesia  status: new → open, assignee: alesia",
        "noted by alesia",
    ]
    document = json.loads(faq("tickets", "show", ticket.id, "--json").stdout)
    assert [message["visibility"] for message in document["messages"]] == ["public", "internal"]
    assert [event["kind"] for event in document["history"]] == ["created", "claimed", "noted"]
    assert document["status_name"]
    assert document["overdue"] is False


def test_a_ticket_is_claimed_by_one_and_released_for_all(faq: Faq, ticket: Ticket) -> None:
    assert json.loads(faq("tickets", "claim", ticket.id, "--json").stdout)["assignee"] == "alesia"
    assert "alesia" in failed(faq("tickets", "claim", ticket.id, "--agent", "Ivan"))
    assert json.loads(faq("tickets", "release", ticket.id, "--json").stdout)["assignee"] is None
    assert faq("tickets", "claim", ticket.id, "--agent", "Ivan").stdout == f"{ticket.id} is Ivan's: {ticket.subject}\n"


def test_the_next_ticket_is_the_one_due_first(faq: Faq, late: Ticket, ticket: Ticket) -> None:
    assert json.loads(faq("tickets", "claim-next", "--language", "be", "--json").stdout)["id"] == ticket.id
    assert faq("tickets", "claim-next").stdout.startswith(late.id)
    nothing = faq("tickets", "claim-next")
    assert (nothing.exit_code, nothing.stdout) == (3, "")
    assert faq("tickets", "claim-next", "--json").stdout == "null\n"


def test_an_answer_waits_for_the_customer_or_solves(faq: Faq, ticket: Ticket, product: Product) -> None:
    result = faq("tickets", "reply", ticket.id, "Напішыце нам, калі ласка.")
    assert result.stdout == f"Answered {ticket.id}; it is pending.\n"
    done = json.loads(faq("tickets", "reply", ticket.id, "-", "--solve", "--json", stdin="Гатова, дзякуй вам.").stdout)
    assert (done["ticket"]["status"], done["message"]["body"]) == ("solved", "Гатова, дзякуй вам.")
    assert [message.author for message in product.tickets.messages(ticket.id).items] == [
        "Алеся Коўш",
        "alesia",
        "alesia",
    ]


def test_a_ticket_is_solved_once_and_cannot_be_claimed_then(faq: Faq, ticket: Ticket) -> None:
    assert faq("tickets", "solve", ticket.id).stdout == f"{ticket.id} is solved.\n"
    assert "solved" in failed(faq("tickets", "claim", ticket.id))


@pytest.mark.parametrize("text", ["", " \n", "x" * 50_001, "\x00"])
def test_an_answer_that_cannot_be_sent_changes_nothing(faq: Faq, ticket: Ticket, product: Product, text: str) -> None:
    failed(faq("tickets", "reply", ticket.id, "--", text))
    assert product.tickets.get(ticket.id).version == 1


def test_an_answer_is_kept_in_the_customers_language_where_a_machine_knows_the_way(
    faq: Faq, empty: Path, tmp_path: Path, product: Product
) -> None:
    words = {"we": "my", "send": "wysylamy", "it": "to", "today": "dzisiaj"}
    faq("languages", "install", build_package(tmp_path / "en_pl.argosmodel", "en", "pl", words))
    ticket = _opened(product.tickets, language="pl", question="Gdzie jest moja paczka?")
    result = faq("tickets", "reply", ticket.id, "we send it today", "--language", "en")
    assert result.stdout == f"Answered {ticket.id}, kept in pl too; it is pending.\n"
    message = product.tickets.messages(ticket.id).items[-1]
    assert (message.body, message.language) == ("we send it today", "en")
    assert message.translation is not None
    assert (message.translation.text, message.translation.engine) == ("my wysylamy to dzisiaj", "argos")
    assert "In pl by argos:\nmy wysylamy to dzisiaj" in faq("tickets", "show", ticket.id).stdout
    noted = faq("tickets", "reply", ticket.id, "call them", "--internal", "--json")
    assert json.loads(noted.stdout)["message"]["translation"] is None


def test_the_history_tells_of_a_translation_and_of_what_is_taken_away_in_words(
    faq: Faq, empty: Path, tmp_path: Path, product: Product
) -> None:
    words = {"gdzie": "where", "jest": "is", "moja": "my", "paczka": "parcel"}
    faq("languages", "install", build_package(tmp_path / "pl_en.argosmodel", "pl", "en", words))
    ticket = _opened(product.tickets, language="pl", question="gdzie jest moja paczka")
    faq("tickets", "claim", ticket.id)
    faq("tickets", "release", ticket.id)
    shown = faq("tickets", "show", ticket.id).stdout
    assert "question translation: in en by argos\n" in shown
    assert "assignee: alesia → none" in shown
    assert "{" not in shown
    assert "None" not in shown
