"""Calendars as bytes, and the nights that they mean."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lodestay.errors import InvalidInput
from tests.transactional.factories import TODAY
from tests.transactional.feeds.calendars import (
    AIRBNB,
    BOOKING_COM,
    GOOGLE,
    PROPERTY,
    VRBO,
    calendar,
    caught,
    day,
    read,
    spans,
    stay_lines,
)
from transactional.calendars.blocks import Range, nights_of
from transactional.feeds import parsing
from transactional.feeds.errors import CalendarTooLarge, NotACalendar, TooManyEvents, TruncatedCalendar
from transactional.feeds.lines import MAX_BYTES, MAX_EVENTS
from transactional.feeds.nights import nights_of as nights_of_event
from transactional.feeds.records import HORIZON, EventKind

ZONES = (
    "Europe/Lisbon",
    "America/New_York",
    "America/Santiago",  # has days without midnight
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Asia/Kathmandu",
)
STAYS = st.tuples(st.integers(1, 690), st.integers(1, 30)).map(lambda s: (day(s[0]), day(s[0] + s[1])))


def forms(stay: Range, zone: ZoneInfo, hours: tuple[int, int]) -> list[list[str]]:
    """Every way to write a stay down: dates, moments in the zone, in another, in none, with an end or a length."""
    start, end = stay
    check_in = datetime.combine(start, time(hours[0]), zone)
    check_out = datetime.combine(end, time(hours[1]), zone)
    utc, tokyo = ZoneInfo("UTC"), ZoneInfo("Asia/Tokyo")
    written = [
        [f"DTSTART;VALUE=DATE:{start:%Y%m%d}", f"DTEND;VALUE=DATE:{end:%Y%m%d}"],
        [f"DTSTART:{start:%Y%m%d}", f"DTEND:{end:%Y%m%d}"],
        [f"DTSTART;VALUE=DATE:{start:%Y%m%d}", f"DURATION:P{(end - start).days}D"],
        [f"DTSTART;TZID={zone.key}:{check_in:%Y%m%dT%H%M%S}", f"DTEND;TZID={zone.key}:{check_out:%Y%m%dT%H%M%S}"],
        [f"DTSTART:{check_in.astimezone(utc):%Y%m%dT%H%M%SZ}", f"DTEND:{check_out.astimezone(utc):%Y%m%dT%H%M%SZ}"],
        [
            f"DTSTART;TZID=Asia/Tokyo:{check_in.astimezone(tokyo):%Y%m%dT%H%M%S}",
            f"DTEND;TZID=Asia/Tokyo:{check_out.astimezone(tokyo):%Y%m%dT%H%M%S}",
        ],
        [f"DTSTART:{check_in:%Y%m%dT%H%M%S}", f"DTEND:{check_out:%Y%m%dT%H%M%S}"],
        [f"DTSTART;VALUE=DATE:{start:%Y%m%d}", f"DTEND;TZID={zone.key}:{check_out:%Y%m%dT%H%M%S}"],
        [f"DTSTART:{start:%Y%m%d}T000000", f"DTEND:{end:%Y%m%d}T000000"],
    ]
    if (end - start).days == 1:
        written += [
            [f"DTSTART;VALUE=DATE:{start:%Y%m%d}"],
            [f"DTSTART;VALUE=DATE:{start:%Y%m%d}", f"DTEND;VALUE=DATE:{start:%Y%m%d}"],
            [f"DTSTART;TZID={zone.key}:{check_in:%Y%m%dT%H%M%S}"],
            [f"DTSTART:{start:%Y%m%d}T000000", f"DTEND:{start:%Y%m%d}T235900"],
        ]
    return written


@PROPERTY
@given(
    stay=STAYS,
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    hours=st.tuples(st.integers(12, 21), st.integers(6, 14)),
)
def every_form_means_the_nights(stay: Range, zone: ZoneInfo, hours: tuple[int, int]) -> None:
    """However a stay is written, it takes its nights: none more, none less, on the listing's dates."""
    for lines in forms(stay, zone, hours):
        said = read(calendar(["UID:a@x", *lines]), timezone=zone.key)
        assert [(event.start, event.end) for event in said.events] == [stay], lines


