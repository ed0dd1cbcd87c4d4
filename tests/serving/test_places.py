"""Where a search looks: pure, over a small gazetteer."""

from __future__ import annotations

from typing import Any

import pytest

from search.gazetteer import Gazetteer
from search.places import Place, PlaceKind, market_place, neighbourhood_place
from search.request import Bounds, Circle, Point
from serving.search.markets import MarketBook, MarketInfo
from serving.search.places import PlaceNotFound, find_place
from serving.search.schemas import SearchQuery
from transactional.markets.errors import MarketNotFound
from transactional.markets.exchange import ExchangeRates

LISBON, PORTO, SINTRA = Point(38.72, -9.14), Point(41.15, -8.61), Point(38.80, -9.38)
BOOK = MarketBook(
    {
        "lisbon": MarketInfo("lisbon", "Lisbon", "EUR", "Europe/Lisbon", LISBON),
        "porto": MarketInfo("porto", "Porto", "EUR", "Europe/Lisbon", PORTO),
    },
    ExchangeRates(None, {}),
)
PLACES = (
    market_place(market="lisbon", name="Lisbon", country="PT", location=LISBON, listings=10),
    market_place(market="porto", name="Porto", country="PT", location=PORTO, listings=5),
    neighbourhood_place(
        market="lisbon", name="Alfama", country="PT", location=Point(38.712, -9.13), radius_km=0.8, listings=3
    ),
    Place(PlaceKind.CITY, ("Sintra",), "PT", SINTRA, None, 5.0, 30_000, 0),
)


def look(**asked: Any) -> Any:
    """Where this query looks."""
    return find_place(SearchQuery(**asked), BOOK, Gazetteer(lambda: PLACES))


def test_a_market_by_key_or_name() -> None:
    """Its key and its name lead to the same place, in its own time and money."""
    by_key, by_name = look(market="porto"), look(place="porto")
    assert (by_key.market, by_name.market, by_name.name) == ("porto", "porto", "Porto")
    assert (by_key.centre, by_key.area, by_key.currency, by_key.timezone) == (PORTO, None, "EUR", "Europe/Lisbon")


def test_a_neighbourhood_is_an_area_of_its_market() -> None:
    """The search stays in the market and in the neighbourhood's reach; a slip of one letter is forgiven."""
    for name in ("Alfama", "alfma"):
        where = look(place=name)
        assert (where.market, where.name) == ("lisbon", "Alfama")
        assert isinstance(where.area, Circle)


def test_a_city_without_a_market_looks_at_what_lies_there() -> None:
    """Any market's listings around it are found; time and money are those of the nearest market."""
    where = look(place="Sintra")
    assert (where.market, where.area, where.timezone) == (None, Circle(SINTRA, 5.0), "Europe/Lisbon")


def test_a_place_inside_a_wish() -> None:
    """The place is taken out of the wish, unless something else says where to look."""
    where = look(text="sauna near Alfama")
    assert (where.name, where.text) == ("Alfama", "sauna")
    where = look(text="sauna near Alfama", market="porto")
    assert (where.market, where.text) == ("porto", "sauna near Alfama")


def test_coordinates() -> None:
    """Bounds and circles are taken as they are; distances are from the middle."""
    where = look(bounds="38.6,-9.3,38.8,-9.0")
    assert where.area == Bounds(38.6, -9.3, 38.8, -9.0)
    assert where.market is None
    assert look(latitude=38.7, longitude=-9.1, radius_km=3).area == Circle(Point(38.7, -9.1), 3)
    assert look().area is None


def test_what_is_not_known_is_said() -> None:
    """A place or a market that does not exist is an error, never a search of somewhere else."""
    with pytest.raises(PlaceNotFound):
        look(place="Xyzzyville")
    with pytest.raises(MarketNotFound):
        look(market="atlantis")
