"""Whose clock a promised time is told by, and that a message without a clock is still the message it was."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from assistant.composer import Composer
from assistant.phrases import Phrasebook
from assistant.question import make_question
from assistant.tickets.text import person
from assistant.tickets.ticket import Customer, TicketReceiptRef
from assistant.timezones import local_timezone, offset, timezone_name
from knowledge.errors import InputError

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
WINTER, SUMMER = datetime(2026, 12, 1, 12, tzinfo=UTC), datetime(2026, 7, 1, 12, tzinfo=UTC)


def told(at: datetime, customer: Customer, *, language: str = "en-GB", default: str = "UTC") -> str:
    composer = Composer(phrases=Phrasebook(), timezone=default, faq_url="")
    return composer.due(at, language=language, now=NOW, customer=customer)


class TestNames:
    @pytest.mark.parametrize(
        "name",
        ["Europe/Minsk", "UTC", "Etc/GMT+5", "America/Argentina/Buenos_Aires", "Pacific/Kiritimati", "Asia/Kathmandu"],
    )
    def test_an_iana_name_is_kept(self, name: str) -> None:
        assert timezone_name(f" {name} ", field="customer.timezone") == name

    def test_a_name_of_old_is_still_understood(self) -> None:
        for old, new in (("Asia/Calcutta", "Asia/Kolkata"), ("Europe/Kiev", "Europe/Kyiv")):
            kept = timezone_name(old, field="customer.timezone")
            assert kept in (old, new)
            assert offset(WINTER, kept) == offset(WINTER, new)

    def test_an_old_name_that_this_machine_has_not_becomes_the_new_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from assistant import timezones

        known = timezones._zone
        monkeypatch.setattr(timezones, "_zone", lambda name: None if name == "Asia/Calcutta" else known(name))
        assert timezone_name("Asia/Calcutta", field="customer.timezone") == "Asia/Kolkata"

    @pytest.mark.parametrize(
        "value",
        [
            "", " ", "Mars/Olympus", "+03:00", "UTC+3", "MSK", "Minsk", "europe/minsk", "localtime", "posixrules",
            "Factory", "Etc/Unknown", "Europe", "../etc/passwd", "/etc/passwd", "posix/UTC", "right/UTC",
            "Europe/../UTC", "a\0b", "\ud800", "\u202eUTC", "😀", "X" * 1_000_000,
        ],
    )  # fmt: skip
    def test_what_is_no_zone_is_refused_with_the_mend(self, value: str) -> None:
        with pytest.raises(InputError, match="expected an IANA time zone such as 'Europe/Minsk'") as caught:
            timezone_name(value, field="customer.timezone")
        assert caught.value.field == "customer.timezone"
        assert len(str(caught.value)) < 400

    def test_a_customers_zone_is_checked_with_the_rest_of_them(self) -> None:
        assert person(Customer(timezone=" Asia/Tokyo ")).timezone == "Asia/Tokyo"
        assert person(Customer(timezone=" ")).timezone is None
        for wrong in ("Moscow", "x" * 65, "a\0"):
            with pytest.raises(InputError) as caught:
                make_question("Hi?", customer=Customer(timezone=wrong))
            assert caught.value.field == "customer.timezone"


class TestWhose:
    @pytest.mark.parametrize(
        ("customer", "zone"),
        [
            (Customer(), "Europe/Berlin"),
            (Customer(timezone="Asia/Tokyo"), "Asia/Tokyo"),
            (Customer(timezone="Asia/Tokyo", locale="be-BY"), "Asia/Tokyo"),
            (Customer(locale="be-BY"), "Europe/Minsk"),
            (Customer(locale="be_by"), "Europe/Minsk"),
            (Customer(locale="zh-Hant-TW"), "Asia/Taipei"),
            (Customer(locale="zh-CN"), "Europe/Berlin"),  # Shanghai and Ürümqi
            (Customer(locale="ru-RU"), "Europe/Berlin"),  # eleven of them
            (Customer(locale="en-US"), "Europe/Berlin"),
            (Customer(locale="be"), "Europe/Berlin"),  # Belarusians live in many countries
            (Customer(locale="es-419"), "Europe/Berlin"),
            (Customer(locale="en-u-ca-gregory"), "Europe/Berlin"),  # a calendar, not Canada
            (Customer(locale="de-ZZ"), "Europe/Berlin"),
            (Customer(locale="\ud800-\0"), "Europe/Berlin"),
            (Customer(timezone="Gone/Away", locale="be-BY"), "Europe/Minsk"),  # stored where it was still known
        ],
    )
    def test_the_customers_then_their_countrys_then_the_desks(self, customer: Customer, zone: str) -> None:
        for at in (WINTER, SUMMER):
            chosen = local_timezone(at, timezone=customer.timezone, locale=customer.locale, default="Europe/Berlin")
            assert chosen == zone

    def test_a_country_whose_zones_all_show_the_same_has_one_clock(self) -> None:
        assert offset(WINTER, local_timezone(WINTER, timezone=None, locale="de-DE", default="UTC")) == "UTC+1"
        assert offset(SUMMER, local_timezone(SUMMER, timezone=None, locale="uz-UZ", default="UTC")) == "UTC+5"


class TestTold:
    @pytest.mark.parametrize(
        ("at", "zone", "expected"),
        [
            ("2026-11-23T14:00", "Europe/Minsk", "Monday, 23 November, 17:00 (UTC+3)"),
            ("2026-11-23T21:00", "Europe/Minsk", "Tuesday, 24 November, 00:00 (UTC+3)"),
            ("2026-11-23T20:59", "Europe/Minsk", "Monday, 23 November, 23:59 (UTC+3)"),
            ("2026-11-23T14:00", "Pacific/Kiritimati", "Tuesday, 24 November, 04:00 (UTC+14)"),
            ("2026-11-23T06:00", "Pacific/Pago_Pago", "Sunday, 22 November, 19:00 (UTC−11)"),
            ("2026-11-23T14:00", "Asia/Kathmandu", "Monday, 23 November, 19:45 (UTC+5:45)"),
            ("2026-11-23T14:00", "America/St_Johns", "Monday, 23 November, 10:30 (UTC−3:30)"),
            ("2026-12-31T10:30", "Pacific/Kiritimati", "Friday, 1 January 2027, 00:30 (UTC+14)"),
            # Clocks in Berlin go back at 01:00 UTC: 02:30 is told twice, and the offset says which.
            ("2026-10-25T00:30", "Europe/Berlin", "Sunday, 25 October, 02:30 (UTC+2)"),
            ("2026-10-25T01:30", "Europe/Berlin", "Sunday, 25 October, 02:30 (UTC+1)"),
            # They go forward: 02:30 is never told.
            ("2027-03-28T00:30", "Europe/Berlin", "Sunday, 28 March 2027, 01:30 (UTC+1)"),
            ("2027-03-28T01:30", "Europe/Berlin", "Sunday, 28 March 2027, 03:30 (UTC+2)"),
            # Half an hour of summer.
            ("2026-10-03T15:29", "Australia/Lord_Howe", "Sunday, 4 October, 01:59 (UTC+10:30)"),
            ("2026-10-03T15:31", "Australia/Lord_Howe", "Sunday, 4 October, 02:31 (UTC+11)"),
        ],
    )
    def test_on_the_customers_clock_with_what_it_differs_by(self, at: str, zone: str, expected: str) -> None:
        assert told(datetime.fromisoformat(at).replace(tzinfo=UTC), Customer(timezone=zone)) == expected

    def test_hours_are_counted_as_the_customers_country_does(self) -> None:
        at, minsk = datetime(2026, 11, 23, 14, tzinfo=UTC), Customer(timezone="Europe/Minsk")
        assert "5:00\u202fPM" in told(at, minsk, language="en")
        assert "17:00" in told(at, minsk, language="en-GB")
        assert "17:00" in told(at, minsk, language="ru")
        assert "5:00 م" in told(at, minsk, language="ar").replace("\xa0", " ")

    def test_a_promise_is_told_on_the_customers_clock(self) -> None:
        ticket = TicketReceiptRef(id="T-0000001", status="new", due_at=datetime(2026, 11, 23, 14, tzinfo=UTC))
        composer = Composer(phrases=Phrasebook(), timezone="Europe/Berlin", faq_url="")
        for customer, zone in (
            (None, "(UTC+1)"),
            (Customer(), "(UTC+1)"),
            (Customer(locale="be-BY"), "(UTC+3)"),
            (Customer(locale="be-BY", timezone="Asia/Kolkata"), "(UTC+5:30)"),
        ):
            message = composer.promise(
                ticket, reason="no_match", language="be", channel="chat", now=NOW, customer=customer
            )
            assert zone in message


class TestDigest:
    def test_a_message_without_a_zone_is_the_one_it_was_before_there_were_zones(self) -> None:
        question = make_question(
            "Where is it?", channel="email", message_id="m", conversation_id="c", customer=Customer(id="7", name="Ann")
        )
        customer = b'{"id":"7","name":"Ann","email":null,"phone":null,"locale":null}'
        before = b'["Where is it?",null,"email","c",%b,[],3,null]' % customer
        assert question.digest() == hashlib.sha256(before).hexdigest()

    def test_another_zone_is_another_message(self) -> None:
        plain = make_question("Where is it?")
        there = replace(plain, customer=Customer(timezone="Asia/Tokyo"))
        elsewhere = replace(plain, customer=Customer(timezone="Europe/Minsk"))
        assert len({plain.digest(), there.digest(), elsewhere.digest()}) == 3
