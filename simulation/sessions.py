"""Sessions: a guest searches, looks, opens, maybe books, maybe thinks again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from search.asked import asked_of
from search.events import BookingEvent, ClickEvent, Event, SearchEvent, Shown
from simulation.choice import Candidates, Worth, book, click, examination, fitting, judge
from simulation.demand import Calendars, draw_seconds, plan_trip, second_thought
from simulation.draws import Bools, happens, make_uuids
from simulation.guests import Guest, Trip, new_guest
from simulation.market import Market
from simulation.policy import Page, show
from simulation.truth import SESSIONS

_MOST_SEARCHES: Final = 5
_GOES_ON: Final = 0.5
"""Chance that a guest who has not booked searches once more."""
_COMES_BACK: Final = 0.15
"""Chance that a session is that of a guest seen before."""
_CANCELS: Final = 0.06
_SEARCHES_A_SESSION: Final = 1.8
_LATEST: Final = 84_000
"""Second of the UTC day from which no session starts, so that all of it falls on the day."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What of the play can be set.

    Attributes
    ----------
    eta
        Strength of position bias: position p is looked at with probability p^-eta.
    exploration
        Share of searches answered in random order. A fifth: what a gate can judge on is this slice alone, and a
        tenth of 20,000 leaves intervals wider than what a good ranker gains.
    page_size
        Results shown.
    """

    eta: float = 1.0
    exploration: float = 0.2
    page_size: int = 20


@dataclass(frozen=True, slots=True)
class PlayedBooking:
    """A stay that a guest booked, and maybe cancelled; the total is of `lodestay.pricing`."""

    listing_id: int
    guest_id: UUID
    check_in: date
    check_out: date
    guests: int
    total_minor: int
    created_at: datetime
    cancelled_at: datetime | None


@dataclass
class DayLog:
    """What happened in a market on a day (UTC): the log, the bookings, and the truth in columns."""

    events: list[Event] = field(default_factory=list)
    bookings: list[PlayedBooking] = field(default_factory=list)
    searches: int = 0
    _truth: list[dict[str, Any]] = field(default_factory=list)

    @property
    def impressions(self) -> int:
        """Listings shown, each as often as it was."""
        return sum(len(page["listing_id"]) for page in self._truth)

    def note(self, **columns: Any) -> None:
        """Keep the truth of one page."""
        self._truth.append(columns)

    def truth(self) -> pa.Table:
        """The truth as rows of `simulation.truth.SESSIONS`."""
        lengths = np.array([len(page["listing_id"]) for page in self._truth], dtype=np.int64)
        columns = []
        for column in SESSIONS:
            values = [page[column.name] for page in self._truth]
            if values and isinstance(values[0], np.ndarray):
                columns.append(pa.array(np.concatenate(values), type=column.type))
            else:
                columns.append(pa.array(values, type=column.type).take(np.repeat(np.arange(len(lengths)), lengths)))
        return pa.table(columns, schema=SESSIONS)


@dataclass
class Regulars:
    """Guests of a market who were there before."""

    guests: list[Guest] = field(default_factory=list)

    def draw(self, rng: np.random.Generator, market: Market) -> Guest:
        """Draw a guest: a new one, or one who comes back."""
        if self.guests and happens(rng, _COMES_BACK, 1)[0]:
            return self.guests[int(rng.integers(len(self.guests)))]
        guest = new_guest(rng, market, usual_minor=market.usual_minor)
        self.guests.append(guest)
        return guest


def play_day(
    rng: np.random.Generator, market: Market, day: date, *, searches: int, regulars: Regulars, behaviour: Behaviour
) -> DayLog:
    """Play a day of a market; bookings take nights of its grid as they happen.

    Parameters
    ----------
    day
        In UTC; each search goes by the date in the market's own zone.
    searches
        Exactly so many are made, fewer only where the market has no night to offer.
    """
    log = DayLog()
    calendars = Calendars(market, day)
    midnight = datetime.combine(day, time(), UTC)
    zone = ZoneInfo(market.timezone)
    ids = _ids(rng)
    offset = midnight.astimezone(zone).utcoffset() or timedelta()
    while log.searches < searches:
        count = max(1, int((searches - log.searches) / _SEARCHES_A_SESSION))
        starts = draw_seconds(rng, count, utc_offset_hours=offset.total_seconds() / 3600)
        for second in np.minimum(starts, _LATEST).tolist():
            guest = regulars.draw(rng, market)
            trip = plan_trip(rng, market, guest, calendars)
            if trip is None:
                return log
            session = _Session(rng, market, guest, behaviour=behaviour, ids=ids, zone=zone, log=log)
            session.play(trip, midnight + timedelta(seconds=second), at_most=searches - log.searches)
            if log.searches == searches:
                break
    return log


class _Session:
    """One guest's searches in a row."""

    def __init__(
        self,
        rng: np.random.Generator,
        market: Market,
        guest: Guest,
        *,
        behaviour: Behaviour,
        ids: Iterator[UUID],
        zone: ZoneInfo,
        log: DayLog,
    ) -> None:
        self.rng, self.market, self.guest, self.behaviour = rng, market, guest, behaviour
        self.ids, self.zone, self.log = ids, zone, log
        self.session_id = next(ids).hex
        self.whims = rng.standard_normal(len(market.listing_id))

    def play(self, trip: Trip, now: datetime, *, at_most: int) -> None:
        """Search until something is booked, the guest gives up, or `at_most` searches are made."""
        for _ in range(min(at_most, _MOST_SEARCHES)):
            today = now.astimezone(self.zone).date()
            if trip.check_in < today:
                trip = replace(trip, check_in=today)
            if self._search(trip, now, today) or not happens(self.rng, _GOES_ON, 1)[0]:
                return
            trip = second_thought(self.rng, self.market, trip)
            now += timedelta(seconds=int(self.rng.integers(60, 400)))

    def _search(self, trip: Trip, now: datetime, today: date) -> bool:
        """Search once; say whether something was booked."""
        market, rng = self.market, self.rng
        bookable = market.grid.bookable(trip.check_in, trip.nights, today=today)
        candidates = fitting(market, trip, bookable, today=today)
        explore = bool(happens(rng, self.behaviour.exploration, 1)[0])
        page = show(rng, market, candidates, size=self.behaviour.page_size, exploration=explore)
        shown = Candidates(
            candidates.rows[page.chosen], candidates.total_minor[page.chosen], candidates.distance_km[page.chosen]
        )
        worth = judge(market, self.guest, trip, shown, whims=self.whims)
        clicked = click(rng, worth.attraction, eta=self.behaviour.eta)
        booked = book(rng, worth.utility, clicked)
        search_id = next(self.ids)
        self.log.searches += 1
        self._log_search(search_id, trip, now, shown=shown, page=page, total_count=len(candidates.rows))
        self._log_clicks(search_id, now, shown=shown, clicked=clicked)
        self._note_truth(search_id, shown=shown, page=page, worth=worth, clicked=clicked, booked=booked)
        if booked is not None:
            self._book(search_id, trip, now, shown=shown, booked=booked)
        return booked is not None

    def _about(self, search_id: UUID, at: datetime) -> dict[str, Any]:
        return {
            "event_id": next(self.ids),
            "occurred_at": at,
            "market": self.market.key,
            "session_id": self.session_id,
            "guest_key": self.guest.guest_key,
            "search_id": search_id,
        }

    def _log_search(
        self, search_id: UUID, trip: Trip, now: datetime, *, shown: Candidates, page: Page, total_count: int
    ) -> None:
        rows = zip(
            self.market.listing_id[shown.rows].tolist(), shown.total_minor.tolist(), page.score.tolist(), strict=True
        )
        results = [
            Shown(listing_id=listing, position=position, total_minor=total, score=score)
            for position, (listing, total, score) in enumerate(rows, start=1)
        ]
        event = SearchEvent(
            **self._about(search_id, now),
            text=trip.text,
            check_in=trip.check_in,
            check_out=trip.check_in + timedelta(days=trip.nights),
            guests=trip.guests,
            latitude=trip.spot[0],
            longitude=trip.spot[1],
            currency=self.market.currency,
            locale=self.guest.language,
            total_count=total_count,
            exploration=page.exploration,
            ranker=page.ranker,
            results=results,
            asked=asked_of(trip.text),
            visitor=self.guest.guest_key,
            lead_days=(trip.check_in - now.date()).days,
        )
        self.log.events.append(event)

    def _log_clicks(self, search_id: UUID, now: datetime, *, shown: Candidates, clicked: Bools) -> None:
        for place in np.flatnonzero(clicked).tolist():
            event = ClickEvent(
                **self._about(search_id, now + timedelta(seconds=5 + 12 * place)),
                listing_id=int(self.market.listing_id[shown.rows[place]]),
                position=place + 1,
            )
            self.log.events.append(event)

    def _note_truth(
        self, search_id: UUID, *, shown: Candidates, page: Page, worth: Worth, clicked: Bools, booked: int | None
    ) -> None:
        count = len(shown.rows)
        places = np.arange(count)
        self.log.note(
            search_id=str(search_id),
            session_id=self.session_id,
            guest_key=self.guest.guest_key,
            segment=self.guest.segment.name,
            listing_id=self.market.listing_id[shown.rows],
            position=(places + 1).astype(np.int32),
            exploration=page.exploration,
            examination=examination(count, eta=self.behaviour.eta),
            attraction=worth.attraction,
            relevance=worth.relevance,
            utility=worth.utility,
            quality=self.market.quality[shown.rows],
            clicked=clicked,
            booked=places == (-1 if booked is None else booked),
        )

    def _book(self, search_id: UUID, trip: Trip, now: datetime, *, shown: Candidates, booked: int) -> None:
        row, total = int(shown.rows[booked]), int(shown.total_minor[booked])
        at = now + timedelta(seconds=300 + 12 * booked)
        check_out = trip.check_in + timedelta(days=trip.nights)
        listing_id = int(self.market.listing_id[row])
        self.market.grid.take(row, trip.check_in, trip.nights)
        self.log.events.append(
            BookingEvent(
                **self._about(search_id, at),
                listing_id=listing_id,
                check_in=trip.check_in,
                check_out=check_out,
                guests=trip.guests,
                total_minor=total,
                currency=self.market.currency,
            )
        )
        cancelled_at = None
        if happens(self.rng, _CANCELS, 1)[0]:
            cancelled_at = at + timedelta(hours=float(self.rng.exponential(72)))
        self.log.bookings.append(
            PlayedBooking(
                listing_id=listing_id,
                guest_id=self.guest.guest_id,
                check_in=trip.check_in,
                check_out=check_out,
                guests=trip.guests,
                total_minor=total,
                created_at=at,
                cancelled_at=cancelled_at,
            )
        )


def _ids(rng: np.random.Generator) -> Iterator[UUID]:
    while True:
        yield from make_uuids(rng, 1024)
