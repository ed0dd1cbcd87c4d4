"""Holes in a calendar: the free nights in a row that a stay leaves beside taken ones, or fills.

A hole has a taken night at each end. Where the calendar ends instead, nobody knows what comes, so there is none.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

NO_HOLE: Final = -1
"""In a column of free nights: no taken night ends them."""


def free_before(free: NDArray[np.bool_], at: int, *, within: int) -> int:
    """Free nights in a row right before a date, if a taken one ends them after at most `within`; or :data:`NO_HOLE`."""
    taken = np.flatnonzero(~free[max(0, at - within - 1) : at][::-1])
    return int(taken[0]) if taken.size else NO_HOLE


def free_after(free: NDArray[np.bool_], at: int, *, within: int) -> int:
    """Free nights in a row from a date on, if a taken one ends them after at most `within`; or :data:`NO_HOLE`."""
    taken = np.flatnonzero(~free[at : at + within + 1])
    return int(taken[0]) if taken.size else NO_HOLE


def holes(free: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Free nights in a row before and from each date on: two columns of (n + 1,), as the functions above say."""
    nights = len(free)
    dates = np.arange(nights + 1)
    latest = np.maximum.accumulate(np.r_[-1, np.where(free, -1, dates[:-1])])
    nearest = np.minimum.accumulate(np.r_[np.where(free, nights, dates[:-1]), nights][::-1])[::-1]
    before = np.where(latest < 0, NO_HOLE, dates - 1 - latest)
    after = np.where(nearest == nights, NO_HOLE, nearest - dates)
    return before, after
