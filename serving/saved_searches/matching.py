"""Which listings match a saved search: what the search itself would answer from PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.calendar import StayCalendar
from lodestay.clock import Clock
from search.fallback import Supply, retrieve
from search.request import MAX_PAGE_DEPTH, SearchRequest
from search.stay_price import exchange_factors, exchanged
from search.today import Today
from serving.search.confirmation import judge
from transactional.calendars.repository import load_calendars
from transactional.calendars.rules import Window
from transactional.listings.cards import load_cards
from transactional.listings.repository import BookableListing, load_bookable

MOST = MAX_PAGE_DEPTH
"""Listings that can be looked at together: as many as a search can find."""


@dataclass(frozen=True)
class Supplied:
    """Listings as PostgreSQL has them now; those without a rate plan cannot be found and are not there."""

    rows: Mapping[int, Mapping[str, Any]]
    bookable: Mapping[int, BookableListing]
    calendars: Mapping[int, StayCalendar]


async def load_supply(session: AsyncSession, listing_ids: Collection[int], *, clock: Clock) -> Supplied:
    """Load listings, at most :data:`MOST`, with all the nights that can be asked for."""
    now = clock.now()
    cards = await load_cards(session, listing_ids)
    return Supplied(
        {listing_id: asdict(card) for listing_id, card in cards.items()},
        await load_bookable(session, listing_ids),
        await load_calendars(session, listing_ids, Window.of_the_year(now.date()), now=now),
    )


def matching(
    request: SearchRequest, supplied: Supplied, listing_ids: Collection[int], *, today: Today, clock: Clock
) -> dict[int, int | None]:
    """Say which of some listings a search finds, and for how much.

    The search over rows decides, and the confirmation of its page after it, as for whoever searches.

    Parameters
    ----------
    today
        Dates where the search looks.

    Returns
    -------
    dict
        Of each that is found the total of the stay in the request's currency; None without dates, or where no
        rate is known.
    """
    known = [n for n in listing_ids if n in supplied.rows and n in supplied.bookable]
    supply = Supply(
        listings=[supplied.rows[n] for n in known],
        calendars=supplied.calendars,
        terms={n: supplied.bookable[n].terms for n in known},
    )
    found = retrieve(request, supply, today=today, reason="held against a saved search")
    factors = exchange_factors(request.rates, request.currency)
    totals: dict[int, int | None] = {}
    for candidate in found.candidates:
        listing = supplied.bookable[candidate.listing_id]
        calendar, stay = supplied.calendars.get(candidate.listing_id), candidate.stay or request.stay
        is_had, total = judge(listing, calendar, stay, guests=request.guests, clock=clock)
        if is_had:
            factor = factors.get(listing.terms.currency)
            totals[candidate.listing_id] = None if total is None or factor is None else exchanged(total, factor)
    return totals
