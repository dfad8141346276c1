"""From the articles to the answers: calibrated, gated, activated or kept, on the sample shop."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from api.product import Product
from api.settings import Settings
from assistant import building
from assistant.building import CALIBRATION, BuildOutcome, OvertakenError
from assistant.confidence import calibration_of
from assistant.evaluation import evaluate
from assistant.fitted import RECORD
from assistant.gate import REPORT, GenerationGatedError
from assistant.outcomes import OUTCOMES
from assistant.verdicts import ReportNotFoundError, activate_generation, is_gated, required_report
from index.builder import Progress, build
from index.encoding import EncoderError
from index.errors import BuildRunningError, NoGenerationError
from knowledge.article import make_article
from knowledge.database import Database
from knowledge.golden import GoldenQuestion
from knowledge.sample import golden_questions, sample_articles

GOLDEN = tuple(one for one in golden_questions() if one.language in ("en", "be"))
TEAPOTS = make_article(id="teapots", texts={"en": {"question": "Left-handed teapots?", "answer": "On Thursdays."}})
PATIENCE = 60.0  # seconds


@pytest.fixture(scope="session")
def template(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with the sample shop, some golden questions, and a first generation of both."""
    folder = tmp_path_factory.mktemp("gated")
    shutil.copyfile(migrated_file, folder / "faq.db")
    product = Product(Settings(data_dir=folder))
    product.importer.run(sample_articles(), filename="articles.jsonl", by="tests")
    product.golden.replace(GOLDEN)
    product.make_generation()
    product.close()
    return folder


@pytest.fixture
def open_shop(template: Path, tmp_path: Path) -> Iterator[Callable[..., Product]]:
    """Return what opens the shop with settings."""
    data = shutil.copytree(template, tmp_path / "data")
    opened: list[Product] = []

    def opening(**settings: object) -> Product:
        opened.append(Product(Settings(data_dir=data, **settings)))  # type: ignore[arg-type]
        return opened[-1]

    yield opening
    for product in opened:
        product.close()


@pytest.fixture
def shop(open_shop: Callable[..., Product]) -> Product:
    return open_shop()


def exchange(product: Product, count: int = 12) -> dict[str, str]:
    """Give articles each other's texts, so that what was right is wrong; return whose each one has now."""
    articles = product.store.get_many([version.id for version in product.store.versions()][:count])
    ids = list(articles)
    given = dict(zip(ids, [*ids[1:], ids[0]], strict=True))
    product.store.put_many([replace(articles[given[id]], id=id) for id in ids], by="tests")
    return given


def answering(product: Product) -> int:
    pointer = product.generations.pointer()
    assert pointer is not None
    return pointer.generation


def kept(product: Product) -> list[int]:
    return [manifest.number for manifest in product.generations.manifests()]


def leftovers(product: Product) -> list[str]:
    return [path.name for path in product.generations.folder.iterdir() if path.name.startswith(".building-")]


