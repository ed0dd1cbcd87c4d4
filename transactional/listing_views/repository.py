"""Queries on the listings that users looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from transactional.listings.cards import ListingCard, load_cards

MAX_KEPT: Final = 100
"""Listings that are remembered of one user."""

# A user that the database does not know (a token from elsewhere) and a host at home are nobody's history.
_NOTE = text("""
    INSERT INTO listing_views (user_id, listing_id, viewed_at)
    SELECT users.user_id, listing_id, :now FROM users JOIN listings ON listing_id = :listing_id
    WHERE users.user_id = :user_id AND host_id <> users.user_id
    ON CONFLICT (user_id, listing_id) DO UPDATE SET viewed_at = greatest(listing_views.viewed_at, excluded.viewed_at)
""")
_TRIM = text("""
    DELETE FROM listing_views WHERE user_id = :user_id AND listing_id IN (
        SELECT listing_id FROM listing_views WHERE user_id = :user_id
        ORDER BY viewed_at DESC, listing_id DESC OFFSET :kept
    )
""")
_NEWEST = text("""
    SELECT listing_id, viewed_at FROM listing_views JOIN listings USING (listing_id)
    WHERE user_id = :user_id AND is_active
    ORDER BY viewed_at DESC, listing_id DESC LIMIT :limit
""")
_FORGET = text("""
    DELETE FROM listing_views
    WHERE user_id = :user_id AND (CAST(:listing_id AS bigint) IS NULL OR listing_id = :listing_id)
""")


@dataclass(frozen=True, slots=True)
class Viewed:
    """A listing, and when its viewer last looked at it."""

    card: ListingCard
    viewed_at: datetime


async def note_view(session: AsyncSession, user_id: UUID, listing_id: int, *, now: datetime) -> None:
    """Remember that a user looked at a listing, and of all they looked at the last :data:`MAX_KEPT`."""
    await session.execute(_NOTE, {"user_id": user_id, "listing_id": listing_id, "now": now})
    await session.execute(_TRIM, {"user_id": user_id, "kept": MAX_KEPT})


async def list_viewed(session: AsyncSession, user_id: UUID, *, limit: int) -> list[Viewed]:
    """What a user looked at and is still on the market, the last first."""
    rows = (await session.execute(_NEWEST, {"user_id": user_id, "limit": limit})).all()
    cards = await load_cards(session, [row.listing_id for row in rows]) if rows else {}
    return [Viewed(cards[row.listing_id], row.viewed_at) for row in rows if row.listing_id in cards]


async def forget(session: AsyncSession, user_id: UUID, *, listing_id: int | None) -> None:
    """Forget that a user looked at a listing; None: at any."""
    await session.execute(_FORGET, {"user_id": user_id, "listing_id": listing_id})
