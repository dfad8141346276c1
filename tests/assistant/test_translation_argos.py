"""The genuine Argos library on tiny packages: install, list, translate, damage, and never the network."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from assistant.translation import (
    ArgosEngine,
    PackageError,
    TranslationError,
    TranslationPairError,
    TranslationTimeoutError,
    Translator,
)
from tests.assistant.translation_models import build_package

EN_BE = {
    "Open": "Адкрыйце", "the": "гэту", "page.": "старонку.", "page": "старонку", "and": "і", "wait": "чакайце",
    "days.": "дзён.", "See": "Гл.", "Thanks.": "Дзякуй.",
}  # fmt: skip
BE_UK = {"Адкрыйце": "Відкрийте", "гэту": "цю", "старонку.": "сторінку.", "Дзякуй.": "Дякую."}


@pytest.fixture(scope="session")
def package_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("argosmodels")
    return {
        "en_be": build_package(folder / "en_be.argosmodel", "en", "be", EN_BE),
        "be_uk": build_package(folder / "be_uk.argosmodel", "be", "uk", BE_UK),
    }


@pytest.fixture(scope="session")
def installed_once(package_files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A packages directory into which the library's own installer put two packages."""
    packages_dir = tmp_path_factory.mktemp("installed") / "packages"
    engine = ArgosEngine(packages_dir)
    for file in package_files.values():
        engine.install(file)
    return packages_dir


@pytest.fixture
def packages_dir(installed_once: Path, tmp_path: Path) -> Path:
    """A copy of its own for each test."""
    return Path(shutil.copytree(installed_once, tmp_path / "packages"))


@pytest.fixture
def engine(packages_dir: Path) -> ArgosEngine:
    return ArgosEngine(packages_dir)


