"""Builds in a process of their own: from the database to the answers, gated and calibrated on the way."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace

from assistant import build_process as process_module
from assistant.build_process import BuildSettings, start_process
from index.builds import Build, Builds
from index.encoder import load_encoder
from index.generations import Generations
from index.searcher import Searcher
from knowledge.database import Database
from knowledge.store import ArticleStore
from tests.index.finding import SHOP

PATIENCE = 60.0  # seconds that a process of its own may take on a busy machine


@pytest.fixture
def generations(tmp_path: Path) -> Generations:
    """Return an empty folder of generations."""
    return Generations(tmp_path / "generations")


@pytest.fixture(scope="session")
def static_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a model of static embeddings that knows the words of the shop."""
    folder = tmp_path_factory.mktemp("model")
    text = " ".join(
        f"{one.question} {' '.join(one.alternate_questions)} {one.answer}" for article in SHOP for one in article.texts
    )
    tokenizer = Tokenizer(WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = Lowercase(), Whitespace()
    words = sorted({word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text.lower())})
    tokenizer.model = WordLevel({"[UNK]": 0} | {word: n for n, word in enumerate(words, 1)}, unk_token="[UNK]")
    tokenizer.save(str(folder / "tokenizer.json"))
    weights = np.random.default_rng(0).standard_normal((len(words) + 1, 16)).astype(np.float32)
    save_file({"embedding.weight": weights}, folder / "model.safetensors")
    module = {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.StaticEmbedding"}
    (folder / "modules.json").write_text(json.dumps([module]))
    return folder


def finished(builds: Builds, id: str) -> Build:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        one = builds.get(id)
        if one.is_finished:
            return one
        time.sleep(0.05)
    raise AssertionError(f"the build did not end within {PATIENCE} seconds; it is {builds.get(id)}")


class TestProcess:
    @pytest.fixture
    def stored(self, database: Database) -> ArticleStore:
        store = ArticleStore(database)
        store.put_many(SHOP, by="tests")
        return store

    def test_builds_from_the_database_and_activates(
        self,
        database: Database,
        database_url: str,
        stored: ArticleStore,
        generations: Generations,
        static_model: Path,
    ) -> None:
        builds = Builds(database, generations)
        id = builds.request(by="anna").id
        settings = BuildSettings(
            database_url=database_url, generations_folder=generations.folder, encoder=str(static_model)
        )
        start_process(settings, id)
        done = finished(builds, id)
        assert (done.state, done.error, done.generation) == ("active", None, 1)
        assert done.counts == {"articles": 4, "passages": 19, "encoded": 19}
        generation = generations.load_active()
        assert generation.manifest.encoder == str(static_model)
        assert generation.manifest.knowledge_digest == stored.digest()
        hits = Searcher(generation, load_encoder(str(static_model))).search("return policy", languages=["en"]).hits
        assert hits[0].article == stored.get("returns")

    def test_that_cannot_build_says_why(
        self,
        sqlite_database: Database,
        generations: Generations,
        tmp_path: Path,
        static_model: Path,
    ) -> None:
        builds = Builds(sqlite_database, generations)
        id = builds.request(by="anna").id
        settings = BuildSettings(
            database_url=f"sqlite:///{tmp_path / 'faq.db'}",
            generations_folder=generations.folder,
            encoder=str(static_model),
        )
        start_process(settings, id)
        done = finished(builds, id)
        assert done.state == "failed"
        assert done.error is not None
        assert "There is no article to index" in done.error

    def test_that_dies_at_once_raises_nothing_here(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(process_module.sys, "executable", "/bin/false")
        settings = BuildSettings(database_url="sqlite:///x" * 200_000, generations_folder=tmp_path, encoder="embedded")
        start_process(settings, "bld_0")

    def test_keeps_the_password_off_its_command_line(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        commands: list[list[str]] = []

        def start(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
            commands.append(command)
            return popen(["/bin/cat"], stdin=options["stdin"], stdout=subprocess.DEVNULL)

        popen = subprocess.Popen
        monkeypatch.setattr(process_module.subprocess, "Popen", start)
        settings = BuildSettings(
            database_url="postgresql://faq:secret@localhost/faq", generations_folder=tmp_path, encoder="embedded"
        )
        start_process(settings, "bld_0")
        assert len(commands) == 1
        assert "secret" not in " ".join(commands[0])
