"""Staged nights back as calendars: what the documents and the index's checks are built on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lodestay.calendar import StayCalendar
from lodestay.pricing import PriceTerms
from lodestay.stay import MAX_NIGHTS

NIGHT_COLUMNS = (
    "listing_id",
    "night",
    "price_minor",
    "is_free",
    "min_stay",
    "max_stay",
    "closed_to_arrival",
    "closed_to_departure",
    "min_stay_through",
    "max_stay_through",
)
"""Columns of `lodestay.lake.STAGED_NIGHTS` that make a calendar."""
RULE_COLUMNS = ("advance_notice_days", "booking_window_days", "preparation_days", "min_gap_nights", "fills_gaps")
"""Columns of `lodestay.lake.STAGED_LISTINGS` that hold in all nights of a listing."""
NIGHTS_BEFORE = timedelta(days=45)
"""Nights before a day that its stays' rules on gaps may look at: the longest gap, preparation and one more."""


def calendars(nights: pa.Table, listings: Iterable[Mapping[str, Any]]) -> dict[int, StayCalendar]:
    """Calendar of each listing that has nights.

    Parameters
    ----------
    nights
        Rows with :data:`NIGHT_COLUMNS` in any order; the nights of a listing have no gap.
    listings
        Rows with `listing_id` and :data:`RULE_COLUMNS`; listings that are not there, or have no rate plan, are left
        out. The hour of the day is not known here: the calendars do not ask for it.
    """
    rules = {
        row["listing_id"]: {name: row[name] for name in RULE_COLUMNS}
        for row in listings
        if row["advance_notice_days"] is not None
    }
    ordered = nights.sort_by([("listing_id", "ascending"), ("night", "ascending")])
    ids = ordered["listing_id"].to_numpy()
    bounds = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1], True]) if len(ids) else np.zeros(1, np.int64)
    # A night without a price is never free: what stands for its price is not read.
    price = ordered["price_minor"].fill_null(0).to_numpy().astype(np.int64)
    free, closed_in, closed_out = (
        ordered[name].to_numpy().astype(bool) for name in ("is_free", "closed_to_arrival", "closed_to_departure")
    )
    shortest, longest = (ordered[name].to_numpy().astype(np.int32) for name in ("min_stay", "max_stay"))
    low, high = _through(ordered["min_stay_through"], 1), _through(ordered["max_stay_through"], MAX_NIGHTS)
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
            min_stay_through=_if_said(low[first:last], 1),
            max_stay_through=_if_said(high[first:last], MAX_NIGHTS),
            **rules[listing_id],
        )
        for listing_id, start, first, last in zip(
            ids[bounds[:-1]].tolist(), starts, bounds[:-1].tolist(), bounds[1:].tolist(), strict=True
        )
        if listing_id in rules
    }


def _through(said: pa.ChunkedArray, unsaid: int) -> NDArray[np.int32]:
    """A rule of every night of a stay, with what says nothing where none is said."""
    return np.asarray(said.fill_null(unsaid), dtype=np.int32)


def _if_said(rule: NDArray[np.int32], unsaid: int) -> NDArray[np.int32] | None:
    return None if (rule == unsaid).all() else rule


def price_terms(listing: Mapping[str, Any]) -> PriceTerms:
    """What, beside the nights, decides the price of a stay, from a row of the staged listings."""
    return PriceTerms(**{name: listing[name] for name in PriceTerms.__dataclass_fields__})
