"""What a stay of some length costs in one listing, arrival by arrival, or why it cannot be had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.calendar import RefusedStay
from lodestay.clock import Clock, now_in
from lodestay.pricing import StayPrice
from lodestay.stay import Stay
from transactional.calendars.repository import load_calendars
from transactional.calendars.rules import Window
from transactional.listings.repository import BookableListing
from transactional.quotes.rules import price_or_refuse
from transactional.quotes.service import require_party


@dataclass(frozen=True, slots=True)
class ArrivalPrice:
    """A stay, and its price or the rule in its way."""

    stay: Stay
    outcome: StayPrice | RefusedStay


async def price_arrivals(
    session: AsyncSession, clock: Clock, listing: BookableListing, stays: Sequence[Stay], *, guests: int, pets: int
) -> list[ArrivalPrice]:
    """Price stays in a listing as a quote would now: each by itself, from one read of the calendar.

    Parameters
    ----------
    stays
        At least one; the calendar is read from the first arrival to the last departure.

    Raises
    ------
    TooManyGuests, TooManyPets
        More than the listing takes.
    """
    require_party(listing, guests=guests, pets=pets)
    window = Window.around(*stays)
    calendars = await load_calendars(session, [listing.listing_id], window, now=clock.now())
    calendar, local = calendars[listing.listing_id], now_in(listing.timezone, clock)
    return [
        ArrivalPrice(
            stay,
            price_or_refuse(
                calendar, listing.terms, stay, guests=guests, pets=pets, today=local.date(), hour=local.hour
            ),
        )
        for stay in stays
    ]
