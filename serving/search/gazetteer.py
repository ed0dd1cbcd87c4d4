"""The gazetteer of this marketplace: its own places, and the cities of the world around them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.lake import LANDMARKS, LakeFile, newest_files, read_files
from search.gazetteer import Gazetteer
from search.landmarks import SCHEMA, is_broken_off, names_of
from search.places import Place, PlaceKind, known_places, landmark_place, market_place, neighbourhood_place
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


def landmark_files(lake: str) -> list[LakeFile]:
    """Files of each market's newest landmarks; none before the pipeline has run."""
    return newest_files(LANDMARKS, lake)


def read_landmarks(files: Sequence[LakeFile], own: Sequence[Place]) -> list[Place]:
    """Read the landmarks of the markets that there are, but for names that their neighbourhoods or they have.

    A part of such a name ("Marais", "Dreta") is no landmark either: a guest who asks for it means the whole.
    """
    markets = {place.market: place for place in own if place.kind is PlaceKind.MARKET}
    taken = defaultdict[str | None, list[str]](list)
    for place in own:
        taken[place.market] += place.names
    return [
        landmark_place(
            market=market,
            names=names_of(row["name"], market=markets[market].name),
            country=markets[market].country,
            location=Point(row["latitude"], row["longitude"]),
            hosts=row["hosts"],
        )
        for file in files
        if (market := file.partition["market"]) in markets
        for row in read_files([file], SCHEMA).to_pylist()
        if not any(is_broken_off(row["name"], whole) for whole in taken[market])
    ]


def make_gazetteer(own: Sequence[Place], landmarks: Sequence[LakeFile], cities: Cities) -> Gazetteer:
    """Build the tables, which takes a second or two: not on the event loop."""
    every = [*own, *read_landmarks(landmarks, own)]
    gazetteer = Gazetteer(lambda: known_places(every, cities()))
    gazetteer.lookup("anywhere", near=None)
    return gazetteer
