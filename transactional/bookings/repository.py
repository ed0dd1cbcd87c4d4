"""Queries on bookings: the hot path as single statements, and the lists that people read.

Each statement that changes a booking names the states it may change and returns the row: no row, no
change. All of them are called with the listing's lock held.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Executable, Select, and_, or_, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.stay import Stay
from transactional.bookings.errors import BookingNotFound
from transactional.bookings.models import Booking
from transactional.bookings.records import COLUMNS, BookingRecord
from transactional.bookings.rules import BookingStatus, GuestStanding, Side
from transactional.kit.cursors import InstantKey, Page, decode_instant, page
from transactional.kit.jsonb import as_columns, placeholder, placeholders
from transactional.listings.models import Listing
from transactional.users.actors import Actor

JSON_COLUMNS = frozenset({"lines", "charge_lines", "refund"})
_HAS_BOOKING = text("SELECT EXISTS (SELECT FROM bookings WHERE quote_id = :quote_id)")
_LISTING_OF_BOOKING = text("""
    SELECT b.listing_id, b.guest_id, l.host_id FROM bookings b JOIN listings l USING (listing_id)
    WHERE b.booking_id = :booking_id
""")
_STANDING = text("""
    SELECT identity_verified,
           (SELECT count(*) FROM bookings WHERE guest_id = :guest_id AND status = 'completed') AS completed_stays
    FROM users WHERE user_id = :guest_id
""")
_GET = text(f"SELECT {', '.join(COLUMNS)} FROM bookings WHERE booking_id = :booking_id")
_ADD = text(f"""
    INSERT INTO bookings ({", ".join(COLUMNS)}) VALUES ({placeholders(COLUMNS, JSON_COLUMNS)})
""")
_TAKE_NIGHTS = text("""
    INSERT INTO occupancy (listing_id, stay, kind, booking_id, expires_at, created_at)
    VALUES (:listing_id, daterange(:check_in, :check_out), :kind, :booking_id, :expires_at, :now)
""")
_KEEP_NIGHTS = text("""
    UPDATE occupancy SET kind = 'booking', expires_at = NULL
    WHERE booking_id = :booking_id AND is_live AND kind = 'hold'
    RETURNING occupancy_id
""")
_RELEASE_NIGHTS = text("UPDATE occupancy SET is_live = false WHERE booking_id = :booking_id AND is_live")
_NIGHTS_TAKEN = text("""
    SELECT EXISTS (
        SELECT FROM occupancy
        WHERE listing_id = :listing_id AND is_live AND stay && daterange(:check_in, :check_out)
    )
""")
_RIVALS = text("""
    SELECT booking_id FROM bookings
    WHERE listing_id = :listing_id AND status = 'requested' AND booking_id <> :winner
      AND check_in < :check_out AND check_out > :check_in
    ORDER BY booking_id
""")
# In order of listing, so that two sweepers cannot wait for each other; a listing that is busy is left
# to whoever is busy with it.
_LOCK_DUE = """
    SELECT listing_id FROM listings
    WHERE listing_id IN (
        SELECT DISTINCT listing_id FROM bookings WHERE {condition} ORDER BY listing_id LIMIT :limit
    )
    ORDER BY listing_id
    FOR NO KEY UPDATE SKIP LOCKED
"""
_DUE = "SELECT booking_id, listing_id FROM bookings WHERE listing_id = ANY(:listing_ids) AND {condition}"
DUE_REQUESTS = "status = 'requested' AND respond_by <= :now"
ENDED_STAYS = "status = 'confirmed' AND ends_at <= :now"


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


async def listing_of(session: AsyncSession, booking_id: UUID) -> int:
    """Listing of a booking, or :class:`BookingNotFound`."""
    row = (await session.execute(_LISTING_OF_BOOKING, {"booking_id": booking_id})).one_or_none()
    if row is None:
        raise BookingNotFound
    return int(row.listing_id)


async def standing_of(session: AsyncSession, guest_id: UUID) -> GuestStanding:
    """What hosts may ask of a guest."""
    row = (await session.execute(_STANDING, {"guest_id": guest_id})).mappings().one()
    return GuestStanding(**row)


async def add(session: AsyncSession, booking: BookingRecord) -> None:
    """Write a new booking; its nights are another row (:func:`take_nights`)."""
    await session.execute(_ADD, as_columns({name: getattr(booking, name) for name in COLUMNS}, JSON_COLUMNS))


async def change(
    session: AsyncSession, booking_id: UUID, *, sources: Collection[BookingStatus], values: Mapping[str, Any]
) -> BookingRecord | None:
    """Set columns of a booking that is in one of some states and count the change; None where it is in another."""
    assignments = ", ".join(f"{name} = {placeholder(name, JSON_COLUMNS)}" for name in values)
    statement = text(f"""
        UPDATE bookings SET {assignments}, version = version + 1
        WHERE booking_id = :booking_id AND status = ANY(:sources)
        RETURNING {", ".join(COLUMNS)}
    """)
    guard = {"booking_id": booking_id, "sources": [status.value for status in sources]}
    row = (await session.execute(statement, as_columns(values, JSON_COLUMNS) | guard)).mappings().one_or_none()
    return None if row is None else BookingRecord(**row)


async def take_nights(
    session: AsyncSession, booking: BookingRecord, *, now: datetime, until: datetime | None = None
) -> None:
    """Give a booking its nights, as a hold `until` an instant or for good; the constraint refuses taken ones."""
    values = {
        "listing_id": booking.listing_id,
        "check_in": booking.check_in,
        "check_out": booking.check_out,
        "kind": "booking" if until is None else "hold",
        "booking_id": booking.booking_id,
        "expires_at": until,
        "now": now,
    }
    await session.execute(_TAKE_NIGHTS, values)


async def keep_nights(session: AsyncSession, booking_id: UUID) -> bool:
    """Turn a hold's nights into a booking's; say whether there were any."""
    return (await session.execute(_KEEP_NIGHTS, {"booking_id": booking_id})).one_or_none() is not None


async def release_nights(session: AsyncSession, booking_id: UUID) -> None:
    """Put a booking's nights back on the market."""
    await session.execute(_RELEASE_NIGHTS, {"booking_id": booking_id})


