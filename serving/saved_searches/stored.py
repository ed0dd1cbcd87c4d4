"""A search as it is kept: what was asked and where that looks, written as JSON and read back."""

from __future__ import annotations

from collections.abc import Mapping
from math import asin, cos, degrees, radians, sin
from typing import Final

from pydantic import TypeAdapter

from lodestay.geography import EARTH_RADIUS_KM
from lodestay.stay import Stay
from search.flexible import MonthsAhead, dates_of
from search.request import Bounds, Circle, InvalidSearch, Polygon, SearchRequest, Sort
from search.today import Today
from serving.search.places import Where
from serving.search.schemas import PAGING, SearchQuery
from transactional.saved_searches.records import NewSearch, Reach, SavedSearchRecord

OF_THE_PAGE: Final = frozenset({*PAGING, "map_zoom"})
"""Parameters of a search that are about its answer, and not about what matches."""
MOST_STAYS: Final = 62
"""Stays of flexible dates: two months of arrivals. Each change of a listing is held against all of them."""
_WHERE: Final = TypeAdapter(Where)
_HAIR: Final = 1e-6
"""Degrees, some ten centimetres: what rounding might cost a circle's box."""


def new_search(name: str, query: SearchQuery, where: Where, *, today: Today) -> NewSearch:
    """Write a search down that was understood.

    Parameters
    ----------
    where
        Where it looks; a place keeps meaning what it meant when the search was saved.
    today
        Dates there. A search ends with the last stay that it asks for.

    Raises
    ------
    InvalidSearch
        Its flexible dates come to more stays than can be held against every change.
    """
    south, west, north, east = _box(where.area)
    last = _last_stay(query, today)
    return NewSearch(
        name=name,
        params=query.model_dump(mode="json", exclude_defaults=True, exclude=set(OF_THE_PAGE)),
        place=_WHERE.dump_python(where, mode="json"),
        reach=Reach(where.market, south, west, north, east, query.guests),
        check_in=None if last is None else last.check_in,
        check_out=None if last is None else last.check_out,
        timezone=where.timezone,
        currency=query.currency or where.currency,
    )


def _last_stay(query: SearchQuery, today: Today) -> Stay | None:
    wish = query.wish()
    stay, stays = dates_of(wish, today=today)
    if not stays:
        return stay
    if len(stays) > MOST_STAYS:
        raise InvalidSearch(
            f"The dates come to {len(stays)} stays; a saved search may have {MOST_STAYS}.",
            hint="Name one or two months, or fewer days.",
        )
    return None if isinstance(wish, MonthsAhead) else max(stays, key=lambda stay: stay.check_in)


def request_of(saved: SavedSearchRecord | NewSearch, rates: Mapping[str, float], *, today: Today) -> SearchRequest:
    """What a saved search asks of each listing; the words of a wish order results and ask nothing.

    Parameters
    ----------
    rates
        Of the search's currency, now.
    today
        Dates where it looks: flexible dates are those still to come.

    Raises
    ------
    pydantic.ValidationError, InvalidSearch
        It was saved before the rules that it breaks, or its flexible dates have passed.
    """
    query, where = SearchQuery.model_validate(saved.params), _WHERE.validate_python(saved.place)
    stay, flexible = dates_of(query.wish(), today=today)
    return SearchRequest(
        text=None,
        market=where.market,
        area=where.area,
        centre=where.centre,
        stay=stay,
        flexible=flexible,
        guests=query.guests,
        filters=query.filters(saved.currency),
        sort=Sort.RELEVANCE,
        page=1,
        page_size=1,
        currency=saved.currency,
        locale=query.locale,
        rates=dict(rates),
    )


def _box(area: object) -> tuple[float, float, float, float]:
    """South, west, north and east of a box that holds an area; the world's where that is not simple."""
    if isinstance(area, Bounds):
        return area.south, area.west, area.north, area.east
    if isinstance(area, Polygon):
        return _box(area.bounds)
    if not isinstance(area, Circle):
        return -90.0, -180.0, 90.0, 180.0
    centre, reach = area.centre, area.radius_km / EARTH_RADIUS_KM
    high = degrees(reach) + _HAIR
    south, north = max(-90.0, centre.latitude - high), min(90.0, centre.latitude + high)
    if south == -90.0 or north == 90.0:  # noqa: PLR2004 (a pole is in it, and so is every meridian)
        return south, -180.0, north, 180.0
    wide = degrees(asin(min(1.0, sin(reach) / cos(radians(centre.latitude))))) + _HAIR
    return south, _turned(centre.longitude - wide), north, _turned(centre.longitude + wide)


def _turned(longitude: float) -> float:
    return (longitude + 180.0) % 360.0 - 180.0
