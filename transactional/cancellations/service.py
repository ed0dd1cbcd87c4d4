"""Cancel, no-show, early departure: a booking ends before its time, and everybody has what is theirs.

As every change of a booking: the listing's lock first, then the state and the rules, then one guarded
UPDATE with its event and its outbox entry. What it costs whom is posted in the same transaction; a saga
pays it once that is committed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import Clock, today_in
from transactional.bookings import changes
from transactional.bookings import repository as bookings
from transactional.bookings.errors import ChangeNotYours, StayIsOver
from transactional.bookings.records import BookingRecord
from transactional.bookings.rules import TRANSITIONS, BookingStatus, Change, Side, after, require_side
from transactional.calendars.conflicts import contention_as_conflict
from transactional.cancellations import repository
from transactional.cancellations.errors import NoNightLeft, StayHasNotBegun
from transactional.cancellations.records import Preview
from transactional.cancellations.rules import Ending, Reason, deadlines
from transactional.cancellations.settlement import facts_of, given_back, outcome_of, settle, wake_payment
from transactional.listings.errors import ListingBusy
from transactional.listings.repository import LockedListing, lock_listing
from transactional.modifications import repository as modifications
from transactional.users.actors import Actor


@dataclass(frozen=True, slots=True)
class _Case:
    """A booking that somebody is about to end, with its listing locked."""

    session: AsyncSession
    clock: Clock
    actor: Actor
    side: Side
    listing: LockedListing
    booking: BookingRecord


async def preview(session: AsyncSession, clock: Clock, actor: Actor, booking_id: UUID) -> Preview:
    """What would come of cancelling a booking now, for whoever asks; nothing changes.

    Raises
    ------
    BookingNotFound, ChangeNotYours
        Not the actor's, or not theirs to cancel.
    BookingStateConflict, StayIsOver
        It cannot be cancelled any more.
    """
    _, side = await bookings.side_of(session, actor, booking_id)
    booking = await bookings.get(session, booking_id)
    _require_cancellable(booking, side, clock)
    if booking.status != BookingStatus.CONFIRMED:
        return Preview(booking, None, ())
    around = await repository.circumstances_of(session, booking_id)
    now = clock.now()
    outcome = outcome_of(booking, around, ending=Ending.CANCELLED, side=side, at=now)
    facts = facts_of(booking, around)
    steps = deadlines(facts, at=now, already=given_back(booking)) if side is Side.GUEST else ()
    return Preview(booking, outcome, steps)


async def cancel(
    session: AsyncSession, clock: Clock, actor: Actor, booking_id: UUID, *, reason: Reason = Reason.OTHER
) -> BookingRecord:
    """Give a booking up and its nights back, for its guest, its host or the platform.

    A host who cancels a confirmed booking owes a penalty, and its nights stay off the market.

    Raises
    ------
    BookingNotFound, ChangeNotYours
        Not the actor's, or not theirs to cancel.
    BookingStateConflict, StayIsOver, ListingBusy
        It cannot be cancelled: again, any more or just now.
    """
    listing_id, side = await bookings.side_of(session, actor, booking_id)
    require_side(Change.CANCEL, side)
    with contention_as_conflict(listing_id):
        case = await _open(session, clock, actor, side, listing_id=listing_id, booking_id=booking_id)
        _require_cancellable(case.booking, side, clock)
        now = clock.now()
        values = {
            "cancelled_at": now,
            "cancelled_by": side.value,
            "closed_at": now,
            "closed_because": reason.value,
        }
        was_confirmed = case.booking.status == BookingStatus.CONFIRMED
        if was_confirmed:
            cancelled = await _end_confirmed(case, Change.CANCEL, Ending.CANCELLED, values)
        else:
            cancelled = await _end(case, Change.CANCEL, values)
            await wake_payment(session, clock, cancelled)
        await bookings.release_nights(session, booking_id)
        if was_confirmed and side is Side.HOST:
            await _keep_from_resale(case)
    return cancelled


async def mark_no_show(session: AsyncSession, clock: Clock, actor: Actor, booking_id: UUID) -> BookingRecord:
    """Write down that a guest did not come, for the host or the platform; the nights stay paid and kept.

    Raises
    ------
    BookingNotFound, ChangeNotYours
        Not the actor's, or not theirs to say.
    BookingStateConflict, StayHasNotBegun, StayIsOver, ListingBusy
        It is not so: yet, or any more.
    """
    listing_id, side = await bookings.side_of(session, actor, booking_id)
    require_side(Change.MISS, side)
    with contention_as_conflict(listing_id):
        case = await _open(session, clock, actor, side, listing_id=listing_id, booking_id=booking_id)
        _require_during_stay(case.booking, Change.MISS, clock)
        values = {"closed_at": clock.now(), "closed_because": Ending.NO_SHOW.value}
        return await _end_confirmed(case, Change.MISS, Ending.NO_SHOW, values)


async def leave_early(session: AsyncSession, clock: Clock, actor: Actor, booking_id: UUID) -> BookingRecord:
    """End a stay today, for its guest, its host or the platform: the nights left are on offer again.

    Raises
    ------
    BookingNotFound
        Not the actor's.
    BookingStateConflict, StayHasNotBegun, NoNightLeft, StayIsOver, ListingBusy
        There is nothing to leave early: yet, or any more.
    """
    listing_id, side = await bookings.side_of(session, actor, booking_id)
    require_side(Change.LEAVE_EARLY, side)
    with contention_as_conflict(listing_id):
        case = await _open(session, clock, actor, side, listing_id=listing_id, booking_id=booking_id)
        stay = case.booking.stay
        _require_during_stay(case.booking, Change.LEAVE_EARLY, clock)
        today, now = today_in(case.listing.timezone, clock), clock.now()
        if not stay.check_in < today < stay.check_out:
            raise NoNightLeft(case.booking.reference, stay=stay, leaving=today)
        values = {
            "check_out": today,
            "ends_at": now,
            "closed_at": now,
            "closed_because": Ending.LEFT_EARLY.value,
        }
        left = await _end_confirmed(case, Change.LEAVE_EARLY, Ending.LEFT_EARLY, values)
        if not await repository.shorten_nights(session, booking_id, check_out=today):
            raise ListingBusy(listing_id)
    return left


async def _open(
    session: AsyncSession, clock: Clock, actor: Actor, side: Side, *, listing_id: int, booking_id: UUID
) -> _Case:
    """Lock the listing, then read the booking: as whoever had the lock before has left it."""
    listing = await lock_listing(session, listing_id, owner=None)
    return _Case(session, clock, actor, side, listing, await bookings.get(session, booking_id))


async def _end_confirmed(case: _Case, change: Change, ending: Ending, values: Mapping[str, Any]) -> BookingRecord:
    """End a confirmed booking, write what goes back down and post it."""
    session, clock, before = case.session, case.clock, case.booking
    around = await repository.circumstances_of(session, before.booking_id)
    outcome = outcome_of(before, around, ending=ending, side=case.side, at=clock.now())
    ended = await _end(case, change, {**values, "refund": outcome.as_json()})
    await modifications.close_proposals(session, before.booking_id, now=clock.now())
    await settle(session, clock, before=before, around=around, outcome=outcome, ending=ending)
    return ended


async def _end(case: _Case, change: Change, values: Mapping[str, Any]) -> BookingRecord:
    return await changes.apply(
        case.session,
        case.clock,
        case.listing,
        case.booking.booking_id,
        change,
        cause=changes.by_api(case.actor, case.side),
        values=values,
    )


async def _keep_from_resale(case: _Case) -> None:
    """Block what is left of the nights that a host has cancelled."""
    booking = case.booking
    start = max(booking.check_in, today_in(case.listing.timezone, case.clock))
    if start < booking.check_out:
        await repository.block_nights(
            case.session,
            booking.booking_id,
            listing_id=booking.listing_id,
            start=start,
            end=booking.check_out,
            now=case.clock.now(),
        )


def _require_cancellable(booking: BookingRecord, side: Side, clock: Clock) -> None:
    status = BookingStatus(booking.status)
    after(status, Change.CANCEL, reference=booking.reference)
    arcs = [arc for arc in TRANSITIONS if arc.source is status and arc.change is Change.CANCEL]
    allowed = {by for arc in arcs for by in arc.by}
    if side not in allowed:
        raise ChangeNotYours(change=Change.CANCEL, side=side, allowed=sorted(allowed - {Side.SYSTEM}))
    if clock.now() >= booking.ends_at:
        raise StayIsOver(booking.reference, check_out=booking.check_out)


def _require_during_stay(booking: BookingRecord, change: Change, clock: Clock) -> None:
    after(BookingStatus(booking.status), change, reference=booking.reference)
    if clock.now() < booking.starts_at:
        raise StayHasNotBegun(booking.reference, starts_at=booking.starts_at)
    if clock.now() >= booking.ends_at:
        raise StayIsOver(booking.reference, check_out=booking.check_out)
