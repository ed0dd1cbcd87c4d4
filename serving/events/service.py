"""Turn what clients tell into events of the log."""

from __future__ import annotations

from datetime import datetime

from search.events import ClickEvent, ImpressionEvent
from serving.events.proofs import is_proven
from serving.events.schemas import ClickIn, ImpressionIn
from serving.search.log import Visit


def was_shown(told: ImpressionIn | ClickIn, *, key: str) -> bool:
    """Whether the search that an event names showed its listing at its place."""
    return is_proven(told.proof, key, search_id=told.search_id, listing_id=told.listing_id, position=told.position)


def as_event(told: ImpressionIn | ClickIn, *, market: str, visit: Visit, now: datetime) -> ImpressionEvent | ClickEvent:
    """Complete an event with what the service knows.

    Parameters
    ----------
    market
        Of the listing.
    visit
        Who looks, as far as the log may know.
    """
    common = {
        "event_id": told.event_id,
        "search_id": told.search_id,
        "listing_id": told.listing_id,
        "position": told.position,
        "market": market,
        "session_id": visit.session_id,
        "guest_key": visit.guest_key,
        "occurred_at": now,
    }
    return ImpressionEvent(**common) if isinstance(told, ImpressionIn) else ClickEvent(**common)
