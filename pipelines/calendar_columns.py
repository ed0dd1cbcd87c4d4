"""Staged nights back as calendars: what the documents and the index's checks are built on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from lodestay.calendar import StayCalendar
from lodestay.pricing import PriceTerms

NIGHT_COLUMNS = (
    "listing_id",
    "night",
    "price_minor",
    "is_free",
    "min_stay",
    "max_stay",
    "closed_to_arrival",
    "closed_to_departure",
)
"""Columns of `lodestay.lake.STAGED_NIGHTS` that make a calendar."""


def calendars(nights: pa.Table, advance_notice_days: Mapping[int, int]) -> dict[int, StayCalendar]:
    """Calendar of each listing that has nights.

    Parameters
    ----------
    nights
        Rows with :data:`NIGHT_COLUMNS` in any order; the nights of a listing have no gap.
    advance_notice_days
        By listing_id; listings that are not there are left out.
    """
    ordered = nights.sort_by([("listing_id", "ascending"), ("night", "ascending")])
    ids = ordered["listing_id"].to_numpy()
    bounds = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1], True]) if len(ids) else np.zeros(1, np.int64)
    # A night without a price is never free: what stands for its price is not read.
    price = ordered["price_minor"].fill_null(0).to_numpy().astype(np.int64)
    free, closed_in, closed_out = (
        ordered[name].to_numpy().astype(bool) for name in ("is_free", "closed_to_arrival", "closed_to_departure")
    )
    shortest, longest = (ordered[name].to_numpy().astype(np.int32) for name in ("min_stay", "max_stay"))
    starts = ordered["night"].take(pa.array(bounds[:-1])).to_pylist()
    return {
        listing_id: StayCalendar(
            start=start,
            price_minor=price[first:last],
            free=free[first:last],
            min_stay=shortest[first:last],
            max_stay=longest[first:last],
            closed_to_arrival=closed_in[first:last],
            closed_to_departure=closed_out[first:last],
            advance_notice_days=advance_notice_days[listing_id],
        )
        for listing_id, start, first, last in zip(
            ids[bounds[:-1]].tolist(), starts, bounds[:-1].tolist(), bounds[1:].tolist(), strict=True
        )
        if listing_id in advance_notice_days
    }


def price_terms(listing: Mapping[str, Any]) -> PriceTerms:
    """What, beside the nights, decides the price of a stay, from a row of the staged listings."""
    return PriceTerms(**{name: listing[name] for name in PriceTerms.__dataclass_fields__})
