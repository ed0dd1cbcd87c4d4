"""Queries on bookings: the hot path as single statements, and the lists that people read.

Each statement that changes a booking names the states it may change and returns the row: no row, no
change. All of them are called with the listing's lock held.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Select, and_, or_, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from transactional.bookings.errors import BookingNotFound
from transactional.bookings.models import Booking
from transactional.bookings.records import COLUMNS, BookingRecord
from transactional.bookings.rules import Change, Side, sources
from transactional.kit.cursors import InstantKey, Page, decode_instant, page
from transactional.listings.models import Listing
from transactional.users.actors import Actor

_RETURNING = ", ".join(f"bookings.{name}" for name in COLUMNS)

_HAS_BOOKING = text("SELECT EXISTS (SELECT FROM bookings WHERE quote_id = :quote_id)")
_LISTING_OF_BOOKING = text("""
    SELECT b.listing_id, b.guest_id, l.host_id FROM bookings b JOIN listings l USING (listing_id)
    WHERE b.booking_id = :booking_id
""")
_HOLD = text("""
    WITH held AS (
        INSERT INTO bookings (booking_id, reference, listing_id, guest_id, quote_id, status, check_in, check_out,
                              guests, currency, lines, total_minor, created_at, hold_expires_at)
        VALUES (:booking_id, :reference, :listing_id, :guest_id, :quote_id, 'held', :check_in, :check_out,
                :guests, :currency, CAST(:lines AS jsonb), :total_minor, :created_at, :hold_expires_at)
    )
    INSERT INTO occupancy (listing_id, stay, kind, booking_id, expires_at, created_at)
    VALUES (:listing_id, daterange(:check_in, :check_out), 'hold', :booking_id, :hold_expires_at, :created_at)
""")
_CONFIRM_IN_TIME = text(f"""
    WITH confirmed AS (
        UPDATE bookings SET status = 'confirmed', confirmed_at = :now, version = version + 1
        WHERE booking_id = :booking_id AND status = 'held' AND hold_expires_at > :now
        RETURNING {_RETURNING}
    ), taken AS (
        UPDATE occupancy SET kind = 'booking', expires_at = NULL FROM confirmed
        WHERE occupancy.booking_id = confirmed.booking_id AND occupancy.is_live AND occupancy.kind = 'hold'
        RETURNING occupancy.booking_id
    )
    SELECT confirmed.* FROM confirmed JOIN taken USING (booking_id)
""")
_CONFIRM_LATE = text(f"""
    WITH confirmed AS (
        UPDATE bookings SET status = 'confirmed', confirmed_at = :now, version = version + 1
        WHERE booking_id = :booking_id AND status = 'expired'
        RETURNING {_RETURNING}
    ), taken AS (
        INSERT INTO occupancy (listing_id, stay, kind, booking_id, created_at)
        SELECT listing_id, daterange(check_in, check_out), 'booking', booking_id, :now FROM confirmed
    )
    SELECT * FROM confirmed
""")
_CANCEL = text(f"""
    WITH cancelled AS (
        UPDATE bookings SET status = 'cancelled', cancelled_at = :now, cancelled_by = :side, version = version + 1
        WHERE booking_id = :booking_id AND status = ANY(:sources)
        RETURNING {_RETURNING}
    ), released AS (
        UPDATE occupancy SET is_live = false FROM cancelled
        WHERE occupancy.booking_id = cancelled.booking_id AND occupancy.is_live
    )
    SELECT * FROM cancelled
