"""``faq serve``: the HTTP API on this machine."""

from __future__ import annotations

import errno
import gc
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.session import Session, command
from knowledge.errors import ConfigurationError, FaqError, ForbiddenError, UnavailableError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from api.settings import Settings

_PATIENCE = 15  # seconds that requests under way are given when the server is asked to stop
_USUAL_THRESHOLD = (700, 10, 10)  # of CPython; `api.cli.main` raises it for short commands
_BACKLOG = 2_048  # connections that may wait to be accepted


class PortTakenError(UnavailableError):
    """Another program listens on the port."""


class AddressError(ConfigurationError):
    """The host is none of this machine's addresses."""


class OpenServerError(ForbiddenError):
    """Others could reach a server that asks for no key."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app)(serve)


def serve(
    session: Session,
    host: Annotated[str | None, typer.Option(help="Address to listen on (FAQ_HOST).")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="Port; 0 takes a free one (FAQ_PORT).")] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="Import a sample shop's FAQ into an empty store, and index it if need be.")
    ] = False,
    access_log: Annotated[bool, typer.Option("--access-log", help="Log every request.")] = False,
) -> None:
    """Serve the HTTP API and the chat page.

    Stops gracefully on Ctrl-C or SIGTERM, with exit status 0.
    """
    settings = session.read_settings(host=host, port=port)
    has_keys = session.product.keys.has_keys()
    addresses = _addresses(settings.host, settings.port)
    if not has_keys and not all(ip_address(address[0].split("%")[0]).is_loopback for _, address in addresses):
        raise OpenServerError(
            f"The host {settings.host} can be reached from other machines, and no key is configured. "
            "Make one first: faq keys create --scope ask"
        )
    with _listening(addresses) as sockets:
        if sample:
            _prepare_sample(session)
        session.close()  # the server opens parts of its own
        _serve(session, settings, sockets, has_keys=has_keys, access_log=access_log)


def _serve(
    session: Session, settings: Settings, sockets: list[socket.socket], *, has_keys: bool, access_log: bool
) -> None:
    import uvicorn

    from api.app import create_app

    _log_to_stderr(settings.log_level)
    app = create_app(settings)
    failures = _watched(app)
    host, port = sockets[0].getsockname()[:2]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            _settle_memory()
            _announce(session, url, has_keys=has_keys)

    server = Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=access_log,
            lifespan="on",
            backlog=_BACKLOG,
            server_header=False,
            timeout_graceful_shutdown=_PATIENCE,
        )
    )
    # uvicorn stops gracefully, then raises the signal again for the handler from before: this one, so
    # that a server that was asked to stop, and did, leaves with status 0.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: setattr(server, "should_exit", True))
    try:
        server.run(sockets=sockets)
    except SystemExit:
        if failures:
            raise failures[0] from None
        raise
    except OSError as error:
        raise _no_listening(error, host, port) from error


def _settle_memory() -> None:
    """Collect garbage as usual from now on, without looking again at what the start has made."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_USUAL_THRESHOLD)


def _announce(session: Session, url: str, *, has_keys: bool) -> None:
    if session.output.as_json:
        session.output.document({"url": url, "keys": has_keys, "pid": os.getpid()})
    session.output.note(f"faq-assistant listens on {url} (API: {url}/docs). Stop it with Ctrl-C.")


def _watched(app: FastAPI) -> list[FaqError]:
    """Return a list that will hold what kept the application from starting, instead of a traceback in the log."""
    failures: list[FaqError] = []
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            async with inner(app):
                yield
        except FaqError as error:
            failures.append(error)
            raise

    app.router.lifespan_context = lifespan
    logging.getLogger("uvicorn.error").addFilter(lambda record: not failures)
    return failures


def _log_to_stderr(level: str) -> None:
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True)
    if level != "debug":
        for chatty in ("uvicorn.error", "alembic"):
            logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").setLevel(logging.INFO)


def _prepare_sample(session: Session) -> None:
    from knowledge.sample import golden_questions, sample_articles

    product, output = session.product, session.output
    if product.store.count() == 0:
        report = product.importer.run(sample_articles(), filename="sample.jsonl", by=session.user)
        if product.golden.count() == 0:
            product.golden.replace(golden_questions())
        output.note(f"Imported the sample shop: {report.created} articles, with its golden questions.")
    if not _is_current(session):
        done = product.make_generation()
        output.note(f"Built generation {done.manifest.number} in {done.manifest.seconds:.1f} s.")


def _is_current(session: Session) -> bool:
    """Tell whether the active generation holds the articles as they are now, encoded by the encoder in use."""
    from index.analysis import analysis_id
    from index.generation import Manifest

    product = session.product
    try:
        pointer = product.generations.pointer()
        if pointer is None:
            return False
        manifest = Manifest.read(product.generations.path(pointer.generation))
    except UnavailableError:
        return False
    encoder = product.encoder
    return (
        manifest.knowledge_digest == product.store.digest()
        and (manifest.encoder_digest, manifest.dimensions) == (encoder.digest, encoder.dimensions)
        and manifest.analysis == analysis_id()
    )


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
    try:
        number = ip_address(host)
    except ValueError:
        return _looked_up(host, port)
    return [(socket.AF_INET if number.version == 4 else socket.AF_INET6, (host, port))]


def _looked_up(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise AddressError(
            f"The host {host[:100]!r} is not known ({error}); expected an address of this machine, such as 127.0.0.1."
        ) from error
    return list(dict.fromkeys((family, (str(address[0]), int(address[1]))) for family, _, _, _, address in found))


@contextmanager
def _listening(addresses: list[tuple[socket.AddressFamily, tuple[str, int]]]) -> Iterator[list[socket.socket]]:
    """Yield a bound socket for every address, all on one port; raises PortTakenError or AddressError."""
    sockets: list[socket.socket] = []
    try:
        for family, (host, port) in addresses:
            bound = socket.socket(family, socket.SOCK_STREAM)
            sockets.append(bound)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            port = port or (sockets[0].getsockname()[1] if len(sockets) > 1 else 0)
            try:
                bound.bind((host, port))
                # Without this a second server could bind the same port, and fail only later.
                bound.listen(_BACKLOG)
            except OSError as error:
                is_spare = error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT) and len(addresses) > 1
                if not is_spare:
                    raise _no_listening(error, host, port) from error
                sockets.remove(bound)
                bound.close()
        if not sockets:
            raise AddressError("The host has no address on this machine; expected one such as 127.0.0.1.")
        yield sockets
    finally:
        for bound in sockets:
            bound.close()


def _no_listening(error: OSError, host: str, port: int) -> FaqError:
    if error.errno == errno.EADDRINUSE:
        return PortTakenError(
            f"Port {port} on {host} is taken by another program; stop that one, "
            f"or take another port: faq serve --port {port + 1 if port < 65_535 else 8080}"
        )
    mend = "take a port above 1023" if error.errno == errno.EACCES else "name an address of this machine"
    return AddressError(f"Cannot listen on {host} port {port} ({error.strerror}); {mend}: faq serve --host … --port …")
