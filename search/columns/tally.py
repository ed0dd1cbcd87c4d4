"""What a pass counted."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from search.columns.ask import Ask
from search.columns.table import WORD


class Results(NamedTuple):
    """The rows that have everything asked for.

    Attributes
    ----------
    found
        (1,) how many.
    rows, amounts, prices
        As many as `found`: the row, the total (nightly price without a stay) in the listing's currency and in the
        guest's, or :data:`search.columns.table.NO_PRICE`.
    """

    found: NDArray[np.int64]
    rows: NDArray[np.int64]
    amounts: NDArray[np.int64]
    prices: NDArray[np.float64]


class Counts(NamedTuple):
    """Facets and histogram, each counted without its own filter.

    Attributes
    ----------
    codes, bits, histogram
        (codes,) as :class:`search.columns.ask.GroupAsk` lays them out, (bits,), (edges,).
    """

    codes: NDArray[np.int64]
    bits: NDArray[np.int64]
    histogram: NDArray[np.int64]


class RegainedCounts(NamedTuple):
    """What filters keep out by themselves.

    Attributes
    ----------
    groups
        Rows that fail the group and no other: coded facets, facets of bits, price.
    bits
        (bits + facets of bits,) rows that lack one of the values of which all are asked for, and nothing else: one with
        a bit, or at the end, one that no listing has.
    """

    groups: NDArray[np.int64]
    bits: NDArray[np.int64]


class TileCounts(NamedTuple):
    """Results in each tile, line by line, and the lowest price, +inf where none is known."""

    counts: NDArray[np.int64]
    prices: NDArray[np.float64]


class Tally(NamedTuple):
    """Everything that a pass fills in."""

    results: Results
    counts: Counts
    regained: RegainedCounts
    tiles: TileCounts


def empty_tally(ask: Ask) -> Tally:
    """Make a tally with room for every row that may fit."""
    rows = int((ask.runs[:, 1] - ask.runs[:, 0]).sum())
    groups, many = ask.groups, ask.groups.many
    bits, sets = WORD * len(many.asked), len(many.all_of)
    tiles, bins = ask.tiles.columns * ask.tiles.lines, len(ask.price.edges)
    return Tally(
        Results(np.zeros(1, np.int64), np.empty(rows, np.int64), np.empty(rows, np.int64), np.empty(rows, np.float64)),
        Counts(np.zeros(len(groups.allowed), np.int64), np.zeros(bits, np.int64), np.zeros(bins, np.int64)),
        RegainedCounts(np.zeros(len(groups.first_code) + sets, np.int64), np.zeros(bits + sets, np.int64)),
        TileCounts(np.zeros(tiles, np.int64), np.full(tiles, np.inf)),
    )
