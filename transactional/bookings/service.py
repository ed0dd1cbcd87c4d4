"""Hold, confirm, complete: what happens to a booking, and to nobody else's nights.

Every change takes the listing's lock first, in READ COMMITTED, so that each later statement sees what
the holder before has committed. What takes nights then expires due holds, asks the rules and writes.
The exclusion constraint stands behind all that. Whoever calls must roll back on an error.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NoReturn
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import Clock, now_in
from lodestay.ids import new_id
from lodestay.stay import Stay
from transactional.bookings import changes, repository
from transactional.bookings.errors import ApprovalNeeded
from transactional.bookings.holds import expire_due_holds_of
from transactional.bookings.records import BookingRecord
from transactional.bookings.references import new_reference
from transactional.bookings.rules import (
    NOTHING_KNOWN,
    BookingStatus,
    Change,
    Side,
    after,
    instants_of,
    missing_for_instant_book,
    require_side,
)
from transactional.calendars.conflicts import contention_as_conflict, overlap_as_conflict
from transactional.calendars.errors import StayUnavailable
from transactional.calendars.repository import load_calendars
from transactional.calendars.rules import Window
from transactional.journal.rules import Cause
from transactional.kit.sqlstate import SqlState, sqlstate, violated_constraint
from transactional.listings.errors import ListingBusy, ListingWithdrawn
from transactional.listings.repository import LockedListing, lock_listing
from transactional.outbox.topics import Topic
from transactional.quotes import repository as quotes
from transactional.quotes.errors import QuoteAlreadyBooked, QuoteExpired
from transactional.quotes.records import QuoteRecord

_QUOTE_BOOKED = "uq_bookings_quote_id"
_REFERENCE_TAKEN = "uq_bookings_reference"
ANOTHER_WON = "nights_given_to_another"
"""Why a request is declined when somebody else has got its nights."""


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
    ApprovalNeeded
        The host wants to be asked by this guest.
    ListingWithdrawn, StayUnavailable
        The host or somebody else was faster.
    ListingBusy
        The listing's lock did not come in time.
    """
    quote = await quotes.get_of_guest(session, quote_id, guest_id=guest_id)
    with overlap_as_conflict(quote.listing_id, quote.stay):
        listing = await lock_for_quote(session, clock, quote)
        await require_instant_book(session, listing, guest_id)
        now = clock.now()
        booking = new_booking(quote, listing, status=BookingStatus.HELD, now=now, hold_expires_at=now + keep)
        await write_new(session, clock, listing, booking, topic=Topic.BOOKING_HELD)
        await repository.take_nights(session, booking, now=now, until=booking.hold_expires_at)
    return booking


async def confirm(session: AsyncSession, clock: Clock, cause: Cause, booking_id: UUID) -> BookingRecord:
    """Turn a hold into a booking; one that has expired only while its nights are still on offer and free.

    Requests for the same nights are declined and told so.

    Raises
    ------
    BookingNotFound, ChangeNotYours
        Not there, or not this side's to confirm.
    BookingStateConflict, ListingWithdrawn, StayUnavailable, ListingBusy
        It cannot be confirmed: any more, again or just now.
    """
    require_side(Change.CONFIRM, cause.side)
    listing_id = await repository.listing_of(session, booking_id)
    with contention_as_conflict(listing_id):
        listing = await lock_listing(session, listing_id, owner=None)
        await expire_due_holds_of(session, clock, listing)
        present = await repository.get(session, booking_id)
        now = clock.now()
        values = {"confirmed_at": now, "closed_at": None, "closed_because": None}
        if present.status != BookingStatus.EXPIRED:
            booking = await changes.apply(
                session, clock, listing, booking_id, Change.CONFIRM, cause=cause, values=values
            )
            if not await repository.keep_nights(session, booking_id):
                raise ListingBusy(listing_id)
        else:
            await _require_late_confirmation(session, clock, listing, present)
            with overlap_as_conflict(listing_id, present.stay):
                booking = await changes.apply(
                    session, clock, listing, booking_id, Change.CONFIRM_LATE, cause=cause, values=values
                )
                await repository.take_nights(session, booking, now=now)
        await decline_rivals(session, clock, listing, booking)
    return booking


async def complete_ended_stays(session: AsyncSession, clock: Clock, *, limit: int) -> int:
    """Close the bookings whose guests have left: the sweeper, to be called again and again; say how many."""
    due = await repository.lock_due(session, repository.ENDED_STAYS, now=clock.now(), limit=limit)
    for booking_id, listing_id in due:
        listing = await lock_listing(session, listing_id, owner=None)
        await changes.apply(session, clock, listing, booking_id, Change.COMPLETE, cause=changes.SWEEPER, values={})
    return len(due)


async def lock_for_quote(session: AsyncSession, clock: Clock, quote: QuoteRecord) -> LockedListing:
    """Lock a quote's listing and make sure, with the lock held, that the quote can still be booked."""
    listing = await lock_listing(session, quote.listing_id, owner=None)
    if quote.expires_at <= clock.now():  # after the wait for the lock
        raise QuoteExpired(quote.quote_id, expires_at=quote.expires_at)
    if not listing.is_active:
        raise ListingWithdrawn(listing.listing_id)
    await expire_due_holds_of(session, clock, listing)
    try:
        await require_available(session, clock, listing, quote.stay)
    except StayUnavailable:
        if await repository.has_booking(session, quote.quote_id):
            raise QuoteAlreadyBooked(quote.quote_id) from None
        raise
    return listing


