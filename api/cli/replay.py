"""``faq explain`` and ``faq replay``: why it was decided so, and what another generation would decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.output import Cell
from api.cli.session import Session, command

if TYPE_CHECKING:
    from assistant.replay import Replay

_SHOWN = 5  # articles found, of each side
_CHECKS = {
    "answer": "confidence, to answer",
    "tie_margin": "lead over the next article",
    "clarify": "one of the best three answers, to ask back",
    "out_of_scope": "one of the best three answers, to be in scope at all",
}
_WORDS = {
    "human": "a person's",
    "machine": "a machine's",
    "none": "not in the customer's language",
}
_PROBLEMS = {
    "no_route": "no engine leads there",
    "timeout": "the engine took too long",
    "unsafe": "the translation could not be trusted",
    "held_for_review": "a person shall approve the translation first",
    "busy": "too many translations waited",
    "engine_failed": "the engine failed",
}

Id = Annotated[str, typer.Argument(metavar="ID", help="The answer's id (ans_…); a ticket names it too.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app)(explain)
    command(app)(replay)


def explain(session: Session, id: Id) -> None:
    """Show why a question was answered, asked back on or handed over: its receipt."""
    receipt = session.product.assistant.receipt(id)
    if session.output.as_json:
        session.output.document(receipt)
        return
    output, language, detector = session.output, receipt["language"], receipt["detector"]
    output.text(receipt["explanation"])
    output.text("")
    likeliest = ", ".join(f"{code} {share:.2f}" for code, share in detector["ranked"][:3])
    output.fields(
        {
            **_asked(session, id, receipt["question"], receipt["created_at"]),
            "of it asked": "" if receipt["asked"] in (None, "", receipt["question"]) else receipt["asked"],
            "said again": receipt["repeats"] or "",
            "choice": receipt["chosen"] or receipt["choice"] or "",
            "channel": receipt["channel"],
            "tags": ", ".join(receipt["tags"]),
            "language": f"{language['code']} ({language['source']} {language['confidence']:.2f})",
            "detected": f"{likeliest} (by {detector['by']})" if likeliest else "",
            "searched in": searched_in(receipt["question_translation"]),
            **_judged_by(receipt),
            "article": "" if receipt["answer"] is None else _article(receipt["answer"]),
            "text": whose_words(receipt["answer"], receipt["untranslated"]),
            "ticket": (receipt["ticket"] or {}).get("id", ""),
            "helped": "" if receipt["feedback"] is None else ("yes" if receipt["feedback"]["helpful"] else "no"),
        }
    )
    _show_checks(session, receipt["checks"])
    if receipt["hits"]:
        output.text("")
        output.table(
            ["", "article", "confidence", "fused score", "what it is made of", "matched"],
            [
                [
                    str(place),
                    hit["article_id"],
                    _number(hit["confidence"]),
                    f"{hit['fused']:.3f}",
                    _made_of(hit),
                    hit["matched"],
                ]
                for place, hit in enumerate(receipt["hits"][:_SHOWN], 1)
            ],
        )


def replay(
    session: Session,
    id: Id,
    generation: Annotated[
        int | None, typer.Option(min=1, metavar="NUMBER", help="A kept generation; the active one otherwise.")
    ] = None,
) -> None:
    """Show what another generation would decide on a question that was asked.

    Nothing is stored, opened or sent.
    """
    product = session.product
    product.ledger.row(id)  # a wrong id is said before anything is loaded
    if generation is None:
        product.follower.refresh()
    replayed = product.replayer.replay(id, generation)
    if session.output.as_json:
        session.output.document(replayed)
        return
    _show(session, replayed)


def _show(session: Session, replayed: Replay) -> None:
    output, before, after = session.output, replayed.before, replayed.after
    output.text(replayed.explanation)
    for note in replayed.notes:
        output.note(note)
    output.text("")
    output.fields(_asked(session, replayed.answer_id, replayed.question, replayed.asked_at))
    output.text("")
    then, now = f"generation {before['generation'] or '–'}, then", f"generation {replayed.generation}, now"
    output.table(
        ["", then, now],
        [
            [title, was, Cell(is_now, "bold" if was != is_now else "")]
            for title, was, is_now in zip(_TITLES, _lines(before), _lines(after), strict=True)
        ],
    )
    if before["hits"] or after["hits"]:
        output.text("")
        output.table(
            ["", "found then", "confidence", "fused", "found now", "confidence", "fused"],
            [
                [str(place + 1), *_found(before["hits"], place), *_found(after["hits"], place)]
                for place in range(min(_SHOWN, max(len(before["hits"]), len(after["hits"]))))
            ],
        )


_TITLES = (
    "decision", "reason", "confidence", "threshold", "one of the best three", "threshold for asking back", "answer",
    "choices", "encoder",
)  # fmt: skip


def _lines(side: Mapping[str, Any]) -> list[str]:
    thresholds = side["thresholds"] or {}
    return [
        side["decision"],
        side["reason"],
        _number(side["confidence"]),
        _number(thresholds.get("answer")),
        _number(side["choices_confidence"]),
        _number(thresholds.get("clarify")),
        side["article_id"] or "",
        ", ".join(choice["article_id"] for choice in side["choices"]),
        side["encoder"] or "",
    ]


def _found(hits: Sequence[Mapping[str, Any]], place: int) -> list[str]:
    if place >= len(hits):
        return ["", "", ""]
    return [hits[place]["article_id"], _number(hits[place]["confidence"]), f"{hits[place]['fused']:.3f}"]


def _asked(session: Session, id: str, question: str, at: datetime) -> dict[str, str]:
    return {"answer": id, "asked": session.moment(at), "question": question}


def _judged_by(receipt: Mapping[str, Any]) -> dict[str, str]:
    number, conditions, calibration = receipt["generation"], receipt["judged_with"], receipt["calibration"]
    return {
        "generation": "" if number is None else str(number),
        "encoder": receipt["encoder"] or "",
        "calibration": "" if calibration is None else _certainty(calibration),
        "read as": "" if receipt["reading"] in (None, receipt["question"]) else receipt["reading"],
        "read in": "" if conditions is None else ", ".join(conditions["languages"]),
        "round": "second: the customer had been asked back" if conditions and conditions["is_second_round"] else "",
    }


def searched_in(translation: Mapping[str, Any] | None) -> str:
    """Return what a question was searched for as, where the encoder does not know its language."""
    if translation is None:
        return ""
    if translation["text"] is None:
        return f"its own language, for {translation['source']}→{translation['target']} failed: {translation['problem']}"
    engine = f" by {translation['engine']}" if translation["engine"] else ""
    return f"{translation['target']}, translated from {translation['source']}{engine}: {translation['text']}"


def _article(answer: Mapping[str, Any]) -> str:
    return f"{answer['article_id']} (revision {answer['revision']}) in {answer['language']}"


def whose_words(answer: Mapping[str, Any] | None, untranslated: Mapping[str, Any] | None) -> str:
    """Return whose words an answer is made of and, where it is not in the customer's language, why not."""
    if answer is None:
        return ""
    translation = answer["translation"]
    words = [_WORDS.get(translation["kind"], translation["kind"])]
    if translation["from"] is not None:
        words.append(f"from {translation['from']}")
    if translation["engine"] is not None:
        words.append(f"by {translation['engine']}")
    if untranslated is None:
        return " ".join(words)
    problem = _PROBLEMS.get(untranslated["problem"], untranslated["problem"])
    return f"{' '.join(words)}: {problem}" + (f" ({untranslated['detail']})" if untranslated["detail"] else "")


def _certainty(calibration: Mapping[str, Any]) -> str:
    """Return what the answer threshold rests on; older receipts say only what the calibration was fitted on."""
    basis = str(calibration["basis"] or calibration["fitted_on"])
    if calibration["target_precision"] is None:
        return basis
    certified = "certified" if calibration["is_certified"] else "not certified"
    return f"{calibration['target_precision']:.0%} right, {certified}: {basis}"


def _show_checks(session: Session, checks: Sequence[Mapping[str, Any]]) -> None:
    if not checks:
        return
    session.output.text("")
    session.output.table(
        ["what", "value", "threshold", ""],
        [
            [
                _CHECKS.get(check["name"], check["name"]),
                f"{check['value']:.4f}",
                f"{check['threshold']:.4f}",
                Cell("reached", "green") if check["is_met"] else Cell("missed", "yellow"),
            ]
            for check in checks
        ],
    )


def _made_of(hit: Mapping[str, Any]) -> str:
    return ", ".join(f"{arm} {share:+.3f}" for arm, share in (hit["shares"] or {}).items())


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
