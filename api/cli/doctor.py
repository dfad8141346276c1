"""``faq doctor``: looks at every part that answering needs, and names the mend for what is wrong."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from api.cli.output import Cell
from api.cli.session import Session, command
from knowledge.errors import FaqError

if TYPE_CHECKING:
    from api.settings import Settings
    from knowledge.database import Database

State = Literal["ok", "warn", "fail"]

_LITTLE_SPACE = 1 << 30  # bytes from which on the disk should be watched
_NO_SPACE = 100 << 20  # bytes with which the next build may fail
_SERVER_WAIT = 2.0  # seconds
_PRAGMAS = {"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"}
_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What one check found; ``mend`` says what to do unless it is ok."""

    check: str
    state: State
    detail: str
    mend: str | None = None


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app)(doctor)


def doctor(
    session: Session,
    migrate: Annotated[bool, typer.Option("--migrate", help="Bring the database's schema up to date first.")] = False,
) -> int:
    """Check every part that answering needs.

    The exit status is 1 when one of them failed; nothing is changed unless --migrate is given.
    """
    findings = list(_examined(session, migrate=migrate))
    has_failed = any(finding.state == "fail" for finding in findings)
    if session.output.as_json:
        session.output.document({"ok": not has_failed, "checks": findings})
    else:
        session.output.table(
            ["check", "state", "found", "mend"],
            [
                [finding.check, Cell(finding.state, _STYLES[finding.state]), finding.detail, finding.mend or ""]
                for finding in findings
            ],
        )
    return 1 if has_failed else 0


def _examined(session: Session, *, migrate: bool) -> Iterator[Finding]:
    try:
        settings = session.settings
    except FaqError as error:
        yield _failure("settings", error)
        return
    yield Finding(check="settings", state="ok", detail=f"data in {settings.data_dir.absolute()}")
    folder = _data_folder(settings)
    yield folder
    if folder.state == "fail":
        return
    yield _space(settings.data_dir)
    is_usable = False
    for finding in _database(session, settings, migrate=migrate):
        yield finding
        is_usable = finding.state == "ok" if finding.check == "database" else is_usable
    yield _encoder(session)
    if is_usable:
        yield _generation(session)
        yield _keys(session, settings)
    if settings.languages:
        yield _languages(session, settings)
    yield from _translation(session)
    yield _server(settings)


def _data_folder(settings: Settings) -> Finding:
    from api.product import make_writable

    folder = settings.data_dir
    try:
        make_writable(folder)
        probe = folder / ".doctor"
        probe.write_bytes(b"")
        probe.unlink()
    except FaqError as error:
        return _failure("data folder", error)
    except OSError as error:
        return Finding(
            check="data folder",
            state="fail",
            detail=f"{folder.absolute()} cannot be written to ({error.strerror})",
            mend="Change its owner or mode, or name another folder: FAQ_DATA_DIR.",
        )
    return Finding(check="data folder", state="ok", detail="writable")


