"""Apertium: which pairs are offered, what becomes of crashes, hangs and hostile text; on a made-up program
everywhere, and on the genuine one where the system has it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from assistant.translation import ApertiumEngine, ApertiumPair, TranslationError, TranslationPairError
from assistant.translation import apertium as engine_module
from assistant.translation import apertium_probes as probes_module
from assistant.translation.apertium import find_program, language_tags
from assistant.translation.apertium_pipeline import Pipeline, PipelineError, read_mode
from assistant.translation.apertium_probes import probe_sentences
from tests.assistant.apertium_programs import add_mode, build_apertium, starts

Make = Callable[..., ApertiumEngine]

GENUINE = shutil.which("apertium")
GENUINE_MODES = [
    name for name in ("bel-rus", "eng-spa") if GENUINE and Path(f"/usr/share/apertium/modes/{name}.mode").exists()
]
HOSTILE = [
    "\x00", "a\x00b", "[", "]", "^x$", "{x}", "a/b\\c@d", "<b>x</b>", "^^^$$$", "\\", "[[]]", "[][ 1]",
    "a [][ 2]\x00 b",
    "~", "😀😀", "🏳️‍🌈 ok", "\u202eabc", "שלום", "中文。", "page " * 80, "a" * 3000, "\ud800", "\uffff", "\U000f0000",
    "\U0010ffff", "\ufdd0", "XQ1 and XQ2", "%s {{x}} $1", "*word #word @word +word", "e\u0301", ".", "...", "?!",
    "\x1b[31m",
]  # fmt: skip


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Return a function that makes an engine, which is closed at the end."""
    engines: list[ApertiumEngine] = []

    def made(program: Path, *, settle: bool = True) -> ApertiumEngine:
        engines.append(ApertiumEngine(program, probes_file=tmp_path / "probes.json"))
        assert not settle or engines[-1].settle(30)
        return engines[-1]

    yield made
    for engine in engines:
        engine.close()


@pytest.fixture(params=["made-up", *GENUINE_MODES])
def working(request: pytest.FixtureRequest, tmp_path: Path, make: Make) -> tuple[ApertiumEngine, str, str]:
    """Return an engine with a pair that works, on the made-up program and on each genuine pair there is."""
    if request.param == "made-up":
        return make(build_apertium(tmp_path / "made", {"eng-spa": "upper"})), "en", "es"
    program = build_apertium(tmp_path / "genuine")
    program.unlink()
    program.symlink_to(str(GENUINE))
    shutil.copy(f"/usr/share/apertium/modes/{request.param}.mode", tmp_path / "genuine/share/apertium/modes")
    source, target = {"bel-rus": ("be", "ru"), "eng-spa": ("en", "es")}[request.param]
    return make(program), source, target


def states(engine: ApertiumEngine) -> dict[str, str]:
    return {f"{pair.source}>{pair.target}": pair.state for pair in engine.installed()}


def detail(engine: ApertiumEngine) -> str:
    (pair,) = engine.installed()
    assert pair.state == "broken"
    return str(pair.detail)


def test_a_pair_that_works_is_offered_and_translates(working: tuple[ApertiumEngine, str, str]) -> None:
    engine, source, target = working
    assert engine.pairs() == {(source, target)}
    assert engine.installed()[0].state == "works"
    for sentence in probe_sentences()[source]:
        assert engine.translate(sentence, source, target) not in ("", sentence)


def test_sentences_and_line_breaks_keep_their_places(working: tuple[ApertiumEngine, str, str]) -> None:
    engine, source, target = working
    one, other = probe_sentences()[source][:2]
    translated = engine.translate(f"{one} {other}\n\n  {other}\n", source, target)
    first, second = engine.translate(one, source, target), engine.translate(other, source, target)
    assert translated == f"{first} {second}\n\n  {second}\n"


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\t"])
def test_text_without_words_comes_back_unaltered(working: tuple[ApertiumEngine, str, str], text: str) -> None:
    engine, source, target = working
    assert engine.translate(text, source, target) == text


def test_hostile_text_comes_through_and_spoils_nothing_after_it(working: tuple[ApertiumEngine, str, str]) -> None:
    engine, source, target = working
    ordinary = probe_sentences()[source][1]
    expected = engine.translate(ordinary, source, target)
    for text in HOSTILE:
        translated = engine.translate(text, source, target)
        assert "\x00" not in translated, ascii(text)
        for character in "[]{}^$/\\@<>%🏳😀":
            assert translated.count(character) == text.count(character), (ascii(text), ascii(translated))
        assert engine.translate(ordinary, source, target) == expected, ascii(text)


