"""Rates: what a home is worth a night, what its host asks, and the host's stay rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from lodestay.money import minor_digits
from lodestay.pricing import MONTH_NIGHTS
from lodestay.stay import MAX_NIGHTS
from lodestay.vocabulary.cancellation import CancellationPolicy
from lodestay.vocabulary.property_types import RoomType
from simulation.cities import City
from simulation.draws import Bools, Floats, Ints, Texts, happens, pick, pick_text
from simulation.homes import CODES, Homes

_ROOM_FACTOR: Final = {
    RoomType.ENTIRE_HOME: 1.0,
    RoomType.PRIVATE_ROOM: 0.54,
    RoomType.SHARED_ROOM: 0.3,
    RoomType.HOTEL_ROOM: 0.98,
}
_WORTH: Final = {
    "pool": 0.16,
    "hot_tub": 0.10,
    "sea_view": 0.14,
    "air_conditioning": 0.05,
    "balcony": 0.04,
    "free_parking": 0.05,
    "breakfast": 0.06,
    "elevator": 0.02,
    "dishwasher": 0.03,
    "garden": 0.03,
}
"""Log price that an amenity adds."""
_COUPLE: Final = 2
_MIN_STAYS: Final = {1: 0.36, 2: 0.31, 3: 0.18, 4: 0.05, 5: 0.04, 7: 0.03, MONTH_NIGHTS: 0.03}
_MAX_STAYS: Final = {7: 0.03, 14: 0.10, 30: 0.30, 90: 0.17, MAX_NIGHTS: 0.40}
_POLICIES: Final = {
    str(CancellationPolicy.FLEXIBLE): 0.36,
    str(CancellationPolicy.MODERATE): 0.39,
    str(CancellationPolicy.STRICT): 0.25,
}


@dataclass(frozen=True)
class Rates:
    """The rate plans of a city's homes as columns of n rows; amounts in minor units.

    Attributes
    ----------
    fair_minor
        What the home is worth a night by its qualities, before the host's whim.
    season_strength
        How far the host follows the city's seasons: 0 not at all, 1 as is usual.
    """

    fair_minor: Ints
    base_minor: Ints
    weekend_minor: Ints
    cleaning_minor: Ints
    guests_included: Ints
    extra_guest_minor: Ints
    weekly_bps: Ints
    monthly_bps: Ints
    min_stay: Ints
    max_stay: Ints
    advance_notice: Ints
    cancellation: Texts
    instant_book: Bools
    season_strength: Floats


def make_rates(rng: np.random.Generator, city: City, homes: Homes) -> Rates:
    """Price the homes: log-normal around what size, place, type and quality make."""
    count = len(homes.quality)
    entire = homes.room_type == RoomType.ENTIRE_HOME
    fair = city.median_price * np.exp(_log_worth(city, homes))
    asked = fair * np.exp(0.24 * rng.standard_normal(count))
    weekend = 1 + (city.weekend_price - 1) * rng.uniform(0.0, 2.0, count) * (happens(rng, 0.75, count))
    cleaning = asked * rng.uniform(0.15, 0.6, count) * happens(rng, np.where(entire, 0.78, 0.2), count)
    some_included = (homes.accommodates > _COUPLE) & happens(rng, 0.4, count)
    min_stay = pick(rng, _MIN_STAYS, count)
    max_stay = pick(rng, _MAX_STAYS, count)
    weekly = pick(rng, {0: 0.45, 500: 0.25, 1000: 0.22, 1500: 0.08}, count)
    monthly = weekly + pick(rng, {0: 0.45, 500: 0.2, 1000: 0.2, 2000: 0.15}, count)
    return Rates(
        fair_minor=in_minor(city, fair),
        base_minor=in_minor(city, asked),
        weekend_minor=in_minor(city, asked * weekend),
        cleaning_minor=in_minor(city, cleaning),
        guests_included=np.where(some_included, (homes.accommodates + 1) // 2, homes.accommodates),
        extra_guest_minor=np.where(some_included, in_minor(city, asked * rng.uniform(0.06, 0.18, count)), 0),
        weekly_bps=weekly,
        monthly_bps=monthly,
        min_stay=min_stay,
        max_stay=np.where(min_stay >= MONTH_NIGHTS, MAX_NIGHTS, np.maximum(max_stay, min_stay)),
        advance_notice=pick(rng, {0: 0.36, 1: 0.35, 2: 0.19, 3: 0.07, 7: 0.03}, count),
        cancellation=pick_text(rng, _POLICIES, count),
        instant_book=happens(rng, 0.46, count),
        season_strength=rng.uniform(0.5, 1.4, count) * happens(rng, 0.82, count),
    )


def in_minor(city: City, amount: Floats) -> Ints:
    """Round amounts in major units to what hosts type in (whole euros, hundreds of yen), as minor units."""
    step = 10 ** max(0, int(np.log10(city.median_price)) - 2)
    major = np.floor(amount / step + 0.5).astype(np.int64) * step
    minor: Ints = major * 10 ** minor_digits(city.facts.currency)
    return minor


def _log_worth(city: City, homes: Homes) -> Floats:
    premium = np.log([n.premium for n in city.neighbourhoods])[homes.neighbourhood]
    room = np.log([_ROOM_FACTOR[RoomType(room)] for room in homes.room_type.tolist()])
    amenities = homes.has[:, [CODES.index(code) for code in _WORTH]] @ np.array(list(_WORTH.values()))
    size = 0.52 * np.log(homes.accommodates / 2) + 0.06 * (homes.bathrooms - 1)
    worth: Floats = premium + room + amenities + size - 0.035 * homes.centre_km + 0.15 * homes.quality
    return worth
