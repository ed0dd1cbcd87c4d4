"""Quotes: the price of a stay, fixed for a while for the guest who asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.calendar import RefusedStay
from lodestay.clock import Clock, now_in
from lodestay.ids import new_id
from lodestay.stay import Stay
from transactional.calendars.errors import StayUnavailable
from transactional.calendars.repository import load_calendars
from transactional.calendars.rules import Window
from transactional.listings.errors import TooManyGuests, TooManyPets
from transactional.listings.repository import BookableListing, get_bookable
from transactional.markets.exchange import ExchangeRates
from transactional.markets.repository import latest_rates
from transactional.quotes import repository
from transactional.quotes.charges import charge, exchange_of
from transactional.quotes.errors import OwnListing
from transactional.quotes.explanation import Line, explained_lines
from transactional.quotes.records import QuoteRecord
from transactional.quotes.rules import bookable_until, price_or_refuse, quote_expiry
from transactional.quotes.signatures import verify

NO_RATES = ExchangeRates(day=None, per_euro={})
"""Enough where nothing is exchanged."""


async def create_quote(
    session: AsyncSession,
    clock: Clock,
    *,
    guest_id: UUID,
    listing_id: int,
    stay: Stay,
    guests: int,
    pets: int,
    charge_currency: str | None,
    valid: timedelta,
) -> QuoteRecord:
    """Price a stay now, line by line, and keep the price for the guest.

    Parameters
    ----------
    charge_currency
        What the guest wants to pay in; None: the listing's own.
    valid
        How long it can be booked, if the host's notice does not end that earlier.

    Raises
    ------
    ListingNotFound
        No such listing, or it takes no bookings.
    OwnListing
        The guest is its host.
    TooManyGuests, TooManyPets
        More than it takes, or no guest.
    UnknownCurrency, NoExchangeRate
        Nothing can be charged in that currency.
    PriceTooHigh
        Nobody can be charged that much.
    StayUnavailable
        A rule of the calendar is in the way; the error names it.
    """
    listing = await get_bookable(session, listing_id)
    if listing.host_id == guest_id:
        raise OwnListing(listing_id)
    require_party(listing, guests=guests, pets=pets)
    currency = listing.terms.currency
    # Before the calendar, which is the costlier.
    rates = NO_RATES if charge_currency in {None, currency} else await latest_rates(session)
    exchange = exchange_of(rates, currency, charge_currency)
    now = clock.now()
    priced = await _price(session, clock, listing, stay, guests=guests, pets=pets)
    charge_lines, charge_total = charge(priced.lines, currency=currency, exchange=exchange)
    quote = QuoteRecord(
        quote_id=new_id(),
        listing_id=listing_id,
        guest_id=guest_id,
        stay=stay,
        guests=guests,
        pets=pets,
        currency=currency,
        lines=priced.lines,
        total_minor=priced.total_minor,
        charge_currency=exchange.currency,
        charge_lines=charge_lines,
        charge_total_minor=charge_total,
        exchange_rate=exchange.rate,
        exchange_day=exchange.day,
        calendar_version=listing.calendar_version,
        created_at=now,
        expires_at=quote_expiry(now, valid=valid, bookable_until=priced.bookable_until),
    )
    await repository.add(session, quote)
    return quote


async def verified(session: AsyncSession, quote_id: UUID, *, guest_id: UUID, signature: str, key: bytes) -> QuoteRecord:
    """Find a guest's own quote as it was signed: the first thing that a booking does.

    Raises
    ------
    QuoteNotFound
        No such quote, or another guest's.
    QuoteAltered
        The signature is not this quote's.
    """
    quote = await repository.get_of_guest(session, quote_id, guest_id=guest_id)
    verify(quote, signature, key)
    return quote


def require_party(listing: BookableListing, *, guests: int, pets: int) -> None:
    """Raise where the listing does not take so many."""
    if not 1 <= guests <= listing.accommodates:
        raise TooManyGuests(listing.listing_id, guests=guests, limit=listing.accommodates)
    if not 0 <= pets <= listing.max_pets:
        raise TooManyPets(listing.listing_id, pets=pets, limit=listing.max_pets)


@dataclass(frozen=True, slots=True)
class _Priced:
    lines: list[Line]
    total_minor: int
    bookable_until: datetime


async def _price(
    session: AsyncSession, clock: Clock, listing: BookableListing, stay: Stay, *, guests: int, pets: int
) -> _Priced:
    """Price a stay by the calendar as it is now."""
    calendars = await load_calendars(session, [listing.listing_id], Window.around(stay), now=clock.now())
    calendar = calendars[listing.listing_id]
    local = now_in(listing.timezone, clock)
    today = local.date()
    price = price_or_refuse(calendar, listing.terms, stay, guests=guests, today=today, hour=local.hour, pets=pets)
    if isinstance(price, RefusedStay):
        raise StayUnavailable.because(price, listing_id=listing.listing_id, stay=stay)
    nightly = [int(minor) for minor in calendar.nightly_prices(stay)]
    lead_days = (stay.check_in - today).days
    return _Priced(
        lines=explained_lines(price, listing.terms, nightly_minor=nightly, guests=guests, lead_days=lead_days),
        total_minor=price.total_minor,
        bookable_until=bookable_until(calendar, stay.check_in, listing.timezone),
    )
