"""The verdicts of gates that kept generations carry, and the activation that heeds them."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from assistant.gate import REPORT, GateReport, GenerationGatedError, read_report, unreadable_report
from index.encoders import Encoders
from index.errors import GenerationDamagedError, GenerationNotFoundError
from index.generations import Generations, Pointer
from knowledge.errors import NotFoundError

log = logging.getLogger(__name__)


class ReportNotFoundError(NotFoundError):
    """A generation has never been through a gate."""


def activate_generation(generations: Generations, encoders: Encoders, number: int, *, force: bool = False) -> Pointer:
    """Let a kept generation answer; by ``force`` also one that failed its gates.

    Raises GenerationGatedError, GenerationNotFoundError, GenerationDamagedError, EncoderError,
    EncoderMismatchError.
    """
    generation = generations.load(number)
    encoders.searcher(generation)
    report = gate_report(generation.attachments)
    if report is not None and report.is_gated and not force and pointed_to(generations) != number:
        raise GenerationGatedError(
            f"Generation {number} failed its gates: {' '.join(report.failures)} `faq generations report {number}` "
            "names the questions that broke. Mend the articles or the golden questions and build again, or let it "
            f'answer all the same: faq generations activate {number} --force (over HTTP: {{"force": true}}).'
        )
    return generations.activate(number)


def gate_report(attachments: Mapping[str, bytes]) -> GateReport | None:
    """Return the report among a generation's attachments, or None where there is none.

    In place of one that cannot be read comes one that is gated and says so.
    """
    data = attachments.get(REPORT)
    if data is None:
        return None
    try:
        return read_report(data)
    except ValueError as error:
        log.warning("%s cannot be read: %s", REPORT, error)
        return unreadable_report(str(error))


def required_report(generations: Generations, number: int) -> GateReport:
    """Return the report of a kept generation without loading the rest.

    Raises GenerationNotFoundError, GenerationDamagedError, and ReportNotFoundError.
    """
    data = generations.attachment(number, REPORT)
    report = None if data is None else gate_report({REPORT: data})
    if report is None:
        raise ReportNotFoundError(
            f"Generation {number} has never been through a gate: it was built by an earlier version, or without one."
        )
    return report


def is_gated(generations: Generations, number: int) -> bool:
    """Tell whether a kept generation failed its gates and was not let through."""
    try:
        return required_report(generations, number).is_gated
    except (ReportNotFoundError, GenerationDamagedError, GenerationNotFoundError):
        return False


def pointed_to(generations: Generations) -> int | None:
    """Return the number that the pointer names; None where it names none that can be read."""
    try:
        pointer = generations.pointer()
    except GenerationDamagedError:
        return None
    return None if pointer is None else pointer.generation
