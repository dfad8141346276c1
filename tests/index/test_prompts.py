"""What models are told before questions and passages."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.prompts import Prompts, find_prompts

NOTHING: dict[str, str | None] = {"query": None, "document": None}
E5 = Prompts(question="query: ", passage="passage: ")
NOMIC = Prompts(question="search_query: ", passage="search_document: ")
SENTENCE = "Represent this sentence for searching relevant passages: "


@pytest.mark.parametrize(
    ("model", "prompts"),
    [
        ("intfloat/multilingual-e5-small", E5),
        ("intfloat/e5-base-v2", E5),
        ("INTFLOAT/Multilingual-E5-Base", E5),
        ("nomic-ai/nomic-embed-text-v1.5", NOMIC),
        ("nomic-ai/modernbert-embed-base", NOMIC),
        ("BAAI/bge-small-en-v1.5", Prompts(question=SENTENCE)),
        ("Snowflake/snowflake-arctic-embed-m-v1.5", Prompts(question=SENTENCE)),
        ("Snowflake/snowflake-arctic-embed-l-v2.0", Prompts()),
        ("BAAI/bge-m3", Prompts()),
        ("sentence-transformers/LaBSE", Prompts()),
        ("sentence-transformers/all-MiniLM-L6-v2", Prompts()),
        ("ibm-granite/granite-embedding-97m-multilingual-r2", Prompts()),
        ("e5", E5),
        ("someone/made5-small", Prompts()),
        ("e5-collection/labse", Prompts()),
        ("", Prompts()),
        ("\ud800/\x00", Prompts()),
    ],
)
def test_family_is_known_by_the_name_of_its_models(model: str, prompts: Prompts) -> None:
    assert find_prompts(model, NOTHING) == prompts


def test_instructed_e5_gets_an_instruction_and_leaves_passages_bare() -> None:
    prompts = find_prompts("intfloat/multilingual-e5-large-instruct", {})
    assert prompts.question.startswith("Instruct: ")
    assert prompts.question.endswith("\nQuery: ")
    assert prompts.passage == ""


@pytest.mark.parametrize(
    ("own", "prompts"),
    [
        ({"query": "ask: ", "document": "tell: "}, Prompts(question="ask: ", passage="tell: ")),
        ({"query": "ask: ", "passage": "tell: ", "document": None}, Prompts(question="ask: ", passage="tell: ")),
        ({"query": "ask: ", "document": ""}, Prompts(question="ask: ")),
        ({"query": None, "document": "tell: "}, Prompts(passage="tell: ")),
        ({"query": "", "document": "", "web_search_query": "ask: ", "sts_query": "same: "}, Prompts(question="ask: ")),
        (
            {"retrieval.query": "ask: ", "retrieval.passage": "tell: "},
            Prompts(question="ask: ", passage="tell: "),
        ),
    ],
)
def test_prompts_of_the_configuration_win_over_those_of_the_family(
    own: dict[str, str | None], prompts: Prompts
) -> None:
    assert find_prompts("intfloat/multilingual-e5-small", own) == prompts


def test_prompts_for_other_tasks_are_not_taken() -> None:
    own: dict[str, str | None] = {"STS": "same: ", "Clustering": "sort: "}
    assert find_prompts("someone/model", own) == Prompts()
    assert find_prompts("intfloat/e5-small", own) == E5


def test_folder_of_a_model_is_known_by_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "multilingual-e5-small"
    folder.mkdir()
    (tmp_path / "current").symlink_to(folder)
    assert find_prompts(str(folder), NOTHING) == E5
    assert find_prompts(f"{folder}/", NOTHING) == E5
    assert find_prompts(str(tmp_path / "current"), NOTHING) == E5


@pytest.mark.parametrize("owner", ["models--intfloat--multilingual-e5-small", "models--multilingual-e5-small"])
def test_snapshot_in_the_cache_of_a_hub_is_known_by_its_model(tmp_path: Path, owner: str) -> None:
    snapshot = tmp_path / owner / "snapshots" / "fd1525a9fd15316a2d503bf26ab031a61d056e98"
    snapshot.mkdir(parents=True)
    assert find_prompts(str(snapshot), NOTHING) == E5
