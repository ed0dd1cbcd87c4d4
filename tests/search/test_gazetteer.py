"""Places by name."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from search.gazetteer import Gazetteer
from search.places import (
    BIG_CITY,
    Place,
    PlaceKind,
    folded,
    geonames_cities,
    known_places,
    landmark_place,
    market_place,
    neighbourhood_place,
)
from search.request import Point

STOCKHOLM = market_place(
    market="stockholm", name="Stockholm", country="SE", location=Point(59.33, 18.07), listings=3_900
)
SINGAPORE = market_place(
    market="singapore", name="Singapore", country="SG", location=Point(1.29, 103.85), listings=3_400
)
SODERMALM = neighbourhood_place(
    market="stockholm", name="Södermalms", country="SE", location=Point(59.31, 18.07), radius_km=2, listings=900
)


TOKYO = market_place(market="tokyo", name="Tokyo", country="JP", location=Point(35.68, 139.77), listings=2_000)
PARIS = market_place(market="paris", name="Paris", country="FR", location=Point(48.86, 2.35), listings=5_000)
VIENNA = market_place(market="vienna", name="Vienna", country="AT", location=Point(48.21, 16.37), listings=1_000)
MARAIS, LAKE_VIEW = (
    neighbourhood_place(
        market="paris", name=name, country="FR", location=Point(48.859, 2.359), radius_km=1, listings=400
    )
    for name in ("Le Marais", "Lake View")
)
OLD_QUARTERS = [
    neighbourhood_place(market=market, name="Old Quarter", country="", location=location, radius_km=1, listings=9)
    for market, location in (("stockholm", Point(59.325, 18.07)), ("vienna", Point(48.21, 16.37)))
]
CATHEDRAL = landmark_place(
    market="paris", names=("Cathedral", "cathédrale"), country="FR", location=Point(48.853, 2.35), hosts=80
)
GLOBEN = landmark_place(market="stockholm", names=("Globen",), country="SE", location=Point(59.29, 18.08), hosts=38)


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    """Two markets, a neighbourhood and the world's cities."""
    return Gazetteer(lambda: known_places([STOCKHOLM, SINGAPORE, SODERMALM, GLOBEN], geonames_cities()))


@pytest.fixture(scope="module")
def wide() -> Gazetteer:
    """Markets on two continents, quarters called like wishes or like one another, and the world's cities."""
    own = [STOCKHOLM, TOKYO, PARIS, VIENNA, SODERMALM, MARAIS, LAKE_VIEW, *OLD_QUARTERS, CATHEDRAL]
    return Gazetteer(lambda: known_places(own, geonames_cities()))


@pytest.fixture(scope="module")
def full() -> Gazetteer:
    """Markets with many foreign names, quarters that begin like other markets, and the world's cities."""
    markets = [
        market_place(market=key, name=name, country=country, location=location, listings=9_000)
        for key, name, country, location in (
            ("lisbon", "Lisbon", "PT", Point(38.72, -9.14)),
            ("cape-town", "Cape Town", "ZA", Point(-33.92, 18.42)),
            ("barcelona", "Barcelona", "ES", Point(41.39, 2.17)),
        )
    ]
    quarters = [
        neighbourhood_place(market=market, name=name, country="", location=location, radius_km=1, listings=1)
        for market, name, location in (
            ("paris", "Sorbonne", PARIS.location),
            ("tokyo", "Parisu Quarter", TOKYO.location),
        )
    ]
    own = [STOCKHOLM, TOKYO, PARIS, VIENNA, SODERMALM, *markets, *quarters]
    return Gazetteer(lambda: known_places(own, geonames_cities()))


@pytest.mark.parametrize(
    "name",
    ["Singapore", "singapur", "新加坡", "シンガポール", "Сингапур", "싱가포르", "سنغافورة", "  SINGAPORE ", "SIN"],
)
def test_a_market_in_many_scripts(gazetteer: Gazetteer, name: str) -> None:
    """The market takes the names of the city that it is."""
    found = gazetteer.lookup(name, near=None)
    assert found is not None
    assert (found.kind, found.market, found.population > 5_000_000) == (PlaceKind.MARKET, "singapore", True)


