"""A synthetic marketplace of any size: cities, listings as arrays, and a pool of calendars that they share.

Cities are heavy-tailed (the largest of five hundred holds a twelfth of the listings). A listing has one of some
thousand drawn calendars, each a rate plan with seasons, nights with prices of their own and runs of guests, so that
what a stay costs and whether it can be had is asked of the one definition a thousand times and not a million.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lodestay.calendar import HORIZON_NIGHTS, StayCalendar
from lodestay.pricing import PriceTerms
from lodestay.vocabulary.amenities import AMENITIES
from transactional.calendars.rules import NightColumns, NightRow, RatePlanRow, SeasonRow, Window, build_calendar

CITIES: Final = 500
POOL: Final = 1_000
QUARTERS: Final = 12
"""Neighbourhoods of a city."""
RATES: Final = {"SEK": 0.0871, "SGD": 0.6912, "JPY": 0.00613, "USD": 0.92}
"""Euros for one unit of each currency."""
CURRENCIES: Final = ("EUR", *RATES)
ROOM_TYPES: Final = ("entire_home", "private_room", "shared_room", "hotel_room")
PROPERTY_TYPES: Final = ("apartment", "house", "loft", "cabin", "villa", "guest_suite", "hostel", "boat")
POLICIES: Final = ("flexible", "moderate", "firm", "strict")
TAXES: Final = (0, 500, 1_000)
"""In basis points; a city has one of them, in turn."""
SERVICE_FEE_BPS: Final = 1_200
CODES: Final = tuple(AMENITIES)
_OF_THE_WHOLE: Final = frozenset({"today", "seed", "centres", "pool"})
"""Fields of a stock that are no columns of its listings."""


@dataclass(frozen=True)
class PoolCalendar:
    """What the tables say of one calendar.

    Attributes
    ----------
    stays
        Half-open ranges that guests have.
    terms
        Without the tax, which is the market's.
    """

    plan: RatePlanRow
    seasons: tuple[SeasonRow, ...]
    nights: tuple[NightRow, ...]
    stays: tuple[tuple[date, date], ...]
    terms: PriceTerms

    def calendar(self, window: Window) -> StayCalendar:
        """Lay it out."""
        nights = NightColumns.of(self.nights)
        return build_calendar(
            self.plan, seasons=self.seasons, nights=nights, occupied=self.stays, window=window, stays=self.stays
        )


@dataclass(frozen=True)
class Stock:
    """n listings, numbered from 1.

    Attributes
    ----------
    today
        First day of the calendars.
    centres
        (CITIES, 2) latitude and longitude.
    pool
        Calendars; `calendar` says which is whose.
    city, quarter, calendar, room_type, property_type, policy
        (n,) places in the lists of this module.
    amenities
        (n, bytes) bits of :data:`CODES`, the first the highest.
    bathrooms, rating
        (n,) the second NaN where nobody has reviewed.
    """

    today: date
    seed: int
    centres: NDArray[np.float64]
    pool: tuple[PoolCalendar, ...]
    city: NDArray[np.int16]
    quarter: NDArray[np.int8]
    calendar: NDArray[np.int16]
    latitude: NDArray[np.float64]
    longitude: NDArray[np.float64]
    room_type: NDArray[np.int8]
    property_type: NDArray[np.int8]
    policy: NDArray[np.int8]
    instant_book: NDArray[np.bool_]
    superhost: NDArray[np.bool_]
    bedrooms: NDArray[np.int8]
    beds: NDArray[np.int8]
    accommodates: NDArray[np.int8]
    bathrooms: NDArray[np.float32]
    rating: NDArray[np.float32]
    review_count: NDArray[np.int32]
    amenities: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.city)

    def chunks(self, size: int) -> Iterator[slice]:
        """Rows in parts."""
        for first in range(0, len(self), size):
            yield slice(first, min(first + size, len(self)))

    def first(self, listings: int) -> Stock:
        """The first so many listings: a sample, since listings are in no order."""
        whole = {field.name: getattr(self, field.name) for field in fields(self) if field.name not in _OF_THE_WHOLE}
        return replace(self, **{name: column[:listings] for name, column in whole.items()})

    def has(self, code: str) -> NDArray[np.bool_]:
        """(n,) who has an amenity."""
        byte, bit = divmod(CODES.index(code), 8)
        return (self.amenities[:, byte] >> (7 - bit) & 1).astype(np.bool_)

    def terms(self, calendar: int, tax: int) -> PriceTerms:
        """Price terms of a calendar in a city with the tax at this place of :data:`TAXES`."""
        return replace(self.pool[calendar].terms, tax_bps=TAXES[tax])


def market_of(city: int) -> str:
    """Key of a city's market."""
    return f"city-{city}"


def quarter_of(city: int, quarter: int) -> str:
    """Name of a neighbourhood."""
    return f"City {city}, quarter {quarter}"


