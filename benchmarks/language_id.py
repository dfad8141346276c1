"""Language identification of short text beside lingua, langdetect and py3langid.

``python benchmarks/language_id.py DEV_DIR``, where ``DEV_DIR`` holds
``language_id/{single-words,word-pairs,sentences}/LANGUAGE.txt``. All tools choose among the same
languages and see the same lines in the same process. Even lines were used to develop (thresholds,
recipes), odd lines were not. Memory is that of each tool alone in a fresh process.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

LANGUAGES: Final = ["ru", "uk", "be", "en", "es", "de", "fr", "it", "pt", "pl", "tr", "zh", "ja", "ko", "ar"]
KINDS: Final = ("single-words", "word-pairs", "sentences")
HALVES: Final = {"developed on": 0, "held back": 1}
Identify = Callable[[str], str | None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dev", type=Path, metavar="DEV_DIR")
    parser.add_argument("--languages", nargs="+", default=LANGUAGES)
    parser.add_argument("--only-ours", action="store_true", help="leave the other tools out")
    parser.add_argument("--resident", choices=tuple(TOOLS), help="print the resident MiB of one tool, and end")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    arguments = parser.parse_args()
    if arguments.resident:
        print(resident_of(arguments.resident, arguments.languages))
        return
    texts = read_lines(arguments.dev, arguments.languages)
    report = measure(texts, arguments.languages, arguments.only_ours)
    report["served"] = measure_served(arguments.dev, arguments.only_ours)
    if arguments.json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        print_tables(report, arguments.languages)


def read_lines(dev: Path, languages: list[str]) -> dict[str, dict[str, list[str]]]:
    return {
        kind: {
            code: (dev / "language_id" / kind / f"{code}.txt").read_text(encoding="utf-8").splitlines()
            for code in languages
        }
        for kind in KINDS
    }


def measure(texts: dict[str, dict[str, list[str]]], languages: list[str], only_ours: bool) -> dict[str, object]:
    from assistant.detection import Detector

    detector = Detector(languages)
    names = ["ours"] if only_ours else list(TOOLS)
    accuracy: dict[str, object] = {}
    seconds: dict[str, dict[str, float]] = {}
    for name in names:
        identify = TOOLS[name](languages)
        identify("warm up")
        identify("прогрев")
        accuracy[name], seconds[name] = score(identify, texts)
    return {
        "accuracy": accuracy,
        "microseconds_per_text": seconds,
        "resident_mib": {name: resident_in_fresh_process(name, languages) for name in names},
        "langdetect_share": {
            kind: round(share([detector.detect(t).by for lines in texts[kind].values() for t in lines]), 4)
            for kind in KINDS
        },
        "calibration": calibration(detector, texts),
        "cost": cost(languages),
    }


def measure_served(dev: Path, only_ours: bool, lines: int | None = None) -> dict[str, object]:
    """Accuracy with all languages competing that our detector knows, meaned over those with lines to test by."""
    from assistant.detection import Detector

    served = list(Detector().languages)
    tested = [code for code in served if (dev / "language_id" / KINDS[0] / f"{code}.txt").exists()]
    texts = {
        kind: {code: found[:lines] for code, found in by_language.items()}
        for kind, by_language in read_lines(dev, tested).items()
    }
    accuracy = {name: score(TOOLS[name](served), texts)[0] for name in (["ours"] if only_ours else TOOLS)}
    return {"languages": len(served), "tested": tested, "accuracy": accuracy}


def score(
    identify: Identify, texts: dict[str, dict[str, list[str]]]
) -> tuple[dict[str, dict[str, dict[str, float]]], dict[str, float]]:
    table: dict[str, dict[str, dict[str, float]]] = {half: {} for half in HALVES}
    pace = {}
    for kind, by_language in texts.items():
        began = time.perf_counter()
        right = {code: [identify(text) == code for text in lines] for code, lines in by_language.items()}
        pace[kind] = round((time.perf_counter() - began) / sum(map(len, right.values())) * 1e6, 1)
        for half, first in HALVES.items():
            row = {code: sum(hits[first::2]) / len(hits[first::2]) for code, hits in right.items()}
            table[half][kind] = {"mean": sum(row.values()) / len(row), **row}
    return table, pace


def share(voters: list[str]) -> float:
    return sum("langdetect" in voter for voter in voters) / len(voters)


def calibration(detector: object, texts: dict[str, dict[str, list[str]]]) -> list[dict[str, float]]:
    """Stated probability against share of right answers, over the held-back half of all kinds."""
    from assistant.detection import Detector

    assert isinstance(detector, Detector)
    pairs = [
        (found.probability, found.language == code)
        for by_language in texts.values()
        for code, lines in by_language.items()
        for found in map(detector.detect, lines[1::2])
    ]
    bins = []
    for low, high in ((0.0, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 0.97), (0.97, 1.01)):
        inside = [(stated, right) for stated, right in pairs if low <= stated < high]
        if inside:
            bins.append(
                {
                    "from": low,
                    "to": min(high, 1.0),
                    "texts": len(inside),
                    "stated": round(sum(stated for stated, _ in inside) / len(inside), 3),
                    "right": round(sum(right for _, right in inside) / len(inside), 3),
                }
            )
    return bins


def ours(languages: list[str]) -> Identify:
    from assistant.detection import Detector

    detector = Detector(languages)
    return lambda text: detector.detect(text).language


def lingua(languages: list[str]) -> Identify:
    from lingua import IsoCode639_1, LanguageDetectorBuilder

    codes = [found for code in languages if (found := getattr(IsoCode639_1, code.upper(), None)) is not None]
    built = LanguageDetectorBuilder.from_iso_codes_639_1(*codes).with_preloaded_language_models().build()

    def identify(text: str) -> str | None:
        found = built.detect_language_of(text)
        return found.iso_code_639_1.name.lower() if found else None

    return identify


def restricted_py3langid(languages: list[str]) -> Identify:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages([code for code in languages if code in set(identifier.labels)])

    def identify(text: str) -> str | None:
        return str(identifier.classify(text)[0])

    return identify


def restricted_langdetect(languages: list[str]) -> Identify:
    """Identify with langdetect as it comes, with the profiles of these languages only (it has none of Belarusian)."""
    from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory
    from langdetect.lang_detect_exception import LangDetectException

    own = {"zh": ["zh-cn", "zh-tw"], "nb": ["no"]}
    names = [name for code in languages for name in own.get(code, [code])]
    paths = [Path(PROFILES_DIRECTORY) / name for name in names]
    factory = DetectorFactory()
    factory.seed = 0
    factory.load_json_profile([path.read_text(encoding="utf-8") for path in paths if path.exists()])
    plain = {name: code for code, several in own.items() for name in several}

    def identify(text: str) -> str | None:
        detector = factory.create()
        detector.append(text)
        try:
            name = detector.detect()
        except LangDetectException:
            return None
        return str(plain.get(name, name))

    return identify


TOOLS: Final[dict[str, Callable[[list[str]], Identify]]] = {
    "ours": ours,
    "lingua": lingua,
    "langdetect": restricted_langdetect,
    "py3langid": restricted_py3langid,
}
_A_FEW: Final = (
    "How do I change my delivery address?", "Как изменить адрес доставки?", "Дзе мая замова?", "Як повернути гроші?",
    "Wo ist meine Bestellung?", "¿Dónde está mi pedido?", "配送先の住所を変更したい", "我的订单在哪里？",
    "أين طلبي ومتى سيصل؟", "музей", "форум", "закона", "структура", "конкретного",
)  # fmt: skip


def resident_of(name: str, languages: list[str]) -> float:
    """Return the MiB that a tool adds to a process that has numpy already, used on a few texts of every script."""
    import numpy  # noqa: F401 - is loaded before the count begins

    before = _resident()
    identify = TOOLS[name](languages)
    for text in _A_FEW:
        identify(text)
    return round(_resident() - before, 1)


def _resident() -> float:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def resident_in_fresh_process(name: str, languages: list[str]) -> float:
    command = [sys.executable, __file__, ".", "--resident", name, "--languages", *languages]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


_COST = """
import json, sys, time
import numpy
def resident():
    for line in open('/proc/self/status'):
        if line.startswith('VmRSS'):
            return int(line.split()[1]) / 1024
