"""A pass over many rows by two threads at once: each goes over half of them, and what they counted is put together."""

from __future__ import annotations

from concurrent.futures import Executor, wait
from typing import Final

import numpy as np
from numpy.typing import NDArray

from search.columns.ask import Ask
from search.columns.scan import scan
from search.columns.table import Table
from search.columns.tally import Counts, RegainedCounts, Results, Tally, TileCounts, empty_tally

MANY: Final = 200_000
"""Rows from which a second thread is worth waking: the pass takes some twenty milliseconds by itself."""


def scanned(table: Table, ask: Ask, *, beside: Executor | None = None) -> Tally:
    """Go over the rows that a search asks for.

    Parameters
    ----------
    beside
        Lends a second thread where there are many rows; the pass holds no lock of the interpreter.
    """
    if beside is None or int((ask.runs[:, 1] - ask.runs[:, 0]).sum()) < MANY:
        return _scanned(table, ask)
    first, second = halves(ask.runs)
    job = beside.submit(_scanned, table, ask._replace(runs=second))
    try:
        mine = _scanned(table, ask._replace(runs=first))
    finally:
        wait([job])  # nobody may write to the columns while it goes on
    return joined(mine, job.result())


def halves(runs: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cut runs of rows, (r, 2), in two with as many rows in each, the run in the middle too."""
    ends = np.cumsum(runs[:, 1] - runs[:, 0])
    middle = int(ends[-1]) // 2
    at = int(np.searchsorted(ends, middle, side="right"))
    cut = int(runs[at, 1] - (ends[at] - middle))
    first = np.concatenate([runs[:at], [[runs[at, 0], cut]]])
    second = np.concatenate([[[cut, runs[at, 1]]], runs[at + 1 :]])
    return first, second


def joined(one: Tally, other: Tally) -> Tally:
    """Put together what was counted in different rows."""
    found = [int(each.results.found[0]) for each in (one, other)]
    kept = [
        np.concatenate([mine[: found[0]], theirs[: found[1]]])
        for mine, theirs in zip(one.results[1:], other.results[1:], strict=True)
    ]
    return Tally(
        Results(one.results.found + other.results.found, *kept),
        Counts(*(mine + theirs for mine, theirs in zip(one.counts, other.counts, strict=True))),
        RegainedCounts(*(mine + theirs for mine, theirs in zip(one.regained, other.regained, strict=True))),
        TileCounts(one.tiles.counts + other.tiles.counts, np.minimum(one.tiles.prices, other.tiles.prices)),
    )


def _scanned(table: Table, ask: Ask) -> Tally:
    tally = empty_tally(ask)
    scan(table, ask, tally)
    return tally
