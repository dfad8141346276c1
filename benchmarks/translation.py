"""Translation: answers that need no engine once `faq translate` ran, what a remembered one costs, the engine's pace.

Why: a customer who waits for a machine waits seconds, and machines take a core each; so a text is translated once,
ahead of need where possible. What remains per answer must be next to nothing, and what the product adds to the
engine must be small beside it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import orjson

from assistant.composer import Composer
from assistant.question import make_question
from assistant.translation import ArgosEngine
from assistant.translation.errors import TranslationUnsafeError
from assistant.translation.filling import fill
from assistant.translation.sentences import split
from assistant.translation.shield import translate_around
from assistant.translation.spans import find_spans
from assistant.translation.verification import verify
from benchmarks.context import Context, opened
from benchmarks.results import Cell, Column, Table
from benchmarks.translation_models import base_sized_package, letter_package
from knowledge.article import Article
from knowledge.golden import GoldenQuestion
from knowledge.sample import golden_questions

# Languages of golden questions that no article of the sample shop has a text in, and letters to put for a to z.
_LANGUAGES = {
    "pl": "bcdefghijklmnopqrstuvwxyza",
    "zh": "的一是不了在人有我他这中大来上国个到说们为子和你地出",
}
_LENGTHS = range(15, 26)  # tokens of the sentences that the pace is measured with
_DECODED = 24  # tokens of every made-up translation
_BEAM = 4  # as Argos has it


def run(context: Context) -> tuple[Table, ...]:
    """Measure the three, each against its baseline."""
    shop = context.shop()
    languages = dict(list(_LANGUAGES.items())[: 1 if context.is_quick else None])
    for language, alphabet in languages.items():
        with opened(shop) as product:
            package = letter_package(context.scratch / f"en_{language}.argosmodel", "en", language, alphabet)
            product.engine.install(package)
    ahead = _ahead(shop, tuple(languages), is_quick=context.is_quick)
    overhead = _overhead(shop, next(iter(languages)), is_quick=context.is_quick)
    return ahead, overhead, _pace(context)


def _ahead(shop: Path, languages: Sequence[str], *, is_quick: bool) -> Table:
    rows: list[tuple[Cell, ...]] = []
    asked = {
        language: [golden for golden in golden_questions() if golden.language == language][: 4 if is_quick else None]
        for language in languages
    }
    for name in ("baseline: memory empty at first", "after faq translate"):
        if name != "baseline: memory empty at first":
            with opened(shop) as product:
                product.memory.look()
                for article in product.store.all():
                    product.memory.forget(article.id)
                articles = [article for article in product.store.all() if not is_quick or article.id < "d"]
                fill(
                    articles,
                    languages,
                    translator=product.translator,
                    memory=product.memory,
                    default_language="en",
                )
        rows += [(name, language, *_served(shop, asked[language])) for language in languages]
    return Table(
        title="Replies with articles, to questions in languages that no person wrote them in",
        columns=(
            Column("memory"),
            Column("language"),
            Column("replies"),
            Column("without an engine", ".1%"),
            Column("in the customer's language", ".1%"),
            Column("median (ms)", ".2f"),
            Column("slowest (ms)", ",.0f"),
        ),
        rows=tuple(rows),
        notes=(
            "The sample shop's golden questions, one after another, through the whole assistant; replies are answers "
            "and questions back, whose choices are translated too. The genuine Argos Translate with a model that puts "
            "letter for letter; two seconds at most for a reply. With an empty memory an article that was translated "
            "for an earlier question needs no engine either. Times are of choosing and translating texts alone.",
        ),
    )


def _served(shop: Path, questions: Sequence[GoldenQuestion]) -> tuple[Cell, ...]:
    with opened(shop) as product:
        product.follower.refresh()
        product.memory.warm()  # as a server does when it starts
        calls = _counted(product.engine)
        quiet, in_language, seconds = 0, 0, []
        for golden in questions:
            before = len(calls)
            question = make_question(golden.question, language=golden.language)
            reply: dict[str, Any] = orjson.loads(asyncio.run(product.assistant.ask(question)))
            receipt = product.assistant.receipt(reply["id"])
            shown = [reply["answer"], *reply["choices"]] if reply["answer"] else reply["choices"]
            if not shown:
                continue
            seconds.append(receipt["timings"]["deliver"])
            quiet += len(calls) == before
            in_language += all(one["language"] == golden.language for one in shown)
    count = len(seconds)
    if not count:
        raise RuntimeError("no question was replied to with an article")
    return count, quiet / count, in_language / count, median(seconds) * 1_000, max(seconds) * 1_000


def _counted(engine: ArgosEngine) -> list[str]:
    """Return a list that grows with every sentence the engine is asked for."""
    asked: list[str] = []
    translate = engine.translate

    def counting(text: str, source: str, target: str) -> str:
        asked.append(text)
        return translate(text, source, target)

    engine.translate = counting  # type: ignore[method-assign]
    return asked


def _overhead(shop: Path, language: str, *, is_quick: bool) -> Table:
    rounds = 200 if is_quick else 3_000
    with opened(shop) as product:
        answering, assistant = product.assistant.answering, product.assistant
        composer = Composer(phrases=assistant.phrases, timezone=product.policy.timezone, faq_url=product.policy.faq_url)
        filled = fill(
            list(product.store.all())[:8],
            [language],
            translator=product.translator,
            memory=product.memory,
            default_language="en",
        )[0]
        failed = {fault.article_id for fault in filled.failed}
        articles = [article for article in list(product.store.all())[:8] if article.id not in failed]

        async def seconds(wanted: str, *, is_composed: bool) -> float:
            best = float("inf")
            for article in articles:
                await answering.deliver(article, wanted)
            for _ in range(5):
                started = time.process_time()
                for _ in range(rounds):
                    for article in articles:
                        delivered = await answering.deliver(article, wanted)
                        if is_composed:
                            composer.answer(
                                delivered.text,
                                language=wanted,
                                text_language=delivered.language,
                                translated_from=delivered.translated_from,
                            )
                best = min(best, time.process_time() - started)
            return best / (rounds * len(articles)) * 1e6

        async def measured() -> list[tuple[float, float]]:
            return [
                (await seconds("de", is_composed=is_composed), await seconds(language, is_composed=is_composed))
                for is_composed in (False, True)
            ]

        (human_alone, machine_alone), (human, machine) = asyncio.run(measured())
        if answering.outcomes["remembered"] < rounds:
            raise RuntimeError(f"texts were not remembered: {dict(answering.outcomes)}")
    return Table(
        title="What a remembered translation costs an answer",
        columns=(
            Column("text"),
            Column("chosen (µs)", ".2f"),
            Column("chosen and composed (µs)", ".2f"),
            Column("more than the baseline (µs)", ".2f"),
            Column("ratio", ".2f"),
        ),
        rows=(
            ("baseline: a person's, in German", human_alone, human, 0.0, 1.0),
            ("a machine's, remembered", machine_alone, machine, machine - human, machine / human),
        ),
        notes=(
            f"{len(articles)} articles by turns, {rounds:,} times, the fastest of five runs: choosing the text, and "
            "composing the message, which tells of a machine where it was one. Processor time of the process.",
        ),
    )


def _pace(context: Context) -> Table:
    texts = [article.texts for article in _articles(context)]
    words = "\n".join(text.answer for some in texts for text in some)
    english = [text.answer for some in texts for text in some if text.language == "en"]
    engine = ArgosEngine(context.scratch / "base", threads=1)
    engine.install(base_sized_package(context.scratch / "en_eo.argosmodel", "en", "eo", words))
    model = engine._model(engine._package("en", "eo"))
    description, translator = model._load()
    fixed = _FixedLength(translator)
    model._loaded = (description, fixed)
    found = [
        sentence.text
        for answer in english
        for line in answer.split("\n")
        for sentence in split(line)
        if not find_spans(sentence.text) and len(description.tokenizer.encode(sentence.text)) in _LENGTHS
    ]
    sentences = found[: 4 if context.is_quick else 40]
    tokens = [description.tokenizer.encode(sentence) for sentence in sentences]
    text = " ".join(sentences)

    def bare() -> None:
        for each in tokens:
            fixed.translate_batch([each], beam_size=_BEAM, num_hypotheses=1)

    def batched() -> None:
        fixed.translate_batch(tokens, beam_size=_BEAM, num_hypotheses=1, max_batch_size=32, batch_type="tokens")

    def engine_alone() -> None:
        engine.translate(text, "en", "eo")

    def whole() -> None:
        translated = translate_around(text, lambda piece: engine.translate(piece, "en", "eo"))
        try:
            verify(text, translated, target_language="eo")
        except TranslationUnsafeError:
            return  # as it should: random words were made

    arms: dict[str, Callable[[], None]] = {
        "baseline: bare CTranslate2, all sentences in one call": batched,
        "bare CTranslate2, sentence by sentence": bare,
        "the Argos engine, all in one text": engine_alone,
        "the product: spans, engine, verification": whole,
    }
    rounds = 1 if context.is_quick else 3
    best: dict[str, float] = dict.fromkeys(arms, float("inf"))
    for _ in range(rounds):
        for name, arm in arms.items():
            started = time.process_time()
            arm()
            best[name] = min(best[name], time.process_time() - started)
    baseline = best["baseline: bare CTranslate2, all sentences in one call"]
    count = sum(len(sentence.split()) for sentence in sentences)
    return Table(
        title="Pace of the Argos path on one core, with a model of the real size",
        columns=(
            Column("path"),
            Column("sentences a second", ".2f"),
            Column("words a second", ".1f"),
            Column("time ÷ baseline", ".3f"),
        ),
        rows=tuple(
            (name, len(sentences) / seconds, count / seconds, seconds / baseline) for name, seconds in best.items()
        ),
        notes=(
            f"{len(sentences)} sentences of the sample shop without spans, {count} words. The model is a stand-in: the "
            "shape of Transformer base (6 + 6 layers, 512 wide, 8 heads, 32,000 tokens, eight bits), random weights; "
            f"it is made to give {_DECODED} tokens for each sentence, which have {_LENGTHS[0]} to {_LENGTHS[-1]}; beam "
            f"of {_BEAM}. Processor time of the process, one thread, the fastest of {rounds}.",
        ),
    )


class _FixedLength:
    """A CTranslate2 translator that gives texts of one length, whatever its weights say."""

    def __init__(self, translator: Any) -> None:  # noqa: ANN401 - the library has no types
        self._translator = translator

    def translate_batch(self, tokens: list[list[str]], **options: Any) -> Any:  # noqa: ANN401
        """Translate as the library does, but for the length."""
        options = {**options, "min_decoding_length": _DECODED, "max_decoding_length": _DECODED}
        return self._translator.translate_batch(tokens, **options)


def _articles(context: Context) -> list[Article]:
    with opened(context.shop()) as product:
        return list(product.store.all())
