"""A market as the guests of the simulation meet it: what is shown of each listing, and what is true of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Protocol

import numpy as np

from lodestay.vocabulary.property_types import RoomType
from simulation.cities import CITIES
from simulation.draws import Bools, Floats, Ints, Texts, stream
from simulation.nights import CityDays
from simulation.stay_grid import StayGrid

WANTED: Final = (
    "pool",
    "sea_view",
    "balcony",
    "garden",
    "workspace",
    "kitchen",
    "air_conditioning",
    "free_parking",
    "pets_allowed",
    "family_friendly",
    "breakfast",
    "elevator",
    "sauna",
)
"""Amenities that guests of the simulation may have their heart set on."""
_PRIOR_REVIEWS: Final = 5.0
"""Reviews' worth of doubt towards a rating."""
_SPOTS: Final = 6
_PROMOTION: Final = 0.8
_UNKNOWN_NIGHTS: Final = 0.02


@dataclass(frozen=True)
class Market:
    """Listings of a market as columns of l rows, and the grid of their nights.

    Attributes
    ----------
    entire, has
        (l,) whether a guest has the place alone; (l, len(WANTED)) amenities.
    standing
        (l,) rating as :func:`standing` reads it.
    quality, appeal
        (l,) the truth: how good a stay is, and how good the listing looks in a list.
    promotion
        (l,) the taste of the platform's ranking for a listing, for no reason that a guest has.
    spots
        (s, 2) latitude and longitude of where guests want to be; the first is the centre.
    night_demand
        (nights of the grid,) how much guests want each night; 0 where the market's calendars do not reach.
    usual_minor
        Price of a usual night.
    min_stay
        (l,) the minimum stay that a listing usually asks for.
    """

    key: str
    timezone: str
    currency: str
    languages: tuple[str, ...]
    listing_id: Ints
    latitude: Floats
    longitude: Floats
    accommodates: Ints
    entire: Bools
    has: Bools
    language: Texts
    standing: Floats
    review_count: Ints
    quality: Floats
    appeal: Floats
    promotion: Floats
    spots: Floats
    night_demand: Floats
    usual_minor: float
    min_stay: Ints
    grid: StayGrid


class ListingFacts(Protocol):
    """What guests are shown of a listing."""

    @property
    def listing_id(self) -> int:
        """Number of the listing."""

    @property
    def latitude(self) -> float:
        """Degrees north."""

    @property
    def longitude(self) -> float:
        """Degrees east."""

    @property
    def accommodates(self) -> int:
        """Most guests."""

    @property
    def room_type(self) -> str:
        """How much of the place a guest has."""

    @property
    def amenities(self) -> Sequence[str]:
        """Codes of the vocabulary."""

    @property
    def language(self) -> str | None:
        """Of the description."""

    @property
    def neighbourhood(self) -> str | None:
        """Name."""

    @property
    def rating(self) -> Decimal | None:
        """Mean stars."""

    @property
    def review_count(self) -> int:
        """Reviews."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a market is, without its supply."""

    key: str
    timezone: str
    currency: str
    latitude: float
    longitude: float


