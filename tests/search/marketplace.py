"""Random listings, calendars and requests for the tests of search."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lodestay.calendar import StayCalendar
from lodestay.pricing import PriceTerms
from lodestay.stay import Stay
from search.document import build_document, popularity
from search.fallback import Supply
from search.request import Bounds, Circle, Filters, Point, Polygon, SearchRequest, Sort
from search.today import Today

TODAY = date(2026, 6, 15)
HERE = Today(TODAY)
"""Every market's date."""
DIMENSION = 8
MODEL = "test"

ROOM_TYPES = ("entire_home", "private_room", "shared_room", "hotel_room")
PROPERTY_TYPES = ("apartment", "house", "loft", "cabin", "boat")
AMENITIES = (
    "wifi",
    "pool",
    "kitchen",
    "washer",
    "air_conditioning",
    "heating",
    "crib",
    "sauna",
    "step_free",
    "wide_doorways",
    "grab_bars",
    "pets_allowed",
    "smoking_allowed",
)
LANGUAGES = ("sv", "en", "fi", "zh")
NEIGHBOURHOODS = ("Södermalm", "Gamla stan", "Vasastan", None)
POLICIES = ("flexible", "moderate", "strict")
WORDS = (
    "sunny",
    "quiet",
    "loft",
    "flat",
    "canal",
    "garden",
    "view",
    "charming",
    "cabin",
    "sauna",
    "海景",
    "公寓",
    "près",
    "vélo",
    "balcón",
    "old",
    "town",
    "metro",
)
MARKETS = {"stockholm": ("SEK", 59.33, 18.06), "singapore": ("SGD", 1.30, 103.85), "fiji": ("JPY", -17.0, 179.95)}
RATES = {"SEK": 0.0871, "SGD": 0.6912, "JPY": 0.00613}
"""Euros for one unit; the yen has no decimals."""


def random_calendar(rng: np.random.Generator, *, today: date = TODAY) -> StayCalendar:
    """Draw a calendar: any window around today, runs of taken nights, rules by season and by night."""
    before, length = int(rng.integers(-40, 20)), int(rng.integers(1, 480))
    start = today + timedelta(days=before)
    min_stay = np.full(length, rng.choice([1, 1, 2, 2, 3, 7, 30, 90, 92, 365]), dtype=np.int32)
    max_stay = np.full(length, rng.choice([3, 14, 28, 365, 1125, 2**31 - 1]), dtype=np.int32)
    for _ in range(rng.integers(0, 4)):  # seasons
        first = int(rng.integers(0, length))
        part = slice(first, first + int(rng.integers(1, 120)))
        min_stay[part], max_stay[part] = rng.choice([1, 2, 4, 5, 89]), rng.choice([10, 90, 364])
    if rng.random() < 0.3:  # by night
        min_stay[:] = rng.integers(0, 12, length)
        max_stay[:] = rng.integers(1, 400, length)
    free = np.ones(length, dtype=np.bool_)
    for _ in range(rng.integers(0, 12)):
        first = int(rng.integers(0, length))
        free[first : first + int(rng.integers(1, 20))] = False
    return StayCalendar(
        start=start,
        price_minor=_random_prices(rng, length),
        free=free & (rng.random(length) > rng.choice([0.0, 0.0, 0.05, 0.9])),
        min_stay=min_stay,
        max_stay=max_stay,
        closed_to_arrival=rng.random(length) < rng.choice([0.0, 0.2]),
        closed_to_departure=rng.random(length) < rng.choice([0.0, 0.2]),
        advance_notice_days=int(rng.choice([0, 0, 1, 3, 60])),
        **_rare_rules(rng, length),
    )


def _rare_rules(rng: np.random.Generator, length: int) -> dict[str, Any]:
    """Draw what few hosts say, and mostly nothing."""
    rules: dict[str, Any] = {}
    if rng.random() < 0.2:
        rules["booking_window_days"] = int(rng.choice([30, 90, 365, 730]))
    if rng.random() < 0.3:
        rules |= {
            "min_gap_nights": int(rng.choice([0, 2, 4])),
            "fills_gaps": bool(rng.random() < 0.7),
            "preparation_days": int(rng.choice([0, 0, 1, 3])),
        }
    if rng.random() < 0.3:
        rules["min_stay_through"] = np.where(rng.random(length) < 0.1, rng.integers(1, 30, length), 1).astype(np.int32)
    if rng.random() < 0.3:
        longest = np.where(rng.random(length) < 0.05, rng.integers(1, 60, length), 365)
        rules["max_stay_through"] = longest.astype(np.int32)
    return rules


