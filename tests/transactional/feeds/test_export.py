"""A listing's calendar as others read it."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from tests.transactional.feeds.calendars import NOW, PROPERTY, day, read
from transactional.feeds.export import OwnNights, entity_tag, is_known, write_calendar

NIGHTS = st.lists(
    st.builds(
        lambda start, nights, number: OwnNights(
            day(start), day(start + nights), None if number % 3 == 0 else UUID(int=number), number % 1_000, NOW
        ),
        st.integers(0, 300),
        st.integers(1, 40),
        st.integers(0, 2**100),
    ),
    max_size=12,
    unique_by=(lambda own: (own.start, own.end), lambda own: own.booking_id or own.start),
)


@PROPERTY
@given(nights=NIGHTS, order=st.randoms(use_true_random=False))
def test_what_is_written_is_read_as_it_was(nights: list[OwnNights], order: st.randoms) -> None:  # type: ignore[valid-type]
    """Every night goes out and comes in, no more; the same nights are the same bytes, in lines that are short."""
    body = write_calendar(42, nights)
    said = read(body)
    assert {(e.start, e.end) for e in said.events} == {(own.start, own.end) for own in nights}
    assert all(e.is_ours for e in said.events)
    mixed = list(nights)
    order.shuffle(mixed)  # type: ignore[attr-defined]
    assert write_calendar(42, mixed) == body
    assert all(len(line) <= 75 for line in body.split(b"\r\n"))


def test_a_booking_keeps_its_uid_and_counts_its_changes() -> None:
    """A stay that moves is the same event with a higher SEQUENCE; nothing in it is about a person."""
    number = UUID(int=77)
    first, moved = (
        Calendar.from_ical(write_calendar(42, [OwnNights(day(at), day(at + 2), number, version, NOW)])).events[0]
        for version, at in ((2, 10), (3, 12))
    )
    assert first["UID"] == moved["UID"] == f"{number}@lodestay"
    assert (first["SEQUENCE"], moved["SEQUENCE"]) == (2, 3)
    assert {str(name) for name in first} == {
        "UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "SEQUENCE", "STATUS", "TRANSP"
    }  # fmt: skip
    assert first["SUMMARY"] == "Reserved"


def test_tags_are_compared_as_http_says() -> None:
    """Several, weak ones and the star; another calendar has another tag."""
    tag = entity_tag(b"a")
    for sent in (tag, f"W/{tag}", f'"other", {tag}', "*", " * "):
        assert is_known(tag, sent=sent)
    for other in (None, "", '"other"', tag.strip('"'), entity_tag(b"b")):
        assert not is_known(tag, sent=other)
