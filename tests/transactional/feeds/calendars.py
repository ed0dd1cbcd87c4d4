"""Calendars as other sites write them, in words of our own, and the small parts that tests put together."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import pytest
from hypothesis import Phase, settings

from tests.transactional.factories import TODAY
from transactional.feeds.parsing import read_calendar
from transactional.feeds.records import EventKind, EventStatus, KnownEvent, ReadCalendar, ReadEvent

# What fails is a control: its example need not be the smallest.
PROPERTY = settings(max_examples=60, database=None, report_multiple_bugs=False, phases=(Phase.explicit, Phase.generate))
NOW = datetime.fromisoformat("2026-06-15T12:00:00+00:00")

AIRBNB = """\
BEGIN:VCALENDAR
PRODID:-//Hosting Example//Calendar 1.0//EN
CALSCALE:GREGORIAN
VERSION:2.0
BEGIN:VEVENT
DTEND;VALUE=DATE:20260704
DTSTART;VALUE=DATE:20260701
UID:1418fb94e984-0f1e2d3c@airbnb.example
DESCRIPTION:Reservation URL: https://airbnb.example/hosting/reservations/det
 ails/HMABCDEFGH\\nPhone Number (Last 4 Digits): 1234
SUMMARY:Reserved
END:VEVENT
BEGIN:VEVENT
DTEND;VALUE=DATE:20270901
DTSTART;VALUE=DATE:20270615
UID:7f662ec65913-aa11@airbnb.example
SUMMARY:Airbnb (Not available)
END:VEVENT
END:VCALENDAR
"""
BOOKING_COM = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//admin.booking.example//NONSGML//EN
METHOD:PUBLISH
BEGIN:VEVENT
DTSTART;VALUE=DATE:20260710
DTEND;VALUE=DATE:20260712
UID:9b1d0e51a1@booking.example
SUMMARY:CLOSED - Not available
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20260720
DTEND;VALUE=DATE:20260720
UID:9b1d0e51a2@booking.example
SUMMARY:CLOSED - Ana Silva
END:VEVENT
END:VCALENDAR
"""
VRBO = """\
BEGIN:VCALENDAR
PRODID:-//Vacation Example//EN
VERSION:2.0
BEGIN:VEVENT
UID:d2b9e0f8-6a6e-4a57-9f4e-000000000001
DTSTAMP:20260610T101112Z
DTSTART;VALUE=DATE:20260801
DTEND;VALUE=DATE:20260808
SUMMARY:Reserved - Ana
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER:-P1D
END:VALARM
END:VEVENT
BEGIN:VEVENT
UID:d2b9e0f8-6a6e-4a57-9f4e-000000000002
DTSTAMP:20260610T101112Z
DTSTART;VALUE=DATE:20260901
SUMMARY:Blocked
END:VEVENT
END:VCALENDAR
"""
GOOGLE = """\
BEGIN:VCALENDAR
PRODID:-//Search Example//Calendar 70.9054//EN
VERSION:2.0
X-WR-CALNAME:House by the sea
X-WR-TIMEZONE:Europe/Lisbon
BEGIN:VTIMEZONE
TZID:Europe/Lisbon
BEGIN:STANDARD
DTSTART:19701025T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0000
RRULE:FREQ=SECONDLY
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
DTSTART;TZID=Europe/Lisbon:20260901T150000
DTEND;TZID=Europe/Lisbon:20260903T110000
DTSTAMP:20260610T101112Z
UID:abc@google.example
SEQUENCE:0
STATUS:CONFIRMED
SUMMARY:Ana and Ben
TRANSP:OPAQUE
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20260914
DTEND;VALUE=DATE:20260915
RRULE:FREQ=WEEKLY;COUNT=3
EXDATE;VALUE=DATE:20260921
UID:def@google.example
SUMMARY:Busy
END:VEVENT
BEGIN:VEVENT
DTSTART:20261001T090000Z
DTEND:20261001T110000Z
UID:ghi@google.example
SUMMARY:Cleaning
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20261005
DTEND;VALUE=DATE:20261007
UID:jkl@google.example
STATUS:CANCELLED
SUMMARY:Cara
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20261010
DTEND;VALUE=DATE:20261012
UID:mno@google.example
TRANSP:TRANSPARENT
SUMMARY:Holiday
END:VEVENT
END:VCALENDAR
"""


def caught(check: object) -> None:
    """The control's end: with its guard broken, a property does not hold."""
    assert callable(check)
    with pytest.raises(AssertionError):
        check()


def calendar(*events: Iterable[str]) -> bytes:
    """A calendar of events that are given as their lines."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Test//EN"]
    for event in events:
        lines += ["BEGIN:VEVENT", *event, "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def stay_lines(uid: str, start: date, end: date, summary: str = "Reserved", *more: str) -> list[str]:
    """A stay as most sites write it."""
    dates = [f"DTSTART;VALUE=DATE:{start:%Y%m%d}", f"DTEND;VALUE=DATE:{end:%Y%m%d}"]
    return [f"UID:{uid}", *dates, f"SUMMARY:{summary}", *more]


def read(body: bytes | str, *, timezone: str = "Europe/Lisbon", today: date = TODAY) -> ReadCalendar:
    """Read a calendar at a listing in Lisbon."""
    return read_calendar(body.encode() if isinstance(body, str) else body, timezone=timezone, today=today)


def spans(said: ReadCalendar) -> list[tuple[str, str]]:
    """Nights of what was read."""
    return [(event.start.isoformat(), event.end.isoformat()) for event in said.events]


def day(ahead: int) -> date:
    """So many days after :data:`TODAY`."""
    return TODAY + timedelta(days=ahead)


def event(uid: str, start: int, end: int, kind: EventKind = EventKind.RESERVATION) -> ReadEvent:
    """An event, by days ahead."""
    return ReadEvent(uid, day(start), day(end), kind, "Reserved" if kind is EventKind.RESERVATION else "Not available")


def known(said: ReadEvent, status: EventStatus = EventStatus.APPLIED) -> KnownEvent:
    """An event that was read before."""
    return KnownEvent(said.uid, said.start, said.end, said.kind, said.summary, status, None, NOW, NOW)
