"""Events over HTTP."""

from __future__ import annotations

from fastapi import APIRouter

from serving.dependencies import MaybeActor, ReadSession, ServicesDep, SessionKey
from serving.events.schemas import EventsIn, EventsTaken
from serving.events.service import as_event, was_shown
from serving.events.writer import write_events
from serving.openapi import problems
from serving.search.log import visit_of
from transactional.listings.repository import load_bookable

router = APIRouter(prefix="/v1/events", tags=["events"])


@router.post(
    "", status_code=202, summary="Tell what guests saw and opened", responses=problems(400, 401, 413, 415, 422, 503)
)
async def report_events(
    body: EventsIn, actor: MaybeActor, session: ReadSession, services: ServicesDep, session_key: SessionKey = None
) -> EventsTaken:
    """Write down a batch of impressions and clicks; the ranker learns from them.

    Each event repeats the `proof` of the result that it is about: what was not shown there is ignored. Each has an id
    made by the client: a batch may be sent again, and counts once.
    """
    proven = [told for told in body.events if was_shown(told, key=services.signing_key)]
    listings = await load_bookable(session, {told.listing_id for told in proven})
    markets = {listing_id: listing.market_key for listing_id, listing in listings.items()}
    visit = visit_of(actor, session_key, masking_key=services.masking_key)
    events = [
        as_event(told, market=markets[told.listing_id], visit=visit, now=services.clock.now())
        for told in proven
        if told.listing_id in markets  # shown, and deleted since
    ]
    write_events(services.events, events, services.metrics)
    return EventsTaken(accepted=len(events), ignored=len(body.events) - len(events))
