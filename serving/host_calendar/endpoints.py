"""Nights, blocked nights and the market over HTTP.

What nights cost and allow has one call, :func:`edit_nights`; it and PUT and DELETE say what shall be, so they need no
idempotency key.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from serving.dependencies import HostActor, ReadSession, ServicesDep, WriteSession
from serving.etags import TAGGED, IfMatch, etag
from serving.host_calendar.schemas import (
    ActiveIn,
    BlockedNightsQuery,
    EditedNightsOut,
    HostCalendarOut,
    NightsEditIn,
    NightsIn,
    PreviewQuery,
)
from serving.openapi import problems
from serving.schemas import NightsQuery, PathListingId
from transactional.calendars import service
from transactional.calendars.rules import Window
from transactional.listings.service import activate, deactivate

router = APIRouter(
    prefix="/v1/listings/{listing_id}",
    tags=["hosts"],
    responses=problems(400, 401, 403, 404, 409, 413, 415, 422, 503),
)

OwnListing = Annotated[PathListingId, Path(description="A listing of the caller's.")]


@router.get("/calendar", summary="A listing's calendar as its host sees it", responses=TAGGED)
async def get_calendar(
    *,
    listing_id: OwnListing,
    wanted: Annotated[NightsQuery, Query()],
    actor: HostActor,
    session: ReadSession,
    services: ServicesDep,
    response: Response,
) -> HostCalendarOut:
    """Show what nights cost and allow, and who has them: a booking by its reference, a feed, the host."""
    today = await service.today_at(session, services.clock, actor, listing_id)
    seen = await service.get_host_calendar(session, services.clock, actor, listing_id, wanted.window(today=today))
    response.headers["ETag"] = etag(seen.version)
    return HostCalendarOut.of(listing_id, seen)


@router.patch("/calendar/nights", summary="Say what nights cost and allow", responses={**TAGGED, **problems(412)})
async def edit_nights(
    *,
    listing_id: OwnListing,
    body: NightsEditIn,
    wanted: Annotated[PreviewQuery, Query()],
    actor: HostActor,
    session: WriteSession,
    services: ServicesDep,
    expected: IfMatch,
    response: Response,
) -> EditedNightsOut:
    """Set prices and stay rules of the nights of some ranges, or of some weekdays in them.

    With `preview=true` nothing is written, and the answer is what the edit would do; send its `ETag` as `If-Match`
    with the edit to be certain that it still does that.
    """
    edited = await service.edit_nights(
        session, services.clock, actor, listing_id, body.edit, expected=expected, preview=wanted.preview
    )
    response.headers["ETag"] = etag(edited.version)
    return EditedNightsOut.of(edited, preview=wanted.preview)


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
