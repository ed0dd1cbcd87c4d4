"""A booking as a row, without the way that leads to it: for tests of what its money does."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.ids import new_id
from tests.transactional.factories import TODAY, instant
from transactional.bookings.models import Booking
from transactional.bookings.references import new_reference
from transactional.calendars.models import Occupancy

LINES = [
    {"component": "nights", "minor": 30_000},
    {"component": "cleaning", "minor": 3_000},
    {"component": "service_fee", "minor": 4_620},
    {"component": "taxes", "minor": 1_980},
]
"""Three nights at 100, cleaning, 14 % and 6 %."""


async def create_booking(
    session: AsyncSession,
    *,
    listing_id: int,
    guest_id: UUID,
    check_in: date = TODAY + timedelta(days=10),
    nights: int = 3,
    **values: Any,
) -> Booking:
    """A confirmed booking of three nights, ten days ahead, in euros, with its nights.

    Parameters
    ----------
    **values
        Columns of `bookings` that differ.
    """
    check_out = check_in + timedelta(days=nights)
    lines = values.get("lines", LINES)
    total = sum(line["minor"] for line in lines)
    facts: dict[str, Any] = {
        "booking_id": new_id(),
        "reference": new_reference(),
        "status": "confirmed",
        "starts_at": datetime.combine(check_in, time(14), UTC),
        "ends_at": datetime.combine(check_out, time(10), UTC),
        "guests": 2,
        "currency": "EUR",
        "lines": lines,
        "total_minor": total,
        "charge_currency": "EUR",
        "charge_lines": lines,
        "charge_total_minor": total,
        "cancellation_policy": "moderate",
        "created_at": instant(9) - timedelta(days=5),
        "confirmed_at": instant(9) - timedelta(days=5),
    }
    booking = Booking(
        listing_id=listing_id, guest_id=guest_id, check_in=check_in, check_out=check_out, **(facts | values)
    )
    session.add(booking)
    if booking.status in {"held", "confirmed"}:
        held = booking.status == "held"
        session.add(
            Occupancy(
                listing_id=listing_id,
                stay=Range(check_in, check_out),
                kind="hold" if held else "booking",
                booking_id=booking.booking_id,
                expires_at=booking.hold_expires_at if held else None,
            )
        )
    await session.flush()
    return booking
