"""Many at once for the same nights: at most one gets them, and nobody meets a fault.

The last tests are the control: with the guards taken away the same race does double-book, so the
others would have seen it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from lodestay.clock import FixedClock
from lodestay.errors import Conflict
from lodestay.stay import Stay
from tests.transactional.factories import (
    PAID,
    actor_of,
    create_hold,
    create_listing,
    create_quote,
    create_user,
    stay_of,
)
from transactional.bookings import service
from transactional.bookings.holds import expire_due_holds
from transactional.bookings.records import BookingRecord
from transactional.calendars import service as calendars
from transactional.calendars.errors import StayUnavailable
from transactional.calendars.models import OCCUPANCY_NO_OVERLAP
from transactional.calendars.rules import Window
from transactional.cancellations import service as cancellations
from transactional.kit.database import create_engine, session_factory
from transactional.listings import repository as listings
from transactional.listings.errors import ListingBusy
from transactional.listings.repository import LockedListing
from transactional.users.actors import Actor, Role

KEEP = timedelta(minutes=15)
RACERS = 16
Sessions = async_sessionmaker[AsyncSession]
T = TypeVar("T")
Change = Callable[[AsyncSession, FixedClock, Actor, UUID], Awaitable[BookingRecord]]


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    """Sessions as production opens them, on a pool that is smaller than the crowd."""
    engine: AsyncEngine = create_engine(database_url, pool_size=8, lock_timeout_ms=20_000)
    yield session_factory(engine)
    await engine.dispose()


async def attempt(sessions: Sessions, work: Callable[[AsyncSession], Awaitable[T]]) -> T | Conflict:
    """Do one transaction as an endpoint would: commit, or roll back on a conflict; faults go through."""
    try:
        async with sessions.begin() as session:
            return await work(session)
    except Conflict as conflict:
        return conflict


async def attempt_in(session: AsyncSession, work: Callable[[AsyncSession], Awaitable[T]]) -> T | Conflict:
    """As :func:`attempt`, in a transaction that has begun."""
    try:
        result = await work(session)
    except Conflict as conflict:
        await session.rollback()
        return conflict
    await session.commit()
    return result


def holding(clock: FixedClock, guest_id: UUID, quote_id: UUID) -> Callable[[AsyncSession], Awaitable[BookingRecord]]:
    """The work of one guest."""
    return lambda session: service.hold(session, clock, guest_id=guest_id, quote_id=quote_id, keep=KEEP)


def changing(
    change: Change, clock: FixedClock, actor: Actor, booking: BookingRecord
) -> Callable[[AsyncSession], Awaitable[BookingRecord]]:
    """The work of one side."""
    return lambda session: change(session, clock, actor, booking.booking_id)


async def confirm_paid(session: AsyncSession, clock: FixedClock, _guest: Actor, booking_id: UUID) -> BookingRecord:
    """Confirm, as the payment's saga does."""
    return await service.confirm(session, clock, PAID, booking_id)


async def prepare(sessions: Sessions, clock: FixedClock, stays: list[Stay]) -> tuple[int, list[tuple[UUID, UUID]]]:
    """A listing, and a quote of a guest of their own for each stay."""
    async with sessions.begin() as session:
        listing = await create_listing(session)
        wishes = []
        for stay in stays:
            guest = await create_user(session)
            quote = await create_quote(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, stay=stay)
            wishes.append((guest.user_id, quote.quote_id))
    return listing.listing_id, wishes


async def race_for(sessions: Sessions, clock: FixedClock, stays: list[Stay]) -> list[BookingRecord | Conflict]:
    """Hold all the stays at the same time."""
    _, wishes = await prepare(sessions, clock, stays)
    return await asyncio.gather(
        *(
            attempt(
                sessions,
                holding(clock, guest, quote),
            )
            for guest, quote in wishes
        )
    )


async def nights_shared(sessions: Sessions) -> int:
    """Pairs of live stays that share a night."""
    query = text("""
        SELECT count(*) FROM occupancy a JOIN occupancy b
        ON a.listing_id = b.listing_id AND a.occupancy_id < b.occupancy_id AND a.stay && b.stay
        WHERE a.is_live AND b.is_live
    """)
    async with sessions() as session:
        return int(await session.scalar(query) or 0)


