"""What a booking leaves in the event log."""

from __future__ import annotations

from uuid import UUID

from lodestay.ids import new_id
from search.events import BookingEvent
from serving.events.writer import write_events
from serving.search.log import Visit
from serving.state import Services
from transactional.bookings.records import BookingRecord
from transactional.listings.repository import load_bookable


async def log_booking(services: Services, booking: BookingRecord, *, search_id: UUID, visit: Visit) -> None:
    """Tie a booking to the search it came from; called once it is committed."""
    async with services.sessions() as session:
        listing = (await load_bookable(session, [booking.listing_id]))[booking.listing_id]
    event = BookingEvent(
        event_id=new_id(),
        occurred_at=services.clock.now(),
        market=listing.market_key,
        session_id=visit.session_id,
        guest_key=visit.guest_key,
        search_id=search_id,
        listing_id=booking.listing_id,
        check_in=booking.check_in,
        check_out=booking.check_out,
        guests=booking.guests,
        total_minor=booking.total_minor,
        currency=booking.currency,
    )
    write_events(services.events, [event])
