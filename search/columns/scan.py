"""The pass: every row that may fit is looked at once, and everything an answer counts is counted there.

What always holds is asked first, for 64 listings at a time. What a guest may take back (facets, price, least
bedrooms …) is a group each; a row that fails one group alone counts in that group's own facet, and for what
taking it back would add, and nowhere else. A row that fails none is a result.
"""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lodestay.geography import EARTH_RADIUS_KM
from search.columns.compiled import compiled, trailing_zeros
from search.columns.table import LEAST, LENGTH_MASK, LOW_SHIFT, NO_CODE, NO_PRICE, RULES, SLOT_SHIFT, TERMS, Table

NOWHERE, ANYWHERE, BOX, CIRCLE = range(4)
"""Kinds of area."""

_ONE: Final = np.uint64(1)
_ALL: Final = np.uint64(2**64 - 1)
_LAST_BIT: Final = 63
_USUAL_MIN, _USUAL_MAX, _NOTICE, _WINDOW, _FROM, _UNTIL = (RULES.index(name) for name in RULES)
(
    _CLEANING,
    _INCLUDED,
    _EXTRA_GUEST,
    _WEEKLY,
    _MONTHLY,
    _SERVICE,
    _TAX,
    _LATE_DAYS,
    _LATE_BPS,
    _EARLY_DAYS,
    _EARLY_BPS,
    _NIGHTLY,
) = (TERMS.index(name) for name in TERMS)
_ACCOMMODATES: Final = LEAST.index("accommodates")
LENGTH_DISCOUNTS: Final = {"weekly_discount_bps": _WEEKLY, "monthly_discount_bps": _MONTHLY}
NO_DISCOUNT: Final = -1
NO_LEAD: Final = -1
_WHOLE_BPS, _HALF_BPS = 10_000, 5_000


class Ask(NamedTuple):
    """A search in numbers.

    Attributes
    ----------
    runs
        (r, 2) rows that may fit.
    guests, market
        `market` is a code, or :data:`search.columns.table.NO_CODE` for any.
    area, south, west, north, east, radius_km
        One of :data:`ANYWHERE`, :data:`BOX`, :data:`CIRCLE`; of a circle `south` and `west` are its centre.
    nights
        (n,) slots; none without a stay.
    departure, check_in, check_out, notice, until
        Slot of the check-out; days as ordinals; days from today to them.
    lead, length_discount
        Days to the check-in and row of `terms`, or :data:`NO_LEAD` and :data:`NO_DISCOUNT`.
    allowed
        (coded facets, codes) bool: whether a value is ticked; the last column stands for null.
    ticked
        (coded facets,) bool.
    amenities, amenities_known
        Bits that a result must have, and whether all that were asked for are among the bits.
    least
        (len(LEAST),) NaN where nothing is asked. That of `accommodates` is the party, and no group.
    low, high
        Of the price in the guest's currency; NaN where not asked.
    factors
        By code of currency: its minor units in the guest's; NaN where there is no rate.
    zoom, first_x, first_y, tiles_x, tiles_y
        Tiles of the map to count in; 0 tiles for none.
    """

    runs: NDArray[np.int64]
    guests: int
    market: int
    area: int
    south: float
    west: float
    north: float
    east: float
    radius_km: float
    nights: NDArray[np.int64]
    departure: int
    check_in: int
    check_out: int
    notice: int
    until: int
    lead: int
    length_discount: int
    allowed: NDArray[np.bool_]
    ticked: NDArray[np.bool_]
    amenities: NDArray[np.uint64]
    amenities_known: bool
    least: NDArray[np.float64]
    low: float
    high: float
    factors: NDArray[np.float64]
    edges: NDArray[np.float64]
    zoom: int
    first_x: int
    first_y: int
    tiles_x: int
    tiles_y: int


