"""A synthetic marketplace of any size for the benchmark of the engines: documents, and searches for them.

Cities are heavy-tailed (the largest of five hundred holds a twelfth of the listings), calendars are drawn from a pool:
seasons, weekends, runs of bookings, stay rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lodestay.calendar import StayCalendar, is_weekend
from lodestay.pricing import PriceTerms
from lodestay.stay import Stay
from lodestay.vocabulary.amenities import AMENITIES
from search.document import calendar_fields, popularity, rate_fields
from search.facets import derived_fields
from search.request import Bounds, Filters, SearchRequest, Sort

CITIES: Final = 500
POOL: Final = 2_000
NIGHTS: Final = 400
RATES: Final = {"SEK": 0.0871, "SGD": 0.6912, "JPY": 0.00613, "USD": 0.92}
ROOM_TYPES: Final = ("entire_home", "private_room", "shared_room", "hotel_room")
PROPERTY_TYPES: Final = ("apartment", "house", "loft", "cabin", "villa", "guest_suite", "hostel", "boat")
POLICIES: Final = ("flexible", "moderate", "firm", "strict")
LANGUAGES: Final = ("en", "es", "fr", "de", "it", "pt", "zh", "ja")
CURRENCIES: Final = ("EUR", *RATES)
CLASSES: Final = {"city": 0.80, "wide": 0.15, "world": 0.05}
"""Kinds of search, and how many of each."""
_HALF: Final = {"city": (0.05, 0.2), "wide": (2.0, 8.0)}
"""Half the width of what is looked at, in degrees, from and to; the world has none."""
_ZOOM: Final = {"city": 13, "wide": 8, "world": 4}
_CODES: Final = tuple(AMENITIES)


@dataclass(frozen=True)
class Stock:
    """Where the listings are.

    Attributes
    ----------
    city
        (n,) of each listing.
    latitude, longitude
        (n,) of each listing.
    centres
        (CITIES, 2) latitude and longitude.
    """

    city: NDArray[np.int64]
    latitude: NDArray[np.float64]
    longitude: NDArray[np.float64]
    centres: NDArray[np.float64]
    pool: list[tuple[dict[str, Any], dict[str, Any], int]]
    seed: int


def draw_stock(listings: int, *, today: date, seed: int) -> Stock:
    """Draw the cities, the listings' places in them and the pool of calendars."""
    rng = np.random.default_rng(seed)
    weights = 1.0 / np.arange(1, CITIES + 1) ** 0.9
    city = rng.choice(CITIES, size=listings, p=weights / weights.sum())
    centres = np.stack([rng.uniform(-45, 62, CITIES), rng.uniform(-175, 175, CITIES)], axis=1)
    spread = rng.uniform(0.02, 0.09, CITIES)
    latitude = centres[city, 0] + rng.normal(0, 1, listings) * spread[city]
    longitude = centres[city, 1] + rng.normal(0, 1, listings) * spread[city]
    pool = [_drawn_calendar(rng, today) for _ in range(POOL)]
    return Stock(city, latitude.round(6), longitude.round(6), centres, pool, seed)


def documents(stock: Stock) -> Iterator[dict[str, Any]]:
    """Documents of every listing, without texts and vectors, which no engine is asked for here."""
    rng = np.random.default_rng(stock.seed + 1)
    for listing in range(len(stock.city)):
        calendar, terms, nightly = stock.pool[int(rng.integers(POOL))]
        reviews = int(rng.geometric(0.02)) if rng.random() < 0.8 else 0
        rating = None if reviews == 0 else round(float(5 - rng.gamma(1.5, 0.2)) % 5, 2)
        bedrooms = int(rng.geometric(0.5))
        city = int(stock.city[listing])
        kind = PROPERTY_TYPES[int(rng.integers(len(PROPERTY_TYPES)))]
        amenities = [_CODES[n] for n in rng.choice(len(_CODES), int(rng.integers(8, 30)), replace=False).tolist()]
        yield {
            "listing_id": listing + 1,
            "market": f"city-{city}",
            "is_active": True,
            "location": {"lat": float(stock.latitude[listing]), "lon": float(stock.longitude[listing])},
            "room_type": ROOM_TYPES[int(rng.choice(4, p=(0.72, 0.24, 0.02, 0.02)))],
            "property_type": kind,
            "amenities": amenities,
            **derived_fields(kind, amenities),
            "host_languages": [LANGUAGES[n] for n in rng.choice(len(LANGUAGES), 2, replace=False).tolist()],
            "neighbourhood": f"city-{city}-{int(rng.integers(12))}",
            "cancellation_policy": POLICIES[int(rng.integers(4))],
            "instant_book": bool(rng.random() < 0.5),
            "superhost": bool(rng.random() < 0.25),
            "accommodates": min(16, 2 * bedrooms),
            "bedrooms": bedrooms,
            "beds": bedrooms + int(rng.integers(2)),
            "bathrooms": int(rng.integers(2, 6)) / 2,
            "rating": rating,
            "review_count": reviews,
            "popularity": popularity(rating, reviews),
            **calendar,
            "nightly_price_minor": nightly,
            **terms,
        }


