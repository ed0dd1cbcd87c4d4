"""Search over PostgreSQL, for while neither columns nor OpenSearch answer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.calendar import HORIZON_NIGHTS
from lodestay.clock import Clock
from lodestay.stay import Stay
from search.answer import PriceDay, Retrieved
from search.fallback import Supply, price_days, retrieve
from search.request import Bounds, Polygon, SearchRequest
from search.request import Circle as SearchCircle
from search.today import Today
from transactional.calendars.repository import load_calendars
from transactional.calendars.rules import Window
from transactional.listings.candidates import Box, CandidateQuery, Circle, search_free
from transactional.listings.cards import load_cards
from transactional.listings.repository import load_bookable

MOST = 2_000
"""Listings looked at, the best rated first: a city's supply."""
A_SECOND, A_SECOND_UNDATED = 1_500, 300
"""Listings that surely are looked at in a second: without dates fewer, since a year of every calendar is read."""
MOST_TRIED = 20_000
"""Stays that are tried in all, where the dates are flexible: some tenths of a second."""
SOME = "only the {:,} best rated listings were looked at"


async def search_database(
    session: AsyncSession, request: SearchRequest, *, today: Today, clock: Clock, reason: str, seconds: float
) -> Retrieved:
    """Answer from PostgreSQL, of as many listings as there is time to look at.

    Parameters
    ----------
    seconds
        That there are.
    reason
        Why nobody else did, in words for a client.
    """
    in_time = int(seconds * (A_SECOND_UNDATED if request.stay is None and not request.flexible else A_SECOND))
    limit = max(1, min(MOST, in_time, MOST_TRIED // max(len(request.flexible), 1)))
    found = await _load(session, request, _nights(request, today), now=clock.now(), limit=limit)
    return retrieve(request, found.supply, today=today, reason=found.said(reason))


async def price_days_database(
    session: AsyncSession,
    request: SearchRequest,
    stays: Sequence[Stay],
    *,
    today: Today,
    clock: Clock,
    reason: str,
    seconds: float,
) -> tuple[tuple[PriceDay, ...], str]:
    """Say of each stay what a search for it would find, from PostgreSQL.

    Parameters
    ----------
    request
        Without dates.
    stays
        Of one length; at least one.
    reason
        Why the columns did not, in words for a client.
    seconds
        That there are.

    Returns
    -------
    tuple
        The days, and the reason with what else was left out.
    """
    limit = max(1, min(MOST, int(seconds * A_SECOND), MOST_TRIED // len(stays)))
    found = await _load(session, request, Window.around(*stays), now=clock.now(), limit=limit)
    return price_days(request, stays, found.supply, today=today), found.said(reason)


@dataclass(frozen=True)
class _Loaded:
    """Listings that may fit, and whether more of them might."""

    supply: Supply
    limit: int
    is_cut: bool

    def said(self, reason: str) -> str:
        return f"{reason}; {SOME.format(self.limit)}" if self.is_cut else reason


async def _load(session: AsyncSession, request: SearchRequest, window: Window, *, now: datetime, limit: int) -> _Loaded:
    listing_ids = await search_free(session, candidate_query(request), now=now, limit=limit)
    supply = await _supply(session, listing_ids, window, now=now)
    return _Loaded(supply, limit, is_cut=len(listing_ids) == limit)


async def supply_of(
    session: AsyncSession, listing_ids: Collection[int], request: SearchRequest, *, today: Today, now: datetime
) -> Supply:
    """Load what a search looks at of some listings; those without a rate plan are not in it."""
    return await _supply(session, listing_ids, _nights(request, today), now=now)


async def _supply(session: AsyncSession, listing_ids: Collection[int], window: Window, *, now: datetime) -> Supply:
    cards = await load_cards(session, listing_ids)
    bookable = await load_bookable(session, listing_ids)
    return Supply(
        listings=[asdict(cards[listing_id]) for listing_id in listing_ids if listing_id in bookable],
        calendars=await load_calendars(session, listing_ids, window, now=now),
        terms={listing_id: listing.terms for listing_id, listing in bookable.items()},
    )


def candidate_query(request: SearchRequest) -> CandidateQuery:
    """What PostgreSQL is asked for: every listing that may fit, and more.

    What is ticked narrows the results, not what is counted beside them: that is the fallback's to decide.
    """
    return CandidateQuery(
        market_key=request.market,
        area=_area(request),
        stay=request.stay,
        guests=request.guests,
    )


def _nights(request: SearchRequest, today: Today) -> Window:
    """The stays' nights; without dates all that can be booked, since a night costs the median of the free ones."""
    if request.stay is not None:
        return Window.around(request.stay)
    if request.flexible:
        return Window.around(*request.flexible)
    return Window(min(today.days), max(today.days) + timedelta(days=HORIZON_NIGHTS + 2))


def _area(request: SearchRequest) -> Box | Circle | None:
    # A polygon's corners: what lies in those but not in it is the fallback's to leave out.
    area = request.area.bounds if isinstance(request.area, Polygon) else request.area
    if isinstance(area, SearchCircle):
        return Circle(area.centre.latitude, area.centre.longitude, area.radius_km)
    if isinstance(area, Bounds):
        return Box(area.south, area.west, area.north, area.east)
    return None
