"""What bookings are asked for and answered with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field

from serving.bookings.refunds import RefundOut
from serving.quotes.schemas import CHARGE_LINES, LINES, PriceLineOut
from serving.schemas import Body, Day, Id, ListingId, MoneyOut, Query, SearchId, example
from transactional.bookings.records import BookingRecord
from transactional.bookings.references import LENGTH
from transactional.bookings.repository import Wanted
from transactional.bookings.rules import BookingStatus, Side
from transactional.payments.records import PaymentRecord
from transactional.payments.rules import PaymentStatus, Purpose

SIGNATURE = "9b74c9897bac770ffc029102a200c5de9b74c9897bac770ffc029102a200c5de"
Signature = Annotated[
    str, Field(pattern=r"^[0-9a-f]{64}$", description="Of the quote, as it was answered.", examples=[SIGNATURE])
]


class HoldIn(Body):
    """A quote to be booked."""

    model_config = example(
        quote_id="01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d11",
        signature=SIGNATURE,
        search_id="01930f6e-1f00-7b0a-9d5e-5b7e7f8f2a10",
    )

    quote_id: Id = Field(examples=["01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d11"])
    signature: Signature
    search_id: SearchId = None


PAYMENT_METHOD = r"^[A-Za-z0-9_-]{1,120}$"
PaymentMethod = Annotated[
    str,
    Field(
        pattern=PAYMENT_METHOD,
        description="A token of the payment processor's: never a card's number.",
        examples=["pm_ok"],
    ),
]


class ConfirmIn(Body):
    """How the booking is paid, and what led to it."""

    model_config = example(payment_method="pm_ok", search_id="01930f6e-1f00-7b0a-9d5e-5b7e7f8f2a10")

    payment_method: PaymentMethod
    search_id: SearchId = None


REFERENCE = rf"^[A-Za-z0-9]{{{LENGTH}}}$"


class Seat(StrEnum):
    """Whose bookings: those the caller made, or those in the caller's listings."""

    GUEST = "guest"
    HOST = "host"


class BookingsQuery(Query):
    """Which page of which bookings."""

    seat: Seat = Field(Seat.GUEST, alias="as", description="`host`: bookings in the caller's listings.")
    status: list[BookingStatus] = Field([], max_length=len(BookingStatus), description="One of these; none: any.")
    listing_id: ListingId | None = Field(None, description="Of this listing alone.")
    reference: str | None = Field(None, pattern=REFERENCE, description="The one that was read out.")
    cursor: str | None = Field(None, max_length=200, description="`next_cursor` of the page before.")
    size: int = Field(20, ge=1, le=100)

    @property
    def wanted(self) -> Wanted:
        """The bookings that the parameters name."""
        return Wanted(self.status, self.listing_id, self.reference)


class PaymentState(StrEnum):
    """How far a payment is."""

    PROCESSING = "processing"
    ACTION_REQUIRED = "action_required"
    """The cardholder has to confirm at `action_url`."""
    AUTHORISED = "authorised"
    PAID = "paid"
    RELEASED = "released"
    """Reserved and given up again: nothing was charged."""
    DECLINED = "declined"


_STATES = {
    PaymentStatus.NEW: PaymentState.PROCESSING,
    PaymentStatus.ACTION_REQUIRED: PaymentState.ACTION_REQUIRED,
    PaymentStatus.AUTHORISED: PaymentState.AUTHORISED,
    PaymentStatus.CAPTURED: PaymentState.PAID,
    PaymentStatus.VOIDED: PaymentState.RELEASED,
    PaymentStatus.FAILED: PaymentState.DECLINED,
}
PAYMENT = {
    "payment_id": "01930f6e-4a10-7c11-9a3b-2f6f0b1c7d55",
    "status": "action_required",
    "amount": MoneyOut.of(55620, "USD"),
    "refunded": MoneyOut.of(0, "USD"),
    "action_url": "https://processor.example/3ds/auth_7",
    "failure": None,
}
"""Of the examples."""


class PaymentOut(BaseModel):
    """A booking's payment, for the guest who makes it."""

    model_config = example(**PAYMENT)

    payment_id: UUID
    status: PaymentState
    amount: MoneyOut
    refunded: MoneyOut = Field(description="What has gone back of it.")
    action_url: str | None = Field(description="Where the cardholder confirms (3-D Secure), while that is awaited.")
    failure: str | None = Field(description="Why it was declined.")

    @classmethod
    def of(cls, payment: PaymentRecord) -> Self:
        """Write a payment down."""
        return cls(
            payment_id=payment.payment_id,
            status=_STATES[PaymentStatus(payment.status)],
            amount=MoneyOut.of(payment.amount_minor, payment.currency),
            refunded=MoneyOut.of(payment.refunded_minor, payment.currency),
            action_url=payment.action_url if payment.status == PaymentStatus.ACTION_REQUIRED else None,
            failure=payment.failure,
        )


