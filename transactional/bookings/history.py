"""Bookings of the past, in bulk: what a simulation played, priced by the same rules as any other stay."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.calendar import StayCalendar
from lodestay.pricing import StayPrice, price_stay
from lodestay.stay import Stay
from transactional.bookings.references import new_reference
from transactional.bookings.rules import Side
from transactional.calendars.repository import load_parts
from transactional.calendars.rules import Window
from transactional.kit.copying import copy_rows
from transactional.listings.repository import load_bookable
from transactional.quotes.rules import lines_as_json
from transactional.users.repository import ensure_guests

_NAMESPACE = UUID("6f1c9a52-3f55-5d0e-9a51-6f2f3f1f8a11")
_COLUMNS = (
    "booking_id",
    "reference",
    "listing_id",
    "guest_id",
    "status",
    "check_in",
    "check_out",
    "guests",
    "currency",
    "lines",
    "total_minor",
    "created_at",
    "confirmed_at",
    "cancelled_at",
    "cancelled_by",
    "version",
)
_LOCK = text("SELECT listing_id FROM listings WHERE listing_id = ANY(:ids) ORDER BY listing_id FOR NO KEY UPDATE")
_STAGE = text("CREATE TEMPORARY TABLE past_bookings (LIKE bookings) ON COMMIT DROP")
_DROP_KNOWN = text("DELETE FROM past_bookings p USING bookings b WHERE b.booking_id = p.booking_id RETURNING 1")
# ON CONFLICT asks the exclusion constraint: of two stays that share a night the earlier booked one stays.
_TAKE_NIGHTS = text("""
    WITH taken AS (
        INSERT INTO occupancy (listing_id, stay, kind, booking_id, created_at)
        SELECT listing_id, daterange(check_in, check_out), 'booking', booking_id, created_at
        FROM past_bookings WHERE status = 'confirmed' ORDER BY created_at, booking_id
        ON CONFLICT DO NOTHING
        RETURNING booking_id
    )
    DELETE FROM past_bookings WHERE status = 'confirmed' AND booking_id NOT IN (SELECT booking_id FROM taken)
    RETURNING 1
""")
_KEEP = text(f"""
    INSERT INTO bookings ({", ".join(_COLUMNS)}) SELECT {", ".join(_COLUMNS)} FROM past_bookings RETURNING 1
""")
_RECORD = text("""
    INSERT INTO outbox (topic, market_key, listing_id, payload)
    SELECT 'booking.' || status, market_key, listing_id,
           jsonb_build_object('booking_id', booking_id, 'check_in', check_in, 'check_out', check_out)
    FROM past_bookings JOIN listings USING (listing_id)
""")


@dataclass(frozen=True, slots=True)
class PastBooking:
    """A booking that somebody made, and maybe cancelled.

    Attributes
    ----------
    guest_id
        A user's, or a new number: a nameless guest is made for it.
    created_at, cancelled_at
        Instants; a booking with `cancelled_at` was cancelled by its guest and took no nights.
    """

    listing_id: int
    guest_id: UUID
    check_in: date
    check_out: date
    guests: int
    created_at: datetime
    cancelled_at: datetime | None


@dataclass(frozen=True, slots=True)
class HistoryReport:
    """What became of the rows: each is counted once.

    Attributes
    ----------
    added
        Bookings written, cancelled ones included.
    known
        Already there from an earlier load.
    overlapping
        Left out because somebody has one of the nights.
    unpriced
        Left out because the listing is not there or has no price for one of the nights.
    """

    added: int
    known: int
    overlapping: int
    unpriced: int


async def add_past_bookings(session: AsyncSession, bookings: Sequence[PastBooking]) -> HistoryReport:
    """Write bookings of the past and tell the outbox; loading the same ones again changes nothing."""
    if not bookings:
        return HistoryReport(0, 0, 0, 0)
    prices = await _price(session, bookings)
    priced = [(booking, price) for booking, price in zip(bookings, prices, strict=True) if price is not None]
    await ensure_guests(session, {booking.guest_id for booking, _ in priced})
    await session.execute(_LOCK, {"ids": sorted({booking.listing_id for booking, _ in priced})})
    await session.execute(_STAGE)
    staged = dict(_rows(priced))
    await copy_rows(session, "past_bookings", _COLUMNS, staged.values())
    known = len((await session.execute(_DROP_KNOWN)).all())
    overlapping = len((await session.execute(_TAKE_NIGHTS)).all())
    added = len((await session.execute(_KEEP)).all())
    await session.execute(_RECORD)
    await session.execute(text("DROP TABLE past_bookings"))
    return HistoryReport(
        added=added,
        known=known + len(priced) - len(staged),
        overlapping=overlapping,
        unpriced=len(bookings) - len(priced),
    )


async def _price(session: AsyncSession, bookings: Sequence[PastBooking]) -> list[StayPrice | None]:
    """Price each stay as if the listing's calendar had always been known; None where no price is."""
    listing_ids = {booking.listing_id for booking in bookings}
    window = Window(min(booking.check_in for booking in bookings), max(booking.check_out for booking in bookings))
    listings = await load_bookable(session, listing_ids)
    parts = await load_parts(session, listing_ids, window, now=max(booking.created_at for booking in bookings))
    by_listing: dict[int, list[int]] = defaultdict(list)
    for number, booking in enumerate(bookings):
        by_listing[booking.listing_id].append(number)
    prices: list[StayPrice | None] = [None] * len(bookings)
    for listing_id, numbers in by_listing.items():
        if listing_id not in parts:
            continue
        calendar = parts[listing_id].open_calendar(window)
        for number in numbers:
            booking = bookings[number]
            stay = Stay(booking.check_in, booking.check_out)
            if _has_prices(calendar, stay):
                prices[number] = price_stay(
                    listings[listing_id].terms,
                    nights_minor=int(calendar.nightly_prices(stay).sum()),
                    nights=stay.nights,
                    guests=booking.guests,
                )
    return prices


def _has_prices(calendar: StayCalendar, stay: Stay) -> bool:
    first = calendar.index(stay.check_in)
    return bool(calendar.free[first : first + stay.nights].all())


def _rows(priced: Sequence[tuple[PastBooking, StayPrice]]) -> Iterator[tuple[UUID, tuple[object, ...]]]:
    for booking, price in priced:
        # The number follows from the row, so that the same history is known when it comes again.
        identity = (booking.listing_id, booking.guest_id, booking.check_in, booking.check_out, booking.created_at)
        booking_id = uuid.uuid5(_NAMESPACE, "|".join(map(str, identity)))
        cancelled = booking.cancelled_at is not None
        yield (
            booking_id,
            (
                booking_id,
                new_reference(),
                booking.listing_id,
                booking.guest_id,
                "cancelled" if cancelled else "confirmed",
                booking.check_in,
                booking.check_out,
                booking.guests,
                price.currency,
                orjson.dumps(lines_as_json(price)).decode(),
                price.total_minor,
                booking.created_at,
                booking.created_at,
                booking.cancelled_at,
                Side.GUEST.value if cancelled else None,
                2 if cancelled else 1,
            ),
        )
