"""A generation from the articles to the answers: built, calibrated, asked the golden questions, and let through.

Everything that makes a generation goes this way: the command line, the build process, a change of encoder, and
new golden questions. It is published once, complete with its calibration and the report of its gate, or not
at all; what answers meanwhile answers on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from assistant.calibrating import TARGET_PRECISION, calibrate
from assistant.confidence import ATTACHMENT as CALIBRATION
from assistant.detection import Detector
from assistant.evaluation import Comparison, Evaluation, compare, evaluate
from assistant.fitted import RECORD, fitted_on, read_fitted
from assistant.gate import REPORT, GateReport, Gates, judge_generation
from assistant.outcomes import OUTCOMES, outcomes_digest, read_outcomes, write_outcomes
from assistant.policy import Policy
from assistant.verdicts import gate_report, pointed_to
from index.analysis import analysis_id
from index.builder import ArticleSource, BuildResult, Progress, Report, build
from index.encoders import Encoders
from index.encoding import Encoder
from index.errors import GenerationDamagedError, GenerationNotFoundError, NoGenerationError
from index.generation import Generation, Manifest
from index.generations import Generations
from index.searcher import Searcher
from knowledge.article import knowledge_digest
from knowledge.errors import ConflictError, FaqError
from knowledge.golden import GoldenQuestion

log = logging.getLogger(__name__)


class OvertakenError(ConflictError):
    """Another generation was activated while this one was made."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildOutcome:
    """What came of making a generation."""

    state: Literal["active", "gated", "unchanged"]
    manifest: Manifest  # of the generation that was made; of the active one where nothing changed
    is_new: bool  # whether it was published now
    report: GateReport | None  # of the gate it went through; None where it has never been through one
    before: Evaluation | None  # of the golden questions with the generation that answered
    after: Evaluation | None  # and with this one

    @property
    def is_active(self) -> bool:
        """Whether it answers."""
        return self.state != "gated"

    @property
    def encoded(self) -> int:
        """Passages that were encoded for it."""
        return self.manifest.encoded if self.is_new else 0

    @property
    def gate(self) -> Mapping[str, Any] | None:
        """The report as JSON has it."""
        return None if self.report is None else self.report.document()

    @property
    def comparison(self) -> Comparison | None:
        """Both evaluations beside each other, where there are both."""
        return None if self.before is None or self.after is None else compare(self.before, self.after)


def make_generation(
    generations: Generations,
    source: ArticleSource | None,
    encoder: Encoder | None,
    *,
    encoders: Encoders,
    detector: Detector,
    golden: Sequence[GoldenQuestion],
    policy: Policy = Policy(),
    gates: Gates = Gates(),
    target_precision: float = TARGET_PRECISION,
    asked: Sequence[GoldenQuestion] | None = None,
    day: date | None = None,
    report: Report = lambda progress: None,
    force: bool = False,
    from_scratch: bool = False,
) -> BuildOutcome:
    """Make a generation of the articles, and let it answer unless it fails its gates.

    Without a ``source`` the index of the active generation is taken as it is, and only calibrated anew; without an
    ``encoder``, the one it was built with. A kept generation of the same articles and encoder is taken before
    another is built, and nothing is done where the active one is as it would become. ``asked`` are questions for
    the gate other than the golden ones. ``report`` is called often; what it raises stops everything and leaves
    nothing behind. ``force`` lets it answer whatever the gates say.

    Raises BuildRunningError, NothingToBuildError, NoGenerationError, OvertakenError, IndexStorageError,
    EncoderError, DatabaseError.
    """
    with generations.build_lock():
        active = _active(generations)
        if source is None or encoder is None:
            encoder = encoders.searcher(generations.load_active() if active is None else active).encoder
        maker = _Maker(
            generations=generations,
            pointed=pointed_to(generations),
            active=active,
            encoder=encoder,
            encoders=encoders,
            detector=detector,
            golden=golden,
            policy=policy,
            gates=gates,
            target_precision=target_precision,
            asked=golden if asked is None else asked,
            day=day,
            report=report,
            force=force,
        )
        if source is None:
            return maker.settle(maker.taken(maker.required_active()))
        kept = None if from_scratch else maker.kept(source)
        if kept is not None:
            return maker.settle(maker.taken(kept))
        return maker.settle(
            build(
                generations,
                source,
                encoder,
                report=report,
                activate=False,
                from_scratch=from_scratch,
                attach=maker.attach,
                load_active=maker.required_active,
            )
        )


