"""Play past days of the marketplace: read it from PostgreSQL, write the log, the truth and the bookings.

One market after another: its listings are loaded as they stand today, its guests live through the days
asked for, then its event files are written, and with the transaction that brings its bookings into the
database its truth, which marks the days as played. A day that is marked is left alone, so a second run
adds nothing; where a run failed before, the next one replaces what it left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.calendar import HORIZON_NIGHTS
from lodestay.clock import Clock
from lodestay.errors import Conflict, InvalidInput
from lodestay.lake import RAW_EVENTS
from simulation.demand import plan_searches
from simulation.draws import Floats, stream
from simulation.lake_files import write_lines
from simulation.market import Market, Place, build_market, derive_truth
from simulation.sessions import Behaviour, DayLog, PlayedBooking, Regulars, play_day
from simulation.stay_grid import StayGrid
from simulation.truth import forget_sessions, is_played, read_latent, write_sessions
from transactional.bookings.history import HistoryReport, PastBooking, add_past_bookings
from transactional.calendars.repository import load_calendars
from transactional.calendars.rules import Window
from transactional.listings.cards import load_cards
from transactional.listings.repository import active_of_market, load_bookable
from transactional.markets import repository as markets

EVENT_FILE: Final = "simulation.jsonl"
"""Name of the simulation's file in a day and market of the log."""
MOST_DAYS: Final = 365

Progress = Callable[[str], None]
"""Told what is being done."""

NOTHING_WRITTEN: Final = HistoryReport(added=0, known=0, overlapping=0, unpriced=0)


class NothingToPlay(Conflict):
    """No market has a listing that could be booked."""

    title = "Nothing to play"

    def __init__(self) -> None:
        super().__init__(
            "No market has a listing with a night that is free and has a price, so nobody could book anything.",
            hint="Run `lodestay generate`, or import a city that comes with a calendar and prices.",
        )


class InvalidPlay(InvalidInput):
    """Days or searches that cannot be played."""

    title = "Invalid play"


@dataclass(frozen=True, slots=True)
class Script:
    """What to play.

    Attributes
    ----------
    days
        So many whole days (UTC) before today.
    searches
        Over all days and markets together.
    """

    days: int
    searches: int
    seed: int
    behaviour: Behaviour = field(default_factory=Behaviour)

    def __post_init__(self) -> None:
        if not 1 <= self.days <= MOST_DAYS or self.searches < 1 or self.seed < 0:
            raise InvalidPlay(
                f"{self.searches} searches over {self.days} days with seed {self.seed} cannot be played.",
                hint=f"Ask for 1 to {MOST_DAYS} days, at least one search and a seed of zero or more.",
            )


@dataclass(frozen=True, slots=True)
class MarketReport:
    """What was played of a market.

    Attributes
    ----------
    days_skipped
        Days that had been played before.
    bookings_refused
        Bookings that the database did not take: somebody else took the nights in between.
    """

    market: str
    days_played: int
    days_skipped: int
    searches: int
    impressions: int
    clicks: int
    bookings: int
    bookings_refused: int

    def as_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


async def play(
    sessions: async_sessionmaker[AsyncSession], *, lake: str, clock: Clock, script: Script, progress: Progress
) -> list[MarketReport]:
    """Play the days before today in every market that has calendars.

    Raises
    ------
    NothingToPlay
        There is no such market.
    """
    today = clock.now().date()
    days = [today - timedelta(days=back) for back in range(script.days, 0, -1)]
    async with sessions() as session:
        places = [
            Place(row.market_key, row.timezone, row.currency, row.latitude, row.longitude)
            for row in await markets.list_all(session)
        ]
        over = [place for place in places if all(is_played(lake, day=day, market=place.key) for day in days)]
        ahead = [place for place in places if place not in over]
        load = partial(_load_markets, session, lake=lake, clock=clock, days=days, seed=script.seed, progress=progress)
        loaded = await load(ahead)
        if loaded:
            loaded += await load(over)  # played or not, they draw their share of the searches
        elif over:
            return [_report(place.key, {}, NOTHING_WRITTEN, days=len(days)) for place in over]
        else:
            raise NothingToPlay
    loaded.sort(key=lambda market: market.key)
    plan = plan_searches(stream(script.seed, "plan"), loaded, days, searches=script.searches)
    reports = []
    for market, searches in zip(loaded, plan.T.tolist(), strict=True):
        counts = dict(zip(days, searches, strict=True))
        logs = _play_market(market, counts, lake=lake, script=script, progress=progress)
        history = await _keep(sessions, market.key, logs, lake=lake, clock=clock)
        reports.append(_report(market.key, logs, history, days=len(days)))
    return reports


