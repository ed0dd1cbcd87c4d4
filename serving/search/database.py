"""Search over PostgreSQL, for while OpenSearch does not answer."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.calendar import HORIZON_NIGHTS
from lodestay.clock import Clock
from search.answer import Retrieved
from search.fallback import Supply, retrieve
from search.request import Bounds, Polygon, SearchRequest
from search.request import Circle as SearchCircle
from transactional.calendars.repository import load_calendars
from transactional.calendars.rules import Window
from transactional.listings.candidates import Box, CandidateQuery, Circle, search_free
from transactional.listings.cards import load_cards
from transactional.listings.repository import load_bookable

MOST = 2_000
"""Listings looked at, the best rated first: a city's supply. For a stay that takes some hundred milliseconds; without
dates it takes longer, since a year of every calendar is read."""
SOME = f"only the {MOST:,} best rated listings were looked at"


async def search_database(
    session: AsyncSession, request: SearchRequest, *, today: date, clock: Clock, reason: str
) -> Retrieved:
    """Answer from PostgreSQL.

    Parameters
    ----------
    reason
        Why OpenSearch did not, in words for a client.
    """
    # What is ticked narrows the results, not what is counted beside them: that is the fallback's to decide.
    query = CandidateQuery(
        market_key=request.market,
        area=_area(request),
        stay=request.stay,
        guests=request.guests,
    )
    listing_ids = await search_free(session, query, now=clock.now(), limit=MOST)
    cards = await load_cards(session, listing_ids)
    bookable = await load_bookable(session, listing_ids)
    calendars = await load_calendars(session, listing_ids, _nights(request, today), now=clock.now())
    supply = Supply(
        listings=[asdict(cards[listing_id]) for listing_id in listing_ids if listing_id in bookable],
        calendars=calendars,
        terms={listing_id: listing.terms for listing_id, listing in bookable.items()},
    )
    said = f"{reason}; {SOME}" if len(listing_ids) == MOST else reason
    return retrieve(request, supply, today=today, reason=said)


def _nights(request: SearchRequest, today: date) -> Window:
    """The stay's nights; without dates all that can be booked, since a night costs the median of the free ones."""
    if request.stay is not None:
        return Window.around(request.stay)
    return Window(today, today + timedelta(days=HORIZON_NIGHTS + 2))


def _area(request: SearchRequest) -> Box | Circle | None:
    # A polygon's corners: what lies in those but not in it is the fallback's to leave out.
    area = request.area.bounds if isinstance(request.area, Polygon) else request.area
    if isinstance(area, SearchCircle):
        return Circle(area.centre.latitude, area.centre.longitude, area.radius_km)
    if isinstance(area, Bounds):
        return Box(area.south, area.west, area.north, area.east)
    return None
