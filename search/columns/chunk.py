"""The rows that a pass has in hand: two thousand at a time, so that what is known of them stays near the processor.

Each step of the pass goes over all of them before the next one begins. A loop that asks one question runs at the pace
of the memory; one that asks ten of each row in turn, and leaves off at the first no, runs at the pace at which the
processor guesses wrong.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from search.columns.compiled import compiled
from search.columns.table import WORD

ROOM: Final = 2048
"""Rows of a chunk, at most."""
FULL: Final = ROOM - WORD
"""Rows beyond which another word of them may not fit."""


class Chunk(NamedTuple):
    """Rows that are left, in their order, and what is known of them.

    Attributes
    ----------
    rows
        (ROOM,) the first so many of these count; the same goes for all others.
    failed, group
        How many groups a row fails (what a guest may take back); and which, where it is one: what is added up of
        several is none's number. Before that is asked, room for what a question has to remember.
    amounts, prices
        The total in the listing's currency and in the guest's.
    """

    rows: NDArray[np.int64]
    failed: NDArray[np.int64]
    group: NDArray[np.int64]
    amounts: NDArray[np.int64]
    prices: NDArray[np.float64]


@compiled
def empty_chunk() -> Chunk:
    """Make room."""
    return Chunk(
        np.empty(ROOM, np.int64),
        np.empty(ROOM, np.int64),
        np.empty(ROOM, np.int64),
        np.empty(ROOM, np.int64),
        np.empty(ROOM, np.float64),
    )
