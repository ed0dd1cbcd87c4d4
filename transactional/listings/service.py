"""What hosts do with their listings."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from transactional.calendars.conflicts import contention_as_conflict
from transactional.listings import repository
from transactional.outbox.service import record
from transactional.outbox.topics import Topic
from transactional.users.actors import Actor


async def activate(session: AsyncSession, actor: Actor, listing_id: int) -> None:
    """Put a listing of the actor's on the market."""
    await _set_active(session, actor, listing_id, active=True)


async def deactivate(session: AsyncSession, actor: Actor, listing_id: int) -> None:
    """Take a listing of the actor's off the market; bookings made stay as they are."""
    await _set_active(session, actor, listing_id, active=False)


async def _set_active(session: AsyncSession, actor: Actor, listing_id: int, *, active: bool) -> None:
    with contention_as_conflict(listing_id):
        locked = await repository.lock_listing(session, listing_id, owner=None if actor.is_admin else actor.user_id)
    if await repository.set_active(session, listing_id, active=active):
        await record(
            session,
            Topic.LISTING_ACTIVATED if active else Topic.LISTING_DEACTIVATED,
            market_key=locked.market_key,
            listing_id=listing_id,
            payload={"is_active": active},
        )