def test_what_is_kept(gazetteer: Gazetteer) -> None:
    """Small towns are known near markets only; big cities everywhere, Paris in France before the one in Texas."""
    assert gazetteer.lookup("Nacka", near=None) is not None
    assert gazetteer.lookup("Antibes", near=None) is None
    paris = gazetteer.lookup("paris", near=None)
    assert paris is not None
    assert (paris.country, paris.population >= BIG_CITY) == ("FR", True)


@pytest.mark.parametrize(
    ("text", "place", "rest"),
    [
        ("sauna near Södermalms", "Södermalms", "sauna"),
        ("flat close to stockholm", "Stockholm", "flat"),
        ("quiet room nära sodermalms", "Södermalms", "quiet room"),
        ("près de Paris", "Paris", None),
        ("Stockholm", "Stockholm", None),
        ("loft near Södermalms with pool", "Södermalms", "loft with pool"),
        ("loft near the Södermalms, two beds", "Södermalms", "loft two beds"),
        ("flat near Söderamlms", "Södermalms", "flat"),
        ("Wohnung beim Globen mit Garten", "Globen", "Wohnung mit Garten"),
        ("sauna Södermalms", "Södermalms", "sauna"),
        ("新加坡附近的公寓", "Singapore", "公寓"),
        ("ストックホルム近くのロフト", "Stockholm", "ロフト"),
        ("квартира в Стокгольм с бассейном", "Stockholm", "квартира с бассейном"),  # noqa: RUF001
        ("شقة بالقرب من سنغافورة", "Singapore", "شقة"),
    ],
)
def test_a_wish_and_a_place(gazetteer: Gazetteer, text: str, place: str, rest: str | None) -> None:
    """A place is understood alone, where a word such as "near" marks it, or at the end as a name, in any script."""
    named = gazetteer.understand(text, near=None)
    assert named is not None
    assert (named.place.name, named.rest) == (place, rest)


@pytest.mark.parametrize(
    "text",
    [
        "nice flat",
        "garden in bloom",
        "flat södermalms",
        "near paris hilton",
        "close to everything",
        "",
        "near",
        "🏖",
        "x" * 10_000,
        "near " * 300,
    ],
)
def test_no_place(gazetteer: Gazetteer, text: str) -> None:
    """Words that only happen to be towns, and nonsense of any length, are no place."""
    assert gazetteer.understand(text, near=None) is None


@pytest.mark.parametrize(
    ("text", "place", "rest"),
    [
        ("東京の近くのアパート", "Tokyo", "アパート"),
        ("東京駅の近く", "Tokyo", None),
        ("浅草の近く", "Asakusa", None),
        ("アパート 東京の近く", "Tokyo", "アパート"),
        ("渋谷駅近くのアパート", "Shibuya", "アパート"),
        ("渋谷 の近く", "Shibuya", None),
        ("東京 アパート", "Tokyo", "アパート"),
        ("東京のアパート", "Tokyo", "アパート"),
        ("아파트 도쿄역 근처", "Tokyo", "아파트"),
        ("호텔 도쿄 근처", "Tokyo", "호텔"),
        ("东京站附近的公寓", "Tokyo", "公寓"),
        ("東京近くのアパート", "Tokyo", "アパート"),
        ("東京周辺", "Tokyo", None),
        ("アパート 東京", "Tokyo", "アパート"),
        ("浅草 近くの宿", "Asakusa", "宿"),
        ("新加坡附近的公寓", "Singapore", "公寓"),
    ],
)
def test_a_place_without_blanks_around_it(wide: Gazetteer, text: str, place: str, rest: str | None) -> None:
    """In scripts without capitals a place is understood before or behind the wish, and as a station's name."""
    named = wide.understand(text, near=None)
    assert named is not None
    assert (named.place.name, named.rest) == (place, rest)


