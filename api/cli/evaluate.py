"""``faq evaluate``: how well the assistant answers, as a table, as a page to show, or as JSON."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.comparison import show_comparison
from api.cli.contender import beside, load
from api.cli.golden import read_questions, warn_of_unknown
from api.cli.index import GATED, outcome_document, show_outcome
from api.cli.output import Cell, Output
from api.cli.progress import build_progress
from api.cli.session import Session, command
from api.cli.shares import share_text
from knowledge.errors import InputError

if TYPE_CHECKING:
    from assistant.building import BuildOutcome
    from assistant.evaluation import Share
    from assistant.report import Report
    from assistant.report.report import Group
    from index.builder import Progress
    from index.searcher import Searcher
    from knowledge.golden import GoldenQuestion

_SHOWN = 10  # rows of a list
_GROUPS = 20

File = Annotated[
    str | None,
    typer.Argument(
        metavar="[QUESTIONS.csv]",
        help="CSV or TSV: question, article_id, language, channel; - reads standard input; without it the stored "
        "golden questions are asked.",
    ),
]


class ReportFileError(InputError):
    """A report cannot be written."""


class CalibrationError(InputError):
    """What is asked for cannot be calibrated."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app)(evaluate)


def evaluate(
    session: Session,
    file: File = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the report as a page that holds all its pictures.")
    ] = None,
    compare: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER|ENCODER", help="Ask another generation too, or an index built beside with another encoder."
        ),
    ] = None,
    generation: Annotated[
        int | None, typer.Option(min=1, help="Generation to ask; the one that answers otherwise.")
    ] = None,
    target: Annotated[
        float | None,
        typer.Option(
            min=0.5,
            max=0.9999,
            help="Precision to propose a threshold for, such as 0.95; FAQ_TARGET_PRECISION otherwise, which is what "
            "--calibrate keeps to.",
        ),
    ] = None,
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate", help="Keep these as the golden questions, and fit confidence and thresholds to them."
        ),
    ] = False,
) -> int:
    """Ask golden questions, and say how well they are answered.

    Customers notice nothing, and nothing is stored unless --calibrate is given. Every figure has the bounds between
    which it lies with 95 % confidence. The exit status is 0 however they are answered, and 1 where a new calibration
    fails its gates.
    """
    from api.evaluating import report_on
    from assistant.report import document, page

    written = None if report is None else _checked(report)
    if calibrate:
        _check_calibration(session, generation, target)
    warnings: list[str] = []
    golden = session.product.golden.all() if file is None else read_questions(file, warnings.append)
    warn_of_unknown(session, golden)
    done = _calibrated(session, golden, is_given=file is not None) if calibrate else None
    status = 0 if done is None or done.is_active else GATED
    product = session.product
    with build_progress() as progress:
        searcher = product.encoders.searcher(
            product.generations.load_active() if generation is None else product.generations.load(generation)
        )
        with _other(session, compare, progress) as (other, name):
            found = report_on(
                product,
                golden,
                searcher,
                other=other,
                other_name=name,
                target=target,
                notes=warnings,
                report=_asking(progress),
            )
    if written is not None:
        _write(written, page(found))
    if session.output.as_json:
        build = {} if done is None else {"build": outcome_document(done)}
        session.output.document({**document(found), **build})
        return status
    if done is not None:
        show_outcome(session, done)
        session.output.text("")
    show(session.output, found)
    if report is not None:
        session.output.note(f"The report is in {report}.")
    return status


def show(output: Output, report: Report) -> None:
    """Print a report for a person."""
    from assistant.evaluation import MEASURES

    evaluation = report.evaluation
    output.text(report.headline)
    for note in report.notes:
        output.warning(note)
    output.text("")
    output.table(
        ["", report.name, "95 % from", "to"],
        [
            [measure.title, *_figures(evaluation.share(measure))]
            for measure in MEASURES.values()
            if evaluation.share(measure).of
        ],
    )
    _show_groups(output, "language", report.by_language)
    if any(group.name is not None for group in report.by_channel):
        _show_groups(output, "channel", report.by_channel)
    _show_thresholds(output, report)
    _show_faults(output, report)
    if report.comparison is not None:
        output.text("")
        show_comparison(output, report.name, report.other or "", report.comparison)


def _show_groups(output: Output, kind: str, groups: Sequence[Group]) -> None:
    output.text("")
    output.table(
        [kind, "questions", "coverage", "95 % from", "to", "precision", "95 % from", "to", "accuracy@1"],
        [
            [
                group.name or "not known",
                f"{group.questions:,}",
                *_figures(group.coverage),
                *_figures(group.precision),
                share_text(group.accuracy),
            ]
            for group in groups[:_GROUPS]
        ],
    )
    if len(groups) > _GROUPS:
        output.note(f"The first {_GROUPS} of {len(groups):,} are shown; --json has all.")


