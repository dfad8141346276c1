"""The product put together from its rooms, by the settings; what the server and the command line share."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from api.keys import KeyRing
from api.settings import Settings
from assistant.assistant import Assistant
from assistant.desk import Desk
from assistant.detection import Detector, unidentified
from assistant.ledger import Ledger
from assistant.policy import Policy
from assistant.replay import Replayer
from assistant.suggestions import Suggestions
from assistant.tickets.queue import TicketQueue
from assistant.translation import ApertiumEngine, ArgosEngine, TranslationEngine, TranslationMemory, Translator
from assistant.translation.apertium import find_program
from index.builds import Build, Builds
from index.encoder import EMBEDDED
from index.encoders import Encoders, encoder_name
from index.encoding import Encoder
from index.follower import Follower
from index.generations import Generations
from index.shelf import Shelf
from knowledge.database import Database, open_database
from knowledge.errors import ConfigurationError
from knowledge.glossary import GlossaryStore
from knowledge.store import ArticleStore

if TYPE_CHECKING:
    from assistant.build_process import BuildOptions, BuildSettings
    from assistant.building import BuildOutcome
    from assistant.gate import Gates
    from assistant.translation.review import TranslationReview
    from index.builder import Report
    from index.generation import Generation
    from knowledge.golden import GoldenQuestion
    from knowledge.golden_store import GoldenStore
    from knowledge.importer import Importer

log = logging.getLogger(__name__)


class Product:
    """Every part, made when it is first needed: a command that lists tickets loads no encoder."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def database(self) -> Database:
        """The database, its schema brought up to date; raises ConfigurationError or DatabaseError."""
        make_writable(self.settings.data_dir)
        database = open_database(self.settings.database)
        database.migrate()
        return database

    @cached_property
    def keys(self) -> KeyRing:
        """The API keys."""
        return KeyRing(self.database)

    @cached_property
    def store(self) -> ArticleStore:
        """The articles."""
        return ArticleStore(self.database)

    @cached_property
    def importer(self) -> Importer:
        """Files on their way to the store."""
        from knowledge.importer import Importer  # with its formats, which answering does not need

        return Importer(self.database, self.store)

    @cached_property
    def golden(self) -> GoldenStore:
        """The golden questions."""
        from knowledge.golden_store import GoldenStore  # with the formats of files, which answering does not need

        return GoldenStore(self.database)

    @cached_property
    def glossary(self) -> GlossaryStore:
        """What translation keeps as it is, or renders in a fixed way."""
        return GlossaryStore(self.database)

    @cached_property
    def generations(self) -> Generations:
        """The generations of the index."""
        return Generations(self.settings.generations_folder)

    @cached_property
    def builds(self) -> Builds:
        """The builds of the index."""
        return Builds(self.database, self.generations)

    @property
    def build_settings(self) -> BuildSettings:
        """What a build process is told."""
        from assistant.build_process import BuildSettings  # with all that builds need, and answering does not

        return BuildSettings(
            database_url=self.settings.database,
            generations_folder=self.settings.generations_folder,
            encoder=self.build_encoder,
            languages=tuple(self.settings.languages),
            policy=self.policy,
            gates=self.gates,
            target_precision=self.settings.target_precision,
        )

    def start_build(self, *, by: str, options: BuildOptions | None = None) -> Build:
        """Start a build in a process of its own; raises BuildRunningError while another is under way."""
        from assistant.build_process import BuildOptions, start_process

        requested = self.builds.request(by=by)
        start_process(self.build_settings, requested.id, options or BuildOptions())
        return requested

    def make_generation(
        self,
        *,
        encoder: Encoder | None = None,
        asked: Sequence[GoldenQuestion] | None = None,
        report: Report = lambda progress: None,
        force: bool = False,
        from_scratch: bool = False,
    ) -> BuildOutcome:
        """Build a generation of the articles as they are, and let it answer unless it fails its gates.

        ``encoder`` is the one that the next build takes; the rest as for ``assistant.building.make_generation``.
        """
        return self._make(
            self.store, encoder or self.encoder, asked=asked, report=report, force=force, from_scratch=from_scratch
        )

    def calibrated(
        self, generation: Generation, encoder: Encoder, *, report: Report = lambda progress: None
    ) -> Generation:
        """Return a generation with the calibration that a build would give it; nothing is stored."""
        from assistant.building import calibrated_attachments

        attachments = calibrated_attachments(
            generation,
            encoder,
            self.detector,
            self.golden.all(),
            policy=self.policy,
            target_precision=self.settings.target_precision,
            report=report,
        )
        return generation.with_attachments({**generation.attachments, **attachments})

    def calibrate_now(self, *, report: Report = lambda progress: None, force: bool = False) -> BuildOutcome:
        """Calibrate the index that answers anew where the golden questions or the promised precision are others.

        The articles stay as they were indexed. Raises NoGenerationError where nothing is indexed.
        """
        return self._make(None, None, report=report, force=force)

    def _make(
        self,
        source: ArticleStore | None,
        encoder: Encoder | None,
        *,
        report: Report,
        force: bool,
        asked: Sequence[GoldenQuestion] | None = None,
        from_scratch: bool = False,
    ) -> BuildOutcome:
        from assistant.building import make_generation

        return make_generation(
            self.generations,
            source,
            encoder,
            encoders=self.encoders,
            detector=self.detector,
            golden=self.golden.all(),
            policy=self.policy,
            gates=self.gates,
            target_precision=self.settings.target_precision,
            asked=asked,
            report=report,
            force=force,
            from_scratch=from_scratch,
        )

    @cached_property
    def encoders(self) -> Encoders:
        """The encoders that were loaded."""
        return Encoders()

    @property
    def build_encoder(self) -> str:
        """The name of the encoder that the next build takes: the setting's, else the one that answers."""
        if self.settings.encoder is not None:
            return encoder_name(self.settings.encoder)
        manifest = self.generations.latest_manifest()
        return EMBEDDED if manifest is None else manifest.encoder

    @property
    def encoder(self) -> Encoder:
        """The encoder that the next build takes; raises EncoderError."""
        return self.encoders.get(self.build_encoder)

    @cached_property
    def detector(self) -> Detector:
        """Language identification among the served languages; raises ConfigurationError when none is known."""
        languages = self.settings.languages
        if not languages:
            return Detector()
        unknown = unidentified(languages)
        if len(unknown) == len(languages):
            raise ConfigurationError(
                f"FAQ_LANGUAGES names no language that can be identified, got {', '.join(unknown)}. "
                f"Choose from: {', '.join(Detector().languages)}"
            )
        if unknown:
            log.warning("FAQ_LANGUAGES names %s, which cannot be identified: left out", ", ".join(unknown))
        return Detector(languages)

    @cached_property
    def engine(self) -> ArgosEngine:
        """The machine-translation engine whose packages ``faq languages install`` installs."""
        return ArgosEngine(self.settings.packages_folder)

    @cached_property
    def apertium(self) -> ApertiumEngine | None:
        """The machine-translation engine of the system, where there is one."""
        program = find_program(self.settings.apertium)
        probes_file = self.settings.packages_folder / "apertium.json"
        return None if program is None else ApertiumEngine(program, probes_file=probes_file)

    @property
    def engines(self) -> tuple[TranslationEngine, ...]:
        """Every machine-translation engine; the first is preferred where two would lose the same."""
        return (self.engine,) if self.apertium is None else (self.engine, self.apertium)

    def settle_engines(self) -> None:
        """Wait until it is known which pairs work, as a server learns in the background; seconds the first time."""
        if self.apertium is not None:
            self.apertium.settle()
            self.translator.look()

    @cached_property
    def translator(self) -> Translator:
        """Machine translation with its memory and the glossary."""
        return Translator(
            self.engines,
            self.memory,
            time_budget=self.settings.translation_budget,
            workers=self.settings.translation_workers,
            glossary=self.glossary,
        )

    @cached_property
    def memory(self) -> TranslationMemory:
        """What was translated before."""
        return TranslationMemory(self.database)

    @cached_property
    def review(self) -> TranslationReview:
        """What machines translated, for a person to look at."""
        from assistant.translation.review import TranslationReview  # which answering does not need

        return TranslationReview(
            self.store, self.memory, self.translator, default_language=self.settings.default_language
        )

    @cached_property
    def tickets(self) -> TicketQueue:
        """The ticket queue."""
        return TicketQueue(self.database, self.settings.targets())

    @cached_property
    def ledger(self) -> Ledger:
        """Receipts."""
        return Ledger(self.database, self.tickets)

    @cached_property
    def follower(self) -> Follower:
        """The active generation."""
        return Follower(self.generations, self.encoders)

    @property
    def gates(self) -> Gates:
        """What a generation must reach before it answers."""
        from assistant.gate import Gates

        settings = self.settings
        return Gates(precision=settings.gate_precision, coverage=settings.gate_coverage, compare=settings.gate_compare)

    @property
    def policy(self) -> Policy:
        """What the settings decide of answering."""
        settings = self.settings
        return Policy(
            default_language=settings.default_language,
            channel_languages=settings.channel_languages,
            answer_threshold=settings.answer_threshold,
            clarify_threshold=settings.clarify_threshold,
            timezone=settings.timezone,
            faq_url=settings.faq_url,
        )

    @cached_property
    def desk(self) -> Desk:
        """What agents read and write, in their language and the customer's."""
        return Desk(
            tickets=self.tickets,
            translator=self.translator,
            detector=self.detector,
            language=self.settings.desk_language or self.settings.default_language,
        )

    @cached_property
    def assistant(self) -> Assistant:
        """The assistant itself; ``follower.start`` or ``follower.refresh`` gives it something to search."""
        return Assistant(
            follower=self.follower,
            detector=self.detector,
            translator=self.translator,
            tickets=self.tickets,
            ledger=self.ledger,
            desk=self.desk,
            policy=self.policy,
            encoder_languages=self.settings.encoder_languages,
        )

    @cached_property
    def shelf(self) -> Shelf:
        """Kept generations, beside the active one."""
        return Shelf(self.generations, self.encoders, self.follower)

    @cached_property
    def replayer(self) -> Replayer:
        """What other generations would decide."""
        return Replayer(shelf=self.shelf, ledger=self.ledger, answering=self.assistant.answering, policy=self.policy)

    @cached_property
    def suggestions(self) -> Suggestions:
        """Help for agents."""
        return Suggestions(self.follower, self.tickets, self.detector, self.assistant.answering)

    def close(self) -> None:
        """Stop what runs and close what is open."""
        made = self.__dict__
        if "follower" in made:
            self.follower.stop()
        if "ledger" in made:
            self.ledger.stop()
        if "translator" in made:
            self.translator.close()
        if made.get("apertium") is not None:
            made["apertium"].close()
        if "database" in made:
            self.database.close()


def make_writable(folder: Path) -> None:
    """Make the data folder; raises ConfigurationError when it cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"FAQ_DATA_DIR is {str(folder)!r}, which cannot be made ({error.strerror}); "
            "expected a folder that this user may write to."
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigurationError(
            f"FAQ_DATA_DIR is {str(folder.absolute())!r}, which this user may not write to; "
            "change its owner or mode, or name another folder."
        )
