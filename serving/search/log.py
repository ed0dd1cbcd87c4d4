"""What a search leaves in the event log: what was shown, and what the ranker saw in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lodestay.clock import Clock
from lodestay.ids import new_id, pseudonym
from lodestay.masking import mask_contacts
from search.events import SearchEvent, Shown
from search.request import SearchRequest
from serving.search.answer import SearchOut
from serving.search.ranking import Seen
from transactional.users.actors import Actor

NOWHERE = "nowhere"
"""Market of a search that named none and found nothing."""


@dataclass(frozen=True)
class Visit:
    """Who looks, as far as the log may know: never an id of a person."""

    session_id: str
    guest_key: str | None


def visit_of(actor: Actor | None, session_key: str | None, *, masking_key: str) -> Visit:
    """Name a visit: by the client's random id, else by a fresh one; the guest by a pseudonym."""
    guest_key = None if actor is None else pseudonym(masking_key, "guest", str(actor.user_id))
    return Visit(session_key or str(new_id()), guest_key)


def search_event(
    answer: SearchOut, request: SearchRequest, seen: Sequence[Seen], *, first_rank: int, visit: Visit, clock: Clock
) -> SearchEvent:
    """Write down what was shown, with the values that the ranker used.

    Parameters
    ----------
    seen
        By row of the page, before any was dropped: `seen[0]` is of `first_rank`.
    """
    origin = request.origin
    return SearchEvent(
        event_id=new_id(),
        occurred_at=clock.now(),
        market=answer.market or next((result.market for result in answer.results), NOWHERE),
        session_id=visit.session_id,
        guest_key=visit.guest_key,
        search_id=answer.search_id,
        text=None if request.text is None else mask_contacts(request.text),
        check_in=answer.check_in,
        check_out=answer.check_out,
        guests=request.guests,
        latitude=None if origin is None else origin.latitude,
        longitude=None if origin is None else origin.longitude,
        currency=request.currency,
        locale=request.locale,
        total_count=answer.total_count,
        ranker=answer.ranker,
        results=[
            Shown(
                listing_id=result.listing_id,
                position=result.rank,
                total_minor=None if result.price.total is None else result.price.total.minor,
                score=result.score,
                features=seen[result.rank - first_rank].features,
            )
            for result in answer.results
        ],
    )
