"""Listings over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from lodestay.clock import today_in
from serving.caching import CACHED, IF_NONE_MATCH, Conditional
from serving.dependencies import MaybeActor, ReadSession, ServicesDep, SessionKey
from serving.listings.schemas import (
    ListingOut,
    ListingQuery,
    ReviewOut,
    ReviewsOut,
    ReviewsQuery,
)
from serving.openapi import problems
from serving.recently_viewed.service import remember
from serving.schemas import PathListingId
from transactional.calendars.repository import load_calendars
from transactional.listings.repository import get_detail
from transactional.reviews.repository import list_of_listing

router = APIRouter(
    prefix="/v1/listings", tags=["listings"], route_class=Conditional, dependencies=[IF_NONE_MATCH], responses=CACHED
)


@router.get("/{listing_id}", summary="A listing and its calendar", responses=problems(401, 404, 422, 503))
async def get_listing(
    *,
    listing_id: Annotated[PathListingId, Path()],
    wanted: Annotated[ListingQuery, Query()],
    actor: MaybeActor,
    session: ReadSession,
    services: ServicesDep,
    session_key: SessionKey = None,
) -> ListingOut:
    """Show a listing that is on the market, or that is the caller's own, with a part of its calendar.

    A caller who is known finds it among what they viewed recently.
    """
    detail = await get_detail(session, listing_id, viewer=None if actor is None else actor.user_id)
    services.viewed.note(session_key, listing_id)
    window = wanted.window(today=today_in(detail.market.timezone, services.clock))
    calendars = await load_calendars(session, [listing_id], window, now=services.clock.now())
    shown = ListingOut.of(detail, calendars.get(listing_id))
    if actor is not None:
        await session.close()  # who waits for a second connection gives up the first
        await remember(services, actor.user_id, listing_id)
    return shown


@router.get("/{listing_id}/reviews", summary="A listing's reviews", responses=problems(401, 404, 422, 503))
async def list_reviews(
    listing_id: Annotated[PathListingId, Path()],
    wanted: Annotated[ReviewsQuery, Query()],
    actor: MaybeActor,
    session: ReadSession,
) -> ReviewsOut:
    """Page through the reviews that say something, newest first; authors are not named."""
    await get_detail(session, listing_id, viewer=None if actor is None else actor.user_id)
    page = await list_of_listing(session, listing_id, cursor=wanted.cursor, size=wanted.size)
    return ReviewsOut(items=[ReviewOut.model_validate(item) for item in page.items], next_cursor=page.next_cursor)
