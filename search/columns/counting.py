"""What a block of rows adds to the tally."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from search.columns.ask import Ask, BitAsk, TileAsk
from search.columns.block import Block
from search.columns.compiled import compiled, inlined, ones, trailing_zeros
from search.columns.price_bins import bin_of
from search.columns.table import Places
from search.columns.tally import Tally, TileCounts
from search.columns.zones import EAST, FOOT, TOP, WEST

_ONE: Final = np.uint64(1)
_NONE: Final = np.uint64(0)
_BIT: Final = 63


@compiled
def kept_results(  # noqa: PLR0917 - compiled code takes them by place
    ask: Ask, histogram: NDArray[np.int64], block: Block, first: int, count: int, results: NDArray[np.uint64]
) -> int:
    """Keep the results among the first `count` rows, and note which they are; says how many.

    Prices are counted on the way: of the results, and of what fails the price alone.

    Parameters
    ----------
    results
        (words,) bits, to be written.
    """
    edges, bins, rows, amounts, prices = ask.price.edges, ask.price.bins, block.rows, block.amounts, block.prices
    as_bits, fits, once, failing = prices.view(np.int64), block.fits, block.once, block.failing
    counted = block.twice  # nobody asks any more who failed two
    price_group, is_asked = failing.shape[0] - 1, not np.isnan(ask.price.low)
    for place in range(results.size):
        results[place] = counted[place] = fits[place] & ~once[place]
        if is_asked:
            counted[place] |= fits[place] & failing[price_group, place]
    kept = 0
    for place in range(count):
        row, amount, price = rows[place], amounts[place], prices[place]
        word, bit = (row >> 6) - first, np.uint64(row & _BIT)
        is_counted = np.int64(counted[word] >> bit & _ONE) & np.int64(price >= 0)
        histogram[bin_of(as_bits[place], price, edges, bins)] += is_counted
        rows[kept], amounts[kept], prices[kept] = row, amount, price
        kept += int(results[word] >> bit & _ONE)
    return kept


@compiled
def count_codes(
    codes: NDArray[np.int32], first_code: NDArray[np.int64], counts: NDArray[np.int64], rows: NDArray[np.int64]
) -> None:
    """Count the codes of results."""
    for facet in range(first_code.size - 1):
        first = first_code[facet]
        for row in rows:
            counts[first + codes[row, facet]] += 1


@compiled
def count_values(  # noqa: PLR0917 - compiled code takes them by place
    values: NDArray[np.uint64], counts: NDArray[np.int64], low: int, high: int, first: int, bits: NDArray[np.uint64]
) -> None:
    """Count who has each value.

    Parameters
    ----------
    low, high
        The first value's column, and after the last.
    first, bits
        The first word of rows, and those that are counted.
    """
    for value in range(low, high):
        column, count = values[value, first : first + bits.size], 0
        for place in range(bits.size):
            count += ones(column[place] & bits[place])
        counts[value] += count


@compiled
def count_failing(  # noqa: PLR0917 - compiled code takes them by place
    codes: NDArray[np.int32],
    values: NDArray[np.uint64],
    ask: Ask,
    tally: Tally,
    block: Block,
    first: int,
    words: int,
) -> None:
    """Count what fails one group, in that group's own facet and for what taking it back would add."""
    counts, regained, groups = tally.counts, tally.regained, ask.groups
    fits, failing, more = block.fits, block.failing, regained.groups
    first_code, asked = groups.first_code, groups.bits
    coded, price = first_code.size - 1, failing.shape[0] - 1
    for facet in groups.ticked:
        for place in range(words):
            left = fits[place] & failing[facet, place]
            more[facet] += ones(left)
            while left != _NONE:
                row = ((first + place) << 6) + trailing_zeros(left)
                counts.codes[first_code[facet] + codes[row, facet]] += 1
                left &= left - _ONE
    for facet in asked.ticked:
        alone = failing[coded + facet, :words]
        count = 0
        for place in range(words):
            alone[place] &= fits[place]
            count += ones(alone[place])
        more[coded + facet] += count
        if count > 0 and asked.all_of[facet]:
            _count_lacked(values, asked, regained.bits, facet, first, alone)
        elif count > 0:
            count_values(values, counts.bits, asked.first_bit[facet], asked.first_bit[facet + 1], first, alone)
    if not np.isnan(ask.price.low):
        for place in range(words):
            more[price] += ones(fits[place] & failing[price, place])


@inlined
def _count_lacked(  # noqa: PLR0917 - compiled code takes them by place
    values: NDArray[np.uint64],
    asked: BitAsk,
    counted: NDArray[np.int64],
    facet: int,
    first: int,
    bits: NDArray[np.uint64],
) -> None:
    """Count each row for the one value that it lacks of those that it must have all of."""
    low, high, unknown = asked.first_asked[facet], asked.first_asked[facet + 1], asked.unknown[facet]
    for place in range(bits.size):
        lacks, lacks_more = _NONE, _NONE
        for value in range(low, high):
            missing = bits[place] & ~values[asked.asked[value], first + place]
            lacks_more |= lacks & missing
            lacks |= missing
        if unknown == 1:
            counted[asked.first_bit[-1] + facet] += ones(bits[place] & ~lacks)
        elif unknown == 0:
            for value in range(low, high):
                alone = bits[place] & ~lacks_more & ~values[asked.asked[value], first + place]
                counted[asked.asked[value]] += ones(alone)


@compiled
def count_tiles(  # noqa: PLR0917 - compiled code takes them by place
    places: Places,
    boxes: NDArray[np.float64],
    tiles: TileAsk,
    counted: TileCounts,
    block: Block,
    first: int,
    bits: NDArray[np.uint64],
) -> None:
    """Count the results of a block in their tiles; their rows and prices stand first in it, word after word."""
    longitude, north, rows, prices = places.longitude, places.north, block.rows, block.prices
    counts, cheapest, low = counted.counts, counted.prices, 0
    for word in range(bits.size):
        high = low + ones(bits[word])
        if high == low:
            continue
        box = boxes[first + word]
        tile = _tile(tiles, box[WEST], box[TOP])
        if tile != _OUTSIDE and tile == _tile(tiles, box[EAST], box[FOOT]):
            counts[tile] += high - low
            least = np.inf
            for place in range(low, high):
                least = min(least, prices[place] if prices[place] >= 0 else np.inf)
            cheapest[tile] = min(cheapest[tile], least)
        else:
            for place in range(low, high):
                tile = _tile(tiles, longitude[rows[place]], north[rows[place]])
                if tile != _OUTSIDE:
                    counts[tile] += 1
                    cheapest[tile] = min(cheapest[tile], prices[place] if prices[place] >= 0 else np.inf)
        low = high


_OUTSIDE: Final = -1


@inlined
def _tile(tiles: TileAsk, longitude: float, north: float) -> int:
    """Which tile a point lies in, or :data:`_OUTSIDE`."""
    side = np.int64(1) << tiles.zoom
    column = (min(np.int64((longitude / 360.0 + 0.5) * side), side - 1) - tiles.first_x) % side
    line = np.int64(north * side) - tiles.first_y
    if column < tiles.columns and line >= 0 and line < tiles.lines:
        return int(line * tiles.columns + column)
    return _OUTSIDE