@pytest.mark.parametrize("name", GENUINE_MODES)
def test_a_sentence_is_translated_exactly_as_the_genuine_program_would(name: str) -> None:
    pipeline = Pipeline(read_mode(Path(f"/usr/share/apertium/modes/{name}.mode")), path=os.defpath)
    try:
        for sentence in probe_sentences()[{"bel": "be", "eng": "en"}[name[:3]]][:3]:
            done = subprocess.run(
                [str(GENUINE), "-u", name], input=sentence, capture_output=True, text=True, check=True
            )
            assert pipeline.translate(sentence, seconds=10) == " ".join(done.stdout.split())
    finally:
        pipeline.close()


def test_no_pair_is_offered_before_it_was_tried(tmp_path: Path, make: Make) -> None:
    engine = make(build_apertium(tmp_path / "a", {"eng-spa": "upper", "bel-rus": "upper"}), settle=False)
    assert engine.pairs() == frozenset()
    assert set(states(engine).values()) <= {"untried", "works"}
    assert engine.settle(30)
    assert engine.pairs() == {("en", "es"), ("be", "ru")}


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        ("crash", "fake-proc of eng-spa crashes (SIGSEGV)"),
        ("crash:tomorrow", "fake-proc of eng-spa crashes (SIGSEGV)"),
        ("exit", "fake-proc of eng-spa ends with status 3"),
        ("hang:photo", "eng-spa does not answer"),
        ("flood", "eng-spa sends without end"),
        ("lose", "eng-spa lost the sentence"),
        ("twice", "eng-spa lost the sentence"),
        ("empty:order", "gives nothing back for an ordinary sentence"),
        ("unknown", "does not know 100% of ordinary words"),
        ("garbled", "cannot inflect 100% of ordinary words"),
        ("same", "gives every sentence back as it was"),
    ],
)
def test_a_pair_that_does_not_work_is_not_offered_and_the_reason_is_named(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch, behaviour: str, expected: str
) -> None:
    monkeypatch.setattr(probes_module, "SENTENCE_WAIT", 0.6)
    engine = make(build_apertium(tmp_path / "a", {"eng-spa": behaviour}))
    assert (engine.pairs(), detail(engine)) == (frozenset(), expected)
    with pytest.raises(TranslationPairError, match="No Apertium pair that works translates en→es"):
        engine.translate("Where is my order?", "en", "es")


def test_one_broken_pair_spoils_no_other(tmp_path: Path, make: Make) -> None:
    program = build_apertium(tmp_path / "a", {"rus-ukr": "crash", "bel-rus": "upper", "rus-bel": "exit"})
    engine = make(program)
    assert states(engine) == {"ru>uk": "broken", "be>ru": "works", "ru>be": "broken"}
    assert engine.translate("Дзе мой заказ?", "be", "ru") == "ДЗЕ МОЙ ЗАКАЗ?"


def test_a_few_unknown_words_are_no_reason_against_a_pair(tmp_path: Path, make: Make) -> None:
    assert make(build_apertium(tmp_path / "a", {"eng-spa": "unknown:tomorrow"})).pairs() == {("en", "es")}


def test_a_language_without_sentences_is_not_offered_untried(tmp_path: Path, make: Make) -> None:
    assert (
        detail(make(build_apertium(tmp_path / "a", {"szl-pol": "upper"})))
        == "there are no sentences in szl to try it with"
    )


def test_a_program_of_the_mode_that_is_missing_is_named_and_not_held_against_the_pair_for_ever(
    tmp_path: Path, make: Make
) -> None:
    program = build_apertium(tmp_path / "a", {"eng-spa": "upper"})
    stage = program.parent / "fake-proc"
    stage.rename(program.parent / "away")
    assert "no program fake-proc" in detail(make(program))
    (program.parent / "away").rename(stage)
    assert make(program).pairs() == {("en", "es")}


def test_a_restart_tries_nothing_again(tmp_path: Path, make: Make) -> None:
    program = build_apertium(tmp_path / "a", {"rus-ukr": "crash", "eng-spa": "upper"})
    first = make(program)
    first.close()
    tried = starts(program)
    assert tried == 2
    again = make(program, settle=False)
    assert again.pairs() == {("en", "es")}
    assert again.installed() == first.installed()
    assert again.pair_version("en", "es") == first.pair_version("en", "es")
    assert starts(program) == tried


