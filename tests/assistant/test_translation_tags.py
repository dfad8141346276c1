"""Which tags serve a reader of another one as their own."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assistant.translation import tags
from knowledge.article import ArticleError


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("en", ["en"]), ("be-Cyrl-BY", ["be-BY", "be"]), ("pt-BR", ["pt-BR", "pt"]),
        ("pt-AO", ["pt-AO", "pt-PT", "pt"]), ("es-MX", ["es-MX", "es-419", "es"]),
        ("en-DE", ["en-DE", "en-150", "en-001", "en"]),
        ("zh-CN", ["zh"]), ("zh-Hant-TW", ["zh-Hant"]), ("zh-MO", ["zh-Hant"]),
        ("yue", ["yue", "zh-Hant"]),
        ("no", ["nb", "nn"]), ("nn-NO", ["nn-NO", "nn", "nb"]),
        ("sr", ["sr"]), ("sr-Latn", ["sr-Latn"]), ("sh", ["sr-Latn"]), ("sr-Latn-ME", ["sr-Latn-ME", "sr-Latn"]),
        ("bs", ["bs", "hr", "sr-Latn"]), ("bs-Cyrl", ["bs-Cyrl", "sr"]), ("hi-Latn", ["hi-Latn"]), ("ht", ["ht"]),
        ("de-CH-1996", ["de-CH-1996", "de"]), ("tlh", ["tlh"]),
    ],
)  # fmt: skip
def test_a_tag_falls_back_to_wider_regions_and_other_standards_of_its_language(tag: str, expected: list[str]) -> None:
    assert list(tags.fallbacks(tag)) == expected


@example("yue")
@example("sh-BA")
@example("sh-Cyrl")
@example("zh-Hans-TW")
@example("zh-TW-pinyin")
@example("zh-Latn-TW")
@settings(max_examples=50)
@example("cnr")
@given(st.from_regex(r"[a-z]{2,3}(-(Latn|Cyrl|Hans|Hant|Arab))?(-[A-Z]{2}|-[0-9]{3})?(-[a-z]{5,8})?", fullmatch=True))
def test_a_reader_never_gets_another_script(tag: str) -> None:
    found = tags.fallbacks(tag)
    assert found[0] == tags.canonical(tag)
    assert len(set(found)) == len(found)
    assert tags.canonical(found[0]) == found[0]
    assert [tags.canonical(one) for one in found] == list(found)
    assert {tags.script(one) for one in found} == {tags.script(tag)}


def test_no_tag_is_refused() -> None:
    with pytest.raises(ArticleError, match="BCP 47"):
        tags.fallbacks("\x00")
