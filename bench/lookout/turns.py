"""One operation's surroundings in a world: its draws, its instant, what is known of the bookings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from bench.lookout.plan import AHEAD, HOT, Plan
from bench.lookout.truth import Truth
from lodestay.clock import FixedClock
from lodestay.stay import Stay
from transactional.bookings.instant import Keys
from transactional.bookings.records import BookingRecord
from transactional.calendars.rules import Window
from transactional.users.actors import Actor

KEPT: Final = 400
"""Bookings that are remembered, the latest."""


@dataclass
class Memory:
    """What was answered before.

    Attributes
    ----------
    bookings
        By number, as they were last answered, in the order in which they were made.
    proposals
        Modifications that wait for an answer: booking, modification, and whether the guest proposed it.
    seasons
        Listing and number of seasons that were added.
    """

    bookings: dict[UUID, BookingRecord] = field(default_factory=dict)
    proposals: list[tuple[UUID, UUID, bool]] = field(default_factory=list)
    seasons: list[tuple[int, int]] = field(default_factory=list)

    def note(self, booking: BookingRecord) -> None:
        """Remember a booking as it is now."""
        self.bookings[booking.booking_id] = booking
        if len(self.bookings) > KEPT:
            del self.bookings[next(iter(self.bookings))]


@dataclass(frozen=True)
class Turn:
    """One operation."""

    plan: Plan
    memory: Memory
    sessions: async_sessionmaker[AsyncSession]
    clock: FixedClock
    draws: Random
    truth: Truth
    keys: Keys

    def begin(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A transaction that commits at its end, as the edge does."""
        return self.sessions.begin()

    def listing_id(self) -> int:
        """One of the listings, half the time one of a few."""
        few = min(HOT, self.plan.listings) if self.draws.random() < 0.5 else self.plan.listings
        return self.draws.randint(1, few)

    def today(self, listing_id: int) -> date:
        """The date at a listing."""
        return self.truth.today(self.plan.place_of(listing_id).timezone)

    def stay(self, listing_id: int, *, longest: int = 5) -> Stay:
        """Some nights, most of them soon."""
        return draw_stay(self.draws, self.today(listing_id), longest=longest)

    def window(self, listing_id: int, *, longest: int = 3) -> Window:
        """Some nights of a host's."""
        stay = self.stay(listing_id, longest=longest)
        return Window(stay.check_in, stay.check_out)

    def guest(self) -> Actor:
        """Somebody who wants to stay."""
        return self.draws.choice(self.plan.guests)

    def guest_of(self, booking: BookingRecord) -> Actor:
        """Whose booking it is."""
        return next(guest for guest in self.plan.guests if guest.user_id == booking.guest_id)

    def booking(self, *wanted: str) -> BookingRecord | None:
        """A booking that was last seen in one of some states."""
        fitting = [booking for booking in self.memory.bookings.values() if booking.status in wanted]
        return self.draws.choice(fitting) if fitting else None


def draw_stay(draws: Random, today: date, *, longest: int = 5) -> Stay:
    """Some nights from today on, most of them soon and few, some as far off as can be asked."""
    nights = draws.randint(1, longest) if draws.random() < 0.93 else draws.choice((7, 8, 14, 28, 30, 60))
    if draws.random() < 0.94:
        ahead = int(AHEAD * draws.random() ** 2)
    else:
        ahead = draws.choice((draws.randint(0, 365 - nights), 365 - nights, 364 - nights))
    check_in = today + timedelta(days=ahead)
    return Stay(check_in, check_in + timedelta(days=nights))


Work = Callable[[Turn], Awaitable[bool]]
"""Does it; says whether there was anything to do it to."""


@dataclass(frozen=True)
class Operation:
    """A kind of operation, and how often it is drawn."""

    name: str
    weight: int
    work: Work
