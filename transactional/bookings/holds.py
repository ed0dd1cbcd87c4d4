"""Expiry of holds.

Expiry cannot be in the constraint's condition (the time is not immutable), so a due hold takes its
nights until somebody, holding the listing's lock, says otherwise. Whoever wants the nights does that
first; the sweeper only tidies up listings that nobody wants.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import Clock
from transactional.bookings import repository
from transactional.bookings.changes import SWEEPER, apply
from transactional.bookings.rules import Change
from transactional.listings.repository import LockedListing, lock_listing

_DUE = text("""
    SELECT booking_id FROM occupancy
    WHERE listing_id = :listing_id AND is_live AND kind = 'hold' AND expires_at <= :now
    ORDER BY booking_id
""")
# In order of listing, so that two sweepers cannot wait for each other; a listing that is busy is left
# to whoever is busy with it.
_LOCK_DUE = text("""
    SELECT listing_id FROM listings
    WHERE listing_id IN (
        SELECT DISTINCT listing_id FROM occupancy
        WHERE is_live AND kind = 'hold' AND expires_at <= :now
        ORDER BY listing_id LIMIT :limit
    )
    ORDER BY listing_id
    FOR NO KEY UPDATE SKIP LOCKED
""")


async def expire_due_holds_of(session: AsyncSession, clock: Clock, listing: LockedListing) -> int:
    """Release the nights of a locked listing's due holds; say how many holds there were."""
    due: list[UUID] = list(await session.scalars(_DUE, {"listing_id": listing.listing_id, "now": clock.now()}))
    for booking_id in due:
        ended = {"closed_at": clock.now(), "closed_because": "hold_expired"}
        await apply(session, clock, listing, booking_id, Change.EXPIRE, cause=SWEEPER, values=ended)
        await repository.release_nights(session, booking_id)
    return len(due)


async def expire_due_holds(session: AsyncSession, clock: Clock, *, limit: int) -> int:
    """Release the nights of due holds wherever they are: the sweeper, to be called again and again.

    Parameters
    ----------
    limit
        Listings looked at in one transaction.

    Returns
    -------
    int
        Holds that expired.
    """
    locked = (await session.scalars(_LOCK_DUE, {"now": clock.now(), "limit": limit})).all()
    listings = [await lock_listing(session, listing_id, owner=None) for listing_id in locked]
    return sum([await expire_due_holds_of(session, clock, listing) for listing in listings])
