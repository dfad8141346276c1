"""``faq languages`` and ``faq detect``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.detection import Detector
from tests.api.cli.conftest import Faq, Start, failed, rows
from tests.assistant.apertium_programs import build_apertium
from tests.assistant.translation_models import build_package

LINES = [
    b"Prywitanne? How do I return an item I bought last week?",
    "Як мне вярнуць тавар, які я купіў у вашай краме?".encode(),
    b"",
    b"12345 !!!",
    b"\xff\xfe\x00 \xc3\x28",
    "one\u2028line\x85still\x0bone\x0cline\rone".encode(),
    "Де моє замовлення, будь ласка?".encode() + b"\r",
    "👍".encode(),
]


def test_every_line_in_is_one_line_out(faq: Faq) -> None:
    result = faq("detect", stdin=b"\n".join(LINES) + b"\n")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = [line.split("\t") for line in result.stdout.removesuffix("\n").split("\n")]
    assert len(lines) == len(LINES)
    tags = [tag for tag, _ in lines]
    assert (tags[0], tags[1], tags[2], tags[3], tags[6], tags[7]) == ("en", "be", "und", "und", "uk", "und")
    detector = Detector()
    for line, (tag, probability) in zip(LINES, lines, strict=True):
        found = detector.detect(line.removesuffix(b"\r").decode(errors="replace"))
        assert (tag, probability) == (found.language or "und", f"{found.probability:.4f}")


def test_a_last_line_without_an_end_counts_and_nothing_gives_nothing(faq: Faq) -> None:
    assert faq("detect", stdin=b"How do I return this?").stdout.startswith("en\t")
    assert faq("detect", stdin=b"").stdout == ""


def test_json_is_one_object_a_line(faq: Faq) -> None:
    documents = [json.loads(line) for line in faq("detect", "--json", stdin=b"\n".join(LINES)).stdout.splitlines()]
    assert [document["language"] for document in documents[:4]] == ["en", "be", None, None]
    assert documents[1]["ranked"][0] == ["be", documents[1]["probability"]]


def test_plain_output_is_the_language_and_json_the_script_too(faq: Faq) -> None:
    line = "如何更改密碼"
    assert faq("detect", stdin=line).stdout.startswith("zh\t")
    document = json.loads(faq("detect", "--json", stdin=line).stdout)
    assert (document["language"], document["script"], document["tag"]) == ("zh", "Hant", "zh-Hant")


def test_candidates_can_be_named(faq: Faq, monkeypatch: pytest.MonkeyPatch) -> None:
    line = "Де моє замовлення, будь ласка?"
    assert faq("detect", "--languages", "ru, be", stdin=line).stdout[:3] in ("ru\t", "be\t")
    warned = faq("detect", "--languages", "uk,tlh", stdin=line)
    assert warned.stdout.startswith("uk\t")
    assert "tlh" in warned.stderr
    assert "choose from" in failed(faq("detect", "--languages", "tlh", stdin=line))
    monkeypatch.setenv("FAQ_LANGUAGES", '["ru", "be"]')
    assert faq("detect", stdin=line).stdout[:3] in ("ru\t", "be\t")


def test_a_line_in_none_of_the_candidates_has_the_likeliest_one_while_it_has_a_likelihood(faq: Faq) -> None:
    lines = "Wie kann ich den Artikel zurückgeben, den ich gekauft habe?\nCześć, gdzie?\nこれを返品できますか\n"
    told = [line.split("\t") for line in faq("detect", "--languages", "be,en", stdin=lines).stdout.splitlines()]
    detector = Detector(["be", "en"])
    found = [detector.detect(line) for line in lines.splitlines()]
    assert found[2].language is None
    assert [tag for tag, _ in told] == [one.language if one.language and one.probability else "und" for one in found]
    assert {tag for tag, probability in told if float(probability) >= 0.0001} <= {"en"}
    assert all(one.probability < 0.1 for one in found)


def test_a_language_of_the_settings_that_cannot_be_identified_is_told(
    faq: Faq, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAQ_LANGUAGES", '["be", "tlh"]')
    warned = faq("detect", stdin="Як вярнуць тавар?")
    assert warned.stdout.startswith("be\t")
    assert "tlh" in warned.stderr


def test_a_line_is_answered_before_the_next_one_comes(start: Start) -> None:
    process = start("detect", bufsize=1)
    assert process.stdin is not None
    assert process.stdout is not None
    for line, tag in (("How do I return an item?", "en"), ("Де моє замовлення, будь ласка?", "uk")):
        process.stdin.write(f"{line}\n")
        process.stdin.flush()
        assert process.stdout.readline().startswith(f"{tag}\t")
    process.stdin.close()
    assert process.wait(60) == 0


def test_languages_are_listed_with_what_is_done_in_each(faq: Faq, shop: Path) -> None:
    listed = {row["tag"]: row for row in rows(faq("languages"))}
    assert listed["be"] == {
        "tag": "be", "language": "Belarusian", "identified": "yes", "searched": "yes", "articles": "68 of 68",
        "translated from": "", "engine": "", "phrases": "yes",
    }  # fmt: skip
    assert (listed["fr"]["articles"], listed["fr"]["phrases"]) == ("0 of 68", "yes")
    # A text shows its script, and not its region; both are searched like their language.
    told = {tag: (listed[tag]["identified"], listed[tag]["searched"]) for tag in ("zh-Hant", "sr-Latn", "pt-BR")}
    assert told == {"zh-Hant": ("yes", "yes"), "sr-Latn": ("yes", "yes"), "pt-BR": ("no", "yes")}
    items = json.loads(faq("languages", "--json").stdout)["items"]
    assert [item["code"] for item in items] == list(listed)


def test_languages_are_listed_before_anything_is_built(faq: Faq, empty: Path) -> None:
    assert {row["articles"] for row in rows(faq("languages"))} == {"0 of 0"}


def test_a_package_file_is_installed_and_listed(faq: Faq, shop: Path, tmp_path: Path) -> None:
    package = build_package(tmp_path / "en_pl.argosmodel", "en", "pl", {"hello": "czesc"})
    assert faq("languages", "install", package).stdout == "Installed en→pl 1.0.\n"
    row = next(row for row in rows(faq("languages")) if row["tag"] == "pl")
    assert (row["translated from"], row["engine"]) == ("en", "argos")
    document = json.loads(faq("languages", "install", package, "--json").stdout)
    (installed,) = document["items"]
    assert (installed["source"], installed["target"], installed["version"]) == ("en", "pl", "1.0")
    assert document["pivot"] is None


def test_a_file_that_is_no_package_is_refused(faq: Faq, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.argosmodel").write_bytes(b"PK nonsense")
    assert "no Argos package" in failed(faq("languages", "install", tmp_path / "broken.argosmodel"))
    assert "no file" in failed(faq("languages", "install", "missing.argosmodel"))


def test_without_a_network_the_way_to_install_a_file_is_named(faq: Faq, shop: Path) -> None:
    result = faq("languages", "install", "en", "es")
    assert result.exit_code == 1
    assert "faq languages install FILE" in result.stderr.splitlines()[-1]


def test_the_systems_own_pairs_are_listed_with_those_that_do_not_work(
    faq: Faq, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = build_apertium(tmp_path / "system", {"bel-rus": "upper", "rus-ukr": "crash", "eng-cat": "upper"})
    monkeypatch.setenv("FAQ_APERTIUM", str(program))
    faq("languages", "install", build_package(tmp_path / "en_pl.argosmodel", "en", "pl", {"hello": "czesc"}))
    result = faq("languages")
    listed = {row["tag"]: (row["translated from"], row["engine"]) for row in rows(result)}
    assert (listed["ru"], listed["ca"], listed["pl"]) == (("be", "apertium"), ("en", "apertium"), ("en", "argos"))
    assert listed["uk"] == ("", "")
    assert result.stderr.splitlines() == [
        "apertium: ru→uk is installed and not used: fake-proc of rus-ukr crashes (SIGSEGV)"
    ]
    document = json.loads(faq("languages", "--json").stdout)
    assert [(engine["name"], len(engine["pairs"]), len(engine["broken"])) for engine in document["engines"]] == [
        ("argos", 1, 0), ("apertium", 2, 1),
    ]  # fmt: skip
    ru = next(item for item in document["items"] if item["code"] == "ru")
    assert ru["routes"] == [{"source": "be", "pivot": None, "engine": "apertium"}]


def test_what_the_system_could_do_instead_is_named_where_nothing_can_be_downloaded(
    faq: Faq, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert faq("languages", "install", "be", "ru").stderr.endswith(
        "Or use the system's Apertium for be→ru: apt install apertium apertium-bel-rus\n"
    )
    assert "apt install" not in faq("languages", "install", "ru", "be").stderr
    monkeypatch.setenv("FAQ_APERTIUM", str(build_apertium(tmp_path / "system", {"bel-rus": "upper"})))
    result = faq("languages", "install", "be-BY", "ru")
    assert result.exit_code == 1
    assert result.stderr.endswith("Nothing is needed, though: the Apertium of this system translates be-BY→ru.\n")


def test_an_apertium_that_is_not_where_it_is_said_to_be_is_named(
    faq: Faq, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAQ_APERTIUM", str(tmp_path / "apertium"))
    result = faq("languages")
    assert (result.exit_code, f"there is no program {tmp_path / 'apertium'}" in result.stderr) == (0, True)
