"""The pass: every row that may fit is looked at once, and everything an answer counts is counted there.

What always holds is asked first, nights and departures for 64 listings at a time. What a guest may take back (facets,
price, least bedrooms …) is a group each; a row that fails one group alone counts in that group's own facet, and for
what taking it back would add, and nowhere else. A row that fails none is a result.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from search.columns.ask import ANYWHERE, Ask
from search.columns.chunk import FULL, Chunk, empty_chunk
from search.columns.compiled import compiled, trailing_zeros
from search.columns.counting import count_failing, count_results, kept_results
from search.columns.fitting import candidates
from search.columns.sifting import in_area, large_enough, priced, sorted_out, taking
from search.columns.table import Table
from search.columns.tally import Tally

_ONE: Final = np.uint64(1)
_NONE: Final = np.uint64(0)
_ALL: Final = np.uint64(2**64 - 1)
_BIT: Final = 63


@compiled
def scan(  # noqa: PLR0917 - compiled code takes them by place
    table: Table, ask: Ask, tally: Tally, place: NDArray[np.int64], flag: NDArray[np.int64], least: int
) -> bool:
    """Go over the rows and fill the tally, to the end or until a flag is raised; whether that is the end.

    Parameters
    ----------
    place
        (2,) run and word to go on with, from (0, 0) at first; written where it is not the end.
    flag
        (1,) not 0 where somebody else is to have the thread; it may be raised by another one.
    least
        Words of 64 rows that are gone over before it is looked at, so that every call comes further.
    """
    nights, stay, runs, chunk = table.nights, ask.stay, ask.runs, empty_chunk()
    rows, count, words = chunk.rows, 0, 0
    for run in range(place[0], runs.shape[0]):
        first, last = runs[run, 0], runs[run, 1] - 1
        for word in range(max(first >> 6, place[1]), (last >> 6) + 1):
            if flag[0] != 0 and words >= least:
                _look_at(table, ask, chunk, count, tally)
                place[0], place[1] = run, word
                return False
            words += 1
            bits = candidates(nights, stay, word)
            if word == first >> 6:
                bits &= _ALL << np.uint64(first & _BIT)
            if word == last >> 6:
                bits &= _ALL >> np.uint64(_BIT - (last & _BIT))
            while bits != _NONE:
                rows[count] = (word << 6) + trailing_zeros(bits)
                bits &= bits - _ONE
                count += 1
            if count > FULL:
                _look_at(table, ask, chunk, count, tally)
                count = 0
        place[1] = 0
    _look_at(table, ask, chunk, count, tally)
    return True


@compiled
def _look_at(table: Table, ask: Ask, chunk: Chunk, count: int, tally: Tally) -> None:
    """Ask everything of the first `count` rows of a chunk, one question after the other, and count them."""
    traits, stay, groups = table.traits, ask.stay, ask.groups
    count = large_enough(traits, stay, ask.market, chunk.rows, count)
    if ask.area.kind != ANYWHERE:
        count = in_area(table.places, ask.area, chunk.rows, count)
    if stay.nights.size > 0:
        count = taking(table.stays, traits, stay, chunk, count)
    count = sorted_out(traits, groups, chunk, count)
    priced(table.prices, traits, stay, ask.price, groups, chunk, count)
    first = kept_results(tally.results, chunk, count)
    count_results(table.places, traits, ask, tally, first)
    count_failing(traits, groups, ask.price.edges, tally, chunk, count)
