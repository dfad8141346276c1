"""``faq tickets``: the queue of questions that a person must answer."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.output import Cell
from api.cli.session import Session, command, default_command

if TYPE_CHECKING:
    from assistant.desk import Wording
    from assistant.tickets.ticket import Message, Ticket

NOTHING_TO_CLAIM = 3

_HISTORY = 200  # messages and events shown with a ticket

Id = Annotated[str, typer.Argument(metavar="ID", help="The ticket's id, in any case.")]
Agent = Annotated[str | None, typer.Option(help="Who acts; your user name otherwise.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="List the tickets, or work on them.")
    default_command(group)(tickets)
    command(group)(show)
    command(group)(claim)
    command(group)(claim_next)
    command(group)(reply)
    command(group)(solve)
    command(group)(release)
    app.add_typer(group, name="tickets")


def tickets(
    session: Session,
    status: Annotated[
        list[str] | None, typer.Option(help="new, open, pending, hold, solved or closed; may be repeated.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="The customer's language.")] = None,
    channel: Annotated[str | None, typer.Option(help="The channel it came by.")] = None,
    assignee: Annotated[str | None, typer.Option(help="Who has it.")] = None,
    unassigned: Annotated[bool, typer.Option("--unassigned", help="Only tickets that nobody has.")] = False,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only tickets with a broken promise.")] = False,
    query: Annotated[str | None, typer.Option("--query", "-q", help="Words to find in ticket and customer.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Tickets at most.")] = 50,
    cursor: Annotated[str | None, typer.Option(help="Where the last list ended.")] = None,
) -> None:
    """List the tickets, or work on them.

    What is due first comes first, what is settled last.
    """
    page = session.product.tickets.page(
        limit=limit,
        cursor=cursor,
        status=status or None,  # type: ignore[arg-type]  # the queue says which ones there are
        language=language,
        channel=channel,
        assignee="" if unassigned else assignee,
        overdue=True if overdue else None,
        query=query,
    )
    if session.output.as_json:
        session.output.document({"items": [_fields(ticket) for ticket in page.items], "next_cursor": page.next_cursor})
        return
    if not page.items:
        session.output.note("There is no such ticket.")
        return
    session.output.table(
        ["id", "customer", "subject", "status", f"due ({session.settings.timezone})", "assignee", "language"],
        [
            [
                ticket.id,
                _customer(ticket),
                ticket.subject,
                ticket.status,
                _due(session, ticket),
                ticket.assignee or "",
                ticket.language,
            ]
            for ticket in page.items
        ],
    )
    if page.next_cursor is not None:
        session.output.note(f"There are more: faq tickets --cursor {page.next_cursor}")


def show(session: Session, id: Id) -> None:
    """Show a ticket with all that was said and done."""
    queue = session.product.tickets
    ticket = asyncio.run(session.product.desk.understood(queue.get(id)))
    messages = queue.messages(ticket.id, limit=_HISTORY).items
    events = queue.events(ticket.id, limit=_HISTORY).items
    if session.output.as_json:
        session.output.document({**_fields(ticket), "messages": messages, "history": events})
        return
    due = _due(session, ticket)
    customer = ticket.customer
    session.output.fields(
        {
            "ticket": ticket.id,
            "subject": ticket.subject,
            "status": ticket.status,
            "priority": ticket.priority,
            "due": due.text if isinstance(due, Cell) else due,
            "assignee": ticket.assignee or "nobody",
            "customer": ", ".join(filter(None, (customer.name, customer.email, customer.phone, customer.id))),
            "channel": ticket.channel,
            "language": ticket.language,
            "reason": ticket.reason,
            "tags": ", ".join(ticket.tags),
            "answer": ticket.answer_id or "",
        }
    )
    for message in messages:
        _show_message(session, message)
    session.output.text("")
    for event in events:
        changed = ", ".join(
            _changed(session, name, before, after)
            for name, (before, after) in event.changes.items()
            if name != "message"  # it is shown above, and its id says nothing
        )
        session.output.text(f"{session.moment(event.at)}  {event.kind} by {event.actor}  {changed}".rstrip(), dim=True)


def claim(session: Session, id: Id, agent: Agent = None) -> None:
    """Take a ticket."""
    ticket = session.product.tickets.claim(id, agent=agent or session.user)
    _done(session, ticket, f"{ticket.id} is {ticket.assignee}'s: {ticket.subject}")


def claim_next(
    session: Session,
    agent: Agent = None,
    language: Annotated[list[str] | None, typer.Option(help="Only in this language; may be repeated.")] = None,
    channel: Annotated[list[str] | None, typer.Option(help="Only from this channel; may be repeated.")] = None,
) -> int:
    """Take the ticket that is due first.

    The exit status is 3 when nothing waits.
    """
    ticket = session.product.tickets.claim_next(
        agent=agent or session.user, languages=language or (), channels=channel or ()
    )
    if ticket is None:
        if session.output.as_json:
            session.output.document(None)
        else:
            session.output.note("No ticket waits to be claimed.")
        return NOTHING_TO_CLAIM
    _done(session, ticket, f"{ticket.id} is {ticket.assignee}'s: {ticket.subject}")
    return 0


def reply(
    session: Session,
    id: Id,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to say; - reads standard input.")],
    agent: Agent = None,
    internal: Annotated[bool, typer.Option("--internal", help="A note that the customer never sees.")] = False,
    solve: Annotated[bool, typer.Option("--solve", help="And mark the ticket solved.")] = False,
    language: Annotated[str | None, typer.Option(help="Language of the text; found out otherwise.")] = None,
) -> None:
    """Answer the customer, or leave a note."""
    queue = session.product.tickets
    ticket = queue.get(id)
    body = sys.stdin.buffer.read().decode(errors="replace") if text == "-" else text
    spoken, translation = language, None
    if not internal:
        wording = _worded(session, ticket, body, language)
        spoken, translation = wording.language, wording.translation
    message = queue.reply(
        ticket.id,
        agent=agent or session.user,
        body=body,
        visibility="internal" if internal else "public",
        language=spoken,
        translation=translation,
        status="solved" if solve else None,
    )
    ticket = queue.get(ticket.id)
    if session.output.as_json:
        session.output.document({"message": message, "ticket": _fields(ticket)})
        return
    kept = f", kept in {translation.language} too" if translation else ""
    session.output.text(f"{'Noted on' if internal else 'Answered'} {ticket.id}{kept}; it is {ticket.status}.")


def solve(session: Session, id: Id, agent: Agent = None) -> None:
    """Mark a ticket solved."""
    ticket = session.product.tickets.solve(id, agent=agent or session.user)
    _done(session, ticket, f"{ticket.id} is solved.")


def release(session: Session, id: Id, agent: Agent = None) -> None:
    """Give a ticket back, so that others may take it."""
    ticket = session.product.tickets.release(id, agent=agent or session.user)
    _done(session, ticket, f"{ticket.id} is nobody's; it is {ticket.status}.")


def _done(session: Session, ticket: Ticket, text: str) -> None:
    if session.output.as_json:
        session.output.document(_fields(ticket))
    else:
        session.output.text(text)


def _fields(ticket: Ticket) -> dict[str, Any]:
    """Return the ticket as the API gives it."""
    from assistant.phrases import Phrasebook
    from knowledge.database import now

    name = Phrasebook().status_name(ticket.status, ticket.language)
    return {**asdict(ticket), "status_name": name, "overdue": ticket.is_overdue(now())}


def _customer(ticket: Ticket) -> str:
    customer = ticket.customer
    return customer.name or customer.email or customer.phone or customer.id or ""


def _due(session: Session, ticket: Ticket) -> Cell | str:
    from knowledge.database import now

    due = session.moment(ticket.next_due_at)
    return Cell(f"{due} overdue", "bold red") if ticket.is_overdue(now()) else due


def _show_message(session: Session, message: Message) -> None:
    internal = ", internal" if message.visibility == "internal" else ""
    author = f"{message.author} ({message.author_kind}{internal})" if message.author else message.author_kind + internal
    session.output.text("")
    session.output.text(f"{session.moment(message.created_at)}  {author}, {message.language}:", dim=True)
    session.output.text(message.body)
    if message.translation is not None:
        engine = f" by {message.translation.engine}" if message.translation.engine else ""
        session.output.text(f"In {message.translation.language}{engine}:", dim=True)
        session.output.text(message.translation.text)


def _changed(session: Session, name: str, before: object, after: object) -> str:
    """Return one change of a ticket's history in words."""
    label = name.replace("_", " ")
    if name.endswith("_at"):
        label = label.removesuffix(" at")
    was, now = _value(session, name, before), _value(session, name, after)
    if not was:
        return f"{label}: {now}"
    return f"{label}: {was} → {now or 'none'}"


def _value(session: Session, name: str, value: object) -> str:
    if isinstance(value, Mapping):  # a text in another language
        engine = f" by {value['engine']}" if value.get("engine") else ""
        return f"in {value.get('language')}{engine}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, str) and name.endswith("_at"):
        return session.moment(datetime.fromisoformat(value))
    return "" if value is None else str(value)


def _worded(session: Session, ticket: Ticket, body: str, language: str | None) -> Wording:
    wording = asyncio.run(session.product.desk.from_agent(body, ticket, language=language))
    if wording.problem is not None:
        session.output.warning(f"The answer is kept in {wording.language} only: {wording.problem}")
    return wording
