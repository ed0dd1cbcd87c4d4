"""Demand: how many search where and when, and for which nights."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import numpy as np

from lodestay.calendar import HORIZON_NIGHTS
from simulation.draws import Floats, Ints, happens
from simulation.guests import SEGMENTS, Guest, Segment, Trip, query_text
from simulation.market import Market, day_number

_BY_WEEKDAY: Final = np.array([1.15, 1.08, 1.04, 1.0, 0.86, 0.84, 1.12])
"""Searches by the weekday on which they are made: trips are planned on Sundays and at work."""
_BOOKING_WINDOW: Final = 60
_FURTHEST: Final = HORIZON_NIGHTS - 60
_ARRIVALS: Final = np.array([0.9, 0.85, 0.85, 1.0, 1.0, 0.9, 0.75])
_THURSDAY, _FRIDAY = 3, 4
_ADAPTS: Final = 0.6
"""Share of guests who learn how long one has to stay in this place, and come for as long."""
_LONGEST: Final = 180
_BY_HOUR: Final = np.array([4, 2, 1, 1, 1, 2, 4, 7, 10, 12, 13, 13, 14, 13, 12, 12, 13, 15, 18, 21, 24, 24, 17, 9])
"""Searches by hour of the market's day."""


def plan_searches(rng: np.random.Generator, markets: Sequence[Market], days: Sequence[date], *, searches: int) -> Ints:
    """Share searches out over days and markets: (d, m), adding up to `searches`.

    A market draws by its size, by how wanted its coming weeks are, and by the weekday.
    """
    weights = np.array(
        [[len(m.listing_id) ** 0.9 * _pull(m, day) * _BY_WEEKDAY[day.weekday()] for m in markets] for day in days]
    )
    flat = weights.ravel() / weights.sum()
    counts: Ints = rng.multinomial(searches, flat).reshape(weights.shape)
    return counts


def _pull(market: Market, day: date) -> float:
    first = day_number(market, day)
    ahead = market.night_demand[first : first + _BOOKING_WINDOW]
    return float(ahead.mean()) + 0.2 if ahead.size else 0.2


class Calendars:
    """For each segment, the chances of each check-in as seen from one day in one market."""

    def __init__(self, market: Market, today: date) -> None:
        first = day_number(market, today)
        wanted = market.night_demand[first : first + _FURTHEST]
        ahead = np.arange(len(wanted))
        weekday = (today.weekday() + ahead) % 7
        self._today = today
        self._sums = {}
        for segment in SEGMENTS:
            chances = _lead_chances(segment, ahead) * wanted * _arrivals(segment)[weekday]
            self._sums[segment.name] = np.cumsum(chances)

    def draw(self, rng: np.random.Generator, segment: Segment) -> date | None:
        """Draw a check-in; None where the market has no night to offer."""
        sums = self._sums[segment.name]
        if not len(sums) or sums[-1] <= 0:
            return None
        return self._today + timedelta(days=int(np.searchsorted(sums, rng.random() * sums[-1], side="right")))


def _lead_chances(segment: Segment, ahead: Ints) -> Floats:
    """A gamma density of shape 1.2: many soon, some late."""
    scale = segment.lead_days / 1.2
    chances: Floats = np.power(ahead + 0.7, 0.2) * np.exp(-ahead / scale)
    return chances


def _arrivals(segment: Segment) -> Floats:
    chances = _ARRIVALS.copy()
    chances[[_THURSDAY, _FRIDAY]] *= segment.weekend
    return chances


def plan_trip(rng: np.random.Generator, market: Market, guest: Guest, calendars: Calendars) -> Trip | None:
    """Draw a trip of a guest; None where the market has no night to offer."""
    check_in = calendars.draw(rng, guest.segment)
    if check_in is None:
        return None
    nights = 1 + int(rng.poisson(guest.segment.nights - 1))
    if happens(rng, _ADAPTS, 1)[0]:
        some_home = int(rng.integers(len(market.listing_id)))
        nights = max(nights, int(market.min_stay[some_home]))
    least, most = guest.segment.party
    at = 0 if happens(rng, 0.5, 1)[0] else int(rng.integers(len(market.spots)))
    return Trip(
        check_in=check_in,
        nights=min(nights, _LONGEST),
        guests=int(rng.integers(least, most + 1)),
        spot=(float(market.spots[at, 0]), float(market.spots[at, 1])),
        radius_km=float(rng.choice([2.0, 4.0, 8.0, 15.0])),
        text=query_text(rng, guest),
    )


def second_thought(rng: np.random.Generator, market: Market, trip: Trip) -> Trip:
    """Change a trip for the next search of a session: other dates, a wider area or another part of town."""
    change = rng.integers(3)
    if change == 0:
        moved = trip.check_in + timedelta(days=int(rng.choice([-2, -1, 1, 2, 7])))
        return Trip(moved, trip.nights, trip.guests, trip.spot, trip.radius_km, trip.text)
    if change == 1:
        return Trip(trip.check_in, max(1, trip.nights - 1), trip.guests, trip.spot, 2 * trip.radius_km, None)
    at = int(rng.integers(len(market.spots)))
    spot = (float(market.spots[at, 0]), float(market.spots[at, 1]))
    return Trip(trip.check_in, trip.nights, trip.guests, spot, trip.radius_km, trip.text)


def draw_seconds(rng: np.random.Generator, count: int, *, utc_offset_hours: float) -> Ints:
    """Draw seconds of a UTC day, ascending, busy when it is evening in the market."""
    hours = (np.arange(24) + utc_offset_hours) % 24
    weights = np.interp(hours, np.arange(25), np.append(_BY_HOUR, _BY_HOUR[0]))
    hour = rng.choice(24, size=count, p=weights / weights.sum())
    return np.sort(3600 * hour + rng.integers(0, 3600, count))
