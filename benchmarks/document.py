"""Puts results into a Markdown document, between markers; no figure there is typed by hand.

``<!-- results NAME -->`` … ``<!-- end NAME -->``: what stands between the two is replaced. A benchmark that
was not run keeps what is there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.results import Result


def rewrite(path: Path, results: Sequence[Result]) -> None:
    """Replace the sections of the results and their pictures.

    Raises ValueError, and writes nothing, when a section is missing.
    """
    path.write_text(rewritten(path.read_text(encoding="utf-8"), results), encoding="utf-8")
    for table in (table for result in results for table in result.tables):
        if table.picture is not None:
            (path.parent / "images").mkdir(exist_ok=True)
            (path.parent / "images" / f"{table.picture.name}.svg").write_text(table.picture.svg, encoding="utf-8")


def rewritten(text: str, results: Sequence[Result]) -> str:
    """Return the document with the sections of the results replaced; raises ValueError when one is missing."""
    for result in results:
        section = re.compile(
            rf"(<!-- results {re.escape(result.name)} -->\n).*?(<!-- end {re.escape(result.name)} -->)", re.S
        )
        if len(section.findall(text)) != 1:
            raise ValueError(
                f"the document has no section for {result.name!r}, or several; "
                f"expected one: <!-- results {result.name} --> … <!-- end {result.name} -->"
            )
        text = section.sub(lambda match, made=_section(result): f"{match[1]}{made}{match[2]}", text)  # type: ignore[misc]
    return text


def _section(result: Result) -> str:
    parts = [*(table.to_markdown() for table in result.tables), f"*{result.machine.sentence()}*"]
    return "\n".join(f"{part}\n" for part in parts)
