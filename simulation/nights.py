"""Calendars: which nights are taken, what single nights cost and which stays each home takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import pyarrow as pa

from lodestay.calendar import HORIZON_NIGHTS, weekend_days
from lodestay.money import BPS, minor_digits
from lodestay.pricing import share
from lodestay.snapshot import NIGHTS, SEASONS
from simulation.cities import City, CityEvent, Season
from simulation.draws import Bools, Floats, Ints, happens
from simulation.homes import Homes
from simulation.rates import Rates, in_minor

PAST_NIGHTS: Final = 90
"""Nights before the day of the snapshot that a synthetic calendar knows."""
_BLOCK_RATE: Final = 0.006
"""Chance a night that the host takes a free home off the market for a while."""
_LARGE: Final = 6
_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6
_WEEK_CHANGE_DEMAND = 1.5
"""Demand of a season from which some homes change guests on Saturdays only."""


@dataclass(frozen=True)
class CityDays:
    """The nights of a window and what each means in a city.

    Attributes
    ----------
    weekend
        (d,) bool.
    demand
        (d,) factor on the guests who want the night.
    event_price
        (d,) factor on prices by events alone.
    season_demand
        (d,) factor by the season alone.
    """

    start: date
    weekday: Ints
    weekend: Bools
    demand: Floats
    season_demand: Floats
    event_price: Floats

    @classmethod
    def of(cls, city: City, start: date, end: date) -> CityDays:
        """Lay out the nights ``[start, end)``."""
        count = (end - start).days
        weekday = (start.weekday() + np.arange(count)) % 7
        weekend = weekend_days(weekday)
        season = _factors(start, end, [(s, s.demand) for s in city.seasons])
        demand = season * _factors(start, end, [(e, e.demand) for e in city.events])
        demand *= np.where(weekend, city.weekend_demand, 1.0)
        price = _factors(start, end, [(e, e.price) for e in city.events])
        return cls(start, weekday, weekend, demand, season, price)


def _factors(start: date, end: date, spans: Sequence[tuple[Season | CityEvent, float]]) -> Floats:
    factors = np.ones((end - start).days)
    for what, factor in spans:
        for first, until in what.spans(start, end):
            factors[(first - start).days : (until - start).days] *= factor
    return factors


def calendar_window(as_of: date) -> tuple[date, date]:
    """First night, and the date after the last night, that a synthetic calendar knows."""
    return as_of - timedelta(days=PAST_NIGHTS), as_of + timedelta(days=HORIZON_NIGHTS + 1)


def season_table(rng: np.random.Generator, city: City, rates: Rates, *, ids: pa.Array, as_of: date) -> pa.Table:
    """Make each listing's seasons: the city's, as far as the host follows them."""
    spans = [
        (season, first, until) for season in city.seasons for first, until in season.spans(*calendar_window(as_of))
    ]
    follows = np.flatnonzero(rates.season_strength > 0)
    careful = happens(rng, 0.6, len(follows))
    tables = [
        pa.table(
            [
                ids.take(follows),
                pa.repeat(season.name, len(follows)),
                pa.repeat(pa.scalar(first), len(follows)),
                pa.repeat(pa.scalar(until), len(follows)),
                _season_bps(season, rates.season_strength[follows]).astype(np.int32),
                pa.array(np.full(len(follows), season.min_stay, np.int32), mask=~careful | (season.min_stay == 1)),
            ],
            schema=SEASONS,
        )
        for season, first, until in spans
    ]
    return pa.concat_tables(tables).combine_chunks()


def _season_bps(season: Season, strength: Floats) -> Ints:
    return (100 * np.round(100 * (1 + (season.price - 1) * strength))).astype(np.int64)


def night_table(
    rng: np.random.Generator, city: City, homes: Homes, rates: Rates, *, ids: pa.Array, as_of: date
) -> pa.Table:
    """Make every night of every listing, ordered by listing and night."""
    start, end = calendar_window(as_of)
    days = CityDays.of(city, start, end)
    count, length = len(ids), len(days.weekday)
    arrival, departure = _closed(rng, days, entire_large=homes.accommodates >= _LARGE)
    price, says_price = _own_prices(rng, city, rates, days)
    weekend_rule = (rates.min_stay == 1) & happens(rng, 0.35, count)
    says_min_stay = weekend_rule[:, None] & np.isin(days.weekday, [_FRIDAY])
    dates = np.datetime64(start) + np.arange(length)
    columns = [
        ids.take(np.repeat(np.arange(count), length)),
        pa.array(np.tile(dates, count)),
        _free(rng, homes, rates, days, today=PAST_NIGHTS).ravel(),
        pa.array(price.ravel(), mask=~says_price.ravel()),
        pa.array(np.full(count * length, 2, np.int32), mask=~says_min_stay.ravel()),
        pa.nulls(count * length, pa.int32()),
        arrival.ravel(),
        departure.ravel(),
    ]
    return pa.table(columns, schema=NIGHTS)


def _closed(rng: np.random.Generator, days: CityDays, *, entire_large: Bools) -> tuple[Bools, Bools]:
    """Dates without arrival and without departure, (n, d) each."""
    count = len(entire_large)
    no_sundays = happens(rng, 0.05, count)
    week_change = entire_large & happens(rng, 0.15, count)
    between = (days.weekday != _SATURDAY) & (days.season_demand >= _WEEK_CHANGE_DEMAND)
    closed = week_change[:, None] & between
    return closed | (no_sundays[:, None] & (days.weekday == _SUNDAY)), closed


def _own_prices(rng: np.random.Generator, city: City, rates: Rates, days: CityDays) -> tuple[Ints, Bools]:
    """Prices that nights have of their own, and where they do: at events, and always where prices float.

    Three hosts in ten let a tool move the price from week to week; the others notice at most the events.
    """
    count, length = len(rates.base_minor), len(days.weekday)
    floats = happens(rng, 0.3, count)
    notices = floats | happens(rng, 0.6, count)
    plan = np.where(days.weekend, rates.weekend_minor[:, None], rates.base_minor[:, None])
    for season in city.seasons:
        bps = np.where(rates.season_strength > 0, _season_bps(season, rates.season_strength), BPS)[:, None]
        for first, until in season.spans(days.start, days.start + timedelta(days=length)):
            span = slice((first - days.start).days, (until - days.start).days)
            plan[:, span] = share(plan[:, span], bps)
    weeks = np.cumsum(0.035 * rng.standard_normal((count, length // 7 + 1)), axis=1)
    drift = np.exp(np.repeat(weeks, 7, axis=1)[:, :length]) * floats[:, None] + ~floats[:, None]
    major = plan / 10 ** minor_digits(city.facts.currency)
    price = in_minor(city, major * days.event_price * drift)
    says = floats[:, None] | (notices[:, None] & (days.event_price > 1))
    return price, says


def _free(rng: np.random.Generator, homes: Homes, rates: Rates, days: CityDays, *, today: int) -> Bools:
    """Nights that nobody has: earlier guests fill good, cheap homes and near nights first; hosts block some.

    Walks the nights once, for all homes at a time; a stay begins where the home is free and lasts a few nights.
    """
    count, length = len(homes.quality), len(days.weekday)
    bargain = np.log(rates.fair_minor / np.maximum(rates.base_minor, 1))
    loved = np.exp(0.35 * homes.quality + 1.2 * bargain + 0.35 * rng.standard_normal(count))
    ahead = np.maximum(np.arange(length) - today, 0)
    guests = np.minimum(0.16 * loved[:, None] * days.demand * (0.05 + 0.75 * np.exp(-ahead / 45)), 0.6)
    starts = rng.random((count, length))
    nights = 1 + rng.geometric(0.38, (count, length))
    blocks = rng.geometric(0.08, (count, length))
    free = np.ones((count, length), dtype=bool)
    left = np.zeros(count, dtype=np.int64)
    for night in range(length):
        guest = starts[:, night] < guests[:, night]
        block = starts[:, night] > 1 - _BLOCK_RATE
        begins = np.where(guest, nights[:, night], np.where(block, blocks[:, night], 0))
        left = np.where(left > 1, left - 1, begins)
        free[:, night] = left == 0
    return free
