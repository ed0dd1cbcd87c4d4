"""What must hold of each table before anything is built on it: one function a table.

Keys and what others rely on are checked on every row, over the few columns they need; what only looks odd
is not an error here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from great_expectations.expectations.core.expect_column_pair_values_a_to_be_greater_than_b import (
    ExpectColumnPairValuesAToBeGreaterThanB,
)
from great_expectations.expectations.core.expect_column_value_lengths_to_be_between import (
    ExpectColumnValueLengthsToBeBetween,
)
from great_expectations.expectations.core.expect_column_values_to_be_between import ExpectColumnValuesToBeBetween
from great_expectations.expectations.core.expect_column_values_to_be_in_set import ExpectColumnValuesToBeInSet
from great_expectations.expectations.core.expect_column_values_to_be_unique import ExpectColumnValuesToBeUnique
from great_expectations.expectations.core.expect_column_values_to_not_be_null import ExpectColumnValuesToNotBeNull
from great_expectations.expectations.core.expect_compound_columns_to_be_unique import ExpectCompoundColumnsToBeUnique
from great_expectations.expectations.core.expect_table_row_count_to_be_between import ExpectTableRowCountToBeBetween

from lodestay import lake as datasets
from lodestay.lake import Dataset
from lodestay.snapshot import MOST_GUESTS
from ml.listing_features import ROOM_TYPES
from search.events import NoResults

HIGHEST_NIGHT = 10**11
"""Minor units no night costs: beyond it a currency or a column was mistaken."""

BOOKING_STATES = ["requested", "held", "confirmed", "declined", "expired", "cancelled", "completed", "no_show"]


@dataclass(frozen=True)
class Suite:
    """Expectations of one table.

    Attributes
    ----------
    columns
        Those that are read for it.
    expectations
        `great_expectations.expectations` objects.
    """

    columns: tuple[str, ...]
    expectations: tuple[Any, ...]


def _suite(*expectations: Any, key: Sequence[str], known: Sequence[str] = ()) -> Suite:
    """A suite with the two rules that every table has: the key names a row, the key and `known` are never null."""
    unique = (
        ExpectColumnValuesToBeUnique(column=key[0])
        if len(key) == 1
        else ExpectCompoundColumnsToBeUnique(column_list=list(key))
    )
    filled = [ExpectColumnValuesToNotBeNull(column=name) for name in (*key, *known)]
    named = [
        name for one in expectations for of in ("column", "column_A", "column_B") if (name := getattr(one, of, None))
    ]
    return Suite(tuple(dict.fromkeys((*key, *known, *named))), (unique, *filled, *expectations))


def _between(column: str, low: float | None, high: float | None) -> Any:
    return ExpectColumnValuesToBeBetween(column=column, min_value=low, max_value=high)


def _later(column: str, *, than: str) -> Any:
    return ExpectColumnPairValuesAToBeGreaterThanB(column_A=column, column_B=than)


def _some_rows() -> Any:
    return ExpectTableRowCountToBeBetween(min_value=1)


def raw_markets() -> Suite:
    """A market has its terms and its place, and the moment of the export, which the calendars go by."""
    return _suite(
        _some_rows(),
        _between("latitude", -90, 90),
        _between("longitude", -180, 180),
        _between("service_fee_bps", 0, 10_000),
        _between("tax_bps", 0, 10_000),
        key=("market_key",),
        known=("country", "currency", "timezone", "exported_at"),
    )


def raw_listings() -> Suite:
    """A market that is run has listings, each with a host and a place on Earth."""
    return _suite(
        _some_rows(),
        _between("latitude", -90, 90),
        _between("longitude", -180, 180),
        key=("listing_id",),
        known=("host_id",),
    )


def raw_rate_plans() -> Suite:
    """A listing has one rate plan, in a currency."""
    return _suite(_between("min_stay", 1, None), key=("listing_id",), known=("currency",))


def raw_calendar_nights() -> Suite:
    """A row a listing and night that a host said something about."""
    return _suite(_between("price_minor", 0, HIGHEST_NIGHT), _between("min_stay", 1, None), key=("listing_id", "night"))


def raw_occupancy() -> Suite:
    """What takes a listing takes at least a night of it."""
    return _suite(
        _later("stay_until", than="stay_from"), key=("occupancy_id",), known=("listing_id", "kind", "is_live")
    )


def raw_bookings() -> Suite:
    """A booking is of a listing, for guests, for at least a night, and costs no less than nothing."""
    return _suite(
        _later("check_out", than="check_in"),
        _between("guests", 1, None),
        _between("total_minor", 0, None),
        ExpectColumnValuesToBeInSet(column="status", value_set=BOOKING_STATES),
        key=("booking_id",),
        known=("listing_id", "created_at", "currency"),
    )


def reviews() -> Suite:
    """A row a review; stars, where there are any, are one to five."""
    return _suite(_between("rating", 1, 5), key=("review_id",), known=("listing_id", "written_on"))


def staged_listings() -> Suite:
    """A row a listing, with everything that a price and a document cannot do without."""
    return _suite(
        _some_rows(),
        ExpectColumnValuesToBeInSet(column="room_type", value_set=list(ROOM_TYPES)),
        _between("accommodates", 1, MOST_GUESTS),
        _between("rating", 0, 5),
        _between("base_price_minor", 0, HIGHEST_NIGHT),
        key=("listing_id",),
        known=("title", "currency", "country", "timezone", "service_fee_bps", "tax_bps", "is_active"),
    )


def staged_nights() -> Suite:
    """A row a listing and night; prices are not negative, and stays can be made."""
    return _suite(
        _between("price_minor", 0, HIGHEST_NIGHT),
        _between("min_stay", 1, None),
        _between("max_stay", 1, None),
        key=("listing_id", "night"),
        known=("is_free",),
    )


def staged_bookings() -> Suite:
    """A row a booking; nobody pays less than nothing or stays no night."""
    return _suite(
        _between("nights", 1, 365),
        _between("nights_minor", 0, None),
        _between("total_minor", 0, None),
        ExpectColumnValuesToBeInSet(column="status", value_set=BOOKING_STATES),
        key=("booking_id",),
        known=("listing_id", "created_at"),
    )


def staged_searches() -> Suite:
    """A row a search, with a reason of a known kind where nothing was found."""
    return _suite(
        _between("guests", 1, None),
        _between("page", 1, None),
        _between("latency_ms", 0, None),
        ExpectColumnValuesToBeInSet(column="nothing_because", value_set=[reason.value for reason in NoResults]),
        key=("search_id",),
        known=("occurred_at", "ranker", "shown"),
    )


def staged_impressions() -> Suite:
    """A row a listing shown in a search, from position 1."""
    return _suite(
        _between("position", 1, None),
        key=("search_id", "listing_id"),
        known=("occurred_at", "clicked", "quoted", "held", "booked"),
    )


def listing_features() -> Suite:
    """A row a listing; shares are shares, prices are positive where they are known."""
    return _suite(
        _some_rows(),
        _between("price_minor", 0, HIGHEST_NIGHT),
        _between("occupancy_90", 0, 1),
        _between("rating_shrunk", 0, 5),
        _between("comparables_count", 0, None),
        key=("listing_id",),
        known=("currency", "room_type", "latitude", "longitude"),
    )


def listing_vectors() -> Suite:
    """A row a listing, all vectors of one model."""
    return _suite(_between("dimension", 1, 4096), key=("listing_id",), known=("text_hash",))


def search_documents() -> Suite:
    """A row a listing, with a document that is JSON of some size."""
    return _suite(
        _some_rows(),
        ExpectColumnValueLengthsToBeBetween(column="document", min_value=100),
        key=("listing_id",),
        known=("model", "dimension"),
    )


def ranking_examples() -> Suite:
    """A row a listing shown in a search, labelled."""
    return _suite(
        ExpectColumnValuesToBeInSet(column="label", value_set=[0, 1, 2]),
        _between("position", 1, None),
        key=("search_id", "listing_id"),
        known=("occurred_at",),
    )


def pricing_examples() -> Suite:
    """A row a listing and night with a price."""
    return _suite(_between("price_minor", 1, HIGHEST_NIGHT), _between("lead_days", 0, 365), key=("listing_id", "night"))


SUITES: dict[Dataset, Callable[[], Suite]] = {
    datasets.RAW["markets"]: raw_markets,
    datasets.RAW["listings"]: raw_listings,
    datasets.RAW["rate_plans"]: raw_rate_plans,
    datasets.RAW["calendar_nights"]: raw_calendar_nights,
    datasets.RAW["occupancy"]: raw_occupancy,
    datasets.RAW["bookings"]: raw_bookings,
    datasets.RAW["reviews"]: reviews,
    datasets.STAGED_LISTINGS: staged_listings,
    datasets.STAGED_NIGHTS: staged_nights,
    datasets.STAGED_BOOKINGS: staged_bookings,
    datasets.STAGED_REVIEWS: reviews,
    datasets.STAGED_SEARCHES: staged_searches,
    datasets.STAGED_IMPRESSIONS: staged_impressions,
    datasets.LISTING_FEATURES: listing_features,
    datasets.LISTING_VECTORS: listing_vectors,
    datasets.SEARCH_DOCUMENTS: search_documents,
    datasets.RANKING_EXAMPLES: ranking_examples,
    datasets.PRICING_EXAMPLES: pricing_examples,
}
"""The suite of each dataset that has one."""