def test_b19_a_stay_takes_its_nights_however_it_is_written() -> None:
    """DTEND is exclusive; equal, missing and mixed ends, DATE and DATE-TIME, any zone."""
    every_form_means_the_nights()


def test_b19_control_an_inclusive_end_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """With DTEND taken as the last night, the property does not hold."""

    def inclusive(*args: object, **named: object) -> Range | None:
        span = nights_of_event(*args, **named)  # type: ignore[arg-type]
        return span and (span[0], span[1] + timedelta(days=1))

    monkeypatch.setattr(parsing, "nights_of", inclusive)
    caught(every_form_means_the_nights)


def test_b19_control_dates_of_another_zone_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """With moments left in the zone that they are written in, the property does not hold (B4)."""
    monkeypatch.setattr("transactional.feeds.nights._local", lambda moment, _zone: moment.replace(tzinfo=None))
    caught(every_form_means_the_nights)


def test_real_calendars_are_understood() -> None:
    """Airbnb, Booking.com, Vrbo and Google, as they write: nights, kinds, and nobody's name."""
    kinds = {
        name: [(event.start.isoformat(), event.end.isoformat(), event.kind.value) for event in read(text).events]
        for name, text in (("airbnb", AIRBNB), ("booking", BOOKING_COM), ("vrbo", VRBO), ("google", GOOGLE))
    }
    assert kinds == {
        "airbnb": [("2026-07-01", "2026-07-04", "reservation"), ("2027-06-15", "2027-09-01", "block")],
        "booking": [("2026-07-10", "2026-07-12", "block"), ("2026-07-20", "2026-07-21", "reservation")],
        "vrbo": [("2026-08-01", "2026-08-08", "reservation"), ("2026-09-01", "2026-09-02", "block")],
        "google": [
            ("2026-09-01", "2026-09-03", "reservation"),
            ("2026-09-14", "2026-09-15", "reservation"),
            ("2026-09-28", "2026-09-29", "reservation"),
        ],
    }
    everything = "".join(str(read(text)) for text in (AIRBNB, BOOKING_COM, VRBO, GOOGLE))
    assert not any(private in everything for private in ("Ana", "Ben", "1234", "HMABCDEFGH"))


def test_a_zone_of_a_strangers_making_is_never_kept() -> None:
    """The rule by the second in Google's VTIMEZONE above was not run; a made-up zone does not outlive its feed."""
    invented = calendar(["UID:a", "DTSTART;TZID=Mine:20260701T150000", "DTEND;TZID=Mine:20260702T110000"])
    zone = b"BEGIN:VTIMEZONE\r\nTZID:Mine\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0000\r\n"
    zone += b"TZOFFSETTO:-1200\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT"
    assert spans(read(invented.replace(b"BEGIN:VEVENT", zone, 1))) == [("2026-07-01", "2026-07-02")]
    assert spans(read(invented)) == [("2026-07-01", "2026-07-02")]


@PROPERTY
@given(
    versions=st.lists(
        st.tuples(STAYS, st.integers(0, 3), st.integers(1, 28)), min_size=1, max_size=5, unique_by=lambda v: v[0]
    )
)
def the_newest_text_counts(versions: list[tuple[Range, int, int]]) -> None:
    """Of several texts under one UID those with the highest SEQUENCE, then the latest change, count, all of them."""
    written = [
        stay_lines("same@x", *stay, "Reserved", f"SEQUENCE:{sequence}", f"LAST-MODIFIED:202601{on:02}T000000Z")
        for stay, sequence, on in versions
    ]
    newest = max(version[1:] for version in versions)
    said = read(calendar(*written))
    assert {(event.start, event.end) for event in said.events} == {
        s for s, *version in versions if tuple(version) == newest
    }
    assert len({event.uid for event in said.events}) == len(said.events)


def test_b20_of_one_uid_the_newest_text_counts() -> None:
    """A duplicate UID is a newer text where it says so; where it does not, both stays are taken."""
    the_newest_text_counts()


def test_b20_control_without_versions_it_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """With every text as new as the others, the property does not hold."""
    monkeypatch.setattr(parsing, "_version", lambda _event: (0, 0.0))
    caught(the_newest_text_counts)


