"""Bookings of the past, in bulk: what a simulation played, priced by the same rules as any other stay."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.calendar import StayCalendar
from lodestay.clock import Clock
from lodestay.pricing import StayPrice, price_stay
from lodestay.stay import Stay
from transactional.bookings.references import new_reference
from transactional.bookings.rules import CHECK_IN_HOUR, CHECK_OUT_HOUR, BookingStatus, Side, instants_of
from transactional.calendars.repository import load_parts
from transactional.calendars.rules import Window
from transactional.kit.copying import copy_rows
from transactional.listings.repository import BookableListing, load_bookable
from transactional.quotes.explanation import Line, explained_lines
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
    "starts_at",
    "ends_at",
    "guests",
    "currency",
    "lines",
    "total_minor",
    "charge_currency",
    "charge_lines",
    "charge_total_minor",
    "cancellation_policy",
    "created_at",
    "confirmed_at",
    "cancelled_at",
    "cancelled_by",
    "version",
)
_LOCK = text("SELECT listing_id FROM listings WHERE listing_id = ANY(:ids) ORDER BY listing_id FOR NO KEY UPDATE")
_STAGE = text("CREATE TEMPORARY TABLE past_bookings (LIKE bookings INCLUDING DEFAULTS) ON COMMIT DROP")
_DROP_KNOWN = text("DELETE FROM past_bookings p USING bookings b WHERE b.booking_id = p.booking_id RETURNING 1")
# ON CONFLICT asks the exclusion constraint: of two stays that share a night the earlier booked one stays.
_TAKE_NIGHTS = text("""
    WITH taken AS (
        INSERT INTO occupancy (listing_id, stay, kind, booking_id, created_at)
        SELECT listing_id, daterange(check_in, check_out), 'booking', booking_id, created_at
        FROM past_bookings WHERE status <> 'cancelled' ORDER BY created_at, booking_id
        ON CONFLICT DO NOTHING
        RETURNING booking_id
    )
    DELETE FROM past_bookings WHERE status <> 'cancelled' AND booking_id NOT IN (SELECT booking_id FROM taken)
    RETURNING 1
""")
_KEEP = text(f"""
    INSERT INTO bookings ({", ".join(_COLUMNS)}) SELECT {", ".join(_COLUMNS)} FROM past_bookings RETURNING 1
""")
_JOURNAL = text("""
    INSERT INTO booking_events (booking_id, seq, kind, occurred_at, side, cause, body, previous_hash, hash)
    SELECT booking_id, 1, 'recorded', bookings.created_at, 'system', 'history', body, '',
           sha256(int8send(1) || convert_to(body, 'UTF8'))
    FROM bookings JOIN past_bookings past USING (booking_id) CROSS JOIN LATERAL (
        SELECT jsonb_build_object(
            'kind', 'recorded', 'at', bookings.created_at, 'actor_id', NULL, 'side', 'system', 'cause', 'history',
            'data', to_jsonb(bookings) || jsonb_build_object('exchange_rate', bookings.exchange_rate::text)
        )::text AS body
    ) event
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


class _Priced(NamedTuple):
    price: StayPrice
    lines: list[Line]


async def add_past_bookings(session: AsyncSession, clock: Clock, bookings: Sequence[PastBooking]) -> HistoryReport:
    """Write bookings of the past and tell the outbox; loading the same ones again changes nothing.

    Stays that are over are completed, those to come confirmed.
    """
    if not bookings:
        return HistoryReport(0, 0, 0, 0)
    listings = await load_bookable(session, {booking.listing_id for booking in bookings})
    prices = await _price(session, listings, bookings)
    priced = [(booking, price) for booking, price in zip(bookings, prices, strict=True) if price is not None]
    await ensure_guests(session, {booking.guest_id for booking, _ in priced})
    await session.execute(_LOCK, {"ids": sorted({booking.listing_id for booking, _ in priced})})
    await session.execute(_STAGE)
    staged = dict(_rows(priced, listings, now=clock.now()))
    await copy_rows(session, "past_bookings", _COLUMNS, staged.values())
    known = len((await session.execute(_DROP_KNOWN)).all())
    overlapping = len((await session.execute(_TAKE_NIGHTS)).all())
    added = len((await session.execute(_KEEP)).all())
    await session.execute(_JOURNAL)
    await session.execute(_RECORD)
    await session.execute(text("DROP TABLE past_bookings"))
    return HistoryReport(
        added=added,
        known=known + len(priced) - len(staged),
        overlapping=overlapping,
        unpriced=len(bookings) - len(priced),
    )


