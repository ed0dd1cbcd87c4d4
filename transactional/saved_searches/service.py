"""What guests do with the searches that they keep."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import Clock
from lodestay.ids import new_id
from transactional.kit.cursors import Page
from transactional.saved_searches import repository
from transactional.saved_searches.errors import (
    SavedSearchNotFound,
    SavedSearchOver,
    SavedSearchTooWide,
    TooManySavedSearches,
)
from transactional.saved_searches.records import AlertRecord, NewSearch, Overview, SavedSearchRecord
from transactional.saved_searches.rules import MAX_IN_REACH, MAX_SAVED, SavedSearchStatus
from transactional.users.actors import Actor
from transactional.users.errors import UserNotFound


async def save(session: AsyncSession, clock: Clock, actor: Actor, search: NewSearch) -> Overview:
    """Keep a search; what matches it now is looked at by the worker, and is no news.

    Raises
    ------
    TooManySavedSearches, SavedSearchTooWide
        Not another one, or not such a one.
    """
    if not await repository.lock_user(session, actor.user_id):
        raise UserNotFound(actor.user_id)
    if await repository.count(session, actor.user_id) >= MAX_SAVED:
        raise TooManySavedSearches(limit=MAX_SAVED)
    if await repository.count_in_reach(session, search.reach, limit=MAX_IN_REACH + 1) > MAX_IN_REACH:
        raise SavedSearchTooWide(limit=MAX_IN_REACH)
    saved = SavedSearchRecord(
        saved_search_id=new_id(),
        user_id=actor.user_id,
        name=search.name,
        status=SavedSearchStatus.ACTIVE.value,
        params=search.params,
        place=search.place,
        check_in=search.check_in,
        check_out=search.check_out,
        timezone=search.timezone,
        currency=search.currency,
        examined_until=0,
        created_at=clock.now(),
    )
    await repository.add(session, saved, search.reach)
    return Overview(saved, unread=0)


async def list_saved(session: AsyncSession, actor: Actor) -> list[Overview]:
    """The actor's searches, newest first."""
    return await repository.overviews(session, actor.user_id)


async def get_saved(session: AsyncSession, actor: Actor, saved_search_id: UUID) -> Overview:
    """A search of the actor's, or :class:`SavedSearchNotFound`."""
    found = await repository.overviews(session, actor.user_id, saved_search_id=saved_search_id)
    if not found:
        raise SavedSearchNotFound(saved_search_id)
    return found[0]


async def change(
    session: AsyncSession,
    clock: Clock,
    actor: Actor,
    saved_search_id: UUID,
    *,
    name: str | None,
    is_paused: bool | None,
) -> Overview:
    """Rename a search, pause it or take it up again; None leaves as it is.

    What came to match while it was paused is no news.

    Raises
    ------
    SavedSearchNotFound, SavedSearchOver
        It is not the actor's, or has ended by itself.
    """
    search = await repository.lock(session, actor.user_id, saved_search_id)
    if search is None:
        raise SavedSearchNotFound(saved_search_id)
    status = SavedSearchStatus(search.status)
    if is_paused is not None and status.is_over:
        raise SavedSearchOver(saved_search_id, status=status)
    if name is not None:
        await repository.rename(session, saved_search_id, name)
    if is_paused is True:
        await repository.pause(session, saved_search_id)
    if is_paused is False and status is SavedSearchStatus.PAUSED:
        await repository.resume(session, saved_search_id, now=clock.now())
    return await get_saved(session, actor, saved_search_id)


async def remove(session: AsyncSession, actor: Actor, saved_search_id: UUID) -> None:
    """Forget a search of the actor's, and what was told about it."""
    if not await repository.remove(session, actor.user_id, saved_search_id):
        raise SavedSearchNotFound(saved_search_id)


async def list_alerts(
    session: AsyncSession,
    actor: Actor,
    *,
    saved_search_id: UUID | None,
    unread: bool,
    cursor: str | None,
    size: int,
) -> Page[AlertRecord]:
    """What the actor was told, newest first; of all their searches, or of one, which must be theirs."""
    if saved_search_id is not None:
        await get_saved(session, actor, saved_search_id)
    return await repository.list_alerts(
        session, actor.user_id, saved_search_id=saved_search_id, unread=unread, cursor=cursor, size=size
    )


async def mark_read(session: AsyncSession, clock: Clock, actor: Actor, alert_ids: Collection[UUID]) -> int:
    """Note that the actor has read alerts; those of others and those that are gone are passed over."""
    return await repository.mark_read(session, actor.user_id, alert_ids, now=clock.now())
