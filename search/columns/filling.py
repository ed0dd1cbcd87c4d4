"""Writing many rows of a column at once; bits and prices of nights compiled, slot by slot, as they lie in memory.

What is there already is not written again. Columns that are mapped from files are shared by every process of the
machine, and a page of them becomes one process's own, a copy, when that writes to it.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from search.columns.compiled import compiled

_ONE: Final = np.uint64(1)
_BIT: Final = 63


def put(column: NDArray[Any], rows: NDArray[np.int64], values: ArrayLike) -> None:
    """Write a value into each of some rows, which are different ones."""
    given = np.asarray(values, column.dtype)
    held = column[rows]
    is_new = (held != given) & ((held == held) | (given == given))  # noqa: PLR0124 - NaN alone differs from itself
    column[rows[is_new]] = given[is_new]


@compiled
def put_bits(column: NDArray[np.uint64], rows: NDArray[np.int64], values: NDArray[np.bool_]) -> None:
    """Write (rows, slots) flags into bit columns (slots, w): nights, or values of a facet."""
    for slot in range(column.shape[0]):
        for place in range(rows.size):
            word = rows[place] >> 6
            mask = _ONE << np.uint64(rows[place] & _BIT)
            held = column[slot, word]
            value = held | mask if values[place, slot] else held & ~mask
            if value != held:
                column[slot, word] = value


@compiled
def put_prices(
    column: NDArray[np.uint16], rows: NDArray[np.int64], units: NDArray[np.int64], nightly: NDArray[np.int64]
) -> None:
    """Write (rows, RING) prices in minor units into a column (RING, n) in units."""
    for slot in range(column.shape[0]):
        for place in range(rows.size):
            value = np.uint16(nightly[place, slot] // units[place])
            if value != column[slot, rows[place]]:
                column[slot, rows[place]] = value