class Tally(NamedTuple):
    """What a pass found.

    Attributes
    ----------
    found
        (1,) number of results.
    rows, amounts, prices
        Of the results, as many as `found`: row, total (nightly price without a stay) in the listing's currency and in
        the guest's, or :data:`search.columns.table.NO_PRICE`.
    codes, amenities, histogram
        (coded facets, codes), (bits,), (edges,) counts.
    regained
        (groups,) rows that fail the group and no other: coded facets, amenities, price, then :data:`LEAST`.
    regained_amenities
        (bits,) rows that lack one of the amenities asked for, and nothing else.
    tile_counts, tile_prices
        (tiles,) results in each tile, and the lowest price, +inf where none is known.
    """

    found: NDArray[np.int64]
    rows: NDArray[np.int64]
    amounts: NDArray[np.int64]
    prices: NDArray[np.float64]
    codes: NDArray[np.int64]
    amenities: NDArray[np.int64]
    histogram: NDArray[np.int64]
    regained: NDArray[np.int64]
    regained_amenities: NDArray[np.int64]
    tile_counts: NDArray[np.int64]
    tile_prices: NDArray[np.float64]


def empty_tally(ask: Ask, *, rows: int) -> Tally:
    """Make a tally with room for so many results."""
    facets, codes = ask.allowed.shape
    bits = 64 * len(ask.amenities)
    tiles = ask.tiles_x * ask.tiles_y
    return Tally(
        found=np.zeros(1, np.int64),
        rows=np.empty(rows, np.int64),
        amounts=np.empty(rows, np.int64),
        prices=np.empty(rows, np.float64),
        codes=np.zeros((facets, codes), np.int64),
        amenities=np.zeros(bits, np.int64),
        histogram=np.zeros(len(ask.edges), np.int64),
        regained=np.zeros(facets + 2 + len(LEAST), np.int64),
        regained_amenities=np.zeros(bits, np.int64),
        tile_counts=np.zeros(tiles, np.int64),
        tile_prices=np.full(tiles, np.inf),
    )


@compiled
def scan(table: Table, ask: Ask, tally: Tally) -> None:
    """Go over the rows and fill the tally."""
    for run in range(ask.runs.shape[0]):
        first, last = ask.runs[run, 0], ask.runs[run, 1] - 1
        for word in range(first >> 6, (last >> 6) + 1):
            bits = _candidates(table, ask, word)
            if word == first >> 6:
                bits &= _ALL << np.uint64(first & _LAST_BIT)
            if word == last >> 6:
                bits &= _ALL >> np.uint64(_LAST_BIT - (last & _LAST_BIT))
            while bits != np.uint64(0):
                row = (word << 6) + trailing_zeros(bits)
                bits &= bits - _ONE
                if _fits(table, ask, row):
                    _count(table, ask, tally, row)


@compiled
def _candidates(table: Table, ask: Ask, word: int) -> Any:
    """Listings of a word that are active and, for a stay, free and open to its departure."""
    bits = table.active[word]
    for night in ask.nights:
        bits &= table.free[night, word]
        if bits == np.uint64(0):
            return bits
    if ask.nights.size:
        bits &= ~table.closed[ask.departure, word]
    return bits


@compiled
def _fits(table: Table, ask: Ask, row: int) -> bool:
    """Whether a listing has everything that cannot be taken back."""
    if not table.least[_ACCOMMODATES, row] >= ask.guests:
        return False
    if ask.market != NO_CODE and table.codes[-1, row] != ask.market:
        return False
    if ask.area == BOX and not _in_box(ask, table.latitude[row], table.longitude[row]):
        return False
    if ask.area == CIRCLE and not _in_circle(ask, table.latitude[row], table.longitude[row]):
        return False
    return ask.nights.size == 0 or _takes(table, ask, row)


@compiled
def _in_box(ask: Ask, latitude: float, longitude: float) -> bool:
    if latitude < ask.south or latitude > ask.north:
        return False
    if ask.west > ask.east:
        return bool(longitude >= ask.west or longitude <= ask.east)
    return bool(longitude >= ask.west and longitude <= ask.east)


@compiled
def _in_circle(ask: Ask, latitude: float, longitude: float) -> bool:
    """Compare the great-circle distance (:func:`lodestay.geography.distance_km`, compiled)."""
    north, east = radians(latitude - ask.south) / 2, radians(longitude - ask.west) / 2
    half_chord = sin(north) ** 2 + cos(radians(ask.south)) * cos(radians(latitude)) * sin(east) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(half_chord))) <= ask.radius_km


