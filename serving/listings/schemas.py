"""What a listing is answered with."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from lodestay.calendar import StayCalendar
from serving.schemas import MoneyOut, NightsQuery, Query, example
from transactional.listings.repository import HostSummary, ListingDetail


class ListingQuery(NightsQuery):
    """Which part of the calendar is wanted (at most 366 nights)."""


class ReviewsQuery(Query):
    """Which page of the reviews is wanted."""

    cursor: str | None = Field(None, max_length=200, description="`next_cursor` of the page before.")
    size: int = Field(10, ge=1, le=50)


class NightOut(BaseModel):
    """A night of the calendar."""

    night: date
    available: bool
    price: MoneyOut
    min_stay: int = Field(description="Nights a stay arriving on this date must have.")
    max_stay: int
    min_stay_through: int | None = Field(description="Nights a stay with this night in it must have; null: any.")
    max_stay_through: int | None
    closed_to_arrival: bool
    closed_to_departure: bool

    @classmethod
    def all_of(cls, calendar: StayCalendar, currency: str) -> list[Self]:
        """Write a calendar down, a row a night."""
        return [
            cls(
                night=calendar.start + timedelta(days=n),
                available=bool(calendar.free[n]),
                price=MoneyOut.of(int(calendar.price_minor[n]), currency),
                min_stay=int(calendar.min_stay[n]),
                max_stay=int(calendar.max_stay[n]),
                min_stay_through=None if calendar.min_stay_through is None else int(calendar.min_stay_through[n]),
                max_stay_through=None if calendar.max_stay_through is None else int(calendar.max_stay_through[n]),
                closed_to_arrival=bool(calendar.closed_to_arrival[n]),
                closed_to_departure=bool(calendar.closed_to_departure[n]),
            )
            for n in range(len(calendar.free))
        ]


class HostOut(BaseModel):
    """What is known of the host; never a name."""

    host_since: date | None
    response_hours: int | None
    response_rate: float | None = Field(description="Share of requests answered, 0 to 1.")
    is_superhost: bool
    identity_verified: bool
    languages: list[str] = Field(description="ISO 639 codes, by the host's own word; empty: nothing is known.")
    listings: int

    @classmethod
    def of(cls, host: HostSummary | None) -> Self | None:
        """Write a host down."""
        if host is None:
            return None
        return cls(
            host_since=host.host_since,
            response_hours=host.response_hours,
            response_rate=None if host.response_rate_bps is None else host.response_rate_bps / 10_000,
            is_superhost=host.is_superhost,
            identity_verified=host.identity_verified,
            languages=host.languages,
            listings=host.listings,
        )


class RatingsOut(BaseModel):
    """Mean ratings, 0 to 5; null where nobody rated."""

    overall: Decimal | None
    accuracy: Decimal | None
    cleanliness: Decimal | None
    check_in: Decimal | None
    communication: Decimal | None
    location: Decimal | None
    value: Decimal | None
    reviews: int


LISTING = {
    "listing_id": 42,
    "market": "lisbon",
    "title": "Loft by the river",
    "description": "Bright and quiet.",
    "house_rules": "No parties.",
    "language": "en",
    "property_type": "loft",
    "room_type": "entire_home",
    "neighbourhood": "Alfama",
    "latitude": 38.7119,
    "longitude": -9.1263,
    "accommodates": 4,
    "bedrooms": 2,
    "beds": 3,
    "bathrooms": "1.5",
    "shared_bathroom": False,
    "amenities": ["kitchen", "wifi"],
    "instant_book": True,
    "cancellation_policy": "moderate",
    "ratings": {
        "overall": "4.85",
        "accuracy": "4.90",
        "cleanliness": "4.80",
        "check_in": "4.95",
        "communication": "4.90",
        "location": "4.75",
        "value": "4.70",
        "reviews": 112,
    },
    "host": {
        "host_since": "2019-03-01",
        "response_hours": 2,
        "response_rate": 0.98,
        "is_superhost": False,
        "identity_verified": True,
        "languages": ["en", "pt"],
        "listings": 2,
    },
    "currency": "EUR",
    "timezone": "Europe/Lisbon",
    "calendar": [
        {
            "night": "2027-05-07",
            "available": True,
            "price": MoneyOut.of(12000, "EUR"),
            "min_stay": 2,
            "max_stay": 60,
            "min_stay_through": None,
            "max_stay_through": None,
            "closed_to_arrival": False,
            "closed_to_departure": False,
        }
    ],
}
"""The example."""


class ListingOut(BaseModel):
    """A listing."""

    model_config = example(**LISTING)

    listing_id: int
    market: str
    title: str
    description: str
    house_rules: str
    language: str | None
    property_type: str
    room_type: str
    neighbourhood: str | None
    latitude: float
    longitude: float
    accommodates: int
    bedrooms: int | None
    beds: int | None
    bathrooms: Decimal | None
    shared_bathroom: bool
    amenities: list[str]
    instant_book: bool
    cancellation_policy: str
    ratings: RatingsOut
    host: HostOut | None
    currency: str
    timezone: str = Field(description="IANA name; dates are of this zone.")
    calendar: list[NightOut] = Field(description="Empty where the calendar is not known.")

    @classmethod
    def of(cls, detail: ListingDetail, calendar: StayCalendar | None) -> Self:
        """Write a listing down."""
        listing = detail.listing
        currency = detail.rate_plan.currency if detail.rate_plan else detail.market.currency
        names = set(cls.model_fields) - {
            "market",
            "neighbourhood",
            "ratings",
            "host",
            "currency",
            "timezone",
            "calendar",
        }
        return cls(
            **{name: getattr(listing, name) for name in names},
            market=listing.market_key,
            neighbourhood=detail.neighbourhood,
            ratings=RatingsOut(
                overall=listing.rating,
                accuracy=listing.rating_accuracy,
                cleanliness=listing.rating_cleanliness,
                check_in=listing.rating_check_in,
                communication=listing.rating_communication,
                location=listing.rating_location,
                value=listing.rating_value,
                reviews=listing.review_count,
            ),
            host=HostOut.of(detail.host),
            currency=currency,
            timezone=detail.market.timezone,
            calendar=[] if calendar is None else NightOut.all_of(calendar, currency),
        )


class ReviewOut(BaseModel):
    """What a guest wrote; the author is not named."""

    model_config = ConfigDict(from_attributes=True)

    written_on: date
    rating: int | None
    comment: str
    language: str | None


class ReviewsOut(BaseModel):
    """A page of reviews, newest first."""

    model_config = example(
        items=[{"written_on": "2026-05-05", "rating": 5, "comment": "Quiet, and close to all.", "language": "en"}],
        next_cursor="WyIyMDI2LTA1LTA1Iiw3XQ",
    )

    items: list[ReviewOut]
    next_cursor: str | None = Field(description="Null on the last page.")
