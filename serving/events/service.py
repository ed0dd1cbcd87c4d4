"""Turn what clients tell into events of the log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from search.events import ClickEvent, ImpressionEvent
from serving.events.schemas import ClickIn, ImpressionIn
from serving.search.log import Visit


def as_event(
    told: ImpressionIn | ClickIn,
    *,
    markets: Mapping[int, str],
    visit: Visit,
    now: datetime,
) -> ImpressionEvent | ClickEvent | None:
    """Complete an event with what the service knows; None for a listing that is in no market.

    Parameters
    ----------
    markets
        Market by listing.
    visit
        Who looks, as far as the log may know.
    """
    market = markets.get(told.listing_id)
    if market is None:
        return None
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