@compiled
def _takes(table: Table, ask: Ask, row: int) -> bool:
    """Whether a listing whose nights are free takes a stay of this length, so far ahead (search.availability)."""
    rules = table.rules
    if rules[_FROM, row] > ask.check_in or rules[_UNTIL, row] < ask.check_out:
        return False
    if rules[_NOTICE, row] > ask.notice or rules[_WINDOW, row] < ask.until:
        return False
    arrival, length = ask.nights[0], ask.nights.size
    odd = table.odd[arrival, row >> 6] >> np.uint64(row & _LAST_BIT) & _ONE
    if odd == np.uint64(0):
        return bool(rules[_USUAL_MIN, row] <= length <= rules[_USUAL_MAX, row])
    return _odd_takes(table, row, arrival, length)


@compiled
def _odd_takes(table: Table, row: int, arrival: int, length: int) -> bool:
    """Look up the lengths of an arrival that follows another rule than usual."""
    low, high = table.odd_from[row], table.odd_from[row] + table.odd_count[row]
    end = high
    while low < high:
        middle = (low + high) // 2
        if np.int64(table.odd_rules[middle]) >> SLOT_SHIFT < arrival:
            low = middle + 1
        else:
            high = middle
    while low < end:
        rule = np.int64(table.odd_rules[low])
        if rule >> SLOT_SHIFT != arrival:
            return False
        if (rule >> LOW_SHIFT & LENGTH_MASK) <= length <= (rule & LENGTH_MASK):
            return True
        low += 1
    return False


@compiled
def _count(table: Table, ask: Ask, tally: Tally, row: int) -> None:
    """Count a row where it counts: as a result, or for the one group that it fails."""
    failed, group = _failed(table, ask, row)
    if failed > 1:
        return
    amount = _amount(table, ask, row)
    price = _price(table, ask, row, amount)
    if not np.isnan(ask.low) and not (price >= ask.low and price <= ask.high):
        failed, group = failed + 1, ask.ticked.size + 1
    if failed == 0:
        _keep(tally, row, amount, price)
        _count_result(table, ask, tally, row, price)
    elif failed == 1:
        _count_regained(table, ask, tally, row, group)
        if group == ask.ticked.size + 1:
            _count_price(ask, tally, price)


@compiled
def _failed(table: Table, ask: Ask, row: int) -> tuple[int, int]:
    """How many groups but the price a row fails, and the last of them."""
    facets = ask.ticked.size
    failed, group = 0, -1
    for facet in range(facets):
        if ask.ticked[facet] and not ask.allowed[facet, table.codes[facet, row]]:
            failed, group = failed + 1, facet
    if not ask.amenities_known or _lacking(table, ask, row)[0] > 0:
        failed, group = failed + 1, facets
    for number in range(ask.least.size):
        asked = ask.least[number]
        if not np.isnan(asked) and not table.least[number, row] >= asked:
            failed, group = failed + 1, facets + 2 + number
    return failed, group


@compiled
def _count_regained(table: Table, ask: Ask, tally: Tally, row: int, group: int) -> None:
    """Count a row for the one group that it fails."""
    tally.regained[group] += 1
    if group < ask.ticked.size:
        tally.codes[group, table.codes[group, row]] += 1
    elif group == ask.ticked.size and ask.amenities_known:
        lacking, lacked = _lacking(table, ask, row)
        if lacking == 1:
            tally.regained_amenities[lacked] += 1


@compiled
def _lacking(table: Table, ask: Ask, row: int) -> tuple[int, int]:
    """How many of the amenities asked for a listing does not have, up to two, and one of them."""
    lacking, lacked = 0, -1
    for word in range(ask.amenities.size):
        missing = ask.amenities[word] & ~table.amenities[row, word]
        while missing != np.uint64(0) and lacking < 2:  # noqa: PLR2004
            lacked = (word << 6) + trailing_zeros(missing)
            missing &= missing - _ONE
            lacking += 1
    return lacking, lacked


