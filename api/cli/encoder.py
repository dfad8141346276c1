"""``faq encoder``: which encoder answers, whether another would do better, and changing it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import contender
from api.cli.comparison import Compared, brief, compared, document, document_of_none, megabytes, show
from api.cli.contender import Contender, Loaded, answering, beside, calibrated, load, weigh, weighed
from api.cli.golden import read_questions, warn_of_unknown
from api.cli.index import GATED
from api.cli.progress import build_progress
from api.cli.session import Session, command
from knowledge.errors import ConflictError, FaqError

if TYPE_CHECKING:
    from assistant.building import BuildOutcome
    from index.encoding import Encoder
    from index.generation import Manifest
    from knowledge.golden import GoldenQuestion

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="`embedded`, or name or folder of a sentence-transformers model.")
]
Questions = Annotated[
    str | None, typer.Option(metavar="FILE", help="Golden questions to compare with; the stored ones otherwise.")
]


class NoGoldenQuestionsError(ConflictError):
    """There is nothing to compare encoders with."""


class EncoderFixedError(ConflictError):
    """A setting names another encoder."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Show the encoder, try another one, or change it.", no_args_is_help=True)
    command(group)(info)
    command(group, "try")(try_encoder)
    command(group)(use)
    app.add_typer(group, name="encoder")


def info(session: Session) -> None:
    """Show the encoder that answers, or would.

    Its speed is measured here and now, on one thread.
    """
    from assistant.confidence import calibration_for
    from index.encoder_facts import card_languages, measure_speed, size_on_disk

    product, output = session.product, session.output
    active = product.generations.latest_manifest()
    following, source = product.build_encoder, _source(session, active)
    name = following if active is None else active.encoder
    loaded = load(product, name)
    encoder = loaded.encoder
    speed = measure_speed(encoder, _texts(), seconds=contender.MEASURED)
    languages = card_languages(encoder.folder)
    users = [one.number for one in product.generations.manifests() if _has_weights(one, encoder)]
    has_own = calibration_for(encoder.id).encoder == encoder.id
    if output.as_json:
        output.document(
            {
                "name": name,
                "digest": encoder.digest,
                "dimensions": encoder.dimensions,
                "bytes": size_on_disk(encoder.folder),
                "languages": languages,
                "calibration": "own" if has_own else "general",
                "load_seconds": loaded.seconds,
                "question_seconds": speed.question_seconds,
                "texts_per_second": speed.texts_per_second,
                "generations": users,
                "active_generation": active.number if active else None,
                "next_build": {"encoder": following, "source": source},
            }
        )
    else:
        output.fields(
            {
                "encoder": name,
                "digest": encoder.digest[:12],
                "dimensions": str(encoder.dimensions),
                "size on disk": megabytes(size_on_disk(encoder.folder)),
                "languages": f"{len(languages)}: {' '.join(languages)}" if languages else "its card lists none",
                "calibration": "its own" if has_own else "the general one, for encoders that have none of their own",
                "load": f"{loaded.seconds:.2f} s",
                "one question": f"{brief(speed.question_seconds)} on one thread",
                "in batches": f"{speed.texts_per_second:,.0f} texts a second on one thread",
                "generations": ", ".join(map(str, users)) or "none",
                "answers": f"generation {active.number}" if active else "nothing yet",
                "next build": f"{following} ({source})",
            }
        )
    if active is not None and not _has_weights(active, encoder):
        output.warning(
            f"Generation {active.number} was built with other weights of {name}: a server that starts now cannot "
            "answer from it. Run `faq build`."
        )


def try_encoder(session: Session, name: Name, questions: Questions = None) -> None:
    """Compare an encoder with the one that answers, on golden questions.

    All articles are indexed with it in a folder beside, which is removed afterwards, and both indexes are calibrated as
    a build would calibrate them; customers notice nothing.
    """
    from index.encoders import encoder_name

    product = session.product
    active = answering(product)
    golden = _golden(session, questions)
    loaded = load(product, encoder_name(name))
    if _is_same(active.manifest, loaded.encoder):
        _say_same(session, active.manifest, document_of_none(_same(active.manifest)))
        return
    _warn_of_changes(session, active.manifest)
    with build_progress() as report, beside(product, loaded, report) as other:
        own = Loaded(encoder=active.searcher.encoder, seconds=active.load_seconds)
        contenders = (calibrated(product, active.searcher.generation, own, report), other)
        found = compared(*(weigh(product, contender, golden, report) for contender in contenders))
    if session.output.as_json:
        session.output.document(document(found))
    else:
        show(session.output, found)
        if found.verdict == "better":
            session.output.note(f"To change over: faq encoder use {shlex.quote(found.after.name)}")


def use(
    session: Session,
    name: Name,
    force: Annotated[
        bool, typer.Option("--force", help="Let it answer even if it is worse, or nothing can be compared.")
    ] = False,
    questions: Questions = None,
) -> int:
    """Build an index with another encoder, and let it answer unless it is worse.

    The golden questions decide. If it is worse beyond noise, the new index is kept and does not answer, and
    the exit status is 1. Running servers change over within a second of its encoder being loaded, without an outage.
    """
    from index.encoders import encoder_name

    product = session.product
    name = encoder_name(name)
    _check_setting(session, name, force=force)
    # Nobody else builds meanwhile: what is compared is what is changed.
    with product.generations.build_lock():
        manifest = _active_manifest(session, force=force)
        if manifest is not None and manifest.encoder == name and _is_same(manifest, load(product, name).encoder):
            _say_same(session, manifest, _outcome(manifest, is_new=False, is_active=True))
            return 0
        # What is missing is said before a large model is fetched.
        active = None if manifest is None else _comparable(session, force=force)
        # Where nothing is compared, the floors are held against the stored questions all the same.
        golden = None if active is None else _golden(session, questions, force=force)
        if active is not None and golden:
            _warn_of_changes(session, active.manifest)
        loaded = load(product, name)
        with build_progress() as report:
            done = product.make_generation(encoder=loaded.encoder, asked=golden, report=report, force=force)
        found = None if active is None else _compared(session, active, loaded, done)
    if session.output.as_json:
        comparison = None if found is None else document(found)
        session.output.document(
            _outcome(
                done.manifest, is_new=done.is_new, is_active=done.is_active, comparison=comparison, report=done.gate
            )
        )
    else:
        if found is not None:
            show(session.output, found)
        _show_outcome(session, done, manifest)
    return 0 if done.is_active else GATED


