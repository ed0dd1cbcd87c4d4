"""Modifications against each other, against cancellations and against other guests, at the same time.

The last tests are the control: with the guards taken away the same race does double-book.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.clock import FixedClock
from lodestay.errors import Conflict
from tests.transactional.bookings.test_races import nights_shared, without_lock
from tests.transactional.factories import PAID, create_hold, create_listing, create_user, stay_of
from tests.transactional.modifications.bookings import Booked, create_booking
from tests.transactional.modifications.test_service import day, key_of
from transactional.bookings.records import BookingRecord
from transactional.calendars.errors import StayUnavailable
from transactional.calendars.models import OCCUPANCY_NO_OVERLAP
from transactional.cancellations import service as cancellations
from transactional.journal.service import audit
from transactional.kit.database import create_engine, session_factory
from transactional.modifications import applying, repository, service
from transactional.modifications.errors import ModificationOpen
from transactional.modifications.records import ModificationRecord, Wish

Sessions = async_sessionmaker[AsyncSession]
T = TypeVar("T")
ROUNDS = 4


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    """Sessions as production opens them."""
    engine = create_engine(database_url, pool_size=8, lock_timeout_ms=20_000)
    yield session_factory(engine)
    await engine.dispose()


async def attempt(sessions: Sessions, work: Callable[[AsyncSession], Awaitable[T]]) -> T | Conflict:
    """Do one transaction as an endpoint would; faults go through."""
    try:
        async with sessions.begin() as session:
            return await work(session)
    except Conflict as conflict:
        return conflict


async def book(sessions: Sessions, clock: FixedClock, *, days_ahead: int = 10, nights: int = 3) -> Booked:
    """A confirmed booking, committed."""
    async with sessions.begin() as session:
        return await create_booking(session, clock, stay=stay_of(days_ahead, nights))


async def propose(sessions: Sessions, clock: FixedClock, booked: Booked, wish: Wish) -> ModificationRecord:
    """The guest's proposal, committed."""
    async with sessions.begin() as session:
        return await service.propose(session, clock, booked.guest, booked.booking.booking_id, wish)


def approving(
    clock: FixedClock, booked: Booked, modification: ModificationRecord
) -> Callable[[AsyncSession], Awaitable[ModificationRecord]]:
    """The work of the host."""
    return lambda session: service.approve(session, clock, booked.host, key_of(modification))


def applies(clock: FixedClock, modification_id: UUID) -> Callable[[AsyncSession], Awaitable[None]]:
    """The work of a saga."""
    return lambda session: applying.apply(session, clock, PAID, modification_id)


async def contradictions(sessions: Sessions) -> list[str]:
    """What the journal and the tables say differently."""
    async with sessions() as session:
        return list((await audit(session)).broken)


async def test_b11_a_longer_stay_against_another_guests_hold(sessions: Sessions, clock: FixedClock) -> None:
    """B11: the night goes to one of them; the booking keeps what it had, or has it all."""
    wins = Counter[str]()
    for _ in range(ROUNDS):
        booked = await book(sessions, clock)
        wish = Wish(check_out=day(14), payment_method="pm_card")
        modification = await propose(sessions, clock, booked, wish)
        await attempt(sessions, approving(clock, booked, modification))
        async with sessions.begin() as session:
            other = (await create_user(session)).user_id

        def hold(
            session: AsyncSession, listing_id: int = booked.listing_id, other: UUID = other
        ) -> Awaitable[BookingRecord]:
            return create_hold(session, clock, listing_id=listing_id, guest_id=other, stay=stay_of(13, 2))

        changed, held = await asyncio.gather(
            attempt(sessions, applies(clock, modification.modification_id)), attempt(sessions, hold)
        )
        assert [isinstance(each, StayUnavailable) for each in (changed, held)].count(True) == 1
        wins["hold" if isinstance(changed, Conflict) else "modification"] += 1
    assert sum(wins.values()) == ROUNDS
    assert await nights_shared(sessions) == 0
    assert await contradictions(sessions) == []


async def test_b14_both_sides_propose_at_once(sessions: Sessions, clock: FixedClock) -> None:
    """B14: one proposal is open, the other is told of it."""
    for _ in range(ROUNDS):
        booked = await book(sessions, clock)
        booking_id = booked.booking.booking_id
        outcomes = await asyncio.gather(
            *(
                attempt(
                    sessions,
                    lambda session, actor=actor, booking_id=booking_id: service.propose(  # type: ignore[misc]
                        session, clock, actor, booking_id, Wish(check_in=day(11))
                    ),
                )
                for actor in (booked.guest, booked.host)
            )
        )
        assert Counter(type(outcome) for outcome in outcomes) == {ModificationRecord: 1, ModificationOpen: 1}


