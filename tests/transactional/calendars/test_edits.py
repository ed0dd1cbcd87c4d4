"""What hosts say of their nights, in bulk: a preview, the edit itself, and what neither may do."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import FixedClock
from tests.transactional.factories import (
    TODAY,
    actor_of,
    create_host,
    create_listing,
    create_occupancy,
    create_season,
)
from transactional.calendars import service
from transactional.calendars.edits import FLAGS, LIMITS, NightsEdit, NightTerms, changed_runs, overlay
from transactional.calendars.errors import (
    CalendarChanged,
    ClashingStayRules,
    InvalidCalendarEdit,
    InvalidWindow,
    NightsArePast,
)
from transactional.calendars.repository import load_parts
from transactional.calendars.rules import NightColumns, NightRow, RatePlanRow, Window, build_calendar
from transactional.listings.errors import ListingNotFound
from transactional.users.actors import Actor

FRIDAY_SATURDAY = frozenset({4, 5})


def window_of(days_ahead: int, nights: int) -> Window:
    """Nights from so many days after today, a Monday."""
    start = TODAY + timedelta(days=days_ahead)
    return Window(start, start + timedelta(days=nights))


def edit_of(*spans: Window, weekdays: frozenset[int] | None = None, **changes: Any) -> NightsEdit:
    """An edit of some nights."""
    return NightsEdit(spans or (window_of(0, 14),), weekdays, changes)


async def own(session: AsyncSession, **plan: Any) -> tuple[Actor, int]:
    """A host with a listing that costs 100, and 120 at weekends."""
    host = await create_host(session)
    listing = await create_listing(session, host=host, rate_plan=plan)
    return actor_of(host), listing.listing_id


async def state_of(session: AsyncSession, listing_id: int) -> tuple[object, ...]:
    """Everything an edit may write."""
    asked = text("""
        SELECT (SELECT jsonb_agg(n ORDER BY night) FROM calendar_nights n WHERE listing_id = :id),
               (SELECT to_jsonb(p) FROM rate_plans p WHERE listing_id = :id), (SELECT count(*) FROM outbox)
    """)
    return tuple((await session.execute(asked, {"id": listing_id})).one())


async def test_weekends_of_a_range_get_a_price_and_rules(session: AsyncSession, clock: FixedClock) -> None:
    """Fridays and Saturdays between two dates: the runs say before and after, other nights stay, the version grows."""
    actor, listing_id = await own(session)
    edit = edit_of(weekdays=FRIDAY_SATURDAY, price_minor=15_000, min_stay=2, min_stay_through=2, max_stay_through=9)
    done = await service.edit_nights(session, clock, actor, listing_id, edit)
    assert (done.nights, done.version, done.booked) == (4, 2, [])
    assert [(run.start, run.end) for run in done.runs] == [
        (TODAY + timedelta(days=n), TODAY + timedelta(days=n + 2)) for n in (4, 11)
    ]
    was, becomes = NightTerms(12_000, 1, 60, None, None, False, False), NightTerms(15_000, 2, 60, 2, 9, False, False)
    assert {(run.before, run.after) for run in done.runs} == {(was, becomes)}
    calendar = await service.get_calendar(session, clock, listing_id, window_of(0, 8))
    assert calendar.price_minor.tolist() == [10_000] * 4 + [15_000] * 2 + [10_000] * 2
    assert calendar.min_stay_through is not None
    assert calendar.min_stay_through.tolist() == [1] * 4 + [2] * 2 + [1] * 2
    told = (await session.execute(text("SELECT topic, listing_id, payload FROM outbox"))).one()
    assert (told.topic, told.listing_id) == ("calendar.changed", listing_id)
    assert told.payload["from"] == TODAY.isoformat()
    assert told.payload["changed"] == ["max_stay_through", "min_stay", "min_stay_through", "price_minor"]


async def test_preview_says_what_the_edit_does_and_writes_nothing(session: AsyncSession, clock: FixedClock) -> None:
    """The same runs either way, over a season and nights with words of their own; and guests' nights are named."""
    actor, listing_id = await own(session)
    await create_season(session, listing_id, starts_on=TODAY, ends_before=TODAY + timedelta(days=5), price_bps=20_000)
    first = edit_of(window_of(2, 2), price_minor=7_000, closed_to_arrival=True)
    await service.edit_nights(session, clock, actor, listing_id, first)
    taken = window_of(3, 2)
    await create_occupancy(session, listing_id, taken.start, taken.end, kind="booking")
    await create_occupancy(session, listing_id, window_of(8, 1).start, window_of(8, 1).end, kind="host_block")
    edit = edit_of(window_of(0, 4), window_of(6, 4), price_minor=9_000, closed_to_arrival=None)
    before = await state_of(session, listing_id)
    preview = await service.edit_nights(session, clock, actor, listing_id, edit, preview=True)
    assert await state_of(session, listing_id) == before
    done = await service.edit_nights(session, clock, actor, listing_id, edit)
    assert (done.runs, done.booked, done.nights) == (preview.runs, preview.booked, preview.nights)
    assert preview.version + 1 == done.version
    assert preview.booked == [taken.start]
    asked = await load_parts(session, [listing_id], edit.hull, now=clock.now())
    calendar = asked[listing_id].open_calendar(edit.hull)
    for run in done.runs:
        for night in Window(run.start, run.end).dates():
            assert NightTerms.of(calendar, calendar.index(night)) == run.after