@compiled
def _keep(tally: Tally, row: int, amount: int, price: float) -> None:
    found = tally.found[0]
    tally.rows[found], tally.amounts[found], tally.prices[found] = row, amount, price
    tally.found[0] = found + 1


@compiled
def _count_result(table: Table, ask: Ask, tally: Tally, row: int, price: float) -> None:
    """Count a row that has everything asked for."""
    for facet in range(ask.ticked.size):
        tally.codes[facet, table.codes[facet, row]] += 1
    for word in range(ask.amenities.size):
        bits = table.amenities[row, word]
        while bits != np.uint64(0):
            tally.amenities[(word << 6) + trailing_zeros(bits)] += 1
            bits &= bits - _ONE
    _count_price(ask, tally, price)
    if ask.tiles_x:
        _count_tile(table, ask, tally, row, price)


@compiled
def _count_price(ask: Ask, tally: Tally, price: float) -> None:
    if price >= 0:
        tally.histogram[np.searchsorted(ask.edges, price, side="right") - 1] += 1


@compiled
def _count_tile(table: Table, ask: Ask, tally: Tally, row: int, price: float) -> None:
    side = np.int64(1) << ask.zoom
    column = (min(np.int64((table.longitude[row] / 360.0 + 0.5) * side), side - 1) - ask.first_x) % side
    line = np.int64(table.north[row] * side) - ask.first_y
    if column < ask.tiles_x and 0 <= line < ask.tiles_y:
        tile = line * ask.tiles_x + column
        tally.tile_counts[tile] += 1
        if 0 <= price < tally.tile_prices[tile]:
            tally.tile_prices[tile] = price


@compiled
def _amount(table: Table, ask: Ask, row: int) -> int:
    """Total of the stay in the listing's currency: :func:`lodestay.pricing.price_stay` without pets."""
    terms = table.terms
    length = ask.nights.size
    if length == 0:
        return int(terms[_NIGHTLY, row])
    unit = table.price_unit[row]
    if unit == 0:
        return NO_PRICE
    arrival, departure = ask.nights[0], ask.departure
    # The sum up to slot 0 is none going in and the whole ring coming out (search.stay_price).
    nights = np.int64(table.price_sum[departure, row])
    if arrival > 0:
        nights -= np.int64(table.price_sum[arrival, row])
    if 0 < departure < arrival:
        nights += np.int64(table.price_sum[0, row])
    nights *= unit
    if ask.length_discount != NO_DISCOUNT:
        nights -= _share(nights, terms[ask.length_discount, row])
    nights -= _share(nights, _lead_bps(table, ask, row))
    extra = max(0, ask.guests - terms[_INCLUDED, row]) * terms[_EXTRA_GUEST, row] * length
    subtotal = nights + extra + terms[_CLEANING, row]
    return int(subtotal + _share(subtotal, terms[_SERVICE, row]) + _share(subtotal, terms[_TAX, row]))


@compiled
def _share(amount: int, bps: int) -> int:
    return (amount * bps + _HALF_BPS) // _WHOLE_BPS


@compiled
def _lead_bps(table: Table, ask: Ask, row: int) -> int:
    terms = table.terms
    if ask.lead == NO_LEAD:
        return 0
    late, early = terms[_LATE_DAYS, row], terms[_EARLY_DAYS, row]
    off_late = terms[_LATE_BPS, row] if late > 0 and ask.lead <= late else 0
    off_early = terms[_EARLY_BPS, row] if 0 < early <= ask.lead else 0
    return int(max(off_late, off_early))


@compiled
def _price(table: Table, ask: Ask, row: int, amount: int) -> float:
    """Exchange an amount into the guest's currency (:func:`search.stay_price.exchanged`)."""
    currency = table.codes[-2, row]
    if amount < 0 or currency == NO_CODE or np.isnan(ask.factors[currency]):
        return float(NO_PRICE)
    return float(np.floor(amount * ask.factors[currency] + 0.5))
