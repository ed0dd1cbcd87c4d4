"""Where markets and their neighbourhoods lie, by the listings in them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.geography import KM_PER_DEGREE
from transactional.listings.models import Listing
from transactional.markets.models import Market, Neighbourhood

MOST_WITHIN = 2.0
"""Standard deviations from the middle within which nearly all of a neighbourhood lies."""
LEAST_RADIUS_KM = 0.7


@dataclass(frozen=True, slots=True)
class MarketSpot:
    """A market and its supply."""

    market_key: str
    name: str
    country: str
    latitude: float
    longitude: float
    listings: int


@dataclass(frozen=True, slots=True)
class NeighbourhoodSpot:
    """A neighbourhood that has listings: their middle, and how far they reach."""

    market_key: str
    name: str
    country: str
    latitude: float
    longitude: float
    radius_km: float
    listings: int


async def place_names(session: AsyncSession) -> list[tuple[str, str]]:
    """Keys and names of all markets, then the keys with the names of their neighbourhoods; no listing is read."""
    markets = await session.execute(select(Market.market_key, Market.name).order_by(Market.market_key))
    neighbourhoods = await session.execute(
        select(Neighbourhood.market_key, Neighbourhood.name).order_by(Neighbourhood.neighbourhood_id)
    )
    return [(market, name) for rows in (markets, neighbourhoods) for market, name in rows]


async def market_spots(session: AsyncSession) -> list[MarketSpot]:
    """Every market with its active listings counted."""
    statement = (
        select(
            Market.market_key,
            Market.name,
            Market.country,
            Market.latitude,
            Market.longitude,
            func.count(Listing.listing_id).label("listings"),
        )
        .outerjoin(Listing, (Listing.market_key == Market.market_key) & Listing.is_active)
        .group_by(Market.market_key)
        .order_by(Market.market_key)
    )
    return [MarketSpot(**row) for row in (await session.execute(statement)).mappings()]


async def neighbourhood_spots(session: AsyncSession) -> list[NeighbourhoodSpot]:
    """Every neighbourhood with an active listing."""
    squeeze = func.cos(func.radians(func.avg(Listing.latitude)))  # a degree of longitude is shorter
    spread = func.greatest(func.stddev_pop(Listing.latitude), func.stddev_pop(Listing.longitude) * squeeze)
    statement = (
        select(
            Neighbourhood.market_key,
            Neighbourhood.name,
            Market.country,
            func.avg(Listing.latitude).label("latitude"),
            func.avg(Listing.longitude).label("longitude"),
            func.greatest(spread * KM_PER_DEGREE * MOST_WITHIN, LEAST_RADIUS_KM).label("radius_km"),
            func.count().label("listings"),
        )
        .join(Market, Market.market_key == Neighbourhood.market_key)
        .join(Listing, Listing.neighbourhood_id == Neighbourhood.neighbourhood_id)
        .where(Listing.is_active)
        .group_by(Neighbourhood.neighbourhood_id, Market.country)
        .order_by(Neighbourhood.neighbourhood_id)
    )
    return [NeighbourhoodSpot(**row) for row in (await session.execute(statement)).mappings()]
