"""The tables `bookings` and `occupancy` as projections of the journal: compared, and made anew from nothing."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any, cast

import orjson
from sqlalchemy import CursorResult, text
from sqlalchemy.ext.asyncio import AsyncSession

from transactional.bookings.records import COLUMNS, BookingRecord
from transactional.bookings.rules import WITH_NIGHTS, BookingStatus
from transactional.journal import repository
from transactional.journal.rules import replay, verify_chain
from transactional.kit.copying import copy_rows

_BOOKING = text(f"SELECT {', '.join(COLUMNS)} FROM bookings WHERE booking_id = :booking_id")
_NIGHTS = text("""
    SELECT kind, lower(stay) AS check_in, upper(stay) AS check_out, expires_at
    FROM occupancy WHERE booking_id = :booking_id AND is_live AND kind <> 'host_block'
""")
# A booking's row and its nights change in one transaction, with the lock on `bookings` that writing takes: whoever has
# written either before this lock was granted has committed, and nobody commits another change until it is given up.
# Readers go on reading.
_LOCK = text("LOCK TABLE bookings IN SHARE ROW EXCLUSIVE MODE")
_STAGE = (
    text("CREATE TEMPORARY TABLE replayed_bookings (LIKE bookings INCLUDING DEFAULTS) ON COMMIT DROP"),
    text("""
        CREATE TEMPORARY TABLE replayed_nights (
            booking_id uuid, listing_id bigint, stay daterange, kind text, expires_at timestamptz
        ) ON COMMIT DROP
    """),
)
_UNSTAGE = text("DROP TABLE replayed_bookings, replayed_nights")
_NAMES = ", ".join(COLUMNS)
_OVERWRITE = text(f"""
    UPDATE bookings SET {", ".join(f"{name} = r.{name}" for name in COLUMNS if name != "booking_id")}
    FROM replayed_bookings r
    WHERE bookings.booking_id = r.booking_id
      AND ({", ".join(f"bookings.{name}" for name in COLUMNS)})
          IS DISTINCT FROM ({", ".join(f"r.{name}" for name in COLUMNS)})
""")
_INSERT = text(f"""
    INSERT INTO bookings ({_NAMES}) SELECT {_NAMES} FROM replayed_bookings
    ON CONFLICT (booking_id) DO NOTHING
""")
_SAME_NIGHTS = """
    o.booking_id = r.booking_id AND o.listing_id = r.listing_id AND o.stay = r.stay AND o.kind = r.kind
    AND o.expires_at IS NOT DISTINCT FROM r.expires_at
"""
_GIVE_UP_NIGHTS = text(f"""
    UPDATE occupancy o SET is_live = false
    WHERE o.is_live AND o.kind IN ('booking', 'hold') AND o.booking_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM replayed_nights r WHERE {_SAME_NIGHTS})
""")
_TAKE_NIGHTS = text(f"""
    INSERT INTO occupancy (booking_id, listing_id, stay, kind, expires_at)
    SELECT r.booking_id, r.listing_id, r.stay, r.kind, r.expires_at FROM replayed_nights r
    WHERE NOT EXISTS (SELECT FROM occupancy o WHERE o.is_live AND {_SAME_NIGHTS})
""")
_NIGHTS_COLUMNS = ("booking_id", "listing_id", "stay", "kind", "expires_at")
_REPAIRS = (_OVERWRITE, _INSERT, _GIVE_UP_NIGHTS, _TAKE_NIGHTS)


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
    row = (await session.execute(_BOOKING, key)).mappings().one_or_none()
    if row is None:
        return [f"Booking {replayed.reference}: it has events, but no row."]
    stored = BookingRecord(**row)
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
    """Make bookings and the their live nights anew from the events alone; blocks and imports are left as they are.

    Rows that already agree are not written. No booking changes meanwhile: writers wait, readers do not. The search
    index is not told; build it anew after a repair.

    Returns
    -------
    tuple of int
        Bookings replayed, and rows written: put right, put back, or given up.

    Raises
    ------
    JournalBroken
        A chain does not verify: nothing is written.
    """
    await session.execute(_LOCK)
    replayed = []
    async for booking_id, events in repository.every_history(session):
        verify_chain(booking_id, events)
        replayed.append(replay(events))
    for statement in _STAGE:
        await session.execute(statement)
    await copy_rows(session, "replayed_bookings", COLUMNS, map(_row, replayed))
    await copy_rows(session, "replayed_nights", _NIGHTS_COLUMNS, filter(None, map(_nights_row, replayed)))
    written = [await session.execute(statement) for statement in _REPAIRS]
    await session.execute(_UNSTAGE)
    return len(replayed), sum(cast("CursorResult[Any]", result).rowcount for result in written)


def _nights_row(booking: BookingRecord) -> tuple[Any, ...] | None:
    expected = nights_expected(booking)
    if expected is None:
        return None
    kind, start, end, expires_at = expected
    return booking.booking_id, booking.listing_id, f"[{start},{end})", kind, expires_at


def _row(booking: BookingRecord) -> tuple[Any, ...]:
    return tuple(
        orjson.dumps(value).decode() if isinstance(value, list | dict) else value for value in astuple(booking)
    )
