"""What always holds, compiled: the nights, the stay rules, the place."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lodestay.geography import distance_km
from search import polygon, ring
from search.columns.ask import BOX, CIRCLE, POLYGON, AreaAsk, StayAsk
from search.columns.compiled import inlined
from search.columns.table import (
    ADVANCE_NOTICE,
    BOOKING_WINDOW,
    CALENDAR_FROM,
    CALENDAR_UNTIL,
    PART,
    PART_MASK,
    USUAL_MAX_STAY,
    USUAL_MIN_STAY,
    Nights,
    Places,
    StayRules,
)

_BIT, _ONE = 63, np.uint64(1)
# The one definition of each, compiled in: how far points are apart, what lies in a ring, and how far ahead stays lie.
_distance_km = inlined(distance_km)
_lifted = inlined(polygon.lifted)
_holds = inlined(polygon.holds)
is_within_reach = inlined(ring.is_within_reach)


@inlined
def candidates(nights: Nights, stay: StayAsk, word: int) -> Any:
    """Listings of a word that are active and, for a stay, free and open to its departure."""
    bits = nights.active[word]
    for night in stay.nights:
        bits &= nights.free[night, word]
    if stay.nights.size > 0:
        bits &= ~nights.closed[stay.departure, word]
    return bits


@inlined
def takes(rules: StayRules, stay: StayAsk, today: int, row: int) -> bool:
    """Whether a listing whose nights are free, and where it is `today`, takes the stay (search.availability)."""
    numbers = rules.numbers
    if is_odd(rules.odd, stay.nights[0], row):
        allowed = takes_oddly(rules.odd_from, rules.odd_count, rules.odd_rules, stay.nights[0], stay.nights.size, row)
    else:
        allowed = takes_usually(numbers, stay.nights.size, row)
    return allowed and takes_then(numbers, stay.check_in, stay.check_out, today, row)


@inlined
def takes_then(numbers: NDArray[np.int32], check_in: int, check_out: int, today: int, row: int) -> bool:
    """Whether the stay lies within a listing's calendar, and as far ahead as it takes stays."""
    # Not one by one, leaving off at the first no: the processor would guess wrong too often.
    return bool(
        (numbers[row, CALENDAR_FROM] <= check_in)
        & (numbers[row, CALENDAR_UNTIL] >= check_out)
        & (numbers[row, ADVANCE_NOTICE] <= check_in - today)
        & (numbers[row, BOOKING_WINDOW] >= check_out - today)
        & is_within_reach(check_in, check_out, today)
    )


@inlined
def is_odd(odd: NDArray[np.uint64], arrival: int, row: int) -> bool:
    """Whether an arrival follows another rule than a listing's usual one."""
    return bool(odd[arrival, row >> 6] >> np.uint64(row & _BIT) & _ONE != np.uint64(0))


@inlined
def takes_usually(numbers: NDArray[np.int32], length: int, row: int) -> bool:
    """Whether a stay is as long as stays usually are."""
    return bool((numbers[row, USUAL_MIN_STAY] <= length) & (length <= numbers[row, USUAL_MAX_STAY]))


@inlined
def takes_oddly(  # noqa: PLR0917 - compiled code takes them by place, and arrays of a tuple at a cost
    odd_from: NDArray[np.int64],
    odd_count: NDArray[np.int64],
    odd_rules: NDArray[np.int64],
    arrival: int,
    length: int,
    row: int,
) -> bool:
    """Whether a stay is as long as stays that begin that day are, where it is an odd one."""
    allowed, first = False, odd_from[row]
    for place in range(first, first + odd_count[row]):
        rule = odd_rules[place]
        arrives = (rule >> 3 * PART <= arrival) & (arrival <= (rule >> 2 * PART & PART_MASK))
        allowed |= arrives & ((rule >> PART & PART_MASK) <= length) & (length <= (rule & PART_MASK))
    return allowed


@inlined
def lies_in(places: Places, area: AreaAsk, row: int) -> bool:
    """Whether a listing lies in an area, its edge included (:func:`search.geography.contains`, compiled)."""
    latitude, longitude = places.latitude[row], places.longitude[row]
    if area.kind == BOX:
        east_of, west_of = longitude >= area.west, longitude <= area.east
        within = (east_of or west_of) if area.west > area.east else (east_of and west_of)
        return bool(within and area.south <= latitude and latitude <= area.north)
    if area.kind == CIRCLE:
        return bool(_distance_km(area.south, area.west, latitude, longitude) <= area.radius_km)
    if area.kind == POLYGON:
        lifted = _lifted(longitude, area.west)
        if not (area.south <= latitude <= area.north and area.west <= lifted <= area.east):
            return False
        return bool(_holds(area.latitudes, area.longitudes, latitude, lifted))
    return True
