"""Random histories of one listing against a model that knows only sets of nights.

Every operation is asked of the model and of the database; both must agree on whether it happens, and
after each one the nights taken must be those of the model. A seed replays a history.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from lodestay.clock import FixedClock
from lodestay.errors import Conflict
from tests.transactional.factories import (
    PAID,
    TODAY,
    actor_of,
    create_hold,
    create_host,
    create_listing,
    create_quote,
    create_user,
    stay_of,
)
from transactional.bookings import service
from transactional.bookings.holds import expire_due_holds
from transactional.calendars import service as calendars
from transactional.calendars.rules import Window
from transactional.cancellations import service as cancellations
from transactional.users.actors import Actor, Role

KEEP = timedelta(minutes=15)
OPERATIONS = ("hold", "hold", "hold", "confirm", "confirm", "cancel", "block", "unblock", "sweep", "wait")


@dataclass
class Made:
    """A booking as the model knows it."""

    nights: frozenset[date]
    status: str
    due: datetime


@dataclass
class Model:
    """What should be true: who has which night."""

    bookings: dict[UUID, Made] = field(default_factory=dict)
    blocked: set[date] = field(default_factory=set)
    lost: set[date] = field(default_factory=set)
    """Nights of bookings that the host cancelled: nobody's any more, and not the host's to free."""

    def taken(self, now: datetime) -> set[date]:
        """Nights that nobody else can have."""
        return self.blocked | self.lost | self.guests(now)

    def guests(self, now: datetime) -> set[date]:
        """Nights of guests."""
        live = (made for made in self.bookings.values() if made.status == "confirmed" or self.is_held(made, now))
        return {night for made in live for night in made.nights}

    @staticmethod
    def is_held(made: Made, now: datetime) -> bool:
        """Whether a hold still counts."""
        return made.status == "held" and now < made.due

    def can_confirm(self, made: Made, now: datetime) -> bool:
        """In time, or late while the nights are free."""
        if self.is_held(made, now):
            return True
        return made.status in {"held", "expired"} and not made.nights & self.taken(now)


class History:
    """One listing, one host, one guest, and the model beside them."""

    def __init__(self, session: AsyncSession, clock: FixedClock, rng: np.random.Generator) -> None:
        self.session = session
        self.clock = clock
        self.rng = rng
        self.model = Model()
        self.happened: list[str] = []

    async def begin(self) -> None:
        """Make the listing."""
        host, guest = await create_host(self.session), await create_user(self.session)
        self.listing_id = (await create_listing(self.session, host=host)).listing_id
        self.host = actor_of(host)
        self.guest: Actor = actor_of(guest)
        await self.session.commit()

    async def step(self) -> None:
        """Do one thing and compare."""
        operation = str(self.rng.choice(OPERATIONS))
        expected = await getattr(self, operation)()
        self.happened.append(f"{operation}: {'done' if expected else 'refused'}")
        await self.compare()

    async def hold(self) -> bool:
        """Quote and hold a stay."""
        stay = stay_of(int(self.rng.integers(1, 20)), int(self.rng.integers(1, 5)))
        nights, now = frozenset(stay), self.clock.now()
        expected = not nights & self.model.taken(now)
        try:
            quote = await create_quote(
                self.session, self.clock, listing_id=self.listing_id, guest_id=self.guest.user_id, stay=stay
            )
            made = await service.hold(
                self.session, self.clock, guest_id=self.guest.user_id, quote_id=quote.quote_id, keep=KEEP
            )
        except Conflict:
            return await self.refused(expected=expected)
        self.model.bookings[made.booking_id] = Made(nights, "held", now + KEEP)
        return await self.done(expected=expected)

    async def confirm(self) -> bool:
        """Confirm any booking, whatever its state."""
        if (booking_id := self.any_booking()) is None:
            return False
        made = self.model.bookings[booking_id]
        expected = self.model.can_confirm(made, self.clock.now())
        try:
            await service.confirm(self.session, self.clock, PAID, booking_id)
        except Conflict:
            return await self.refused(expected=expected)
        made.status = "confirmed"
        return await self.done(expected=expected)

    async def cancel(self) -> bool:
        """Cancel any booking, as guest or as host."""
        if (booking_id := self.any_booking()) is None:
            return False
        made = self.model.bookings[booking_id]
        actor = self.guest if self.rng.random() < 0.5 else self.host
        flipped = await self.session.scalar(
            text("SELECT status FROM bookings WHERE booking_id = :id"), {"id": booking_id}
        )
        expected = flipped in {"held", "confirmed"}
        try:
            await cancellations.cancel(self.session, self.clock, actor, booking_id)
        except Conflict:
            return await self.refused(expected=expected)
        if flipped == "confirmed" and actor is self.host:
            self.model.lost |= made.nights
        made.status = "cancelled"
        return await self.done(expected=expected)

    async def block(self) -> bool:
        """Block nights."""
        nights = set((window := self.any_window()).dates())
        expected = not nights & self.model.guests(self.clock.now())
        try:
            await calendars.block(self.session, self.clock, self.host, self.listing_id, window)
        except Conflict:
            return await self.refused(expected=expected)
        self.model.blocked |= nights
        return await self.done(expected=expected)

    async def unblock(self) -> bool:
        """Unblock nights."""
        window = self.any_window()
        await calendars.unblock(self.session, self.clock, self.host, self.listing_id, window)
        self.model.blocked -= set(window.dates())
        return await self.done(expected=True)

    async def sweep(self) -> bool:
        """Expire what is due."""
        await expire_due_holds(self.session, self.clock, limit=10)
        return await self.done(expected=True)

    async def wait(self) -> bool:
        """Let time pass."""
        self.clock.advance(timedelta(minutes=int(self.rng.integers(1, 12))))
        return True

    async def compare(self) -> None:
        """The database says what the model says, and agrees with itself."""
        calendar = await calendars.get_calendar(
            self.session, self.clock, self.listing_id, Window(TODAY, TODAY + timedelta(days=30))
        )
        taken = {calendar.start + timedelta(days=n) for n, free in enumerate(calendar.free) if not free}
        assert taken == self.model.taken(self.clock.now()), self.happened
        torn = text("""
            SELECT count(*) FROM bookings b
            LEFT JOIN occupancy o ON o.booking_id = b.booking_id AND o.is_live
                AND o.stay = daterange(b.check_in, b.check_out)
                AND o.kind = CASE b.status WHEN 'held' THEN 'hold' ELSE 'booking' END
            WHERE (b.status IN ('held', 'confirmed')) <> (o.occupancy_id IS NOT NULL)
        """)
        assert await self.session.scalar(torn) == 0, self.happened
        told = await self.session.scalar(text("SELECT count(*) FROM outbox WHERE topic LIKE 'booking.%'"))
        assert told == await self.session.scalar(text("SELECT coalesce(sum(version), 0) FROM bookings"))

    async def done(self, *, expected: bool) -> bool:
        """The operation went through."""
        assert expected, self.happened
        await self.session.commit()
        return True

    async def refused(self, *, expected: bool) -> bool:
        """The operation met a conflict."""
        assert not expected, self.happened
        await self.session.rollback()
        return False

    def any_booking(self) -> UUID | None:
        """Some booking, in any state."""
        known = list(self.model.bookings)
        return known[int(self.rng.integers(len(known)))] if known else None

    def any_window(self) -> Window:
        """Some nights."""
        start = TODAY + timedelta(days=int(self.rng.integers(1, 22)))
        return Window(start, start + timedelta(days=int(self.rng.integers(1, 4))))


@pytest.mark.parametrize("seed", range(6))
async def test_history_agrees_with_the_model(session: AsyncSession, clock: FixedClock, seed: int) -> None:
    """B9, B10, B12, B18: sixty random operations; each happens exactly when the nights allow it, and is told once."""
    history = History(session, clock, np.random.default_rng(seed))
    await history.begin()
    for _ in range(60):
        await history.step()
    assert {"hold: done", "hold: refused"} <= set(history.happened)


async def test_hot_path_is_few_statements(session: AsyncSession, engine: AsyncEngine, clock: FixedClock) -> None:
    """Nine statements hold, nine confirm and nine cancel: each round trip costs more than what it does."""
    guest, listing = await create_user(session), await create_listing(session)
    quote = await create_quote(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    await session.flush()
    statements: list[str] = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    counts = []
    held = await service.hold(session, clock, guest_id=guest.user_id, quote_id=quote.quote_id, keep=KEEP)
    counts.append(len(statements))
    await service.confirm(session, clock, PAID, held.booking_id)
    counts.append(len(statements) - sum(counts))
    await cancellations.cancel(session, clock, actor_of(held.guest_id, Role.GUEST), held.booking_id)
    counts.append(len(statements) - sum(counts))
    assert counts == [9, 9, 9]


async def test_b9_a_hold_for_no_time_is_due_at_once(session: AsyncSession, clock: FixedClock) -> None:
    """B9: at the very instant of expiry the hold is gone for readers and writers alike."""
    guest, listing = await create_user(session), await create_listing(session)
    first = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, keep=timedelta(0))
    second = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    assert first.booking_id != second.booking_id
