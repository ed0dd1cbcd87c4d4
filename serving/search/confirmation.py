"""Confirm a page against PostgreSQL: what is no longer free leaves it, and the totals are PostgreSQL's."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.calendar import RefusedStay, StayCalendar
from lodestay.clock import Clock, now_in
from search.request import SearchRequest
from transactional.calendars.repository import load_calendars
from transactional.calendars.rules import Window
from transactional.listings.cards import ListingCard, load_cards
from transactional.listings.repository import BookableListing, load_bookable
from transactional.quotes.rules import price_or_refuse


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A listing as PostgreSQL has it now.

    Attributes
    ----------
    total_minor
        Of the stay, in `currency`; None without dates.
    """

    card: ListingCard
    currency: str
    total_minor: int | None


async def confirm(
    session: AsyncSession, request: SearchRequest, listing_ids: Collection[int], *, clock: Clock
) -> dict[int, Confirmed]:
    """Load listings and price the stay in each; those that cannot be had are not in the result."""
    if not listing_ids:
        return {}
    cards = await load_cards(session, listing_ids)
    bookable = await load_bookable(session, listing_ids)
    calendars = (
        await load_calendars(session, listing_ids, Window.around(request.stay), now=clock.now())
        if request.stay is not None
        else {}
    )
    judged = {
        listing_id: judge(listing, calendars.get(listing_id), request, clock=clock)
        for listing_id, listing in bookable.items()
    }
    return {
        listing_id: Confirmed(cards[listing_id], bookable[listing_id].terms.currency, total)
        for listing_id, (possible, total) in judged.items()
        if possible and listing_id in cards
    }


def judge(
    listing: BookableListing, calendar: StayCalendar | None, request: SearchRequest, *, clock: Clock
) -> tuple[bool, int | None]:
    """Whether the listing can be had, and for how much."""
    if not listing.is_active or listing.accommodates < request.guests:
        return False, None
    if request.stay is None:
        return True, None
    if calendar is None:
        return False, None
    local = now_in(listing.timezone, clock)
    priced = price_or_refuse(
        calendar, listing.terms, request.stay, guests=request.guests, today=local.date(), hour=local.hour
    )
    return (False, None) if isinstance(priced, RefusedStay) else (True, priced.total_minor)
