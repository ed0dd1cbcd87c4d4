"""What hosts do to their calendars: prices, stay rules and blocked nights over a range of dates."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.calendar import StayCalendar
from lodestay.clock import Clock, today_in
from transactional.bookings.holds import expire_due_holds_of
from transactional.calendars import blocks, plan_repository, repository
from transactional.calendars.conflicts import contention_as_conflict
from transactional.calendars.edits import (
    MAX_EDIT_NIGHTS,
    ChangedRun,
    NightsEdit,
    changed_runs,
    nights_of_guests,
    overlay,
    require_no_new_clash,
)
from transactional.calendars.errors import CalendarChanged, InvalidWindow, NightsBooked, NoRatePlan
from transactional.calendars.repository import CalendarParts, Occupant, Occupied, load_calendars, load_parts
from transactional.calendars.rules import SAYS_NOTHING, Window
from transactional.listings.errors import ListingNotFound
from transactional.listings.repository import LockedListing, lock_listing
from transactional.outbox.service import record
from transactional.outbox.topics import Topic
from transactional.users.actors import Actor


@dataclass(frozen=True, slots=True)
class EditedNights:
    """What an edit of nights does.

    Attributes
    ----------
    version
        Of the calendar: after the edit, or as it stands for a preview.
    nights
        How many are meant.
    runs
        Those that cost or allow something else afterwards.
    booked
        Those that guests have: their bookings stay as they are.
    """

    version: int
    nights: int
    runs: Sequence[ChangedRun]
    booked: Sequence[date]


@dataclass(frozen=True, slots=True)
class HostCalendar:
    """A calendar as the listing's host sees it.

    Attributes
    ----------
    calendar
        As guests see it, as far as it is known.
    prices
        The whole window as if it were known and nobody had a night: a night not free in it has no price.
    own_prices
        Nights whose price is their own word.
    """

    window: Window
    version: int
    currency: str
    calendar: StayCalendar
    prices: StayCalendar
    own_prices: frozenset[date]
    occupants: Sequence[Occupant]


async def get_calendar(session: AsyncSession, clock: Clock, listing_id: int, window: Window) -> StayCalendar:
    """Load one listing's calendar, or raise `ListingNotFound`."""
    found = await load_calendars(session, [listing_id], window, now=clock.now())
    if listing_id not in found:
        raise ListingNotFound(listing_id)
    return found[listing_id]


async def today_at(session: AsyncSession, clock: Clock, actor: Actor, listing_id: int) -> date:
    """The date at an own listing, or `ListingNotFound`."""
    return today_in(await plan_repository.timezone_of_own(session, listing_id, owner=owner_of(actor)), clock)


async def get_host_calendar(
    session: AsyncSession, clock: Clock, actor: Actor, listing_id: int, window: Window
) -> HostCalendar:
    """Load what the nights of an own listing cost and allow, and who has them."""
    await plan_repository.timezone_of_own(session, listing_id, owner=owner_of(actor))
    require_editable(window)
    parts = await parts_of(session, clock, listing_id, window)
    occupants = await repository.list_occupants(session, listing_id, window, now=clock.now())
    return HostCalendar(
        window=window,
        version=parts.version,
        currency=parts.currency,
        calendar=parts.calendar(window),
        prices=parts.open_calendar(window),
        own_prices=frozenset(parts.nights.night[parts.nights.price_minor != SAYS_NOTHING].tolist()),
        occupants=occupants,
    )


async def edit_nights(
    session: AsyncSession,
    clock: Clock,
    actor: Actor,
    listing_id: int,
    edit: NightsEdit,
    *,
    expected: Collection[int] | None = None,
    preview: bool = False,
) -> EditedNights:
    """Say what many nights cost and allow; or, as a preview, say what would change and write nothing.

    Parameters
    ----------
    expected
        Versions of the calendar of which one must be the present one; None for whatever it is.

    Raises
    ------
    ListingNotFound, NoRatePlan
        Not the actor's, or without prices.
    CalendarChanged
        Somebody has changed prices or rules since.
    InvalidCalendarEdit, InvalidWindow, NightsArePast, ClashingStayRules
        What the nights cannot have.
    """
    locked = await lock_for_edit(session, actor, listing_id)
    edit.require_sense(today=today_in(locked.timezone, clock))
    hull, nights = edit.hull, edit.nights()
    parts = await parts_of(session, clock, listing_id, hull)
    require_version(listing_id, parts.version, expected)
    after = replace(parts, nights=overlay(parts.nights, nights, edit.changes)).open_calendar(hull)
    before = parts.open_calendar(hull)
    require_no_new_clash(before, after)
    edited = EditedNights(
        version=parts.version,
        nights=len(nights),
        runs=changed_runs(before, after),
        booked=nights_of_guests(parts.stays, nights),
    )
    if preview or not await plan_repository.set_nights(session, listing_id, nights, edit.changes):
        return edited
    version = await plan_repository.bump_version(session, listing_id, now=clock.now())
    await note_change(session, locked, hull, changed=sorted(edit.changes))
    return replace(edited, version=version)


async def block(session: AsyncSession, clock: Clock, actor: Actor, listing_id: int, window: Window) -> None:
    """Take nights off the market; :class:`NightsBooked` where a guest has one of them."""
    require_editable(window)
    locked = await lock_for_edit(session, actor, listing_id)
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
    require_editable(window)
    locked = await lock_for_edit(session, actor, listing_id)
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
    await note_change(session, listing, window, changed=["availability"])


def owner_of(actor: Actor) -> UUID | None:
    """Whose the listing must be: an administrator's may be anybody's."""
    return None if actor.is_admin else actor.user_id


def require_editable(window: Window) -> None:
    """Raise where a range is too long to be looked at in one go."""
    if window.nights > MAX_EDIT_NIGHTS:
        raise InvalidWindow(f"{window.nights} nights are more than {MAX_EDIT_NIGHTS}.", hint="Edit fewer at a time.")


def require_version(listing_id: int, version: int, expected: Collection[int] | None) -> None:
    """Raise where a calendar is no longer what the caller saw."""
    if expected is not None and version not in expected:
        raise CalendarChanged(listing_id, version=version)


async def lock_for_edit(session: AsyncSession, actor: Actor, listing_id: int) -> LockedListing:
    """Lock the listing, if it is the actor's."""
    with contention_as_conflict(listing_id):
        return await lock_listing(session, listing_id, owner=owner_of(actor))


async def note_change(
    session: AsyncSession, listing: LockedListing, window: Window | None, *, changed: Sequence[str]
) -> None:
    """Tell the outbox what changed, and in which nights if not in all."""
    span = {} if window is None else {"from": window.start, "until": window.end}
    await record(
        session,
        Topic.CALENDAR_CHANGED,
        market_key=listing.market_key,
        listing_id=listing.listing_id,
        payload={**span, "changed": list(changed)},
    )


async def parts_of(session: AsyncSession, clock: Clock, listing_id: int, window: Window) -> CalendarParts:
    """Load what a listing's calendar is made of, or raise `NoRatePlan`."""
    found = await load_parts(session, [listing_id], window, now=clock.now())
    if listing_id not in found:
        raise NoRatePlan(listing_id)
    return found[listing_id]
