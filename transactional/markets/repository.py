"""Queries on markets and exchange rates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg import Connection
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from transactional.calendars.models import RatePlan
from transactional.imports.models import ImportRun
from transactional.kit.copying import copy_rows
from transactional.listings.models import Listing
from transactional.markets.ecb import read_rates
from transactional.markets.errors import MarketNotFound
from transactional.markets.exchange import ExchangeRates
from transactional.markets.models import Market

# A currency that has been absent for a week is no longer quoted.
_LATEST_RATES = text("""
    SELECT DISTINCT ON (currency) currency, per_euro, day FROM exchange_rates
    WHERE day >= (SELECT max(day) FROM exchange_rates) - 7
    ORDER BY currency, day DESC
""")


@dataclass(frozen=True)
class MarketOverview:
    """A market at a glance; `imported_at` is null for one that no import made.

    Of the active listings those are bookable whose calendar reaches beyond today: a source without a calendar has none.
    """

    market_key: str
    name: str
    country: str
    currency: str
    timezone: str
    snapshot_date: date | None
    active_listings: int
    bookable_listings: int
    imported_at: datetime | None


async def get(session: AsyncSession, market_key: str) -> Market:
    """Find a market, or raise :class:`MarketNotFound`."""
    market = await session.get(Market, market_key)
    if market is None:
        raise MarketNotFound(market_key)
    return market


def market_keys(connection: Connection[Any]) -> list[str]:
    """Key of every market, in order, for programs that hold a plain psycopg connection."""
    return [key for (key,) in connection.execute("SELECT market_key FROM markets ORDER BY market_key")]


async def list_all(session: AsyncSession) -> list[Market]:
    """Every market, by key."""
    return list((await session.scalars(select(Market).order_by(Market.market_key))).all())


async def overview(session: AsyncSession) -> list[MarketOverview]:
    """Every market with how much it offers and when it was last imported, by key."""
    active = select(func.count()).where(Listing.market_key == Market.market_key, Listing.is_active).scalar_subquery()
    bookable = (
        select(func.count())
        .select_from(Listing)
        .join(RatePlan, RatePlan.listing_id == Listing.listing_id)
        .where(
            Listing.market_key == Market.market_key, Listing.is_active, RatePlan.calendar_until > func.current_date()
        )
        .scalar_subquery()
    )
    imported = (
        select(func.max(ImportRun.finished_at)).where(ImportRun.market_key == Market.market_key).scalar_subquery()
    )
    columns = (Market.market_key, Market.name, Market.country, Market.currency, Market.timezone, Market.snapshot_date)
    statement = select(*columns, active, bookable, imported).order_by(Market.market_key)
    return [MarketOverview(*row) for row in (await session.execute(statement)).all()]


async def latest_rates(session: AsyncSession) -> ExchangeRates:
    """Each currency's rate on the newest day that has one."""
    rows = (await session.execute(_LATEST_RATES)).all()
    return ExchangeRates(
        day=max((row.day for row in rows), default=None), per_euro={row.currency: row.per_euro for row in rows}
    )


async def load_exchange_rates(session: AsyncSession) -> int:
    """Load the rates of the European Central Bank; those known already stay. Returns the rows added."""
    await session.execute(text("CREATE TEMPORARY TABLE new_rates (LIKE exchange_rates) ON COMMIT DROP"))
    await copy_rows(session, "new_rates", ("day", "currency", "per_euro"), read_rates())
    added = await session.execute(
        text("INSERT INTO exchange_rates SELECT * FROM new_rates ON CONFLICT DO NOTHING RETURNING 1")
    )
    count = len(added.all())
    await session.execute(text("DROP TABLE new_rates"))
    return count
