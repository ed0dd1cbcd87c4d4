"""All that a quote becomes when it is booked with a payment receipt: reckoned here, whoever writes it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lodestay.ids import new_id
from transactional.bookings.records import BookingRecord
from transactional.bookings.rules import BookingStatus, Side
from transactional.bookings.service import new_booking
from transactional.journal.rules import Cause
from transactional.ledger.records import Posting
from transactional.ledger.rules import booked, sale_of
from transactional.listings.repository import LockedListing
from transactional.outbox.topics import Topic
from transactional.payments.receipts import BY_RECEIPT, Receipt
from transactional.payments.records import PaymentRecord
from transactional.payments.rules import PaymentStatus, Purpose
from transactional.quotes.records import QuoteRecord
from transactional.sagas.authorised import saga_of_authorised
from transactional.sagas.records import SagaRecord

TOPIC: Final = Topic.BOOKING_CONFIRMED


@dataclass(frozen=True, slots=True)
class PaidBooking:
    """A booking that is confirmed at once, and everything that is written with it."""

    booking: BookingRecord
    cause: Cause
    posting: Posting
    payment: PaymentRecord
    saga: SagaRecord


def compose(
    quote: QuoteRecord, listing: LockedListing, receipt: Receipt, *, host_fee_bps: int, now: datetime
) -> PaidBooking:
    """Make a booking of a quote and a receipt of its amount: confirmed, posted, authorised and to be captured."""
    booking = new_booking(quote, listing, status=BookingStatus.CONFIRMED, now=now, confirmed_at=now)
    sale = sale_of(
        currency=booking.currency,
        lines=booking.lines,
        charge_currency=booking.charge_currency,
        charge_lines=booking.charge_lines,
        host_fee_bps=host_fee_bps,
    )
    payment = _payment(booking, receipt, now=now)
    return PaidBooking(
        booking=booking,
        cause=Cause(booking.guest_id, Side.GUEST, "api"),
        posting=booked(booking.booking_id, sale, at=now),
        payment=payment,
        saga=saga_of_authorised(booking.booking_id, payment.payment_id, now=now),
    )


def _payment(booking: BookingRecord, receipt: Receipt, *, now: datetime) -> PaymentRecord:
    return PaymentRecord(
        payment_id=new_id(),
        booking_id=booking.booking_id,
        purpose=Purpose.BOOKING.value,
        payment_method=BY_RECEIPT,
        currency=receipt.amount.currency,
        amount_minor=receipt.amount.minor,
        lines=booking.charge_lines,
        captured_minor=0,
        refunded_minor=0,
        status=PaymentStatus.AUTHORISED.value,
        processor_id=receipt.processor_id,
        failure=None,
        action_url=None,
        created_at=now,
        updated_at=now,
    )