async def test_b7_one_of_many_gets_the_nights(sessions: Sessions, clock: FixedClock) -> None:
    """Sixteen guests want the same nights: one has them, fifteen are told which nights are taken."""
    outcomes = await race_for(sessions, clock, [stay_of(10, 3)] * RACERS)
    assert Counter(type(outcome) for outcome in outcomes) == {BookingRecord: 1, StayUnavailable: RACERS - 1}
    assert await nights_shared(sessions) == 0


async def test_b1_neighbours_all_get_theirs(sessions: Sessions, clock: FixedClock) -> None:
    """Stays back to back never refuse one another, however many come at once."""
    outcomes = await race_for(sessions, clock, [stay_of(10 + 2 * n, 2) for n in range(RACERS)])
    assert Counter(type(outcome) for outcome in outcomes) == {BookingRecord: RACERS}


async def test_b17_overlapping_crowd_without_deadlock(sessions: Sessions, clock: FixedClock) -> None:
    """Stays that overlap in every way: winners share no night, losers meet a refusal, never a deadlock."""
    stays = [stay_of(10 + (7 * n) % 13, 1 + n % 5) for n in range(3 * RACERS)]
    outcomes = await race_for(sessions, clock, stays)
    kinds = Counter(type(outcome) for outcome in outcomes)
    assert set(kinds) == {BookingRecord, StayUnavailable}
    assert await nights_shared(sessions) == 0


async def test_b9_expiry_against_confirmation(sessions: Sessions, clock: FixedClock) -> None:
    """A due hold is confirmed late while another wants its nights and the sweeper runs: one has them."""
    async with sessions.begin() as session:
        ana, ben, listing = await create_user(session), await create_user(session), await create_listing(session)
        held = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=ana.user_id)
    clock.advance(KEEP)
    async with sessions.begin() as session:
        quote = await create_quote(session, clock, listing_id=listing.listing_id, guest_id=ben.user_id)
    outcomes = await asyncio.gather(
        attempt(sessions, lambda session: service.confirm(session, clock, PAID, held.booking_id)),
        attempt(
            sessions,
            holding(clock, ben.user_id, quote.quote_id),
        ),
        attempt(sessions, lambda session: expire_due_holds(session, clock, limit=10)),
    )
    assert sum(isinstance(outcome, BookingRecord) for outcome in outcomes) == 1
    assert await nights_shared(sessions) == 0


async def test_b12_block_against_hold(sessions: Sessions, clock: FixedClock) -> None:
    """A host blocks nights while guests hold them: either the block or one hold stands."""
    listing_id, wishes = await prepare(sessions, clock, [stay_of(10, 3)] * 4)
    admin = actor_of(wishes[0][0], Role.ADMIN)
    span = Window(stay_of(11, 1).check_in, stay_of(20, 1).check_in)
    outcomes = await asyncio.gather(
        attempt(sessions, lambda session: calendars.block(session, clock, admin, listing_id, span)),
        *(
            attempt(
                sessions,
                holding(clock, guest, quote),
            )
            for guest, quote in wishes
        ),
    )
    assert sum(not isinstance(outcome, Conflict) for outcome in outcomes) == 1
    assert await nights_shared(sessions) == 0


async def test_confirm_against_cancel(sessions: Sessions, clock: FixedClock) -> None:
    """Guest confirms as the host cancels, again and again: the end is one state, and the nights agree with it."""
    async with sessions.begin() as session:
        guest, listing = await create_user(session), await create_listing(session)
        held = [
            await create_hold(
                session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, stay=stay_of(10 + n, 1)
            )
            for n in range(RACERS)
        ]
    host = actor_of(listing.host_id, Role.HOST)
    changes = [(confirm_paid, actor_of(guest)), (cancellations.cancel, host), (cancellations.cancel, actor_of(guest))]
    outcomes = await asyncio.gather(
        *(
            attempt(
                sessions,
                changing(change, clock, actor, booking),
            )
            for booking in held
            for change, actor in changes
        )
    )
    assert all(isinstance(outcome, BookingRecord | Conflict) for outcome in outcomes)
    async with sessions() as session:
        states = Counter((await session.scalars(text("SELECT status FROM bookings"))).all())
        live = await session.scalar(text("SELECT count(*) FROM occupancy WHERE is_live AND kind <> 'host_block'"))
        told = await session.scalar(text("SELECT count(*) FROM outbox WHERE topic = 'booking.cancelled'"))
    assert states == {"cancelled": RACERS}  # whoever confirms first, the cancellations come
    assert (live, told) == (0, RACERS)