@pytest.mark.parametrize(
    ("text", "place", "rest"),
    [
        ("квартира рядом с Парижем", "Paris", "квартира"),  # noqa: RUF001
        ("квартира возле Вены", "Vienna", "квартира"),
        ("квартира возле вены", "Vienna", "квартира"),
        ("дом у Парижа с бассейном", "Paris", "дом с бассейном"),  # noqa: RUF001
        ("квартира в Вене, сауна", "Vienna", "квартира сауна"),
        ("недалеко от Казани", "Kazan", None),
        ("лофт рядом с Берлином", "Berlin", "лофт"),  # noqa: RUF001
        ("рядом с Париж", "Paris", None),  # noqa: RUF001
    ],
)
def test_a_russian_name_in_any_case(wide: Gazetteer, text: str, place: str, rest: str | None) -> None:
    """A name behind "near" is understood as grammar bends it."""
    named = wide.understand(text, near=None)
    assert named is not None
    assert (named.place.name, named.rest) == (place, rest)


@pytest.mark.parametrize(
    ("text", "place", "rest"),
    [
        ("loft le marais", "Le Marais", "loft"),
        ("loft in le marais", "Le Marais", "loft"),
        ("loft near the Marais", "Le Marais", "loft"),
        ("loft Marais", "Le Marais", "loft"),
        ("flat Lake View", "Lake View", "flat"),
        ("flat near lake view", "Lake View", "flat"),
        ("sauna Södermalm", "Södermalms", "sauna"),
        ("loft near the cathedral with pool", "Cathedral", "loft with pool"),
    ],
)
def test_a_quarter_as_it_is_called(wide: Gazetteer, text: str, place: str, rest: str | None) -> None:
    """With and without its article, in small letters where it has several words, Swedish ones as they are spoken of."""
    named = wide.understand(text, near=None)
    assert named is not None
    assert (named.place.name, named.rest) == (place, rest)


@pytest.mark.parametrize(
    "text",
    [
        "loft nice view",
        "Loft Nice view",
        "garden",
        "sauna",
        "loft marais",
        "quiet flat lake view",
        "loft old quarter",
        "flat cathedral",
        "海の近くのアパート",
        "森の近くのアパート",
        "駅の近く",
        "静かな アパート",
        "빈 방",
        "호텔 바다 근처",
        "квартира с бассейном",  # noqa: RUF001
        "Квартира С Бассейном",  # noqa: RUF001
        "дом рядом с бассейном",  # noqa: RUF001
        "дом у моря",  # noqa: RUF001
        "дом с веной",  # noqa: RUF001
    ],
)
def test_a_wish_spelled_like_a_place(wide: Gazetteer, text: str) -> None:
    """A view, a wood, an empty room or a pool is no place, though a quarter or a city somewhere is called so."""
    assert wide.understand(text, near=None) is None


def test_a_name_of_several_markets_in_small_letters(wide: Gazetteer) -> None:
    """It is words until the guest says in which market."""
    named = wide.understand("loft old quarter", near=VIENNA.location, market="vienna")
    assert named is not None
    assert named.place is OLD_QUARTERS[1]


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("Marais", "Le Marais"),
        ("the Marais", "Le Marais"),
        ("le marais", "Le Marais"),
        ("Södermalm", "Södermalms"),
        ("the cathedral", "Cathedral"),
        ("La Paz", "La Paz"),
    ],
)
def test_an_article_too_many_or_too_few(wide: Gazetteer, name: str, place: str) -> None:
    """A quarter is found with its article and without; a city whose name begins with one keeps it."""
    found = wide.lookup(name, near=None)
    assert found is not None
    assert found.name == place


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("s", "Singapore"),
        ("sto", "Stockholm"),
        ("söder", "Södermalms"),
        ("Stokcholm", "Stockholm"),
        ("singaproe", "Singapore"),
        ("sinapore", "Singapore"),
        ("singgapore", "Singapore"),
        ("東", "Tokyo"),
        ("моск", "Moscow"),
    ],
)
def test_completion(gazetteer: Gazetteer, typed: str, first: str) -> None:
    """From the first letter on, in any script, with one slip from the second of four letters on."""
    assert gazetteer.complete(typed, near=None, limit=3)[0].place.name == first


