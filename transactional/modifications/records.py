"""A modification as it is read, and what somebody wishes for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from lodestay.stay import Stay


@dataclass(frozen=True, slots=True)
class Wish:
    """What a booking should become; None leaves it as it is.

    Attributes
    ----------
    nights_price_minor
        What the nights cost together, whatever the calendar says: the host's to name.
    payment_method
        The processor's token for what is to be paid on top; None: what the booking was paid with.
    """

    check_in: date | None = None
    check_out: date | None = None
    guests: int | None = None
    pets: int | None = None
    nights_price_minor: int | None = None
    payment_method: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ModificationRecord:
    """A proposed change of a booking.

    Attributes
    ----------
    booking_version
        Of the booking that it was made from: it changes no other.
    proposed_by, status
        A :class:`~transactional.bookings.rules.Side` and a
        :class:`~transactional.modifications.rules.ModificationStatus`.
    lines, total_minor, charge_lines, charge_total_minor
        The whole price of the changed stay, in the listing's currency and as it is charged.
    charge_difference_minor
        What the guest pays on top, or gets back where it is negative.
    reason, closed_because
        Why it was proposed; why nothing came of it: the other side's words, or a code that both may read.
    """

    modification_id: UUID
    booking_id: UUID
    booking_version: int
    proposed_by: str
    status: str
    check_in: date
    check_out: date
    guests: int
    pets: int
    lines: list[dict[str, Any]]
    total_minor: int
    charge_lines: list[dict[str, Any]]
    charge_total_minor: int
    charge_difference_minor: int
    payment_method: str | None
    reason: str | None
    created_at: datetime
    expires_at: datetime
    closed_at: datetime | None
    closed_because: str | None

    @property
    def stay(self) -> Stay:
        """The nights."""
        return Stay(self.check_in, self.check_out)


@dataclass(frozen=True, slots=True)
class Books:
    """What the market and the ledger say of a booking.

    Attributes
    ----------
    is_posted
        Whether the sale was.
    paid_out_minor
        What the host has got for it.
    """

    host_fee_bps: int
    is_posted: bool
    paid_out_minor: int


COLUMNS = tuple(ModificationRecord.__dataclass_fields__)
"""Names of the columns of `modifications`, in order."""
