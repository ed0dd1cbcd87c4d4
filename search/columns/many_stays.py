"""The pass that tries many stays of one length: the best of each listing, and what each of them costs at least."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from search.columns.amounts import amount_of, exchanged
from search.columns.ask import PriceAsk, StayAsk
from search.columns.compiled import compiled, trailing_zeros
from search.columns.fitting import candidates, takes
from search.columns.table import CURRENCY, MARKET, Nights, Prices, StayRules

_ONE: Final = np.uint64(1)
_NONE: Final = np.uint64(0)
_BIT: Final = 63


class StaysAsk(NamedTuple):
    """`s` stays of one length, the earliest first.

    Attributes
    ----------
    nights
        (s, nights) slots.
    departures, check_ins, check_outs
        (s,) of each what :class:`search.columns.ask.StayAsk` says of one.
    today, length_discount, guests
        The same for all of them.
    """

    nights: NDArray[np.int64]
    departures: NDArray[np.int64]
    check_ins: NDArray[np.int64]
    check_outs: NDArray[np.int64]
    today: NDArray[np.int64]
    length_discount: int
    guests: int


class StaysTally(NamedTuple):
    """What a pass finds in `n` listings.

    Attributes
    ----------
    taking
        Bits, (w,): the listing takes one of the stays.
    best, amounts
        (n,) place of the cheapest stay that it takes, the earliest of several, and its total in the listing's currency;
        anything where it takes none.
    counts, cheapest
        (s,) listings that take the stay at a price that is asked for, and the lowest of these in the guest's currency,
        +inf where none is known.
    """

    taking: NDArray[np.uint64]
    best: NDArray[np.int64]
    amounts: NDArray[np.int64]
    counts: NDArray[np.int64]
    cheapest: NDArray[np.float64]


@compiled
def try_stays(  # noqa: PLR0917 - compiled code takes whole tuples apart faster than one of all of them
    nights: Nights,
    rules: StayRules,
    prices: Prices,
    codes: NDArray[np.int32],
    possible: NDArray[np.uint64],
    stays: StaysAsk,
    asked: PriceAsk,
    tally: StaysTally,
) -> None:
    """Try every stay in every listing whose bit is set in `possible`, and fill the tally."""
    taking, best, amounts, counts, cheapest = tally
    for word in range(possible.size):
        if possible[word] == _NONE:
            continue
        for place in range(stays.departures.size):
            stay = StayAsk(
                stays.nights[place],
                stays.departures[place],
                stays.check_ins[place],
                stays.check_outs[place],
                stays.today,
                stays.length_discount,
                stays.guests,
            )
            bits = possible[word] & candidates(nights, stay, word)
            while bits != _NONE:
                row = (word << 6) + trailing_zeros(bits)
                bits &= bits - _ONE
                today = stay.today[codes[row, MARKET]]
                if not takes(rules, stay, today, row):
                    continue
                amount = amount_of(prices, stay, today, row)
                mask = _ONE << np.uint64(row & _BIT)
                if taking[word] & mask == _NONE or amount < amounts[row]:
                    taking[word] |= mask
                    best[row], amounts[row] = place, amount
                price = exchanged(amount, codes[row, CURRENCY], asked.factors)
                if np.isnan(asked.low) or (price >= asked.low and price <= asked.high):
                    counts[place] += 1
                    if price >= 0 and price < cheapest[place]:
                        cheapest[place] = price
