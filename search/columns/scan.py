"""The pass: every row that may fit is looked at once, and everything an answer counts is counted there.

What always holds is asked first, nights and departures for 64 listings at a time. What a guest may take back (facets,
price, least bedrooms …) is a group each; a row that fails one group alone counts in that group's own facet, and for
what taking it back would add, and nowhere else. A row that fails none is a result.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from search.columns.ask import ANYWHERE, Ask
from search.columns.best import keep_best
from search.columns.block import WORDS, Block, empty_block
from search.columns.compiled import compiled
from search.columns.counting import count_codes, count_failing, count_tiles, count_values, kept_results
from search.columns.derived import Derived
from search.columns.sifting import free_for, in_area, in_market_with_room, priced, sorted_out, taking
from search.columns.table import NO_CODE, Table
from search.columns.tally import Tally
from search.columns.zones import ROOM


@compiled
def scan(  # noqa: PLR0917 - compiled code takes them by place
    table: Table,
    derived: Derived,
    ask: Ask,
    tally: Tally,
    place: NDArray[np.int64],
    flag: NDArray[np.int64],
    stretch: int,
) -> bool:
    """Go over the rows and fill the tally, to the end or until a flag is raised; whether that is the end.

    Parameters
    ----------
    place
        (2,) run and word to go on with, from (0, 0) at first; written where it is not the end.
    flag
        (1,) not 0 where somebody else is to have the thread; it may be raised by another one.
    stretch
        Words of 64 rows that are gone over before it is looked at, so that every call comes further.
    """
    runs, block, gone, behind = ask.runs, empty_block(ask.groups.first_code.size + ask.groups.bits.all_of.size), 0, 0
    for run in range(runs.shape[0]):
        begin, end = runs[run, 0] >> 6, ((runs[run, 1] - 1) >> 6) + 1
        first = max(begin, place[1]) if run == place[0] else begin
        while run >= place[0] and first < end:
            if flag[0] != 0 and gone >= stretch:
                place[0], place[1] = run, first
                return False
            last = min(first + stretch, end)
            bits = tally.results.bits[behind + first - begin : behind + last - begin]
            _go_over(table, derived, ask, block, runs[run], first, bits, tally)
            gone += last - first
            first = last
        behind += end - begin
    return True


@compiled
def _go_over(  # noqa: PLR0917 - compiled code takes them by place
    table: Table,
    derived: Derived,
    ask: Ask,
    block: Block,
    run: NDArray[np.int64],
    first: int,
    bits: NDArray[np.uint64],
    tally: Tally,
) -> None:
    """Go over a stretch of a run from a word on, and write which rows of it are results."""
    before = tally.results.found[0]
    for place in range(0, bits.size, WORDS):
        _look_at(table, derived, ask, block, run, first + place, bits[place : place + WORDS], tally)
    if tally.results.found[0] > before:
        count_values(table.traits.values, tally.counts.bits, 0, table.traits.values.shape[0], first, bits)


@compiled
def _look_at(  # noqa: PLR0917 - compiled code takes them by place
    table: Table,
    derived: Derived,
    ask: Ask,
    block: Block,
    run: NDArray[np.int64],
    first: int,
    bits: NDArray[np.uint64],
    tally: Tally,
) -> None:
    """Ask everything of a block of rows, one question after the other, and count them."""
    traits, places, zones, stay, groups = table.traits, table.places, derived.zones, ask.stay, ask.groups
    words = bits.size
    fits = block.fits[:words]
    if not free_for(table.nights, zones, stay, run[0], run[1], first, fits):
        return
    if ask.market != NO_CODE or stay.guests > ROOM:
        in_market_with_room(traits, zones.markets, stay, ask.market, first, fits)
    if ask.area.kind != ANYWHERE:
        in_area(places, zones.boxes, ask.area, first, fits)
    if stay.nights.size > 0:
        taking(table.stays, zones, traits, stay, first, fits)
    sorted_out(traits, groups, first, words, block)
    count = priced(table, derived, ask, first, words, block)
    if count == 0:
        return
    count_failing(traits.codes, traits.values, ask, tally, block, first, words)
    found = kept_results(ask, tally.counts.histogram, block, first, count, bits)
    tally.results.found[0] += found
    rows = block.rows[:found]
    count_codes(traits.codes, groups.first_code, tally.counts.codes, rows)
    if ask.tiles.columns > 0:
        count_tiles(places, zones.boxes, ask.tiles, tally.tiles, block, first, bits)
    keep_best(table, ask.order, block, found, tally.best)
