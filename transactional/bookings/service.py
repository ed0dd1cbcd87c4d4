"""Hold, confirm, cancel: what happens to a booking, and to nobody else's nights.

Every change takes the listing's lock first, in READ COMMITTED, so that each later statement sees what
the holder before has committed. What takes nights then expires due holds, asks the rules and writes.
The exclusion constraint stands behind all that. Whoever calls must roll back on an error.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NoReturn
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import Clock, today_in
from lodestay.ids import new_id
from lodestay.stay import Stay
from transactional.bookings import repository
from transactional.bookings.errors import NotForTheHost, StayIsOver
from transactional.bookings.holds import expire_due_holds_of
from transactional.bookings.records import BookingRecord
from transactional.bookings.references import new_reference
from transactional.bookings.rules import BookingStatus, Change, Side, after, is_over
from transactional.calendars.conflicts import contention_as_conflict, overlap_as_conflict
from transactional.calendars.errors import StayUnavailable
from transactional.calendars.repository import load_calendars
from transactional.calendars.rules import Window
from transactional.kit.sqlstate import SqlState, sqlstate, violated_constraint
from transactional.listings.errors import ListingBusy, ListingWithdrawn
from transactional.listings.repository import LockedListing, lock_listing
from transactional.outbox.service import record
from transactional.outbox.topics import Topic
from transactional.quotes import repository as quotes
from transactional.quotes.errors import QuoteAlreadyBooked, QuoteExpired
from transactional.users.actors import Actor

_QUOTE_BOOKED = "uq_bookings_quote_id"
_REFERENCE_TAKEN = "uq_bookings_reference"


async def hold(
    session: AsyncSession, clock: Clock, *, guest_id: UUID, quote_id: UUID, keep: timedelta
) -> BookingRecord:
    """Take a quote's nights for its guest until they confirm, at the price quoted.

    Parameters
    ----------
    keep
        How long the nights are kept.

    Raises
    ------
    QuoteNotFound, QuoteExpired, QuoteAlreadyBooked
        The quote cannot be booked, or not by this guest.
    ListingWithdrawn, StayUnavailable
        The host or somebody else was faster.
    ListingBusy
        The listing's lock did not come in time.
    """
    quote = await quotes.get_of_guest(session, quote_id, guest_id=guest_id)
    with overlap_as_conflict(quote.listing_id, quote.stay):
        listing = await lock_listing(session, quote.listing_id, owner=None)
        now = clock.now()  # after the wait for the lock
        if quote.expires_at <= now:
            raise QuoteExpired(quote_id, expires_at=quote.expires_at)
        if not listing.is_active:
            raise ListingWithdrawn(listing.listing_id)
        await expire_due_holds_of(session, clock, listing)
        try:
            await _require_available(session, clock, listing, quote.stay)
        except StayUnavailable:
            if await repository.has_booking(session, quote_id):
                raise QuoteAlreadyBooked(quote_id) from None
            raise
        booking = BookingRecord(
            booking_id=new_id(),
            reference=new_reference(),
            listing_id=listing.listing_id,
            guest_id=guest_id,
            quote_id=quote_id,
            status=BookingStatus.HELD.value,
            check_in=quote.stay.check_in,
            check_out=quote.stay.check_out,
            guests=quote.guests,
            currency=quote.currency,
            lines=quote.lines,
            total_minor=quote.total_minor,
            created_at=now,
            hold_expires_at=now + keep,
            confirmed_at=None,
            cancelled_at=None,
            cancelled_by=None,
            version=1,
        )
        try:
            await repository.add_hold(session, booking)
        except IntegrityError as error:
            _raise_duplicate(error, booking)
        await _note(session, Topic.BOOKING_HELD, listing, booking)
    return booking


async def confirm(session: AsyncSession, clock: Clock, actor: Actor, booking_id: UUID) -> BookingRecord:
    """Turn a hold into a booking; one that has expired only while its nights are still on offer and free.

    Raises
    ------
    BookingNotFound, NotForTheHost
        Not the actor's to see, or to confirm.
    BookingStateConflict, ListingWithdrawn, StayUnavailable, ListingBusy
        It cannot be confirmed: any more, again or just now.
    """
    listing_id, side = await repository.side_of(session, actor, booking_id)
    if side is Side.HOST:
        raise NotForTheHost
    with contention_as_conflict(listing_id):
        listing = await lock_listing(session, listing_id, owner=None)
        booking = await repository.confirm_in_time(session, booking_id, now=clock.now())
        if booking is None:
            booking = await _confirm_late(session, clock, listing, booking_id)
        await _note(session, Topic.BOOKING_CONFIRMED, listing, booking)
    return booking


async def cancel(session: AsyncSession, clock: Clock, actor: Actor, booking_id: UUID) -> BookingRecord:
    """Give a hold's or a booking's nights back, for its guest, its host or the platform.

    Raises
    ------
    BookingNotFound
        Not the actor's.
    BookingStateConflict, StayIsOver, ListingBusy
        It cannot be cancelled: again, any more or just now.
    """
    listing_id, side = await repository.side_of(session, actor, booking_id)
    with contention_as_conflict(listing_id):
        listing = await lock_listing(session, listing_id, owner=None)
        booking = await repository.cancel(session, booking_id, side=side, now=clock.now())
        if booking is None:
            present = await repository.get(session, booking_id)
            after(BookingStatus(present.status), Change.CANCEL, reference=present.reference)
            raise ListingBusy(listing_id)
        if is_over(booking.check_out, today=today_in(listing.timezone, clock)):
            raise StayIsOver(booking.reference, check_out=booking.check_out)
        await _note(session, Topic.BOOKING_CANCELLED, listing, booking)
    return booking


async def _confirm_late(session: AsyncSession, clock: Clock, listing: LockedListing, booking_id: UUID) -> BookingRecord:
    await expire_due_holds_of(session, clock, listing)
    present = await repository.get(session, booking_id)
    after(BookingStatus(present.status), Change.CONFIRM, reference=present.reference)
    if not listing.is_active:
        raise ListingWithdrawn(listing.listing_id)
    with overlap_as_conflict(listing.listing_id, present.stay):
        await _require_available(session, clock, listing, present.stay)
        booking = await repository.confirm_late(session, booking_id, now=clock.now())
    if booking is None:
        raise ListingBusy(listing.listing_id)
    return booking


async def _require_available(session: AsyncSession, clock: Clock, listing: LockedListing, stay: Stay) -> None:
    """Ask the calendar's rules, with the lock held."""
    calendars = await load_calendars(session, [listing.listing_id], Window.around(stay), now=clock.now())
    refused = calendars[listing.listing_id].refuse(stay, today=today_in(listing.timezone, clock))
    if refused is not None:
        raise StayUnavailable.because(refused, listing_id=listing.listing_id, stay=stay)


def _raise_duplicate(error: IntegrityError, booking: BookingRecord) -> NoReturn:
    """Say what a violated uniqueness means; other violations go on as they are."""
    constraint = violated_constraint(error) if sqlstate(error) == SqlState.UNIQUE_VIOLATION else None
    if constraint == _QUOTE_BOOKED and booking.quote_id is not None:
        raise QuoteAlreadyBooked(booking.quote_id) from error
    if constraint == _REFERENCE_TAKEN:  # once in 2**50: the same call again draws another
        raise ListingBusy(booking.listing_id) from error
    raise error


async def _note(session: AsyncSession, topic: Topic, listing: LockedListing, booking: BookingRecord) -> None:
    await record(
        session,
        topic,
        market_key=listing.market_key,
        listing_id=listing.listing_id,
        payload={"booking_id": booking.booking_id, "check_in": booking.check_in, "check_out": booking.check_out},
    )
