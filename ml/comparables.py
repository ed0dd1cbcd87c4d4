"""What comparable listings ask: the median over similar listings of the market, without the listing itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ml.arrays import Floats, Ints, codes, floats

ENOUGH = 5
"""Comparables from which a median is trusted; with fewer, a wider group is asked."""

LEVELS = ("neighbourhood, room type and size", "room type and size", "room type", "whole market")
"""The groups asked, narrowest first: `Comparables.level` is an index into these."""

_BUCKET_STARTS = (3, 5, 7)


@dataclass(frozen=True)
class Comparables:
    """What comparables ask, for each of n listings.

    Attributes
    ----------
    median_minor
        (n,) median price of the others in the group, minor units; NaN where there are none.
    count
        (n,) how many others stand behind it.
    level
        (n,) index into :data:`LEVELS`; NaN where there are none.
    """

    median_minor: Floats
    count: Floats
    level: Floats


def size_bucket(accommodates: Floats) -> Ints:
    """Size class by guests: 0 for one or two, 1 up to four, 2 up to six, 3 above."""
    return np.searchsorted(_BUCKET_STARTS, accommodates, side="right").astype(np.int64)


def comparables(listings: pa.Table, price_minor: Floats, *, known: NDArray[np.bool_] | None = None) -> Comparables:
    """Median price of comparable listings, from the narrowest group that has :data:`ENOUGH` of them.

    Where no group has enough, the widest group with any counts. A listing is never its own comparable.

    Parameters
    ----------
    listings
        One market's listings: neighbourhood, room_type, accommodates.
    price_minor
        (n,) nightly price level of each in minor units of one currency; NaN is left out.
    known
        (n,) whose prices may be looked at; all by default. Training on unseen listings hides theirs.
    """
    room_type, bucket = codes(listings, "room_type"), size_bucket(floats(listings, "accommodates"))
    everything = np.zeros(listings.num_rows, np.int64)
    keys: Sequence[Sequence[Ints]] = (
        (codes(listings, "neighbourhood"), room_type, bucket),
        (room_type, bucket),
        (room_type,),
        (everything,),
    )
    visible = np.isfinite(price_minor) if known is None else known & np.isfinite(price_minor)
    median, count = np.full(listings.num_rows, np.nan), np.zeros(listings.num_rows)
    level = np.full(listings.num_rows, np.nan)
    for index, key in enumerate(keys):
        level_median, level_count = _median_of_others(_group(key), price_minor, visible)
        # A group is taken when it is the first with enough; until then each wider one with any replaces.
        taken = (count < ENOUGH) & (level_count > 0)
        median[taken], count[taken], level[taken] = level_median[taken], level_count[taken], index
    return Comparables(median, count, level)


def _group(keys: Sequence[Ints]) -> Ints:
    stacked = np.stack(keys, axis=1)
    return np.unique(stacked, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _median_of_others(groups: Ints, price: Floats, visible: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Median and number of the visible prices of each row's group, the row itself left out."""
    size = int(groups.max(initial=-1)) + 1
    rows = np.flatnonzero(visible)
    order = rows[np.lexsort((price[rows], groups[rows]))]
    ordered = price[order]
    total = np.bincount(groups[rows], minlength=size)
    start = (np.cumsum(total) - total)[groups]
    rank = np.full(len(groups), len(groups), np.int64)  # past the end: a hidden row takes nothing away
    rank[order] = np.arange(len(order)) - start[order]
    others = total[groups] - visible
    some = others > 0

    def at(position: Ints) -> Floats:
        shifted = position + (position >= rank)
        return np.asarray(ordered[(start + shifted)[some]])

    median = np.full(len(groups), np.nan)
    if some.any():
        median[some] = (at((others - 1) // 2) + at(others // 2)) / 2
    return median, others.astype(np.float64)
