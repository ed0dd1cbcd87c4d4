"""A process that changes nights at a fixed rate, and says which and when each was committed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from bench.lookout.guests import KEEP, quoted, wish_for
from bench.lookout.plan import Plan
from bench.lookout.world import KEYS, LOCK_TIMEOUT_MS
from bench.proof import inline
from bench.proof.feeds import feed_id_of
from bench.proof.plan import STARTS_AT
from lodestay.clock import FixedClock
from lodestay.stay import Stay
from transactional.bookings import instant, service
from transactional.calendars import service as calendars
from transactional.calendars.rules import Window
from transactional.cancellations import service as cancellations
from transactional.feeds.fetching import Fetched, Validators
from transactional.feeds.reading import read_due_feeds
from transactional.quotes.records import QuoteRecord
from transactional.users.actors import Actor

FIRST_DAY: Final = 120
"""Nights from here on: no single night or season has a rule there."""
KINDS: Final = ("booking", "hold", "block", "import", "booking", "block", "cancellation", "unblock")
"""What is done in turn."""
_DUE: Final = text("UPDATE calendar_feeds SET next_read_at = :now WHERE feed_id = :feed_id")
_LATER: Final = text("UPDATE calendar_feeds SET next_read_at = :later")


@dataclass(frozen=True, slots=True)
class Phase:
    """Some seconds of changes at a rate."""

    name: str
    rate: float
    seconds: float
    pause: float = 3.0

    @property
    def count(self) -> int:
        """Changes that are made."""
        return int(self.rate * self.seconds)


@dataclass(frozen=True, slots=True)
class Change:
    """A night that is somebody's, or nobody's, from a moment on (`time.monotonic`, the machine's)."""

    phase: str
    kind: str
    listing_id: int
    night: date
    is_taken: bool
    committed_at: float


class Steady(Plan):
    """A world in which every night can be had, whatever rules single nights have."""

    def is_booked_at_once(self, listing_id: int) -> bool:
        """Every one of them."""
        del listing_id
        return True

    def terms_of(self, listing_id: int) -> dict[str, Any]:
        """Prices, and no rule that would refuse a night."""
        kept = ("currency", "guests_included", "cleaning_fee_minor", "last_minute_days", "last_minute_discount_bps")
        terms = super().terms_of(listing_id)
        return {
            **{name: terms[name] for name in kept},
            "base_price_minor": 10_000,
            "fills_gaps": listing_id % 3 == 0,
            "calendar_from": STARTS_AT.date(),
            "calendar_until": STARTS_AT.date() + timedelta(days=500),
        }


@dataclass(frozen=True, slots=True)
class OneEvent:
    """Another site that has one guest."""

    night: date

    async def fetch(self, url: str, *, known: Validators | None) -> Fetched:
        """Answer with the guest's night."""
        del known
        event = f"BEGIN:VEVENT\r\nUID:{self.night}@{url}\r\nSUMMARY:Reserved\r\n"
        ends = self.night + timedelta(days=1)
        event += f"DTSTART;VALUE=DATE:{self.night:%Y%m%d}\r\nDTEND;VALUE=DATE:{ends:%Y%m%d}\r\n"
        body = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//lookout//EN\r\n{event}END:VEVENT\r\nEND:VCALENDAR\r\n"
        return Fetched(body.encode(), Validators(f'"{self.night}"', None))


Act = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A change that only has to be made."""

    kind: str
    listing_id: int
    night: date
    is_taken: bool
    act: Act


def main(address: str, plan: Steady, phases: list[Phase]) -> list[Change]:
    """Body of the process: prepare a phase, make its changes in time, and so on."""
    return asyncio.run(_main(address, plan, phases))


async def _main(address: str, plan: Steady, phases: list[Phase]) -> list[Change]:
    asyncio.get_running_loop().set_default_executor(inline.InlineExecutor())
    with inline.open_sessions(address, lock_timeout_ms=LOCK_TIMEOUT_MS) as sessions:
        async with sessions.begin() as session:
            await session.execute(_LATER, {"later": STARTS_AT + timedelta(days=1)})
        changer = Changer(plan, sessions)
        return [change for phase in phases for change in await changer.play(phase)]


class Changer:
    """Prepares changes and makes them."""

    def __init__(self, plan: Steady, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._plan = plan
        self._sessions = sessions
        self._clock = FixedClock(STARTS_AT)
        self._number = 0
        self._booked: list[tuple[Actor, Any, int, date]] = []
        self._blocked: list[tuple[int, date]] = []

    async def play(self, phase: Phase) -> list[Change]:
        """Make a phase's changes; each falls due at its time, however long others took."""
        await self._stock(phase.count)
        prepared = [await self._prepare() for _ in range(phase.count)]
        await asyncio.sleep(phase.pause)
        made, begun = [], time.monotonic()
        for place, change in enumerate(prepared):
            await asyncio.sleep(max(0.0, begun + place / phase.rate - time.monotonic()))
            await change.act()
            at = time.monotonic()
            made.append(Change(phase.name, change.kind, change.listing_id, change.night, change.is_taken, at))
        return made

    async def _stock(self, count: int) -> None:
        """Make bookings and blocks that can be given up again."""
        each = count // len(KINDS) + 1
        while len(self._booked) < each:
            listing_id, night = self._place()
            guest, quote = await self._quote(listing_id, night)
            async with self._sessions.begin() as session:
                booking = await instant.book(session, self._clock, KEYS, wish_for(KEYS, quote))
            self._booked.append((guest, booking.booking_id, listing_id, night))
        while len(self._blocked) < each:
            listing_id, night = self._place()
            await self._block(listing_id, night)
            self._blocked.append((listing_id, night))

    async def _prepare(self) -> Prepared:
        kind = KINDS[self._number % len(KINDS)]
        if kind == "cancellation":
            self._number += 1
            guest, booking_id, listing_id, night = self._booked.pop(0)
            return Prepared(kind, listing_id, night, False, lambda: self._cancel(guest, booking_id))
        if kind == "unblock":
            self._number += 1
            listing_id, night = self._blocked.pop(0)
            return Prepared(kind, listing_id, night, False, lambda: self._unblock(listing_id, night))
        listing_id, night = self._place(fed=kind == "import")
        if kind == "import":
            return Prepared(kind, listing_id, night, True, lambda: self._import(listing_id, night))
        if kind == "block":
            return Prepared(kind, listing_id, night, True, lambda: self._block(listing_id, night))
        _, quote = await self._quote(listing_id, night)
        act = self._hold if kind == "hold" else self._book
        return Prepared(kind, listing_id, night, True, lambda: act(quote))

    def _place(self, *, fed: bool = False) -> tuple[int, date]:
        """A night that nobody has had yet, of the next listing."""
        self._number += 1
        listing_id = self._number * 7 % self._plan.listings + 1
        if fed:
            listing_id = 4 * (listing_id // 4) or 4
        first = FIRST_DAY + 4 * (self._number * 7 // self._plan.listings) + 2 * fed
        return listing_id, STARTS_AT.date() + timedelta(days=first)

    async def _quote(self, listing_id: int, night: date) -> tuple[Actor, QuoteRecord]:
        guest = self._plan.guests[self._number % len(self._plan.guests)]
        stay = Stay(night, night + timedelta(days=1))
        return guest, await quoted(self._sessions, self._clock, guest, listing_id, stay, guests=1)

    async def _book(self, quote: QuoteRecord) -> None:
        async with self._sessions.begin() as session:
            await instant.book(session, self._clock, KEYS, wish_for(KEYS, quote))

    async def _hold(self, quote: QuoteRecord) -> None:
        async with self._sessions.begin() as session:
            ids = {"guest_id": quote.guest_id, "quote_id": quote.quote_id}
            await service.hold(session, self._clock, **ids, keep=KEEP)

    async def _cancel(self, guest: Actor, booking_id: Any) -> None:
        async with self._sessions.begin() as session:
            await cancellations.cancel(session, self._clock, guest, booking_id)

    async def _block(self, listing_id: int, night: date) -> None:
        async with self._sessions.begin() as session:
            window = Window(night, night + timedelta(days=1))
            await calendars.block(session, self._clock, self._plan.host_of(listing_id), listing_id, window)

    async def _unblock(self, listing_id: int, night: date) -> None:
        async with self._sessions.begin() as session:
            window = Window(night, night + timedelta(days=1))
            await calendars.unblock(session, self._clock, self._plan.host_of(listing_id), listing_id, window)

    async def _import(self, listing_id: int, night: date) -> None:
        async with self._sessions.begin() as session:
            await session.execute(_DUE, {"now": self._clock.now(), "feed_id": feed_id_of(listing_id)})
        await read_due_feeds(self._sessions, self._clock, OneEvent(night), limit=1)