""")


async def has_booking(session: AsyncSession, quote_id: UUID) -> bool:
    """Whether a quote was booked already, whatever became of the booking."""
    return bool(await session.scalar(_HAS_BOOKING, {"quote_id": quote_id}))


async def side_of(session: AsyncSession, actor: Actor, booking_id: UUID) -> tuple[int, Side]:
    """Listing of a booking and the side the actor is on; :class:`BookingNotFound` for whose it is not."""
    row = (await session.execute(_LISTING_OF_BOOKING, {"booking_id": booking_id})).one_or_none()
    if row is not None:
        if row.guest_id == actor.user_id:
            return row.listing_id, Side.GUEST
        if row.host_id == actor.user_id:
            return row.listing_id, Side.HOST
        if actor.is_admin:
            return row.listing_id, Side.PLATFORM
    raise BookingNotFound


async def add_hold(session: AsyncSession, booking: BookingRecord) -> None:
    """Write a held booking and take its nights."""
    values = {name: getattr(booking, name) for name in COLUMNS}
    await session.execute(_HOLD, values | {"lines": orjson.dumps(booking.lines).decode()})


async def confirm_in_time(session: AsyncSession, booking_id: UUID, *, now: datetime) -> BookingRecord | None:
    """Turn a hold that has not expired into a booking; None where it is not one."""
    return await _changed(session, _CONFIRM_IN_TIME, {"booking_id": booking_id, "now": now})


async def confirm_late(session: AsyncSession, booking_id: UUID, *, now: datetime) -> BookingRecord | None:
    """Take the nights of an expired hold again; the constraint refuses where somebody has them."""
    return await _changed(session, _CONFIRM_LATE, {"booking_id": booking_id, "now": now})


async def cancel(session: AsyncSession, booking_id: UUID, *, side: Side, now: datetime) -> BookingRecord | None:
    """Cancel and release the nights; None where the state does not allow it."""
    guard = [status.value for status in sources(Change.CANCEL)]
    return await _changed(
        session, _CANCEL, {"booking_id": booking_id, "side": side.value, "now": now, "sources": guard}
    )


async def get(session: AsyncSession, booking_id: UUID) -> BookingRecord:
    """Find a booking, whoever asks: for services that have checked already."""
    return await _one(session, _select().where(Booking.booking_id == booking_id))


async def get_for(session: AsyncSession, actor: Actor, booking_id: UUID) -> BookingRecord:
    """Find a booking of the actor's (as guest, host or administrator), or raise :class:`BookingNotFound`."""
    return await _one(session, _seen_by(actor).where(Booking.booking_id == booking_id))


async def list_for_guest(
    session: AsyncSession, guest_id: UUID, *, cursor: str | None, size: int
) -> Page[BookingRecord]:
    """A guest's bookings, newest first."""
    return await _page(session, _select().where(Booking.guest_id == guest_id), cursor=cursor, size=size)


async def list_for_host(session: AsyncSession, host_id: UUID, *, cursor: str | None, size: int) -> Page[BookingRecord]:
    """Bookings in a host's listings, newest first."""
    statement = _select().join(Listing, Listing.listing_id == Booking.listing_id).where(Listing.host_id == host_id)
    return await _page(session, statement, cursor=cursor, size=size)


def _select() -> Select[Any]:
    return select(*(getattr(Booking, name) for name in COLUMNS))


def _seen_by(actor: Actor) -> Select[Any]:
    if actor.is_admin:
        return _select()
    of_actor = or_(Booking.guest_id == actor.user_id, Listing.host_id == actor.user_id)
    return _select().join(Listing, and_(Listing.listing_id == Booking.listing_id)).where(of_actor)


async def _one(session: AsyncSession, statement: Select[Any]) -> BookingRecord:
    row = (await session.execute(statement)).mappings().one_or_none()
    if row is None:
        raise BookingNotFound
    return BookingRecord(**row)


async def _page(session: AsyncSession, statement: Select[Any], *, cursor: str | None, size: int) -> Page[BookingRecord]:
    place = tuple_(Booking.created_at, Booking.booking_id)
    last = decode_instant(cursor)
    if last is not None:
        statement = statement.where(place < (last.at, last.row_id))
    newest_first = statement.order_by(Booking.created_at.desc(), Booking.booking_id.desc()).limit(size + 1)
    rows: Sequence[BookingRecord] = [BookingRecord(**row) for row in (await session.execute(newest_first)).mappings()]
    return page(rows, [InstantKey(row.created_at, row.booking_id) for row in rows], size=size)


async def _changed(session: AsyncSession, statement: Any, values: dict[str, Any]) -> BookingRecord | None:
    row = (await session.execute(statement, values)).mappings().one_or_none()
    return None if row is None else BookingRecord(**row)