def draw_stock(listings: int, *, today: date, seed: int) -> Stock:
    """Draw a marketplace."""
    rng = np.random.default_rng(seed)
    weights = 1.0 / np.arange(1, CITIES + 1) ** 0.9
    city = rng.choice(CITIES, size=listings, p=weights / weights.sum()).astype(np.int16)
    centres = np.stack([rng.uniform(-45, 62, CITIES), rng.uniform(-175, 175, CITIES)], axis=1)
    spread = rng.uniform(0.02, 0.09, CITIES)
    bedrooms = np.minimum(rng.geometric(0.5, listings), 12)
    reviews = np.where(rng.random(listings) < 0.8, rng.geometric(0.02, listings), 0)
    rating = np.where(reviews == 0, np.nan, np.clip(5 - rng.gamma(1.5, 0.2, listings), 1, 5)).round(2)
    chances = rng.permutation(np.geomspace(0.95, 0.03, len(CODES)))
    return Stock(
        today=today,
        seed=seed,
        centres=centres,
        pool=tuple(_drawn_calendar(rng, today) for _ in range(POOL)),
        city=city,
        quarter=rng.integers(QUARTERS, size=listings, dtype=np.int8),
        calendar=rng.integers(POOL, size=listings, dtype=np.int16),
        latitude=(centres[city, 0] + rng.normal(0, 1, listings) * spread[city]).round(6),
        longitude=(centres[city, 1] + rng.normal(0, 1, listings) * spread[city]).round(6),
        room_type=rng.choice(4, size=listings, p=(0.72, 0.24, 0.02, 0.02)).astype(np.int8),
        property_type=rng.integers(len(PROPERTY_TYPES), size=listings, dtype=np.int8),
        policy=rng.integers(len(POLICIES), size=listings, dtype=np.int8),
        instant_book=rng.random(listings) < 0.5,
        superhost=rng.random(listings) < 0.25,
        bedrooms=bedrooms.astype(np.int8),
        beds=(bedrooms + rng.integers(2, size=listings)).astype(np.int8),
        accommodates=np.minimum(16, 2 * bedrooms).astype(np.int8),
        bathrooms=(rng.integers(2, 6, size=listings) / 2).astype(np.float32),
        rating=rating.astype(np.float32),
        review_count=reviews.astype(np.int32),
        amenities=_drawn_amenities(rng, listings, chances),
    )


def _drawn_amenities(rng: np.random.Generator, listings: int, chances: NDArray[np.float64]) -> NDArray[np.uint8]:
    packed = np.zeros((listings, -(-len(chances) // 8)), np.uint8)
    for first in range(0, listings, 50_000):
        part = packed[first : first + 50_000]
        part[:] = np.packbits(rng.random((len(part), len(chances)), np.float32) < chances, axis=1)
    return packed


def _drawn_calendar(rng: np.random.Generator, today: date) -> PoolCalendar:
    base = int(rng.lognormal(9.2, 0.5)) // 100 * 100 + 500
    plan = RatePlanRow(
        base_price_minor=base,
        weekend_price_minor=base * int(rng.choice([100, 110, 120, 130])) // 100,
        min_stay=int(rng.choice([1, 1, 2, 2, 3, 5])),
        max_stay=int(rng.choice([28, 90, 365])),
        advance_notice_days=int(rng.choice([0, 1, 2])),
        calendar_from=today - timedelta(days=1),
        calendar_until=today + timedelta(days=HORIZON_NIGHTS + 3),
    )
    seasons = tuple(
        SeasonRow(
            starts_on=today + timedelta(days=first),
            ends_before=today + timedelta(days=first + int(rng.integers(20, 60))),
            price_bps=int(rng.choice([8_000, 9_000, 11_500, 13_000, 16_000])),
            min_stay=int(rng.choice([1, 3, 5, 7])),
        )
        for first in (15, 100, 180, 260)
    )
    own = sorted({int(n) for n in rng.integers(2, 300, 4)})
    nights = tuple(
        NightRow(
            night=today + timedelta(days=n),
            price_minor=base * 2,
            min_stay=None,
            max_stay=None,
            closed_to_arrival=bool(rng.random() < 0.2),
            closed_to_departure=bool(rng.random() < 0.1),
        )
        for n in own
    )
    terms = PriceTerms(
        currency=str(rng.choice(CURRENCIES, p=(0.6, 0.1, 0.1, 0.1, 0.1))),
        cleaning_fee_minor=int(rng.integers(0, 8_000)),
        guests_included=int(rng.integers(1, 5)),
        extra_guest_fee_minor=int(rng.integers(0, 2_000)),
        weekly_discount_bps=int(rng.choice([0, 500, 1_000])),
        monthly_discount_bps=int(rng.choice([0, 2_000])),
        service_fee_bps=SERVICE_FEE_BPS,
        tax_bps=0,
    )
    return PoolCalendar(plan, seasons, nights, _drawn_stays(rng, today), terms)


def _drawn_stays(rng: np.random.Generator, today: date) -> tuple[tuple[date, date], ...]:
    """Guests one after the other, denser in the weeks ahead."""
    stays: list[tuple[date, date]] = []
    day, pace = int(rng.integers(0, 10)), float(rng.uniform(3, 14))
    while day < 300:  # nobody books further ahead
        nights = int(rng.integers(2, 9))
        stays.append((today + timedelta(days=day), today + timedelta(days=day + nights)))
        day += nights + 1 + int(rng.exponential(pace * (1 + day / 40)))
    return tuple(stays)
