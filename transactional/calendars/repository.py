"""Queries on calendars: many listings' in one, and the changes that hosts make."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.calendar import StayCalendar
from transactional.calendars.rules import NightColumns, RatePlanRow, SeasonRow, Window, build_calendar

EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_PLAN = tuple(RatePlanRow.__dataclass_fields__)

_COLUMNS = """
    p.base_price_minor, p.weekend_price_minor, p.min_stay, p.max_stay, p.advance_notice_days,
    p.last_booking_hour, p.booking_window_days, p.min_gap_nights, p.fills_gaps, p.preparation_days,
    p.calendar_from, p.calendar_until, p.version, p.currency,
    s.season_from, s.season_until, s.season_bps, s.season_min_stay,
    n.night, n.night_price, n.night_min_stay, n.night_max_stay, n.min_through, n.max_through,
    n.no_arrival, n.no_departure, o.taken_from, o.taken_until, o.by_guests
"""


def calendar_query(
    *, source: str, where: str, start: str, end: str, margin: str, now: str, without: str, also: str = ""
) -> str:
    """Write the one query that reads calendars, however many: rows for :func:`parts_of`.

    Each row carries its seasons, nights and occupied ranges as arrays of numbers (days since 1970, -1 for what a night
    does not say), the cheapest form to read into NumPy. A hold past its expiry occupies nothing for a reader, although
    its row still stands.

    Parameters
    ----------
    source, where
        Tables that rows come from, ``rate_plans p`` among them, and which rows.
    start, end, margin, now, without
        As :func:`load_calendars` takes them, in SQL. The margin is RatePlanRow.margin; a guest's nights count as far
        beside the window as preparation reaches.
    also
        Further columns.
    """
    return f"""
    SELECT p.listing_id, {also} {_COLUMNS}
    FROM {source}
    CROSS JOIN LATERAL (
        SELECT {start} - beside AS first, {end} + beside AS last, CAST(p.preparation_days AS integer) AS preparing
        FROM (SELECT CASE WHEN {margin} AND (p.min_gap_nights > 0 OR p.fills_gaps)
                          THEN CAST(p.min_gap_nights + p.preparation_days + 1 AS integer) ELSE 0 END AS beside) m
    ) w
    CROSS JOIN LATERAL (
        SELECT array_agg(lower(span) - DATE '1970-01-01' ORDER BY season_id) AS season_from,
               array_agg(upper(span) - DATE '1970-01-01' ORDER BY season_id) AS season_until,
               array_agg(price_bps ORDER BY season_id) AS season_bps,
               array_agg(coalesce(min_stay, 0) ORDER BY season_id) AS season_min_stay
        FROM seasons WHERE listing_id = p.listing_id AND span && daterange(w.first, w.last)
    ) s
    CROSS JOIN LATERAL (
        SELECT array_agg(night - DATE '1970-01-01') AS night,
               array_agg(coalesce(price_minor, -1)) AS night_price,
               array_agg(coalesce(min_stay, -1)) AS night_min_stay,
               array_agg(coalesce(max_stay, -1)) AS night_max_stay,
               array_agg(coalesce(min_stay_through, -1)) AS min_through,
               array_agg(coalesce(max_stay_through, -1)) AS max_through,
               array_agg(closed_to_arrival) AS no_arrival,
               array_agg(closed_to_departure) AS no_departure
        FROM calendar_nights WHERE listing_id = p.listing_id AND night >= w.first AND night < w.last
    ) n
    CROSS JOIN LATERAL (
        SELECT array_agg(lower(stay) - DATE '1970-01-01') AS taken_from,
               array_agg(upper(stay) - DATE '1970-01-01') AS taken_until,
               array_agg(kind IN ('booking', 'hold')) AS by_guests
        FROM occupancy
        WHERE listing_id = p.listing_id AND is_live
          AND stay && daterange(w.first - w.preparing, w.last + w.preparing)
          AND (expires_at IS NULL OR expires_at > {now})
          AND ({without} IS NULL OR booking_id IS DISTINCT FROM {without})
    ) o
    WHERE {where}
    """


_LOAD = text(
    calendar_query(
        source="rate_plans p",
        where="p.listing_id = ANY(:listing_ids)",
        start="CAST(:start AS date)",
        end="CAST(:end AS date)",
        margin="CAST(:margin AS boolean)",
        now=":now",
        without="CAST(:without AS uuid)",
    )
)
# Nights of a booking that its host cancelled are blocked under the booking's number: they are no more the host's to
# free than an imported calendar's.
_LIVE = text("""
    SELECT occupancy_id, CASE WHEN kind = 'host_block' AND booking_id IS NOT NULL THEN 'imported' ELSE kind END AS kind,
           lower(stay) AS start, upper(stay) AS end FROM occupancy
    WHERE listing_id = :listing_id AND is_live AND stay && daterange(:start, :end)
    ORDER BY stay
