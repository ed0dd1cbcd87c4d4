"""A booking as it is read: one frozen shape for every query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from lodestay.stay import Stay


@dataclass(frozen=True, slots=True)
class BookingRecord:
    """A booking; `lines` have `component` and `minor` each and add up to `total_minor`.

    `status` is one of :class:`~transactional.bookings.rules.BookingStatus`; `hold_expires_at` is there
    while held and after expiry.
    """

    booking_id: UUID
    reference: str
    listing_id: int
    guest_id: UUID
    quote_id: UUID | None
    status: str
    check_in: date
    check_out: date
    guests: int
    currency: str
    lines: list[dict[str, Any]]
    total_minor: int
    created_at: datetime
    hold_expires_at: datetime | None
    confirmed_at: datetime | None
    cancelled_at: datetime | None
    cancelled_by: str | None
    version: int

    @property
    def stay(self) -> Stay:
        """The nights."""
        return Stay(self.check_in, self.check_out)


COLUMNS = tuple(BookingRecord.__dataclass_fields__)
"""Names of the columns of `bookings`, in order."""
