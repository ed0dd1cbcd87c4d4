"""Questions of a block of rows, each of all of them: 64 at once, and one by one where that does not decide it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from search.columns.amounts import CLEANING, EXTRA_GUEST, exchanged, in_minor, total_of
from search.columns.ask import BOX, AreaAsk, Ask, BitAsk, GroupAsk, StayAsk
from search.columns.block import Block
from search.columns.compiled import compiled, inlined, trailing_zeros
from search.columns.derived import Derived
from search.columns.fitting import candidates, is_within_reach, lies_in, takes_oddly, takes_then, takes_usually
from search.columns.table import CURRENCY, MARKET, NO_CODE, Nights, Places, StayRules, Table, Traits
from search.columns.terms import CURRENCY_OF, EXTRA_GUEST_OF
from search.columns.zones import EAST, FROM, LENGTHS, NORTH, NOTICE, ROOM, SEVERAL, SOUTH, UNTIL, WEST, WINDOW, Zones

_NONE: Final = np.uint64(0)
_ONE: Final = np.uint64(1)
_ALL: Final = np.uint64(2**64 - 1)
_BIT: Final = 63


@compiled
def free_for(  # noqa: PLR0917 - compiled code takes them by place
    nights: Nights, zones: Zones, stay: StayAsk, low: int, high: int, first: int, fits: NDArray[np.uint64]
) -> bool:
    """Begin with the listings between two rows that are free and have room; says whether there is one.

    Parameters
    ----------
    low, high
        Row of the first one, and after the last.
    first
        Word that is the first of the block.
    fits
        (words,) of the block, to be written.
    """
    room, guests, some = zones.room, min(stay.guests, ROOM) - 1, _NONE
    for place in range(fits.size):
        word = first + place
        bits = candidates(nights, stay, word) & room[guests, word]
        if word == low >> 6:
            bits &= _ALL << np.uint64(low & _BIT)
        if word == (high - 1) >> 6:
            bits &= _ALL >> np.uint64(_BIT - ((high - 1) & _BIT))
        fits[place] = bits
        some |= bits
    return bool(some != _NONE)


@compiled
def in_market_with_room(  # noqa: PLR0917 - compiled code takes them by place
    traits: Traits, markets: NDArray[np.int32], stay: StayAsk, market: int, first: int, fits: NDArray[np.uint64]
) -> None:
    """Keep the listings of the market, or of any, that have room for the guests."""
    codes, accommodates, guests = traits.codes, traits.accommodates, stay.guests
    for place in range(fits.size):
        left = fits[place]
        if (markets[first + place] == market) & (guests <= ROOM):
            continue  # all of them are there, and who has room was asked of all
        while left != _NONE:
            row = ((first + place) << 6) + trailing_zeros(left)
            is_there = (market == NO_CODE) | (codes[row, MARKET] == market)
            if not (is_there & (accommodates[row] >= guests)):
                fits[place] &= ~(left & (~left + _ONE))
            left &= left - _ONE


@compiled
def in_area(places: Places, boxes: NDArray[np.float64], area: AreaAsk, first: int, fits: NDArray[np.uint64]) -> None:
    """Keep the listings that lie in the area."""
    is_plain = (area.kind == BOX) & (area.west <= area.east)
    for place in range(fits.size):
        if fits[place] == _NONE:
            continue
        if is_plain:
            box = boxes[first + place]
            if (
                (box[SOUTH] >= area.south)
                & (box[NORTH] <= area.north)
                & (box[WEST] >= area.west)
                & (box[EAST] <= area.east)
            ):
                continue
        left, kept = fits[place], _NONE
        while left != _NONE:
            at = trailing_zeros(left)
            if lies_in(places, area, ((first + place) << 6) + at):
                kept |= _ONE << np.uint64(at)
            left &= left - _ONE
        fits[place] = kept


@compiled
def taking(  # noqa: PLR0917 - compiled code takes them by place
    rules: StayRules, zones: Zones, traits: Traits, stay: StayAsk, first: int, fits: NDArray[np.uint64]
) -> None:
    """Keep the listings that take the stay, their nights being free."""
    codes, dates, numbers, odd, lengths = traits.codes, stay.today, rules.numbers, rules.odd, zones.lengths
    odd_from, odd_count, odd_rules = rules.odd_from, rules.odd_count, rules.odd_rules
    check_in, check_out, length, arrival = stay.check_in, stay.check_out, stay.nights.size, stay.nights[0]
    strictest, earliest, latest = zones.rules, dates.min(), dates.max()
    is_near = is_within_reach(check_in, check_out, earliest) & is_within_reach(check_in, check_out, latest)
    for place in range(fits.size):
        bits, word = fits[place], first + place
        if bits == _NONE:
            continue
        oddly = bits & odd[arrival, word]
        kept = left = bits & ~oddly
        if length <= LENGTHS:
            kept &= lengths[length - 1, word]
        else:
            while left != _NONE:
                at = trailing_zeros(left)
                if not takes_usually(numbers, length, (word << 6) + at):
                    kept &= ~(_ONE << np.uint64(at))
                left &= left - _ONE
        while oddly != _NONE:
            at = trailing_zeros(oddly)
            if takes_oddly(odd_from, odd_count, odd_rules, arrival, length, (word << 6) + at):
                kept |= _ONE << np.uint64(at)
            oddly &= oddly - _ONE
        strict = strictest[word]
        all_take = (
            is_near
            & (strict[FROM] <= check_in)
            & (strict[UNTIL] >= check_out)
            & (strict[NOTICE] <= check_in - latest)
            & (strict[WINDOW] >= check_out - earliest)
        )
        left = _NONE if all_take else kept
        while left != _NONE:
            at = trailing_zeros(left)
            row = (word << 6) + at
            if not takes_then(numbers, check_in, check_out, dates[codes[row, MARKET]], row):
                kept &= ~(_ONE << np.uint64(at))
            left &= left - _ONE
        fits[place] = kept


@compiled
def sorted_out(traits: Traits, groups: GroupAsk, first: int, words: int, block: Block) -> None:
    """Keep the listings that fail one group at most, the price not looked at."""
    codes, values, allowed, bits = traits.codes, traits.values, groups.allowed, groups.bits
    fits, once, twice, failing = block.fits, block.once, block.twice, block.failing
    coded = groups.first_code.size - 1
    once[:words], twice[:words] = _NONE, _NONE
    for facet in groups.ticked:
        first_code = groups.first_code[facet]
        for place in range(words):
            left, fails = fits[place], _NONE
            while left != _NONE:
                at = trailing_zeros(left)
                if not allowed[first_code + codes[((first + place) << 6) + at, facet]]:
                    fails |= _ONE << np.uint64(at)
                left &= left - _ONE
            _fail(once, twice, failing, facet, place, fails)
    for facet in bits.ticked:
        for place in range(words):
            fails = fits[place] & ~_having(values, bits, facet, first + place)
            _fail(once, twice, failing, coded + facet, place, fails)
    for place in range(words):
        fits[place] &= ~twice[place]


@inlined
def _fail(  # noqa: PLR0917 - compiled code takes them by place
    once: NDArray[np.uint64],
    twice: NDArray[np.uint64],
    failing: NDArray[np.uint64],
    group: int,
    place: int,
    fails: np.uint64,
) -> None:
    """Note the rows of a word that fail a group."""
    failing[group, place] = fails
    twice[place] |= once[place] & fails
    once[place] |= fails


@inlined
def _having(values: NDArray[np.uint64], asked: BitAsk, facet: int, word: int) -> np.uint64:
    """Rows of a word that have all values that are ticked, or of a facet that is content with one, one of them."""
    first, last = asked.first_asked[facet], asked.first_asked[facet + 1]
    if not asked.all_of[facet]:
        one = _NONE
        for value in range(first, last):
            one |= values[asked.asked[value], word]
        return one
    every = _NONE if asked.unknown[facet] > 0 else _ALL
    for value in range(first, last):
        every &= values[asked.asked[value], word]
    return every


@compiled
def priced(  # noqa: PLR0917 - compiled code takes them by place
    table: Table, derived: Derived, ask: Ask, first: int, words: int, block: Block
) -> int:
    """Work out what each listing costs, and whether it fails the price that is asked for; says how many there are."""
    asked, groups = ask.price, ask.groups
    fits, once, twice, failing = block.fits, block.once, block.twice, block.failing
    rows, totals, count = block.rows, block.prices, 0
    for place in range(words):
        left = fits[place]
        while left != _NONE:
            rows[count] = ((first + place) << 6) + trailing_zeros(left)
            left &= left - _ONE
            count += 1
    if ask.stay.nights.size > 0:
        _write_totals(table, derived, ask.stay, asked.factors, block, count)
    else:
        _write_usual(table, asked.factors, block, count)
    if np.isnan(asked.low):
        return count
    group = groups.first_code.size - 1 + groups.bits.all_of.size
    failing[group, :words] = _NONE
    for place in range(count):
        fails = (totals[place] < asked.low) | (totals[place] > asked.high)
        failing[group, (rows[place] >> 6) - first] |= np.uint64(fails) << np.uint64(rows[place] & _BIT)
    for place in range(words):
        _fail(once, twice, failing, group, place, failing[group, place])
        fits[place] &= ~twice[place]
    return count


@inlined
def _write_usual(table: Table, factors: NDArray[np.float64], block: Block, count: int) -> None:
    """Write what a night usually costs."""
    codes, usual, rows = table.traits.codes, table.prices.usual, block.rows
    for place in range(count):
        row = rows[place]
        block.amounts[place] = usual[row]
        block.prices[place] = exchanged(usual[row], codes[row, CURRENCY], factors)


@inlined
def _write_totals(  # noqa: PLR0917 - compiled code takes them by place
    table: Table, derived: Derived, stay: StayAsk, factors: NDArray[np.float64], block: Block, count: int
) -> None:
    """Write what the stay costs."""
    codes, of, units, cleaning, kinds = (
        table.traits.codes,
        derived.terms.of,
        derived.terms.units,
        derived.terms.cleaning,
        derived.terms.kinds,
    )
    fees, rates, _, nightly, own_units, large = table.prices
    rows, amounts, prices, markets = block.rows, block.amounts, block.prices, derived.zones.markets
    slots, dates, guests, discount = stay.nights, stay.today, stay.guests, stay.length_discount
    length = slots.size
    # Units night by night, since a night's lie side by side in memory.
    amounts[:count] = 0
    for night in slots:
        for place in range(count):
            amounts[place] += np.int64(nightly[night, rows[place]])
    for place in range(count):
        row = rows[place]
        kind, market = of[row], markets[row >> 6]
        lead = stay.check_in - dates[codes[row, MARKET] if market == SEVERAL else market]
        if kind != NO_CODE:
            unit = int(units[row])
            extra_guest, nights = kinds[kind, EXTRA_GUEST_OF], amounts[place] * unit
            fee, currency = int(cleaning[row]), kinds[kind, CURRENCY_OF]
            amount = total_of(kinds, kind, extra_guest, fee, nights, unit, length, guests, lead, discount)
        else:
            unit = own_units[row]
            extra_guest, nights = fees[EXTRA_GUEST, row], in_minor(large, slots, amounts[place], unit)
            fee, currency = fees[CLEANING, row], np.int64(codes[row, CURRENCY])
            amount = total_of(rates, row, extra_guest, fee, nights, unit, length, guests, lead, discount)
        amounts[place], prices[place] = amount, exchanged(amount, currency, factors)
