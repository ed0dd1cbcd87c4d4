"""What a pass counted."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from search.columns.ask import Ask
from search.columns.table import WORD
from search.request import MAX_PAGE_DEPTH

MOST: Final = MAX_PAGE_DEPTH
"""Results that are told."""


class Results(NamedTuple):
    """The rows that have everything asked for.

    Attributes
    ----------
    found
        (1,) how many.
    runs
        (r, 2) the rows that were looked at.
    bits
        Which of them are results: words of the columns, as many as each run lies in, one run after the other.
    """

    found: NDArray[np.int64]
    runs: NDArray[np.int64]
    bits: NDArray[np.uint64]


class Best(NamedTuple):
    """The best results, a heap with the worst of them on top (:mod:`search.columns.best`).

    Attributes
    ----------
    held
        (1,) how many.
    heap
        (MOST,) their places in what follows, with room for as many.
    keys, others, ids
        What decides their order, in this order, low is good.
    rows, amounts, prices
        The row, the total (nightly price without a stay) in the listing's currency and in the guest's, or
        :data:`search.columns.table.NO_PRICE`.
    """

    held: NDArray[np.int64]
    heap: NDArray[np.int64]
    keys: NDArray[np.float64]
    others: NDArray[np.float64]
    ids: NDArray[np.int64]
    rows: NDArray[np.int64]
    amounts: NDArray[np.int64]
    prices: NDArray[np.float64]


class Counts(NamedTuple):
    """Facets and histogram, each counted without its own filter.

    Attributes
    ----------
    codes, bits, histogram
        (codes,) as :class:`search.columns.ask.GroupAsk` lays them out, (bit columns,), (edges,).
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
    best: Best
    counts: Counts
    regained: RegainedCounts
    tiles: TileCounts


def empty_tally(ask: Ask) -> Tally:
    """Make a tally with room for every row that may fit."""
    groups, bits = ask.groups, ask.groups.bits
    values, facets = int(bits.first_bit[-1]), len(bits.all_of)
    tiles, bins = ask.tiles.columns * ask.tiles.lines, len(ask.price.edges)
    return Tally(
        Results(np.zeros(1, np.int64), ask.runs, np.zeros(int(_words(ask.runs).sum()), np.uint64)),
        _no_best(),
        Counts(np.zeros(len(groups.allowed), np.int64), np.zeros(values, np.int64), np.zeros(bins, np.int64)),
        RegainedCounts(np.zeros(len(groups.first_code) + facets, np.int64), np.zeros(values + facets, np.int64)),
        TileCounts(np.zeros(tiles, np.int64), np.full(tiles, np.inf)),
    )


def _no_best() -> Best:
    rows, amounts = np.empty(MOST, np.int64), np.empty(MOST, np.int64)
    heap, ids = np.empty(MOST, np.int64), np.empty(MOST, np.int64)
    keys, others, prices = np.empty(MOST), np.empty(MOST), np.empty(MOST)
    return Best(np.zeros(1, np.int64), heap, keys, others, ids, rows, amounts, prices)


def found_rows(results: Results) -> NDArray[np.int64]:
    """Every result's row, in order within what was looked at together."""
    at = np.flatnonzero(np.unpackbits(results.bits.view(np.uint8), bitorder="little"))
    words = _words(results.runs)
    moved = np.repeat((results.runs[:, 0] >> 6) - (np.cumsum(words) - words), words)
    return np.asarray(at + WORD * moved[at >> 6], np.int64)


def joined_best(one: Best, other: Best) -> Best:
    """Put the best of different rows together, which is no heap any more and may be more than are told."""
    mine, theirs = (each.held[0] for each in (one, other))
    kept = (np.concatenate([a[:mine], b[:theirs]]) for a, b in zip(one[1:], other[1:], strict=True))
    return Best(one.held + other.held, *kept)


def _words(runs: NDArray[np.int64]) -> NDArray[np.int64]:
    """In how many words of the columns each run lies."""
    return np.asarray(((runs[:, 1] - 1) >> 6) - (runs[:, 0] >> 6) + 1, np.int64)
