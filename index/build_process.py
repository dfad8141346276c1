"""The process a build runs in: reads what to do from standard input; see ``index.builds.start_process``."""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path

from index.builder import build
from index.builds import Builds
from index.encoder import load_encoder
from index.generations import Generations
from knowledge.database import open_database
from knowledge.store import ArticleStore


def main() -> int:
    """Do one build; the exit status is 0 when it became active."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s build: %(message)s")
    os.nice(5)  # customers are waiting for answers meanwhile
    arguments = json.load(sys.stdin)
    database = open_database(arguments["database_url"])
    generations = Generations(Path(arguments["generations_folder"]))
    done = Builds(database, generations).run(
        arguments["build"],
        lambda report: build(generations, ArticleStore(database), load_encoder(arguments["encoder"]), report=report),
    )
    database.close()
    return 0 if done.state == "active" else 1


if __name__ == "__main__":
    sys.exit(main())
