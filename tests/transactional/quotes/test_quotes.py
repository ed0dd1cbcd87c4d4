"""Quotes: the price of a stay and what can be in its way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.calendar import Refusal
from lodestay.clock import FixedClock
from lodestay.errors import LodestayError
from lodestay.money import UnknownCurrency
from lodestay.pricing import price_stay
from lodestay.stay import Stay
from tests.transactional.factories import (
    TODAY,
    create_listing,
    create_market,
    create_night,
    create_occupancy,
    create_quote,
    create_rate,
    create_user,
    stay_of,
)
from transactional.calendars.errors import StayUnavailable
from transactional.listings.errors import ListingNotFound, TooManyGuests, TooManyPets
from transactional.listings.repository import get_bookable
from transactional.markets.errors import NoExchangeRate
from transactional.quotes.errors import OwnListing, QuoteNotFound
from transactional.quotes.explanation import recompute, total_of
from transactional.quotes.models import Quote
from transactional.quotes.repository import get_of_guest


async def test_quote_explains_every_line_and_is_stored(session: AsyncSession, clock: FixedClock) -> None:
    """Nine nights over a weekend for three: each component reckoned by hand; stored as given, for its guest alone."""
    guest, listing = await create_user(session), await create_listing(session)
    quote = await create_quote(
        session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, stay=stay_of(0, 9), guests=3
    )
    nights = 7 * 10_000 + 2 * 12_000
    subtotal = nights - 9_400 + 9 * 1_000 + 3_000
    assert {line["component"]: line["minor"] for line in quote.lines} == {
        "nights": nights,
        "length_of_stay_discount": -9_400,
        "extra_guests": 9_000,
        "cleaning": 3_000,
        "service_fee": 13_524,
        "taxes": 5_796,
    }
    assert quote.total_minor == subtotal + 13_524 + 5_796 == sum(line["minor"] for line in quote.lines)
    assert recompute(quote.lines) == quote.lines
    assert (quote.charge_currency, quote.charge_total_minor) == ("EUR", quote.total_minor)
    assert quote.expires_at == clock.now() + timedelta(minutes=30)
    assert await get_of_guest(session, quote.quote_id, guest_id=guest.user_id) == quote
    other = await create_user(session)
    with pytest.raises(QuoteNotFound):
        await get_of_guest(session, quote.quote_id, guest_id=other.user_id)


async def test_terms_come_from_rate_plan_and_market(session: AsyncSession, clock: FixedClock) -> None:
    """The terms that a search prices with are those of a quote."""
    guest, listing = await create_user(session), await create_listing(session)
    terms = (await get_bookable(session, listing.listing_id)).terms
    quote = await create_quote(
        session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, stay=stay_of(0, 3)
    )
    assert quote.total_minor == price_stay(terms, nights_minor=30_000, nights=3, guests=2).total_minor


REFUSED: list[tuple[dict[str, Any], Stay, tuple[Refusal, int | None]]] = [
    ({}, stay_of(-1, 2), (Refusal.IN_THE_PAST, None)),
    ({"advance_notice_days": 3}, stay_of(2, 2), (Refusal.ADVANCE_NOTICE, 3)),
    ({}, stay_of(364, 3), (Refusal.OUTSIDE_CALENDAR, None)),
    ({"calendar_from": None, "calendar_until": None}, stay_of(10, 2), (Refusal.OUTSIDE_CALENDAR, None)),
    ({"min_stay": 3}, stay_of(10, 2), (Refusal.MIN_STAY, 3)),
    ({"max_stay": 3}, stay_of(10, 4), (Refusal.MAX_STAY, 3)),
    ({}, stay_of(30, 2), (Refusal.CLOSED_TO_ARRIVAL, None)),
    ({}, stay_of(39, 1), (Refusal.CLOSED_TO_DEPARTURE, None)),
    ({}, stay_of(48, 5), (Refusal.NIGHTS_TAKEN, None)),
]


@pytest.mark.parametrize(
    ("plan", "stay", "expected"), REFUSED, ids=[f"{n}-{row[2][0]}" for n, row in enumerate(REFUSED)]
)
async def test_refusal_names_rule_nights_and_limit(
    session: AsyncSession, clock: FixedClock, plan: dict[str, Any], stay: Stay, expected: tuple[Refusal, int | None]
) -> None:
    """Each rule of the calendar refuses in its own name, with a sentence that can be shown."""
    guest, listing = await create_user(session), await create_listing(session, rate_plan=plan)
    await create_night(session, listing.listing_id, stay_of(30, 1).check_in, closed_to_arrival=True)
    await create_night(session, listing.listing_id, stay_of(40, 1).check_in, closed_to_departure=True)
    await create_occupancy(session, listing.listing_id, stay_of(50, 1).check_in, stay_of(50, 1).check_out)
    with pytest.raises(StayUnavailable) as refused:
        await create_quote(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, stay=stay)
    assert (refused.value.rule, refused.value.limit) == expected
    assert refused.value.nights
    assert "{" not in refused.value.detail
    assert refused.value.hint


async def test_today_is_the_listings(session: AsyncSession) -> None:
    """B4: at 23:30 UTC it is tomorrow in Tokyo: a stay that arrives on UTC's today is in the past there."""
    tokyo = await create_market(session, market_key="tokyo", country="JP", currency="JPY", timezone="Asia/Tokyo")
    guest, listing = await create_user(session), await create_listing(session, market=tokyo)
    night = FixedClock(datetime(2026, 6, 15, 23, 30, tzinfo=UTC))
    with pytest.raises(StayUnavailable) as refused:
        await create_quote(session, night, listing_id=listing.listing_id, guest_id=guest.user_id, stay=stay_of(0, 1))
    assert refused.value.rule is Refusal.IN_THE_PAST
    tomorrow = await create_quote(
        session, night, listing_id=listing.listing_id, guest_id=guest.user_id, stay=stay_of(1, 1)
    )
    assert tomorrow.currency == "JPY"


