"""Both sides end the same booking at once: it ends once, and its money moves once.

The last test is the control: without the lock and the states in the way of a second cancellation it is
counted twice, so the others would have seen it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.clock import FixedClock
from lodestay.errors import Conflict
from tests.transactional.cancellations.test_service import paid
from tests.transactional.factories import PAID, actor_of, create_hold, create_host, create_listing, create_user, stay_of
from transactional.bookings import changes
from transactional.bookings import service as bookings
from transactional.bookings.records import BookingRecord
from transactional.bookings.rules import BookingStatus, Change
from transactional.cancellations import service
from transactional.journal.service import audit
from transactional.kit.database import create_engine, session_factory
from transactional.ledger import repository as ledger
from transactional.users.actors import Actor

RACERS = 8
Sessions = async_sessionmaker[AsyncSession]
Ending = Callable[[AsyncSession, FixedClock, Actor, UUID], Awaitable[BookingRecord]]


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    """Sessions as production opens them, on a pool that is smaller than the crowd."""
    engine = create_engine(database_url, pool_size=8, lock_timeout_ms=20_000)
    yield session_factory(engine)
    await engine.dispose()


async def attempt(
    sessions: Sessions, clock: FixedClock, ending: Ending, actor: Actor, booking_id: UUID
) -> BookingRecord | Conflict:
    """Do one transaction as an endpoint would: commit, or roll back on a conflict; faults go through."""
    try:
        async with sessions.begin() as session:
            return await ending(session, clock, actor, booking_id)
    except Conflict as conflict:
        return conflict


async def prepare(sessions: Sessions, clock: FixedClock, *, first_day: int) -> tuple[list[UUID], Actor, Actor]:
    """Paid bookings of five nights in a listing each, their guest and their host."""
    async with sessions.begin() as session:
        host, guest = await create_host(session), await create_user(session)
        made = []
        for _ in range(RACERS):
            listing = await create_listing(session, host=host)
            held = await create_hold(
                session,
                clock,
                listing_id=listing.listing_id,
                guest_id=guest.user_id,
                stay=stay_of(first_day, 5),
            )
            confirmed = await bookings.confirm(session, clock, PAID, held.booking_id)
            await paid(session, clock, confirmed, captured=True)
            made.append(held.booking_id)
    return made, actor_of(guest), actor_of(host)


async def test_both_sides_cancel_at_once(sessions: Sessions, clock: FixedClock) -> None:
    """One cancellation counts: one event, one refund, one saga, and a penalty only where the host was first."""
    made, guest, host = await prepare(sessions, clock, first_day=10)
    outcomes = await asyncio.gather(
        *(attempt(sessions, clock, service.cancel, actor, each) for each in made for actor in (guest, host, guest))
    )
    won = [outcome for outcome in outcomes if isinstance(outcome, BookingRecord)]
    assert Counter(each.booking_id for each in won) == dict.fromkeys(made, 1)
    by_host = sum(each.cancelled_by == "host" for each in won)
    async with sessions() as session:
        posted = Counter(await session.scalars(text("SELECT kind FROM ledger_transactions")))
        sagas = Counter(await session.scalars(text("SELECT kind FROM sagas")))
        blocks = await session.scalar(text("SELECT count(*) FROM occupancy WHERE is_live AND kind = 'host_block'"))
        assert (await audit(session)).broken == ()
    assert (posted["refund_owed"], posted["penalty"]) == (RACERS, by_host)
    assert sagas == {"settlement": RACERS}
    assert blocks == by_host


async def test_guest_leaves_as_the_host_reports_a_no_show(sessions: Sessions, clock: FixedClock) -> None:
    """Whoever comes first is right: the booking ends in one way, with the nights and the money of that one."""
    made, guest, host = await prepare(sessions, clock, first_day=1)
    clock.advance(timedelta(days=3))
    endings: list[tuple[Ending, Actor]] = [
        (service.leave_early, guest),
        (service.mark_no_show, host),
        (service.cancel, guest),
    ]
    outcomes = await asyncio.gather(
        *(attempt(sessions, clock, ending, actor, each) for each in made for ending, actor in endings)
    )
    won = [outcome for outcome in outcomes if isinstance(outcome, BookingRecord)]
    assert Counter(each.booking_id for each in won) == dict.fromkeys(made, 1)
    async with sessions() as session:
        assert (await audit(session)).broken == ()
        owed = await session.scalar(
            text("SELECT CAST(coalesce(sum((refund ->> 'total_minor')::bigint), 0) AS bigint) FROM bookings")
        )
        assert (await ledger.totals(session)).get(("guest_receivable", "EUR"), 0) == -int(owed or 0)


async def test_control_without_the_guards_it_is_cancelled_twice(
    sessions: Sessions, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: with the states of the check and of the UPDATE let through, a second cancellation is counted."""
    (booking_id, *_), guest, _ = await prepare(sessions, clock, first_day=10)
    monkeypatch.setattr(service, "_require_cancellable", lambda *_: None)
    assert isinstance(await attempt(sessions, clock, service.cancel, guest, booking_id), BookingRecord)
    # The UPDATE alone still refuses.
    assert isinstance(await attempt(sessions, clock, service.cancel, guest, booking_id), Conflict)
    any_state = list(BookingStatus)
    monkeypatch.setattr(changes, "sources", lambda change: any_state if change is Change.CANCEL else [])
    assert isinstance(await attempt(sessions, clock, service.cancel, guest, booking_id), BookingRecord)
    async with sessions() as session:
        told = await session.scalar(text("SELECT count(*) FROM outbox WHERE topic = 'booking.cancelled'"))
    assert told == 2