async def require_instant_book(session: AsyncSession, listing: LockedListing, guest_id: UUID) -> None:
    """Let a guest book who needs not ask the host, or raise :class:`ApprovalNeeded`."""
    asks_of_guest = listing.requires_verified_guest or listing.requires_completed_stays > 0
    reasons = missing_for_instant_book(
        await repository.standing_of(session, guest_id) if asks_of_guest else NOTHING_KNOWN,
        instant_book=listing.instant_book,
        requires_verified_guest=listing.requires_verified_guest,
        requires_completed_stays=listing.requires_completed_stays,
    )
    if reasons:
        raise ApprovalNeeded(listing.listing_id, reasons=reasons)


async def require_available(session: AsyncSession, clock: Clock, listing: LockedListing, stay: Stay) -> None:
    """Ask the calendar's rules, with the lock held."""
    calendars = await load_calendars(session, [listing.listing_id], Window.around(stay), now=clock.now())
    local = now_in(listing.timezone, clock)
    refused = calendars[listing.listing_id].refuse(stay, today=local.date(), hour=local.hour)
    if refused is not None:
        raise StayUnavailable.because(refused, listing_id=listing.listing_id, stay=stay)


async def decline_rivals(session: AsyncSession, clock: Clock, listing: LockedListing, winner: BookingRecord) -> None:
    """Decline the requests for nights that a booking has taken, each with its event and its message."""
    cause = Cause(None, Side.SYSTEM, f"booking:{winner.booking_id}")
    for booking_id in await repository.rivals_of(session, winner):
        ended = {"closed_at": clock.now(), "closed_because": ANOTHER_WON}
        await changes.apply(session, clock, listing, booking_id, Change.DECLINE, cause=cause, values=ended)


async def write_new(
    session: AsyncSession, clock: Clock, listing: LockedListing, booking: BookingRecord, *, topic: Topic
) -> None:
    """Write a guest's new booking, and say what a violated uniqueness means."""
    try:
        cause = Cause(booking.guest_id, Side.GUEST, "api")
        await changes.make(session, clock, cause, listing, booking, topic=topic)
    except IntegrityError as error:
        raise_duplicate(error, booking)


def raise_duplicate(error: IntegrityError | UniqueViolation, booking: BookingRecord) -> NoReturn:
    """Say what the uniqueness means that a new booking's row violates, or raise the error again."""
    constraint = violated_constraint(error) if sqlstate(error) == SqlState.UNIQUE_VIOLATION else None
    if constraint == _QUOTE_BOOKED and booking.quote_id is not None:
        raise QuoteAlreadyBooked(booking.quote_id) from error
    if constraint == _REFERENCE_TAKEN:  # once in 2**50: the same call again draws another
        raise ListingBusy(booking.listing_id) from error
    raise error


def new_booking(
    quote: QuoteRecord, listing: LockedListing, *, status: BookingStatus, now: datetime, **values: Any
) -> BookingRecord:
    """A booking as a quote has it."""
    starts_at, ends_at = instants_of(
        quote.stay,
        timezone=listing.timezone,
        check_in_hour=listing.check_in_hour,
        check_out_hour=listing.check_out_hour,
    )
    facts: dict[str, Any] = {
        "payment_method": None,
        "respond_by": None,
        "approved_at": None,
        "hold_expires_at": None,
        "confirmed_at": None,
        "closed_at": None,
        "closed_because": None,
        "cancelled_at": None,
        "cancelled_by": None,
        "refund": None,
    }
    return BookingRecord(
        booking_id=new_id(),
        reference=new_reference(),
        listing_id=listing.listing_id,
        guest_id=quote.guest_id,
        quote_id=quote.quote_id,
        status=status.value,
        check_in=quote.stay.check_in,
        check_out=quote.stay.check_out,
        starts_at=starts_at,
        ends_at=ends_at,
        guests=quote.guests,
        pets=quote.pets,
        currency=quote.currency,
        lines=quote.lines,
        total_minor=quote.total_minor,
        charge_currency=quote.charge_currency,
        charge_lines=quote.charge_lines,
        charge_total_minor=quote.charge_total_minor,
        exchange_rate=quote.exchange_rate,
        cancellation_policy=listing.cancellation_policy,
        created_at=now,
        version=1,
        **(facts | values),
    )


async def _require_late_confirmation(
    session: AsyncSession, clock: Clock, listing: LockedListing, booking: BookingRecord
) -> None:
    """Let a hold that has expired be confirmed while its nights are on offer and free; never a lapsed request."""
    if booking.hold_expires_at is None:
        after(BookingStatus.EXPIRED, Change.CONFIRM, reference=booking.reference)
    if not listing.is_active:
        raise ListingWithdrawn(listing.listing_id)
    await require_available(session, clock, listing, booking.stay)
