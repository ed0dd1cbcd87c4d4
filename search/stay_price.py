"""The exact total of a stay inside the engine: running sums of nightly prices, and one script that reads them.

``price_sum.17`` holds the sum of the nights in slots 0 to 16 of the ring (:mod:`search.ring`), and
``price_sum.0`` the sum of the whole ring, so that the nights of any stay are a difference of two reads,
or of three where the stay wraps round. The rest of the price is :func:`lodestay.pricing.price_stay` in
the script's integer arithmetic. Names of fields are parameters: the engine compiles the script once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lodestay.calendar import StayCalendar
from lodestay.money import minor_digits
from lodestay.pricing import MONTH_NIGHTS, WEEK_NIGHTS, PriceTerms
from lodestay.stay import Stay
from search.ring import RING, slot, window
from search.today import Today

_SLOTS: Final = tuple(map(str, range(RING)))
_READ_ONLY: Final[dict[str, Any]] = {"type": "long", "index": False}

MAPPING: Final[dict[str, Any]] = {
    "price_sum": {"dynamic": "strict", "properties": dict.fromkeys(_SLOTS, _READ_ONLY)},
    "nightly_price_minor": {"type": "long"},
    "currency": {"type": "keyword"},
    "cleaning_fee_minor": _READ_ONLY,
    "guests_included": _READ_ONLY,
    "extra_guest_fee_minor": _READ_ONLY,
    "weekly_discount_bps": _READ_ONLY,
    "monthly_discount_bps": _READ_ONLY,
    "service_fee_bps": _READ_ONLY,
    "tax_bps": _READ_ONLY,
    "last_minute_days": _READ_ONLY,
    "last_minute_discount_bps": _READ_ONLY,
    "early_bird_days": _READ_ONLY,
    "early_bird_discount_bps": _READ_ONLY,
}
"""Fields of the document. The prices are read by scripts only: doc values without an index."""


def nightly_ring(calendar: StayCalendar | None, *, today: date) -> NDArray[np.int64] | None:
    """What each night from `today` on costs, by slot: (RING,) minor units, 0 beyond; None without a night left."""
    nights = window(calendar, today) if calendar is not None else range(0)
    if calendar is None or not nights:
        return None
    ring = np.zeros(RING, dtype=np.int64)
    ring[(slot(calendar.start) + np.arange(nights.start, nights.stop)) % RING] = calendar.price_minor[
        nights.start : nights.stop
    ]
    return ring


def price_fields(calendar: StayCalendar | None, *, today: date) -> dict[str, Any]:
    """Write the running sums of a calendar's nights from `today` on and what one usually costs.

    Without a night left the sums are null, and the usual price stays as it is.
    """
    ring = nightly_ring(calendar, today=today)
    if ring is None:
        return {"price_sum": None}
    sums = np.roll(np.cumsum(ring), 1)  # the last sum, of the whole ring, comes to stand in slot 0
    return {
        "price_sum": dict(zip(_SLOTS, sums.tolist(), strict=True)),
        "nightly_price_minor": usual_nightly(calendar, today=today),
    }


def usual_nightly(calendar: StayCalendar | None, *, today: date) -> int | None:
    """Price of a night without dates: the median of the free nights from `today` on, of all where none is free."""
    nights = window(calendar, today) if calendar is not None else range(0)
    if calendar is None or not nights:
        return None
    prices, free = calendar.price_minor[nights.start : nights.stop], calendar.free[nights.start : nights.stop]
    offered = np.sort(prices[free] if free.any() else prices)
    return int(offered[len(offered) // 2])


def rate_fields(terms: PriceTerms) -> dict[str, Any]:
    """Write what, beside the nights, decides the price of a stay without pets."""
    return {
        "currency": terms.currency,
        "cleaning_fee_minor": terms.cleaning_fee_minor,
        "guests_included": terms.guests_included,
        "extra_guest_fee_minor": terms.extra_guest_fee_minor,
        "weekly_discount_bps": terms.weekly_discount_bps,
        "monthly_discount_bps": terms.monthly_discount_bps,
        "service_fee_bps": terms.service_fee_bps,
        "tax_bps": terms.tax_bps,
        "last_minute_days": terms.last_minute_days,
        "last_minute_discount_bps": terms.last_minute_discount_bps,
        "early_bird_days": terms.early_bird_days,
        "early_bird_discount_bps": terms.early_bird_discount_bps,
    }


def exchange_factors(rates: Mapping[str, float], currency: str) -> dict[str, float]:
    """Minor units of `currency` for one minor unit of each listing currency; its own counts one for one.

    Parameters
    ----------
    rates
        Units of `currency` for one unit of each listing currency.
    """
    digits = minor_digits(currency)
    factors = {other: float(rate * 10.0 ** (digits - minor_digits(other))) for other, rate in rates.items()}
    return factors | {currency: 1.0}


def exchanged(minor: int, factor: float) -> int:
    """An amount in the guest's currency, rounded half up to the unit: in the index, in fallback and on the page."""
    return math.floor(minor * factor + 0.5)


