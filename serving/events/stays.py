"""What quotes, holds and bookings leave in the event log."""

from __future__ import annotations

from uuid import UUID

from lodestay.ids import new_id
from lodestay.stay import Stay
from search.events import BookingEvent, HoldEvent, QuoteEvent
from serving.events.writer import write_events
from serving.search.log import Visit
from serving.state import Services
from transactional.bookings.records import BookingRecord
from transactional.listings.repository import load_bookable
from transactional.quotes.records import QuoteRecord


async def log_stay(
    services: Services,
    kind: type[QuoteEvent | HoldEvent | BookingEvent],
    of: QuoteRecord | BookingRecord,
    *,
    stay: Stay,
    search_id: UUID | None,
    visit: Visit,
) -> None:
    """Tie a stay to the search it came from; called once it is committed. Without a search there is nothing to tie."""
    if search_id is None:
        return
    async with services.sessions() as session:
        listing = (await load_bookable(session, [of.listing_id]))[of.listing_id]
    event = kind(
        event_id=new_id(),
        occurred_at=services.clock.now(),
        market=listing.market_key,
        session_id=visit.session_id,
        guest_key=visit.guest_key,
        search_id=search_id,
        listing_id=of.listing_id,
        check_in=stay.check_in,
        check_out=stay.check_out,
        guests=of.guests,
        total_minor=of.total_minor,
        currency=of.currency,
    )
    write_events(services.events, [event], services.metrics)
