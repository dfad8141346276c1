"""``faq build``, ``faq generations`` and ``faq rollback``: the index that answers."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.output import Cell
from api.cli.progress import build_progress
from api.cli.session import Session, command, default_command
from knowledge.errors import FaqError

if TYPE_CHECKING:
    from index.generation import Manifest
    from index.generations import Pointer


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app)(build)
    group = typer.Typer(help="List the kept generations, or choose the one that answers.")
    default_command(group)(generations)
    command(group)(activate)
    app.add_typer(group, name="generations")
    command(app)(rollback)


def build(
    session: Session,
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Encode every passage anew, changed or not.")
    ] = False,
) -> None:
    """Build the index, and let it answer.

    Only passages that changed are encoded. Servers take the new generation up within a second.
    """
    from index.builder import build as build_index

    product = session.product
    with build_progress() as report:
        result = build_index(
            product.generations, product.store, product.encoder, report=report, from_scratch=from_scratch
        )
    made = result.manifest
    encoded = made.encoded if result.is_new else 0
    if session.output.as_json:
        session.output.document(
            {**_fields(made), "is_active": result.is_active, "is_new": result.is_new, "encoded": encoded}
        )
        return
    languages = ", ".join(f"{language} {count}" for language, count in sorted(made.languages.items()))
    size = f"{made.articles:,} articles ({languages}), {made.passages:,} passages"
    if result.is_new:
        session.output.text(
            f"Generation {made.number} answers now: {size}, {encoded:,} of them encoded anew, in {made.seconds:.1f} s."
        )
    else:
        session.output.text(f"Nothing has changed: generation {made.number} holds all {size}.")


def generations(session: Session) -> None:
    """List the kept generations, or choose the one that answers."""
    product = session.product
    pointer = _pointer(session)
    active = pointer.generation if pointer else None
    kept = product.generations.manifests()
    if session.output.as_json:
        items = [{**_fields(manifest), "is_active": manifest.number == active} for manifest in kept]
        session.output.document({"items": items, "next_cursor": None})
        return
    if not kept:
        session.output.note("There is no generation to list. Import articles, then run `faq build`.")
        return
    session.output.table(
        ["number", "active", "created", "encoder", "articles", "passages", "languages", "seconds"],
        [
            [
                str(manifest.number),
                Cell("active", "bold green") if manifest.number == active else "",
                session.moment(manifest.created_at),
                manifest.encoder,
                str(manifest.articles),
                str(manifest.passages),
                " ".join(f"{language}:{count}" for language, count in sorted(manifest.languages.items())),
                f"{manifest.seconds:.1f}",
            ]
            for manifest in kept
        ],
    )


def activate(session: Session, number: Annotated[int, typer.Argument(min=1, metavar="NUMBER")]) -> None:
    """Let a kept generation answer.

    Servers take it up within a second.
    """
    _show_pointer(session, session.product.generations.activate(number))


def rollback(session: Session) -> None:
    """Let the previous generation answer again.

    Generations that cannot answer any more are passed over.
    """
    product = session.product
    _show_pointer(session, product.generations.rollback(product.encoders.searcher))


def _show_pointer(session: Session, pointer: Pointer) -> None:
    if session.output.as_json:
        session.output.document(pointer)
    else:
        session.output.text(f"Generation {pointer.generation} answers now.")
    problem = _misfit(session, pointer.generation)
    if problem:
        session.output.warning(problem)


def _misfit(session: Session, number: int) -> str | None:
    """Return why the generation cannot answer."""
    try:
        session.product.encoders.searcher(session.product.generations.load(number))
    except FaqError as error:
        return f"It cannot answer as long as this is so: {error}"
    return None


def _pointer(session: Session) -> Pointer | None:
    try:
        return session.product.generations.pointer()
    except FaqError as error:
        session.output.warning(str(error))
        return None


def _fields(manifest: Manifest) -> dict[str, Any]:
    fields = asdict(manifest)
    del fields["files"]
    return fields