async def _price(
    session: AsyncSession, listings: Mapping[int, BookableListing], bookings: Sequence[PastBooking]
) -> list[_Priced | None]:
    """Price each stay as if the listing's calendar had always been known; None where no price is."""
    window = Window(min(booking.check_in for booking in bookings), max(booking.check_out for booking in bookings))
    parts = await load_parts(session, listings.keys(), window, now=max(booking.created_at for booking in bookings))
    by_listing: dict[int, list[int]] = defaultdict(list)
    for number, booking in enumerate(bookings):
        by_listing[booking.listing_id].append(number)
    prices: list[_Priced | None] = [None] * len(bookings)
    for listing_id, numbers in by_listing.items():
        if listing_id not in parts:
            continue
        calendar = parts[listing_id].open_calendar(window)
        for number in numbers:
            booking = bookings[number]
            stay = Stay(booking.check_in, booking.check_out)
            if _has_prices(calendar, stay):
                nightly = calendar.nightly_prices(stay).tolist()
                prices[number] = _price_one(listings[listing_id], booking, stay, nightly)
    return prices


def _price_one(listing: BookableListing, booking: PastBooking, stay: Stay, nightly_minor: Sequence[int]) -> _Priced:
    """Price a stay as its quote would have been on the day it was booked."""
    lead_days = (stay.check_in - _day_at(booking.created_at, listing.timezone)).days
    price = price_stay(
        listing.terms,
        nights_minor=sum(nightly_minor),
        nights=stay.nights,
        guests=booking.guests,
        lead_days=lead_days,
    )
    lines = explained_lines(
        price, listing.terms, nightly_minor=nightly_minor, guests=booking.guests, lead_days=lead_days
    )
    return _Priced(price, lines)


def _day_at(instant: datetime, timezone: str) -> date:
    """Date where the listing is."""
    return instant.astimezone(ZoneInfo(timezone)).date()


def _has_prices(calendar: StayCalendar, stay: Stay) -> bool:
    first = calendar.index(stay.check_in)
    return bool(calendar.free[first : first + stay.nights].all())


def _rows(
    priced: Sequence[tuple[PastBooking, _Priced]], listings: Mapping[int, BookableListing], *, now: datetime
) -> Iterator[tuple[UUID, tuple[object, ...]]]:
    for booking, (price, explained) in priced:
        # The number follows from the row, so that the same history is known when it comes again.
        identity = (booking.listing_id, booking.guest_id, booking.check_in, booking.check_out, booking.created_at)
        booking_id = uuid.uuid5(_NAMESPACE, "|".join(map(str, identity)))
        listing = listings[booking.listing_id]
        starts_at, ends_at = instants_of(
            Stay(booking.check_in, booking.check_out),
            timezone=listing.timezone,
            check_in_hour=CHECK_IN_HOUR,
            check_out_hour=CHECK_OUT_HOUR,
        )
        cancelled = booking.cancelled_at is not None
        stood = BookingStatus.COMPLETED if ends_at <= now else BookingStatus.CONFIRMED
        charged = [{"component": line["component"], "minor": line["minor"]} for line in explained]
        row = {
            "booking_id": booking_id,
            "reference": new_reference(),
            "listing_id": booking.listing_id,
            "guest_id": booking.guest_id,
            "status": (BookingStatus.CANCELLED if cancelled else stood).value,
            "check_in": booking.check_in,
            "check_out": booking.check_out,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "guests": booking.guests,
            "currency": price.currency,
            "lines": orjson.dumps(explained).decode(),
            "total_minor": price.total_minor,
            "charge_currency": price.currency,
            "charge_lines": orjson.dumps(charged).decode(),
            "charge_total_minor": price.total_minor,
            "cancellation_policy": listing.cancellation_policy,
            "created_at": booking.created_at,
            "confirmed_at": booking.created_at,
            "cancelled_at": booking.cancelled_at,
            "cancelled_by": Side.GUEST.value if cancelled else None,
            "version": 1,
        }
        yield booking_id, tuple(row[name] for name in _COLUMNS)
