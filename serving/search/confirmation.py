"""Confirm a page against PostgreSQL: what is no longer free leaves it, and the totals are PostgreSQL's."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from lodestay.calendar import RefusedStay
from lodestay.clock import Clock, now_in
from search.request import SearchRequest
from transactional.kit.connections import QuickConnections
from transactional.quotes.pages import PageListing, ShownListing, load_page
from transactional.quotes.rules import price_or_refuse


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A listing as PostgreSQL has it now.

    Attributes
    ----------
    total_minor
        Of the stay, in `currency`; None without dates.
    """

    card: ShownListing
    currency: str
    total_minor: int | None


async def confirm(
    quick: QuickConnections, request: SearchRequest, listing_ids: Collection[int], *, clock: Clock
) -> dict[int, Confirmed]:
    """Load listings and price the stay in each; those that cannot be had are not in the result."""
    if not listing_ids:
        return {}
    async with quick.connection() as connection:
        page = await load_page(connection, dict.fromkeys(listing_ids, request.stay), now=clock.now())
    judged = {listing_id: _judge(listing, request, clock=clock) for listing_id, listing in page.items()}
    return {
        listing_id: Confirmed(page[listing_id].shown, page[listing_id].bookable.terms.currency, total)
        for listing_id, (possible, total) in judged.items()
        if possible
    }


def _judge(listing: PageListing, request: SearchRequest, *, clock: Clock) -> tuple[bool, int | None]:
    """Whether the listing can be had, and for how much."""
    bookable, stay = listing.bookable, request.stay
    if not bookable.is_active or bookable.accommodates < request.guests:
        return False, None
    if stay is None:
        return True, None
    local = now_in(bookable.timezone, clock)
    priced = price_or_refuse(
        listing.calendar(stay), bookable.terms, stay, guests=request.guests, today=local.date(), hour=local.hour
    )
    return (False, None) if isinstance(priced, RefusedStay) else (True, priced.total_minor)
