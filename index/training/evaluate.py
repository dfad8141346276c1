"""Measures of an encoder alone (no lexical arm, no calibration) on the evaluation sets, and its speed."""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.encoder import load_encoder
from index.encoding import Encoder

ALTERNATES = (0, 1, 5, 10)
SEED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Aligned:
    """The same texts in several languages, by id."""

    name: str
    texts: Mapping[str, Mapping[str, str]]
    """Language to id to text; English is among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterances:
    """Articles by key with the question of each, and utterances that ask for one of them."""

    name: str
    questions: Mapping[str, str]
    alternates: Mapping[str, Sequence[str]]
    """Utterances in the articles' language, from which alternates are drawn."""
    queries: Mapping[str, Sequence[str]] | None = None
    """Utterances to ask; None for the alternates that were not drawn."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """Answers by key, where the set has them."""
    language: str = "en"
    """That of what is asked; articles are English."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What some of the articles know, and the utterances that ask for any of them."""

    passages: Mapping[str, Sequence[str]]
    """Key of an article to its question and the alternates drawn for it."""
    queries: Sequence[str]
    wanted: Sequence[str]
    """Key of the article that each query asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Processor time of one process with one thread, which is wall time on a core of its own."""

    load_milliseconds: float
    single_microseconds: float
    batch_per_second: float


def read_aligned(path: Path) -> Aligned:
    """Read a table of `id language text`."""
    texts: defaultdict[str, dict[str, str]] = defaultdict(dict)
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        next(file)
        for line in file:
            key, language, text = line.rstrip("\n").split("\t")
            texts[language][key] = text
    return Aligned(name=path.name.split("_")[0], texts=dict(texts))


def read_tor(folder: Path) -> Aligned:
    """Read the questions of a translated FAQ, one file per language."""
    texts: dict[str, dict[str, str]] = {}
    for path in sorted(folder.glob("*.jsonl")):
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        texts[path.stem] = {row["id"]: row["question"] for row in rows}
    return Aligned(name="tor", texts=texts)


def read_nlu_home(path: Path) -> Utterances:
    """Read intents as articles, each with its name in words as question."""
    alternates: defaultdict[str, list[str]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="\n") as file:
        next(file)
        for line in file:
            _, scenario, intent, text, _ = line.rstrip("\n").split("\t")
            alternates[f"{scenario} {intent}"].append(text)
    questions = {key: key.replace("_", " ") for key in alternates}
    return Utterances(name="nlu_home en", questions=questions, alternates=dict(alternates))


