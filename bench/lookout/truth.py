"""The truth: PostgreSQL's calendars and terms, and the one rule that books, asked of them.

Calendars are read again when the database itself has said, by the lookout's triggers, that something of a listing was
written, and when time alone has changed them: a hold that is due, another day. They are never read by what the outbox
says. A reading costs what a search may not cost; so between two changes the rule is asked of what was read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from bench.lookout.documents import year_around
from lodestay.calendar import RefusedStay, StayCalendar
from lodestay.clock import Clock, now_in
from lodestay.stay import Stay
from search.today import Today
from transactional.calendars.repository import load_calendars
from transactional.calendars.rules import Window
from transactional.listings.repository import BookableListing, load_bookable
from transactional.quotes.rules import price_or_refuse

_TOUCHED: Final = text("""
    WITH told AS (DELETE FROM lookout_touched RETURNING listing_id) SELECT DISTINCT listing_id FROM told ORDER BY 1
""")
_DUE: Final = text("""
    SELECT DISTINCT listing_id FROM occupancy WHERE is_live AND kind = 'hold' AND expires_at <= :now ORDER BY 1
""")

INACTIVE: Final = "it is off the market"
TOO_MANY: Final = "it does not take so many"
NO_CALENDAR: Final = "it has no calendar"
Verdict = int | str
"""The total in minor units, or why the stay is refused."""


class Truth:
    """What can be booked, for how much.

    Attributes
    ----------
    listings
        By number: terms, limits, whether they are on the market.
    """

    def __init__(self, sessions: async_sessionmaker[AsyncSession], clock: Clock) -> None:
        self.listings: dict[int, BookableListing] = {}
        self._calendars: dict[int, StayCalendar] = {}
        self._sessions = sessions
        self._clock = clock
        self._local: dict[str, datetime] = {}
        self._days: set[date] = set()
        self._read_at: datetime | None = None

    async def read_all(self, listing_ids: Collection[int]) -> None:
        """Read everything anew."""
        async with self._sessions.begin() as session:
            await session.execute(_TOUCHED)
            await self._read(session, listing_ids)
        self._tell_time()
        self._days = {local.date() for local in self._local.values()}

    async def refresh(self) -> list[int]:
        """Read again what has changed, in the tables or by time; the listings that were written."""
        now = self._clock.now()
        async with self._sessions.begin() as session:
            touched = list(await session.scalars(_TOUCHED))
            if self._read_at == now:
                changed = touched
            else:
                due = list(await session.scalars(_DUE, {"now": now}))
                changed = list(dict.fromkeys([*touched, *due]))
            self._tell_time()
            days = {local.date() for local in self._local.values()}
            if days - self._days:  # the window has moved
                changed, self._days = list(self.listings), days
            if changed:
                await self._read(session, changed)
        self._read_at = now
        return touched

    def today(self, timezone: str) -> date:
        """Date in a time zone."""
        return self._at(timezone).date()

    def dates(self, timezone: str, markets: Mapping[str, str]) -> Today:
        """Dates where somebody looks, and of the time zones of some markets."""
        return Today.at(self._clock.now(), timezone, markets)

    def judge(self, listing_id: int, stay: Stay, guests: int, *, with_hour: bool) -> Verdict:
        """What PostgreSQL's rule says of a stay now.

        Parameters
        ----------
        with_hour
            Whether the hour of the day counts: columns do not know it, whoever confirms and books does.
        """
        return self._judge(self._calendars.get(listing_id), listing_id, stay, guests, with_hour=with_hour)

    def fitting(self, listing_ids: Iterable[int], stay: Stay, guests: int, *, with_hour: bool) -> dict[int, int]:
        """Those of some listings that take a stay, with their totals."""
        verdicts = {listing_id: self.judge(listing_id, stay, guests, with_hour=with_hour) for listing_id in listing_ids}
        return {listing_id: verdict for listing_id, verdict in verdicts.items() if isinstance(verdict, int)}

    async def ask(self, listing_ids: Collection[int], stay: Stay, guests: int) -> dict[int, Verdict]:
        """What PostgreSQL says itself, read for this stay alone: what was kept of a year is held to it."""
        async with self._sessions() as session:
            calendars = await load_calendars(session, listing_ids, Window.around(stay), now=self._clock.now())
        return {
            listing_id: self._judge(calendars.get(listing_id), listing_id, stay, guests, with_hour=True)
            for listing_id in listing_ids
        }

    def _judge(
        self, calendar: StayCalendar | None, listing_id: int, stay: Stay, guests: int, *, with_hour: bool
    ) -> Verdict:
        listing = self.listings[listing_id]
        if not listing.is_active:
            return INACTIVE
        if guests > listing.accommodates:
            return TOO_MANY
        if calendar is None:
            return NO_CALENDAR
        local = self._at(listing.timezone)
        hour = local.hour if with_hour else 0
        priced = price_or_refuse(calendar, listing.terms, stay, guests=guests, today=local.date(), hour=hour)
        return priced.rule.value if isinstance(priced, RefusedStay) else priced.total_minor

    async def _read(self, session: AsyncSession, listing_ids: Collection[int]) -> None:
        now = self._clock.now()
        self.listings |= await load_bookable(session, listing_ids)
        self._calendars |= await load_calendars(session, listing_ids, year_around(now), now=now)

    def _tell_time(self) -> None:
        self._local = {zone: now_in(zone, self._clock) for zone in {each.timezone for each in self.listings.values()}}

    def _at(self, timezone: str) -> datetime:
        if timezone not in self._local:
            self._local[timezone] = now_in(timezone, self._clock)
        return self._local[timezone]