def searches(stock: Stock, *, today: date, seed: int) -> Iterator[tuple[str, SearchRequest]]:
    """Draw searches without end: their class, and what is asked."""
    rng = np.random.default_rng(seed)
    sizes = np.bincount(stock.city, minlength=CITIES)
    while True:
        kind = str(rng.choice(list(CLASSES), p=list(CLASSES.values())))
        city = int(rng.choice(CITIES, p=sizes / sizes.sum()))
        latitude, longitude = stock.centres[city].tolist()
        area = _around(latitude, longitude, float(rng.uniform(*_HALF[kind]))) if kind in _HALF else None
        check_in = today + timedelta(days=int(rng.integers(3, 250)))
        yield (
            kind,
            SearchRequest(
                text=None,
                market=None,
                area=area,
                centre=None,
                stay=Stay(check_in, check_in + timedelta(days=int(rng.choice([2, 3, 4, 5, 7, 14])))),
                guests=int(rng.integers(1, 5)),
                filters=Filters(
                    room_types=frozenset({"entire_home"}),
                    amenities=frozenset({_CODES[0]}) if rng.random() < 0.5 else frozenset(),
                    max_price_minor=int(rng.integers(40_000, 250_000)),
                    min_bedrooms=1,
                ),
                sort=Sort.RELEVANCE,
                page=1,
                page_size=20,
                currency="EUR",
                locale="en",
                rates=RATES,
                tile_zoom=_ZOOM[kind],
            ),
        )


def _around(latitude: float, longitude: float, half: float) -> Bounds:
    return Bounds(latitude - half, max(-180.0, longitude - half), latitude + half, min(180.0, longitude + half))


def _drawn_calendar(rng: np.random.Generator, today: date) -> tuple[dict[str, Any], dict[str, Any], int]:
    """Fields of a calendar and of its price terms, and what a night usually costs."""
    nights = np.arange(NIGHTS) + np.datetime64(today)
    base = int(rng.lognormal(9.2, 0.5)) // 100 * 100
    season = 1 + 0.3 * np.sin(2 * np.pi * (np.arange(NIGHTS) / 365 + rng.random()))
    price = (base * season * np.where(is_weekend(nights), 1.2, 1.0) / 100).astype(np.int64) * 100
    free = np.ones(NIGHTS, np.bool_)
    for _ in range(int(rng.integers(5, 45))):
        first = int(rng.exponential(120))
        free[first : first + int(rng.integers(2, 9))] = False
    shortest = np.full(NIGHTS, int(rng.choice([1, 1, 2, 2, 3, 5])), np.int32)
    shortest[150:220] = int(rng.choice([1, 3, 5, 7]))
    calendar = StayCalendar(
        start=today,
        price_minor=price,
        free=free,
        min_stay=shortest,
        max_stay=np.full(NIGHTS, int(rng.choice([28, 90, 365])), np.int32),
        closed_to_arrival=np.zeros(NIGHTS, np.bool_),
        closed_to_departure=np.zeros(NIGHTS, np.bool_),
        advance_notice_days=int(rng.choice([0, 1, 2])),
    )
    terms = PriceTerms(
        currency=str(rng.choice(CURRENCIES, p=(0.6, 0.1, 0.1, 0.1, 0.1))),
        cleaning_fee_minor=int(rng.integers(0, 8_000)),
        guests_included=int(rng.integers(1, 5)),
        extra_guest_fee_minor=int(rng.integers(0, 2_000)),
        weekly_discount_bps=int(rng.choice([0, 500, 1_000])),
        monthly_discount_bps=int(rng.choice([0, 2_000])),
        service_fee_bps=1_200,
        tax_bps=int(rng.choice([0, 500, 1_000])),
    )
    fields = calendar_fields(calendar, today=today)
    return fields, rate_fields(terms), int(fields["nightly_price_minor"])