def test_what_is_near_comes_first(gazetteer: Gazetteer) -> None:
    """The same letters mean another place to somebody who looks elsewhere."""
    somewhere = gazetteer.complete("san", near=None, limit=1)[0].place
    here = gazetteer.complete("san", near=Point(34.05, -118.24), limit=1)[0].place
    assert here.country == "US"
    assert gazetteer.complete("san", near=Point(-33.45, -70.67), limit=1)[0].place.name == "Santiago"
    assert somewhere.population > 1_000_000


@pytest.mark.parametrize(
    ("typed", "market", "first"),
    [
        ("s", "paris", ["Sorbonne", "Stockholm", "Södermalms"]),
        ("s", "stockholm", ["Stockholm", "Södermalms"]),
        ("so", "paris", ["Sorbonne", "Södermalms"]),
        ("tok", "stockholm", ["Tokyo"]),
        ("par", "tokyo", ["Parisu Quarter", "Paris"]),
        ("paris", "tokyo", ["Paris", "Parisu Quarter"]),
        ("wien", "tokyo", ["Vienna"]),
        ("sodermalns", "paris", ["Södermalms"]),
        ("parsu", "tokyo", ["Parisu Quarter"]),
    ],
)
def test_where_the_guest_looks_comes_first_of_what_fits_alike(
    full: Gazetteer, typed: str, market: str, first: list[str]
) -> None:
    """A whole name stands before what lies in the market, and that before the weightier that is begun elsewhere."""
    near = next(place.location for place in (STOCKHOLM, TOKYO, PARIS) if place.market == market)
    found = full.complete(typed, near=near, market=market, limit=20)
    marketplace = [one.place.name for one in found if one.place.market]
    assert marketplace[: len(first)] == first
    assert found[0].place.name == first[0]


@pytest.mark.parametrize(
    ("typed", "before", "behind"),
    [("pa", "Patna", "Barcelona"), ("s", "Shanghai", "Cape Town"), ("o", "Oslo", "Lisbon"), ("ö", "Oslo", "Lisbon")],
)
def test_few_letters_mean_the_name_shown(full: Gazetteer, typed: str, before: str, behind: str) -> None:
    """Each city has a foreign name for every letter: a market by such a one stands behind all that are shown so."""
    found = full.complete(typed, near=None, limit=10_000)
    names = [one.place.name for one in found]
    assert names.index(before) < names.index(behind)
    assert found[names.index(before)].matched is None
    matched = found[names.index(behind)].matched
    assert matched is not None
    assert folded(matched).startswith(folded(typed))


@pytest.mark.parametrize(
    ("typed", "name", "matched"),
    [
        ("wien", "Vienna", "Wien"),
        ("wie", "Vienna", "Wien"),
        ("vien", "Vienna", None),
        ("mar", "Le Marais", None),
        ("東", "Tokyo", "東京"),
        ("пари", "Paris", "Париж"),
        ("Stockhlo", "Stockholm", None),
    ],
)
def test_a_name_in_another_language_is_said(wide: Gazetteer, typed: str, name: str, matched: str | None) -> None:
    """Whoever sees "Vienna" at "wie" is told why; nothing is said where the name shown begins so, or a word of it."""
    found = next(one for one in wide.complete(typed, near=None, limit=50) if one.place.name == name)
    assert found.matched == matched


def test_a_slip_in_the_name_shown_stands_before_one_in_a_foreign_name(wide: Gazetteer) -> None:
    """Who types "parsi" means Paris, not a city that is called so in a language nobody here speaks."""
    found = wide.complete("parsi", near=None, limit=200)
    assert (found[0].place.name, found[0].is_slipped, found[0].matched) == ("Paris", True, None)
    by_alias = [one.matched is not None for one in found]
    assert by_alias == sorted(by_alias)
    assert any(by_alias)


