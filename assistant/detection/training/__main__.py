"""Train the language model: ``python -m assistant.detection.training --data DIR --dev DIR --out FILE``."""

from __future__ import annotations

import argparse
import json
import pickle
import time
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from assistant.detection.linear import load_model
from assistant.detection.training.corpus import Corpus, read_corpus
from assistant.detection.training.examples import KINDS, cut_examples, extract, extract_texts
from assistant.detection.training.fitting import calibrate, fit, most_useful, quantise, scores
from assistant.detection.training.ideographs import count_ideographs
from assistant.detection.training.lists import PackedWords, count_words, pack, telling, word_gains
from assistant.detection.training.mixing import read_labelled, weigh
from assistant.detection.training.profile import write_profiles


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How the model of one script is trained.

    ``rows`` is how many n-grams are kept, ``prior`` what is added to calibrated log-odds,
    ``minor`` the languages of which a quarter of the ``amounts`` is drawn, ``frequency`` the power of
    a word's frequency by which single words are drawn, and ``has_words`` whether words are listed too.
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
    frequency: float = 0.3
    has_words: bool = True
    prior: Mapping[str, float] = field(default_factory=dict)
    minor: frozenset[str] = frozenset()


RECIPES: Final = {
    "latin": Recipe(
        languages=(
            "az", "bs", "ca", "cs", "da", "de", "en", "es", "et", "eu", "fi", "fr", "gl", "hr", "hu", "id", "is",
            "it", "lt", "lv", "ms", "nb", "nl", "pl", "pt", "ro", "sk", "sl", "sq", "sr", "sv", "tr", "uz", "vi",
        ),
        longest=6, bits=20, rows=400_000, amounts=(200_000, 60_000, 20_000), decay=4e-6,
        minor=frozenset(["az", "bs", "ca", "et", "eu", "gl", "hr", "is", "lt", "lv", "ms", "sl", "sq", "sr", "uz"]),
    ),
    "cyrillic": Recipe(
        languages=("be", "bg", "kk", "ky", "mk", "mn", "ru", "sr", "tg", "uk"),
        longest=5, bits=20, rows=200_000, amounts=(200_000, 60_000, 20_000), decay=4e-6,
        minor=frozenset(("kk", "ky", "mk", "mn", "sr", "tg")),
    ),
    "arabic": Recipe(
        languages=("ar", "fa", "ur"), longest=5, bits=17, rows=30_000, amounts=(30_000, 15_000, 10_000), epochs=2.0,
    ),
    # Of messages in ideographs alone about one in a hundred is Japanese (the others hold kana): ln 100.
    "han": Recipe(
        languages=("ja", "zh"), longest=3, bits=17, rows=30_000, amounts=(60_000, 0, 40_000), prior={"zh": 4.6},
        has_words=False,
    ),
}  # fmt: skip
SEED: Final = 7
USUAL: Final = ("ru", "uk", "be", "en", "es", "de", "fr", "it", "pt", "pl", "tr", "zh", "ja", "ko", "ar")
"""Languages that most customers write in; a desk serves some of them, seldom more."""
FLOOR: Final = 1e-7
"""Probability of a word never seen."""
DISCOUNT: Final = 0.5
SPOKEN_EVERYWHERE: Final = (
    "app", "bug", "email", "fi", "login", "okay", "router", "server", "web", "wi", "wifi",
    "amazon", "android", "apple", "bitcoin", "bluetooth", "chrome", "dhl", "ebay", "esim", "excel", "facebook",
    "fedex", "firefox", "galaxy", "gmail", "google", "instagram", "ios", "ipad", "iphone", "laptop", "linkedin",
    "linux", "macbook", "mastercard", "microsoft", "netflix", "outlook", "paypal", "playstation", "samsung", "skype",
    "spotify", "telegram", "tiktok", "twitter", "ubuntu", "ups", "usb", "viber", "visa", "whatsapp", "windows",
    "xbox", "youtube", "zoom",
)  # fmt: skip
"""Words of support talk and names that most languages borrow, too rare or too often translated in software to be
found by counting."""


