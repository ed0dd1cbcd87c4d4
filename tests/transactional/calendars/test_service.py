"""Calendars in the database: loading many, and what hosts change."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from lodestay.calendar import Refusal
from lodestay.clock import FixedClock
from lodestay.ids import new_id
from tests.transactional.factories import (
    TODAY,
    actor_of,
    create_hold,
    create_host,
    create_listing,
    create_night,
    create_occupancy,
    create_season,
    create_user,
    stay_of,
)
from transactional.calendars import service
from transactional.calendars.errors import InvalidWindow, NightsBooked
from transactional.calendars.repository import load_calendars
from transactional.calendars.rules import Window
from transactional.listings.errors import ListingNotFound


def window_of(days_ahead: int, nights: int) -> Window:
    """Nights from so many days after today."""
    start = TODAY + timedelta(days=days_ahead)
    return Window(start, start + timedelta(days=nights))


async def test_fifty_calendars_in_one_query(session: AsyncSession, engine: AsyncEngine, clock: FixedClock) -> None:
    """However many listings a page shows, their calendars cost one query; each is its own listing's."""
    ids = []
    for n in range(50):
        listing = await create_listing(session, rate_plan={"base_price_minor": 1_000 + n, "weekend_price_minor": None})
        ids.append(listing.listing_id)
        await create_night(session, listing.listing_id, TODAY + timedelta(days=n), price_minor=77)
    await create_season(
        session, ids[3], starts_on=TODAY, ends_before=TODAY + timedelta(days=2), price_bps=20_000, min_stay=4
    )
    await create_occupancy(session, ids[4], TODAY + timedelta(days=1), TODAY + timedelta(days=3))
    statements: list[str] = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    calendars = await load_calendars(session, [*ids, 10**12], window_of(0, 60), now=clock.now())
    assert len(statements) == 1
    assert sorted(calendars) == ids
    for n, listing_id in enumerate(ids):
        assert calendars[listing_id].price_minor[n] == 77
    assert calendars[ids[3]].price_minor[:4].tolist() == [2006, 2006, 1003, 77]
    assert calendars[ids[3]].min_stay[:3].tolist() == [4, 4, 1]
    assert calendars[ids[4]].free[:4].tolist() == [True, False, False, True]
    assert calendars[ids[5]].free.all()


async def test_due_hold_takes_nothing_for_a_reader(session: AsyncSession, clock: FixedClock) -> None:
    """A reader sees nights free again at the instant a hold is due, before anybody flips it."""
    guest, listing = await create_user(session), await create_listing(session)
    await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    window = window_of(10, 3)
    held = await service.get_calendar(session, clock, listing.listing_id, window)
    assert not held.free.any()
    clock.advance(timedelta(minutes=15))
    due = await service.get_calendar(session, clock, listing.listing_id, window)
    assert due.free.all()


async def test_host_blocks_and_unblocks(session: AsyncSession, clock: FixedClock) -> None:
    """Blocks may overlap one another and imports; unblocking a middle leaves both ends blocked."""
    host = await create_host(session)
    listing = await create_listing(session, host=host)
    actor, listing_id = actor_of(host), listing.listing_id
    await create_occupancy(session, listing_id, stay_of(2, 1).check_in, stay_of(2, 1).check_out)
    await service.block(session, clock, actor, listing_id, window_of(1, 4))
    await service.block(session, clock, actor, listing_id, window_of(3, 4))
    await service.unblock(session, clock, actor, listing_id, window_of(2, 3))
    calendar = await service.get_calendar(session, clock, listing_id, window_of(0, 8))
    assert calendar.free.tolist() == [True, False, False, True, True, False, False, True]


async def test_saying_again_what_is_already_so_writes_nothing(session: AsyncSession, clock: FixedClock) -> None:
    """A tool that sends the same blocks every minute fills neither the table nor the outbox."""
    host = await create_host(session)
    listing = await create_listing(session, host=host)
    actor = actor_of(host)
    counted = text("SELECT (SELECT count(*) FROM occupancy), (SELECT count(*) FROM outbox)")

    async def rows() -> tuple[int, int]:
        found = (await session.execute(counted)).one()
        return int(found[0]), int(found[1])

    await service.block(session, clock, actor, listing.listing_id, window_of(20, 14))
    before = await rows()
    await service.block(session, clock, actor, listing.listing_id, window_of(20, 14))
    await service.block(session, clock, actor, listing.listing_id, window_of(22, 2))
    await service.unblock(session, clock, actor, listing.listing_id, window_of(60, 4))
    assert await rows() == before


async def test_block_does_not_touch_a_guests_nights(session: AsyncSession, clock: FixedClock) -> None:
    """Nights a guest has are named and nothing is blocked; a due hold is no guest."""
    host, guest = await create_host(session), await create_user(session)
    listing = await create_listing(session, host=host)
    await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, stay=stay_of(10, 2))
    with pytest.raises(NightsBooked) as refused:
        await service.block(session, clock, actor_of(host), listing.listing_id, window_of(8, 3))
    assert refused.value.nights == (stay_of(10, 1).check_in,)
    clock.advance(timedelta(minutes=15))
    await service.block(session, clock, actor_of(host), listing.listing_id, window_of(8, 3))


async def test_ranges_and_listings_that_cannot_be(session: AsyncSession, clock: FixedClock) -> None:
    """Another's listing is not found, and neither is one that is not there; absurd ranges are named."""
    host, other = await create_host(session), await create_host(session)
    listing = await create_listing(session, host=host)
    window = window_of(0, 2)
    with pytest.raises(ListingNotFound):
        await service.unblock(session, clock, actor_of(other), listing.listing_id, window)
    with pytest.raises(InvalidWindow):
        await service.block(session, clock, actor_of(host), listing.listing_id, window_of(0, 800))
    with pytest.raises(ListingNotFound):
        await service.get_calendar(session, clock, 10**12, window)


