"""One operation's surroundings: its history, its instant, its draws and a session to do it in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from bench.proof.log import Acknowledged
from bench.proof.plan import AHEAD, Plan
from bench.proof.processor import Processor
from lodestay.clock import FixedClock
from lodestay.stay import Stay
from transactional.bookings.records import BookingRecord
from transactional.calendars.rules import Window
from transactional.users.actors import Actor

_KNOWN = text("""
    SELECT booking_id, listing_id, guest_id, status FROM bookings WHERE listing_id = ANY(:listing_ids)
    ORDER BY booking_id
""")
FITTING: Final = 0.85
"""How often a lane takes a booking in the state that it wants, where it knows one."""
_STALE_AFTER = 4
"""Operations between two looks at a history's bookings: like callers, the lanes act on what they last saw."""


@dataclass(frozen=True, slots=True)
class Known:
    """A booking as a lane last saw it."""

    booking_id: UUID
    listing_id: int
    guest_id: UUID
    status: str


@dataclass
class Memory:
    """What the lanes of a history in one worker remember.

    Attributes
    ----------
    quotes
        Quotes given, with their guests.
    at_work
        Bookings that sagas may be at work on.
    """

    bookings: dict[UUID, Known] = field(default_factory=dict)
    quotes: list[tuple[UUID, UUID]] = field(default_factory=list)
    at_work: set[UUID] = field(default_factory=set)
    age: int = _STALE_AFTER

    def note(self, booking: BookingRecord) -> Acknowledged:
        """Remember a booking as it was answered; the answer promises its last event."""
        known = Known(booking.booking_id, booking.listing_id, booking.guest_id, booking.status)
        self.bookings[booking.booking_id] = known
        return Acknowledged("booking", str(booking.booking_id), booking.version)


@dataclass(frozen=True)
class Turn:
    """One operation of one lane.

    Attributes
    ----------
    draws
        Of this operation alone.
    wishes
        What decides where and when: its own draws, or those that the other lanes have too.
    followed_by
        What is done at once after it, by somebody whom it has woken.
    """

    plan: Plan
    memory: Memory
    sessions: async_sessionmaker[AsyncSession]
    clock: FixedClock
    draws: Random
    wishes: Random
    processor: Processor
    followed_by: list[Operation] = field(default_factory=list)

    def begin(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A transaction that commits at its end, as the edge does."""
        return self.sessions.begin()

    def guest(self) -> Actor:
        """Somebody who wants to stay."""
        return self.draws.choice(self.plan.guests)

    def guest_of(self, known: Known) -> Actor:
        """Whose booking it is."""
        return next(each for each in self.plan.guests if each.user_id == known.guest_id)

    def listing_id(self, *, first: float = 0.5) -> int:
        """One of the listings; `first` is how often the one that is booked at once."""
        return self.plan.listing_ids[0 if self.wishes.random() < first else 1]

    def stay(self, *, longest: int = 4) -> Stay:
        """Some nights."""
        nights = self.wishes.randint(1, longest)
        check_in = self.clock.now().date() + timedelta(days=int(AHEAD * self.wishes.random() ** 2))
        return Stay(check_in, check_in + timedelta(days=nights))

    def window(self) -> Window:
        """Some nights to block."""
        stay = self.stay(longest=2)
        return Window(stay.check_in, stay.check_out)

    async def booking(self, *wanted: str) -> Known | None:
        """A booking to act on: mostly one that was last seen in a wanted state, the first if there is one, or any."""
        if self.memory.age >= _STALE_AFTER:
            await self._look()
        self.memory.age += 1
        known = [self.memory.bookings[booking_id] for booking_id in sorted(self.memory.bookings)]
        for status in wanted:
            fitting = [each for each in known if each.status == status]
            if fitting and self.wishes.random() < FITTING:
                return self.wishes.choice(fitting)
        return self.wishes.choice(known) if known else None

    async def _look(self) -> None:
        async with self.sessions() as session:
            rows = await session.execute(_KNOWN, {"listing_ids": list(self.plan.listing_ids)})
            self.memory.bookings |= {row["booking_id"]: Known(**row) for row in rows.mappings()}
        self.memory.age = 0


Promised = tuple[Acknowledged, ...] | None
"""What an operation's answer promises, once it is committed; None where there was nothing to do it to."""
Work = Callable[[Turn], Awaitable[Promised]]


@dataclass(frozen=True)
class Operation:
    """A kind of operation, and how often it is drawn."""

    name: str
    weight: int
    work: Work
