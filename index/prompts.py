"""What is put before questions and before passages, for models that were trained with such words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts:
    """Put before every text of a kind; empty where a model wants nothing."""

    question: str = ""
    passage: str = ""


_QUESTION_NAMES = ("query", "web_search_query", "retrieval.query")
_PASSAGE_NAMES = ("document", "passage", "corpus", "retrieval.passage")
"""How configurations call the two. Those with a dot or an underscore are not looked for by sentence-transformers:
harrier-oss-v1 and e5-mistral have the one (https://huggingface.co/microsoft/harrier-oss-v1-270m/discussions/1),
jina-embeddings-v3 the other."""

_BGE = "Represent this sentence for searching relevant passages: "

_FAMILIES = (
    # https://huggingface.co/intfloat/multilingual-e5-large-instruct: passages stay bare
    (
        r"(^|[-_])e5[-_].*instruct",
        Prompts(
            question="Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: "
        ),
    ),
    # https://huggingface.co/intfloat/multilingual-e5-small: "even for non-English texts"
    (r"(^|[-_])e5([-_]|$)", Prompts(question="query: ", passage="passage: ")),
    # https://huggingface.co/nomic-ai/nomic-embed-text-v1.5, https://huggingface.co/nomic-ai/modernbert-embed-base
    (r"nomic-embed-text|modernbert-embed-base", Prompts(question="search_query: ", passage="search_document: ")),
    # https://github.com/FlagOpen/FlagEmbedding/tree/master/research/baai_general_embedding; bge-m3 wants nothing
    (r"bge-(small|base|large)-en", Prompts(question=_BGE)),
    (r"bge-(small|base|large)-zh", Prompts(question="为这个句子生成表示以用于检索相关文章：")),
    # https://github.com/Snowflake-Labs/arctic-embed; version 2 has another prompt, and its configuration carries it
    (r"arctic-embed-(xs|s|m|l|m-long|m-v1\.5)$", Prompts(question=_BGE)),
)
"""Families whose configurations do not carry the prompts that their cards ask for; the first that fits counts."""

_SNAPSHOT = re.compile(r"models--(?:.+--)?(.+)", re.IGNORECASE)


def find_prompts(model: str, own: Mapping[str, str | None]) -> Prompts:
    """Return the prompts of a model by its name or path: those of its own configuration, else those of its family.

    `own` maps names to prompts as `SentenceTransformer.prompts` does.
    """
    carried = Prompts(question=_first(own, _QUESTION_NAMES), passage=_first(own, _PASSAGE_NAMES))
    if carried != Prompts():
        return carried
    for name in _names(model):
        for pattern, prompts in _FAMILIES:
            if re.search(pattern, name, re.IGNORECASE):
                return prompts
    return Prompts()


def _first(own: Mapping[str, str | None], names: tuple[str, ...]) -> str:
    return next((prompt for name in names if (prompt := own.get(name))), "")


def _names(model: str) -> Iterator[str]:
    """Yield what a model may be called: the end of its name, of its path, of the folder a link leads to.

    In the cache of the hub that folder is `models--OWNER--NAME/snapshots/COMMIT`.
    """
    place = Path(model).expanduser()
    for path in (place, place.resolve()) if place.exists() else (place,):
        yield path.name
        if path.parent.name == "snapshots" and (found := _SNAPSHOT.fullmatch(path.parent.parent.name)):
            yield found[1]
