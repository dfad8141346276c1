"""``faq ask``: one question, answered as any channel would be."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from api.cli.session import Session, command


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app)(ask)


def ask(
    session: Session,
    question: Annotated[str, typer.Argument(help="The customer's words.")],
    language: Annotated[str | None, typer.Option(help="Answer in this language; found out otherwise.")] = None,
    channel: Annotated[str, typer.Option(help="Channel the question comes from.")] = "cli",
    conversation: Annotated[
        str | None, typer.Option(help="Id of a conversation, which the next questions go on with.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only articles with this tag; may be repeated.")] = None,
    top_k: Annotated[int, typer.Option(min=1, max=10, help="Articles to consider.")] = 3,
) -> None:
    """Ask a question, as a customer does.

    It is a genuine one: it is stored with its receipt, and what is not certain becomes a ticket.
    """
    import orjson

    from assistant.question import make_question

    product = session.product
    asked = make_question(
        question,
        language=language,
        channel=channel,
        conversation_id=conversation,
        tags=tuple(tag or ()),
        top_k=top_k,
        max_length=session.settings.max_question_length,
    )
    product.follower.refresh()
    response = asyncio.run(product.assistant.ask(asked))
    if session.output.as_json:
        session.output.raw(response.encode() + b"\n")
        return
    _show(session, orjson.loads(response))


def _show(session: Session, response: dict[str, Any]) -> None:
    output = session.output
    if response["message"]:
        output.text(response["message"])
        output.text("")
    spoken = response["language"]
    parts = [response["decision"], response["reason"]]
    if response["confidence"] is not None:
        parts.append(f"confidence {response['confidence']:.2f}")
    if response["answer"] is not None:
        parts.append(f"article {response['answer']['article_id']}")
    if response["choices"]:
        parts.append("articles " + ", ".join(choice["article_id"] for choice in response["choices"]))
    if response["ticket"] is not None:
        parts.append(f"ticket {response['ticket']['id']}")
    parts.append(f"language {spoken['code']} ({spoken['source']} {spoken['confidence']:.2f})")
    parts.append(response["id"])  # for `faq explain` and `faq replay`
    output.text(" · ".join(parts), dim=True)