def test_the_same_nights_are_one_event() -> None:
    """Twice without a UID, or under two: one event, a guest's before a block; a cancelled text takes nothing."""
    said = read(
        calendar(
            ["DTSTART;VALUE=DATE:20260701"],
            ["DTSTART;VALUE=DATE:20260701"],
            stay_lines("z", date(2026, 7, 10), date(2026, 7, 12), "Not available"),
            stay_lines("y", date(2026, 7, 10), date(2026, 7, 12)),
            stay_lines("x", date(2026, 8, 1), date(2026, 8, 3)),
            stay_lines("x", date(2026, 8, 1), date(2026, 8, 3), "Reserved", "STATUS:CANCELLED", "SEQUENCE:1"),
        )
    )
    assert spans(said) == [("2026-07-01", "2026-07-02"), ("2026-07-10", "2026-07-12")]
    assert said.events[1].kind is EventKind.RESERVATION


def test_only_nights_that_can_be_booked_are_listened_to() -> None:
    """What is over is dropped, a stay under way is kept whole, and the far future ends at the horizon."""
    end = TODAY + HORIZON
    said = read(
        calendar(
            stay_lines("over", day(-5), day(0)),
            stay_lines("now", day(-2), day(1)),
            stay_lines("far", end - timedelta(days=2), end + timedelta(days=9)),
            stay_lines("beyond", end, end + timedelta(days=1)),
        )
    )
    assert [(event.uid, event.start, event.end) for event in said.events] == [
        ("now", day(-2), day(1)),
        ("far", end - timedelta(days=2), end),
    ]


def test_an_event_that_cannot_be_read_is_named_and_the_rest_is_read() -> None:
    """Broken dates, none, reversed, longer than two years, a rule without end: said to the host, by UID."""
    said = read(
        calendar(
            stay_lines("good", day(5), day(7)),
            ["UID:broken", "DTSTART;VALUE=DATE:2026-07-01"],
            ["UID:none", "SUMMARY:Reserved"],
            stay_lines("reversed", day(9), day(8)),
            stay_lines("long", day(1), day(1) + timedelta(days=731)),
            ["UID:rule", "DTSTART;VALUE=DATE:20260701", "RRULE:FREQ=SECONDLY"],
        )
    )
    assert [event.uid for event in said.events] == ["good"]
    assert set(said.unreadable) == {"broken", "none", "reversed", "long", "rule"}
    assert len(said.troubles) == 5


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;BYMONTH=13",
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
        "FREQ=MONTHLY;BYDAY=5MO;BYMONTH=2;BYMONTHDAY=1",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=HOURLY",
        "FREQ=DAILY;BYHOUR=1,2,3;BYSECOND=1",
        "FREQ=YEARLY;BYYEARDAY=366;BYMONTH=1",
        "nonsense",
    ],
)
def test_a_rule_that_could_run_for_ever_is_not_laid_out(rule: str) -> None:
    """Rules are a stranger's program: those that may never match are named instead of run."""
    said = read(calendar(["UID:a", "DTSTART;VALUE=DATE:20260601", f"RRULE:{rule}"]))
    assert (said.events, said.unreadable) == ((), ("a",))