async def test_nothing_is_written_for_what_is_so_already(session: AsyncSession, clock: FixedClock) -> None:
    """The same edit again changes no version and tells nobody; taking every word back leaves no row."""
    actor, listing_id = await own(session)
    edit = edit_of(price_minor=9_000)
    await service.edit_nights(session, clock, actor, listing_id, edit)
    before = await state_of(session, listing_id)
    again = await service.edit_nights(session, clock, actor, listing_id, edit)
    assert (again.runs, again.version) == ([], 2)
    assert await state_of(session, listing_id) == before
    nothing = edit_of(price_minor=None, min_stay=None, closed_to_departure=False)
    back = await service.edit_nights(session, clock, actor, listing_id, nothing)
    assert back.version == 3
    assert (await state_of(session, listing_id))[0] is None
    assert (await service.edit_nights(session, clock, actor, listing_id, nothing)).version == 3


async def test_an_edit_made_from_an_old_version_is_refused(session: AsyncSession, clock: FixedClock) -> None:
    """Whoever previewed version 1 does not overwrite what somebody said meanwhile."""
    actor, listing_id = await own(session)
    await service.edit_nights(session, clock, actor, listing_id, edit_of(price_minor=9_000), expected={1})
    with pytest.raises(CalendarChanged) as refused:
        await service.edit_nights(session, clock, actor, listing_id, edit_of(price_minor=8_000), expected={1})
    assert refused.value.version == 2
    await service.edit_nights(session, clock, actor, listing_id, edit_of(price_minor=8_000), expected={2})


@pytest.mark.parametrize(
    ("edit", "error"),
    [
        (edit_of(), InvalidCalendarEdit),
        (edit_of(price_minor=0), InvalidCalendarEdit),
        (edit_of(max_stay_through=366), InvalidCalendarEdit),
        (edit_of(window_of(-1, 3), price_minor=1), NightsArePast),
        (edit_of(window_of(0, 1), window_of(800, 1), price_minor=1), InvalidWindow),
        (edit_of(window_of(0, 2), weekdays=FRIDAY_SATURDAY, price_minor=1), InvalidWindow),
        (edit_of(min_stay=61), ClashingStayRules),
        (edit_of(max_stay=2, min_stay_through=3), ClashingStayRules),
    ],
    ids=["nothing", "free of charge", "too long", "past", "too far apart", "no such weekday", "plan", "each other"],
)
async def test_edits_that_cannot_be(
    session: AsyncSession, clock: FixedClock, edit: NightsEdit, error: type[Exception]
) -> None:
    """Each is named, as a preview too."""
    actor, listing_id = await own(session)
    for preview in (True, False):
        with pytest.raises(error):
            await service.edit_nights(session, clock, actor, listing_id, edit, preview=preview)


async def test_another_hosts_calendar_is_not_found(session: AsyncSession, clock: FixedClock) -> None:
    """Nor previewed, nor read."""
    _, listing_id = await own(session)
    other = actor_of(await create_host(session))
    with pytest.raises(ListingNotFound):
        await service.edit_nights(session, clock, other, listing_id, edit_of(price_minor=1), preview=True)
    with pytest.raises(ListingNotFound):
        await service.get_host_calendar(session, clock, other, listing_id, window_of(0, 3))