def random_stay(rng: np.random.Generator, *, today: date = TODAY) -> Stay:
    """Draw a stay, most within the horizon, some before today or beyond."""
    nights = int(
        rng.choice([rng.integers(1, 8), rng.choice([8, 13, 14, 15, 27, 28, 29, 89, 90, 91, 92, 180, 364, 365])])
    )
    check_in = today + timedelta(days=int(rng.choice([rng.integers(-3, 10), rng.integers(0, 380 - min(nights, 370))])))
    return Stay(check_in, check_in + timedelta(days=nights))


def random_terms(rng: np.random.Generator, *, currency: str) -> PriceTerms:
    """Draw price terms."""
    return PriceTerms(
        currency=currency,
        cleaning_fee_minor=int(rng.choice([0, rng.integers(0, 20_000)])),
        guests_included=int(rng.integers(1, 5)),
        extra_guest_fee_minor=int(rng.choice([0, rng.integers(0, 5_000)])),
        weekly_discount_bps=int(rng.choice([0, rng.integers(0, 10_001)])),
        monthly_discount_bps=int(rng.choice([0, rng.integers(0, 10_001)])),
        service_fee_bps=int(rng.integers(0, 2_000)),
        tax_bps=int(rng.integers(0, 2_500)),
        last_minute_days=int(rng.choice([0, 3, rng.integers(1, 60)])),
        last_minute_discount_bps=int(rng.choice([0, rng.integers(0, 10_001)])),
        early_bird_days=int(rng.choice([0, 30, rng.integers(1, 300)])),
        early_bird_discount_bps=int(rng.choice([0, rng.integers(0, 10_001)])),
        pet_fee_minor=int(rng.integers(0, 9_000)),
    )


def _random_prices(rng: np.random.Generator, nights: int) -> NDArray[np.int64]:
    """Mostly what two bytes hold, of several units; now and then more, or far more."""
    unit, most = rng.choice(
        [(1, 60_000), (1, 90_000), (100, 900), (2_500, 300), (1, 10**9)], p=[0.2, 0.2, 0.4, 0.1, 0.1]
    )
    return unit * rng.integers(0, most, nights)


def random_listing(rng: np.random.Generator, *, listing_id: int, market: str) -> dict[str, Any]:
    """Draw a row of the staged listings."""
    _, latitude, longitude = MARKETS[market]
    reviews = int(rng.choice([0, rng.integers(1, 300)]))
    return {
        "listing_id": listing_id,
        "market": market,
        "is_active": bool(rng.random() < 0.95),
        "title": " ".join(rng.choice(WORDS, 4)).title(),
        "description": " ".join(rng.choice(WORDS, 12)),
        "house_rules": str(rng.choice(["", "No parties", "No smoking, no pets"])),
        "language": str(rng.choice(["en", "sv", "zh"])),
        "room_type": str(rng.choice(ROOM_TYPES, p=[0.6, 0.3, 0.07, 0.03])),
        "property_type": str(rng.choice(PROPERTY_TYPES)),
        "neighbourhood": NEIGHBOURHOODS[rng.integers(len(NEIGHBOURHOODS))],
        "cancellation_policy": str(rng.choice(POLICIES)),
        "instant_book": bool(rng.random() < 0.4),
        "is_superhost": bool(rng.random() < 0.2),
        "accommodates": int(rng.integers(1, 9)),
        "bedrooms": None if rng.random() < 0.3 else int(rng.integers(0, 5)),
        "beds": None if rng.random() < 0.1 else int(rng.integers(1, 7)),
        "bathrooms": None if rng.random() < 0.3 else float(rng.integers(1, 7)) / 2,
        "host_languages": sorted(rng.choice(LANGUAGES, int(rng.integers(0, 3)), replace=False).tolist()),
        "amenities": sorted(rng.choice(AMENITIES, int(rng.integers(0, 10)), replace=False).tolist()),
        "latitude": round(latitude + float(rng.normal(0, 0.05)), 6),
        "longitude": round((longitude + float(rng.normal(0, 0.05)) + 180) % 360 - 180, 6),
        "rating": None if reviews == 0 else round(float(rng.uniform(3, 5)), 2),
        "review_count": reviews,
        "base_price_minor": None if rng.random() < 0.1 else int(rng.integers(1_000, 90_000)),
    }


def random_supply(rng: np.random.Generator, *, listings: int) -> Supply:
    """Draw a marketplace of three cities, one of them on the date line; some listings have no calendar."""
    rows = [
        random_listing(rng, listing_id=1000 + n, market=str(rng.choice(list(MARKETS), p=[0.6, 0.3, 0.1])))
        for n in range(listings)
    ]
    return Supply(
        listings=rows,
        calendars={row["listing_id"]: random_calendar(rng) for row in rows if rng.random() < 0.95},
        terms={row["listing_id"]: random_terms(rng, currency=MARKETS[row["market"]][0]) for row in rows},
    )


