"""Prices of a rate plan that only the calendar tells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lodestay.calendar import WEEKEND_NIGHTS


def fill_prices(rows: list[dict[str, Any]], nights: pa.Table) -> None:
    """Complete the listings' prices from their calendar, in place.

    A listing without a price of its own gets the middle one of its nights. Where most weekday nights
    cost the listing's price and most weekend nights another one, that is its weekend price: the same
    prices in a hundred rows less.
    """
    middle = median_prices(nights, [row["source_id"] for row in rows if row["base_price_minor"] is None])
    weekday, weekend = usual_prices(nights)
    for row in rows:
        listing = row["source_id"]
        if row["base_price_minor"] is None:
            row["base_price_minor"] = middle.get(listing)
        if listing in weekend and weekday.get(listing) == row["base_price_minor"] != weekend[listing]:
            row["weekend_price_minor"] = weekend[listing]


def median_prices(nights: pa.Table, of: list[str]) -> dict[str, int]:
    """Middle price over the nights of the given listings, for those that have any."""
    asked = pc.and_(pc.is_in(nights["source_id"], pa.array(of, pa.string())), pc.is_valid(nights["price_minor"]))
    told = nights.select(["source_id", "price_minor"]).filter(asked)
    medians = told.group_by("source_id").aggregate([("price_minor", "approximate_median")])
    prices = (round(price) for price in medians["price_minor_approximate_median"].to_pylist())
    return dict(zip(medians["source_id"].to_pylist(), prices, strict=True))


def usual_prices(nights: pa.Table) -> tuple[dict[str, int], dict[str, int]]:
    """Price of more than half of each listing's weekday nights, and of its weekend nights, where there is one."""
    told = nights.select(["source_id", "night", "price_minor"]).filter(pc.is_valid(nights["price_minor"]))
    is_weekend = pc.is_in(pc.day_of_week(told["night"]), pa.array(WEEKEND_NIGHTS, pa.int64()))
    return _usual(told.filter(pc.invert(is_weekend))), _usual(told.filter(is_weekend))


def _usual(told: pa.Table) -> dict[str, int]:
    counts = told.group_by(["source_id", "price_minor"]).aggregate([("night", "count")])
    totals = told.group_by("source_id").aggregate([("night", "count")]).rename_columns(["source_id", "total"])
    joined = counts.join(totals, "source_id")
    most = joined.filter(pa.array(2 * _numbers(joined["night_count"]) > _numbers(joined["total"])))
    return dict(zip(most["source_id"].to_pylist(), most["price_minor"].to_pylist(), strict=True))


def _numbers(column: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.asarray(column.to_numpy(), dtype=np.int64)
