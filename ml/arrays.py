"""Arrow columns as NumPy arrays, and statistics by group that give the same bits in any order of rows."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Dates = NDArray[np.datetime64]


def floats(table: pa.Table, name: str) -> Floats:
    """A number, decimal or boolean column as float64; null is NaN."""
    column = table[name]
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)


def integers(table: pa.Table, name: str) -> Ints:
    """A column without nulls as int64."""
    return np.asarray(table[name].cast(pa.int64()).to_numpy(), dtype=np.int64)


def days(table: pa.Table, name: str) -> Dates:
    """A date or timestamp column as days (datetime64[D], UTC); null is NaT."""
    return np.asarray(table[name].to_numpy()).astype("datetime64[D]")


def age_in_days(column: Dates, as_of: date) -> Floats:
    """Days from each date to `as_of`: negative after it, NaN where the date is not known."""
    difference = np.datetime64(as_of, "D") - column
    return np.where(np.isnat(column), np.nan, difference.astype(np.float64))


def codes(table: pa.Table, name: str) -> Ints:
    """A text column as the rank of each value among its distinct values; null is a value of its own (-1)."""
    encoded = table[name].combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    ranks = np.argsort(np.argsort(np.asarray(encoded.dictionary.to_pylist(), dtype=object)))
    indices = np.asarray(pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False), dtype=np.int64)
    return np.where(indices < 0, -1, ranks[indices] if ranks.size else -1)


def divide(numerator: Any, denominator: Any) -> Floats:
    """Quotient; NaN where the denominator is zero or either is not known."""
    top, bottom = np.broadcast_arrays(np.asarray(numerator, np.float64), np.asarray(denominator, np.float64))
    result = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=result, where=np.isfinite(top) & np.isfinite(bottom) & (bottom != 0))
    return result


def group_count(groups: Ints, size: int, mask: NDArray[np.bool_] | None = None) -> Floats:
    """Rows of each group ``0 … size - 1`` (under `mask`)."""
    return np.bincount(groups if mask is None else groups[mask], minlength=size).astype(np.float64)


def group_sum(groups: Ints, values: Floats, size: int) -> Floats:
    """Sum of each group over the values that are known. Exact for whole numbers below 2^53."""
    known = np.isfinite(values)
    return np.asarray(np.bincount(groups[known], weights=values[known], minlength=size), dtype=np.float64)


def group_mean(groups: Ints, values: Floats, size: int) -> Floats:
    """Mean of each group over the values that are known; NaN for a group with none."""
    return divide(group_sum(groups, values, size), group_count(groups, size, np.isfinite(values)))


def group_median(groups: Ints, values: Floats, size: int) -> Floats:
    """Median of each group over the values that are known; NaN for a group with none."""
    known = np.isfinite(values)
    kept_groups, kept = groups[known], values[known]
    ordered = kept[np.lexsort((kept, kept_groups))]
    count = np.bincount(kept_groups, minlength=size)
    start = np.cumsum(count) - count
    result = np.full(size, np.nan)
    some = count > 0
    low, high = start + (count - 1) // 2, start + count // 2
    result[some] = (ordered[low[some]] + ordered[high[some]]) / 2
    return result


def group_max(groups: Ints, values: Floats, size: int) -> Floats:
    """Largest known value of each group; NaN for a group with none."""
    result = np.full(size, -np.inf)
    known = np.isfinite(values)
    np.maximum.at(result, groups[known], values[known])
    return np.where(np.isfinite(result), result, np.nan)


def lookup(keys: Ints, wanted: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Row of each wanted key among distinct `keys` (any order), and whether it is there at all."""
    if not keys.size:
        return np.zeros(wanted.shape, np.int64), np.zeros(wanted.shape, np.bool_)
    order = np.argsort(keys, kind="stable")
    place = np.minimum(np.searchsorted(keys, wanted, sorter=order), keys.size - 1)
    rows = order[place]
    return rows, keys[rows] == wanted
