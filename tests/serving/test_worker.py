"""The worker's loop on a real database: several at once, a database that goes away, an end that leaves nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.clock import FixedClock
from serving.worker.jobs import Job, standing_jobs
from serving.worker.service import Worker, run
from tests.transactional.factories import create_hold, create_listing, create_user
from tests.transactional.payments.fake_gateway import FakeGateway
from transactional.bookings.records import BookingRecord
from transactional.kit.database import create_engine, session_factory
from transactional.listings.errors import ListingBusy
from transactional.sagas.checkout import pay
from transactional.sagas.registry import ACTIONS
from transactional.sagas.runner import Runner

Sessions = async_sessionmaker[AsyncSession]
BOOKINGS = 6


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    """Sessions as production opens them."""
    engine = create_engine(database_url, pool_size=8, lock_timeout_ms=5_000)
    yield session_factory(engine)
    await engine.dispose()


def a_worker(sessions: Sessions, clock: FixedClock, processor: FakeGateway, *jobs: Job) -> Worker:
    """A worker with some jobs."""
    runner = Runner(sessions, processor, clock, ACTIONS, lambda: 0.5)
    return Worker(sessions, runner, jobs, clock)


async def held(sessions: Sessions, clock: FixedClock, *, paying: bool) -> BookingRecord:
    """A hold of a new guest at a new listing, with or without a payment that has begun."""
    async with sessions.begin() as session:
        listing, guest = await create_listing(session), await create_user(session)
        booking = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
        if paying:
            await pay(session, clock, booking.booking_id, payment_method="pm_ok")
    return booking


async def statuses(sessions: Sessions) -> list[str]:
    """States of all bookings."""
    async with sessions() as session:
        return list(await session.scalars(text("SELECT status FROM bookings")))


def counting(outcomes: list[int | Exception]) -> tuple[list[int], Callable[[], Awaitable[int]]]:
    """A job's round that gives these outcomes, one after another, then nothing; and how often it ran."""
    rounds: list[int] = []

    async def round_() -> int:
        rounds.append(1)
        outcome = outcomes.pop(0) if outcomes else 0
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return rounds, round_


async def test_several_workers_move_each_saga_once(sessions: Sessions, clock: FixedClock) -> None:
    """Two of them take what the other has not: every booking is confirmed, nobody is charged twice."""
    processor = FakeGateway()
    booked = [await held(sessions, clock, paying=True) for _ in range(BOOKINGS)]
    workers = [a_worker(sessions, clock, processor) for _ in range(2)]
    await asyncio.gather(*(worker.step() for worker in workers))
    await asyncio.gather(*(worker.settle() for worker in workers))
    assert await statuses(sessions) == ["confirmed"] * BOOKINGS
    assert len(processor.calls) == 2 * BOOKINGS
    for booking in booked:
        assert processor.charged(str(booking.booking_id)) == booking.charge_total_minor


async def test_what_falls_due_is_done_without_anybody_asking(sessions: Sessions, clock: FixedClock) -> None:
    """A hold's end, with the standing jobs; they may find nothing to do."""
    await held(sessions, clock, paying=False)
    worker = a_worker(sessions, clock, FakeGateway(), *standing_jobs(sessions, clock))
    assert not await worker.step()
    clock.advance(timedelta(minutes=16))
    assert await worker.step()
    assert await statuses(sessions) == ["expired"]


async def test_a_job_comes_again_at_once_while_there_is_more(sessions: Sessions, clock: FixedClock) -> None:
    """A full round is followed by another, an empty one by a pause; one that is in somebody's way waits alone."""
    full, fill = counting([200, 50])
    busy, collide = counting([ListingBusy(1)])
    every = timedelta(seconds=5)
    worker = a_worker(sessions, clock, FakeGateway(), Job("busy", every, collide), Job("full", every, fill))
    assert [await worker.step() for _ in range(4)] == [True, True, False, False]
    assert (len(full), len(busy)) == (3, 1)
    clock.advance(every)
    assert not await worker.step()
    assert (len(full), len(busy)) == (4, 2)


async def test_a_worker_waits_for_a_database_that_went_away(
    sessions: Sessions, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not end: once the database answers, it goes on; asked to stop, it ends what it began."""
    stop = asyncio.Event()
    booking = await held(sessions, clock, paying=True)
    processor = FakeGateway()
    worker = a_worker(sessions, clock, processor)
    step, failures = worker.step, [OperationalError("SELECT", {}, Exception("away"))] * 2

    async def shaky() -> bool:
        if failures:
            raise failures.pop()
        did = await step()
        if did:
            stop.set()
        return did

    monkeypatch.setattr(worker, "step", shaky)
    monkeypatch.setattr("serving.worker.service.POLL_SECONDS", 0.001)
    await run(worker, stop)
    assert await statuses(sessions) == ["confirmed"]
    assert processor.charged(str(booking.booking_id)) == booking.charge_total_minor