def documents_of(supply: Supply, rng: np.random.Generator, *, today: date = TODAY) -> list[dict[str, Any]]:
    """Build the documents of a marketplace, with random vectors."""
    return [
        build_document(
            row,
            calendar=supply.calendars.get(row["listing_id"]),
            terms=supply.terms[row["listing_id"]],
            vector=None if rng.random() < 0.05 else unit(rng.normal(size=DIMENSION)),
            popularity=popularity(row["rating"], row["review_count"]),
            today=today,
        )
        for row in supply.listings
    ]


def unit(vector: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Scale a vector to length one."""
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def make_request(**changes: Any) -> SearchRequest:
    """Ask for anything anywhere, but for the changes."""
    plain: dict[str, Any] = {
        "text": None,
        "market": None,
        "area": None,
        "centre": None,
        "stay": None,
        "guests": 1,
        "filters": Filters(),
        "sort": Sort.RELEVANCE,
        "page": 1,
        "page_size": 20,
        "currency": "EUR",
        "locale": "en",
        "rates": RATES,
    }
    return SearchRequest(**plain | changes)


def random_polygon(rng: np.random.Generator, around: Point) -> Polygon:
    """Draw a star with bays, of some kilometres around a point, whichever way round."""
    count = int(rng.integers(3, 40))
    angles = (np.arange(count) + rng.uniform(0, 0.99, count)) * 2 * np.pi / count
    reach = rng.uniform(0.005, 0.12, len(angles))
    corners = [
        Point(around.latitude + north, (around.longitude + east + 180) % 360 - 180)
        for north, east in zip((reach * np.sin(angles)).tolist(), (reach * np.cos(angles)).tolist(), strict=True)
    ]
    return Polygon(tuple(corners if rng.random() < 0.5 else reversed(corners)))


def random_request(rng: np.random.Generator) -> SearchRequest:
    """Draw a search without text: somewhere, mostly with dates, with some filters, in some order."""
    market = str(rng.choice(list(MARKETS)))
    _, latitude, longitude = MARKETS[market]
    areas = {
        "market": {"market": market},
        "circle": {"area": Circle(Point(latitude, longitude), float(rng.uniform(0.5, 12)))},
        "bounds": {
            "area": Bounds(
                latitude - float(rng.uniform(0, 0.1)),
                longitude - float(rng.uniform(0, 0.1)),
                latitude + float(rng.uniform(0, 0.1)),
                (longitude + float(rng.uniform(0, 0.1)) + 180) % 360 - 180,
            )
        },
        "polygon": {"area": random_polygon(rng, Point(latitude, longitude))},
        "world": {"centre": Point(10.0, 20.0)},
    }
    where = areas[str(rng.choice(list(areas), p=[0.35, 0.15, 0.15, 0.2, 0.15]))]
    located = "market" not in where
    sorts = [Sort.RELEVANCE, Sort.PRICE, Sort.PRICE_DESC, Sort.RATING, *([Sort.DISTANCE] if located else [])]
    return make_request(
        **where,
        stay=random_stay(rng) if rng.random() < 0.8 else None,
        guests=int(rng.choice([1, 2, 2, 4, 6])),
        filters=_random_filters(rng),
        sort=sorts[rng.integers(len(sorts))],
        currency=str(rng.choice(["EUR", "SEK"])),
        rates=RATES if rng.random() < 0.8 else {"SGD": 0.7},
    )


def _random_filters(rng: np.random.Generator) -> Filters:
    def some(values: tuple[str | None, ...], chance: float = 0.12) -> frozenset[str]:
        if rng.random() > chance:
            return frozenset()
        return frozenset(str(v) for v in rng.choice([v for v in values if v], int(rng.integers(1, 3)), replace=False))

    def maybe(value: Any, chance: float = 0.15) -> Any:
        return value if rng.random() < chance else None

    low = maybe(int(rng.integers(0, 200_000)), 0.3)
    return Filters(
        room_types=some(ROOM_TYPES),
        property_types=some((*PROPERTY_TYPES, "castle")),
        categories=some(("pools", "family", "cabins", "boats", "skiing")),
        amenities=some(AMENITIES),
        accessibility=some(("step_free", "wide_doorways", "grab_bars", "hoist")),
        allows=some(("pets", "smoking", "events")),
        host_languages=some((*LANGUAGES, "de")),
        neighbourhoods=some(NEIGHBOURHOODS),
        cancellation_policies=some(POLICIES),
        min_price_minor=low,
        max_price_minor=maybe((low or 0) + int(rng.integers(0, 900_000)), 0.3),
        min_bedrooms=maybe(int(rng.integers(1, 4))),
        min_beds=maybe(int(rng.integers(1, 4))),
        min_bathrooms=maybe(float(rng.integers(1, 5)) / 2),
        min_rating=maybe(round(float(rng.uniform(3, 5)), 2)),
        instant_book=maybe(bool(rng.random() < 0.7)),
        superhost=maybe(bool(rng.random() < 0.7)),
    )
