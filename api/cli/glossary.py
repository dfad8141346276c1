"""``faq glossary``: what translation keeps as it is, or renders in a fixed way."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.files import read_file
from api.cli.session import Session, command, default_command
from knowledge.errors import InputError

if TYPE_CHECKING:
    from knowledge.glossary import GlossaryState, GlossaryTerm

_SHOWN = 50  # rows of a list

File = Annotated[
    str,
    typer.Argument(metavar="FILE", help="CSV or TSV: term, language, rendering, case_sensitive; - is standard input."),
]
Term = Annotated[str, typer.Argument(metavar="TERM", help="Its words, as texts have them.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="List the glossary, or change it.")
    default_command(group)(glossary)
    command(group, "list")(glossary)
    command(group, "import")(import_file)
    command(group)(export)
    command(group)(add)
    command(group)(remove)
    app.add_typer(group, name="glossary")


def glossary(session: Session) -> None:
    """List the glossary, or change it.

    Its terms are never left to a translation engine: they stay as they are, or have a rendering in each language.
    """
    state = session.product.glossary.state()
    if session.output.as_json:
        session.output.document(_document(state))
        return
    if not state.terms:
        session.output.note("The glossary is empty. Add a term: faq glossary add TERM, or faq glossary import FILE")
        return
    session.output.table(
        ["term", "case", "in translations"],
        [[one.term, "exact" if one.case_sensitive else "any", _rendered(one)] for one in state.terms[:_SHOWN]],
    )
    shown = "" if len(state.terms) <= _SHOWN else f"; the first {_SHOWN} are shown (all: faq glossary export)"
    session.output.note(f"{_counted(state)}{shown}.")


def import_file(
    session: Session,
    file: File,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read the file, and store nothing.")] = False,
) -> None:
    """Replace the glossary by the terms of a file.

    A file with a line that cannot be read changes nothing.
    """
    from knowledge.glossary import check_terms
    from knowledge.glossary_file import read_glossary

    warnings: list[str] = []
    terms = read_glossary(read_file(file, expected="a CSV or TSV file with the column 'term'"), warn=warnings.append)
    before = session.product.glossary.state()
    if dry_run:
        count, version = len(check_terms(terms)), before.version
    else:
        after = session.product.glossary.replace(terms)
        count, version = len(after.terms), after.version
    if session.output.as_json:
        session.output.document(
            {
                "count": count,
                "replaced": len(before.terms),
                "version": version,
                "warnings": warnings,
                "is_stored": not dry_run,
            }
        )
        return
    for warning in warnings:
        session.output.warning(warning)
    session.output.text(f"{count:,} term{'' if count == 1 else 's'}, in place of {len(before.terms):,}.")
    if dry_run:
        session.output.note("Nothing was stored: this was a dry run.")


def export(session: Session) -> None:
    """Print the glossary as CSV.

    Importing the file again gives the same glossary.
    """
    from knowledge.glossary_file import write_glossary

    state = session.product.glossary.state()
    if session.output.as_json:
        session.output.document(_document(state))
    else:
        session.output.raw(write_glossary(state.terms))


def add(
    session: Session,
    term: Term,
    render: Annotated[
        list[str] | None,
        typer.Option(
            "--render", metavar="TAG=WORDS", help="Its words in a language, such as es=carrito; can be given again."
        ),
    ] = None,
    case: Annotated[bool, typer.Option("--case", help="Find it in exactly these letters only.")] = False,
) -> None:
    """Add a term, or replace it; without renderings it stays as it is in every language.

    Only these words are found, not their inflected forms: add those that texts have, too.
    """
    from knowledge.glossary import make_term

    made = make_term(term, _renderings(render or []), case_sensitive=case)
    state = session.product.glossary.put(made)
    if session.output.as_json:
        session.output.document({**asdict(made), "version": state.version})
    else:
        session.output.text(f"{made.term}: {_rendered(made)}")


def remove(session: Session, term: Term) -> None:
    """Remove a term; engines translate it from now on."""
    state = session.product.glossary.remove(term)
    if session.output.as_json:
        session.output.document({"removed": term, "version": state.version})
    else:
        session.output.text(f"{_counted(state)} left.")


def _renderings(given: list[str]) -> dict[str, str]:
    renderings: dict[str, str] = {}
    for one in given:
        tag, separator, words = one.partition("=")
        if not separator:
            raise InputError(f"--render is {one[:60]!r}; expected a language and its words, such as es=carrito.")
        if tag in renderings:
            raise InputError(f"--render gives {tag[:40]!r} twice; expected one rendering for each language.")
        renderings[tag] = words
    return renderings


def _rendered(term: GlossaryTerm) -> str:
    return ", ".join(f"{tag}: {words}" for tag, words in term.renderings.items()) or "stays as it is"


def _counted(state: GlossaryState) -> str:
    return f"{len(state.terms):,} term{'' if len(state.terms) == 1 else 's'}"


def _document(state: GlossaryState) -> dict[str, object]:
    return {"items": [asdict(term) for term in state.terms], "version": state.version}
