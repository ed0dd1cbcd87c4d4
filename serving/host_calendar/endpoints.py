"""Prices and blocked nights over HTTP. PUT and DELETE say what shall be, so they need no idempotency key."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from serving.dependencies import HostActor, ServicesDep, WriteSession
from serving.host_calendar.schemas import BlockedNightsQuery, NightsIn, PriceIn
from serving.openapi import problems
from serving.schemas import ListingId
from transactional.calendars import service
from transactional.calendars.rules import Window

router = APIRouter(
    prefix="/v1/listings/{listing_id}/calendar",
    tags=["hosts"],
    responses=problems(400, 401, 403, 404, 409, 413, 422, 503),
)

OwnListing = Annotated[ListingId, Path(description="A listing of the caller's.")]


@router.put("/prices", status_code=204, summary="Set what nights cost")
async def set_prices(listing_id: OwnListing, body: PriceIn, actor: HostActor, session: WriteSession) -> None:
    """Set the price of each night of a range."""
    await service.set_price(session, actor, listing_id, body.window, price_minor=body.price_minor)


@router.put("/blocks", status_code=204, summary="Take nights off the market")
async def block_nights(
    listing_id: OwnListing, body: NightsIn, actor: HostActor, session: WriteSession, services: ServicesDep
) -> None:
    """Block a range of nights; 409 names the nights that a guest has."""
    await service.block(session, services.clock, actor, listing_id, body.window)


@router.delete("/blocks", status_code=204, summary="Put nights back on the market")
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
