"""A pass over many rows: two threads share them, and the one that others wait for leaves off when they ring."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from functools import reduce
from itertools import pairwise
from threading import Event
from typing import Final

import numpy as np
from numpy.typing import NDArray

from search.columns.ask import Ask
from search.columns.derived import Derived
from search.columns.scan import scan
from search.columns.table import Table
from search.columns.tally import Counts, RegainedCounts, Results, Tally, TileCounts, empty_tally, joined_best

MANY: Final = 200_000
"""Rows from which a second thread is worth waking: the pass takes some ten milliseconds by itself."""
STRETCH: Final = 1_024
"""Words of 64 rows that a pass goes over between two interruptions, some milliseconds: it comes to its end, however
many ring."""


PART: Final = 1_000_000
"""Rows of a part that the threads take in turn, some twenty milliseconds: none waits long for the other's last one, and
between two of them a thread needs the interpreter's lock, which may take it some milliseconds."""


class Bell:
    """Is rung by whoever wants the thread for a moment, and heard by compiled code too.

    Parameters
    ----------
    answer
        What is done when it was rung, on the thread that was interrupted; it must not write to the columns.
    """

    def __init__(self, answer: Callable[[], None]) -> None:
        self.flag = np.zeros(1, np.int64)
        self._rung = Event()
        self._answer = answer

    def ring(self) -> None:
        """Have whoever is at work leave off, and whoever waits wake up."""
        self.flag[0] = 1
        self._rung.set()

    def wait(self) -> None:
        """Wait until it rings."""
        self._rung.wait()

    def answer(self) -> None:
        """Do what it was rung for; who rings from here on is heard again."""
        self.flag[0] = 0
        self._rung.clear()
        self._answer()


def silent() -> Bell:
    """A bell that nobody rings."""
    return Bell(lambda: None)


def rows_of(ask: Ask) -> int:
    """How many rows a pass looks at."""
    return int((ask.runs[:, 1] - ask.runs[:, 0]).sum())


def scanned(
    table: Table, derived: Derived, ask: Ask, *, beside: Executor | None = None, bell: Bell | None = None
) -> Tally:
    """Go over the rows that a search asks for.

    Parameters
    ----------
    beside
        Lends a second thread where there are many rows; the pass holds no lock of the interpreter.
    bell
        Interrupts the calling thread in the middle of many rows.
    """
    if beside is None or rows_of(ask) < MANY:
        return _gone_over(table, derived, ask, silent())
    bell = bell or silent()
    # Who is interrupted leaves more of them to the other.
    left = deque(ask._replace(runs=runs) for runs in parts(ask.runs, max(2, rows_of(ask) // PART)))
    job = beside.submit(_help, table, derived, left, silent())
    job.add_done_callback(lambda _job: bell.ring())
    try:
        mine = _help(table, derived, left, bell)
    finally:
        left.clear()
        while not job.done():  # nobody may write to the columns while it goes on
            bell.wait()
            bell.answer()
    return reduce(joined, [*mine, *job.result()])


def parts(runs: NDArray[np.int64], count: int) -> list[NDArray[np.int64]]:
    """Cut runs of rows, (r, 2), into parts with as many rows in each, as far as they come to that."""
    ends = np.cumsum(runs[:, 1] - runs[:, 0])
    cuts = np.unique(np.linspace(0, ends[-1], count + 1).astype(np.int64))
    return [_between(runs, ends, low, high) for low, high in pairwise(cuts.tolist())]


def _between(runs: NDArray[np.int64], ends: NDArray[np.int64], low: int, high: int) -> NDArray[np.int64]:
    """Rows from the one that so many stand before, to before another such one."""
    first, last = np.searchsorted(ends, [low, high - 1], side="right")
    found = runs[first : last + 1].copy()
    found[0, 0] = runs[first, 1] - (ends[first] - low)
    found[-1, 1] = runs[last, 1] - (ends[last] - high)
    return found


def _help(table: Table, derived: Derived, left: deque[Ask], bell: Bell) -> list[Tally]:
    """Take one part after the other for as long as some are left; no two threads take the same."""
    done = list[Tally]()
    while True:
        try:
            part = left.popleft()
        except IndexError:
            return done
        done.append(_gone_over(table, derived, part, bell))
        if bell.flag[0]:
            bell.answer()


def _gone_over(table: Table, derived: Derived, ask: Ask, bell: Bell) -> Tally:
    tally, place = empty_tally(ask), np.zeros(2, np.int64)
    while not scan(table, derived, ask, tally, place, bell.flag, STRETCH):
        bell.answer()
    return tally


def joined(one: Tally, other: Tally) -> Tally:
    """Put together what was counted in different rows."""
    return Tally(
        Results(
            one.results.found + other.results.found,
            np.concatenate([one.results.runs, other.results.runs]),
            np.concatenate([one.results.bits, other.results.bits]),
        ),
        joined_best(one.best, other.best),
        Counts(*(mine + theirs for mine, theirs in zip(one.counts, other.counts, strict=True))),
        RegainedCounts(*(mine + theirs for mine, theirs in zip(one.regained, other.regained, strict=True))),
        TileCounts(one.tiles.counts + other.tiles.counts, np.minimum(one.tiles.prices, other.tiles.prices)),
    )
