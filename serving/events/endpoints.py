"""Events over HTTP."""

from __future__ import annotations

from fastapi import APIRouter

from serving.dependencies import MaybeActor, ReadSession, ServicesDep, SessionKey
from serving.events.schemas import EventsIn, EventsTaken
from serving.events.service import as_event
from serving.events.writer import write_events
from serving.openapi import problems
from serving.search.log import visit_of
from transactional.listings.repository import load_bookable

router = APIRouter(prefix="/v1/events", tags=["events"])


@router.post(
    "", status_code=202, summary="Tell what guests saw and opened", responses=problems(400, 401, 413, 422, 503)
)
async def report_events(
    body: EventsIn, actor: MaybeActor, session: ReadSession, services: ServicesDep, session_key: SessionKey = None
) -> EventsTaken:
    """Write down a batch of impressions and clicks; the ranker learns from them.

    Each event has an id made by the client: a batch may be sent again, and counts once.
    """
    listings = await load_bookable(session, {told.listing_id for told in body.events})
    markets = {listing_id: listing.market_key for listing_id, listing in listings.items()}
    visit = visit_of(actor, session_key, masking_key=services.masking_key)
    events = [as_event(told, markets=markets, visit=visit, now=services.clock.now()) for told in body.events]
    known = [event for event in events if event is not None]
    write_events(services.events, known)
    return EventsTaken(accepted=len(known), ignored=len(events) - len(known))
