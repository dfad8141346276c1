"""Train the language model: ``python -m assistant.detection.training --data DIR --out FILE``."""

from __future__ import annotations

import argparse
import json
import pickle
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from assistant.detection.training.corpus import Corpus, read_corpus
from assistant.detection.training.examples import KINDS, cut_examples, extract
from assistant.detection.training.fitting import calibrate, fit, most_useful, quantise, scores
from assistant.detection.training.profile import langdetect_profile
from assistant.detection.words import words_in_script


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How the model of one script is trained.

    ``rows`` is how many n-grams are kept, ``prior`` what is added to calibrated log-odds, and
    ``minor`` the languages of which a quarter of the ``amounts`` is drawn.
    """

    languages: tuple[str, ...]
    longest: int
    bits: int
    rows: int
    amounts: tuple[int, int, int]
    epochs: float = 3.0
    rate: float = 0.6
    decay: float = 1e-5
    power: float = 0.5
    prior: Mapping[str, float] = field(default_factory=dict)
    minor: frozenset[str] = frozenset()


RECIPES: Final = {
    "latin": Recipe(
        languages=(
            "az", "bs", "ca", "cs", "da", "de", "en", "es", "et", "eu", "fi", "fr", "gl", "hr", "hu", "id", "is",
            "it", "lt", "lv", "ms", "nb", "nl", "pl", "pt", "ro", "sk", "sl", "sq", "sr", "sv", "tr", "uz", "vi",
        ),
        longest=6, bits=20, rows=150_000, amounts=(60_000, 20_000, 15_000), epochs=2.0,
        minor=frozenset(["az", "bs", "ca", "et", "eu", "gl", "hr", "is", "lt", "lv", "ms", "sl", "sq", "sr", "uz"]),
    ),
    "cyrillic": Recipe(
        languages=("be", "bg", "kk", "ky", "mk", "mn", "ru", "sr", "tg", "uk"),
        longest=5, bits=20, rows=130_000, amounts=(80_000, 30_000, 15_000), epochs=2.5,
        minor=frozenset(("kk", "ky", "mk", "mn", "sr", "tg")),
    ),
    "arabic": Recipe(
        languages=("ar", "fa", "ur"), longest=5, bits=17, rows=30_000, amounts=(30_000, 15_000, 10_000), epochs=2.0,
    ),
    # Of messages in ideographs alone about one in a hundred is Japanese (the others hold kana): ln 100.
    "han": Recipe(
        languages=("ja", "zh"), longest=3, bits=17, rows=30_000, amounts=(60_000, 0, 40_000), prior={"zh": 4.6},
    ),
}  # fmt: skip
SEED: Final = 7
SPOKEN_EVERYWHERE: Final = ("app", "bug", "email", "fi", "login", "okay", "router", "server", "web", "wi", "wifi")
"""Words of support talk that most languages borrow, too often translated in software to be found by counting."""


def main() -> None:
    """Read the corpus, fit every script's model, write the model file and langdetect's Belarusian profile."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with parallel/, dictionary/ and english/")
    parser.add_argument("--out", type=Path, required=True, help="model file to write (.npz)")
    parser.add_argument("--profile", type=Path, help="also write langdetect's Belarusian profile (.json)")
    parser.add_argument("--cache", type=Path, help="keep the cleaned corpus here, and read it from here next time")
    arguments = parser.parse_args()
    corpus = _corpus(arguments.data, arguments.cache)
    if arguments.profile:
        lines = [words_in_script(line, "cyrillic") for line in corpus.lines["be"] + corpus.terms["be"]]
        profile = langdetect_profile("be", lines)
        arguments.profile.write_text(json.dumps(profile, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    write_model(corpus, RECIPES, arguments.out)


def write_model(corpus: Corpus, recipes: dict[str, Recipe], out: Path) -> None:
    """Train one model for each recipe and write them into one file."""
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    described: dict[str, object] = {}
    for script, recipe in recipes.items():
        described[script] = _train(corpus, script, recipe, arrays)
    international = sorted({*corpus.international, *SPOKEN_EVERYWHERE})
    words = {"international": " ".join(international), "english": " ".join(common_words(corpus, "en"))}
    meta = json.dumps({"scripts": described, **words}, ensure_ascii=False)
    arrays["meta"] = np.frombuffer(meta.encode("utf-8"), dtype=np.uint8)
    np.savez_compressed(out, allow_pickle=False, **arrays)


def common_words(corpus: Corpus, language: str, least: int = 25) -> list[str]:
    """Words of three letters and more that occur at least ``least`` times in the language's lines."""
    counts = Counter(word for line in corpus.lines[language] for word in line)
    return sorted(word for word, count in counts.items() if count >= least and len(word) > 2 and word.isascii())


def _train(
    corpus: Corpus, script: str, recipe: Recipe, arrays: dict[str, npt.NDArray[np.generic]]
) -> dict[str, object]:
    began = time.monotonic()
    train, held = cut_examples(corpus, script, recipe.languages, amounts=recipe.amounts, minor=recipe.minor, seed=SEED)
    features = extract(train, longest=recipe.longest, bits=recipe.bits)
    classes = len(recipe.languages)
    weights, bias = fit(
        features, train.labels, classes=classes, bits=recipe.bits, power=recipe.power,
        epochs=recipe.epochs, rate=recipe.rate, decay=recipe.decay,
    )  # fmt: skip
    keep = most_useful(weights, features, recipe.rows)
    weights, bias = fit(
        features, train.labels, classes=classes, bits=recipe.bits, power=recipe.power,
        epochs=0.7, rate=recipe.rate / 3, decay=recipe.decay, keep=keep, weights=weights, bias=bias,
    )  # fmt: skip
    small = quantise(weights, bias, keep)
    restored = np.zeros_like(weights)
    restored[keep] = small.weights * small.scales
    held_features = extract(held, longest=recipe.longest, bits=recipe.bits)
    raw = scores(held_features, restored, bias, recipe.power)
    sharpness = calibrate(raw, held, np.diff(held_features.starts))
    right = raw.argmax(axis=1) == held.labels
    accuracy = ", ".join(
        f"{kind} {right[held.kinds == number].mean():.4f}"
        for number, kind in enumerate(KINDS)
        if (held.kinds == number).any()
    )
    print(
        f"{script}: {len(train.texts)} examples, {len(keep)} n-grams, held-out accuracy {accuracy}, "
        f"sharpness {sharpness[0]:.3f} + {sharpness[1]:.3f} ln n, {time.monotonic() - began:.0f} s",
        flush=True,
    )
    arrays[f"{script}.buckets"] = small.buckets
    arrays[f"{script}.weights"] = small.weights
    arrays[f"{script}.scales"] = small.scales
    arrays[f"{script}.bias"] = small.bias
    arrays[f"{script}.prior"] = np.array([recipe.prior.get(code, 0.0) for code in recipe.languages], dtype=np.float32)
    return {
        "languages": list(recipe.languages),
        "longest": recipe.longest,
        "bits": recipe.bits,
        "power": recipe.power,
        "sharpness": list(sharpness),
    }


def _corpus(data: Path, cache: Path | None) -> Corpus:
    if cache is not None and cache.exists():
        with cache.open("rb") as file:
            kept = pickle.load(file)
        if isinstance(kept, Corpus):
            return kept
    corpus = read_corpus(data)
    if cache is not None:
        with cache.open("wb") as file:
            pickle.dump(corpus, file)
    return corpus


if __name__ == "__main__":
    main()
