"""The one shape in which a market's supply enters: what a reader of files or a generator hands over.

A :class:`Snapshot` is checked and masked already. The loader (`transactional.imports`) writes it to
PostgreSQL in one transaction, and does not know where it came from.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import pyarrow as pa

MOST_GUESTS: Final = 50
"""No listing sleeps more."""
DATE_ONLY: Final = "date:"
"""Beginning of a review's id where the source tells its date and no more."""

_TEXTS = pa.list_(pa.string())

HOSTS = pa.schema(
    [
        pa.field("host_key", pa.string(), nullable=False),  # pseudonym, never the source's own number
        pa.field("host_since", pa.date32()),
        pa.field("response_hours", pa.int32()),
        pa.field("response_rate_bps", pa.int32()),
        pa.field("acceptance_rate_bps", pa.int32()),
        pa.field("is_superhost", pa.bool_(), nullable=False),
        pa.field("identity_verified", pa.bool_(), nullable=False),
        pa.field("languages", _TEXTS),  # ISO 639 codes that the host speaks; null: the source does not say
    ]
)
"""A host a row."""

LISTINGS = pa.schema(
    [
        pa.field("source_id", pa.string(), nullable=False),
        pa.field("host_key", pa.string(), nullable=False),
        pa.field("neighbourhood", pa.string()),
        pa.field("title", pa.string(), nullable=False),
        pa.field("description", pa.string(), nullable=False),
        pa.field("house_rules", pa.string(), nullable=False),
        pa.field("language", pa.string()),  # ISO 639-1 of the description
        pa.field("property_type", pa.string(), nullable=False),  # lodestay.vocabulary.property_types
        pa.field("room_type", pa.string(), nullable=False),
        pa.field("accommodates", pa.int32(), nullable=False),
        pa.field("bedrooms", pa.int32()),
        pa.field("beds", pa.int32()),
        pa.field("bathrooms", pa.decimal128(4, 1)),
        pa.field("shared_bathroom", pa.bool_(), nullable=False),
        pa.field("amenities", _TEXTS, nullable=False),  # lodestay.vocabulary.amenities
        pa.field("latitude", pa.float64(), nullable=False),
        pa.field("longitude", pa.float64(), nullable=False),
        pa.field("instant_book", pa.bool_(), nullable=False),
        pa.field("cancellation_policy", pa.string(), nullable=False),
        *(
            pa.field(name, pa.decimal128(3, 2))  # 0.00 to 5.00
            for name in (
                "rating",
                "rating_accuracy",
                "rating_cleanliness",
                "rating_check_in",
                "rating_communication",
                "rating_location",
                "rating_value",
            )
        ),
        pa.field("review_count", pa.int32(), nullable=False),
        pa.field("first_review_on", pa.date32()),
        pa.field("last_review_on", pa.date32()),
        # The rate plan; amounts in minor units of the market's currency.
        pa.field("base_price_minor", pa.int64()),
        pa.field("weekend_price_minor", pa.int64()),
        pa.field("cleaning_fee_minor", pa.int64(), nullable=False),
        pa.field("guests_included", pa.int32(), nullable=False),
        pa.field("extra_guest_fee_minor", pa.int64(), nullable=False),
        pa.field("weekly_discount_bps", pa.int32(), nullable=False),
        pa.field("monthly_discount_bps", pa.int32(), nullable=False),
        pa.field("min_stay", pa.int32(), nullable=False),
        pa.field("max_stay", pa.int32(), nullable=False),
        pa.field("advance_notice_days", pa.int32(), nullable=False),
    ]
)
"""A listing a row, with its rate plan."""

NIGHTS = pa.schema(
    [
        pa.field("source_id", pa.string(), nullable=False),
        pa.field("night", pa.date32(), nullable=False),
        pa.field("is_free", pa.bool_(), nullable=False),
        pa.field("price_minor", pa.int64()),  # null: what the rate plan says
        pa.field("min_stay", pa.int32()),
        pa.field("max_stay", pa.int32()),
        pa.field("closed_to_arrival", pa.bool_(), nullable=False),
        pa.field("closed_to_departure", pa.bool_(), nullable=False),
    ]
)
"""A listing's night a row; (source_id, night) is unique."""

SEASONS = pa.schema(
    [
        pa.field("source_id", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("starts_on", pa.date32(), nullable=False),
        pa.field("ends_before", pa.date32(), nullable=False),
        pa.field("price_bps", pa.int32(), nullable=False),
        pa.field("min_stay", pa.int32()),
    ]
)
"""A listing's season a row."""

REVIEWS = pa.schema(
    [
        pa.field("source_id", pa.string(), nullable=False),  # of the listing
        pa.field("review_id", pa.string(), nullable=False),
        pa.field("author_key", pa.string(), nullable=False),  # pseudonym
        pa.field("written_on", pa.date32(), nullable=False),
        pa.field("rating", pa.int32()),
        pa.field("comment", pa.string(), nullable=False),  # masked; empty where only dates are known
        pa.field("language", pa.string()),
    ]
)
"""A review a row."""

NEIGHBOURHOODS = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("group_name", pa.string()),
        pa.field("boundary", pa.string()),  # valid GeoJSON (Multi)Polygon
    ]
)
"""A neighbourhood a row."""


MARKET_KEY = r"^[a-z0-9][a-z0-9-]{0,62}$"
"""What a market's key looks like: it stands in addresses and names folders of the lake."""


@dataclass(frozen=True)
class MarketFacts:
    """What a market is: everything but its supply.

    Attributes
    ----------
    service_fee_bps, tax_bps
        Fee of the platform and tax of the place, in ten-thousandths.
    """

    market_key: str
    name: str
    country: str
    currency: str
    timezone: str
    latitude: float
    longitude: float
    service_fee_bps: int
    tax_bps: int


@dataclass(frozen=True)
class Reject:
    """A row left out of a snapshot: where it stood and why.

    `value` is what the column held, only where it cannot name a person.
    """

    file: str
    line: int
    column: str | None
    reason: str
    value: str | None


@dataclass(frozen=True)
class Snapshot:
    """A market's whole supply as of a day.

    Attributes
    ----------
    source
        `inside-airbnb` or `synthetic`: listings of one source replace those of the same source only.
    snapshot_date
        Day the supply was seen, before any shift of dates.
    fingerprint
        Hash of the input: the same fingerprint means nothing to do.
    missing
        Sentences on what the source does not have ("no calendar: nothing can be booked").
    nights
        None where the source has no calendar at all (what is known stays as it is).
    """

    market: MarketFacts
    source: str
    snapshot_date: date
    fingerprint: str
    hosts: pa.Table
    listings: pa.Table
    nights: pa.Table | None
    seasons: pa.Table
    reviews: pa.Table | None
    neighbourhoods: pa.Table
    rejects: tuple[Reject, ...]
    missing: tuple[str, ...]