async def test_host_sees_who_has_the_nights(session: AsyncSession, clock: FixedClock) -> None:
    """Blocks, imports and holds that run; prices also of nights that the calendar does not cover."""
    actor, listing_id = await own(session, calendar_until=TODAY + timedelta(days=6), preparation_days=1)
    for n, kind in enumerate(("host_block", "imported")):
        window = window_of(n, 1)
        await create_occupancy(session, listing_id, window.start, window.end, kind=kind)
    hold, due = window_of(3, 1), clock.now() + timedelta(minutes=5)
    await create_occupancy(session, listing_id, hold.start, hold.end, kind="hold", expires_at=due)
    await service.edit_nights(session, clock, actor, listing_id, edit_of(window_of(7, 1), price_minor=1))
    seen = await service.get_host_calendar(session, clock, actor, listing_id, window_of(0, 8))
    assert [(each.kind, each.start) for each in seen.occupants] == [
        ("host_block", TODAY),
        ("imported", TODAY + timedelta(days=1)),
        ("hold", hold.start),
    ]
    assert seen.calendar.free.tolist() == [False] * 5 + [True]
    assert seen.calendar.preparation is not None
    assert np.flatnonzero(seen.calendar.preparation).tolist() == [2, 4]
    assert seen.prices.price_minor.tolist() == [10_000] * 4 + [12_000] * 2 + [10_000, 1]
    assert seen.own_prices == {TODAY + timedelta(days=7)}
    clock.advance(timedelta(minutes=5))
    later = await service.get_host_calendar(session, clock, actor, listing_id, window_of(0, 8))
    assert [each.kind for each in later.occupants] == ["host_block", "imported"]


_words = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.none() | st.integers(1, 300) for name in LIMITS},
        **{name: st.sampled_from([None, False, True]) for name in FLAGS},
    },
)
_PLAN = RatePlanRow(10_000, 12_000, 2, 300, 0, TODAY, TODAY + timedelta(days=30))


@given(
    rows=st.dictionaries(st.integers(-3, 33), _words, max_size=6),
    spans=st.lists(st.tuples(st.integers(0, 25), st.integers(1, 9)), min_size=1, max_size=3),
    weekdays=st.none() | st.frozensets(st.integers(0, 6), min_size=1),
    changes=_words,
)
def test_runs_are_the_nights_meant_that_differ(
    rows: dict[int, dict[str, Any]],
    spans: list[tuple[int, int]],
    weekdays: frozenset[int] | None,
    changes: dict[str, Any],
) -> None:
    """Night by night: one that is meant has the edit's words and its own others; no other changes; runs hold them."""

    def row_of(night: date, *said: dict[str, Any]) -> NightRow:
        words = {name: value for each in said for name, value in each.items()}
        columns: dict[str, Any] = {name: words.get(name) for name in LIMITS}
        return NightRow(night=night, **columns, **{name: bool(words.get(name)) for name in FLAGS})

    edit = NightsEdit(tuple(window_of(first, nights) for first, nights in spans), weekdays, changes)
    nights, hull = edit.nights(), edit.hull
    own_words = {TODAY + timedelta(days=n): said for n, said in rows.items()}
    columns = NightColumns.of(row_of(night, said) for night, said in own_words.items())
    expected = NightColumns.of(
        row_of(night, own_words.get(night, {}), changes if night in nights else {})
        for night in sorted({*own_words, *nights})
    )
    before, after, plain = (
        build_calendar(_PLAN, seasons=(), nights=each, occupied=(), window=hull)
        for each in (columns, overlay(columns, nights, changes), expected)
    )
    terms = [tuple(NightTerms.of(calendar, n) for calendar in (before, after, plain)) for n in range(len(before.free))]
    assert all(becomes == wanted for _, becomes, wanted in terms)
    runs = changed_runs(before, after)
    changed = {night for run in runs for night in Window(run.start, run.end).dates()}
    assert changed == {before.start + timedelta(days=n) for n, (was, becomes, _) in enumerate(terms) if was != becomes}
    assert changed <= set(nights)
    assert all(a.end < b.start or (a.before, a.after) != (b.before, b.after) for a, b in pairwise(runs))
