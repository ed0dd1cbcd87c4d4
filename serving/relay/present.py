"""What PostgreSQL says of a listing now, as fields of its document: what sinks write over what they held."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.calendar import StayCalendar
from lodestay.clock import Clock, today_in
from search.document import calendar_fields, nightly_price_minor, rate_fields, rating_fields
from transactional.calendars.repository import load_calendars
from transactional.calendars.rules import Window
from transactional.listings.cards import ListingCard, load_cards
from transactional.listings.repository import BookableListing, load_bookable

BATCH = 100
"""Listings looked up at a time: a year of calendar each, so a batch is some two megabytes."""


async def present_fields(
    session: AsyncSession, listing_ids: Collection[int], *, clock: Clock
) -> dict[int, dict[str, Any]]:
    """Everything in a listing's document that changes while the index lives, by listing."""
    now = clock.now()
    bookable = await load_bookable(session, listing_ids)
    cards = await load_cards(session, listing_ids)
    calendars = await load_calendars(session, listing_ids, Window.of_the_year(now.date()), now=now)
    present = {}
    for listing_id, listing in bookable.items():
        if listing_id in cards:
            present[listing_id] = _fields(listing, cards[listing_id], calendars.get(listing_id), clock=clock)
            await asyncio.sleep(0)  # a year of a calendar takes the time that a guest's search does, and some wait
    return present


def _fields(
    listing: BookableListing, card: ListingCard, calendar: StayCalendar | None, *, clock: Clock
) -> dict[str, Any]:
    today = today_in(listing.timezone, clock)
    return {
        "is_active": listing.is_active,
        **rating_fields(card.rating, card.review_count),
        **rate_fields(listing.terms),
        **calendar_fields(calendar, today=today),
        "nightly_price_minor": nightly_price_minor(card.base_price_minor, calendar, today=today),
    }