BOOKING = {
    "booking_id": "01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d11",
    "reference": "7KQ2M9XH4D",
    "status": "held",
    "listing_id": 42,
    "check_in": "2027-05-07",
    "check_out": "2027-05-11",
    "starts_at": "2027-05-07T14:00:00Z",
    "ends_at": "2027-05-11T10:00:00Z",
    "guests": 2,
    "pets": 0,
    "lines": LINES,
    "total": MoneyOut.of(51500, "EUR"),
    "charge_lines": CHARGE_LINES,
    "charge": MoneyOut.of(55620, "USD"),
    "exchange_rate": "1.08",
    "cancellation_policy": "moderate",
    "created_at": "2027-01-02T09:30:00Z",
    "respond_by": None,
    "hold_expires_at": "2027-01-02T09:45:00Z",
    "confirmed_at": None,
    "closed_because": None,
    "cancelled_at": None,
    "cancelled_by": None,
    "version": 1,
}
"""Of the examples."""


class BookingOut(BaseModel):
    """A booking."""

    model_config = example(**BOOKING)

    booking_id: UUID
    reference: str = Field(description="To be read out; ten letters and digits.")
    status: BookingStatus
    listing_id: int
    check_in: Day
    check_out: Day
    starts_at: datetime = Field(description="Check-in, as an instant.")
    ends_at: datetime = Field(description="Check-out, as an instant.")
    guests: int
    pets: int
    lines: list[PriceLineOut]
    total: MoneyOut
    charge_lines: list[PriceLineOut] = Field(description="What `charge` is made of.")
    charge: MoneyOut = Field(description="What the guest pays, in the currency of their choice.")
    exchange_rate: str = Field(description="Units of the charge's currency for one of the total's, fixed in the quote.")
    cancellation_policy: str
    created_at: datetime
    respond_by: datetime | None = Field(description="Until then the host can answer a request.")
    hold_expires_at: datetime | None = Field(description="Until then the nights are kept.")
    confirmed_at: datetime | None
    closed_because: str | None = Field(description="Why it ended before its stay: a decline, an expiry.")
    cancelled_at: datetime | None
    cancelled_by: Side | None
    version: int

    @classmethod
    def of(cls, booking: BookingRecord) -> Self:
        """Write a booking down."""
        return cls(
            booking_id=booking.booking_id,
            reference=booking.reference,
            status=BookingStatus(booking.status),
            listing_id=booking.listing_id,
            check_in=booking.check_in,
            check_out=booking.check_out,
            starts_at=booking.starts_at,
            ends_at=booking.ends_at,
            guests=booking.guests,
            pets=booking.pets,
            lines=PriceLineOut.all_of(booking.lines, booking.currency),
            total=MoneyOut.of(booking.total_minor, booking.currency),
            charge_lines=PriceLineOut.all_of(booking.charge_lines, booking.charge_currency),
            charge=MoneyOut.of(booking.charge_total_minor, booking.charge_currency),
            exchange_rate=str(booking.exchange_rate),
            cancellation_policy=booking.cancellation_policy,
            created_at=booking.created_at,
            respond_by=booking.respond_by,
            hold_expires_at=booking.hold_expires_at,
            confirmed_at=booking.confirmed_at,
            closed_because=booking.closed_because,
            cancelled_at=booking.cancelled_at,
            cancelled_by=None if booking.cancelled_by is None else Side(booking.cancelled_by),
            version=booking.version,
        )


class PaidBookingOut(BookingOut):
    """A booking, what came of its end, and for its guest what was paid for it."""

    model_config = example(**BOOKING, payment=PAYMENT, paid=MoneyOut.of(0, "USD"), refund=None)

    payment: PaymentOut | None = Field(
        description="The latest of the booking itself; those of its changes are theirs. Null before the first, and for "
        "the host."
    )
    paid: MoneyOut | None = Field(
        description="What was taken for it in all, its changes included, less what has gone back; null for the host."
    )
    refund: RefundOut | None = Field(description="What its end gave back; null where nothing was charged.")

    @classmethod
    def with_payments(
        cls, booking: BookingRecord, made: Sequence[PaymentRecord] | None, *, side: Side = Side.GUEST
    ) -> Self:
        """Write a booking down, with its payments (oldest first) and its refund as a side may see them."""
        latest = next((each for each in reversed(made or ()) if each.purpose == Purpose.BOOKING), None)
        kept = sum(each.captured_minor - each.refunded_minor for each in made or ())
        return cls(
            **dict(BookingOut.of(booking)),
            payment=None if latest is None else PaymentOut.of(latest),
            paid=None if made is None else MoneyOut.of(kept, booking.charge_currency),
            refund=None if booking.refund is None else RefundOut.of(booking.refund, side=side),
        )


class BookingsOut(BaseModel):
    """A page of bookings, newest first."""

    model_config = example(items=[BOOKING], next_cursor=None)

    items: list[BookingOut]
    next_cursor: str | None = Field(description="Null on the last page.")