""")
_OCCUPANTS = text("""
    SELECT o.kind, lower(o.stay) AS start, upper(o.stay) AS end, o.booking_id, b.reference, o.feed_id, o.expires_at
    FROM occupancy o LEFT JOIN bookings b ON b.booking_id = o.booking_id
    WHERE o.listing_id = :listing_id AND o.is_live AND o.stay && daterange(:start, :end)
      AND (o.expires_at IS NULL OR o.expires_at > :now)
    ORDER BY o.stay
""")
_RETIRE = text("UPDATE occupancy SET is_live = false WHERE occupancy_id = ANY(:occupancy_ids) AND is_live")
_BLOCK = text("""
    INSERT INTO occupancy (listing_id, stay, kind, created_at)
    VALUES (:listing_id, daterange(:start, :end), 'host_block', :now)
""")


@dataclass(frozen=True, slots=True)
class Occupied:
    """A live row of occupancy."""

    occupancy_id: int
    kind: str
    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Occupant:
    """Who has nights, as their host may know: a booking's reference, a feed, or the host.

    Attributes
    ----------
    booking_id, reference
        Of a booking or a hold.
    feed_id
        Of the calendar that the nights were imported from, where it is a feed.
    expires_at
        Of a hold.
    """

    kind: str
    start: date
    end: date
    booking_id: UUID | None
    reference: str | None
    feed_id: UUID | None
    expires_at: datetime | None


@dataclass(frozen=True)
class CalendarParts:
    """What :func:`~transactional.calendars.rules.build_calendar` takes, of one listing."""

    plan: RatePlanRow
    seasons: Sequence[SeasonRow]
    nights: NightColumns
    occupied: Sequence[tuple[date, date]]
    stays: Sequence[tuple[date, date]]
    version: int
    currency: str

    def calendar(self, window: Window) -> StayCalendar:
        """Lay the calendar out."""
        return build_calendar(
            self.plan,
            seasons=self.seasons,
            nights=self.nights,
            occupied=self.occupied,
            window=window,
            stays=self.stays,
        )

    def open_calendar(self, window: Window) -> StayCalendar:
        """Lay the calendar out as if it were known for the whole window and nobody had a night: for prices alone."""
        plan = replace(self.plan, calendar_from=window.start, calendar_until=window.end)
        return build_calendar(plan, seasons=self.seasons, nights=self.nights, occupied=(), window=window)


async def load_calendars(
    session: AsyncSession,
    listing_ids: Collection[int],
    window: Window,
    *,
    now: datetime,
    without: UUID | None = None,
) -> dict[int, StayCalendar]:
    """Load the calendars of listings, in one query however many they are.

    Parameters
    ----------
    window
        Nights asked about. To ask whether a stay can be had, take `Window.around` it.
    now
        Holds that expired by then take no nights.
    without
        A booking that counts as if it were not there: it does not stand in its own way when it moves.

    Returns
    -------
    dict
        By listing; those without a rate plan are not in it.
    """
    parts = await load_parts(session, listing_ids, window, now=now, without=without)
    return {listing_id: part.calendar(window) for listing_id, part in parts.items()}


async def load_parts(
    session: AsyncSession,
    listing_ids: Collection[int],
    window: Window,
    *,
    now: datetime,
    without: UUID | None = None,
) -> dict[int, CalendarParts]:
    """Load what calendars are made of (see :func:`load_calendars`)."""
    asked = {"start": window.start, "end": window.end, "margin": window.margin, "now": now, "without": without}
    rows = await session.execute(_LOAD, {"listing_ids": list(listing_ids), **asked})
    return {row["listing_id"]: parts_of(row) for row in rows.mappings()}


async def live_occupancy(session: AsyncSession, listing_id: int, window: Window) -> list[Occupied]:
    """Rows that take nights of a window, due holds included: call with the listing locked and holds expired."""
    rows = await session.execute(_LIVE, {"listing_id": listing_id, "start": window.start, "end": window.end})
    return [Occupied(**row) for row in rows.mappings()]


async def list_occupants(session: AsyncSession, listing_id: int, window: Window, *, now: datetime) -> list[Occupant]:
    """Who has nights of a window, in order; holds that expired by `now` have none."""
    asked = {"listing_id": listing_id, "start": window.start, "end": window.end, "now": now}
    return [Occupant(**row) for row in (await session.execute(_OCCUPANTS, asked)).mappings()]


async def replace_blocks(
    session: AsyncSession,
    listing_id: int,
    *,
    retired: Collection[int],
    blocks: Collection[tuple[date, date]],
    now: datetime,
) -> None:
    """Give up some rows of occupancy and block ranges instead, with the listing locked."""
    if retired:
        await session.execute(_RETIRE, {"occupancy_ids": list(retired)})
    rows = [{"listing_id": listing_id, "start": start, "end": end, "now": now} for start, end in blocks]
    if rows:
        await session.execute(_BLOCK, rows)


def parts_of(row: Mapping[Any, Any]) -> CalendarParts:
    """Read a row of :func:`calendar_query`."""
    ranges = [
        (by_guests, (_day(start), _day(end)))
        for by_guests, start, end in zip(
            row["by_guests"] or (), row["taken_from"] or (), row["taken_until"] or (), strict=True
        )
    ]
    return CalendarParts(
        plan=RatePlanRow(**{name: row[name] for name in _PLAN}),
        seasons=[
            SeasonRow(_day(start), _day(end), bps, min_stay or None)
            for start, end, bps, min_stay in zip(
                row["season_from"] or (),
                row["season_until"] or (),
                row["season_bps"] or (),
                row["season_min_stay"] or (),
                strict=True,
            )
        ],
        nights=_NO_NIGHTS if row["night"] is None else _nights(row),
        occupied=[taken for by_guests, taken in ranges if not by_guests],
        stays=[taken for by_guests, taken in ranges if by_guests],
        version=row["version"],
        currency=row["currency"],
    )


def _nights(row: Mapping[Any, Any]) -> NightColumns:
    return NightColumns(
        night=np.array(row["night"], np.int64).view("datetime64[D]"),
        price_minor=np.array(row["night_price"], np.int64),
        min_stay=np.array(row["night_min_stay"], np.int32),
        max_stay=np.array(row["night_max_stay"], np.int32),
        closed_to_arrival=np.array(row["no_arrival"], np.bool_),
        closed_to_departure=np.array(row["no_departure"], np.bool_),
        min_stay_through=np.array(row["min_through"], np.int32),
        max_stay_through=np.array(row["max_through"], np.int32),
    )


_NO_NIGHTS: Final = NightColumns.of(())


def _day(since_epoch: int) -> date:
    return date.fromordinal(EPOCH_ORDINAL + since_epoch)