def main() -> None:
    """Read the corpus, fit every script's model, write the model file, langdetect's profiles, the ideographs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with parallel/, dictionary/ and english/")
    parser.add_argument("--dev", type=Path, required=True, help="folder with language_id/; even lines weigh the parts")
    parser.add_argument("--out", type=Path, required=True, help="model file to write (.npz)")
    parser.add_argument("--profiles", type=Path, help="also write langdetect's profiles into this folder")
    parser.add_argument("--ideographs", type=Path, help="also write the table of ideographs (.json)")
    parser.add_argument("--cache", type=Path, help="keep the cleaned corpus here, and read it from here next time")
    arguments = parser.parse_args()
    if arguments.ideographs:
        table = json.dumps(count_ideographs(arguments.data), ensure_ascii=False, indent=1)
        arguments.ideographs.write_text(table + "\n", encoding="utf-8")
    corpus = _corpus(arguments.data, arguments.cache)
    if arguments.profiles:
        write_profiles(corpus, arguments.profiles)
    write_model(corpus, RECIPES, arguments.dev, arguments.out)


def write_model(corpus: Corpus, recipes: dict[str, Recipe], dev: Path, out: Path) -> None:
    """Train one model for each recipe and write them into one file."""
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    described: dict[str, dict[str, object]] = {}
    for script, recipe in recipes.items():
        described[script] = _train(corpus, script, recipe, arrays)
    international = sorted({*corpus.international, *SPOKEN_EVERYWHERE})
    words = {"international": " ".join(international), "english": " ".join(common_words(corpus, "en"))}
    weigh_and_save(arrays, described, words, recipes, dev, out)


def weigh_and_save(
    arrays: dict[str, npt.NDArray[np.generic]], described: dict[str, dict[str, object]], words: dict[str, str],
    recipes: dict[str, Recipe], dev: Path, out: Path,
) -> None:  # fmt: skip
    """Weigh n-grams and words of every script that has both, and write the model file."""
    _save(arrays, described, words, out)
    model = load_model(out)
    for script, recipe in recipes.items():
        if recipe.has_words:
            fitted = weigh(model.scripts[script], read_labelled(dev, script, recipe.languages), USUAL)
            print(f"{script}: {replace(fitted, offset=fitted.offset.round(2))}", flush=True)
            described[script]["mixture"] = {
                "sharpness": list(fitted.sharpness), "weight": fitted.weight, "power": fitted.power,
            }  # fmt: skip
            arrays[f"{script}.offset"] = fitted.offset.astype(np.float32)
    _save(arrays, described, words, out)


def _save(
    arrays: dict[str, npt.NDArray[np.generic]],
    described: dict[str, dict[str, object]],
    words: dict[str, str],
    out: Path,
) -> None:
    meta = json.dumps({"scripts": described, **words}, ensure_ascii=False)
    write_arrays({"meta": np.frombuffer(meta.encode("utf-8"), dtype=np.uint8), **arrays}, out)


def write_arrays(arrays: Mapping[str, npt.NDArray[np.generic]], out: Path) -> None:
    """Write an ``.npz`` file, compressed but for the weights: those hardly pack, and half of loading was unpacking."""
    with zipfile.ZipFile(out, "w") as file:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(".weights") else zipfile.ZIP_DEFLATED
            with file.open(entry, "w") as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def common_words(corpus: Corpus, language: str, least: int = 80) -> list[str]:
    """Words of three letters and more that occur at least ``least`` times in the language's lines."""
    counts = Counter(word for line in corpus.lines[language] for word in line)
    return sorted(word for word, count in counts.items() if count >= least and len(word) > 2 and word.isascii())


def _train(
    corpus: Corpus, script: str, recipe: Recipe, arrays: dict[str, npt.NDArray[np.generic]]
) -> dict[str, object]:
    began = time.monotonic()
    train, held = cut_examples(
        corpus, script, recipe.languages, amounts=recipe.amounts, minor=recipe.minor,
        frequency=recipe.frequency, seed=SEED,
    )  # fmt: skip
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
    arrays[f"{script}.buckets"] = small.buckets
    arrays[f"{script}.weights"] = small.weights
    arrays[f"{script}.scales"] = small.scales
    arrays[f"{script}.bias"] = small.bias
    arrays[f"{script}.offset"] = np.array([recipe.prior.get(code, 0.0) for code in recipe.languages], dtype=np.float32)
    words = _words(corpus, script, recipe, restored, bias, sharpness)
    for name in ("steps", "sizes", "columns", "gains"):
        arrays[f"{script}.words.{name}"] = getattr(words, name)
    print(
        f"{script}: {len(train.texts)} examples, {len(keep)} n-grams, held-out accuracy {accuracy}, "
        f"{len(words.sizes)} words, {time.monotonic() - began:.0f} s",
        flush=True,
    )
    return {
        "languages": list(recipe.languages),
        "longest": recipe.longest,
        "bits": recipe.bits,
        "power": recipe.power,
        "mixture": {"sharpness": list(sharpness), "weight": 0.0, "power": 0.0},
    }


def _words(
    corpus: Corpus, script: str, recipe: Recipe, weights: npt.NDArray[np.float32], bias: npt.NDArray[np.float32],
    sharpness: tuple[float, float],
) -> PackedWords:  # fmt: skip
    """List the words, without those whose only language is what their letters say anyway."""
    if not recipe.has_words:
        return pack({})
    counts = count_words(corpus, script, recipe.languages)
    gains = word_gains(counts, recipe.languages, floor=FLOOR, discount=DISCOUNT)
    listed = sorted(gains)
    texts = [f" {word} " for word in listed]
    features = extract_texts(texts, longest=recipe.longest, bits=recipe.bits)
    raw = scores(features, weights, bias, recipe.power)
    raw *= sharpness[0] + sharpness[1] * np.log(np.maximum(1, np.diff(features.starts)))[:, None]
    return pack(telling(listed, gains, raw))


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
