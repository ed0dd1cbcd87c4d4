"""A modification becomes the booking: its old nights go as its new ones come, in one step under the listing's lock."""

from __future__ import annotations

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.calendar import Refusal, RefusedStay
from lodestay.clock import Clock
from transactional.bookings import changes
from transactional.bookings import repository as bookings
from transactional.bookings.errors import BookingStateConflict
from transactional.bookings.holds import expire_due_holds_of
from transactional.bookings.records import BookingRecord
from transactional.bookings.rules import BookingStatus, Change
from transactional.bookings.rules import after as state_after
from transactional.bookings.service import decline_rivals
from transactional.calendars.conflicts import overlap_as_conflict
from transactional.calendars.errors import StayUnavailable
from transactional.journal.rules import Cause
from transactional.ledger import service as ledger
from transactional.ledger.rules import Sale, changed, sale_of
from transactional.listings.repository import LockedListing, lock_listing
from transactional.modifications import repository
from transactional.modifications.errors import BookingMovedOn, ModificationStateConflict, NightsSpent
from transactional.modifications.records import ModificationRecord
from transactional.modifications.rules import ModificationStatus, Step, instants_after, require_nights_to_come


async def apply(session: AsyncSession, clock: Clock, cause: Cause, modification_id: UUID) -> None:
    """Give a booking its new nights, party and price; what was applied already stays as it is.

    Raises
    ------
    ModificationNotFound, ModificationStateConflict
        There is none, or it came to nothing.
    BookingStateConflict, BookingMovedOn
        The booking is no longer the one that was to be changed.
    NightsSpent, StayUnavailable, ListingBusy
        Nights that would change have passed, somebody else has them, or the listing's lock did not come in time.
    """
    modification = await repository.get(session, modification_id)
    listing_id = await bookings.listing_of(session, modification.booking_id)
    with overlap_as_conflict(listing_id, modification.stay):
        listing = await lock_listing(session, listing_id, owner=None)
        present = await repository.get(session, modification_id)  # as whoever had the lock before has left it
        if present.status != ModificationStatus.APPLIED:
            await apply_to(session, clock, cause, listing, present)


async def give_up(session: AsyncSession, clock: Clock, cause: Cause, modification_id: UUID, reason: str) -> None:
    """Close a modification whose payment came to nothing; one that is over stays as it is."""
    del cause  # the saga's number is nobody's business
    modification = await repository.get(session, modification_id)
    listing_id = await bookings.listing_of(session, modification.booking_id)
    with overlap_as_conflict(listing_id, modification.stay):
        await lock_listing(session, listing_id, owner=None)
        because = closing_of(reason)
        await repository.take(session, modification_id, Step.FAIL, now=clock.now(), closed_because=because)


def closing_of(reason: str) -> str:
    """What both sides are told of a saga's error: how a guest's payment fared in detail is not for the host."""
    if reason in {StayUnavailable.slug(), NightsSpent.slug()}:
        return "nights_gone"
    if reason in {BookingMovedOn.slug(), BookingStateConflict.slug()}:
        return "booking_changed"
    return "payment_failed"


async def apply_to(
    session: AsyncSession, clock: Clock, cause: Cause, listing: LockedListing, modification: ModificationRecord
) -> BookingRecord:
    """Change a booking of a locked listing; raises as :func:`apply`."""
    before = await require_possible(session, clock, listing, modification)
    booking = await changes.apply(
        session,
        clock,
        listing,
        modification.booking_id,
        Change.MODIFY,
        cause=cause,
        values=_new_values(listing, before, modification),
    )
    if modification.stay != before.stay:
        await bookings.release_nights(session, booking.booking_id)
        await bookings.take_nights(session, booking, now=clock.now())
        await decline_rivals(session, clock, listing, booking)
        later = booking.starts_at - before.starts_at
        await repository.move_payout(session, booking.booking_id, later=later, now=clock.now())
    await move(session, clock, modification, Step.APPLY)
    await _post(session, clock, before, booking, key=str(modification.modification_id))
    return booking


async def require_possible(
    session: AsyncSession, clock: Clock, listing: LockedListing, modification: ModificationRecord
) -> BookingRecord:
    """Make sure, with the listing locked, that the booking is still to be changed and the nights are its to have."""
    booking = await bookings.get(session, modification.booking_id)
    state_after(BookingStatus(booking.status), Change.MODIFY, reference=booking.reference)
    if booking.version != modification.booking_version:
        raise BookingMovedOn(booking.reference, version=modification.booking_version, present=booking.version)
    today = clock.now().astimezone(ZoneInfo(listing.timezone)).date()
    require_nights_to_come(booking.stay, modification.stay, today=today)  # an answer may come days after the proposal
    await expire_due_holds_of(session, clock, listing)
    if await repository.taken_by_others(session, listing.listing_id, modification):
        nights = tuple(sorted(set(modification.stay) - set(booking.stay)))
        refused = RefusedStay(Refusal.NIGHTS_TAKEN, nights, None)
        raise StayUnavailable.because(refused, listing_id=listing.listing_id, stay=modification.stay)
    return booking


async def move(
    session: AsyncSession, clock: Clock, modification: ModificationRecord, step: Step, **values: Any
) -> ModificationRecord:
    """Take a step with a modification, or raise :class:`ModificationStateConflict`."""
    moved = await repository.take(session, modification.modification_id, step, now=clock.now(), **values)
    if moved is None:
        present = await repository.get(session, modification.modification_id)
        raise ModificationStateConflict(modification.modification_id, status=present.status, change=step.value)
    return moved


def _new_values(listing: LockedListing, before: BookingRecord, modification: ModificationRecord) -> dict[str, Any]:
    starts_at, ends_at = instants_after(
        before,
        modification.stay,
        timezone=listing.timezone,
        check_in_hour=listing.check_in_hour,
        check_out_hour=listing.check_out_hour,
    )
    return {
        "check_in": modification.check_in,
        "check_out": modification.check_out,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "guests": modification.guests,
        "pets": modification.pets,
        "lines": modification.lines,
        "total_minor": modification.total_minor,
        "charge_lines": modification.charge_lines,
        "charge_total_minor": modification.charge_total_minor,
    }


async def _post(session: AsyncSession, clock: Clock, before: BookingRecord, after: BookingRecord, *, key: str) -> None:
    """Post what the change is worth to each side, where the sale itself was posted."""
    books = await repository.books_of(session, before.booking_id)
    posting = changed(
        before.booking_id,
        before=_sale(before, books.host_fee_bps),
        after=_sale(after, books.host_fee_bps),
        key=key,
        at=clock.now(),
        paid_out_minor=books.paid_out_minor,
    )
    if books.is_posted:
        await ledger.post(session, posting)


def _sale(booking: BookingRecord, host_fee_bps: int) -> Sale:
    return sale_of(
        currency=booking.currency,
        lines=booking.lines,
        charge_currency=booking.charge_currency,
        charge_lines=booking.charge_lines,
        host_fee_bps=host_fee_bps,
    )
