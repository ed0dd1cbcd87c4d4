"""Impressions with their features and labels: what the ranker learns from, one row a listing shown."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lodestay.geography import distances_km
from ml.arrays import Floats, days, floats, integers, lookup
from ml.listing_features import numbers_of
from ml.ranking.features import FEATURES, SearchContext, ranking_features

BOOKED, CLICKED, NOTHING = 2, 1, 0
"""Labels."""

EXAMPLES = pa.schema(
    [
        pa.field("market", pa.string(), nullable=False),
        pa.field("search_id", pa.string(), nullable=False),
        pa.field("occurred_at", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("listing_id", pa.int64(), nullable=False),
        pa.field("position", pa.int32(), nullable=False),
        pa.field("exploration", pa.bool_(), nullable=False),
        pa.field("label", pa.int32(), nullable=False),
        *(pa.field(name, pa.float64()) for name in FEATURES),
    ]
)
"""Columns of `lodestay.lake.RANKING_EXAMPLES` (its partition: day)."""


def ranking_examples(impressions: pa.Table, searches: pa.Table, listings: pa.Table, *, market: str) -> pa.Table:
    """Training rows of one market's impressions.

    The features that serving logged are taken as they are: what was served is what is learned from. A
    search without any logged feature has them computed by the function that serving calls; text scores
    are not known then.

    Parameters
    ----------
    impressions, searches
        Rows of `lodestay.lake.STAGED_IMPRESSIONS` and `STAGED_SEARCHES`.
    listings
        Rows of `ml.listing_features.SCHEMA` as of the day of the searches, for what was not logged.

    Returns
    -------
    pa.Table
        :data:`EXAMPLES`, by search and position.
    """
    rows = impressions.sort_by([("search_id", "ascending"), ("position", "ascending")])
    matrix = _logged(rows)
    bare = np.asarray(
        pc.fill_null(pc.equal(_map_sizes(rows), 0), fill_value=True).to_numpy(zero_copy_only=False), dtype=np.bool_
    )
    if bare.any():
        matrix[bare] = _computed(rows.filter(pa.array(bare)), searches, listings)
    label = np.where(floats(rows, "booked") > 0, BOOKED, np.where(floats(rows, "clicked") > 0, CLICKED, NOTHING))
    taken = ("search_id", "occurred_at", "listing_id", "position", "exploration")
    columns = {"market": pa.array([market] * rows.num_rows, pa.string())} | {name: rows[name] for name in taken}
    columns |= {"label": pa.array(label)}
    columns |= {
        name: pa.array(matrix[:, index], mask=np.isnan(matrix[:, index])) for index, name in enumerate(FEATURES)
    }
    return pa.table(columns).cast(EXAMPLES)


def _map_sizes(rows: pa.Table) -> pa.Array:
    maps = rows["features"].combine_chunks()
    maps = maps.chunk(0) if isinstance(maps, pa.ChunkedArray) else maps
    sizes = np.diff(maps.offsets.to_numpy())
    return pa.array(sizes, mask=np.asarray(maps.is_null()))


def _logged(rows: pa.Table) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Matrix of the logged values, NaN where there is none."""
    maps = rows["features"].combine_chunks()
    maps = maps.chunk(0) if isinstance(maps, pa.ChunkedArray) else maps
    matrix = np.full((rows.num_rows, len(FEATURES)), np.nan)
    if not rows.num_rows:
        return matrix
    offsets = maps.offsets.to_numpy()
    row = np.repeat(np.arange(rows.num_rows), np.diff(offsets))
    inside = slice(offsets[0], offsets[-1])  # a sliced column keeps entries of others
    column = (
        pc.index_in(maps.keys[inside], value_set=pa.array(FEATURES)).cast(pa.float64()).to_numpy(zero_copy_only=False)
    )
    known = np.isfinite(column)
    values = maps.items[inside].cast(pa.float64()).to_numpy(zero_copy_only=False)
    matrix[row[known], column[known].astype(np.int64)] = values[known]
    return matrix


def _computed(
    rows: pa.Table, searches: pa.Table, listings: pa.Table
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Matrix by :func:`ml.ranking.features.ranking_features`, search by search; rows are ordered by search."""
    listing_rows, found = lookup(integers(listings, "listing_id"), integers(rows, "listing_id"))
    features = listings.take(pa.array(listing_rows, mask=~found))
    numbers = numbers_of(features)
    place = pc.index_in(rows["search_id"], value_set=searches["search_id"].combine_chunks())
    asked = searches.take(place)
    arrive, leave, made = days(asked, "check_in"), days(asked, "check_out"), days(rows, "occurred_at")
    nights = _between(arrive, leave)
    lead, guests = _between(made, arrive), floats(asked, "guests")
    away = distances_km(
        floats(features, "latitude"),
        floats(features, "longitude"),
        floats(asked, "latitude"),
        floats(asked, "longitude"),
    )
    total, unknown = floats(rows, "total_minor"), np.full(rows.num_rows, np.nan)
    ids = rows["search_id"].combine_chunks().dictionary_encode()
    codes = np.asarray((ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids).indices)
    starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]])
    parts = []
    for start, end in zip(starts, [*starts[1:], rows.num_rows], strict=True):
        inside = slice(start, end)
        context = SearchContext(
            nights=float(nights[start]),
            lead_days=float(lead[start]),
            guests=float(guests[start]),
            total_minor=total[inside],
            distance_km=away[inside],
            text_score=unknown[inside],
            vector_score=unknown[inside],
        )
        parts.append(ranking_features(numbers[inside], context))
    return np.concatenate(parts)


def _between(first: np.ndarray, second: np.ndarray) -> Floats:
    unknown = np.isnat(first) | np.isnat(second)
    return np.where(unknown, np.nan, (second - first).astype(np.float64))
