"""Nights with their prices: what the price models learn from, a sample of each listing's calendar.

The calendar of one day is cut by the lead of its nights. A known listing is learned on the nights of the
second quarter of a year with what the first quarter told, and judged on the second half with what the
first half told: always later nights from earlier ones.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa

from ml.arrays import age_in_days, days, floats, integers, lookup
from ml.listing_stats import HORIZON, night_stats

EARLY, LATE = 90, 180
"""Leads, in days, where the calendar is cut."""

OWN_COLUMNS = {
    "own_median_minor": "price_ahead_minor",
    "own_weekend_uplift": "weekend_uplift",
    "own_variation": "price_variation",
}

EXAMPLES = pa.schema(
    [
        pa.field("listing_id", pa.int64(), nullable=False),
        pa.field("night", pa.date32(), nullable=False),
        pa.field("lead_days", pa.int32(), nullable=False),
        pa.field("price_minor", pa.int64(), nullable=False),
        # Of the listing's nights before the cut below this one; null before the first cut.
        *(pa.field(name, pa.float64()) for name in OWN_COLUMNS),
    ]
)
"""Columns of `lodestay.lake.PRICING_EXAMPLES`; the listing's features are those of the same day and market."""


def pricing_examples(nights: pa.Table, *, as_of: date, nights_per_listing: int, seed: int) -> pa.Table:
    """Sample nights of one market with what the earlier nights of the same listing told.

    Parameters
    ----------
    nights
        Rows of `lodestay.lake.STAGED_NIGHTS`, any order; nights before `as_of` and prices of zero are left out.
    nights_per_listing
        How many of a listing's 365 nights are kept, on average.

    Returns
    -------
    pa.Table
        :data:`EXAMPLES`, by listing and night: the same sample in whatever order the rows came.
    """
    lead = -age_in_days(days(nights, "night"), as_of)
    usable = (lead >= 0) & (lead < HORIZON) & (floats(nights, "price_minor") > 0)
    priced = nights.select(["listing_id", "night", "price_minor", "is_free", "min_stay", "max_stay"])
    priced = priced.filter(pa.array(usable)).sort_by([("listing_id", "ascending"), ("night", "ascending")])
    lead = -age_in_days(days(priced, "night"), as_of)
    kept = np.random.default_rng(seed).random(priced.num_rows) < nights_per_listing / HORIZON
    sample, sample_lead = priced.filter(pa.array(kept)), lead[kept]
    own = {name: np.full(sample.num_rows, np.nan) for name in OWN_COLUMNS}
    for since, until in ((EARLY, LATE), (LATE, HORIZON)):
        told = night_stats(priced.filter(pa.array(lead < since)), as_of=as_of)
        rows, found = lookup(integers(told, "listing_id"), integers(sample, "listing_id"))
        here = found & (sample_lead >= since) & (sample_lead < until)
        for name, source in OWN_COLUMNS.items():
            own[name][here] = floats(told, source)[rows[here]]
    columns = {
        "listing_id": sample["listing_id"],
        "night": sample["night"],
        "lead_days": pa.array(sample_lead.astype(np.int32)),
        "price_minor": sample["price_minor"],
        **{name: pa.array(values, mask=np.isnan(values)) for name, values in own.items()},
    }
    return pa.table(columns).cast(EXAMPLES)
