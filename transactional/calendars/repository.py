"""Queries on calendars: many listings' in one, and the changes that hosts make."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import numpy as np
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.calendar import StayCalendar
from transactional.calendars.rules import NightColumns, RatePlanRow, SeasonRow, Window, build_calendar

EPOCH_ORDINAL = date(1970, 1, 1).toordinal()

# One query, however many listings: each row carries its seasons, nights and occupied ranges as arrays
# of numbers (days since 1970, -1 for what a night does not say), the cheapest form to read into NumPy.
# A hold past its expiry occupies nothing for a reader, although its row still stands.
_LOAD = text("""
    SELECT p.listing_id, p.base_price_minor, p.weekend_price_minor, p.min_stay, p.max_stay,
           p.advance_notice_days, p.calendar_from, p.calendar_until,
           s.season_from, s.season_until, s.season_bps, s.season_min_stay,
           n.night, n.night_price, n.night_min_stay, n.night_max_stay, n.no_arrival, n.no_departure,
           o.taken_from, o.taken_until
    FROM rate_plans p
    CROSS JOIN LATERAL (
        SELECT array_agg(lower(span) - DATE '1970-01-01' ORDER BY season_id) AS season_from,
               array_agg(upper(span) - DATE '1970-01-01' ORDER BY season_id) AS season_until,
               array_agg(price_bps ORDER BY season_id) AS season_bps,
               array_agg(coalesce(min_stay, 0) ORDER BY season_id) AS season_min_stay
        FROM seasons WHERE listing_id = p.listing_id AND span && daterange(:start, :end)
    ) s
    CROSS JOIN LATERAL (
        SELECT array_agg(night - DATE '1970-01-01') AS night,
               array_agg(coalesce(price_minor, -1)) AS night_price,
               array_agg(coalesce(min_stay, -1)) AS night_min_stay,
               array_agg(coalesce(max_stay, -1)) AS night_max_stay,
               array_agg(closed_to_arrival) AS no_arrival,
               array_agg(closed_to_departure) AS no_departure
        FROM calendar_nights WHERE listing_id = p.listing_id AND night >= :start AND night < :end
    ) n
    CROSS JOIN LATERAL (
        SELECT array_agg(lower(stay) - DATE '1970-01-01') AS taken_from,
               array_agg(upper(stay) - DATE '1970-01-01') AS taken_until
        FROM occupancy
        WHERE listing_id = p.listing_id AND is_live AND stay && daterange(:start, :end)
          AND (expires_at IS NULL OR expires_at > :now)
    ) o
    WHERE p.listing_id = ANY(:listing_ids)
""")
_SET_NIGHTS = """
    INSERT INTO calendar_nights (listing_id, night, {column})
    SELECT :listing_id, :start + n, CAST(:value AS {type}) FROM generate_series(0, CAST(:nights AS integer) - 1) AS n
    ON CONFLICT (listing_id, night) DO UPDATE SET {column} = EXCLUDED.{column}
"""
_NIGHT_TYPES = {
    "price_minor": "bigint",
    "min_stay": "bigint",
    "max_stay": "bigint",
    "closed_to_arrival": "boolean",
    "closed_to_departure": "boolean",
}
_LIVE = text("""
    SELECT occupancy_id, kind, lower(stay) AS start, upper(stay) AS end FROM occupancy
    WHERE listing_id = :listing_id AND is_live AND stay && daterange(:start, :end)
    ORDER BY stay
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


@dataclass(frozen=True)
class CalendarParts:
    """What :func:`~transactional.calendars.rules.build_calendar` takes, of one listing."""

    plan: RatePlanRow
    seasons: Sequence[SeasonRow]
    nights: NightColumns
    occupied: Sequence[tuple[date, date]]

    def calendar(self, window: Window) -> StayCalendar:
        """Lay the calendar out."""
        return build_calendar(
            self.plan, seasons=self.seasons, nights=self.nights, occupied=self.occupied, window=window
        )

    def open_calendar(self, window: Window) -> StayCalendar:
        """Lay the calendar out as if it were known for the whole window and nobody had a night: for prices alone."""
        plan = replace(self.plan, calendar_from=window.start, calendar_until=window.end)
        return build_calendar(plan, seasons=self.seasons, nights=self.nights, occupied=(), window=window)


async def load_calendars(
    session: AsyncSession, listing_ids: Collection[int], window: Window, *, now: datetime
) -> dict[int, StayCalendar]:
    """Load the calendars of listings, in one query however many they are.

    Parameters
    ----------
    window
        Nights asked about. To learn whether a stay may depart on its check-out, include that date.
    now
        Holds that expired by then take no nights.

    Returns
    -------
    dict
        By listing; those without a rate plan are not in it.
    """
    parts = await load_parts(session, listing_ids, window, now=now)
    return {listing_id: part.calendar(window) for listing_id, part in parts.items()}


async def load_parts(
    session: AsyncSession, listing_ids: Collection[int], window: Window, *, now: datetime
) -> dict[int, CalendarParts]:
    """Load what calendars are made of (see :func:`load_calendars`)."""
    rows = await session.execute(
        _LOAD, {"listing_ids": list(listing_ids), "start": window.start, "end": window.end, "now": now}
    )
    return {row["listing_id"]: _parts(row) for row in rows.mappings()}


async def set_nights(
    session: AsyncSession, listing_id: int, window: Window, values: Mapping[str, int | bool | None]
) -> None:
    """Set columns of `calendar_nights` for each night of a window; None gives the night's own word up."""
    for column, value in values.items():
        await session.execute(
            text(_SET_NIGHTS.format(column=column, type=_NIGHT_TYPES[column])),
            {"listing_id": listing_id, "start": window.start, "nights": window.nights, "value": value},
        )


async def live_occupancy(session: AsyncSession, listing_id: int, window: Window) -> list[Occupied]:
    """Rows that take nights of a window, due holds included: call with the listing locked and holds expired."""
    rows = await session.execute(_LIVE, {"listing_id": listing_id, "start": window.start, "end": window.end})
    return [Occupied(**row) for row in rows.mappings()]


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


def _parts(row: RowMapping) -> CalendarParts:
    return CalendarParts(
        plan=RatePlanRow(
            base_price_minor=row["base_price_minor"],
            weekend_price_minor=row["weekend_price_minor"],
            min_stay=row["min_stay"],
            max_stay=row["max_stay"],
            advance_notice_days=row["advance_notice_days"],
            calendar_from=row["calendar_from"],
            calendar_until=row["calendar_until"],
        ),
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
        nights=NightColumns(
            night=_array(row["night"], np.int64).view("datetime64[D]"),
            price_minor=_array(row["night_price"], np.int64),
            min_stay=_array(row["night_min_stay"], np.int32),
            max_stay=_array(row["night_max_stay"], np.int32),
            closed_to_arrival=_array(row["no_arrival"], np.bool_),
            closed_to_departure=_array(row["no_departure"], np.bool_),
        ),
        occupied=[
            (_day(start), _day(end))
            for start, end in zip(row["taken_from"] or (), row["taken_until"] or (), strict=True)
        ],
    )


def _array(values: list[Any] | None, dtype: type[np.generic]) -> Any:
    return np.array(values or (), dtype=dtype)


def _day(since_epoch: int) -> date:
    return date.fromordinal(EPOCH_ORDINAL + since_epoch)
