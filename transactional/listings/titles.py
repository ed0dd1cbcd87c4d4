"""Titles of the listings that take guests, for those who are looked for by name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from transactional.listings.models import Listing

BATCH = 1_000
"""Rows taken at a time: a millisecond's work."""


@dataclass(frozen=True, slots=True)
class ListingTitle:
    """A listing's title, and what tells how well it is liked."""

    listing_id: int
    title: str
    market: str
    rating: Decimal | None
    review_count: int


_TITLES = select(Listing.listing_id, Listing.title, Listing.market_key, Listing.rating, Listing.review_count).where(
    Listing.is_active
)


async def all_titles(session: AsyncSession) -> AsyncIterator[list[ListingTitle]]:
    """Titles of all listings that take guests, some at a time."""
    rows = await session.stream(_TITLES.execution_options(yield_per=BATCH))
    async for part in rows.partitions():
        yield [ListingTitle(*row) for row in part]


async def titles_of(session: AsyncSession, listing_ids: Collection[int]) -> list[ListingTitle]:
    """Titles of those of the listings that take guests."""
    rows = await session.execute(_TITLES.where(Listing.listing_id.in_(listing_ids)))
    return [ListingTitle(*row) for row in rows]