async def _keep(
    sessions: async_sessionmaker[AsyncSession], market: str, logs: Mapping[date, DayLog], *, lake: str, clock: Clock
) -> HistoryReport:
    """Write what was played of a market: the log first, then bookings and truth, both or neither."""
    for day, log in logs.items():
        write_lines(log.events, f"{RAW_EVENTS.partition(lake, day=day, market=market)}/{EVENT_FILE}")
    bookings = [_past(booking, clock=clock) for log in logs.values() for booking in log.bookings]
    try:
        async with sessions.begin() as session:
            history = await add_past_bookings(session, clock, bookings)
            for day, log in logs.items():
                write_sessions(lake, log.truth(), day=day, market=market)
    except BaseException:
        for day in logs:
            forget_sessions(lake, day=day, market=market)
        raise
    return history


def _play_market(
    market: Market, searches: Mapping[date, int], *, lake: str, script: Script, progress: Progress
) -> dict[date, DayLog]:
    """Play the days of a market that were not played before."""
    regulars = Regulars()
    logs = {}
    for day, count in searches.items():
        if is_played(lake, day=day, market=market.key):
            continue
        progress(f"{market.key}, {day}")
        rng = stream(script.seed, market.key, day.toordinal())
        logs[day] = play_day(rng, market, day, searches=count, regulars=regulars, behaviour=script.behaviour)
    return logs


async def _load_markets(
    session: AsyncSession,
    places: Sequence[Place],
    *,
    lake: str,
    clock: Clock,
    days: Sequence[date],
    seed: int,
    progress: Progress,
) -> list[Market]:
    """Load the markets in which some listing has nights that can be booked."""
    loaded = []
    # A search in a market far to the east is made on the day after the day in UTC, far to the west before it.
    window = Window(days[0] - timedelta(days=1), days[-1] + timedelta(days=HORIZON_NIGHTS + 2))
    for place in places:
        progress(f"{place.key}: reading")
        market = await _load_market(session, place, lake=lake, clock=clock, window=window, seed=seed)
        if market is not None:
            loaded.append(market)
    return loaded


async def _load_market(
    session: AsyncSession, place: Place, *, lake: str, clock: Clock, window: Window, seed: int
) -> Market | None:
    listed = await active_of_market(session, place.key)
    calendars = await load_calendars(session, list(listed), window, now=clock.now())
    with_nights = [listing_id for listing_id in listed if listing_id in calendars and calendars[listing_id].free.any()]
    if not with_nights:
        return None
    cards = await load_cards(session, with_nights)
    bookable = await load_bookable(session, with_nights)
    grid = StayGrid(
        [calendars[listing_id] for listing_id in with_nights],
        [bookable[listing_id].terms for listing_id in with_nights],
        start=window.start,
        end=window.end,
    )
    shown = [cards[listing_id] for listing_id in with_nights]
    rating = np.array([np.nan if card.rating is None else float(card.rating) for card in shown])
    review_count = np.array([card.review_count for card in shown], dtype=np.int64)
    truth = derive_truth(rating, review_count, key=(seed, place.key))
    known = _known_truth(lake, place.key)
    for column, listing_id in enumerate(with_nights):
        if listed[listing_id] in known:
            truth[0][column], truth[1][column] = known[listed[listing_id]]
    return build_market(place, shown, grid, truth=truth, seed=seed)


def _known_truth(lake: str, market: str) -> dict[str, tuple[float, float]]:
    """Quality and appeal by source_id, where the market was made by `simulation.supply`."""
    latent = read_latent(lake, market=market)
    if latent is None:
        return {}
    quality: Floats = latent["quality"].to_numpy()
    appeal: Floats = latent["appeal"].to_numpy()
    return dict(zip(latent["source_id"].to_pylist(), zip(quality.tolist(), appeal.tolist(), strict=True), strict=True))


def _past(booking: PlayedBooking, *, clock: Clock) -> PastBooking:
    cancelled = booking.cancelled_at is not None and booking.cancelled_at <= clock.now()
    return PastBooking(
        listing_id=booking.listing_id,
        guest_id=booking.guest_id,
        check_in=booking.check_in,
        check_out=booking.check_out,
        guests=booking.guests,
        created_at=booking.created_at,
        cancelled_at=booking.cancelled_at if cancelled else None,
    )


def _report(market: str, logs: Mapping[date, DayLog], history: HistoryReport, *, days: int) -> MarketReport:
    kinds = [event.type for log in logs.values() for event in log.events]
    return MarketReport(
        market=market,
        days_played=len(logs),
        days_skipped=days - len(logs),
        searches=sum(log.searches for log in logs.values()),
        impressions=sum(log.impressions for log in logs.values()),
        clicks=kinds.count("click"),
        bookings=history.added,
        bookings_refused=history.overlapping + history.unpriced,
    )
