"""Queries on what a listing's calendar shows to others, and on the addresses under which it does."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from transactional.feeds.export import OwnNights
from transactional.feeds.records import TokenRecord

_ADD = text("""
    INSERT INTO feed_tokens (token_id, token_hash, listing_id, created_at)
    VALUES (:token_id, :token_hash, :listing_id, :now)
""")
_LIST = text("""
    SELECT token_id, listing_id, created_at FROM feed_tokens
    WHERE listing_id = :listing_id AND revoked_at IS NULL ORDER BY created_at, token_id
""")
_REVOKE = text("""
    UPDATE feed_tokens SET revoked_at = :now
    WHERE listing_id = :listing_id AND revoked_at IS NULL AND (CAST(:token_id AS uuid) IS NULL OR token_id = :token_id)
    RETURNING token_id
""")
_LISTING = text("""
    SELECT t.listing_id, m.timezone
    FROM feed_tokens t JOIN listings l USING (listing_id) JOIN markets m USING (market_key)
    WHERE t.token_hash = :token_hash AND t.revoked_at IS NULL
""")
# Holds are not shown: they are over before another site has read of them.
_NIGHTS = text("""
    SELECT lower(o.stay) AS start, upper(o.stay) AS end, b.booking_id, coalesce(b.version, 0) AS version,
           coalesce((SELECT max(occurred_at) FROM booking_events WHERE booking_events.booking_id = b.booking_id),
                    b.confirmed_at, o.created_at) AS changed_at
    FROM occupancy o LEFT JOIN bookings b ON b.booking_id = o.booking_id AND o.kind = 'booking'
    WHERE o.listing_id = :listing_id AND o.is_live AND o.kind IN ('booking', 'host_block') AND upper(o.stay) > :today
    ORDER BY o.stay
""")


async def add_token(session: AsyncSession, token: TokenRecord, *, token_hash: str) -> None:
    """Keep the hash of a new secret."""
    values = {"token_id": token.token_id, "listing_id": token.listing_id, "now": token.created_at}
    await session.execute(_ADD, values | {"token_hash": token_hash})


async def tokens_of(session: AsyncSession, listing_id: int) -> list[TokenRecord]:
    """Addresses of a listing's calendar that were not revoked, oldest first."""
    return [TokenRecord(**row) for row in (await session.execute(_LIST, {"listing_id": listing_id})).mappings()]


async def revoke(session: AsyncSession, listing_id: int, *, token_id: UUID | None, now: datetime) -> int:
    """End one address of a listing's calendar, or with None all of them; say how many that was."""
    values = {"listing_id": listing_id, "token_id": token_id, "now": now}
    return len((await session.execute(_REVOKE, values)).all())


async def listing_of(session: AsyncSession, token_hash: str) -> tuple[int, str] | None:
    """Listing and time zone that a secret is for; None for one that never was or is no more."""
    row = (await session.execute(_LISTING, {"token_hash": token_hash})).one_or_none()
    return None if row is None else (row.listing_id, row.timezone)


async def own_nights(session: AsyncSession, listing_id: int, *, today: date) -> list[OwnNights]:
    """Stays and blocks of ours that are not over; nothing that came from another site."""
    rows = await session.execute(_NIGHTS, {"listing_id": listing_id, "today": today})
    return [OwnNights(**row) for row in rows.mappings()]
