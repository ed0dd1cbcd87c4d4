"""The pass: every row that may fit is looked at once, and everything an answer counts is counted there.

What always holds is asked first, for 64 listings at a time. What a guest may take back (facets, price, least
bedrooms …) is a group each; a row that fails one group alone counts in that group's own facet, and for what
taking it back would add, and nowhere else. A row that fails none is a result.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from search.columns.amounts import amount_of, exchanged
from search.columns.ask import Ask, BitAsk, GroupAsk, TileAsk
from search.columns.compiled import compiled, inlined, trailing_zeros
from search.columns.fitting import candidates, lies_in, takes
from search.columns.table import CURRENCY, LEAST, MARKET, NO_CODE, Places, Table, Traits
from search.columns.tally import Counts, RegainedCounts, Results, Tally, TileCounts

_ONE: Final = np.uint64(1)
_NONE: Final = np.uint64(0)
_ALL: Final = np.uint64(2**64 - 1)
_BIT: Final = 63
_ACCOMMODATES: Final = LEAST.index("accommodates")


@compiled
def scan(table: Table, ask: Ask, tally: Tally) -> None:  # noqa: C901, PLR0912 - what is handed on is copied for every row
    """Go over the rows and fill the tally."""
    # Taken apart once, for the same reason: whole tables handed on cost four times the pass.
    places, nights, stays, traits, prices = table.places, table.nights, table.stays, table.traits, table.prices
    runs, market, area, stay, groups, price_ask, tiles = ask
    results, counts, regained, tile_counts = tally
    first_code, many = groups.first_code, groups.many
    coded, sets = groups.first_code.size - 1, many.all_of.size
    for run in range(runs.shape[0]):
        first, last = runs[run, 0], runs[run, 1] - 1
        for word in range(first >> 6, (last >> 6) + 1):
            bits = candidates(nights, stay, word)
            if word == first >> 6:
                bits &= _ALL << np.uint64(first & _BIT)
            if word == last >> 6:
                bits &= _ALL >> np.uint64(_BIT - (last & _BIT))
            while bits != _NONE:
                row = (word << 6) + trailing_zeros(bits)
                bits &= bits - _ONE
                if not traits.least[row, _ACCOMMODATES] >= stay.guests:
                    continue
                if market != NO_CODE and traits.codes[row, MARKET] != market:
                    continue
                if not lies_in(places, area, row):
                    continue
                today = stay.today[traits.codes[row, MARKET]] if stay.nights.size > 0 else 0
                if stay.nights.size > 0 and not takes(stays, stay, today, row):
                    continue
                failed, group = _failed(traits, groups, many, row)
                if failed > 1:
                    continue
                amount = amount_of(prices, stay, today, row)
                price = exchanged(amount, traits.codes[row, CURRENCY], price_ask.factors)
                if not np.isnan(price_ask.low) and not (price >= price_ask.low and price <= price_ask.high):
                    failed, group = failed + 1, coded + sets
                if failed == 0:
                    _keep(results, row, amount, price)
                    for facet in range(coded):
                        counts.codes[first_code[facet] + traits.codes[row, facet]] += 1
                    _count_bits(traits, counts, row, 0, traits.bits.shape[1])
                    _count_price(counts.histogram, price_ask.edges, price)
                    if tiles.columns > 0:
                        _count_tile(places, tiles, tile_counts, row, price)
                elif failed == 1:
                    regained.groups[group] += 1
                    if group < coded:
                        counts.codes[first_code[group] + traits.codes[row, group]] += 1
                    elif group == coded + sets:
                        _count_price(counts.histogram, price_ask.edges, price)
                    elif many.all_of[group - coded]:
                        _count_lacked(traits, many, regained, row, group - coded)
                    else:
                        words = many.first_word
                        _count_bits(traits, counts, row, words[group - coded], words[group - coded + 1])


@inlined
def _failed(traits: Traits, groups: GroupAsk, many: BitAsk, row: int) -> tuple[int, int]:
    """How many groups but the price a row fails, and the last of them."""
    failed, group = 0, -1
    for facet in groups.ticked:
        if not groups.allowed[groups.first_code[facet] + traits.codes[row, facet]]:
            failed, group = failed + 1, facet
    for facet in many.ticked:
        if _lacks(traits, many, row, facet):
            failed, group = failed + 1, groups.first_code.size - 1 + facet
    return failed, group


@inlined
def _lacks(traits: Traits, many: BitAsk, row: int, facet: int) -> bool:
    """Whether a row lacks one of the values that are ticked, or of a facet that is content with one, all of them."""
    lacks_one, has_one = many.unknown[facet] > 0, False
    for word in range(many.first_word[facet], many.first_word[facet + 1]):
        held = traits.bits[row, word]
        lacks_one = lacks_one or (many.asked[word] & ~held) != _NONE
        has_one = has_one or (many.asked[word] & held) != _NONE
    return lacks_one if many.all_of[facet] else not has_one


@inlined
def _keep(results: Results, row: int, amount: int, price: float) -> None:
    found = results.found[0]
    results.rows[found], results.amounts[found], results.prices[found] = row, amount, price
    results.found[0] = found + 1


@inlined
def _count_bits(traits: Traits, counts: Counts, row: int, first: int, last: int) -> None:
    for word in range(first, last):
        bits = traits.bits[row, word]
        while bits != _NONE:
            counts.bits[(word << 6) + trailing_zeros(bits)] += 1
            bits &= bits - _ONE


@inlined
def _count_price(histogram: NDArray[np.int64], edges: NDArray[np.float64], price: float) -> None:
    """Count a price in its bin; one that is not known in none."""
    if price >= 0:
        # The last edge that is not above it, halving what is left without a branch that a processor could guess wrong.
        low, left = 0, edges.size
        while left > 1:
            half = left >> 1
            low += half if price >= edges[low + half] else 0
            left -= half
        histogram[low] += 1


@inlined
def _count_lacked(traits: Traits, many: BitAsk, regained: RegainedCounts, row: int, facet: int) -> None:
    """Count a row for the one value that it lacks of those that it must have all of."""
    lacking, lacked = many.unknown[facet], 64 * many.asked.size + facet
    for word in range(many.first_word[facet], many.first_word[facet + 1]):
        missing = many.asked[word] & ~traits.bits[row, word]
        while missing != _NONE:
            lacked = (word << 6) + trailing_zeros(missing)
            missing &= missing - _ONE
            lacking += 1
    if lacking == 1:
        regained.bits[lacked] += 1


@inlined
def _count_tile(places: Places, tiles: TileAsk, counted: TileCounts, row: int, price: float) -> None:
    side = np.int64(1) << tiles.zoom
    column = (min(np.int64((places.longitude[row] / 360.0 + 0.5) * side), side - 1) - tiles.first_x) % side
    line = np.int64(places.north[row] * side) - tiles.first_y
    if column < tiles.columns and line >= 0 and line < tiles.lines:
        tile = line * tiles.columns + column
        counted.counts[tile] += 1
        if price >= 0 and price < counted.prices[tile]:
            counted.prices[tile] = price
