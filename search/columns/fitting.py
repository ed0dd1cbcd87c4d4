"""What always holds, compiled: the nights, the stay rules, the place."""

from __future__ import annotations

from typing import Any

import numpy as np

from lodestay.geography import distance_km
from search import polygon, ring
from search.columns.ask import BOX, CIRCLE, POLYGON, AreaAsk, StayAsk
from search.columns.compiled import inlined
from search.columns.table import PART, PART_MASK, RULES, Nights, Places, StayRules

_USUAL_MIN, _USUAL_MAX, _NOTICE, _WINDOW, _FROM, _UNTIL = (RULES.index(name) for name in RULES)
_BIT, _ONE = 63, np.uint64(1)
# The one definition of each, compiled in: how far points are apart, what lies in a ring, and how far ahead stays lie.
_distance_km = inlined(distance_km)
_lifted = inlined(polygon.lifted)
_holds = inlined(polygon.holds)
_is_within_reach = inlined(ring.is_within_reach)


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
    numbers, length = rules.numbers, stay.nights.size
    if numbers[row, _FROM] > stay.check_in or numbers[row, _UNTIL] < stay.check_out:
        return False
    if not _is_within_reach(stay.check_in, stay.check_out, today):
        return False
    if numbers[row, _NOTICE] > stay.check_in - today or numbers[row, _WINDOW] < stay.check_out - today:
        return False
    arrival = stay.nights[0]
    if rules.odd[arrival, row >> 6] >> np.uint64(row & _BIT) & _ONE == np.uint64(0):
        return bool(numbers[row, _USUAL_MIN] <= length <= numbers[row, _USUAL_MAX])
    first = rules.odd_from[row]
    for place in range(first, first + rules.odd_count[row]):
        rule = rules.odd_rules[place]
        arrives = rule >> 3 * PART <= arrival <= (rule >> 2 * PART & PART_MASK)
        if arrives and (rule >> PART & PART_MASK) <= length and length <= (rule & PART_MASK):
            return True
    return False


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
