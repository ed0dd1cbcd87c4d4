"""What a stay costs, compiled: :func:`lodestay.pricing.price_stay` without pets, and the exchange of it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from lodestay import pricing
from search import stay_price
from search.columns.ask import NO_DISCOUNT, StayAsk
from search.columns.compiled import inlined
from search.columns.table import NO_CODE, NO_PRICE, TERMS, Prices

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
) = (TERMS.index(name) for name in TERMS)
LENGTH_DISCOUNTS: Final = {"weekly_discount_bps": _WEEKLY, "monthly_discount_bps": _MONTHLY}
# The one definition of each, compiled in: what a share of an amount is, and how one is exchanged.
_share = inlined(pricing.share)
_exchanged = inlined(stay_price.exchanged)


@inlined
def amount_of(prices: Prices, stay: StayAsk, today: int, row: int) -> int:
    """Total of the stay in the currency of a listing where it is `today`; without a stay what a night usually costs."""
    terms = prices.terms
    length = stay.nights.size
    if length == 0:
        return int(prices.usual[row])
    if prices.unit[row] == 0:
        return NO_PRICE
    nights = _nights_sum(prices, stay, row)
    if stay.length_discount != NO_DISCOUNT:
        nights -= _share(nights, terms[row, stay.length_discount])
    nights -= _share(nights, _lead_bps(terms, stay.check_in - today, row))
    extra = max(0, stay.guests - terms[row, _INCLUDED]) * terms[row, _EXTRA_GUEST] * length
    subtotal = nights + extra + terms[row, _CLEANING]
    return int(subtotal + _share(subtotal, terms[row, _SERVICE]) + _share(subtotal, terms[row, _TAX]))


@inlined
def exchanged(amount: int, currency: int, factors: NDArray[np.float64]) -> float:
    """An amount in the guest's currency, :data:`NO_PRICE` where it or a rate is not known."""
    if amount < 0 or currency == NO_CODE or np.isnan(factors[currency]):
        return float(NO_PRICE)
    return float(_exchanged(amount, factors[currency]))


@inlined
def _nights_sum(prices: Prices, stay: StayAsk, row: int) -> int:
    """Sum of the nights in minor units, of a listing that has prices."""
    unit = prices.unit[row]
    total = np.int64(0)
    if unit > 0:
        for night in stay.nights:
            total += np.int64(prices.nightly[night, row])
        return int(total * unit)
    for night in stay.nights:
        total += prices.large[-1 - unit, night]
    return int(total)


@inlined
def _lead_bps(terms: NDArray[np.int64], lead: int, row: int) -> int:
    late, early = terms[row, _LATE_DAYS], terms[row, _EARLY_DAYS]
    off_late = terms[row, _LATE_BPS] if late > 0 and lead <= late else 0
    off_early = terms[row, _EARLY_BPS] if 0 < early <= lead else 0
    return int(max(off_late, off_early))
