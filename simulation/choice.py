"""How guests choose: what is worth how much, what draws a click, what is looked at, what is booked.

A guest looks at the result in position p with probability p^-eta, opens what it looks at by how
attractive it is in the list (photos, stars, price, distance), and books at most one of those it opened
by its full utility, which includes the true quality that only the listing's page tells, against an
outside option (multinomial logit). So clicks follow position, looks and truth, and bookings follow truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from simulation.draws import Bools, Floats, Ints
from simulation.geography import distance_km
from simulation.guests import Guest, Trip
from simulation.market import Market

OUTSIDE: Final = 2.9
"""Utility of booking nothing, or elsewhere."""
_CLICK_AT: Final = 1.0
"""Visible worth at which every second guest opens a listing."""
_WHIM: Final = 0.6
_LANGUAGE: Final = 0.25


@dataclass(frozen=True)
class Candidates:
    """Listings that fit a trip, k rows.

    Attributes
    ----------
    rows
        (k,) rows of the market.
    total_minor, distance_km
        (k,) of the stay; from where the guest wants to be.
    """

    rows: Ints
    total_minor: Ints
    distance_km: Floats


@dataclass(frozen=True)
class Worth:
    """What candidates are truly worth to one guest for one trip.

    Attributes
    ----------
    utility
        (k,) all told, on the scale of :data:`OUTSIDE`.
    attraction
        (k,) probability of a click once looked at.
    """

    utility: Floats
    attraction: Floats

    @property
    def relevance(self) -> Floats:
        """Probability of click and booking were the listing looked at, alone: what a ranking should order by."""
        alone: Floats = self.attraction / (1 + np.exp(OUTSIDE - self.utility))
        return alone


def fitting(market: Market, trip: Trip, bookable: Bools, *, today: date) -> Candidates:
    """Keep bookable listings that hold the party and lie in the area, with distance and exact total."""
    rows = np.flatnonzero(bookable & (market.accommodates >= trip.guests))
    away = distance_km(market.latitude[rows], market.longitude[rows], to=trip.spot)
    near = away <= trip.radius_km
    rows = rows[near]
    lead_days = (trip.check_in - today).days
    totals = market.grid.totals(trip.check_in, trip.nights, guests=trip.guests, listings=rows, lead_days=lead_days)
    return Candidates(rows, totals, away[near])


def judge(market: Market, guest: Guest, trip: Trip, candidates: Candidates, *, whims: Floats) -> Worth:
    """Tell the worth of candidates to a guest.

    Parameters
    ----------
    whims
        (l,) what this guest likes about each listing of the market for no reason that is known.
    """
    rows = candidates.rows
    budget = guest.budget_minor * np.sqrt(trip.guests / 2)
    affords = np.log(budget * trip.nights / np.maximum(candidates.total_minor, 1))
    shown = (
        guest.price * np.clip(affords, -2.5, 1.0)
        - guest.location * np.log1p(candidates.distance_km / guest.scale_km)
        + guest.segment.alone * (market.entire[rows] - 0.5)
        + market.has[rows] @ guest.wants
        + _LANGUAGE * (market.language[rows] == guest.language)
        + _WHIM * whims[rows]
    )
    looks = 0.55 * market.appeal[rows] + 0.45 * market.standing[rows]
    attraction = 1 / (1 + np.exp(_CLICK_AT - shown - guest.quality * looks))
    return Worth(utility=shown + guest.quality * market.quality[rows], attraction=attraction)


def examination(positions: int, *, eta: float) -> Floats:
    """Probability that a guest looks at each position from 1 on: p^-eta."""
    return np.arange(1, positions + 1, dtype=float) ** -eta


def click(rng: np.random.Generator, attraction: Floats, *, eta: float) -> Bools:
    """Draw which results, in order of position, are looked at and opened."""
    seen = examination(len(attraction), eta=eta)
    clicked: Bools = rng.random(len(attraction)) < seen * attraction
    return clicked


def book(rng: np.random.Generator, utility: Floats, clicked: Bools) -> int | None:
    """Draw which of the opened results is booked: its place in the page, or None."""
    opened = np.flatnonzero(clicked)
    if not opened.size:
        return None
    odds = np.append(np.exp(utility[opened] - OUTSIDE), 1.0)
    chosen = int(np.searchsorted(np.cumsum(odds), rng.random() * odds.sum(), side="right"))
    return int(opened[chosen]) if chosen < opened.size else None
