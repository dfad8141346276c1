"""Mending with lists of a handful of words, of which every score can be worked out by hand."""

from __future__ import annotations

import gc
import math
import weakref

import pytest

from index.spelling import NEW_LETTER, NEW_WORD, SLIP, SPACE, Lexicon, Source, new_word
from index.words import WordList


def lexicon(words: dict[str, int], language: str | None = None, **options: object) -> Lexicon:
    source = Source(words=WordList.counted(words, smoothing=0), language=language, cost=0.0, **options)  # type: ignore[arg-type]
    return Lexicon([source])


def test_a_word_costs_what_it_is_rare() -> None:
    some = lexicon({"order": 3, "return": 1})
    assert some.log("order") == pytest.approx(math.log(3 / 4))
    assert some.log("ordre") is None


def test_the_likelier_of_equally_near_words_was_meant() -> None:
    assert lexicon({"form": 9, "from": 90}).nearest("fom") == (pytest.approx(math.log(90 / 99) - SLIP), "from")


def test_a_nearer_word_beats_a_somewhat_likelier_one() -> None:
    found = lexicon({"delivery": 1, "deliver": 3}).nearest("dellivery")
    assert found is not None
    assert found[1] == "delivery"


def test_a_swap_of_neighbours_is_one_slip() -> None:
    assert lexicon({"order": 1}).nearest("odrer") == (pytest.approx(-SLIP), "order")


def test_words_too_far_away_are_not_meant() -> None:
    some = lexicon({"delivery": 1, "cat": 1})
    assert some.nearest("refund") is None
    assert some.nearest("dog") is None
    assert some.nearest("dli") is None  # three letters hold one slip


def test_a_rare_word_does_not_explain_a_short_unknown_one() -> None:
    assert lexicon({"the": 10**9, "cab": 1}).nearest("cub") is None


def test_run_together_words_are_split() -> None:
    some = lexicon({"where": 1, "is": 1, "my": 1, "order": 1})
    assert some.split("whereismyorder") == (
        pytest.approx(4 * math.log(1 / 4) - 3 * SPACE),
        ["where", "is", "my", "order"],
    )


def test_an_unknown_word_is_left_whole() -> None:
    some = lexicon({"a": 1, "is": 1, "my": 1})
    assert some.split("velomarket") is None


def test_a_run_longer_than_any_sentence_is_left_alone() -> None:
    assert lexicon({"is": 1}).split("is" * 100) is None


def test_marks_come_back() -> None:
    some = lexicon({"zurück": 1, "für": 2, "straße": 1}, "de")
    assert [some.marked(word) for word in ("zurueck", "zuruck", "fuer", "strasse", "haus")] == [
        "zurück",
        "zurück",
        "für",
        "straße",
        None,
    ]


def test_letters_a_neighbour_lacks_come_back() -> None:
    assert lexicon({"замовіў": 1, "аб'ява": 1}, "be").marked("замовиу") == "замовіў"
    assert lexicon({"аб'ява": 1}, "be").marked("абъява") == "аб'ява"
    assert lexicon({"їжа": 1}, "uk").marked("ыжа") == "їжа"


def test_other_forms_are_recognised_by_stem_or_by_beginning() -> None:
    assert lexicon({"return": 1}, "en").is_inflected("returned")
    assert not lexicon({"return": 1}, "en").is_inflected("retunred")
    assert lexicon({"дастаўка": 1}, "be").is_inflected("дастаўку")
    assert not lexicon({"дастаўка": 1}, "be").is_inflected("дсатаўку")
    assert not lexicon({"return": 1}, None).is_inflected("returned")


def test_a_list_that_only_knows_words_mends_none() -> None:
    some = lexicon({"order": 1}, is_mending=False)
    assert some.log("order") == 0.0
    assert some.nearest("ordre") is None


def test_only_words_written_as_a_language_is_can_be_mended() -> None:
    assert lexicon({"order": 1}, "en").can_mend("odrer")
    assert not lexicon({"order": 1}, "en").can_mend("заказ")
    assert not lexicon({"order": 1}, None).can_mend("odrer")
    assert not lexicon({"order": 1}, "en", is_mending=False).can_mend("odrer")


def test_words_of_a_less_likely_language_cost_more() -> None:
    own, other = WordList.counted({"bei": 1}, smoothing=0), WordList.counted({"bed": 1}, smoothing=0)
    some = Lexicon([Source(words=own, language="de", cost=0.0), Source(words=other, language="en", cost=1.0)])
    assert some.log("bed") == -1.0
    assert some.nearest("bex") == (pytest.approx(-SLIP), "bei")


def test_every_further_letter_makes_a_new_word_less_likely() -> None:
    costs = [new_word(letters) for letters in range(1, 40)]
    assert costs == sorted(costs, reverse=True)
    assert costs[0] == pytest.approx(-NEW_WORD - NEW_LETTER)


@pytest.mark.parametrize("language", [None, "de", "be"])
def test_nothing_of_a_list_stays_when_nobody_reads_with_it_any_more(language: str | None) -> None:
    words = WordList.counted({"zurück": 1, "замовіў": 1}, smoothing=0)
    some = Lexicon([Source(words=words, language=language, cost=0.0)])
    assert {some.marked("zuruck"), some.marked("замовиў")} > {None}
    left = weakref.ref(words)
    del words, some
    gc.collect()
    assert left() is None
