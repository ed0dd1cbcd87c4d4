"""The terms that listings price by, each kind kept once: most of a million listings share a few thousand of them.

Derived from the columns, so that a pass reads twelve bytes of a listing where it would read eighty. Where kinds are
more than there is room for, or an amount is larger, a listing has its own, and they are read where they stand.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from search.columns.amounts import CLEANING, EXTRA_GUEST
from search.columns.compiled import compiled, inlined
from search.columns.table import CURRENCY, NO_CODE, RATES, Table

EXTRA_GUEST_OF: Final = len(RATES)
CURRENCY_OF: Final = len(RATES) + 1
"""Columns of the kinds behind the rates: the fee for an extra guest, and the code of the currency."""
KINDS: Final = 1 << 16
_WIDTH: Final = len(RATES) + 2
_SLOTS: Final = 1 << 18
_MOST: Final = 2**31 - 1
_PRIME: Final = 0x100000001B3


class Terms(NamedTuple):
    """Of `n` listings.

    Attributes
    ----------
    of
        (n,) row of `kinds`, or :data:`search.columns.table.NO_CODE` where a listing has its own.
    units, cleaning
        (n,) of the nights' prices, and the fee for cleaning, in minor units; nothing where a listing has its own terms.
    kinds
        (KINDS, width): the rates, :data:`EXTRA_GUEST_OF` and :data:`CURRENCY_OF`.
    slots, used
        (slots,) where each kind is found by its hash; (1,) how many kinds there are.
    """

    of: NDArray[np.int32]
    units: NDArray[np.int32]
    cleaning: NDArray[np.int32]
    kinds: NDArray[np.int64]
    slots: NDArray[np.int32]
    used: NDArray[np.int64]


def terms_of(table: Table) -> Terms:
    """Derive them from all rows."""
    terms = Terms(
        of=np.full(len(table.listing_id), NO_CODE, np.int32),
        units=np.zeros(len(table.listing_id), np.int32),
        cleaning=np.zeros(len(table.listing_id), np.int32),
        kinds=np.zeros((KINDS, _WIDTH), np.int64),
        slots=np.full(_SLOTS, NO_CODE, np.int32),
        used=np.zeros(1, np.int64),
    )
    note_terms(terms, table, np.arange(len(table.listing_id)))
    return terms


@compiled
def note_terms(terms: Terms, table: Table, rows: NDArray[np.int64]) -> None:
    """Take in what stands in some rows now."""
    rates, fees, codes, of = table.prices.rates, table.prices.fees, table.traits.codes, terms.of
    kind = np.empty(_WIDTH, np.int64)
    for row in rows:
        for place in range(len(RATES)):
            kind[place] = rates[row, place]
        kind[EXTRA_GUEST_OF], kind[CURRENCY_OF] = fees[EXTRA_GUEST, row], codes[row, CURRENCY]
        unit, cleaning = table.prices.unit[row], fees[CLEANING, row]
        if unit < 0 or max(unit, cleaning) > _MOST:
            of[row] = NO_CODE
        else:
            of[row], terms.units[row], terms.cleaning[row] = _learn(terms, kind), unit, cleaning


@inlined
def _learn(terms: Terms, kind: NDArray[np.int64]) -> int:
    """Row of a kind, a new one where there is room, found by Fowler, Noll and Vo's hash in the next free slot."""
    kinds, slots, used = terms.kinds, terms.slots, terms.used
    number = np.uint64(0xCBF29CE484222325)
    for place in range(kind.size):
        number = (number ^ np.uint64(kind[place])) * np.uint64(_PRIME)
    slot = np.int64((number >> np.uint64(32)) & np.uint64(slots.size - 1))
    while slots[slot] != NO_CODE:
        held, same = slots[slot], True
        for place in range(kind.size):
            same &= kinds[held, place] == kind[place]
        if same:
            return int(held)
        slot = (slot + 1) & (slots.size - 1)
    if used[0] == kinds.shape[0]:
        return NO_CODE
    new = int(used[0])
    kinds[new, :], slots[slot] = kind, new
    used[0] += 1
    return new
