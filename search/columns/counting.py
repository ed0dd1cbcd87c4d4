"""What a chunk of rows adds to the tally."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from search.columns.ask import Ask, BitAsk, GroupAsk, TileAsk
from search.columns.chunk import Chunk
from search.columns.compiled import add_bits, compiled, inlined, trailing_zeros
from search.columns.table import WORD, Places, Traits
from search.columns.tally import Results, Tally, TileCounts

_ONE: Final = np.uint64(1)
_NONE: Final = np.uint64(0)
_AT_ONCE: Final = 255
"""Rows whose bits are counted before a counter of one byte may overflow."""


@compiled
def kept_results(results: Results, chunk: Chunk, count: int) -> int:
    """Keep the rows that fail no group; says how many had been kept before."""
    before = results.found[0]
    found = before
    for place in range(count):
        results.rows[found] = chunk.rows[place]
        results.amounts[found], results.prices[found] = chunk.amounts[place], chunk.prices[place]
        found += chunk.failed[place] == 0
    results.found[0] = found
    return int(before)


@compiled
def count_results(places: Places, traits: Traits, ask: Ask, tally: Tally, first: int) -> None:
    """Count the results that were kept from the `first` on."""
    # Taken apart before the loops: each time that it is done within one, the references of arrays are counted.
    results, counts, tiles, counted, edges = tally.results, tally.counts, ask.tiles, tally.tiles, ask.price.edges
    found, histogram = results.found[0], counts.histogram
    rows, prices = results.rows[first:found], results.prices[first:found]
    _count_codes(traits.codes, ask.groups.first_code, counts.codes, rows)
    _count_bits(traits.bits, counts.bits, rows)
    for price in prices:
        _count_price(histogram, edges, price)
    if tiles.columns > 0:
        for place in range(rows.size):
            _count_tile(places, tiles, counted, rows[place], prices[place])


@compiled
def count_failing(  # noqa: PLR0917 - compiled code takes them by place
    traits: Traits, groups: GroupAsk, edges: NDArray[np.float64], tally: Tally, chunk: Chunk, count: int
) -> None:
    """Count each row that fails one group, in that group's own facet and for what taking it back would add."""
    rows, failed, failing, _, prices = chunk
    codes, bits, first_code, many = traits.codes, traits.bits, groups.first_code, groups.many
    counted, counted_bits, histogram = tally.counts
    all_of, first_word, regained = many.all_of, many.first_word, tally.regained
    more = regained.groups
    coded, sets = first_code.size - 1, all_of.size
    for place in range(count):
        if failed[place] != 1:
            continue
        row, group = rows[place], failing[place]
        more[group] += 1
        if group < coded:
            counted[first_code[group] + codes[row, group]] += 1
        elif group == coded + sets:
            _count_price(histogram, edges, prices[place])
        elif all_of[group - coded]:
            _count_lacked(bits, many, regained.bits, row, group - coded)
        else:
            for word in range(first_word[group - coded], first_word[group - coded + 1]):
                _count_each(counted_bits, bits[row, word], word)


@inlined
def _count_codes(
    codes: NDArray[np.int32], first_code: NDArray[np.int64], counts: NDArray[np.int64], rows: NDArray[np.int64]
) -> None:
    facets = first_code.size - 1
    for row in rows:
        for facet in range(facets):
            counts[first_code[facet] + codes[row, facet]] += 1


@inlined
def _count_bits(bits: NDArray[np.uint64], counts: NDArray[np.int64], rows: NDArray[np.int64]) -> None:
    """Count every bit of the rows: 64 counters of a byte at once, and these into the counts before they overflow."""
    words = bits.shape[1]
    if rows.size < WORD:  # the counters cost as much as some rows do
        for row in rows:
            for word in range(words):
                _count_each(counts, bits[row, word], word)
        return
    few = np.zeros(WORD, np.uint8)
    for first in range(0, rows.size, _AT_ONCE):
        for word in range(words):
            few[:] = 0
            for row in rows[first : first + _AT_ONCE]:
                add_bits(few, bits[row, word])
            for bit in range(WORD):
                counts[(word << 6) + bit] += few[bit]


@inlined
def _count_each(counts: NDArray[np.int64], bits: np.uint64, word: int) -> None:
    while bits != _NONE:
        counts[(word << 6) + trailing_zeros(bits)] += 1
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
def _count_lacked(bits: NDArray[np.uint64], many: BitAsk, counted: NDArray[np.int64], row: int, facet: int) -> None:
    """Count a row for the one value that it lacks of those that it must have all of."""
    lacking, lacked = many.unknown[facet], 64 * many.asked.size + facet
    for word in range(many.first_word[facet], many.first_word[facet + 1]):
        missing = many.asked[word] & ~bits[row, word]
        while missing != _NONE:
            lacked = (word << 6) + trailing_zeros(missing)
            missing &= missing - _ONE
            lacking += 1
    if lacking == 1:
        counted[lacked] += 1


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
