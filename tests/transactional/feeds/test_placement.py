"""Which nights a feed gets, and what comes back of our own calendar."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transactional.factories import TODAY
from tests.transactional.feeds.calendars import NOW, PROPERTY, caught, day, event, read
from transactional.calendars.blocks import Range, nights_of, runs
from transactional.feeds import placement
from transactional.feeds.export import OwnNights, write_calendar
from transactional.feeds.placement import Placement, change_rows, place
from transactional.feeds.records import EventKind, EventStatus, OwnRow, ReadEvent, Taken

BLOCK = EventKind.BLOCK


@st.composite
def apart(draw: st.DrawFn) -> list[Range]:
    """Stays of ours: no two share a night, some back to back, the first maybe under way."""
    at, found = draw(st.integers(-3, 5)), []
    for gap, nights in draw(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 6)), max_size=6)):
        start = at + gap
        at = start + nights
        if at > 0:
            found.append((day(start), day(at)))
    return found


def of_ours(stays: list[Range]) -> list[Taken]:
    """Bookings on stays, every third one a block of the host's."""
    return [Taken(*stay, "host_block" if n % 3 == 2 else "booking", f"REF{n}") for n, stay in enumerate(stays)]


@PROPERTY
@given(stays=apart(), others=apart(), kinds=st.lists(st.sampled_from(EventKind), min_size=6, max_size=6))
def nobody_loses_a_night_to_a_feed(stays: list[Range], others: list[Range], kinds: list[EventKind]) -> None:
    """A feed gets the nights that are free, all of them, and no other; every night refused is told."""
    events = [ReadEvent(f"{n}@x", *span, kinds[n], "") for n, span in enumerate(others)]
    found = placement.place(events, of_ours(stays), today=TODAY, is_given_out=False)
    today_on = {night for night in nights_of(others) if night >= TODAY}
    assert nights_of(found.nights) == today_on - nights_of(stays)
    for said in events:
        in_the_way = {n for n in nights_of([(said.start, said.end)]) & nights_of(stays) if n >= TODAY}
        outcome = found.outcomes[said.uid]
        assert outcome.status is (EventStatus.CONFLICT if in_the_way else EventStatus.APPLIED)
        assert all(night.isoformat() in (outcome.note or "") for night in sorted(in_the_way)[:1])


def test_b12_a_feed_gets_the_free_nights_alone() -> None:
    """What a guest or the host has stays theirs, the rest is taken, and the host is told (never dropped in silence)."""
    nobody_loses_a_night_to_a_feed()


def test_b12_control_overlap_by_arrival_alone_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """With only the arrival looked at, the property does not hold."""
    columns = placement._columns

    def arrival(start: object, _end: object, today: object) -> slice:
        return columns(start, start + timedelta(days=1), today)  # type: ignore[operator,arg-type]

    monkeypatch.setattr(placement, "_columns", arrival)
    caught(nobody_loses_a_night_to_a_feed)


def test_a_conflict_names_nights_and_who_has_them() -> None:
    """The host reads which nights, and of whom: a reference, a block, another calendar, an import."""
    taken = [
        Taken(day(1), day(3), "booking", "7KQ2M9XH4D"),
        Taken(day(3), day(4), "hold", "HELD"),
        Taken(day(4), day(5), "host_block", None),
        Taken(day(5), day(6), "imported", "Vrbo"),
        Taken(day(6), day(7), "imported", None),
    ]
    found = place([event("a@x", 2, 9)], taken, today=TODAY, is_given_out=False)
    assert found.outcomes["a@x"].note == (
        "Booking 7KQ2M9XH4D has the night of 2026-06-17. A guest who is about to book (HELD) has the night of"
        " 2026-06-18. Your own block has the night of 2026-06-19. The calendar 'Vrbo' has the night of 2026-06-20."
        " An earlier import has the night of 2026-06-21."
    )
    assert found.nights == ((day(7), day(9)),)


def given_back(stays: list[Range], *, merged: bool, keeps_uids: bool) -> tuple[list[ReadEvent], Placement]:
    """Our calendar, as another site gives it back: with our UIDs or as blocks of its own, maybe run together."""
    nights = [
        OwnNights(*stay, None if n % 3 == 2 else UUID(int=n + 1), version=n, changed_at=NOW)
        for n, stay in enumerate(stays)
    ]
    said = list(read(write_calendar(42, nights)).events)
    if not keeps_uids:
        back = runs(nights_of((e.start, e.end) for e in said)) if merged else [(e.start, e.end) for e in said]
        said = [ReadEvent(f"{n}@airbnb.example", *span, BLOCK, "Not available") for n, span in enumerate(back)]
    return said, placement.place(said, of_ours(stays), today=TODAY, is_given_out=True)


@PROPERTY
@given(stays=apart(), merged=st.booleans(), keeps_uids=st.booleans())
def our_own_calendar_takes_nothing(stays: list[Range], merged: bool, keeps_uids: bool) -> None:  # noqa: FBT001
    """What we gave out and get back is no conflict, and takes no night, not even a free one."""
    said, found = given_back(stays, merged=merged, keeps_uids=keeps_uids)
    assert all(found.outcomes[e.uid].status is EventStatus.IGNORED for e in said)
    assert found.nights == ()


def test_b23_our_own_calendar_comes_back_and_takes_nothing() -> None:
    """Under our UIDs, as blocks of the same nights, or as blocks run together."""
    our_own_calendar_takes_nothing()


def test_b23_control_without_our_domain_it_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """With our UIDs taken as anybody's, the property does not hold."""
    monkeypatch.setattr(ReadEvent, "is_ours", False)
    caught(our_own_calendar_takes_nothing)


def test_b23_control_without_comparing_nights_it_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """With blocks on our nights taken as the other site's own, the property does not hold."""
    monkeypatch.setattr(placement, "_returned", lambda *_: None)
    caught(our_own_calendar_takes_nothing)


def test_b23_only_what_can_be_an_echo_is_one() -> None:
    """A guest of another site, a block of other nights, and a calendar that was never given out are none."""
    ours = of_ours([(day(1), day(3)), (day(3), day(6))])

    def status(said: ReadEvent, *, is_given_out: bool = True) -> EventStatus:
        return place([said], ours, today=TODAY, is_given_out=is_given_out).outcomes[said.uid].status

    assert status(event("a@x", 1, 3, BLOCK)) is EventStatus.IGNORED
    assert status(event("a@x", 1, 6, BLOCK)) is EventStatus.IGNORED
    assert status(event("a@x", 1, 3)) is EventStatus.CONFLICT
    assert status(event("a@x", 1, 4, BLOCK)) is EventStatus.CONFLICT
    assert status(event("a@x", 2, 6, BLOCK)) is EventStatus.CONFLICT
    assert status(event("a@x", 1, 7, BLOCK)) is EventStatus.CONFLICT
    assert status(event("a@x", 1, 3, BLOCK), is_given_out=False) is EventStatus.CONFLICT
    assert status(event("a@lodestay.example", 7, 8)) is EventStatus.APPLIED


def test_nights_that_have_passed_are_left_alone() -> None:
    """Rows are rewritten from today on; the same nights again write nothing."""
    rows = [OwnRow(1, day(-4), day(2)), OwnRow(2, day(5), day(7))]
    same = change_rows(rows, ((day(0), day(2)), (day(5), day(7))), today=TODAY)
    assert (same.retired, same.written, same.touched) == ((), (), None)
    shorter = change_rows(rows, ((day(5), day(7)),), today=TODAY)
    assert (shorter.retired, shorter.written) == ((1,), ((day(-4), day(0)),))
    assert shorter.touched == (day(0), day(2))
