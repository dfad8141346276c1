"""Service targets: how soon a ticket of each priority is answered first, and solved."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta

from assistant.tickets.ticket import Priority, Ticket
from knowledge.errors import ConfigurationError

_LONGEST = 366 * 24 * 60  # minutes; a later promise is none


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Minutes from a question until the first answer of a person, and until it is solved."""

    first_response: int
    solve: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceTargets:
    """The target of every priority; every hour counts, nights and holidays too.

    ``first_response_due`` and ``due`` are the only places that turn minutes into moments: a calendar
    of business hours takes their place without the queue noticing.
    Raises ConfigurationError for targets that cannot be kept in order.
    """

    urgent: Target = Target(first_response=60, solve=240)
    high: Target = Target(first_response=240, solve=480)
    normal: Target = Target(first_response=480, solve=1_440)
    low: Target = Target(first_response=1_440, solve=4_320)

    def __post_init__(self) -> None:
        for priority in fields(self):
            target: Target = getattr(self, priority.name)
            if not 0 < target.first_response <= target.solve <= _LONGEST:
                raise ConfigurationError(
                    f"The service target for {priority.name} tickets is a first response in {target.first_response} "
                    f"minutes and a solution in {target.solve}; expected 1 to {_LONGEST} minutes, and the first "
                    "response no later than the solution."
                )

    def first_response_due(self, created_at: datetime, priority: Priority) -> datetime:
        """Return the moment by which a person has answered for the first time."""
        return created_at + timedelta(minutes=self._of(priority).first_response)

    def due(self, created_at: datetime, priority: Priority) -> datetime:
        """Return the moment by which the ticket is solved."""
        return created_at + timedelta(minutes=self._of(priority).solve)

    def promised_anew(self, ticket: Ticket, at: datetime) -> Ticket:
        """Return the ticket with its promises counted from this moment, where that is later."""
        first_response_due_at = ticket.first_response_due_at
        if ticket.first_responded_at is None:
            first_response_due_at = max(first_response_due_at, self.first_response_due(at, ticket.priority))
        due_at = max(ticket.due_at, self.due(at, ticket.priority))
        return replace(ticket, first_response_due_at=first_response_due_at, due_at=due_at)

    def hurried(self, ticket: Ticket, at: datetime) -> Ticket:
        """Return the ticket with the promises of its priority counted from this moment, where that is earlier."""
        first_response_due_at = ticket.first_response_due_at
        if ticket.first_responded_at is None:
            first_response_due_at = min(first_response_due_at, self.first_response_due(at, ticket.priority))
        due_at = min(ticket.due_at, self.due(at, ticket.priority))
        return replace(ticket, first_response_due_at=first_response_due_at, due_at=due_at)

    def _of(self, priority: Priority) -> Target:
        target: Target = getattr(self, priority)
        return target