before = resident(); began = time.perf_counter()
from assistant.detection import Detector
detector = Detector(sys.argv[1].split(',')); detector.detect('where is my order')
loaded = time.perf_counter() - began; ngrams = resident() - before
texts = ['How do I change my delivery address?', 'Как изменить адрес доставки?', 'Wo ist meine Bestellung?',
         'Дзе мая замова?', '¿Dónde está mi pedido?', '配送先の住所を変更したい']
for text in texts: detector.detect(text)
pace = {}
for text in texts:
    best = 1e9
    for _ in range(30):
        began = time.perf_counter()
        for _ in range(50): detector.detect(text)
        best = min(best, (time.perf_counter() - began) / 50)
    pace[text] = round(best * 1e6, 1)
from assistant.detection.langdetect_voter import LangdetectVoter
LangdetectVoter(detector.languages).probabilities(['а'], 'cyrillic', ['be', 'ru'])
print(json.dumps({'load_milliseconds': round(loaded * 1e3, 1), 'resident_mib': round(ngrams, 1),
                  'resident_mib_with_langdetect': round(resident() - before, 1), 'microseconds': pace}))
"""


def cost(languages: list[str]) -> dict[str, object]:
    """Load time, memory and pace of the detector alone, in a fresh process that has numpy already."""
    command = [sys.executable, "-c", _COST, ",".join(languages)]
    measured: dict[str, object] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return measured


def print_tables(report: dict[str, object], languages: list[str]) -> None:
    accuracy, served = report["accuracy"], report["served"]
    assert isinstance(accuracy, dict)
    assert isinstance(served, dict)
    for half in HALVES:
        print(f"\nAccuracy, half of the lines that was {half}")
        print(f"{'':24}{'mean':>8}" + "".join(f"{code:>7}" for code in languages))
        for kind in KINDS:
            for name, tables in accuracy.items():
                row = tables[half][kind]
                cells = "".join(f"{row[code]:7.3f}" for code in languages)
                print(f"{kind:13}{name:11}{row['mean']:8.4f}{cells}")
    print(f"\nAll {served['languages']} languages competing, mean over {len(served['tested'])}")
    for half in HALVES:
        for kind in KINDS:
            means = "  ".join(f"{name} {tables[half][kind]['mean']:.4f}" for name, tables in served["accuracy"].items())
            print(f"{kind:13}{half:14}{means}")
    for title in ("microseconds_per_text", "resident_mib", "langdetect_share", "calibration", "cost"):
        print(f"\n{title}: {json.dumps(report[title], ensure_ascii=False, indent=1)}")


if __name__ == "__main__":
    main()
