"""Nights, reviews and bookings summed up: right, in any order, and blind to the future."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from ml.listing_stats import booking_stats, night_stats, review_stats

AS_OF = date(2026, 11, 22)  # a Sunday


def nights(rows: list[dict[str, Any]]) -> pa.Table:
    """Rows of STAGED_NIGHTS, as far as the statistics read them."""
    types = {
        "listing_id": pa.int64(),
        "night": pa.date32(),
        "price_minor": pa.int64(),
        "is_free": pa.bool_(),
        "min_stay": pa.int32(),
        "max_stay": pa.int32(),
    }
    return pa.Table.from_pylist(rows, schema=pa.schema(list(types.items())))


def night(listing: int, ahead: int, price: int | None = 100, *, free: bool = True, min_stay: int = 1) -> dict[str, Any]:
    """One night, `ahead` days after the day."""
    return {
        "listing_id": listing,
        "night": AS_OF + timedelta(days=ahead),
        "price_minor": price,
        "is_free": free,
        "min_stay": min_stay,
        "max_stay": 30,
    }


NIGHTS = st.lists(
    st.builds(
        night,
        st.integers(1, 4),
        st.integers(-40, 400),
        st.one_of(st.none(), st.integers(1, 10**6)),
        free=st.booleans(),
        min_stay=st.integers(1, 9),
    ),
    max_size=40,
    unique_by=lambda row: (row["listing_id"], row["night"]),
)


def test_a_calendar_by_hand() -> None:
    """Occupancy, level, weekend uplift and stay rules of two weeks computed on paper."""
    rows = [night(1, ahead, 150 if ahead % 7 in {5, 6} else 100, free=ahead >= 7, min_stay=2) for ahead in range(14)]
    stats = night_stats(nights(rows), as_of=AS_OF).to_pylist()
    assert stats == [
        {
            "listing_id": 1,
            "price_ahead_minor": 100.0,
            "price_variation": 0.5,
            "weekend_uplift": 0.5,
            "occupancy_30": 0.5,
            "occupancy_90": 0.5,
            "occupancy_365": 0.5,
            "min_stay_ahead": 2.0,
            "max_stay_ahead": 30.0,
        }
    ]


@given(rows=NIGHTS, seed=st.integers(0, 100))
def test_the_order_of_nights_does_not_matter(rows: list[dict[str, Any]], seed: int) -> None:
    """Any permutation of the rows gives the same bits."""
    table = nights(rows)
    shuffled = table.take(np.random.default_rng(seed).permutation(len(rows)))
    assert night_stats(table, as_of=AS_OF).equals(night_stats(shuffled, as_of=AS_OF))


@given(rows=NIGHTS)
def test_only_the_year_ahead_counts(rows: list[dict[str, Any]]) -> None:
    """Nights before the day or past the year change nothing but which listings have a row."""
    ahead = [row for row in rows if 0 <= (row["night"] - AS_OF).days < 365]
    kept = {row["listing_id"]: row for row in night_stats(nights(ahead), as_of=AS_OF).to_pylist()}
    for row in night_stats(nights(rows), as_of=AS_OF).to_pylist():
        expected = kept.get(row["listing_id"], dict.fromkeys(row) | {"listing_id": row["listing_id"]})
        assert row == expected


def reviews(*ages: int) -> pa.Table:
    """Five-star reviews of listing 1, written so many days before the day."""
    schema = pa.schema([("listing_id", pa.int64()), ("written_on", pa.date32()), ("rating", pa.int32())])
    return pa.Table.from_pylist(
        [{"listing_id": 1, "written_on": AS_OF - timedelta(days=age), "rating": 5} for age in ages], schema=schema
    )


def test_reviews_of_the_day_and_after_are_unknown() -> None:
    """What is written on the day or later was not there in the morning; a year is 365 days."""
    (row,) = review_stats(reviews(-3, 0, 1, 365, 366), as_of=AS_OF).to_pylist()
    assert row == {
        "listing_id": 1,
        "reviews_known": 3.0,
        "reviews_later": 2.0,
        "reviews_365": 2.0,
        "last_review_days": 1.0,
        "review_rating": 5.0,
    }


def booking(made: int, *, cancelled: int | None = None, confirmed: bool = True, nights: int = 2) -> dict[str, Any]:
    """A booking of listing 1 made and cancelled so many days before the day."""
    day = datetime.combine(AS_OF, datetime.min.time(), UTC)
    moment = day - timedelta(days=made)
    return {
        "listing_id": 1,
        "created_at": moment,
        "confirmed_at": moment if confirmed else None,
        "cancelled_at": None if cancelled is None else day - timedelta(days=cancelled),
        "nights": nights,
        "lead_days": 10,
        "nights_minor": 100 * nights,
    }


def bookings(rows: list[dict[str, Any]]) -> pa.Table:
    """Rows of STAGED_BOOKINGS."""
    moments = {name: pa.timestamp("us", "UTC") for name in ("created_at", "confirmed_at", "cancelled_at")}
    numbers = {name: pa.int32() for name in ("nights", "lead_days")}
    types = {"listing_id": pa.int64(), **moments, **numbers, "nights_minor": pa.int64()}
    return pa.Table.from_pylist(rows, schema=pa.schema(list(types.items())))


def test_a_booking_counts_as_it_stood_that_morning() -> None:
    """Later bookings are unknown, a later cancellation has not happened, an unconfirmed hold never counts."""
    rows = [
        booking(10),
        booking(100, nights=4),
        booking(20, cancelled=5),
        booking(20, cancelled=-5),  # cancelled after the day: still stands
        booking(-1),
        booking(30, confirmed=False),
    ]
    (row,) = booking_stats(bookings(rows), as_of=AS_OF).to_pylist()
    assert row["bookings_90"] == 2
    assert row["booked_nights_90"] == 4
    assert row["adr_minor"] == 100
    assert row["cancelled_share"] == 0.25


def test_nothing_gives_nothing() -> None:
    """Empty tables give empty statistics."""
    assert night_stats(nights([]), as_of=AS_OF).num_rows == 0
    assert review_stats(reviews(), as_of=AS_OF).num_rows == 0
    assert booking_stats(bookings([]), as_of=AS_OF).num_rows == 0
