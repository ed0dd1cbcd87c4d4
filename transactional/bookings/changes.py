"""One way to make and to change a booking: the row, its event and the outbox entry, in one transaction.

Every change is guarded by the states it may start from, and leaves an event with the new values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import Clock
from transactional.bookings import repository
from transactional.bookings.records import COLUMNS, BookingRecord
from transactional.bookings.rules import BookingStatus, Change, Side, after, event_of, sources, target
from transactional.journal.rules import Cause
from transactional.journal.service import append
from transactional.listings.errors import ListingBusy
from transactional.listings.repository import LockedListing
from transactional.outbox.service import record
from transactional.outbox.topics import Topic
from transactional.users.actors import Actor

_TOPICS = {
    Change.ACCEPT: Topic.BOOKING_ACCEPTED,
    Change.DECLINE: Topic.BOOKING_DECLINED,
    Change.CONFIRM: Topic.BOOKING_CONFIRMED,
    Change.CONFIRM_LATE: Topic.BOOKING_CONFIRMED,
    Change.MODIFY: Topic.BOOKING_MODIFIED,
    Change.CANCEL: Topic.BOOKING_CANCELLED,
    Change.EXPIRE: Topic.BOOKING_EXPIRED,
    Change.COMPLETE: Topic.BOOKING_COMPLETED,
    Change.LEAVE_EARLY: Topic.BOOKING_COMPLETED,
    Change.MISS: Topic.BOOKING_MISSED,
}
SWEEPER = Cause(None, Side.SYSTEM, "sweeper")
"""Of what falls due by itself."""


def by_api(actor: Actor, side: Side) -> Cause:
    """Cause of what somebody asks for."""
    return Cause(actor.user_id, side, "api")


async def make(
    session: AsyncSession, clock: Clock, cause: Cause, listing: LockedListing, booking: BookingRecord, *, topic: Topic
) -> None:
    """Write a new booking down, with its first event."""
    await repository.add(session, booking)
    kind, data = first_event(booking, topic)
    await append(session, booking_id=booking.booking_id, kind=kind, at=clock.now(), cause=cause, data=data)
    await tell(session, topic, listing, booking)


def first_event(booking: BookingRecord, topic: Topic) -> tuple[str, dict[str, Any]]:
    """Kind and data of the event that makes a booking: the data is the row, without the number that counts events."""
    return topic.value.removeprefix("booking."), {name: getattr(booking, name) for name in COLUMNS if name != "version"}


async def apply(
    session: AsyncSession,
    clock: Clock,
    listing: LockedListing,
    booking_id: UUID,
    change: Change,
    *,
    cause: Cause,
    values: Mapping[str, Any],
) -> BookingRecord:
    """Change a booking of a locked listing; its nights are the caller's to see to.

    Parameters
    ----------
    values
        Columns that change beside the status.

    Raises
    ------
    BookingStateConflict
        Its state does not allow the change.
    """
    new = dict(values) | {"status": target(change).value}
    booking = await repository.change(session, booking_id, sources=sources(change), values=new)
    if booking is None:
        present = await repository.get(session, booking_id)
        after(BookingStatus(present.status), change, reference=present.reference)
        raise ListingBusy(listing.listing_id)
    await append(session, booking_id=booking_id, kind=event_of(change), at=clock.now(), cause=cause, data=new)
    await tell(session, _TOPICS[change], listing, booking)
    return booking


async def tell(session: AsyncSession, topic: Topic, listing: LockedListing, booking: BookingRecord) -> None:
    """Note a booking's change in the outbox."""
    payload = payload_of(booking)
    await record(session, topic, market_key=listing.market_key, listing_id=listing.listing_id, payload=payload)


def payload_of(booking: BookingRecord) -> dict[str, Any]:
    """What the outbox tells of a booking."""
    return {
        "booking_id": booking.booking_id,
        "check_in": booking.check_in,
        "check_out": booking.check_out,
        "because": booking.closed_because,
    }
