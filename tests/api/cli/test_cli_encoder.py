"""``faq encoder``: shown, tried beside, and changed with the golden questions as the gate."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.cli import contender
from api.product import Product
from api.settings import Settings
from assistant import building
from index.builder import build
from index.trial import trial
from knowledge.golden import write_golden
from knowledge.sample import golden_questions
from tests.api.cli.conftest import Faq, Start, failed
from tests.static_models import embedded_model


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    """Measure speeds in a moment, and let no setting decide on encoders."""
    monkeypatch.setattr(contender, "MEASURED", 0.01)
    del environment["FAQ_ENCODER"]


@pytest.fixture
def embedded(sample_data: Path) -> Iterator[Product]:
    """Yield the product with the sample shop, indexed by the embedded encoder, and its golden questions."""
    product = Product(Settings(data_dir=sample_data))
    product.golden.replace(golden_questions())
    yield product
    product.close()


@pytest.fixture(scope="session")
def shuffled(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the folder of an encoder like the embedded one whose words mean other words."""
    return embedded_model(tmp_path_factory.mktemp("shuffled"), shuffled=True)


@pytest.fixture
def at_shuffled(embedded: Product, shuffled: str) -> Product:
    """Return the product with an index of the shuffled encoder that answers."""
    build(embedded.generations, embedded.store, embedded.encoders.get(shuffled))
    return embedded


def active(product: Product) -> int:
    pointer = product.generations.pointer()
    assert pointer is not None
    return pointer.generation


def numbers(product: Product) -> list[int]:
    return [manifest.number for manifest in product.generations.manifests()]


def used(faq: Faq, *arguments: str, status: int = 0) -> dict[str, Any]:
    result = faq("encoder", "use", "--json", *arguments)
    assert result.exit_code == status, result.output[:500]
    document: dict[str, Any] = json.loads(result.stdout)
    return document


