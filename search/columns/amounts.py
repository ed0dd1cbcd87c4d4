"""What a stay costs, compiled: :func:`lodestay.pricing.price_stay` without pets, and the exchange of it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lodestay import pricing
from search import stay_price
from search.columns.ask import NO_DISCOUNT, StayAsk
from search.columns.compiled import inlined
from search.columns.table import FEES, NO_CODE, NO_PRICE, RATES, Prices

CLEANING, EXTRA_GUEST = FEES.index("cleaning_fee_minor"), FEES.index("extra_guest_fee_minor")
_INCLUDED = RATES.index("guests_included")
_WEEKLY, _MONTHLY = RATES.index("weekly_discount_bps"), RATES.index("monthly_discount_bps")
_SERVICE, _TAX = RATES.index("service_fee_bps"), RATES.index("tax_bps")
_LATE_DAYS, _LATE_BPS = RATES.index("last_minute_days"), RATES.index("last_minute_discount_bps")
_EARLY_DAYS, _EARLY_BPS = RATES.index("early_bird_days"), RATES.index("early_bird_discount_bps")
LENGTH_DISCOUNTS: Final = {"weekly_discount_bps": _WEEKLY, "monthly_discount_bps": _MONTHLY}
"""Column of the rates that holds each."""
# The one definition of each, compiled in: what a share of an amount is, and how one is exchanged.
_share = inlined(pricing.share)
_exchanged = inlined(stay_price.exchanged)


@inlined
def amount_of(prices: Prices, stay: StayAsk, today: int, row: int) -> int:
    """Total of the stay in the currency of a listing where it is `today`."""
    slots, unit = stay.nights, prices.unit[row]
    units = np.int64(0)
    for night in slots:
        units += np.int64(prices.nightly[night, row])
    nights = in_minor(prices.large, slots, int(units), unit)
    lead = stay.check_in - today
    extra_guest, cleaning = prices.fees[EXTRA_GUEST, row], prices.fees[CLEANING, row]
    length, discount = slots.size, stay.length_discount
    return total_of(prices.rates, row, extra_guest, cleaning, nights, unit, length, stay.guests, lead, discount)


@inlined
def in_minor(large: NDArray[np.int64], slots: NDArray[np.int64], units: int, unit: int) -> int:
    """Sum of the nights in minor units, known in units of the listing's, unless they have a row apart."""
    if unit >= 0:
        return int(units * unit)
    total = np.int64(0)
    for night in slots:
        total += large[-1 - unit, night]
    return int(total)


@inlined
def total_of(  # noqa: PLR0917 - compiled code takes them by place
    rates: NDArray[Any],
    row: int,
    extra_guest: int,
    cleaning: int,
    nights: int,
    unit: int,
    length: int,
    guests: int,
    lead: int,
    discount: int,
) -> int:
    """Total of a stay whose nights cost so much; :data:`NO_PRICE` where no night has a price.

    Parameters
    ----------
    rates, row
        A listing's :data:`search.columns.table.RATES` are the first columns of this row.
    lead
        Days until it begins, where the listing is.
    discount
        Column of the rates that holds the discount for its length, or :data:`NO_DISCOUNT`.
    """
    if discount != NO_DISCOUNT:
        nights -= _share(nights, rates[row, discount])
    nights -= _share(nights, _lead_bps(rates, lead, row))
    extra = max(0, guests - rates[row, _INCLUDED]) * extra_guest * length
    subtotal = nights + extra + cleaning
    total = subtotal + _share(subtotal, rates[row, _SERVICE]) + _share(subtotal, rates[row, _TAX])
    return NO_PRICE if unit == 0 else int(total)


@inlined
def exchanged(amount: int, currency: int, factors: NDArray[np.float64]) -> float:
    """An amount in the guest's currency, :data:`NO_PRICE` where it or a rate is not known."""
    if amount < 0 or currency == NO_CODE or np.isnan(factors[currency]):
        return float(NO_PRICE)
    return float(_exchanged(amount, factors[currency]))


@inlined
def _lead_bps(rates: NDArray[Any], lead: int, row: int) -> int:
    late, early = rates[row, _LATE_DAYS], rates[row, _EARLY_DAYS]
    # Times whether they apply, and no branch: which of them do is another guess for each listing.
    off_late = rates[row, _LATE_BPS] * np.int64((late > 0) & (lead <= late))
    off_early = rates[row, _EARLY_BPS] * np.int64((early > 0) & (early <= lead))
    return int(max(off_late, off_early))
