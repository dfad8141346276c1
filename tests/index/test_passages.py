from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from index.passages import PIECE_LENGTH, Passage, PassageKind, passages, pieces
from knowledge.article import make_article
from tests.index.finding import RETURNS


def test_an_article_gives_question_alternates_and_answer_of_every_language() -> None:
    assert passages(RETURNS) == [
        Passage(PassageKind.QUESTION, "de", "Wie sende ich einen Artikel zurück?"),
        Passage(PassageKind.ALTERNATE, "de", "Rückgaberecht"),
        Passage(PassageKind.ANSWER, "de", "Innerhalb von 14 Tagen."),
        Passage(PassageKind.QUESTION, "en", "How do I return an item?"),
        Passage(PassageKind.ALTERNATE, "en", "Can I send it back?"),
        Passage(PassageKind.ALTERNATE, "en", "return policy"),
        Passage(PassageKind.ANSWER, "en", "Send it back within 14 days."),
    ]


def test_sentences_share_a_piece_until_it_is_full() -> None:
    assert pieces("One. Two! Three?", length=10) == ["One. Two!", "Three?"]
    assert pieces("One. Two! Three?", length=400) == ["One. Two! Three?"]


def test_lines_and_full_stops_of_every_script_end_a_sentence() -> None:
    assert pieces("first line\nsecond", length=10) == ["first line", "second"]
    assert pieces("退款需要三天。请联系客服！好吗？", length=8) == ["退款需要三天。", "请联系客服！", "好吗？"]
    assert pieces("नमस्ते। धन्यवाद।", length=8) == ["नमस्ते।", "धन्यवाद।"]
    assert pieces("هل وصل؟ نعم.", length=8) == ["هل وصل؟", "نعم."]


def test_a_sentence_that_is_too_long_is_cut_between_words_where_it_has_any() -> None:
    assert pieces("aaa bbb ccc ddd", length=8) == ["aaa bbb", "ccc ddd"]
    assert pieces("x" * 20, length=8) == ["x" * 8, "x" * 8, "x" * 4]


def test_a_number_with_a_point_is_not_cut() -> None:
    assert pieces("It costs 1.50 EUR.", length=400) == ["It costs 1.50 EUR."]


def test_an_answer_of_nothing_has_no_pieces() -> None:
    assert pieces("") == []
    assert pieces(" \n \n ") == []


@given(st.text(max_size=300), st.integers(1, 40))
def test_pieces_lose_no_letter_and_are_never_too_long_or_empty(answer: str, length: int) -> None:
    cut = pieces(answer, length=length)
    assert all(0 < len(piece) <= length for piece in cut)
    assert "".join("".join(cut).split()) == "".join(answer.split())


def test_the_longest_answer_without_a_space_is_cut_at_once() -> None:
    assert [len(piece) for piece in pieces("ы" * 50_000)] == [PIECE_LENGTH] * 125


def test_digests_tell_apart_what_is_encoded_differently() -> None:
    question = Passage(PassageKind.QUESTION, "en", "PayPal")
    assert question.digest() == Passage(PassageKind.ALTERNATE, "en", "PayPal").digest()
    others = [
        Passage(PassageKind.ANSWER, "en", "PayPal"),
        Passage(PassageKind.QUESTION, "de", "PayPal"),
        Passage(PassageKind.QUESTION, "en", "PayPal?"),
    ]
    assert len({passage.digest() for passage in (question, *others)}) == 4
    assert all(len(passage.digest()) == 16 for passage in others)


def test_passages_of_equal_articles_are_equal_whatever_order_the_texts_came_in() -> None:
    texts = {"en": {"question": "Where?", "answer": "Here."}, "be": {"question": "Дзе?", "answer": "Тут."}}
    assert passages(make_article(id="a", texts=texts)) == passages(
        make_article(id="a", texts=dict(reversed(texts.items())))
    )
