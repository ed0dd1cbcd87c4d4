"""The stay rules and the price of a stay for every listing of a market at once.

:class:`~lodestay.calendar.StayCalendar` and :func:`~lodestay.pricing.price_stay` answer for one listing;
a simulated search asks for all of them, some twenty thousand times. Here both are the same rules over
running sums, one column a listing; a property test holds the two together. The few listings with rules of every
night, on gaps or on preparation are asked one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from lodestay.calendar import HORIZON_NIGHTS, StayCalendar
from lodestay.pricing import MONTH_NIGHTS, WEEK_NIGHTS, PriceTerms, share
from lodestay.stay import Stay
from simulation.draws import Bools, Floats, Ints


class StayGrid:
    """Calendars of a market's listings on one window of nights, which bookings change.

    Parameters
    ----------
    calendars, terms
        One of each for a listing. Nights that a calendar does not have cannot be booked.
    start, end
        The window, half-open.
    """

    def __init__(
        self, calendars: Sequence[StayCalendar], terms: Sequence[PriceTerms], *, start: date, end: date
    ) -> None:
        self.start, self.end = start, end
        self._special: dict[int, StayCalendar] = {}
        nights, listings = (end - start).days, len(calendars)
        price = np.zeros((nights, listings), dtype=np.int64)
        free = np.zeros((nights, listings), dtype=bool)
        # A night's row lies together in memory: a search reads two of them, a booking writes one column.
        self._min_stay = np.ones((nights, listings), dtype=np.int32)
        self._max_stay = np.zeros((nights, listings), dtype=np.int32)
        self._no_arrival = np.zeros((nights, listings), dtype=bool)
        self._no_departure = np.zeros((nights + 1, listings), dtype=bool)
        for column, calendar in enumerate(calendars):
            first = calendar.index(start)
            skip = max(0, -first)
            theirs = slice(max(0, first), max(0, first + nights))
            length = len(calendar.free[theirs])
            ours = slice(skip, skip + length)
            price[ours, column] = calendar.price_minor[theirs]
            free[ours, column] = calendar.free[theirs]
            self._min_stay[ours, column] = calendar.min_stay[theirs]
            self._max_stay[ours, column] = calendar.max_stay[theirs]
            self._no_arrival[ours, column] = calendar.closed_to_arrival[theirs]
            # One day more than nights: a stay of the last night leaves on the window's end.
            departures = calendar.closed_to_departure[theirs.start : max(0, first + nights + 1)]
            self._no_departure[skip : skip + len(departures), column] = departures
            if _is_special(calendar):
                self._special[column] = replace(calendar, free=calendar.free.copy(), preparation=None)
        self.free = free
        self._price_until = _running_sum(price)
        self._taken_until = _running_sum(~free)
        self._notice = np.array([calendar.advance_notice_days for calendar in calendars], dtype=np.int64)
        self._booking_window = np.array([calendar.booking_window_days for calendar in calendars], dtype=np.int64)
        self._cleaning = _column(terms, "cleaning_fee_minor")
        self._included = _column(terms, "guests_included")
        self._extra = _column(terms, "extra_guest_fee_minor")
        self._weekly = _column(terms, "weekly_discount_bps")
        self._monthly = _column(terms, "monthly_discount_bps")
        self._service = _column(terms, "service_fee_bps")
        self._tax = _column(terms, "tax_bps")
        self._last_minute = _column(terms, "last_minute_days"), _column(terms, "last_minute_discount_bps")
        self._early_bird = _column(terms, "early_bird_days"), _column(terms, "early_bird_discount_bps")

    def bookable(self, check_in: date, nights: int, *, today: date) -> Bools:
        """Which listings take the stay: (l,) bool, true where `StayCalendar.refuse` says None."""
        first = (check_in - self.start).days
        last = first + nights
        notice = (check_in - today).days
        if first < 0 or last > len(self.free) or notice < 0 or notice + nights > HORIZON_NIGHTS:
            return np.zeros(len(self._notice), dtype=bool)
        takes: Bools = self._taken_until[last] == self._taken_until[first]
        takes &= (self._min_stay[first] <= nights) & (self._max_stay[first] >= nights)
        takes &= ~(self._no_arrival[first] | self._no_departure[last])
        takes &= (self._notice <= notice) & (self._booking_window >= notice + nights)
        for column, calendar in self._special.items():
            stay = Stay(check_in, check_in + timedelta(days=nights))
            takes[column] = calendar.refuse(stay, today=today) is None
        return takes

    def totals(self, check_in: date, nights: int, *, guests: int, listings: Ints, lead_days: int) -> Ints:
        """Totals of the stay in some listings (columns), in minor units, as `price_stay` makes them."""
        if not listings.size:
            return np.zeros(0, dtype=np.int64)  # the stay may lie outside the window
        first = (check_in - self.start).days
        nights_minor = self._price_until[first + nights, listings] - self._price_until[first, listings]
        subtotal = nights_minor - share(nights_minor, self._discount(nights)[listings])
        subtotal -= share(subtotal, self._lead_discount(lead_days)[listings])
        subtotal += np.maximum(guests - self._included[listings], 0) * self._extra[listings] * nights
        subtotal += self._cleaning[listings]
        total: Ints = subtotal + share(subtotal, self._service[listings]) + share(subtotal, self._tax[listings])
        return total

    def take(self, listing: int, check_in: date, nights: int) -> None:
        """Give the nights of a stay to somebody."""
        first = (check_in - self.start).days
        special = self._special.get(listing)
        around = 0 if special is None else special.preparation_days
        self.free[max(0, first - around) : first + nights + around, listing] = False
        if special is not None:
            at = special.index(check_in)
            special.free[max(0, at - around) : max(0, at + nights + around)] = False
        self._taken_until[1:, listing] = np.cumsum(~self.free[:, listing])

    def night_prices(self) -> Floats:
        """Median price of each night over the listings that know it, NaN where none does: (nights,)."""
        price = np.diff(self._price_until, axis=0).astype(float)
        known = self._max_stay > 0
        medians = [float(np.median(row[has])) if has.any() else np.nan for row, has in zip(price, known, strict=True)]
        return np.array(medians)

    def typical_prices(self) -> Floats:
        """Median price of a night of each listing over the nights it knows; NaN where it knows none: (l,)."""
        price = np.diff(self._price_until, axis=0).T.astype(float)
        known = (self._max_stay > 0).T
        medians = [float(np.median(row[has])) if has.any() else np.nan for row, has in zip(price, known, strict=True)]
        return np.array(medians)

    def open_share(self) -> Floats:
        """Share of the listings that are free in each night: (nights,)."""
        open_nights: Floats = self.free.mean(axis=1)
        return open_nights

    def usual_min_stays(self) -> Ints:
        """Median minimum stay of each listing over the nights it knows: (l,)."""
        medians: Ints = np.median(self._min_stay, axis=0).astype(np.int64)
        return medians

    def _discount(self, nights: int) -> Ints:
        if nights >= MONTH_NIGHTS:
            return self._monthly
        return self._weekly if nights >= WEEK_NIGHTS else np.zeros_like(self._weekly)

    def _lead_discount(self, lead_days: int) -> Ints:
        (late, off_late), (early, off_early) = self._last_minute, self._early_bird
        discount: Ints = np.maximum(
            np.where((late > 0) & (lead_days <= late), off_late, 0),
            np.where((early > 0) & (lead_days >= early), off_early, 0),
        )
        return discount


def _is_special(calendar: StayCalendar) -> bool:
    """Whether more speaks than the arrival's rules."""
    through = calendar.min_stay_through is not None or calendar.max_stay_through is not None
    return through or calendar.fills_gaps or calendar.min_gap_nights > 0 or calendar.preparation_days > 0


def _running_sum(nights: Ints | Bools) -> Ints:
    """Sum of the nights before each night, and at the end of all."""
    sums = np.zeros((len(nights) + 1, nights.shape[1]), dtype=np.int64)
    np.cumsum(nights, axis=0, out=sums[1:])
    return sums


def _column(terms: Sequence[PriceTerms], name: str) -> Ints:
    return np.array([getattr(term, name) for term in terms], dtype=np.int64)
