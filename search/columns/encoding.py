"""From the fields of index documents, or from calendars, to the values of rows: the same contract, many at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import gcd
from operator import itemgetter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lodestay.calendar import StayCalendar
from search.arrivals import Arrivals
from search.columns.compiled import compiled, inlined
from search.columns.table import PART, PART_MASK, RULES
from search.ring import RING
from search.stay_price import nightly_ring


@dataclass(frozen=True)
class StayBits:
    """Which stays some listings take, by slot.

    Attributes
    ----------
    free, closed, odd
        (listings, RING) bool.
    odd_rules
        As :data:`search.columns.table.PART_MASK` takes them apart, listing after listing.
    odd_count
        (listings,) how many of them are each listing's.
    """

    free: NDArray[np.bool_]
    closed: NDArray[np.bool_]
    odd: NDArray[np.bool_]
    odd_rules: NDArray[np.int64]
    odd_count: NDArray[np.int64]


def read_tokens(tokens: Sequence[str | None]) -> StayBits:
    """Read the tokens that :func:`search.availability.availability_fields` writes; None: never free."""
    texts = [(one or "").encode() for one in tokens]
    text, ends = _joined_texts(texts)
    free, closed, odd = (np.zeros((len(texts), RING), np.bool_) for _ in range(3))
    blocks = np.empty(len(text) // _SHORTEST_BLOCK + 1, np.int64)
    count = _parse_tokens(text, ends, free, closed, odd, blocks)
    return _with_rules(free, closed, odd, blocks[:count])


def stay_bits(arrivals: Sequence[Arrivals | None]) -> StayBits:
    """Take what calendars say, without the tokens that would say it; None: never free."""
    free, closed, odd = (np.zeros((len(arrivals), RING), np.bool_) for _ in range(3))
    blocks = [np.empty(0, np.int64)]
    for place, one in enumerate(arrivals):
        if one is None:
            continue
        free[place, one.slots] = one.run > 0
        closed[place, one.no_departure] = True
        odd[place, one.slots] = one.odd
        nights, shortest, longest = one.spans.T
        blocks.append(place << 3 * PART | one.slots[nights] << 2 * PART | shortest << PART | longest)
    return _with_rules(free, closed, odd, np.concatenate(blocks))


def _with_rules(
    free: NDArray[np.bool_], closed: NDArray[np.bool_], odd: NDArray[np.bool_], blocks: NDArray[np.int64]
) -> StayBits:
    """Add the rules of odd arrivals to what is known of each slot.

    Parameters
    ----------
    blocks
        Listing, slot, shortest and longest stay, the listings in order.
    """
    rules = np.empty(len(blocks), np.int64)
    rules = rules[: _write_rules(blocks, rules)]
    counts = np.bincount(rules >> 4 * PART, minlength=len(free))
    return StayBits(free, closed, odd, rules & (1 << 4 * PART) - 1, counts)


@compiled
def _write_rules(blocks: NDArray[np.int64], rules: NDArray[np.int64]) -> int:
    """Write blocks as rules, the listing in front, a listing's after the other's; says how many there are."""
    count, first = 0, 0
    while first < blocks.size:
        listing, last = blocks[first] >> 3 * PART, first + 1
        while last < blocks.size and blocks[last] >> 3 * PART == listing:
            last += 1
        spans = np.sort(blocks[first:last])
        spans = np.sort(spans[: _join(spans)])
        count = _write_runs(spans, listing, rules, count)
        first = last
    return count


@inlined
def _join(blocks: NDArray[np.int64]) -> int:
    """Join the lengths of an arrival that touch, and put them before the arrival; says how many are left.

    Parameters
    ----------
    blocks
        Of one listing, in order; the first so many are written over.
    """
    count, place = 0, 0
    while place < blocks.size:
        arrival, low, high = blocks[place] >> 2 * PART, blocks[place] >> PART & PART_MASK, blocks[place] & PART_MASK
        place += 1
        while place < blocks.size and blocks[place] >> 2 * PART == arrival:
            if blocks[place] >> PART & PART_MASK > high + 1:
                break
            high = max(high, blocks[place] & PART_MASK)
            place += 1
        blocks[count] = low << 2 * PART | high << PART | arrival & PART_MASK
        count += 1
    return count


@inlined
def _write_runs(spans: NDArray[np.int64], listing: np.int64, rules: NDArray[np.int64], count: int) -> int:
    """Write arrivals in a row that allow the same lengths as one rule: a season is one."""
    place = 0
    while place < spans.size:
        first = spans[place]
        last = first
        place += 1
        while place < spans.size and spans[place] == last + 1:
            last = spans[place]
            place += 1
        slots = (first & PART_MASK) << 3 * PART | (last & PART_MASK) << 2 * PART
        rules[count] = listing << 4 * PART | slots | first >> PART
        count += 1
    return count


@dataclass(frozen=True)
class Nights:
    """The nights of a calendar as columns take them: in a change it stands in the place of tokens and running sums.

    Attributes
    ----------
    nightly
        (RING,) minor units by slot.
    """

    arrivals: Arrivals | None
    nightly: NDArray[np.int64] | None


NIGHTS: Final = "nights"
"""Field of a change that holds them; documents have none of that name."""


def night_fields(calendar: StayCalendar | None, *, today: date) -> dict[str, Any]:
    """Build the part of a change that follows from a calendar; columns come to hold what its document would say."""
    arrivals = Arrivals.of(calendar, today=today)
    numbers = dict.fromkeys(RULES) if arrivals is None else arrivals.numbers()
    return {**numbers, NIGHTS: Nights(arrivals, nightly_ring(calendar, today=today))}


def _joined_texts(texts: Sequence[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Put texts one after the other, a blank behind each; where each one ends."""
    lengths = np.fromiter((len(text) + 1 for text in texts), np.int64, len(texts))
    return np.frombuffer(b" ".join([*texts, b""]), np.uint8), np.cumsum(lengths) - 1