def read_robo(folder: Path) -> list[Utterances]:
    """Read the English articles with English, then German, utterances."""
    questions: dict[str, str] = {}
    answers: dict[str, str] = {}
    for line in (folder / "faq.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["lang"] == "en":
            questions[row["intent"]] = row["question"]
            answers[row["intent"]] = row["answer"] or ""
    asked: dict[str, defaultdict[str, list[str]]] = {"en": defaultdict(list), "de": defaultdict(list)}
    for line in (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        intent = row["faq_id"].removeprefix("robo_faq-").rpartition(":")[0]
        if intent in questions:
            asked[row["lang"]][intent].append(row["query"])
    english = Utterances(name="robo_faq en", questions=questions, alternates=asked["en"], answers=answers)
    german = replace(english, name="robo_faq de on en", queries=asked["de"], language="de")
    return [english, german]


def cross_lingual(
    encoder: Encoder, aligned: Aligned, *, towards_english: bool, limit: int | None = None
) -> dict[str, float]:
    """Return accuracy@1 per language: X→en, or en→X, among the texts that the language has."""
    accuracy = {}
    for task in tasks(aligned, towards_english=towards_english, limit=limit):
        asked = encoder.encode(list(task.queries.values()), kind="question")
        known = encoder.encode(list(task.candidates.values()), kind="question")
        accuracy[task.language] = task.accuracy(best_rows(asked, known).tolist())
    return accuracy


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Texts of one language that each look for the text of the same id in another."""

    language: str
    """The one that is not English."""
    queries: Mapping[str, str]
    candidates: Mapping[str, str]

    def accuracy(self, found: Sequence[int | None]) -> float:
        """Return the share of queries whose candidate, by position, is right or of the right one's wording."""
        keys = list(self.candidates)
        right = [
            place is not None and self.candidates[keys[place]] == self.candidates[key]
            for place, key in zip(found, self.queries, strict=True)
        ]
        return float(np.mean(right))


def tasks(aligned: Aligned, *, towards_english: bool, limit: int | None = None) -> Iterator[Task]:
    """Yield the task of each language: X→en, or en→X, with at most `limit` of its queries, drawn with a fixed seed.

    Towards English every English text is a candidate.
    """
    english = aligned.texts["en"]
    for language in sorted(set(aligned.texts) - {"en"}):
        other = {key: text for key, text in aligned.texts[language].items() if key in english}
        queries, candidates = (other, english) if towards_english else ({k: english[k] for k in other}, other)
        keys = sorted(queries)
        if limit is not None and len(keys) > limit:
            order = np.random.default_rng([SEED, zlib.crc32(language.encode())]).permutation(len(keys))
            queries = {keys[position]: queries[keys[position]] for position in order[:limit]}
        yield Task(language=language, queries=queries, candidates=candidates)


def best_rows(queries: NDArray[np.float32], passages: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the position of the best passage for each query."""
    blocks = [np.argmax(queries[start : start + 1024] @ passages.T, axis=1) for start in range(0, len(queries), 1024)]
    return np.concatenate(blocks)


def drawn(utterances: Utterances, *, alternates: int) -> Asked:
    """Give every article so many alternates; the rest of the utterances asks.

    Alternates are drawn with a fixed seed per article, the first of a fixed order, so that more alternates
    contain fewer.
    """
    passages: dict[str, Sequence[str]] = {}
    queries: list[str] = []
    wanted: list[str] = []
    for key, question in utterances.questions.items():
        pool = list(dict.fromkeys(utterances.alternates.get(key, ())))
        order = np.random.default_rng([SEED, zlib.crc32(key.encode())]).permutation(len(pool))
        passages[key] = [question, *(pool[position] for position in order[:alternates])]
        # The first ten are never asked, so that every number of alternates faces the same questions.
        rest = [pool[position] for position in order[max(ALTERNATES) :]]
        asked = rest if utterances.queries is None else list(dict.fromkeys(utterances.queries.get(key, ())))
        queries += asked
        wanted += [key] * len(asked)
    return Asked(passages=passages, queries=queries, wanted=wanted)


def retrieval(encoder: Encoder, utterances: Utterances, *, alternates: int) -> float:
    """Return how often the article with the best passage is right, each article having `alternates` alternates."""
    asked = drawn(utterances, alternates=alternates)
    owners = [key for key, texts in asked.passages.items() for _ in texts]
    known = encoder.encode([text for texts in asked.passages.values() for text in texts])
    best = best_rows(encoder.encode(asked.queries, kind="question"), known)
    return float(np.mean([owners[row] == key for row, key in zip(best, asked.wanted, strict=True)]))


def speed(name: str, questions: Sequence[str]) -> Speed:
    """Time loading with a first question, single questions and batches, the best of five rounds each.

    Set OMP_NUM_THREADS=1 and TOKENIZERS_PARALLELISM=false, or the time of several threads adds up.
    """
    loads = []
    for _ in range(5):
        began = time.process_time()
        encoder = load_encoder(name)
        encoder.encode(["ready?"])
        loads.append(time.process_time() - began)
    encoder.encode(questions)
    singles = []
    batches = []
    for _ in range(5):
        began = time.process_time()
        for question in questions[:2000]:
            encoder.encode([question], kind="question")
        singles.append((time.process_time() - began) / len(questions[:2000]))
        began = time.process_time()
        encoder.encode(questions)
        batches.append(len(questions) / (time.process_time() - began))
    return Speed(
        load_milliseconds=1e3 * min(loads),
        single_microseconds=1e6 * min(singles),
        batch_per_second=max(batches),
    )


def measure(name: str, dev: Path, *, english_only: bool = False) -> dict[str, dict[str, float]]:
    """Return every measure of an encoder by set, then by language or number of alternates."""
    encoder = load_encoder(name)
    figures: dict[str, dict[str, float]] = {}
    if not english_only:
        sets = [read_aligned(path) for path in sorted(dev.glob("*.tsv.gz"))] + [read_tor(dev / "tor_support_faq")]
        for aligned in sets:
            figures[f"{aligned.name} X→en"] = cross_lingual(encoder, aligned, towards_english=True)
            figures[f"{aligned.name} en→X"] = cross_lingual(encoder, aligned, towards_english=False)
    robo = read_robo(dev / "robo_faq_en_de")
    for utterances in [read_nlu_home(dev / "nlu_home" / "nlu_home_11k.tsv"), *(robo[:1] if english_only else robo)]:
        figures[utterances.name] = {
            str(count): retrieval(encoder, utterances, alternates=count) for count in ALTERNATES
        }
    return figures


def report(figures: Mapping[str, Mapping[str, float]]) -> str:
    """Return the measures as a Markdown table: mean, worst, and every figure."""
    lines = ["| set | mean | worst | each |", "|---|---|---|---|"]
    for name, values in figures.items():
        worst = min(values, key=lambda key: values[key])
        each = ", ".join(f"{key} {value:.3f}" for key, value in values.items())
        lines.append(f"| {name} | {np.mean(list(values.values())):.3f} | {worst} {values[worst]:.3f} | {each} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure one encoder and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", default="embedded", help="as load_encoder takes it")
    parser.add_argument("--dev", type=Path, required=True, help="directory of the evaluation sets")
    parser.add_argument("--english-only", action="store_true", help="for encoders that know only English")
    parser.add_argument(
        "--speed", action="store_true", help="time it too; set OMP_NUM_THREADS=1 and TOKENIZERS_PARALLELISM=false"
    )
    options = parser.parse_args(arguments)
    print(report(measure(options.encoder, options.dev, english_only=options.english_only)))
    if options.speed:
        languages = read_aligned(options.dev / "mkqa_questions.tsv.gz").texts.values()
        questions = [text for texts in languages for text in texts.values()]
        timed = speed(options.encoder, questions)
        print(
            f"\nload {timed.load_milliseconds:.0f} ms, single question {timed.single_microseconds:.0f} µs, "
            f"batch {timed.batch_per_second:,.0f} texts/s"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
