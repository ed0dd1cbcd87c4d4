"""What is asked of a search: validated, in the field's terms, without HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lodestay.errors import InvalidInput
from lodestay.stay import Stay

MAX_TEXT = 200
"""Characters of a free-text query that are read."""
MAX_PAGE_SIZE = 50
MAX_PAGE_DEPTH = 500
"""Results that can be paged through: as many as the ranker orders."""
MAX_RADIUS_KM = 200.0


class InvalidSearch(InvalidInput):
    """A search that cannot be answered as asked."""

    title = "Invalid search"


class Sort(StrEnum):
    """Order of the results."""

    RELEVANCE = "relevance"
    PRICE = "price"
    PRICE_DESC = "-price"
    RATING = "-rating"
    DISTANCE = "distance"


@dataclass(frozen=True, slots=True)
class Point:
    """A place on Earth, WGS 84 degrees."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Bounds:
    """A box; `west` > `east` crosses the date line."""

    south: float
    west: float
    north: float
    east: float


@dataclass(frozen=True, slots=True)
class Circle:
    """Everything within `radius_km` of a centre."""

    centre: Point
    radius_km: float


@dataclass(frozen=True, slots=True)
class Filters:
    """What a result must have; empty means anything.

    `min_price_minor` and `max_price_minor` bound the stay's total in the request's currency (the
    nightly price where no dates are asked).
    """

    room_types: frozenset[str] = frozenset()
    property_types: frozenset[str] = frozenset()
    amenities: frozenset[str] = frozenset()
    neighbourhoods: frozenset[str] = frozenset()
    cancellation_policies: frozenset[str] = frozenset()
    min_price_minor: int | None = None
    max_price_minor: int | None = None
    min_bedrooms: int | None = None
    min_beds: int | None = None
    min_bathrooms: float | None = None
    min_rating: float | None = None
    instant_book: bool | None = None
    superhost: bool | None = None


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A search.

    Attributes
    ----------
    area
        Where to look; None looks in the whole of `market`.
    centre
        Where distances are measured from: the place named, or the centre of the area.
    text_vector
        Embedding of `text` by the index's model, where one is at hand.
    rates
        Units of `currency` for one unit of each listing currency that may appear.
    """

    text: str | None
    market: str | None
    area: Bounds | Circle | None
    centre: Point | None
    stay: Stay | None
    guests: int
    filters: Filters
    sort: Sort
    page: int
    page_size: int
    currency: str
    locale: str
    rates: dict[str, float]
    text_vector: tuple[float, ...] | None = None
