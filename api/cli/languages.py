"""``faq languages`` and ``faq detect``: what is done in each language, and which one a text is in."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.session import Session, command, default_command

if TYPE_CHECKING:
    from assistant.translation import InstalledPackage

_PACKAGE_SUFFIX = ".argosmodel"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="List what is done in each language, or install a machine translation.")
    default_command(group)(languages)
    command(group)(install)
    app.add_typer(group, name="languages")
    command(app)(detect)


def languages(session: Session) -> None:
    """List what is done in each language, or install a machine translation."""
    from api.language_support import engine_support, language_support
    from index.errors import NoGenerationError

    product = session.product
    product.follower.refresh()
    product.settle_engines()
    items, engines = language_support(product), engine_support(product)
    if session.output.as_json:
        session.output.document({"items": items, "engines": engines})
        return
    try:
        total = product.follower.searcher.generation.manifest.articles
    except NoGenerationError:
        total = 0
    session.output.table(
        ["tag", "language", "identified", "searched", "articles", "translated from", "engine", "phrases"],
        [
            [
                item["code"],
                item["name"],
                _yes(item["identified"]),
                _yes(item["searched"]),
                f"{item['articles']} of {total}",
                ", ".join(item["translated_from"]),
                item["engine"] or "",
                _yes(item["phrases"]),
            ]
            for item in items
        ],
    )
    for engine in engines:
        if engine["problem"] is not None:
            session.output.warning(f"{engine['name']}: {engine['problem']}")
        for pair in engine["broken"]:
            session.output.note(
                f"{engine['name']}: {pair['source']}→{pair['target']} is installed and not used: {pair['detail']}"
            )


def install(
    session: Session,
    what: Annotated[
        list[str], typer.Argument(metavar="SOURCE TARGET | FILE", help="Two languages, or an .argosmodel file.")
    ],
) -> None:
    """Install a machine translation, from the package index or from a file fetched elsewhere."""
    pivot = None
    if len(what) == 1 and (what[0].endswith(_PACKAGE_SUFFIX) or Path(what[0]).exists()):
        installed: tuple[InstalledPackage, ...] = (session.product.engine.install(Path(what[0])),)
    elif len(what) == 2 and not any(one.endswith(_PACKAGE_SUFFIX) for one in what):
        installed = _from_index(session, *what)
        route = session.product.translator.route(*what)
        pivot = route.pivot if route is not None else None
    else:
        raise typer.BadParameter(
            f"expected two languages (faq languages install en es) or one {_PACKAGE_SUFFIX} file, got {' '.join(what)}"
        )
    if session.output.as_json:
        items = [{**asdict(package), "folder": str(package.folder)} for package in installed]
        session.output.document({"items": items, "pivot": pivot})
        return
    for package in installed:
        session.output.text(f"Installed {package.source}→{package.target} {package.version}.")
    if pivot is not None:
        session.output.text(f"{what[0]}→{what[1]} is translated via {pivot}.")


def _from_index(session: Session, source: str, target: str) -> tuple[InstalledPackage, ...]:
    """Install from Argos' index; where that fails, name what the system's packages could do."""
    from assistant.translation import TranslationError, find_route
    from assistant.translation.apertium_packages import apertium_package

    session.output.note(f"Downloading {source}→{target}; this takes minutes.")
    try:
        return session.product.engine.install_from_index(source, target)
    except TranslationError as error:
        product, package = session.product, apertium_package(source, target)
        product.settle_engines()
        if product.apertium is not None and find_route({"": product.apertium.pairs()}, source, target) is not None:
            advice = f"Nothing is needed, though: the Apertium of this system translates {source}→{target}."
        elif package is not None:
            advice = f"Or use the system's Apertium for {source}→{target}: apt install apertium {package}"
        else:
            raise
        raise TranslationError(f"{str(error).removesuffix('.')}. {advice}") from error


def detect(
    session: Session,
    languages: Annotated[
        str | None, typer.Option(metavar="TAGS", help="Candidates, such as ru,uk,be (FAQ_LANGUAGES).")
    ] = None,
) -> None:
    """Identify the language of lines.

    Reads standard input, and prints one line for each line: the tag (und where nothing tells, or none of the
    candidates is at all likely), a tab, the probability.
    """
    from assistant.detection import Detector, unidentified

    candidates = None if languages is None else [tag.strip() for tag in languages.split(",") if tag.strip()]
    if candidates is None:
        candidates = session.settings.languages or None
    detector = Detector(candidates)
    if unknown := unidentified(candidates or ()):
        session.output.warning(f"{', '.join(unknown)} cannot be identified; only the others are told apart.")
    output, as_json = sys.stdout.buffer, session.output.as_json
    # Only a line feed ends a line: whatever else a line holds, it has one line of output.
    for raw in sys.stdin.buffer:
        found = detector.detect(raw.removesuffix(b"\n").removesuffix(b"\r").decode(errors="replace"))
        if as_json:
            session.output.document({**asdict(found), "tag": found.tag})
            continue
        # However unlikely the best candidate is, it is the one to compare with; nought says that it is none.
        output.write(f"{(found.probability and found.language) or 'und'}\t{found.probability:.4f}\n".encode())
        output.flush()


def _yes(value: object) -> str:
    return "yes" if value else "no"
