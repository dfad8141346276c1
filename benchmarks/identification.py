"""Language identification beside lingua, langdetect and py3langid, on the development sets given by ``--dev``.

Why: a reply in the wrong language is worse than none, and the text to tell it by is a few words. The
measuring itself is in ``language_id``; it also runs alone.
"""

from __future__ import annotations

from typing import Any

from benchmarks import language_id
from benchmarks.context import Context
from benchmarks.results import Column, Table

_QUICK_LINES = 20  # of each language and kind


def run(context: Context) -> tuple[Table, ...]:
    """Measure; raises ValueError without development sets."""
    if context.dev is None:
        raise ValueError("identification needs development sets; name their folder with --dev DIR")
    texts = language_id.read_lines(context.dev, language_id.LANGUAGES)
    if context.is_quick:
        texts = {
            kind: {code: lines[:_QUICK_LINES] for code, lines in by_language.items()}
            for kind, by_language in texts.items()
        }
    report: dict[str, Any] = language_id.measure(texts, language_id.LANGUAGES, only_ours=False)
    accuracy, pace, resident = report["accuracy"], report["microseconds_per_text"], report["resident_mib"]
    served: dict[str, Any] = language_id.measure_served(
        context.dev, only_ours=False, lines=_QUICK_LINES if context.is_quick else None
    )
    return (
        Table(
            title=f"Language identification among {len(language_id.LANGUAGES)} languages (accuracy)",
            columns=(
                Column("text"),
                Column("by"),
                Column("mean", ".4f"),
                *(Column(code, ".3f") for code in language_id.LANGUAGES),
                Column("µs a text", ",.0f"),
                Column("ratio of time to langdetect", ".2f"),
                Column("MiB resident", ".1f"),
            ),
            rows=tuple(
                (
                    f"{kind}, {half}",
                    tool,
                    halves[half][kind]["mean"],
                    *(halves[half][kind][code] for code in language_id.LANGUAGES),
                    pace[tool][kind],
                    pace[tool][kind] / pace["langdetect"][kind],
                    resident[tool],
                )
                for kind in language_id.KINDS
                for half in language_id.HALVES
                for tool, halves in accuracy.items()
            ),
            notes=(
                "All choose among the same languages. Every second line was used to develop ours, the others were not.",
                "MiB resident: what the tool adds to a process of its own that has numpy already.",
            ),
        ),
        Table(
            title=f"Language identification among all {served['languages']} languages served (accuracy)",
            columns=(Column("text"), *(Column(tool, ".4f") for tool in served["accuracy"])),
            rows=tuple(
                (f"{kind}, {half}", *(halves[half][kind]["mean"] for halves in served["accuracy"].values()))
                for kind in language_id.KINDS
                for half in language_id.HALVES
            ),
            notes=(
                f"Mean over {len(served['tested'])} languages with lines to test by; a language that a tool "
                "does not know counts as missed.",
            ),
        ),
    )
