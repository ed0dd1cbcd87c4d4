"""Turn what clients tell into events of the log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from search.events import ClickEvent, ImpressionEvent
from serving.events.schemas import ClickIn, ImpressionIn


def as_event(
    told: ImpressionIn | ClickIn,
    *,
    markets: Mapping[int, str],
    session_id: str,
    guest_key: str | None,
    now: datetime,
) -> ImpressionEvent | ClickEvent | None:
    """Complete an event with what the service knows; None for a listing that is in no market.

    Parameters
    ----------
    markets
        Market by listing.
    guest_key
        Pseudonym of the guest, where one is signed in.
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
        "session_id": session_id,
        "guest_key": guest_key,
        "occurred_at": now,
    }
    return ImpressionEvent(**common) if isinstance(told, ImpressionIn) else ClickEvent(**common)
