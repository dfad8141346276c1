"""``faq languages`` and ``faq detect``: what is done in each language, and which one a text is in."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from api.cli.session import Session, command, default_command

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
    from api.language_support import language_support
    from index.errors import NoGenerationError

    product = session.product
    product.follower.refresh()
    items = language_support(product)
    if session.output.as_json:
        session.output.document({"items": items})
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


def install(
    session: Session,
    what: Annotated[
        list[str], typer.Argument(metavar="SOURCE TARGET | FILE", help="Two languages, or an .argosmodel file.")
    ],
) -> None:
    """Install a machine translation, from the package index or from a file fetched elsewhere."""
    engine = session.product.engine
    if len(what) == 1 and (what[0].endswith(_PACKAGE_SUFFIX) or Path(what[0]).exists()):
        installed = engine.install(Path(what[0]))
    elif len(what) == 2 and not any(one.endswith(_PACKAGE_SUFFIX) for one in what):
        session.output.note(f"Downloading {what[0]}→{what[1]}; this takes minutes.")
        installed = engine.install_from_index(*what)
    else:
        raise typer.BadParameter(
            f"expected two languages (faq languages install en es) or one {_PACKAGE_SUFFIX} file, got {' '.join(what)}"
        )
    if session.output.as_json:
        session.output.document({**asdict(installed), "folder": str(installed.folder)})
    else:
        session.output.text(f"Installed {installed.source}→{installed.target} {installed.version}.")


def detect(
    session: Session,
    languages: Annotated[
        str | None, typer.Option(metavar="TAGS", help="Candidates, such as ru,uk,be (FAQ_LANGUAGES).")
    ] = None,
) -> None:
    """Identify the language of lines.

    Reads standard input, and prints one line for each line: the tag (und where nothing tells), a tab, the
    probability.
    """
    from assistant.detection import Detector

    candidates = None if languages is None else [tag.strip() for tag in languages.split(",") if tag.strip()]
    detector = Detector(candidates if candidates is not None else session.settings.languages or None)
    if unknown := [tag for tag in candidates or () if not _is_known(tag)]:
        session.output.warning(f"{', '.join(unknown)} cannot be identified; only the others are told apart.")
    output, as_json = sys.stdout.buffer, session.output.as_json
    # Only a line feed ends a line: whatever else a line holds, it has one line of output.
    for raw in sys.stdin.buffer:
        found = detector.detect(raw.removesuffix(b"\n").removesuffix(b"\r").decode(errors="replace"))
        if as_json:
            session.output.document({**asdict(found), "tag": found.tag})
            continue
        output.write(f"{found.language or 'und'}\t{found.probability:.4f}\n".encode())
        output.flush()


def _is_known(tag: str) -> bool:
    from assistant.detection import Detector
    from knowledge.errors import ConfigurationError

    try:
        return bool(Detector([tag]).languages)
    except ConfigurationError:
        return False


def _yes(value: object) -> str:
    return "yes" if value else "no"
