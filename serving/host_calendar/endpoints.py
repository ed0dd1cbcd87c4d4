"""Prices, stay rules, blocked nights and the market over HTTP.

PUT and DELETE say what shall be, so they need no idempotency key.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from serving.dependencies import HostActor, ServicesDep, WriteSession
from serving.host_calendar.schemas import (
    ActiveIn,
    BlockedNightsQuery,
    ClosedIn,
    MinStayIn,
    NightsIn,
    PriceIn,
)
from serving.openapi import problems
from serving.schemas import ListingId
from transactional.calendars import service
from transactional.calendars.rules import Window
from transactional.listings.service import activate, deactivate

router = APIRouter(
    prefix="/v1/listings/{listing_id}",
    tags=["hosts"],
    responses=problems(400, 401, 403, 404, 409, 413, 422, 503),
)

OwnListing = Annotated[ListingId, Path(description="A listing of the caller's.")]


@router.put("/calendar/prices", status_code=204, summary="Set what nights cost")
async def set_prices(listing_id: OwnListing, body: PriceIn, actor: HostActor, session: WriteSession) -> None:
    """Set the price of each night of a range."""
    await service.set_price(session, actor, listing_id, body.window, price_minor=body.price_minor)


@router.put("/calendar/min-stay", status_code=204, summary="Set how long stays must be")
async def set_min_stay(listing_id: OwnListing, body: MinStayIn, actor: HostActor, session: WriteSession) -> None:
    """Set how many nights a stay must have that arrives on a night of a range."""
    await service.set_min_stay(session, actor, listing_id, body.window, min_stay=body.min_stay)


@router.put("/calendar/closed", status_code=204, summary="Close dates to arrival or departure")
async def set_closed(listing_id: OwnListing, body: ClosedIn, actor: HostActor, session: WriteSession) -> None:
    """Say whether stays may arrive and depart on the dates of a range."""
    await service.set_closed(
        session, actor, listing_id, body.window, to_arrival=body.to_arrival, to_departure=body.to_departure
    )


@router.put("/calendar/blocks", status_code=204, summary="Take nights off the market")
async def block_nights(
    listing_id: OwnListing, body: NightsIn, actor: HostActor, session: WriteSession, services: ServicesDep
) -> None:
    """Block a range of nights; 409 names the nights that a guest has."""
    await service.block(session, services.clock, actor, listing_id, body.window)


@router.delete("/calendar/blocks", status_code=204, summary="Put nights back on the market")
async def unblock_nights(
    listing_id: OwnListing,
    nights: Annotated[BlockedNightsQuery, Query()],
    actor: HostActor,
    session: WriteSession,
    services: ServicesDep,
) -> None:
    """Unblock what the host blocked; bookings and imported calendars stay."""
    window = Window(nights.from_, nights.to)
    await service.unblock(session, services.clock, actor, listing_id, window)


@router.put("/active", status_code=204, summary="Put a listing on or off the market")
async def set_active(listing_id: OwnListing, body: ActiveIn, actor: HostActor, session: WriteSession) -> None:
    """Say whether guests can find and book the listing; bookings made stay as they are."""
    change = activate if body.active else deactivate
    await change(session, actor, listing_id)