def test_repeating_events_are_laid_out() -> None:
    """Rules, exceptions, moved and cancelled instances; not more of them than a calendar may have."""
    series = ["UID:a", "DTSTART;VALUE=DATE:20260701", "RRULE:FREQ=DAILY;COUNT=5", "EXDATE;VALUE=DATE:20260702"]
    moved = ["UID:a", "RECURRENCE-ID;VALUE=DATE:20260703", "DTSTART;VALUE=DATE:20260720"]
    cancelled = ["UID:a", "RECURRENCE-ID;VALUE=DATE:20260704", "DTSTART;VALUE=DATE:20260704", "STATUS:CANCELLED"]
    said = read(calendar(series, moved, cancelled))
    assert [event.start.day for event in said.events] == [1, 5, 20]
    yearly = read(calendar(["UID:y", "DTSTART;VALUE=DATE:20200229", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"]))
    assert spans(yearly) == [("2028-02-29", "2028-03-01")]
    many = [["UID:" + str(n), "DTSTART;VALUE=DATE:20260701", "RRULE:FREQ=YEARLY;COUNT=1"] for n in range(21)]
    assert read(calendar(*many)).unreadable == ("20",)


@PROPERTY
@given(stays=st.lists(STAYS, min_size=1, max_size=4), cut=st.floats(0, 1, exclude_max=True))
def a_part_is_never_taken_for_the_whole(stays: list[Range], cut: float) -> None:
    """Of a calendar that breaks off nothing is believed, wherever it does."""
    body = calendar(*(stay_lines(f"{n}@x", *stay) for n, stay in enumerate(stays))).rstrip()
    part = body[: int(len(body) * cut)]
    try:
        said = parsing.read_calendar(part, timezone="Europe/Lisbon", today=TODAY)
    except (NotACalendar, TruncatedCalendar):
        return
    assert said == read(body)


def test_b21_a_truncated_calendar_is_not_believed() -> None:
    """Cut anywhere, a calendar is refused as a whole: what was read before stands."""
    a_part_is_never_taken_for_the_whole()


def test_b21_control_a_forgiving_reader_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that closes what is open loses events without a word; the property does not hold."""
    asked = parsing.events_of

    def forgiving(body: bytes) -> list[list[str]]:
        for missing in (b"", b"\r\nEND:VCALENDAR", b"\r\nEND:VEVENT\r\nEND:VCALENDAR"):
            try:
                return asked(body + missing)
            except TruncatedCalendar:
                continue
        return []

    monkeypatch.setattr(parsing, "events_of", forgiving)
    caught(a_part_is_never_taken_for_the_whole)


def test_what_is_no_calendar_is_named() -> None:
    """A page that asks to sign in, nothing, too many bytes, too many events, too deep: each is its own fact."""
    with pytest.raises(NotACalendar, match="a web page"):
        read("<!doctype html><title>Sign in</title>")
    with pytest.raises(NotACalendar, match="nothing"):
        read("  \r\n")
    with pytest.raises(NotACalendar):
        read("BEGIN:VCARD\r\nEND:VCARD\r\n")
    with pytest.raises(NotACalendar, match="deep"):
        read("BEGIN:VCALENDAR\r\n" + "BEGIN:X\r\n" * 9)
    with pytest.raises(CalendarTooLarge):
        read(b" " * (MAX_BYTES + 1))
    with pytest.raises(TooManyEvents):
        read(calendar(*[["UID:a"]] * (MAX_EVENTS + 1)))
    assert read(calendar()).is_empty
    assert not read(calendar(stay_lines("over", day(-9), day(-8)))).is_empty


def test_what_servers_do_to_texts_is_undone() -> None:
    """A byte order mark, lone line feeds or carriage returns, folds inside a character, words after the end."""
    plain = read(AIRBNB)
    folded = AIRBNB.replace("Reserved", "Réservé").encode().replace(b"\xc3\xa9", b"\xc3\r\n \xa9")
    for text in ("\ufeff" + AIRBNB, AIRBNB.replace("\n", "\r"), AIRBNB + "<!-- served in 3 ms -->\n", "\n" + AIRBNB):
        assert read(text) == plain
    assert spans(read(folded)) == spans(plain)


@PROPERTY
@given(
    noise=st.lists(
        st.one_of(
            st.sampled_from(
                ["DTSTART:", "DTEND;TZID=:x", "RRULE:FREQ=", "UID", "SEQUENCE:-1e9", "DURATION:-P1D", "BEGIN:VALARM"]
            ),
            st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=40),
        ),
        max_size=6,
    )
)
def test_noise_is_refused_or_named_and_never_breaks_the_reader(noise: list[str]) -> None:
    """Whatever stands in an event, the good event beside it is read, or the whole is refused by its name."""
    try:
        said = read(calendar(stay_lines("good@x", day(3), day(5)), noise))
    except InvalidInput:
        return
    assert nights_of([(day(3), day(5))]) <= nights_of((event.start, event.end) for event in said.events)


@PROPERTY
@given(body=st.binary(max_size=200))
def test_bytes_are_refused_by_name(body: bytes) -> None:
    """Bytes that are no calendar are refused as such."""
    assume(not body.lstrip().upper().startswith(b"BEGIN:VCALENDAR"))
    with pytest.raises(NotACalendar):
        read(body)
