"""From the fields of an index document to the values of a row: the same contract, read into columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from search.columns.compiled import compiled
from search.columns.table import PART, PART_MASK
from search.ring import RING

_LARGEST_SUM: Final = 2**32


@dataclass(frozen=True)
class StayBits:
    """What a listing's `stay_tokens` say, by slot.

    Attributes
    ----------
    free, closed, odd
        (RING,) bool.
    odd_rules
        As :data:`search.columns.table.PART_MASK` takes them apart.
    """

    free: NDArray[np.bool_]
    closed: NDArray[np.bool_]
    odd: NDArray[np.bool_]
    odd_rules: NDArray[np.int64]


def read_tokens(tokens: str | None) -> StayBits:
    """Read the tokens that :func:`search.availability.availability_fields` writes; None: never free."""
    text = np.frombuffer((tokens or "").encode(), np.uint8)
    free, closed, odd = (np.zeros(RING, np.bool_) for _ in range(3))
    blocks = np.zeros(len(text) // _SHORTEST_BLOCK + 1, np.int64)
    count = _parse(text, free, closed, odd, blocks)
    return StayBits(free, closed, odd, _in_runs(_joined(np.sort(blocks[:count]))))


def _joined(blocks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Join the lengths of an arrival that touch: blocks (slot, shortest, longest) in order, none empty."""
    if not len(blocks):
        return blocks
    arrival, low, high = blocks >> 2 * PART, blocks >> PART & PART_MASK, blocks & PART_MASK
    begins = np.r_[True, (arrival[1:] != arrival[:-1]) | (low[1:] > high[:-1] + 1)]
    ends = np.r_[begins[1:], True]
    return arrival[begins] << 2 * PART | low[begins] << PART | high[ends]


def _in_runs(blocks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Write arrivals in a row that allow the same lengths as one rule: a season is one, and not seventy."""
    if not len(blocks):
        return blocks
    by_lengths = np.sort((blocks & (1 << 2 * PART) - 1) << PART | blocks >> 2 * PART)
    begins = np.r_[True, np.diff(by_lengths) != 1]
    first, last = by_lengths[begins], by_lengths[np.r_[begins[1:], True]]
    return (first & PART_MASK) << 3 * PART | (last & PART_MASK) << 2 * PART | first >> PART


_SHORTEST_BLOCK: Final = len("x..")
_NIGHT, _DEPARTURE, _ARRIVAL, _POINT, _ZERO = (ord(letter) for letter in "ndx.0")


@compiled
def _parse(
    text: NDArray[np.uint8],
    free: NDArray[np.bool_],
    closed: NDArray[np.bool_],
    odd: NDArray[np.bool_],
    blocks: NDArray[np.int64],
) -> int:
    """Put each token where it belongs, in one walk over the letters; says how many blocks of lengths there were."""
    count, at = 0, 0
    while at < text.size:
        kind = text[at]
        slot, at = _number(text, at + 1)
        if slot >= RING:
            raise ValueError("a stay token speaks of a day that is not on the ring")
        if at < text.size and text[at] == _POINT:
            level, at = _number(text, at + 1)
            place, at = _number(text, at + 1)
            blocks[count] = slot << 2 * PART | (place << level) << PART | ((place + 1) << level) - 1
            count += 1
        elif kind == _NIGHT:
            free[slot] = True
        elif kind == _DEPARTURE:
            closed[slot] = True
        elif kind == _ARRIVAL:
            odd[slot] = True
        at += 1  # the blank; a week (w) says nothing that its nights do not
    return count


@compiled
def _number(text: NDArray[np.uint8], at: int) -> tuple[int, int]:
    """Read digits from a place on: the number, and the place after it."""
    number = 0
    while at < text.size and text[at] >= _ZERO:
        number = 10 * number + int(np.int64(text[at])) - _ZERO
        at += 1
    return number, at


@dataclass(frozen=True)
class RunningSums:
    """Running sums of nightly prices in units of the largest amount that divides them all.

    Attributes
    ----------
    unit
        Minor units; 0 where there are no prices.
    sums
        (RING,) int64, as in the document: slot 0 holds the sum of the whole ring.
    """

    unit: int
    sums: NDArray[np.int64]

    @property
    def fits(self) -> bool:
        """Whether every sum fits in 32 bits."""
        return int(self.sums[0]) < _LARGEST_SUM


_IN_ORDER: Final = itemgetter(*(str(n) for n in range(RING)))
NO_SUMS: Final = RunningSums(0, np.zeros(RING, np.int64))


def read_sums(price_sum: Mapping[str, int] | None) -> RunningSums:
    """Read the sums that :func:`search.stay_price.price_fields` writes."""
    if price_sum is None:
        return NO_SUMS
    sums = np.array(_IN_ORDER(price_sum), np.int64)
    unit = int(np.gcd.reduce(sums)) or 1  # every night is free of charge: any unit will do
    return RunningSums(unit, sums // unit)
