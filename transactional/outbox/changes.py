"""Which listings changed lately, for a reader that starts over."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from transactional.outbox.models import OutboxEntry
from transactional.outbox.topics import Topic


async def listings_changed_since(session: AsyncSession, instant: datetime, *, topics: Collection[Topic]) -> list[int]:
    """Numbers of the listings with a change of one of these kinds since an instant, in order."""
    statement = (
        select(OutboxEntry.listing_id)
        .where(
            OutboxEntry.occurred_at >= instant,
            OutboxEntry.topic.in_([topic.value for topic in topics]),
            OutboxEntry.listing_id.is_not(None),
        )
        .distinct()
        .order_by(OutboxEntry.listing_id)
    )
    return [listing_id for listing_id in await session.scalars(statement) if listing_id is not None]