_SHORTEST_BLOCK: Final = len("x..")
_NIGHT, _DEPARTURE, _ARRIVAL, _POINT, _ZERO = (ord(letter) for letter in "ndx.0")
_NINE: Final = 9


@compiled
def _parse_tokens(  # noqa: PLR0917 - compiled code takes them by place
    text: NDArray[np.uint8],
    ends: NDArray[np.int64],
    free: NDArray[np.bool_],
    closed: NDArray[np.bool_],
    odd: NDArray[np.bool_],
    blocks: NDArray[np.int64],
) -> int:
    """Put each token where it belongs, in one walk over the letters; says how many blocks of lengths there were."""
    count, at = 0, 0
    for listing in range(ends.size):
        end = ends[listing]
        while at < end:
            kind = text[at]
            slot, at = _number(text, at + 1)
            if slot >= RING:
                raise ValueError("a stay token speaks of a day that is not on the ring")
            if at < end and text[at] == _POINT:
                level, at = _number(text, at + 1)
                place, at = _number(text, at + 1)
                lengths = (place << level) << PART | ((place + 1) << level) - 1
                blocks[count] = listing << 3 * PART | slot << 2 * PART | lengths
                count += 1
            elif kind == _NIGHT:
                free[listing, slot] = True
            elif kind == _DEPARTURE:
                closed[listing, slot] = True
            elif kind == _ARRIVAL:
                odd[listing, slot] = True
            at += 1  # the blank; a week (w) says nothing that its nights do not
        at = end + 1
    return count


@inlined
def _number(text: NDArray[np.uint8], at: int) -> tuple[np.int64, int]:
    """Read digits from a place on: the number, and the place after it; a blank ends every text."""
    number = np.int64(0)
    digit = np.int64(text[at]) - _ZERO
    while 0 <= digit <= _NINE:
        number = 10 * number + digit
        at += 1
        digit = np.int64(text[at]) - _ZERO
    return number, at


