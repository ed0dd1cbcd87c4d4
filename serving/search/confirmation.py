"""Confirm a page against PostgreSQL: what is no longer free leaves it, and the totals are PostgreSQL's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lodestay.calendar import RefusedStay, StayCalendar
from lodestay.clock import Clock, now_in
from lodestay.stay import Stay
from search.request import SearchRequest
from search.stay_price import exchange_factors, exchanged
from transactional.calendars.rules import Window
from transactional.kit.connections import QuickConnections
from transactional.listings.repository import BookableListing
from transactional.quotes.pages import ShownListing, load_page
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
    quick: QuickConnections, request: SearchRequest, shown: Mapping[int, Stay | None], *, clock: Clock
) -> dict[int, Confirmed]:
    """Load listings and price the stay of each; those that cannot be had at a price that is asked for are not in it.

    Parameters
    ----------
    shown
        By listing_id the stay that it is shown with; None without dates.
    """
    if not shown:
        return {}
    windows = {listing_id: None if stay is None else Window.around(stay) for listing_id, stay in shown.items()}
    async with quick.connection() as connection:
        page = await load_page(connection, windows, now=clock.now())
    judged = {
        listing_id: judge(
            listing.bookable,
            listing.calendar(),
            shown[listing_id],
            guests=request.guests,
            clock=clock,
        )
        for listing_id, listing in page.items()
    }
    confirmed = {
        listing_id: Confirmed(page[listing_id].shown, page[listing_id].bookable.terms.currency, total)
        for listing_id, (possible, total) in judged.items()
        if possible
    }
    return _at_a_price_asked_for(confirmed, request) if request.filters.asks_price else confirmed


def _at_a_price_asked_for(confirmed: Mapping[int, Confirmed], request: SearchRequest) -> dict[int, Confirmed]:
    """Leave out what became too dear, or too cheap, since it was found."""
    factors = exchange_factors(request.rates, request.currency)
    return {
        listing_id: each
        for listing_id, each in confirmed.items()
        if each.total_minor is None
        or each.currency not in factors
        or request.filters.takes_price(exchanged(each.total_minor, factors[each.currency]))
    }


def judge(
    listing: BookableListing, calendar: StayCalendar | None, stay: Stay | None, *, guests: int, clock: Clock
) -> tuple[bool, int | None]:
    """Whether the listing can be had, and for how much."""
    if not listing.is_active or listing.accommodates < guests:
        return False, None
    if stay is None:
        return True, None
    if calendar is None:
        return False, None
    local = now_in(listing.timezone, clock)
    priced = price_or_refuse(calendar, listing.terms, stay, guests=guests, today=local.date(), hour=local.hour)
    return (False, None) if isinstance(priced, RefusedStay) else (True, priced.total_minor)
