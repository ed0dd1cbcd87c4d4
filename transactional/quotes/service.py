"""Quotes: the price of a stay, fixed for a while for the guest who asked."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.calendar import RefusedStay
from lodestay.clock import Clock, now_in
from lodestay.ids import new_id
from lodestay.pricing import StayPrice
from lodestay.stay import Stay
from transactional.calendars.errors import StayUnavailable
from transactional.calendars.repository import load_calendars
from transactional.calendars.rules import Window
from transactional.listings.errors import TooManyGuests
from transactional.listings.repository import get_bookable
from transactional.quotes import repository
from transactional.quotes.repository import QuoteRecord
from transactional.quotes.rules import lines_as_json, price_or_refuse


async def create_quote(
    session: AsyncSession, clock: Clock, *, guest_id: UUID, listing_id: int, stay: Stay, guests: int, valid: timedelta
) -> QuoteRecord:
    """Price a stay now, line by line, and keep the price for the guest.

    Parameters
    ----------
    valid
        How long it can be booked.

    Raises
    ------
    ListingNotFound
        No such listing, or it takes no bookings.
    TooManyGuests
        More than it holds, or none.
    StayUnavailable
        A rule of the calendar is in the way; the error names it.
    """
    price = await price_stay_in(session, clock, listing_id=listing_id, stay=stay, guests=guests)
    now = clock.now()
    quote = QuoteRecord(
        quote_id=new_id(),
        listing_id=listing_id,
        guest_id=guest_id,
        stay=stay,
        guests=guests,
        pets=0,
        currency=price.currency,
        lines=lines_as_json(price),
        total_minor=price.total_minor,
        charge_currency=price.currency,
        charge_lines=lines_as_json(price),
        charge_total_minor=price.total_minor,
        exchange_rate=Decimal(1),
        exchange_day=None,
        calendar_version=0,
        created_at=now,
        expires_at=now + valid,
    )
    await repository.add(session, quote)
    return quote


async def price_stay_in(session: AsyncSession, clock: Clock, *, listing_id: int, stay: Stay, guests: int) -> StayPrice:
    """Price a stay without keeping it; raises as :func:`create_quote`."""
    listing = await get_bookable(session, listing_id)
    if not 1 <= guests <= listing.accommodates:
        raise TooManyGuests(listing_id, guests=guests, limit=listing.accommodates)
    calendars = await load_calendars(session, [listing_id], Window.around(stay), now=clock.now())
    local = now_in(listing.timezone, clock)
    priced = price_or_refuse(
        calendars[listing_id], listing.terms, stay, guests=guests, today=local.date(), hour=local.hour
    )
    if isinstance(priced, RefusedStay):
        raise StayUnavailable.because(priced, listing_id=listing_id, stay=stay)
    return priced
