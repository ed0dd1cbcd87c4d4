"""Boundary bugs of locks, time and copies, each named after its number, each with its control."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import nullcontext
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.clock import FixedClock
from lodestay.errors import Conflict
from tests.transactional.factories import (
    PAID,
    create_hold,
    create_listing,
    create_quote,
    create_user,
    stay_of,
)
from transactional.bookings import history, repository, service
from transactional.bookings.history import PastBooking, add_past_bookings
from transactional.bookings.rules import BookingStatus, Change, target
from transactional.calendars.errors import StayUnavailable
from transactional.calendars.models import OCCUPANCY_NO_OVERLAP
from transactional.calendars.repository import load_calendars
from transactional.calendars.rules import Window
from transactional.kit.database import create_engine, session_factory
from transactional.kit.sqlstate import SqlState, sqlstate
from transactional.listings.repository import lock_listing

KEEP = timedelta(minutes=15)
Sessions = async_sessionmaker[AsyncSession]


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    """Sessions as production opens them."""
    engine = create_engine(database_url, pool_size=8, lock_timeout_ms=20_000)
    yield session_factory(engine)
    await engine.dispose()


async def a_due_hold(session: AsyncSession, clock: FixedClock) -> tuple[int, UUID]:
    """A listing, and a hold on it that is due."""
    guest, listing = await create_user(session), await create_listing(session)
    held = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, keep=KEEP)
    clock.advance(KEEP)
    return listing.listing_id, held.booking_id


async def test_b9_control_a_due_hold_that_nobody_releases_is_in_the_way(
    session: AsyncSession, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B9, control: without the release under the lock, the nights of a due hold are refused by the constraint."""
    listing_id, _ = await a_due_hold(session, clock)
    guest = await create_user(session)

    async def nothing(*_: object) -> int:
        return 0

    monkeypatch.setattr(service, "expire_due_holds_of", nothing)
    with pytest.raises(StayUnavailable):
        await create_hold(session, clock, listing_id=listing_id, guest_id=guest.user_id)


async def test_b10_late_confirmation_asks_for_the_nights_again(session: AsyncSession, clock: FixedClock) -> None:
    """B10: the hold is over and another guest has the nights: a success of the payment confirms nothing."""
    listing_id, booking_id = await a_due_hold(session, clock)
    guest = await create_user(session)
    await create_hold(session, clock, listing_id=listing_id, guest_id=guest.user_id)
    with pytest.raises(StayUnavailable):
        await service.confirm(session, clock, PAID, booking_id)


