"""The rows that a pass has in hand: two thousand at a time, so that what is known of them stays near the processor.

What can be asked of 64 rows at once is asked so, and each row is looked at by itself only where it is still in question
and has a number of its own. Each such step goes over all rows before the next one begins: a loop that asks one question
runs at the pace of the memory; one that asks ten of each row in turn, and leaves off at the first no, runs at the pace
at which the processor guesses wrong.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from search.columns.compiled import compiled
from search.columns.table import WORD

WORDS: Final = 32
"""Words of a block, at most."""
ROOM: Final = WORDS * WORD
"""Its rows, at most."""


class Block(NamedTuple):
    """Words of rows that lie side by side, and what is known of them.

    Attributes
    ----------
    fits
        (WORDS,) bits: rows that are left. The first so many words count; the same goes for all others.
    once, twice
        (WORDS,) bits: of these, the rows that fail a group, and those that fail two (what a guest may take back).
    failing
        (groups, WORDS) bits: the rows that fail each group that is asked about.
    rows, amounts, prices
        (ROOM,) rows that are left, one by one; their totals in the listing's currency and in the guest's.
    keys
        (ROOM,) by which results are ordered, low is good.
    """

    fits: NDArray[np.uint64]
    once: NDArray[np.uint64]
    twice: NDArray[np.uint64]
    failing: NDArray[np.uint64]
    rows: NDArray[np.int64]
    amounts: NDArray[np.int64]
    prices: NDArray[np.float64]
    keys: NDArray[np.float64]


@compiled
def empty_block(groups: int) -> Block:
    """Make room."""
    return Block(
        np.empty(WORDS, np.uint64),
        np.empty(WORDS, np.uint64),
        np.empty(WORDS, np.uint64),
        np.empty((groups, WORDS), np.uint64),
        np.empty(ROOM, np.int64),
        np.empty(ROOM, np.int64),
        np.empty(ROOM, np.float64),
        np.empty(ROOM, np.float64),
    )
