"""What a search is asked for over HTTP."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from lodestay.money import Money
from lodestay.stay import Stay
from search.flexible import MAX_DAYS, MAX_MONTHS, AroundDates, InMonths, Month, MonthsAhead, Trip, Wish
from search.request import (
    MAX_CORNERS,
    MAX_PAGE_SIZE,
    MAX_RADIUS_KM,
    MAX_TEXT,
    MAX_ZOOM,
    Area,
    Bounds,
    Circle,
    Filters,
    InvalidSearch,
    Point,
    Polygon,
    Sort,
)
from serving.schemas import Day, Guests, ListingId, MarketKey, MonthText, Query, plain_number

MAX_VALUES = 30
"""Values of one filter that can be ticked at once."""
MAX_CODE = 80
"""Characters of one such value."""
MAX_POLYGON = 40 * MAX_CORNERS
"""Characters of a polygon: two numbers of double precision a corner."""
MAX_MAJOR = Decimal(10**9)
DEFAULT_MONTHS = 3
"""Months ahead in which a trip is looked for where nothing is said."""
MAX_CURSOR = 8_000
"""Characters: five hundred numbers of eight bytes are 5,500."""
PAGING = ("page", "page_size", "cursor", "debug", "debug_listing")
"""What of a search says which part of the answer is wanted, and not of what."""

Code = Annotated[str, StringConstraints(min_length=1, max_length=MAX_CODE)]
Codes = Annotated[list[Code], Field(max_length=MAX_VALUES)]
Price = Annotated[Decimal, Field(ge=0, le=MAX_MAJOR, max_digits=14, decimal_places=4)]


LOCALE = (
    "Language of the guest (BCP 47). It is kept with the search in the event log and changes nothing in the answer: "
    "reasons are in English, with a `code` to word them by, and amounts are left to the app to format."
)


class PlaceQuery(Query):
    """Where to look and for what.

    Name a place, or send bounds, a polygon, or a centre with a radius; or name a market; or look everywhere.
    """

    text: str | None = Field(
        None,
        max_length=MAX_TEXT,
        description="A wish in any language; it may name a place.",
        examples=["quiet, with a balcony"],
    )
    place: str | None = Field(
        None, max_length=100, description="A city, a part of one, or a landmark.", examples=["Lisbon"]
    )
    market: MarketKey | None = None
    bounds: str | None = Field(
        None,
        max_length=100,
        description="south,west,north,east in degrees; west > east crosses the date line.",
        examples=["38.69,-9.23,38.80,-9.09"],
    )
    polygon: str | None = Field(
        None,
        max_length=MAX_POLYGON,
        description=(
            f"The corners of an area drawn on the map, once round: 3 to {MAX_CORNERS} of latitude,longitude with `;` "
            "between them. Edges go the shorter way round the Earth, over the date line too."
        ),
        examples=["38.70,-9.18;38.75,-9.18;38.74,-9.10;38.70,-9.11"],
    )
    latitude: float | None = Field(None, ge=-90, le=90, description="Of the centre.", examples=[38.72])
    longitude: float | None = Field(None, ge=-180, le=180, examples=[-9.14])
    radius_km: float = Field(10.0, gt=0, le=MAX_RADIUS_KM, description="Around the centre.")
    guests: Guests = 1
    room_type: Codes = Field([], description="One of these.")
    property_type: Codes = Field([], description="One of these.")
    category: Codes = Field([], description="In one of these.", examples=[["beach"]])
    amenity: Codes = Field([], description="All of these.", examples=[["wifi"]])
    accessibility: Codes = Field(
        [],
        description="All of these: amenities about getting in and around.",
        examples=[["step_free", "wide_doorways"]],
    )
    allows: Codes = Field([], description="Welcomes all of these: pets, smoking, events, children.")
    host_language: Codes = Field(
        [], description="The host speaks one of these (ISO 639-1), by the host's own word.", examples=[["pt", "en"]]
    )
    neighbourhood: Codes = Field([], description="One of these.")
    cancellation_policy: Codes = Field([], description="One of these.")
    min_price: Price | None = Field(None, description="Stay total (a night's price without dates), in `currency`.")
    max_price: Price | None = Field(None, description="In major units, such as 129.50.")
    min_bedrooms: int | None = Field(None, ge=0, le=50)
    min_beds: int | None = Field(None, ge=0, le=100)
    min_bathrooms: float | None = Field(None, ge=0, le=50)
    min_rating: float | None = Field(None, ge=0, le=5)
    instant_book: bool | None = None
    superhost: bool | None = None
    currency: str | None = Field(
        None, pattern=r"^[A-Z]{3}$", description="Of prices; default: the market's.", examples=["EUR"]
    )

    @model_validator(mode="after")
    def _one_area(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude go together")
        if sum(given is not None for given in (self.place, self.bounds, self.polygon, self.latitude)) > 1:
            raise ValueError("send one of place, bounds, polygon, and latitude with longitude")
        return self

    def area(self) -> Area | None:
        """Where to look, as far as coordinates say."""
        if self.bounds is not None:
            return _bounds(self.bounds)
        if self.polygon is not None:
            return _polygon(self.polygon)
        if self.latitude is None or self.longitude is None:
            return None
        return Circle(Point(self.latitude, self.longitude), self.radius_km)

    def filters(self, currency: str) -> Filters:
        """What a result must have; prices in minor units of `currency`."""
        return Filters(
            room_types=frozenset(self.room_type),
            property_types=frozenset(self.property_type),
            categories=frozenset(self.category),
            amenities=frozenset(self.amenity),
            accessibility=frozenset(self.accessibility),
            allows=frozenset(self.allows),
            host_languages=frozenset(self.host_language),
            neighbourhoods=frozenset(self.neighbourhood),
            cancellation_policies=frozenset(self.cancellation_policy),
            # Of an amount between two that can be charged, what it says is kept: neither dearer nor cheaper.
            min_price_minor=_minor(self.min_price, currency, rounding=ROUND_CEILING),
            max_price_minor=_minor(self.max_price, currency, rounding=ROUND_FLOOR),
            min_bedrooms=self.min_bedrooms,
            min_beds=self.min_beds,
            min_bathrooms=self.min_bathrooms,
            min_rating=self.min_rating,
            instant_book=self.instant_book,
            superhost=self.superhost,
        )


def _minor(amount: Decimal | None, currency: str, *, rounding: str) -> int | None:
    return None if amount is None else Money.parse(amount, currency, rounding=rounding).minor


class SearchQuery(PlaceQuery):
    """A search for a stay, for any of some flexible stays, or without dates."""

    check_in: Day | None = Field(None, examples=["2027-05-07"])
    check_out: Day | None = Field(None, description="Day of departure.", examples=["2027-05-11"])
    flexible_days: int | None = Field(
        None,
        ge=1,
        le=MAX_DAYS,
        description="The stay may begin up to so many days before or after `check_in` and keeps its length.",
    )
    flexible: Trip | None = Field(
        None,
        description=(
            "Instead of dates: how long. A `weekend` is Friday to Sunday, a `long_weekend` Friday to Monday, "
            "a `week` seven nights, a `month` 28 nights."
        ),
    )
    month: Annotated[list[MonthText], Field(max_length=MAX_MONTHS)] = Field(
        [],
        description=(
            "With `flexible`: every night of the stay lies in one of these months. "
            "Default: in the next three months, or as many as `months_ahead` says."
        ),
        examples=[["2027-05"]],
    )
    months_ahead: int | None = Field(
        None, ge=1, le=MAX_MONTHS, description="With `flexible`, instead of `month`: the stay is over by then."
    )
    map_zoom: int | None = Field(
        None, ge=0, le=MAX_ZOOM, description="Zoom of the map tiles (as web maps have them) to count all results in."
    )
    sort: Sort = Sort.RELEVANCE
    page: int = Field(1, ge=1, le=500)
    page_size: int = Field(20, ge=1, le=MAX_PAGE_SIZE)
    cursor: str | None = Field(
        None,
        max_length=MAX_CURSOR,
        description="`next_cursor` of the page before, with all else as it was: the order stays as it was then.",
    )
    debug: bool = Field(False, description="Have the answer say how it came about; for administrators and hosts.")
    debug_listing: ListingId | None = Field(
        None, description="With `debug`: why this listing is where it is, or not in the results. A host's is theirs."
    )
    locale: str = Field("en", pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$", description=LOCALE)

    @model_validator(mode="after")
    def _one_page(self) -> Self:
        if self.cursor is not None and self.page != 1:
            raise ValueError("send one of page and cursor")
        if self.debug_listing is not None and not self.debug:
            raise ValueError("debug_listing needs debug=true")
        return self

    @model_validator(mode="after")
    def _one_kind_of_dates(self) -> Self:
        if (self.check_in is None) != (self.check_out is None):
            raise ValueError("check_in and check_out go together")
        if self.flexible is not None and (self.check_in is not None or self.flexible_days is not None):
            raise ValueError("send check_in with check_out (and flexible_days), or flexible, not both")
        if self.flexible_days is not None and self.check_in is None:
            raise ValueError("flexible_days needs check_in and check_out, which it moves")
        if self.flexible is None and (self.month or self.months_ahead is not None):
            raise ValueError("month and months_ahead need flexible: weekend, long_weekend, week or month")
        if self.month and self.months_ahead is not None:
            raise ValueError("send month or months_ahead, not both")
        return self

    @property
    def stay(self) -> Stay | None:
        """The one stay that would do; None without dates, and where they are flexible."""
        wish = self.wish()
        return wish if isinstance(wish, Stay) else None

    def wish(self) -> Stay | Wish | None:
        """When: a stay, a wish where the dates are flexible, or None without dates."""
        stay = Stay(self.check_in, self.check_out) if self.check_in and self.check_out else None
        if stay is not None and self.flexible_days is not None:
            return AroundDates(stay, self.flexible_days)
        if self.flexible is None:
            return stay
        if self.month:
            return InMonths(self.flexible, tuple(Month.read(month) for month in self.month))
        return MonthsAhead(self.flexible, self.months_ahead or DEFAULT_MONTHS)


def _bounds(text: str) -> Bounds:
    try:
        south, west, north, east = map(plain_number, text.split(","))
    except ValueError:
        raise InvalidSearch(
            "`bounds` are not four numbers.", hint="Send south,west,north,east, such as 38.69,-9.23,38.80,-9.09."
        ) from None
    return Bounds(south, west, north, east)


def _polygon(text: str) -> Polygon:
    points = []
    for number, corner in enumerate(text.removesuffix(";").split(";"), start=1):
        try:
            latitude, longitude = map(plain_number, corner.split(","))
        except ValueError:
            raise InvalidSearch(
                f"Point {number} of `polygon`, {corner[:40]!r}, is not two numbers.",
                hint="Send latitude,longitude;latitude,longitude;…, such as 38.70,-9.18;38.75,-9.18;38.74,-9.10.",
            ) from None
        points.append(Point(latitude, longitude))
    return Polygon(tuple(points))
