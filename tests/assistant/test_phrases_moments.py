"""Promised times as people say them: in every language, region and time zone."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime

import pytest

from assistant.phrases import Phrasebook
from tests.assistant.phrase_files import LANGUAGES

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 14, tzinfo=UTC)


@pytest.fixture(scope="module")
def book() -> Phrasebook:
    return Phrasebook()


class TestMoment:
    @pytest.mark.parametrize(
        ("language", "said"),
        [
            ("ar", "الاثنين، 23 نوفمبر، 5:00 م"),
            ("be", "панядзелак, 23 лістапада, 17:00"),
            ("cs", "pondělí 23. listopadu 17:00"),
            ("de", "Montag, 23. November, 17:00"),
            ("en", "Monday, November 23, 5:00 PM"),
            ("es", "lunes, 23 de noviembre, 17:00"),
            ("fr", "lundi 23 novembre, 17:00"),
            ("it", "lunedì 23 novembre, 17:00"),
            ("nl", "maandag 23 november, 17:00"),
            ("pl", "poniedziałek, 23 listopada, 17:00"),
            ("pt", "segunda-feira, 23 de novembro 17:00"),
            ("ro", "luni, 23 noiembrie, 17:00"),
            ("ru", "понедельник, 23 ноября, 17:00"),
            ("tr", "23 Kasım Pazartesi 17:00"),
            ("uk", "понеділок, 23 листопада, 17:00"),
            ("zh", "11月23日星期一 17:00"),
            ("en-GB", "Monday, 23 November, 17:00"),
            ("mt-MT", "Monday, 23 November, 17:00"),
            ("el", "Δευτέρα 23 Νοεμβρίου, 5:00 μ.μ."),
            ("ar-EG", "الاثنين، ٢٣ نوفمبر، ٥:٠٠ م"),
            ("bg", "понеделник, 23 ноември, 17:00"),
            ("da", "mandag den 23. november 17.00"),
            ("fa", "دوشنبه ۲۳ نوامبر،\u200f ۱۷:۰۰"),
            ("fi", "maanantai 23. marraskuuta 17.00"),
            ("hr", "ponedjeljak, 23. studenoga 17:00"),
            ("bs-BA", "ponedjeljak, 23. studenoga 17:00"),
            ("hu", "november 23., hétfő 17:00"),
            ("ko", "11월 23일 월요일 오후 5:00"),
            ("lt", "lapkričio 23 d., pirmadienis 17:00"),
            ("nb", "mandag 23. november, 17:00"),
            ("nn-NO", "mandag 23. november, 17:00"),
            ("sk", "pondelok 23. novembra, 17:00"),
            ("sl", "ponedeljek, 23. november, 17:00"),
            ("sr", "понедељак, 23. новембар 17:00"),
            ("sr-Latn-ME", "ponedeljak, 23. novembar 17:00"),
            ("sv", "måndag 23 november 17:00"),
            ("he-IL", "יום שני, 23 בנובמבר, 17:00"),
            ("hi", "सोमवार, 23 नवंबर, 5:00 pm"),
            ("hy", "23 նոյեմբերի, երկուշաբթի, 17:00"),
            ("id", "Senin, 23 November 17.00"),
            ("ja", "11月23日月曜日 17:00"),
            ("ka", "ორშაბათი, 23 ნოემბერი, 17:00"),
            ("kk", "23 қараша, дүйсенбі, 17:00"),
            ("pt-BR", "segunda-feira, 23 de novembro 17:00"),
            ("vi", "17:00 Thứ Hai, 23 tháng 11"),
            ("zh-Hant-TW", "11月23日 星期一 下午5:00"),
            ("be-tarask", "панядзелак, 23 лістапада, 17:00"),
            ("ru-\ud800", "понедельник, 23 ноября, 17:00"),
        ],
    )
    def test_is_said_as_people_say_it(self, book: Phrasebook, language: str, said: str) -> None:
        moment = book.moment(MONDAY, language, timezone="Europe/Minsk", now=NOW)
        assert re.sub(r"\s", " ", moment) == said

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_has_the_year_only_where_it_differs(self, book: Phrasebook, language: str) -> None:
        january = datetime(2027, 1, 4, 14, tzinfo=UTC)
        for now, has_year in ((NOW, True), (january, False)):
            said = book.moment(january, language, timezone="UTC", now=now)
            digits = "".join(str(unicodedata.decimal(each)) for each in said if each.isdecimal())
            assert ("2027" in digits) is has_year

    def test_counts_the_year_in_the_customers_zone(self, book: Phrasebook) -> None:
        eve = datetime(2026, 12, 31, 20, tzinfo=UTC)  # already 2027 in Tokyo
        assert "2027" in book.moment(eve, "en", timezone="Asia/Tokyo", now=NOW)
        assert "2026" not in book.moment(eve, "en", timezone="Europe/London", now=NOW)

    def test_follows_the_zone_over_a_change_of_clocks(self, book: Phrasebook) -> None:
        before, after = datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 10, 25, 12, tzinfo=UTC)
        assert book.moment(before, "de", timezone="Europe/Berlin", now=NOW).endswith("14:00")
        assert book.moment(after, "de", timezone="Europe/Berlin", now=NOW).endswith("13:00")

    @pytest.mark.parametrize(("at", "now"), [(MONDAY.replace(tzinfo=None), NOW), (MONDAY, NOW.replace(tzinfo=None))])
    def test_refuses_a_datetime_without_a_zone(self, book: Phrasebook, at: datetime, now: datetime) -> None:
        with pytest.raises(ValueError, match="expected a datetime with a time zone"):
            book.moment(at, "en", timezone="UTC", now=now)

    @pytest.mark.parametrize(
        "zone", ["Mars/Olympus", "", "../etc/passwd", "/etc/passwd", "a\0b", "Europe", "\ud800", "x" * 9999]
    )
    def test_refuses_an_unknown_zone(self, book: Phrasebook, zone: str) -> None:
        with pytest.raises(ValueError, match="expected an IANA name"):
            book.moment(MONDAY, "en", timezone=zone, now=NOW)
