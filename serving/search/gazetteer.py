"""The gazetteer of this marketplace: its own places, and the cities of the world around them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from search.gazetteer import Gazetteer
from search.places import Place, known_places, market_place, neighbourhood_place
from search.request import Point
from transactional.markets.places import market_spots, neighbourhood_spots


async def own_places(session: AsyncSession) -> tuple[Place, ...]:
    """Markets and neighbourhoods with their listings counted."""
    markets = [
        market_place(
            market=spot.market_key,
            name=spot.name,
            country=spot.country,
            location=Point(spot.latitude, spot.longitude),
            listings=spot.listings,
        )
        for spot in await market_spots(session)
    ]
    neighbourhoods = [
        neighbourhood_place(
            market=spot.market_key,
            name=spot.name,
            country=spot.country,
            location=Point(spot.latitude, spot.longitude),
            radius_km=spot.radius_km,
            listings=spot.listings,
        )
        for spot in await neighbourhood_spots(session)
    ]
    return (*markets, *neighbourhoods)


Cities = Callable[[], Iterable[Place]]
"""Brings the cities of the world; :func:`search.places.geonames_cities` outside of tests."""


def make_gazetteer(own: Sequence[Place], cities: Cities) -> Gazetteer:
    """Build the tables, which takes a second or two: not on the event loop."""
    gazetteer = Gazetteer(lambda: known_places(own, cities()))
    gazetteer.lookup("anywhere", near=None)
    return gazetteer
