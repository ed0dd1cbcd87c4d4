"""Expiry of holds.

Expiry cannot be in the constraint's condition (the time is not immutable), so a due hold takes its
nights until somebody, holding the listing's lock, says otherwise. Whoever wants the nights does that
first; the sweeper only tidies up listings that nobody wants.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import Clock
from transactional.listings.repository import LockedListing
from transactional.outbox.topics import Topic

_EXPIRE = text(f"""
    WITH due AS (
        UPDATE occupancy SET is_live = false
        WHERE listing_id = ANY(:listing_ids) AND is_live AND kind = 'hold' AND expires_at <= :now
        RETURNING booking_id
    ), expired AS (
        UPDATE bookings SET status = 'expired', version = version + 1 FROM due
        WHERE bookings.booking_id = due.booking_id AND bookings.status = 'held'
        RETURNING bookings.booking_id, bookings.listing_id, bookings.check_in, bookings.check_out
    )
    INSERT INTO outbox (topic, market_key, listing_id, payload)
    SELECT '{Topic.BOOKING_EXPIRED}', market_key, listing_id,
           jsonb_build_object('booking_id', booking_id, 'check_in', check_in, 'check_out', check_out)
    FROM expired JOIN listings USING (listing_id)
    RETURNING listing_id
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
    return await _expire(session, clock, [listing.listing_id])


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
    return await _expire(session, clock, locked) if locked else 0


async def _expire(session: AsyncSession, clock: Clock, listing_ids: Sequence[int]) -> int:
    result = await session.execute(_EXPIRE, {"listing_ids": list(listing_ids), "now": clock.now()})
    return len(result.all())