async def test_b17_lock_that_does_not_come_is_a_conflict(database_url: str, clock: FixedClock) -> None:
    """A listing locked for too long answers `ListingBusy`, not a fault."""
    engine = create_engine(database_url, pool_size=2, lock_timeout_ms=50)
    sessions = session_factory(engine)
    listing_id, [(guest, quote)] = await prepare(sessions, clock, [stay_of(10, 3)])
    async with sessions.begin() as holder:
        await listings.lock_listing(holder, listing_id, owner=None)
        outcome = await attempt(sessions, holding(clock, guest, quote))
    assert isinstance(outcome, ListingBusy)
    await engine.dispose()


async def without_lock(session: AsyncSession, listing_id: int, *, owner: UUID | None) -> LockedListing:
    """`lock_listing` with its guard taken out."""
    query = text("""
        SELECT listing_id, market_key, timezone, host_id, is_active, instant_book, cancellation_policy,
               check_in_hour, check_out_hour, approval_hours, requires_verified_guest, requires_completed_stays
        FROM listings JOIN markets USING (market_key) JOIN rate_plans USING (listing_id)
        WHERE listing_id = :listing_id
    """)
    return LockedListing(**(await session.execute(query, {"listing_id": listing_id})).mappings().one())


async def at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make racers that passed the check wait for each other before they write."""
    asked = service.require_available
    gate = asyncio.Barrier(4)

    async def checked_together(*args: object) -> None:
        await asked(*args)  # type: ignore[arg-type]
        await asyncio.wait_for(gate.wait(), timeout=20)

    monkeypatch.setattr(service, "require_available", checked_together)


async def test_b7_control_without_guards_nights_are_sold_twice(
    sessions: Sessions, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither lock nor constraint: all racers get the same nights. The tests above would fail."""
    async with sessions.begin() as session:
        await session.execute(text(f"ALTER TABLE occupancy DROP CONSTRAINT {OCCUPANCY_NO_OVERLAP}"))
    monkeypatch.setattr(service, "lock_listing", without_lock)
    await at_the_same_time(monkeypatch)
    outcomes = await race_for(sessions, clock, [stay_of(10, 3)] * 4)
    assert all(isinstance(outcome, BookingRecord) for outcome in outcomes)
    assert await nights_shared(sessions) == 6


async def test_b7_control_without_lock_the_constraint_still_refuses(
    sessions: Sessions, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock taken out: the constraint lets one in at most, and the others meet a conflict, not a fault."""
    monkeypatch.setattr(service, "lock_listing", without_lock)
    await at_the_same_time(monkeypatch)
    outcomes = await race_for(sessions, clock, [stay_of(10, 3)] * 4)
    kinds = Counter(type(outcome) for outcome in outcomes)
    assert kinds[BookingRecord] <= 1
    assert set(kinds) <= {BookingRecord, StayUnavailable, ListingBusy}
    assert await nights_shared(sessions) == 0


async def test_b16_control_a_snapshot_from_before_the_lock_sells_twice(database_url: str, clock: FixedClock) -> None:
    """B16, control: under REPEATABLE READ the lock is waited for and the check still sees the past.

    With the constraint gone nothing else stands in the way; READ COMMITTED, as the engine of the project
    has it, lets one of the two in.
    """
    sold = {}
    for isolation, days_ahead in (("REPEATABLE READ", 10), ("READ COMMITTED", 20)):
        engine = create_engine(database_url, pool_size=4, lock_timeout_ms=20_000)
        sessions = session_factory(engine)
        async with sessions.begin() as session:
            await session.execute(text(f"ALTER TABLE occupancy DROP CONSTRAINT IF EXISTS {OCCUPANCY_NO_OVERLAP}"))
        _, [(ana, first), (ben, second)] = await prepare(sessions, clock, [stay_of(days_ahead, 3)] * 2)
        async with sessions() as quick, sessions() as slow:
            for session in (quick, slow):
                await session.connection(execution_options={"isolation_level": isolation})
                await session.execute(text("SELECT 1"))  # here the snapshot of REPEATABLE READ is taken
            await service.hold(quick, clock, guest_id=ana, quote_id=first, keep=KEEP)
            waiting = asyncio.create_task(attempt_in(slow, holding(clock, ben, second)))
            await asyncio.sleep(0.05)
            await quick.commit()
            sold[isolation] = isinstance(await waiting, BookingRecord)
        await engine.dispose()
    assert sold == {"REPEATABLE READ": True, "READ COMMITTED": False}
