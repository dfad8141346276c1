"""``faq keys``: who may call the API."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.output import Cell
from api.cli.session import Session, command

if TYPE_CHECKING:
    from api.keys import Key, NewKey


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Make, list, rotate and revoke API keys.", no_args_is_help=True)
    command(group)(create)
    command(group, "list")(list_keys)
    command(group)(rotate)
    command(group)(revoke)
    app.add_typer(group, name="keys")


def create(
    session: Session,
    scope: Annotated[list[str], typer.Option(help="ask, tickets, knowledge or admin; may be repeated.")],
    name: Annotated[str | None, typer.Option(help="What the key is for.")] = None,
    channel: Annotated[str | None, typer.Option(help="The only channel it may ask for.")] = None,
    rate: Annotated[int | None, typer.Option(help="Requests a minute; no limit otherwise.")] = None,
) -> None:
    """Make a key.

    Its secret is printed this once, alone on standard output, so that it can be piped on.
    """
    scopes = [one.strip() for given in scope for one in given.split(",")]
    made = session.product.keys.create(
        name=name or f"{', '.join(scopes)} key of {session.user}",
        scopes=scopes,
        channel=channel,
        requests_per_minute=rate,
    )
    _show_secret(session, made, f"Key {made.key.id} ({made.key.name}) is made.")
    if not session.output.as_json:
        session.output.note("From now on every caller needs a key, programs on this machine too.")


def list_keys(session: Session) -> None:
    """List all keys.

    Revoked ones too; secrets are not kept.
    """
    keys = session.product.keys.all()
    if session.output.as_json:
        session.output.document({"items": [_fields(key) for key in keys], "next_cursor": None})
        return
    if not keys:
        session.output.note("There is no key: programs on this machine have every scope, others none.")
        return
    session.output.table(
        ["id", "name", "scopes", "channel", "rate", "created", "state"],
        [
            [
                key.id,
                key.name,
                ",".join(sorted(key.scopes)),
                key.channel or "",
                "" if key.requests_per_minute is None else f"{key.requests_per_minute}/min",
                session.moment(key.created_at),
                "in use" if key.revoked_at is None else Cell(f"revoked {session.moment(key.revoked_at)}", "red"),
            ]
            for key in keys
        ],
    )


def rotate(session: Session, id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Give a key a new secret.

    The old one ends at once.
    """
    made = session.product.keys.rotate(id)
    _show_secret(session, made, f"Key {made.key.id} ({made.key.name}) has a new secret; the old one is void.")


def revoke(session: Session, id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """End a key for good."""
    key = session.product.keys.revoke(id)
    if session.output.as_json:
        session.output.document(_fields(key))
    else:
        session.output.note(f"Key {key.id} ({key.name}) is revoked; servers refuse it within two seconds.")


def _show_secret(session: Session, made: NewKey, what: str) -> None:
    if session.output.as_json:
        session.output.document({**_fields(made.key), "secret": made.secret})
        return
    session.output.note(f"{what} Its secret, shown this once; send it as `Authorization: Bearer <secret>`:")
    session.output.text(made.secret)


def _fields(key: Key) -> dict[str, Any]:
    return {**asdict(key), "scopes": sorted(key.scopes)}