@pytest.mark.parametrize("guests", [0, 5, -1])
async def test_party_must_fit(session: AsyncSession, clock: FixedClock, guests: int) -> None:
    """The error names the listing's limit."""
    guest, listing = await create_user(session), await create_listing(session)
    with pytest.raises(TooManyGuests) as refused:
        await create_quote(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, guests=guests)
    assert refused.value.extensions["limit"] == 4


async def test_inactive_and_absent_listings_are_not_found(session: AsyncSession, clock: FixedClock) -> None:
    """A guest cannot tell one from the other."""
    guest, listing = await create_user(session), await create_listing(session, is_active=False)
    for listing_id in (listing.listing_id, 10**12):
        with pytest.raises(ListingNotFound):
            await create_quote(session, clock, listing_id=listing_id, guest_id=guest.user_id)


async def test_the_rate_is_fixed_in_the_quote(session: AsyncSession, clock: FixedClock) -> None:
    """In yen at the rate of its day, to the unit; a rate that comes later changes nothing in it."""
    guest, listing = await create_user(session), await create_listing(session)
    await create_rate(session, "JPY", Decimal("171.35"))
    quote = await create_quote(
        session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, charge_currency="JPY"
    )
    assert (quote.currency, quote.total_minor) == ("EUR", 44_400)
    assert (quote.charge_currency, quote.charge_total_minor) == ("JPY", 76_079)  # 76,079.4
    assert total_of(quote.charge_lines) == quote.charge_total_minor
    await create_rate(session, "JPY", Decimal(180), day=TODAY + timedelta(days=1))
    stored = await get_of_guest(session, quote.quote_id, guest_id=guest.user_id)
    assert stored == quote
    assert (stored.exchange_rate, stored.exchange_day) == (Decimal("171.35"), TODAY)


async def test_a_quote_knows_the_version_of_the_calendar(session: AsyncSession, clock: FixedClock) -> None:
    """That of its rate plan at the time."""
    guest, listing = await create_user(session), await create_listing(session, rate_plan={"version": 7})
    quote = await create_quote(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    assert quote.calendar_version == 7


async def test_no_quote_outlives_the_notice(session: AsyncSession) -> None:
    """Ten minutes before the day on which a day's notice no longer suffices, a quote is good for ten minutes."""
    guest, listing = await create_user(session), await create_listing(session, rate_plan={"advance_notice_days": 1})
    late = FixedClock(datetime(2026, 6, 15, 22, 50, tzinfo=UTC))  # 23:50 in Lisbon
    quote = await create_quote(session, late, listing_id=listing.listing_id, guest_id=guest.user_id, stay=stay_of(1, 2))
    assert quote.expires_at - late.now() == timedelta(minutes=10)


BAD_WISHES: list[tuple[dict[str, Any], type[LodestayError]]] = [
    ({"stay": stay_of(-1, 2)}, StayUnavailable),
    ({"guests": 5}, TooManyGuests),
    ({"pets": 3}, TooManyPets),
    ({"pets": -1}, TooManyPets),
    ({"charge_currency": "ZZZ"}, UnknownCurrency),
    ({"charge_currency": "KWD"}, NoExchangeRate),
]


@pytest.mark.parametrize(
    ("wish", "error"), BAD_WISHES, ids=[f"{n}-{row[1].slug()}" for n, row in enumerate(BAD_WISHES)]
)
async def test_a_bad_wish_is_named_and_writes_nothing(
    session: AsyncSession, clock: FixedClock, wish: dict[str, Any], error: type[LodestayError]
) -> None:
    """Each has an error of its own."""
    guest, listing = await create_user(session), await create_listing(session, rate_plan={"max_pets": 2})
    with pytest.raises(error):
        await create_quote(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, **wish)
    assert await session.scalar(select(func.count()).select_from(Quote)) == 0


async def test_a_host_is_not_their_own_guest(session: AsyncSession, clock: FixedClock) -> None:
    """A host gets no quote for their own listing, but for another's."""
    own, other = await create_listing(session), await create_listing(session)
    with pytest.raises(OwnListing):
        await create_quote(session, clock, listing_id=own.listing_id, guest_id=own.host_id)
    assert await create_quote(session, clock, listing_id=other.listing_id, guest_id=own.host_id)
