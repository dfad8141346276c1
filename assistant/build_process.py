"""The process a build runs in: started here, told what to do through its standard input.

A process of its own keeps the answers quick while a build computes, and leaves them unharmed when it
crashes; see ``index.builds``.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from assistant.building import BuildOutcome, make_generation
from assistant.calibrating import TARGET_PRECISION
from assistant.detection import Detector
from assistant.gate import Gates
from assistant.policy import Policy
from index.builder import Report
from index.builds import Build, Builds
from index.encoders import Encoders
from index.errors import BuildRunningError
from index.generations import Generations
from knowledge.database import Database, open_database
from knowledge.golden import GoldenQuestion
from knowledge.golden_store import GoldenStore
from knowledge.store import ArticleStore

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildSettings:
    """What a process needs to know to do builds."""

    database_url: str
    generations_folder: Path
    encoder: str
    languages: tuple[str, ...] = ()  # customers may write in; none means all that are identified
    policy: Policy = field(default_factory=Policy)
    gates: Gates = field(default_factory=Gates)
    target_precision: float = TARGET_PRECISION


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildOptions:
    """What one build is to do."""

    force: bool = False  # let it answer whatever the gates say
    from_scratch: bool = False
    refit: bool = False  # take the index that answers as it is, and calibrate it anew


def start_process(settings: BuildSettings, id: str, options: BuildOptions = BuildOptions()) -> None:
    """Do a noted build in a process of its own; returns at once. Its output goes to this process's own."""
    arguments = json.dumps({"settings": asdict(settings), "build": id, "options": asdict(options)}, default=str)
    # The arguments hold a database password perhaps, so they go through a pipe, not the command line.
    process = subprocess.Popen(
        [sys.executable, "-m", "assistant.build_process"],
        stdin=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert process.stdin is not None
    # A process that died at once is seen as failed after a while, as any other.
    with suppress(BrokenPipeError), process.stdin as pipe:
        pipe.write(arguments.encode())
    threading.Thread(target=process.wait, name=f"build {id}", daemon=True).start()  # so that no zombie stays


def main() -> int:
    """Do one build; the exit status is 0 when its generation answers."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s build: %(message)s")
    os.nice(5)  # customers are waiting for answers meanwhile
    arguments = json.load(sys.stdin)
    given = arguments["settings"]
    settings = BuildSettings(
        **{
            **given,
            "generations_folder": Path(given["generations_folder"]),
            "languages": tuple(given["languages"]),
            "policy": Policy(**given["policy"]),
            "gates": Gates(**given["gates"]),
        }
    )
    database = open_database(settings.database_url)
    try:
        done = do_build(settings, database, arguments["build"], BuildOptions(**arguments["options"]))
    finally:
        database.close()
    return 0 if done.state == "active" else 1


def do_build(settings: BuildSettings, database: Database, id: str, options: BuildOptions) -> Build:
    """Do a noted build, and another one for golden questions that were stored while it ran; returns the first.

    Who stored them was told that they are calibrated with, so that they are when it was cancelled or failed, too.
    """
    generations = Generations(settings.generations_folder)
    builds, golden, encoders = Builds(database, generations), GoldenStore(database), Encoders()
    asked: tuple[GoldenQuestion, ...] = golden.all()

    def work(options: BuildOptions, report: Report) -> BuildOutcome:
        nonlocal asked
        asked = golden.all()
        return make_generation(
            generations,
            None if options.refit else ArticleStore(database),
            None if options.refit else encoders.get(settings.encoder),
            encoders=encoders,
            detector=Detector(settings.languages or None),
            golden=asked,
            policy=settings.policy,
            gates=settings.gates,
            target_precision=settings.target_precision,
            report=report,
            force=options.force,
            from_scratch=options.from_scratch,
        )

    done = builds.run(id, lambda report: work(options, report))
    while golden.all() != asked and generations.signature() is not None:
        try:
            again = builds.request(by=done.requested_by)
        except BuildRunningError:  # which reads them itself
            break
        log.info("golden questions were stored meanwhile; calibrating anew")
        if builds.run(again.id, lambda report: work(BuildOptions(refit=True), report)).state not in ("active", "gated"):
            break
    return done


if __name__ == "__main__":
    sys.exit(main())