def _space(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    state: State = "ok" if free > _LITTLE_SPACE else "warn" if free > _NO_SPACE else "fail"
    mend = None if state == "ok" else "Free some space, or name a folder on another disk: FAQ_DATA_DIR."
    return Finding(check="disk", state=state, detail=f"{free / (1 << 30):.1f} GiB free", mend=mend)


def _database(session: Session, settings: Settings, *, migrate: bool) -> Iterator[Finding]:
    """Yield the findings; unlike every other command, change nothing unless asked to."""
    from knowledge.database import open_database

    try:
        if migrate:
            session.product.database.check()
        database = open_database(settings.database)
        file = database.engine.url.database if database.engine.dialect.name == "sqlite" else None
        if file is not None and not Path(file).exists():
            yield Finding(
                check="database",
                state="warn",
                detail=f"{file} does not exist yet",
                mend="The first command that needs it makes it: faq doctor --migrate",
            )
            return
    except FaqError as error:
        yield _failure("database", error)
        return
    try:
        database.check()
        yield Finding(check="database", state="ok", detail=f"{database.engine.dialect.name}, schema up to date")
        if file is not None:
            yield _sqlite(database)
    except FaqError as error:
        yield _failure("database", error)
    finally:
        database.close()


def _sqlite(database: Database) -> Finding:
    with database.read() as connection:
        found = {name: str(connection.exec_driver_sql(f"PRAGMA {name}").scalar()) for name in _PRAGMAS}
        damage = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
    if damage != "ok":
        return Finding(
            check="sqlite", state="fail", detail=f"the file is damaged: {damage}", mend="Restore it from a backup."
        )
    listed = ", ".join(f"{name}={value}" for name, value in found.items())
    if found != _PRAGMAS:
        return Finding(
            check="sqlite",
            state="warn",
            detail=listed,
            mend="Keep the data folder on a local disk: network file systems know no write-ahead log.",
        )
    return Finding(check="sqlite", state="ok", detail=f"{listed}, undamaged")


def _encoder(session: Session) -> Finding:
    """Examine the encoder of the next build; that of the generation is examined with it."""
    started = time.perf_counter()
    try:
        encoder = session.product.encoder
        encoder.encode(["How do I return an item?"], kind="question")
    except FaqError as error:
        return _failure("encoder", error)
    seconds = time.perf_counter() - started
    return Finding(
        check="encoder",
        state="ok",
        detail=f"{encoder.id} {encoder.digest[:12]}, {encoder.dimensions} dimensions, ready in {seconds:.2f} s",
    )


def _generation(session: Session) -> Finding:
    from index.errors import NoGenerationError

    product, check = session.product, "generation"
    try:
        articles = product.store.count()
        generation = product.generations.load_active()
        product.encoders.searcher(generation)
        is_current = generation.manifest.knowledge_digest == product.store.digest()
    except NoGenerationError as error:
        state: State = "fail" if articles else "warn"
        mend = "faq build" if articles else "Import articles (faq import FILE), then run: faq build"
        return Finding(check=check, state=state, detail=str(error).split(".")[0], mend=mend)
    except FaqError as error:
        return _failure(check, error)
    manifest = generation.manifest
    detail = f"{manifest.number}: {manifest.articles:,} articles, {manifest.passages:,} passages"
    if not is_current:
        return Finding(check=check, state="warn", detail=f"{detail}; the articles have changed since", mend="faq build")
    following = product.build_encoder
    if following != manifest.encoder:
        return Finding(
            check=check,
            state="warn",
            detail=f"{detail}; its encoder is {manifest.encoder}, the next build takes {following} (FAQ_ENCODER)",
            mend=f"faq encoder use {following} - or remove FAQ_ENCODER",
        )
    return Finding(check=check, state="ok", detail=f"{detail}; fits its encoder and the articles")


def _keys(session: Session, settings: Settings) -> Finding:
    if session.product.keys.has_keys():
        in_use = sum(key.revoked_at is None for key in session.product.keys.all())
        return Finding(check="keys", state="ok", detail=f"{in_use} in use")
    if settings.host in ("127.0.0.1", "::1", "localhost"):
        return Finding(check="keys", state="ok", detail="none: only programs on this machine are served")
    return Finding(
        check="keys",
        state="fail",
        detail=f"none, and the host {settings.host} can be reached from other machines",
        mend="faq keys create --scope ask",
    )


def _languages(session: Session, settings: Settings) -> Finding:
    from assistant.detection import unidentified

    check = "languages"
    try:
        known = session.product.detector.languages
    except FaqError as error:
        return _failure(check, error)
    if unknown := unidentified(settings.languages):
        return Finding(
            check=check,
            state="warn",
            detail=f"{', '.join(unknown)} cannot be identified; only {', '.join(known)} are told apart",
            mend="Name in FAQ_LANGUAGES what `faq languages` lists as identified.",
        )
    return Finding(check=check, state="ok", detail=f"{', '.join(known)} are told apart")


def _translation(session: Session) -> Iterator[Finding]:
    """Yield a finding for what the customers have of all engines, and one for an engine with a trouble."""
    from api.language_support import engine_support

    check = "translation"
    try:
        session.product.settle_engines()
        engines = engine_support(session.product)
    except FaqError as error:
        yield _failure(check, error)
        return
    listed = [
        f"{engine['name']} {engine['version']}: "
        + ", ".join(f"{pair['source']}→{pair['target']}" for pair in engine["pairs"])
        for engine in engines
        if engine["pairs"]
    ]
    nothing = "no package: customers read the articles in the languages people wrote them in"
    yield Finding(check=check, state="ok", detail="; ".join(listed) or nothing)
    for engine in engines:
        if engine["problem"] is not None:
            mend = "Name the program in FAQ_APERTIUM, or set it to auto or off."
            yield Finding(check=engine["name"], state="warn", detail=engine["problem"], mend=mend)
        if engine["broken"]:
            detail = "; ".join(f"{pair['source']}→{pair['target']}: {pair['detail']}" for pair in engine["broken"])
            yield Finding(
                check=engine["name"],
                state="warn",
                detail=f"installed and not used: {detail}",
                mend="Another engine may do it: faq languages install SOURCE TARGET",
            )


def _server(settings: Settings) -> Finding:
    import httpx

    check = "server"
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(settings.host, settings.host)
    if settings.port == 0:
        return Finding(check=check, state="ok", detail="takes a free port")
    url = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
    try:
        parts = httpx.get(f"{url}/readyz", timeout=_SERVER_WAIT, trust_env=False).json()["parts"]
        troubles = [f"{name}: {part.get('detail', '')}" for name, part in parts.items() if part["status"] != "ok"]
    except httpx.ConnectError:
        return Finding(check=check, state="ok", detail=f"none is running on {url}; the port is free")
    except (httpx.HTTPError, ValueError, LookupError, TypeError, AttributeError):
        return Finding(
            check=check,
            state="fail",
            detail=f"another program listens on {url}",
            mend=f"Stop it, or take another port: faq serve --port {settings.port % 65_535 + 1}",
        )
    if troubles:
        mend = "Mend what it names; the server takes it up by itself."
        return Finding(check=check, state="warn", detail=f"{url} answers; {'; '.join(troubles)}", mend=mend)
    return Finding(check=check, state="ok", detail=f"{url} answers and is ready")


def _failure(check: str, error: FaqError) -> Finding:
    """Return the finding of an error: the mend is its last sentence, or the last part of its only one."""
    message = str(error)
    mark = next((mark for mark in (". ", "; ", ": ") if mark in message), ". ")
    found, _, mend = message.rpartition(mark)
    return Finding(check=check, state="fail", detail=found or message, mend=mend if found else None)