@pytest.mark.parametrize("stay", ["[2026-07-01,2026-07-01)", "[2026-07-01,)", "(,2026-07-01)", "(,)", None], ids=str)
async def test_b2_schema_refuses_stays_that_are_none(session: AsyncSession, stay: str | None) -> None:
    """B2: an empty, unbounded or absent range cannot be written, whatever the code above does."""
    listing = await create_listing(session)
    insert = text("INSERT INTO occupancy (listing_id, stay, kind) VALUES (:id, CAST(:stay AS daterange), 'imported')")
    with pytest.raises(IntegrityError):
        await session.execute(insert, {"id": listing.listing_id, "stay": stay})


async def test_b2_control_an_unchecked_empty_range_slips_past_the_constraint(session: AsyncSession) -> None:
    """B2, control: without the CHECK, EXCLUDE lets an empty stay into occupied nights."""
    listing = await create_listing(session)
    await create_occupancy(session, listing.listing_id, stay_of(1, 5).check_in, stay_of(1, 5).check_out)
    await session.execute(text("ALTER TABLE occupancy DROP CONSTRAINT ck_occupancy_stay_half_open"))
    insert = text("INSERT INTO occupancy (listing_id, stay, kind) VALUES (:id, daterange(:day, :day), 'imported')")
    await session.execute(insert, {"id": listing.listing_id, "day": stay_of(3, 1).check_in})


_TAKE = """
    INSERT INTO occupancy (listing_id, stay, kind)
    VALUES (:id, daterange(CAST(:start AS date), CAST(:end AS date), :bounds), 'imported')
"""


@pytest.mark.parametrize("first", [-3, 4])
async def test_b1_back_to_back_stays_stand_beside_each_other(session: AsyncSession, first: int) -> None:
    """B1: one leaves as the other comes, before and after, and the constraint lets both; a shared night it refuses."""
    listing = await create_listing(session)
    await create_occupancy(session, listing.listing_id, stay_of(0, 4).check_in, stay_of(0, 4).check_out)
    beside = stay_of(first, 3)
    await create_occupancy(session, listing.listing_id, beside.check_in, beside.check_out)
    shared = stay_of(first + (1 if first < 0 else -1), 3)
    with pytest.raises(IntegrityError):
        await create_occupancy(session, listing.listing_id, shared.check_in, shared.check_out)


async def test_b1_control_an_inclusive_end_loses_the_day_of_change(session: AsyncSession) -> None:
    """B1, control: with the date of departure taken as a night, the next guest cannot come that day."""
    listing = await create_listing(session)
    for days_ahead, refused in ((0, False), (4, True)):
        stay = stay_of(days_ahead, 4)
        values = {"id": listing.listing_id, "start": stay.check_in, "end": stay.check_out, "bounds": "[]"}
        if refused:
            with pytest.raises(IntegrityError):
                await session.execute(text(_TAKE), values)
        else:
            await session.execute(text(_TAKE), values)


async def test_a_booking_that_moves_is_not_in_its_own_way(session: AsyncSession, clock: FixedClock) -> None:
    """Left out, its nights are free and nobody prepares for it; others' nights stay taken."""
    listing = await create_listing(session, rate_plan={"preparation_days": 1})
    numbers = [new_id(), new_id()]
    for days_ahead, booking_id in zip((2, 6), numbers, strict=True):
        stay = stay_of(days_ahead, 1)
        await create_occupancy(
            session, listing.listing_id, stay.check_in, stay.check_out, kind="booking", booking_id=booking_id
        )
    window = window_of(0, 9)
    found = await load_calendars(session, [listing.listing_id], window, now=clock.now(), without=numbers[0])
    assert found[listing.listing_id].free.tolist() == [True] * 5 + [False] * 3 + [True]


async def test_preparation_reaches_into_a_window_from_outside(session: AsyncSession, clock: FixedClock) -> None:
    """What is asked about lies between two stays: their preparation is loaded although they are not in it."""
    listing = await create_listing(session, rate_plan={"preparation_days": 2})
    for days_ahead in (2, 8):
        stay = stay_of(days_ahead, 1)
        await create_occupancy(session, listing.listing_id, stay.check_in, stay.check_out, kind="booking")
    calendar = await service.get_calendar(session, clock, listing.listing_id, window_of(3, 5))
    assert calendar.free.tolist() == [False, False, True, False, False]
    refused = calendar.refuse(stay_of(5, 2), today=TODAY)
    assert refused is not None
    assert (refused.rule, refused.limit) == (Refusal.PREPARATION, 2)


async def test_gap_rules_see_beside_the_stay_that_is_asked_about(session: AsyncSession, clock: FixedClock) -> None:
    """The query brings the nights beside a stay for listings with rules on gaps, whoever has them."""
    ids = [
        (await create_listing(session, rate_plan={"min_gap_nights": gap, "preparation_days": 1})).listing_id
        for gap in (0, 2, 3)
    ]
    for listing_id in ids:
        taken = stay_of(5, 2)
        await create_occupancy(session, listing_id, taken.check_in, taken.check_out, kind="booking")
    stay = stay_of(11, 2)  # a day of preparation on each side leaves two nights between
    found = await load_calendars(session, ids, Window.around(stay), now=clock.now())
    rules = [found[listing_id].refuse(stay, today=TODAY) for listing_id in ids]
    assert rules[:2] == [None, None]
    assert rules[2] is not None
    assert (rules[2].rule, rules[2].nights) == (Refusal.GAP, tuple(stay_of(8, 2)))
