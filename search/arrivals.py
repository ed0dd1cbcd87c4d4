"""Which stays may arrive on each night of a calendar, and depart: read once, written as tokens and as columns.

The usual rule is a pair of numbers of the listing, the commonest (min stay, max stay) among its free nights. Arrivals
of which another one holds are odd, and each has the lengths that it may have. Rules of every night of a stay, and gaps
that may be filled, come down to such lengths; gaps that may not be left, to dates without arrival or departure.

The answer is :meth:`lodestay.calendar.StayCalendar.refuse`'s without the hour of the day, exactly, from the day of the
reading until the last indexed night; later nights are taken as unavailable. The hour is asked when the page is
confirmed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from lodestay.calendar import StayCalendar
from lodestay.stay import MAX_NIGHTS
from search.ring import RING, slot, window

LONGEST: Final = 511
"""A length above any stay that can be asked for: no limit."""
_PAIR: Final = 32
"""Bits of a number in a pair of them."""


@dataclass(frozen=True)
class Arrivals:
    """What the indexed nights of a calendar take.

    Attributes
    ----------
    first
        The first of the n nights.
    slots
        (n,) on the ring.
    run
        (n,) free nights in a row from each on; 0 where it is not free.
    usual_min_stay, usual_max_stay
        Rule of the arrivals that are not odd.
    odd
        (n,) bool, free, and arriving then follows another rule.
    spans
        (m, 3) column of an odd night, shortest and longest length that an arrival may have, up to :data:`LONGEST`, in
        order; none of a night on which nobody may arrive.
    no_departure
        (k,) slots of dates on which no stay may end.
    advance_notice_days, booking_window_days
        As in the calendar.
    """

    first: date
    slots: NDArray[np.int64]
    run: NDArray[np.int64]
    usual_min_stay: int
    usual_max_stay: int
    odd: NDArray[np.bool_]
    spans: NDArray[np.int64]
    no_departure: NDArray[np.int64]
    advance_notice_days: int
    booking_window_days: int

    @classmethod
    def of(cls, calendar: StayCalendar | None, *, today: date) -> Self | None:
        """Read a calendar from `today` on; None where nothing can be booked."""
        nights = window(calendar, today) if calendar is not None else range(0)
        if calendar is None or not nights:
            return None
        part = slice(nights.start, nights.stop)
        run = _free_run(calendar.free[part])
        rules = _Rules.of(calendar, part, run)
        gap_arrivals, gap_departures = calendar.gap_closed()
        odd, spans = rules.odd_ones(calendar.closed_to_arrival[part] | gap_arrivals[part])
        # A stay leaves the day after its last night: the departures of a window lie one day later.
        departures = gap_departures[nights.start + 1 : nights.stop + 1].copy()
        ruled = calendar.closed_to_departure[nights.start + 1 : nights.stop + 1]
        departures[: len(ruled)] |= ruled
        first = calendar.start + timedelta(days=nights.start)
        slots = (slot(first) + np.arange(len(nights) + 1)) % RING
        return cls(
            first=first,
            slots=slots[:-1],
            run=run,
            usual_min_stay=rules.usual[0],
            usual_max_stay=rules.usual[1],
            odd=odd,
            spans=spans,
            no_departure=slots[1:][departures],
            advance_notice_days=calendar.advance_notice_days,
            booking_window_days=calendar.booking_window_days,
        )

    def numbers(self) -> dict[str, int]:
        """Stay rules that are one number a listing, under their names in the document."""
        first = self.first.toordinal()
        return {
            "calendar_from": first,
            "calendar_until": first + len(self.slots),
            "advance_notice_days": self.advance_notice_days,
            "booking_window_days": self.booking_window_days,
            "usual_min_stay": self.usual_min_stay,
            "usual_max_stay": self.usual_max_stay,
        }


@dataclass(frozen=True)
class _Rules:
    """Rules of arrivals.

    Attributes
    ----------
    run, shortest, longest
        (n,) free nights in a row, and each arrival's own rule.
    usual
        The commonest of these.
    lengths
        Where more than the arrival's own rule speaks.
    """

    run: NDArray[np.int64]
    shortest: NDArray[np.int64]
    longest: NDArray[np.int64]
    usual: tuple[int, int]
    lengths: _Lengths | None

    @classmethod
    def of(cls, calendar: StayCalendar, part: slice, run: NDArray[np.int64]) -> Self:
        """Those of a part of a calendar."""
        shortest, longest = (column[part].astype(np.int64) for column in (calendar.min_stay, calendar.max_stay))
        free = run > 0
        asked = free if free.any() else ~free
        usual = _commonest(shortest[asked], longest[asked])
        return cls(run, shortest, longest, usual, _Lengths.of(calendar, part, run))

    def odd_ones(self, closed: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Find the odd arrivals and their spans (:class:`Arrivals`).

        Parameters
        ----------
        closed
            (n,) nobody may arrive.
        """
        free = self.run > 0
        plain = free if self.lengths is None else free & self.lengths.plain
        differs = (self.shortest != self.usual[0]) | (self.longest != self.usual[1])
        odd = free & (closed | (plain & differs))
        own = odd & ~closed & (self.shortest <= self.run)
        spans = _spans(np.flatnonzero(own), self.shortest[own], self.longest[own])
        if self.lengths is None:
            return odd, spans
        further: list[tuple[int, int, int]] = []
        for night in np.flatnonzero(free & ~plain & ~closed).tolist():
            found = self.lengths.spans(night, (int(self.shortest[night]), int(self.longest[night])))
            if found != [self.usual]:
                odd[night] = True
                further += [(night, *span) for span in found if span[0] <= self.run[night]]
        spans = np.concatenate([spans, _spans(*np.array(further, np.int64).reshape(-1, 3).T)])
        return odd, spans[np.lexsort((spans[:, 1], spans[:, 0]))]