def _compared(session: Session, active: Contender, loaded: Loaded, done: BuildOutcome) -> Compared | None:
    """Return both encoders beside each other, as the gate has asked them; None where it compared nothing."""
    if done.before is None or done.after is None:
        return None
    searcher = session.product.encoders.searcher(session.product.generations.load(done.manifest.number))
    after = Contender(searcher=searcher, load_seconds=loaded.seconds)
    return compared(weighed(active, done.before), weighed(after, done.after))


def _outcome(
    manifest: Manifest,
    *,
    is_new: bool,
    is_active: bool,
    comparison: dict[str, Any] | None = None,
    report: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "generation": manifest.number,
        "encoder": manifest.encoder,
        "is_new": is_new,
        "is_active": is_active,
        "is_gated": not is_active,
        "comparison": comparison,
        "report": report,
    }


def _show_outcome(session: Session, done: BuildOutcome, before: Manifest | None) -> None:
    output, built = session.output, done.manifest
    if not done.is_active:
        assert done.report is not None
        answers_on = "" if before is None else f"; generation {before.number} answers on"
        for failure in done.report.failures:
            output.text(failure)
        output.text(
            f"Generation {built.number} is kept and does not answer{answers_on}. To let it answer all the same: "
            f"faq generations activate {built.number} --force, or this command with --force; "
            "and back again: faq rollback."
        )
    else:
        back = " Go back with: faq rollback" if before is not None else ""
        output.text(f"Generation {built.number} answers now, with the encoder {built.encoder}.{back}")


def _check_setting(session: Session, name: str, *, force: bool) -> None:
    """Refuse an encoder that the next build would leave again; raises EncoderFixedError."""
    from index.encoders import encoder_name

    fixed = session.settings.encoder
    if fixed is None or encoder_name(fixed) == name:
        return
    said = f"FAQ_ENCODER is {fixed!r}, so the next build goes back to that encoder"
    if not force:
        raise EncoderFixedError(f"{said}. Set FAQ_ENCODER to {name}, or remove it; --force changes over until then.")
    session.output.warning(f"{said} unless FAQ_ENCODER is changed or removed.")


def _active_manifest(session: Session, *, force: bool) -> Manifest | None:
    """Return the manifest of the generation that the pointer names; None before the first.

    Raises GenerationDamagedError where neither can be told, unless that is no matter.
    """
    from index.errors import GenerationDamagedError
    from index.generation import Manifest

    try:
        pointer = session.product.generations.pointer()
        return None if pointer is None else Manifest.read(session.product.generations.path(pointer.generation))
    except GenerationDamagedError as error:
        if not force:
            raise
        session.output.warning(f"Nothing is compared: {error}")
        return None


def _comparable(session: Session, *, force: bool) -> Contender | None:
    """Return what answers; None where it cannot be searched and that is no matter."""
    try:
        return answering(session.product)
    except FaqError as error:
        if not force:
            raise
        session.output.warning(f"Nothing is compared: {error}")
        return None


def _golden(session: Session, file: str | None, *, force: bool = False) -> Sequence[GoldenQuestion]:
    """Return the golden questions to compare with; raises NoGoldenQuestionsError, InputError."""
    golden = session.product.golden.all() if file is None else read_questions(file, session.output.warning)
    if golden:
        warn_of_unknown(session, golden)
    elif force:
        session.output.warning("Nothing is compared: there are no golden questions.")
    else:
        raise NoGoldenQuestionsError(
            "There are no golden questions, so nothing can be compared. "
            "Import some (columns question, article_id, language): faq golden import FILE"
        )
    return golden


def _source(session: Session, active: Manifest | None) -> str:
    """Return where the name of the next build's encoder comes from."""
    if session.settings.encoder is not None:
        return "FAQ_ENCODER"
    return "default" if active is None else "active generation"


def _texts() -> list[str]:
    """Return what the speed is measured with: questions of customers in many languages."""
    from knowledge.sample import golden_questions

    return [golden.question for golden in golden_questions()]


def _has_weights(manifest: Manifest, encoder: Encoder) -> bool:
    return (manifest.encoder_digest, manifest.dimensions) == (encoder.digest, encoder.dimensions)


def _is_same(manifest: Manifest, encoder: Encoder) -> bool:
    return manifest.encoder == encoder.id and _has_weights(manifest, encoder)


def _same(manifest: Manifest) -> str:
    return f"Nothing to do: generation {manifest.number} answers with {manifest.encoder} already."


def _say_same(session: Session, manifest: Manifest, document: dict[str, Any]) -> None:
    if session.output.as_json:
        session.output.document(document)
    else:
        session.output.text(_same(manifest))


def _warn_of_changes(session: Session, manifest: Manifest) -> None:
    if manifest.knowledge_digest != session.product.store.digest():
        session.output.warning(
            f"The articles have changed since generation {manifest.number} was built, and a part of the difference "
            "may be theirs. Run `faq build` before, to compare the encoders alone."
        )
