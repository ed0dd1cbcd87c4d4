"""Where a search looks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lodestay.clock import Clock
from lodestay.errors import NotFound
from lodestay.stay import Stay
from search.flexible import not_askable
from search.gazetteer import Gazetteer
from search.geography import contains, distance_km
from search.places import NEAR_KM, Place, PlaceKind
from search.request import Area, Circle, InvalidSearch, Point
from search.today import Today
from serving.search.markets import WORLD_CURRENCY, WORLD_TIMEZONE, MarketBook, MarketInfo
from serving.search.schemas import PlaceQuery


class PlaceNotFound(NotFound):
    """A place that is not known here."""

    title = "No such place"


@dataclass(frozen=True)
class Where:
    """Where to look, in whose time and money, and what for.

    Attributes
    ----------
    name
        Of the place that was named and understood; None where none was.
    centre
        Where distances are measured from; None: the middle of the area.
    text
        The wish without the place in it; None where nothing is wished.
    """

    name: str | None
    market: str | None
    area: Area | None
    centre: Point | None
    timezone: str
    currency: str
    text: str | None


def today_at(where: Where, stay: Stay | None, book: MarketBook, clock: Clock) -> Today:
    """The dates where a search looks.

    Raises
    ------
    InvalidSearch
        The arrival has passed wherever that is, or the stay ends beyond the horizon.
    """
    today = book.today(where.market, where.timezone, clock.now())
    if stay is None:
        return today
    has_passed_here = stay.check_in < today.here
    if has_passed_here and all(stay.check_in < today.of(market) for market in _looked_at(where, book)):
        raise InvalidSearch(
            f"{stay.check_in} has passed where you look; today is {today.here}.", hint="Choose a later arrival."
        )
    if not today.is_askable(stay):
        raise not_askable([stay], today=today)
    return today


def _looked_at(where: Where, book: MarketBook) -> Iterator[str]:
    """Markets whose middle a search looks at: none where an area holds none."""
    for market in book.markets.values():
        if where.area is None or contains(where.area, market.centre):
            yield market.market_key


def find_place(query: PlaceQuery, book: MarketBook, gazetteer: Gazetteer) -> Where:
    """Say where a search looks.

    A place is taken from the wish ("sauna near the harbour") where nothing else says where to look, or only a market
    does, which it then must lie in: the map that a guest has moved is not moved back by what was typed before.

    Raises
    ------
    MarketNotFound, PlaceNotFound
        What was named is not known.
    InvalidSearch
        The market and the place that were named lie apart.
    """
    area = query.area()
    text = (query.text or "").strip() or None
    market = None if query.market is None else book.get(query.market)
    if query.place is not None:
        return _at_place(query.place, market, book, gazetteer, text=text)
    if market is not None:
        return _in_named_market(market, book, gazetteer, area=area, text=text)
    if area is not None:
        return _in_area(area, book, name=None, text=text)
    if text is not None and (named := gazetteer.understand(text, near=None)) is not None:
        return _at(named.place, book, text=named.rest)
    if len(book.markets) == 1:
        (only,) = book.markets.values()
        return _in_market(only, name=None, area=None, centre=only.centre, text=text)
    return Where(None, None, None, None, WORLD_TIMEZONE, WORLD_CURRENCY, text)


def _in_named_market(
    market: MarketInfo, book: MarketBook, gazetteer: Gazetteer, *, area: Area | None, text: str | None
) -> Where:
    """Look in a market, or at a place of it that the wish names."""
    if area is None and text is not None:
        named = gazetteer.understand(text, near=market.centre, market=market.market_key)
        if named is not None:
            return _at(named.place, book, text=named.rest)
    centre = market.centre if area is None else area.centre
    return _in_market(market, name=None, area=area, centre=centre, text=text)


def _at_place(
    name: str, market: MarketInfo | None, book: MarketBook, gazetteer: Gazetteer, *, text: str | None
) -> Where:
    """Look at a place; where a market is named too, at what of it lies there."""
    if market is None:
        return _at(_lookup(name, gazetteer, near=None), book, text=text)
    place = _lookup(name, gazetteer, near=market.centre, market=market.market_key)
    if place.market == market.market_key:
        return _at(place, book, text=text)
    if place.market is not None or distance_km(place.location, market.centre) > NEAR_KM:
        own = f"; its own is {place.market!r}" if place.market else ""
        raise InvalidSearch(
            f"{place.name} does not lie in the market {market.market_key!r}.",
            hint=f"Send one of place and market{own}.",
        )
    area = Circle(place.location, place.radius_km)
    return _in_market(market, name=place.name, area=area, centre=place.location, text=text)


def _lookup(name: str, gazetteer: Gazetteer, *, near: Point | None, market: str | None = None) -> Place:
    """The place of this name, in a market rather than elsewhere; or the likeliest that begins so or is a slip away."""
    named = gazetteer.lookup(name, near=near, market=market) if market else None
    named = named or gazetteer.lookup(name, near=near)
    if named is not None:
        return named
    begun = gazetteer.complete(name, near=near, market=market, limit=1)
    if not begun:
        hint = "Complete it by GET /v1/suggest, which names places and their markets, or send bounds."
        raise PlaceNotFound("No place of that name is known here.", hint=hint)
    return begun[0].place


def _at(place: Place, book: MarketBook, *, text: str | None) -> Where:
    around = Circle(place.location, place.radius_km)
    market = book.markets.get(place.market or "")
    if market is None:
        return _in_area(around, book, name=place.name, text=text)
    area = None if place.kind is PlaceKind.MARKET else around
    return _in_market(market, name=place.name, area=area, centre=place.location, text=text)


def _in_market(market: MarketInfo, *, name: str | None, area: Area | None, centre: Point, text: str | None) -> Where:
    return Where(name, market.market_key, area, centre, market.timezone, market.currency, text)


def _in_area(area: Area, book: MarketBook, *, name: str | None, text: str | None) -> Where:
    """Look in an area, whoever's market it is; its time and money are those of the nearest market."""
    nearest = book.nearest(area.centre)
    timezone, currency = (WORLD_TIMEZONE, WORLD_CURRENCY) if nearest is None else (nearest.timezone, nearest.currency)
    return Where(name, None, area, area.centre, timezone, currency, text)
