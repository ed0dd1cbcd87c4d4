"""A marketplace for tests, row by row: plain functions with a default for everything."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import Clock
from lodestay.ids import new_id
from lodestay.stay import Stay
from transactional.bookings import service as bookings
from transactional.bookings.records import BookingRecord
from transactional.bookings.rules import Side
from transactional.calendars.models import CalendarNight, Occupancy, RatePlan, Season
from transactional.journal.rules import Cause
from transactional.listings.models import Listing
from transactional.markets.models import ExchangeRate, Market
from transactional.quotes import service as quotes
from transactional.quotes.records import QuoteRecord
from transactional.users.actors import Actor, Role
from transactional.users.models import HostProfile, User

TODAY = date(2026, 6, 15)
"""A Monday: the date of the `clock` fixture."""
PAID = Cause(None, Side.SYSTEM, "test")
"""Cause of a confirmation whose payment has been authorised."""
Row = TypeVar("Row")
_serial = itertools.count(1)


async def create_market(session: AsyncSession, *, market_key: str = "lisbon", **values: Any) -> Market:
    """A market in euros, with a service fee of 14 % and a tax of 6 %."""
    facts: dict[str, Any] = {
        "name": market_key.title(),
        "country": "PT",
        "currency": "EUR",
        "timezone": "Europe/Lisbon",
        "latitude": 38.72,
        "longitude": -9.14,
        "service_fee_bps": 1400,
        "tax_bps": 600,
    }
    return await _add(session, Market(market_key=market_key, **(facts | values)))


async def create_rate(session: AsyncSession, currency: str, per_euro: Decimal, *, day: date = TODAY) -> ExchangeRate:
    """Units of a currency for one euro."""
    return await _add(session, ExchangeRate(day=day, currency=currency, per_euro=per_euro))


async def create_user(session: AsyncSession, *, roles: tuple[Role, ...] = (Role.GUEST,), name: str = "Ana") -> User:
    """A user, by default a guest."""
    user = User(user_id=new_id(), display_name=name, roles=[role.value for role in roles])
    return await _add(session, user)


async def create_host(session: AsyncSession, *, is_superhost: bool = False, **values: Any) -> User:
    """A host with a profile."""
    host = await create_user(session, roles=(Role.HOST,), name="Rui")
    profile = {
        "source": "test",
        "source_key": host.user_id.hex,
        "host_since": date(2019, 3, 1),
        "response_hours": 2,
        "response_rate_bps": 9800,
        "acceptance_rate_bps": 9000,
        "is_superhost": is_superhost,
        "identity_verified": True,
        "languages": ["en", "pt"],
    }
    await _add(session, HostProfile(user_id=host.user_id, **(profile | values)))
    return host


async def create_listing(
    session: AsyncSession,
    *,
    market: Market | None = None,
    host: User | None = None,
    rate_plan: dict[str, Any] | None = None,
    **values: Any,
) -> Listing:
    """A listing for four that costs 100 a night (120 at weekends), with a year of calendar from :data:`TODAY`.

    Parameters
    ----------
    rate_plan
        Columns of `rate_plans` that differ.
    **values
        Columns of `listings` that differ.
    """
    market = market or await session.get(Market, "lisbon") or await create_market(session)
    host = host or await create_host(session)
    facts: dict[str, Any] = {
        "market_key": market.market_key,
        "source": "test",
        "source_id": str(next(_serial)),
        "host_id": host.user_id,
        "title": "A flat by the river",
        "description": "Bright and quiet.",
        "house_rules": "",
        "language": "en",
        "property_type": "apartment",
        "room_type": "entire_home",
        "accommodates": 4,
        "bedrooms": 2,
        "beds": 3,
        "bathrooms": Decimal("1.0"),
        "amenities": ["kitchen", "wifi"],
        "latitude": market.latitude,
        "longitude": market.longitude,
        "instant_book": True,
        "content_hash": "0",
    }
    listing = await _add(session, Listing(**(facts | values)))
    plan: dict[str, Any] = {
        "currency": market.currency,
        "base_price_minor": 10_000,
        "weekend_price_minor": 12_000,
        "guests_included": 2,
        "extra_guest_fee_minor": 1_000,
        "cleaning_fee_minor": 3_000,
        "weekly_discount_bps": 1_000,
        "monthly_discount_bps": 2_000,
        "min_stay": 1,
        "max_stay": 60,
        "advance_notice_days": 0,
        "calendar_from": TODAY - timedelta(days=30),
        "calendar_until": TODAY + timedelta(days=366),
    }
    await _add(session, RatePlan(listing_id=listing.listing_id, **(plan | (rate_plan or {}))))
    return listing


async def create_season(
    session: AsyncSession,
    listing_id: int,
    *,
    starts_on: date,
    ends_before: date,
    price_bps: int = 15_000,
    min_stay: int | None = None,
) -> Season:
    """A season at one and a half times the price."""
    span = Range(starts_on, ends_before)
    season = Season(listing_id=listing_id, name="season", span=span, price_bps=price_bps, min_stay=min_stay)
    return await _add(session, season)


async def create_night(session: AsyncSession, listing_id: int, night: date, **values: Any) -> CalendarNight:
    """A night with a word of its own."""
    return await _add(session, CalendarNight(listing_id=listing_id, night=night, **values))


async def create_occupancy(
    session: AsyncSession, listing_id: int, check_in: date, check_out: date, *, kind: str = "imported", **values: Any
) -> Occupancy:
    """Nights that somebody has."""
    occupancy = Occupancy(listing_id=listing_id, stay=Range(check_in, check_out), kind=kind, **values)
    return await _add(session, occupancy)


async def create_quote(
    session: AsyncSession,
    clock: Clock,
    *,
    listing_id: int,
    guest_id: UUID,
    stay: Stay | None = None,
    guests: int = 2,
    pets: int = 0,
    charge_currency: str | None = None,
    valid: timedelta = timedelta(minutes=30),
) -> QuoteRecord:
    """A quote for three nights, ten days from :data:`TODAY`."""
    return await quotes.create_quote(
        session,
        clock,
        guest_id=guest_id,
        listing_id=listing_id,
        stay=stay or stay_of(10, 3),
        guests=guests,
        pets=pets,
        charge_currency=charge_currency,
        valid=valid,
    )


async def create_hold(
    session: AsyncSession,
    clock: Clock,
    *,
    listing_id: int,
    guest_id: UUID,
    stay: Stay | None = None,
    keep: timedelta = timedelta(minutes=15),
) -> BookingRecord:
    """A hold on the stay of :func:`create_quote`."""
    quote = await create_quote(session, clock, listing_id=listing_id, guest_id=guest_id, stay=stay)
    return await bookings.hold(session, clock, guest_id=guest_id, quote_id=quote.quote_id, keep=keep)


def stay_of(days_ahead: int, nights: int) -> Stay:
    """A stay so many days after :data:`TODAY`."""
    check_in = TODAY + timedelta(days=days_ahead)
    return Stay(check_in, check_in + timedelta(days=nights))


def actor_of(user: User | UUID, *roles: Role) -> Actor:
    """The user, acting with their roles, or with those given."""
    if isinstance(user, UUID):
        return Actor(user, frozenset(roles))
    return Actor(user.user_id, frozenset(roles or map(Role, user.roles)))


def instant(hour: int = 12) -> datetime:
    """An hour of :data:`TODAY`, in UTC."""
    return datetime(TODAY.year, TODAY.month, TODAY.day, hour, tzinfo=UTC)


async def _add(session: AsyncSession, row: Row) -> Row:
    session.add(row)
    await session.flush()
    return row
