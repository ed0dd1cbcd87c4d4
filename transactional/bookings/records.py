"""A booking as it is read: one frozen shape for every query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from lodestay.stay import Stay


@dataclass(frozen=True, slots=True)
class BookingRecord:
    """A booking; `lines` have `component` and `minor` each and add up to `total_minor`.

    Attributes
    ----------
    status
        One of :class:`~transactional.bookings.rules.BookingStatus`.
    starts_at, ends_at
        Instants of check-in and check-out.
    charge_currency, charge_lines, charge_total_minor, exchange_rate
        What the guest pays in, by the quote's rate (units of it for one of `currency`).
    cancellation_policy
        Of the listing when the booking was made.
    payment_method
        The processor's token that a request was made with.
    respond_by
        Until when the host can answer a request.
    hold_expires_at
        Until when a hold keeps its nights; there while held and after expiry.
    closed_at, closed_because
        When and why a booking ended before its stay: an expiry, a decline.
    refund
        What a cancellation gives back.
    version
        Number of changes.
    """

    booking_id: UUID
    reference: str
    listing_id: int
    guest_id: UUID
    quote_id: UUID | None
    status: str
    check_in: date
    check_out: date
    starts_at: datetime
    ends_at: datetime
    guests: int
    pets: int
    currency: str
    lines: list[dict[str, Any]]
    total_minor: int
    charge_currency: str
    charge_lines: list[dict[str, Any]]
    charge_total_minor: int
    exchange_rate: Decimal
    cancellation_policy: str
    payment_method: str | None
    created_at: datetime
    respond_by: datetime | None
    approved_at: datetime | None
    hold_expires_at: datetime | None
    confirmed_at: datetime | None
    closed_at: datetime | None
    closed_because: str | None
    cancelled_at: datetime | None
    cancelled_by: str | None
    refund: dict[str, Any] | None
    version: int

    @property
    def stay(self) -> Stay:
        """The nights."""
        return Stay(self.check_in, self.check_out)


COLUMNS = tuple(BookingRecord.__dataclass_fields__)
"""Names of the columns of `bookings`, in order."""
