"""What benchmarks stand on: the synthetic catalogue, the load generator, the document; no figure is tested."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import BENCHMARKS
from benchmarks.document import rewrite, rewritten
from benchmarks.golden import paired_interval, wilson
from benchmarks.load import Plan, put_load
from benchmarks.results import Column, Machine, Result, Table, quantile
from benchmarks.servers import bare_server
from benchmarks.synthetic import LANGUAGES, articles, catalogue_file, questions
from knowledge.formats import choose_reader

DOCUMENT = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def result(name: str, rows: Sequence[tuple[str | float | None, ...]] = (("a|b", 1.256), ("none", None))) -> Result:
    return Result(
        name=name,
        machine=Machine.here(encoder="embedded"),
        seconds=1.0,
        is_quick=False,
        tables=(Table(title="Pace", columns=(Column("what"), Column("ms", ".2f")), rows=tuple(rows), notes=(r"\1",)),),
    )


def test_smaller_catalogue_is_the_beginning_of_a_larger_one() -> None:
    assert list(articles(80)) == list(itertools.islice(articles(200), 80))


def test_copies_of_one_article_in_one_language_all_differ() -> None:
    made = list(articles(68 * 12))
    assert {article.texts[0].language for article in made} == set(LANGUAGES)
    assert len({article.texts[0].question for article in made}) == len(made)


def test_catalogue_is_read_back_without_a_loss() -> None:
    data = catalogue_file(70)
    rows = list(choose_reader("articles.jsonl", data).read(data, default_language="en").rows)
    assert [row.problem for row in rows] == [None] * 70
    assert [row.article for row in rows] == list(articles(70))


def test_questions_share_words_with_the_article_that_answers_them() -> None:
    texts = {article.id: article.texts[0] for article in articles(100)}
    for asked in questions(200, of_articles=100):
        text = texts[asked.article_id]
        known = set(" ".join((text.question, *text.alternate_questions)).split())
        assert text.language == asked.language
        assert len(set(asked.text.split()) - known) <= 1  # the mistyped word


def test_load_generator_sends_exactly_what_was_asked_for() -> None:
    with bare_server("raw") as server:
        load = put_load(
            Plan(port=server.port, path="/v1/answers", bodies=("{}",), seconds=30, connections=4, requests=50)
        )
        assert (load.requests, load.failures) == (50, 0)
        assert 0 < load.p50 <= load.p99
        open_load = put_load(Plan(port=server.port, path="/", bodies=("{}",), seconds=1.0, rate=200.0))
    assert 120 < open_load.requests < 290  # Poisson of mean 200: both are more than five deviations away


def test_load_generator_counts_failures() -> None:
    with bare_server("model") as server:
        load = put_load(
            Plan(port=server.port, path="/v1/answers", bodies=('{"top_k": 0}',), seconds=30, connections=1, requests=3)
        )
    assert (load.requests, load.failures) == (3, 3)


def test_document_has_a_section_for_every_benchmark_and_no_other() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for name in BENCHMARKS:
        assert "| what | ms |\n| --- | ---: |\n| a\\|b | 1.26 |\n| none |  |\n\n\\1\n" in rewritten(
            text, [result(name)]
        )
    assert text.count("<!-- results ") == text.count("<!-- end ") == len(BENCHMARKS)


def test_rewriting_a_document_twice_changes_it_once_and_only_there(tmp_path: Path) -> None:
    path = tmp_path / "document.md"
    path.write_text(
        "# A\n<!-- results golden -->\nearlier\n<!-- end golden -->\n<!-- results http -->\nB\n<!-- end http -->\nC\n"
    )
    results = [result("golden")]
    rewrite(path, results)
    once = path.read_text()
    rewrite(path, results)
    assert path.read_text() == once
    assert "earlier" not in once
    assert once.startswith("# A\n")
    assert once.endswith("<!-- results http -->\nB\n<!-- end http -->\nC\n")


def test_a_document_without_the_section_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "document.md"
    path.write_text("nothing here\n")
    with pytest.raises(ValueError, match="no section for 'golden'"):
        rewrite(path, [result("golden")])
    assert path.read_text() == "nothing here\n"


def test_a_row_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="a row has 3 cells, expected 2"):
        result("golden", [("a", 1.0, 2.0)])


def test_intervals_and_quantiles_are_those_of_the_textbook() -> None:
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 0) == (None, None)
    assert wilson(0, 10)[0] == 0.0
    same = np.array([True, False, True, True])
    assert paired_interval(same, same) == (0.0, 0.0)
    low, high = paired_interval(np.ones(100, np.bool_), np.arange(100) % 2 == 0)
    assert 0.35 < low < 0.5 < high < 0.65
    assert [quantile([3.0, 1.0, 2.0], share) for share in (0.0, 0.5, 0.99)] == [1.0, 2.0, 3.0]