class TestInfo:
    def test_shows_what_answers_and_what_it_costs(self, faq: Faq, embedded: Product) -> None:
        shown = json.loads(faq("encoder", "info", "--json").stdout)
        assert (shown["name"], shown["dimensions"], shown["calibration"]) == (
            "embedded",
            embedded.encoder.dimensions,
            "own",
        )
        assert shown["digest"] == embedded.encoder.digest
        assert {"be", "uk", "en"} <= set(shown["languages"])
        assert "multilingual" not in shown["languages"]
        assert shown["bytes"] > 10_000_000
        assert 0 < shown["question_seconds"] < 0.1
        assert shown["texts_per_second"] > 10
        assert (shown["generations"], shown["active_generation"]) == ([1], 1)
        assert shown["next_build"] == {"encoder": "embedded", "source": "active generation"}
        text = faq("encoder", "info")
        assert (text.exit_code, text.stderr) == (0, "")
        assert f"\ndigest        {embedded.encoder.digest[:12]}\n" in text.stdout
        assert "next build    embedded (active generation)" in text.stdout

    def test_names_the_setting_that_decides_on_the_next_build(
        self, faq: Faq, embedded: Product, other_encoder: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FAQ_ENCODER", other_encoder)
        shown = json.loads(faq("encoder", "info", "--json").stdout)
        assert shown["name"] == "embedded"
        assert shown["next_build"] == {"encoder": other_encoder, "source": "FAQ_ENCODER"}

    def test_shows_what_would_answer_before_the_first_index(
        self, faq: Faq, empty: Path, other_encoder: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shown = json.loads(faq("encoder", "info", "--json").stdout)
        assert (shown["name"], shown["active_generation"], shown["generations"]) == ("embedded", None, [])
        assert shown["next_build"]["source"] == "default"
        monkeypatch.setenv("FAQ_ENCODER", other_encoder)
        shown = json.loads(faq("encoder", "info", "--json").stdout)
        assert (shown["name"], shown["calibration"], shown["languages"]) == (other_encoder, "general", [])

    def test_warns_of_other_weights_than_the_index_was_built_with(
        self, faq: Faq, embedded: Product, other_encoder: str
    ) -> None:
        build(embedded.generations, embedded.store, embedded.encoders.get(other_encoder))
        (Path(other_encoder) / "config_sentence_transformers.json").write_text("{}")
        result = faq("encoder", "info")
        assert result.exit_code == 0
        assert "Generation 2 was built with other weights" in result.stderr

    def test_names_an_encoder_that_has_gone(self, faq: Faq, embedded: Product, other_encoder: str) -> None:
        build(embedded.generations, embedded.store, embedded.encoders.get(other_encoder))
        shutil.rmtree(other_encoder)
        assert other_encoder in failed(faq("encoder", "info"))


class TestTry:
    def test_shows_a_worse_one_as_worse_and_changes_nothing(self, faq: Faq, embedded: Product, shuffled: str) -> None:
        files = sorted(path.name for path in embedded.settings.data_dir.iterdir())
        result = faq("encoder", "try", shuffled)
        assert (result.exit_code, result.stderr) == (0, "")
        head, *table = (line.split("\t") for line in result.stdout.split("\n\n")[0].splitlines())
        assert head == ["", "embedded", shuffled, "difference", "95 % from", "to"]
        rows = {row[0]: row[1:] for row in table}
        accuracy = rows["right article found first (accuracy@1)"]
        assert accuracy[0].endswith("/362)")
        assert float(accuracy[2]) < -20
        assert float(accuracy[3]) < float(accuracy[2]) < float(accuracy[4]) < 0
        assert "accuracy@1, be" in rows
        assert rows["dimensions"][:2] == [str(embedded.encoder.dimensions)] * 2
        assert "passages encoded" in rows["build"][1]
        assert "Worse now (" in result.stdout
        assert ", the first 10):" in result.stdout
        assert f"{shuffled} is worse than embedded beyond noise in: " in result.stdout
        assert (active(embedded), numbers(embedded)) == (1, [1])
        after = sorted(path.name for path in embedded.settings.data_dir.iterdir())
        assert set(after) - set(files) <= {".trial.lock"}

    def test_shows_a_better_one_as_better_and_how_to_take_it(self, faq: Faq, at_shuffled: Product) -> None:
        result = faq("encoder", "try", "embedded")
        assert "embedded is better than " in result.stdout
        assert "faq encoder use embedded" in result.stderr
        assert "Better now (" in result.stdout

    def test_shows_no_difference_where_there_is_none(
        self, faq: Faq, at_shuffled: Product, shuffled: str, tmp_path: Path
    ) -> None:
        same = shutil.copytree(shuffled, tmp_path / "same")
        document = json.loads(faq("encoder", "try", same, "--json").stdout)
        assert (document["verdict"], document["questions"]) == ("even", 448)
        assert "no difference" in document["recommendation"]
        assert "448 golden questions can show" in document["recommendation"]
        assert (document["broken"], document["mended"]) == ([], [])
        assert document["before"]["measures"] == document["after"]["measures"]
        assert document["before"]["outcomes"] == document["after"]["outcomes"]

    def test_takes_questions_from_a_file_and_says_that_few_show_little(
        self, faq: Faq, embedded: Product, shuffled: str, tmp_path: Path
    ) -> None:
        (tmp_path / "few.csv").write_bytes(write_golden(golden_questions()[:12]))
        result = faq("encoder", "try", shuffled, "--questions", tmp_path / "few.csv")
        assert result.exit_code == 0
        assert "12 golden questions show little" in result.stdout
        assert "accuracy@1, be" not in result.stdout
        assert embedded.golden.count() == 448

    def test_needs_golden_questions(self, faq: Faq, embedded: Product, shuffled: str) -> None:
        embedded.golden.replace([])
        assert "faq golden import FILE" in failed(faq("encoder", "try", shuffled))
        # Said before anything is fetched.
        for verb in ("try", "use"):
            assert "faq golden import FILE" in failed(faq("encoder", verb, "owner/a-large-model"))
        error = json.loads(faq("encoder", "try", shuffled, "--json").stdout)["error"]
        assert error["type"] == "no-golden-questions"

    def test_needs_an_index_that_answers(self, faq: Faq, empty: Path, shuffled: str) -> None:
        assert "faq build" in failed(faq("encoder", "try", shuffled))

    def test_says_that_the_one_that_answers_is_the_same(self, faq: Faq, embedded: Product) -> None:
        said = faq("encoder", "try", "embedded").stdout
        assert said.startswith("Nothing to do: ")
        document = json.loads(faq("encoder", "try", "embedded", "--json").stdout)
        assert (document["verdict"], document["recommendation"]) == ("even", said.rstrip("\n"))

    def test_warns_where_the_articles_have_changed(self, faq: Faq, embedded: Product, other_encoder: str) -> None:
        embedded.store.delete("returns", by="test")
        result = faq("encoder", "try", other_encoder)
        assert result.exit_code == 0
        assert "articles have changed" in result.stderr
        assert "do not exist: returns" in result.stderr

    @pytest.mark.parametrize(
        "name", ["", "  ", "/no/such/folder", "./none", "a\x00b", "x" * 5_000, "../../../../etc", "~nobody-here/x"]
    )
    def test_refuses_what_is_no_encoder(self, faq: Faq, embedded: Product, name: str) -> None:
        for verb in ("try", "use"):
            result = faq("encoder", verb, name)
            assert (result.exit_code, result.stdout) == (1, "")
            assert result.stderr.splitlines()[-1].startswith("error: ")
            assert "Traceback" not in result.stderr
        assert numbers(embedded) == [1]
        assert not (embedded.settings.data_dir / "trial").exists()

    def test_refuses_a_broken_model_in_one_line(self, faq: Faq, embedded: Product, broken_encoder: str) -> None:
        assert "tokenizer" in failed(faq("encoder", "try", broken_encoder))

    def test_refuses_a_folder_with_something_else(
        self, start: Start, environment: dict[str, str], embedded: Product, tmp_path: Path
    ) -> None:
        (tmp_path / "photos").mkdir()
        (tmp_path / "photos" / "modules.json").write_text('[{"path": "", "type": "os.system"}]')
        environment["HF_HUB_OFFLINE"] = "1"
        process = start("encoder", "use", "photos")
        output, notes = process.communicate(timeout=120)
        assert (process.returncode, output) == (1, "")
        assert notes.splitlines()[-1].startswith("error: ")
        assert "photos" in notes.splitlines()[-1]
        assert "Traceback" not in notes
        assert numbers(embedded) == [1]

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
    def test_that_is_ended_leaves_nothing_that_anybody_trips_over(
        self, faq: Faq, start: Start, embedded: Product, shuffled: str, number: signal.Signals
    ) -> None:
        folder = embedded.settings.data_dir / "trial"
        process = begun(start, folder, shuffled)
        os.kill(process.pid, number)
        output, _ = process.communicate(timeout=60)
        assert output == ""
        if number is signal.SIGINT:
            assert process.returncode == 130
            assert not folder.exists()
        assert faq("encoder", "try", shuffled, "--json").exit_code == 0
        assert not folder.exists()
        embedded.store.delete("returns", by="test")
        assert json.loads(faq("build", "--json").stdout)["number"] == 2
        assert numbers(embedded) == [2, 1]

    def test_one_at_a_time(self, faq: Faq, embedded: Product, shuffled: str) -> None:
        with trial(embedded.settings.data_dir):
            assert "Another encoder is being tried" in failed(faq("encoder", "try", shuffled))


def begun(start: Start, folder: Path, name: str) -> subprocess.Popen[str]:
    """Start to try an encoder, and return when its index is being built beside."""
    process = start("encoder", "try", name)
    deadline = time.monotonic() + 60
    while not folder.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return process


class TestUse:
    @pytest.fixture(autouse=True)
    def _fewer(self, request: pytest.FixtureRequest) -> None:
        """Ask fewer golden questions; they show the same differences."""
        if "embedded" in request.fixturenames:
            product: Product = request.getfixturevalue("embedded")
            product.golden.replace(one for one in golden_questions() if one.language in ("en", "be"))

    def test_changes_over_to_a_better_one_live_and_back_and_again(
        self, faq: Faq, at_shuffled: Product, shuffled: str
    ) -> None:
        at_shuffled.follower.start()

        def answers_with(name: str, number: int) -> None:
            deadline = time.monotonic() + 10
            while at_shuffled.follower.searcher.encoder.id != name:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            assert at_shuffled.follower.searcher.generation.number == number

        answers_with(shuffled, 2)
        result = faq("encoder", "use", "embedded")
        assert (result.exit_code, result.stderr) == (0, "")
        assert "is better than" in result.stdout
        # The first generation is of the embedded encoder and of the same articles: nothing is encoded again, and
        # the third one is the same index, calibrated.
        assert result.stdout.endswith(
            "Generation 3 answers now, with the encoder embedded. Go back with: faq rollback\n"
        )
        answers_with("embedded", 3)
        assert faq("rollback").stdout == "Generation 2 answers now.\n"
        answers_with(shuffled, 2)
        again = used(faq, "embedded")
        assert (again["generation"], again["is_new"], again["is_active"], again["is_gated"]) == (3, False, True, False)
        assert again["comparison"]["verdict"] == "better"
        assert again["report"]["verdict"] == "passed"
        answers_with("embedded", 3)
        at_shuffled.store.delete("returns", by="test")
        assert json.loads(faq("build", "--json").stdout)["encoder"] == "embedded"

    def test_keeps_a_worse_one_from_answering(self, faq: Faq, embedded: Product, shuffled: str) -> None:
        result = faq("encoder", "use", shuffled)
        assert result.exit_code == 1
        assert "is worse than embedded beyond noise" in result.stdout
        assert "faq generations activate 2" in result.stdout
        assert "--force" in result.stdout
        assert "faq rollback" in result.stdout
        assert (active(embedded), numbers(embedded)) == (1, [2, 1])
        again = used(faq, shuffled, status=1)
        assert (again["generation"], again["is_new"], again["is_active"], again["is_gated"]) == (2, False, False, True)
        assert again["comparison"]["worse"]
        assert "failed its gates" in failed(faq("generations", "activate", "2"))
        assert faq("generations", "activate", "2", "--force").exit_code == 0
        assert json.loads(faq("ask", "How do I return an item?", "--json").stdout)["generation"] == 2

    def test_takes_a_worse_one_by_force(self, faq: Faq, embedded: Product, shuffled: str) -> None:
        forced = used(faq, shuffled, "--force")
        assert (forced["is_active"], forced["is_gated"], forced["comparison"]["verdict"]) == (True, False, "worse")
        assert active(embedded) == 2

    def test_has_nothing_to_do_where_it_answers_already(self, faq: Faq, embedded: Product) -> None:
        result = faq("encoder", "use", "embedded")
        assert (result.exit_code, result.stdout) == (
            0,
            "Nothing to do: generation 1 answers with embedded already.\n",
        )
        assert used(faq, "embedded")["is_new"] is False
        assert numbers(embedded) == [1]

    def test_refuses_without_golden_questions_unless_forced(
        self, faq: Faq, embedded: Product, other_encoder: str
    ) -> None:
        embedded.golden.replace([])
        assert "faq golden import FILE" in failed(faq("encoder", "use", other_encoder))
        assert numbers(embedded) == [1]
        result = faq("encoder", "use", other_encoder, "--force")
        assert result.exit_code == 0
        assert "Nothing is compared" in result.stderr
        assert active(embedded) == 2

    def test_takes_questions_from_a_file(self, faq: Faq, embedded: Product, other_encoder: str, tmp_path: Path) -> None:
        embedded.golden.replace([])
        (tmp_path / "mine.csv").write_bytes(write_golden(golden_questions()))
        gated = used(faq, other_encoder, "--questions", str(tmp_path / "mine.csv"), status=1)
        assert gated["comparison"]["questions"] == 448

    def test_refuses_what_a_setting_would_undo_unless_forced(
        self, faq: Faq, embedded: Product, other_encoder: str, shuffled: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FAQ_ENCODER", other_encoder)
        line = failed(faq("encoder", "use", shuffled))
        assert "FAQ_ENCODER" in line
        assert "next build goes back" in line
        assert numbers(embedded) == [1]
        forced = faq("encoder", "use", shuffled, "--force")
        assert forced.exit_code == 0
        assert "unless FAQ_ENCODER is changed or removed" in forced.stderr
        monkeypatch.setenv("FAQ_ENCODER", "embedded")
        assert used(faq, "embedded")["is_active"]

    def test_builds_the_first_index_without_ado(self, faq: Faq, empty: Path, other_encoder: str) -> None:
        faq("import", "-", stdin="question,answer\nHow?,So.\n")
        result = faq("encoder", "use", other_encoder)
        assert result.stdout == f"Generation 1 answers now, with the encoder {other_encoder}.\n"
        assert result.exit_code == 0

    def test_holds_floors_against_the_first_index_too(
        self, faq: Faq, embedded: Product, shuffled: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shutil.rmtree(embedded.generations.folder)
        monkeypatch.setenv("FAQ_GATE_COVERAGE", "1.0")
        gated = used(faq, shuffled, status=1)
        assert (gated["generation"], gated["is_gated"], gated["comparison"]) == (1, True, None)
        assert "FAQ_GATE_COVERAGE" in gated["report"]["failures"][0]
        assert gated["report"]["questions"] == len(embedded.golden.all())
        assert embedded.generations.pointer() is None

    def test_stores_a_folder_by_its_absolute_path(
        self, faq: Faq, embedded: Product, other_encoder: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(Path(other_encoder).parent)
        assert used(faq, Path(other_encoder).name, "--force")["encoder"] == other_encoder
        assert embedded.generations.load_active().manifest.encoder == other_encoder

    def test_leaves_an_encoder_that_has_gone_only_by_force(
        self, faq: Faq, embedded: Product, other_encoder: str
    ) -> None:
        build(embedded.generations, embedded.store, embedded.encoders.get(other_encoder))
        shutil.rmtree(other_encoder)
        assert other_encoder in failed(faq("encoder", "use", "embedded"))
        result = faq("encoder", "use", "embedded", "--force")
        assert result.exit_code == 0
        assert "Nothing is compared" in result.stderr
        assert embedded.generations.load_active().manifest.encoder == "embedded"

    @pytest.mark.parametrize("damaged", ["active.json", "000001/manifest.json", "000001/kinds.npy"])
    def test_lets_nothing_answer_unmeasured_where_the_index_is_damaged_unless_forced(
        self, faq: Faq, embedded: Product, shuffled: str, damaged: str
    ) -> None:
        (embedded.generations.folder / damaged).write_bytes(b"")
        assert "faq build" in failed(faq("encoder", "use", shuffled))
        assert embedded.generations._numbers() == [1]
        result = faq("encoder", "use", shuffled, "--force")
        assert (result.exit_code, result.stdout[:12]) == (0, "Generation 2")
        assert result.stderr.count("Nothing is compared: ") == 1
        assert active(embedded) == 2

    def test_waits_for_no_build(self, faq: Faq, embedded: Product, shuffled: str) -> None:
        with embedded.generations.build_lock():
            assert "under way" in failed(faq("encoder", "use", shuffled))

    def test_does_not_undo_what_others_activated_meanwhile(
        self, faq: Faq, at_shuffled: Product, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        evaluate = building.evaluate

        def overtaken(*arguments: Any, **options: Any) -> Any:
            at_shuffled.generations.activate(1)
            return evaluate(*arguments, **options)

        build(at_shuffled.generations, at_shuffled.store, at_shuffled.encoders.get("embedded"), from_scratch=True)
        at_shuffled.generations.activate(2)
        monkeypatch.setattr(building, "evaluate", overtaken)
        assert "Build again" in failed(faq("encoder", "use", "embedded"))
        assert active(at_shuffled) == 1

    def test_passes_over_a_kept_index_that_is_damaged(self, faq: Faq, at_shuffled: Product) -> None:
        (at_shuffled.generations.path(1) / "kinds.npy").write_bytes(b"")
        changed = used(faq, "embedded")
        assert (changed["generation"], changed["is_new"]) == (3, True)


def test_golden_questions_that_cannot_be_read_stop_both(
    faq: Faq, embedded: Product, shuffled: str, tmp_path: Path
) -> None:
    (tmp_path / "bad.csv").write_bytes(b"nonsense\n")
    for verb in ("try", "use"):
        assert "question" in failed(faq("encoder", verb, shuffled, "--questions", tmp_path / "bad.csv"))
        assert "cannot be read" in failed(faq("encoder", verb, shuffled, "--questions", tmp_path / "none.csv"))
    assert numbers(embedded) == [1]