def exchanged_all(minor: NDArray[np.float64], factor: NDArray[np.float64]) -> NDArray[np.float64]:
    """Exchange many amounts as :func:`exchanged` does one; NaN where either is not known."""
    return np.floor(minor * factor + 0.5)


_FUNCTIONS: Final = """
long lead_bps(Map doc, Map params) {
  if (params.lead == null) { return 0L; }
  long lead = params.lead;
  if (!params.leads.isEmpty() && params.leads.containsKey(doc['market'].value)) {
    lead = params.leads[doc['market'].value];
  }
  long late = doc['last_minute_days'].value;
  long early = doc['early_bird_days'].value;
  long off_late = late > 0L && lead <= late ? doc['last_minute_discount_bps'].value : 0L;
  long off_early = early > 0L && lead >= early ? doc['early_bird_discount_bps'].value : 0L;
  return off_late > off_early ? off_late : off_early;
}
long amount(Map doc, Map params) {
  long nights = 0L;
  for (String field : params.plus) {
    if (doc[field].size() == 0) { return -1L; }
    nights += doc[field].value;
  }
  for (String field : params.minus) { nights -= doc[field].value; }
  if (params.nights == 0) { return nights; }
  long bps = params.discount == null ? 0L : doc[params.discount].value;
  long guests = params.guests - doc['guests_included'].value;
  long extra = guests > 0L ? guests * doc['extra_guest_fee_minor'].value * params.nights : 0L;
  long kept = nights - (nights * bps + 5000L) / 10000L;
  kept -= (kept * lead_bps(doc, params) + 5000L) / 10000L;
  long subtotal = kept + extra + doc['cleaning_fee_minor'].value;
  return subtotal + (subtotal * doc['service_fee_bps'].value + 5000L) / 10000L
                  + (subtotal * doc['tax_bps'].value + 5000L) / 10000L;
}
double exchanged(Map doc, Map params) {
  def factor = params.factors[doc['currency'].value];
  long minor = factor == null ? -1L : amount(doc, params);
  return minor < 0L ? -1.0 : Math.floor(minor * (double) factor + 0.5);
}
"""
# -1 stands for a price that is not known or not exchangeable.


class PriceScript:
    """The script, asked for one stay (or for one night without dates) in one currency.

    Parameters
    ----------
    stay
        None reads the listing's nightly price, without fees.
    guests
        Size of the party.
    factors
        Of :func:`exchange_factors`; listings of other currencies have no price.
    today
        From when the days to the check-in are counted, in each market; None takes no discount for them.
    """

    def __init__(
        self, stay: Stay | None, *, guests: int, factors: Mapping[str, float], today: Today | None = None
    ) -> None:
        self._params = {**_reads(stay), **_leads(stay, today), "guests": guests, "factors": dict(factors)}

    def amount(self) -> dict[str, Any]:
        """Exact total in the listing's currency; -1 where it is not known."""
        return self._script("return amount(doc, params);")

    def converted(self) -> dict[str, Any]:
        """Total in the guest's currency; -1 where it is not known."""
        return self._script("return exchanged(doc, params);")

    def ascending(self) -> dict[str, Any]:
        """The same as a key to sort by, unknown prices last (descending, -1 stands last by itself)."""
        return self._script("double e = exchanged(doc, params); return e < 0.0 ? Double.MAX_VALUE : e;")

    def between(self, low: int | None, high: int | None) -> dict[str, Any]:
        """Whether the total in the guest's currency is known and lies in ``[low, high]``."""
        return self._script(
            "double e = exchanged(doc, params); return e >= params.low && e <= params.high;",
            low=float(max(low or 0, 0)),
            high=float(2**62 if high is None else high),
        )

    def _script(self, ending: str, **params: Any) -> dict[str, Any]:
        return {"lang": "painless", "source": _FUNCTIONS + ending, "params": self._params | params}


def _reads(stay: Stay | None) -> dict[str, Any]:
    """Which fields are added and subtracted for a stay."""
    if stay is None:
        return {"plus": ["nightly_price_minor"], "minus": [], "discount": None, "nights": 0}
    arrival, departure = slot(stay.check_in), slot(stay.check_out)
    # The sum up to slot 0 is none going in and the whole ring coming out.
    plus = [departure] if departure > arrival or departure == 0 else [departure, 0]
    minus = [arrival] if arrival else []
    return {
        "plus": [f"price_sum.{n}" for n in plus],
        "minus": [f"price_sum.{n}" for n in minus],
        "discount": discount_field(stay.nights),
        "nights": stay.nights,
    }


def _leads(stay: Stay | None, today: Today | None) -> dict[str, Any]:
    """Days from today to the check-in, and those of markets where it is another day."""
    if stay is None or today is None:
        return {"lead": None, "leads": {}}
    leads = {market: (stay.check_in - day).days for market, day in today.elsewhere.items()}
    return {"lead": (stay.check_in - today.here).days, "leads": leads}


def discount_field(nights: int) -> str | None:
    """Field of the length-of-stay discount; the choice is :meth:`PriceTerms.discount_bps`'s."""
    if nights >= MONTH_NIGHTS:
        return "monthly_discount_bps"
    return "weekly_discount_bps" if nights >= WEEK_NIGHTS else None
