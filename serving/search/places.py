"""Where a search looks."""

from __future__ import annotations

from dataclasses import dataclass

from lodestay.errors import NotFound
from search.geography import distance_km
from search.request import Bounds, Circle, Point
from serving.search.markets import WORLD_CURRENCY, WORLD_TIMEZONE, MarketBook, MarketInfo
from serving.search.schemas import SearchQuery


class PlaceNotFound(NotFound):
    """A place that is not known here."""

    title = "No such place"


@dataclass(frozen=True)
class Where:
    """Where to look, in whose time and money.

    Attributes
    ----------
    name
        Of the place that was named and understood; None where none was.
    centre
        Where distances are measured from; None: the middle of the area.
    """

    name: str | None
    market: str | None
    area: Bounds | Circle | None
    centre: Point | None
    timezone: str
    currency: str


def in_market(market: MarketInfo, *, name: str | None, area: Bounds | Circle | None, centre: Point | None) -> Where:
    """Look in a market, or in an area of it."""
    return Where(name, market.market_key, area, centre or market.centre, market.timezone, market.currency)


def in_area(area: Bounds | Circle | None, book: MarketBook, *, name: str | None) -> Where:
    """Look in an area, whoever's market it is; its time and money are those of the nearest market."""
    if area is None:
        return Where(name, None, None, None, WORLD_TIMEZONE, WORLD_CURRENCY)
    nearest = min(book.markets.values(), key=lambda market: distance_km(market.centre, area.centre), default=None)
    timezone, currency = (WORLD_TIMEZONE, WORLD_CURRENCY) if nearest is None else (nearest.timezone, nearest.currency)
    return Where(name, None, area, area.centre, timezone, currency)


def find_place(query: SearchQuery, book: MarketBook) -> Where:
    """Say where a search looks.

    Raises
    ------
    MarketNotFound, PlaceNotFound
        What was named is not known.
    """
    area = query.area()
    if query.market is not None:
        return in_market(book.get(query.market), name=None, area=area, centre=None if area is None else area.centre)
    if query.place is not None:
        return _named(query.place, book)
    if area is None and len(book.markets) == 1:
        return in_market(next(iter(book.markets.values())), name=None, area=None, centre=None)
    return in_area(area, book, name=None)


def _named(place: str, book: MarketBook) -> Where:
    for market in book.markets.values():
        if place.strip().casefold() == market.name.casefold():
            return in_market(market, name=market.name, area=None, centre=None)
    raise PlaceNotFound("No place of that name is known here.", hint="See /v1/suggest, or send a market or bounds.")