@dataclass(frozen=True)
class _Lengths:
    """Which lengths an arrival may have, where more than the arrival's own rule speaks.

    Attributes
    ----------
    run, fillers
        (n,) free nights in a row from each night, and the length that fills a gap.
    shortest, longest
        (n,) rules of every night of a stay.
    plain
        (n,) bool, nothing narrows or widens the arrival's own rule: no filler below it, and no night with a rule within
        its reach. Most arrivals; the others are looked at length by length.
    """

    run: NDArray[np.int64]
    fillers: NDArray[np.int64]
    shortest: NDArray[np.int32]
    longest: NDArray[np.int32]
    plain: NDArray[np.bool_]

    @classmethod
    def of(cls, calendar: StayCalendar, part: slice, run: NDArray[np.int64]) -> Self | None:
        """Those of a part of a calendar; None where no such rule speaks."""
        low, high = calendar.min_stay_through, calendar.max_stay_through
        if low is None and high is None and not calendar.fills_gaps:
            return None
        fillers = calendar.fillers()[part]
        shortest = np.ones(len(run), dtype=np.int32) if low is None else low[part]
        longest = np.full(len(run), LONGEST, dtype=np.int32) if high is None else high[part]
        spoken = np.r_[0, np.cumsum((shortest > 1) | (longest < MAX_NIGHTS))]
        reach = np.arange(len(run)) + np.minimum(run, calendar.max_stay[part])
        widened = (fillers > 0) & (fillers < calendar.min_stay[part])
        return cls(
            run=run,
            fillers=fillers,
            shortest=shortest,
            longest=longest,
            plain=(spoken[reach] == spoken[:-1]) & ~widened,
        )

    def spans(self, night: int, rule: tuple[int, int]) -> list[tuple[int, int]]:
        """Lengths from a night on that is not plain, as spans."""
        run, filler = int(self.run[night]), int(self.fillers[night])
        lengths = np.arange(1, run + 1)
        longest = np.minimum(np.minimum.accumulate(self.longest[night : night + run]), rule[1])
        shortest = np.maximum(np.maximum.accumulate(self.shortest[night : night + run]), rule[0])
        allowed = (lengths <= longest) & ((lengths >= shortest) | (lengths == filler))
        if (allowed == ((lengths >= rule[0]) & (lengths <= rule[1]))).all():
            return [rule]
        edges = np.flatnonzero(np.diff(np.r_[False, allowed, False]))
        return [(int(low) + 1, int(high)) for low, high in zip(edges[::2], edges[1::2], strict=True)]


def _spans(nights: NDArray[np.int64], shortest: NDArray[np.int64], longest: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of :attr:`Arrivals.spans`, without those of no length."""
    spans = np.empty((len(nights), 3), np.int64)
    spans[:, 0], spans[:, 1], spans[:, 2] = nights, np.maximum(shortest, 0), np.minimum(longest, LONGEST)
    some = spans[:, 1] <= spans[:, 2]
    return spans if some.all() else spans[some]


def _free_run(free: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Free nights in a row from each night on."""
    places = np.arange(len(free))
    next_taken = np.minimum.accumulate(np.where(free, len(free), places)[::-1])[::-1]
    return next_taken - places


def _commonest(shortest: NDArray[np.int64], longest: NDArray[np.int64]) -> tuple[int, int]:
    """The pair found most often; the least of them where several are."""
    pairs, counts = np.unique(shortest << _PAIR | longest, return_counts=True)
    most = int(pairs[np.argmax(counts)])
    return most >> _PAIR, most & ((1 << _PAIR) - 1)