@dataclass(frozen=True)
class NightPrices:
    """What the nights of some listings cost.

    Attributes
    ----------
    unit
        (listings,) the largest amount in minor units that divides them all; 0 where there are no prices, 1 where every
        night is free of charge.
    nightly
        (listings, RING) minor units, by slot.
    """

    unit: NDArray[np.int64]
    nightly: NDArray[np.int64]

    @property
    def fits(self) -> NDArray[np.bool_]:
        """(listings,) whether every night is less than 65,536 units."""
        most: NDArray[np.int64] = self.nightly.max(axis=1, initial=0)
        return most // np.maximum(self.unit, 1) <= _LARGEST


_LARGEST: Final = np.iinfo(np.uint16).max
_IN_ORDER: Final = itemgetter(*(str(n) for n in range(RING)))


def read_prices(sums: Sequence[Mapping[str, int] | bytes | None]) -> NightPrices:
    """Read the running sums that :func:`search.stay_price.price_fields` writes, as they are or as JSON."""
    running = np.zeros((len(sums), RING), np.int64)
    told = [place for place, one in enumerate(sums) if isinstance(one, bytes)]
    text, ends = _joined_texts([one for one in sums if isinstance(one, bytes)])
    if _parse_sums(text, ends, np.array(told, np.int64), running) != len(told):
        raise ValueError(f"running sums that have not each of the {RING} slots once")
    for place, one in enumerate(sums):
        if isinstance(one, Mapping):
            running[place] = _IN_ORDER(one)
    # The sum up to a slot is in its own, and that of the whole ring in slot 0 (search.stay_price).
    upto = np.roll(running, -1, axis=1)
    nightly = np.diff(upto, axis=1, prepend=0)
    return _priced(nightly, [one is not None for one in sums])


def night_prices(rings: Sequence[NDArray[np.int64] | None]) -> NightPrices:
    """Take what nights cost (:func:`search.stay_price.nightly_ring`)."""
    nightly = np.zeros((len(rings), RING), np.int64)
    for place, ring in enumerate(rings):
        if ring is not None:
            nightly[place] = ring
    return _priced(nightly, [ring is not None for ring in rings])


def _priced(nightly: NDArray[np.int64], known: Sequence[bool]) -> NightPrices:
    return NightPrices(np.where(np.array(known, np.bool_), _units(nightly), 0), nightly)


@compiled
def _parse_sums(
    text: NDArray[np.uint8], ends: NDArray[np.int64], places: NDArray[np.int64], running: NDArray[np.int64]
) -> int:
    """Read objects of slots and sums; says how many of them have as many sums as the ring has slots."""
    whole, at = 0, 0
    for listing in range(ends.size):
        count, slot = 0, np.int64(-1)
        while at < ends[listing]:
            if not 0 <= np.int64(text[at]) - _ZERO <= _NINE:
                at += 1
                continue
            number, at = _number(text, at)
            if slot < 0:
                slot = number
            else:
                if slot >= RING:
                    raise ValueError("a running sum of a day that is not on the ring")
                running[places[listing], slot] = number
                count, slot = count + 1, np.int64(-1)
        whole += 1 if count == RING and slot < 0 else 0
    return whole


@compiled
def _units(nightly: NDArray[np.int64]) -> NDArray[np.int64]:
    """Largest amount that divides every night of a listing; 1 where all are 0."""
    units = np.zeros(nightly.shape[0], np.int64)
    for listing in range(nightly.shape[0]):
        unit = np.int64(0)
        for slot in range(nightly.shape[1]):
            price = nightly[listing, slot]
            if unit == 0 or price % unit != 0:
                unit = np.int64(gcd(unit, price))
        units[listing] = unit if unit > 0 else 1
    return units