@pytest.mark.parametrize("text", ["бассейн", "nice", "Nice", "Kyoto", "bath", "sea", "SEA", "spa", "view"])
def test_all_of_a_text_is_no_town_where_nobody_hosts(wide: Gazetteer, text: str) -> None:
    """Every word is a town somewhere: searched for there, it finds nothing, and as a word it does."""
    assert wide.understand(text, near=None) is None


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Paris", "Paris"),
        ("wien", "Vienna"),
        ("Париж", "Paris"),
        ("東京", "Tokyo"),
        ("横浜", "Yokohama"),
        ("marais", "Le Marais"),
        ("lake view", "Lake View"),
        ("near Nice", "Nice"),
    ],
)
def test_a_text_that_is_a_place_with_somewhere_to_stay(wide: Gazetteer, text: str, place: str) -> None:
    """A market, a quarter, a town that a market reaches into, by any name; and any town behind "near"."""
    named = wide.understand(text, near=None)
    assert named is not None
    assert (named.place.name, named.rest) == (place, None)


def test_a_market_by_a_code_that_is_a_wish() -> None:
    """Seattle is "SEA" to pilots; a guest who writes it wishes to be by the sea."""
    seattle = market_place(market="seattle", name="Seattle", country="US", location=Point(47.61, -122.33), listings=900)
    gazetteer = Gazetteer(lambda: known_places([seattle], geonames_cities()))
    assert gazetteer.understand("sea", near=None) is None
    assert gazetteer.understand("Seattle", near=None) is not None


def test_a_landmark_of_several_markets() -> None:
    """A cathedral is that of where the guest looks, by any of its names; without knowing where, it is none."""
    cathedrals = [
        landmark_place(market=market, names=("Cathedral", "Kathedrale"), country=None, location=location, hosts=hosts)
        for market, location, hosts in (("antwerp", Point(51.22, 4.40), 9), ("stockholm", Point(59.33, 18.07), 90))
    ]
    gazetteer = Gazetteer(lambda: [STOCKHOLM, *cathedrals])
    text = "loft nahe Kathedrale"
    assert gazetteer.understand(text, near=None) is None
    for market, near in (("antwerp", None), (None, Point(51.2, 4.4))):
        named = gazetteer.understand(text, near=near, market=market)
        assert named is not None
        assert named.place is cathedrals[0]
    assert gazetteer.understand(text, near=None, market="porto") is None


def test_a_quarter_and_a_city_of_one_name() -> None:
    """The city is meant by its people, the quarter by who looks there."""
    quarter = neighbourhood_place(
        market="lisbon", name="Alfama", country="PT", location=Point(38.71, -9.13), radius_km=1, listings=1
    )
    city = Place(PlaceKind.CITY, ("Alfama",), "BR", Point(-9.0, -36.0), None, 9.0, 9_000_000, 0)
    gazetteer = Gazetteer(lambda: [quarter, city])
    assert gazetteer.lookup("alfama", near=None) is city
    assert gazetteer.lookup("alfama", near=Point(38.7, -9.1)) is quarter
    named = gazetteer.understand("flat in Alfama", near=None, market="lisbon")
    assert named is not None
    assert named.place is quarter


@given(st.text(max_size=60))
def test_any_text_is_understood_or_not(gazetteer: Gazetteer, text: str) -> None:
    """Nothing that is typed breaks the reading; what is left of it is never more than was typed."""
    named = gazetteer.understand(f"near {text}", near=None)
    assert named is None or len(named.rest or "") <= len(text) + 5


def test_nothing_is_read_before_the_first_question() -> None:
    """Making a gazetteer costs nothing; the places are read once."""
    reads = []

    def read() -> list[Place]:
        reads.append(1)
        return [STOCKHOLM]

    gazetteer = Gazetteer(read)
    assert not reads
    assert gazetteer.lookup("stockholm", near=None) is STOCKHOLM
    assert [found.place for found in gazetteer.complete("sto", near=None, limit=1)] == [STOCKHOLM]
    assert len(reads) == 1


@example("\N{DOUBLE-STRUCK CAPITAL P}")
@given(st.text(max_size=40))
def test_folding_twice_is_folding_once(text: str) -> None:
    """The form that names are looked up in is stable."""
    assert folded(folded(text)) == folded(text)
