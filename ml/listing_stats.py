"""What a listing's nights, reviews and bookings say on a day, summed up in a row a listing.

Each function is pure. Reviews and bookings have dates, so for a day in the past they are summed up as they
stood on its morning. A calendar has none: its nights from `as_of` on count with the prices and stay rules it
is given with, and as free as the caller says they were. What a listing says of itself (rating, amenities,
base price, host) is not here and is always today's.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lodestay.calendar import is_weekend
from ml.arrays import (
    Floats,
    Ints,
    age_in_days,
    days,
    divide,
    floats,
    group_count,
    group_max,
    group_mean,
    group_median,
    group_sum,
    integers,
)

HORIZON = 365
YEAR = 365
QUARTER = 90

NIGHT_STATS = (
    "price_ahead_minor",  # median nightly price of the next 365 nights, minor units
    "price_variation",  # from their 10 % to their 90 % quantile, over their median; 0: a flat calendar
    "weekend_uplift",  # mean price of Friday and Saturday nights over that of the others, less one
    "occupancy_30",  # share in [0, 1] of the known nights of the next 30 that are not free
    "occupancy_90",
    "occupancy_365",
    "min_stay_ahead",  # median over the next 365 nights, nights
    "max_stay_ahead",
)
REVIEW_STATS = (
    "reviews_known",  # reviews written before the day
    "reviews_later",  # on the day or after it: not known yet, though today's count of the listing has them
    "reviews_365",  # of them, in the year before it
    "last_review_days",  # days since the newest
    "review_rating",  # mean stars of those that carry stars
)
BOOKING_STATS = (
    "bookings_90",  # confirmed and made in the 90 days before the day
    "booked_nights_90",
    "lead_days_median",  # from booking to check-in, over the last year, days
    "stay_nights_median",
    "adr_minor",  # nights' price over nights, last year, minor units
    "cancelled_share",  # of the bookings of the last year, cancelled before the day
)


def _schema(names: tuple[str, ...]) -> pa.Schema:
    return pa.schema([pa.field("listing_id", pa.int64(), nullable=False), *(pa.field(n, pa.float64()) for n in names)])


NIGHT_STATS_SCHEMA, REVIEW_STATS_SCHEMA, BOOKING_STATS_SCHEMA = map(_schema, (NIGHT_STATS, REVIEW_STATS, BOOKING_STATS))


def night_stats(nights: pa.Table, *, as_of: date) -> pa.Table:
    """Sum up the calendar ahead: price level, weekends, occupancy, stay rules.

    Parameters
    ----------
    nights
        Rows of `lodestay.lake.STAGED_NIGHTS`, any window, any order.
    as_of
        First night looked at; the last is 364 nights later.

    Returns
    -------
    pa.Table
        :data:`NIGHT_STATS_SCHEMA`, a row for each listing of `nights`, by listing_id. A night that is
        not free counts as occupied, whoever has it: sources do not tell a booking from a block.
    """
    ids, groups = _listings(nights)
    size, ahead = len(ids), -age_in_days(days(nights, "night"), as_of)
    within = (ahead >= 0) & (ahead < HORIZON)
    taken = 1.0 - floats(nights, "is_free")

    def inside(values: Floats, until: int = HORIZON) -> Floats:
        return np.where(within & (ahead < until), values, np.nan)

    price = inside(floats(nights, "price_minor"))
    at_weekend = is_weekend(days(nights, "night"))
    weekend = group_mean(groups, np.where(at_weekend, price, np.nan), size)
    midweek = group_mean(groups, np.where(at_weekend, np.nan, price), size)
    median = group_median(groups, price, size)
    spread = _quantile(groups, price, size, 0.9) - _quantile(groups, price, size, 0.1)
    return _table(
        ids,
        {
            "price_ahead_minor": median,
            "price_variation": divide(spread, median),
            "weekend_uplift": divide(weekend, midweek) - 1.0,
            "occupancy_30": group_mean(groups, inside(taken, 30), size),
            "occupancy_90": group_mean(groups, inside(taken, 90), size),
            "occupancy_365": group_mean(groups, inside(taken), size),
            "min_stay_ahead": group_median(groups, inside(floats(nights, "min_stay")), size),
            "max_stay_ahead": group_median(groups, inside(floats(nights, "max_stay")), size),
        },
    )


def review_stats(reviews: pa.Table, *, as_of: date) -> pa.Table:
    """Sum up the reviews written before `as_of`, and count those that came later.

    Parameters
    ----------
    reviews
        Rows of `lodestay.lake.STAGED_REVIEWS`: listing_id, written_on, rating.

    Returns
    -------
    pa.Table
        :data:`REVIEW_STATS_SCHEMA`, a row for each listing of `reviews`.
    """
    ids, groups = _listings(reviews)
    size, age = len(ids), age_in_days(days(reviews, "written_on"), as_of)
    past = age > 0
    return _table(
        ids,
        {
            "reviews_known": group_count(groups, size, past),
            "reviews_later": group_count(groups, size, age <= 0),
            "reviews_365": group_count(groups, size, past & (age <= YEAR)),
            "last_review_days": -group_max(groups, np.where(past, -age, np.nan), size),
            "review_rating": group_mean(groups, np.where(past, floats(reviews, "rating"), np.nan), size),
        },
    )


def booking_stats(bookings: pa.Table, *, as_of: date) -> pa.Table:
    """Sum up the bookings made before `as_of`, each as it stood that morning.

    Parameters
    ----------
    bookings
        Rows of `lodestay.lake.STAGED_BOOKINGS`: listing_id, created_at, confirmed_at, cancelled_at,
        nights, lead_days, nights_minor.

    Returns
    -------
    pa.Table
        :data:`BOOKING_STATS_SCHEMA`, a row for each listing of `bookings`.
    """
    ids, groups = _listings(bookings)
    size, age = len(ids), age_in_days(days(bookings, "created_at"), as_of)
    confirmed = age_in_days(days(bookings, "confirmed_at"), as_of) > 0  # NaN compares false
    cancelled = age_in_days(days(bookings, "cancelled_at"), as_of) > 0
    made = (age > 0) & (age <= YEAR) & confirmed
    stands = made & ~cancelled
    recent = stands & (age <= QUARTER)
    nights = floats(bookings, "nights")

    def kept(values: Floats) -> Floats:
        return np.where(stands, values, np.nan)

    return _table(
        ids,
        {
            "bookings_90": group_count(groups, size, recent),
            "booked_nights_90": group_sum(groups, np.where(recent, nights, np.nan), size),
            "lead_days_median": group_median(groups, kept(floats(bookings, "lead_days")), size),
            "stay_nights_median": group_median(groups, kept(nights), size),
            "adr_minor": divide(
                group_sum(groups, kept(floats(bookings, "nights_minor")), size), group_sum(groups, kept(nights), size)
            ),
            "cancelled_share": divide(group_count(groups, size, made & cancelled), group_count(groups, size, made)),
        },
    )


def _listings(table: pa.Table) -> tuple[Ints, Ints]:
    """Distinct listing ids in order, and the group of each row."""
    ids, groups = np.unique(integers(table, "listing_id"), return_inverse=True)
    return ids, groups.reshape(-1).astype(np.int64)


def _quantile(groups: Ints, values: Floats, size: int, q: float) -> Floats:
    """Value at rank ``floor(q (n - 1))`` of each group; NaN for a group with none."""
    known = np.isfinite(values)
    kept_groups, kept = groups[known], values[known]
    ordered = kept[np.lexsort((kept, kept_groups))]
    count = np.bincount(kept_groups, minlength=size)
    place = np.cumsum(count) - count + np.floor(q * np.maximum(count - 1, 0)).astype(np.int64)
    result = np.full(size, np.nan)
    result[count > 0] = ordered[place[count > 0]]
    return result


def _table(ids: Ints, columns: dict[str, Floats]) -> pa.Table:
    nan_is_null = {name: pc.if_else(pc.is_nan(pa.array(v)), None, pa.array(v)) for name, v in columns.items()}
    return pa.table({"listing_id": ids, **nan_is_null}, schema=_schema(tuple(columns)))
