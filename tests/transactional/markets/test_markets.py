"""Markets and exchange rates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.money import Money
from tests.transactional.factories import create_listing, create_market
from transactional.markets import repository
from transactional.markets.errors import MarketNotFound, NoExchangeRate
from transactional.markets.exchange import ExchangeRates
from transactional.markets.models import Neighbourhood
from transactional.markets.places import LEAST_RADIUS_KM, neighbourhood_spots

RATES = ExchangeRates(None, {"USD": Decimal("1.10"), "JPY": Decimal(165), "SGD": Decimal("1.45")})


def test_rates_cross_over_the_euro() -> None:
    """165 yen are a euro, 1.10 dollars are a euro: 150 yen are a dollar."""
    assert RATES.rate("USD", "JPY") == Decimal(150)
    assert RATES.rate("EUR", "USD") == Decimal("1.10")
    assert RATES.rate("KWD", "KWD") == 1  # the same money needs no rate
    assert RATES.convert(Money(10_000, "USD"), "JPY") == Money(15_000, "JPY")
    assert RATES.convert(Money(1, "JPY"), "USD") == Money(1, "USD")  # 0.67 cents, half up


def test_rates_into_a_currency_agree_with_each_pair() -> None:
    """The table for a search and the single rate are the same numbers."""
    for source, target in permutations(["EUR", *RATES.per_euro], 2):
        assert RATES.into(target)[source] == RATES.rate(source, target)


@pytest.mark.parametrize(("source", "target"), [("RUB", "EUR"), ("EUR", "RUB"), ("USD", "RUB")])
def test_unknown_rate_is_named(source: str, target: str) -> None:
    """On either side, with the currencies that would do."""
    with pytest.raises(NoExchangeRate, match="RUB") as refused:
        RATES.rate(source, target)
    assert "EUR, JPY, SGD, USD" in str(refused.value.hint), "the euro, which needs no rate, is one of them"


@given(minor=st.integers(0, 10**9), pair=st.permutations(["EUR", "USD", "SGD"]))
def test_there_and_back_is_within_a_unit_or_two(minor: int, pair: list[str]) -> None:
    """Rounding to the minor unit twice loses no more than rounding does."""
    source, target, _ = pair
    there = RATES.convert(Money(minor, source), target)
    assert abs(RATES.convert(there, source).minor - minor) <= 2


async def test_rates_of_the_central_bank(session: AsyncSession) -> None:
    """The package's file loads once; currencies that the bank dropped are not known; the newest day counts."""
    added = await repository.load_exchange_rates(session)
    assert added > 5_000
    assert await repository.load_exchange_rates(session) == 0
    rates = await repository.latest_rates(session)
    assert rates.day is not None
    assert {"USD", "JPY", "SGD", "GBP"} <= set(rates.per_euro)
    assert not {"RUB", "HRK", "EUR", ""} & set(rates.per_euro)
    assert Decimal("0.5") < rates.rate("EUR", "USD") < Decimal(2)


async def test_without_rates_the_error_says_how_to_load_them(session: AsyncSession) -> None:
    """An empty table knows the euro alone."""
    rates = await repository.latest_rates(session)
    assert rates.into("EUR") == {"EUR": 1}
    with pytest.raises(NoExchangeRate) as refused:
        rates.rate("EUR", "USD")
    assert "lodestay rates" in str(refused.value.hint)


async def test_markets_are_listed_by_key_and_found_by_it(session: AsyncSession) -> None:
    """An unknown key is named."""
    for key in ("porto", "lisbon"):
        await create_market(session, market_key=key)
    assert [market.market_key for market in await repository.list_all(session)] == ["lisbon", "porto"]
    assert (await repository.get(session, "porto")).currency == "EUR"
    with pytest.raises(MarketNotFound, match="atlantis"):
        await repository.get(session, "atlantis")


@pytest.mark.parametrize(
    ("north", "east", "radius_km"),
    [(0.02, 0.0, 4.448), (0.0, 0.04, 4.448), (0.02, 0.04, 4.448), (0.0, 0.0, LEAST_RADIUS_KM)],
)
async def test_a_neighbourhood_reaches_as_far_as_its_listings(
    *, north: float, east: float, radius_km: float, session: AsyncSession
) -> None:
    """Along a street to the east as along one to the north: at 60 degrees a degree of longitude is half as long."""
    market = await create_market(session, latitude=60.0, longitude=10.0)
    quarter = Neighbourhood(market_key=market.market_key, name="Quarter")
    session.add(quarter)
    await session.flush()
    for side in (-1, 1):
        await create_listing(
            session,
            market=market,
            neighbourhood_id=quarter.neighbourhood_id,
            latitude=60 + side * north,
            longitude=10 + side * east,
        )
    (spot,) = await neighbourhood_spots(session)
    assert spot.radius_km == pytest.approx(radius_km, rel=1e-3)


async def test_a_market_says_how_much_of_it_can_be_booked(session: AsyncSession) -> None:
    """A listing without a calendar, or whose calendar is over, is offered and cannot be booked."""
    today = datetime.now(UTC).date()
    for until in (None, today, today + timedelta(days=30)):
        known = {"calendar_from": until and until - timedelta(days=60), "calendar_until": until}
        await create_listing(session, rate_plan=known)
    (market,) = await repository.overview(session)
    assert (market.active_listings, market.bookable_listings) == (3, 1)
