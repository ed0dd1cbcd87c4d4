"""From the fields of an index document to the values of a row: the same contract, read into columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from search.columns.table import odd_rule
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
        Sorted, of :func:`search.columns.table.odd_rule`.
    """

    free: NDArray[np.bool_]
    closed: NDArray[np.bool_]
    odd: NDArray[np.bool_]
    odd_rules: NDArray[np.uint32]


def read_tokens(tokens: str | None) -> StayBits:
    """Read the tokens that :func:`search.availability.availability_fields` writes; None: never free."""
    bits = {kind: np.zeros(RING, np.bool_) for kind in "ndx"}
    lengths: dict[int, list[tuple[int, int]]] = {}
    for token in (tokens or "").split():
        kind = token[0]
        if kind == "w":  # seven nights that are free by themselves
            continue
        slot, _, block = token[1:].partition(".")
        if not block:
            bits[kind][int(slot)] = True
            continue
        level, _, place = block.partition(".")
        low = int(place) << int(level)
        lengths.setdefault(int(slot), []).append((low, low + (1 << int(level)) - 1))
    rules = [odd_rule(slot, *span) for slot in sorted(lengths) for span in _joined(sorted(lengths[slot]))]
    return StayBits(bits["n"], bits["d"], bits["x"], np.array(rules, np.uint32))


def _joined(spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Join spans that touch."""
    low, high = spans[0]
    for first, last in spans[1:]:
        if first > high + 1:
            yield low, high
            low = first
        high = max(high, last)
    yield low, high


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


NO_SUMS: Final = RunningSums(0, np.zeros(RING, np.int64))


def read_sums(price_sum: Mapping[str, int] | None) -> RunningSums:
    """Read the sums that :func:`search.stay_price.price_fields` writes."""
    if price_sum is None:
        return NO_SUMS
    sums = np.array([price_sum[str(n)] for n in range(RING)], np.int64)
    unit = int(np.gcd.reduce(sums)) or 1  # every night is free of charge: any unit will do
    return RunningSums(unit, sums // unit)
