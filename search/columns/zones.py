"""What can be said of 64 listings at once: derived from the columns, so that a pass rarely has to ask each of them.

Boxes, rules and markets say what holds of all listings of a word; where that is not enough each of them is asked. The
idea is Netezza's zone maps' (US patent 6,973,452), on words of neighbours. Room and lengths are bits of each listing.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from search.columns.compiled import compiled
from search.columns.table import (
    ADVANCE_NOTICE,
    BOOKING_WINDOW,
    CALENDAR_FROM,
    CALENDAR_UNTIL,
    MARKET,
    USUAL_MAX_STAY,
    USUAL_MIN_STAY,
    WORD,
    Table,
)

ROOM: Final = 16
"""Guests up to whom a bit column says who has room for them."""
LENGTHS: Final = 30
"""Nights up to which a bit column says who usually takes a stay of them."""
SOUTH, WEST, NORTH, EAST, TOP, FOOT = range(6)
"""Of a box: degrees, and what is its north and its south on Mercator's map."""
NOTICE, WINDOW, FROM, UNTIL = range(4)
"""Of the strictest rules: the longest notice, the shortest window, the last begin of a calendar, its first end."""

SEVERAL: Final = -2
"""What stands for the market of a word whose listings are in more than one."""

_ONE: Final = np.uint64(1)
_BIT: Final = 63


class Zones(NamedTuple):
    """Of the listings of `w` words.

    Attributes
    ----------
    boxes
        (w, 6) in which they lie.
    rules
        (w, 4) the strictest that one of them had since the columns were taken into service.
    room
        (ROOM, w) bits: there is room for one guest, two …
    lengths
        (LENGTHS, w) bits: a stay of one night, two … is as long as stays usually are.
    markets
        (w,) code of the market that all of them are in, or :data:`SEVERAL`.
    """

    boxes: NDArray[np.float64]
    rules: NDArray[np.int32]
    room: NDArray[np.uint64]
    lengths: NDArray[np.uint64]
    markets: NDArray[np.int32]


def zones_of(table: Table) -> Zones:
    """Derive them from all rows."""
    words, whole = len(table.nights.active), np.iinfo(np.int32)
    zones = Zones(
        boxes=np.tile([np.inf, np.inf, -np.inf, -np.inf, np.inf, -np.inf], (words, 1)),
        rules=np.tile(np.array([whole.min, whole.max, whole.min, whole.max], np.int32), (words, 1)),
        room=np.zeros((ROOM, words), np.uint64),
        lengths=np.zeros((LENGTHS, words), np.uint64),
        markets=np.array(table.traits.codes[::WORD, MARKET]),
    )
    note_zones(zones, table, np.arange(len(table.listing_id)))
    return zones


@compiled
def note_zones(zones: Zones, table: Table, rows: NDArray[np.int64]) -> None:
    """Take in what stands in some rows now."""
    boxes, strictest, room, lengths, markets = zones
    codes = table.traits.codes
    latitude, longitude, north = table.places
    numbers, accommodates = table.stays.numbers, table.traits.accommodates
    for row in rows:
        box, strict = boxes[row >> 6], strictest[row >> 6]
        box[SOUTH], box[NORTH] = min(box[SOUTH], latitude[row]), max(box[NORTH], latitude[row])
        box[WEST], box[EAST] = min(box[WEST], longitude[row]), max(box[EAST], longitude[row])
        box[TOP], box[FOOT] = min(box[TOP], north[row]), max(box[FOOT], north[row])
        strict[NOTICE] = max(strict[NOTICE], numbers[row, ADVANCE_NOTICE])
        strict[WINDOW] = min(strict[WINDOW], numbers[row, BOOKING_WINDOW])
        strict[FROM] = max(strict[FROM], numbers[row, CALENDAR_FROM])
        strict[UNTIL] = min(strict[UNTIL], numbers[row, CALENDAR_UNTIL])
        if codes[row, MARKET] != markets[row >> 6]:
            markets[row >> 6] = SEVERAL
        word, mask = row >> 6, _ONE << np.uint64(row & _BIT)
        for guests in range(1, ROOM + 1):
            held = room[guests - 1, word]
            room[guests - 1, word] = held | mask if accommodates[row] >= guests else held & ~mask
        for length in range(1, LENGTHS + 1):
            held = lengths[length - 1, word]
            usual = numbers[row, USUAL_MIN_STAY] <= length <= numbers[row, USUAL_MAX_STAY]
            lengths[length - 1, word] = held | mask if usual else held & ~mask
