"""Recently viewed listings over HTTP: the caller's own, and nobody else's to see."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from serving.dependencies import AnyActor, ReadSession, WriteSession
from serving.openapi import problems
from serving.recently_viewed.schemas import RecentlyViewedOut, ViewedOut, ViewedQuery
from serving.schemas import PathListingId
from transactional.listing_views.repository import forget, list_viewed

router = APIRouter(prefix="/v1/recently-viewed", tags=["recently viewed"])


@router.get("", summary="Recently viewed listings", responses=problems(401, 422, 503))
async def list_recently_viewed(
    wanted: Annotated[ViewedQuery, Query()], actor: AnyActor, session: ReadSession
) -> RecentlyViewedOut:
    """List what the caller looked at (`GET /v1/listings/{listing_id}`), the last first, each once.

    The last 100 are kept. What is no longer on the market is left out.
    """
    found = await list_viewed(session, actor.user_id, limit=wanted.size)
    return RecentlyViewedOut(items=[ViewedOut.of(each) for each in found])


@router.delete("", status_code=204, summary="Clear recently viewed listings", responses=problems(401, 503))
async def clear_recently_viewed(actor: AnyActor, session: WriteSession) -> None:
    """Forget everything that the caller looked at."""
    await forget(session, actor.user_id, listing_id=None)


@router.delete("/{listing_id}", status_code=204, summary="Forget one viewed listing", responses=problems(401, 422, 503))
async def forget_viewed(listing_id: Annotated[PathListingId, Path()], actor: AnyActor, session: WriteSession) -> None:
    """Forget that the caller looked at a listing, if they did."""
    await forget(session, actor.user_id, listing_id=listing_id)