@pytest.fixture
def dead_network(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Refuse every connection and look-up, loopback too, and list what was tried."""
    tried: list[object] = []

    def refuse(*args: object, **_kwargs: object) -> Any:
        tried.append(args)
        raise OSError("no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return tried


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def test_installed_packages_are_listed_as_pairs(engine: ArgosEngine) -> None:
    assert engine.pairs() == {("en", "be"), ("be", "uk")}


def test_a_missing_directory_holds_no_pairs(tmp_path: Path) -> None:
    assert ArgosEngine(tmp_path / "nowhere").pairs() == frozenset()


def test_text_is_translated_by_the_installed_model_without_network(
    engine: ArgosEngine, dead_network: list[object]
) -> None:
    assert engine.translate("Open the page.", "en", "be") == "Адкрыйце гэту старонку."
    assert dead_network == []


def test_sentences_and_line_breaks_keep_their_places(engine: ArgosEngine) -> None:
    translated = engine.translate("Open the page. Thanks.\n\n  Thanks.\n", "en", "be")
    assert translated == "Адкрыйце гэту старонку. Дзякуй.\n\n  Дзякуй.\n"


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\t"])
def test_text_without_words_comes_back_unaltered(engine: ArgosEngine, text: str) -> None:
    assert engine.translate(text, "en", "be") == text


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "😀😀", "‮abc", "a" * 3000, "page " * 120, "🏳️‍🌈 שלום"])
def test_hostile_text_gives_text_or_an_error_of_ours(engine: ArgosEngine, text: str) -> None:
    assert isinstance(engine.translate(text, "en", "be"), str)


def test_a_lone_surrogate_is_an_error_of_ours(engine: ArgosEngine) -> None:
    with pytest.raises(TranslationError, match="en→be failed"):
        engine.translate("page \ud800", "en", "be")


def test_the_same_text_is_translated_the_same_every_time(engine: ArgosEngine, packages_dir: Path) -> None:
    first = engine.translate("See the page and wait unknown words", "en", "be")
    assert first == ArgosEngine(packages_dir).translate("See the page and wait unknown words", "en", "be")
    assert first == "Гл. гэту старонку і чакайце unknown words"


def test_a_sentence_is_translated_exactly_as_the_library_itself_would(engine: ArgosEngine, packages_dir: Path) -> None:
    engine.translate("page", "en", "be")  # sets the library up
    import ctranslate2
    from argostranslate.package import Package
    from argostranslate.translate import apply_packaged_translation

    folder = packages_dir / "translate-en_be-1_0"
    whole = SimpleNamespace(split_sentences=lambda text: [text])
    translator = ctranslate2.Translator(str(folder / "model"))
    for sentence in ("Open the page.", "See page and page", "wait XQ1 days.", "snake_case page", "quite unknown"):
        theirs = apply_packaged_translation(Package(folder), sentence, translator, whole, 1)[0].value
        assert engine.translate(sentence, "en", "be") == theirs


def test_a_missing_pair_is_named_with_the_command_that_installs_it(engine: ArgosEngine) -> None:
    with pytest.raises(TranslationPairError, match=r"en→uk.*faq languages install en uk"):
        engine.translate("page", "en", "uk")


def test_the_pair_version_names_library_and_package(engine: ArgosEngine) -> None:
    assert engine.pair_version("en", "be") == f"{engine.version}/1.0"
    with pytest.raises(TranslationPairError):
        engine.pair_version("be", "en")


@pytest.mark.parametrize(("code", "tag"), [("pb", "pt-BR"), ("zt", "zh-Hant"), ("zh", "zh"), ("nb", "nb")])
def test_argos_codes_are_mapped_to_language_tags(tmp_path: Path, code: str, tag: str) -> None:
    folder = tmp_path / f"translate-en_{code}"
    (folder / "model").mkdir(parents=True)
    (folder / "metadata.json").write_text(json.dumps({"from_code": "en", "to_code": code}))
    assert ArgosEngine(tmp_path).pairs() == {("en", tag)}


@pytest.mark.parametrize(
    "metadata",
    [b"", b"[]", b"null", b"{", b"\xff\xfe", b'{"from_code": 5, "to_code": "be"}',
     b'{"from_code": "../x", "to_code": "be"}', b'{"type": "sbd", "from_code": "en", "to_code": "be"}', b"[" * 100_000],
)  # fmt: skip
def test_unreadable_metadata_hide_one_package_and_no_other(packages_dir: Path, metadata: bytes) -> None:
    (packages_dir / "translate-en_be-1_0" / "metadata.json").write_bytes(metadata)
    assert ArgosEngine(packages_dir).pairs() == {("be", "uk")}


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_metadata_that_are_no_file_hide_one_package_and_no_other(packages_dir: Path, kind: str) -> None:
    metadata = packages_dir / "translate-en_be-1_0" / "metadata.json"
    metadata.unlink()
    if kind == "pipe":
        os.mkfifo(metadata)
    elif kind == "device":
        metadata.symlink_to("/dev/zero")
    else:
        metadata.mkdir()
    assert ArgosEngine(packages_dir).pairs() == {("be", "uk")}


@pytest.mark.parametrize("file", ["model/model.bin", "sentencepiece.model"])
@pytest.mark.parametrize("damage", ["truncated", "overwritten", "missing"])
def test_a_damaged_package_is_reported_with_the_mend(packages_dir: Path, file: str, damage: str) -> None:
    path = packages_dir / "translate-en_be-1_0" / file
    content = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes(content[: len(content) // 3] if damage == "truncated" else b"\x07" * len(content))
    engine = ArgosEngine(packages_dir)
    with pytest.raises(PackageError, match=r"damaged.*faq languages install en be"):
        engine.translate("page", "en", "be")
    assert engine.translate("Дзякуй.", "be", "uk") == "Дякую."


def test_a_model_is_loaded_once_by_equal_requests_at_once(engine: ArgosEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    import ctranslate2

    loads: list[str] = []
    genuine = ctranslate2.Translator

    def counting(path: str, **arguments: Any) -> Any:
        loads.append(path)
        return genuine(path, **arguments)

    monkeypatch.setattr(ctranslate2, "Translator", counting)
    start = threading.Barrier(6)
    results: list[str] = []

    def ask() -> None:
        start.wait()
        results.append(engine.translate("Thanks.", "en", "be"))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == ["Дзякуй."] * 6
    assert len(loads) == 1


def test_only_so_many_models_stay_in_memory(engine: ArgosEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    import ctranslate2

    loads: list[str] = []
    genuine = ctranslate2.Translator

    def counting(path: str, **options: Any) -> Any:
        loads.append(path)
        return genuine(path, **options)

    monkeypatch.setattr(ctranslate2, "Translator", counting)
    monkeypatch.setattr("assistant.translation.argos.MAX_LOADED", 1)
    for source, target in (("en", "be"), ("en", "be"), ("be", "uk"), ("en", "be")):
        assert engine.translate("Thanks.", source, target)
    assert len(loads) == 3


def test_a_model_that_takes_longer_than_a_customer_waits_goes_on_loading_for_the_next(
    engine: ArgosEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ctranslate2

    loads: list[str] = []
    genuine = ctranslate2.Translator

    def slow(path: str, **arguments: Any) -> Any:
        loads.append(path)
        time.sleep(0.4)
        return genuine(path, **arguments)

    monkeypatch.setattr(ctranslate2, "Translator", slow)
    translator = Translator([engine], None, time_budget=0.1)

    async def ask(text: str) -> str:
        return (await translator.free_text(text, "en", "be")).text

    try:
        with pytest.raises(TranslationTimeoutError, match="takes longer"):
            asyncio.run(ask("Thanks."))
        answered, until = "", time.monotonic() + 30
        while not answered and time.monotonic() < until:
            with suppress(TranslationTimeoutError):
                answered = asyncio.run(ask("page"))
        assert (answered, len(loads)) == ("старонку", 1)
    finally:
        translator.close()


def test_a_newer_package_takes_the_place_of_the_older_one(
    engine: ArgosEngine, packages_dir: Path, tmp_path: Path
) -> None:
    assert engine.translate("page", "en", "be") == "старонку"
    file = build_package(tmp_path / "newer.argosmodel", "en", "be", {"page": "бачыну"}, version="1.10")
    assert engine.install(file).version == "1.10"
    assert engine.translate("page", "en", "be") == "бачыну"
    assert sorted(path.name for path in packages_dir.iterdir() if path.is_dir()) == [
        "translate-be_uk-1_0", "translate-en_be-1_10",
    ]  # fmt: skip


def test_a_package_can_be_installed_over_itself(engine: ArgosEngine, package_files: dict[str, Path]) -> None:
    engine.install(package_files["en_be"])
    assert engine.pairs() == {("en", "be"), ("be", "uk")}
    assert engine.translate("page", "en", "be") == "старонку"


def broken_files(folder: Path, good: Path) -> Iterator[tuple[str, Path]]:
    def write(name: str, content: bytes) -> Path:
        path = folder / name
        path.write_bytes(content)
        return path

    content = good.read_bytes()
    yield "empty", write("empty.argosmodel", b"")
    yield "no zip", write("text.argosmodel", b"this is no package" * 100)
    yield "truncated", write("truncated.argosmodel", content[: len(content) // 2])
    middle = len(content) // 2
    yield "flipped bytes", write("flipped.argosmodel", content[:middle] + b"\x00" * 400 + content[middle + 400 :])
    yield "missing", folder / "missing.argosmodel"
    yield "directory", folder
    with zipfile.ZipFile(folder / "nothing.argosmodel", "w"):
        pass
    yield "empty zip", folder / "nothing.argosmodel"
    with zipfile.ZipFile(folder / "outside.argosmodel", "w") as archive:
        archive.writestr("../../outside/metadata.json", b'{"from_code": "en", "to_code": "be"}')
    yield "path outside", folder / "outside.argosmodel"
    for number, name in enumerate(["model/model.bin", "sentencepiece.model", "metadata.json"]):
        file = folder / f"garbage{number}.argosmodel"
        yield f"{name} is garbage", build_package(file, "en", "be", {"page": "x"}, overrides={name: b"\x07" * 5000})


def test_a_broken_file_leaves_everything_as_it_was(
    engine: ArgosEngine, packages_dir: Path, package_files: dict[str, Path], tmp_path: Path
) -> None:
    before = contents(packages_dir)
    (tmp_path / "broken").mkdir()
    tried = []
    for name, file in broken_files(tmp_path / "broken", package_files["en_be"]):
        with pytest.raises(PackageError):
            engine.install(file)
        assert contents(packages_dir) == before, name
        assert [path.name for path in packages_dir.iterdir() if path.name.startswith(".installing")] == [], name
        tried.append(name)
    assert len(tried) == 11
    assert not (tmp_path / "outside").exists()
    assert engine.translate("page", "en", "be") == "старонку"


def test_what_a_killed_installation_left_is_no_package_and_is_removed(
    packages_dir: Path, package_files: dict[str, Path]
) -> None:
    left = packages_dir / ".installing-dead"
    shutil.copytree(packages_dir / "translate-en_be-1_0", left / "translate-en_ru-1_0")
    engine = ArgosEngine(packages_dir)
    assert engine.pairs() == {("en", "be"), ("be", "uk")}
    engine.install(package_files["en_be"])
    assert not left.exists()


@pytest.fixture
def package_index(tmp_path: Path, package_files: dict[str, Path]) -> Iterator[str]:
    """The URL of a package index on loopback that offers two versions of en→be, one of them newer."""
    folder = tmp_path / "served"
    folder.mkdir()
    build_package(folder / "newer.argosmodel", "en", "be", {"page": "бачыну"}, version="1.10")
    build_package(folder / "uk_en.argosmodel", "uk", "en", {"сторінку": "page"})
    shutil.copyfile(package_files["en_be"], folder / "older.argosmodel")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        entry = {"type": "translate", "from_code": "en", "to_code": "be", "from_name": "", "to_name": ""}
        entries = [
            {**entry, "package_version": "1.10", "links": [f"{url}/newer.argosmodel"]},
            {**entry, "package_version": "1.9", "links": [f"{url}/older.argosmodel"]},
            {
                **entry,
                "from_code": "uk",
                "to_code": "en",
                "package_version": "1.0",
                "links": [f"{url}/uk_en.argosmodel"],
            },
            {**entry, "to_code": "pb", "package_version": "1.0", "links": [f"{url}/gone.argosmodel"]},
        ]
        (folder / "index.json").write_text(json.dumps(entries))
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield url
        server.shutdown()
        thread.join()


def test_the_newest_package_of_the_index_is_installed(package_index: str, tmp_path: Path) -> None:
    engine = ArgosEngine(tmp_path / "fresh", index_url=package_index)
    (installed,) = engine.install_from_index("en", "be")
    assert installed.version == "1.10"
    assert engine.translate("page", "en", "be") == "бачыну"


def test_a_pair_the_index_lacks_is_named_with_what_it_has(package_index: str, tmp_path: Path) -> None:
    with pytest.raises(TranslationPairError, match=r"has no en→uk, and nothing.*over en.*en→be, en→pt-BR"):
        ArgosEngine(tmp_path / "fresh", index_url=package_index).install_from_index("en", "uk")


def test_a_region_is_served_by_its_languages_package(package_index: str, tmp_path: Path) -> None:
    (installed,) = ArgosEngine(tmp_path / "fresh", index_url=package_index).install_from_index("en-GB", "be-BY")
    assert (installed.source, installed.target) == ("en", "be")


def test_where_a_pair_is_missing_the_two_over_english_are_installed(package_index: str, tmp_path: Path) -> None:
    engine = ArgosEngine(tmp_path / "fresh", index_url=package_index)
    installed = engine.install_from_index("uk", "be")
    assert [(one.source, one.target) for one in installed] == [("uk", "en"), ("en", "be")]
    assert engine.pairs() == {("uk", "en"), ("en", "be")}
    assert engine.install_from_index("uk", "be") == ()


def test_of_two_over_english_only_the_missing_one_is_installed(
    package_index: str, package_files: dict[str, Path], tmp_path: Path
) -> None:
    engine = ArgosEngine(tmp_path / "fresh", index_url=package_index)
    engine.install(package_files["en_be"])
    assert [(one.source, one.target) for one in engine.install_from_index("uk", "be")] == [("uk", "en")]
    assert engine.pair_version("en", "be").endswith("/1.0")


def test_a_package_the_index_promises_and_lacks_is_reported(package_index: str, tmp_path: Path) -> None:
    engine = ArgosEngine(tmp_path / "fresh", index_url=package_index)
    with pytest.raises(TranslationError, match=r"could not be downloaded.*faq languages install FILE"):
        engine.install_from_index("en", "pt-BR")
    assert engine.pairs() == frozenset()


def test_an_index_that_is_none_is_reported(package_index: str, tmp_path: Path) -> None:
    (tmp_path / "served" / "index.json").write_bytes(b"<html>a captive portal</html>")
    with pytest.raises(TranslationError, match="no Argos package index"):
        ArgosEngine(tmp_path / "fresh", index_url=package_index).install_from_index("en", "be")


def test_without_network_the_mend_is_to_install_from_a_file(
    tmp_path: Path, dead_network: list[object], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(TranslationError, match=r"cannot be reached.*en→be.*faq languages install FILE"):
        ArgosEngine(tmp_path / "fresh").install_from_index("en", "be")
    assert len(dead_network) > 0
    assert capfd.readouterr() == ("", "")


def run_python(program: str, *arguments: str, home: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ARGOS_"))}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**environment, "HOME": str(home)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


HEAVY = "sorted({'torch', 'stanza', 'spacy', 'argostranslate', 'ctranslate2', 'sentencepiece'} & set(sys.modules))"


def test_importing_the_room_and_listing_pairs_imports_no_engine(packages_dir: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; import assistant.translation as t;"
        f"print(len(t.ArgosEngine(Path(sys.argv[1])).pairs()), {HEAVY})"
    )
    assert run_python(program, str(packages_dir), home=tmp_path) == "2 []"


def test_translating_loads_neither_torch_nor_a_splitter_and_leaves_the_home_alone(
    packages_dir: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    program = (
        "import sys; from pathlib import Path; from assistant.translation import ArgosEngine;"
        "print(ArgosEngine(Path(sys.argv[1])).translate('Thanks. Thanks.', 'en', 'be'),"
        "sorted({'torch', 'stanza', 'spacy', 'minisbd'} & set(sys.modules)))"
    )
    assert run_python(program, str(packages_dir), home=home) == "Дзякуй. Дзякуй. []"
    assert list(home.iterdir()) == []
