"""``faq translate`` and ``faq translations``: articles into other languages ahead of need, and their review."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.progress import counted_progress
from api.cli.session import Session, command, default_command

if TYPE_CHECKING:
    from assistant.translation.filling import Filled
    from assistant.translation.review import Filter, ShownTranslation
    from knowledge.article import Article, Text

_NAMED = 10  # texts that failed, in one warning each
_FAILED = 1

Article_ = Annotated[str, typer.Argument(metavar="ARTICLE", help="Id of an article.")]
Language = Annotated[str, typer.Argument(metavar="LANGUAGE", help="BCP 47 tag, such as es.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app)(translate)
    group = typer.Typer(help="List what machines translated, look at it, approve it, or forget it.")
    default_command(group)(translations)
    command(group, "list")(list_)
    command(group)(show)
    command(group)(approve)
    command(group)(forget)
    app.add_typer(group, name="translations")


def translate(
    session: Session,
    to: Annotated[list[str], typer.Option("--to", metavar="TAGS", help="Languages, such as es,fr.")],
    review: Annotated[
        bool, typer.Option("--review", help="Hold them until a person approves: faq translations approve.")
    ] = False,
    article: Annotated[
        list[str] | None, typer.Option("--article", metavar="ID", help="Only this one; may be given several times.")
    ] = None,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="TAG", help="Language to translate from; the best one by default.")
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try again what failed before.")] = False,
) -> int:
    """Translate the articles ahead, so that no customer waits for a machine.

    What a person wrote, and what is remembered, is left alone: run it again after every change, or after it was
    stopped. A server that runs knows the translations within seconds. The exit status is 1 when a text could not be
    had in a language.
    """
    from assistant.translation.filling import fill

    product = session.product
    source = _source(from_)
    languages = _languages(to)
    product.settle_engines()
    store = product.store
    articles = [store.get(id) for id in dict.fromkeys(article)] if article else list(store.all())
    try:
        with counted_progress("Translating texts") as report:
            filled = fill(
                articles,
                languages,
                translator=product.translator,
                memory=product.memory,
                default_language=product.settings.default_language,
                source=source,
                is_held=review,
                again=retry,
                report=report,
            )
    except KeyboardInterrupt:
        session.output.note("Stopped; what was translated is kept. Run it again to go on.")
        raise
    is_whole = all(tally.is_whole for tally in filled)
    if session.output.as_json:
        session.output.document({"languages": [asdict(tally) for tally in filled]})
    else:
        _show_filled(session, filled)
    return 0 if is_whole else _FAILED


def translations(session: Session) -> None:
    """List what machines translated, look at it, approve it, or forget it."""
    _list(session, language=None, status=None, article=None, limit=50)


def list_(
    session: Session,
    to: Annotated[str | None, typer.Option("--to", metavar="TAG", help="Into this language.")] = None,
    status: Annotated[
        str | None, typer.Option(metavar="STATUS", help="ready, review, failed, approved, or stale.")
    ] = None,
    article: Annotated[str | None, typer.Option(metavar="ID", help="Of this article.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
) -> None:
    """List what machines translated: ready, held for review, failed, approved, or stale.

    A stale one is of words that the article has no more.
    """
    _list(session, language=to, status=_status(status), article=article, limit=limit)


def show(session: Session, article: Article_, language: Language) -> None:
    """Show an article in another language as customers get it, beside its source."""
    _show(session, session.product.review.show(article, language))


def approve(
    session: Session,
    article: Article_,
    language: Language,
    question: Annotated[str | None, typer.Option(metavar="TEXT", help="The question in better words.")] = None,
    answer: Annotated[str | None, typer.Option(metavar="TEXT", help="The answer in better words.")] = None,
    answer_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="The answer in better words; - reads standard input.")
    ] = None,
) -> None:
    """Make a machine's translation a person's text of the article, as it is or in better words.

    One that was approved before, and is stale since its source was edited, is approved again.
    """
    if answer_file is not None:
        if answer is not None:
            raise typer.BadParameter("expected --answer or --answer-file, got both")
        from api.cli.files import read_file

        answer = read_file(answer_file, expected="a text file in UTF-8").decode(errors="replace")
    shown = session.product.review.approve(article, language, by=session.user, question=question, answer=answer)
    _show(session, shown)


def forget(session: Session, article: Article_, language: Language) -> None:
    """Forget what machines made of an article in a language: it is made anew when it is next needed."""
    count = session.product.review.forget(article, language)
    if session.output.as_json:
        session.output.document({"forgotten": count})
    else:
        session.output.text(f"Forgotten: {count} text{'' if count == 1 else 's'}.")


def _list(session: Session, *, language: str | None, status: Filter | None, article: str | None, limit: int) -> None:
    from api.translation_fields import listed_fields

    items: list[dict[str, object]] = []
    cursor: str | None = None
    while len(items) < limit:
        page = session.product.review.page(
            language=language, status=status, article_id=article, limit=min(limit - len(items), 500), cursor=cursor
        )
        items += map(listed_fields, page.items)
        cursor = page.next_cursor
        if cursor is None:
            break
    if session.output.as_json:
        session.output.document({"items": items, "next_cursor": cursor})
        return
    if not items:
        session.output.note("Nothing of that kind is remembered. Translate ahead: faq translate --to TAGS")
        return
    session.output.table(
        ["article", "field", "from", "to", "status", "engine", "text", "faults"],
        [
            [
                str(item["article_id"]),
                str(item["field"]),
                str(item["source_language"]),
                str(item["language"]),
                f"{item['status']}, stale" if item["stale"] else str(item["status"]),
                str(item["engine"]),
                str(item["text"]),
                "; ".join(item["faults"]) if isinstance(item["faults"], list) else "",
            ]
            for item in items
        ],
    )
    if cursor is not None:
        session.output.note(f"The first {limit} are shown; more with --limit.")


def _show(session: Session, shown: ShownTranslation) -> None:
    from api.translation_fields import shown_fields

    if session.output.as_json:
        session.output.document(shown_fields(shown))
        return
    session.output.fields(
        {
            "article": f"{shown.article.id} (revision {shown.article.revision})",
            "language": shown.language,
            "from": shown.source_language or "",
            "kind": {"human": "a person's", "machine": "a machine's", "none": "not sent"}[shown.kind],
        }
    )
    for name, text in (("question", shown.question), ("answer", shown.answer)):
        if text is None:
            session.output.text(f"\n{name}: not translated")
            continue
        stale = ", its source was edited since" if text.is_stale else ""
        faults = f" ({'; '.join(text.faults)})" if text.faults else ""
        session.output.text(f"\n{name}: {text.status}{stale}{faults}")
        if text.source is not None:
            session.output.text(text.source, dim=True)
        session.output.text(text.text)


def _show_filled(session: Session, filled: Sequence[Filled]) -> None:
    session.output.table(
        ["language", "translated", "already there", "people's", "held for review", "failed", "no route"],
        [
            [
                tally.language,
                f"{tally.translated:,}",
                f"{tally.remembered:,}",
                f"{tally.human:,}",
                f"{tally.held:,}",
                f"{len(tally.failed):,}",
                f"{tally.no_route:,}",
            ]
            for tally in filled
        ],
    )
    for tally in filled:
        for fault in tally.failed[:_NAMED]:
            session.output.warning(
                f"{fault.article_id} ({fault.field}) goes out untranslated, not in {tally.language}: "
                f"{'; '.join(fault.faults)}"
            )
        if len(tally.failed) > _NAMED:
            session.output.warning(
                f"{len(tally.failed) - _NAMED:,} more failed in {tally.language}: "
                f"faq translations list --status failed --to {tally.language}"
            )
        if tally.no_route:
            session.output.warning(
                f"No engine leads to {tally.language} from {tally.no_route:,} texts; see: faq languages install --help"
            )


def _languages(given: Sequence[str]) -> list[str]:
    tags = [tag.strip() for one in given for tag in one.split(",") if tag.strip()]
    if not tags:
        raise typer.BadParameter("expected languages, such as --to es,fr")
    return list(dict.fromkeys(map(_language, tags)))


def _language(tag: str) -> str:
    """Return the canonical tag; raises ArticleError for what is none, InputError for a language there is not."""
    from assistant.language_names import is_known, spoken_in
    from assistant.translation.tags import canonical
    from knowledge.errors import InputError

    language = canonical(tag)
    if is_known(language):
        return language
    code = language.split("-")[0]
    meant = spoken_in(code)
    advice = f"; {code.upper()} is a country, where most write {meant}" if meant is not None else ""
    raise InputError(
        f"{tag[:40]!r} names no language that CLDR knows{advice}. Tags begin with a code of ISO 639: es, fr."
    )


def _source(language: str | None) -> Callable[[Article], Text | None] | None:
    """Return what finds an article's text in a language; None where the best one shall be taken."""
    if language is None:
        return None
    from assistant.translation.tags import match

    wanted = _language(language)

    def find(article: Article) -> Text | None:
        found = match(wanted, [text.language for text in article.texts])
        return next((text for text in article.texts if text.language == found), None)

    return find


def _status(given: str | None) -> Filter | None:
    from typing import get_args

    from assistant.translation.review import Filter

    found: Filter | None = next((known for known in get_args(Filter) if known == given), None)
    if given is not None and found is None:
        raise typer.BadParameter(f"{given!r} is no status; expected one of {', '.join(get_args(Filter))}")
    return found
