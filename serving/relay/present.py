"""What PostgreSQL says of a listing now, as what the index and the columns write over what they held."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date
from typing import Any

import structlog

from lodestay.calendar import StayCalendar
from lodestay.clock import Clock, today_in
from search.document import nightly_price_minor, rate_fields, rating_fields
from transactional.calendars.rules import Window
from transactional.kit.connections import QuickConnections
from transactional.quotes.pages import PageListing, load_page

log = structlog.get_logger(__name__)

BATCH = 100
"""Listings looked up at a time: a year of calendar each, so a batch is some two megabytes."""


async def present_fields(
    quick: QuickConnections,
    listing_ids: Collection[int],
    *,
    clock: Clock,
    calendar_fields: Callable[..., dict[str, Any]],
) -> dict[int, dict[str, Any]]:
    """Everything in a listing's document that changes while the index lives, by listing.

    Parameters
    ----------
    calendar_fields
        Writes what follows from a calendar and `today`, the date at the listing: for the index
        :func:`search.document.calendar_fields`, for columns :func:`search.columns.encoding.night_fields`.
    """
    now = clock.now()
    year = Window.of_the_year(now.date())
    async with quick.connection() as connection:
        found = await load_page(connection, dict.fromkeys(listing_ids, year), now=now)
    present = {}
    for listing_id, listing in found.items():
        try:
            calendar, today = listing.calendar(), today_in(listing.bookable.timezone, clock)
            present[listing_id] = _others(listing, calendar, today=today) | calendar_fields(calendar, today=today)
        except Exception:
            # What cannot be understood is not offered, and keeps nobody else's changes back.
            log.exception("a listing cannot be read, and is not found until it can", listing_id=listing_id)
            present[listing_id] = {"is_active": False}
    return present


def _others(listing: PageListing, calendar: StayCalendar | None, *, today: date) -> dict[str, Any]:
    """What documents and columns are told alike."""
    return {
        "is_active": listing.bookable.is_active,
        **rating_fields(listing.shown.rating, listing.shown.review_count),
        **rate_fields(listing.bookable.terms),
        "nightly_price_minor": nightly_price_minor(listing.base_price_minor, calendar, today=today),
    }