async def test_b10_control_confirming_without_asking_sells_twice(
    session: AsyncSession, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B10, control: with the question and the constraint gone, the late payment confirms over another's nights."""
    listing_id, booking_id = await a_due_hold(session, clock)
    guest = await create_user(session)
    await create_hold(session, clock, listing_id=listing_id, guest_id=guest.user_id)

    async def anything(*_: object) -> None:
        return

    monkeypatch.setattr(service, "require_available", anything)
    await session.execute(text(f"ALTER TABLE occupancy DROP CONSTRAINT {OCCUPANCY_NO_OVERLAP}"))
    assert (await service.confirm(session, clock, PAID, booking_id)).status == "confirmed"
    assert await session.scalar(text("SELECT count(*) FROM occupancy WHERE is_live")) == 2


async def _load(sessions: Sessions, clock: FixedClock, listing_ids: list[int], *, day: int) -> object:
    past = [
        PastBooking(
            listing_id=listing_id,
            guest_id=UUID(int=100 * abs(day) + n),
            check_in=stay_of(day, 1).check_in,
            check_out=stay_of(day, 1).check_out,
            guests=1,
            created_at=clock.now() - timedelta(days=400),
            cancelled_at=None,
        )
        for n, listing_id in enumerate(listing_ids)
    ]
    async with sessions.begin() as session:
        return await add_past_bookings(session, clock, past)


async def test_b13_several_listings_are_locked_in_one_order(sessions: Sessions, clock: FixedClock) -> None:
    """B13: whoever changes several listings takes them by number, in whatever order they were named."""
    async with sessions.begin() as session:
        ids = [(await create_listing(session)).listing_id for _ in range(6)]
    loads = [_load(sessions, clock, ids if n % 2 else ids[::-1], day=-30 - 3 * n) for n in range(6)]
    assert len(await asyncio.gather(*loads)) == 6


async def test_b13_control_each_in_its_own_order_is_a_deadlock(sessions: Sessions) -> None:
    """B13, control: two transactions that lock the same two listings in opposite orders kill one another."""
    async with sessions.begin() as session:
        ids = [(await create_listing(session)).listing_id for _ in range(2)]
    both_have_one = asyncio.Barrier(2)

    async def lock(order: list[int]) -> str | None:
        try:
            async with sessions.begin() as session:
                await lock_listing(session, order[0], owner=None)
                await asyncio.wait_for(both_have_one.wait(), timeout=20)
                await lock_listing(session, order[1], owner=None)
        except DBAPIError as error:
            return sqlstate(error)
        return None

    assert set(await asyncio.gather(lock(ids), lock(ids[::-1]))) == {None, SqlState.DEADLOCK_DETECTED}
    assert "ORDER BY listing_id" in str(history._LOCK)


async def test_b17_control_without_the_mapping_contention_is_a_fault(
    database_url: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B17, control: what the driver says of a lock that does not come goes through as it is, which would be a 500."""
    engine = create_engine(database_url, pool_size=2, lock_timeout_ms=50)
    sessions = session_factory(engine)
    async with sessions.begin() as session:
        guest, listing = await create_user(session), await create_listing(session)
        quote = await create_quote(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    monkeypatch.setattr(service, "overlap_as_conflict", lambda *_: nullcontext())
    async with sessions.begin() as holder:
        await lock_listing(holder, listing.listing_id, owner=None)
        with pytest.raises(DBAPIError) as fault:
            async with sessions.begin() as session:
                await service.hold(session, clock, guest_id=guest.user_id, quote_id=quote.quote_id, keep=KEEP)
    assert not isinstance(fault.value, Conflict)
    await engine.dispose()


async def test_b18_control_an_update_without_its_guard_revives_the_dead(
    session: AsyncSession, clock: FixedClock
) -> None:
    """B18, control: the same UPDATE that may start from any state confirms a cancelled booking."""
    guest, listing = await create_user(session), await create_listing(session)
    held = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    await session.execute(text("UPDATE bookings SET status = 'cancelled'"))
    values = {"status": target(Change.CONFIRM).value}
    guarded = await repository.change(session, held.booking_id, sources=[BookingStatus.HELD], values=values)
    unguarded = await repository.change(session, held.booking_id, sources=list(BookingStatus), values=values)
    assert guarded is None
    assert unguarded is not None


async def test_b35_what_takes_nights_cannot_run_on_a_copy(session: AsyncSession, clock: FixedClock) -> None:
    """B35: on a server that only reads, as a replica does, a hold is impossible, not wrong."""
    guest, listing = await create_user(session), await create_listing(session)
    quote = await create_quote(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    await session.commit()
    await session.execute(text("SET TRANSACTION READ ONLY"))
    with pytest.raises(DBAPIError) as refused:
        await service.hold(session, clock, guest_id=guest.user_id, quote_id=quote.quote_id, keep=KEEP)
    assert sqlstate(refused.value) == "25006"  # read_only_sql_transaction


async def test_b35_control_a_plain_question_is_answered_by_a_copy(session: AsyncSession, clock: FixedClock) -> None:
    """B35, control: asking the calendar without the lock works there, so it must not be what decides."""
    listing = await create_listing(session)
    await session.commit()
    await session.execute(text("SET TRANSACTION READ ONLY"))
    window = Window.around(stay_of(10, 3))
    assert await load_calendars(session, [listing.listing_id], window, now=clock.now())