async def test_an_agreement_against_a_cancellation(sessions: Sessions, clock: FixedClock) -> None:
    """Whoever is first: the booking is cancelled in the end, and no night of either stay is left to it."""
    for _ in range(ROUNDS):
        booked = await book(sessions, clock)
        booking_id = booked.booking.booking_id
        modification = await propose(sessions, clock, booked, Wish(check_in=day(9), check_out=day(11)))
        outcomes = await asyncio.gather(
            attempt(sessions, approving(clock, booked, modification)),
            attempt(
                sessions,
                lambda session, guest=booked.guest, booking_id=booking_id: cancellations.cancel(  # type: ignore[misc]
                    session, clock, guest, booking_id
                ),
            ),
        )
        assert isinstance(outcomes[1], BookingRecord)
    async with sessions() as session:
        assert await session.scalar(text("SELECT count(*) FROM occupancy WHERE is_live")) == 0
    assert await contradictions(sessions) == []


async def test_an_agreement_sent_many_times_is_had_once(sessions: Sessions, clock: FixedClock) -> None:
    """Eight at a time: one applies it, the others meet its state; the booking has one change more."""
    booked = await book(sessions, clock)
    modification = await propose(sessions, clock, booked, Wish(check_in=day(11)))
    outcomes = await asyncio.gather(*(attempt(sessions, approving(clock, booked, modification)) for _ in range(ROUNDS)))
    assert sum(isinstance(outcome, ModificationRecord) for outcome in outcomes) == 1
    async with sessions() as session:
        assert await session.scalar(text("SELECT version FROM bookings")) == 3
        assert await session.scalar(text("SELECT count(*) FROM sagas")) == 1
    assert await contradictions(sessions) == []


async def neighbours(sessions: Sessions, clock: FixedClock) -> list[UUID]:
    """Two bookings with a free night between them that both are about to get: numbers of the modifications."""
    async with sessions.begin() as session:
        listing = await create_listing(session)
        earlier = await create_booking(session, clock, listing=listing, stay=stay_of(10, 3))
        later = await create_booking(session, clock, listing=listing, stay=stay_of(14, 3))
        wishes = ((earlier, Wish(check_out=day(14))), (later, Wish(check_in=day(13))))
        made = [
            await service.propose(session, clock, booked.host, booked.booking.booking_id, wish)
            for booked, wish in wishes
        ]
        for (booked, _), modification in zip(wishes, made, strict=True):
            await service.approve(session, clock, booked.guest, key_of(modification), payment_method="pm_card")
    return [modification.modification_id for modification in made]


async def race_of(sessions: Sessions, clock: FixedClock) -> list[Conflict | None]:
    """Both at once."""
    made = await neighbours(sessions, clock)
    return list(await asyncio.gather(*(attempt(sessions, applies(clock, each)) for each in made)))


async def test_b11_two_neighbours_for_the_night_between_them(sessions: Sessions, clock: FixedClock) -> None:
    """B11: one of the two paid modifications is applied; the other is refused, so that its payment goes back."""
    for _ in range(ROUNDS):
        outcomes = await race_of(sessions, clock)
        assert Counter(type(outcome) for outcome in outcomes) == {type(None): 1, StayUnavailable: 1}
    assert await nights_shared(sessions) == 0
    assert await contradictions(sessions) == []


def checked_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the lock out, and make both wait for each other between the check and the writing."""
    asked, gate = repository.taken_by_others, asyncio.Barrier(2)

    async def wait_for_the_other(session: AsyncSession, listing_id: int, modification: ModificationRecord) -> bool:
        taken = await asked(session, listing_id, modification)
        await asyncio.wait_for(gate.wait(), timeout=20)
        return taken

    monkeypatch.setattr(applying, "lock_listing", without_lock)
    monkeypatch.setattr(repository, "taken_by_others", wait_for_the_other)


async def test_b11_control_without_guards_two_bookings_share_the_night(
    sessions: Sessions, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: neither lock nor constraint: both get it. The test above would fail."""
    async with sessions.begin() as session:
        await session.execute(text(f"ALTER TABLE occupancy DROP CONSTRAINT {OCCUPANCY_NO_OVERLAP}"))
    made = await neighbours(sessions, clock)
    checked_together(monkeypatch)
    outcomes = await asyncio.gather(*(attempt(sessions, applies(clock, each)) for each in made))
    assert outcomes == [None, None]
    assert await nights_shared(sessions) == 1


async def test_b11_control_without_lock_the_constraint_still_refuses(
    sessions: Sessions, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock taken out: the constraint lets one in at most, and the other meets a conflict, not a fault."""
    made = await neighbours(sessions, clock)
    checked_together(monkeypatch)
    outcomes = await asyncio.gather(*(attempt(sessions, applies(clock, each)) for each in made))
    assert sum(outcome is None for outcome in outcomes) <= 1
    assert await nights_shared(sessions) == 0
