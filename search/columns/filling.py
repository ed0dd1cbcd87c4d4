"""Writing many rows of the night columns at once, compiled: slot by slot, as they lie in memory.

What is there already is not written again. Columns that are mapped from files are shared by every process of the
machine, and a page of them becomes one process's own, a copy, when that writes to it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from search.columns.compiled import compiled

_ONE: Final = np.uint64(1)
_BIT: Final = 63


@compiled
def put_bits(column: NDArray[np.uint64], rows: NDArray[np.int64], values: NDArray[np.bool_]) -> None:
    """Write (rows, RING) flags into a bit column (RING, w)."""
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
