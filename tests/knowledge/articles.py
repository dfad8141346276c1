"""Articles for the tests of this room: two by hand, and a strategy for any that can exist."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from knowledge.article import Article, make_article

RETURNS = make_article(
    id="returns",
    tags=["shop", "delivery"],
    url="https://example.org/returns",
    texts={
        "en": {
            "question": "How do I return an item?",
            "answer": "Write to us within 14 days.",
            "alternate_questions": ["Can I send it back?", "return policy"],
        },
        "be": {"question": "Як вярнуць тавар?", "answer": "Напішыце нам цягам 14 дзён.", "origin": "machine"},
    },
)
PAYMENT = make_article(
    id="payment", tags=["shop"], texts={"en": {"question": "How can I pay?", "answer": "By card, or in cash 100%."}}
)


def article(id: str, question: str = "What is it?", language: str = "en", **rest: Any) -> Article:
    """Make an article with one text."""
    return make_article(id=id, texts={language: {"question": question, "answer": "This."}}, **rest)


_SIGNS = "=1+1 +1 -1 @SUM(A1) '=1 ''-x 'x \" \"\" a\"b , ; a;b %_\\ e\u0301 \u202eabc \ufeff مرحبا 👩‍👩‍👧 ＡＢ ＝1 İ ß"
_nasty = st.sampled_from([*_SIGNS.split(" "), "\t", "\n", "\r\n", "\u2028", "\x85", "\x0b", "a, b; c"])
_any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=6)
_words = st.lists(st.one_of(_nasty, _any_text), max_size=4).map("".join)
_required = st.tuples(_words, _words).map(lambda pair: f"{pair[0]}7{pair[1]}")
_texts = st.fixed_dictionaries(
    {
        "question": _required,
        "answer": _required,
        "alternate_questions": st.lists(_required, max_size=3),
        "origin": st.sampled_from(["human", "machine"]),
    }
)
_days = st.one_of(st.none(), st.dates())


@st.composite
def articles(draw: st.DrawFn, id: str | None = None) -> Article:
    """Draw any article that can be made."""
    first, last = draw(_days), draw(_days)
    if first and last and last < first:
        first, last = last, first
    return make_article(
        id=id or draw(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,5}", fullmatch=True)),
        texts=draw(st.dictionaries(st.sampled_from(["en", "be", "pt-BR", "ar"]), _texts, min_size=1, max_size=2)),
        tags=draw(st.lists(_required, max_size=3)),
        url=draw(st.sampled_from([None, "https://example.org/a?b=c,d;e#'f"])),
        valid_from=first,
        valid_until=last,
        review_by=draw(_days),
    )


def collections() -> st.SearchStrategy[list[Article]]:
    """Draw a few articles with distinct ids, in id order."""
    return st.lists(articles(), max_size=2, unique_by=lambda one: one.id).map(
        lambda some: sorted(some, key=lambda one: one.id)
    )
