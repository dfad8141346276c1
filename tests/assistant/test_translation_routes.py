"""Routes over installed pairs, language tags, and which of an article's own texts is given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.translation import Leg, Route, choose_source, choose_text, find_route, tags
from assistant.translation.delivery import probably_read
from assistant.translation.routes import _net, all_routes
from knowledge.article import Article, ArticleError, Origin, Text


def pairs(**engines: str) -> dict[str, frozenset[tuple[str, str]]]:
    """Turn ``argos="en>be be>uk"`` into pairs by engine."""
    return {
        engine: frozenset((pair.split(">")[0], pair.split(">")[1]) for pair in known.split())
        for engine, known in engines.items()
    }


def legs(route: Route | None) -> list[str]:
    return [f"{leg.engine}:{leg.source}>{leg.target}" for leg in route.legs] if route else []


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("BE", "be"), ("be-Cyrl", "be"), ("sr-Latn", "sr-Latn"), ("sr-Cyrl-RS", "sr-RS"), ("sh", "sr-Latn"),
        ("zh-TW", "zh-Hant"), ("zh-Hant-TW", "zh-Hant"), ("zh-CN", "zh"), ("zh_Hans", "zh"), ("iw", "he"),
        ("no", "nb"), ("pt-br", "pt-BR"), ("en-Latn-US", "en-US"),
    ],
)  # fmt: skip
def test_tags_have_one_canonical_form(tag: str, expected: str) -> None:
    assert tags.canonical(tag) == expected
    assert tags.canonical(expected) == expected


@pytest.mark.parametrize("tag", ["", "*", "x", "be BY", "\x00", "😀"])
def test_what_is_no_tag_is_refused(tag: str) -> None:
    with pytest.raises(ArticleError, match="BCP 47"):
        tags.canonical(tag)


@pytest.mark.parametrize(
    ("tag", "among", "expected"),
    [
        ("pt-BR", ["pt", "pt-BR"], "pt-BR"), ("pt-PT", ["pt-BR", "pt"], "pt"), ("pt", ["pt-BR"], "pt-BR"),
        ("be-BY", ["be"], "be"), ("zh-Hant", ["zh"], None), ("zh-TW", ["zh", "zh-Hant"], "zh-Hant"),
        ("sr-Latn", ["sr"], None), ("en", ["de"], None), ("en", [], None),
    ],
)  # fmt: skip
def test_a_regional_variant_serves_and_another_script_does_not(
    tag: str, among: list[str], expected: str | None
) -> None:
    assert tags.match(tag, among) == expected


@pytest.mark.parametrize(
    ("known", "source", "target", "expected"),
    [
        (pairs(argos="en>be"), "en", "be", ["argos:en>be"]),
        (pairs(argos="en>be be>uk en>uk"), "en", "uk", ["argos:en>uk"]),
        (pairs(argos="be>en en>uk"), "be", "uk", ["argos:be>en", "argos:en>uk"]),
        (pairs(argos="be>en en>uk", apertium="be>ru ru>uk"), "be", "uk", ["apertium:be>ru", "apertium:ru>uk"]),
        (pairs(apertium="be>ru", argos="ru>en"), "be", "en", ["apertium:be>ru", "argos:ru>en"]),
        (pairs(apertium="be>ru", argos="be>ru"), "be", "ru", ["apertium:be>ru"]),
        (pairs(argos="de>fr fr>ja de>en en>ja"), "de", "ja", ["argos:de>en", "argos:en>ja"]),
        (pairs(argos="de>fr fr>ja de>cs cs>ja"), "de", "ja", ["argos:de>cs", "argos:cs>ja"]),
        (pairs(argos="en>pt"), "en-GB", "pt-BR", ["argos:en>pt"]),
        (pairs(argos="en>pt en>pt-BR"), "en", "pt-BR", ["argos:en>pt-BR"]),
        (pairs(argos="en>zh"), "en", "zh-Hant", []),
        (pairs(argos="en>be"), "be", "en", []),
        (pairs(argos="en>de de>fr fr>it"), "en", "it", []),
        (pairs(argos="en>be"), "en", "en-US", []),
        (pairs(), "en", "be", []),
        (pairs(argos="be>ru", apertium="be>ru"), "be", "ru", ["apertium:be>ru"]),
        (pairs(argos="es>pt-BR es>pt", apertium="es>pt"), "es", "pt-BR", ["apertium:es>pt"]),
        (pairs(apertium="en>es", argos="en>es"), "en", "es", ["argos:en>es"]),
        (pairs(apertium="en>es", argos="en>de de>es"), "en", "es", ["apertium:en>es"]),
        (pairs(argos="en>pt", apertium="en>pt-BR"), "en", "pt-BR", ["argos:en>pt"]),
        (pairs(argos="pt>fr", apertium="pt-BR>en"), "pt-BR", "fr", ["argos:pt>fr"]),
        (pairs(argos="en>pt pt-BR>fr"), "en", "fr", []),
        (pairs(apertium="ca>es", argos="es>en en>de es>de"), "ca", "de", ["apertium:ca>es", "argos:es>de"]),
        (
            pairs(argos="be>en en>uk be>pl pl>uk", apertium="be>ru ru>uk"),
            "be",
            "uk",
            ["apertium:be>ru", "apertium:ru>uk"],
        ),
        (pairs(argos="en>da en>nb", apertium="da>nn nb>nn"), "en", "nn", ["argos:en>nb", "apertium:nb>nn"]),
        (pairs(one="de>en", two="de>en"), "de", "en", ["one:de>en"]),
        (pairs(two="de>en", one="de>en"), "de", "en", ["two:de>en"]),
    ],
)
def test_the_shortest_route_is_found(
    known: dict[str, frozenset[tuple[str, str]]], source: str, target: str, expected: list[str]
) -> None:
    assert legs(find_route(known, source, target)) == expected


def test_a_route_names_its_pivot_and_engines() -> None:
    route = find_route(pairs(apertium="be>ru", argos="ru>en"), "be", "en")
    assert route is not None
    assert (route.pivot, route.engine) == ("ru", "apertium+argos")
    assert route.legs[0] == Leg(engine="apertium", source="be", target="ru")


def test_what_is_lost_twice_is_never_less() -> None:
    everything = pairs(
        argos="de>en en>ja ja>de de>fr fr>ja", apertium="be>ru ru>uk en>es es>pt gl>es be>uk gl>en en>pt-BR"
    )
    routes = all_routes(everything)
    direct, pivoted = [route for route in routes if not route.pivot], [route for route in routes if route.pivot]
    assert {(route.source, route.target) for route in direct} >= frozenset().union(*everything.values())
    assert len(pivoted) > 5
    assert max(route.cost for route in direct) < min(route.cost for route in pivoted)


def test_languages_that_strangers_make_up_fill_no_memory() -> None:
    installed = pairs(argos="en>be")
    for number in range(25_000):
        assert find_route(installed, "en", f"x{chr(97 + number % 26)}-{number:05d}") is None
    assert legs(find_route(installed, "en", "be")) == ["argos:en>be"]
    assert len(_net(tuple(installed.items()))._routes) <= 10_000


def test_all_routes_hold_direct_and_pivoted_ones() -> None:
    assert [(route.source, route.target, len(route.legs)) for route in all_routes(pairs(argos="be>en en>uk"))] == [
        ("be", "en", 1), ("be", "uk", 2), ("en", "uk", 1),
    ]  # fmt: skip


LANGUAGES = st.sampled_from(["en", "be", "ru", "uk", "pt", "pt-BR", "zh", "zh-Hant"])


@given(st.frozensets(st.tuples(LANGUAGES, LANGUAGES)), LANGUAGES, LANGUAGES)
def test_every_route_is_made_of_installed_pairs_that_meet(
    known: frozenset[tuple[str, str]], source: str, target: str
) -> None:
    route = find_route({"argos": known}, source, target)
    if route is None:
        assert (source, target) not in known or tags.base(source) == tags.base(target)
        return
    assert len(route.legs) <= 2
    assert all((leg.source, leg.target) in known for leg in route.legs)
    assert all(one.target == other.source for one, other in zip(route.legs, route.legs[1:], strict=False))
    assert tags.base(route.legs[0].source) == tags.base(source)
    assert tags.base(route.legs[-1].target) == tags.base(target)


def article(*languages: str) -> Article:
    """Make an article with a person's text per tag; ``be!`` is a machine's."""
    texts = []
    for language in languages:
        origin: Origin = "machine" if language.endswith("!") else "human"
        tag = language.rstrip("!")
        texts.append(Text(language=tag, question=f"{tag}?", answer=f"{tag} by a {origin}", origin=origin))
    return Article(id="returns", texts=tuple(texts), revision=1)


@pytest.mark.parametrize(
    ("languages", "language", "readable", "expected", "why"),
    [
        (["be", "en"], "be", [], "be", "exact"),
        (["en", "be"], "be-BY", [], "be", "variant"),
        (["en", "pt-BR"], "pt", [], "pt-BR", "variant"),
        (["pt", "pt-BR"], "pt-BR", [], "pt-BR", "exact"),
        (["pt", "pt-BR!"], "pt-BR", [], "pt", "variant"),
        (["be!", "ru"], "be", [], "be", "exact"),
        (["ru", "en"], "be", [], "ru", "readable"),
        (["ru", "en"], "uk", [], "en", "readable"),
        (["ru", "pl"], "uk", [], "pl", "readable"),
        (["ru", "de"], "uk", [], "ru", "readable"),
        (["ru", "de"], "uk", ["de"], "de", "readable"),
        (["ru", "de"], "uk", ["*", "", "de-AT"], "de", "readable"),
        (["es", "en"], "ca", [], "es", "readable"),
        (["es", "en"], "gl", [], "es", "readable"),
        (["ru", "en"], "kk", [], "ru", "readable"),
        (["ru!", "en"], "kk", [], "ru", "readable"),
        (["zh", "en"], "zh-Hant", [], "zh", "readable"),
        (["de", "ja"], "en", [], "de", "default"),
        (["ja", "fr"], "en", [], "fr", "any"),
        (["ja", "fr!"], "en", [], "ja", "any"),
        (["ja"], "tlh", [], "ja", "any"),
    ],
)
def test_the_best_text_is_chosen_and_the_reason_told(
    languages: list[str], language: str, readable: list[str], expected: str, why: str
) -> None:
    choice = choose_text(article(*languages), language, default_language="de", readable=readable)
    assert (choice.text.language, choice.why) == (expected, why)
    assert choice.is_in_language == (why in ("exact", "variant"))


def test_an_unreadable_language_of_the_customer_is_refused() -> None:
    choice = choose_text(article("en", "ja"), "fr", default_language="ja", readable=["\x00", "ja"])
    assert choice.text.language == "ja"


@given(
    st.lists(
        st.sampled_from(["be", "ru", "uk", "en", "pt", "pt-BR", "be!", "pt-BR!", "zh-Hant!"]),
        min_size=1, unique_by=lambda tag: tag.rstrip("!"),
    ),
    st.sampled_from(["be", "uk", "zh", "pt-PT", "en-US", "ka", "sr-Latn"]),
)  # fmt: skip
def test_some_text_is_always_chosen_and_never_a_machines_before_a_persons_of_the_same_language(
    languages: list[str], language: str
) -> None:
    made = article(*languages)
    choice = choose_text(made, language, default_language="en")
    assert choice.text in made.texts
    if choice.text.origin == "machine":
        same = [text for text in made.texts if tags.base(text.language) == tags.base(choice.text.language)]
        assert all(text.origin == "machine" for text in same)


def test_no_language_is_said_to_be_read_instead_of_itself() -> None:
    for language in ("be", "uk", "ru", "ca", "gl", "kk", "zh-Hant", "sr", "en", "qqq"):
        read = probably_read(language)
        assert tags.base(language) not in read
        assert len(set(read)) == len(read)
        assert [tags.canonical(tag) for tag in read] == list(read)


@pytest.mark.parametrize(
    ("languages", "known", "expected"),
    [
        (["en", "ru"], "en>uk ru>uk", "en"),
        (["de", "ru"], "de>uk ru>uk", "de"),
        (["en!", "ru"], "en>uk ru>uk", "ru"),
        (["en", "ru"], "en>pl pl>uk ru>uk", "ru"),
        (["en", "ru"], "be>uk", None),
    ],
)
def test_the_best_source_for_a_machine_is_chosen(languages: list[str], known: str, expected: str | None) -> None:
    installed = pairs(argos=known)
    source = choose_source(
        article(*languages), "uk", default_language="de",
        route=lambda source, target: find_route(installed, source, target),
    )  # fmt: skip
    assert (source.language if source else None) == expected