def _show_thresholds(output: Output, report: Report) -> None:
    from assistant.report.wording import threshold

    output.text("")
    output.table(
        ["answer threshold", "right", "wrong", "asked back", "ticketed", "precision", "95 % from", "to", "coverage"],
        [
            [
                Cell(
                    f"{threshold(one.threshold)}{' (now)' if one.is_present else ''}", "bold" if one.is_present else ""
                ),
                *(f"{count:,}" for count in (one.right, one.wrong, one.asked_back, one.ticketed)),
                *_figures(one.precision),
                share_text(one.coverage),
            ]
            for one in report.alternatives
        ],
    )
    output.text("")
    for one in report.proposals:
        if one.threshold is not None and one.coverage is not None:
            said = f"answer threshold {one.threshold:.3f}, coverage {share_text(one.coverage)}"
        else:
            said = f"not to be promised yet; {one.fewest:,} answers without a mistake would show it"
        output.text(f"precision {one.target:.0%}{' (the aim)' if one.target == report.target else ''}: {said}")


def _show_faults(output: Output, report: Report) -> None:
    if report.confusions:
        output.text("")
        output.text(f"Articles that are taken for one another{_first(len(report.confusions))}:")
        output.table(
            ["article", "and", "questions", "answered wrongly", "for example"],
            [
                [*one.articles, f"{len(one.asked):,}", f"{one.answered:,}", one.asked[0].golden.question]
                for one in report.confusions[:_SHOWN]
            ],
        )
    titles = {
        "wrong": "Answered wrongly",
        "out_of_scope_answered": "Answered where no article does",
        "held_back": "Ticketed, though the right article was found first",
    }
    for fault, title in titles.items():
        asked = [one.asked for one in report.worst if one.fault == fault]
        if asked:
            output.text("")
            output.text(f"{title}{_first(len(asked))}:")
            output.table(
                ["question", "article that answers", "found first", "confidence"],
                [
                    [one.golden.question, one.golden.article_id or "none", one.best or "none", f"{one.confidence:.2f}"]
                    for one in asked[:_SHOWN]
                ],
            )


def _first(count: int) -> str:
    return f" ({count:,}{f', the first {_SHOWN}' if count > _SHOWN else ''})"


def _figures(share: Share) -> list[str]:
    bounds = share.interval
    return [
        share_text(share),
        *(["", ""] if bounds is None else [f"{bounds.low:.1%}", f"{bounds.high:.1%}"]),
    ]


def _check_calibration(session: Session, generation: int | None, target: float | None) -> None:
    """Refuse what --calibrate would not do, before anything is stored; raises CalibrationError."""
    if generation is not None:
        raise CalibrationError("--calibrate fits the generation that answers: leave out --generation.")
    promised = session.settings.target_precision
    if target is not None and target != promised:
        raise CalibrationError(
            f"--calibrate fits to FAQ_TARGET_PRECISION, which is {promised:g}, as every build does, not to --target "
            f"{target:g}: set FAQ_TARGET_PRECISION={target:g}, or leave out --target.",
            field="target",
        )


def _calibrated(session: Session, golden: Sequence[GoldenQuestion], *, is_given: bool) -> BuildOutcome:
    """Keep the questions, if others were given than the kept ones, and fit the generation that answers to them."""
    if is_given:
        session.product.golden.replace(golden)
    with build_progress() as progress:
        return session.product.calibrate_now(report=progress)


@contextmanager
def _other(
    session: Session, name: str | None, progress: Callable[[Progress], None]
) -> Iterator[tuple[Searcher | None, str | None]]:
    """Yield what is compared with, and its name: a kept generation, or an index built beside for as long."""
    from index.encoders import encoder_name

    product = session.product
    if name is None:
        yield None, None
    elif name.isdecimal():
        yield product.encoders.searcher(product.generations.load(int(name))), None
    else:
        with beside(product, load(product, encoder_name(name)), progress) as contender:
            yield contender.searcher, f"encoder {contender.searcher.encoder.id}"


def _asking(progress: Callable[[Progress], None]) -> Callable[[int, int], None]:
    from index.builder import Progress

    return lambda done, total: progress(Progress(stage="asking", done=done, total=total))


def _checked(given: Path) -> Path:
    """Return the file itself; raises ReportFileError before minutes are spent where it cannot be written."""
    path = Path(os.path.realpath(given))
    folder = path.parent
    is_other = path.exists() and not path.is_file()  # a folder, a terminal
    if is_other or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise ReportFileError(
            f"The report cannot be written to {str(given)!r}; expected a file in a folder that is there and may be "
            "written to.",
            field="report",
        )
    return path


def _write(path: Path, data: bytes) -> None:
    """Write a file as a whole or not at all; raises ReportFileError."""
    temporary: str | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name[:100]}.", delete=False) as file:
            temporary = file.name
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)  # as an ordinary new file; temporary ones are the owner's alone
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            with suppress(OSError):
                os.unlink(temporary)
        raise ReportFileError(
            f"The report cannot be written to {str(path)!r} ({error.strerror or error}). Free some space, or name "
            "another file.",
            field="report",
        ) from error
