"""Questions of a chunk of rows, each of all of them: who drops out moves nobody but those behind."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from search.columns.amounts import exchanged, in_minor, total_of
from search.columns.ask import AreaAsk, BitAsk, GroupAsk, PriceAsk, StayAsk
from search.columns.chunk import Chunk
from search.columns.compiled import compiled, inlined
from search.columns.fitting import is_odd, lies_in, takes_oddly, takes_then, takes_usually
from search.columns.table import CURRENCY, MARKET, NO_CODE, Places, Prices, StayRules, Traits

_NONE: Final = np.uint64(0)


@compiled
def large_enough(traits: Traits, stay: StayAsk, market: int, rows: NDArray[np.int64], count: int) -> int:
    """Keep the listings of the market, or of any, that have room for the guests; says how many they are."""
    # What a loop needs is taken apart before it: each time within it, the references of arrays would be counted.
    codes, accommodates, guests, kept = traits.codes, traits.accommodates, stay.guests, 0
    for place in range(count):
        row = rows[place]
        rows[kept] = row
        is_there = (market == NO_CODE) | (codes[row, MARKET] == market)
        kept += is_there & (accommodates[row] >= guests)
    return kept


@compiled
def in_area(places: Places, area: AreaAsk, rows: NDArray[np.int64], count: int) -> int:
    """Keep the listings that lie in the area."""
    kept = 0
    for place in range(count):
        row = rows[place]
        rows[kept] = row
        kept += lies_in(places, area, row)
    return kept


@compiled
def taking(rules: StayRules, traits: Traits, stay: StayAsk, chunk: Chunk, count: int) -> int:
    """Keep the listings that take the stay, their nights being free."""
    codes, dates, numbers, odd = traits.codes, stay.today, rules.numbers, rules.odd
    odd_from, odd_count, odd_rules = rules.odd_from, rules.odd_count, rules.odd_rules
    check_in, check_out, length = stay.check_in, stay.check_out, stay.nights.size
    arrival = stay.nights[0]
    rows, takes, odd_ones = chunk.rows, chunk.failed, chunk.group  # of the groups nothing is known yet
    oddly = 0
    for place in range(count):
        row = rows[place]
        fits = takes_then(numbers, check_in, check_out, dates[codes[row, MARKET]], row)
        by_another = is_odd(odd, arrival, row)
        takes[place] = fits & (by_another | takes_usually(numbers, length, row))
        odd_ones[oddly] = place
        oddly += fits & by_another
    for place in odd_ones[:oddly]:
        takes[place] = takes_oddly(odd_from, odd_count, odd_rules, arrival, length, rows[place])
    kept = 0
    for place in range(count):
        rows[kept] = rows[place]
        kept += takes[place]
    return kept


@compiled
def sorted_out(traits: Traits, groups: GroupAsk, chunk: Chunk, count: int) -> int:
    """Keep the listings that fail one group at most, the price not looked at."""
    rows, failed, group = chunk.rows, chunk.failed, chunk.group
    codes, allowed, many = traits.codes, groups.allowed, groups.many
    failed[:count], group[:count] = 0, NO_CODE  # to which each group that fails adds up to its own number
    for facet in groups.ticked:
        first = groups.first_code[facet]
        for place in range(count):
            fails = not allowed[first + codes[rows[place], facet]]
            failed[place] += fails
            group[place] += fails * (facet - NO_CODE)
    for facet in many.ticked:
        number = groups.first_code.size - 1 + facet
        for place in range(count):
            fails = _lacks(traits, many, rows[place], facet)
            failed[place] += fails
            group[place] += fails * (number - NO_CODE)
    kept = 0
    for place in range(count):
        rows[kept], failed[kept], group[kept] = rows[place], failed[place], group[place]
        kept += failed[place] <= 1
    return kept


@compiled
def priced(  # noqa: PLR0917 - compiled code takes them by place
    prices: Prices, traits: Traits, stay: StayAsk, asked: PriceAsk, groups: GroupAsk, chunk: Chunk, count: int
) -> None:
    """Work out what each listing costs, and whether it fails the price that is asked for."""
    codes, factors = traits.codes, asked.factors
    rows, failed, group, amounts, totals = chunk
    _write_amounts(prices, codes, stay, rows, amounts, count)
    for place in range(count):
        totals[place] = exchanged(amounts[place], codes[rows[place], CURRENCY], factors)
    if np.isnan(asked.low):
        return
    number = groups.first_code.size - 1 + groups.many.all_of.size
    for place in range(count):
        fails = (totals[place] < asked.low) | (totals[place] > asked.high)
        failed[place] += fails
        group[place] += fails * (number - NO_CODE)


@inlined
def _write_amounts(  # noqa: PLR0917 - compiled code takes them by place
    prices: Prices,
    codes: NDArray[np.int32],
    stay: StayAsk,
    rows: NDArray[np.int64],
    amounts: NDArray[np.int64],
    count: int,
) -> None:
    fees, rates, usual, nightly, units, large = prices
    slots, dates, length = stay.nights, stay.today, stay.nights.size
    guests, discount = stay.guests, stay.length_discount
    if length == 0:
        for place in range(count):
            amounts[place] = usual[rows[place]]
        return
    # Units night by night, since a night's lie side by side in memory.
    amounts[:count] = 0
    for night in slots:
        for place in range(count):
            amounts[place] += np.int64(nightly[night, rows[place]])
    for place in range(count):
        row = rows[place]
        unit, lead = units[row], stay.check_in - dates[codes[row, MARKET]]
        nights = in_minor(large, slots, amounts[place], unit)
        amounts[place] = total_of(fees, rates, row, nights, unit, length, guests, lead, discount)


@inlined
def _lacks(traits: Traits, many: BitAsk, row: int, facet: int) -> bool:
    """Whether a row lacks one of the values that are ticked, or of a facet that is content with one, all of them."""
    lacks_one, has_one = many.unknown[facet] > 0, False
    for word in range(many.first_word[facet], many.first_word[facet + 1]):
        held = traits.bits[row, word]
        lacks_one |= (many.asked[word] & ~held) != _NONE
        has_one |= (many.asked[word] & held) != _NONE
    return lacks_one if many.all_of[facet] else not has_one
