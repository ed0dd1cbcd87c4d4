"""The tables `bookings` and `occupancy` as projections of the journal: compared, and made anew from nothing."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from transactional.bookings.records import COLUMNS, BookingRecord
from transactional.bookings.rules import WITH_NIGHTS, BookingStatus
from transactional.journal import repository
from transactional.journal.rules import replay
from transactional.kit.copying import copy_rows

_BOOKING = text(f"SELECT {', '.join(COLUMNS)} FROM bookings WHERE booking_id = :booking_id")
_NIGHTS = text("""
    SELECT kind, lower(stay) AS check_in, upper(stay) AS check_out, expires_at
    FROM occupancy WHERE booking_id = :booking_id AND is_live AND kind <> 'host_block'
""")
_STAGE = text("""
    CREATE TEMPORARY TABLE replayed_bookings (LIKE bookings INCLUDING DEFAULTS) ON COMMIT DROP
""")
_DIFFERENT = text("""
    SELECT (SELECT count(*) FROM (TABLE replayed_bookings EXCEPT TABLE bookings) more)
         + (SELECT count(*) FROM (TABLE bookings EXCEPT TABLE replayed_bookings) less)
""")
_ASSIGNMENTS = ", ".join(f"{name} = replayed_bookings.{name}" for name in COLUMNS if name != "booking_id")
_OVERWRITE = text(f"""
    UPDATE bookings SET {_ASSIGNMENTS} FROM replayed_bookings
    WHERE bookings.booking_id = replayed_bookings.booking_id
      AND ({", ".join(f"bookings.{name}" for name in COLUMNS)})
          IS DISTINCT FROM ({", ".join(f"replayed_bookings.{name}" for name in COLUMNS)})
""")


def nights_expected(booking: BookingRecord) -> tuple[Any, ...] | None:
    """The live row of occupancy that a booking must have: kind, nights and expiry; None for none."""
    status = BookingStatus(booking.status)
    if status not in WITH_NIGHTS:
        return None
    held = status is BookingStatus.HELD
    kind = "hold" if held else "booking"
    return kind, booking.check_in, booking.check_out, booking.hold_expires_at if held else None


async def differences(session: AsyncSession, replayed: BookingRecord) -> list[str]:
    """How the tables contradict a replayed booking, a sentence for each contradiction."""
    key = {"booking_id": replayed.booking_id}
    stored = BookingRecord(**(await session.execute(_BOOKING, key)).mappings().one())
    found = [
        f"Booking {replayed.reference}: {name} is {getattr(stored, name)!r},"
        f" its events say {getattr(replayed, name)!r}."
        for name in COLUMNS
        if getattr(stored, name) != getattr(replayed, name)
    ]
    live = [tuple(row) for row in await session.execute(_NIGHTS, key)]
    expected = nights_expected(replayed)
    if live != ([] if expected is None else [expected]):
        found.append(f"Booking {replayed.reference}: it has {live!r}, its events say {expected!r}.")
    return found


async def rebuild(session: AsyncSession) -> tuple[int, int]:
    """Make the table of bookings from its events alone.

    Returns
    -------
    tuple of int
        Bookings replayed, and rows that differed and were put right.
    """
    await session.execute(_STAGE)
    rows = [_row(replay(events)) async for _, events in repository.every_history(session) if events]
    await copy_rows(session, "replayed_bookings", COLUMNS, rows)
    different = int((await session.execute(_DIFFERENT)).scalar_one())
    if different:
        await session.execute(_OVERWRITE)
    await session.execute(text("DROP TABLE replayed_bookings"))
    return len(rows), different


def _row(booking: BookingRecord) -> tuple[Any, ...]:
    return tuple(
        orjson.dumps(value).decode() if isinstance(value, list | dict) else value for value in astuple(booking)
    )
