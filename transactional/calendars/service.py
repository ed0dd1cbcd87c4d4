"""What hosts do to their calendars: prices, stay rules and blocked nights over a range of dates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.calendar import StayCalendar
from lodestay.clock import Clock
from lodestay.stay import MAX_NIGHTS
from transactional.bookings.holds import expire_due_holds_of
from transactional.calendars import blocks, repository
from transactional.calendars.conflicts import contention_as_conflict
from transactional.calendars.errors import InvalidCalendarEdit, InvalidWindow, NightsBooked
from transactional.calendars.repository import Occupied, load_calendars
from transactional.calendars.rules import Window
from transactional.listings.errors import ListingNotFound
from transactional.listings.repository import LockedListing, lock_listing
from transactional.outbox.service import record
from transactional.outbox.topics import Topic
from transactional.users.actors import Actor

MAX_EDIT_NIGHTS = 2 * MAX_NIGHTS
"""Nights that one edit can speak of."""
MAX_PRICE_MINOR = 10**12
"""A night costs less, in any currency."""


async def get_calendar(session: AsyncSession, clock: Clock, listing_id: int, window: Window) -> StayCalendar:
    """Load one listing's calendar, or raise `ListingNotFound`."""
    found = await load_calendars(session, [listing_id], window, now=clock.now())
    if listing_id not in found:
        raise ListingNotFound(listing_id)
    return found[listing_id]


async def set_price(
    session: AsyncSession, actor: Actor, listing_id: int, window: Window, *, price_minor: int | None
) -> None:
    """Set what each night costs; None returns to the rate plan and the season."""
    if price_minor is not None and not 0 < price_minor < MAX_PRICE_MINOR:
        raise InvalidCalendarEdit(
            f"A night cannot cost {price_minor} minor units.", hint=f"Send 1 to {MAX_PRICE_MINOR - 1}, or nothing."
        )
    await _set_nights(session, actor, listing_id, window, price_minor=price_minor)


async def set_min_stay(
    session: AsyncSession, actor: Actor, listing_id: int, window: Window, *, min_stay: int | None
) -> None:
    """Set how long a stay that arrives on these nights must be; None returns to the rate plan and the season."""
    if min_stay is not None and not 1 <= min_stay <= MAX_NIGHTS:
        raise InvalidCalendarEdit(
            f"A minimum stay of {min_stay} nights cannot be.", hint=f"Send 1 to {MAX_NIGHTS}, or nothing."
        )
    await _set_nights(session, actor, listing_id, window, min_stay=min_stay)


async def set_closed(
    session: AsyncSession,
    actor: Actor,
    listing_id: int,
    window: Window,
    *,
    to_arrival: bool,
    to_departure: bool,
) -> None:
    """Say whether stays may arrive and depart on these dates."""
    await _set_nights(
        session, actor, listing_id, window, closed_to_arrival=to_arrival, closed_to_departure=to_departure
    )


async def block(session: AsyncSession, clock: Clock, actor: Actor, listing_id: int, window: Window) -> None:
    """Take nights off the market; :class:`NightsBooked` where a guest has one of them."""
    locked = await _lock_for_edit(session, actor, listing_id, window)
    await expire_due_holds_of(session, clock, locked)
    live = await repository.live_occupancy(session, listing_id, window)
    span = (window.start, window.end)
    booked = blocks.nights_of((row.start, row.end) for row in live if row.kind in {"booking", "hold"})
    if in_the_way := sorted(booked & blocks.nights_of([span])):
        raise NightsBooked(in_the_way, listing_id=listing_id)
    own = [row for row in live if row.kind == "host_block"]
    wanted = blocks.block(
        span,
        blocked=[(row.start, row.end) for row in own],
        imported=[(row.start, row.end) for row in live if row.kind == "imported"],
    )
    await _replace_blocks(session, clock, locked, window, own=own, wanted=wanted)


async def unblock(session: AsyncSession, clock: Clock, actor: Actor, listing_id: int, window: Window) -> None:
    """Put nights that the host blocked back on the market; those of guests and imports stay as they are."""
    locked = await _lock_for_edit(session, actor, listing_id, window)
    own = [row for row in await repository.live_occupancy(session, listing_id, window) if row.kind == "host_block"]
    wanted = blocks.unblock((window.start, window.end), blocked=[(row.start, row.end) for row in own])
    await _replace_blocks(session, clock, locked, window, own=own, wanted=wanted)


async def _replace_blocks(
    session: AsyncSession,
    clock: Clock,
    listing: LockedListing,
    window: Window,
    *,
    own: Sequence[Occupied],
    wanted: Sequence[tuple[date, date]],
) -> None:
    """Let exactly the wanted blocks stand; where they do already, nothing is written and nobody told."""
    if sorted((row.start, row.end) for row in own) == sorted(wanted):
        return
    retired = [row.occupancy_id for row in own]
    await repository.replace_blocks(session, listing.listing_id, retired=retired, blocks=wanted, now=clock.now())
    await _note(session, listing, window, changed=["availability"])


async def _set_nights(
    session: AsyncSession, actor: Actor, listing_id: int, window: Window, **values: int | bool | None
) -> None:
    locked = await _lock_for_edit(session, actor, listing_id, window)
    await repository.set_nights(session, listing_id, window, values)
    await _note(session, locked, window, changed=sorted(values))


async def _lock_for_edit(session: AsyncSession, actor: Actor, listing_id: int, window: Window) -> LockedListing:
    """Lock the listing, if it is the actor's."""
    if window.nights > MAX_EDIT_NIGHTS:
        raise InvalidWindow(f"{window.nights} nights are more than {MAX_EDIT_NIGHTS}.", hint="Edit fewer at a time.")
    with contention_as_conflict(listing_id):
        return await lock_listing(session, listing_id, owner=None if actor.is_admin else actor.user_id)


async def _note(session: AsyncSession, listing: LockedListing, window: Window, *, changed: list[str]) -> None:
    payload = {"from": window.start, "until": window.end, "changed": changed}
    await record(
        session,
        Topic.CALENDAR_CHANGED,
        market_key=listing.market_key,
        listing_id=listing.listing_id,
        payload=payload,
    )