def test_what_was_changed_is_tried_again_and_has_another_version(tmp_path: Path, make: Make) -> None:
    program = build_apertium(tmp_path / "a", {"rus-ukr": "crash", "eng-spa": "upper"})
    first = make(program)
    version = first.pair_version("en", "es")
    add_mode(program, "rus-ukr", "upper")
    (tmp_path / "a/share/apertium/eng-spa.bin").write_text("newer data")
    again = make(program)
    assert again.pairs() == {("en", "es"), ("ru", "uk")}
    assert again.pair_version("en", "es") != version
    assert version.startswith("9.9.9/")


@pytest.mark.parametrize(
    "content", ["", "[]", "null", "{", '{"modes": []}', '{"modes": {"eng-spa": 1}}', "\x00", "[" * 100_000]
)
def test_a_damaged_file_of_verdicts_only_costs_time(tmp_path: Path, make: Make, content: str) -> None:
    program = build_apertium(tmp_path / "a", {"eng-spa": "upper"})
    (tmp_path / "probes.json").write_text(content)
    assert make(program).pairs() == {("en", "es")}
    assert json.loads((tmp_path / "probes.json").read_text())["modes"]["eng-spa"]["trouble"] is None


def test_verdicts_that_cannot_be_written_only_cost_time(tmp_path: Path, make: Make) -> None:
    (tmp_path / "probes.json").mkdir()
    assert make(build_apertium(tmp_path / "a", {"eng-spa": "upper"})).pairs() == {("en", "es")}


def test_a_pair_installed_later_is_found(tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "RELIST_AFTER", 0.0)
    program = build_apertium(tmp_path / "a", {"eng-spa": "upper"})
    engine = make(program)
    add_mode(program, "bel-rus")
    assert engine.settle(30)
    assert engine.pairs() == {("en", "es"), ("be", "ru")}
    (tmp_path / "a/share/apertium/modes/eng-spa.mode").unlink()
    assert engine.pairs() == {("be", "ru")}


def test_programs_are_started_once_for_many_texts(tmp_path: Path, make: Make) -> None:
    program = build_apertium(tmp_path / "a", {"eng-spa": "upper"})
    engine = make(program)
    tried = starts(program)
    for number in range(50):
        assert engine.translate(f"text {number}", "en", "es") == f"TEXT {number}"
    assert starts(program) == tried + 1


@pytest.mark.parametrize("behaviour", ["crash", "exit", "flood", "lose", "twice", "hang"])
def test_a_text_on_which_a_program_fails_is_an_error_and_the_next_text_is_translated(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch, behaviour: str
) -> None:
    monkeypatch.setattr(engine_module, "SENTENCE_WAIT", 0.6)
    engine = make(build_apertium(tmp_path / "a", {"eng-spa": f"{behaviour}:unlucky"}))
    started = time.monotonic()
    for _ in range(2):
        with pytest.raises(TranslationError, match=r"Apertium failed on en→es: .*eng-spa.*faq languages install en es"):
            engine.translate("An unlucky text.", "en", "es")
        assert engine.translate("Another text.", "en", "es") == "ANOTHER TEXT."
    assert time.monotonic() - started < 5


def test_bytes_that_are_no_text_never_come_out_as_an_error_of_another_kind(tmp_path: Path, make: Make) -> None:
    engine = make(build_apertium(tmp_path / "a", {"eng-spa": "nonsense:unlucky"}))
    assert "UNLUCKY" in engine.translate("unlucky", "en", "es")