class TestCalibration:
    def test_is_part_of_the_generation_and_the_one_it_is_judged_with(self, shop: Product) -> None:
        generation = shop.generations.load_active()
        assert set(generation.attachments) == {CALIBRATION, OUTCOMES, RECORD, REPORT}
        calibration = calibration_of(shop.encoders.searcher(generation))
        assert calibration.to_json() == generation.attachments[CALIBRATION]
        assert "golden questions" in calibration.fitted_on

    def test_that_holds_leaves_nothing_to_do(self, shop: Product, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(building, "calibrate", None)
        monkeypatch.setattr(building, "evaluate", None)
        done = shop.make_generation()
        assert (done.state, done.is_new, done.manifest.number, done.is_active) == ("unchanged", False, 1, True)
        assert done.report is not None
        assert shop.calibrate_now().state == "unchanged"

    def test_is_carried_over_where_one_article_changed(self, shop: Product, monkeypatch: pytest.MonkeyPatch) -> None:
        before = shop.generations.load_active().attachments
        monkeypatch.setattr(building, "calibrate", None)
        shop.store.put(TEAPOTS, by="tests")
        done = shop.make_generation()
        assert (done.state, done.manifest.number, done.encoded) == ("active", 2, 2)
        after = shop.generations.load_active().attachments
        assert {name: after[name] for name in (CALIBRATION, RECORD)} == {
            name: before[name] for name in (CALIBRATION, RECORD)
        }

    def test_is_made_anew_where_many_articles_changed(self, shop: Product) -> None:
        before = shop.generations.load_active().attachments
        for number in range(6):
            shop.store.put(replace(TEAPOTS, id=f"teapots-{number}"), by="tests")
        assert shop.make_generation().state == "active"
        assert shop.generations.load_active().attachments[RECORD] != before[RECORD]

    @pytest.mark.parametrize("change", ["golden questions", "promised precision"])
    def test_is_made_anew_for_other(self, open_shop: Callable[..., Product], change: str) -> None:
        shop = open_shop(**({"target_precision": 0.8} if change == "promised precision" else {}))
        if change == "golden questions":
            shop.golden.replace(GOLDEN[:80])
        done = shop.make_generation()
        assert (done.state, done.is_new, done.manifest.number, done.encoded) == ("active", True, 2, 0)
        first, second = shop.generations.load(1), shop.generations.load(2)
        assert first.attachments[RECORD] != second.attachments[RECORD]
        assert first.manifest.knowledge_digest == second.manifest.knowledge_digest
        assert shop.generations.path(1).joinpath("kinds.npy").samefile(shop.generations.path(2) / "kinds.npy")
        assert done.report is not None
        assert done.report.notes[0].startswith("Only the calibration is new")
        assert done.report.compared_with == 1
        assert shop.make_generation().state == "unchanged"

    def test_of_other_golden_questions_is_not_held_against_a_new_index(self, shop: Product) -> None:
        shop.golden.replace(GOLDEN[:80])
        shop.store.put(TEAPOTS, by="tests")
        done = shop.make_generation()
        assert done.report is not None
        assert (done.state, done.report.verdict) == ("active", "passed")
        assert done.report.broken_count <= 2
        assert "as if it were calibrated with the present golden questions" in done.report.notes[0]

    def test_of_new_golden_questions_takes_no_article_with_it(self, shop: Product) -> None:
        shop.store.put(TEAPOTS, by="tests")
        shop.golden.replace(GOLDEN[:80])
        done = shop.calibrate_now()
        assert (done.state, done.manifest.number, done.manifest.articles) == ("active", 2, 68)
        assert shop.make_generation().manifest.articles == 69

    def test_needs_something_indexed(self, tmp_path: Path) -> None:
        product = Product(Settings(data_dir=tmp_path / "empty"))
        with pytest.raises(NoGenerationError):
            product.calibrate_now()
        product.close()

    def test_of_a_generation_of_an_earlier_version_is_made_by_the_next_build(self, shop: Product) -> None:
        build(shop.generations, shop.store, shop.encoder, from_scratch=True)
        assert shop.generations.load_active().attachments == {}
        done = shop.make_generation()
        assert done.is_active
        assert CALIBRATION in shop.generations.load_active().attachments


class TestGate:
    def test_passes_what_is_as_good(self, shop: Product) -> None:
        shop.store.put(TEAPOTS, by="tests")
        done = shop.make_generation()
        assert done.report is not None
        assert (done.state, done.report.verdict, done.report.compared_with) == ("active", "passed", 1)
        assert done.report.questions == len(GOLDEN)
        assert required_report(shop.generations, 2) == done.report

    def test_asks_what_is_published(self, shop: Product) -> None:
        shop.store.put(TEAPOTS, by="tests")
        done = shop.make_generation()
        again = evaluate(
            shop.encoders.searcher(shop.generations.load_active()), shop.detector, GOLDEN, policy=shop.policy
        )
        assert done.after == again

    def test_does_not_ask_the_generation_that_answers_the_same_again(
        self, shop: Product, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[int] = []

        def counted(searcher: Any, *arguments: Any, **options: Any) -> Any:
            asked.append(searcher.generation.number)
            return evaluate(searcher, *arguments, **options)

        monkeypatch.setattr(building, "evaluate", counted)
        shop.store.put(TEAPOTS, by="tests")
        done = shop.make_generation()
        assert asked == [2]
        before = evaluate(shop.encoders.searcher(shop.generations.load(1)), shop.detector, GOLDEN, policy=shop.policy)
        assert done.before is not None
        kept_of = [replace(one, searched=None) for one in before.asked]
        assert list(done.before.asked) == kept_of
        shop.make_generation(asked=GOLDEN[:40], from_scratch=True)
        assert asked == [2, 3, 2], "other questions were taken for those that were asked"

    def test_keeps_exchanged_answers_from_customers_and_names_what_took_their_place(self, shop: Product) -> None:
        shop.follower.refresh()
        given = exchange(shop)
        done = shop.make_generation()
        assert (done.state, done.manifest.number, done.is_active, answering(shop)) == ("gated", 2, False, 1)
        report = done.report
        assert report is not None
        assert "worse than generation 1 beyond noise" in report.failures[0]
        taken = {one.article_id: one.instead for one in report.broken if one.article_id in given}
        now_has = {whose: id for id, whose in given.items()}
        assert len(taken) > 5
        assert sum(now_has[str(id)] == instead for id, instead in taken.items()) > len(taken) / 2
        assert not shop.follower.refresh()
        assert shop.follower.searcher.generation.number == 1
        assert is_gated(shop.generations, 2)
        assert leftovers(shop) == []

    def test_asked_again_gives_the_same_answer_and_no_other_generation(self, shop: Product) -> None:
        exchange(shop)
        first, second = shop.make_generation(), shop.make_generation()
        assert (second.state, second.is_new, second.manifest.number) == ("gated", False, 2)
        assert first.report == second.report
        assert kept(shop) == [2, 1]

    def test_lets_a_worse_one_through_by_force_and_says_so_for_ever(self, shop: Product) -> None:
        exchange(shop)
        done = shop.make_generation(force=True)
        assert (done.state, answering(shop)) == ("active", 2)
        report = required_report(shop.generations, 2)
        assert (report.verdict, report.is_forced, report.is_gated) == ("failed", True, False)
        assert shop.generations.rollback(shop.encoders.searcher).generation == 1

    def test_refuses_to_activate_what_failed_unless_forced(self, shop: Product) -> None:
        exchange(shop)
        shop.make_generation()
        with pytest.raises(GenerationGatedError, match=r"Generation 2 failed its gates: .*beyond noise.*--force"):
            activate_generation(shop.generations, shop.encoders, 2)
        assert answering(shop) == 1
        assert activate_generation(shop.generations, shop.encoders, 2, force=True).generation == 2
        assert activate_generation(shop.generations, shop.encoders, 2).generation == 2, "it answers already"
        assert activate_generation(shop.generations, shop.encoders, 1).generation == 1

    @pytest.mark.parametrize("data", [b'{"outcome": "failed"}', b"\xff", b""])
    def test_refuses_what_carries_a_report_that_cannot_be_read(self, shop: Product, data: bytes) -> None:
        number = shop.generations.derive(1, {**shop.generations.load(1).attachments, REPORT: data}).number
        assert is_gated(shop.generations, number)
        assert required_report(shop.generations, number).is_gated
        with pytest.raises(GenerationGatedError, match=r"cannot be read \(.*faq build.*--force"):
            activate_generation(shop.generations, shop.encoders, number)
        assert answering(shop) == 1
        assert activate_generation(shop.generations, shop.encoders, number, force=True).generation == number

    def test_heeds_the_verdict_of_a_report_that_another_version_wrote(self, shop: Product) -> None:
        exchange(shop)
        shop.make_generation()
        attachments = shop.generations.load(2).attachments
        fields = orjson.loads(attachments[REPORT])
        del fields["mended"]
        number = shop.generations.derive(2, {**attachments, REPORT: orjson.dumps(fields)}).number
        assert is_gated(shop.generations, number)
        with pytest.raises(GenerationGatedError, match="beyond noise"):
            activate_generation(shop.generations, shop.encoders, number)

    def test_a_way_back_never_leads_to_one_that_failed(self, shop: Product) -> None:
        exchange(shop)
        assert shop.make_generation().state == "gated"
        exchange_back(shop)
        shop.store.put(TEAPOTS, by="tests")
        assert shop.make_generation().manifest.number == 3
        assert shop.generations.rollback(shop.encoders.searcher).generation == 1

    def test_what_failed_is_kept_to_be_looked_at(self, shop: Product) -> None:
        exchange(shop)
        shop.make_generation()
        exchange_back(shop)
        for number in range(3):
            shop.store.put(replace(TEAPOTS, id=f"teapots-{number}"), by="tests")
            assert shop.make_generation().is_active
        assert required_report(shop.generations, 2).is_gated

    def test_a_mended_base_passes(self, shop: Product) -> None:
        exchange(shop)
        assert shop.make_generation().state == "gated"
        exchange_back(shop)
        assert (shop.make_generation().state, answering(shop)) == ("unchanged", 1)

    @pytest.mark.parametrize("setting", ["gate_precision", "gate_coverage"])
    def test_holds_floors_against_what_is_no_worse(self, open_shop: Callable[..., Product], setting: str) -> None:
        shop = open_shop(**{setting: 1.0})
        shop.golden.replace([*GOLDEN, GoldenQuestion(question="How do I return an item?", article_id="refund-time")])
        done = shop.make_generation()
        assert done.report is not None
        assert (done.state, answering(shop)) == ("gated", 1)
        assert f"FAQ_{setting.upper()}" in done.report.failures[0]

    def test_can_be_told_not_to_compare(self, open_shop: Callable[..., Product]) -> None:
        shop = open_shop(gate_compare=False)
        exchange(shop)
        assert shop.make_generation().state == "active"

    def test_holds_nothing_up_without_golden_questions(self, shop: Product) -> None:
        shop.golden.replace([])
        exchange(shop)
        done = shop.make_generation()
        assert done.report is not None
        assert (done.state, done.report.verdict) == ("active", "unmeasured")
        assert "no golden questions" in done.report.notes[0]

    def test_an_article_deleted_on_purpose_holds_nothing_up(self, shop: Product) -> None:
        shop.store.delete("returns", by="tests")
        done = shop.make_generation()
        assert done.report is not None
        assert done.state == "active"
        assert list(done.report.missing_articles) == ["returns"]
        assert any("no longer exist: returns; correct them" in note for note in done.report.notes)

    def test_many_articles_deleted_by_accident_hold_it_up(self, shop: Product) -> None:
        for version in shop.store.versions()[:40]:
            shop.store.delete(version.id, by="tests")
        done = shop.make_generation()
        assert done.report is not None
        assert done.state == "gated"
        assert "have lost it: it does not exist any more" in done.report.failures[-1]

    def test_compares_nothing_where_what_answers_cannot_be_asked(
        self, shop: Product, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def gone(generation: Any) -> Any:
            raise EncoderError("The encoder has gone.")

        encoder = shop.encoder
        monkeypatch.setattr(shop.encoders, "searcher", gone)
        exchange(shop)
        done = shop.make_generation(encoder=encoder)
        assert done.report is not None
        assert (done.state, done.report.compared_with) == ("active", None)
        assert "Nothing is compared: The encoder has gone." in done.report.notes

    def test_a_generation_without_a_report_says_so(self, shop: Product) -> None:
        build(shop.generations, shop.store, shop.encoder, from_scratch=True)
        with pytest.raises(ReportNotFoundError, match="Generation 2 has never been through a gate"):
            required_report(shop.generations, 2)
        assert activate_generation(shop.generations, shop.encoders, 2).generation == 2


def exchange_back(product: Product) -> None:
    """Give every article the text it had at first."""
    product.importer.run(sample_articles(), filename="articles.jsonl", by="tests")


class TestAtOnce:
    @pytest.mark.parametrize("stage", ["calibrating", "asking"])
    def test_a_build_that_is_called_off_leaves_nothing(self, shop: Product, stage: str) -> None:
        def report(progress: Progress) -> None:
            if progress.stage == stage and progress.done > 5:
                raise InterruptedError

        exchange(shop, 30)
        with pytest.raises(InterruptedError):
            shop.make_generation(report=report)
        assert (kept(shop), leftovers(shop), answering(shop)) == ([1], [], 1)
        assert not shop.generations.is_building()

    def test_there_is_one_at_a_time(self, shop: Product, open_shop: Callable[..., Product]) -> None:
        with shop.generations.build_lock(), pytest.raises(BuildRunningError):
            open_shop().make_generation()

    def test_what_others_activated_meanwhile_is_not_undone(self, shop: Product) -> None:
        shop.store.put(TEAPOTS, by="tests")
        assert shop.make_generation().manifest.number == 2
        shop.store.put(replace(TEAPOTS, id="other"), by="tests")

        def report(progress: Progress) -> None:
            if progress.stage == "asking":
                shop.generations.activate(1)

        with pytest.raises(OvertakenError, match="Generation 1 was activated while generation 3 was made"):
            shop.make_generation(report=report)
        assert answering(shop) == 1

    def test_a_kept_generation_of_the_same_articles_is_taken_instead_of_another(self, shop: Product) -> None:
        shop.store.put(TEAPOTS, by="tests")
        shop.make_generation()
        shop.generations.rollback()
        done = shop.make_generation()
        assert (done.state, done.manifest.number, done.is_new, kept(shop)) == ("active", 2, False, [2, 1])
        shop.generations.rollback()
        assert shop.make_generation(from_scratch=True).manifest.number == 3

    def test_a_kept_generation_that_is_damaged_is_passed_over(self, shop: Product) -> None:
        shop.store.put(TEAPOTS, by="tests")
        shop.make_generation()
        shop.generations.rollback()
        (shop.generations.path(2) / "kinds.npy").write_bytes(b"")
        assert shop.make_generation().manifest.number == 3


KILLED = """
import sys, time
from pathlib import Path
from assistant import building
from assistant.build_process import BuildOptions, BuildSettings, do_build
from knowledge.database import open_database

def asking(*arguments, **options):
    print("asking", flush=True)
    time.sleep(600)

building.evaluate = asking
settings = BuildSettings(database_url=sys.argv[1], generations_folder=Path(sys.argv[2]), encoder="embedded")
do_build(settings, open_database(sys.argv[1]), sys.argv[3], BuildOptions())
"""


def test_a_build_killed_while_it_asks_leaves_nothing(
    template: Path, database: Database, database_url: str, tmp_path: Path
) -> None:
    folder = shutil.copytree(template / "generations", tmp_path / "generations")
    product = Product(Settings(data_dir=tmp_path, database_url=database_url))
    product.importer.run(sample_articles(), filename="articles.jsonl", by="tests")
    product.golden.replace(GOLDEN[:5])
    id = product.builds.request(by="anna").id
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, database_url, str(folder), id], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "asking\n"
            assert product.builds.get(id).state == "running"
        finally:
            process.kill()
    done = product.builds.get(id)
    assert (done.state, done.generation, done.report) == ("failed", None, None)
    assert (kept(product), leftovers(product), answering(product)) == ([1], [], 1)
    again: BuildOutcome = product.make_generation()
    assert again.is_active
    product.close()
