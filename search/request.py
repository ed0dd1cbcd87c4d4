"""What is asked of a search: validated, in the field's terms, without HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from lodestay.errors import InvalidInput
from lodestay.money import decimal_text
from lodestay.stay import Stay
from search import polygon

MAX_TEXT = 200
"""Characters of a free-text query that are read."""
MAX_PAGE_SIZE = 50
MAX_PAGE_DEPTH = 500
"""Results that can be paged through: as many as the ranker orders."""
MAX_RADIUS_KM = 200.0
MIN_CORNERS, MAX_CORNERS = 3, 100
"""Points of a polygon."""
MAX_ZOOM = 22
MAX_TILES = 4_096
"""Tiles that are counted at once: a screen of them, or the world at zoom 6."""


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

    def __post_init__(self) -> None:
        if not (-90 <= self.latitude <= 90 and -180 <= self.longitude <= 180):  # noqa: PLR2004
            raise InvalidSearch(
                f"({self.latitude}, {self.longitude}) is no place on Earth.",
                hint="Send a latitude of -90 to 90 and a longitude of -180 to 180 degrees.",
            )


@dataclass(frozen=True, slots=True)
class Bounds:
    """A box; `west` > `east` crosses the date line."""

    south: float
    west: float
    north: float
    east: float

    def __post_init__(self) -> None:
        Point(self.south, self.west)
        Point(self.north, self.east)
        if self.south > self.north:
            raise InvalidSearch(
                f"The south edge {self.south} lies north of the north edge {self.north}.", hint="Swap the two."
            )

    @property
    def centre(self) -> Point:
        """The middle of the box, also across the date line."""
        width = self.east - self.west if self.west <= self.east else self.east - self.west + 360
        longitude = (self.west + width / 2 + 180) % 360 - 180
        return Point((self.south + self.north) / 2, longitude)


@dataclass(frozen=True, slots=True)
class Circle:
    """Everything within `radius_km` of a centre."""

    centre: Point
    radius_km: float

    def __post_init__(self) -> None:
        if not 0 < self.radius_km <= MAX_RADIUS_KM:
            raise InvalidSearch(
                f"A radius of {self.radius_km} km cannot be searched.",
                hint=f"Send more than 0 and at most {MAX_RADIUS_KM:g} km.",
            )


@dataclass(frozen=True, slots=True)
class Polygon:
    """Everything within a ring whose edges are straight on a map of degrees, and go the shorter way round the Earth.

    Attributes
    ----------
    points
        The ring, once round in either direction; a last one that is the first again is left out.
    latitudes, longitudes
        Of the points, unrolled (:func:`search.polygon.unrolled`).
    """

    points: tuple[Point, ...]
    latitudes: tuple[float, ...] = field(init=False, repr=False, compare=False)
    longitudes: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        points = self.points[:-1] if len(self.points) > 1 and self.points[0] == self.points[-1] else self.points
        if not MIN_CORNERS <= len(points) <= MAX_CORNERS:
            raise InvalidSearch(
                f"A polygon of {len(points)} points cannot be searched.",
                hint=f"Send {MIN_CORNERS} to {MAX_CORNERS} different points.",
            )
        longitudes = polygon.unrolled([point.longitude for point in points])
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "latitudes", tuple(point.latitude for point in points))
        object.__setattr__(self, "longitudes", tuple(longitudes))
        self._refuse_what_is_no_ring()

    def _refuse_what_is_no_ring(self) -> None:
        for after, point in enumerate(self.points):
            if point == self.points[after - 1]:
                raise InvalidSearch(
                    f"The polygon names ({point.latitude}, {point.longitude}) twice in a row.", hint="Send it once."
                )
        width = max(self.longitudes) - min(self.longitudes)
        if width > polygon.MAX_WIDTH:
            raise InvalidSearch(
                f"The polygon is {width:g} degrees wide.",
                hint=f"Send one of at most {polygon.MAX_WIDTH:g} degrees of longitude, or bounds.",
            )
        met = polygon.crossing(self.latitudes, self.longitudes)
        if met is not None:
            raise InvalidSearch(
                f"The polygon crosses or touches itself at ({met[0]:g}, {_round_the_earth(met[1]):g}).",
                hint="Send the points in their order along the edge, once round; they must not all lie on one line.",
            )

    @property
    def bounds(self) -> Bounds:
        """Smallest box that holds it, over the date line where the polygon is."""
        west, east = (self.longitudes.index(end(self.longitudes)) for end in (min, max))
        return Bounds(
            min(self.latitudes), self.points[west].longitude, max(self.latitudes), self.points[east].longitude
        )

    @property
    def centre(self) -> Point:
        """The centre of its area."""
        latitude, longitude = polygon.centroid(self.latitudes, self.longitudes)
        return Point(latitude, _round_the_earth(longitude))


def _round_the_earth(longitude: float) -> float:
    """A longitude from -180 up to 180 for one beyond."""
    return (longitude + 180) % 360 - 180


Area = Bounds | Circle | Polygon
"""Where to look."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a result must have; empty means anything.

    Of `amenities`, `accessibility` and `allows` a result has all; of the other sets it has one. `min_price_minor` and
    `max_price_minor` bound the stay's total in the request's currency (the nightly price where no
    dates are asked).
    """

    room_types: frozenset[str] = frozenset()
    property_types: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    amenities: frozenset[str] = frozenset()
    accessibility: frozenset[str] = frozenset()
    allows: frozenset[str] = frozenset()
    host_languages: frozenset[str] = frozenset()
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

    @property
    def asks_price(self) -> bool:
        """Whether not every price will do."""
        return self.min_price_minor is not None or self.max_price_minor is not None

    def takes_price(self, price_minor: int | None) -> bool:
        """Whether a price in the request's currency is one that is asked for; one that is not known only if any is."""
        if not self.asks_price:
            return True
        low, high = self.min_price_minor, self.max_price_minor
        return price_minor is not None and (low or 0) <= price_minor and (high is None or price_minor <= high)


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A search.

    Attributes
    ----------
    text
        What the guest would like, in words. It orders the results by relevance and gives every candidate
        its scores; it does not narrow them, or a French wish would hide every Swedish listing. None, not
        empty, where nothing is said.
    market, area
        Where to look; both None look everywhere.
    centre
        Where distances are measured from: the place named. None measures from the middle of the area.
    text_vector
        Embedding of `text` by the index's model, where one is at hand.
    flexible
        Where the dates are flexible, the stays that would do instead of `stay`: of one length, the earliest first
        (:func:`search.flexible.stays_of`). Each listing stands in the answer with its best one, the cheapest and of
        those the earliest.
    tile_zoom
        Size of the map tiles to count the results in; None counts none.
    rates
        Units of `currency` for one unit of each listing currency that may appear; `currency` itself needs
        none. A listing in a currency without a rate has no price to filter or sort by.
    """

    text: str | None
    market: str | None
    area: Area | None
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
    tile_zoom: int | None = None
    flexible: tuple[Stay, ...] = ()

    def __post_init__(self) -> None:
        if self.sort is Sort.DISTANCE and self.origin is None:
            raise InvalidSearch(
                "There is no place to sort by distance from.", hint="Name a place, or send bounds or a centre."
            )
        if self.guests < 1 or self.page < 1 or not 1 <= self.page_size <= MAX_PAGE_SIZE:
            raise InvalidSearch(
                f"{self.guests} guests, page {self.page} of {self.page_size} results: one of them is out of range.",
                hint=f"Ask for at least one guest, from page 1 on, for 1 to {MAX_PAGE_SIZE} results a page.",
            )
        if self.page * self.page_size > MAX_PAGE_DEPTH:
            raise InvalidSearch(
                f"Page {self.page} of {self.page_size} results lies beyond the first {MAX_PAGE_DEPTH}.",
                hint="Narrow the search by filters or by the map.",
            )
        if self.tile_zoom is not None and not 0 <= self.tile_zoom <= MAX_ZOOM:
            raise InvalidSearch(
                f"There are no map tiles at zoom {self.tile_zoom}.", hint=f"Ask for a zoom from 0 to {MAX_ZOOM}."
            )
        low, high = self.filters.min_price_minor, self.filters.max_price_minor
        if low is not None and high is not None and low > high:
            lowest, highest = (f"{decimal_text(minor, self.currency)} {self.currency}" for minor in (low, high))
            raise InvalidSearch(f"The lowest price {lowest} is above the highest {highest}.", hint="Swap the two.")
        if self.flexible and (self.stay is not None or len({stay.nights for stay in self.flexible}) > 1):
            raise InvalidSearch(
                "Flexible dates are of one length, and no others beside them.", hint="Send one kind of dates."
            )

    @property
    def nights(self) -> int | None:
        """Length of the stay, of every one where the dates are flexible; None without dates."""
        stay = self.flexible[0] if self.flexible else self.stay
        return None if stay is None else stay.nights

    @property
    def origin(self) -> Point | None:
        """Where distances are measured from."""
        return self.centre or (None if self.area is None else self.area.centre)


ANYTHING: Final = SearchRequest(
    text=None,
    market=None,
    area=None,
    centre=None,
    stay=None,
    guests=1,
    filters=Filters(),
    sort=Sort.RELEVANCE,
    page=1,
    page_size=1,
    currency="EUR",
    locale="en",
    rates={},
)
"""A search that asks for nothing in particular, to be changed where one does."""
