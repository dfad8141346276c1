"""``faq encoder``: which encoder answers, whether another would do better, and changing it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import contender
from api.cli.comparison import Compared, brief, compared, document, document_of_none, megabytes, show
from api.cli.contender import Contender, answering, load, weigh
from api.cli.golden import read_questions, warn_of_unknown
from api.cli.progress import build_progress
from api.cli.session import Session, command
from knowledge.errors import ConflictError, FaqError

if TYPE_CHECKING:
    from index.builder import Progress
    from index.encoding import Encoder
    from index.generation import Manifest
    from knowledge.golden import GoldenQuestion

GATED = 1

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


class OvertakenError(ConflictError):
    """Another generation was activated while this one was compared."""


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

    All articles are indexed with it in a folder beside, which is removed afterwards; customers notice nothing.
    """
    from index.builder import build
    from index.encoders import encoder_name
    from index.trial import trial

    product = session.product
    active = answering(product)
    golden = _golden(session, questions)
    with trial(product.settings.data_dir) as beside:
        loaded = load(product, encoder_name(name))
        if _is_same(active.manifest, loaded.encoder):
            _say_same(session, active.manifest, document_of_none(_same(active.manifest)))
            return
        _warn_of_changes(session, active.manifest)
        with build_progress() as report:
            built = build(beside, product.store, loaded.encoder, report=report).manifest
            searcher = product.encoders.searcher(beside.load(built.number))
            found = _compared(
                session, active, Contender(searcher=searcher, load_seconds=loaded.seconds), golden, report
            )
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
        pointed = _pointed(session)
        manifest = _active_manifest(session, force=force)
        if manifest is not None and manifest.encoder == name and _is_same(manifest, load(product, name).encoder):
            _say_same(session, manifest, _outcome(manifest, is_new=False, is_active=True))
            return 0
        # What is missing is said before a large model is fetched.
        active = None if manifest is None else _comparable(session, force=force)
        golden = () if active is None else _golden(session, questions, force=force)
        if active is not None and golden:
            _warn_of_changes(session, active.manifest)
        loaded = load(product, name)
        found = None
        with build_progress() as report:
            built, is_new = _built(session, loaded.encoder, report)
            if active is not None and golden:
                searcher = product.encoders.searcher(product.generations.load(built.number))
                candidate = Contender(searcher=searcher, load_seconds=loaded.seconds)
                found = _compared(session, active, candidate, golden, report)
        is_gated = found is not None and found.verdict == "worse" and not force
        if not is_gated:
            _activate(session, built.number, expected=pointed)
    if session.output.as_json:
        comparison = None if found is None else document(found)
        session.output.document(_outcome(built, is_new=is_new, is_active=not is_gated, comparison=comparison))
    else:
        if found is not None:
            show(session.output, found)
        _show_outcome(session, built, manifest, is_gated=is_gated)
    return GATED if is_gated else 0


def _compared(
    session: Session,
    active: Contender,
    candidate: Contender,
    golden: Sequence[GoldenQuestion],
    report: Callable[[Progress], None],
) -> Compared:
    before, after = (weigh(session.product, each, golden, report) for each in (active, candidate))
    return compared(before, after)


def _outcome(
    manifest: Manifest, *, is_new: bool, is_active: bool, comparison: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "generation": manifest.number,
        "encoder": manifest.encoder,
        "is_new": is_new,
        "is_active": is_active,
        "is_gated": not is_active,
        "comparison": comparison,
    }


def _show_outcome(session: Session, built: Manifest, before: Manifest | None, *, is_gated: bool) -> None:
    output = session.output
    if is_gated:
        assert before is not None
        output.text(
            f"Generation {built.number} is kept and does not answer; generation {before.number} answers on. To let it "
            f"answer all the same: faq generations activate {built.number}, or this command with --force; "
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


def _pointed(session: Session) -> int | None:
    """Return the number that the pointer names; None where it names none that can be read."""
    from index.errors import GenerationDamagedError

    try:
        pointer = session.product.generations.pointer()
    except GenerationDamagedError:
        return None
    return None if pointer is None else pointer.generation


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
    golden = session.product.golden.all() if file is None else read_questions(session, file)
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


def _built(session: Session, encoder: Encoder, report: Callable[[Progress], None]) -> tuple[Manifest, bool]:
    """Return a kept generation of all articles as they are, or else a new one; and whether it is new."""
    from index.analysis import analysis_id
    from index.builder import build

    product = session.product
    knowledge = product.store.digest()
    for manifest in product.generations.manifests():
        if (
            _is_same(manifest, encoder)
            and (manifest.knowledge_digest, manifest.analysis) == (knowledge, analysis_id())
            and _is_whole(session, manifest)
        ):
            return manifest, False
    done = build(product.generations, product.store, encoder, report=report, activate=False)
    return done.manifest, True


def _is_whole(session: Session, manifest: Manifest) -> bool:
    from index.errors import GenerationDamagedError

    try:
        session.product.generations.load(manifest.number)
    except GenerationDamagedError as error:
        session.output.warning(str(error))
        return False
    return True


def _activate(session: Session, number: int, *, expected: int | None) -> None:
    """Let a generation answer unless another one was activated meanwhile; raises OvertakenError."""
    generations = session.product.generations
    now = _pointed(session)
    if now != expected:
        raise OvertakenError(
            f"Generation {now} was activated while generation {number} was compared with another one. "
            "Run the command again."
        )
    generations.activate(number)
    generations.prune()


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
