"""What a search answers over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from serving.schemas import MoneyOut, example
from serving.search.debug_answer import DebugOut


class PlaceOut(BaseModel):
    """The place that was understood."""

    name: str = Field(examples=["Lisbon"])
    latitude: float
    longitude: float


@dataclass(slots=True)
class PriceOut:
    """What a result costs; confirmed by the database that takes the bookings."""

    total: Annotated[MoneyOut | None, Field(description="Of the stay, fees and taxes included; null without dates.")]
    per_night: Annotated[
        MoneyOut | None, Field(description="The total over the nights; without dates what a night costs.")
    ]
    charged: Annotated[
        MoneyOut | None,
        Field(
            description="The total in the listing's currency: what a quote charges, unless it is asked for in another."
        ),
    ]


@dataclass(slots=True)
class ReasonOut:
    """Why a result stands where it does."""

    code: Annotated[str, Field(examples=["good_value"])]
    sentence: Annotated[str, Field(examples=["18 % below comparable places"])]
    contribution: Annotated[float, Field(description="To the ranker's score.")]


class FoundOut(BaseModel):
    """A listing that was found, with its price."""

    rank: int = Field(description="From 1, over all pages.")
    listing_id: int
    market: str
    title: str
    room_type: str
    property_type: str
    neighbourhood: str | None
    latitude: float
    longitude: float
    distance_km: float | None = Field(description="From the place, or the middle of the area.")
    check_in: date | None = Field(description="Of the stay that it stands here with: the best of flexible ones.")
    check_out: date | None
    nights: int | None
    accommodates: int
    bedrooms: int | None
    beds: int | None
    bathrooms: Decimal | None
    rating: Decimal | None
    review_count: int
    instant_book: bool
    superhost: bool
    cancellation_policy: str
    price: PriceOut
    score: float | None = Field(description="The ranker's; null where it was not asked.")
    reasons: list[ReasonOut]


class ResultOut(FoundOut):
    """A listing in the answer of a search."""

    proof: str = Field(description="That the search showed this listing at this rank: send it with events about it.")


@dataclass(slots=True)
class FacetValueOut:
    """A value to tick, and how many results it would leave."""

    value: Annotated[str, Field(description="Of a facet named `min_…` the results with at least so much are counted.")]
    count: int
    selected: bool


@dataclass(slots=True)
class HistogramBinOut:
    """Results with a price from `low` up to, and without, `high`."""

    low: MoneyOut
    high: MoneyOut
    count: int


@dataclass(slots=True)
class TileOut:
    """Results in a tile of the map."""

    zoom: int
    x: Annotated[int, Field(description="From the date line east, as web maps count.")]
    y: Annotated[int, Field(description="From the north.")]
    count: int
    cheapest: Annotated[MoneyOut | None, Field(description="Lowest price of a result in it; null where none is known.")]


@dataclass(slots=True)
class RegainedOut:
    """What taking one filter back would add."""

    filter: Annotated[str, Field(examples=["price"])]
    value: Annotated[str | None, Field(description="One of several amenities, say; null: the whole filter.")]
    more: Annotated[int, Field(description="Results that this filter alone keeps out.")]


RESULT = {
    "rank": 1,
    "listing_id": 42,
    "market": "lisbon",
    "title": "Loft by the river",
    "room_type": "entire_home",
    "property_type": "loft",
    "neighbourhood": "Alfama",
    "latitude": 38.7119,
    "longitude": -9.1263,
    "distance_km": 1.274,
    "check_in": "2027-05-07",
    "check_out": "2027-05-11",
    "nights": 4,
    "accommodates": 4,
    "bedrooms": 2,
    "beds": 3,
    "bathrooms": "1.5",
    "rating": "4.85",
    "review_count": 112,
    "instant_book": True,
    "superhost": False,
    "cancellation_policy": "moderate",
    "price": PriceOut(
        total=MoneyOut.of(51500, "EUR"), per_night=MoneyOut.of(12875, "EUR"), charged=MoneyOut.of(51500, "EUR")
    ),
    "score": 1.8342,
    "reasons": [ReasonOut(code="rating", sentence="Rated 4.85 by 112 guests", contribution=0.4127)],
    "proof": "5f2b8c1d9e7a4036b1c2d3e4f5061728",
}
"""Of the example."""


class SearchOut(BaseModel):
    """An answer: a page of results, and counts over all of them."""

    model_config = example(
        search_id="01930f6e-1f00-7b0a-9d5e-5b7e7f8f2a10",
        place=PlaceOut(name="Lisbon", latitude=38.7223, longitude=-9.1393),
        market="lisbon",
        check_in="2027-05-07",
        check_out="2027-05-11",
        nights=4,
        stays_tried=None,
        currency="EUR",
        total_count=1,
        page=1,
        page_size=20,
        pages=1,
        next_cursor=None,
        ranker="ranking@3",
        degraded=[],
        results=[RESULT],
        facets={"room_type": [FacetValueOut(value="entire_home", count=1, selected=False)]},
        histogram=[HistogramBinOut(low=MoneyOut.of(50000, "EUR"), high=MoneyOut.of(60000, "EUR"), count=1)],
        map_tiles=[TileOut(zoom=12, x=1943, y=1571, count=1, cheapest=MoneyOut.of(51500, "EUR"))],
        regained=[RegainedOut(filter="price", value=None, more=17)],
        debug=None,
    )

    search_id: UUID = Field(description="Send it along with events and bookings.")
    place: PlaceOut | None
    market: str | None
    check_in: date | None = Field(
        description="Null without dates and with flexible ones, where each result has its own."
    )
    check_out: date | None
    nights: int | None
    stays_tried: int | None = Field(description="Stays that the flexible dates came to; null without such.")
    currency: str
    total_count: int
    page: int
    page_size: int
    pages: int = Field(description="That can be asked for: at most the first 500 results are ordered.")
    next_cursor: str | None = Field(
        description="Leads to the next page of this very order, for half an hour; null on the last page."
    )
    ranker: str = Field(description="What ordered the results.", examples=["ranking@3"])
    degraded: list[str] = Field(description="What had to be left out; empty when all is well.")
    results: list[ResultOut]
    facets: dict[str, list[FacetValueOut]]
    histogram: list[HistogramBinOut]
    map_tiles: list[TileOut] | None = Field(description="With results; null where `map_zoom` was not sent.")
    regained: list[RegainedOut] | None = Field(
        description="What each filter in use keeps out by itself, the most first; null where that was not counted."
    )
    debug: DebugOut | None = Field(None, description="How the answer came about, where `debug` was sent.")
