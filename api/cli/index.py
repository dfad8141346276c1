"""``faq build``, ``faq generations`` and ``faq rollback``: the index that answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.gate import show_report
from api.cli.output import Cell
from api.cli.progress import build_progress
from api.cli.session import Session, command, default_command
from knowledge.errors import FaqError

if TYPE_CHECKING:
    from assistant.building import BuildOutcome
    from index.generation import Manifest
    from index.generations import Pointer

GATED = 1
"""Exit status of a command that made an index which does not answer."""

Number = Annotated[int, typer.Argument(min=1, metavar="NUMBER")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app)(build)
    group = typer.Typer(help="List the kept generations, or choose the one that answers.")
    default_command(group)(generations)
    command(group)(activate)
    command(group)(report)
    app.add_typer(group, name="generations")
    command(app)(rollback)


def build(
    session: Session,
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Encode every passage anew, changed or not.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Let it answer even if it fails its gates.")] = False,
) -> int:
    """Build the index, and let it answer unless it fails its gates.

    Only passages that changed are encoded. The golden questions are asked before it answers: where too few come off
    well, or worse than with the index that answers, that one answers on, a report names the questions that
    broke, and the exit status is 1. Servers take the new generation up within a second.
    """
    with build_progress() as progress:
        done = session.product.make_generation(report=progress, force=force, from_scratch=from_scratch)
    if session.output.as_json:
        session.output.document(outcome_document(done))
    else:
        show_outcome(session, done)
    return 0 if done.is_active else GATED


def outcome_document(done: BuildOutcome) -> Mapping[str, Any]:
    """Return what came of a build, for a machine."""
    return {
        **_fields(done.manifest),
        "state": done.state,
        "is_active": done.is_active,
        "is_new": done.is_new,
        "encoded": done.encoded,
        "report": done.gate,
    }


def show_outcome(session: Session, done: BuildOutcome) -> None:
    """Print what came of a build, for a person."""
    made, output = done.manifest, session.output
    languages = ", ".join(f"{language} {count}" for language, count in sorted(made.languages.items()))
    size = f"{made.articles:,} articles ({languages}), {made.passages:,} passages"
    if done.state == "unchanged":
        output.text(f"Nothing has changed: generation {made.number} holds all {size}.")
        return
    if done.report is not None and done.report.failures:
        show_report(output, done.report)
        output.text("")
    elif done.report is not None and done.report.questions:
        for note in done.report.notes:
            output.warning(note)
    if done.state == "active":
        output.text(
            f"Generation {made.number} answers now: {size}, {done.encoded:,} of them encoded anew, "
            f"in {made.seconds:.1f} s."
        )
    else:
        output.text(
            f"Generation {made.number} is kept and does not answer. Mend the articles or the golden questions and "
            f"build again, or let it answer all the same: faq generations activate {made.number} --force"
        )


def generations(session: Session) -> None:
    """List the kept generations, or choose the one that answers."""
    from assistant.verdicts import is_gated

    product = session.product
    pointer = _pointer(session)
    active = pointer.generation if pointer else None
    kept = product.generations.manifests()
    gated = {manifest.number for manifest in kept if is_gated(product.generations, manifest.number)}
    if session.output.as_json:
        items = [{**_fields(one), "is_active": one.number == active, "is_gated": one.number in gated} for one in kept]
        session.output.document({"items": items, "next_cursor": None})
        return
    if not kept:
        session.output.note("There is no generation to list. Import articles, then run `faq build`.")
        return
    session.output.table(
        ["number", "state", "created", "encoder", "articles", "passages", "languages", "seconds"],
        [
            [
                str(manifest.number),
                _state(manifest.number, active, gated),
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


def activate(
    session: Session,
    number: Number,
    force: Annotated[bool, typer.Option("--force", help="Also one that failed its gates.")] = False,
) -> None:
    """Let a kept generation answer.

    Servers take it up within a second. One that cannot be searched is refused, and so is one that failed its gates
    unless it is forced.
    """
    from assistant.verdicts import activate_generation

    product = session.product
    _show_pointer(session, activate_generation(product.generations, product.encoders, number, force=force))


def report(session: Session, number: Number) -> None:
    """Show how the golden questions came off with a kept generation before it was let through, or was not."""
    from assistant.verdicts import required_report

    found = required_report(session.product.generations, number)
    if session.output.as_json:
        session.output.document(found.document())
        return
    verdict = {"passed": "passed its gates", "failed": "failed its gates", "unmeasured": "was not measured"}
    forced = ", and was let through by force" if found.is_forced else ""
    session.output.text(f"Generation {number} {verdict[found.verdict]}{forced}.")
    show_report(session.output, found)


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


def _state(number: int, active: int | None, gated: Collection[int]) -> str | Cell:
    if number == active:
        return Cell("active", "bold green")
    return Cell("gated", "bold red") if number in gated else ""


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