def processes_of(program: Path) -> list[str]:
    """Return the command lines of the running processes started from the program's folder."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if entry.name.isdecimal() and str(program.parent) in line:
                found.append(line)
    return found


def test_no_program_outlives_the_engine_or_a_hang(tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "SENTENCE_WAIT", 0.6)
    program = build_apertium(tmp_path / "a", {"eng-spa": "hang:unlucky", "bel-rus": "upper"})
    engine = make(program)
    assert processes_of(program) == []
    engine.translate("дзе", "be", "ru")
    assert len(processes_of(program)) == 1
    with pytest.raises(TranslationError):
        engine.translate("unlucky", "en", "es")
    assert len(processes_of(program)) == 1
    engine.close()
    assert processes_of(program) == []


def test_closing_waits_for_no_pair_that_hangs_and_keeps_nothing_against_it(tmp_path: Path, make: Make) -> None:
    program = build_apertium(tmp_path / "a", {"eng-spa": "hang:order", "bel-rus": "upper"})
    engine = make(program, settle=False)
    until = time.monotonic() + 20
    while engine.pairs() != {("be", "ru")} or not processes_of(program):
        assert time.monotonic() < until
        engine._look_at = 0.0
    started = time.monotonic()
    engine.close()
    assert time.monotonic() - started < 3
    assert processes_of(program) == []
    assert list(json.loads((tmp_path / "probes.json").read_text())["modes"]) == ["bel-rus"]


def test_a_program_killed_by_somebody_else_is_nothing_against_the_pair(tmp_path: Path, make: Make) -> None:
    program = build_apertium(tmp_path / "a", {"eng-spa": "killed"})
    assert detail(make(program)) == "fake-proc of eng-spa crashes (SIGKILL)"
    assert json.loads((tmp_path / "probes.json").read_text())["modes"] == {}


def test_programs_not_used_for_long_or_too_many_are_stopped(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "MAX_RUNNING", 2)
    monkeypatch.setattr(engine_module, "RELIST_AFTER", 0.0)
    program = build_apertium(tmp_path / "a", {"eng-spa": "upper", "bel-rus": "upper", "fra-cat": "upper"})
    engine = make(program)
    for source, target in (("en", "es"), ("be", "ru"), ("fr", "ca")):
        assert engine.translate("x", source, target) == "X"
    running = processes_of(program)
    assert len(running) == 2
    assert not any("eng-spa" in line for line in running)
    monkeypatch.setattr(engine_module, "CLOSE_AFTER", 0.0)
    engine.pairs()
    assert processes_of(program) == []
    assert engine.translate("x", "en", "es") == "X"


def test_texts_of_many_threads_are_not_mixed_up(tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "MAX_RUNNING", 1)  # so that they stop each other's programs, too
    engine = make(build_apertium(tmp_path / "a", {"eng-spa": "upper", "bel-rus": "upper"}))
    wrong: list[str] = []

    def ask(number: int) -> None:
        source, target = (("en", "es"), ("be", "ru"))[number % 2]
        for turn in range(15):
            translated = engine.translate(f"thread {number} turn {turn}", source, target)
            if translated != f"THREAD {number} TURN {turn}":
                wrong.append(translated)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    engine.close()
    assert processes_of(engine._program) == []


@pytest.mark.parametrize(
    "mode",
    ["", "|", "fake-proc |", "fake-proc; touch hacked", "fake-proc && touch hacked", "fake-proc > file", "fake-proc 'x",
     "fake-proc $(touch hacked)", "fake-proc `touch hacked`", "fake-proc || true", "(fake-proc)", "\ud800",
     "x" * 70_000],
)  # fmt: skip
def test_a_mode_that_is_more_than_programs_and_pipes_is_left_out(tmp_path: Path, make: Make, mode: str) -> None:
    program = build_apertium(tmp_path / "a", {"eng-spa": "upper"})
    path = tmp_path / "a/share/apertium/modes/bel-rus.mode"
    path.write_bytes(mode.encode("utf-8", "surrogatepass"))
    with pytest.raises(PipelineError):
        read_mode(path)
    assert make(program).pairs() == {("en", "es")}


def test_a_mode_of_several_programs_passes_text_through_all_and_names_the_one_that_crashes(tmp_path: Path) -> None:
    program = build_apertium(tmp_path / "a")
    stage = "fake-proc x $1"
    path = tmp_path / "eng-spa.mode"
    path.write_text(f"{stage} same - | cat -u | '{program.parent}/fake-proc' x $1 $2 crash:unlucky\n".replace(":", " "))
    mode = read_mode(path)
    assert [words[0].rpartition("/")[2] for words in mode.stages] == ["fake-proc", "cat", "fake-proc"]
    pipeline = Pipeline(mode, path=os.pathsep.join([str(program.parent), os.defpath]))
    try:
        assert pipeline.translate("two words", seconds=10) == "TWO WORDS"
        with pytest.raises(PipelineError, match=r"fake-proc of eng-spa crashes \(SIGSEGV\)"):
            pipeline.translate("unlucky", seconds=10)
    finally:
        pipeline.close()


def test_apertiums_own_programs_are_told_to_pass_text_on_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a-b.mode"
    path.write_text(
        "lt-proc -w '/usr/share/x y.bin' | apertium-tagger -g $2 /z.prob | sed -u s/a/b/ | lt-proc -z $1 /g.bin"
    )
    mode = read_mode(path)
    assert mode.stages == (
        ("lt-proc", "-z", "-w", "/usr/share/x y.bin"), ("apertium-tagger", "-z", "-g", "/z.prob"),
        ("sed", "-u", "s/a/b/"), ("lt-proc", "-z", "$1", "/g.bin"),
    )  # fmt: skip
    assert mode.files == (Path("/usr/share/x y.bin"), Path("/z.prob"), Path("/g.bin"))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("eng", ["en"]), ("en", ["en"]), ("bel", ["be"]), ("por_BR", ["pt-BR"]), ("eng_US", ["en-US"]),
        ("nob", ["nb"]), ("nor", ["nb"]), ("nno", ["nn"]), ("zlm", ["ms"]), ("srp_Latn", ["sr-Latn"]), ("srp", ["sr"]),
        ("hbs", ["sr-Latn", "hr", "bs"]), ("hbs_HR", ["hr"]), ("hbs_BS", ["bs"]), ("hbs_SR", ["sr-Latn"]),
        ("cat_valencia", ["ca-valencia"]), ("oc_aran", ["oc-aranes"]), ("ast", ["ast"]), ("zho", ["zh"]),
        ("nno_e", []), ("cat_iec2017", []), ("por_PTpre1990", []), ("Cyrl", []), ("", []), ("es-eo", []),
    ],
)  # fmt: skip
def test_apertiums_codes_are_mapped_to_language_tags(code: str, expected: list[str]) -> None:
    assert list(language_tags(code)) == expected


def test_a_text_of_any_serbo_croatian_language_is_read_and_one_is_written(tmp_path: Path, make: Make) -> None:
    engine = make(build_apertium(tmp_path / "a", {"hbs-eng": "upper", "eng-hbs": "upper", "eng-hbs_HR": "upper"}))
    assert engine.pairs() == {("hr", "en"), ("bs", "en"), ("sr-Latn", "en"), ("en", "sr-Latn"), ("en", "hr")}


def test_a_mode_that_leads_to_the_same_language_is_no_pair(tmp_path: Path, make: Make) -> None:
    engine = make(build_apertium(tmp_path / "a", {"nno-nno_e": "upper", "por-por_BR": "upper", "eng-spa": "upper"}))
    assert engine.installed() == (
        ApertiumPair(source="en", target="es", mode="eng-spa", state="works"),
    )  # fmt: skip


def test_the_program_is_found_named_or_switched_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = build_apertium(tmp_path / "a")
    monkeypatch.setenv("PATH", str(program.parent))
    assert find_program("auto") == program
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_program("auto") is None
    assert find_program("off") is None
    assert find_program(str(program)) == program


def test_pairs_beside_a_program_that_is_not_there_are_not_offered(tmp_path: Path, make: Make) -> None:
    program = build_apertium(tmp_path / "a", {"eng-spa": "upper"})
    missing = make(program.with_name("apertium-misspelt"))
    missing.settle()
    assert (missing.pairs(), missing.installed()) == (frozenset(), ())


def test_a_program_that_is_not_there_or_alone_has_no_pairs_and_says_so(tmp_path: Path, make: Make) -> None:
    missing = make(tmp_path / "nowhere" / "apertium")
    assert (missing.pairs(), missing.installed()) == (frozenset(), ())
    assert "there is no program" in str(missing.problem)
    program = build_apertium(tmp_path / "a")
    assert make(program).problem is None
    shutil.rmtree(tmp_path / "a" / "share")
    alone = make(program)
    assert (alone.pairs(), alone.installed(), alone.problem) == (frozenset(), (), None)


def test_a_program_that_does_not_tell_its_version_has_none(tmp_path: Path, make: Make) -> None:
    program = build_apertium(tmp_path / "a", {"eng-spa": "upper"}, version="of my own")
    assert make(program).pair_version("en", "es").startswith("unknown/")


def test_a_program_that_hangs_when_asked_for_its_version_is_killed_with_what_it_called(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.translation.apertium.SENTENCE_WAIT", 0.5)
    program = build_apertium(tmp_path / "a", {"eng-spa": "upper"})
    called = tmp_path / "called"
    program.write_text(f"#!/bin/sh\nsleep 60 &\necho $! > {called}\nwait\n", encoding="utf-8")
    assert make(program).version == "unknown"
    pid = int(called.read_text())
    deadline = time.monotonic() + 10
    while _is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _is_running(pid)


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
