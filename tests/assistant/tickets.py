"""What the tests of the ticket queue share: a clock to turn, and tickets to open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from assistant.tickets import Customer, ServiceTargets, Ticket, TicketQueue
from knowledge.database import Database

START = datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at

    def turn(self, **units: float) -> datetime:
        self.at += timedelta(**units)
        return self.at


def open_queue(database: Database, clock: Clock | None = None) -> TicketQueue:
    return TicketQueue(database, ServiceTargets(), clock=clock or Clock())


def open_ticket(queue: TicketQueue, **changes: Any) -> Ticket:
    """Open a ticket of a Belarusian customer, but for what is given."""
    asked: dict[str, Any] = {
        "question": "Як вярнуць тавар?",
        "customer": Customer(id="c-77", name="Алеся Коўш", email="alesia@example.org", locale="be-BY"),
        "channel": "chat",
        "language": "be",
        "reason": "no_match",
    }
    return queue.create(queue.draft(**asked | changes), actor="assistant")
