"""Price calendars over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from lodestay.clock import today_in
from search.today import Today
from serving.dependencies import ReadSession, ServicesDep
from serving.openapi import problems
from serving.price_calendars.schemas import (
    ArrivalOut,
    ListingCalendarOut,
    ListingCalendarQuery,
    PlaceCalendarOut,
    PlaceCalendarQuery,
)
from serving.price_calendars.service import calendar_of_place
from serving.schemas import PathListingId
from transactional.listings.repository import get_bookable
from transactional.quotes.price_calendar import price_arrivals

router = APIRouter(prefix="/v1")


@router.get(
    "/listings/{listing_id}/price-calendar",
    tags=["listings"],
    summary="What a stay costs, by its day of arrival",
    responses=problems(404, 422, 503),
)
async def get_listing_price_calendar(
    listing_id: Annotated[PathListingId, Path()],
    wanted: Annotated[ListingCalendarQuery, Query()],
    session: ReadSession,
    services: ServicesDep,
) -> ListingCalendarOut:
    """Price a stay of some nights for each day of arrival, to the cent as a quote would; or say what is in the way."""
    listing = await get_bookable(session, listing_id)
    stays = wanted.stays(today=Today(today_in(listing.timezone, services.clock)))
    arrivals = await price_arrivals(session, services.clock, listing, stays, guests=wanted.guests, pets=wanted.pets)
    return ListingCalendarOut(
        listing_id=listing_id,
        nights=wanted.nights,
        guests=wanted.guests,
        currency=listing.terms.currency,
        arrivals=[ArrivalOut.of(arrival, listing_id) for arrival in arrivals],
    )


@router.get(
    "/search/price-calendar",
    tags=["search"],
    summary="When a stay is cheapest",
    responses=problems(404, 422, 503),
)
async def get_price_calendar(query: Annotated[PlaceCalendarQuery, Query()], services: ServicesDep) -> PlaceCalendarOut:
    """Count for each day of arrival the places that take the stay, under every filter, and tell the lowest total."""
    return await calendar_of_place(services, query)