async def nights_taken(session: AsyncSession, listing_id: int, stay: Stay) -> bool:
    """Whether anybody has a night of the stay: call with the listing locked and due holds expired."""
    values = {"listing_id": listing_id, "check_in": stay.check_in, "check_out": stay.check_out}
    return bool(await session.scalar(_NIGHTS_TAKEN, values))


async def rivals_of(session: AsyncSession, winner: BookingRecord) -> list[UUID]:
    """Requests for nights that a booking has taken."""
    values = {
        "listing_id": winner.listing_id,
        "winner": winner.booking_id,
        "check_in": winner.check_in,
        "check_out": winner.check_out,
    }
    return list(await session.scalars(_RIVALS, values))


async def lock_due(session: AsyncSession, condition: str, *, now: datetime, limit: int) -> list[tuple[UUID, int]]:
    """Bookings to which something is due, with their listings locked; busy listings are left out.

    Parameters
    ----------
    condition
        :data:`DUE_REQUESTS` or :data:`ENDED_STAYS`.
    limit
        Listings looked at.
    """
    locking = text(_LOCK_DUE.format(condition=condition))
    locked = list(await session.scalars(locking, {"now": now, "limit": limit}))
    if not locked:
        return []
    due = await session.execute(text(_DUE.format(condition=condition)), {"now": now, "listing_ids": locked})
    return [(row.booking_id, row.listing_id) for row in due]


async def get(session: AsyncSession, booking_id: UUID) -> BookingRecord:
    """Find a booking, whoever asks: for services that have checked already."""
    return await _one(session, _GET, {"booking_id": booking_id})


async def get_for(session: AsyncSession, actor: Actor, booking_id: UUID) -> BookingRecord:
    """Find a booking of the actor's (as guest, host or administrator), or raise :class:`BookingNotFound`."""
    return await _one(session, _seen_by(actor).where(Booking.booking_id == booking_id))


async def find_by_reference(session: AsyncSession, reference: str) -> UUID:
    """Number of the booking with a reference, or :class:`BookingNotFound`."""
    found: UUID | None = await session.scalar(select(Booking.booking_id).where(Booking.reference == reference.upper()))
    if found is None:
        raise BookingNotFound
    return found


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of the bookings in a list; nothing set: all.

    Attributes
    ----------
    statuses
        One of these.
    reference
        The one that was read out, in either case.
    """

    statuses: Collection[BookingStatus] = ()
    listing_id: int | None = None
    reference: str | None = None


EVERY: Final = Wanted()


async def list_for_guest(
    session: AsyncSession, guest_id: UUID, *, wanted: Wanted = EVERY, cursor: str | None, size: int
) -> Page[BookingRecord]:
    """A guest's bookings, newest first."""
    statement = _select().where(Booking.guest_id == guest_id)
    return await _page(session, _narrowed(statement, wanted), cursor=cursor, size=size)


async def list_for_host(
    session: AsyncSession, host_id: UUID, *, wanted: Wanted = EVERY, cursor: str | None, size: int
) -> Page[BookingRecord]:
    """Bookings in a host's listings, newest first."""
    statement = _select().join(Listing, Listing.listing_id == Booking.listing_id).where(Listing.host_id == host_id)
    return await _page(session, _narrowed(statement, wanted), cursor=cursor, size=size)


def _narrowed(statement: Select[Any], wanted: Wanted) -> Select[Any]:
    if wanted.statuses:
        statement = statement.where(Booking.status.in_([status.value for status in wanted.statuses]))
    if wanted.listing_id is not None:
        statement = statement.where(Booking.listing_id == wanted.listing_id)
    if wanted.reference is not None:
        statement = statement.where(Booking.reference == wanted.reference.upper())
    return statement


def _select() -> Select[Any]:
    return select(*(getattr(Booking, name) for name in COLUMNS))


def _seen_by(actor: Actor) -> Select[Any]:
    if actor.is_admin:
        return _select()
    of_actor = or_(Booking.guest_id == actor.user_id, Listing.host_id == actor.user_id)
    return _select().join(Listing, and_(Listing.listing_id == Booking.listing_id)).where(of_actor)


async def _one(session: AsyncSession, statement: Executable, values: Mapping[str, Any] | None = None) -> BookingRecord:
    row = (await session.execute(statement, values)).mappings().one_or_none()
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