def calibrated_attachments(
    generation: Generation,
    encoder: Encoder,
    detector: Detector,
    golden: Sequence[GoldenQuestion],
    *,
    policy: Policy,
    target_precision: float,
    day: date | None = None,
    report: Report = lambda progress: None,
    carried: Generation | None = None,
) -> dict[str, bytes]:
    """Return a generation's calibration and the record of what it was fitted on.

    They are those of ``carried``, or the generation's own, as long as they hold for it.
    """
    wanted = fitted_on(generation, golden, policy=policy, target_precision=target_precision)
    for one in (generation, carried):
        if one is None or not {CALIBRATION, RECORD} <= one.attachments.keys():
            continue
        before = read_fitted(one.attachments[RECORD])
        if before is not None and before.holds_for(wanted):
            return {name: one.attachments[name] for name in (CALIBRATION, RECORD)}
    calibration = calibrate(
        Searcher(generation, encoder),
        detector,
        golden,
        policy=policy,
        target_precision=target_precision,
        day=day,
        report=lambda done, total: report(Progress(stage="calibrating", done=done, total=total)),
    )
    return {CALIBRATION: calibration.to_json(), RECORD: wanted.to_json()}


@dataclass(kw_only=True, slots=True)
class _Maker:
    """One generation being made."""

    generations: Generations
    encoder: Encoder
    encoders: Encoders
    detector: Detector
    golden: Sequence[GoldenQuestion]
    policy: Policy
    gates: Gates
    target_precision: float
    asked: Sequence[GoldenQuestion]
    day: date | None
    report: Report
    force: bool
    pointed: int | None  # the number that the pointer names
    active: Generation | None  # the same, where it can be loaded
    verdict: GateReport | None = None
    before: Evaluation | None = None
    after: Evaluation | None = None

    def required_active(self) -> Generation:
        """Return the generation that answers, loaded once; raises NoGenerationError and what loading it raises."""
        return self.generations.load_active() if self.active is None else self.active

    def kept(self, source: ArticleSource) -> Generation | None:
        """Return a kept generation of the articles as they are, other than the active one; the newest there is."""
        alike = [
            manifest
            for manifest in self.generations.manifests()
            if manifest.number != self.pointed
            and (manifest.encoder, manifest.encoder_digest) == (self.encoder.id, self.encoder.digest)
            and manifest.analysis == analysis_id()
        ]
        if not alike:
            return None
        digest = knowledge_digest([(version.id, version.digest) for version in source.versions()])
        if self.active is not None and self._is_current(self.active.manifest, digest):
            return None
        for manifest in alike:
            if manifest.knowledge_digest == digest:
                try:
                    return self.generations.load(manifest.number)
                except GenerationDamagedError as error:
                    log.warning("%s", error)
        return None

    def _is_current(self, manifest: Manifest, digest: str) -> bool:
        return (manifest.encoder, manifest.encoder_digest, manifest.analysis, manifest.knowledge_digest) == (
            self.encoder.id, self.encoder.digest, analysis_id(), digest,
        )  # fmt: skip

    def taken(self, generation: Generation) -> BuildResult:
        """Publish a generation again where its attachments would be others, else take it as it is."""
        attachments = self.attach(generation)
        is_active = generation is self.active
        if attachments == generation.attachments:
            return BuildResult(manifest=generation.manifest, is_new=False, is_active=is_active)
        self.report(Progress(stage="writing", done=0, total=1))
        manifest = self.generations.derive(generation.number, attachments)
        return BuildResult(manifest=manifest, is_new=True, is_active=False)

    def attach(self, generation: Generation) -> Mapping[str, bytes]:
        """Calibrate a generation, ask it the golden questions and judge it; returns what to attach to it."""
        calibrated = self._calibrated(generation, self.encoder, carried=self.active)
        if generation is self.active and calibrated.items() <= generation.attachments.items():
            return generation.attachments
        other, notes = None, list[str]()
        if self.active is not None and self.asked:
            try:
                other = self._compared_with(self.active, generation, notes.append)
            except FaqError as error:
                notes.append(f"Nothing is compared: {error}")
        self._evaluate(Searcher(generation.with_attachments(calibrated), self.encoder), other)
        assert self.after is not None
        self.verdict = judge_generation(
            self.after,
            self.before,
            gates=replace(self.gates, compare=False) if generation is self.active else self.gates,
            articles=generation.ordinals.keys(),
            is_forced=self.force,
            notes=notes,
        )
        digest = self._outcomes_digest(generation)
        return {**calibrated, REPORT: self.verdict.to_json(), OUTCOMES: write_outcomes(self.after, digest)}

    def settle(self, done: BuildResult) -> BuildOutcome:
        """Let what was made answer, unless it is gated."""
        manifest = done.manifest
        if not done.is_new and self.active is not None and manifest.number == self.active.number:
            verdict = gate_report(self.active.attachments)
            return BuildOutcome(
                state="unchanged", manifest=manifest, is_new=False, report=verdict, before=None, after=None
            )
        assert self.verdict is not None
        if not self.verdict.is_gated:
            self._activate(manifest.number)
        self.generations.prune()
        return BuildOutcome(
            state="gated" if self.verdict.is_gated else "active",
            manifest=manifest,
            is_new=done.is_new,
            report=self.verdict,
            before=self.before,
            after=self.after,
        )

    def _activate(self, number: int) -> None:
        now = pointed_to(self.generations)
        if now != self.pointed:
            raise OvertakenError(
                f"Generation {now} was activated while generation {number} was made and compared with another one. "
                "Build again."
            )
        self.generations.activate(number)

    def _compared_with(self, active: Generation, other: Generation, note: Callable[[str], object]) -> Searcher:
        """Return what the other generation is compared with: like with like, so that indexes are compared.

        Who asks for other golden questions or another precision wants other answers: they are not held against
        a new index, and a new calibration of the same index is not held up at all.
        """
        searcher = self.encoders.searcher(active)
        if other is active:
            note("Only the calibration is new; what it changes is shown, and not held against it.")
            return searcher
        attachments = self._calibrated(active, searcher.encoder)
        if attachments.items() <= active.attachments.items():
            return searcher
        note(
            f"Generation {active.number} is compared as if it were calibrated with the present golden questions and "
            "the present promised precision."
        )
        return Searcher(active.with_attachments(attachments), searcher.encoder)

    def _calibrated(
        self, generation: Generation, encoder: Encoder, *, carried: Generation | None = None
    ) -> dict[str, bytes]:
        return calibrated_attachments(
            generation,
            encoder,
            self.detector,
            self.golden,
            policy=self.policy,
            target_precision=self.target_precision,
            day=self.day,
            report=self.report,
            carried=carried,
        )

    def _evaluate(self, new: Searcher, other: Searcher | None) -> None:
        """Ask the new generation, and the one it is compared with unless that was asked the same before."""
        if other is not None and other.generation is self.active:
            self.before = read_outcomes(self.active, self.asked, self._outcomes_digest(self.active))
        sides = [new] if other is None or self.before is not None else [new, other]
        total = len(sides) * len(self.asked)
        evaluations = []
        for place, searcher in enumerate(sides):
            offset = place * len(self.asked)

            def tell(done: int, count: int, offset: int = offset) -> None:
                self.report(Progress(stage="asking", done=offset + done, total=total))

            evaluations.append(
                evaluate(searcher, self.detector, self.asked, policy=self.policy, day=self.day, report=tell)
            )
        self.after = evaluations[0]
        if len(evaluations) > 1:
            self.before = evaluations[1]

    def _outcomes_digest(self, generation: Generation) -> str:
        return outcomes_digest(generation, self.asked, detector=self.detector, policy=self.policy, day=self.day)


def _active(generations: Generations) -> Generation | None:
    try:
        return generations.load_active()
    except NoGenerationError:
        return None
    except (GenerationDamagedError, GenerationNotFoundError) as error:
        log.info("there is nothing to build on: %s", error)
        return None
