"""Where a search looks: pure, over a small gazetteer."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lodestay.clock import FixedClock
from lodestay.lake import LANDMARKS
from lodestay.stay import Stay
from search.gazetteer import Gazetteer
from search.landmarks import SCHEMA
from search.places import Place, PlaceKind, market_place, neighbourhood_place
from search.request import Bounds, Circle, InvalidSearch, Point
from serving.search.gazetteer import landmark_files, make_gazetteer
from serving.search.markets import MarketBook, MarketInfo
from serving.search.places import PlaceNotFound, find_place, today_at
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


def nights_from(check_in: date, nights: int = 2) -> Stay:
    """A stay."""
    return Stay(check_in, check_in + timedelta(days=nights))


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


def test_a_market_and_a_place_hold_together() -> None:
    """A place of the market, or a city near it, is looked at in that market; one that lies apart is refused."""
    where = look(market="lisbon", place="Alfama")
    assert (where.market, where.name) == ("lisbon", "Alfama")
    where = look(market="lisbon", place="Sintra")
    assert (where.market, where.name, where.area) == ("lisbon", "Sintra", Circle(SINTRA, 5.0))
    for market, place, said in (
        ("porto", "Alfama", "its own is 'lisbon'"),
        ("porto", "Lisbon", "its own is 'lisbon'"),
        ("porto", "Sintra", "Send one of place and market."),
    ):
        with pytest.raises(InvalidSearch, match=f"{place} does not lie in the market 'porto'") as refused:
            look(market=market, place=place)
        assert said in (refused.value.hint or "")


def test_a_name_of_several_markets_is_taken_in_the_one_that_is_named() -> None:
    """A weightier quarter of the same name elsewhere does not make a contradiction of it."""
    far = neighbourhood_place(market="porto", name="Alfama", country="PT", location=PORTO, radius_km=2, listings=90_000)
    gazetteer = Gazetteer(lambda: (*PLACES, far))
    assert find_place(SearchQuery(market="lisbon", place="alfama"), BOOK, gazetteer).market == "lisbon"


def test_a_name_that_is_begun_is_completed_in_the_market_that_is_named() -> None:
    """A weightier quarter that begins so elsewhere does not make a contradiction of it."""
    far = neighbourhood_place(market="porto", name="Alfena", country="PT", location=PORTO, radius_km=2, listings=90_000)
    gazetteer = Gazetteer(lambda: (*PLACES, far))
    assert find_place(SearchQuery(market="lisbon", place="alf"), BOOK, gazetteer).name == "Alfama"
    assert find_place(SearchQuery(place="alf"), BOOK, gazetteer).name == "Alfena"


def test_a_text_that_is_a_town_without_listings_stays_words() -> None:
    """Said by itself it may be any word; `place`, or "near" before it, says that it is a place."""
    where = look(text="Sintra")
    assert (where.name, where.area, where.text) == (None, None, "Sintra")
    assert look(text="near Sintra").name == look(place="Sintra").name == "Sintra"
    assert (look(text="Alfama").name, look(text="Alfama").text) == ("Alfama", None)


def test_a_place_inside_a_wish() -> None:
    """The place is taken out of the wish, unless something else says where to look."""
    where = look(text="sauna near Alfama")
    assert (where.name, where.text) == ("Alfama", "sauna")
    where = look(text="sauna near Alfama", market="porto")
    assert (where.market, where.text) == ("porto", "sauna near Alfama")


def test_a_place_of_the_market_inside_a_wish() -> None:
    """Where a market is named, a wish may name a place of it; where the map is moved, the map holds."""
    where = look(text="sauna near Alfama with pool", market="lisbon")
    assert (where.market, where.name, where.text) == ("lisbon", "Alfama", "sauna with pool")
    assert where.area == Circle(Point(38.712, -9.13), 0.8)
    where = look(text="sauna near Alfama", bounds="38.6,-9.3,38.8,-9.0")
    assert (where.name, where.text) == (None, "sauna near Alfama")
    assert look(text="sauna in Lisbon", market="lisbon").area is None


@pytest.mark.parametrize("text", ["flat near Porto", "flat near Sintra", "アパート ポルト"])
def test_a_place_elsewhere_inside_a_wish(text: str) -> None:
    """The market that is named holds: another market in the wish, or a town that is no part of one, stays words."""
    where = look(text=text, market="lisbon")
    assert (where.market, where.name, where.area, where.text) == ("lisbon", None, None, text)


def test_a_quarter_without_its_article() -> None:
    """A quarter is found by the name that guests use, also where it is only begun."""
    marais = neighbourhood_place(
        market="lisbon", name="Le Marais", country="PT", location=Point(38.7, -9.1), radius_km=0.8, listings=3
    )
    gazetteer = Gazetteer(lambda: [*PLACES, marais])
    for name in ("Marais", "mar", "Le Marais", "the marais"):
        assert find_place(SearchQuery(place=name), BOOK, gazetteer).name == "Le Marais"


def test_landmarks_come_from_the_lake(tmp_path: Path) -> None:
    """They are places of their market, by all their names; a quarter's name, or a part of it, is the quarter's."""
    folder = Path(LANDMARKS.partition(str(tmp_path), day=date(2026, 6, 15), market="lisbon"))
    folder.mkdir(parents=True)
    row = {"latitude": 38.71, "longitude": -9.133, "spread_km": 0.3, "hosts": 12}
    rows = [{"name": name, **row} for name in ("Cathedral", "Alfama", "Bairro", "The Bairro Alto")]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), folder / "part-0.parquet")
    bairro_alto = neighbourhood_place(
        market="lisbon", name="Bairro Alto", country="PT", location=Point(38.713, -9.146), radius_km=0.7, listings=3
    )
    gazetteer = make_gazetteer([*PLACES, bairro_alto], landmark_files(str(tmp_path)), list)
    named = gazetteer.understand("loft near the cathédrale", near=None)
    assert named is not None
    assert (named.place.kind, named.place.market, named.rest) == (PlaceKind.LANDMARK, "lisbon", "loft")
    for name in ("alfama", "the bairro alto"):
        quarter = gazetteer.lookup(name, near=None)
        assert quarter is not None
        assert quarter.kind is PlaceKind.NEIGHBOURHOOD
    assert gazetteer.lookup("bairro", near=None) is None
    assert [found.place.name for found in gazetteer.complete("bairro", near=None, limit=5)] == ["Bairro Alto"]


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


@pytest.mark.parametrize(
    ("asked", "has_passed"),
    [
        ({}, False),
        ({"bounds": "15,-160,45,0"}, False),
        ({"bounds": "38,-10,39,-9"}, True),
        ({"bounds": "37,-10,38,-9"}, True),
        ({"market": "lisbon"}, True),
        ({"market": "honolulu"}, False),
    ],
)
def test_an_arrival_has_passed_where_no_market_has_its_date(asked: dict[str, str], *, has_passed: bool) -> None:
    """Yesterday by Lisbon can be asked for wherever Honolulu is looked at too: there it is still that day."""
    honolulu = MarketInfo("honolulu", "Honolulu", "USD", "Pacific/Honolulu", Point(21.3, -157.86))
    book = MarketBook({**BOOK.markets, "honolulu": honolulu}, BOOK.exchange)
    clock = FixedClock(datetime(2026, 6, 15, 8, tzinfo=UTC))
    where = find_place(SearchQuery.model_validate(asked), book, Gazetteer(lambda: PLACES))
    if has_passed:
        with pytest.raises(InvalidSearch, match="2026-06-14 has passed where you look; today is 2026-06-15"):
            today_at(where, nights_from(date(2026, 6, 14)), book, clock)
        return
    today = today_at(where, nights_from(date(2026, 6, 14)), book, clock)
    assert today.of("honolulu") == date(2026, 6, 14)
    with pytest.raises(InvalidSearch, match="has passed"):
        today_at(where, nights_from(date(2026, 6, 13)), book, clock)


def test_a_stay_that_ends_beyond_the_horizon_is_refused_as_flexible_ones_are() -> None:
    """The last that can be asked for leaves 365 days from today; a day more is refused, and the last day named."""
    clock = FixedClock(datetime(2026, 6, 15, 8, tzinfo=UTC))
    today_at(look(market="lisbon"), nights_from(date(2027, 6, 13)), BOOK, clock)
    with pytest.raises(InvalidSearch, match="today is 2026-06-15, and stays end by 2027-06-15"):
        today_at(look(market="lisbon"), nights_from(date(2027, 6, 14)), BOOK, clock)