def build_market(
    place: Place,
    listings: Sequence[ListingFacts],
    grid: StayGrid,
    *,
    truth: tuple[Floats, Floats] | None,
    seed: int,
) -> Market:
    """Put a market together.

    Parameters
    ----------
    listings
        In the order of the grid's columns.
    truth
        Quality and appeal of each listing where they are on record; made up from reviews and seed otherwise.
    """
    latitude = np.array([listing.latitude for listing in listings])
    longitude = np.array([listing.longitude for listing in listings])
    rating = np.array([np.nan if listing.rating is None else float(listing.rating) for listing in listings])
    review_count = np.array([listing.review_count for listing in listings], dtype=np.int64)
    language = np.array([listing.language or "" for listing in listings])
    neighbourhood = np.array([listing.neighbourhood or "" for listing in listings])
    quality, appeal = truth or derive_truth(rating, review_count, key=(seed, place.key))
    return Market(
        key=place.key,
        timezone=place.timezone,
        currency=place.currency,
        languages=languages_of(place.key, language),
        listing_id=np.array([listing.listing_id for listing in listings], dtype=np.int64),
        latitude=latitude,
        longitude=longitude,
        accommodates=np.array([listing.accommodates for listing in listings], dtype=np.int64),
        entire=np.array([listing.room_type == RoomType.ENTIRE_HOME for listing in listings]),
        has=np.array([[code in listing.amenities for code in WANTED] for listing in listings]),
        language=language,
        standing=standing(rating, review_count),
        review_count=review_count,
        quality=quality,
        appeal=appeal,
        promotion=_PROMOTION * stream(seed, place.key, "promotion").standard_normal(len(listings)),
        spots=find_spots(latitude, longitude, neighbourhood, centre=(place.latitude, place.longitude)),
        night_demand=night_demand(place.key, grid),
        usual_minor=float(np.nanmedian(grid.typical_prices())),
        min_stay=grid.usual_min_stays(),
        grid=grid,
    )


def standing(rating: Floats, review_count: Ints) -> Floats:
    """Ratings in standard deviations, shrunk towards the mean where few reviews speak; 0 without any."""
    known = ~np.isnan(rating)
    if not known.any():
        return np.zeros(len(rating))
    mean, deviation = rating[known].mean(), max(float(rating[known].std()), 0.05)
    weight = review_count / (review_count + _PRIOR_REVIEWS)
    return np.where(known, weight * (np.nan_to_num(rating, nan=mean) - mean) / deviation, 0.0)


def derive_truth(rating: Floats, review_count: Ints, *, key: tuple[int | str, ...]) -> tuple[Floats, Floats]:
    """Make up quality and appeal where none is on record: what the reviews say, and what they do not.

    Parameters
    ----------
    key
        Names the stream of random numbers; the same key gives the same truth.
    """
    rng = stream(*key, "truth")
    quality = 0.75 * standing(rating, review_count) + 0.6 * rng.standard_normal(len(rating))
    appeal = 0.65 * quality + 0.76 * rng.standard_normal(len(rating))
    return quality, appeal


def find_spots(latitude: Floats, longitude: Floats, neighbourhood: Texts, *, centre: tuple[float, float]) -> Floats:
    """Where guests want to be: the centre, and the middle of each of the largest neighbourhoods."""
    names, sizes = np.unique(neighbourhood, return_counts=True)
    largest = names[np.argsort(-sizes, kind="stable")][: _SPOTS - 1]
    middles = [(latitude[neighbourhood == n].mean(), longitude[neighbourhood == n].mean()) for n in largest]
    return np.array([centre, *middles])


def night_demand(key: str, grid: StayGrid) -> Floats:
    """How much guests want each night of a market's grid.

    Of a synthetic city this is known. Elsewhere it is read from what hosts, who know their city, ask for
    the night against the usual.
    """
    reaches = grid.open_share() > _UNKNOWN_NIGHTS
    for city in CITIES:
        if city.facts.market_key == key:
            return CityDays.of(city, grid.start, grid.end).demand * reaches
    price = grid.night_prices()
    usual = np.nanmedian(price) if reaches.any() else 1.0
    return np.nan_to_num(price / usual, nan=1.0) ** 1.5 * reaches


def languages_of(key: str, language: Texts) -> tuple[str, ...]:
    """Languages spoken in a market, the commonest first: of the city where it is known, else of its hosts."""
    for city in CITIES:
        if city.facts.market_key == key:
            return tuple(city.languages)
    known, counts = np.unique(language[language != ""], return_counts=True)
    return tuple(known[np.argsort(-counts, kind="stable")].tolist()) or ("en",)


def day_number(market: Market, day: date) -> int:
    """Row of a night in the market's grid."""
    return (day - market.grid.start).days
